package inventory

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// ErrOwner is the answer where nobody would answer for a system.
var ErrOwner = fault.New(fault.Invalid, "owner-required", "name a business or technical owner who may hold access: somebody has to answer for it")

// SystemAddress is how a system is reached.
type SystemAddress struct {
	Address    *string                 `json:"address,omitempty" maxLength:"2000" doc:"A URL without a password; of flat files one of the names under paths"`
	Options    map[string]string       `json:"options,omitempty" doc:"The connector's; given, they take the place of all"`
	Credential *SystemCredentialChange `json:"credential,omitempty"`
}

// SystemCredentialChange gives a credential: one of them is set.
type SystemCredentialChange struct {
	Secret string `json:"secret,omitempty" maxLength:"65536" writeOnly:"true" format:"password" doc:"A password or key: it is sealed, and never shown"`
	Name   string `json:"name,omitempty" maxLength:"64" doc:"Of one that the node's configuration declares"`
	None   bool   `json:"none,omitempty"`
}

// SystemFacts are what a system cannot say itself. What is not given stays.
type SystemFacts struct {
	Scope       *string             `json:"scope,omitempty" maxLength:"64" doc:"Empty is the organisation"`
	Environment *access.Environment `json:"environment,omitempty" maxLength:"32"`
	Criticality *access.Criticality `json:"criticality,omitempty" maxLength:"32"`
	DataClass   *access.DataClass   `json:"data_class,omitempty" maxLength:"32"`
	Owner       *string             `json:"business_owner,omitempty" maxLength:"64" doc:"An identity's id"`
	Technical   *string             `json:"technical_owner,omitempty" maxLength:"64" doc:"An identity's id"`
	RunsOn      *string             `json:"runs_on,omitempty" maxLength:"64" doc:"The id of the host whose controllers control this too"`
	Every       *string             `json:"every,omitempty" maxLength:"32" doc:"How often it is read, as in 15m; empty goes by its cycle"`
	Hours       *string             `json:"hours,omitempty" maxLength:"64" doc:"Of the day, as in 22:00-06:00 Europe/Berlin; empty is any"`
	Cycle       *string             `json:"cycle,omitempty" maxLength:"32" doc:"How old what is known may be, as in 1h; empty goes by its worst tier"`
}

type addSystemInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
		Kind string `json:"kind" maxLength:"64" doc:"One of GET /v1/kinds"`
		SystemAddress
		SystemFacts
	}
}

type changeSystemInput struct {
	OfSystem
	httpapi.Match
	Body struct {
		SystemAddress
		SystemFacts
	}
}

type removeDraftInput struct {
	OfSystem
	httpapi.Match
}

func (a *API) registerChanges(api huma.API) {
	httpapi.Register(api, operation("add-system", post, "/v1/systems", "Keep a system as a draft", http.StatusCreated),
		policy.On(a.Gate, addSystem, func(_ context.Context, in *addSystemInput) (policy.Object, error) {
			y, err := a.facts(System{}, in.Body.SystemFacts)
			return Protected(y), err
		}), a.addSystem)
	httpapi.Register(api, operation("change-system", patch, "/v1/systems/{id}", "Change what is kept of a system", http.StatusOK),
		policy.Choosing(a.Gate, changeSystem+" or "+addSystem, func(ctx context.Context, in *changeSystemInput) (string, policy.Object, error) {
			y, err := a.systemOf(ctx, in.ID)
			return ofDraft(y, changeSystem), Protected(y), err
		}), a.changeSystem)
	httpapi.Register(api, operation("remove-draft", remove, "/v1/systems/{id}", "Take back a draft", http.StatusNoContent),
		onSystem[removeDraftInput](a, addSystem), a.removeDraft)
}

