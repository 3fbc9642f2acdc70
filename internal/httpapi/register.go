package httpapi

import (
	"context"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// A Guard decides whether whoever calls may do what the input asks for. It returns
// the context that the operation runs in.
type Guard[I any] interface {
	// Rule is what is decided, for readers of the API's description.
	Rule() string
	Check(ctx context.Context, in *I) (context.Context, error)
}

// RuleExtension is where the description of an operation says its guard's rule.
const RuleExtension = "x-writ-rule"

// Register adds an operation to the API. What the operation returns as an error
// becomes a problem document.
func Register[I, O any](api huma.API, op huma.Operation, guard Guard[I], do func(context.Context, *I) (*O, error)) {
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions[RuleExtension] = guard.Rule()
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = MaxBody
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		ctx, err := guard.Check(ctx, in)
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		out, err := do(ctx, in)
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		return out, nil
	})
}

// MaxBody is how large a request may be unless its operation says otherwise.
const MaxBody = 4 << 20

// SecretExtension marks an operation whose answer holds a secret: it is shown once,
// and kept nowhere.
const SecretExtension = "x-writ-secret"

// Secrets are the patterns of the operations that are marked so.
func Secrets(api huma.API) map[string]bool {
	marked := map[string]bool{}
	Operations(api, func(op *huma.Operation) {
		if secret, _ := op.Extensions[SecretExtension].(bool); secret {
			marked[op.Method+" "+op.Path] = true
		}
	})
	return marked
}

// Operations calls fn for every operation, by path and then by method.
func Operations(api huma.API, fn func(op *huma.Operation)) {
	paths := api.OpenAPI().Paths
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Head, item.Post, item.Put, item.Patch, item.Delete, item.Options, item.Trace} {
			if op != nil {
				fn(op)
			}
		}
	}
}
