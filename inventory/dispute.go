package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What a decision about an account can meet.
var (
	ErrDecided     = fault.New(fault.Conflict, "already-decided", "somebody has decided whose account it is")
	ErrNotDisputed = fault.New(fault.Conflict, "not-disputed", "whose account it is is not disputed")
)

// DisputeStore is what the queue of disputed matches needs.
type DisputeStore interface {
	// Waiting returns the accounts whose match is disputed, oldest first.
	Waiting(ctx context.Context) ([]Waiting, error)
	// AccountFacts and IdentityFacts are for people to look at; what is gone is left out.
	AccountFacts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]AccountFacts, error)
	IdentityFacts(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]IdentityFacts, error)
	// DecideLink keeps a person's decision. It asks Decision.Against in the same
	// transaction, and returns ErrNotFound for an account or identity that is not there.
	DecideLink(ctx context.Context, d Decision) error
}

// Waiting is an account whose match is disputed, and since when.
type Waiting struct {
	Account access.AccountID
	System  access.SystemID
	Since   access.Time
}

// AccountFacts are what of an account no rule looks at.
type AccountFacts struct {
	Status     access.AccountStatus
	Created    access.Time
	LastUsed   access.Time // zero: never, where it is known
	UsageKnown bool
}

// IdentityFacts are what of an identity no rule looks at.
type IdentityFacts struct {
	State                 access.IdentityState
	Employer, Unit, Title string
}

// Decision is a person's word on whose account it is; rules never override it.
type Decision struct {
	Account  access.AccountID
	Identity access.IdentityID // zero: nobody's
	Reason   string
	Replace  bool // what stands may be a decision, or what a rule is sure of
}

// Against says why a decision may not be taken where a link stands.
func (d Decision) Against(l Link) error {
	switch l.State {
	case Manual:
		return ErrDecided.With("it has been decided already (%s): --replace decides anew", l.Evidence)
	case Confirmed:
		return ErrNotDisputed.With("it is not disputed: rule %s knows whose it is, by %s; --replace decides otherwise", l.Rule, l.Evidence)
	case Disputed:
	}
	return nil
}

// Decide keeps a person's word on whose account it is.
func (s *Service) Decide(ctx context.Context, d Decision) error {
	if strings.TrimSpace(d.Reason) == "" {
		return ErrRule.With("a decision needs a reason")
	}
	return s.Store.DecideLink(ctx, d)
}

// Waiting returns the accounts whose match is disputed, oldest first.
func (s *Service) Waiting(ctx context.Context) ([]Waiting, error) { return s.Store.Waiting(ctx) }

// Dispute is one disputed match with the evidence side by side.
type Dispute struct {
	Account    Candidate
	Facts      AccountFacts
	Contenders []Contender
	More       int // contenders that are not listed
}

// Contender is somebody whose account it may be.
type Contender struct {
	Person   Person
	Facts    IdentityFacts
	Compared []Comparison
}

// Verdict says how an attribute of an account and of a contender go together.
type Verdict string

// The verdicts. Where one of the two says nothing it is unknown.
const (
	Same    Verdict = "same"
	Similar Verdict = "similar"
	Differs Verdict = "differs"
	Unknown Verdict = "unknown"
)

// Comparison is one attribute of both.
type Comparison struct {
	Attribute       string
	Account, Person string
	Verdict         Verdict
	Likeness        float64 // 0 to 1, unless it is unknown
}

// maxContenders are listed for one account.
const maxContenders = 20

// Disputes lays open the disputed matches of some accounts. Whom a match is between
// is asked of the rules again, so that it is as the facts are.
func (s *Service) Disputes(ctx context.Context, ids []access.AccountID) ([]Dispute, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rules, err := s.liveRules(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{s: s}
	if err := r.prepare(ctx, rules); err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(ids))
	accounts, err := s.Store.Candidates(ctx, sorted)
	if err != nil {
		return nil, fmt.Errorf("reading disputed accounts: %w", err)
	}
	facts, err := s.Store.AccountFacts(ctx, sorted)
	if err != nil {
		return nil, fmt.Errorf("reading disputed accounts: %w", err)
	}
	openers, err := s.Store.Openers(ctx, sorted)
	if err != nil {
		return nil, fmt.Errorf("reading what opens accounts: %w", err)
	}
	var list []Dispute
	var people []access.IdentityID
	for _, a := range accounts {
		if a.Link.State != Disputed {
			continue
		}
		o := r.m.match(&a, r.opening.outer(a.ID, openers[a.ID]))
		d := Dispute{Account: a, Facts: facts[a.ID], More: max(0, len(o.found)-maxContenders)}
		for _, i := range o.found[:min(len(o.found), maxContenders)] {
			p, plain := r.m.x.person(i)
			d.Contenders = append(d.Contenders, Contender{Person: p, Compared: compare(&a, &p, plain)})
			people = append(people, p.ID)
		}
		list = append(list, d)
	}
	who, err := s.Store.IdentityFacts(ctx, people)
	if err != nil {
		return nil, fmt.Errorf("reading whom accounts may belong to: %w", err)
	}
	for _, d := range list {
		for i := range d.Contenders {
			d.Contenders[i].Facts = who[d.Contenders[i].Person.ID]
		}
	}
	slices.SortStableFunc(list, func(a, b Dispute) int { return slices.Index(ids, a.Account.ID) - slices.Index(ids, b.Account.ID) })
	return list, nil
}

// compare holds an account and a person side by side.
func compare(a *Candidate, p *Person, plain string) []Comparison {
	number := Comparison{Attribute: "number", Account: a.Number, Person: p.Number, Likeness: exactly(a.Number, p.Number)}
	email := Comparison{Attribute: "email", Account: a.Email, Person: p.Email, Likeness: similarity(strings.ToLower(a.Email), strings.ToLower(p.Email))}
	login := Comparison{Attribute: "login", Account: a.Login, Person: p.Login, Likeness: loginLikeness(a.Login, p.Login)}
	name := Comparison{Attribute: "name", Account: a.Name, Person: p.Name, Likeness: likeness(plainName(a.Name), plain)}
	list := []Comparison{name, number, email, login}
	for i := range list {
		list[i].judge()
	}
	return list
}

func exactly(a, b string) float64 {
	if a == b {
		return 1
	}
	return 0
}

// loginLikeness takes logins that differ in affixes only for nearly the same.
func loginLikeness(a, b string) float64 {
	if a, b = strings.ToLower(a), strings.ToLower(b); a == b {
		return 1
	}
	return min(0.99, similarity(normalLogin(a), normalLogin(b)))
}

func (c *Comparison) judge() {
	switch {
	case c.Account == "" || c.Person == "":
		c.Verdict, c.Likeness = Unknown, 0
	case c.Likeness == 1:
		c.Verdict = Same
	case c.Likeness >= fuzzyDispute:
		c.Verdict = Similar
	default:
		c.Verdict = Differs
	}
}
