package main

import (
	"context"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vaultapi"
	"github.com/writhq/writ/policy"
)

// kvSafes is safes and secrets for clients of Vault. Each of its methods asks the gate, or
// calls what does, as the operations of Writ's own API do.
type kvSafes struct {
	vault *vault.Service
	gate  *policy.Gate
	names vault.Names
}

// translated is an error of the vault's in the words of the API for its clients.
func translated(err error) error {
	switch {
	case errors.Is(err, vault.ErrNoSafe), errors.Is(err, vault.ErrNoSecret), errors.Is(err, policy.ErrNoObject):
		return vaultapi.ErrNone
	case errors.Is(err, vault.ErrNoVersion):
		return vaultapi.ErrGone
	}
	return err
}

// reaches refuses a token that is not for an action, before anything is looked up: what is
// there, and what is not, is answered alike.
func reaches(ctx context.Context, action string) error {
	c, ok := policy.CallerOf(ctx)
	if !ok {
		return policy.ErrSignIn
	}
	return c.Within(action)
}

// reachesSafes refuses a token that is for nothing that a client has to know safes for: it
// asks which there is before everything else.
func reachesSafes(ctx context.Context) (err error) {
	for _, action := range []string{"safe.read", "secret.read", "secret.fetch", "secret.add", "secret.change"} {
		if err = reaches(ctx, action); err == nil {
			return nil
		}
	}
	return err
}

// Safes implements vaultapi.Safes.
func (s *kvSafes) Safes(ctx context.Context) (list []vaultapi.Safe, err error) {
	if err := reaches(ctx, "safe.read"); err != nil {
		return nil, err
	}
	all, err := s.vault.Safes(ctx)
	for _, x := range all {
		list = append(list, vaultapi.Safe{ID: x.ID, Name: x.Name, Description: x.Description})
	}
	return list, err
}

// Safe implements vaultapi.Safes. A token that is for reading secrets alone may know of the
// safes that its owner may see; one that is for something else may not.
func (s *kvSafes) Safe(ctx context.Context, name string) (vaultapi.Safe, error) {
	if err := reachesSafes(ctx); err != nil {
		return vaultapi.Safe{}, err
	}
	x, err := s.vault.Store.SafeCalled(ctx, name)
	if err != nil {
		return vaultapi.Safe{}, translated(err)
	}
	o, err := s.vault.SafeObject(ctx, x.ID, "")
	if err != nil {
		return vaultapi.Safe{}, translated(err)
	}
	c, _ := policy.CallerOf(ctx)
	if s.gate.Still(ctx, c.Identity, "safe.read", o) != nil {
		return vaultapi.Safe{}, vaultapi.ErrNone
	}
	return vaultapi.Safe{ID: x.ID, Name: x.Name, Description: x.Description}, nil
}

// Secrets implements vaultapi.Safes.
func (s *kvSafes) Secrets(ctx context.Context, safe string) (list []vaultapi.Secret, err error) {
	if err := reaches(ctx, "secret.read"); err != nil {
		return nil, err
	}
	in, err := s.vault.Store.SafeCalled(ctx, safe)
	if err != nil {
		return nil, translated(err)
	}
	all, err := s.vault.Secrets(ctx, vault.Query{Safe: in.ID})
	for _, x := range all {
		if x.State == vault.Live {
			list = append(list, vaultapi.Secret{ID: x.ID, Name: x.Name, Kind: string(x.Kind), Labels: x.Labels, Current: x.Number})
		}
	}
	return list, translated(err)
}

// Secret implements vaultapi.Safes.
func (s *kvSafes) Secret(ctx context.Context, safe, name, action string) (k vaultapi.Secret, err error) {
	_, k, err = s.called(ctx, safe, name, action)
	return k, err
}

