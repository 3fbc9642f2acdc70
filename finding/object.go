package finding

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// ObjectOf is a finding as decisions about it need it. Whose access it is about are its
// subject and everybody whom its evidence names: none of them accepts it.
func ObjectOf(v *graph.View, f Finding, caller access.IdentityID) policy.Object {
	about, _ := policy.ObjectOf(v, f.Subject)
	o := policy.Object{Resource: policy.Resource{Ref: f.ID.Ref(), Kind: f.Rule, Function: f.Function, Tier: about.Tier, Owner: f.Owner}}
	if in, ok := policy.ObjectOf(v, f.System.Ref()); ok {
		o.System, o.Scope, o.Environment, o.DataClass = f.System, in.Scope, in.Environment, in.DataClass
		if o.Owner == 0 || in.Owner == caller {
			o.Owner = in.Owner // it is also whoever's who answers for the system
		}
	}
	o.Subjects = subjects(v, f)
	return o
}

func subjects(v *graph.View, f Finding) (list []access.Ref) {
	switch f.Subject.Kind {
	case access.KindCredential:
		for _, id := range v.AccountsAccepting(access.CredentialID(f.Subject.Key)) {
			list = append(list, id.Ref())
		}
	case access.KindGrant: // its holder comes first in what is said of it
		if len(f.Evidence) > 0 && len(f.Evidence[0].Refs) > 0 {
			list = append(list, f.Evidence[0].Refs[0])
		}
	default:
		list = append(list, f.Subject)
	}
	for _, e := range f.Evidence {
		for _, r := range e.Refs {
			if there(v, r) {
				list = append(list, r)
			}
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

// names are the labels of the objects that findings refer to.
type names map[access.Ref]access.Label

func (a *API) names(ctx context.Context, list []Finding, more ...access.Ref) (names, error) {
	refs := more
	for _, f := range list {
		refs = append(refs, f.Subject, f.System.Ref(), f.Owner.Ref())
		for _, e := range f.Evidence {
			refs = append(refs, e.Refs...)
		}
	}
	return a.Names.Names(ctx, refs)
}

func (n names) of(r access.Ref) *access.Named {
	if r.IsZero() {
		return nil
	}
	named := n[r].Named(r)
	return &named
}

// sentence fills in the names that a fact refers to.
func (n names) sentence(e Evidence) string {
	text := e.Text
	for _, r := range e.Refs {
		named := n[r].Named(r)
		if named.System != "" {
			named.Name = named.System + "/" + named.Name
		}
		text = strings.Replace(text, "{}", strings.ReplaceAll(named.Name, "{}", "{ }"), 1)
	}
	return text
}
