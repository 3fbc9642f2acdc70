package policy

import (
	"maps"
	"slices"

	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
)

// Uses are the variables that the expression looks at, sorted. Of a map it is each name
// that is written out, as "map.name", or the map itself where a name is computed.
func (x *Expr) Uses() []string { return slices.Clone(x.uses) }

func uses(checked *celast.AST, env Env) []string {
	found := map[string]bool{}
	celast.MatchDescendants(celast.NavigateAST(checked), func(e celast.NavigableExpr) bool {
		ref := checked.ReferenceMap()[e.ID()]
		if ref == nil {
			return false
		}
		kind, known := env[ref.Name]
		if !known {
			return false
		}
		name := ref.Name
		if kind == MapVar {
			if key, written := keyOf(e); written {
				name += "." + key
			}
		}
		found[name] = true
		return false
	})
	return slices.Sorted(maps.Keys(found))
}

// keyOf is the name that a map is asked for: m.name, m["name"] or "name" in m.
func keyOf(m celast.NavigableExpr) (string, bool) {
	parent, ok := m.Parent()
	if !ok {
		return "", false
	}
	switch parent.Kind() {
	case celast.SelectKind:
		return parent.AsSelect().FieldName(), true
	case celast.CallKind:
		call := parent.AsCall()
		args := call.Args()
		switch {
		case call.FunctionName() == operators.Index && len(args) == 2 && args[0].ID() == m.ID():
			return literal(args[1])
		case call.FunctionName() == operators.In && len(args) == 2 && args[1].ID() == m.ID():
			return literal(args[0])
		}
	default:
	}
	return "", false
}

func literal(e celast.Expr) (string, bool) {
	if e.Kind() != celast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().Value().(string)
	return text, ok
}
