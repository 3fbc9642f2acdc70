package lifecycle

import (
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Difference is what a change of rules or roles means for people.
type Difference struct {
	ids        []access.IdentityID // by row, as they were
	gain, lose map[access.EntitlementID]*roaring.Bitmap
}

// Change is what changes for one person.
type Change struct {
	Identity access.IdentityID      `json:"identity"`
	Gains    []access.EntitlementID `json:"gains,omitempty"`
	Loses    []access.EntitlementID `json:"loses,omitempty"`
}

// difference compares what is with a plan. Nothing is taken from those of whom it cannot
// be told; when it can be, they lose what they should not have then.
func (d *Desired) difference(p plan) *Difference {
	diff := &Difference{ids: slices.Clone(d.crowd.ids), gain: map[access.EntitlementID]*roaring.Bitmap{}, lose: map[access.EntitlementID]*roaring.Bitmap{}}
	ids := maps.Clone(p.state)
	maps.Copy(ids, d.state)
	for id := range ids {
		before, after := d.state[id].orNobody(), p.state[id].orNobody()
		if gain := roaring.AndNot(after.should, before.should); !gain.IsEmpty() {
			diff.gain[id] = gain
		}
		if lose := roaring.AndNot(before.reach(), after.reach()); !lose.IsEmpty() {
			diff.lose[id] = lose
		}
	}
	return diff
}

// Entitlements are the entitlements that somebody gains or loses, in order.
func (d *Difference) Entitlements() []access.EntitlementID {
	all := maps.Clone(d.gain)
	maps.Copy(all, d.lose)
	return slices.Sorted(maps.Keys(all))
}

// Counts is how many people gain and lose an entitlement.
func (d *Difference) Counts(id access.EntitlementID) (gain, lose int) {
	return count(d.gain[id]), count(d.lose[id])
}

func count(set *roaring.Bitmap) int {
	if set == nil {
		return 0
	}
	return int(set.GetCardinality()) //nolint:gosec // rows are counted with 32 bits
}

// People are the identities for whom something changes.
func (d *Difference) People() []access.IdentityID {
	return people(d.ids, roaring.Or(union(d.gain), union(d.lose)))
}

// Gaining is how many people gain anything.
func (d *Difference) Gaining() int { return count(union(d.gain)) }

// Losing is how many people lose anything.
func (d *Difference) Losing() int { return count(union(d.lose)) }

// Losers are who loses anything.
func (d *Difference) Losers() []access.IdentityID { return people(d.ids, union(d.lose)) }

// Gains reports whether somebody gains anything.
func (d *Difference) Gains(id access.IdentityID) bool {
	row := slices.Index(d.ids, id)
	return row >= 0 && union(d.gain).Contains(uint32(row)) //nolint:gosec // rows are counted with 32 bits
}

// First are what changes for the first of those for whom something does.
func (d *Difference) First(n int) []Change {
	all := d.People()
	list := make([]Change, min(n, len(all)))
	place := map[access.IdentityID]int{}
	for i := range list {
		list[i].Identity, place[all[i]] = all[i], i
	}
	for _, id := range d.Entitlements() {
		for _, who := range d.Gain(id) {
			if i, shown := place[who]; shown {
				list[i].Gains = append(list[i].Gains, id)
			}
		}
		for _, who := range d.Lose(id) {
			if i, shown := place[who]; shown {
				list[i].Loses = append(list[i].Loses, id)
			}
		}
	}
	return list
}

func union(sets map[access.EntitlementID]*roaring.Bitmap) *roaring.Bitmap {
	return roaring.FastOr(slices.Collect(maps.Values(sets))...)
}

// Gain are those who gain an entitlement.
func (d *Difference) Gain(id access.EntitlementID) []access.IdentityID { return d.who(d.gain[id]) }

// Lose are those who lose an entitlement.
func (d *Difference) Lose(id access.EntitlementID) []access.IdentityID { return d.who(d.lose[id]) }

func (d *Difference) who(set *roaring.Bitmap) []access.IdentityID {
	if set == nil {
		return nil
	}
	return people(d.ids, set)
}

// Follow takes what is now known of some people, and who is no more, and returns what
// changes for each of them.
func (d *Desired) Follow(people []Person, gone []access.IdentityID) []Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Change
	for _, id := range gone {
		if row, known := d.crowd.rows[id]; known {
			list = d.changed(list, id, d.move(row, func() { d.crowd.Drop(id) }))
		}
	}
	for _, p := range people {
		row, known := d.crowd.rows[p.ID]
		if !known { // the row that it is about to get, in which nobody is
			d.crowd.Put(Person{ID: p.ID})
			row = d.crowd.rows[p.ID]
		}
		list = d.changed(list, p.ID, d.move(row, func() { d.crowd.Put(p) }))
	}
	return list
}

func (d *Desired) changed(list []Change, id access.IdentityID, c Change) []Change {
	if len(c.Gains)+len(c.Loses) == 0 {
		return list
	}
	c.Identity = id
	return append(list, c)
}

// move changes what is known of one row, and brings everything behind it.
func (d *Desired) move(row uint32, do func()) (c Change) {
	touched := d.around(row)
	do()
	for i := range d.rules {
		r := &d.rules[i]
		v := d.crowd.alone(r, row)
		set(r.members, row, v == yes)
		set(r.failed, row, v == cannot)
	}
	for i := range d.shares {
		s := &d.shares[i]
		set(s.members, row, d.rules[s.rule].members.Contains(row) && s.meets(d.crowd, row))
	}
	maps.Copy(touched, d.around(row))
	for _, id := range slices.Sorted(maps.Keys(touched)) {
		s, known := d.state[id]
		if !known {
			continue
		}
		had, reached := s.should.Contains(row), s.should.Contains(row) || s.doubt.Contains(row)
		has, doubt := d.at(d.gives[id], row)
		set(s.should, row, has)
		set(s.doubt, row, doubt && !has)
		if has && !had {
			c.Gains = append(c.Gains, id)
		}
		if reached && !has && !doubt {
			c.Loses = append(c.Loses, id)
		}
	}
	return c
}

// around are the entitlements that what is said of a row may concern.
func (d *Desired) around(row uint32) map[access.EntitlementID]bool {
	found := map[access.EntitlementID]bool{}
	for _, r := range d.rules {
		if r.gives() && (r.members.Contains(row) || r.failed.Contains(row)) {
			for _, id := range r.all {
				found[id] = true
			}
		}
	}
	for _, s := range d.shares {
		if s.members.Contains(row) || d.rules[s.rule].failed.Contains(row) {
			for _, id := range s.all {
				found[id] = true
			}
		}
	}
	for _, role := range d.crowd.of[row] {
		for _, id := range d.roles[role] {
			found[id] = true
		}
	}
	return found
}

// at reports whether a row should have what some rules and roles give, and whether one of
// the rules cannot tell.
func (d *Desired) at(g givers, row uint32) (has, doubt bool) {
	for _, i := range g.rules {
		has = has || d.rules[i].members.Contains(row)
		doubt = doubt || d.rules[i].failed.Contains(row)
	}
	for _, i := range g.shares {
		has = has || d.shares[i].members.Contains(row)
		doubt = doubt || d.rules[d.shares[i].rule].failed.Contains(row)
	}
	if d.crowd.keeps.Contains(row) {
		for _, role := range g.roles {
			has = has || slices.Contains(d.crowd.of[row], role)
		}
	}
	return has, doubt
}

func set(b *roaring.Bitmap, row uint32, to bool) {
	if to {
		b.Add(row)
		return
	}
	b.Remove(row)
}
