package graph

import (
	"slices"
	"unique"

	"github.com/writhq/writ/access"
)

// System takes a system's node.
func (b *builder) System(n SystemNode) error {
	id, err := dense("system", n.ID)
	if err != nil {
		return err
	}
	host, err := denseOrNone("system", n.RunsOn)
	if err != nil {
		return err
	}
	b.touch(n.ID.Ref())
	b.forgetSystem(id)
	b.systems.edit(b.gen, id).node = n
	if host != 0 {
		b.systems.edit(b.gen, host).guests.add(b.gen, id)
	}
	return nil
}

func (b *builder) forgetSystem(id uint32) {
	row := b.systems.peek(id)
	if row == nil || row.node.ID == 0 {
		return
	}
	if host := uint32(row.node.RunsOn); host != 0 {
		b.systems.edit(b.gen, host).guests.remove(b.gen, id)
	}
	b.systems.edit(b.gen, id).node = SystemNode{}
}

// Resource takes a resource's node.
func (b *builder) Resource(n ResourceNode) error {
	id, err := dense("resource", n.ID)
	if err != nil {
		return err
	}
	system, err := denseOrNone("system", n.System)
	if err != nil {
		return err
	}
	parent, err := denseOrNone("resource", n.Parent)
	if err != nil {
		return err
	}
	class, ok := dataClasses.index(n.DataClass)
	if !ok {
		return unknown("resource", n.ID, "data class", n.DataClass)
	}
	b.touch(n.ID.Ref())
	b.forgetResource(id)
	*b.resources.edit(b.gen, id) = resourceRow{there: true, class: class, system: system, parent: parent}
	if system != 0 {
		b.systems.edit(b.gen, system).resources.add(b.gen, id)
	}
	if parent != 0 {
		b.inside.add(b.gen, parent, id)
	}
	return nil
}

func (b *builder) forgetResource(id uint32) {
	row := b.resources.at(id)
	if !row.there {
		return
	}
	if row.system != 0 {
		b.systems.edit(b.gen, row.system).resources.remove(b.gen, id)
	}
	if row.parent != 0 {
		b.inside.remove(b.gen, row.parent, id)
	}
	*b.resources.edit(b.gen, id) = resourceRow{}
}

// Entitlement takes an entitlement's node; its capabilities are edges of
// escalation.
func (b *builder) Entitlement(n EntitlementNode) error {
	id, err := dense("entitlement", n.ID)
	if err != nil {
		return err
	}
	if _, err := denseOrNone("system", n.System); err != nil {
		return err
	}
	if _, err := denseOrNone("resource", n.Resource); err != nil {
		return err
	}
	for _, c := range n.Capabilities {
		if _, err := denseOrNone(c.On.Kind.String(), c.On.Key); err != nil {
			return err
		}
	}
	b.touch(n.ID.Ref())
	b.unlinkEntitlement(id)
	n.Kind = unique.Make(n.Kind).Value()
	*b.entitlements.edit(b.gen, id) = entitlementRow{there: true, node: n}
	if n.System != 0 {
		b.systems.edit(b.gen, uint32(n.System)).entitlements.add(b.gen, id)
	}
	if n.Resource != 0 {
		b.givingAccess.add(b.gen, uint32(n.Resource), id)
	}
	for _, c := range n.Capabilities {
		b.linkCapability(id, c)
	}
	return nil
}

func (b *builder) forgetEntitlement(id uint32) {
	b.unlinkEntitlement(id)
	b.dropGrants(access.KindEntitlement, id)
}

func (b *builder) unlinkEntitlement(id uint32) {
	row := b.entitlements.peek(id)
	if row == nil || !row.there {
		return
	}
	n := row.node
	if n.System != 0 {
		b.systems.edit(b.gen, uint32(n.System)).entitlements.remove(b.gen, id)
	}
	if n.Resource != 0 {
		b.givingAccess.remove(b.gen, uint32(n.Resource), id)
	}
	for _, c := range n.Capabilities {
		b.unlinkCapability(id, c)
	}
	*b.entitlements.edit(b.gen, id) = entitlementRow{}
}

