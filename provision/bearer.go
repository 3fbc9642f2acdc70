package provision

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Bearing is which account of somebody is given an entitlement, as far as is known now.
type Bearing struct {
	Account access.AccountID
	Login   string
	Status  access.AccountStatus // "" where there is no such account
	Kind    access.AccountKind
	ToMake  bool // an account is to be made first
	Several bool // more than one could be meant, so that none is
	Held    bool // an account of theirs has the entitlement already
	Doubt   bool // whether one has is not known: an operation is under way, or went wrong
	// ByItself says that Writ gives and takes grants there; else a person does.
	ByItself bool
}

// Bearing says which account of somebody would be given an entitlement of a system.
func (s *Service) Bearing(ctx context.Context, who access.IdentityID, system access.SystemID, what access.EntitlementID, on access.ResourceID) (b Bearing, err error) {
	w := &Wanted{System: system, Entitlement: what, Resource: on}
	err = s.Store.Facts(ctx, Units{Identities: []access.IdentityID{who}}, s.with, func(f *Facts) error {
		can := f.Systems[system].Can
		b.ByItself = can[connector.AddGrant] && can[connector.RemoveGrant]
		p := planning{Facts: f}
		target, a := f.bearer(system)
		b.ToMake, b.Held = a == nil && target != 0, len(p.holders(w)) > 0
		if a == nil {
			b.Several = !b.ToMake && f.some(system)
			return nil
		}
		b.Account, b.Login, b.Kind, b.Status = a.ID, a.Login, a.Kind, f.status(a)
		d := p.doubtful(w)
		b.Doubt = d != nil && d.State.Open()
		return nil
	})
	return b, err
}

// some reports whether there is any account in a system.
func (f *Facts) some(system access.SystemID) bool {
	for i := range f.Accounts {
		if a := &f.Accounts[i]; a.System == system && !a.Called && !f.gone(a) {
			return true
		}
	}
	return false
}
