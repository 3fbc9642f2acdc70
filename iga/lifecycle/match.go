package lifecycle

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// match is who meets a condition, and for whom it could not be told.
type match struct {
	members, failed *roaring.Bitmap
	alike           *grouping // in what the condition looks at
	verdicts        []verdict // by group; those that came later are asked when they are met
}

// verdict is what a condition says of all who are alike.
type verdict uint8

const (
	unasked verdict = iota
	no
	yes
	cannot
)

// grouping tells who is alike in some columns: column by column, who was alike so far and
// has the same code is alike.
type grouping struct {
	names []string
	steps []map[uint64]uint32
}

// find is the group of a row, which may be a new one.
func (g *grouping) find(c *Crowd, row uint32) (group uint32) {
	for i, name := range g.names {
		pair := uint64(group)<<32 | uint64(c.columns[name].at(row))
		next, known := g.steps[i][pair]
		if !known {
			next = uint32(len(g.steps[i])) //nolint:gosec // as many as rows at most
			g.steps[i][pair] = next
		}
		group = next
	}
	return group
}

// divided is everybody whom rules are for, by group.
type divided struct {
	*grouping
	rows  []uint32 // group after group
	start []uint32 // by group, where its rows begin, and the end
}

// in are the rows of a group.
func (d *divided) in(group int) []uint32 { return d.rows[d.start[group]:d.start[group+1]] }

// divisions are remembered while nobody changes: many rules look at the same columns.
type divisions map[string]*divided

func (d divisions) by(c *Crowd, names []string) *divided {
	key := strings.Join(names, "\x00")
	if d[key] == nil {
		d[key] = c.divide(names)
	}
	return d[key]
}

func (c *Crowd) divide(names []string) *divided {
	d := &divided{grouping: &grouping{names: names, steps: make([]map[uint64]uint32, len(names))}, start: []uint32{0}}
	for i := range d.steps {
		d.steps[i] = map[uint64]uint32{}
	}
	of := make([]uint32, 0, c.keeps.GetCardinality())
	for row := range each(c.keeps) {
		group := d.find(c, row)
		if of = append(of, group); int(group)+1 == len(d.start) {
			d.start = append(d.start, 0)
		}
		d.start[group+1]++
	}
	for i := 1; i < len(d.start); i++ {
		d.start[i] += d.start[i-1]
	}
	d.rows = make([]uint32, len(of))
	next, i := slices.Clone(d.start), 0
	for row := range each(c.keeps) {
		d.rows[next[of[i]]] = row
		next[of[i]]++
		i++
	}
	return d
}

// mostAlike is how many groups are worth remembering. Where nearly everybody is alone in
// theirs, asking again is as cheap.
const mostAlike = 1 << 16

// passes reports whether what a code of a variable stands for passes: of what is
// somebody's own, the row's next owner has another, and a map may get a column more.
func passes(name string) bool { return name == attributes || slices.Contains(owned, name) }

// looksAt are the columns that decide what a rule says. One that looks at a map as a
// whole looks at all of it.
func (c *Crowd) looksAt(r compiled) []string {
	if !slices.Contains(r.uses, attributes) {
		return r.uses
	}
	names := slices.DeleteFunc(slices.Clone(r.uses), func(n string) bool { return n == attributes || strings.HasPrefix(n, attributes+".") })
	return append(names, c.attributes(attributes)...)
}

// match evaluates a rule for everybody whom rules are for.
func (c *Crowd) match(r compiled, known divisions) match {
	d := known.by(c, c.looksAt(r))
	m := match{verdicts: make([]verdict, len(d.start)-1)}
	inParts(len(m.verdicts), func(from, to int) {
		for i := from; i < to; i++ {
			m.verdicts[i] = c.ask(r, d.names, d.in(i)[0])
		}
	})
	m.members, m.failed = d.with(m.verdicts, yes), d.with(m.verdicts, cannot)
	if m.alike = d.grouping; len(m.verdicts) > mostAlike || slices.ContainsFunc(r.uses, passes) {
		m.alike, m.verdicts = nil, nil
	}
	return m
}

// with are the rows of the groups that have a verdict.
func (d *divided) with(verdicts []verdict, v verdict) *roaring.Bitmap {
	var rows []uint32
	for group := range verdicts {
		if verdicts[group] == v {
			rows = append(rows, d.in(group)...)
		}
	}
	slices.Sort(rows)
	set := roaring.BitmapOf(rows...)
	set.RunOptimize()
	return set
}

// ask evaluates a rule for one row.
func (c *Crowd) ask(r compiled, names []string, row uint32) verdict {
	values, there := make([]string, len(names)), make([]bool, len(names))
	for i, name := range names {
		if col := c.columns[name]; col != nil {
			code := col.at(row)
			values[i], there[i] = col.values[code], code != 0
		}
	}
	meets, err := r.when.Bool(vars(names, values, there))
	switch {
	case err != nil:
		return cannot
	case meets:
		return yes
	}
	return no
}

// alone is what a rule says of one row.
func (c *Crowd) alone(r *judged, row uint32) verdict {
	switch {
	case !c.keeps.Contains(row):
		return no
	case r.alike == nil:
		return c.ask(r.compiled, c.looksAt(r.compiled), row)
	}
	group := int(r.alike.find(c, row))
	if n := group + 1 - len(r.verdicts); n > 0 {
		r.verdicts = append(r.verdicts, make([]verdict, n)...)
	}
	if r.verdicts[group] == unasked {
		r.verdicts[group] = c.ask(r.compiled, r.alike.names, row)
	}
	return r.verdicts[group]
}

// inParts divides n things among the processors.
func inParts(n int, do func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n/1000+1)
	var all sync.WaitGroup
	for p := range parts {
		all.Go(func() { do(n*p/parts, n*(p+1)/parts) })
	}
	all.Wait()
}
