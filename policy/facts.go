package policy

import (
	"sync/atomic"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Directory says who holds which of Writ's functions, and which scope lies in which.
// It never changes: a newer one takes its place.
type Directory struct {
	Functions map[access.IdentityID][]Held
	Parents   map[access.ScopeID]access.ScopeID // zero lies in the organisation as a whole
}

// Live is the facts as they are now: the graph, and the directory that was given last.
type Live struct {
	graph     *graph.Graph
	directory atomic.Pointer[Directory]
}

// NewLive returns facts over a graph. Until a directory is given, there are none.
func NewLive(g *graph.Graph) *Live { return &Live{graph: g} }

// Put makes a directory the one in force.
func (l *Live) Put(d Directory) { l.directory.Store(&d) }

// Facts returns one view of the facts, or nil where there are none yet.
func (l *Live) Facts() Facts {
	d := l.directory.Load()
	if d == nil {
		return nil
	}
	return facts{l.graph.View(), d}
}

// maxDepth ends a walk over scopes or managers: what is deeper goes in a circle.
const maxDepth = 64

type facts struct {
	v *graph.View
	d *Directory
}

func (f facts) Rev() access.Rev { return f.v.Rev() }

func (f facts) Identity(id access.IdentityID) (IdentityFacts, bool) {
	n, ok := f.v.Identity(id)
	return IdentityFacts{Kind: n.Kind, State: n.State, ThirdParty: n.ThirdParty, Owner: n.Owner}, ok
}

func (f facts) Functions(id access.IdentityID) []Held { return f.d.Functions[id] }

func (f facts) Ancestors(scope access.ScopeID) ([]access.ScopeID, bool) {
	var list []access.ScopeID
	for scope != 0 {
		parent, ok := f.d.Parents[scope]
		if !ok || len(list) == maxDepth {
			return nil, false
		}
		list = append(list, scope)
		scope = parent
	}
	return list, true
}

func (f facts) Managers(id access.IdentityID) []access.IdentityID {
	var list []access.IdentityID
	for len(list) < maxDepth {
		n, ok := f.v.Identity(id)
		if !ok || n.Manager == 0 {
			break
		}
		id = n.Manager
		list = append(list, id)
	}
	return list
}

func (f facts) OwnersOf(account access.AccountID) ([]access.IdentityID, bool) {
	n, ok := f.v.Account(account)
	return n.Identities, ok
}

func (f facts) Holds(id access.IdentityID, what access.Ref) bool {
	if id < 0 || id > 1<<32-1 {
		return false
	}
	return f.v.Members([]access.Ref{what}, graph.Question{}).Identities.Contains(uint32(id))
}

// ObjectOf is what the graph knows of an object, as decisions about it need it; false
// is unknown.
func ObjectOf(v *graph.View, ref access.Ref) (Resource, bool) {
	r := Resource{Ref: ref}
	ok := false
	switch ref.Kind {
	case access.KindIdentity:
		_, ok = v.Identity(access.IdentityID(ref.Key)) // the rest are facts
	case access.KindSystem:
		ok = r.in(v, access.SystemID(ref.Key))
		r.Subjects = []access.Ref{ref}
	case access.KindAccount:
		var n graph.AccountNode
		if n, ok = v.Account(access.AccountID(ref.Key)); ok {
			ok = r.in(v, n.System)
			r.Kind, r.Subjects = string(n.Kind), []access.Ref{ref}
		}
	case access.KindEntitlement:
		var n graph.EntitlementNode
		if n, ok = v.Entitlement(access.EntitlementID(ref.Key)); ok {
			ok = r.in(v, n.System)
			r.Kind, r.Tier, r.Subjects = n.Kind, n.Tier, []access.Ref{ref}
			if n.Owner != 0 {
				r.Owner = n.Owner
			}
		}
	case access.KindResource:
		var n graph.ResourceNode
		if n, ok = v.Resource(access.ResourceID(ref.Key)); ok {
			ok = r.in(v, n.System)
			if n.DataClass != "" {
				r.DataClass = n.DataClass
			}
		}
	case access.KindRole:
		var n graph.RoleNode
		n, ok = v.Role(access.RoleID(ref.Key))
		r.Owner, r.Subjects = n.Owner, []access.Ref{ref}
	default:
	}
	return r, ok
}

// in fills in what an object has from its system.
func (r *Resource) in(v *graph.View, id access.SystemID) bool {
	n, ok := v.System(id)
	r.System, r.Scope, r.Environment, r.DataClass = id, n.Scope, n.Environment, n.DataClass
	r.Owner = n.BusinessOwner
	if n.TechnicalOwner != 0 {
		r.Owner = n.TechnicalOwner
	}
	return ok
}