func (a *API) addSystem(ctx context.Context, in *addSystemInput) (*showSystemOutput, error) {
	y := System{System: access.System{Name: in.Body.Name, Kind: in.Body.Kind}, Connector: in.Body.Kind, Plan: Plan{Stage: Draft}}
	y, err := a.facts(y, in.Body.SystemFacts)
	if err != nil {
		return nil, err
	}
	if err := a.seesHost(ctx, System{}, y); err != nil {
		return nil, err
	}
	sealed, err := a.reached(&y, in.Body.SystemAddress)
	if err != nil {
		return nil, err
	}
	if err := a.opens(ctx, y, sealed); err != nil {
		return nil, err
	}
	if y.ID, err = a.Service.AddSystem(ctx, y, sealed); err != nil {
		return nil, err
	}
	if y, err = a.systemOf(ctx, y.ID.String()); err != nil {
		return nil, err
	}
	return a.detail(ctx, y)
}

func (a *API) changeSystem(ctx context.Context, in *changeSystemInput) (*showSystemOutput, error) {
	was, err := a.versionOf(ctx, in.ID, in.Match)
	if err != nil {
		return nil, err
	}
	is, err := a.facts(was, in.Body.SystemFacts)
	if err != nil {
		return nil, err
	}
	if err := a.mayMove(ctx, was, is); err != nil {
		return nil, err
	}
	sealed, err := a.reached(&is, in.Body.SystemAddress)
	if err != nil {
		return nil, err
	}
	if in.Body.Credential == nil {
		if err := stays(was.Config, is.Config); err != nil {
			return nil, err
		}
	}
	if err := a.opens(ctx, is, sealed); err != nil {
		return nil, err
	}
	return a.update(ctx, is, sealed)
}

func (a *API) update(ctx context.Context, y System, sealed *secret.Secret) (*showSystemOutput, error) {
	if err := a.Service.UpdateSystem(ctx, y, sealed); err != nil {
		return nil, err
	}
	y, err := a.systemOf(ctx, y.ID.String())
	if err != nil {
		return nil, err
	}
	return a.detail(ctx, y)
}

func (a *API) removeDraft(ctx context.Context, in *removeDraftInput) (*struct{}, error) {
	y, err := a.versionOf(ctx, in.ID, in.Match)
	if err != nil {
		return nil, err
	}
	return nil, a.Service.RemoveDraft(ctx, y)
}

// versionOf is a system, if it still is in the version that the caller has seen.
func (a *API) versionOf(ctx context.Context, id string, m httpapi.Match) (System, error) {
	version, err := m.Version()
	if err != nil {
		return System{}, err
	}
	y, err := a.systemOf(ctx, id)
	if err == nil && y.Version != version {
		err = httpapi.ErrStale
	}
	return y, err
}

// ofDraft is what an action on a system takes: whoever may add a draft may change it
// until it is active.
func ofDraft(y System, action string) string {
	if y.Stage == Draft {
		return addSystem
	}
	return action
}

// mayMove asks what a change needs: to change the system as it is in this version, since
// the draft that the guard saw may be active by now, to change it where it is moved to, to
// change who answers for it, and to see its new host.
func (a *API) mayMove(ctx context.Context, was, is System) error {
	if err := a.Gate.Permit(ctx, ofDraft(was, changeSystem), Protected(was)); err != nil {
		return err
	}
	if was.Scope != is.Scope {
		if err := a.Gate.Permit(ctx, ofDraft(was, changeSystem), Protected(is)); err != nil {
			return err
		}
	}
	if was.BusinessOwner != is.BusinessOwner || was.TechnicalOwner != is.TechnicalOwner {
		if err := a.Gate.Permit(ctx, ofDraft(was, ownSystem), Protected(was)); err != nil {
			return err
		}
	}
	return a.seesHost(ctx, was, is)
}

func (a *API) seesHost(ctx context.Context, was, is System) error {
	if is.RunsOn == 0 || is.RunsOn == was.RunsOn {
		return nil
	}
	host, err := a.systemOf(ctx, is.RunsOn.String())
	if err != nil {
		return err
	}
	return a.Gate.Permit(ctx, readSystem, Protected(host))
}

