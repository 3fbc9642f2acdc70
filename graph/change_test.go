package graph

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

// How many objects a random world has at most. Small, so that cycles, parallel
// paths and references to what is not there are the rule.
const (
	maxSystems      = 3
	maxResources    = 5
	maxEntitlements = 7
	maxIdentities   = 3
	maxAccounts     = 6
	maxRoles        = 3
	maxCredentials  = 3
	maxGrants       = 24
	maxAssignments  = 4
)

// dice draws small numbers.
type dice struct{ t *rapid.T }

func (d dice) upTo(n int) int   { return rapid.IntRange(0, n).Draw(d.t, "n") }
func (d dice) key(n int) int64  { return int64(rapid.IntRange(1, n).Draw(d.t, "key")) }
func (d dice) none(n int) int64 { return int64(d.upTo(n)) }
func (d dice) yes() bool        { return rapid.Bool().Draw(d.t, "yes") }

func pick[T any](d dice, from []T) T { return from[d.upTo(len(from)-1)] }

// mutate makes one random change and logs it.
func (w *world) mutate(d dice) {
	switch d.upTo(14) {
	case 0:
		w.putSystem(d, access.SystemID(d.key(maxSystems)))
	case 1:
		w.putResource(d, access.ResourceID(d.key(maxResources)), access.SystemID(d.none(maxSystems)))
	case 2:
		w.putEntitlement(d, access.EntitlementID(d.key(maxEntitlements)), access.SystemID(d.none(maxSystems)))
	case 3:
		w.putIdentity(d, access.IdentityID(d.key(maxIdentities)))
	case 4:
		w.putAccount(d, access.AccountID(d.key(maxAccounts)), access.SystemID(d.none(maxSystems)))
	case 5:
		w.putRole(d, access.RoleID(d.key(maxRoles)))
	case 6, 7, 8:
		w.putGrant(d)
	case 9:
		w.putAssignment(d)
	case 10:
		w.putCredential(d)
	case 13, 14:
		w.putOpening(d)
	case 11:
		if refs := w.objects(); len(refs) > 0 {
			ref := pick(d, refs)
			w.remove(ref)
			w.touched(ref)
		}
	case 12:
		w.resync(d)
	}
}

func (w *world) putSystem(d dice, id access.SystemID) {
	w.systems[id] = SystemNode{
		ID: id, RunsOn: access.SystemID(d.none(maxSystems)), Environment: access.Production,
		BusinessOwner: access.IdentityID(d.none(maxIdentities)), Synced: access.Time(d.upTo(5)),
	}
	w.touched(id.Ref())
}

func (w *world) putResource(d dice, id access.ResourceID, system access.SystemID) {
	w.resources[id] = ResourceNode{
		ID: id, System: system, Parent: access.ResourceID(d.none(maxResources)), DataClass: access.Restricted,
	}
	w.touched(id.Ref())
}

func (w *world) putEntitlement(d dice, id access.EntitlementID, system access.SystemID) {
	n := EntitlementNode{
		ID: id, System: system, Kind: pick(d, []string{"role", "group"}),
		Resource: access.ResourceID(d.none(2 * maxResources)), Tier: access.Tier(d.upTo(3)),
	}
	if d.yes() {
		for range d.upTo(2) {
			n.Capabilities = append(n.Capabilities, w.drawCapability(d))
		}
	}
	w.entitlements[id] = n
	w.touched(id.Ref())
}

func (w *world) drawCapability(d dice) access.Capability {
	return access.Capability{
		Right: pick(d, []access.Right{access.GrantAccess, access.Impersonate, access.BypassControls, access.ReadSensitive}),
		On: pick(d, []access.Ref{
			access.SystemID(d.key(maxSystems)).Ref(), access.EntitlementID(d.key(maxEntitlements)).Ref(),
			access.AccountID(d.key(maxAccounts)).Ref(), access.ResourceID(d.key(maxResources)).Ref(),
			{},
		}),
	}
}

func (w *world) putIdentity(d dice, id access.IdentityID) {
	w.identities[id] = IdentityNode{
		ID: id, Kind: access.Human, State: pick(d, access.IdentityStates), ThirdParty: d.yes(),
		Manager: access.IdentityID(d.none(maxIdentities)), ContractEnd: access.Time(d.upTo(9)),
	}
	w.touched(id.Ref())
}

