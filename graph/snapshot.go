package graph

import (
	"iter"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// snapshot is everything at one revision. Once published it is never written,
// except for what it remembers of answers already worked out.
type snapshot struct {
	rev access.Rev
	gen generation

	// Nodes. A row that is not there is zero.
	systems      column[systemRow]
	resources    column[resourceRow]
	entitlements column[entitlementRow]
	identities   column[identityRow]
	accounts     column[accountRow]
	roles        column[roleRow]
	// owner is an account's identity, apart from its row because sets of a million
	// accounts are mapped to identities by it; see ownerOf.
	owner          column[uint32]
	sharers        column[[]access.IdentityID] // identities of accounts that have several
	present        set                         // identities that are there
	usableAccounts set                         // accounts that are there and enabled

	// Edges where they start.
	accountGrants, identityGrants, entitlementGrants lists
	credentials, openings, assignments               lists

	// Edges where they end.
	held         column[holders] // of entitlements
	assigned     column[holders] // of roles: identities that have it, roles that include it
	rights       column[*rights] // of resources: grants that name it
	accountsOf   relation        // identity
	accepting    relation        // credential
	opens        relation        // account: accounts that it opens
	inside       relation        // resource: its children
	givingAccess relation        // resource: entitlements that are to it by themselves
	granters     relation        // entitlement: entitlements that can give it
	stepIns      relation        // entitlement: entitlements whose holders can become its holders
	impersonates relation        // account: entitlements that can become it
	impersonated set             // accounts that some entitlement names in that way
	opened       set             // accounts that another one opens

	// What was worked out for readers.
	remembered memory[Members]
	leads      memory[*lead]
	exposure   func() exposure
	presence   func() []uint64 // bits of the identities that are there
}

type systemRow struct {
	node SystemNode // ID is zero where it is not there
	// What belongs to it, by what the objects themselves say, even if it is not there.
	accounts, entitlements, resources set
	guests                            set // systems that run on it
	// Entitlements that reach into it: that can give its entitlements, become its
	// accounts, or bypass its controls.
	granters, impersonators, controllers set
}

type resourceRow struct {
	there  bool
	class  uint8
	system uint32
	parent uint32
}

type entitlementRow struct {
	there bool
	node  EntitlementNode
}

type roleRow struct {
	there bool
	node  RoleNode
}

type identityRow struct {
	there       bool
	thirdParty  bool
	kind, state uint8
	sponsor     uint32
	manager     uint32
	owner       uint32
	contractEnd access.Time
}

type accountRow struct {
	there        bool
	interactive  bool
	disputed     bool
	usageKnown   bool
	kind, status uint8
	system       uint32
	lastUsed     access.Time
	created      access.Time
	expires      access.Time
}

// rights are the grants that name a resource, by entitlement.
type rights struct {
	gen  generation
	list []right
}

type right struct {
	entitlement uint32
	held        holders
}

func (r *rights) find(entitlement uint32) (int, bool) {
	return slices.BinarySearchFunc(r.list, entitlement, func(a right, e uint32) int { return int(a.entitlement) - int(e) })
}

// An account's owner column: whether it can be used, and its identity, which is
// several where the sharers column has them.
const (
	usable    = 1 << 31
	ownerMask = usable - 1
)

// next returns the snapshot to build upon this one. It costs the tables of sheets,
// not the sheets.
func (s *snapshot) next(gen generation) *snapshot {
	return &snapshot{
		rev: s.rev, gen: gen,
		systems: s.systems.share(), resources: s.resources.share(),
		entitlements: s.entitlements.share(), identities: s.identities.share(),
		accounts: s.accounts.share(), roles: s.roles.share(),
		owner: s.owner.share(), sharers: s.sharers.share(), present: s.present, usableAccounts: s.usableAccounts,
		accountGrants: s.accountGrants.share(), identityGrants: s.identityGrants.share(),
		entitlementGrants: s.entitlementGrants.share(),
		credentials:       s.credentials.share(), openings: s.openings.share(), assignments: s.assignments.share(),
		held: s.held.share(), assigned: s.assigned.share(), rights: s.rights.share(),
		accountsOf: s.accountsOf.share(), accepting: s.accepting.share(), opens: s.opens.share(), opened: s.opened,
		inside: s.inside.share(), givingAccess: s.givingAccess.share(),
		granters: s.granters.share(), stepIns: s.stepIns.share(),
		impersonates: s.impersonates.share(), impersonated: s.impersonated,
	}
}

// publish makes the snapshot one to read: from here on nothing writes it.
func (s *snapshot) publish() *snapshot {
	s.exposure = sync.OnceValue(s.findExposure)
	s.presence = sync.OnceValue(func() []uint64 { return s.present.bitmap().ToDense() })
	return s
}

// exposure is which accounts somebody could become: the ones that are named, all
// of the systems whose accounts somebody can become, and what those open.
type exposure struct {
	systems  map[uint32]bool
	accounts *roaring.Bitmap
}

func (s *snapshot) findExposure() exposure {
	e := exposure{systems: map[uint32]bool{}, accounts: roaring.New()}
	s.impersonated.orInto(e.accounts)
	var control func(id uint32)
	control = func(id uint32) {
		row := s.systems.peek(id)
		if row == nil || row.node.ID == 0 || e.systems[id] {
			return
		}
		e.systems[id] = true
		for guest := range row.guests.each {
			control(guest)
		}
	}
	for id, row := range s.systems.all {
		if !row.controllers.empty() {
			control(id)
		}
	}
	for id, row := range s.systems.all {
		if row.node.ID != 0 && !row.impersonators.empty() {
			e.systems[id] = true
		}
		if e.systems[id] {
			row.accounts.orInto(e.accounts)
		}
	}
	s.exposeOpened(e.accounts)
	return e
}

// exposeOpened adds the accounts that exposed ones open. Every round adds the next
// account of each chain; chains are short.
func (s *snapshot) exposeOpened(exposed *roaring.Bitmap) {
	for grown := true; grown; {
		grown = false
		for x := range s.opened.each {
			if exposed.Contains(x) || s.owner.at(x)&usable == 0 {
				continue
			}
			for by := range s.openings.eachOpening(x) {
				if exposed.Contains(by) {
					exposed.Add(x)
					grown = true
					break
				}
			}
		}
	}
}

// eachOwner yields the identities that an account says it belongs to, there or not.
func (s *snapshot) eachOwner(account uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		switch owner := s.owner.at(account) & ownerMask; owner {
		case 0:
		case several:
			for _, identity := range s.sharers.at(account) {
				if !yield(uint32(identity)) {
					return
				}
			}
		default:
			yield(owner)
		}
	}
}
