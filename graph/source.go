package graph

import (
	"context"

	"github.com/writhq/writ/access"
)

// Source is the truth that the graph is an index over; store implements it.
type Source interface {
	// Load delivers everything that is now, as of one state, and returns the revision
	// that it was read at. Kinds of facts may arrive in any order, edges before the
	// nodes at their ends; what starts at one object mostly arrives together.
	Load(ctx context.Context, sink Sink) (access.Rev, error)
	// Follow delivers what changed after rev, in one read transaction: for each
	// changed object a Forget (or ForgetSystem), then its facts as they are now, if
	// it still is; or, where only its grants changed, a ForgetGrants and its grants. It returns the revision reached; equal to rev when nothing changed.
	Follow(ctx context.Context, rev access.Rev, sink Sink) (access.Rev, error)
}

// Sink takes facts. An object's facts are its node and the edges that start at
// it: an account's credentials, openings and grants, an entitlement's own memberships, an
// identity's direct grants and assignments.
type Sink interface {
	// Forget drops an object and the edges that start at it; edges of others that
	// end at it stay, dangling, until they are forgotten themselves or it returns.
	Forget(ref access.Ref)
	// ForgetGrants drops the grants that start at an object, which stays. Of an object
	// that is forgotten as a whole before it does nothing.
	ForgetGrants(ref access.Ref)
	// ForgetSystem drops the system and every object of it.
	ForgetSystem(id access.SystemID)

	System(SystemNode) error
	Resource(ResourceNode) error
	Entitlement(EntitlementNode) error
	Identity(IdentityNode) error
	Account(AccountNode) error
	Role(RoleNode) error
	Credential(CredentialEdge) error
	Opening(OpeningEdge) error
	Grant(GrantEdge) error
	Assignment(AssignmentEdge) error
}

// SystemNode is a system's facts.
type SystemNode struct {
	ID             access.SystemID
	Scope          access.ScopeID
	RunsOn         access.SystemID // whoever controls that host controls this system
	Environment    access.Environment
	Criticality    access.Criticality
	DataClass      access.DataClass
	BusinessOwner  access.IdentityID
	TechnicalOwner access.IdentityID
	Synced         access.Time // last complete sync; zero is never
	Failed         access.Time // last failed sync, if later than Synced
	Cycle          int64       // observation cycle in microseconds, 0 is the default
	Draft          bool        // it is being set up, and has nothing yet
	Paused         access.Time // it is left alone until then
}

// ResourceNode is a resource's facts.
type ResourceNode struct {
	ID        access.ResourceID
	System    access.SystemID
	Parent    access.ResourceID
	DataClass access.DataClass
}

// EntitlementNode is an entitlement's facts, with its current classification.
type EntitlementNode struct {
	ID           access.EntitlementID
	System       access.SystemID
	Kind         string // few distinct values: interned
	Resource     access.ResourceID
	Owner        access.IdentityID
	Tier         access.Tier // Unclassified until classify has run
	Capabilities []access.Capability
	Conflicts    []access.EntitlementID // declared: nobody should hold these beside it
}

// IdentityNode is an identity's facts.
type IdentityNode struct {
	ID          access.IdentityID
	Kind        access.IdentityKind
	State       access.IdentityState
	ThirdParty  bool
	ContractEnd access.Time
	Sponsor     access.IdentityID
	Manager     access.IdentityID
	Owner       access.IdentityID // services and agents
}

// AccountNode is an account's facts. Identities has one element for an account
// of one person, none for an orphan, several for a shared one.
type AccountNode struct {
	ID          access.AccountID
	System      access.SystemID
	Kind        access.AccountKind
	Status      access.AccountStatus
	Interactive bool
	Disputed    bool // correlation found candidates and none was good enough
	UsageKnown  bool
	LastUsed    access.Time // zero with UsageKnown: never used
	Created     access.Time
	Expires     access.Time
	Identities  []access.IdentityID
}

// RoleNode is a role with what it gives and the roles that it includes.
type RoleNode struct {
	ID           access.RoleID
	Owner        access.IdentityID
	Entitlements []access.EntitlementID
	Parents      []access.RoleID
}

// CredentialEdge says that an account accepts a credential.
type CredentialEdge struct {
	ID       access.CredentialID
	Account  access.AccountID
	Kind     access.CredentialKind
	Changed  access.Time // zero is not known
	LastUsed access.Time
}

// OpeningEdge says that whoever signs in with one account is let in as another: a
// directory's account opens a host's, a host's a database's. It is a fact of the
// account that is opened.
type OpeningEdge struct {
	Account access.AccountID // what is opened
	By      access.AccountID
}

// GrantEdge says that a holder has an entitlement.
type GrantEdge struct {
	ID          access.GrantID
	Holder      access.Ref // identity, account or entitlement
	Entitlement access.EntitlementID
	Resource    access.ResourceID // zero: what the entitlement itself says
	Mode        access.Mode
	Flags       access.GrantFlags
	End         access.Time
	UsageKnown  bool
	LastUsed    access.Time
	Justified   bool
	Late        bool // it appeared after its system's baseline
}

// AssignmentEdge says that an identity has a role now.
type AssignmentEdge struct {
	ID       access.AssignmentID
	Role     access.RoleID
	Identity access.IdentityID
}
