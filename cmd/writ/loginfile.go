package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

var errLoginFile = fault.New(fault.Invalid, "login-file", "the login that is kept cannot be used: sign in again with 'writ login URL'")

// login is a person being signed in at a server by this machine's commands.
type login struct {
	server        string
	key           *signin.Key
	access, renew secret.Secret
	ends          time.Time // of access
}

// loginFile is a login as it is kept, in a file that is its owner's alone. It is the one
// place where what a login shows is written out.
type loginFile struct {
	Server string          `json:"server"`
	Key    json.RawMessage `json:"key"`
	Access string          `json:"access_token"`
	Renew  string          `json:"refresh_token"`
	Ends   time.Time       `json:"access_ends"`
}

func loginPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", errLoginFile.With("there is no place to keep a login in: set HOME").Because(err)
	}
	return filepath.Join(dir, "writ", "login.json"), nil
}

// readLogin reads the login that is kept; nil is none.
func readLogin() (*login, error) {
	path, err := loginPath()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, errLoginFile.Because(err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, errLoginFile.With("others can read %s: run chmod 600 on it, and better sign in again", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errLoginFile.Because(err)
	}
	defer clear(text)
	var f loginFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, errLoginFile
	}
	l := &login{server: f.Server, access: secret.New([]byte(f.Access)), renew: secret.New([]byte(f.Renew)), ends: f.Ends}
	if l.key, err = signin.ParseKey(secret.New(f.Key)); err != nil {
		return nil, errLoginFile
	}
	return l, nil
}

// keep writes the login in place of the one before, whole or not at all.
func (l *login) keep() error {
	path, err := loginPath()
	if err != nil {
		return err
	}
	key, err := l.key.Private()
	if err != nil {
		return err
	}
	text, err := json.Marshal(loginFile{l.server, key.Reveal(), string(l.access.Reveal()), string(l.renew.Reveal()), l.ends}) //nolint:gosec // the file that is its place, for its owner only
	if err != nil {
		return err
	}
	defer clear(text)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errLoginFile.Because(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".login-") // readable by its owner only
	if err != nil {
		return errLoginFile.Because(err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what could not be written is of no use
		return errLoginFile.With("the login cannot be kept in %s", path).Because(err)
	}
	return nil
}

// forgetLogin removes the login that is kept.
func forgetLogin() error {
	path, err := loginPath()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errLoginFile.Because(err)
	}
	return nil
}

// lockLogin keeps other commands from renewing the login meanwhile. The kernel drops the
// lock with the process.
func lockLogin() (unlock func(), err error) {
	path, err := loginPath()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errLoginFile.Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("waiting for another command to renew the login: %w", err)
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
