package role

import (
	"cmp"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Rule is a birthright rule that gives something, and to whom. Doubtful are those of whom
// it cannot tell: they keep what they have.
type Rule struct {
	Name              string
	Roles             []access.RoleID
	Entitlements      []access.EntitlementID
	Members, Doubtful *roaring.Bitmap
	// Choices are parametric roles of which each has the variants that fit them, and Having
	// the members who have one of some values of an attribute.
	Choices []access.Choice
	Having  func(attribute string, values []string) *roaring.Bitmap
}

// Conflict is two entitlements that nobody should have together.
type Conflict struct {
	A, B access.EntitlementID
	Why  string
}

// Shift is what publishing changes about one entitlement.
type Shift struct {
	Entitlement access.EntitlementID
	Tier        access.Tier
	Gain, Lose  *roaring.Bitmap // who should have it then, and should not any more
	New         int             // of those who gain it, how many do not hold it yet
}

// Clash is a conflict that publishing would make real.
type Clash struct {
	Conflict
	Within  bool            // the role itself gives both
	Holders *roaring.Bitmap // who would hold both, and does not now
}

// Rise is who would reach a tier for the first time.
type Rise struct {
	Tier access.Tier
	Who  *roaring.Bitmap
}

// Impact is what publishing a draft would change for people.
type Impact struct {
	Rev     access.Rev
	Members *roaring.Bitmap // who has the role, by whatever way, before
	Shifts  []Shift         // the worst tier first
	Gainers *roaring.Bitmap
	Losers  *roaring.Bitmap
	Clashes []Clash
	Rises   []Rise   // tiers 0 and 1 only
	Rules   []string // birthright rules that give the role
	Retires []*Role  // variants that no longer can be
}

// Before is what impact is measured against.
type Before struct {
	View    *graph.View
	Catalog *Catalog
	Rules   []Rule
	// Conflicts tells those that involve any of some entitlements.
	Conflicts func(v *graph.View, of []access.EntitlementID) []Conflict
}

// Impact is what a change of a role would mean. Work grows with the entitlements that the
// change touches and with the roles that give those, not with people.
func (b Before) Impact(ch *Change) *Impact {
	after := ch.After(b.Catalog)
	w := weighing{Before: b, assigned: map[access.RoleID]*roaring.Bitmap{}, choosing: newChoosing(b.Rules)}
	touched := touchedBy(b.Catalog, after, ch, w.chosen())
	im := &Impact{Rev: b.View.Rev(), Members: roaring.New(), Gainers: roaring.New(), Losers: roaring.New(), Retires: ch.Gone}
	now, then := w.side(b.Catalog, touched), w.side(after, touched)
	for e := range touched {
		gain := roaring.AndNot(then[e].should, now[e].should)
		lose := roaring.AndNot(now[e].reach, then[e].reach)
		im.Gainers.Or(gain)
		im.Losers.Or(lose)
		im.Shifts = append(im.Shifts, Shift{Entitlement: e, Gain: gain, Lose: lose})
	}
	w.keep(im)
	im.Shifts = slices.DeleteFunc(im.Shifts, func(s Shift) bool { return !touched[s.Entitlement] && s.Gain.IsEmpty() && s.Lose.IsEmpty() })
	slices.SortFunc(im.Shifts, func(a, c Shift) int {
		return cmp.Or(cmp.Compare(a.Tier, c.Tier), cmp.Compare(a.Entitlement, c.Entitlement))
	})
	w.membersOf(im, ch)
	w.clashes(im, ch, after)
	w.rises(im)
	return im
}

// touchedBy are the entitlements that the roles of a change would give, or no longer; false
// are those that they may give to others, where rules choose variants.
func touchedBy(before, after *Catalog, ch *Change, chosen map[access.RoleID]bool) map[access.EntitlementID]bool {
	touched := map[access.EntitlementID]bool{}
	if chosen[ch.Role.ID] {
		for _, c := range []*Catalog{before, after} {
			for _, e := range c.anyGives(ch.Role.ID) {
				touched[e] = false
			}
		}
	}
	for _, r := range append(ch.all(), ch.Gone...) {
		was, is := before.Given(r.ID), after.Given(r.ID)
		for _, list := range [][]access.EntitlementID{was, is} {
			for _, e := range list {
				_, in := slices.BinarySearch(was, e)
				_, then := slices.BinarySearch(is, e)
				if in != then {
					touched[e] = true
				}
			}
		}
	}
	return touched
}

// weighing is one measurement of impact.
type weighing struct {
	Before
	choosing
	assigned map[access.RoleID]*roaring.Bitmap
}

// standing is who should have an entitlement, and from whom it is not taken.
type standing struct{ should, reach *roaring.Bitmap }

// side is who should have the touched entitlements, by one catalog.
func (w *weighing) side(c *Catalog, touched map[access.EntitlementID]bool) map[access.EntitlementID]standing {
	over, givers := c.containing(), map[access.EntitlementID][]access.RoleID{}
	for _, r := range c.All() {
		entitlements, _ := r.Gives()
		for _, e := range entitlements {
			if _, is := touched[e]; is {
				givers[e] = append(givers[e], r.ID)
			}
		}
	}
	side := map[access.EntitlementID]standing{}
	for e := range touched {
		s := standing{roaring.New(), roaring.New()}
		w.addRules(s, func(r Rule) bool { return slices.Contains(r.Entitlements, e) })
		up := upward(givers[e], over)
		for role := range up {
			s.should.Or(w.has(role))
			w.addRules(s, func(r Rule) bool { return slices.Contains(r.Roles, role) })
		}
		w.addChoices(s, c, func(p Part) bool { return p.Entitlement == e || p.Role != 0 && up[p.Role] })
		s.reach.Or(s.should)
		side[e] = s
	}
	return side
}

func (w *weighing) addRules(s standing, gives func(Rule) bool) {
	for _, r := range w.Rules {
		if gives(r) {
			s.should.Or(r.Members)
			s.reach.Or(r.Doubtful)
		}
	}
}

// addChoices adds who has a variant, by a rule that chooses it, that gives something.
func (w *weighing) addChoices(s standing, c *Catalog, gives func(Part) bool) {
	w.each(c, func(rule *Rule, choice access.Choice, of *Role) {
		for _, p := range of.Parts {
			if !gives(p) {
				continue
			}
			if who := w.given(rule, choice, of, p.When); who != nil {
				s.should.Or(who)
				s.reach.Or(rule.Doubtful)
			}
		}
	})
}

// has is who was assigned a role.
func (w *weighing) has(id access.RoleID) *roaring.Bitmap {
	set := w.assigned[id]
	if set == nil {
		set = w.View.Assigned(id)
		w.assigned[id] = set
	}
	return set
}

// upward are roles and all that contain them.
func upward(from []access.RoleID, over map[access.RoleID][]access.RoleID) map[access.RoleID]bool {
	seen := map[access.RoleID]bool{}
	for next := slices.Clone(from); len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if !seen[id] {
			seen[id] = true
			next = append(next, over[id]...)
		}
	}
	return seen
}

