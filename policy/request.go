package policy

import (
	"net/netip"
	"time"

	"github.com/writhq/writ/access"
)

// Request asks whether Principal may do Action to Resource.
type Request struct {
	Principal access.Ref // an identity
	Action    string     // one of Actions
	Resource  Resource
	Context   Context
}

// Resource is what is acted on, as the store knows it and never as a caller says.
// Fields that do not apply stay zero; a zero Tier is the most dangerous one.
type Resource struct {
	Ref   access.Ref     // zero for one that does not exist yet, or for all of a type
	Key   string         // instead of Ref, where the type has no external id of its own
	Kind  string         // its kind, as its type tells kinds apart
	Scope access.ScopeID // zero is the organisation as a whole

	System      access.SystemID
	Tier        access.Tier
	Environment access.Environment
	DataClass   access.DataClass
	Function    access.Function // accountable for it, where it is a finding

	Owner    access.IdentityID // answers for it
	Creator  access.IdentityID // made or asked for it
	Assignee access.IdentityID // has been asked to decide it
	Eligible access.IdentityID // has the right to it that the action takes
	// Subjects are whose access it is about: identities and accounts, or groups and
	// roles, where whoever has them is meant.
	Subjects []access.Ref
}

// Context is how the request is made.
type Context struct {
	OnBehalfOf access.IdentityID // who delegated this to the principal
	MFA        bool              // a second factor in this sign-in
	MFAAge     time.Duration     // since then, whole seconds count
	BreakGlass bool
	Reason     string
	Address    netip.Addr
}

// Facts is one consistent view of what decisions are made on. It is implemented
// over the graph; every answer is at its revision.
type Facts interface {
	Rev() access.Rev
	// Identity returns what is known of an identity; false is unknown.
	Identity(id access.IdentityID) (IdentityFacts, bool)
	// Functions returns which functions an identity holds, and within which scopes.
	Functions(id access.IdentityID) []Held
	// Ancestors returns a scope and those that it lies in, up to the root; false is
	// unknown. The caller does not change the answer.
	Ancestors(scope access.ScopeID) ([]access.ScopeID, bool)
	// Managers returns an identity's managers, the nearest first.
	Managers(id access.IdentityID) []access.IdentityID
	// OwnersOf returns whose an account is; false is unknown.
	OwnersOf(account access.AccountID) ([]access.IdentityID, bool)
	// Holds reports whether an identity has an entitlement or a role in any mode,
	// directly or through groups.
	Holds(id access.IdentityID, what access.Ref) bool
}

// Held is a function within a scope; scope zero is the organisation as a whole.
type Held struct {
	Function access.Function
	Scope    access.ScopeID
}

// IdentityFacts is what a decision needs to know of an identity.
type IdentityFacts struct {
	Kind       access.IdentityKind
	State      access.IdentityState
	ThirdParty bool
	Owner      access.IdentityID // of a service or agent
	Scope      access.ScopeID
}
