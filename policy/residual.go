package policy

import (
	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// residual is what is left to evaluate of a policy where the index and the selection
// take it: by then its action, the type of its resource, the function that it is for and
// the one principal or resource that it names are proven. What a resource lies in is not.
func residual(whole *cedar.Policy) *cedar.Policy {
	left := *whole.AST()
	left.Action = ast.ScopeTypeAll{}
	switch s := left.Principal.(type) {
	case ast.ScopeTypeEq, ast.ScopeTypeIn: // in a function: the compiler refuses another
		left.Principal = ast.ScopeTypeAll{}
	case ast.ScopeTypeIs:
		if s.Type == identityType {
			left.Principal = ast.ScopeTypeAll{}
		}
	case ast.ScopeTypeIsIn:
		if s.Type == identityType {
			left.Principal = ast.ScopeTypeAll{}
		}
	}
	switch s := left.Resource.(type) {
	case ast.ScopeTypeEq, ast.ScopeTypeIs:
		left.Resource = ast.ScopeTypeAll{}
	case ast.ScopeTypeIsIn:
		left.Resource = ast.ScopeTypeIn{Entity: s.Entity}
	}
	return cedar.NewPolicyFromAST(&left)
}

// looksAt adds the names of the attributes that a policy may read of its resource and of
// its context. A name counts wherever it is asked for, unless plainly of the principal: a
// name too many costs a little, one too few would change an answer.
func looksAt(names map[cedar.String]bool, tree *ast.Policy) {
	see := func(of ast.IsNode, name cedar.String) bool {
		v, plain := of.(ast.NodeTypeVariable)
		if !plain || v.Name != "principal" {
			names[name] = true
		}
		return !plain // else there is nothing below
	}
	for _, c := range tree.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			switch n := n.(type) {
			case ast.NodeTypeAccess:
				return see(n.Arg, n.Value)
			case ast.NodeTypeHas:
				return see(n.Arg, n.Value)
			case ast.NodeTypeVariable:
				if n.Name == "context" { // as a whole
					for _, a := range contextAttributes {
						names[a.name] = true
					}
				}
			}
			return true
		})
	}
}

// asksWithin reports whether a policy may ask what something lies in. A function that is
// written out in its head is known otherwise.
func asksWithin(tree *ast.Policy) (asks bool) {
	switch tree.Resource.(type) {
	case ast.ScopeTypeIn, ast.ScopeTypeIsIn:
		return true
	}
	for _, c := range tree.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			switch n.(type) {
			case ast.NodeTypeIn, ast.NodeTypeIsIn:
				asks = true
			}
			return !asks
		})
	}
	return asks
}
