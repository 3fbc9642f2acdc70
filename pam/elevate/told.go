package elevate

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Conflicts are what somebody can reach beside an entitlement and nobody should, as systems
// declare it.
func Conflicts(v *graph.View, who access.IdentityID, what access.EntitlementID) (list []access.EntitlementID) {
	n, ok := v.Entitlement(what)
	if !ok {
		return nil
	}
	against := append([]access.EntitlementID{}, n.Conflicts...)
	for e := range v.Entitlements() {
		for _, other := range e.Conflicts {
			if other == what {
				against = append(against, e.ID)
			}
		}
	}
	seen := map[access.EntitlementID]bool{}
	for _, id := range against {
		if !seen[id] && policy.Holds(v, id.Ref(), who) {
			list = append(list, id)
		}
		seen[id] = true
	}
	return list
}

// shown is what others decide by: who, what, how privileged it is, how long, why, and
// whether it breaks a rule.
func (s *Service) shown(ctx context.Context, v *graph.View, e *Elevation) (approval.Case, error) {
	c := approval.Case{
		Action: activateAction, By: e.Identity, For: []access.Ref{e.Identity.Ref()}, System: e.System, Thing: e.Entitlement.Ref(),
		Stages: e.Terms.Stages, Reason: e.Reason, Ticket: e.Ticket,
	}
	if o, ok := policy.ObjectOf(v, e.Entitlement.Ref()); ok {
		c.Scope, c.Owner = o.Scope, o.Owner
	}
	conflicts := Conflicts(v, e.Identity, e.Entitlement)
	refs := []access.Ref{e.Identity.Ref(), e.Entitlement.Ref(), e.System.Ref(), e.Resource.Ref()}
	for _, id := range conflicts {
		refs = append(refs, id.Ref())
	}
	names, err := s.Names.Names(ctx, refs)
	if err != nil {
		return c, err
	}
	name := func(r access.Ref) string { return cmp.Or(names[r].Name, r.String()) }
	c.Shown = map[string]string{
		"who": name(e.Identity.Ref()), "what": name(e.Entitlement.Ref()), "system": name(e.System.Ref()), "tier": tierWord(e.Tier), "for": access.Lasting(e.Lasts), "from": "at once",
	}
	if e.Resource != 0 {
		c.Shown["on"] = name(e.Resource.Ref())
	}
	if e.Start > s.now() {
		c.Shown["from"] = e.Start.Time().Format("2006-01-02 15:04 MST")
	}
	if len(conflicts) > 0 {
		words := make([]string, len(conflicts))
		for i, id := range conflicts {
			words[i] = name(id.Ref())
		}
		c.Shown["breaks a rule"] = "nobody should hold it beside " + strings.Join(words, ", ")
	}
	return c, nil
}

func tierWord(t access.Tier) string {
	if t == access.Unclassified {
		return "not classified"
	}
	return strconv.Itoa(int(t))
}
