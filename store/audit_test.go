package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// logOf fills a store with a log that has one of everything.
func logOf(t *testing.T, db *DB) {
	t.Helper()
	ctx := asTester(t.Context())
	change := func(e audit.Event) {
		t.Helper()
		if err := db.change(ctx, e, func(*tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	sequence := func() {
		t.Helper()
		if _, err := db.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
	}
	ana, ben := access.IdentityID(11), access.IdentityID(12)
	change(audit.Event{Action: "test.plain", Object: access.SystemID(3).Ref(), Facts: map[string]string{"rows": "7", "kind": "postgres"}})
	change(audit.Event{Action: "test.about", Object: ana.Ref(), Subjects: []access.IdentityID{ana}, Personal: map[string]string{"name": "Ana Alvarez"}})
	sequence()
	for i := range 5 {
		change(audit.Event{Action: "test.many", Facts: map[string]string{"n": fmt.Sprint(i)}})
	}
	change(audit.Event{Action: "test.about", Object: ben.Ref(), Subjects: []access.IdentityID{ben}, Personal: map[string]string{"name": "Ben Brandt"}})
	s, err := db.stage(ctx, access.SystemID(3).Ref())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.stageBatch(ctx, s, audit.Event{Action: "test.batch"}, func(*tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	sequence()
	if err := db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil); err != nil {
		t.Fatal(err)
	}
	sequence()
	if n, err := db.Audit().Erase(ctx, ben); err != nil || n != 1 {
		t.Fatalf("erased %d, %v", n, err)
	}
	sequence()
}

func verifyLog(t *testing.T, db *DB) *audit.Report {
	t.Helper()
	r, err := db.Audit().Verify(asTester(t.Context()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAuditVerifies(t *testing.T) { eachDatabase(t, testAuditVerifies) }

func testAuditVerifies(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	if r := verifyLog(t, db); r.Err() != nil {
		t.Fatal("an empty log:", r.Wrong)
	}
	logOf(t, db)
	r := verifyLog(t, db)
	if r.Err() != nil {
		t.Fatal(r.Wrong)
	}
	if r.Leaves != 11 || r.Checkpoints != 4 || r.Payloads != 1 || r.Erased != 1 || r.Revision != 10 {
		t.Errorf("%+v", r)
	}
	var export bytes.Buffer
	if err := audit.Export(&export, db.Audit().Evidence(t.Context()), db.Verifier()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(export.String(), "Ana") {
		t.Error("a name is in the export")
	}
	evidence, verifier, err := audit.ReadExport(bytes.NewReader(export.Bytes()))
	if err != nil || verifier != db.Verifier() {
		t.Fatal(verifier, err)
	}
	if r, err = audit.Verify(evidence, verifier, nil); err != nil || r.Err() != nil || r.Leaves != 11 {
		t.Fatal(err, r)
	}
	page, err := db.Audit().List(t.Context(), audit.Filter{Actions: []string{"test.about"}})
	if err != nil || len(page.Entries) != 2 || !page.Entries[0].Erased || page.Entries[1].Personal["name"] != "Ana Alvarez" {
		t.Errorf("%+v, %v", page, err)
	}
}

// tampered lists every column that the log consists of.
var tampered = []struct{ table, key, column string }{
	{"audit_record", "id", "id"},
	{"audit_record", "id", "set_id"},
	{"audit_record", "id", "at"},
	{"audit_record", "id", "actor"},
	{"audit_record", "id", "action"},
	{"audit_record", "id", "object_kind"},
	{"audit_record", "id", "object_key"},
	{"audit_record", "id", "facts"},
	{"audit_record", "id", "commitment"},
	{"audit_record", "id", "leaf_index"},
	{"change_set", "id", "id"},
	{"change_set", "id", "at"},
	{"change_set", "id", "actor"},
	{"change_set", "id", "rev"},
	{"audit_payload", "record_id", "record_id"},
	{"audit_payload", "record_id", "key_id"},
	{"audit_payload", "record_id", "ciphertext"},
	{"audit_subject_key", "id", "id"},
	{"audit_subject_key", "id", "subject"},
	{"audit_subject_key", "id", "wrapped"},
	{"audit_hash", "idx", "idx"},
	{"audit_hash", "idx", "hash"},
	{"audit_checkpoint", "size", "size"},
	{"audit_checkpoint", "size", "at"},
	{"audit_checkpoint", "size", "rev"},
	{"audit_checkpoint", "size", "note"},
}

func TestAuditTamperedColumnIsFound(t *testing.T) { eachDatabase(t, testAuditTamperedColumnIsFound) }

func testAuditTamperedColumnIsFound(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	logOf(t, db)
	ctx := t.Context()
	for _, c := range tampered {
		t.Run(c.table+"."+c.column, func(t *testing.T) {
			rows := valuesOf(t, db, c.table, c.key, c.column)
			if len(rows) == 0 {
				t.Fatal("nothing to tamper with")
			}
			n := 0
			for _, row := range rows {
				for _, changed := range flips(row.value, c.column) {
					n++
					key := row.key
					write(t, db, c.table, c.key, c.column, key, changed)
					if c.key == c.column {
						key = changed
					}
					if r, err := db.Audit().Verify(ctx, nil, nil); err == nil && r.Err() == nil {
						// The erased payload has no key left to compare it with; its
						// leaf still commits to it.
						if c.column != "ciphertext" || row.key != erasedRecord(t, db) {
							t.Errorf("%v of row %v became %v and nobody noticed", row.value, row.key, changed)
						}
					}
					write(t, db, c.table, c.key, c.column, key, row.value)
				}
			}
			if n == 0 {
				t.Fatal("no value was changed")
			}
			if r := verifyLog(t, db); r.Err() != nil {
				t.Fatal("not put back:", r.Wrong)
			}
		})
	}
}

type storedValue struct{ key, value any }

func valuesOf(t *testing.T, db *DB, table, key, column string) (out []storedValue) {
	t.Helper()
	rows, err := db.r.Query(fmt.Sprintf("select %s, %s from %s where %s is not null order by 1", key, column, table, column))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var v storedValue
		if err := rows.Scan(&v.key, &v.value); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func erasedRecord(t *testing.T, db *DB) any {
	t.Helper()
	var id int64
	err := db.r.QueryRow("select record_id from audit_payload where key_id not in (select id from audit_subject_key)").Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return id
}

// flips returns the value with something changed in it, at several places.
func flips(value any, column string) (out []any) {
	switch v := value.(type) {
	case int64:
		if column == "object_kind" {
			return []any{v ^ 1}
		}
		return []any{v + 1_000_000, -v - 1}
	case string:
		for _, i := range []int{0, len(v) / 2, len(v) - 1} {
			b := []byte(v)
			b[i] ^= 1
			out = append(out, string(b))
		}
		return append(out, v+" ", v[:len(v)-1])
	case []byte:
		for i := range v {
			if i%7 == 0 || i == len(v)-1 {
				b := bytes.Clone(v)
				b[i] ^= 1
				out = append(out, b)
			}
		}
		return append(out, v[:len(v)-1])
	}
	return nil
}

func write(t *testing.T, db *DB, table, key, column string, row, value any) {
	t.Helper()
	if db.d.name == postgresDialect.name && column == "id" {
		if _, err := db.w.Exec("alter table " + table + " alter column id set generated by default"); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf("update %s set %s = $1 where %s = $2", table, column, key)
	if _, err := db.w.ExecContext(context.Background(), db.d.rebind(text), value, row); err != nil {
		t.Fatal(err)
	}
}

func TestAuditRemovedAndReordered(t *testing.T) { eachDatabase(t, testAuditRemovedAndReordered) }

func testAuditRemovedAndReordered(t *testing.T, fresh func(*testing.T) Config) {
	for name, c := range map[string]struct {
		do   []string
		says string
	}{
		"a record":            {[]string{"delete from audit_record where leaf_index = 4"}, "record of leaf 4 is missing"},
		"a record with hash":  {[]string{"delete from audit_record where leaf_index = 4", "delete from audit_hash where idx in (7, 8)"}, "leaves 4 to 4 are missing"},
		"the tail":            {[]string{"delete from audit_record where leaf_index > 7"}, "record of leaf 8 is missing"},
		"the tail with all":   {[]string{"delete from audit_record where leaf_index > 7", "delete from audit_hash where idx >= 15"}, "the rest is missing"},
		"tail, also sets":     {[]string{"delete from change_set where id in (select set_id from audit_record where leaf_index > 7)", "delete from audit_record where leaf_index > 7", "delete from audit_hash where idx >= 15"}, "the rest is missing"},
		"two records swapped": {[]string{"update audit_record set leaf_index = -5 where leaf_index = 3", "update audit_record set leaf_index = 3 where leaf_index = 4", "update audit_record set leaf_index = 4 where leaf_index = -5"}, "does not follow on"},
		"two of one action":   {[]string{"update audit_record set facts = '{\"n\":\"9\"}' where leaf_index = 5"}, "record 6 (leaf 5) was changed"},
		"a change set":        {[]string{"delete from change_set where rev = 4"}, "no change set has revision 4"},
		"a set's record":      {[]string{"delete from audit_record where set_id = (select id from change_set where rev = 4)"}, "(revision 4) has no record"},
		"a payload":           {[]string{"delete from audit_payload"}, "payload of record 2 is missing"},
		"a subject's key":     {[]string{"delete from audit_subject_key"}, "no record says that it was erased"},
		"a checkpoint":        {[]string{"delete from audit_checkpoint where size = (select max(size) from audit_checkpoint)"}, "no checkpoint covers the last"},
		"an unwritten record": {[]string{"insert into change_set (at, actor) values (1, 'ghost')"}, "has no record"},
	} {
		t.Run(name, func(t *testing.T) {
			db := openStore(t, fresh(t))
			logOf(t, db)
			for _, text := range c.do {
				if _, err := db.w.Exec(text); err != nil {
					t.Fatal(err)
				}
			}
			r := verifyLog(t, db)
			if !strings.Contains(strings.Join(r.Wrong, "\n"), c.says) {
				t.Errorf("it says\n%s\nand not %q", strings.Join(r.Wrong, "\n"), c.says)
			}
		})
	}
}

func TestAuditForgedCheckpoint(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	logOf(t, db)
	other, _, err := audit.NewLogKey()
	if err != nil {
		t.Fatal(err)
	}
	forged, err := other.Sign(audit.Checkpoint{Size: 11, Rev: 10, At: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.w.Exec("update audit_checkpoint set note = ? where size = 11", forged); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, db); !strings.Contains(strings.Join(r.Wrong, "\n"), "not signed by this log's key") {
		t.Error(r.Wrong)
	}
}

// A log that was cut off with everything that refers to the cut part agrees with
// itself; a checkpoint kept elsewhere tells.
func TestAuditTrustedCheckpointFindsRollback(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	logOf(t, db)
	ctx := asTester(t.Context())
	kept, err := db.Audit().Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := db.Audit().Verify(ctx, []string{kept}, nil); err != nil || r.Err() != nil {
		t.Fatal(err, r.Wrong)
	}
	for _, text := range []string{
		"delete from change_set where rev = 10",
		"delete from audit_record where leaf_index = 10",
		fmt.Sprintf("delete from audit_hash where idx >= %d", tlog.StoredHashCount(10)),
		"delete from audit_checkpoint where size = 11",
	} {
		if _, err := db.w.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	// Without the erasure's record the missing key is noticed, so bring that back in line too.
	if _, err := db.w.Exec("delete from audit_payload where key_id not in (select id from audit_subject_key)"); err != nil {
		t.Fatal(err)
	}
	r, err := db.Audit().Verify(ctx, []string{kept}, nil)
	if err != nil || !strings.Contains(strings.Join(r.Wrong, "\n"), "the end was cut off") {
		t.Error(err, r.Wrong)
	}
}

func TestAuditProofs(t *testing.T) { eachDatabase(t, testAuditProofs) }

func testAuditProofs(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	logOf(t, db)
	ctx := t.Context()
	var checkpoints []audit.Checkpoint
	var leaves []tlog.Hash
	for item, err := range db.Audit().Evidence(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Checkpoint == "" {
			leaves = append(leaves, tlog.RecordHash(item.Leaf))
			continue
		}
		c, err := audit.OpenCheckpoint(item.Checkpoint, db.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		checkpoints = append(checkpoints, c)
	}
	head := checkpoints[len(checkpoints)-1]
	for i, leaf := range leaves {
		p, err := db.Audit().Inclusion(ctx, int64(i), head.Size)
		if err != nil || tlog.CheckRecord(p, head.Size, head.Root, int64(i), leaf) != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
	}
	for _, c := range checkpoints {
		p, err := db.Audit().Consistency(ctx, c.Size, head.Size)
		if err != nil || tlog.CheckTree(p, head.Size, head.Root, c.Size, c.Root) != nil {
			t.Errorf("size %d: %v", c.Size, err)
		}
	}
	if _, err := db.Audit().Inclusion(ctx, head.Size, head.Size); !errors.Is(err, audit.ErrCheckpoint) {
		t.Error(err)
	}
	if _, err := db.Audit().Consistency(ctx, 1, head.Size+1); !errors.Is(err, audit.ErrCheckpoint) {
		t.Error(err)
	}
}

// Pages of several actions are together what a look at each record says.
func TestLogOfSeveralActions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx := asTester(t.Context())
		actions := []string{"test.first", "test.second", "other.first", "tests.first", "other.second"}
		for i := range 60 {
			if err := db.change(ctx, audit.Event{Action: actions[i*i%len(actions)]}, func(*tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		all, err := db.Audit().List(ctx, audit.Filter{First: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []audit.Filter{
			{Actions: []string{"test."}},
			{Actions: []string{"test.first", "other.first"}},
			{Actions: []string{"test.", "test.first", "other.second", "nothing."}},
			{Actions: []string{"test.", "other."}, From: all.Entries[40].At, To: all.Entries[3].At, Actor: all.Entries[0].Actor},
			{Actions: []string{"other.", "tests."}, Actor: "nobody"},
			{Actions: []string{""}},
		} {
			logPagesAre(t, db, f, all.Entries)
		}
	})
}

func logPagesAre(t *testing.T, db *DB, f audit.Filter, all []audit.Entry) {
	t.Helper()
	var want, got []int64
	for _, e := range all {
		of := slices.ContainsFunc(f.Actions, func(a string) bool {
			return a == "" || a == e.Action || strings.HasSuffix(a, ".") && strings.HasPrefix(e.Action, a)
		})
		if of && (f.From == 0 || e.At >= f.From) && (f.To == 0 || e.At < f.To) && (f.Actor == "" || e.Actor == f.Actor) {
			want = append(want, e.ID)
		}
	}
	for f.First = 7; ; {
		page, err := db.Audit().List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			got = append(got, e.ID)
		}
		if f.Before = page.Next; f.Before == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v: %v, not %v", f, got, want)
	}
}
