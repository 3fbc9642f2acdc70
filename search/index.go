package search

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Index is the index over the names of things. Any number of goroutines may ask while
// one follows.
type Index struct {
	Graph  *graph.Graph
	Source Source
	Now    func() time.Time // tests only; nil is the clock

	following sync.Mutex // held by whoever follows
	wake      chan struct{}
	ready     atomic.Bool
	done, all atomic.Int64 // of building

	mu sync.RWMutex // held for writing while changes are put in, which is short
	content
}

// content is what is known at a revision.
type content struct {
	shelves  map[access.ObjectKind]*shelf
	findings map[access.FindingID]*Finding
	view     *graph.View
	rev      access.Rev // that findings are at
	made     *answers
}

// New returns an index that is still to be built.
func New(g *graph.Graph, source Source) *Index {
	return &Index{Graph: g, Source: source, wake: make(chan struct{}, 1)}
}

func (x *Index) now() time.Time {
	if x.Now != nil {
		return x.Now()
	}
	return time.Now()
}

// Wake tells a running index that the graph has moved on.
func (x *Index) Wake() {
	select {
	case x.wake <- struct{}{}:
	default: // it is awake already
	}
}

// retry is how long a step that failed rests.
const retry = time.Second

// Run builds the index and follows until ctx ends. What fails is tried again.
func (x *Index) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := x.Follow(ctx)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "following the names of things", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(retry):
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-x.wake:
		}
	}
	return nil
}

// Follow brings the index up to the graph; it builds it where there is none yet. The
// cost is proportional to what changed, unless so much did that it is built anew.
func (x *Index) Follow(ctx context.Context) error {
	x.following.Lock()
	defer x.following.Unlock()
	if !x.ready.Load() {
		return x.build(ctx)
	}
	view := x.Graph.View()
	changed, ok := x.Graph.Between(x.view, view)
	if !ok {
		return x.build(ctx)
	}
	if err := x.step(ctx, view, changed); err != nil {
		return fmt.Errorf("following the names of things: %w", err)
	}
	x.merge()
	return nil
}

// Rev is the revision that answers are at, or ErrBuilding.
func (x *Index) Rev() (access.Rev, error) {
	end, err := x.reading()
	if err != nil {
		return 0, err
	}
	defer end()
	return x.view.Rev(), nil
}

// reading takes the index for reading.
func (x *Index) reading() (end func(), err error) {
	if !x.ready.Load() {
		if all := x.all.Load(); all > 0 {
			return nil, ErrBuilding.With("search is being built, %d of 100 parts so far; ask again in a moment", min(99, x.done.Load()*100/all))
		}
		return nil, ErrBuilding
	}
	x.mu.RLock()
	return x.mu.RUnlock, nil
}

// step puts in what changed. What is called how is read before anybody has to wait.
func (x *Index) step(ctx context.Context, view *graph.View, changed []access.Ref) error {
	texts := map[access.Ref]Text{}
	for _, kind := range Kinds {
		keys := keysOf(changed, kind)
		if len(keys) == 0 {
			continue
		}
		err := x.Source.Texts(ctx, kind, keys, func(t Text) error {
			texts[access.Ref{Kind: kind, Key: t.Key}] = t
			return nil
		})
		if err != nil {
			return err
		}
	}
	var begun []Finding
	var gone []access.FindingID
	rev, err := x.Source.FindingNews(ctx, x.rev,
		func(f Finding) error { begun = append(begun, f); return nil },
		func(id access.FindingID) { gone = append(gone, id) })
	if err != nil {
		return err
	}
	for part := range slices.Chunk(changed, partSize) {
		x.mu.Lock()
		x.putPart(view, part, texts)
		x.mu.Unlock()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.putFindings(changed, begun, gone)
	x.view, x.rev, x.made = view, rev, newAnswers()
	return nil
}

// partSize is how much is put in while others wait.
const partSize = 4096

func keysOf(refs []access.Ref, kind access.ObjectKind) (keys []int64) {
	for _, r := range refs {
		if r.Kind == kind && r.Key > 0 && r.Key <= 1<<32-1 {
			keys = append(keys, r.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (x *Index) putPart(view *graph.View, part []access.Ref, texts map[access.Ref]Text) {
	var list []fact
	for _, ref := range part {
		s := x.shelves[ref.Kind]
		if s == nil || ref.Key <= 0 || ref.Key > 1<<32-1 {
			continue
		}
		key := uint32(ref.Key) //nolint:gosec // it was compared
		var there bool
		if list, there = factsOf(view, ref, list[:0]); !there {
			s.remove(key)
			continue
		}
		s.put(key, texts[ref], list)
		if ref.Kind == access.KindAccount {
			n, _ := view.Account(access.AccountID(ref.Key))
			s.setUse(key, useOf(n.UsageKnown, n.LastUsed))
		}
	}
}

// putFindings puts in the findings that changed, and those of a subject that is called
// otherwise now.
func (x *Index) putFindings(changed []access.Ref, begun []Finding, gone []access.FindingID) {
	s := x.shelves[access.KindFinding]
	subjects := make(map[access.Ref]bool, len(changed))
	for _, ref := range changed {
		subjects[ref] = true
	}
	for _, id := range gone {
		if x.findings[id] != nil {
			delete(x.findings, id)
			s.remove(uint32(id)) //nolint:gosec // putFinding compared it
		}
	}
	for i := range begun {
		x.putFinding(s, &begun[i])
	}
	if len(subjects) == 0 {
		return
	}
	for _, f := range x.findings {
		if subjects[f.Subject] {
			x.putFinding(s, f)
		}
	}
}

// merge makes one of what there was and what changed since, where that is much. Only
// whoever follows changes anything, so others ask meanwhile.
func (x *Index) merge() {
	for _, s := range x.shelves {
		if !s.isLate() {
			continue
		}
		words, names := s.words.merged(), s.names.merged()
		x.mu.Lock()
		s.words, s.names = words, names
		x.mu.Unlock()
	}
}

// seen are the keys of a kind that somebody may see.
func (c *content) seen(kind access.ObjectKind, sight Sight) *roaring.Bitmap {
	may, s := sight[kind], c.shelves[kind]
	if may.All {
		return s.here.Clone()
	}
	b := roaring.New()
	for id, in := range may.Systems {
		if in {
			b.Or(s.with(aboutSystem, systemWord(id)))
		}
	}
	for _, key := range may.Also {
		if key > 0 && key <= 1<<32-1 {
			b.Add(uint32(key)) //nolint:gosec // it was compared
		}
	}
	b.And(s.here)
	return b
}
