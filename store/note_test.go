package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// noted is a note that is told apart.
func noted(i int) audit.Event {
	e := audit.Event{Action: "test.note", Quiet: true, Facts: map[string]string{"n": strconv.Itoa(i)}}
	if i%2 == 0 { // some have something personal in them, of different people
		e.Subjects, e.Personal = []access.IdentityID{access.IdentityID(i%6 + 1)}, map[string]string{"reason": "note " + strconv.Itoa(i)}
	}
	return e
}

// linkedBeside is a row that some notes keep beside their record.
func linkedBeside(i int) beside {
	if i%4 != 0 {
		return nil
	}
	return func(at access.Time) []*rowsOf {
		return []*rowsOf{{table: "chain_link", columns: chainLinkInto, values: []any{int64(i), access.KindCertificate, int64(i), at}}}
	}
}

// Notes share a transaction with one another and with changes, some of which fail or panic.
// Whoever was told of success is there, once, with a set of its own, what is personal in it
// and a place in the log that verifies; whoever was not is not there.
func TestNotes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db := openStore(t, fresh(t))
		letGo, led := held(t, db)
		refused := errors.New("refused")
		const n = 150 // more than one group has room for
		ends := make([]error, n)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				ctx := asTester(t.Context())
				switch i % 10 {
				case 3: // a change among them, which is undone alone
					ends[i] = db.change(ctx, audit.Event{Action: "test.member"}, func(x *tx) error {
						return errors.Join(x.changed(ctx, access.IdentityID(1).Ref()), refused)
					})
				case 6:
					ends[i] = db.change(ctx, audit.Event{Action: "test.member"}, func(x *tx) error { return x.changed(ctx, access.IdentityID(1).Ref()) })
				case 7:
					ends[i] = db.note(ctx, noted(i), func(*tx) error { return refused }, nil)
				default:
					ends[i] = db.note(ctx, noted(i), func(x *tx) error {
						if x.At == 0 {
							return errors.New("it has no time")
						}
						return nil
					}, linkedBeside(i))
				}
			})
		}
		if db.groups != nil {
			inLine(t, db, n)
		}
		close(letGo)
		all.Wait()
		if err := <-led; err != nil {
			t.Fatal(err)
		}
		told, personal, rows := 0, 0, 0
		for i, err := range ends {
			if want := i%10 != 3 && i%10 != 7; want != (err == nil) || !want && !errors.Is(err, refused) {
				t.Errorf("%d ended with %v", i, err)
			}
			if i%10 != 3 && i%10 != 6 && i%10 != 7 {
				told++
				if i%2 == 0 {
					personal++
				}
				if i%4 == 0 {
					rows++
				}
			}
		}
		var found, sets, numbers, payloads int
		row := db.r.QueryRow(`
select count(*), count(distinct r.set_id), count(distinct r.facts), (select count(*) from audit_payload p join audit_record x on x.id = p.record_id where x.action = 'test.note')
  from audit_record r join change_set s on s.id = r.set_id and s.at = r.at and s.actor = r.actor and s.quiet where r.action = 'test.note'`)
		if err := row.Scan(&found, &sets, &numbers, &payloads); err != nil || found != told || sets == 0 || sets > told || numbers != told || payloads != personal {
			t.Errorf("%d records in %d sets, %d different, %d with a payload, of %d and %d: %v", found, sets, numbers, payloads, told, personal, err)
		}
		besideNotes(t, db, rows)
		_, err := db.Sequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var disorder int
		if err := db.r.QueryRow(`select count(*) from change_set a join change_set b on b.rev = a.rev + 1 where b.at < a.at`).Scan(&disorder); err != nil || disorder != 0 {
			t.Errorf("%d sets are before their time: %v", disorder, err)
		}
		r, err := db.Audit().Verify(t.Context(), nil, nil)
		if err = errors.Join(err, r.Err()); err != nil {
			t.Error(err)
		}
		for _, e := range records(t, db, "test.note") {
			if number := e.AllFacts()["n"]; e.Personal["reason"] != "" && e.Personal["reason"] != "note "+number {
				t.Errorf("note %s says %q", number, e.Personal["reason"])
			}
		}
	})
}

// besideNotes expects so many rows beside their own notes.
func besideNotes(t *testing.T, db *DB, want int) {
	t.Helper()
	var links int
	text := `select count(*) from chain_link l join audit_record r on r.action = 'test.note' and r.at = l.at and r.facts = '{"n":"' || l.object || '"}' where l.kind = $1 and l.chain_id = l.object`
	if err := db.r.QueryRow(text, access.KindCertificate).Scan(&links); err != nil || links != want {
		t.Errorf("%d rows lie beside notes, of %d: %v", links, want, err)
	}
}

// Whoever waits with a note and is called off leaves the line; what changes something is no
// note.
func TestNoteLeavesTheLine(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	letGo, led := held(t, db)
	ctx, cancel := context.WithCancel(asTester(t.Context()))
	left := make(chan error)
	allowed := func(*tx) error { return nil }
	go func() { left <- db.note(ctx, noted(1), allowed, nil) }()
	inLine(t, db, 1)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("called off with %v", err)
	}
	close(letGo)
	if err := <-led; err != nil {
		t.Fatal(err)
	}
	if err := db.note(asTester(t.Context()), audit.Event{Action: "test.note"}, allowed, nil); err == nil {
		t.Error("what is followed is noted")
	}
	if err := db.note(asTester(t.Context()), noted(2), allowed, nil); err != nil {
		t.Error(err)
	}
	if facts := recordsOf(t, db, "test.note"); len(facts) != 1 || !strings.Contains(facts[0], `"2"`) {
		t.Errorf("noted is %s", facts)
	}
}
