package connector

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Writer is a connector that can also change access.
type Writer interface {
	Connector
	// Apply makes one change; it is idempotent, also where an earlier answer was lost.
	Apply(ctx context.Context, c Change) error
	// ReadBack asks the system whether the change is what it now shows.
	ReadBack(ctx context.Context, c Change) (bool, error)
}

// Maker is a Writer that can also make accounts, change and delete them.
type Maker interface {
	Writer
	// Find is the account of a login as the system shows it now, or nil. Logins are
	// compared as the system compares them.
	Find(ctx context.Context, login string) (*Found, error)
}

// Found is an account as its system shows it now.
type Found struct {
	ID     string // native
	Login  string // as the system writes it
	Mark   string // of NewAccount, where it has one
	Status access.AccountStatus
	Values map[string]string // of what its Spec calls settable
}

// ChangeKind says what a Change does.
type ChangeKind string

// The kinds of change.
const (
	AddGrant       ChangeKind = "grant"
	RemoveGrant    ChangeKind = "revoke"
	DisableAccount ChangeKind = "disable_account"
	EnableAccount  ChangeKind = "enable_account"
	CreateAccount  ChangeKind = "create_account"
	UpdateAccount  ChangeKind = "update_account"
	DeleteAccount  ChangeKind = "delete_account"
	EndSessions    ChangeKind = "end_sessions" // that the account has open in the system
)

// Change is one change on the system.
type Change struct {
	Kind    ChangeKind
	Account string            // native id, for changes of an account that is there
	Mark    string            // of that account, where Writ made it: see NewAccount
	New     *NewAccount       // CreateAccount
	Set     map[string]string // UpdateAccount; "" takes the value away
	Grant   Grant             // AddGrant, RemoveGrant
}

// NewAccount is an account to be made.
type NewAccount struct {
	Login string
	// Mark says whose the account is, in Writ's words, and nobody can guess it. It is
	// written where the system has room for it, and tells an account that was made, though
	// the answer was lost, from somebody else's of the same login: that is ErrTaken. A
	// Change that names a mark is refused likewise where the account has another one, or
	// none: logins are used again, and what was meant may be gone since.
	Mark string
	// Values are of what the Spec calls settable.
	Values map[string]string
	// Credential is the first password: printable ASCII. It is good once: at the first
	// sign-in another must be chosen, and it ends by itself at CredentialEnds, as far as the
	// system knows how. Without one nobody can sign in with a password. An account that is
	// made again gets the one of the last attempt, unless its holder has chosen another.
	Credential     secret.Secret
	CredentialEnds access.Time
	Expires        access.Time // the account's own end; zero is none
}

// Setting is an attribute of an account that a Maker takes.
type Setting struct {
	Name, Help string
	Required   bool // to make an account
	Fixed      bool // once it is made
}

// SetLogin is the setting that gives an account another login, in systems whose native
// ids are not logins. A new one is made with its login.
const SetLogin = "login"

// Sign is a mark as it stands in a system, beside whatever else may stand there.
func Sign(mark string) string { return signed + mark }

// Signed is the mark in a text that is nothing else, or "".
func Signed(text string) string {
	mark, ok := strings.CutPrefix(strings.TrimSpace(text), signed)
	if !ok || !isMark(mark) {
		return ""
	}
	return mark
}

const (
	signed    = "writ="
	maxMark   = 64
	maxLogin  = 256
	maxValue  = 1024
	maxSecret = 256
)

func isMark(s string) bool {
	return s != "" && len(s) <= maxMark && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == ""
}