// facts applies what is given to a system.
func (a *API) facts(y System, f SystemFacts) (System, error) {
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	put(&y.Environment, f.Environment)
	put(&y.Criticality, f.Criticality)
	put(&y.DataClass, f.DataClass)
	if f.Scope != nil {
		keep(y.Scope.UnmarshalText([]byte(*f.Scope)))
	}
	if f.RunsOn != nil {
		keep(y.RunsOn.UnmarshalText([]byte(*f.RunsOn)))
	}
	for _, o := range []struct {
		given *string
		into  *access.IdentityID
	}{{f.Owner, &y.BusinessOwner}, {f.Technical, &y.TechnicalOwner}} {
		if o.given != nil {
			keep(o.into.UnmarshalText([]byte(*o.given)))
			keep(a.answers(*o.into))
		}
	}
	if f.Hours != nil {
		keep(y.Hours.UnmarshalText([]byte(*f.Hours)))
	}
	for _, t := range []struct {
		given *string
		into  *time.Duration
	}{{f.Every, (*time.Duration)(&y.Every)}, {f.Cycle, &y.Cycle}} {
		if t.given == nil {
			continue
		}
		if *t.into = 0; *t.given != "" {
			keep((*Period)(t.into).UnmarshalText([]byte(*t.given)))
		}
	}
	return y, err
}

func put[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}

// answers refuses an owner who cannot answer for anything; none is nobody.
func (a *API) answers(id access.IdentityID) error {
	if id == 0 {
		return nil
	}
	v := a.Gate.Graph.View()
	defer v.Close()
	if n, ok := v.Identity(id); !ok || n.Kind != access.Human || !n.State.MayHoldAccess() {
		return ErrOwner.With("%s is nobody who can answer for a system: name a person who is active", id)
	}
	return nil
}

// reached applies an address, options and a credential to a system, and returns the
// secret that is to be sealed.
func (a *API) reached(y *System, in SystemAddress) (*secret.Secret, error) {
	spec, ok := a.Service.Connectors[y.connector()]
	if !ok {
		return nil, ErrUnknownKind.With("%q is not a kind of system that can be read; there are: %s", y.connector(), kinds(a.Service.Connectors))
	}
	was := y.Config
	put(&y.Config.Address, in.Address)
	if in.Options != nil {
		y.Config.Options = maps.Clone(in.Options)
	}
	if err := a.Service.Declared.settable(spec, &was, &y.Config); err != nil {
		return nil, err
	}
	if y.Config.Address == "" {
		return nil, connector.ErrInput.With("a system needs an address, such as %s", spec.Address)
	}
	switch c := in.Credential; {
	case c == nil:
	case (c.Secret != "") == (c.Name != "") && c.None == (c.Secret != ""), c.None && c.Secret+c.Name != "":
		return nil, ErrCredential.With("give one of secret, name and none")
	case c.None:
		y.Config.Credential = ""
	case c.Name != "":
		y.Config.Credential = namedPrefix + c.Name
	default:
		s := secret.New([]byte(strings.TrimRight(c.Secret, "\r\n")))
		y.Config.Credential = Sealed
		return &s, nil
	}
	_, err := a.Service.Declared.reference(*y)
	return nil, err
}

// opens has the connector check what it is told, as far as it can without a connection.
func (a *API) opens(ctx context.Context, y System, sealed *secret.Secret) error {
	cfg := connector.Config{Name: y.Name, Address: y.Config.Address, Options: y.Config.Options, Now: a.Service.Now}
	if sealed != nil {
		cfg.Credential = *sealed
	} else if y.Config.Credential != "" && y.Config.Credential != "prompt" {
		reference, err := a.Service.Declared.reference(y)
		if err != nil {
			return err
		}
		if cfg.Credential, err = a.Service.credential(ctx, y.Name, reference); err != nil {
			return err
		}
		defer cfg.Credential.Wipe()
	}
	c, err := a.Service.Connectors[y.connector()].Open(ctx, cfg)
	if err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return fmt.Errorf("closing what was not connected: %w", err)
	}
	return nil
}
