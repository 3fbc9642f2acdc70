package graph

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// world is a truth held in plain maps, with a log of what changed: the smallest
// Source there can be. An object that is not there keeps its edges for when it
// returns.
type world struct {
	systems      map[access.SystemID]SystemNode
	resources    map[access.ResourceID]ResourceNode
	entitlements map[access.EntitlementID]EntitlementNode
	identities   map[access.IdentityID]IdentityNode
	accounts     map[access.AccountID]AccountNode
	roles        map[access.RoleID]RoleNode
	credentials  []CredentialEdge
	openings     []OpeningEdge
	grants       map[access.GrantID]GrantEdge
	assignments  map[access.AssignmentID]AssignmentEdge

	log []change // the revision is its length
	err error    // what the source answers instead, after delivering
}

type change struct {
	ref              access.Ref
	bulk, onlyGrants bool
}

func newWorld() *world {
	return &world{
		systems:      map[access.SystemID]SystemNode{},
		resources:    map[access.ResourceID]ResourceNode{},
		entitlements: map[access.EntitlementID]EntitlementNode{},
		identities:   map[access.IdentityID]IdentityNode{},
		accounts:     map[access.AccountID]AccountNode{},
		roles:        map[access.RoleID]RoleNode{},
		grants:       map[access.GrantID]GrantEdge{},
		assignments:  map[access.AssignmentID]AssignmentEdge{},
	}
}

func (w *world) touched(ref access.Ref) { w.log = append(w.log, change{ref: ref}) }

func (w *world) granted(ref access.Ref) {
	w.log = append(w.log, change{ref: ref, onlyGrants: true})
}

func (w *world) there(ref access.Ref) bool {
	var ok bool
	switch ref.Kind {
	case access.KindSystem:
		_, ok = w.systems[access.SystemID(ref.Key)]
	case access.KindResource:
		_, ok = w.resources[access.ResourceID(ref.Key)]
	case access.KindEntitlement:
		_, ok = w.entitlements[access.EntitlementID(ref.Key)]
	case access.KindIdentity:
		_, ok = w.identities[access.IdentityID(ref.Key)]
	case access.KindAccount:
		_, ok = w.accounts[access.AccountID(ref.Key)]
	case access.KindRole:
		_, ok = w.roles[access.RoleID(ref.Key)]
	default: // the others are no objects
	}
	return ok
}

func (w *world) remove(ref access.Ref) {
	switch ref.Kind {
	case access.KindSystem:
		delete(w.systems, access.SystemID(ref.Key))
	case access.KindResource:
		delete(w.resources, access.ResourceID(ref.Key))
	case access.KindEntitlement:
		delete(w.entitlements, access.EntitlementID(ref.Key))
	case access.KindIdentity:
		delete(w.identities, access.IdentityID(ref.Key))
	case access.KindAccount:
		delete(w.accounts, access.AccountID(ref.Key))
	case access.KindRole:
		delete(w.roles, access.RoleID(ref.Key))
	default: // nothing of other kinds
	}
}

// deliver hands over an object's facts as they are now.
func (w *world) deliver(ref access.Ref, sink Sink) error {
	if err := w.deliverNode(ref, sink); err != nil {
		return err
	}
	return w.deliverEdges(ref, sink)
}

func (w *world) deliverNode(ref access.Ref, sink Sink) error {
	if !w.there(ref) {
		return nil
	}
	switch ref.Kind {
	case access.KindSystem:
		return sink.System(w.systems[access.SystemID(ref.Key)])
	case access.KindResource:
		return sink.Resource(w.resources[access.ResourceID(ref.Key)])
	case access.KindEntitlement:
		return sink.Entitlement(w.entitlements[access.EntitlementID(ref.Key)])
	case access.KindIdentity:
		return sink.Identity(w.identities[access.IdentityID(ref.Key)])
	case access.KindAccount:
		return sink.Account(w.accounts[access.AccountID(ref.Key)])
	case access.KindRole:
		return sink.Role(w.roles[access.RoleID(ref.Key)])
	default:
		return nil
	}
}

