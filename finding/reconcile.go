package finding

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// changesPerBatch keeps each transaction short. A batch is complete by itself.
const changesPerBatch = 1000

// reconciling makes what is kept what was found, in batches.
type reconciling struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one call
	store   Store
	now     access.Time
	batch   []Change
	again   int // how often what others changed was read again
	written int
}

func (s *Service) reconciling(ctx context.Context, now access.Time) *reconciling {
	return &reconciling{ctx: ctx, store: s.Store, now: now}
}

// Reconcile makes what is kept what was found, and returns how much differed.
func (s *Service) Reconcile(ctx context.Context, drafts []Draft) (changed int, err error) {
	kept, err := s.Store.Kept(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading findings: %w", err)
	}
	r := s.reconciling(ctx, access.TimeOf(s.now()))
	seen := make(map[Key]bool, len(drafts))
	for i := range drafts {
		m, err := markOf(&drafts[i])
		if err != nil {
			return r.written, err
		}
		if seen[m.key] {
			return r.written, fmt.Errorf("rule %s found %s twice", m.key.Rule, m.key.Subject)
		}
		seen[m.key] = true
		was, had := kept[m.key]
		delete(kept, m.key)
		if err := r.compare(m, &drafts[i], was, had); err != nil {
			return r.written, err
		}
	}
	for _, key := range sorted(kept) {
		if err := r.resolve(key, kept[key]); err != nil {
			return r.written, err
		}
	}
	return r.written, r.flush()
}

// compare writes a draft where what is kept is not that.
func (r *reconciling) compare(m mark, d *Draft, was Kept, had bool) error {
	reopen := had && was.Status == Accepted && (was.AcceptedUntil <= r.now || grew(was.Accepted, d))
	var accept *Exception
	if x := d.Excepted; x != nil && x.Until > r.now && (!had || was.Status == Open || reopen) {
		accept, reopen = x, false
	}
	if had && was.Digest == m.digest && !reopen && accept == nil {
		return nil
	}
	rule, _ := RuleOf(d.Rule)
	return r.add(Change{Key: m.key, ID: was.ID, Version: was.Version, Draft: d, Digest: m.digest, Function: rule.Function, Days: rule.Days, Reopen: reopen, Accept: accept})
}

func (r *reconciling) resolve(key Key, was Kept) error {
	return r.add(Change{Key: key, ID: was.ID, Version: was.Version})
}

func (r *reconciling) add(c Change) error {
	r.batch = append(r.batch, c)
	if len(r.batch) < changesPerBatch {
		return nil
	}
	return r.flush()
}

// rereadings is how often what somebody else changed at the same moment is compared
// again before it is an error.
const rereadings = 5

// flush writes the batch. What somebody else has changed since it was read, by
// accepting it most likely, is read and compared again.
func (r *reconciling) flush() error {
	for len(r.batch) > 0 {
		batch := r.batch
		r.batch = nil
		lost, err := r.store.Reconcile(r.ctx, batch)
		if err != nil {
			return fmt.Errorf("keeping findings: %w", err)
		}
		r.written += len(batch) - len(lost)
		if len(lost) == 0 {
			r.again = 0
			return nil
		}
		if r.again++; r.again > rereadings {
			return fmt.Errorf("keeping findings: %d are changed by others all the time", len(lost))
		}
		drafts := map[Key]*draftNow{}
		for _, c := range batch {
			if slices.Contains(lost, c.Key) {
				drafts[c.Key] = &draftNow{draft: c.Draft, digest: c.Digest}
			}
		}
		if err := r.settle(drafts, nil); err != nil {
			return err
		}
	}
	return nil
}

// grew reports whether a gap is worse than it was, or is of more: what somebody
// accepted was that which they saw.
func grew(was, is *Draft) bool {
	if was == nil {
		return false
	}
	if is.Severity.Worse(was.Severity) {
		return true
	}
	seen, counted := map[access.Ref]bool{}, 0
	for _, e := range was.Evidence {
		counted += e.Count
		for _, r := range e.Refs {
			seen[r] = true
		}
	}
	for _, e := range is.Evidence {
		if counted -= e.Count; counted < 0 {
			return true
		}
		if slices.ContainsFunc(e.Refs, func(r access.Ref) bool { return !seen[r] }) {
			return true
		}
	}
	return false
}

// draftNow is a draft that is new, or other than before, or gone (nil).
type draftNow struct {
	draft  *Draft
	digest Digest
}

// differ looks at units again and returns what is found there now and was not, or
// not like that, and what was and is not found any more.
func (d *derivation) differ(units []access.Ref) (map[Key]*draftNow, error) {
	differ, gone := map[Key]*draftNow{}, map[Key]bool{}
	var failed error
	spread(slices.Values(units), fewInARow, d.checker, func(f found) bool {
		if failed = f.err; failed != nil {
			return false
		}
		before := d.units[f.unit]
		for i, m := range f.marks {
			if !slices.Contains(before, m) {
				differ[m.key] = &draftNow{draft: &f.drafts[i].Draft, digest: m.digest}
			}
		}
		for _, m := range before {
			if !slices.ContainsFunc(f.marks, func(now mark) bool { return now.key == m.key }) {
				gone[m.key] = true
			}
		}
		d.keep(f)
		return true
	})
	if failed != nil {
		return nil, failed
	}
	for key := range gone { // what another unit finds now has only moved there
		if differ[key] == nil {
			differ[key] = &draftNow{}
		}
	}
	return differ, nil
}

// settle reads what is kept of what differs and writes the difference; what was
// accepted until now is open again.
func (r *reconciling) settle(differ map[Key]*draftNow, ended map[Key]Kept) error {
	keys := sorted(differ)
	for part := range slices.Chunk(keys, changesPerBatch) {
		kept, err := r.store.KeptOf(r.ctx, part)
		if err != nil {
			return fmt.Errorf("reading findings: %w", err)
		}
		for _, key := range part {
			was, had := kept[key]
			switch x := differ[key]; {
			case x.draft != nil:
				err = r.compare(mark{key: key, digest: x.digest}, x.draft, was, had)
			case had:
				err = r.resolve(key, was)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, key := range sorted(ended) {
		if _, other := differ[key]; other {
			continue
		}
		was := ended[key]
		if err := r.compare(mark{key: key, digest: was.Digest}, was.Accepted, was, true); err != nil {
			return err
		}
	}
	return nil
}

func sorted[V any](m map[Key]V) []Key {
	return slices.SortedFunc(maps.Keys(m), func(a, b Key) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), a.Subject.Compare(b.Subject)) })
}

func marksOf(drafts []marked) ([]mark, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	marks := make([]mark, len(drafts))
	for i := range drafts {
		m, err := markOf(&drafts[i].Draft)
		if err != nil {
			return nil, err
		}
		marks[i] = m
	}
	return marks, nil
}

func markOf(d *Draft) (mark, error) {
	b, err := json.Marshal(d)
	sum := sha256.Sum256(b)
	return mark{Key{d.Rule, d.Subject}, Digest(sum[:16]), d.System}, err
}
