package vault

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
)

// What keeping and opening secrets can meet.
var (
	ErrSafe         = fault.New(fault.Invalid, "bad-safe", "this is no safe")
	ErrNoSafe       = fault.New(fault.NotFound, "safe-not-found", "there is no such safe, or it is not yours to see")
	ErrSafeName     = fault.New(fault.Conflict, "safe-name-taken", "there is a safe of that name")
	ErrSafeStale    = fault.New(fault.Conflict, "safe-changed", "the safe has changed: look at it again, then decide")
	ErrRight        = fault.New(fault.Invalid, "bad-right", "a right is to use or to reveal, and is somebody's, an entitlement's or a role's")
	ErrRightHeld    = fault.New(fault.Conflict, "right-held", "they have that right already")
	ErrNoRight      = fault.New(fault.NotFound, "right-not-found", "they have no such right")
	ErrMayNot       = fault.New(fault.Denied, "secret-not-yours", "you may use this secret, and not see what it is")
	ErrSecret       = fault.New(fault.Invalid, "bad-secret", "this is no secret")
	ErrNoSecret     = fault.New(fault.NotFound, "secret-not-found", "there is no such secret, or it is not yours to see")
	ErrSecretName   = fault.New(fault.Conflict, "secret-name-taken", "the safe has a secret of that name")
	ErrAccountKept  = fault.New(fault.Conflict, "account-kept", "there is a secret of that kind for the account already: two that are changed by themselves would take it from each other")
	ErrSecretStale  = fault.New(fault.Conflict, "secret-changed", "the secret has another version by now: look at it again, then decide")
	ErrSecretGone   = fault.New(fault.Conflict, "secret-deleted", "the secret is deleted or destroyed: nothing of it can be used")
	ErrNoVersion    = fault.New(fault.NotFound, "version-not-found", "the secret has no such version that can be opened")
	ErrVersionState = fault.New(fault.Conflict, "version-state", "the version is not in a state for this")
	ErrUnproven     = fault.New(fault.Unavailable, "secret-unproven", "the database was restored from a backup, and whether this secret still opens what it is for has not been seen since: look at 'writ vault verify'")
	ErrTicket       = fault.New(fault.Invalid, "ticket-required", "this needs the name of a ticket")
	ErrCheckOut     = fault.New(fault.Refused, "checkout-required", "check the secret out first, then see it with the check-out")
	ErrClock        = fault.New(fault.Unavailable, "clock-jumped", "the node's clock has jumped: nothing privileged is given until somebody has looked and started it again")
)

// Sharing is how many may have a secret out at once.
type Sharing string

// The ways of sharing. The zero value of a secret is its safe's.
const (
	Shared    Sharing = "shared"
	Exclusive Sharing = "exclusive"
)

// Safe is what holds secrets.
type Safe struct {
	ID          access.SafeID
	Version     int64 // the row
	Name        string
	Description string
	Scope       access.ScopeID
	Owner       access.IdentityID
	Deputy      access.IdentityID // answers for it where the owner no longer works here
	Terms       access.Terms
	Sharing     Sharing
	Rotates     bool // what is checked in is due for another value
	// Outside is for how long at most somebody may give what is in it to somebody outside;
	// zero is not at all.
	Outside time.Duration
}

// MostOutside is for how long at most any safe lets a secret be given outside.
const MostOutside = 30 * 24 * time.Hour

var safeName = regexp.MustCompile(`^[^/]{1,64}$`)

// Validate reports the first rule that s breaks, and makes its names canonical.
func (s *Safe) Validate() (err error) {
	if s.Name, err = oneLine(s.Name, 64); err != nil || !safeName.MatchString(s.Name) {
		return ErrSafe.With("a safe needs a name of up to 64 characters without a /")
	}
	if s.Description, err = oneLine(s.Description, 500); err != nil {
		return ErrSafe.With("a description is one line of up to 500 characters")
	}
	switch {
	case s.Owner == 0:
		return ErrSafe.With("a safe needs an owner")
	case s.Owner == s.Deputy:
		return ErrSafe.With("the deputy is somebody else than the owner")
	case s.Sharing != Shared && s.Sharing != Exclusive:
		return ErrSafe.With("what is in a safe is shared or exclusive")
	case s.Outside != 0 && (s.Outside < time.Minute || s.Outside > MostOutside):
		return ErrSafe.With("a secret is given outside for between a minute and %d days, or not at all", int(MostOutside.Hours()/24))
	}
	return s.Terms.Validate()
}

// oneLine is text without what cannot be shown.
func oneLine(text string, most int) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", ErrSecret
	}
	return text, nil
}

// Level is what a right in a safe is to.
type Level string

// The levels: whoever may see what a secret is may use it too.
const (
	Use    Level = "use"
	Reveal Level = "reveal"
)

// covers reports whether a right to l is one to what is asked.
func (l Level) covers(asked Level) bool { return l == Reveal || l == Use && asked == Use }

// Right is that somebody, or whoever holds an entitlement or a role, may use what is in a
// safe, or see it.
type Right struct {
	Safe   access.SafeID `json:"safe"`
	Holder access.Ref    `json:"holder"`
	Level  Level         `json:"right" enum:"use,reveal"`
	Ends   access.Time   `json:"ends,omitzero"`
	Reason string        `json:"reason,omitempty"`
	Since  access.Time   `json:"since,omitzero"`
}

// holderKinds are what may have a right.
var holderKinds = []access.ObjectKind{access.KindIdentity, access.KindEntitlement, access.KindRole}

// Validate reports the first rule that r breaks.
func (r Right) Validate(now access.Time) error {
	switch {
	case r.Level != Use && r.Level != Reveal, r.Holder.IsZero(), !slices.Contains(holderKinds, r.Holder.Kind):
		return ErrRight
	case r.Ends != 0 && r.Ends <= now:
		return ErrRight.With("a right ends in the future")
	}
	return nil
}

