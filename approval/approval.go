package approval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What opening and deciding can meet.
var (
	ErrCase     = fault.New(fault.Internal, "bad-approval", "this cannot be put to anybody")
	ErrAsked    = fault.New(fault.Conflict, "approval-asked", "others are asked for this already: wait for what they say, or withdraw it first")
	ErrEnded    = fault.New(fault.Conflict, "approval-ended", "this has been decided, withdrawn or has timed out")
	ErrShown    = fault.New(fault.Conflict, "approval-changed", "it shows something else by now: look at it again, then decide")
	ErrDecided  = fault.New(fault.Conflict, "approval-counted", "one person counts once, for themself or in somebody's place: this has been said already")
	ErrTaken    = fault.New(fault.Conflict, "approval-seat-taken", "somebody has agreed as that already: another one of the approvers has to")
	ErrNotAsked = fault.New(fault.Denied, "approval-not-asked", "you are not asked to decide this now")
	ErrWhose    = fault.New(fault.Invalid, "approval-whose-place", "say in whose place you decide")
	ErrComment  = fault.New(fault.Invalid, "approval-comment", "say why you refuse it")
	ErrVerdict  = fault.New(fault.Invalid, "approval-verdict", "a verdict is approve or refuse")
)

// State is how far a request has come.
type State string

// The states. All but the first are ends.
const (
	Waiting   State = "waiting"
	Approved  State = "approved"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
)

// States lists them.
var States = []State{Waiting, Approved, Refused, Withdrawn, Expired}

// Case is what others are asked to agree to. Features make one of what they know
// themselves, never of what a caller says.
type Case struct {
	About  access.Ref        `json:"about"`  // what waits for it
	Action string            `json:"action"` // of policy.Actions: what it lets happen
	By     access.IdentityID `json:"by"`     // who asks
	// For are whose access it is about. Whoever asks is one of them anyway.
	For    []access.Ref      `json:"for"`
	Scope  access.ScopeID    `json:"scope,omitzero"`
	System access.SystemID   `json:"system,omitzero"`
	Owner  access.IdentityID `json:"owner,omitzero"`
	// Thing is what it is access to. Where the graph knows it, its owner and its scope are
	// those of when somebody decides, and Owner and Scope only where it does not.
	Thing  access.Ref        `json:"thing,omitzero"`
	Stages []access.Stage    `json:"stages"`
	Reason string            `json:"reason,omitempty"`
	Ticket string            `json:"ticket,omitempty"`
	Shown  map[string]string `json:"shown,omitempty"` // what else those who decide are to know
	Chain  access.ChainID    `json:"chain,omitzero"`  // a new one where it is zero
}

// The caps on a case.
const (
	maxFor   = 100
	maxFacts = 50
	maxShown = 16 << 10 // bytes
)

// Validate reports the first rule that c breaks.
func (c Case) Validate() error {
	size := 0
	for k, v := range c.Shown {
		size += len(k) + len(v)
	}
	switch {
	case c.About.IsZero() || c.By == 0:
		return ErrCase.With("an approval is about something, and somebody asks for it")
	case !slices.ContainsFunc(policy.Actions, func(a policy.Action) bool { return a.Name == c.Action }):
		return ErrCase.With("%q is no action that an approval could let happen", c.Action)
	case len(c.For) == 0 || len(c.For) > maxFor:
		return ErrCase.With("an approval is about the access of between 1 and %d, not %d", maxFor, len(c.For))
	case len(c.Shown) > maxFacts || size > maxShown:
		return ErrCase.With("an approval shows up to %d facts of %d bytes in all", maxFacts, maxShown)
	case len(c.Stages) == 0:
		return ErrCase.With("an approval without stages asks nobody")
	}
	return access.Terms{Most: c.Stages[0].Within, Stages: c.Stages}.Validate()
}

// Subjects are whose access it is about, whoever asks among them.
func (c Case) Subjects() []access.Ref {
	if slices.Contains(c.For, c.By.Ref()) {
		return c.For
	}
	return append(slices.Clone(c.For), c.By.Ref())
}

// Shown is what those who decide are shown: the very bytes that are kept, and their digest.
type Shown struct {
	Version int
	Payload string // JSON
	Digest  string
}

// Show makes what is shown of a case. The same case shows the same.
func Show(id access.ApprovalID, version int, c Case) (Shown, error) {
	text, err := json.Marshal(struct {
		ID      access.ApprovalID `json:"id"`
		Version int               `json:"version"`
		Case
	}{id, version, c})
	if err != nil {
		return Shown{}, fmt.Errorf("writing what an approval shows: %w", err)
	}
	return Shown{version, string(text), DigestOf(string(text))}, nil
}

// DigestOf is the digest of a payload.
func DigestOf(payload string) string {
	sum := sha256.Sum256([]byte(payload))
	return hex.EncodeToString(sum[:])
}

// Verdict is what somebody says.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approve"
	Refuse  Verdict = "refuse"
)

