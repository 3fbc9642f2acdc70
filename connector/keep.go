package connector

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/internal/secret"
)

// Keeper is a connector that can give an account another secret and try one: what the
// vault needs to keep it.
type Keeper interface {
	Connector
	// SetSecret makes the account open with s, and with nothing that it opened with before
	// of the same kind, except where s says to Keep it. It is idempotent: whoever lost the
	// answer asks again. What it returned nil for, Opens says.
	SetSecret(ctx context.Context, s NewSecret) error
	// Opens reports whether a secret opens the account, by signing in with it as its holder
	// would, and doing nothing there. False is the system's own refusal of the secret, and of
	// nothing else: where it did not answer, or would not have taken any, it is an error.
	Opens(ctx context.Context, account string, kind SecretKind, value secret.Secret) (bool, error)
}

// SecretKind is what opens an account.
type SecretKind string

// The kinds of secret that a system can be given.
const (
	Password SecretKind = "password"
	SSHKey   SecretKind = "ssh_key" // the private half, as PEM of OpenSSH; the system is given the public one
)

// NewSecret is what an account is to open with.
type NewSecret struct {
	Account string // native id
	Kind    SecretKind
	Value   secret.Secret
	// Old is what it opened with until now, for a system where an account changes its own;
	// empty where it is not known.
	Old secret.Secret
	// Keep leaves what else opens the account, as another one's keys in the same list; but for
	// the key with the fingerprint Instead, which this one takes the place of.
	Keep    bool
	Instead string
}

// SecretPolicy is what a system asks of a secret, as far as it can be told beforehand.
type SecretPolicy struct {
	Length, Most int    // of a password, in bytes; Most zero is no ceiling
	Without      string // bytes that it must not have
}

// NotPrintable are all bytes but printable ASCII, for a SecretPolicy: what systems and
// clients make of other characters (SASLprep, code pages) differs, and a password that
// opens with one of them only is none.
var NotPrintable = notPrintable()

func notPrintable() string {
	var b strings.Builder
	for c := range 0x100 {
		if c < ' ' || c >= 0x7f {
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}

// Refuses says why a password is none that the system takes; "" where it may be. It says
// nothing of the password itself.
func (p SecretPolicy) Refuses(value secret.Secret) (why string) {
	b := value.Reveal()
	switch {
	case len(b) == 0:
		return "no password would let everybody in, or nobody"
	case len(b) < p.Length:
		return "a password has at least " + strconv.Itoa(p.Length) + " bytes there"
	case p.Most != 0 && len(b) > p.Most:
		return "a password has at most " + strconv.Itoa(p.Most) + " bytes there"
	case slices.ContainsFunc(b, func(c byte) bool { return strings.IndexByte(p.Without, c) >= 0 }):
		if p.Without == NotPrintable {
			return "a password is printable ASCII there"
		}
		return "the password has a byte that cannot be in one there"
	}
	return ""
}

// CheckSecret refuses a secret that the kind does not keep or take. What is left to the
// connector is what only its system knows, and whether a key is one.
func (s Spec) CheckSecret(system, account string, kind SecretKind, value secret.Secret) error {
	no := func(why string) error { return ErrUnsupported.With("%s %q: %s", s.Kind, system, why) }
	switch {
	case !slices.Contains(s.Keeps, kind):
		return no("secrets of kind " + strconv.Quote(Text(string(kind), maxMark)) + " are not kept there")
	case account == "":
		return no("nothing is said of whose secret it is")
	case value.Empty():
		return no("there is no secret")
	case kind == Password:
		if why := s.Takes.Refuses(value); why != "" {
			return no(why)
		}
	}
	return nil
}
