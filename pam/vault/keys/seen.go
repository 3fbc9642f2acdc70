package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/writhq/writ/internal/seal"
)

// Seen is the newest of the vault that a node has seen. It lies in the node's data
// directory: whoever restores the database restores that not.
type Seen struct {
	Instance []byte `json:"vault"`
	Epoch    int64  `json:"epoch"`
	Set      int64  `json:"change_set"` // of the newest write
	Mark     []byte `json:"mark"`       // that it left
	Log      int64  `json:"audit_log"`  // records
}

const seenFile = "vault.seen"

func (r *Ring) seen() (s Seen, there bool, err error) {
	b, err := seal.ReadPrivate(filepath.Join(r.dir, seenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, true, ErrSeen.With("%s cannot be read: what this node has seen of the vault is not known", filepath.Join(r.dir, seenFile)).Because(err)
	}
	return s, true, nil
}

// keepSeen writes the file anew, all of it or nothing.
func (r *Ring) keepSeen(s Seen) (err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(r.dir, ".vault-seen-*") // 0600 by itself
	if err != nil {
		return fmt.Errorf("keeping what was seen of the vault: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(r.dir, seenFile))
}

// Look compares the database with what this node has seen, and remembers what is newer. An
// older one lends nothing from then on.
func (r *Ring) Look(ctx context.Context) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	s, there, err := r.seen()
	if err != nil {
		return err
	}
	v, err := r.store.Vault(ctx)
	if errors.Is(err, ErrNoVault) {
		r.fellBehind(there)
		return nil
	}
	if err != nil {
		return err
	}
	newest, err := r.store.Newest(ctx)
	if err != nil {
		return err
	}
	behind := false
	switch {
	case !there, bytes.Equal(s.Instance, v.Instance) && v.Epoch > s.Epoch: // somebody accepted it, or it is news here
	case !bytes.Equal(s.Instance, v.Instance), v.Epoch < s.Epoch, newest.Log < s.Log:
		behind = true
	default:
		has, err := r.store.Has(ctx, s)
		if err != nil {
			return err
		}
		behind = !has
	}
	r.fellBehind(behind)
	if behind {
		return nil
	}
	if there && newest.Set == s.Set && newest.Epoch == s.Epoch && newest.Log-s.Log < 1000 && newest.Log >= s.Log {
		return nil
	}
	return r.keepSeen(newest)
}

func (r *Ring) fellBehind(behind bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = behind
}

// AcceptRollback lets the vault lend again from a database that is older than what this
// node has seen. What was changed since is lost to it: secrets that were changed on their
// systems have to be tried.
func (r *Ring) AcceptRollback(ctx context.Context, reason string) error {
	if err := r.Look(ctx); err != nil && !errors.Is(err, ErrSeen) {
		return err
	}
	s, there, err := r.seen()
	r.mu.RLock()
	behind := r.behind
	r.mu.RUnlock()
	switch {
	case err == nil && (!behind || !there):
		return ErrNotRolledBack
	case err != nil && !errors.Is(err, ErrSeen):
		return err
	}
	if err := r.store.AcceptRollback(ctx, s.Epoch, reason); err != nil {
		return err
	}
	newest, err := r.store.Newest(ctx)
	if err != nil {
		return err
	}
	r.looking.Lock()
	err = r.keepSeen(newest)
	r.looking.Unlock()
	if err != nil {
		return err
	}
	return r.Look(ctx)
}
