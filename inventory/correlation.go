package inventory

import "github.com/writhq/writ/access"

// Correlation says what a run of the rules found among the accounts that it
// looked at.
type Correlation struct {
	Accounts, Confirmed, Disputed, Unmatched int
	Changed                                  int // links that are new, end, or have other evidence
	Effect                                   Effect
	Compared                                 int // names
	Capped                                   int // accounts with more like names than are compared
}

// Effect counts accounts that belong to somebody else than before, by what became
// of them.
type Effect struct {
	Linked   int // to an identity, for the first time
	Unlinked int // from the identity that it had
	Moved    int // from one identity to another
	Disputed int // newly, whether it was somebody's or nobody's
	Settled  int // disputed no longer, and nobody's
	First    []Difference
}

// Difference is an account that is linked otherwise than before.
type Difference struct {
	Account  access.AccountID
	Was, Now Link
}

// All is how many accounts there are of all sorts.
func (e *Effect) All() int { return e.Linked + e.Unlinked + e.Moved + e.Disputed + e.Settled }

// firstDifferences are kept for people to look at.
const firstDifferences = 100

func (c *Correlation) add(a *Candidate, l *Link, o *outcome) {
	c.Accounts++
	c.Compared += o.compared
	if o.capped {
		c.Capped++
	}
	switch l.State {
	case Disputed:
		c.Disputed++
	case "":
		c.Unmatched++
	case Confirmed, Manual:
		c.Confirmed++
	}
	c.Effect.add(a.ID, &a.Link, l)
}

func (e *Effect) add(id access.AccountID, was, is *Link) {
	if was.Identity == is.Identity && was.State == is.State {
		return
	}
	switch {
	case is.State == Disputed:
		e.Disputed++
	case was.Identity == 0 && is.Identity != 0:
		e.Linked++
	case was.Identity != 0 && is.Identity == 0:
		e.Unlinked++
	case was.Identity != is.Identity:
		e.Moved++
	case was.State == Disputed:
		e.Settled++
	default:
		return // the same person's, known in another way
	}
	if len(e.First) < firstDifferences {
		e.First = append(e.First, Difference{id, *was, *is})
	}
}
