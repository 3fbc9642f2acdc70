package policy

import (
	"context"

	"github.com/writhq/writ/access"
)

// DocumentTeller says what documents are, with names. All of its fields are needed.
type DocumentTeller struct {
	*Documents
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
}

// DocumentLine is a document as lists show it.
type DocumentLine struct {
	ID          access.PolicyID `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Number      int             `json:"number" doc:"Of the version that was published last; 0 is none yet"`
	InForce     bool            `json:"in_force" doc:"It is in the set of policies"`
	Draft       DraftState      `json:"draft,omitempty" enum:"written,retires" doc:"What waits for somebody else to publish it"`
	Policies    int             `json:"policies" doc:"How many there are in what was published last, or else in the draft"`
	Enforced    int             `json:"enforced" doc:"How many of them count; the others observe or warn"`
	Since       access.Time     `json:"since,omitzero"`
	Authors     []Writer        `json:"authors" doc:"Everybody who wrote some of what was published last, or else of the draft"`
	Publisher   *Writer         `json:"publisher,omitempty" doc:"Who published it last"`
}

// DraftState is what a draft makes of its document.
type DraftState string

// What there may be.
const (
	NoDraft  DraftState = ""
	ToBe     DraftState = "written"
	ToRetire DraftState = "retires"
)

func (k Kept) draft() DraftState {
	switch {
	case k.Draft == nil:
		return NoDraft
	case k.Draft.Retires:
		return ToRetire
	}
	return ToBe
}

// Writer is whoever wrote or published something: a person, or the operator of a node.
type Writer struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// String is the name, where there is one.
func (w Writer) String() string {
	if w.Name != "" {
		return w.Name
	}
	return w.ID
}

// PolicyShown is one policy of a document.
type PolicyShown struct {
	ID     string `json:"id"`
	Effect string `json:"effect" enum:"permit,forbid"`
	Mode   string `json:"mode" enum:"observe,warn,enforce"`
	Reason string `json:"reason"`
	Line   int    `json:"line"`
	// Would is nil where the policy counts, or no node was asked.
	Would *int64 `json:"would,omitempty" doc:"How many decisions it would have changed on this node, since it came into force there"`
}

// DocumentVersion is a document as one of its versions was, or as its draft is.
type DocumentVersion struct {
	Number      int           `json:"number" doc:"Of a draft, that of the version that it was made from"`
	Description string        `json:"description,omitempty"`
	Text        string        `json:"text"`
	Retired     bool          `json:"retired" doc:"It is in force no longer; of a draft, it is to be"`
	Authors     []Writer      `json:"authors" doc:"Everybody who wrote some of it"`
	Reason      string        `json:"reason" doc:"Why it was written"`
	Publisher   *Writer       `json:"publisher,omitempty" doc:"Who published it, and wrote none of it"`
	Note        string        `json:"note,omitempty" doc:"Why it was published"`
	Since       access.Time   `json:"since"`
	Policies    []PolicyShown `json:"policies"`
	Problem     string        `json:"problem,omitempty" doc:"Why it could not be used now"`
}

// DocumentShown is a document with what waits to be published.
type DocumentShown struct {
	ID        access.PolicyID    `json:"id"`
	Name      string             `json:"name"`
	Version   int64              `json:"version" doc:"As If-Match wants it, without the quotes"`
	InForce   bool               `json:"in_force"`
	Published *DocumentVersion   `json:"published,omitempty"`
	Draft     *DocumentVersion   `json:"draft,omitempty"`
	May       map[string]Verdict `json:"may,omitempty" doc:"What you may do to it, and if not, why not"`
}

// Lines are all documents as lists show them.
func (t *DocumentTeller) Lines(ctx context.Context) ([]DocumentLine, error) {
	list, err := t.List(ctx)
	if err != nil {
		return nil, err
	}
	last := make([]Published, len(list))
	for i, k := range list {
		last[i] = k.last()
	}
	told, err := t.tell(ctx, last) // what cannot be used is said where it is shown
	if err != nil {
		return nil, err
	}
	lines := make([]DocumentLine, len(list))
	for i, k := range list {
		v := told[i]
		x := DocumentLine{
			ID: k.ID(), Name: k.Name(), Description: v.Description, InForce: k.InForce(), Draft: k.draft(),
			Policies: len(v.Policies), Since: v.Since, Authors: v.Authors, Publisher: v.Publisher,
		}
		if k.Published != nil {
			x.Number = v.Number
		}
		for _, p := range v.Policies {
			if p.Mode == Enforce.String() && x.InForce {
				x.Enforced++
			}
		}
		lines[i] = x
	}
	return lines, nil
}

// last is what was published of it last, or else its draft.
func (k Kept) last() Published {
	if k.Published != nil {
		return *k.Published
	}
	return k.Draft.proposed()
}

// proposed is the draft as a version that nobody has published.
func (d Draft) proposed() Published {
	return Published{Name: d.Name, Written: d.Written, Number: d.Base, Retired: d.Retires, Authors: d.Authors, Since: d.Since}
}

// policiesOf are the policies of a text, by its lines.
func policiesOf(name, text string) ([]PolicyShown, error) {
	list := []PolicyShown{}
	set, err := SetOf(1, []Published{{Name: name, Written: Written{Text: text}}})
	if err != nil {
		return list, err
	}
	for _, p := range set.policies {
		if p.Document == name {
			list = append(list, PolicyShown{ID: p.ID, Effect: p.Effect.String(), Mode: p.Mode.String(), Reason: p.Reason, Line: p.Line})
		}
	}
	return list, nil
}

// Show says what a document is; set is what a node decides by, or nil.
func (t *DocumentTeller) Show(ctx context.Context, k Kept, set *Set) (*DocumentShown, error) {
	s := &DocumentShown{ID: k.ID(), Name: k.Name(), Version: k.Version(), InForce: k.InForce()}
	var told []Published
	if k.Published != nil {
		told = append(told, *k.Published)
	}
	if k.Draft != nil {
		told = append(told, k.Draft.proposed())
	}
	list, err := t.tell(ctx, told)
	if err != nil {
		return nil, err
	}
	if k.Draft != nil {
		s.Draft = &list[len(list)-1]
	}
	if k.Published != nil {
		s.Published = &list[0]
		s.Published.count(set, s.Name)
	}
	return s, nil
}

// count says what the policies of a document that do not count would have done.
func (v *DocumentVersion) count(set *Set, name string) {
	if set == nil {
		return
	}
	would := map[string]int64{}
	for _, o := range set.Observed(name) {
		would[o.ID] = o.Count
	}
	for i, p := range v.Policies {
		if n, is := would[p.ID]; is {
			v.Policies[i].Would = &n
		}
	}
}

// History says what a document is and was, the newest first.
func (t *DocumentTeller) History(ctx context.Context, id access.PolicyID) ([]DocumentVersion, error) {
	list, err := t.Store.Versions(ctx, id)
	if err != nil {
		return nil, err
	}
	return t.tell(ctx, list)
}

// tell names who wrote and published versions.
func (t *DocumentTeller) tell(ctx context.Context, list []Published) ([]DocumentVersion, error) {
	var refs []access.Ref
	for _, p := range list {
		for _, by := range append([]string{p.Publisher}, p.Authors...) {
			if r, err := access.ParseRef(by); err == nil {
				refs = append(refs, r)
			}
		}
	}
	labels, err := t.Names.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	writer := func(by string) Writer {
		r, err := access.ParseRef(by)
		if err != nil {
			return Writer{ID: by}
		}
		return Writer{by, labels[r].Name}
	}
	told := make([]DocumentVersion, len(list))
	for i, p := range list {
		v := DocumentVersion{Number: p.Number, Description: p.Description, Text: p.Text, Retired: p.Retired, Authors: []Writer{}, Reason: p.Reason, Note: p.Note, Since: p.Since}
		for _, by := range p.Authors {
			v.Authors = append(v.Authors, writer(by))
		}
		if p.Publisher != "" {
			by := writer(p.Publisher)
			v.Publisher = &by
		}
		if v.Policies, err = policiesOf(p.Name, p.Text); err != nil {
			v.Problem = err.Error()
		}
		told[i] = v
	}
	return told, nil
}