func (w *world) putAccount(d dice, id access.AccountID, system access.SystemID) {
	n := AccountNode{
		ID: id, System: system, Kind: pick(d, access.AccountKinds), UsageKnown: d.yes(),
		Status:   pick(d, []access.AccountStatus{access.Enabled, access.Enabled, access.Enabled, access.Locked}),
		LastUsed: access.Time(d.upTo(3) * 1_000_001),
	}
	for range pick(d, []int{0, 1, 1, 2}) {
		n.Identities = append(n.Identities, access.IdentityID(d.key(maxIdentities)))
	}
	w.accounts[id] = n
	w.touched(id.Ref())
}

func (w *world) putRole(d dice, id access.RoleID) {
	n := RoleNode{ID: id, Owner: access.IdentityID(d.none(maxIdentities))}
	for range d.upTo(2) {
		n.Entitlements = append(n.Entitlements, access.EntitlementID(d.key(maxEntitlements)))
	}
	for range d.upTo(1) {
		n.Parents = append(n.Parents, access.RoleID(d.key(maxRoles)))
	}
	w.roles[id] = n
	w.touched(id.Ref())
}

// putGrant puts, replaces or removes a grant.
func (w *world) putGrant(d dice) {
	id := access.GrantID(d.key(maxGrants))
	if old, known := w.grants[id]; known {
		delete(w.grants, id)
		w.granted(old.Holder)
		if d.yes() {
			return
		}
	}
	g := GrantEdge{
		ID:          id,
		Entitlement: access.EntitlementID(d.key(maxEntitlements)),
		Resource:    access.ResourceID(max(0, d.none(2*maxResources)-maxResources)),
		Mode:        pick(d, []access.Mode{access.Standing, access.Standing, access.Eligible, access.Activated}),
		Flags:       access.GrantFlags(d.upTo(15)),
		End:         access.Time(d.upTo(2) * 1_000_000), UsageKnown: d.yes(), Justified: d.yes(), Late: d.yes(),
	}
	switch d.upTo(3) {
	case 0:
		g.Holder = access.IdentityID(d.key(maxIdentities)).Ref()
	case 1, 2:
		g.Holder = access.AccountID(d.key(maxAccounts)).Ref()
	case 3:
		g.Holder = access.EntitlementID(d.key(maxEntitlements)).Ref()
	}
	w.grants[id] = g
	w.granted(g.Holder)
}

func (w *world) putAssignment(d dice) {
	id := access.AssignmentID(d.key(maxAssignments))
	if old, known := w.assignments[id]; known {
		delete(w.assignments, id)
		w.touched(old.Identity.Ref())
		return
	}
	a := AssignmentEdge{ID: id, Role: access.RoleID(d.key(maxRoles)), Identity: access.IdentityID(d.key(maxIdentities))}
	w.assignments[id] = a
	w.touched(a.Identity.Ref())
}

func (w *world) putCredential(d dice) {
	account := access.AccountID(d.key(maxAccounts))
	w.touched(account.Ref())
	for i, c := range w.credentials {
		if c.Account == account {
			w.credentials = append(w.credentials[:i:i], w.credentials[i+1:]...)
			return
		}
	}
	w.credentials = append(w.credentials, CredentialEdge{
		ID: access.CredentialID(d.key(maxCredentials)), Account: account, Kind: access.SSHKey, Changed: access.Time(d.upTo(3)),
	})
}

// putOpening puts or removes one that opens an account.
func (w *world) putOpening(d dice) {
	o := OpeningEdge{Account: access.AccountID(d.key(maxAccounts)), By: access.AccountID(d.key(maxAccounts))}
	w.touched(o.Account.Ref())
	if i := slices.Index(w.openings, o); i >= 0 {
		w.openings = slices.Delete(w.openings, i, i+1)
		return
	}
	w.openings = append(w.openings, o)
}

// resync replaces much of one system, logged as one change of it.
func (w *world) resync(d dice) {
	id := access.SystemID(d.key(maxSystems))
	before := len(w.log)
	for _, ref := range w.objects() {
		if w.systemOf(ref) == id && d.yes() {
			w.remove(ref)
		}
	}
	if d.yes() {
		w.putSystem(d, id)
	}
	// Only objects that are new or already of this system can arrive with it.
	for range d.upTo(3) {
		if e := access.EntitlementID(d.key(maxEntitlements)); !w.there(e.Ref()) || w.systemOf(e.Ref()) == id {
			w.putEntitlement(d, e, id)
		}
		if a := access.AccountID(d.key(maxAccounts)); !w.there(a.Ref()) || w.systemOf(a.Ref()) == id {
			w.putAccount(d, a, id)
		}
	}
	w.log = append(w.log[:before], change{ref: id.Ref(), bulk: true})
}
