package policy

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Finding is what decisions about a finding need to be told of it.
type Finding struct {
	ID       access.FindingID
	Rule     string
	Subject  access.Ref
	System   access.SystemID
	Function access.Function
	Owner    access.IdentityID
	Holder   access.Ref   // whose the grant is that it is about, if it is about one
	Named    []access.Ref // by its evidence
}

// Object is the finding as decisions about it need it. Whose access it is about are its
// subject and everybody whom its evidence names: none of them accepts it.
func (f Finding) Object(v *graph.View, caller access.IdentityID) Object {
	about, _ := ObjectOf(v, f.Subject)
	o := Object{Resource: Resource{Ref: f.ID.Ref(), Kind: f.Rule, Function: f.Function, Tier: about.Tier, Owner: f.Owner}}
	if in, ok := ObjectOf(v, f.System.Ref()); ok {
		o.System, o.Scope, o.Environment, o.DataClass = f.System, in.Scope, in.Environment, in.DataClass
		if o.Owner == 0 || in.Owner == caller {
			o.Owner = in.Owner // it is also whoever's who answers for the system
		}
	}
	o.Subjects = f.subjects(v)
	return o
}

func (f Finding) subjects(v *graph.View) (list []access.Ref) {
	switch f.Subject.Kind {
	case access.KindCredential:
		for _, id := range v.AccountsAccepting(access.CredentialID(f.Subject.Key)) {
			list = append(list, id.Ref())
		}
	case access.KindGrant:
		if !f.Holder.IsZero() {
			list = append(list, f.Holder)
		}
	default:
		list = append(list, f.Subject)
	}
	for _, r := range f.Named {
		if there(v, r) {
			list = append(list, r)
		}
	}
	return list
}

// there reports whether a reference is to somebody, or to an account, who is there.
func there(v *graph.View, r access.Ref) (ok bool) {
	switch r.Kind {
	case access.KindIdentity:
		_, ok = v.Identity(access.IdentityID(r.Key))
	case access.KindAccount:
		_, ok = v.Account(access.AccountID(r.Key))
	default:
	}
	return ok
}
