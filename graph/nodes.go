package graph

import (
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// System returns a system's facts.
func (v *View) System(id access.SystemID) (SystemNode, bool) {
	if row := find(&v.s.systems, id); row != nil && row.node.ID != 0 {
		return row.node, true
	}
	return SystemNode{}, false
}

// Resource returns a resource's facts.
func (v *View) Resource(id access.ResourceID) (ResourceNode, bool) {
	if row := find(&v.s.resources, id); row != nil && row.there {
		return row.friendly(id), true
	}
	return ResourceNode{}, false
}

// Entitlement returns an entitlement's facts.
func (v *View) Entitlement(id access.EntitlementID) (EntitlementNode, bool) {
	if row := find(&v.s.entitlements, id); row != nil && row.there {
		return row.node, true
	}
	return EntitlementNode{}, false
}

// Identity returns an identity's facts.
func (v *View) Identity(id access.IdentityID) (IdentityNode, bool) {
	if row := find(&v.s.identities, id); row != nil && row.there {
		return row.friendly(id), true
	}
	return IdentityNode{}, false
}

// Account returns an account's facts, its identities in the order of their keys.
func (v *View) Account(id access.AccountID) (AccountNode, bool) {
	if row := find(&v.s.accounts, id); row != nil && row.there {
		return v.s.account(id, row), true
	}
	return AccountNode{}, false
}

// Role returns a role's facts.
func (v *View) Role(id access.RoleID) (RoleNode, bool) {
	if row := find(&v.s.roles, id); row != nil && row.there {
		return row.node, true
	}
	return RoleNode{}, false
}

// find peeks at a row by an id that may be anything.
func find[T any, ID ~int64](c *column[T], id ID) *T {
	if id <= 0 || id >= several {
		return nil
	}
	return c.peek(uint32(id))
}

// Systems yields the systems in id order.
func (v *View) Systems() iter.Seq[SystemNode] {
	return func(yield func(SystemNode) bool) {
		for _, row := range v.s.systems.all {
			if row.node.ID != 0 && !yield(row.node) {
				return
			}
		}
	}
}

// Resources yields the resources in id order.
func (v *View) Resources() iter.Seq[ResourceNode] {
	return func(yield func(ResourceNode) bool) {
		for id, row := range v.s.resources.all {
			if row.there && !yield(row.friendly(access.ResourceID(id))) {
				return
			}
		}
	}
}

// Entitlements yields the entitlements in id order.
func (v *View) Entitlements() iter.Seq[EntitlementNode] {
	return func(yield func(EntitlementNode) bool) {
		for _, row := range v.s.entitlements.all {
			if row.there && !yield(row.node) {
				return
			}
		}
	}
}

// Identities yields the identities in id order.
func (v *View) Identities() iter.Seq[IdentityNode] {
	return func(yield func(IdentityNode) bool) {
		for id, row := range v.s.identities.all {
			if row.there && !yield(row.friendly(access.IdentityID(id))) {
				return
			}
		}
	}
}

// Accounts yields the accounts in id order.
func (v *View) Accounts() iter.Seq[AccountNode] {
	return func(yield func(AccountNode) bool) {
		for id, row := range v.s.accounts.all {
			if row.there && !yield(v.s.account(access.AccountID(id), row)) {
				return
			}
		}
	}
}

// Roles yields the roles in id order.
func (v *View) Roles() iter.Seq[RoleNode] {
	return func(yield func(RoleNode) bool) {
		for _, row := range v.s.roles.all {
			if row.there && !yield(row.node) {
				return
			}
		}
	}
}

// AccountsIn yields the accounts of a system in id order.
func (v *View) AccountsIn(id access.SystemID) iter.Seq[access.AccountID] {
	return func(yield func(access.AccountID) bool) {
		if row := find(&v.s.systems, id); row != nil {
			row.accounts.each(func(x uint32) bool { return yield(access.AccountID(x)) })
		}
	}
}

// EntitlementsOf yields the entitlements of a system in id order.
func (v *View) EntitlementsOf(id access.SystemID) iter.Seq[access.EntitlementID] {
	return func(yield func(access.EntitlementID) bool) {
		if row := find(&v.s.systems, id); row != nil {
			row.entitlements.each(func(x uint32) bool { return yield(access.EntitlementID(x)) })
		}
	}
}

// AccountsOf lists an identity's accounts, usable or not.
func (v *View) AccountsOf(id access.IdentityID) []access.AccountID {
	if _, there := v.Identity(id); !there {
		return nil
	}
	var list []access.AccountID
	for x := range v.s.accountsOf.each(uint32(id)) {
		list = append(list, access.AccountID(x))
	}
	return list
}

// Assignments lists an identity's roles that are there, by role and id.
func (v *View) Assignments(id access.IdentityID) []AssignmentEdge {
	if _, there := v.Identity(id); !there {
		return nil
	}
	var list []AssignmentEdge
	for assignment, role := range v.s.assignments.eachAssignment(uint32(id)) {
		if v.s.there(at(atRole, role)) {
			list = append(list, AssignmentEdge{ID: access.AssignmentID(assignment), Role: access.RoleID(role), Identity: id})
		}
	}
	slices.SortFunc(list, func(a, b AssignmentEdge) int {
		if a.Role != b.Role {
			return int(a.Role - b.Role)
		}
		return int(a.ID - b.ID)
	})
	return list
}

// Credentials lists what an account accepts, by credential.
func (v *View) Credentials(account access.AccountID) []CredentialEdge {
	if _, there := v.Account(account); !there {
		return nil
	}
	var list []CredentialEdge
	for c := range v.s.credentials.eachCredential(uint32(account)) {
		list = append(list, CredentialEdge{
			ID: access.CredentialID(c.id), Account: account, Kind: credentialKinds[c.kind],
			Changed: c.changed, LastUsed: c.lastUsed,
		})
	}
	slices.SortFunc(list, func(a, b CredentialEdge) int {
		if a.ID != b.ID {
			return int(a.ID - b.ID)
		}
		return int(a.Changed - b.Changed)
	})
	return list
}

// OpenedBy lists the accounts that are there and open an account, in id order.
func (v *View) OpenedBy(id access.AccountID) []access.AccountID {
	if _, there := v.Account(id); !there {
		return nil
	}
	return v.thereIn(v.s.openings.eachOpening(uint32(id)))
}

// Opens lists the accounts that are there and that an account opens, in id order.
func (v *View) Opens(id access.AccountID) []access.AccountID {
	if _, there := v.Account(id); !there {
		return nil
	}
	return v.thereIn(v.s.opens.each(uint32(id)))
}

// Through lists an account and all that one is let in as with it, over any number of
// accounts that can be used.
func (v *View) Through(id access.AccountID) []access.AccountID {
	all := []access.AccountID{id}
	for i := 0; i < len(all); i++ {
		for _, x := range v.Opens(all[i]) {
			if v.s.owner.at(uint32(x))&usable != 0 && !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	return all
}

func (v *View) thereIn(accounts iter.Seq[uint32]) []access.AccountID {
	var list []access.AccountID
	for x := range accounts {
		if v.s.there(at(atAccount, x)) {
			list = append(list, access.AccountID(x))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// AccountsAccepting lists the accounts that accept a credential.
func (v *View) AccountsAccepting(id access.CredentialID) []access.AccountID {
	if id <= 0 || id >= several {
		return nil
	}
	var list []access.AccountID
	for x := range v.s.accepting.each(uint32(id)) {
		if v.s.there(at(atAccount, x)) {
			list = append(list, access.AccountID(x))
		}
	}
	return list
}

// AllCredentials yields each credential that some account accepts once, in id order.
func (v *View) AllCredentials() iter.Seq[access.CredentialID] {
	return func(yield func(access.CredentialID) bool) {
		for id, one := range v.s.accepting.one.all {
			if *one != 0 && len(v.AccountsAccepting(access.CredentialID(id))) > 0 && !yield(access.CredentialID(id)) {
				return
			}
		}
	}
}

func (r *resourceRow) friendly(id access.ResourceID) ResourceNode {
	return ResourceNode{
		ID: id, System: access.SystemID(r.system), Parent: access.ResourceID(r.parent), DataClass: dataClasses[r.class],
	}
}

func (r *identityRow) friendly(id access.IdentityID) IdentityNode {
	return IdentityNode{
		ID: id, Kind: identityKinds[r.kind], State: identityStates[r.state], ThirdParty: r.thirdParty,
		ContractEnd: r.contractEnd, Sponsor: access.IdentityID(r.sponsor),
		Manager: access.IdentityID(r.manager), Owner: access.IdentityID(r.owner),
	}
}

func (s *snapshot) account(id access.AccountID, r *accountRow) AccountNode {
	n := AccountNode{
		ID: id, System: access.SystemID(r.system), Kind: accountKinds[r.kind], Status: accountStatuses[r.status],
		Interactive: r.interactive, Disputed: r.disputed, UsageKnown: r.usageKnown,
		LastUsed: r.lastUsed, Created: r.created, Expires: r.expires,
	}
	for identity := range s.eachOwner(uint32(id)) {
		n.Identities = append(n.Identities, access.IdentityID(identity))
	}
	return n
}
