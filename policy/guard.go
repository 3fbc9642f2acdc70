package policy

import "context"

// Guard decides for one operation, by what it is given; see internal/httpapi.
type Guard[I any] struct {
	rule  string
	check func(ctx context.Context, in *I) (context.Context, error)
}

// Rule is what is decided.
func (g Guard[I]) Rule() string { return g.rule }

// Check decides.
func (g Guard[I]) Check(ctx context.Context, in *I) (context.Context, error) {
	if g.check == nil {
		return ctx, ErrDenied.With("the operation has no guard")
	}
	return g.check(ctx, in)
}

// On guards an operation on one object: of tells which it is.
func On[I any](g *Gate, action string, of func(ctx context.Context, in *I) (Object, error)) Guard[I] {
	return Guard[I]{action, func(ctx context.Context, in *I) (context.Context, error) {
		if _, ok := CallerOf(ctx); !ok {
			return ctx, ErrSignIn
		}
		o, err := of(ctx, in)
		if err != nil {
			return ctx, err
		}
		return ctx, g.Permit(ctx, action, o)
	}}
}

// Choosing guards an operation on one object where what it takes depends on the object:
// of tells which it is and the action that is decided, and actions are what it may be.
func Choosing[I any](g *Gate, actions string, of func(ctx context.Context, in *I) (string, Object, error)) Guard[I] {
	return Guard[I]{actions, func(ctx context.Context, in *I) (context.Context, error) {
		if _, ok := CallerOf(ctx); !ok {
			return ctx, ErrSignIn
		}
		action, o, err := of(ctx, in)
		if err != nil {
			return ctx, err
		}
		return ctx, g.Permit(ctx, action, o)
	}}
}

// Seeing guards an operation that reads one object of several kinds: of tells which.
func Seeing[I any](g *Gate, of func(ctx context.Context, in *I) (Object, error)) Guard[I] {
	return Guard[I]{"see", func(ctx context.Context, in *I) (context.Context, error) {
		if _, ok := CallerOf(ctx); !ok {
			return ctx, ErrSignIn
		}
		o, err := of(ctx, in)
		if err != nil {
			return ctx, err
		}
		return ctx, g.See(ctx, o)
	}}
}

type reachesKey struct{}

// Within guards an operation on many things: it runs where the caller may do action
// somewhere, and must keep to ReachOf.
func Within[I any](g *Gate, action string) Guard[I] {
	return Guard[I]{action, func(ctx context.Context, _ *I) (context.Context, error) {
		r, err := g.Reach(ctx, action)
		return context.WithValue(ctx, reachesKey{}, r), err
	}}
}

// WithinOrOwn guards an operation as Within does, which also shows whoever calls what
// they answer for. It must keep to ReachOf, whose Own says whose that is.
func WithinOrOwn[I any](g *Gate, action string) Guard[I] {
	return Guard[I]{action + " or own", func(ctx context.Context, _ *I) (context.Context, error) {
		r, err := g.ReachOrOwn(ctx, action)
		return context.WithValue(ctx, reachesKey{}, r), err
	}}
}

// ReachOf is how far an operation that Within guards may go; elsewhere it is nowhere.
func ReachOf(ctx context.Context) Reach {
	r, _ := ctx.Value(reachesKey{}).(Reach)
	return r
}

// SignedIn guards what everybody may who has signed in, about themself only. A token
// with limits is not somebody who has.
func SignedIn[I any]() Guard[I] {
	return Guard[I]{"signed-in", func(ctx context.Context, _ *I) (context.Context, error) {
		c, ok := CallerOf(ctx)
		switch {
		case !ok:
			return ctx, ErrSignIn
		case c.Limits != nil:
			return ctx, ErrLimited
		}
		return ctx, nil
	}}
}

// Known guards what everybody may whom the door knows, with any token: reading what
// they are.
func Known[I any]() Guard[I] {
	return Guard[I]{"known", func(ctx context.Context, _ *I) (context.Context, error) {
		if _, ok := CallerOf(ctx); !ok {
			return ctx, ErrSignIn
		}
		return ctx, nil
	}}
}

// Anybody guards what needs no sign-in: the door itself.
func Anybody[I any]() Guard[I] {
	return Guard[I]{"anybody", func(ctx context.Context, _ *I) (context.Context, error) { return ctx, nil }}
}
