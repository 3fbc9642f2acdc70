package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/pressly/goose/v3"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
)

// ErrNotEmpty is returned when a restore would mix two histories.
var ErrNotEmpty = fault.New(fault.Conflict, "store-not-empty", "a backup is restored into an empty store only")

// Restore fills an empty store from a backup, of either database, and opens it.
// All of it is one transaction, so that an interrupted restore can be run again.
// The keys come from the backup, with its passphrase, or lie in the data
// directory already.
func Restore(ctx context.Context, cfg Config, path string, passphrase secret.Secret) (r BackupReport, err error) {
	f, err := os.Open(path)
	if err != nil {
		return r, ErrBackup.With("the backup %s cannot be read", path).Because(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	db, err := open(ctx, cfg)
	if err != nil {
		return r, err
	}
	r, err = db.restore(ctx, f, passphrase)
	if err = errors.Join(err, db.Close()); err != nil {
		return r, fmt.Errorf("restoring %s: %w", path, err)
	}
	r.Path = path
	return r, recordRestore(ctx, cfg, r)
}

// recordRestore opens the store as every start does, which checks the keys, and
// leaves a record.
func recordRestore(ctx context.Context, cfg Config, r BackupReport) error {
	db, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	event := audit.Event{Action: "store.restore", Facts: map[string]string{"sha256": r.Digest, "revision": fmt.Sprint(r.Revision), "rows": fmt.Sprint(r.Rows)}}
	err = db.change(ctx, event, func(t *tx) error { return errors.Join(t.unprove(ctx), t.endRestored(ctx), t.leapKeys(ctx)) })
	if err == nil {
		_, err = db.Sequence(ctx)
	}
	return errors.Join(err, db.Close())
}

func (db *DB) restore(ctx context.Context, from io.Reader, passphrase secret.Secret) (r BackupReport, err error) {
	a, err := newArchiveReader(from)
	if err != nil {
		return r, err
	}
	head, err := a.head()
	if err != nil {
		return r, err
	}
	r.Schema, r.Revision = head.Schema, head.Rev
	if err := db.readyFor(ctx, head); err != nil {
		return r, err
	}
	var keys []byte
	err = db.bookkeep(ctx, func(t *tx) error {
		if err := t.empty(ctx, head.Tables); err != nil {
			return err
		}
		if r.Rows, keys, err = t.fill(ctx, a, head); err != nil {
			return err
		}
		r.Digest = a.parts[len(a.parts)-1].SHA256
		if err := t.resetKeys(ctx, head.Tables); err != nil {
			return err
		}
		// Keys before the commit: a store that is full has its keys.
		r.Keys, err = db.restoreKeys(keys, passphrase)
		return err
	})
	return r, err
}

// readyFor brings the schema of an empty database to that of the backup.
func (db *DB) readyFor(ctx context.Context, head backupHead) error {
	has, knows, err := db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	switch {
	case head.Schema > knows:
		return ErrNewer.With("the backup has schema %d and this binary knows up to %d: use the newer Writ that wrote it", head.Schema, knows)
	case has > head.Schema:
		return ErrNotEmpty.With("the store has schema %d already, newer than the backup's %d: restore into a new one", has, head.Schema)
	}
	if has > 0 {
		var used bool
		err := db.read(ctx, func(q *query) error {
			return q.row(ctx, `select exists (select 1 from change_set) or exists (select 1 from meta)`).Scan(&used)
		})
		if err != nil {
			return err
		}
		if used {
			return ErrNotEmpty
		}
	}
	p, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, head.Schema); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return fmt.Errorf("making schema %d: %w", head.Schema, err)
	}
	return nil
}

// empty checks that the backup's tables are this schema's and takes out what the
// migrations put in.
func (t *tx) empty(ctx context.Context, tables []tableHead) error {
	here, err := tablesOf(ctx, &t.query)
	if err != nil {
		return err
	}
	has := map[string][]string{}
	for _, h := range here {
		has[h.Name] = slices.Sorted(slices.Values(h.Columns))
	}
	for _, b := range tables {
		if has[b.Name] == nil || !slices.Equal(has[b.Name], slices.Sorted(slices.Values(b.Columns))) {
			return ErrBackup.With("the backup's table %s is not that of its schema", b.Name)
		}
		if _, err := t.exec(ctx, "delete from "+b.Name); err != nil {
			return err
		}
	}
	return nil
}

