package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// ErrGroup is returned where a change was undone because the transaction that it shared was.
var ErrGroup = fault.New(fault.Unavailable, "change-undone", "the database could not keep the change: look at its disk, and try again")

// groups lets the changes that wait for one another on SQLite share a transaction: what a
// commit costs is paid once for all of them. Each has a change set and a record of its own,
// runs on the goroutine of whoever makes it, one after another, and is told of its end only
// when all of them are committed. A nil one lets each change be alone, as on PostgreSQL,
// whose changes commit side by side.
type groups struct {
	mu      sync.Mutex
	led     bool
	waiting []waiter

	company atomic.Bool // the last one had it: there may be more to come
}

// waiter waits for its turn: it is told the group that it takes part in, or nil to lead one.
// A note is taken without being told.
type waiter struct {
	turn chan *group
	note *note
}

// How long others are let in, and how many: whoever came first waits for them. Where changes
// come at the same time, others are let run as often, and for as long, before nobody is
// taken to be coming.
const (
	letIn      = 20 * time.Millisecond
	mostInside = 64
	yields     = 16
	yielding   = time.Millisecond
)

// join waits for a turn: in the group of somebody else, or, with nil, to lead one.
func (s *groups) join(ctx context.Context) (*group, error) {
	if s == nil {
		return nil, nil
	}
	turn := s.stand(nil)
	if turn == nil {
		return nil, nil
	}
	select {
	case g := <-turn:
		return g, nil
	case <-ctx.Done():
	}
	if !s.leaves(turn) { // its turn has come meanwhile
		if g := <-turn; g != nil {
			g.next <- struct{}{}
		} else {
			s.pass()
		}
	}
	return nil, context.Cause(ctx)
}

// stand has somebody wait in line; nil is that nobody leads, and they do now.
func (s *groups) stand(n *note) (turn chan *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.led {
		s.led = true
		return nil
	}
	turn = make(chan *group, 1)
	s.waiting = append(s.waiting, waiter{turn, n})
	return turn
}

// leaves takes one that waits out of the line, and reports whether it was still there.
func (s *groups) leaves(turn chan *group) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, w := range s.waiting {
		if w.turn == turn {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// first takes whoever waits longest out of the line; false is that nobody does.
func (s *groups) first() (w waiter, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return w, false
	}
	w = s.waiting[0]
	s.waiting = s.waiting[1:]
	return w, true
}

// pass lets whoever waits longest lead the next group.
func (s *groups) pass() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.led = false
		return
	}
	s.waiting[0].turn <- nil
	s.waiting = s.waiting[1:]
}

// group is one transaction, and who shares it.
type group struct {
	db    *DB
	conn  *sql.Conn
	t     *sql.Tx
	stmts map[string]*sql.Stmt
	next  chan struct{} // whoever had the turn is done with it
	lost  error         // why the transaction is no more

	loud     bool // somebody in it changes what is followed
	followed loudness
	subjects map[access.IdentityID]subjectKey // that were met and are there
	done     chan struct{}                    // closed when it has ended
	err      error                            // how it ended

	notes []*note     // that are not written yet
	noted []*note     // all of them: they are told how it ended
	last  access.Time // of the last change set; zero is that nobody has asked
}

// loudness is what of the changes that are followed a transaction has seen: those committed
// before it, asked for once, and those that take part in it.
type loudness struct {
	asked, pending bool // pending has no revision yet
	newest         access.Rev
}

const loudest = `
select (` + newestLoud + `), exists (select 1 from change_set where rev is null and not quiet and id not in (select id from open_set))`

// changedAfter reports whether anything that is followed was changed after a revision, be it
// by one that takes part in this transaction.
func (t *tx) changedAfter(ctx context.Context, rev access.Rev) (bool, error) {
	l := &t.in.followed
	if !l.asked {
		var pending bool
		if err := t.row(ctx, loudest).Scan(&l.newest, &pending); err != nil {
			return false, err
		}
		l.asked, l.pending = true, l.pending || pending
	}
	return l.pending || l.newest > rev, nil
}

// one is one change: by whom, with which record, and what it does.
type one struct {
	actor audit.Actor
	event audit.Event
	fn    func(t *tx) error
	note  *note // instead of fn
}

