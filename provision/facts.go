package provision

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Facts are all that planning looks at of one identity, or of one target that is
// nobody's.
type Facts struct {
	Now      access.Time
	Identity access.IdentityID
	Targets  []Target
	Wanted   []Wanted
	Accounts []Account
	Grants   []Grant
	Past     []Operation          // in the order of their ids
	Drifted  []access.OperationID // what is known to differ
	Systems  map[access.SystemID]System
}

// Target is an account that should be, and the change set that says so.
type Target struct {
	access.Target
	Since int64
}

// Wanted is what something justifies, or justified once.
type Wanted struct {
	System      access.SystemID
	Entitlement access.EntitlementID
	Resource    access.ResourceID
	Live        bool
	Since       int64 // of what is live the last beginning, else the last end
	// Urgent says that it is an elevation that began or ended so: somebody waits for it.
	Urgent bool
}

// Account is an account of the identity: linked to it, or made for a target and not yet
// seen, which has no id.
type Account struct {
	ID     access.AccountID
	System access.SystemID
	Target access.TargetID // that it is the account of
	Login  string
	Kind   access.AccountKind
	Status access.AccountStatus // as the last sync saw it
	// Values are what the last sync saw of what can be set.
	Values map[string]string
	// Called says that it only has the login that a target asks for, and is nobody's:
	// perhaps somebody has made it by hand.
	Called bool
	// Unlinked says that it is the target's, and that this is not written down yet.
	Unlinked bool
}

// Grant is what the last sync saw an account have.
type Grant struct {
	Account     access.AccountID
	Entitlement access.EntitlementID
	Resource    access.ResourceID
}

// System is what planning knows of one.
type System struct {
	ID   access.SystemID
	Name string
	Can  map[connector.ChangeKind]bool // what its connector does
	// Fixed are settings that an account keeps as it was made with them.
	Fixed map[string]bool
	Read  access.Time // when the last sync that counts began
}

// knows reports whether the last sync began after a time, and so saw what was done by then.
func (f *Facts) knows(system access.SystemID, at access.Time) bool {
	return f.Systems[system].Read > at
}

// last is the newest operation that a condition holds for.
func (f *Facts) last(is func(*Operation) bool) *Operation {
	for i := len(f.Past) - 1; i >= 0; i-- {
		if is(&f.Past[i]) {
			return &f.Past[i]
		}
	}
	return nil
}

// account is the one of a target: its own, or the one that was made for it.
func (f *Facts) account(t *Target) *Account {
	for i := range f.Accounts {
		a := &f.Accounts[i]
		if a.System == t.System && !a.Called && (t.Account != 0 && a.ID == t.Account || a.Target == t.ID) && !f.gone(a) {
			return a
		}
	}
	return nil
}

// done is what was last verified of an account and no sync has looked at since.
func (f *Facts) done(a *Account, is func(*Operation) bool) *Operation {
	return f.last(func(o *Operation) bool {
		return o.State == Verified && o.Code != CodeSeen && o.of(a) && is(o) && !f.knows(o.System, o.Ended)
	})
}

func (f *Facts) gone(a *Account) bool {
	o := f.done(a, func(o *Operation) bool { return o.life() != "" })
	return o != nil && o.Kind == connector.DeleteAccount
}

// status is what is known of an account: what was verified, where no sync has come since.
func (f *Facts) status(a *Account) access.AccountStatus {
	if o := f.done(a, func(o *Operation) bool { return o.life() != "" }); o != nil {
		if o.life() == access.TargetEnabled {
			return access.Enabled
		}
		return access.Disabled
	}
	return a.Status
}

// holds reports whether an account has an entitlement.
func (f *Facts) holds(a *Account, w *Wanted) bool {
	if a.Called || f.gone(a) {
		return false
	}
	o := f.done(a, func(o *Operation) bool {
		return o.isGrant() && o.Entitlement == w.Entitlement && o.Resource == w.Resource
	})
	if o != nil {
		return o.Kind == connector.AddGrant
	}
	return a.ID != 0 && f.saw(a, w)
}

// saw reports whether the last sync saw an account hold an entitlement.
func (f *Facts) saw(a *Account, w *Wanted) bool {
	for _, h := range f.Grants {
		if h.Account == a.ID && h.Entitlement == w.Entitlement && h.Resource == w.Resource {
			return true
		}
	}
	return false
}

// perhaps reports whether an operation may have done its work, though nobody knows: it was
// attempted, and what came of it was not read back.
func perhaps(o *Operation) bool { return o != nil && o.Attempts > 0 && o.State != Verified }

// unsure is the last operation of which that is so, and that no sync has come after.
func (f *Facts) unsure(is func(*Operation) bool) *Operation {
	return f.last(func(o *Operation) bool { return perhaps(o) && is(o) && !f.knows(o.System, o.Tried) })
}

// bearer is the account, or the target of one that is still to be made, which is given
// what the identity should have in a system. There is none where several could be meant.
func (f *Facts) bearer(system access.SystemID) (target access.TargetID, account *Account) {
	for i := range f.Targets {
		t := &f.Targets[i]
		if t.System == system && t.State != access.TargetDeleted {
			if a := f.account(t); a != nil {
				return t.ID, a
			}
			if target == 0 {
				target = t.ID
			}
		}
	}
	if target != 0 {
		return target, nil
	}
	var persons, others []*Account
	for i := range f.Accounts {
		switch a := &f.Accounts[i]; {
		case a.System != system || a.Called || f.gone(a):
		case a.Kind == access.PersonAccount:
			persons = append(persons, a)
		default:
			others = append(others, a)
		}
	}
	if len(persons) == 1 {
		return 0, persons[0]
	}
	if len(persons) == 0 && len(others) == 1 {
		return 0, others[0]
	}
	return 0, nil
}
