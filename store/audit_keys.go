package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
)

// ErrKeys is returned when the keys in the data directory are not the database's.
var ErrKeys = fault.New(fault.Invalid, "wrong-keys", "the keys in the data directory are not those of the database")

const (
	nodeKeyFile = "node.key"
	logKeyFile  = "log.key"
)

// keyFiles are what a backup carries, encrypted, or leaves out.
var keyFiles = []string{nodeKeyFile, logKeyFile}

// keyCheckPlace is where a value lies that only the right node key opens.
var keyCheckPlace = seal.Place{Table: "meta", Column: "value", Row: 1}

const (
	metaKeyCheck    = "node_key_check"
	metaLogVerifier = "log_verifier"
)

// openKeys loads the node's keys, or makes them for a database that has none yet.
// Every node of an installation has the same two files. Keys that are missing or
// others than the database's are refused: nothing is ever kept unprotected instead.
func (db *DB) openKeys(ctx context.Context) error {
	check, err := db.meta(ctx, metaKeyCheck)
	if err != nil {
		return err
	}
	verifier, err := db.meta(ctx, metaLogVerifier)
	if err != nil {
		return err
	}
	if db.sealer, err = db.nodeKey(check != ""); err != nil {
		return err
	}
	if db.logKey, err = db.openLogKey(verifier != ""); err != nil {
		return err
	}
	if check == "" {
		sealed, err := db.sealer.Seal(secret.New([]byte(metaKeyCheck)), keyCheckPlace)
		if err != nil {
			return err
		}
		if check, err = db.keepMeta(ctx, metaKeyCheck, encodeBytes(sealed)); err != nil {
			return err
		}
	}
	if verifier == "" {
		if verifier, err = db.keepMeta(ctx, metaLogVerifier, db.logKey.Verifier()); err != nil {
			return err
		}
	}
	sealed, err := decodeBytes(check)
	if err != nil {
		return ErrKeys.Because(err)
	}
	if _, err := db.sealer.Open(sealed, keyCheckPlace); err != nil {
		return ErrKeys.With("%s is not the key that this database was sealed with: put the right file back", filepath.Join(db.dir, nodeKeyFile))
	}
	if verifier != db.logKey.Verifier() {
		return ErrKeys.With("%s is not the key that signs this database's log: put the right file back", filepath.Join(db.dir, logKeyFile))
	}
	return nil
}

func (db *DB) nodeKey(used bool) (*seal.Key, error) {
	path := filepath.Join(db.dir, nodeKeyFile)
	key, err := seal.Load(path)
	switch {
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return key, err
	case used:
		return nil, ErrKeys.With("%s is missing, and the database was sealed with it: put the file back", path)
	}
	return seal.Create(path)
}

func (db *DB) openLogKey(used bool) (*audit.LogKey, error) {
	path := filepath.Join(db.dir, logKeyFile)
	text, err := seal.ReadPrivate(path)
	switch {
	case err == nil:
		return audit.ParseLogKey(secret.New(text))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case used:
		return nil, ErrKeys.With("%s is missing, and the database's log is signed with it: put the file back", path)
	}
	key, kept, err := audit.NewLogKey()
	if err != nil {
		return nil, err
	}
	return key, seal.WritePrivate(path, kept.Reveal())
}

// Sealer is the node's key, for what lies sealed in the database.
func (db *DB) Sealer() *seal.Key { return db.sealer }

// Verifier is the public key of this log's checkpoints.
func (db *DB) Verifier() string { return db.logKey.Verifier() }

func (db *DB) meta(ctx context.Context, name string) (value string, err error) {
	err = db.read(ctx, func(q *query) error {
		err := q.row(ctx, `select value from meta where name = $1`, name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

// keepMeta writes a value unless there is one, and returns which one stands.
func (db *DB) keepMeta(ctx context.Context, name, value string) (stands string, err error) {
	err = db.bookkeep(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `insert into meta (name, value) values ($1, $2) on conflict (name) do nothing`, name, value); err != nil {
			return err
		}
		return t.row(ctx, `select value from meta where name = $1`, name).Scan(&stands)
	})
	return stands, err
}

func payloadPlace(record int64) seal.Place {
	return seal.Place{Table: "audit_payload", Column: "ciphertext", Row: record}
}

func subjectKeyPlace(subject access.IdentityID) seal.Place {
	return seal.Place{Table: "audit_subject_key", Column: "wrapped", Row: int64(subject)}
}

const insertSubjectKey = `
insert into audit_subject_key (subject, wrapped) values ($1, $2) on conflict (subject) do nothing`

// subjectKey returns the key that payloads about a subject are under, and makes
// one where there is none.
func (db *DB) subjectKey(ctx context.Context, t *tx, subject access.IdentityID) (*seal.Key, int64, error) {
	if k, known := t.in.subjects[subject]; known {
		return k.key, k.id, nil
	}
	for range 2 {
		var id int64
		var wrapped []byte
		err := t.row(ctx, `select id, wrapped from audit_subject_key where subject = $1`, subject).Scan(&id, &wrapped)
		if err == nil {
			key, err := db.openSubjectKey(subject, wrapped)
			if err == nil {
				t.in.subjects[subject] = subjectKey{key, id}
			}
			return key, id, err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, 0, err
		}
		_, raw, err := seal.NewRaw()
		if err != nil {
			return nil, 0, err
		}
		if wrapped, err = db.sealer.Seal(raw, subjectKeyPlace(subject)); err != nil {
			return nil, 0, err
		}
		if _, err := t.exec(ctx, insertSubjectKey, subject, wrapped); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, fmt.Errorf("the key of subject %s went as it was made", subject)
}

// subjectKey is a subject's key as one transaction has it.
type subjectKey struct {
	key *seal.Key
	id  int64
}

func (db *DB) openSubjectKey(subject access.IdentityID, wrapped []byte) (*seal.Key, error) {
	raw, err := db.sealer.Open(wrapped, subjectKeyPlace(subject))
	if err != nil {
		return nil, err
	}
	return seal.FromRaw(raw)
}
