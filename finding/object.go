package finding

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Decided is what decisions about a finding need to be told of it.
func (f Finding) Decided() policy.Finding {
	d := policy.Finding{ID: f.ID, Rule: f.Rule, Subject: f.Subject, System: f.System, Function: f.Function, Owner: f.Owner}
	if len(f.Evidence) > 0 && len(f.Evidence[0].Refs) > 0 {
		d.Holder = f.Evidence[0].Refs[0] // of a grant it comes first in what is said of it
	}
	for _, e := range f.Evidence {
		d.Named = append(d.Named, e.Refs...)
	}
	return d
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
