package role

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// gives reports whether a rule gives a role, or variants of it.
func (r *Rule) gives(id access.RoleID) bool {
	return slices.Contains(r.Roles, id) || slices.ContainsFunc(r.Choices, func(c access.Choice) bool { return c.Role == id })
}

// choosing is who has which variants by rules that choose them. What was asked of a rule is
// remembered.
type choosing struct {
	rules []Rule
	asked map[string]*roaring.Bitmap
}

func newChoosing(rules []Rule) choosing { return choosing{rules, map[string]*roaring.Bitmap{}} }

// each calls fn for every choice of which the role is there.
func (x choosing) each(c *Catalog, fn func(rule *Rule, choice access.Choice, of *Role)) {
	for i := range x.rules {
		for _, choice := range x.rules[i].Choices {
			if of, ok := c.Role(choice.Role); ok {
				fn(&x.rules[i], choice, of)
			}
		}
	}
}

// given is who has, by one choice, a variant of a role that has some values: nobody, where
// the role does not fit what the rule says.
func (x choosing) given(rule *Rule, choice access.Choice, of *Role, when Values) *roaring.Bitmap {
	parameters := make([]access.RoleParameter, len(of.Parameters))
	for i, p := range of.Parameters {
		parameters[i] = access.RoleParameter(p)
	}
	if choice.Fits(of.Name, parameters) != nil {
		return nil
	}
	wants, ok := choice.Wants(parameters, when)
	if !ok {
		return nil
	}
	who := rule.Members
	for _, w := range wants {
		key := rule.Name + "\x00" + w.From + "\x00" + strings.Join(w.Any, "\x00")
		if x.asked[key] == nil {
			x.asked[key] = rule.Having(w.From, w.Any)
		}
		who = roaring.And(who, x.asked[key])
	}
	return who
}

// chosen are the roles of which rules choose variants.
func (x choosing) chosen() map[access.RoleID]bool {
	roles := map[access.RoleID]bool{}
	for i := range x.rules {
		for _, c := range x.rules[i].Choices {
			roles[c.Role] = true
		}
	}
	return roles
}
