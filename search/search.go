package search

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// The ways in which a question cannot be answered.
var (
	ErrBuilding = fault.New(fault.Unavailable, "search-building", "search is being built; ask again in a moment")
	ErrQuery    = fault.New(fault.Invalid, "bad-search", "the search cannot be understood")
	ErrOperator = fault.New(fault.Invalid, "unknown-operator", "there is no such operator")
	ErrSort     = fault.New(fault.Invalid, "bad-sort", "the list has no such order")
	ErrFilter   = fault.New(fault.Invalid, "bad-filter", "the list cannot be narrowed so")
)

// Kinds are the kinds of object that are found, in the order in which they are shown.
var Kinds = []access.ObjectKind{
	access.KindIdentity, access.KindAccount, access.KindEntitlement, access.KindSystem, access.KindResource, access.KindFinding,
}

// Text is what an object is called, and what else it is found by.
type Text struct {
	Key  int64
	Name string
	More [4]string
}

// Finding is what is known of a finding that is not resolved.
type Finding struct {
	ID       access.FindingID
	Rule     string
	Title    string // what the rule finds, in words
	Subject  access.Ref
	System   access.SystemID
	Severity access.Severity
	Function access.Function
	Owner    access.IdentityID
	Status   string
}

// IdentityText is what a row of the list shows of an identity that no index has.
type IdentityText struct {
	Number, Email, Login, Organisation string
}

// AccountText is the same of an account.
type AccountText struct {
	NativeID, DisplayName, Email string
}

// EntitlementText is the same of an entitlement.
type EntitlementText struct {
	NativeID, Description string
}

// Source is the truth that names come from; store implements it.
type Source interface {
	// Texts delivers the texts of all objects of a kind, or of some, by ascending keys.
	Texts(ctx context.Context, kind access.ObjectKind, keys []int64, take func(Text) error) error
	// Findings delivers the findings that are not resolved, by ascending ids, and the
	// revision that they are at.
	Findings(ctx context.Context, take func(Finding) error) (access.Rev, error)
	// FindingNews delivers the findings that began or changed after a revision, and
	// calls gone with those that were resolved. It may deliver what is known already.
	FindingNews(ctx context.Context, after access.Rev, take func(Finding) error, gone func(access.FindingID)) (access.Rev, error)

	IdentityTexts(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]IdentityText, error)
	AccountTexts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]AccountText, error)
	EntitlementTexts(ctx context.Context, ids []access.EntitlementID) (map[access.EntitlementID]EntitlementText, error)
}

// Seen is what of one kind somebody may see. The zero value is nothing.
type Seen struct {
	All     bool
	Systems map[access.SystemID]bool // what belongs to one of these
	Also    []int64                  // keys
}

// Sight is what somebody may see, by kind. A kind that is not in it is not seen.
type Sight map[access.ObjectKind]Seen

// Everything is the sight of a command on the data directory.
func Everything() Sight {
	s := Sight{}
	for _, kind := range Kinds {
		s[kind] = Seen{All: true}
	}
	return s
}
