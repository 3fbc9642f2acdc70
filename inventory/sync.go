package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// SyncStore is what a system's sync needs.
type SyncStore interface {
	Known(ctx context.Context, id access.SystemID) (*Known, error)
	// Numbers returns whom each employee number or workload name is.
	Numbers(ctx context.Context) (map[string]access.IdentityID, error)
	// Elsewhere finds things of other systems: an account by its login, an entitlement
	// by its native id or name. What it does not find is not in the answer.
	Elsewhere(ctx context.Context, list []connector.Target) (map[connector.Target]access.Ref, error)
	// HolderGrants returns what the store has of one holder's grants in a system,
	// ordered by entitlement, resource and mode, and of an account's credentials.
	HolderGrants(ctx context.Context, system access.SystemID, holder access.Ref) ([]GrantRow, []CredentialRow, error)
	// Lent returns what tells the accounts that Writ has made for one use in a system, those
	// included that went since a time; nil is that there are none.
	Lent(ctx context.Context, system access.SystemID, since access.Time) (Lent, error)
	// LiveGrants counts a system's grants.
	LiveGrants(ctx context.Context, system access.SystemID) (int64, error)
	// Reserve takes n consecutive keys and returns the first.
	Reserve(ctx context.Context, kind access.ObjectKind, n int) (int64, error)
	// Stage begins a bulk change of a system or source that nobody sees before
	// Flip. It is ErrOvertaken unless synced is still when its last sync was.
	Stage(ctx context.Context, on access.Ref, synced access.Time) (Staging, error)
	// KeepUsage keeps when accounts were last used, which only moves forward; bulk
	// tells those who follow of the system instead of each.
	KeepUsage(ctx context.Context, system access.SystemID, used []Usage, bulk bool) error
	// Followed returns where following a system stands, and at most limit accounts to
	// be read again.
	Followed(ctx context.Context, system access.SystemID, limit int) (Followed, error)
	// SyncFailed keeps that a sync failed, and why.
	SyncFailed(ctx context.Context, on access.Ref, reason string) error
	// SyncUnchanged keeps that a sync found nothing new.
	SyncUnchanged(ctx context.Context, on access.Ref, r Report) error
}

// SyncSystem reads a system, or what changed there, and makes the difference visible
// at once.
func (s *Service) SyncSystem(ctx context.Context, id access.SystemID, o SyncOptions) (Report, error) {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return Report{}, err
	}
	if err := y.readable("system "+y.Name, s.now()); err != nil {
		return Report{}, err
	}
	r, err := s.syncSystem(ctx, y, o)
	return r, s.failed(ctx, id.Ref(), "system "+y.Name, err)
}

// failed keeps that a sync failed. One that was called off, or that another one
// came before, says nothing about what it was to read.
func (s *Service) failed(ctx context.Context, on access.Ref, what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if ctx.Err() != nil || fault.KindOf(err) == fault.Conflict {
		return err
	}
	return errors.Join(err, s.Store.SyncFailed(context.WithoutCancel(ctx), on, err.Error()))
}

func (s *Service) syncSystem(ctx context.Context, y System, o SyncOptions) (r Report, err error) {
	spec, ok := s.Connectors[y.connector()]
	if !ok {
		return r, ErrUnknownKind.With("%q is not a kind of system that can be read", y.connector())
	}
	r.Began = access.TimeOf(s.now())
	c, err := s.connect(ctx, y, spec)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	r.Warnings = c.warnings
	why, done, err := s.syncChanges(ctx, y, c, o, &r)
	if done || err != nil {
		return r, err
	}
	r.Reading, r.Because = Complete, why
	return r, s.syncAll(ctx, y, c, o, &r)
}