// linkCapability notes, where an escalation ends, which entitlement it starts
// from. Capabilities that lead nowhere else (reading, destroying, granting on a
// resource) are facts about the entitlement alone.
func (b *builder) linkCapability(id uint32, c access.Capability) {
	on := uint32(c.On.Key)
	if on == 0 {
		return
	}
	if s := b.reachInto(c); s != nil {
		s.add(b.gen, id)
		return
	}
	switch {
	case c.Right == access.GrantAccess && c.On.Kind == access.KindEntitlement:
		b.granters.add(b.gen, on, id)
	case c.Right == access.Impersonate && c.On.Kind == access.KindEntitlement:
		b.stepIns.add(b.gen, on, id)
	case c.Right == access.Impersonate && c.On.Kind == access.KindAccount:
		b.impersonates.add(b.gen, on, id)
		b.impersonated.add(b.gen, on)
	}
}

func (b *builder) unlinkCapability(id uint32, c access.Capability) {
	on := uint32(c.On.Key)
	if on == 0 {
		return
	}
	if s := b.reachInto(c); s != nil {
		s.remove(b.gen, id)
		return
	}
	switch {
	case c.Right == access.GrantAccess && c.On.Kind == access.KindEntitlement:
		b.granters.remove(b.gen, on, id)
	case c.Right == access.Impersonate && c.On.Kind == access.KindEntitlement:
		b.stepIns.remove(b.gen, on, id)
	case c.Right == access.Impersonate && c.On.Kind == access.KindAccount:
		b.impersonates.remove(b.gen, on, id)
		if b.impersonates.empty(on) {
			b.impersonated.remove(b.gen, on)
		}
	}
}

// reachInto returns the set of a system that a capability on it belongs to.
func (b *builder) reachInto(c access.Capability) *set {
	if c.On.Kind != access.KindSystem {
		return nil
	}
	switch c.Right {
	case access.GrantAccess:
		return &b.systems.edit(b.gen, uint32(c.On.Key)).granters
	case access.Impersonate:
		return &b.systems.edit(b.gen, uint32(c.On.Key)).impersonators
	case access.BypassControls:
		return &b.systems.edit(b.gen, uint32(c.On.Key)).controllers
	}
	return nil
}

// Identity takes an identity's node.
func (b *builder) Identity(n IdentityNode) error {
	id, err := dense("identity", n.ID)
	if err != nil {
		return err
	}
	row := identityRow{there: true, thirdParty: n.ThirdParty, contractEnd: n.ContractEnd}
	var known bool
	if row.kind, known = identityKinds.index(n.Kind); !known {
		return unknown("identity", n.ID, "kind", n.Kind)
	}
	if row.state, known = identityStates.index(n.State); !known {
		return unknown("identity", n.ID, "state", n.State)
	}
	if row.sponsor, err = denseOrNone("identity", n.Sponsor); err != nil {
		return err
	}
	if row.manager, err = denseOrNone("identity", n.Manager); err != nil {
		return err
	}
	if row.owner, err = denseOrNone("identity", n.Owner); err != nil {
		return err
	}
	b.touch(n.ID.Ref())
	*b.identities.edit(b.gen, id) = row
	b.present.add(b.gen, id)
	return nil
}

func (b *builder) forgetIdentity(id uint32) {
	if row := b.identities.peek(id); row != nil && row.there {
		*b.identities.edit(b.gen, id) = identityRow{}
		b.present.remove(b.gen, id)
	}
	b.dropGrants(access.KindIdentity, id)
	for _, role := range b.assignments.eachAssignment(id) {
		b.assigned.edit(b.gen, role).remove(b.gen, access.KindIdentity, access.Standing, id)
	}
	b.assignments.drop(b.gen, id)
}