// fill reads the backup to its end and checks it against its manifest.
func (t *tx) fill(ctx context.Context, a *archiveReader, head backupHead) (total int64, keys []byte, err error) {
	columns := map[string][]string{}
	for _, h := range head.Tables {
		columns[h.Name] = h.Columns
	}
	for {
		name, body, err := a.next()
		if errors.Is(err, io.EOF) {
			return total, keys, ErrBackup.With("the backup was cut off")
		}
		if err != nil {
			return total, keys, err
		}
		if name == manifestEntry {
			return total, keys, a.check(body)
		}
		if name == keysEntry {
			keys = body
			continue
		}
		m := tablePart.FindStringSubmatch(name)
		if m == nil || columns[m[1]] == nil {
			return total, keys, ErrBackup.With("the backup has a part of a table that it does not name")
		}
		rows, err := a.rows(body, len(columns[m[1]]))
		if err != nil {
			return total, keys, err
		}
		total += int64(len(rows))
		if err := t.insertMany(ctx, m[1], columns[m[1]], rows); err != nil {
			return total, keys, fmt.Errorf("table %s: %w", m[1], err)
		}
	}
}

// resetKeys makes PostgreSQL's automatic keys go on behind the restored ones.
func (t *tx) resetKeys(ctx context.Context, tables []tableHead) error {
	if t.d.name != postgresDialect.name {
		return nil
	}
	for _, h := range tables {
		var sequence string
		err := t.row(ctx, `select coalesce(max(pg_get_serial_sequence(table_name, column_name)), '') from information_schema.columns
 where table_schema = current_schema() and table_name = $1 and is_identity = 'YES'`, h.Name).Scan(&sequence)
		if err != nil {
			return err
		}
		if sequence == "" {
			continue
		}
		if _, err := t.exec(ctx, `select setval($1, (select coalesce(max(id), 0) + 1 from `+h.Name+`), false)`, sequence); err != nil {
			return err
		}
	}
	return nil
}

// restoreKeys puts the keys into the data directory, or checks that they are there.
func (db *DB) restoreKeys(sealed []byte, passphrase secret.Secret) (restored bool, err error) {
	var missing []string
	for _, name := range keyFiles {
		if _, err := os.Lstat(filepath.Join(db.dir, name)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		} else if err != nil {
			return false, err
		}
	}
	switch {
	case len(missing) == 0:
		return false, nil
	case sealed == nil:
		return false, ErrKeys.With("the backup was made without keys: put %s of its installation into %s, then run again", strings.Join(missing, " and "), db.dir)
	case passphrase.Empty():
		return false, ErrKeys.With("the keys in the backup need its passphrase")
	}
	plain, err := openWithPassphrase(sealed, passphrase)
	if err != nil {
		return false, ErrKeys.With("the keys in the backup do not open with this passphrase").Because(err)
	}
	defer clear(plain)
	var keys map[string][]byte
	if err := json.Unmarshal(plain, &keys); err != nil {
		return false, ErrBackup.With("the keys in the backup are not in their form")
	}
	for _, name := range missing {
		if err := seal.WritePrivate(filepath.Join(db.dir, name), keys[name]); err != nil {
			return false, err
		}
	}
	return true, nil
}

const maxScryptWork = scryptWork + 4 // a higher work factor in a file would only burn time

func openWithPassphrase(b []byte, passphrase secret.Secret) ([]byte, error) {
	identity, err := age.NewScryptIdentity(string(passphrase.Reveal()))
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxScryptWork)
	r, err := age.Decrypt(bytes.NewReader(b), identity)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 1<<16))
}

// InspectBackup reads a backup to its end and checks it, without a database.
func InspectBackup(path string) (r BackupReport, err error) {
	f, err := os.Open(path)
	if err != nil {
		return r, ErrBackup.With("the backup %s cannot be read", path).Because(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	a, err := newArchiveReader(f)
	if err != nil {
		return r, err
	}
	head, err := a.head()
	if err != nil {
		return r, err
	}
	r = BackupReport{Path: path, Schema: head.Schema, Revision: head.Rev}
	for {
		name, body, err := a.next()
		if errors.Is(err, io.EOF) {
			return r, ErrBackup.With("the backup was cut off")
		}
		if err != nil {
			return r, err
		}
		switch name {
		case manifestEntry:
			r.Digest = a.parts[len(a.parts)-1].SHA256
			return r, a.check(body)
		case keysEntry:
			r.Keys = true
		default:
			lines := bytes.Count(body, []byte{'\n'})
			a.parts[len(a.parts)-1].Rows = int64(lines)
			r.Rows += int64(lines)
		}
	}
}
