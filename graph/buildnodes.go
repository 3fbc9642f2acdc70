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
	b.returns(n.ID.Ref())
	before := uint32(b.systems.edit(b.gen, id).node.RunsOn)
	b.systems.edit(b.gen, id).node = n
	b.moveGuest(id, before, host)
	return nil
}

func (b *builder) moveGuest(id, before, now uint32) {
	if before == now {
		return
	}
	if before != 0 {
		b.systems.edit(b.gen, before).guests.remove(b.gen, id)
	}
	if now != 0 {
		b.systems.edit(b.gen, now).guests.add(b.gen, id)
	}
}

func (b *builder) unlinkSystem(id uint32) {
	b.moveGuest(id, uint32(b.systems.edit(b.gen, id).node.RunsOn), 0)
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
	b.returns(n.ID.Ref())
	b.replaceResource(id, resourceRow{there: true, class: class, system: system, parent: parent})
	return nil
}

func (b *builder) unlinkResource(id uint32) { b.replaceResource(id, resourceRow{}) }

func (b *builder) replaceResource(id uint32, now resourceRow) {
	row := b.resources.edit(b.gen, id)
	before := *row
	*row = now
	if before.system != now.system {
		if before.system != 0 {
			b.systems.edit(b.gen, before.system).resources.remove(b.gen, id)
		}
		if now.system != 0 {
			b.systems.edit(b.gen, now.system).resources.add(b.gen, id)
		}
	}
	if before.parent != now.parent {
		if before.parent != 0 {
			b.inside.remove(b.gen, before.parent, id)
		}
		if now.parent != 0 {
			b.inside.add(b.gen, now.parent, id)
		}
	}
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
	b.returns(n.ID.Ref())
	n.Kind = unique.Make(n.Kind).Value()
	b.replaceEntitlement(id, entitlementRow{there: true, node: n})
	return nil
}

func (b *builder) unlinkEntitlement(id uint32) { b.replaceEntitlement(id, entitlementRow{}) }

func (b *builder) replaceEntitlement(id uint32, row entitlementRow) {
	p := b.entitlements.edit(b.gen, id)
	before, now := p.node, row.node
	*p = row
	if before.System != now.System {
		if before.System != 0 {
			b.systems.edit(b.gen, uint32(before.System)).entitlements.remove(b.gen, id)
		}
		if now.System != 0 {
			b.systems.edit(b.gen, uint32(now.System)).entitlements.add(b.gen, id)
		}
	}
	if before.Resource != now.Resource {
		if before.Resource != 0 {
			b.givingAccess.remove(b.gen, uint32(before.Resource), id)
		}
		if now.Resource != 0 {
			b.givingAccess.add(b.gen, uint32(now.Resource), id)
		}
	}
	if !slices.Equal(before.Capabilities, now.Capabilities) {
		for _, c := range before.Capabilities {
			b.unlinkCapability(id, c)
		}
		for _, c := range now.Capabilities {
			b.linkCapability(id, c)
		}
	}
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
	default:
		return nil
	}
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
	b.returns(n.ID.Ref())
	*b.identities.edit(b.gen, id) = row
	b.present.add(b.gen, id)
	return nil
}

func (b *builder) unlinkIdentity(id uint32) {
	*b.identities.edit(b.gen, id) = identityRow{}
	b.present.remove(b.gen, id)
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
	b.returns(n.ID.Ref())
	b.replaceAccount(id, row, n.Identities)
	return nil
}

func (b *builder) unlinkAccount(id uint32) { b.replaceAccount(id, accountRow{}, nil) }

func (b *builder) replaceAccount(id uint32, now accountRow, owners []access.IdentityID) {
	row := b.accounts.edit(b.gen, id)
	before := *row
	*row = now
	if before.system != now.system {
		if before.system != 0 {
			b.systems.edit(b.gen, before.system).accounts.remove(b.gen, id)
		}
		if now.system != 0 {
			b.systems.edit(b.gen, now.system).accounts.add(b.gen, id)
		}
	}
	b.replaceOwners(id, accountStatuses[now.status] == access.Enabled, owners)
}

func (b *builder) replaceOwners(id uint32, enabled bool, owners []access.IdentityID) {
	if len(owners) > 1 {
		owners = slices.Clone(owners)
		slices.Sort(owners)
		owners = slices.Compact(owners)
	}
	for before := range b.eachOwner(id) {
		if !slices.Contains(owners, access.IdentityID(before)) {
			b.accountsOf.remove(b.gen, before, id)
		}
	}
	for _, now := range owners {
		b.accountsOf.add(b.gen, uint32(now), id)
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
	if enabled {
		owner |= usable
		b.usableAccounts.add(b.gen, id)
	} else {
		b.usableAccounts.remove(b.gen, id)
	}
	p := b.owner.edit(b.gen, id)
	if *p&ownerMask == several && owner&ownerMask != several {
		*b.sharers.edit(b.gen, id) = nil
	}
	*p = owner
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
	b.returns(n.ID.Ref())
	b.replaceRole(id, roleRow{there: true, node: n})
	return nil
}

func (b *builder) unlinkRole(id uint32) { b.replaceRole(id, roleRow{}) }

func (b *builder) replaceRole(id uint32, row roleRow) {
	p := b.roles.edit(b.gen, id)
	before, now := p.node, row.node
	*p = row
	changes(slices.Clone(before.Entitlements), slices.Clone(now.Entitlements), func(e access.EntitlementID, added bool) {
		h := b.held.edit(b.gen, uint32(e))
		if added {
			h.add(b.gen, access.KindRole, access.Standing, id)
		} else {
			h.remove(b.gen, access.KindRole, access.Standing, id)
		}
	})
	changes(slices.Clone(before.Parents), slices.Clone(now.Parents), func(parent access.RoleID, added bool) {
		h := b.assigned.edit(b.gen, uint32(parent))
		if added {
			h.add(b.gen, access.KindRole, access.Standing, id)
		} else {
			h.remove(b.gen, access.KindRole, access.Standing, id)
		}
	})
}