// Account takes an account's node.
func (b *builder) Account(n AccountNode) error {
	id, err := dense("account", n.ID)
	if err != nil {
		return err
	}
	row := accountRow{
		there: true, interactive: n.Interactive, disputed: n.Disputed, usageKnown: n.UsageKnown,
		lastUsed: n.LastUsed, created: n.Created, expires: n.Expires,
	}
	var known bool
	if row.kind, known = accountKinds.index(n.Kind); !known {
		return unknown("account", n.ID, "kind", n.Kind)
	}
	if row.status, known = accountStatuses.index(n.Status); !known {
		return unknown("account", n.ID, "status", n.Status)
	}
	if row.system, err = denseOrNone("system", n.System); err != nil {
		return err
	}
	for _, identity := range n.Identities {
		if _, err := dense("identity", identity); err != nil {
			return err
		}
	}
	b.touch(n.ID.Ref())
	b.unlinkAccount(id)
	*b.accounts.edit(b.gen, id) = row
	if row.system != 0 {
		b.systems.edit(b.gen, row.system).accounts.add(b.gen, id)
	}
	b.linkOwners(id, n)
	return nil
}

func (b *builder) linkOwners(id uint32, n AccountNode) {
	owners := n.Identities
	if len(owners) > 1 {
		owners = slices.Clone(owners)
		slices.Sort(owners)
		owners = slices.Compact(owners)
	}
	var owner uint32
	switch len(owners) {
	case 0:
	case 1:
		owner = uint32(owners[0])
	default:
		owner = several
		*b.sharers.edit(b.gen, id) = owners
	}
	if n.Status == access.Enabled {
		owner |= usable
	}
	*b.owner.edit(b.gen, id) = owner
	for _, identity := range owners {
		b.accountsOf.add(b.gen, uint32(identity), id)
	}
}

func (b *builder) forgetAccount(id uint32) {
	b.unlinkAccount(id)
	b.dropGrants(access.KindAccount, id)
	for c := range b.credentials.eachCredential(id) {
		b.accepting.remove(b.gen, c.id, id)
	}
	b.credentials.drop(b.gen, id)
}

func (b *builder) unlinkAccount(id uint32) {
	row := b.accounts.peek(id)
	if row == nil || !row.there {
		return
	}
	if row.system != 0 {
		b.systems.edit(b.gen, row.system).accounts.remove(b.gen, id)
	}
	for identity := range b.eachOwner(id) {
		b.accountsOf.remove(b.gen, identity, id)
	}
	if b.owner.at(id)&ownerMask == several {
		*b.sharers.edit(b.gen, id) = nil
	}
	*b.owner.edit(b.gen, id) = 0
	*b.accounts.edit(b.gen, id) = accountRow{}
}

// Role takes a role's node with what it gives and includes.
func (b *builder) Role(n RoleNode) error {
	id, err := dense("role", n.ID)
	if err != nil {
		return err
	}
	for _, e := range n.Entitlements {
		if _, err := dense("entitlement", e); err != nil {
			return err
		}
	}
	for _, p := range n.Parents {
		if _, err := dense("role", p); err != nil {
			return err
		}
	}
	b.touch(n.ID.Ref())
	b.forgetRole(id)
	*b.roles.edit(b.gen, id) = roleRow{there: true, node: n}
	for _, e := range n.Entitlements {
		b.held.edit(b.gen, uint32(e)).add(b.gen, access.KindRole, access.Standing, id)
	}
	for _, p := range n.Parents {
		b.assigned.edit(b.gen, uint32(p)).add(b.gen, access.KindRole, access.Standing, id)
	}
	return nil
}

func (b *builder) forgetRole(id uint32) {
	row := b.roles.peek(id)
	if row == nil || !row.there {
		return
	}
	n := row.node
	for _, e := range n.Entitlements {
		b.held.edit(b.gen, uint32(e)).remove(b.gen, access.KindRole, access.Standing, id)
	}
	for _, p := range n.Parents {
		b.assigned.edit(b.gen, uint32(p)).remove(b.gen, access.KindRole, access.Standing, id)
	}
	*b.roles.edit(b.gen, id) = roleRow{}
}
