package onboard

import (
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What taking over can meet.
var (
	ErrNothing      = fault.New(fault.Conflict, "nothing-to-onboard", "none of what was asked for can be taken over: the preview says why")
	ErrGuard        = fault.New(fault.Refused, "onboarding-guard", "that takes over too much of one system at once: name fewer accounts, or say how many you mean")
	ErrAsk          = fault.New(fault.Invalid, "bad-onboarding", "an onboarding is of up to 1000 accounts, for a reason, and changes them every hour to every ten years or not by itself")
	ErrNoOnboarding = fault.New(fault.NotFound, "onboarding-not-found", "there is no such onboarding, or it is not yours to see")
	ErrGone         = fault.New(fault.Conflict, "account-not-onboarded", "the account is not there any more, is shut, or is a person's own by now")
	ErrBegun        = fault.New(fault.Conflict, "onboarding-begun", "a value may be set already, so that what opened the account before may open it no more: it stays in its safe")
	ErrNotBeside    = fault.New(fault.Conflict, "secret-alone", "nothing else is left in place beside this secret, as far as Writ was told")
)

// Kind is what a candidate is.
type Kind string

// The kinds. The first two are those of secrets.
const (
	Password Kind = "password"
	SSHKey   Kind = "ssh_key"
	Embedded Kind = "embedded"
)

// Kinds lists them.
var Kinds = []Kind{Password, SSHKey, Embedded}

// Candidate is what opens something and lies in no safe.
type Candidate struct {
	Kind       Kind               `json:"kind" enum:"password,ssh_key,embedded"`
	System     access.SystemID    `json:"system"`
	Account    access.AccountID   `json:"account,omitzero"`
	Place      access.ResourceID  `json:"place,omitzero" doc:"Where it is embedded"`
	Is         access.AccountKind `json:"is,omitempty" doc:"The kind of the account"`
	Tier       access.Tier        `json:"tier" doc:"The most dangerous that the account gives; -1 is none"`
	Why        []string           `json:"why"`
	Keys       int                `json:"keys,omitempty" doc:"How many keys were seen to open it"`
	Consumers  int                `json:"consumers" doc:"How many people and other accounts are known to use it"`
	UsageKnown bool               `json:"usage_known"`
	LastUsed   access.Time        `json:"last_used,omitzero"`
	Warnings   []string           `json:"warnings,omitempty"`
	Not        string             `json:"not,omitempty" doc:"Why it is not taken over"`
}

// Query narrows candidates. Zero fields do not narrow.
type Query struct {
	System   access.SystemID
	Accounts []access.AccountID
	Kind     Kind
	Is       access.AccountKind
	Tier     *access.Tier // that and the more dangerous ones
}

// Ask is what somebody wants taken over.
type Ask struct {
	Query
	Safe access.SafeID
	// Every is how often it is given another value by itself; zero is not.
	Every time.Duration
	// Alone takes out all other keys that open an account, where it is a key.
	Alone bool
	// Mean is how many are meant, where that is more than the guard lets through.
	Mean   int
	Reason string
}

// The caps.
const (
	maxItems = 1000
	maxEvery = 10 * 365 * 24 * time.Hour
)

// Validate reports the first rule that a breaks.
func (a Ask) Validate() error {
	switch {
	case a.Safe == 0, a.Every < 0, a.Every > maxEvery, a.Every != 0 && a.Every < time.Hour:
		return ErrAsk
	case len(a.Accounts) > maxItems:
		return ErrAsk.With("up to %d accounts are taken over at once: name fewer", maxItems)
	}
	return nil
}

// The guard: more of one system at once, in both ways, is only taken by who says how many.
const (
	guardShare = 0.1
	guardCount = 20
)

// guard says which system too much is taken of; "" is none.
func guard(items []Candidate, accounts func(access.SystemID) int, name func(access.SystemID) string) string {
	taken := map[access.SystemID]int{}
	for _, c := range items {
		taken[c.System]++
	}
	for _, c := range items {
		n, all := taken[c.System], accounts(c.System)
		if n > guardCount && float64(n) > guardShare*float64(all) {
			return fmt.Sprintf("%d secrets would be taken over in %s, which has %d accounts; more than %d and more than %g%% at once are taken by who says how many they mean", n, name(c.System), all, guardCount, 100*guardShare)
		}
	}
	return ""
}

// State is how far an item has come.
type State string

// The states.
const (
	Waiting  State = "waiting"  // it has no secret yet
	Due      State = "due"      // it has one, which is to be set
	Failing  State = "failing"  // that is tried again
	Person   State = "person"   // it takes a person
	Proven   State = "proven"   // it was set, and signed in with
	Refused  State = "refused"  // it was not taken over
	Released State = "released" // it was let go of before anything was set
)

// States lists them.
var States = []State{Waiting, Due, Failing, Person, Proven, Refused, Released}

// Item is one of an onboarding.
type Item struct {
	Account access.AccountID `json:"account"`
	Kind    Kind             `json:"kind" enum:"password,ssh_key"`
	System  access.SystemID  `json:"system"`
	Name    string           `json:"name" doc:"Of the secret"`
	State   State            `json:"state" enum:"waiting,due,failing,person,proven,refused,released"`
	Secret  access.SecretID  `json:"secret,omitzero"`
	Proven  access.Time      `json:"proven,omitzero" doc:"When the value was kept that was signed in with"`
	Code    string           `json:"code,omitempty"`
	Error   string           `json:"error,omitempty"`
}

// Onboarding is candidates that are taken over together.
type Onboarding struct {
	ID     access.OnboardingID `json:"id"`
	Safe   access.SafeID       `json:"safe"`
	By     string              `json:"by" doc:"Who began it: an identity, or a part of a node"`
	Reason string              `json:"reason"`
	Every  time.Duration       `json:"-"`
	Beside bool                `json:"beside" doc:"Other keys stay in place"`
	At     access.Time         `json:"at"`
	Counts map[State]int       `json:"counts"`
}
