package graph

import (
	"slices"

	"github.com/writhq/writ/access"
)

// Cycles lists the groups of entitlements (or roles) that contain each other, or
// themselves, each group and all of them in the order of their keys. Answers are
// right in spite of them; what they mean is that somebody lost the overview.
func (v *View) Cycles() [][]access.Ref {
	var groups [][]access.Ref
	for _, kind := range []uint8{atEntitlement, atRole} {
		limit := v.s.entitlements.limit()
		if kind == atRole {
			limit = v.s.roles.limit()
		}
		t := tarjan{s: v.s, kind: kind, index: make([]uint32, limit), low: make([]uint32, limit), onStack: make([]bool, limit)}
		found := len(groups)
		for id := range limit {
			if t.index[id] == 0 && v.s.there(at(kind, id)) {
				groups = t.visit(id, groups)
			}
		}
		slices.SortFunc(groups[found:], func(a, b []access.Ref) int { return a[0].Compare(b[0]) })
	}
	return groups
}

// tarjan finds strongly connected components without recursion, so that a chain
// of nested groups of any length does no harm.
type tarjan struct {
	s       *snapshot
	kind    uint8
	count   uint32
	index   []uint32 // order of the first visit, from 1
	low     []uint32
	onStack []bool
	stack   []uint32
	frames  []frame
}

type frame struct {
	id   uint32
	next []uint32
	self bool // contains itself
}

func (t *tarjan) enter(id uint32) {
	t.count++
	t.index[id], t.low[id] = t.count, t.count
	f := frame{id: id}
	for e := range t.s.from(at(t.kind, id), false) {
		if e.to.kind() == t.kind {
			f.next = append(f.next, e.to.id())
			f.self = f.self || e.to.id() == id
		}
	}
	t.stack = append(t.stack, id)
	t.onStack[id] = true
	t.frames = append(t.frames, f)
}

func (t *tarjan) visit(id uint32, groups [][]access.Ref) [][]access.Ref {
	t.enter(id)
	for len(t.frames) > 0 {
		f := &t.frames[len(t.frames)-1]
		if len(f.next) > 0 {
			to := f.next[0]
			f.next = f.next[1:]
			if t.index[to] == 0 {
				t.enter(to)
			} else if t.onStack[to] {
				t.low[f.id] = min(t.low[f.id], t.index[to])
			}
			continue
		}
		if t.low[f.id] == t.index[f.id] {
			if group := t.leave(f.id); len(group) > 1 || f.self {
				groups = append(groups, group)
			}
		}
		low := t.low[f.id]
		t.frames = t.frames[:len(t.frames)-1]
		if len(t.frames) > 0 {
			up := t.frames[len(t.frames)-1].id
			t.low[up] = min(t.low[up], low)
		}
	}
	return groups
}

// leave takes a component off the stack.
func (t *tarjan) leave(root uint32) []access.Ref {
	var group []access.Ref
	for {
		id := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.onStack[id] = false
		group = append(group, at(t.kind, id).ref())
		if id == root {
			slices.SortFunc(group, access.Ref.Compare)
			return group
		}
	}
}
