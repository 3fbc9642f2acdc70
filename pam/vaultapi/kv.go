package vaultapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Safe is a safe as a mount.
type Safe struct {
	ID          access.SafeID
	Name        string
	Description string
}

// Secret is what is known of a secret.
type Secret struct {
	ID      access.SecretID
	Name    string
	Kind    string
	User    string // of the account that it opens, where that is known
	Labels  map[string]string
	Current int // the number of its current version; zero is none
}

// State is what a version is in.
type State string

// The states in which a version opens nothing.
const (
	Pending   State = "pending" // not yet
	Deleted   State = "deleted"
	Destroyed State = "destroyed"
)

// Version is one value that a secret had, but for the value.
type Version struct {
	Number    int
	State     State
	At, Ended access.Time
}

// Next is what becomes of a secret: its next value, which is wiped, in place of the version
// that has to be the current one. Zero is whichever that is, and -1 that there is none.
type Next func(Secret) (base int, plain secret.Secret, err error)

// Safes is what this package needs of safes and secrets, as whoever calls may. What is not
// there, and what is not to be seen, is ErrNone.
type Safes interface {
	Safes(ctx context.Context) ([]Safe, error)
	// Safe returns the one of a name.
	Safe(ctx context.Context, name string) (Safe, error)
	// Secrets are those in a safe that can be used.
	Secrets(ctx context.Context, safe string) ([]Secret, error)
	// Secret returns one to be seen, to see its versions of, or to change, as action says.
	Secret(ctx context.Context, safe, name, action string) (Secret, error)
	// Fetch returns a secret with the value of a version; zero is the current one. Whoever
	// calls wipes it. With ErrGone comes the secret alone.
	Fetch(ctx context.Context, safe, name string, number int, why Why) (Secret, Version, secret.Secret, error)
	// Versions are those that a secret has, the newest first.
	Versions(ctx context.Context, id access.SecretID) ([]Version, error)
	// Add keeps a new secret, or returns ErrMatch where there is one. Plain is wiped.
	Add(ctx context.Context, safe, name string, plain secret.Secret) (Version, error)
	// Put keeps the next value of what Secret returns to be changed. It returns ErrMatch where
	// what next says is the current version is not.
	Put(ctx context.Context, safe, name string, next Next) (Secret, Version, error)
	Label(ctx context.Context, id access.SecretID, labels map[string]string) error
	// Delete, Undelete and Destroy do so with a version, or with a secret where number is
	// zero. What is so already stays so.
	Delete(ctx context.Context, id access.SecretID, number int, why Why) error
	Undelete(ctx context.Context, id access.SecretID, number int, why Why) error
	Destroy(ctx context.Context, id access.SecretID, number int, why Why) error
	// May tells which of some actions whoever calls may do to a secret or, where there is none
	// of that name, to the safe.
	May(ctx context.Context, safe, name string, actions ...string) (map[string]bool, error)
}

// The actions that a secret is asked for.
const (
	toFetch  = "secret.fetch"
	toRead   = "secret.read"
	toChange = "secret.change"
	toAdd    = "secret.add"
)

// moment writes a time as Vault does; zero is "".
func moment(at access.Time) string {
	if at == 0 {
		return ""
	}
	return at.Time().UTC().Format(time.RFC3339Nano)
}

// told is what an answer says of a version beside its data.
type told struct {
	CreatedTime    string            `json:"created_time"`
	CustomMetadata map[string]string `json:"custom_metadata"`
	DeletionTime   string            `json:"deletion_time"`
	Destroyed      bool              `json:"destroyed"`
	Version        int               `json:"version"`
}

func tell(x Secret, v Version) told {
	t := told{CreatedTime: moment(v.At), DeletionTime: moment(v.Ended), Destroyed: v.State == Destroyed, Version: v.Number}
	if len(x.Labels) > 0 {
		t.CustomMetadata = x.Labels
	}
	return t
}

// Kinds of secrets whose values have a form.
const (
	kindPassword = "password"
	kindJSON     = "json"
	kindDatabase = "database"
)

// isObject reports whether JSON is an object.
func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}

// fieldOf is the name of the field that the value of a kind is in.
func fieldOf(kind string) string {
	if kind == kindPassword {
		return "password"
	}
	return "value"
}

// fields is a value as data: an object as it is, else one field of it. Whoever calls
// overwrites it.
func (x Secret) fields(plain secret.Secret) (json.RawMessage, error) {
	b := plain.Reveal()
	switch {
	case (x.Kind == kindJSON || x.Kind == kindDatabase) && isObject(b):
		return bytes.Clone(b), nil
	case x.Kind == kindJSON || x.Kind == kindDatabase:
		return json.Marshal(map[string]json.RawMessage{fieldOf(x.Kind): b})
	}
	d := map[string]string{fieldOf(x.Kind): string(b)}
	if !utf8.Valid(b) {
		d["value"], d["encoding"] = base64.StdEncoding.EncodeToString(b), "base64"
	}
	if x.Kind == kindPassword && x.User != "" {
		d["username"] = x.User
	}
	return json.Marshal(d)
}

// plain is data as a value of the secret's kind.
func (x Secret) plain(data json.RawMessage) (secret.Secret, error) {
	if !isObject(data) {
		return secret.Secret{}, ErrBody.With("no data provided: data is an object of fields")
	}
	if x.Kind == kindJSON || x.Kind == kindDatabase {
		var b bytes.Buffer
		if err := json.Compact(&b, data); err != nil {
			return secret.Secret{}, ErrBody
		}
		defer clear(b.Bytes())
		return secret.New(b.Bytes()), nil
	}
	var d map[string]any
	if err := json.Unmarshal(data, &d); err != nil {
		return secret.Secret{}, ErrBody
	}
	if d["username"] == x.User && x.Kind == kindPassword {
		delete(d, "username")
	}
	text, ok := d[fieldOf(x.Kind)].(string)
	switch encoding, said := d["encoding"]; {
	case !ok || len(d) > 1 && (!said || len(d) != 2):
		return secret.Secret{}, ErrBody.With("this is a secret of the kind %s, whose data is the one text %q: one with fields of your own has another name", x.Kind, fieldOf(x.Kind))
	case !said:
		return secret.New([]byte(text)), nil
	case encoding != "base64":
		return secret.Secret{}, ErrBody.With("the encoding is base64, or none")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	defer clear(raw)
	if err != nil {
		return secret.Secret{}, ErrBody.With("the value is not written in base64")
	}
	return secret.New(raw), nil
}
