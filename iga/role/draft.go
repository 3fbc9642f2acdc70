package role

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What the way of a draft can meet.
var (
	ErrNoDraft   = fault.New(fault.Conflict, "role-no-draft", "the role has no open draft: edit it to begin one")
	ErrNotReview = fault.New(fault.Conflict, "role-not-in-review", "the draft is not in review: submit it first")
	ErrInReview  = fault.New(fault.Conflict, "role-in-review", "the draft is in review already")
	ErrUnread    = fault.New(fault.Conflict, "role-not-reviewed", "the draft is not approved yet: somebody who wrote none of it reviews it first")
	ErrAuthor    = fault.New(fault.Denied, "role-own-draft", "nobody reviews what they have written: somebody else does")
	ErrGains     = fault.New(fault.Denied, "role-own-access", "nobody reviews what would give access to them, or to a service that they answer for: somebody else does")
	ErrOutdated  = fault.New(fault.Conflict, "role-draft-outdated", "the role was published meanwhile: discard the draft and begin again from what it is now")
	ErrInUse     = fault.New(fault.Conflict, "role-in-use", "the role is in use")
)

// State is how far a draft is.
type State string

// The states of a draft. One that is published or discarded is no draft any more.
const (
	Written  State = "draft"  // somebody works on it
	InReview State = "review" // somebody else is to look at it
	Approved State = "approved"
)

// Draft is what a role is to become.
type Draft struct {
	Role    access.RoleID
	Version int64 // the row's, as If-Match wants it
	Definition
	State    State
	Base     int      // the number of the version that it was made from; 0 is a new role
	Authors  []string // everybody who wrote some of it
	Reviewer string
	Note     string // what the reviewer said, or the author of the change
	Since    access.Time
}

// edited is the draft with another definition, by whoever writes it. What was approved is
// so no longer.
func (d Draft) edited(by string, to Definition) Draft {
	d.Definition, d.State, d.Reviewer, d.Note = to, Written, "", ""
	d.Authors = slices.Clone(d.Authors)
	if !slices.Contains(d.Authors, by) {
		d.Authors = append(d.Authors, by)
		slices.Sort(d.Authors)
	}
	return d
}

// submitted is the draft in review.
func (d Draft) submitted() (Draft, error) {
	if d.State != Written {
		return d, ErrInReview
	}
	d.State, d.Note = InReview, ""
	return d, nil
}

// reviewed is the draft as somebody has decided on it.
func (d Draft) reviewed(by string, approve bool, note string) (Draft, error) {
	switch {
	case d.State != InReview:
		return d, ErrNotReview
	case slices.Contains(d.Authors, by):
		return d, ErrAuthor
	case !approve && note == "":
		return d, ErrReason.With("whoever sends a draft back says why")
	}
	d.Note, d.State, d.Reviewer = note, Approved, by
	if !approve {
		d.State, d.Reviewer = Written, ""
	}
	return d, nil
}

// publishable reports why a draft cannot be published, or nil. It asks again what the
// review has asked: rows are data.
func (d Draft) publishable(c *Catalog) error {
	number := 0
	if was, ok := c.Role(d.Role); ok {
		number = was.Number
	}
	switch {
	case d.State != Approved || d.Reviewer == "":
		return ErrUnread
	case slices.Contains(d.Authors, d.Reviewer):
		return ErrAuthor
	case d.Base != number:
		return ErrOutdated
	}
	return nil
}
