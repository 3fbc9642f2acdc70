package inventory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// fullEvery is how long changes alone are gone by: what leaves no trace in a system,
// such as a right to read that Writ lost or gained, shows in a complete reading.
const fullEvery = 7 * 24 * time.Hour

// How a system was read.
const (
	Complete = "complete"
	Changes  = "changes"
)

// Members tells who holds an entitlement directly, from an index over the store, and
// as of which sync of its system.
type Members func(ctx context.Context, system access.SystemID, of access.EntitlementID) (iter.Seq[access.Ref], access.Time, error)

// Followed is where following a system stands.
type Followed struct {
	Mark      string
	Completed access.Time // the last complete reading
	Again     []string    // native ids of accounts that time alone may have changed since
	Strayed   []string    // native ids of what was out of sight
}

// againLimit is how many accounts are read again because time passed.
const againLimit = 5000

// connection is a connector that is open.
type connection struct {
	connector.Connector
	about    connector.Description
	warnings []string
	end      func() error
}

func (c *connection) close() (err error) {
	if c.end != nil {
		err, c.end = c.end(), nil
	}
	return err
}

// mark is where changes can be followed from, and otherwise why they are not; both
// are empty for a connector that tells none.
func (s *Service) mark(ctx context.Context, y System, c *connection, o SyncOptions) (f Followed, why string, err error) {
	if _, ok := c.Connector.(connector.Follower); !ok {
		return f, "", nil
	}
	switch {
	case y.State.Synced == 0:
		return f, "it is the first time", nil
	case o.Full:
		return f, "it was asked for", nil
	case o.AcceptRemovals:
		return f, "what is gone is only let go of by a complete reading", nil
	case s.Members == nil:
		return f, "there is no index of who holds what", nil
	}
	if f, err = s.Store.Followed(ctx, y.ID, againLimit+1); err != nil {
		return f, "", fmt.Errorf("reading where following it stands: %w", err)
	}
	age := s.now().Sub(f.Completed.Time())
	switch {
	case f.Mark == "":
		why = "the last reading left no mark"
	case age < 0 || age >= fullEvery:
		why = "the last complete reading is a week old"
	case len(f.Again) > againLimit:
		why = "time has changed too many accounts"
	}
	return f, why, nil
}

// syncChanges brings in what changed since the last reading, or says why it has to be
// read completely.
func (s *Service) syncChanges(ctx context.Context, y System, c *connection, o SyncOptions, r *Report) (why string, done bool, err error) {
	f, why, err := s.mark(ctx, y, c, o)
	if err != nil || why != "" || f.Mark == "" {
		return why, false, err
	}
	path, err := s.spoolPath(y.ID.Ref(), ".changes")
	if err != nil {
		return "", false, err
	}
	sp, err := openSpool(path, y.connector(), s.now())
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, sp.remove()) }()
	if err := sp.reset(); err != nil {
		return "", false, fmt.Errorf("beginning the spool: %w", err)
	}
	from := func(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
		return c.Connector.(connector.Follower).Changes(ctx, f.Mark, f.Again)
	}
	err = s.fill(ctx, y.Name, sp, c.Connector, from)
	if err == nil && sp.mark.Text == "" {
		err = connector.ErrMark.With("what changed ended without a mark")
	}
	if err == nil {
		err = s.mergeChanges(ctx, y, sp, c, f.Strayed, r)
	}
	if errors.Is(err, connector.ErrMark) {
		return err.Error(), false, nil
	}
	return "", err == nil, err
}

// mergeChanges compares what changed with the store and stages the difference.
func (s *Service) mergeChanges(ctx context.Context, y System, sp *spool, l *connection, strayed []string, r *Report) error {
	if sp.poured == 0 && !sp.mark.Listed && len(strayed) == 0 {
		r.Reading, r.Mark, r.Counts = Changes, sp.mark.Text, y.State.Counts
		return s.Store.SyncUnchanged(ctx, y.ID.Ref(), *r)
	}
	known, err := s.Store.Known(ctx, y.ID)
	if err != nil {
		return fmt.Errorf("reading what is known: %w", err)
	}
	c := newComparison(y.ID, known)
	f := newFollowing(s, c)
	if err := sp.each(f.name); err != nil {
		return err
	}
	if err := f.present(sp.mark.Listed, strayed); err != nil {
		return err
	}
	if err := s.findOthers(ctx, c); err != nil {
		return err
	}
	if err := c.assign(ctx, s.Store.Reserve); err != nil {
		return err
	}
	// What the merge adds to the report counts only if it comes to its end.
	told := Report{Warnings: r.Warnings, Reading: Changes, Mark: sp.mark.Text, Began: r.Began}
	if err := s.whereabouts(ctx, l, c, &told); err != nil {
		return err
	}
	m := &merge{Service: s, c: c, system: y, r: &told, allow: y.Config.guard(s.guard())}
	if err := c.guard(m.allow); err != nil {
		return err
	}
	err = m.undoing(ctx, func() error { return f.run(ctx, m, sp) })
	if err == nil {
		*r = told
	}
	return err
}
