package driver

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/secret"
)

// The kinds.
const (
	ScriptKind = "script"
	HTTPKind   = "http"
)

// Script is the kind of a program of the node.
func Script() connector.Spec {
	return spec(connector.Spec{
		Kind: ScriptKind, Title: "A program of the node", Address: "/usr/local/lib/writ/erp-driver", Local: true, Program: true, Open: openScript,
	})
}

// HTTP is the kind of a server that speaks as package driver says.
func HTTP() connector.Spec {
	return spec(connector.Spec{Kind: HTTPKind, Title: "A driver over HTTP", Address: "https://driver.example.com/erp", Open: openHTTP})
}

func spec(s connector.Spec) connector.Spec {
	s.Keeps = []connector.SecretKind{connector.Password}
	s.Takes = connector.SecretPolicy{Without: connector.NotPrintable}
	return s
}

// step is what a driver is asked to do.
type step string

const (
	describe step = "describe"
	accounts step = "accounts"
	set      step = "set"
	verify   step = "verify"
)

// request is what it is given.
type request struct {
	Do      step   `json:"do"`
	Account string `json:"account,omitempty"`
	Value   string `json:"value,omitempty"`
	Old     string `json:"old,omitempty"`
}

// answer is what it says.
type answer struct {
	Version  string   `json:"version"`
	Warnings []string `json:"warnings"`
	Accounts []struct {
		ID       string `json:"id"`
		Login    string `json:"login"`
		Name     string `json:"name"`
		Disabled bool   `json:"disabled"`
	} `json:"accounts"`
	Opens *bool `json:"opens"`
}

// The caps on what a driver says.
const (
	maxText     = 200
	maxWarnings = 20
)

// carrier takes a request to a driver, and brings what it answered.
type carrier interface {
	carry(ctx context.Context, do step, body []byte) ([]byte, error)
	close()
}

// Driver is one system.
type Driver struct {
	kind, name string
	carrier    carrier
}

func openScript(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	p := hook.Program{cfg.Address}
	if err := p.Check(); err != nil {
		return nil, connector.ErrInput.With("script %q: the address is the whole path of a program on the node", cfg.Name).Because(err)
	}
	if !cfg.Credential.Empty() {
		return nil, connector.ErrInput.With("script %q: a program takes no credential: give it a file of its own", cfg.Name)
	}
	return &Driver{ScriptKind, cfg.Name, program{p, cfg.Name}}, nil
}

// Close implements connector.Connector.
func (d *Driver) Close() error {
	d.carrier.close()
	return nil
}

// ask takes a request to the driver.
func (d *Driver) ask(ctx context.Context, r request) (a answer, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	defer clear(body)
	said, err := d.carrier.carry(ctx, r.Do, body)
	if err != nil {
		return a, err
	}
	if len(said) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(said, &a); err != nil { // whose words may repeat what it was given
		return a, connector.ErrIncomplete.With("%s %q: what the driver answered to %q is no JSON, or longer than is read", d.kind, d.name, r.Do)
	}
	return a, nil
}

// Describe implements connector.Connector.
func (d *Driver) Describe(ctx context.Context) (connector.Description, error) {
	a, err := d.ask(ctx, request{Do: describe})
	out := connector.Description{Kind: d.kind, Version: connector.Text(a.Version, maxText)}
	out.Warnings = []string{"a driver tells of accounts alone: what they may do there, and when they were used, is not known"}
	for _, w := range a.Warnings[:min(len(a.Warnings), maxWarnings)] {
		out.Warnings = append(out.Warnings, connector.Text(w, maxText))
	}
	return out, err
}

// Discover implements connector.Connector.
func (d *Driver) Discover(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		a, err := d.ask(ctx, request{Do: accounts})
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		for _, x := range a.Accounts {
			if x.ID == "" || x.ID != connector.Text(x.ID, maxText) {
				yield(connector.Record{}, connector.ErrIncomplete.With("%s %q: the driver tells of an account whose id is none", d.kind, d.name))
				return
			}
			r := connector.Account{
				ID: x.ID, Login: connector.Text(x.Login, maxText), DisplayName: connector.Text(x.Name, maxText), Status: access.Enabled, Interactive: true,
			}
			if r.Login == "" {
				r.Login = x.ID
			}
			if x.Disabled {
				r.Status = access.Disabled
			}
			if !yield(connector.Record{Account: &r}, nil) {
				return
			}
		}
	}
}

// SetSecret implements connector.Keeper.
func (d *Driver) SetSecret(ctx context.Context, s connector.NewSecret) error {
	if err := spec(connector.Spec{Kind: d.kind}).CheckSecret(d.name, s.Account, s.Kind, s.Value); err != nil {
		return err
	}
	_, err := d.ask(ctx, request{Do: set, Account: s.Account, Value: string(s.Value.Reveal()), Old: string(s.Old.Reveal())})
	return err
}

// Opens implements connector.Keeper.
func (d *Driver) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	if err := spec(connector.Spec{Kind: d.kind}).CheckSecret(d.name, account, kind, value); err != nil {
		return false, err
	}
	a, err := d.ask(ctx, request{Do: verify, Account: account, Value: string(value.Reveal())})
	if err != nil {
		return false, err
	}
	if a.Opens == nil {
		return false, connector.ErrUnsupported.With("%s %q: the driver does not say whether the secret opens the account", d.kind, d.name)
	}
	return *a.Opens, nil
}
