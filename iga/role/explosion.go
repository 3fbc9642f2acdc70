package role

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// Trouble is why a role is one too many, or cannot stay as it is.
type Trouble string

// The troubles, in the order in which they are worth looking at.
const (
	Duplicate  Trouble = "duplicate"   // two roles give the same
	Gone       Trouble = "gone"        // all that it gave is gone
	Ownerless  Trouble = "no_owner"    // nobody answers for it
	Unassigned Trouble = "unassigned"  // nobody has it
	Unused     Trouble = "unused"      // nobody who has it uses any of it
	Alone      Trouble = "one_person"  // one person has it
	Subset     Trouble = "subset"      // another role gives all of it and more
	Alike      Trouble = "overlap"     // two roles give nearly the same
	SamePeople Trouble = "same_people" // nearly the same people have both
	Deep       Trouble = "deep"        // roles contain each other deeply
)

// Troubles lists them in that order.
var Troubles = []Trouble{Duplicate, Gone, Ownerless, Unassigned, Unused, Alone, Subset, Alike, SamePeople, Deep}

// advice says what to do.
var advice = map[Trouble]string{
	Duplicate:  "keep one of the two: assign its people to it, then retire the other",
	Gone:       "retire it: nothing that it gave is there any more",
	Ownerless:  "say who answers for it, or retire it",
	Unassigned: "retire it, or say in its description who is to get it",
	Unused:     "ask its owner whether anybody needs it; nobody has used any of it",
	Alone:      "give that person what they need directly, or find who else should have the role",
	Subset:     "let the larger role contain the smaller one instead of repeating it",
	Alike:      "make one role of both, or move what they share into one that both contain",
	SamePeople: "make one business role that contains both",
	Deep:       "contain the lower roles directly",
}

// ErrTrouble is returned for a word that is none of Troubles.
var ErrTrouble = fault.New(fault.Invalid, "role-trouble", "a trouble is one of those that the report tells of")

// Advice says what to do about a trouble.
func (t Trouble) Advice() string { return advice[t] }

// Line is one trouble of one role, or of two.
type Line struct {
	Trouble Trouble
	Role    *Role
	Other   *Role             // of a pair
	Owner   access.IdentityID // who answers for it; nobody is identity and access management
	// Of a pair, how alike both are: the share of what either gives that both give, and of
	// who has either that have both.
	Entitlements, People float64
	Number               int // people who have it, or how deep it is
}

// Explosion is the report.
type Explosion struct {
	Rev    access.Rev
	Roles  int
	Lines  []Line // by trouble, then by role
	Counts map[Trouble]int
}

// The bounds of the report.
const (
	overlapFrom = 0.8 // from this share on, two roles are nearly the same
	deepFrom    = 5
	mostLines   = 10_000
)

// Explode reports which roles are one too many. Roles given by a rule are never unassigned.
func Explode(v *graph.View, c *Catalog, rules []Rule) *Explosion {
	x := exploding{
		v: v, c: c, out: &Explosion{Rev: v.Rev(), Counts: map[Trouble]int{}}, ruled: map[access.RoleID]*roaring.Bitmap{},
		over: c.containing(), heights: map[access.RoleID]int{}, usage: map[uint32]use{},
	}
	choosing := newChoosing(rules)
	choosing.each(c, func(rule *Rule, choice access.Choice, of *Role) {
		x.rule(of.ID, orNobody(choosing.given(rule, choice, of, nil)))
		for _, v := range c.Variants(of.ID) {
			x.rule(v.ID, orNobody(choosing.given(rule, choice, of, v.Bound)))
		}
	})
	for _, r := range rules {
		for _, id := range r.Roles {
			x.rule(id, r.Members)
		}
	}
	for _, r := range c.All() {
		if !r.Parametric() { // its variants are what people have
			x.list = append(x.list, x.measure(r))
		}
		if r.Of == 0 {
			x.out.Roles++
		}
	}
	for i := range x.list {
		x.single(&x.list[i])
	}
	x.pairs()
	x.parametric()
	slices.SortStableFunc(x.out.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(slices.Index(Troubles, a.Trouble), slices.Index(Troubles, b.Trouble)), cmp.Compare(a.Role.Name, b.Role.Name))
	})
	return x.out
}

