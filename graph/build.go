package graph

import (
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrFact is returned for a fact that the index cannot hold.
var ErrFact = fault.New(fault.Internal, "bad-fact", "a stored fact does not fit the access graph; report this with the fact that is named")

// builder makes a snapshot out of facts. It is the Sink of loading and of
// following alike.
type builder struct {
	*snapshot
	loading bool
	changed []access.Ref // while following

	// Edges of one holder usually arrive together and are written as one block.
	run   *lists
	runID uint32
	buf   []byte
}

var _ Sink = (*builder)(nil)

// dense checks that a key fits the index.
func dense[T ~int64](what string, key T) (uint32, error) {
	if key <= 0 || key >= several {
		return 0, ErrFact.With("%s key %d does not fit the access graph", what, key)
	}
	return uint32(key), nil
}

// denseOrNone lets zero pass: it is none.
func denseOrNone[T ~int64](what string, key T) (uint32, error) {
	if key == 0 {
		return 0, nil
	}
	return dense(what, key)
}

func (b *builder) touch(ref access.Ref) {
	if b.loading {
		return
	}
	if n := len(b.changed); n == 0 || b.changed[n-1] != ref {
		b.changed = append(b.changed, ref)
	}
}

// edge appends an encoded edge to the run of its holder.
func (b *builder) edge(to *lists, id uint32, encode func([]byte) []byte) {
	if b.run != to || b.runID != id {
		b.flush()
		b.run, b.runID = to, id
	}
	b.buf = encode(b.buf)
}

func (b *builder) flush() {
	if b.run != nil {
		b.run.append(b.gen, b.runID, b.buf)
	}
	b.run, b.buf = nil, b.buf[:0]
}

// finish makes the snapshot ready to publish and returns what changed in it.
func (b *builder) finish(rev access.Rev) []access.Ref {
	b.flush()
	b.rev = rev
	for _, l := range []*lists{&b.accountGrants, &b.identityGrants, &b.entitlementGrants, &b.credentials, &b.assignments} {
		l.compact(b.gen)
	}
	if b.loading {
		b.trim()
	}
	slices.SortFunc(b.changed, compareRefs)
	return slices.Compact(b.changed)
}

func (b *builder) trim() {
	for _, h := range b.held.all {
		h.trim()
	}
	for _, h := range b.assigned.all {
		h.trim()
	}
	for _, r := range b.rights.all {
		if *r != nil {
			for i := range (*r).list {
				(*r).list[i].held.trim()
			}
		}
	}
	for _, r := range []*relation{&b.accountsOf, &b.accepting, &b.inside, &b.givingAccess} {
		r.trim()
	}
	for _, row := range b.systems.all {
		for _, s := range []*set{&row.accounts, &row.entitlements, &row.resources} {
			s.trim()
		}
	}
	b.present.trim()
}

func compareRefs(a, b access.Ref) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	switch {
	case a.Key < b.Key:
		return -1
	case a.Key > b.Key:
		return 1
	}
	return 0
}

// Grant takes a grant: once where it starts, once where it ends.
func (b *builder) Grant(g GrantEdge) error {
	holder, err := dense(g.Holder.Kind.String(), g.Holder.Key)
	if err != nil {
		return err
	}
	entitlement, err := dense("entitlement", g.Entitlement)
	if err != nil {
		return err
	}
	resource, err := denseOrNone("resource", g.Resource)
	if err != nil {
		return err
	}
	if int(g.Mode) >= len(access.Modes) {
		return ErrFact.With("grant %d has access mode %d, which is not known", g.ID, g.Mode)
	}
	to := b.grantsOf(g.Holder.Kind)
	if to == nil {
		return ErrFact.With("grant %d is held by %q: only identities, accounts and entitlements hold", g.ID, g.Holder.Kind)
	}
	h := heldGrant{
		id: int64(g.ID), entitlement: entitlement, resource: resource, mode: g.Mode, flags: g.Flags,
		end: g.End, usageKnown: g.UsageKnown, lastUsed: g.LastUsed, justified: g.Justified,
	}
	if b.run != to || b.runID != holder {
		b.flush()
		b.run, b.runID = to, holder
	}
	b.buf = appendGrant(b.buf, &h)
	b.touch(g.Holder)

	b.held.edit(b.gen, entitlement).add(b.gen, g.Holder.Kind, g.Mode, holder)
	if resource != 0 {
		b.rightTo(resource, entitlement).add(b.gen, g.Holder.Kind, g.Mode, holder)
	}
	return nil
}