// Decision is what one person said. It is evidence: nothing of it ever changes.
type Decision struct {
	By        access.IdentityID `json:"by"`
	InsteadOf access.IdentityID `json:"instead_of,omitzero" doc:"In whose place, where that was delegated"`
	Stage     int               `json:"stage"`
	Seats     []int             `json:"seats" doc:"As which of the stage's approvers, from 0, they might decide then"`
	Verdict   Verdict           `json:"verdict" enum:"approve,refuse"`
	Comment   string            `json:"comment,omitempty"`
	Version   int               `json:"version" doc:"Of what they were shown"`
	Digest    string            `json:"digest" doc:"SHA-256 of what they were shown"`
	At        access.Time       `json:"at"`
}

// Voice is whom a decision counts for.
func (d Decision) Voice() access.IdentityID {
	if d.InsteadOf != 0 {
		return d.InsteadOf
	}
	return d.By
}

// Request is a case with how far it has come.
type Request struct {
	ID access.ApprovalID
	Case
	Now       Shown // what is shown at present
	State     State
	Stage     int // that it is at, from 0
	AskedAt   access.Time
	BeganAt   access.Time // the stage
	EndsAt    access.Time // the stage
	EndedAt   access.Time // the request; zero while it waits
	Decisions []Decision  // in order
}

// At is the stage that it is at.
func (r Request) At() access.Stage {
	if r.Stage < 0 || r.Stage >= len(r.Stages) {
		return access.Stage{}
	}
	return r.Stages[r.Stage]
}

// Counting are the decisions on what is shown at present.
func (r Request) Counting() (list []Decision) {
	for _, d := range r.Decisions {
		if d.Version == r.Now.Version {
			list = append(list, d)
		}
	}
	return list
}

// agreed are those that count at the stage that it is at.
func (r Request) agreed() (list []Decision) {
	for _, d := range r.Counting() {
		if d.Stage == r.Stage && d.Verdict == Approve {
			list = append(list, d)
		}
	}
	return list
}

// Counted reports whether somebody has decided in it, or somebody in their place.
func (r Request) Counted(who access.IdentityID) bool {
	return slices.ContainsFunc(r.Counting(), func(d Decision) bool { return d.By == who || d.InsteadOf == who })
}

// Open is nil where somebody could decide it at a time.
func (r Request) Open(at access.Time) error {
	switch {
	case r.State != Waiting:
		return ErrEnded.With("this is %s: nobody decides on it any more", r.State)
	case at >= r.EndsAt:
		return ErrEnded.With("this has timed out: whoever asked has to ask again")
	}
	return nil
}

// Ruling is where a decision brings a request.
type Ruling struct {
	State State
	Stage int
}

// Rule is what d makes of r at a time, or the first rule that d breaks. That d's author may
// decide at all, and in whose place, is not asked here.
func Rule(r Request, d Decision, at access.Time) (Ruling, error) {
	if err := r.Open(at); err != nil {
		return Ruling{}, err
	}
	switch {
	case d.Version != r.Now.Version || d.Digest != r.Now.Digest:
		return Ruling{}, ErrShown
	case d.Verdict != Approve && d.Verdict != Refuse:
		return Ruling{}, ErrVerdict
	case d.By == 0 || d.By == d.InsteadOf || d.Stage != r.Stage || len(d.Seats) == 0:
		return Ruling{}, ErrNotAsked
	case r.Counted(d.By) || r.Counted(d.Voice()):
		return Ruling{}, ErrDecided
	case d.Verdict == Refuse && strings.TrimSpace(d.Comment) == "":
		return Ruling{}, ErrComment
	case d.Verdict == Refuse:
		return Ruling{Refused, r.Stage}, nil
	}
	before := r.agreed()
	stage := r.At()
	count := Agree(stage, append(before, d))
	switch {
	case stage.Distinct && count == Agree(stage, before):
		return Ruling{}, ErrTaken // and could not count later either, whoever agrees next
	case count < stage.Quorum:
		return Ruling{Waiting, r.Stage}, nil
	case r.Stage+1 < len(r.Stages):
		return Ruling{Waiting, r.Stage + 1}, nil
	}
	return Ruling{Approved, r.Stage}, nil
}

// Agree is how many of the decisions count towards a stage's quorum. Where it is distinct,
// that is how many can have a seat of their own at once.
func Agree(s access.Stage, list []Decision) int {
	if !s.Distinct {
		return len(list)
	}
	holder := make([]int, len(s.Approvers)) // of each seat, from 1
	count := 0
	for i := range list {
		if seated(list, i, holder, make([]bool, len(holder))) {
			count++
		}
	}
	return count
}

// seated finds a seat for one decision, and moves others where they have another.
func seated(list []Decision, i int, holder []int, tried []bool) bool {
	for _, seat := range list[i].Seats {
		if seat < 0 || seat >= len(holder) || tried[seat] {
			continue
		}
		tried[seat] = true
		if holder[seat] == 0 || seated(list, holder[seat]-1, holder, tried) {
			holder[seat] = i + 1
			return true
		}
	}
	return false
}