// called is a live secret that whoever calls may do something with.
func (s *kvSafes) called(ctx context.Context, safe, name, action string) (x vault.Secret, k vaultapi.Secret, err error) {
	if err := reaches(ctx, action); err != nil {
		return x, k, err
	}
	x, o, err := s.vault.Called(ctx, safe, name)
	if err == nil {
		err = s.gate.Permit(ctx, action, o)
	}
	if err != nil {
		return x, k, translated(err)
	}
	switch {
	case x.State != vault.Live && action == "secret.change":
		return x, k, vault.ErrSecretGone.With("the secret is deleted: bring it back in Writ, or give what you keep another name")
	case x.State != vault.Live:
		return x, k, vaultapi.ErrNone
	}
	k, err = s.told(ctx, x)
	return x, k, err
}

// told is what clients are told of a secret.
func (s *kvSafes) told(ctx context.Context, x vault.Secret) (vaultapi.Secret, error) {
	k := vaultapi.Secret{ID: x.ID, Name: x.Name, Kind: string(x.Kind), Labels: x.Labels, Current: x.Number}
	if x.Account != 0 {
		names, err := s.names.Names(ctx, []access.Ref{x.Account.Ref()})
		if err != nil {
			return k, err
		}
		k.User = names[x.Account.Ref()].Name
	}
	return k, nil
}

// permit asks the gate about a secret.
func (s *kvSafes) permit(ctx context.Context, id access.SecretID, action, reason string) error {
	o, err := s.vault.SecretObject(ctx, id, "", reason)
	if err != nil {
		return translated(err)
	}
	return translated(s.gate.Permit(ctx, action, o))
}

// Fetch implements vaultapi.Safes.
func (s *kvSafes) Fetch(ctx context.Context, safe, name string, number int, why vaultapi.Why) (k vaultapi.Secret, v vaultapi.Version, plain secret.Secret, err error) {
	if err := reaches(ctx, "secret.fetch"); err != nil {
		return k, v, plain, err
	}
	x, opened, plain, err := s.vault.Fetch(ctx, vault.Revealing{In: safe, Name: name, Number: number, Reason: why.Reason, Ticket: why.Ticket})
	if err != nil && !errors.Is(err, vault.ErrNoVersion) {
		return k, v, plain, translated(err)
	}
	k, failed := s.told(ctx, x)
	if failed != nil {
		plain.Wipe()
		return k, v, secret.Secret{}, failed
	}
	return k, kvVersion(opened), plain, translated(err)
}

func kvVersion(v vault.Version) vaultapi.Version {
	return vaultapi.Version{Number: v.Number, State: vaultapi.State(v.State), At: v.At, Ended: v.Ended}
}

// Versions implements vaultapi.Safes. A token that is for reading secrets alone may know
// which versions there are of those that its owner may see.
func (s *kvSafes) Versions(ctx context.Context, id access.SecretID) (list []vaultapi.Version, err error) {
	o, err := s.vault.SecretObject(ctx, id, "", "")
	if err != nil {
		return nil, translated(err)
	}
	c, _ := policy.CallerOf(ctx)
	if s.gate.Still(ctx, c.Identity, "secret.read", o) != nil {
		return nil, vaultapi.ErrNone
	}
	all, err := s.vault.Versions(ctx, id)
	for _, v := range all {
		list = append(list, kvVersion(v))
	}
	return list, err
}

// Add implements vaultapi.Safes.
func (s *kvSafes) Add(ctx context.Context, safe, name string, plain secret.Secret) (v vaultapi.Version, err error) {
	if err := reaches(ctx, "secret.add"); err != nil {
		return v, err
	}
	in, err := s.vault.Store.SafeCalled(ctx, safe)
	if err != nil {
		return v, translated(err)
	}
	o, err := s.vault.SafeObject(ctx, in.ID, "")
	if err != nil {
		return v, translated(err)
	}
	if err := s.gate.Permit(ctx, "secret.add", o); err != nil {
		return v, translated(err)
	}
	id, err := s.vault.AddSecret(ctx, vault.Secret{Safe: in.ID, Name: name, Kind: vault.JSON}, plain)
	if errors.Is(err, vault.ErrSecretName) {
		return v, vaultapi.ErrMatch
	}
	if err != nil {
		return v, err
	}
	list, err := s.vault.Versions(ctx, id)
	if err != nil || len(list) == 0 {
		return v, err
	}
	return kvVersion(list[len(list)-1]), nil
}