// keep leaves out those who should have nothing anyway, and what then changes for nobody.
func (w *weighing) keep(im *Impact) {
	gone := roaring.New()
	for _, key := range roaring.Or(im.Gainers, im.Losers).ToArray() {
		if n, ok := w.View.Identity(access.IdentityID(key)); !ok || !keeps(n.State) {
			gone.Add(key)
		}
	}
	im.Gainers.AndNot(gone)
	im.Losers.AndNot(gone)
	kept := im.Shifts[:0]
	for _, s := range im.Shifts {
		s.Gain.AndNot(gone)
		s.Lose.AndNot(gone)
		n, _ := w.View.Entitlement(s.Entitlement)
		s.Tier = max(n.Tier, access.Tier0) // not classified counts as the worst
		if !s.Gain.IsEmpty() {
			s.New = int(roaring.AndNot(s.Gain, w.View.Granted(s.Entitlement)).GetCardinality()) //nolint:gosec // identities have 32 bits
		}
		kept = append(kept, s)
	}
	im.Shifts = kept
}

// keeps reports whether somebody in this state should have what they are given. Who is
// away keeps it, though their accounts do not work meanwhile.
func keeps(s access.IdentityState) bool {
	return s.MayHoldAccess() || s == access.Suspended || s == access.LeaveOfAbsence
}

