package search

import (
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Words for facts that have no word of the model.
const (
	yes      = "yes"
	none     = "none"
	orphan   = "orphan"
	disputed = "disputed"
	never    = "never"
	known    = "known"
)

// tierWord is how a tier is asked for.
func tierWord(t access.Tier) string {
	if t < access.Tier0 || t > access.Tier3 {
		return none
	}
	return strconv.Itoa(int(t))
}

func systemWord(id access.SystemID) string { return strconv.FormatInt(int64(id), 36) }

// factsOf lists what is true of an object by the graph; false is not there.
func factsOf(v *graph.View, ref access.Ref, list []fact) ([]fact, bool) {
	switch ref.Kind {
	case access.KindIdentity:
		n, ok := v.Identity(access.IdentityID(ref.Key))
		return identityFacts(n, list), ok
	case access.KindAccount:
		n, ok := v.Account(access.AccountID(ref.Key))
		return accountFacts(n, list), ok
	case access.KindEntitlement:
		n, ok := v.Entitlement(access.EntitlementID(ref.Key))
		return append(list, fact{aboutKind, n.Kind}, fact{aboutTier, tierWord(n.Tier)}, fact{aboutSystem, systemWord(n.System)}), ok
	case access.KindSystem:
		n, ok := v.System(access.SystemID(ref.Key))
		return append(list, fact{aboutSystem, systemWord(n.ID)}), ok
	case access.KindResource:
		n, ok := v.Resource(access.ResourceID(ref.Key))
		return append(list, fact{aboutSystem, systemWord(n.System)}), ok
	default:
		return list, false
	}
}

func identityFacts(n graph.IdentityNode, list []fact) []fact {
	list = append(list, fact{aboutKind, string(n.Kind)}, fact{aboutState, string(n.State)})
	if n.ThirdParty {
		list = append(list, fact{aboutThirdParty, yes})
	}
	return list
}

func accountFacts(n graph.AccountNode, list []fact) []fact {
	list = append(list, fact{aboutKind, string(n.Kind)}, fact{aboutState, string(n.Status)}, fact{aboutSystem, systemWord(n.System)})
	switch {
	case n.Disputed:
		list = append(list, fact{aboutLink, disputed})
	case len(n.Identities) == 0:
		list = append(list, fact{aboutLink, orphan})
	}
	switch useOf(n.UsageKnown, n.LastUsed) {
	case useUnknown:
	case useNever:
		list = append(list, fact{aboutUse, never})
	default:
		list = append(list, fact{aboutUse, known})
	}
	return list
}

func findingFacts(f *Finding, list []fact) []fact {
	return append(list, fact{aboutState, f.Status}, fact{aboutSeverity, string(f.Severity)},
		fact{aboutFunction, string(f.Function)}, fact{aboutRule, f.Rule}, fact{aboutSystem, systemWord(f.System)})
}
