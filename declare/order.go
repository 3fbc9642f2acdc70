package declare

import (
	"cmp"
	"slices"
	"strings"
)

// order puts steps behind what they refer to, and removals behind everything, what refers
// to others first.
func (p *planning) order(list []Document) error {
	r := ranking{p: p, rank: map[Name]int{}, on: map[Name]bool{}}
	for _, d := range list {
		if err := r.visit(d.Name); err != nil {
			return err
		}
	}
	for n := range p.gone {
		if err := r.visit(n); err != nil {
			return err
		}
	}
	slices.SortFunc(p.plan.Steps, func(a, b Step) int {
		if (a.Action == Remove) != (b.Action == Remove) {
			if a.Action == Remove {
				return 1
			}
			return -1
		}
		by := cmp.Or(cmp.Compare(p.place(a.Kind), p.place(b.Kind)), cmp.Compare(r.rank[a.Name], r.rank[b.Name]))
		if a.Action == Remove {
			by = -by
		}
		return cmp.Or(by, strings.Compare(a.Name.Name, b.Name.Name))
	})
	return nil
}

// place is where a kind stands among all.
func (p *planning) place(kind string) int { return slices.Index(p.engine.names(), kind) }

// ranking finds how many things lie between each and what refers to nothing.
type ranking struct {
	p    *planning
	rank map[Name]int
	on   map[Name]bool // the way
	way  []Name
}

func (r *ranking) visit(n Name) error {
	if r.on[n] {
		i := slices.Index(r.way, n)
		names := make([]string, 0, len(r.way)-i+1)
		for _, x := range append(slices.Clone(r.way[i:]), n) {
			names = append(names, x.Name)
		}
		return r.p.declared[n].Place.wrong("of kind %s, each refers to the next: %s", n.Kind, strings.Join(names, ", "))
	}
	if _, known := r.rank[n]; known {
		return nil
	}
	r.on[n], r.way = true, append(r.way, n)
	rank := 0
	for _, to := range references(r.spec(n)) {
		if err := r.visit(to); err != nil {
			return err
		}
		rank = max(rank, r.rank[to]+1)
	}
	r.on[n], r.way = false, r.way[:len(r.way)-1]
	r.rank[n] = rank
	return nil
}

// spec is what a thing is to be or, where no document declares it, is.
func (r *ranking) spec(n Name) any {
	if d, ok := r.p.declared[n]; ok {
		return d.spec
	}
	if t, ok := r.p.there[n.Kind][n.Name]; ok {
		return t.spec
	}
	return nil
}
