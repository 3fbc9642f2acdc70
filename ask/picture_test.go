package ask

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// Invariants 4 and 5: every object that is reached is in exactly one node or group, and
// the text tells each.
func TestPictureShowsEachOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := graphtest.NewChanging(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 60).Graph()
		s := asked(t, g)
		v := g.View()
		defer v.Close()
		d := Drawing{Escalation: rapid.Bool().Draw(t, "escalation"), Depth: rapid.IntRange(1, 9).Draw(t, "depth")}
		for i := range v.Identities() {
			complete(t, s, v, i.ID.Ref(), d)
		}
		for e := range v.Entitlements() {
			complete(t, s, v, e.ID.Ref(), d)
		}
	})
}

type fatal interface{ Fatalf(string, ...any) }

// complete draws a picture, then again with its first group opened.
func complete(t fatal, s *Service, v *graph.View, of access.Ref, d Drawing) {
	p := whole(t, s, v, of, d)
	if len(p.Groups) > 0 {
		d.Open = []string{p.Groups[0].Key}
		whole(t, s, v, of, d)
	}
}

// whole holds one picture against what is really reached.
func whole(t fatal, s *Service, v *graph.View, of access.Ref, d Drawing) *Picture {
	c, err := s.canvas(node(context.Background()), v, of, d)
	if err != nil {
		t.Fatalf("%s: %v", of, err)
	}
	p := c.draw()
	size := map[string]int{}
	for _, n := range p.Nodes {
		size[n.Key]++
	}
	for _, g := range p.Groups {
		size[g.Key] += g.Count
		if g.Count == 0 {
			t.Fatalf("%s: an empty group: %+v", of, g)
		}
	}
	in := map[string]int{}
	for _, key := range c.in {
		in[key]++
	}
	for key, n := range in {
		if size[key] != n {
			t.Fatalf("%s: %s shows %d of %d", of, key, size[key], n)
		}
	}
	if len(in) != len(size) || len(size) != len(p.Nodes)+len(p.Groups) || len(size) > MaxNodes || p.Reached != len(c.walk.Places) {
		t.Fatalf("%s: %d keys of %d, %d nodes, %d groups", of, len(size), len(in), len(p.Nodes), len(p.Groups))
	}
	reachedIs(t, v, of, d, c)
	toldIs(t, p)
	for _, e := range p.Edges {
		if size[e.From] == 0 || size[e.To] == 0 || e.From == e.To || e.Count < 1 {
			t.Fatalf("%s: an edge between what is not there: %+v", of, e)
		}
	}
	return p
}

// reachedIs compares the objects of a picture with what the graph answers otherwise.
func reachedIs(t fatal, v *graph.View, of access.Ref, d Drawing, c *canvas) {
	want := map[access.Ref]bool{}
	if of.Kind == access.KindIdentity {
		for _, h := range v.Effective(of, graph.Question{Escalation: d.Escalation}) {
			want[h.Entitlement.Ref()] = true
		}
	} else {
		for it := v.Members([]access.Ref{of}, graph.Question{Escalation: d.Escalation}).Identities.Iterator(); it.HasNext(); {
			want[access.IdentityID(it.Next()).Ref()] = true
		}
	}
	for i, p := range c.walk.Places {
		if i > 0 && c.in[i] == "" {
			t.Fatalf("%s: %s is nowhere", of, p.Ref)
		}
		delete(want, p.Ref)
	}
	if len(want) > 0 {
		t.Fatalf("%s: not in the picture: %v", of, want)
	}
}

func toldIs(t fatal, p *Picture) {
	text := strings.ToLower(strings.Join(p.Text, "\n"))
	for _, n := range p.Nodes {
		if !strings.Contains(text, strings.ToLower(n.noun())) {
			t.Fatalf("%q is not told: %s", n.noun(), text)
		}
	}
	for _, g := range p.Groups {
		if !strings.Contains(text, strings.ToLower(g.Label)) {
			t.Fatalf("%q is not told: %s", g.Label, text)
		}
	}
}

// manyThings is one identity with an account in each of many systems, and in each a
// number of entitlements.
func manyThings(systems, each int) *graphtest.Facts {
	f := &graphtest.Facts{Identities: []graph.IdentityNode{person(1)}}
	for n := 1; n <= systems; n++ {
		system, account := access.SystemID(n), access.AccountID(n)
		f.Systems = append(f.Systems, graph.SystemNode{ID: system})
		f.Accounts = append(f.Accounts, graph.AccountNode{ID: account, System: system, Status: access.Enabled, Identities: []access.IdentityID{1}})
		for k := range each {
			id := access.EntitlementID(n*each + k)
			f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: id, System: system, Tier: access.Tier(k % 4)})
			f.Grants = append(f.Grants, graph.GrantEdge{ID: access.GrantID(id), Holder: account.Ref(), Entitlement: id})
		}
	}
	return f
}

// A picture groups more where there is more, and opens page by page.
func TestPictureStaysReadable(t *testing.T) {
	of := access.IdentityID(1).Ref()
	for _, tt := range []struct{ systems, each int }{{1, 3}, {2, 40}, {30, 12}, {70, 16}, {200, 20}, {400, 9}} {
		t.Run(fmt.Sprint(tt.systems, " systems"), func(t *testing.T) {
			g := manyThings(tt.systems, tt.each).Graph(t)
			s, v := asked(t, g), g.View()
			defer v.Close()
			p := whole(t, s, v, of, Drawing{Depth: 12})
			if want := 1 + tt.systems + tt.systems*tt.each; p.Reached != want || p.More {
				t.Errorf("%d are reached, of %d", p.Reached, want)
			}
			var open []string
			for _, group := range p.Groups {
				if open = append(open, group.Key); len(open) == 20 {
					break
				}
			}
			if len(open) == 0 {
				return
			}
			wide := whole(t, s, v, of, Drawing{Depth: 12, Open: open})
			if len(wide.Nodes) <= len(p.Nodes) {
				t.Errorf("opening %v shows %d nodes, before %d", open, len(wide.Nodes), len(p.Nodes))
			}
		})
	}
}

// Every member of a group is shown on exactly one of its pages.
func TestOpeningAGroupPageByPage(t *testing.T) {
	g := manyThings(1, 4*130).Graph(t)
	s, v := asked(t, g), g.View()
	defer v.Close()
	of := access.IdentityID(1).Ref()
	key := "entitlement:1:" + nameOf(access.SystemID(1).Ref())
	seen := map[string]int{}
	for open, pages := key, 0; open != ""; pages++ {
		p := whole(t, s, v, of, Drawing{Depth: 12, Open: []string{open}})
		open = ""
		for _, n := range p.Nodes {
			if n.Group == key {
				seen[n.Key]++
			}
		}
		for _, group := range p.Groups {
			if group.Key == key {
				open = group.Next
			}
		}
		if pages > 5 {
			t.Fatal("the pages do not end")
		}
	}
	if len(seen) != 130 {
		t.Errorf("%d of 130 members are shown", len(seen))
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s is shown %d times", key, n)
		}
	}
	for _, open := range []string{"", "nothing", key + "@", key + "@-1", key + "@999999", "@", "further", "hidden:account"} {
		whole(t, s, v, of, Drawing{Depth: 12, Open: []string{open}})
	}
}