// measured is a role with what is compared of it.
type measured struct {
	*Role
	given  []uint32        // entitlements that are there
	lost   int             // those that are gone
	people *roaring.Bitmap // who has it by whatever way
	direct *roaring.Bitmap // who was given it, by a person or a rule
}

type exploding struct {
	v       *graph.View
	c       *Catalog
	out     *Explosion
	ruled   map[access.RoleID]*roaring.Bitmap
	over    map[access.RoleID][]access.RoleID
	heights map[access.RoleID]int
	usage   map[uint32]use
	list    []measured
}

// rule keeps that rules give a role to some.
func (x *exploding) rule(id access.RoleID, who *roaring.Bitmap) {
	if x.ruled[id] == nil {
		x.ruled[id] = roaring.New()
	}
	x.ruled[id].Or(who)
}

// use is who uses an entitlement: of whom it is known that they do not, and who does or
// perhaps does.
type use struct{ idle, perhaps *roaring.Bitmap }

func (x *exploding) measure(r *Role) measured {
	m := measured{Role: r, people: roaring.New(), direct: x.givenTo(r.ID)}
	for id := range upward([]access.RoleID{r.ID}, x.over) {
		m.people.Or(x.givenTo(id))
	}
	for _, e := range x.c.Given(r.ID) {
		if _, there := x.v.Entitlement(e); there {
			m.given = append(m.given, uint32(e)) //nolint:gosec // keys have 31 bits
		} else {
			m.lost++
		}
	}
	return m
}

func (x *exploding) givenTo(id access.RoleID) *roaring.Bitmap {
	set := x.v.Assigned(id)
	if ruled := x.ruled[id]; ruled != nil {
		set.Or(ruled)
	}
	return set
}

func (x *exploding) add(l Line) {
	x.out.Counts[l.Trouble]++
	if len(x.out.Lines) < mostLines {
		l.Owner = l.Role.Owner
		x.out.Lines = append(x.out.Lines, l)
	}
}

// single looks at one role by itself. How many have a variant says nothing: it is the role
// that there are too many of, or not.
func (x *exploding) single(m *measured) {
	n := int(m.people.GetCardinality()) //nolint:gosec // identities have 32 bits
	say := func(t Trouble, number int) { x.add(Line{Trouble: t, Role: m.Role, Number: number}) }
	if m.Of == 0 {
		x.governed(m.Role)
	}
	switch {
	case len(m.given) == 0:
		say(Gone, m.lost)
		return
	case m.Of != 0:
	case n == 0 && len(x.over[m.ID]) == 0:
		say(Unassigned, 0)
	case n == 1:
		say(Alone, 1)
	}
	if n > 0 && x.unused(m) {
		say(Unused, n)
	}
}

// governed looks at what variants share with their role.
func (x *exploding) governed(r *Role) {
	if n, there := x.v.Identity(r.Owner); r.Owner == 0 || !there || !n.State.MayHoldAccess() {
		x.add(Line{Trouble: Ownerless, Role: r})
	}
	if depth := x.c.height(r.ID, x.heights); depth >= deepFrom {
		x.add(Line{Trouble: Deep, Role: r, Number: depth})
	}
}