// lead makes a change, lets others take part, and commits.
func (db *DB) lead(ctx context.Context, c one) (err error) {
	defer db.keptW.learn(context.WithoutCancel(ctx), db.d.rebind)
	defer db.groups.pass()
	conn, err := db.w.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	give, err := db.turns.take()
	if err != nil {
		return err
	}
	defer give()
	g := &group{db: db, conn: conn, stmts: map[string]*sql.Stmt{}, subjects: map[access.IdentityID]subjectKey{}, next: make(chan struct{}), done: make(chan struct{}), err: ErrGroup}
	if g.t, err = conn.BeginTx(db.uncut(ctx), nil); err != nil {
		return fmt.Errorf("beginning a change: %w", err)
	}
	defer g.t.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := g.begin(ctx, c); err != nil {
		return err // nobody else has taken part yet
	}
	defer g.end()
	g.letIn(ctx)
	if err = g.writeNotes(ctx); err == nil {
		err = g.t.Commit()
	}
	if err != nil {
		g.err = fmt.Errorf("committing %s: %w", c.event.Action, err)
		return g.err
	}
	g.err = nil
	if g.loud {
		db.seq.due.Ring()
	} else {
		db.seq.noted.Ring()
	}
	return nil
}

// begin makes the change of whoever leads.
func (g *group) begin(ctx context.Context, c one) error {
	if c.note != nil {
		return g.takeNote(ctx, c.note)
	}
	return g.make(ctx, c)
}

// end tells everybody how it ended.
func (g *group) end() {
	for _, n := range g.noted {
		n.ended <- g.err
	}
	close(g.done)
}

// letIn gives those who wait a turn each.
func (g *group) letIn(ctx context.Context) {
	if g.db.groups == nil {
		return
	}
	s, inside := g.db.groups, 1
	defer func() { s.company.Store(inside > 1) }()
	waits := s.company.Load()
	began := time.Now()
	for last, waited := began, 0; inside < mostInside && g.lost == nil && time.Since(began) < letIn; {
		w, ok := s.first()
		if !ok {
			if waited++; !waits || waited > yields || time.Since(last) > yielding {
				return
			}
			runtime.Gosched() // whoever is about to come shares what a commit costs
			continue
		}
		inside, waited, last = inside+1, 0, time.Now()
		if w.note == nil {
			w.turn <- g
			<-g.next
		} else if err := g.takeNote(ctx, w.note); err != nil {
			w.note.ended <- err
		}
	}
}

// member makes a change in the group of somebody else, and waits until that is committed.
func (g *group) member(ctx context.Context, c one) error {
	if err := g.turn(ctx, c); err != nil {
		return err
	}
	<-g.done
	return g.err
}

// turn makes a change between two savepoints, so that it can be undone alone, be it by a
// panic.
func (g *group) turn(ctx context.Context, c one) (err error) {
	defer func() { g.next <- struct{}{} }()
	if err := g.writeNotes(ctx); err != nil { // they are not to be undone with it
		return err
	}
	if err := g.say(ctx, "savepoint member"); err != nil {
		return err
	}
	made := false
	defer func() {
		if !made {
			_ = g.say(ctx, "rollback to member")
			clear(g.subjects) // one may have been kept by what is undone
			_ = g.say(ctx, "release member")
		}
	}()
	if err := g.make(ctx, c); err != nil {
		return err
	}
	if err := g.say(ctx, "release member"); err != nil {
		return err
	}
	made = true
	return nil
}

// say has the database do something without which the transaction is not to be committed.
func (g *group) say(ctx context.Context, text string) error {
	if g.lost != nil {
		return g.lost
	}
	if _, err := g.tx().exec(ctx, text); err != nil {
		g.lost = ErrGroup.Because(err)
	}
	return g.lost
}

// make runs a change up to its record.
func (g *group) make(ctx context.Context, c one) error {
	t := g.tx()
	t.Event = c.event
	if !c.event.Quiet {
		g.loud, g.followed.pending = true, true
		clear(g.subjects) // it may be one that ends
	}
	if err := t.begin(ctx, g.db, c.actor); err != nil {
		return fmt.Errorf("beginning a change set: %w", err)
	}
	g.last = t.At
	if err := c.fn(t); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := g.db.record(ctx, t, c.actor); err != nil {
		return fmt.Errorf("recording %s: %w", c.event.Action, err)
	}
	return nil
}

func (g *group) tx() *tx {
	return &tx{
		query: query{t: g.t, d: g.db.d, conn: g.conn, kept: g.db.keptW, uncut: g.db.groups != nil},
		db:    g.db, in: g, stmts: g.stmts,
	}
}

// uncut is a context that ends no transaction which others share.
func (db *DB) uncut(ctx context.Context) context.Context {
	if db.groups == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}
