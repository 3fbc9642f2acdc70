package mine

import (
	"cmp"
	"slices"
)

// omitting leaves out roles of an exact cover. It counts how many roles give each user
// each permission.
type omitting struct {
	roles []Role
	times []uint16
	width int
}

// fewer leaves out the exact roles that alone give least, as long as that is allowed.
func (w *work) fewer(r *Result, allowed int) {
	o := &omitting{roles: r.Roles, width: len(w.m.Permissions), times: make([]uint16, len(w.m.Users)*len(w.m.Permissions))}
	for i := range o.roles {
		o.each(i, func(n *uint16) { *n++ })
	}
	type candidate struct{ role, alone int }
	queue := make([]candidate, len(o.roles))
	for i := range queue {
		queue[i] = candidate{i, o.alone(i)}
	}
	byAlone := func(a, b candidate) int { return cmp.Or(cmp.Compare(a.alone, b.alone), cmp.Compare(b.role, a.role)) }
	slices.SortFunc(queue, byAlone)
	gone := make([]bool, len(o.roles))
	missing := 0
	for len(queue) > 1 && missing+queue[0].alone <= allowed {
		least := queue[0]
		queue = queue[1:]
		// Without the ones before, it may be the only one to give more than it was.
		if now := o.alone(least.role); now > least.alone {
			least.alone = now
			at, _ := slices.BinarySearchFunc(queue, least, byAlone)
			queue = slices.Insert(queue, at, least)
			continue
		}
		missing += least.alone
		gone[least.role] = true
		o.each(least.role, func(n *uint16) { *n-- })
	}
	kept := r.Roles[:0:0]
	for i, x := range r.Roles {
		if !gone[i] {
			kept = append(kept, x)
		}
	}
	r.Roles = kept
	r.Proven, r.CostProven, r.Lower = false, false, 0
}

func (o *omitting) each(i int, do func(*uint16)) {
	for _, u := range o.roles[i].Members {
		row := o.times[int(u)*o.width : int(u+1)*o.width]
		for _, p := range o.roles[i].Permissions {
			do(&row[p])
		}
	}
}

func (o *omitting) alone(i int) (n int) {
	o.each(i, func(times *uint16) {
		if *times == 1 {
			n++
		}
	})
	return n
}
