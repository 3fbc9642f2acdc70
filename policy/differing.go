package policy

import (
	"slices"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/writhq/writ/access"
)

// mentioned are the things that policies name, in their heads or their conditions.
func mentioned(policies []*Policy) map[access.Ref]bool {
	named := map[access.Ref]bool{}
	add := func(e cedar.EntityUID) {
		if ref, err := access.ParseRef(string(e.ID)); err == nil {
			named[ref] = true
		}
	}
	for _, p := range policies {
		add(p.principal)
		add(p.resource)
		tree := (*ast.Policy)(p.cedar.AST())
		for _, c := range tree.Conditions {
			ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
				if v, is := n.(ast.NodeValue); is {
					entities(v.Value, add)
				}
				return true
			})
		}
	}
	return named
}

// entities finds the entities in a value.
func entities(v cedar.Value, add func(cedar.EntityUID)) {
	switch v := v.(type) {
	case cedar.EntityUID:
		add(v)
	case cedar.Set:
		for x := range v.All() {
			entities(x, add)
		}
	}
}

// changedPolicies are those that one set enforces on an action and the other does not, or
// not so.
func changedPolicies(was, is *candidates) (list []*Policy) {
	for _, x := range [][2][]*Policy{{was.enforced, is.enforced}, {is.enforced, was.enforced}} {
		for _, p := range x[0] {
			if !slices.ContainsFunc(x[1], func(q *Policy) bool { return p.ID == q.ID && p.Text == q.Text }) {
				list = append(list, p)
			}
		}
	}
	return list
}
