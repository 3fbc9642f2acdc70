package inventory

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// What deciding on a doubt can meet.
var (
	ErrNoDoubt      = fault.New(fault.NotFound, "doubt-not-found", "the last sync of the source had no doubt about such a row")
	ErrDoubtTwice   = fault.New(fault.Refused, "doubt-number-twice", "two people have one number: have it mended in the source, nobody decides that here")
	ErrDoubtChanged = fault.New(fault.Conflict, "doubt-changed", "the row says something else by now: look at it again, then decide")
	ErrDoubtOneself = fault.New(fault.Denied, "doubt-oneself", "nobody decides that a row is themself: somebody else does")
)

// DoubtKind is what is in doubt about a row.
type DoubtKind string

// The kinds of doubt.
const (
	DoubtRehire DoubtKind = "rehire" // the number was that of somebody who has left, who was called otherwise
	DoubtNumber DoubtKind = "number" // two people have one number
)

// Doubt is a row of a source of which nobody can say whose it is. It does not count until
// that is known, so that nobody gains anything by it.
type Doubt struct {
	Source   access.SourceID   `json:"source"`
	Row      string            `json:"row" doc:"What the source calls it"`
	Kind     DoubtKind         `json:"kind" enum:"rehire,number"`
	Name     string            `json:"name"`
	Number   string            `json:"number,omitempty"`
	Email    string            `json:"email,omitempty"`
	Identity access.IdentityID `json:"identity,omitzero" doc:"Whose number it was, or is"`
	Where    string            `json:"where"`
	Since    access.Time       `json:"since,omitzero"`
	// What was decided; the next sync goes by it.
	Decided string `json:"decided,omitempty" enum:"same,another"`
	Reason  string `json:"reason,omitempty"`
}

// The words of a decision.
const (
	SamePerson    = "same"
	AnotherPerson = "another"
)

// DoubtStore keeps doubts, and what people say of them.
type DoubtStore interface {
	// Doubts are those that the last sync of each source had.
	Doubts(ctx context.Context) ([]Doubt, error)
	// DecideDoubt keeps a person's word. It asks may in the same transaction, and returns
	// ErrNoDoubt where there is none about the row.
	DecideDoubt(ctx context.Context, source access.SourceID, row string, same bool, reason string, may func(Doubt) error) error
}

// DecidedRow is what a decision is about: a row, by the name that it had, and somebody who
// has left.
type DecidedRow struct {
	Row      string
	Name     string
	Identity access.IdentityID
}

// mostDoubts are kept of a sync; that there are more, its count of rejected rows tells.
const mostDoubts = 1000

// Doubts are the rows of which nobody can say whose they are.
func (s *Service) Doubts(ctx context.Context) ([]Doubt, error) { return s.Store.Doubts(ctx) }

// DecideDoubt keeps a person's word on whether a row is who has left, or somebody else. The
// source's next sync goes by it. Seen is what the row was called when they looked; without
// it, the word is on whatever it says now.
func (s *Service) DecideDoubt(ctx context.Context, source access.SourceID, row, seen string, same bool, reason string, by access.IdentityID) error {
	if strings.TrimSpace(reason) == "" {
		return ErrRule.With("a decision needs a reason")
	}
	return s.Store.DecideDoubt(ctx, source, row, same, reason, func(d Doubt) error {
		switch {
		case d.Kind != DoubtRehire:
			return ErrDoubtTwice
		case seen != "" && seen != d.Name:
			return ErrDoubtChanged
		case by != 0 && by == d.Identity:
			return ErrDoubtOneself
		}
		return nil
	})
}

// doubt rejects a row of which nobody can say whose it is, and keeps it in view.
func (p *people) doubt(person *connector.Person, kind DoubtKind, id access.IdentityID, why string) error {
	own := p.rejects.own(connector.Reject{Where: lineOf(person), Raw: person.ID})
	if a := person.Attributes; len(p.r.Doubts) < mostDoubts {
		p.r.Doubts = append(p.r.Doubts, Doubt{
			Source: p.src.ID, Row: own.Raw, Kind: kind, Name: strings.Clone(a["name"]), Number: strings.Clone(a["number"]), Email: strings.Clone(a["email"]),
			Identity: id, Where: own.Where,
		})
	}
	return p.rejectPerson(person, why)
}

// returned is whose a row is that has the number of somebody who has left: theirs, if the
// name says so or a person has; nobody's who is known, if a person has said that. In doubt
// sure is false.
func (p *people) returned(person *connector.Person, id access.IdentityID) (whose access.IdentityID, sure bool) {
	if p.isBack(id, person.Attributes["name"]) {
		return id, true
	}
	same, decided := p.known.Decided[DecidedRow{person.ID, person.Attributes["name"], id}]
	switch {
	case !decided:
		return 0, false
	case same:
		return id, true
	}
	return 0, true
}
