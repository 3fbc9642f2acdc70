package breakglass

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What opening can meet beside a kit and its shares.
var (
	ErrUnwritten = fault.New(fault.Refused, "break-glass-unwritten", "the record cannot be written: nothing is shown; give a place with --record that takes it")
	ErrPeople    = fault.New(fault.Invalid, "break-glass-people", "say who opens it and why: each person by name, as many as the kit asks for")
	ErrNotInKit  = fault.New(fault.NotFound, "break-glass-not-in-kit", "the kit holds no such secret")
)

// Occasion is who opens a kit, and why, by what they say.
type Occasion struct {
	People []string
	Reason string
	Drill  bool
}

// Check makes names canonical, and refuses too few of them.
func (o *Occasion) Check(persons int) (err error) {
	seen := map[string]bool{}
	for i, name := range o.People {
		if name, err = access.Said(name); err != nil || name == "" || utf8.RuneCountInString(name) > mostPerson {
			return ErrPeople.With("a name is a line of up to %d characters", mostPerson)
		}
		o.People[i], seen[strings.ToLower(name)] = name, true
	}
	if o.Reason, err = access.Said(o.Reason); err != nil || o.Reason == "" {
		return ErrPeople.With("say why the kit is opened: it is part of the record")
	}
	if len(seen) < persons || len(seen) != len(o.People) || len(seen) > mostPeople {
		return ErrPeople.With("the kit is opened by %d different persons together: name each of them", persons)
	}
	return nil
}

// File is where a record is written: what Sync has returned for is on disk.
type File interface {
	Write(p []byte) (int, error)
	Sync() error
	Close() error
}

// Journal is an opened kit with its record. What is in the kit comes out here alone, after
// its entry is on disk.
type Journal struct {
	opened *Opened
	file   File
	now    func() time.Time
	n      int
	prev   string
	drill  bool
	broken error
}

// NewFile makes the file of a record. One that is there already is never written to again.
func NewFile(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // whoever opens a kit says where
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, ErrUnwritten.With("%s is there already, and a record is never written over: nothing is shown; name another file with --record", path)
	case err != nil:
		return nil, ErrUnwritten.Because(err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // not every system syncs a folder
		_ = dir.Sync()
		_ = dir.Close()
	}
	return f, nil
}

// Journal begins the record of an opening. It has o and the file from then on.
func (o *Opened) Journal(why Occasion, to File, now func() time.Time) (*Journal, error) {
	if now == nil {
		now = time.Now
	}
	if err := why.Check(o.Persons); err != nil {
		return nil, err
	}
	j := &Journal{opened: o, file: to, now: now, prev: o.Digest(), drill: why.Drill}
	e := Entry{Does: DidOpen, Kit: o.Note, Nonce: make([]byte, 16), Drill: why.Drill, People: why.People, Reason: why.Reason, Shares: o.places}
	_, _ = rand.Read(e.Nonce)
	return j, j.put(e)
}

// put writes an entry, and says so only once it is on disk.
func (j *Journal) put(e Entry) error {
	if j.broken != nil {
		return j.broken
	}
	e.N, e.Prev, e.At = j.n, j.prev, access.TimeOf(j.now())
	text, err := e.write(j.opened.inside.Seed)
	if err == nil {
		_, err = j.file.Write(text)
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = ErrUnwritten.Because(err)
		return j.broken
	}
	j.n, j.prev = j.n+1, e.digest
	return nil
}

// Show records that a secret is shown, and returns it.
func (j *Journal) Show(id access.SecretID) (Value, error) {
	if j.drill {
		return Value{}, ErrNotInKit.With("a drill shows nothing")
	}
	v, ok := j.opened.value(id)
	if !ok {
		return Value{}, ErrNotInKit
	}
	if err := j.put(Entry{Does: DidShow, Secret: id}); err != nil {
		v.Value.Wipe()
		return Value{}, err
	}
	return v, nil
}

// Try records whether a secret signs in, as try finds out.
func (j *Journal) Try(id access.SecretID, try func(Item, Value) (bool, error)) (opens bool, err error) {
	item, _ := j.opened.item(id)
	v, ok := j.opened.value(id)
	if !ok {
		return false, ErrNotInKit
	}
	defer v.Value.Wipe()
	e := Entry{Does: DidTry, Secret: id}
	e.Opens, err = try(item, v)
	if err != nil {
		e.Opens, e.Why = false, fault.Internal.String()
		if known, is := errors.AsType[*fault.Error](err); is {
			e.Why = known.Code
		}
	}
	return e.Opens, errors.Join(j.put(e), err)
}

// Close ends the record, and overwrites what the kit holds.
func (j *Journal) Close() error {
	err := j.put(Entry{Does: DidClose})
	j.opened.Close()
	return errors.Join(err, j.file.Close())
}
