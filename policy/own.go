package policy

import (
	"slices"

	"github.com/writhq/writ/access"
)

// ownWay says in which way a decision would be about the decider's own access.
type ownWay string

// The ways, in words that end "because …".
const (
	notOwn     ownWay = ""
	ownSelf    ownWay = "it is about the access of whoever decides"
	ownAsked   ownWay = "whoever decides has asked for it"
	ownService ownWay = "it is about a service identity that whoever decides owns"
	ownReport  ownWay = "it is about a service identity whose owner whoever decides reports to"
	ownGroup   ownWay = "it is about a group or role that whoever decides is in"
)

// ownAccess reports whether deciding r would be deciding on one's own access:
// directly, by delegation, through a group, or through a service identity. A
// subject that the facts do not know is a cause to deny.
func ownAccess(f Facts, r *Request, t Type) (ownWay, Cause) {
	subjects := r.Resource.Subjects
	if (t == IdentityType || t == AccountType || t == PolicyType) && !r.Resource.Ref.IsZero() {
		subjects = append(slices.Clone(subjects), r.Resource.Ref)
	}
	if len(subjects) == 0 {
		return notOwn, UnknownSubject
	}
	deciders := []access.IdentityID{access.IdentityID(r.Principal.Key)}
	if r.Context.OnBehalfOf != 0 {
		deciders = append(deciders, r.Context.OnBehalfOf)
	}
	for _, who := range deciders {
		if r.Resource.Creator == who {
			return ownAsked, ""
		}
		managers := f.Managers(who)
		for _, s := range subjects {
			if way, cause := ownSubject(f, who, managers, s); way != notOwn || cause != "" {
				return way, cause
			}
		}
	}
	return notOwn, ""
}

func ownSubject(f Facts, who access.IdentityID, managers []access.IdentityID, s access.Ref) (ownWay, Cause) {
	switch s.Kind {
	case access.KindIdentity:
		return ownIdentity(f, who, managers, access.IdentityID(s.Key))
	case access.KindAccount:
		owners, ok := f.OwnersOf(access.AccountID(s.Key))
		if !ok {
			return notOwn, UnknownSubject
		}
		for _, id := range owners {
			if way, cause := ownIdentity(f, who, managers, id); way != notOwn || cause != "" {
				return way, cause
			}
		}
		return notOwn, ""
	case access.KindEntitlement, access.KindRole:
		if f.Holds(who, s) {
			return ownGroup, ""
		}
		return notOwn, ""
	case access.KindSystem, access.KindResource, access.KindScope, access.KindPolicy, access.KindAuthority:
		return notOwn, "" // nobody's access
	default:
		return notOwn, UnknownSubject
	}
}

func ownIdentity(f Facts, who access.IdentityID, managers []access.IdentityID, subject access.IdentityID) (ownWay, Cause) {
	if subject == who {
		return ownSelf, ""
	}
	facts, ok := f.Identity(subject)
	switch {
	case !ok:
		return notOwn, UnknownSubject
	case facts.Kind == access.Human || facts.Owner == 0:
		return notOwn, ""
	case facts.Owner == who:
		return ownService, ""
	case slices.Contains(managers, facts.Owner):
		return ownReport, ""
	}
	return notOwn, ""
}
