package audit

import (
	"context"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
)

// Log is what readers and administrators of the log need from a database.
// Writing a record is not here: every change writes its own.
type Log interface {
	// List returns entries, newest first.
	List(ctx context.Context, f Filter) (Page, error)
	// Record returns one entry, or ErrRecord.
	Record(ctx context.Context, id int64) (Entry, error)
	// Since returns the entries of the leaves behind one, in their order.
	Since(ctx context.Context, leaf int64, first int) ([]Entry, error)
	// Wait waits for a revision behind one and returns the newest.
	Wait(ctx context.Context, rev access.Rev) (access.Rev, error)
	// Verify checks the log, its payloads and what refers to it, and tells how many of
	// how many leaves it has checked.
	Verify(ctx context.Context, trusted []string, progress func(done, total int64)) (*Report, error)
	// Verified keeps that the log was checked, and LastVerified returns the last time;
	// zero is never.
	Verified(ctx context.Context, r *Report) error
	LastVerified(ctx context.Context) (Verified, error)
	// Erase makes every payload about a subject unreadable and returns how many
	// there were. The log itself stays as it is, with a record of the erasure.
	Erase(ctx context.Context, subject access.IdentityID) (int64, error)
	// Checkpoint returns the newest signed checkpoint.
	Checkpoint(ctx context.Context) (string, error)
	// Inclusion proves that a leaf is in the tree of a size.
	Inclusion(ctx context.Context, leaf, size int64) (tlog.RecordProof, error)
	// Consistency proves that the tree of one size begins that of a larger one.
	Consistency(ctx context.Context, from, to int64) (tlog.TreeProof, error)
	// Evidence streams the log, leaves and checkpoints in order, from one instant.
	Evidence(ctx context.Context) iter.Seq2[Item, error]
	// Verifier is the public key of the checkpoints.
	Verifier() string
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Actions  []string // any of them; exact, or a feature with a dot at the end: "inventory."
	Actor    string
	Object   access.Ref
	Subject  access.IdentityID // whom it tells about, or was done to
	From, To access.Time       // From inclusive, To exclusive
	Before   int64             // continue behind this record (Page.Next)
	First    int               // how many; 0 is 100
}

// Entry is a record with its payload, where there is one that can still be read.
type Entry struct {
	Record
	Personal map[string]string
	Erased   bool // there was a payload
}

// Page is a part of a list.
type Page struct {
	Entries []Entry
	Next    int64 // Filter.Before of the next page; 0 at the end
}

// Item is one piece of evidence: a leaf or a checkpoint.
type Item struct {
	Index  int64       // of the leaf
	Record int64       // the record's number, where it is known without the leaf
	Leaf   []byte      // canonical bytes; nil with Hashes: the record is gone
	Hashes []tlog.Hash // as stored, for those who keep them: the leaf's, then what it completes

	Checkpoint string // a signed note; then there is no leaf
	Kept       *Checkpoint
}