// syncAll reads a system completely.
func (s *Service) syncAll(ctx context.Context, y System, c *connection, o SyncOptions, r *Report) (err error) {
	sp, err := s.spool(y.ID.Ref(), y.connector()+" "+y.Config.Address)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, sp.close())
		}
	}()
	if sp.cursor != "" { // a part of it was read earlier
		r.Began -= access.Time(spoolFresh.Microseconds())
	}
	from, err := s.unlent(ctx, y.ID, c.Discover, r.Began)
	if err != nil {
		return err
	}
	known := s.askKnown(ctx, y.ID) // while the system is read
	err = s.fill(ctx, y.Name, sp, c.Connector, from)
	k, errKnown := known()
	if err = cmp.Or(err, errKnown); err != nil {
		return err
	}
	r.Mark = sp.mark.Text
	if err := s.mergeSystem(ctx, y, sp, k, c, o, r); err != nil {
		return err
	}
	return sp.remove()
}

// askKnown asks the store for what it has of a system, and returns how to wait for
// the answer. Should another sync come in between, staging on it is refused.
func (s *Service) askKnown(ctx context.Context, id access.SystemID) (wait func() (*Known, error)) {
	var known *Known
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if known, err = s.Store.Known(ctx, id); err != nil {
			err = fmt.Errorf("reading what is known: %w", err)
		}
	}()
	return func() (*Known, error) {
		<-done
		return known, err
	}
}

func (s *Service) spool(on access.Ref, about string) (*spool, error) {
	path, err := s.spoolPath(on, "")
	if err != nil {
		return nil, err
	}
	return openSpool(path, about, s.now())
}

func (s *Service) spoolPath(on access.Ref, of string) (string, error) {
	dir := filepath.Join(s.Dir, "sync")
	return filepath.Join(dir, on.String()+of+".spool"), os.MkdirAll(dir, 0o700)
}

// connect opens a system's connector and has it say what the system is.
func (s *Service) connect(ctx context.Context, y System, spec connector.Spec) (*connection, error) {
	c, err := s.open(ctx, y, spec)
	if err != nil {
		return nil, err
	}
	if c.about, err = c.Describe(ctx); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.warnings = c.about.Warnings
	return c, nil
}

// open opens a system's connector, which may connect later.
func (s *Service) open(ctx context.Context, y System, spec connector.Spec) (_ *connection, err error) {
	reference, err := s.Declared.reference(y)
	if err != nil {
		return nil, err
	}
	credential, err := s.credential(ctx, y.Name, reference)
	if err != nil {
		return nil, err
	}
	c := &connection{end: func() error { credential.Wipe(); return nil }}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	c.Connector, err = spec.Open(ctx, connector.Config{Name: y.Name, Address: y.Config.Address, Options: y.Config.Options, Credential: credential, Now: s.Now})
	if err != nil {
		return nil, err
	}
	c.end = func() error {
		defer credential.Wipe()
		return c.Close()
	}
	return c, nil
}

func (s *Service) credential(ctx context.Context, name, reference string) (secret.Secret, error) {
	if s.Credential == nil {
		return secret.Secret{}, nil
	}
	return s.Credential(ctx, name, reference)
}

type stream func(ctx context.Context, cursor string) iter.Seq2[connector.Record, error]

// fill reads a stream into the spool. Behind the cursor of an interrupted sync it
// goes on only if the stream gives that cursor back first; whoever does not is
// read from the start, so that two states of a source are never mixed.
func (s *Service) fill(ctx context.Context, name string, sp *spool, source any, from stream) error {
	measured, _ := source.(connector.Measured)
	if sp.cursor != "" {
		goesOn, err := s.pour(name, sp, measured, from(ctx, sp.cursor), sp.cursor)
		if err != nil || goesOn {
			return err
		}
		if err := sp.reset(); err != nil {
			return fmt.Errorf("beginning the spool again: %w", err)
		}
	}
	_, err := s.pour(name, sp, measured, from(ctx, ""), "")
	return err
}

