package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// SourcePreview is what a sync of a source would do if it read a given file.
type SourcePreview struct {
	Counts   Counts          `json:"counts" doc:"What the file has"`
	Changed  int64           `json:"changed" doc:"Rows that are new or differ"`
	Removed  int64           `json:"removed" doc:"Rows that the source has and the file has not"`
	Refused  string          `json:"refused,omitempty" doc:"What the source's guard says, where it would stop the sync"`
	Rejected []PreviewReject `json:"rejected" doc:"The first rows that would not count"`
	Doubts   []Doubt         `json:"doubts" doc:"Those of them of which nobody can say whose they are"`
	Warnings []string        `json:"warnings"`
}

// PreviewReject is a row that would not count, and why.
type PreviewReject struct {
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// firstRejects are kept of the rows that would not count.
const firstRejects = 100

// DrySource says what a sync of a source would do if its file were another one, and hands
// every row that would be stored to take. It changes nothing: it is a sync whose store
// only reads.
func (s *Service) DrySource(ctx context.Context, src Source, file string, take func(PersonRow) error) (p SourcePreview, err error) {
	if err := os.MkdirAll(filepath.Join(s.Dir, "dry-run"), 0o700); err != nil {
		return p, fmt.Errorf("making room for a dry run: %w", err)
	}
	own := *s
	if own.Dir, err = os.MkdirTemp(filepath.Join(s.Dir, "dry-run"), "source-"); err != nil {
		return p, fmt.Errorf("making room for a dry run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own.Dir)) }()
	p.Rejected = []PreviewReject{}
	own.refused = func(err error) { p.Refused = err.Error() }
	own.rejected = func(r connector.Reject) {
		if len(p.Rejected) < firstRejects {
			p.Rejected = append(p.Rejected, PreviewReject{r.Where, r.Reason})
		}
	}
	own.Store = &drySource{Store: s.Store, next: firstDryKey, take: take}
	src.Config.Address = file
	r, err := own.syncSource(ctx, src, SyncOptions{})
	if err != nil {
		return p, fmt.Errorf("source %s: %w", src.Name, err)
	}
	p.Counts, p.Changed, p.Removed, p.Doubts, p.Warnings = r.Counts, r.Changed, r.Removed, orNone(r.Doubts), orNone(r.Warnings)
	return p, nil
}

// Foreseen reports whether an identity is one that a dry run has made up.
func Foreseen(id access.IdentityID) bool { return int64(id) >= firstDryKey }

// drySource is a store that only reads: what a sync of a source would write it hands on.
type drySource struct {
	Store
	next int64
	take func(PersonRow) error
}

// Reserve gives keys that no object ever has.
func (d *drySource) Reserve(_ context.Context, _ access.ObjectKind, n int) (int64, error) {
	first := d.next
	d.next += int64(n)
	return first, nil
}

// Stage begins to hand on.
func (d *drySource) Stage(context.Context, access.Ref, access.Time) (Staging, error) {
	return drySourceStaging{d}, nil
}

// SyncUnchanged keeps nothing.
func (d *drySource) SyncUnchanged(context.Context, access.Ref, Report) error { return nil }

type drySourceStaging struct{ d *drySource }

// Flip makes nothing visible.
func (s drySourceStaging) Flip(context.Context, Report, []Told, bool) error { return nil }

// Undo has nothing to take back.
func (s drySourceStaging) Undo(context.Context) error { return nil }

// Write hands a batch on.
func (s drySourceStaging) Write(_ context.Context, b *Batch) error {
	for i := range b.People {
		if err := s.d.take(b.People[i]); err != nil {
			return err
		}
	}
	return nil
}