// membersOf finds who has the role now, and which rules give it.
func (w *weighing) membersOf(im *Impact, ch *Change) {
	var roles []access.RoleID
	for _, r := range append(ch.all(), ch.Gone...) {
		roles = append(roles, r.ID)
	}
	having := upward(roles, w.Catalog.containing())
	for id := range having {
		im.Members.Or(w.has(id))
	}
	for _, r := range w.Rules {
		if slices.ContainsFunc(r.Roles, func(id access.RoleID) bool { return having[id] }) {
			im.Members.Or(r.Members)
			im.Rules = append(im.Rules, r.Name)
		}
	}
	w.each(w.Catalog, func(rule *Rule, choice access.Choice, of *Role) {
		who := roaring.New()
		if having[of.ID] {
			who.Or(orNobody(w.given(rule, choice, of, nil)))
		}
		for _, p := range of.Parts {
			if p.Role != 0 && having[p.Role] {
				who.Or(orNobody(w.given(rule, choice, of, p.When)))
			}
		}
		im.Members.Or(who)
		if (having[of.ID] || !who.IsEmpty()) && !slices.Contains(im.Rules, rule.Name) {
			im.Rules = append(im.Rules, rule.Name)
		}
	})
}

func orNobody(who *roaring.Bitmap) *roaring.Bitmap {
	if who == nil {
		return roaring.New()
	}
	return who
}

// gained is who would newly have what, what groups lead to with it.
func (w *weighing) gained(im *Impact) map[access.EntitlementID]*roaring.Bitmap {
	gained := map[access.EntitlementID]*roaring.Bitmap{}
	add := func(e access.EntitlementID, who *roaring.Bitmap) {
		if gained[e] == nil {
			gained[e] = roaring.New()
		}
		gained[e].Or(who)
	}
	for _, s := range im.Shifts {
		if s.Gain.IsEmpty() {
			continue
		}
		add(s.Entitlement, s.Gain)
		for _, h := range w.View.Effective(s.Entitlement.Ref(), graph.Question{}) {
			add(h.Entitlement, s.Gain)
		}
	}
	return gained
}

// clashes finds the conflicts that would become real: for people, and within the role.
func (w *weighing) clashes(im *Impact, ch *Change, after *Catalog) {
	if w.Conflicts == nil {
		return
	}
	gained := w.gained(im)
	inside := map[access.EntitlementID]bool{}
	of := slices.Collect(maps.Keys(gained))
	for _, r := range ch.all() {
		for _, e := range after.Given(r.ID) {
			if !r.Parametric() && !inside[e] {
				inside[e] = true
				of = append(of, e)
			}
		}
	}
	lost := map[access.EntitlementID]*roaring.Bitmap{}
	for _, s := range im.Shifts {
		lost[s.Entitlement] = s.Lose
	}
	then := func(e access.EntitlementID) *roaring.Bitmap {
		set := w.View.Members([]access.Ref{e.Ref()}, graph.Question{}).Identities.Clone()
		if lose := lost[e]; lose != nil {
			set.AndNot(roaring.AndNot(lose, w.View.Granted(e)))
		}
		if gain := gained[e]; gain != nil {
			set.Or(gain)
		}
		return set
	}
	slices.Sort(of)
	for _, c := range w.Conflicts(w.View, slices.Compact(of)) {
		now := roaring.And(
			w.View.Members([]access.Ref{c.A.Ref()}, graph.Question{}).Identities,
			w.View.Members([]access.Ref{c.B.Ref()}, graph.Question{}).Identities,
		)
		x := Clash{Conflict: c, Within: within(ch, after, c), Holders: roaring.AndNot(roaring.And(then(c.A), then(c.B)), now)}
		if x.Within || !x.Holders.IsEmpty() {
			im.Clashes = append(im.Clashes, x)
		}
	}
}

// within reports whether one role of a change would give both.
func within(ch *Change, after *Catalog, c Conflict) bool {
	for _, r := range ch.all() {
		given := after.Given(r.ID)
		_, a := slices.BinarySearch(given, c.A)
		_, b := slices.BinarySearch(given, c.B)
		if a && b {
			return true
		}
	}
	return false
}

// rises finds who would reach tier 0, or tier 1 and neither of both now.
func (w *weighing) rises(im *Impact) {
	for _, tier := range []access.Tier{access.Tier0, access.Tier1} {
		who := roaring.New()
		for _, s := range im.Shifts {
			if s.Tier <= tier {
				who.Or(s.Gain)
			}
		}
		if who.IsEmpty() {
			continue
		}
		var reached []access.Ref
		for n := range w.View.Entitlements() {
			if n.Tier <= tier {
				reached = append(reached, n.ID.Ref())
			}
		}
		who.AndNot(w.View.Members(reached, graph.Question{}).Identities)
		for _, r := range im.Rises { // told already
			who.AndNot(r.Who)
		}
		if !who.IsEmpty() {
			im.Rises = append(im.Rises, Rise{tier, who})
		}
	}
}