// parametric looks at parametric roles themselves: who has any of their variants.
func (x *exploding) parametric() {
	people, contained := map[access.RoleID]*roaring.Bitmap{}, map[access.RoleID]bool{}
	for i := range x.list {
		m := &x.list[i]
		if m.Of == 0 {
			continue
		}
		if people[m.Of] == nil {
			people[m.Of] = roaring.New()
		}
		people[m.Of].Or(m.people)
		contained[m.Of] = contained[m.Of] || len(x.over[m.ID]) > 0
	}
	for _, r := range x.c.All() {
		if !r.Parametric() {
			continue
		}
		x.governed(r)
		who := orNobody(people[r.ID])
		if ruled := x.ruled[r.ID]; ruled != nil {
			who = roaring.Or(who, ruled)
		}
		switch n := who.GetCardinality(); {
		case n == 0 && !contained[r.ID]:
			x.add(Line{Trouble: Unassigned, Role: r})
		case n == 1:
			x.add(Line{Trouble: Alone, Role: r, Number: 1})
		}
	}
}

// unused reports whether it is known that members hold something of the role and that none
// of them ever used any of it. Where something is not known of one of them, it is no.
func (x *exploding) unused(m *measured) bool {
	idle := false
	for _, e := range m.given {
		u := x.useOf(e)
		if u.perhaps.Intersects(m.people) {
			return false
		}
		idle = idle || u.idle.Intersects(m.people)
	}
	return idle
}

// useOf looks at everybody who holds an entitlement, once.
func (x *exploding) useOf(e uint32) use {
	u, known := x.usage[e]
	if known {
		return u
	}
	u = use{roaring.New(), roaring.New()}
	for g := range x.v.DirectHolders(access.EntitlementID(e)) {
		set := u.perhaps
		if g.UsageKnown && g.LastUsed == 0 {
			set = u.idle
		}
		switch g.Holder.Kind {
		case access.KindIdentity:
			set.Add(uint32(g.Holder.Key)) //nolint:gosec // keys have 31 bits
		case access.KindAccount:
			n, _ := x.v.Account(access.AccountID(g.Holder.Key))
			for _, id := range n.Identities {
				set.Add(uint32(id)) //nolint:gosec // keys have 31 bits
			}
		default: // whoever is in a group that holds it may use it through that
			set.Or(x.v.Members([]access.Ref{g.Holder}, graph.Question{}).Identities)
		}
	}
	x.usage[e] = u
	return u
}

// pairs compares roles that can be alike, and no others.
func (x *exploding) pairs() {
	given, who := make([][]uint32, len(x.list)), make([][]uint32, len(x.list))
	for i, m := range x.list {
		given[i], who[i] = m.given, m.direct.ToArray()
	}
	told := map[[2]int]bool{}
	for p := range subsets(given, x.apart) {
		t := Subset
		if len(given[p[0]]) == len(given[p[1]]) {
			t = Duplicate
		}
		x.pair(t, p, told)
	}
	for p := range similar(given, overlapFrom, x.apart) {
		x.pair(Alike, p, told)
	}
	for p := range similar(who, overlapFrom, x.apart) {
		if len(who[p[0]]) > 1 && len(who[p[1]]) > 1 { // one person is told of each
			x.pair(SamePeople, p, told)
		}
	}
}

func (x *exploding) pair(t Trouble, p [2]int, told map[[2]int]bool) {
	if key := [2]int{min(p[0], p[1]), max(p[0], p[1])}; !told[key] {
		told[key] = true
		a, b := &x.list[p[0]], &x.list[p[1]]
		x.add(Line{Trouble: t, Role: a.Role, Other: b.Role, Entitlements: jaccard(a.given, b.given), People: alike(a.people, b.people)})
	}
}

// apart leaves out pairs that are alike because they are meant to be: one contains the
// other, or both are variants of one role.
func (x *exploding) apart(i, j int) bool {
	a, b := &x.list[i], &x.list[j]
	return (a.Of == 0 || a.Of != b.Of) && !x.c.below(a.ID, b.ID) && !x.c.below(b.ID, a.ID)
}

func alike(a, b *roaring.Bitmap) float64 {
	both := a.AndCardinality(b)
	if all := a.GetCardinality() + b.GetCardinality() - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}
