package audit

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
)

// Record is one entry of the log.
type Record struct {
	ID         int64
	Set        int64      // the change set that it records
	Rev        access.Rev // that set's revision; zero until it is sequenced
	Leaf       int64      // its place in the tree; -1 until it is sequenced
	At         access.Time
	Actor      string
	Action     string
	Object     access.Ref
	Facts      string // canonical JSON, as CanonicalFacts writes it
	Commitment []byte // to the payload; empty when there is none
}

// leafVersion numbers the form of a leaf; leaves of every form stay valid.
const leafVersion = 1

// AppendLeaf appends the record's canonical bytes: one JSON object with these
// keys in this order, no spaces, and facts exactly as they are stored.
func (r Record) AppendLeaf(b []byte) []byte {
	b = fmt.Appendf(b, `{"v":%d,"id":%d,"set":%d,"rev":%d,"at":%d,"actor":`, leafVersion, r.ID, r.Set, r.Rev, r.At)
	b = appendString(b, r.Actor)
	b = append(b, `,"action":`...)
	b = appendString(b, r.Action)
	b = append(b, `,"object":`...)
	b = appendString(b, r.Object.String())
	b = append(b, `,"facts":`...)
	b = append(b, r.Facts...)
	b = append(b, `,"commitment":"`...)
	b = base64.StdEncoding.AppendEncode(b, r.Commitment)
	return append(b, `"}`...)
}

func appendString(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return strconv.AppendQuote(b, s)
	}
	return append(b, q...)
}

// leafForm is a leaf as JSON reads it.
type leafForm struct {
	V          int               `json:"v"`
	ID         int64             `json:"id"`
	Set        int64             `json:"set"`
	Rev        access.Rev        `json:"rev"`
	At         access.Time       `json:"-"`
	Micros     int64             `json:"at"`
	Actor      string            `json:"actor"`
	Action     string            `json:"action"`
	Object     access.Ref        `json:"object"`
	Facts      map[string]string `json:"facts"`
	Commitment []byte            `json:"commitment"`
}

// ParseLeaf reads a leaf back and refuses one that is not in canonical form.
func ParseLeaf(leaf []byte) (Record, error) {
	var f leafForm
	if err := json.Unmarshal(leaf, &f); err != nil {
		return Record{}, ErrLeaf.Because(err)
	}
	if f.V != leafVersion {
		return Record{}, ErrLeaf.With("leaf form %d is not known: use a newer Writ", f.V)
	}
	facts, err := CanonicalFacts(f.Facts)
	if err != nil {
		return Record{}, ErrLeaf.Because(err)
	}
	r := Record{
		ID: f.ID, Set: f.Set, Rev: f.Rev, Leaf: -1, At: access.Time(f.Micros), Actor: f.Actor, Action: f.Action,
		Object: f.Object, Facts: facts, Commitment: f.Commitment,
	}
	if string(r.AppendLeaf(nil)) != string(leaf) {
		return Record{}, ErrLeaf
	}
	return r, nil
}

// AllFacts reads the record's facts.
func (r Record) AllFacts() (facts map[string]string) {
	if json.Unmarshal([]byte(r.Facts), &facts) != nil {
		return nil
	}
	return facts
}

// Fact returns one of the record's facts.
func (r Record) Fact(name string) string { return r.AllFacts()[name] }
