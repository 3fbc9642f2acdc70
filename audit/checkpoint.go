package audit

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// ErrCheckpoint is returned for text that is no checkpoint, or whose signature is
// not this log's.
var ErrCheckpoint = fault.New(fault.Invalid, "audit-checkpoint", "not a checkpoint of this log")

// Checkpoint is the root of the tree at a size, with the revision and the time at
// which it had that size.
type Checkpoint struct {
	Size int64
	Root tlog.Hash
	Rev  access.Rev
	At   access.Time
}

// body is the text of a C2SP checkpoint; revision and time are extension lines.
func (c Checkpoint) body(origin string) string {
	return fmt.Sprintf("%s\n%d\n%s\nrev %d\nat %d\n", origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.Rev, c.At)
}

// LogKey signs checkpoints. The name in it is the log's origin.
type LogKey struct {
	signer   note.Signer
	verifier string
}

// NewLogKey makes a key for a new log, and the text to keep it in.
func NewLogKey() (*LogKey, secret.Secret, error) {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // it never fails
	skey, vkey, err := note.GenerateKey(rand.Reader, "writ.local/log/"+hex.EncodeToString(id))
	if err != nil {
		return nil, secret.Secret{}, err
	}
	text := secret.New([]byte(skey + "\n" + vkey + "\n"))
	k, err := ParseLogKey(text)
	return k, text, err
}

// ParseLogKey reads what NewLogKey gave to keep.
func ParseLogKey(text secret.Secret) (*LogKey, error) {
	lines := strings.Fields(string(text.Reveal()))
	if len(lines) != 2 {
		return nil, ErrCheckpoint.With("the log's key is not in its form of two lines")
	}
	signer, err := note.NewSigner(lines[0])
	if err != nil {
		return nil, ErrCheckpoint.With("the log's key cannot be read")
	}
	k := &LogKey{signer: signer, verifier: lines[1]}
	// What it signs must be what its verifier accepts.
	text0, err := k.Sign(Checkpoint{})
	if err != nil {
		return nil, err
	}
	if _, err := OpenCheckpoint(text0, k.verifier); err != nil {
		return nil, ErrCheckpoint.With("the two halves of the log's key do not belong together")
	}
	return k, nil
}

// Verifier is the public half in the form of a signed note's verifier key.
func (k *LogKey) Verifier() string { return k.verifier }

// Sign returns the checkpoint as a signed note.
func (k *LogKey) Sign(c Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: c.body(k.signer.Name())}, k.signer)
	return string(b), err
}

// ErrNote is returned for a signed note that is not this installation's.
var ErrNote = fault.New(fault.Invalid, "signed-note", "what was signed was changed since, or is of another installation")

// SignNote signs a text for others than those who follow the log. A text that could be
// taken for a checkpoint is refused.
func (k *LogKey) SignNote(text string) (string, error) {
	if strings.HasPrefix(text, k.signer.Name()+"\n") {
		return "", ErrNote.With("only the log signs checkpoints")
	}
	b, err := note.Sign(&note.Note{Text: text}, k.signer)
	return string(b), err
}

// OpenNote checks a signed note against a verifier key, and returns its text.
func OpenNote(signed, verifier string) (string, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return "", ErrNote.Because(err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return "", ErrNote.Because(err)
	}
	return n.Text, nil
}

// OpenCheckpoint checks a signed note against a verifier key and reads it.
func OpenCheckpoint(text, verifier string) (Checkpoint, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return Checkpoint{}, ErrCheckpoint.With("the verifier key cannot be read").Because(err)
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, ErrCheckpoint.Because(err)
	}
	for _, sig := range n.Sigs {
		// Base64 with bits left over has several spellings; a checkpoint has one.
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return Checkpoint{}, ErrCheckpoint.Because(err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if len(lines) != 5 || lines[0] != v.Name() {
		return Checkpoint{}, ErrCheckpoint.With("the checkpoint is not of the log %s", v.Name())
	}
	var c Checkpoint
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, ErrCheckpoint.Because(err)
	}
	c.Root = root
	for i, into := range map[int]*int64{1: &c.Size, 3: (*int64)(&c.Rev), 4: (*int64)(&c.At)} {
		digits := strings.TrimPrefix(strings.TrimPrefix(lines[i], "rev "), "at ")
		if *into, err = strconv.ParseInt(digits, 10, 64); err != nil || *into < 0 {
			return Checkpoint{}, ErrCheckpoint.With("line %d of the checkpoint is not in its form", i+1)
		}
	}
	if n.Text != c.body(v.Name()) {
		return Checkpoint{}, ErrCheckpoint.With("the checkpoint is not in its form")
	}
	return c, nil
}
