package policy

import (
	"iter"
	"slices"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/writhq/writ/access"
)

// functionMask is a set of functions.
type functionMask uint8

const (
	requesterBit functionMask = 1 << iota
	iamBit
	securityBit
	platformBit
	auditBit

	allFunctions = 1<<iota - 1
)

func maskOf(f access.Function) (functionMask, bool) {
	switch f {
	case access.Requester:
		return requesterBit, true
	case access.IAM:
		return iamBit, true
	case access.SecurityOperations:
		return securityBit, true
	case access.PlatformOwner:
		return platformBit, true
	case access.AuditFunction:
		return auditBit, true
	}
	return 0, false
}

// index finds the policies that can apply by action, and so by the type of the
// resource that the action is on.
type index map[string]*candidates

type candidates struct {
	action   Action
	uid      cedar.EntityUID
	entity   cedar.Entity
	enforced []*Policy
	// In observe or warn.
	wouldPermit, wouldForbid []*Policy

	floor Obligations // that hold whatever policies oblige to

	scoped            bool        // some policy looks at what something lies in
	resource, context []attribute // that some policy looks at
}

func newIndex(policies []*Policy) index {
	x := make(index, len(Actions))
	for _, a := range Actions {
		c := newCandidates(a)
		names := map[cedar.String]bool{}
		for _, p := range policies {
			tree := (*ast.Policy)(p.cedar.AST())
			if !c.takesAction(tree.Action) || !takesType(tree.Resource, a.On) {
				continue
			}
			looksAt(names, tree)
			c.scoped = c.scoped || asksWithin(tree)
			switch {
			case p.Mode == Enforce:
				c.enforced = append(c.enforced, p)
			case p.Effect == Permit:
				c.wouldPermit = append(c.wouldPermit, p)
			default:
				c.wouldForbid = append(c.wouldForbid, p)
			}
		}
		c.resource, c.context = named(resourceAttributes, names), named(contextAttributes, names)
		x[a.Name] = c
	}
	return x
}

func newCandidates(a Action) *candidates {
	uid := cedar.NewEntityUID(actionType, cedar.String(a.Name))
	group := cedar.NewEntityUID(actionType, cedar.String(a.Group))
	return &candidates{action: a, uid: uid, entity: cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(group)}, floor: floors[a.Name]}
}

// maxOwnCost is what the organisation's own policies may cost a decision together, in nodes
// of which each takes some 50 ns; what a policy and a pattern cost beside theirs.
const (
	maxOwnCost = 5_000
	policyCost = 10
	likeCost   = 100
)

// affordable refuses own policies that could make the decisions on an action slow.
func (x index) affordable() error {
	for _, a := range Actions {
		c, cost := x[a.Name], 0
		for _, list := range [][]*Policy{c.enforced, c.wouldPermit, c.wouldForbid} {
			for _, p := range list {
				if cost += p.cost; cost > maxOwnCost {
					return refuse(p.Document, p.Line, 1, "with this policy, those that are asked on "+a.Name+" have too much in all: name fewer actions in them, or make them shorter")
				}
			}
		}
	}
	return nil
}

// takesAction reports whether a policy is for the action. It is not asked again.
func (c *candidates) takesAction(scope ast.IsActionScopeNode) bool {
	in := func(e cedar.EntityUID) bool { return e == c.uid || c.entity.Parents.Contains(e) }
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return s.Entity == c.uid
	case ast.ScopeTypeIn:
		return in(s.Entity)
	case ast.ScopeTypeInSet:
		return slices.ContainsFunc(s.Entities, in)
	default:
		return true
	}
}

func takesType(scope ast.IsResourceScopeNode, t Type) bool {
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return string(s.Entity.Type) == string(t)
	case ast.ScopeTypeIs:
		return string(s.Type) == string(t)
	case ast.ScopeTypeIsIn:
		return string(s.Type) == string(t)
	default:
		return true
	}
}

// selection is the policies that can apply to one request. It is what cedar
// iterates over.
type selection struct {
	*world
	from []*Policy
}

func (s *selection) takes(p *Policy) bool {
	return (p.functions == 0 || p.functions&s.held != 0) &&
		(p.principal.Type == "" || p.principal == s.identity) &&
		(p.resource.Type == "" || p.resource == s.resource)
}

// All yields them with their ids.
func (s *selection) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range s.from {
			if s.takes(p) && !yield(cedar.PolicyID(p.ID), p.residual) {
				return
			}
		}
	}
}
