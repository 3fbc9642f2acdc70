package vault

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// ErrImport is returned where something of an import cannot be kept: then nothing is.
var ErrImport = fault.New(fault.Invalid, "bad-import", "some of it cannot be kept, so that nothing was: look at it first")

// New is a secret that is to be, with its first value.
type New struct {
	Secret Secret
	Value  Value
	Seal   Sealer
}

// Importing is one row of an import.
type Importing struct {
	SecretBody
	Value  string `json:"value" writeOnly:"true" maxLength:"1400000"`
	Base64 bool   `json:"base64,omitempty"`
}

// Foreseen is what becomes of one row of an import.
type Foreseen struct {
	Row     int    `json:"row" doc:"From 1"`
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Problem string `json:"problem,omitempty" doc:"Why it cannot be kept"`
}

// Import keeps many secrets at once, or none of them. Without apply it says what it would
// do.
func (s *Service) Import(ctx context.Context, safe access.SafeID, rows []Importing, apply bool) ([]Foreseen, error) {
	there, err := s.Store.Secrets(ctx, Query{Safe: safe})
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, x := range there {
		names[x.Name] = names[x.Name] || x.State != Destroyed
	}
	var list []New
	var foreseen []Foreseen
	bad := false
	for i, row := range rows {
		x, plain, err := row.read(safe)
		defer plain.Wipe() //nolint:gocritic // all of them are needed until all are kept
		if err == nil && names[x.Name] {
			err = ErrSecretName
		}
		names[x.Name] = true
		f := Foreseen{Row: i + 1, Name: x.Name, Kind: x.Kind}
		if err != nil {
			f.Problem, bad = messageOf(err), true
		}
		foreseen = append(foreseen, f)
		list = append(list, New{x, Value{Public: x.public(plain), Written: true}, s.sealer(ctx, plain)})
	}
	switch {
	case !apply:
		return foreseen, nil
	case bad:
		return foreseen, ErrImport
	}
	if err := s.Ring.Usable(); err != nil {
		return nil, err
	}
	return foreseen, s.Ring.Again(safe, func() error { return s.Store.AddSecrets(ctx, safe, list) })
}

// messageOf is what an error says to whoever must act on it.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Msg
	}
	return "it cannot be kept"
}

// read is a row as a secret and its value.
func (r Importing) read(safe access.SafeID) (x Secret, plain secret.Secret, err error) {
	x = r.secret()
	x.Safe = safe
	if err := x.Validate(); err != nil {
		return x, plain, err
	}
	if plain, err = (ValueBody{Value: r.Value, Base64: r.Base64}).plain(); err != nil {
		return x, plain, err
	}
	return x, plain, x.Kind.Check(plain)
}

func (a *API) registerImport(api huma.API) {
	httpapi.Register(api, operation("import-secrets", http.MethodPost, "/v1/safes/{id}/import", "Keep many secrets at once or none, or see first what that would do", http.StatusOK),
		policy.On(a.Service.Gate, "secret.add", onSafe[importInput](a)), a.importSecrets)
}

type importInput struct {
	SafeInput
	Body struct {
		Items []Importing `json:"items" minItems:"1" maxItems:"1000"`
		Apply bool        `json:"apply,omitempty" doc:"Without it, nothing is kept"`
	}
}

type importOutput struct {
	Body struct {
		Items []Foreseen `json:"items"`
		Kept  bool       `json:"kept"`
	}
}

func (a *API) importSecrets(ctx context.Context, in *importInput) (*importOutput, error) {
	for _, row := range in.Body.Items {
		if err := a.opens(ctx, row.secret()); err != nil {
			return nil, err
		}
	}
	list, err := a.Service.Import(ctx, in.ID.V, in.Body.Items, in.Body.Apply)
	if err != nil {
		return nil, err
	}
	out := &importOutput{}
	out.Body.Items, out.Body.Kept = list, in.Body.Apply
	return out, nil
}
