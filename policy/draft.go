package policy

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// What keeping policies can meet.
var (
	ErrName        = fault.New(fault.Invalid, "policy-name", "a document of policies has a name of lower-case letters, digits and single dashes, 40 at most")
	ErrDescription = fault.New(fault.Invalid, "policy-description", "a document of policies is described in at most 500 characters on one line")
	ErrTaken       = fault.New(fault.Conflict, "policy-taken", "there is already a document of policies of that name: change that one, or choose another name")
	ErrNotFound    = fault.New(fault.NotFound, "policy-not-found", "there is no such document of policies")
	ErrNoDraft     = fault.New(fault.Conflict, "policy-no-draft", "the document has no open draft: write one first")
	ErrAuthor      = fault.New(fault.Denied, "policy-own-draft", "nobody publishes what they have written: somebody else does")
	ErrOutdated    = fault.New(fault.Conflict, "policy-draft-outdated", "the document was published meanwhile: discard the draft and begin again from what it is now")
	ErrRetired     = fault.New(fault.Conflict, "policy-retired", "the document is not in force: there is nothing to retire")
	ErrLocksOut    = fault.New(fault.Refused, "policy-locks-out", "after that no two people could write and publish policies any more: leave them a way")
	ErrNotLocked   = fault.New(fault.Refused, "policy-not-locked", "there are people who can write and publish policies: one of them retires it and another publishes that")
	ErrChanged     = httpapi.ErrStale
)

const (
	maxName        = 40
	maxDescription = 500
	maxWhy         = 2_000
)

// Anew is the version of a document that is not there.
const Anew = -1

// Written is what somebody writes of a document.
type Written struct {
	Description string
	Text        string // in Cedar
	Reason      string // why
}

// Draft is what a document of the organisation's own policies is to become.
type Draft struct {
	ID      access.PolicyID
	Version int64 // the row's, as If-Match wants it
	Name    string
	Written
	Base    int      // the number of the version that it was made from; 0 is a new document
	Retires bool     // the document is to be in force no longer
	Authors []string // everybody who wrote some of it
	Since   access.Time
}

// Published is one version of a document of the organisation's own policies.
type Published struct {
	ID      access.PolicyID
	Version int64 // the row's, as If-Match wants it
	Name    string
	Written
	Number    int
	Retired   bool // it is in force no longer
	Authors   []string
	Publisher string
	Note      string // why it was published
	Since     access.Time
}

// document is what a set is compiled of. What does not say its mode observes.
func (p Published) document() Document {
	return Document{Name: p.Name, Text: p.Text, Own: true}
}

// SetOf makes the set that is in force where some documents are published.
func SetOf(revision access.Rev, all []Published) (*Set, error) {
	documents := Shipped()
	for _, p := range all {
		if !p.Retired {
			documents = append(documents, p.document())
		}
	}
	return NewSet(revision, documents...)
}

var (
	documentName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	firstWord    = regexp.MustCompile(`@id\("([a-z0-9_-]+)`)
)

// checkName refuses names whose policies would be taken for those that come with Writ.
func checkName(name string) error {
	if !documentName.MatchString(name) || len(name) > maxName {
		return ErrName.With("%q is no name for a document of policies: lower-case letters, digits and single dashes, %d at most", name, maxName)
	}
	for _, d := range append(Shipped(), Document{Name: guards, Text: shippedText(guards)}) {
		if name == d.Name || slices.ContainsFunc(firstWord.FindAllStringSubmatch(d.Text, -1), func(m []string) bool { return m[1] == name }) {
			return ErrName.With("policies that come with Writ begin with %q: choose another name", name)
		}
	}
	return nil
}

// tidy writes it in one way.
func (w *Written) tidy() {
	w.Description = strings.TrimSpace(w.Description)
	w.Reason = strings.TrimSpace(w.Reason)
	w.Text = strings.TrimRightFunc(strings.ReplaceAll(w.Text, "\r\n", "\n"), unicode.IsSpace)
	if w.Text != "" {
		w.Text += "\n"
	}
}

// check reports the first rule that it breaks, but for what its text says.
func (w *Written) check() error {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case !utf8.ValidString(w.Text):
		return ErrPolicy.With("the text is not UTF-8")
	case !utf8.ValidString(w.Description) || utf8.RuneCountInString(w.Description) > maxDescription || strings.ContainsFunc(w.Description, odd):
		return ErrDescription
	case w.Reason == "":
		return ErrReason
	case !utf8.ValidString(w.Reason) || utf8.RuneCountInString(w.Reason) > maxWhy:
		return ErrReason.With("a reason has at most %d characters", maxWhy)
	}
	return nil
}

// edited is the draft as somebody writes it.
func (d Draft) edited(by string, to Written, retires bool) Draft {
	d.Written, d.Retires = to, retires
	d.Authors = slices.Clone(d.Authors)
	if !slices.Contains(d.Authors, by) {
		d.Authors = append(d.Authors, by)
		slices.Sort(d.Authors)
	}
	return d
}

// published is the version that a draft becomes by somebody, who wrote none of it.
func (d Draft) published(by, note string, was *Published) (Published, error) {
	number := 0
	if was != nil {
		number = was.Number
	}
	switch {
	case len(d.Authors) == 0 || slices.Contains(d.Authors, by):
		return Published{}, ErrAuthor
	case d.Base != number:
		return Published{}, ErrOutdated
	}
	return Published{
		ID: d.ID, Name: d.Name, Written: d.Written, Number: number + 1, Retired: d.Retires,
		Authors: d.Authors, Publisher: by, Note: note,
	}, nil
}

// of finds a document among those that were published.
func of(all []Published, id access.PolicyID) *Published {
	i := slices.IndexFunc(all, func(p Published) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// with are the documents with one in the version that it is to have.
func with(all []Published, p Published) []Published {
	list := slices.DeleteFunc(slices.Clone(all), func(o Published) bool { return o.ID == p.ID })
	list = append(list, p)
	slices.SortFunc(list, func(a, b Published) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// same reports whether the same versions were published.
func same(a, b []Published) bool {
	return slices.EqualFunc(a, b, func(x, y Published) bool { return x.ID == y.ID && x.Version == y.Version })
}