func (s *snapshot) grantsOf(kind access.ObjectKind) *lists {
	switch kind {
	case access.KindAccount:
		return &s.accountGrants
	case access.KindIdentity:
		return &s.identityGrants
	case access.KindEntitlement:
		return &s.entitlementGrants
	}
	return nil
}

// rightTo returns the holders of an entitlement on a resource, to write.
func (b *builder) rightTo(resource, entitlement uint32) *holders {
	p := b.rights.edit(b.gen, resource)
	switch {
	case *p == nil:
		*p = &rights{gen: b.gen}
	case (*p).gen != b.gen:
		*p = &rights{gen: b.gen, list: slices.Clone((*p).list)}
	}
	r := *p
	i, found := r.find(entitlement)
	if !found {
		r.list = slices.Insert(r.list, i, right{entitlement: entitlement})
	}
	return &r.list[i].held
}

func (b *builder) dropGrants(kind access.ObjectKind, holder uint32) {
	from := b.grantsOf(kind)
	for g := range from.eachGrant(holder) {
		b.held.edit(b.gen, g.entitlement).remove(b.gen, kind, g.mode, holder)
		if g.resource != 0 {
			b.dropRight(g.resource, g.entitlement, kind, g.mode, holder)
		}
	}
	from.drop(b.gen, holder)
}

func (b *builder) dropRight(resource, entitlement uint32, kind access.ObjectKind, mode access.Mode, holder uint32) {
	held := b.rightTo(resource, entitlement)
	held.remove(b.gen, kind, mode, holder)
	if len(held.sets) > 0 {
		return
	}
	p := b.rights.edit(b.gen, resource)
	i, _ := (*p).find(entitlement)
	(*p).list = slices.Delete((*p).list, i, i+1)
	if len((*p).list) == 0 {
		*p = nil
	}
}

// Credential takes the edge from an account to a credential that it accepts.
func (b *builder) Credential(c CredentialEdge) error {
	id, err := dense("credential", c.ID)
	if err != nil {
		return err
	}
	account, err := dense("account", c.Account)
	if err != nil {
		return err
	}
	kind, ok := credentialKinds.index(c.Kind)
	if !ok {
		return ErrFact.With("credential %s has kind %q, which is not known", c.ID, c.Kind)
	}
	b.edge(&b.credentials, account, func(buf []byte) []byte {
		return appendCredential(buf, acceptedCredential{id: id, kind: kind, changed: c.Changed, lastUsed: c.LastUsed})
	})
	b.touch(c.Account.Ref())
	b.accepting.add(b.gen, id, account)
	return nil
}

// Assignment takes the edge from an identity to a role.
func (b *builder) Assignment(a AssignmentEdge) error {
	identity, err := dense("identity", a.Identity)
	if err != nil {
		return err
	}
	role, err := dense("role", a.Role)
	if err != nil {
		return err
	}
	b.edge(&b.assignments, identity, func(buf []byte) []byte { return appendAssignment(buf, int64(a.ID), role) })
	b.touch(a.Identity.Ref())
	b.assigned.edit(b.gen, role).add(b.gen, access.KindIdentity, access.Standing, identity)
	return nil
}

// Forget drops an object and the edges that start at it. Only kinds that are
// nodes are known; the edges have no life of their own.
func (b *builder) Forget(ref access.Ref) {
	b.flush()
	id, err := dense("", ref.Key)
	if err != nil {
		return
	}
	b.touch(ref)
	switch ref.Kind {
	case access.KindIdentity:
		b.forgetIdentity(id)
	case access.KindAccount:
		b.forgetAccount(id)
	case access.KindEntitlement:
		b.forgetEntitlement(id)
	case access.KindResource:
		b.forgetResource(id)
	case access.KindRole:
		b.forgetRole(id)
	case access.KindSystem:
		b.forgetSystem(id)
	}
}

// ForgetSystem drops the system and every object of it.
func (b *builder) ForgetSystem(id access.SystemID) {
	b.Forget(id.Ref())
	row := b.systems.peek(uint32(id))
	if row == nil {
		return
	}
	objects := make([]access.Ref, 0, 64)
	for x := range row.accounts.each {
		objects = append(objects, access.AccountID(x).Ref())
	}
	for x := range row.entitlements.each {
		objects = append(objects, access.EntitlementID(x).Ref())
	}
	for x := range row.resources.each {
		objects = append(objects, access.ResourceID(x).Ref())
	}
	for _, ref := range objects {
		b.Forget(ref)
	}
}

func unknown(kind string, id fmt.Stringer, what string, value any) error {
	return ErrFact.With("%s %s has %s %q, which is not known", kind, id, what, value)
}
