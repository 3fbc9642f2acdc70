package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// SystemStore keeps systems.
type SystemStore interface {
	// AddSystem keeps a new system and returns its id, or ErrNameTaken. A secret is
	// sealed in the same change.
	AddSystem(ctx context.Context, y System, sealed *secret.Secret) (access.SystemID, error)
	// UpdateSystem keeps another version of a system in place of the one that
	// y.Version names, or returns ErrChanged. A secret takes the place of the one that
	// is kept; without one that stays, as long as the credential is Sealed.
	UpdateSystem(ctx context.Context, y System, sealed *secret.Secret) error
	// RemoveDraft ends a draft, in the version that it names, and its secret.
	RemoveDraft(ctx context.Context, y System) error
	Systems(ctx context.Context) ([]System, error)
	// System is the one that a name or an id names; false is that there is none.
	System(ctx context.Context, text string) (System, bool, error)
	// WorstTiers and LateGrants are what each system can give at worst, and how many
	// grants appeared there after its baseline; systems without any are left out.
	WorstTiers(ctx context.Context) (map[access.SystemID]access.Tier, error)
	LateGrants(ctx context.Context) (map[access.SystemID]int64, error)
}

// AddSystem keeps a system that may then be synced, and its credential where that
// is to be Sealed.
func (s *Service) AddSystem(ctx context.Context, y System, sealed *secret.Secret) (access.SystemID, error) {
	if err := s.check(y); err != nil {
		return 0, err
	}
	if (y.Config.Credential == Sealed) != (sealed != nil) {
		return 0, ErrSecret.With("system %s: a credential is sealed when it is given, and only then", y.Name)
	}
	id, err := s.Store.AddSystem(ctx, y, sealed)
	if err != nil {
		return 0, fmt.Errorf("adding system %s: %w", y.Name, err)
	}
	return id, nil
}

// UpdateSystem keeps what a system, as Systems gave it, was changed to. Its name
// and kind stay.
func (s *Service) UpdateSystem(ctx context.Context, y System, sealed *secret.Secret) error {
	if err := s.changeable(ctx, y, sealed); err != nil {
		return err
	}
	if err := s.Store.UpdateSystem(ctx, y, sealed); err != nil {
		return fmt.Errorf("changing system %s: %w", y.Name, err)
	}
	return nil
}

// CheckSystem reports what would keep a system from being added or, where it has an id,
// from being changed to this. It writes nothing.
func (s *Service) CheckSystem(ctx context.Context, y System) error {
	if y.ID != 0 {
		return s.changeable(ctx, y, nil)
	}
	if y.Config.Credential == Sealed {
		return ErrSecret.With("system %s: a credential is sealed when it is given, and only then", y.Name)
	}
	return s.check(y)
}

// changeable reports the first rule that a changed system breaks.
func (s *Service) changeable(ctx context.Context, y System, sealed *secret.Secret) error {
	if err := s.check(y); err != nil {
		return err
	}
	list, err := s.Store.Systems(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(x System) bool { return x.ID == y.ID })
	if i < 0 {
		return ErrNotFound.With("there is no system %s", y.ID)
	}
	was := list[i]
	switch {
	case was.Version != y.Version:
		return ErrChanged.With("system %s: somebody changed it meanwhile: read it again", y.Name)
	case y.Stage == Draft && was.Stage != Draft:
		return ErrStage.With("system %s has been active, and does not become a draft again", y.Name)
	case was.Name != y.Name || was.Kind != y.Kind || was.Connector != y.Connector:
		return access.ErrName.With("system %s keeps its name and kind", was.Name)
	}
	if err := runsInCircle(list, y); err != nil {
		return err
	}
	return secretOf(was, y, sealed)
}

// RemoveDraft takes back a system that was never active.
func (s *Service) RemoveDraft(ctx context.Context, y System) error {
	if y.Stage != Draft {
		return ErrStage.With("system %s has been active: what was known of it stays", y.Name)
	}
	return s.Store.RemoveDraft(ctx, y)
}

func (s *Service) check(y System) error {
	if err := y.Validate(); err != nil {
		return err
	}
	if err := y.valid(s.now()); err != nil {
		return err
	}
	if y.Cycle < 0 {
		return access.ErrEnum.With("system %s: a cycle is a time such as 15m", y.Name)
	}
	if _, ok := s.Connectors[y.connector()]; !ok {
		return ErrUnknownKind.With("%q is not a kind of system that can be read; there are: %s", y.connector(), kinds(s.Connectors))
	}
	return nil
}

// secretOf checks what is to become of a sealed credential. One that stays is never
// sent to another address, nor to the same one trusted otherwise (a pinned key, an
// authority, TLS itself are options): whoever may change these could have it sent
// to them.
func secretOf(was, is System, sealed *secret.Secret) error {
	kept := is.Config.Credential == Sealed && sealed == nil
	lent := strings.HasPrefix(is.Config.Credential, Vaulted) && is.Config.Credential == was.Config.Credential
	switch {
	case sealed != nil && is.Config.Credential != Sealed, kept && was.Config.Credential != Sealed:
		return ErrSecret.With("system %s: a credential is sealed when it is given, and only then", is.Name)
	case lent && (was.Config.Address != is.Config.Address || !maps.Equal(was.Config.reach(), is.Config.reach())):
		return ErrSecret.With("system %s: the vault lends its credential for its old address and connection options: give another credential with the new ones", is.Name)
	case kept && (was.Config.Address != is.Config.Address || !maps.Equal(was.Config.reach(), is.Config.reach())):
		return ErrSecret.With("system %s: its sealed credential was given for its old address and connection options: give the credential again with the new ones", is.Name)
	}
	return nil
}

// reach is the options that say how a system is reached; all do but those that say
// how confidential a part of it is.
func (c Config) reach() map[string]string {
	options := maps.Clone(c.Options)
	maps.DeleteFunc(options, func(name, _ string) bool { return strings.HasPrefix(name, "data_class.") })
	return options
}

// runsInCircle refuses a host that runs, over others, on the system itself.
func runsInCircle(list []System, y System) error {
	host := map[access.SystemID]access.SystemID{}
	for _, x := range list {
		host[x.ID] = x.RunsOn
	}
	for at, steps := y.RunsOn, 0; at != 0 && steps <= len(list); at, steps = host[at], steps+1 {
		if at == y.ID {
			return access.ErrSelfHost.With("system %s would run, over others, on itself", y.Name)
		}
	}
	return nil
}
