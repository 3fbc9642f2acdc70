// Package once is what is remembered of a request that may come again: whoever gets
// no answer sends the request again under the same key, and it is done once.
//
// Vocabulary: a key names one intention of one caller; a print tells one request from
// another; an answer is withheld where its text may not lie in the store.
//
// Invariants:
//  1. A key is of one caller, with the limits of one token: nobody gets the answer to
//     somebody else's.
//  2. Only an answer that says that something was done is kept. One that says that
//     nothing was done gives the key back.
//  3. Where nobody can know whether it was done, the second try is told so.
//
// Sources: draft-ietf-httpapi-idempotency-key-header.
//
// What it does not do: it knows neither HTTP nor SQL.
package once

import (
	"time"

	"github.com/writhq/writ/internal/fault"
)

// Lasts is how long a key means what it meant.
const Lasts = 24 * time.Hour

// Runs is how long a request can run at most; after that nobody waits for it.
const Runs = 2 * time.Minute

// MaxBody is how much of an answer is kept; a longer one is withheld.
const MaxBody = 16 << 10

// MaxKeys is how many keys one caller has at once.
const MaxKeys = 10_000

// Answer is what was answered.
type Answer struct {
	Status   int
	Header   map[string]string
	Body     []byte
	Withheld bool
}

// What a second request under a key can meet.
var (
	ErrKey     = fault.New(fault.Invalid, "bad-idempotency-key", "an Idempotency-Key has 1 to 200 printable characters")
	ErrOther   = fault.New(fault.Invalid, "idempotency-key-reused", "this Idempotency-Key came with another request: make a new one for each intention")
	ErrRunning = fault.New(fault.Conflict, "still-running", "the first request under this Idempotency-Key is still running: ask again in a moment")
	ErrUnknown = fault.New(fault.Conflict, "outcome-unknown", "the first request under this Idempotency-Key broke off: look whether it was done before you send it under a new one")
	ErrDone    = fault.New(fault.Conflict, "already-done", "this was done under this Idempotency-Key, and its answer is not shown twice")
	ErrMany    = fault.New(fault.Unavailable, "too-many-keys", "too many Idempotency-Keys within a day: send requests without one, or wait")
)
