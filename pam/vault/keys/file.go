package keys

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"github.com/writhq/writ/internal/seal"
)

// fileParams name the key file of a seal, in the data directory.
type fileParams struct {
	File string `json:"file"`
}

// fileName is what a key file is called: nothing that the database says leads elsewhere.
var fileName = regexp.MustCompile(`^vault-[A-Z2-7]{26}\.key$`)

func (r *Ring) newFile(o *opened) (lock, string, error) {
	p := fileParams{File: "vault-" + rand.Text() + ".key"}
	kek := o.memory.random()
	text := base64.StdEncoding.AppendEncode(nil, kek)
	defer clear(text)
	if err := seal.WritePrivate(filepath.Join(r.dir, p.File), text); err != nil {
		return nil, "", ErrSeal.With("the key file cannot be kept in the data directory").Because(err)
	}
	params, err := json.Marshal(p)
	return keyLock{kek}, string(params), err
}

func (r *Ring) openFile(o *opened, s SealRow) (lock, error) {
	path, err := r.filePath(s)
	if err != nil {
		return nil, err
	}
	text, err := seal.ReadPrivate(path)
	if err != nil {
		return nil, ErrSeal.With("the vault's key file %s cannot be used: put it back", path).Because(err)
	}
	defer clear(text)
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(b) != keySize {
		clear(b)
		return nil, ErrSeal.With("the vault's key file %s is damaged: put it back", path)
	}
	kek, err := o.memory.keep(b)
	return keyLock{kek}, err
}

func (r *Ring) filePath(s SealRow) (string, error) {
	var p fileParams
	if err := json.Unmarshal([]byte(s.Params), &p); err != nil || !fileName.MatchString(p.File) {
		return "", ErrTampered.With("the seal names no key file")
	}
	return filepath.Join(r.dir, p.File), nil
}

// removeFile overwrites and removes the key file of a seal that opens nothing any more.
func (r *Ring) removeFile(s SealRow) {
	path, err := r.filePath(s)
	if err != nil {
		return
	}
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil { //nolint:gosec // its name was looked at
		_, err := f.Write(make([]byte, base64.StdEncoding.EncodedLen(keySize)))
		_ = errors.Join(err, f.Sync(), f.Close()) // it goes anyway
	}
	_ = os.Remove(path)
}
