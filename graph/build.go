package graph

import (
	"encoding/binary"
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

	// What was forgotten may return a moment later, mostly as it was. Only what is
	// different in the end is taken out of the sets and put into them.
	forgotten map[access.Ref]parked

	// Edges of one holder usually arrive together and are written as one block.
	run       *lists
	runID     uint32
	runParked bool
	buf       []byte
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

// begin makes the run be that of an edge's holder. It reports whether the ends
// of the edge are to be linked now; those of a forgotten holder are compared at
// the end.
func (b *builder) begin(to *lists, holder access.Ref) bool {
	if id := uint32(holder.Key); b.run != to || b.runID != id {
		b.flush()
		b.run, b.runID = to, id
		_, b.runParked = b.forgotten[holder]
	}
	b.touch(holder)
	return !b.runParked
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
	b.settle()
	b.rev = rev
	for _, l := range []*lists{&b.accountGrants, &b.identityGrants, &b.entitlementGrants, &b.credentials, &b.openings, &b.assignments} {
		l.compact(b.gen)
	}
	if b.loading {
		b.trim()
	}
	slices.SortFunc(b.changed, access.Ref.Compare)
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
	for _, r := range []*relation{&b.accountsOf, &b.accepting, &b.opens, &b.inside, &b.givingAccess} {
		r.trim()
	}
	for _, row := range b.systems.all {
		for _, s := range []*set{&row.accounts, &row.entitlements, &row.resources} {
			s.trim()
		}
	}
	b.present.trim()
	b.usableAccounts.trim()
	b.opened.trim()
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
		end: g.End, usageKnown: g.UsageKnown, lastUsed: g.LastUsed, justified: g.Justified, late: g.Late,
	}
	if b.begin(to, g.Holder) {
		b.held.edit(b.gen, entitlement).add(b.gen, g.Holder.Kind, g.Mode, holder)
		if resource != 0 {
			b.rightTo(resource, entitlement).add(b.gen, g.Holder.Kind, g.Mode, holder)
		}
	}
	b.buf = appendGrant(b.buf, &h)
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
	default:
		return nil
	}
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
	if b.begin(&b.credentials, c.Account.Ref()) {
		b.accepting.add(b.gen, id, account)
	}
	b.buf = appendCredential(b.buf, acceptedCredential{id: id, kind: kind, changed: c.Changed, lastUsed: c.LastUsed})
	return nil
}

// Opening takes the edge from an account to the one that opens it.
func (b *builder) Opening(o OpeningEdge) error {
	account, err := dense("account", o.Account)
	if err != nil {
		return err
	}
	by, err := dense("account", o.By)
	if err != nil {
		return err
	}
	if b.begin(&b.openings, o.Account.Ref()) {
		b.opens.add(b.gen, by, account)
		b.opened.add(b.gen, account)
	}
	b.buf = binary.AppendUvarint(b.buf, uint64(by))
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
	if b.begin(&b.assignments, a.Identity.Ref()) {
		b.assigned.edit(b.gen, role).add(b.gen, access.KindIdentity, access.Standing, identity)
	}
	b.buf = appendAssignment(b.buf, int64(a.ID), role)
	return nil
}

func unknown(kind string, id fmt.Stringer, what string, value any) error {
	return ErrFact.With("%s %s has %s %q, which is not known", kind, id, what, value)
}
