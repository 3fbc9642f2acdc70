package audit

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrNoActor is returned for a change that nobody is named for.
var ErrNoActor = fault.New(fault.Internal, "no-actor", "a change needs an actor")

// Actor is who makes a change: an identity, or a named part of this node.
type Actor struct {
	Identity access.IdentityID
	Node     string // "sequencer", "sweeper", "operator:<uid>"; when there is no identity
}

// String names the actor as records show it.
func (a Actor) String() string {
	if a.Identity != 0 {
		return a.Identity.String()
	}
	return a.Node
}

// Event is what a caller says about the change that it makes; the store adds
// the time, the log the place.
type Event struct {
	Action string     // feature.verb, lower case: inventory.sync, finding.accept
	Object access.Ref // what it was done to
	// Subjects are the identities that Personal tells about. The payload is
	// encrypted under the first one's key, so that erasing that key erases it.
	Subjects []access.IdentityID
	// Facts are counts, ids and digests: safe to keep for ever, part of the leaf.
	Facts map[string]string
	// Personal is names and free text: beside the log, erasable, only committed
	// to in the leaf. Never a secret.
	Personal map[string]string
	// Quiet says that who may do what is the same after it, as that somebody used what they
	// may: nobody who follows what changes looks again for its sake.
	Quiet bool
}

type actorKey struct{}

// WithActor returns a context in which changes are made by a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns the actor of ctx, or ErrNoActor.
func ActorOf(ctx context.Context) (Actor, error) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok || a == (Actor{}) {
		return Actor{}, ErrNoActor
	}
	return a, nil
}
