package finding

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// memory is a store in memory, in which somebody may accept a finding at any time.
type memory struct {
	Shelf   // nothing here is shown
	own     map[access.EntitlementID]access.Tier
	kept    map[Key]Kept
	drafts  map[Key]Draft
	version int64
	between func() // called after a reading, before anything is written
	longest int    // the most changes of one transaction
}

func newMemory() *memory {
	return &memory{kept: map[Key]Kept{}, drafts: map[Key]Draft{}, between: func() {}}
}

func (m *memory) OwnTiers(_ context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.Tier, error) {
	if of == nil {
		return maps.Clone(m.own), nil
	}
	some := map[access.EntitlementID]access.Tier{}
	for _, id := range of {
		if tier, ok := m.own[id]; ok {
			some[id] = tier
		}
	}
	return some, nil
}

func (m *memory) Drifted(context.Context, []access.IdentityID) (map[access.IdentityID][]Drift, error) {
	return map[access.IdentityID][]Drift{}, nil
}

func (m *memory) Outside(context.Context) (Outside, error) {
	return Outside{}, nil
}

func (m *memory) Kept(context.Context) (map[Key]Kept, error) {
	m.between()
	return maps.Clone(m.kept), nil
}

func (m *memory) KeptOf(_ context.Context, keys []Key) (map[Key]Kept, error) {
	some := map[Key]Kept{}
	for _, key := range keys {
		if k, ok := m.kept[key]; ok {
			some[key] = k
		}
	}
	m.between()
	return some, nil
}

func (m *memory) Ended(_ context.Context, now access.Time) (map[Key]Kept, error) {
	some := map[Key]Kept{}
	for key, k := range m.kept {
		if k.Status == Accepted && k.AcceptedUntil <= now {
			some[key] = k
		}
	}
	return some, nil
}

func (m *memory) Reconcile(_ context.Context, changes []Change) (lost []Key, err error) {
	m.longest = max(m.longest, len(changes))
	for _, c := range changes {
		was, had := m.kept[c.Key]
		switch {
		case c.ID != 0 && was.Version != c.Version || c.ID == 0 && had:
			lost = append(lost, c.Key)
			continue
		case c.Draft == nil:
			delete(m.kept, c.Key)
			delete(m.drafts, c.Key)
			continue
		case c.ID == 0:
			was = Kept{ID: access.FindingID(len(m.kept) + 1), Status: Open}
		}
		m.version++
		was.Version, was.Digest = m.version, c.Digest
		if m.drafts[c.Key] = *c.Draft; c.Reopen {
			was.Status, was.AcceptedUntil, was.Accepted = Open, 0, nil
		} else if was.Status == Accepted {
			was.Accepted = c.Draft
		}
		m.kept[c.Key] = was
	}
	return lost, nil
}

func (m *memory) List(context.Context, Filter) ([]Finding, error) { return nil, nil }

// accept accepts one of the findings that are open.
func (m *memory) accept(t *rapid.T, until access.Time) {
	keys := sorted(m.kept)
	if len(keys) == 0 {
		return
	}
	key := rapid.SampledFrom(keys).Draw(t, "accepted")
	k := m.kept[key]
	if k.Status != Open {
		return
	}
	m.version++
	d := m.drafts[key]
	k.Version, k.Status, k.AcceptedUntil, k.Accepted = m.version, Accepted, until, &d
	m.kept[key] = k
}

// A service that follows leaves nothing to write for one that starts anew, whatever
// people accept, also while it writes, and when that ends.
func TestFollowingKeepsWhatStartingAnewKeeps(t *testing.T) {
	raced := 0
	rapid.Check(t, func(t *rapid.T) {
		w, m, now := graphtest.NewChanging(t, today, 30), newMemory(), today
		clock := func() time.Time { return now }
		s := &Service{Store: m, Graph: w.Graph(), Now: clock}
		until := func() access.Time {
			return access.TimeOf(now.Add(time.Duration(rapid.IntRange(1, 8).Draw(t, "hours")) * time.Hour))
		}
		m.between = func() {
			if rapid.IntRange(0, 3).Draw(t, "race") == 0 {
				m.accept(t, until())
				raced++
			}
		}
		for range 5 {
			w.Change(rapid.IntRange(0, 5).Draw(t, "changes"))
			now = now.Add(time.Duration(rapid.IntRange(0, 5*60).Draw(t, "minutes")) * time.Minute)
			m.accept(t, until())
			m.own = w.Own()
			if _, err := s.Graph.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			anew := &Service{Store: m, Graph: s.Graph, Now: clock}
			if n, err := anew.Refresh(t.Context()); n != 0 || err != nil {
				t.Fatalf("starting anew writes %d, %v", n, err)
			}
		}
	})
	if raced == 0 {
		t.Error("nobody accepted anything in between")
	}
}

// Whoever interrupts it does not wait for the millions that are left, and the next
// time finds everything.
func TestStartingAnewCanBeInterrupted(t *testing.T) {
	m := newMemory()
	facts := &graphtest.Facts{Systems: []graph.SystemNode{{ID: 1}}}
	s := &Service{Store: m, Graph: facts.Graph(t), Now: func() time.Time { return today }}
	ctx, interrupt := context.WithCancel(t.Context())
	m.between = interrupt
	if _, err := s.Refresh(ctx); !errors.Is(err, context.Canceled) || m.longest != 0 {
		t.Fatalf("interrupted, it wrote %d, %v", m.longest, err)
	}
	if n, err := s.Refresh(t.Context()); n == 0 || err != nil {
		t.Fatalf("afterwards %d were found, %v", n, err)
	}
}

// However much differs, no transaction is long.
func TestBatchesAreShort(t *testing.T) {
	m := newMemory()
	s := &Service{Store: m}
	drafts := make([]Draft, 2*changesPerBatch+1)
	for i := range drafts {
		drafts[i] = Draft{Rule: "dormant-account", Subject: access.AccountID(i + 1).Ref()}
	}
	for _, want := range [][]Draft{drafts, drafts[:1], nil} {
		if _, err := s.Reconcile(t.Context(), want); err != nil || len(m.kept) != len(want) {
			t.Fatalf("%d are kept of %d, %v", len(m.kept), len(want), err)
		}
	}
	if m.longest != changesPerBatch {
		t.Errorf("one batch has %d changes", m.longest)
	}
}
