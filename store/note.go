package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// note is a change that nobody follows, as that somebody was shown again what they may see:
// its record, and rows that are only ever looked up. Whoever leads a group makes those of
// many at once.
type note struct {
	entry
	// allowed refuses it by what is so in the transaction. It writes nothing, and is quick.
	allowed func(t *tx) error
	beside  beside
	ended   chan error // what came of it
}

// beside are the rows that a note keeps beside its record, by the time of its set. Nothing
// refuses them: their keys are new. Nil is none.
type beside func(at access.Time) []*rowsOf

// note records an event that nobody follows, unless allowed refuses it in the transaction
// that records it.
func (db *DB) note(ctx context.Context, e audit.Event, allowed func(t *tx) error, rows beside) error {
	if db.groups == nil {
		return db.change(ctx, e, func(t *tx) error {
			if err := allowed(t); err != nil {
				return err
			}
			return t.insertBeside(ctx, t.At, rows)
		})
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	if !e.Quiet {
		return fmt.Errorf("%s is followed: it is no note", e.Action)
	}
	n := &note{allowed: allowed, beside: rows, ended: make(chan error, 1)}
	if n.entry, err = entryOf(e, actor); err != nil {
		return fmt.Errorf("recording %s: %w", e.Action, err)
	}
	turn := db.groups.stand(n)
	if turn == nil {
		return db.lead(ctx, one{event: e, note: n})
	}
	select {
	case err := <-n.ended:
		return err
	case <-turn:
		return db.lead(ctx, one{event: e, note: n})
	case <-ctx.Done():
	}
	if db.groups.leaves(turn) {
		return context.Cause(ctx)
	}
	select { // its turn has come meanwhile
	case err := <-n.ended:
		return err
	case <-turn:
		db.groups.pass()
		return context.Cause(ctx)
	}
}

// takeNote has a note recorded with all others at the end of the group, or before somebody
// in it changes something.
func (g *group) takeNote(ctx context.Context, n *note) error {
	t := g.tx()
	var err error
	if t.At, err = g.now(ctx, t); err != nil {
		g.lost = ErrGroup.Because(err)
		return g.lost
	}
	if err := n.allowed(t); err != nil {
		return err
	}
	g.notes, g.noted = append(g.notes, n), append(g.noted, n)
	return nil
}

const lastSetTime = `select coalesce(max(at), 0) from change_set`

// now is the time of a change set that would begin now.
func (g *group) now(ctx context.Context, t *tx) (access.Time, error) {
	if g.last == 0 {
		if err := t.row(ctx, lastSetTime).Scan(&g.last); err != nil {
			return 0, err
		}
	}
	g.last = max(g.last, access.Time(g.db.clock.read(g.db.nowFn())))
	return g.last, nil
}

// mostNotes are recorded by one statement. Fewer go by the powers of two that make them up,
// so that few statements are prepared.
const mostNotes = 32

const insertNoted = `insert into change_set (at, actor, quiet) values ($1, $2, true) returning id`

// writeNotes records what was noted. Without it the transaction is not to be committed.
func (g *group) writeNotes(ctx context.Context) error {
	for len(g.notes) > 0 && g.lost == nil {
		n := mostNotes
		for n > len(g.notes) {
			n /= 2
		}
		if err := g.writeSome(ctx, g.notes[:n]); err != nil {
			g.lost = ErrGroup.Because(err)
		}
		g.notes = g.notes[n:]
	}
	return g.lost
}

func (g *group) writeSome(ctx context.Context, notes []*note) error {
	t := g.tx()
	at, err := g.now(ctx, t)
	if err != nil {
		return err
	}
	// They are one change set, whose last record tells its actor: each has its own.
	var set int64
	if err := t.row(ctx, insertNoted, at, notes[len(notes)-1].actor).Scan(&set); err != nil {
		return fmt.Errorf("beginning a change set: %w", err)
	}
	var args []any
	for _, n := range notes {
		args = append(args, set, at, n.actor, n.action, n.object.Kind, n.object.Key, n.facts, n.commitment)
	}
	records, err := t.insertNumbered(ctx, insertRecords, len(notes), args)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	var rows [][]any
	for i, n := range notes {
		row, err := g.db.sealedPayload(ctx, t, records[i], n.entry)
		if err != nil {
			return err
		}
		if row != nil {
			rows = append(rows, row)
		}
	}
	if err := t.insertMany(ctx, "audit_payload", payloadColumns, rows); err != nil {
		return err
	}
	all := make([]beside, len(notes))
	for i, n := range notes {
		all[i] = n.beside
	}
	return t.insertBeside(ctx, at, all...)
}

// insertBeside inserts what notes keep beside their records, those of one table at once.
func (t *tx) insertBeside(ctx context.Context, at access.Time, all ...beside) error {
	var tables []*rowsOf
	for _, rows := range all {
		if rows == nil {
			continue
		}
		for _, r := range rows(at) {
			i := slices.IndexFunc(tables, func(x *rowsOf) bool { return x.table == r.table })
			if i < 0 {
				tables = append(tables, r)
				continue
			}
			tables[i].add(r.values...)
		}
	}
	for _, r := range tables {
		if err := t.insertRows(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// insertNumbered inserts some rows whose keys the table gives, one after another since nobody
// else writes meanwhile, and returns these.
func (t *tx) insertNumbered(ctx context.Context, text string, n int, args []any) (keys []int64, err error) {
	err = t.each(ctx, fmt.Sprintf(text, valuesText(len(args)/n, n)), args, func(scan func(...any) error) error {
		var id int64
		defer func() { keys = append(keys, id) }()
		return scan(&id)
	})
	if err != nil {
		return nil, err
	}
	for i, id := range keys {
		if len(keys) != n || id != keys[0]+int64(i) {
			return nil, fmt.Errorf("%d rows got the keys %v", n, keys)
		}
	}
	return keys, nil
}
