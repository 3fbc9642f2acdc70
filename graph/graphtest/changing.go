package graphtest

import (
	"context"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// How many objects a changing world has at most. Small, so that cycles, several
// ways, shared accounts and references to what is not there are the rule.
const (
	maxSystems      = 3
	maxResources    = 3
	maxEntitlements = 7
	maxIdentities   = 5
	maxAccounts     = 8
	maxRoles        = 2
	maxCredentials  = 3
	maxGrants       = 26
	maxAssignments  = 4
	maxOpenings     = 6
)

// Changing is a truth that changes at random and says what changed: a source for
// the tests of what is kept up to date from one view to the next. An object that is
// not there keeps its edges for when it returns.
type Changing struct {
	t     *rapid.T
	today access.Time

	systems      map[int64]graph.SystemNode
	resources    map[int64]graph.ResourceNode
	entitlements map[int64]graph.EntitlementNode
	identities   map[int64]graph.IdentityNode
	accounts     map[int64]graph.AccountNode
	roles        map[int64]graph.RoleNode
	credentials  map[int64]graph.CredentialEdge // by account: one each
	grants       map[int64]graph.GrantEdge
	assignments  map[int64]graph.AssignmentEdge
	openings     map[int64]graph.OpeningEdge

	log []access.Ref // the revision is its length
}

var _ graph.Source = (*Changing)(nil)

// NewChanging returns a world in which so many changes have happened. Dates in it
// lie around today.
func NewChanging(t *rapid.T, today time.Time, changes int) *Changing {
	w := &Changing{
		t: t, today: access.TimeOf(today),
		systems: map[int64]graph.SystemNode{}, resources: map[int64]graph.ResourceNode{},
		entitlements: map[int64]graph.EntitlementNode{}, identities: map[int64]graph.IdentityNode{},
		accounts: map[int64]graph.AccountNode{}, roles: map[int64]graph.RoleNode{},
		credentials: map[int64]graph.CredentialEdge{}, grants: map[int64]graph.GrantEdge{},
		assignments: map[int64]graph.AssignmentEdge{}, openings: map[int64]graph.OpeningEdge{},
	}
	for i := range int64(maxSystems) {
		w.putSystem(i + 1)
	}
	for i := range int64(maxEntitlements) {
		w.putEntitlement(i + 1)
	}
	for i := range int64(maxIdentities) {
		w.putIdentity(i + 1)
	}
	for i := range int64(maxAccounts) {
		w.putAccount(i + 1)
	}
	w.Change(changes)
	return w
}

// Graph returns a graph of the world.
func (w *Changing) Graph() *graph.Graph {
	g, err := graph.Open(context.Background(), w)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// Own stands for what classify finds: the own tier of each entitlement, which is
// the tier that it has in the end, or better.
func (w *Changing) Own() map[access.EntitlementID]access.Tier {
	own := map[access.EntitlementID]access.Tier{}
	for _, e := range w.entitlements {
		own[e.ID] = min(max(e.Tier, access.Tier0)+access.Tier(e.Resource), access.Tier3)
	}
	return own
}

// Change makes so many random changes.
func (w *Changing) Change(n int) {
	for range n {
		w.change()
	}
}

func (w *Changing) change() {
	switch w.upTo(21) {
	case 0, 1:
		w.putSystem(w.key(maxSystems))
	case 2:
		w.putResource(w.key(maxResources))
	case 3, 4, 5:
		w.putEntitlement(w.key(maxEntitlements))
	case 6, 7:
		w.putIdentity(w.key(maxIdentities))
	case 8, 9:
		w.putAccount(w.key(maxAccounts))
	case 10:
		w.putRole(w.key(maxRoles))
	case 11:
		w.putAssignment(w.key(maxAssignments))
	case 12, 13:
		w.putCredential(w.key(maxAccounts))
	case 14:
		w.remove()
	case 15, 16:
		w.putOpening(w.key(maxOpenings))
	default:
		w.putGrant(w.key(maxGrants))
	}
}

func (w *Changing) upTo(n int) int   { return rapid.IntRange(0, n).Draw(w.t, "n") }
func (w *Changing) key(n int) int64  { return int64(rapid.IntRange(1, n).Draw(w.t, "key")) }
func (w *Changing) none(n int) int64 { return int64(w.upTo(n)) }
func (w *Changing) yes() bool        { return rapid.Bool().Draw(w.t, "yes") }
func (w *Changing) rarely() bool     { return w.upTo(5) == 5 }

func pick[T any](w *Changing, from ...T) T { return from[w.upTo(len(from)-1)] }

func (w *Changing) changed(ref access.Ref) { w.log = append(w.log, ref) }

// date is about so many days from today, or one of the moments around a period's
// end, or none.
func (w *Changing) date(days ...int) access.Time {
	const day = access.Time(24 * time.Hour / time.Microsecond)
	n := w.upTo(len(days))
	if n == len(days) {
		return 0
	}
	at := w.today + access.Time(days[n])*day
	return at + access.Time(w.upTo(6))*access.Time(time.Hour/time.Microsecond) - access.Time(w.upTo(1))
}

func (w *Changing) person() access.IdentityID { return access.IdentityID(w.none(maxIdentities)) }

func (w *Changing) putSystem(id int64) {
	n := graph.SystemNode{
		ID: access.SystemID(id), Environment: pick(w, access.Production, access.Staging), Criticality: pick(w, "", access.CriticalityControl),
		BusinessOwner: w.person(), TechnicalOwner: w.person(), Synced: w.date(0, 0, -1, -3), Failed: w.date(-1, -4),
		DataClass: pick(w, "", access.Restricted),
	}
	if w.rarely() {
		n.RunsOn = access.SystemID(w.key(maxSystems))
	}
	w.systems[id] = n
	w.changed(n.ID.Ref())
}

func (w *Changing) putResource(id int64) {
	n := graph.ResourceNode{ID: access.ResourceID(id), System: access.SystemID(w.none(maxSystems)), Parent: access.ResourceID(w.none(maxResources)), DataClass: pick(w, "", access.Restricted, access.Public)}
	w.resources[id] = n
	w.changed(n.ID.Ref())
}

func (w *Changing) putEntitlement(id int64) {
	n := graph.EntitlementNode{
		ID: access.EntitlementID(id), System: access.SystemID(w.none(maxSystems)), Kind: pick(w, "role", "role", "public"),
		Resource: access.ResourceID(w.none(1)), Owner: w.person(), Tier: access.Tier(w.upTo(4) - 1),
	}
	for range max(0, w.upTo(3)-1) {
		n.Capabilities = append(n.Capabilities, access.Capability{
			Right: pick(w, access.GrantAccess, access.GrantAccess, access.Impersonate, access.BypassControls, access.ReadSensitive, access.ChangeConfig),
			On: pick(w, n.System.Ref(), access.SystemID(w.key(maxSystems)).Ref(), access.EntitlementID(w.key(maxEntitlements)).Ref(),
				access.EntitlementID(w.key(maxEntitlements)).Ref(), access.AccountID(w.key(maxAccounts)).Ref(), access.ResourceID(w.key(maxResources)).Ref()),
		})
	}
	if w.rarely() {
		n.Conflicts = append(n.Conflicts, access.EntitlementID(w.key(maxEntitlements)))
	}
	w.entitlements[id] = n
	w.changed(n.ID.Ref())
}

func (w *Changing) putIdentity(id int64) {
	n := graph.IdentityNode{
		ID: access.IdentityID(id), Kind: pick(w, access.Human, access.Human, access.Service, access.Agent), State: pick(w, access.Active, access.Active, access.Terminated, access.LeaveOfAbsence),
		ThirdParty: w.rarely(), ContractEnd: w.date(-1, 30), Sponsor: w.person(), Manager: w.person(), Owner: w.person(),
	}
	w.identities[id] = n
	w.changed(n.ID.Ref())
}

func (w *Changing) putAccount(id int64) {
	n := graph.AccountNode{
		ID: access.AccountID(id), System: access.SystemID(w.none(maxSystems)), Kind: pick(w, access.PersonAccount, access.PersonAccount, access.AdminAccount, access.ServiceAccount, access.SharedAccount, access.BuiltInAccount, access.BreakGlassAccount),
		Status: pick(w, access.Enabled, access.Enabled, access.Enabled, access.Disabled), Disputed: w.rarely(), UsageKnown: w.yes(),
		LastUsed: w.date(-2, -90), Created: w.date(-90, -300), Expires: w.date(0, 0, 40),
	}
	if w.yes() {
		n.Expires = 0
	}
	for range pick(w, 0, 1, 1, 1, 2) {
		if i := access.IdentityID(w.key(maxIdentities)); !slices.Contains(n.Identities, i) {
			n.Identities = append(n.Identities, i)
		}
	}
	w.accounts[id] = n
	w.changed(n.ID.Ref())
}

func (w *Changing) putRole(id int64) {
	n := graph.RoleNode{ID: access.RoleID(id), Entitlements: []access.EntitlementID{access.EntitlementID(w.key(maxEntitlements))}}
	if w.yes() {
		n.Parents = append(n.Parents, access.RoleID(w.key(maxRoles)))
	}
	w.roles[id] = n
	w.changed(n.ID.Ref())
}

// putGrant puts, replaces or removes a grant.
func (w *Changing) putGrant(id int64) {
	if old, known := w.grants[id]; known {
		delete(w.grants, id)
		w.changed(old.Holder)
		if w.yes() {
			return
		}
	}
	g := graph.GrantEdge{
		ID: access.GrantID(id), Entitlement: access.EntitlementID(w.key(maxEntitlements)), Resource: access.ResourceID(max(0, w.none(2*maxResources)-maxResources)),
		Mode: pick(w, access.Standing, access.Standing, access.Standing, access.Eligible, access.Activated), End: w.date(30),
		UsageKnown: w.yes(), LastUsed: w.date(-1), Justified: w.yes(), Late: w.yes(),
	}
	if w.rarely() {
		g.Flags = pick(w, access.Implicit, access.NoPassword)
	}
	switch w.upTo(6) {
	case 0:
		g.Holder = access.IdentityID(w.key(maxIdentities)).Ref()
	case 1, 2:
		g.Holder = access.EntitlementID(w.key(maxEntitlements)).Ref()
	default:
		g.Holder = access.AccountID(w.key(maxAccounts)).Ref()
	}
	w.grants[id] = g
	w.changed(g.Holder)
}

func (w *Changing) putAssignment(id int64) {
	if old, known := w.assignments[id]; known {
		delete(w.assignments, id)
		w.changed(old.Identity.Ref())
		return
	}
	a := graph.AssignmentEdge{ID: access.AssignmentID(id), Role: access.RoleID(w.key(maxRoles)), Identity: access.IdentityID(w.key(maxIdentities))}
	w.assignments[id] = a
	w.changed(a.Identity.Ref())
}

func (w *Changing) putCredential(account int64) {
	w.changed(access.AccountID(account).Ref())
	if _, known := w.credentials[account]; known && w.yes() {
		delete(w.credentials, account)
		return
	}
	w.credentials[account] = graph.CredentialEdge{
		ID: access.CredentialID(w.key(maxCredentials)), Account: access.AccountID(account),
		Kind: pick(w, access.Password, access.SSHKey), Changed: w.date(-1, -90, -365, -730),
	}
}

// putOpening puts, replaces or removes one that opens an account.
func (w *Changing) putOpening(id int64) {
	if old, known := w.openings[id]; known {
		delete(w.openings, id)
		w.changed(old.Account.Ref())
		if w.yes() {
			return
		}
	}
	o := graph.OpeningEdge{Account: access.AccountID(w.key(maxAccounts)), By: access.AccountID(w.key(maxAccounts))}
	w.openings[id] = o
	w.changed(o.Account.Ref())
}

// remove removes an object, or brings one back with the edges that it had.
func (w *Changing) remove() {
	id := w.key(maxAccounts)
	switch w.upTo(5) {
	case 0:
		delete(w.systems, id)
		w.changed(access.SystemID(id).Ref())
	case 1, 2:
		delete(w.entitlements, id)
		w.changed(access.EntitlementID(id).Ref())
	case 3:
		delete(w.identities, id)
		w.changed(access.IdentityID(id).Ref())
	case 4:
		delete(w.accounts, id)
		w.changed(access.AccountID(id).Ref())
	case 5:
		delete(w.roles, id)
		w.changed(access.RoleID(id).Ref())
	}
}

func deliver[T any](m map[int64]T, keep func(T) bool, to func(T) error) error {
	for _, id := range slices.Sorted(maps.Keys(m)) {
		if x := m[id]; keep(x) {
			if err := to(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func every[T any](T) bool { return true }

func (w *Changing) there(ref access.Ref) bool {
	var ok bool
	switch ref.Kind {
	case access.KindIdentity:
		_, ok = w.identities[ref.Key]
	case access.KindAccount:
		_, ok = w.accounts[ref.Key]
	case access.KindEntitlement:
		_, ok = w.entitlements[ref.Key]
	default: // others start no edges
	}
	return ok
}

// Load delivers everything.
func (w *Changing) Load(_ context.Context, sink graph.Sink) (access.Rev, error) {
	return access.Rev(len(w.log)), firstError(
		deliver(w.systems, every, sink.System), deliver(w.resources, every, sink.Resource), deliver(w.entitlements, every, sink.Entitlement),
		deliver(w.identities, every, sink.Identity), deliver(w.accounts, every, sink.Account), deliver(w.roles, every, sink.Role),
		w.edges(sink, w.there),
	)
}

func (w *Changing) edges(sink graph.Sink, of func(access.Ref) bool) error {
	return firstError(
		deliver(w.credentials, func(c graph.CredentialEdge) bool { return of(c.Account.Ref()) }, sink.Credential),
		deliver(w.openings, func(o graph.OpeningEdge) bool { return of(o.Account.Ref()) }, sink.Opening),
		deliver(w.grants, func(g graph.GrantEdge) bool { return of(g.Holder) }, sink.Grant),
		deliver(w.assignments, func(a graph.AssignmentEdge) bool { return of(a.Identity.Ref()) }, sink.Assignment),
	)
}

// Follow delivers what changed.
func (w *Changing) Follow(_ context.Context, rev access.Rev, sink graph.Sink) (access.Rev, error) {
	done := map[access.Ref]bool{}
	for _, ref := range w.log[rev:] {
		if done[ref] {
			continue
		}
		done[ref] = true
		sink.Forget(ref)
		if err := w.node(ref, sink); err != nil {
			return 0, err
		}
		if err := w.edges(sink, func(r access.Ref) bool { return r == ref && w.there(r) }); err != nil {
			return 0, err
		}
	}
	return access.Rev(len(w.log)), nil
}

func (w *Changing) node(ref access.Ref, sink graph.Sink) error {
	switch ref.Kind {
	case access.KindSystem:
		return one(w.systems, ref, sink.System)
	case access.KindResource:
		return one(w.resources, ref, sink.Resource)
	case access.KindEntitlement:
		return one(w.entitlements, ref, sink.Entitlement)
	case access.KindIdentity:
		return one(w.identities, ref, sink.Identity)
	case access.KindAccount:
		return one(w.accounts, ref, sink.Account)
	case access.KindRole:
		return one(w.roles, ref, sink.Role)
	default:
		return nil
	}
}

func one[T any](m map[int64]T, ref access.Ref, to func(T) error) error {
	if x, ok := m[ref.Key]; ok {
		return to(x)
	}
	return nil
}
