package graph

import (
	"context"
	"iter"
	"math/big"

	"github.com/writhq/writ/access"
)

// Graph is the index, kept current from its source. Any number of goroutines may
// take views while one follows.
type Graph struct{}

// Open builds the index from everything that src has.
func Open(ctx context.Context, src Source) (*Graph, error) { panic("not built yet") }

// Follow brings the index up to the source's revision; cost is proportional to
// what changed. It returns the objects that changed since the last call.
func (g *Graph) Follow(ctx context.Context) ([]access.Ref, error) { panic("not built yet") }

// View returns a consistent view at one revision; it must be closed soon.
func (g *Graph) View() *View { panic("not built yet") }

// View answers questions at one revision.
type View struct{}

// Close releases the view.
func (v *View) Close() {}

// Rev is the revision that every answer of this view is at.
func (v *View) Rev() access.Rev { panic("not built yet") }

// The facts, by id and all of a kind in id order.
func (v *View) System(id access.SystemID) (SystemNode, bool)                { panic("not built yet") }
func (v *View) Resource(id access.ResourceID) (ResourceNode, bool)          { panic("not built yet") }
func (v *View) Entitlement(id access.EntitlementID) (EntitlementNode, bool) { panic("not built yet") }
func (v *View) Identity(id access.IdentityID) (IdentityNode, bool)          { panic("not built yet") }
func (v *View) Account(id access.AccountID) (AccountNode, bool)             { panic("not built yet") }
func (v *View) Role(id access.RoleID) (RoleNode, bool)                      { panic("not built yet") }
func (v *View) Systems() iter.Seq[SystemNode]                               { panic("not built yet") }
func (v *View) Resources() iter.Seq[ResourceNode]                           { panic("not built yet") }
func (v *View) Entitlements() iter.Seq[EntitlementNode]                     { panic("not built yet") }
func (v *View) Identities() iter.Seq[IdentityNode]                          { panic("not built yet") }
func (v *View) Accounts() iter.Seq[AccountNode]                             { panic("not built yet") }
func (v *View) Credentials(account access.AccountID) []CredentialEdge       { panic("not built yet") }

// AccountsAccepting lists the accounts that accept a credential.
func (v *View) AccountsAccepting(id access.CredentialID) []access.AccountID { panic("not built yet") }

// AllCredentials yields each credential id once.
func (v *View) AllCredentials() iter.Seq[access.CredentialID] { panic("not built yet") }

// AccountsOf lists an identity's accounts.
func (v *View) AccountsOf(id access.IdentityID) []access.AccountID { panic("not built yet") }

// DirectGrants yields the grants that start at a holder, in every mode.
func (v *View) DirectGrants(holder access.Ref) iter.Seq[GrantEdge] { panic("not built yet") }

// DirectHolders yields the grants that end at an entitlement.
func (v *View) DirectHolders(id access.EntitlementID) iter.Seq[GrantEdge] { panic("not built yet") }

// Held is one entitlement that a holder effectively has.
type Held struct {
	Entitlement access.EntitlementID
	Resource    access.ResourceID
	Modes       uint8 // bit 1<<mode for each access mode that it is had in
	Direct      bool  // some grant starts at the holder or at one of its accounts
	Escalated   bool  // only through becoming somebody else (Escalation paths), never a grant
}

// Question narrows an answer.
type Question struct {
	// Modes are the access modes that count; zero is all three.
	Modes uint8
	// Escalation also follows what a holder could become: impersonation, the right
	// to grant access, and control of the host that a system runs on.
	Escalation bool
	// After continues behind this key (a page's last); First is how many, 0 is 100.
	After int64
	First int
}

// Effective lists what an identity, account or entitlement effectively has,
// nested groups, roles and accounts followed, by entitlement and resource.
func (v *View) Effective(holder access.Ref, q Question) []Held { panic("not built yet") }

// Holders is an answer to "who can?".
type Holders struct {
	Rev        access.Rev
	Count      int // of identities
	Identities []access.IdentityID
	Orphans    int // accounts without an identity that can, too
	Accounts   []access.AccountID
	Next       int64 // Question.After of the next page, 0 at the end
}

// WhoCan answers who can reach an entitlement, a resource (anything on it or
// inside it) or a system.
func (v *View) WhoCan(target access.Ref, q Question) Holders { panic("not built yet") }

// StepKind says how a path goes on.
type StepKind uint8

// The kinds of step.
const (
	ByAccount     StepKind = iota // the identity has the account
	ByGrant                       // the holder has the entitlement
	ByNesting                     // the entitlement's holders have the next one
	ByRole                        // the identity has the role
	ByInclusion                   // the role includes the next one
	ByRoleGives                   // the role gives the entitlement
	ByImpersonate                 // whoever has it can become the account
	ByGrantAccess                 // whoever has it can give the entitlement
	ByHost                        // whoever controls the host controls the system
)

// Step is one edge of a path.
type Step struct {
	Kind     StepKind
	From, To access.Ref
	Mode     access.Mode
	Resource access.ResourceID
}

// Paths says why: how many shortest paths there are and the first of them.
type Paths struct {
	Rev    access.Rev
	Length int
	Count  *big.Int
	First  [][]Step // at most 20
}

// Why returns the shortest paths from a holder to an entitlement, resource or system.
func (v *View) Why(holder, target access.Ref, q Question) Paths { panic("not built yet") }

// Cycles lists the groups of entitlements (or roles) that contain each other.
func (v *View) Cycles() [][]access.Ref { panic("not built yet") }

// Both counts, for each pair, the identities that effectively hold both; the
// first of each are listed by PairHolders.
func (v *View) Both(pairs [][2]access.EntitlementID, q Question) []int { panic("not built yet") }

// PairHolders lists the identities that effectively hold both.
func (v *View) PairHolders(a, b access.EntitlementID, q Question) []access.IdentityID {
	panic("not built yet")
}
