package finding

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Order is what a list is sorted by.
type Order string

// The orders of a list.
const (
	Worst  Order = "worst"  // severity, then what is due first
	Due    Order = "due"    // what is due first
	Latest Order = "opened" // what was opened last
	Ending Order = "ends"   // of accepted ones alone, those that are open again first
)

// Query asks for findings that are not resolved. Zero fields do not narrow, but for
// Reach, whose zero is nowhere.
type Query struct {
	Rule       string
	Severity   access.Severity
	Function   access.Function
	System     access.SystemID
	Status     Status
	Owner      access.IdentityID
	Subject    access.Ref
	DueBefore  access.Time
	EndsBefore access.Time // only accepted ones, until before then
	Match      *Match

	Reach policy.Reach
	Order Order
	After *Place // the last one of the page before
	Limit int
}

// Match is what a text stands for: findings of rules, or of subjects.
type Match struct {
	Rules    []string
	Subjects []access.Ref
}

// Place is where a finding stands in the order of a list.
type Place struct {
	Rank int              `json:"r,omitempty"` // of its severity, where that counts
	At   access.Time      `json:"t"`           // when it is due, was opened, or is open again
	ID   access.FindingID `json:"i"`
}

// Listed is a finding with the version that it was read at, and its place.
type Listed struct {
	Finding
	Version int64
	Place   Place
}

// Total is how many findings of one severity are one function's.
type Total struct {
	Severity access.Severity `json:"severity"`
	Function access.Function `json:"function"`
	Count    int64           `json:"count"`
}

// Age is how long a finding has been open, or how soon it is due.
type Age string

// The ages, by time since it was opened and by time until it is due.
const (
	Week    Age = "week"    // opened within seven days
	Month   Age = "month"   // thirty
	Quarter Age = "quarter" // ninety
	Older   Age = "older"

	Overdue Age = "overdue"
	Soon    Age = "this_week" // due within seven days
	Later   Age = "later"
)

// The ages in display order.
var (
	OpenAges = []Age{Week, Month, Quarter, Older}
	DueAges  = []Age{Overdue, Soon, Later}
)

// Aged counts what is open of one rule and severity, by age.
type Aged struct {
	Rule     string
	Severity access.Severity
	Function access.Function
	Open     [4]int64 // as OpenAges
	Due      [3]int64 // as DueAges
}

// Version is one version of a finding: what it was, and whose change made it so.
type Version struct {
	Finding
	Number     int64 // the version
	At         access.Time
	Actor      string
	AcceptedBy access.IdentityID
	Ended      access.Time // zero where it is the one that counts
	EndedBy    string
}

// Shelf is what showing findings and deciding about them needs from a database.
type Shelf interface {
	// Page returns findings in an order, from a place on.
	Page(ctx context.Context, q Query) ([]Listed, error)
	// Totals counts all that a query asks for.
	Totals(ctx context.Context, q Query) ([]Total, error)
	// Ageing counts what is open and asked for, as of a time.
	Ageing(ctx context.Context, q Query, now access.Time) ([]Aged, error)
	// Versions returns every version of a finding, the oldest first; none is ErrNotFound.
	Versions(ctx context.Context, id access.FindingID) ([]Version, error)
	// Accept, Reopen and Assign change the version that is named, or return ErrChanged;
	// version zero is whichever there is. Accepting is of what is open and reopening of
	// what is accepted: otherwise there is ErrNotFound.
	Accept(ctx context.Context, id access.FindingID, version int64, reason string, until access.Time) error
	Reopen(ctx context.Context, id access.FindingID, version int64, reason string) error
	Assign(ctx context.Context, id access.FindingID, version int64, owner access.IdentityID) error
}

// matching returns the rules that say all words of a text.
func matching(text string) (ids []string) {
	words := strings.Fields(strings.ToLower(text))
	for _, r := range rules {
		says := strings.ToLower(r.ID + " " + r.Title)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(says, w) }) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}
