package breakglass

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What can be wrong with a record.
var (
	ErrRecord        = fault.New(fault.Invalid, "break-glass-record", "this is no record of break glass, or it was changed")
	ErrRecordForeign = fault.New(fault.Invalid, "break-glass-record-foreign", "the record is of a kit that another installation made")
	ErrRecordForked  = fault.New(fault.Conflict, "break-glass-record-forked", "another record of the same opening was merged, and this one says something else: keep both, somebody has written two")
	ErrMerged        = fault.New(fault.Conflict, "break-glass-record-merged", "the record was merged already, and nothing has been added to it since")
)

// Deed is what an entry of a record says was done.
type Deed string

// The deeds.
const (
	DidOpen  Deed = "open"
	DidShow  Deed = "show"  // a secret, to whoever was there
	DidTry   Deed = "try"   // to sign in with one, in a drill
	DidClose Deed = "close" // nothing more was shown
)

// Entry is one line of a record.
type Entry struct {
	N    int         `json:"n"`
	Prev string      `json:"prev"` // digest of the entry before; of the first, of the kit
	At   access.Time `json:"at"`   // by the clock of the machine that it was on
	Does Deed        `json:"does"`

	// Of the first one.
	Kit    string   `json:"kit,omitempty"` // what the installation signed
	Nonce  []byte   `json:"nonce,omitempty"`
	Drill  bool     `json:"drill,omitempty"`
	People []string `json:"people,omitempty"` // who say that they are there
	Reason string   `json:"reason,omitempty"`
	Shares []int    `json:"shares,omitempty"` // that opened it

	Secret access.SecretID `json:"secret,omitzero"`
	Opens  bool            `json:"opens,omitempty"` // it signed in
	Why    string          `json:"why,omitempty"`   // the code of why it did not

	digest string // of the entry as it is written
}

// line is an entry with its signature.
type line struct {
	Entry json.RawMessage `json:"entry"`
	Sig   []byte          `json:"sig"`
}

// The caps on a record.
const (
	mostRecord  = 4 << 20
	mostEntries = 1000
	mostPerson  = 100 // characters of a name
)

// signed is what is signed of an entry.
func signed(entry []byte) []byte { return append([]byte("writ.break-glass.record.1\x00"), entry...) }

// write is an entry as a line of a record.
func (e *Entry) write(seed []byte) ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	defer clear(key)
	e.digest = digest(text)
	out, err := json.Marshal(line{text, ed25519.Sign(key, signed(text))})
	return append(out, '\n'), err
}

// Record is a record that was read: whole, in its order, signed by an opened kit.
type Record struct {
	Kit     *Kit // without what is sealed
	Entries []Entry
}

// Opening is what an opening is known by.
func (r *Record) Opening() string { return r.Entries[0].digest }

// Last is what the newest entry is known by.
func (r *Record) Last() string { return r.Entries[len(r.Entries)-1].digest }

// At is what the record's entry n is known by.
func (r *Record) At(n int) string { return r.Entries[n].digest }

// Closed reports whether the record says that nothing more was shown.
func (r *Record) Closed() bool { return r.Entries[len(r.Entries)-1].Does == DidClose }

// Drill reports whether nothing was shown: neither does it say so, nor could it be.
func (r *Record) Drill() bool {
	return r.Entries[0].Drill && !slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Does == DidShow })
}

// Exposed are the secrets that somebody may have seen.
func (r *Record) Exposed() (list []access.SecretID) {
	switch {
	case r.Drill():
		return nil
	case !r.Closed():
		for _, x := range r.Kit.Secrets {
			list = append(list, x.Secret)
		}
		return list
	}
	for _, e := range r.Entries {
		if e.Does == DidShow && !slices.Contains(list, e.Secret) {
			list = append(list, e.Secret)
		}
	}
	return list
}

// Openers are those whose shares opened it.
func (r *Record) Openers() (list []Holder) {
	for _, place := range r.Entries[0].Shares {
		if h, ok := r.Kit.holder(place); ok {
			list = append(list, h)
		}
	}
	return list
}

// ReadRecord reads a record, and makes sure of all that it can show by itself: that the kit
// which it names signed each entry, in this order.
func ReadRecord(text []byte) (*Record, error) {
	if len(text) > mostRecord {
		return nil, ErrRecord.With("the file is larger than a record of break glass is")
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	if len(lines) > mostEntries {
		return nil, ErrRecord.With("the record has more than %d entries", mostEntries)
	}
	r := &Record{}
	prev := ""
	for n, text := range lines {
		e, err := r.entry(n, text)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			prev = r.Kit.Digest()
		}
		if e.Prev != prev {
			return nil, ErrRecord.With("entry %d of the record does not follow the one before: something was changed, taken out or put in there", n+1)
		}
		prev = e.digest
		r.Entries = append(r.Entries, e)
	}
	return r, nil
}

func (r *Record) entry(n int, text string) (e Entry, err error) {
	bad := func(why string) *fault.Error { return ErrRecord.With("entry %d of the record %s", n+1, why) }
	var l line
	if err := strictly([]byte(text), &l); err != nil {
		return e, bad("cannot be read")
	}
	if err := strictly(l.Entry, &e); err != nil {
		return e, bad("cannot be read")
	}
	e.digest = digest(l.Entry)
	if n == 0 {
		if r.Kit, _, err = parseNote(e.Kit); err != nil {
			return e, bad("names no kit that an installation has signed").Because(err)
		}
	}
	if !ed25519.Verify(r.Kit.Record, signed(l.Entry), l.Sig) {
		return e, bad("was changed, or was not written by an opened kit")
	}
	return e, r.sense(n, &e, bad)
}

// sense refuses what no program of ours would have written, though it is signed.
func (r *Record) sense(n int, e *Entry, bad func(string) *fault.Error) error {
	_, holds := r.Kit.item(e.Secret)
	names := e.Does == DidShow || e.Does == DidTry
	switch {
	case e.N != n || e.At <= 0:
		return bad("has no number or time of its own")
	case (n == 0) != (e.Does == DidOpen), n > 0 && e.Kit != "":
		return bad("is not where an opening begins")
	case n > 0 && r.Entries[n-1].Does == DidClose:
		return bad("comes after the end")
	case names && !holds:
		return bad("is of a secret that the kit does not hold")
	case !names && e.Does != DidOpen && e.Does != DidClose:
		return bad("says that something was done that there is not")
	case n == 0 && (len(e.People) < r.Kit.Persons || e.Reason == ""):
		return bad("names too few who were there, or no reason")
	case n == 0 && !r.enough(e.Shares):
		return bad("names too few shares")
	}
	return nil
}

// enough reports whether shares of different holders, or a token, could have opened the kit.
func (r *Record) enough(places []int) bool {
	if len(places) == 1 && r.Kit.token(places[0]) {
		return true
	}
	seen := map[int]bool{}
	for _, p := range places {
		if _, ok := r.Kit.holder(p); !ok || r.Kit.token(p) {
			return false
		}
		seen[p] = true
	}
	return len(seen) == len(places) && len(seen) >= r.Kit.Threshold
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return ErrRecord
	}
	return nil
}
