package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
)

// BackupReport says what a backup or a restore moved.
type BackupReport struct {
	Path     string     `json:"path"`
	Schema   int64      `json:"schema"`
	Revision access.Rev `json:"revision"`
	Rows     int64      `json:"rows"`
	Digest   string     `json:"sha256"` // of the manifest
	Keys     bool       `json:"keys"`   // whether the keys are in it
}

// Backup writes everything that the database holds at one instant to a new file,
// while others go on reading and writing, the owner of the directory too. The node's and the log's key are
// part of it, encrypted with the passphrase; without one they are left out, and
// the backup is of use only together with the two files.
func (db *DB) Backup(ctx context.Context, path string, passphrase secret.Secret) (r BackupReport, err error) {
	return db.backup(ctx, path, passphrase, scryptWork)
}

// scryptWork makes one guess of a passphrase take about a second.
const scryptWork = 18

func (db *DB) backup(ctx context.Context, path string, passphrase secret.Secret, work int) (r BackupReport, err error) {
	if _, err := os.Lstat(path); err == nil {
		return r, ErrConfig.With("%s is there already: a backup never overwrites", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".backup-*")
	if err != nil {
		return r, ErrConfig.With("the backup %s cannot be written", path).Because(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	r, err = db.writeBackup(ctx, f, passphrase, work)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return r, fmt.Errorf("writing the backup: %w", err)
	}
	r.Path = path
	event := audit.Event{Action: "store.backup", Facts: map[string]string{
		"sha256": r.Digest, "rows": fmt.Sprint(r.Rows), "revision": fmt.Sprint(r.Revision), "keys": fmt.Sprint(r.Keys),
	}}
	if err := db.note(ctx, event); err != nil {
		return r, err
	}
	return r, os.Rename(f.Name(), path)
}

func (db *DB) writeBackup(ctx context.Context, w io.Writer, passphrase secret.Secret, work int) (r BackupReport, err error) {
	if r.Schema, _, err = db.SchemaVersion(ctx); err != nil {
		return r, err
	}
	err = db.read(ctx, func(q *query) error {
		head := backupHead{Format: backupFormat, Version: backupVersion, Schema: r.Schema}
		if head.At, err = db.storeTime(ctx, q); err != nil {
			return err
		}
		if err := q.row(ctx, newestRev).Scan(&head.Rev); err != nil {
			return err
		}
		if head.Tables, err = tablesOf(ctx, q); err != nil {
			return err
		}
		r.Revision = head.Rev
		a := newArchiveWriter(w, head.At.Time())
		if err := a.addJSON(headEntry, head); err != nil {
			return err
		}
		for _, t := range head.Tables {
			n, err := writeTable(ctx, q, a, t)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
			r.Rows += n
		}
		if !passphrase.Empty() {
			if err := db.writeKeys(a, passphrase, work); err != nil {
				return err
			}
			r.Keys = true
		}
		r.Digest, err = a.close()
		return err
	})
	return r, err
}

// notInBackup are tables that mean nothing elsewhere.
var notInBackup = []string{"goose_db_version", "lease"}

const (
	sqliteTables   = `select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`
	postgresTables = `select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by table_name`
)

// tablesOf asks the database for its tables, so that none is forgotten.
func tablesOf(ctx context.Context, q *query) (tables []tableHead, err error) {
	text := sqliteTables
	if q.d.name == postgresDialect.name {
		text = postgresTables
	}
	var names []string
	err = q.each(ctx, text, nil, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		if !slices.Contains(notInBackup, name) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		columns, err := columnsOf(ctx, q, name)
		if err != nil {
			return nil, err
		}
		tables = append(tables, tableHead{Name: name, Columns: columns})
	}
	return tables, nil
}

func columnsOf(ctx context.Context, q *query, table string) ([]string, error) {
	rows, err := q.t.QueryContext(ctx, "select * from "+table+" limit 0") //nolint:gosec // a name that the database gave
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it has no rows
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
}

func writeTable(ctx context.Context, q *query, a *archiveWriter, t tableHead) (int64, error) {
	rows, err := q.t.QueryContext(ctx, "select "+strings.Join(t.Columns, ", ")+" from "+t.Name) //nolint:gosec // names that the database gave
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	truth, err := boolColumns(rows)
	if err != nil {
		return 0, err
	}
	w := a.newTable(t.Name)
	values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for rows.Next() {
		for i := range values {
			values[i], into[i] = nil, &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return 0, err
		}
		for _, i := range truth {
			if n, ok := values[i].(int64); ok {
				values[i] = n != 0
			}
		}
		if err := w.row(values); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	err = w.flush()
	return w.total, err
}

// boolColumns are those that SQLite may give as numbers.
func boolColumns(rows *sql.Rows) (at []int, err error) {
	types, err := rows.ColumnTypes()
	for i, t := range types {
		if name := strings.ToLower(t.DatabaseTypeName()); name == "boolean" || name == "bool" {
			at = append(at, i)
		}
	}
	return at, err
}

// writeKeys adds the two key files, encrypted with the passphrase.
func (db *DB) writeKeys(a *archiveWriter, passphrase secret.Secret, work int) error {
	keys := map[string][]byte{}
	for _, name := range keyFiles {
		b, err := seal.ReadPrivate(filepath.Join(db.dir, name))
		if err != nil {
			return err
		}
		keys[name] = b
	}
	plain, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	defer clear(plain)
	recipient, err := age.NewScryptRecipient(string(passphrase.Reveal()))
	if err != nil {
		return err
	}
	recipient.SetWorkFactor(work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return err
	}
	if _, err := w.Write(plain); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return a.add(keysEntry, out.Bytes(), 0)
}