// Kind is what a secret is.
type Kind string

// The kinds.
const (
	Password    Kind = "password"
	SSHKey      Kind = "ssh_key"
	APIKey      Kind = "api_key"
	Certificate Kind = "certificate"
	Database    Kind = "database" // how to reach one, and its password
	JSON        Kind = "json"
	File        Kind = "file"
)

// Kinds lists them.
var Kinds = []Kind{Password, SSHKey, APIKey, Certificate, Database, JSON, File}

// State is what a secret or a version of it is in.
type State string

// The states. A secret is live, deleted or destroyed.
const (
	Live      State = "live"
	Pending   State = "pending" // kept before it opens anything
	Current   State = "current"
	Previous  State = "previous"
	Standby   State = "standby" // it opens the one of two accounts that is not in use
	Deleted   State = "deleted"
	Destroyed State = "destroyed"
)

// Secret is what is known of a secret but for what it is.
type Secret struct {
	ID          access.SecretID
	Version     int64 // the row
	Safe        access.SafeID
	Name        string
	Kind        Kind
	Description string
	Labels      map[string]string
	System      access.SystemID  // that it opens
	Account     access.AccountID // that it is of
	Sharing     Sharing          // zero is the safe's
	Rules       generate.Rules   // of what is generated for it
	State       State

	Number int         // of its current version; zero is none
	Last   int         // the highest
	Since  access.Time // its current version
	Due    access.Time // since when it has to get another value; zero is not
	Cause  string      // why
}

// The caps on a secret.
const (
	maxValue  = 64 << 10
	maxFile   = 1 << 20
	maxLabels = 32
)

// Validate reports the first rule that x breaks, and makes its names canonical.
func (x *Secret) Validate() (err error) {
	if x.Name, err = oneLine(x.Name, 128); err != nil || x.Name == "" {
		return ErrSecret.With("a secret needs a name of up to 128 characters")
	}
	if x.Description, err = oneLine(x.Description, 500); err != nil {
		return ErrSecret.With("a description is one line of up to 500 characters")
	}
	switch {
	case x.Safe == 0:
		return ErrSecret.With("a secret lies in a safe")
	case !slices.Contains(Kinds, x.Kind):
		return ErrSecret.With("%q is no kind of secret", x.Kind)
	case x.Sharing != "" && x.Sharing != Shared && x.Sharing != Exclusive:
		return ErrSecret.With("a secret is shared or exclusive")
	case len(x.Labels) > maxLabels:
		return ErrSecret.With("a secret has up to %d labels", maxLabels)
	}
	for k, v := range x.Labels {
		name, err := oneLine(k, 64)
		text, err2 := oneLine(v, 256)
		if err != nil || err2 != nil || name != k || text != v || k == "" {
			return ErrSecret.With("a label is a name of up to 64 characters and a text of up to 256")
		}
	}
	return x.Rules.Validate()
}

// exclusive reports whether one at a time has it out.
func (x *Secret) exclusive(s *Safe) bool {
	if x.Sharing != "" {
		return x.Sharing == Exclusive
	}
	return s.Sharing == Exclusive
}

// Check refuses what cannot be a value of a kind. It says nothing of the value.
func (k Kind) Check(v secret.Secret) error {
	most := maxValue
	if k == File {
		most = maxFile
	}
	b := v.Reveal()
	switch {
	case v.Empty():
		return ErrSecret.With("the value is empty")
	case len(b) > most:
		return ErrSecret.With("the value is larger than %d bytes", most)
	case k != File && !utf8.Valid(b):
		return ErrSecret.With("a value that is no text is kept as a file")
	case (k == JSON || k == Database) && !json.Valid(b):
		return ErrSecret.With("the value is no JSON")
	case k == SSHKey && generate.PublicOf(v) == "":
		return ErrSecret.With("the value is no private key for SSH without a passphrase")
	}
	return nil
}

// Version is one value that a secret had, but for the value.
type Version struct {
	ID     access.VersionID `json:"id"`
	Number int              `json:"number"`
	State  State            `json:"state" enum:"pending,current,previous,standby,deleted,destroyed"`
	By     string           `json:"by" doc:"Who kept it: an identity, or a part of a node"`
	At     access.Time      `json:"at"`
	Ended  access.Time      `json:"ended,omitzero" doc:"When it was deleted or destroyed"`
	Public string           `json:"public,omitempty" doc:"The public half of a key"`
	Login  string           `json:"login,omitempty" doc:"Of the account that it opens, where two take turns"`
}

// How is by which way somebody came to know a value.
type How string

// The ways.
const (
	Revealed How = "revealed"
	Fetched  How = "fetched" // a program of theirs read it; kept the first time
	Given    How = "given"   // somebody outside opened a share of it
	Wrote    How = "wrote"   // thought of it themself
)

// Seen is that somebody knew a value.
type Seen struct {
	Secret   access.SecretID   `json:"secret"`
	Version  access.VersionID  `json:"version"`
	Number   int               `json:"number" doc:"Of the version"`
	State    State             `json:"state" enum:"pending,current,previous,standby,deleted,destroyed" doc:"Of the version, now"`
	By       access.IdentityID `json:"by,omitzero" doc:"Absent where it was somebody outside"`
	How      How               `json:"how" enum:"revealed,fetched,given,wrote"`
	At       access.Time       `json:"at"`
	Checkout access.CheckoutID `json:"checkout,omitzero"`
	Share    access.ShareID    `json:"share,omitzero" doc:"By which somebody outside saw it"`
	Outsider string            `json:"outsider,omitempty" doc:"Who that was, as whoever gave it to them wrote"`
}