// Put implements vaultapi.Safes.
func (s *kvSafes) Put(ctx context.Context, safe, name string, next vaultapi.Next) (k vaultapi.Secret, v vaultapi.Version, err error) {
	x, k, err := s.called(ctx, safe, name, "secret.change")
	if err != nil {
		return k, v, err
	}
	base, plain, err := next(k)
	if err != nil {
		return k, v, err
	}
	made, err := s.vault.PutIn(ctx, x, base, plain)
	if errors.Is(err, vault.ErrSecretStale) {
		return k, v, vaultapi.ErrMatch
	}
	return k, kvVersion(made), err
}

// Label implements vaultapi.Safes.
func (s *kvSafes) Label(ctx context.Context, id access.SecretID, labels map[string]string) error {
	if err := s.permit(ctx, id, "secret.change", ""); err != nil {
		return err
	}
	list, err := s.vault.Store.Secrets(ctx, vault.Query{ID: id})
	if err != nil || len(list) == 0 {
		return errors.Join(err, vaultapi.ErrNone)
	}
	x := list[0]
	x.Labels = labels
	return s.vault.ChangeSecret(ctx, x)
}

// step does what a step says. Of a version, what is so already stays so.
func (s *kvSafes) step(ctx context.Context, id access.SecretID, number int, step vault.Step, action string, why vaultapi.Why) error {
	if err := s.permit(ctx, id, action, why.Reason); err != nil {
		return err
	}
	err := s.vault.Step(ctx, id, number, step, why.Reason)
	if number != 0 && errors.Is(err, vault.ErrVersionState) {
		return nil
	}
	return err
}

// Delete implements vaultapi.Safes.
func (s *kvSafes) Delete(ctx context.Context, id access.SecretID, number int, why vaultapi.Why) error {
	return s.step(ctx, id, number, vault.Delete, "secret.change", why)
}

// Undelete implements vaultapi.Safes.
func (s *kvSafes) Undelete(ctx context.Context, id access.SecretID, number int, why vaultapi.Why) error {
	return s.step(ctx, id, number, vault.Undelete, "secret.change", why)
}

// Destroy implements vaultapi.Safes.
func (s *kvSafes) Destroy(ctx context.Context, id access.SecretID, number int, why vaultapi.Why) error {
	return s.step(ctx, id, number, vault.Destroy, "secret.destroy", why)
}

// May implements vaultapi.Safes. What takes a reason may be done with one.
func (s *kvSafes) May(ctx context.Context, safe, name string, actions ...string) (map[string]bool, error) {
	may := map[string]bool{}
	in, err := s.vault.Store.SafeCalled(ctx, safe)
	if errors.Is(err, vault.ErrNoSafe) {
		return may, nil
	}
	if err != nil {
		return nil, err
	}
	x, _, err := s.vault.Called(ctx, safe, name)
	if err != nil && !errors.Is(translated(err), vaultapi.ErrNone) {
		return nil, err
	}
	for _, action := range actions {
		var o policy.Object
		switch {
		case x.ID == 0 || action == "secret.add":
			o, err = s.vault.SafeObject(ctx, in.ID, "")
		case action == "secret.fetch":
			o, err = s.vault.SecretObject(ctx, x.ID, vault.Reveal, "")
		default:
			o, err = s.vault.SecretObject(ctx, x.ID, "", "")
		}
		if err != nil {
			return nil, err
		}
		refused := s.gate.Permit(ctx, action, o)
		may[action] = refused == nil || errors.Is(refused, policy.ErrReason)
	}
	return may, nil
}
