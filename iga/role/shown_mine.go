package role

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// MiningShown is a mining run in words.
type MiningShown struct {
	ID       access.RunID   `json:"id"`
	By       *ask.Shown     `json:"by,omitempty" doc:"Who asked for it; none is the node itself"`
	State    MiningState    `json:"state" enum:"waiting,running,done,failed,cancelled,interrupted"`
	Question MiningQuestion `json:"question"`
	Systems  []ask.Shown    `json:"systems" doc:"Those that are mined, the first 50"`
	Of       int            `json:"of" doc:"How many systems are mined"`
	People   bool           `json:"people" doc:"What is known of people was looked at"`
	Phase    string         `json:"phase,omitempty" doc:"What it is at: reading, reducing, numbering, polishing, …"`
	Asked    access.Time    `json:"asked_at"`
	Began    access.Time    `json:"began_at,omitzero"`
	Ended    access.Time    `json:"ended_at,omitzero"`
	Code     string         `json:"code,omitempty" doc:"Of what went wrong"`
	Error    string         `json:"error,omitempty"`
	Totals   *MiningTotals  `json:"totals,omitempty"`

	May map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do with it, and if not, why not"`
}

// maxSystems is how many systems of a run are named.
const maxSystems = 50

// TellMining tells of runs.
func (t *Teller) TellMining(ctx context.Context, runs []MiningRun, sees ask.Sight) ([]MiningShown, error) {
	var refs []access.Ref
	for _, r := range runs {
		if by, err := access.ParseRef(r.By); err == nil {
			refs = append(refs, by)
		}
		for _, id := range r.Systems[:min(len(r.Systems), maxSystems)] {
			refs = append(refs, id.Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	list := make([]MiningShown, len(runs))
	for i, r := range runs {
		list[i] = MiningShown{
			ID: r.ID, State: r.State, Question: r.Question, Systems: []ask.Shown{}, Of: len(r.Systems), People: r.People, Phase: r.Phase,
			Asked: r.Asked, Began: r.Began, Ended: r.Ended, Code: r.Code, Error: r.Error, Totals: r.Totals,
		}
		if by, err := access.ParseRef(r.By); err == nil {
			list[i].By = name.Optional(by)
		}
		for _, id := range r.Systems[:min(len(r.Systems), maxSystems)] {
			list[i].Systems = append(list[i].Systems, name(id.Ref()))
		}
	}
	return list, nil
}

// CandidateState is what was decided on a candidate.
type CandidateState string

// The states of a candidate.
const (
	CandidateOpen     CandidateState = "open"
	CandidateAdopted  CandidateState = "adopted"  // it became the draft of a role
	CandidateRejected CandidateState = "rejected" // nobody wants it, whoever holds it
	CandidateThere    CandidateState = "there"    // a role that is published gives just that
)

// CandidateLine is a candidate in a list.
type CandidateLine struct {
	Place       int            `json:"place"`
	ID          string         `json:"id" doc:"A digest of what it gives"`
	Name        string         `json:"name" doc:"Proposed; empty where not all that it gives is yours to see"`
	First       []ask.Shown    `json:"first" doc:"The first three entitlements that it gives"`
	Users       int            `json:"users"`
	Permissions int            `json:"permissions"`
	Support     int            `json:"support" doc:"Who hold all of it, whether members or not"`
	Fit         float64        `json:"fit" doc:"Share of what it gives its members that they hold already"`
	Redundant   int            `json:"redundant" doc:"Direct grants that it makes redundant"`
	Alone       int            `json:"redundant_by_it_alone" doc:"Of those, what no other candidate does"`
	Outliers    int            `json:"outliers" doc:"Who hold nearly all of it, whom its rule covers and who are no members, and members whom it does not cover"`
	Rule        *FoundRule     `json:"rule,omitempty"`
	State       CandidateState `json:"state" enum:"open,adopted,rejected,there"`
	Role        *ask.Shown     `json:"role,omitempty" doc:"That it became, or that gives the same"`
	Rejected    string         `json:"rejected,omitempty" doc:"Why nobody wants it"`
	Hidden      bool           `json:"hidden,omitempty" doc:"Not all that it gives is yours to see"`
}

// WhichCandidates says which of a run's candidates a list is of, and in which order.
type WhichCandidates struct {
	State     CandidateState `query:"state" enum:"open,adopted,rejected,there" doc:"Only those; nothing is all"`
	Text      string         `query:"q" maxLength:"200" doc:"Part of the proposed name or of the rule"`
	Explained bool           `query:"explained" doc:"Only those that a rule explains"`
	Order     string         `query:"sort" enum:"redundant,-redundant,support,-support,fit,-fit,users,-users,permissions,-permissions,outliers,-outliers" default:"-redundant" doc:"With - the most of it first"`
}

// decided is what is known of candidates beside what their run found.
type decided struct {
	rejected map[string]string
	there    map[string]*Role
}

func (t *Teller) decided(ctx context.Context) (*decided, error) {
	c, err := t.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	list, err := t.Store.Rejections(ctx)
	if err != nil {
		return nil, err
	}
	d := &decided{map[string]string{}, c.sames()}
	for _, r := range list {
		d.rejected[r.ID] = r.Reason
	}
	return d, nil
}

// line is a candidate with what was decided on it. A role that gives the same counts above
// a rejection of it.
func (d *decided) line(f FoundLine) (CandidateLine, access.RoleID) {
	l := CandidateLine{
		Place: f.Place, ID: f.ID, Name: f.Name, Users: f.Users, Permissions: f.Permissions, Support: f.Support, Fit: f.Fit,
		Redundant: f.Redundant, Alone: f.Alone, Outliers: f.Outliers, Rule: f.Rule, State: CandidateOpen,
	}
	why, rejected := d.rejected[f.ID]
	same := d.there[f.ID]
	switch {
	case f.Role != 0:
		l.State = CandidateAdopted
	case same != nil:
		l.State = CandidateThere
		return l, same.ID
	case rejected:
		l.State, l.Rejected = CandidateRejected, why
	}
	return l, f.Role
}

func (w WhichCandidates) has(l CandidateLine) bool {
	text := strings.ToLower(strings.TrimSpace(w.Text))
	rule := ""
	if l.Rule != nil {
		rule = l.Rule.Text
	}
	return (w.State == "" || l.State == w.State) && (!w.Explained || l.Rule != nil && l.Rule.Explains) &&
		(strings.Contains(strings.ToLower(l.Name), text) || strings.Contains(strings.ToLower(rule), text))
}

func (w WhichCandidates) compare(a, b CandidateLine) int {
	by, most := strings.CutPrefix(w.Order, "-")
	of := func(l CandidateLine) float64 {
		return map[string]float64{
			"redundant": float64(l.Redundant), "support": float64(l.Support), "fit": l.Fit, "users": float64(l.Users),
			"permissions": float64(l.Permissions), "outliers": float64(l.Outliers),
		}[by]
	}
	if most {
		return cmp.Or(cmp.Compare(of(b), of(a)), cmp.Compare(a.Place, b.Place))
	}
	return cmp.Or(cmp.Compare(of(a), of(b)), cmp.Compare(a.Place, b.Place))
}

// CandidatePage is a page of a run's candidates.
type CandidatePage struct {
	Items  []CandidateLine        `json:"items"`
	Total  int                    `json:"total" doc:"That fit"`
	States map[CandidateState]int `json:"states" doc:"How many of the run are in each state"`
	Next   string                 `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
}

// TellCandidates pages through what a run found.
func (t *Teller) TellCandidates(ctx context.Context, run access.RunID, w WhichCandidates, from, limit int, sees ask.Sight) (*CandidatePage, error) {
	found, err := t.Store.FoundIn(ctx, run)
	if err != nil {
		return nil, err
	}
	d, err := t.decided(ctx)
	if err != nil {
		return nil, err
	}
	out := &CandidatePage{Items: []CandidateLine{}, States: map[CandidateState]int{CandidateOpen: 0, CandidateAdopted: 0, CandidateRejected: 0, CandidateThere: 0}}
	roles, gives := map[int]access.RoleID{}, map[int][]access.EntitlementID{}
	for _, f := range found {
		l, of := d.line(f.FoundLine)
		l.hide(f.Entitlements, sees)
		out.States[l.State]++
		if w.has(l) {
			out.Items, roles[l.Place], gives[l.Place] = append(out.Items, l), of, f.few()
		}
	}
	slices.SortFunc(out.Items, w.compare)
	out.Total = len(out.Items)
	out.Items = out.Items[min(from, out.Total):min(from+limit, out.Total)]
	var refs []access.Ref
	for _, l := range out.Items {
		refs = append(refs, roles[l.Place].Ref())
		for _, id := range gives[l.Place] {
			refs = append(refs, id.Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	if end := from + limit; end < out.Total {
		out.Next = httpapi.Cursor(end)
	}
	for i := range out.Items {
		l := &out.Items[i]
		l.Role, l.First = name.Optional(roles[l.Place].Ref()), shownAll(name, gives[l.Place])
	}
	return out, nil
}

// hide leaves out what tells the names of entitlements that are not all to be seen.
func (l *CandidateLine) hide(gives []access.EntitlementID, sees ask.Sight) {
	l.Hidden = slices.ContainsFunc(gives, func(id access.EntitlementID) bool { return !sees(id.Ref()) })
	if l.Hidden {
		l.Name = ""
	}
}

// NearShown is somebody who holds nearly all of a candidate.
type NearShown struct {
	Identity ask.Shown   `json:"identity"`
	Missing  []ask.Shown `json:"missing"`
}

// CandidateShown is a candidate with all that there is to it, as its run found it.
type CandidateShown struct {
	CandidateLine
	Members []ask.Shown  `json:"members" doc:"The first 100"`
	Near    []NearShown  `json:"near" doc:"No members, and hold nearly all of it: 50 at most"`
	Lacking []ask.Shown  `json:"lacking" doc:"Whom the rule covers and who are no members: 50 at most"`
	Beyond  []ask.Shown  `json:"beyond" doc:"Members whom the rule does not cover: 50 at most"`
	Traits  []FoundTrait `json:"traits" doc:"What at least half of the members have in common, the most telling first"`
}

// maxMembers is how many members of a candidate are named.
const maxMembers = 100

// TellCandidate tells of one candidate.
func (t *Teller) TellCandidate(ctx context.Context, f Found, sees ask.Sight) (*CandidateShown, error) {
	d, err := t.decided(ctx)
	if err != nil {
		return nil, err
	}
	line, of := d.line(f.FoundLine)
	members := f.Members[:min(len(f.Members), maxMembers)]
	refs := []access.Ref{of.Ref()}
	for _, id := range f.few() {
		refs = append(refs, id.Ref())
	}
	for _, id := range slices.Concat(members, f.Lacking, f.Beyond) {
		refs = append(refs, id.Ref())
	}
	for _, n := range f.Near {
		refs = append(refs, n.Identity.Ref())
		for _, id := range n.Missing {
			refs = append(refs, id.Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	line.Role, line.First = name.Optional(of.Ref()), shownAll(name, f.few())
	line.hide(f.Entitlements, sees)
	s := &CandidateShown{CandidateLine: line, Members: shownAll(name, members), Near: []NearShown{}, Lacking: shownAll(name, f.Lacking), Beyond: shownAll(name, f.Beyond), Traits: f.Traits}
	if s.Traits == nil {
		s.Traits = []FoundTrait{}
	}
	for _, n := range f.Near {
		s.Near = append(s.Near, NearShown{name(n.Identity.Ref()), shownAll(name, n.Missing)})
	}
	return s, nil
}

// shownAll names a list.
func shownAll[T interface{ Ref() access.Ref }](name ask.Namer, ids []T) []ask.Shown {
	list := make([]ask.Shown, len(ids))
	for i, id := range ids {
		list[i] = name(id.Ref())
	}
	return list
}
