package policy

import (
	"slices"

	cedar "github.com/cedar-policy/cedar-go"

	"github.com/writhq/writ/access"
)

const (
	actionType   cedar.EntityType = "Action"
	functionType cedar.EntityType = "Function"
	identityType cedar.EntityType = "Identity"
	scopeType    cedar.EntityType = "Scope"
)

// functionSets holds the parents of a principal for every set of functions.
var functionSets = func() (sets [allFunctions + 1]cedar.EntityUIDSet) {
	for mask := range sets {
		sets[mask] = cedar.NewEntityUIDSet(functionsIn(functionMask(mask))...)
	}
	return sets
}()

func functionsIn(mask functionMask) []cedar.EntityUID {
	var list []cedar.EntityUID
	for _, f := range append([]access.Function{access.Requester}, access.Functions...) {
		if bit, _ := maskOf(f); mask&bit != 0 {
			list = append(list, cedar.NewEntityUID(functionType, cedar.String(f)))
		}
	}
	return list
}

// world is what one decision sees: its principal and resource, built when a policy
// looks at them. It is cedar's EntityGetter.
type world struct {
	facts    Facts
	request  Request
	c        *candidates
	held     functionMask
	who      IdentityFacts
	identity cedar.EntityUID
	resource cedar.EntityUID
	own      ownWay

	principalEntity, resourceEntity cedar.Entity
	hasPrincipal, hasResource       bool
}

// Get returns an entity as the facts know it.
func (w *world) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch {
	case uid.Type == actionType:
		return w.c.entity, uid == w.c.uid
	case uid == w.identity:
		if !w.hasPrincipal {
			w.principalEntity, w.hasPrincipal = w.principal(), true
		}
		return w.principalEntity, true
	case uid == w.resource:
		if !w.hasResource {
			w.resourceEntity, w.hasResource = w.object(), true
		}
		return w.resourceEntity, true
	case uid.Type == identityType:
		return w.other(uid)
	}
	return cedar.Entity{}, false
}

func (w *world) principal() cedar.Entity {
	parents := functionSets[w.held]
	if w.c.scoped {
		parents = w.within(w.who.Scope, functionsIn(w.held)...)
	}
	return cedar.Entity{UID: w.identity, Parents: parents, Attributes: identityRecord(w.who)}
}

func (w *world) other(uid cedar.EntityUID) (cedar.Entity, bool) {
	id, err := access.ParseRef(string(uid.ID))
	if err != nil {
		return cedar.Entity{}, false
	}
	facts, ok := w.facts.Identity(access.IdentityID(id.Key))
	if !ok {
		return cedar.Entity{}, false
	}
	e := cedar.Entity{UID: uid, Attributes: identityRecord(facts)}
	if w.c.scoped {
		e.Parents = w.within(facts.Scope)
	}
	return e, true
}

func (w *world) object() cedar.Entity {
	r := &w.request.Resource
	e := cedar.Entity{UID: w.resource}
	if w.c.scoped {
		e.Parents = w.within(r.Scope)
	}
	if w.c.action.On == IdentityType {
		facts, _ := w.facts.Identity(access.IdentityID(r.Ref.Key)) // none where it does not exist yet
		e.Attributes = identityRecord(facts)
		return e
	}
	e.Attributes = w.record(w.c.resource)
	return e
}

// within returns a scope, those that it lies in, and more.
func (w *world) within(scope access.ScopeID, more ...cedar.EntityUID) cedar.EntityUIDSet {
	above, _ := w.facts.Ancestors(scope)
	list := slices.Clone(more)
	for _, s := range above {
		list = append(list, cedar.NewEntityUID(scopeType, cedar.String(s.String())))
	}
	return cedar.NewEntityUIDSet(list...)
}

// subject is the one identity whose access the resource is about, if it is one.
func (w *world) subject() access.IdentityID {
	subjects := w.request.Resource.Subjects
	if len(subjects) != 1 {
		return 0
	}
	switch subjects[0].Kind {
	case access.KindIdentity:
		return access.IdentityID(subjects[0].Key)
	case access.KindAccount:
		if owners, _ := w.facts.OwnersOf(access.AccountID(subjects[0].Key)); len(owners) == 1 {
			return owners[0]
		}
	default:
	}
	return 0
}

// tierOf treats what is not classified as the worst.
func tierOf(t access.Tier) access.Tier {
	if t < access.Tier0 || t > access.Tier3 {
		return access.Tier0
	}
	return t
}

func identityUID(id access.IdentityID) cedar.EntityUID {
	return cedar.NewEntityUID(identityType, cedar.String(id.String()))
}

// unowned holds the record of every identity that nobody owns: there are not many
// different ones, and most decisions are about one.
var unowned = func() map[IdentityFacts]cedar.Record {
	all := map[IdentityFacts]cedar.Record{}
	for _, kind := range access.IdentityKinds {
		for _, state := range access.IdentityStates {
			for _, third := range []bool{false, true} {
				f := IdentityFacts{Kind: kind, State: state, ThirdParty: third}
				all[f] = makeIdentityRecord(f)
			}
		}
	}
	return all
}()

func identityRecord(f IdentityFacts) cedar.Record {
	f.Scope = 0 // not in the record
	if r, ok := unowned[f]; ok {
		return r
	}
	return makeIdentityRecord(f)
}

func makeIdentityRecord(f IdentityFacts) cedar.Record {
	m := make(cedar.RecordMap, 5)
	m["kind"] = cedar.String(f.Kind)
	m["state"] = cedar.String(f.State)
	m["active"] = cedar.Boolean(f.State.MayHoldAccess())
	m["third_party"] = cedar.Boolean(f.ThirdParty)
	if f.Owner != 0 {
		m["owner"] = identityUID(f.Owner)
	}
	return cedar.NewRecord(m)
}

func resourceUID(t Type, r *Resource) cedar.EntityUID {
	id := r.Key
	if !r.Ref.IsZero() {
		id = r.Ref.String()
	}
	return cedar.NewEntityUID(cedar.EntityType(t), cedar.String(id))
}
