package lifecycle

import (
	"context"
	"errors"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Settings tells what an account of a system can be given, by name.
type Settings func(ctx context.Context, id access.SystemID) ([]string, error)

// Mappings are all of them, by system.
func (s *Service) Mappings(ctx context.Context) ([]Mapping, error) { return s.Store.Mappings(ctx) }

// Mapping is a system's.
func (s *Service) Mapping(ctx context.Context, id access.SystemID) (Mapping, error) {
	list, err := s.Store.Mappings(ctx)
	if err != nil {
		return Mapping{}, err
	}
	if i := slices.IndexFunc(list, func(m Mapping) bool { return m.System == id }); i >= 0 {
		return list[i], nil
	}
	return Mapping{}, ErrNoMapping
}

// SetMapping keeps a mapping in place of the version that it names.
func (s *Service) SetMapping(ctx context.Context, m Mapping, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	if _, err := s.compiled(ctx, m); err != nil {
		return err
	}
	return s.Store.SetMapping(ctx, m, reason)
}

func (s *Service) compiled(ctx context.Context, m Mapping) (*mapped, error) {
	settings, err := s.Settings(ctx, m.System)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]policy.Mode{policy.Observe, policy.Enforce}, m.Mode) {
		return nil, ErrMapping.With("a mapping observes or is enforced")
	}
	c, err := m.compile()
	if err != nil {
		return nil, err
	}
	return c, m.fits(settings)
}

// CheckMapping reports the first thing that keeps a mapping from being used.
func (s *Service) CheckMapping(ctx context.Context, m Mapping) error {
	_, err := s.compiled(ctx, m)
	return err
}

// RemoveMapping removes a mapping, in the version that is named or, where that is zero, in
// whichever there is. The accounts stay as they are.
func (s *Service) RemoveMapping(ctx context.Context, id access.SystemID, version int64, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.RemoveMapping(ctx, id, version, reason)
}

// Mapped is what a mapping comes to.
type Mapped struct {
	System  access.Named    `json:"system"`
	Needing int             `json:"needing" doc:"How many people need an account there"`
	New     int             `json:"new" doc:"How many of them have none yet"`
	Failing int             `json:"failing" doc:"For how many it says nothing that could be an account; for them nothing changes"`
	First   []MappedAccount `json:"first" doc:"The first hundred accounts, or the one of the person asked about"`
	Fails   []MappedFailure `json:"fails" doc:"The first hundred for whom it fails"`
}

// MappedAccount is somebody's account by a mapping.
type MappedAccount struct {
	Identity   access.Named      `json:"identity"`
	Login      string            `json:"login"`
	Attributes map[string]string `json:"attributes"`
	New        bool              `json:"new"`
	Recipient  *access.Named     `json:"recipient,omitempty" doc:"Who is given the first credential"`
}

// MappedFailure is that a mapping fails for somebody.
type MappedFailure struct {
	Identity access.Named `json:"identity"`
	Problem  string       `json:"problem"`
}

// TryMapping says what a mapping would come to for everybody, or for one person, and
// changes nothing.
func (s *Service) TryMapping(ctx context.Context, m Mapping, one access.IdentityID) (Mapped, error) {
	c, err := s.compiled(ctx, m)
	if err != nil {
		return Mapped{}, err
	}
	d, err := s.current(ctx)
	if err != nil {
		return Mapped{}, err
	}
	who := []access.IdentityID{one}
	if one == 0 {
		who = d.everybody()
	}
	t := trying{ctx: ctx, s: s, d: d, m: c}
	for part := range slices.Chunk(who, perRead) {
		if err := s.Store.Holdings(ctx, part, t.take); err != nil {
			return Mapped{}, err
		}
	}
	return t.mapped(ctx)
}

// trying gathers what a mapping comes to.
type trying struct {
	ctx                   context.Context //nolint:containedctx // it lives as long as one trial
	s                     *Service
	d                     *Desired
	m                     *mapped
	needing, fresh, fails int
	accounts              []access.Target
	failed                []access.IdentityID
	problems              []string
}

func (y *trying) take(h Holding, now access.Time) error {
	if !h.State.MayHoldAccess() {
		return nil
	}
	step := y.d.justify(h, now)
	_, used := y.d.mapped(h, step)
	only := map[access.SystemID]*mapped{y.m.System: y.m}
	h.Targets = slices.DeleteFunc(h.Targets, func(o access.Target) bool { return o.System != y.m.System })
	t := &targeting{d: y.d, mappings: only, used: used, h: h, now: now, step: &step, all: true}
	if len(y.accounts) < firstShown {
		t.free = func(id access.SystemID, login string, of access.IdentityID) (bool, error) {
			return y.s.Store.LoginFree(y.ctx, id, login, of)
		}
	}
	step.Targets = nil
	needs, err := t.needs(y.m.System, y.m)
	if err == nil && needs {
		y.needing++
		err = t.here(y.m.System, y.m, h.Targets)
	}
	if errors.Is(err, ErrMappingFails) {
		if y.fails++; len(y.failed) < firstShown {
			y.failed, y.problems = append(y.failed, h.Identity), append(y.problems, err.Error())
		}
		return nil
	}
	for _, o := range step.Targets {
		if o.Reason != becauseMapped && o.Login != "" || o.System != y.m.System {
			continue
		}
		if o.Account == 0 && o.ID == 0 {
			y.fresh++
		}
		if len(y.accounts) < firstShown {
			y.accounts = append(y.accounts, o)
		}
	}
	return err
}

func (y *trying) mapped(ctx context.Context) (Mapped, error) {
	refs := append(refsOf(y.failed), y.m.System.Ref())
	for _, o := range y.accounts {
		refs = append(refs, o.Identity.Ref(), o.Recipient.Ref())
	}
	name, err := y.s.namer(ctx, refs)
	if err != nil {
		return Mapped{}, err
	}
	out := Mapped{System: name(y.m.System.Ref()), Needing: y.needing, New: y.fresh, Failing: y.fails, First: []MappedAccount{}, Fails: []MappedFailure{}}
	for _, o := range y.accounts {
		a := MappedAccount{Identity: name(o.Identity.Ref()), Login: o.Login, Attributes: o.Attributes, New: o.Account == 0 && o.ID == 0}
		if o.Recipient != 0 {
			n := name(o.Recipient.Ref())
			a.Recipient = &n
		}
		out.First = append(out.First, a)
	}
	for i, id := range y.failed {
		out.Fails = append(out.Fails, MappedFailure{name(id.Ref()), y.problems[i]})
	}
	return out, nil
}
