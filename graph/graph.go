package graph

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/writhq/writ/access"
)

// Graph is the index, kept current from its source. Any number of goroutines may
// take views while one follows.
type Graph struct {
	src     Source
	current atomic.Pointer[snapshot]

	mu  sync.Mutex // held by whoever follows
	gen generation

	log changeLog
}

// Open builds the index from everything that src has.
func Open(ctx context.Context, src Source) (*Graph, error) {
	b := &builder{snapshot: &snapshot{gen: 1}, loading: true}
	rev, err := src.Load(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("loading the access graph: %w", err)
	}
	b.finish(rev)
	g := &Graph{src: src, gen: 1}
	g.current.Store(b.publish())
	return g, nil
}

// Follow brings the index up to the source's revision; cost is proportional to
// what changed. It returns the objects that changed since the last call, in the
// order of their kinds and keys. Where the source fails, the index stays as it
// was and the next call begins again.
func (g *Graph) Follow(ctx context.Context) ([]access.Ref, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.current.Load()
	g.gen++
	b := &builder{snapshot: now.next(g.gen)}
	rev, err := g.src.Follow(ctx, now.rev, b)
	if err != nil {
		return nil, fmt.Errorf("following changes after revision %d: %w", now.rev, err)
	}
	if rev == now.rev {
		return nil, nil
	}
	changed := b.finish(rev)
	g.log.add(now.rev, changed)
	g.current.Store(b.publish())
	return changed, nil
}

// View returns a consistent view at one revision. Following goes on beside it:
// a view never waits and never makes anybody wait, but while it is kept it keeps
// what has changed since in memory.
func (g *Graph) View() *View { return &View{s: g.current.Load()} }

// View answers questions at one revision.
type View struct{ s *snapshot }

// Close releases the view, which must not be asked afterwards.
func (v *View) Close() { v.s = nil }

// Rev is the revision that every answer of this view is at.
func (v *View) Rev() access.Rev { return v.s.rev }

// Question narrows an answer.
type Question struct {
	// Modes are the access modes that count; zero is all three.
	Modes uint8
	// Escalation also follows what a holder could become: impersonation, the right
	// to grant access, and control of the host that a system runs on.
	Escalation bool
	// After continues behind this key (a page's last); First is how many. Zero is
	// 100 where the answer says how to go on (WhoCan), and all otherwise.
	After int64
	First int
}
