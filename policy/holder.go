package policy

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// InFact are the access modes that a right follows: what may be activated is not held yet.
const InFact = 1<<access.Standing | 1<<access.Activated

// Holds reports whether somebody is a holder of a right, or has what the holder stands for,
// an entitlement or a role, by one view of who holds what. Without a view nobody has any.
func Holds(v *graph.View, holder access.Ref, who access.IdentityID) bool {
	switch {
	case v == nil || who <= 0 || who > 1<<32-1:
		return false
	case holder.Kind == access.KindIdentity:
		return holder == who.Ref()
	}
	return v.Members([]access.Ref{holder}, graph.Question{Modes: InFact}).Identities.Contains(uint32(who))
}

// Answering is who answers for a thing: its owner, and where that one has left the deputy,
// else the owner's manager.
func Answering(v *graph.View, owner, deputy access.IdentityID) access.IdentityID {
	if v == nil {
		return owner
	}
	is, _ := v.Identity(owner)
	for _, id := range []access.IdentityID{owner, deputy, is.Manager} {
		if n, ok := v.Identity(id); id != 0 && ok && n.State.MayHoldAccess() {
			return id
		}
	}
	return owner
}
