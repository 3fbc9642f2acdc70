package policy

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// Caller is who asks something of Writ, as the door has made sure of it.
type Caller struct {
	Identity access.IdentityID
	// Node names who acts on the node itself, by its data directory, which is what
	// permits it. Only a command gives it, never the door.
	Node    string
	Context Context
	// Via is by what they are known: a sign-in or a token.
	Via access.Ref
	// Key is the thumbprint of the client's key that proved the request, and Agent what
	// the client calls itself. Both are there for nobody, too.
	Key, Agent string
	// Limits are what the caller's token is limited to: actions by name, and groups.
	// Nil is no limit.
	Limits []string
}

// byName are actions that are for tokens, and only for those that name them: no group
// reaches them, and nobody does them who has signed in. A program shows no second factor;
// that its owner showed one when they made the token, for this by name, stands for it.
var byName = map[string]bool{"secret.fetch": true}

// Within refuses what the caller's token does not reach.
func (c Caller) Within(action string) error {
	switch {
	case slices.Contains(c.Limits, action):
		return nil
	case byName[action]:
		return ErrLimited.With("this takes a token that is limited to %q by name, among what else it may do", action)
	case c.Limits == nil:
		return nil
	}
	if a, ok := actionOf(action); ok && slices.Contains(c.Limits, string(a.Group)) {
		return nil
	}
	return ErrLimited.With("the token is not for %q", action)
}

// The ways in which a caller may not go on.
var (
	ErrSignIn   = fault.New(fault.Denied, "sign-in-required", "sign in first")
	ErrLimited  = fault.New(fault.Denied, "token-limited", "the token is not for this")
	ErrStepUp   = fault.New(fault.Denied, "step-up-required", "confirm that it is you: this needs a second factor of the last ten minutes")
	ErrReason   = fault.New(fault.Invalid, "reason-required", "this needs a reason")
	ErrSomebody = fault.New(fault.Denied, "somebody-required", "this is done by somebody who has signed in, never by the node")
	ErrApprove  = fault.New(fault.Refused, "approval-required", "somebody else has to approve this first")
)

type callerKey struct{}

// WithCaller returns a context in which c asks, and makes the changes.
func WithCaller(ctx context.Context, c Caller) context.Context {
	ctx = audit.WithActor(ctx, audit.Actor{Identity: c.Identity, Node: c.Node})
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns who asks; nobody has signed in where it is false.
func CallerOf(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok && (c.Identity != 0 || c.Node != "")
}

func actionOf(name string) (Action, bool) {
	for _, a := range Actions {
		if a.Name == name {
			return a, true
		}
	}
	return Action{}, false
}