func (w *world) deliverEdges(ref access.Ref, sink Sink) error {
	if !w.there(ref) {
		return nil
	}
	for _, c := range w.credentials {
		if c.Account.Ref() == ref {
			if err := sink.Credential(c); err != nil {
				return err
			}
		}
	}
	for _, o := range w.openings {
		if o.Account.Ref() == ref {
			if err := sink.Opening(o); err != nil {
				return err
			}
		}
	}
	if err := w.deliverGrants(ref, sink); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(w.assignments)) {
		if a := w.assignments[id]; a.Identity.Ref() == ref {
			if err := sink.Assignment(a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) deliverGrants(ref access.Ref, sink Sink) error {
	if !w.there(ref) {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(w.grants)) {
		if g := w.grants[id]; g.Holder == ref {
			if err := sink.Grant(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// objects lists everything that is there, in the order of a load.
func (w *world) objects() []access.Ref {
	var refs []access.Ref
	refs = appendRefs(refs, w.systems)
	refs = appendRefs(refs, w.resources)
	refs = appendRefs(refs, w.entitlements)
	refs = appendRefs(refs, w.identities)
	refs = appendRefs(refs, w.accounts)
	return appendRefs(refs, w.roles)
}

func appendRefs[K interface {
	cmp.Ordered
	Ref() access.Ref
}, V any](refs []access.Ref, m map[K]V) []access.Ref {
	for _, id := range slices.Sorted(maps.Keys(m)) {
		refs = append(refs, id.Ref())
	}
	return refs
}

func (w *world) Load(_ context.Context, sink Sink) (access.Rev, error) {
	for _, ref := range w.objects() {
		if err := w.deliverNode(ref, sink); err != nil {
			return 0, err
		}
	}
	// Grants in the order of their ids, so that holders alternate.
	for _, c := range w.credentials {
		if w.there(c.Account.Ref()) {
			if err := sink.Credential(c); err != nil {
				return 0, err
			}
		}
	}
	for _, o := range w.openings {
		if w.there(o.Account.Ref()) {
			if err := sink.Opening(o); err != nil {
				return 0, err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.grants)) {
		if g := w.grants[id]; w.there(g.Holder) {
			if err := sink.Grant(g); err != nil {
				return 0, err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.assignments)) {
		if a := w.assignments[id]; w.there(a.Identity.Ref()) {
			if err := sink.Assignment(a); err != nil {
				return 0, err
			}
		}
	}
	return access.Rev(len(w.log)), w.err
}

func (w *world) Follow(_ context.Context, rev access.Rev, sink Sink) (access.Rev, error) {
	var done []access.Ref
	for _, c := range w.log[rev:] {
		if c.bulk {
			if err := w.redeliverSystem(access.SystemID(c.ref.Key), sink); err != nil {
				return 0, err
			}
			continue
		}
		if slices.Contains(done, c.ref) {
			continue
		}
		done = append(done, c.ref)
		if w.onlyGrants(c.ref, rev) {
			sink.ForgetGrants(c.ref)
			if err := w.deliverGrants(c.ref, sink); err != nil {
				return 0, err
			}
			continue
		}
		sink.Forget(c.ref)
		if err := w.deliver(c.ref, sink); err != nil {
			return 0, err
		}
	}
	return access.Rev(len(w.log)), w.err
}

// onlyGrants reports whether nothing else of an object changed since.
func (w *world) onlyGrants(ref access.Ref, since access.Rev) bool {
	return !slices.ContainsFunc(w.log[since:], func(c change) bool {
		return c.ref == ref && !c.onlyGrants || c.bulk // whatever belonged to the system
	})
}

func (w *world) redeliverSystem(id access.SystemID, sink Sink) error {
	sink.ForgetSystem(id)
	var refs []access.Ref
	for _, ref := range w.objects() {
		if ref == id.Ref() || w.systemOf(ref) == id {
			refs = append(refs, ref)
			if err := w.deliverNode(ref, sink); err != nil {
				return err
			}
		}
	}
	for _, ref := range refs {
		if err := w.deliverEdges(ref, sink); err != nil {
			return err
		}
	}
	return nil
}

// systemOf is the system that an account, entitlement or resource belongs to.
func (w *world) systemOf(ref access.Ref) access.SystemID {
	switch ref.Kind {
	case access.KindAccount:
		return w.accounts[access.AccountID(ref.Key)].System
	case access.KindEntitlement:
		return w.entitlements[access.EntitlementID(ref.Key)].System
	case access.KindResource:
		return w.resources[access.ResourceID(ref.Key)].System
	default:
		return 0
	}
}