// pour reports whether the stream goes on behind the cursor, if there is one.
func (s *Service) pour(name string, sp *spool, measured connector.Measured, from iter.Seq2[connector.Record, error], behind string) (goesOn bool, err error) {
	var n, size int64 // size is known of what is measured
	for r, err := range from {
		switch {
		case err != nil:
			return false, err
		case behind != "" && r.Checkpoint != behind:
			return false, nil
		case behind != "":
			behind = ""
			continue
		}
		if r.Mark != nil {
			sp.mark = *r.Mark
			continue
		}
		if err := sp.add(&r); err != nil {
			return false, fmt.Errorf("writing the spool: %w", err)
		}
		if n++; n%progressRows != 0 {
			continue
		}
		done := n
		if measured != nil {
			done, size = measured.Measure()
		}
		s.progress("reading "+name, done, size)
	}
	if behind != "" {
		return false, nil
	}
	if size == 0 {
		size = n
	}
	s.progress("reading "+name, size, size)
	sp.poured = n
	return true, sp.finish()
}

// mergeSystem compares the spool with the store, asks the guard, and stages the
// difference.
func (s *Service) mergeSystem(ctx context.Context, y System, sp *spool, known *Known, l *connection, o SyncOptions, r *Report) (err error) {
	s.progress("storing "+y.Name, 0, 0)
	c := newComparison(y.ID, known)
	if r.Rejects, err = s.nameAll(ctx, y, sp, c); err != nil {
		return err
	}
	if !o.AcceptRemovals {
		if err := s.whereabouts(ctx, l, c, r); err != nil {
			return err
		}
	}
	m := &merge{Service: s, c: c, system: y, r: r, accept: o.AcceptRemovals, baseline: o.Again && y.State.Baseline == y.State.Synced, allow: y.Config.guard(s.guard())}
	if !o.AcceptRemovals {
		if err := s.refuse(c.guard(m.allow)); err != nil {
			return err
		}
	}
	return m.undoing(ctx, func() error { return m.run(ctx, sp) })
}

// undoing takes back what was staged where the merge does not come to its end.
func (m *merge) undoing(ctx context.Context, run func() error) error {
	err := run()
	if err != nil {
		err = errors.Join(err, m.undo(context.WithoutCancel(ctx)))
	}
	return err
}

func (c Config) guard(standard Guard) Guard {
	if c.Guard != (Guard{}) {
		return c.Guard
	}
	return standard
}

// nameAll gives everything in the spool its key and looks at what was rejected.
func (s *Service) nameAll(ctx context.Context, y System, sp *spool, c *comparison) (rejectsFile string, err error) {
	rejected := newRejects(s.Dir, y.Name, s.now())
	defer func() { err = errors.Join(err, rejected.close()) }()
	var list []connector.Reject
	err = sp.each(func(rec *connector.Record) error {
		c.name(rec)
		c.records++
		if rec.Reject == nil {
			return nil
		}
		if len(list) < maxRejects {
			list = append(list, rejected.own(*rec.Reject))
		}
		return rejected.add(*rec.Reject)
	})
	if err != nil {
		return "", err
	}
	if err := tooManyRejects(c.counts.Rejected, c.records); err != nil {
		return "", err
	}
	if c.byPerson {
		if c.people, err = s.Store.Numbers(ctx); err != nil {
			return "", fmt.Errorf("reading employee numbers: %w", err)
		}
	}
	if err := s.findOthers(ctx, c); err != nil {
		return "", err
	}
	if err := c.assign(ctx, s.Store.Reserve); err != nil {
		return "", err
	}
	for i := range list {
		c.keep(&list[i])
	}
	return rejected.path(), nil
}

// findOthers looks up what is named of other systems.
func (s *Service) findOthers(ctx context.Context, c *comparison) error {
	if len(c.others) == 0 {
		return nil
	}
	found, err := s.Store.Elsewhere(ctx, slices.Collect(maps.Keys(c.others)))
	maps.Copy(c.others, found)
	return err
}

// A source of which more than this share and count cannot be used lies, or is
// read in the wrong way.
const (
	maxBadShare = 0.1
	maxBadCount = 10
	maxRejects  = 100_000
)

func tooManyRejects(rejected, records int64) error {
	if rejected >= maxRejects || rejected > maxBadCount && float64(rejected) > maxBadShare*float64(records) {
		return ErrInconsistent.With("%d of %d rows cannot be read; nothing was changed", rejected, records)
	}
	return nil
}
