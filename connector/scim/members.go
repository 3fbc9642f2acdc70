package scim

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sort"
)

// key stands for a member in a table that holds one for every member of every group:
// short, and nobody can make two members with the same one.
type key [16]byte

func keyOf(kind, id string) (k key) {
	sum := sha256.Sum256([]byte(kind + "\x00" + id))
	copy(k[:], sum[:])
	return k
}

// edge is that somebody is in a group.
type edge struct {
	member key
	group  uint32
	met    bool
}

type groupName struct{ id, name string }

// membership is who is in which group.
type membership struct {
	groups []groupName
	edges  []edge // sealed: sorted by member, each once
}

func (m *membership) add(one member, group uint32) {
	m.edges = append(m.edges, edge{keyOf(one.kind(), string(one.Value)), group, false})
}

// seal ends the adding.
func (m *membership) seal() {
	slices.SortFunc(m.edges, func(a, b edge) int {
		if c := bytes.Compare(a.member[:], b.member[:]); c != 0 {
			return c
		}
		return int(a.group) - int(b.group)
	})
	m.edges = slices.Compact(m.edges)
}

// of are the groups that one is in, each once: as what it is, and as a member of which
// nobody said what it is.
func (m *membership) of(kind, id string) (groups []uint32) {
	for _, k := range []key{keyOf(kind, id), keyOf("", id)} {
		i := sort.Search(len(m.edges), func(i int) bool { return bytes.Compare(m.edges[i].member[:], k[:]) >= 0 })
		for ; i < len(m.edges) && m.edges[i].member == k; i++ {
			m.edges[i].met = true
			groups = append(groups, m.edges[i].group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// strays are the numbers of members that nobody was, by group.
func (m *membership) strays() []int {
	missing := make([]int, len(m.groups))
	for _, e := range m.edges {
		if !e.met {
			missing[e.group]++
		}
	}
	return missing
}
