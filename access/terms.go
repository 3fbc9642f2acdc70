package access

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/writhq/writ/internal/fault"
)

// ErrTerms is returned for terms that ask for what nobody could give.
var ErrTerms = fault.New(fault.Invalid, "bad-terms", "these terms cannot be met by anybody")

// Terms are what using something privileged takes: what whoever asks has to bring, who
// has to agree, and how long it lasts at most. The zero value asks for nothing and lasts
// for no time.
type Terms struct {
	Reason bool          `json:"reason,omitempty"`
	Ticket bool          `json:"ticket,omitempty"` // of the company's own tracker, which is asked about it
	MFA    bool          `json:"mfa,omitempty"`    // a second factor of the last minutes
	Most   time.Duration `json:"most"`             // from its start to its end, extensions included
	// Stages agree one after the other; none is that nobody has to.
	Stages []Stage `json:"stages,omitempty"`
}

// Stage is a step of an approval: so many of those who may decide have to agree, and one
// who refuses ends it.
type Stage struct {
	Approvers []Approver    `json:"approvers"`
	Quorum    int           `json:"quorum"`
	Within    time.Duration `json:"within"` // else it has timed out, which is a refusal
	// Distinct asks that each who agrees does so for another one of the approvers: two
	// functions, not two people of one.
	Distinct bool `json:"distinct,omitempty"`
}

// Approver is who may decide: exactly one of whoever holds a function over the thing, the
// thing's owner, or somebody by name.
type Approver struct {
	Function Function   `json:"function,omitempty"`
	Owner    bool       `json:"owner,omitempty"`
	Identity IdentityID `json:"identity,omitzero"`
}

// The caps on terms.
const (
	maxStages    = 5
	maxApprovers = 10
	maxTerm      = 30 * 24 * time.Hour
)

// Validate reports the first rule that t breaks.
func (t Terms) Validate() error {
	switch {
	case t.Most < time.Minute || t.Most > maxTerm:
		return ErrTerms.With("it lasts between a minute and 30 days, not %s", t.Most)
	case len(t.Stages) > maxStages:
		return ErrTerms.With("%d stages are more than %d", len(t.Stages), maxStages)
	}
	for i, s := range t.Stages {
		if err := s.validate(); err != nil {
			return ErrTerms.With("stage %d: %s", i+1, err)
		}
	}
	return nil
}

func (s Stage) validate() error {
	switch n := len(s.Approvers); {
	case n == 0 || n > maxApprovers:
		return ErrTerms.With("it names between 1 and %d approvers, not %d", maxApprovers, n)
	case s.Quorum < 1 || s.Quorum > maxApprovers:
		return ErrTerms.With("between 1 and %d have to agree, not %d", maxApprovers, s.Quorum)
	case s.Quorum > s.most():
		return ErrTerms.With("%d have to agree, and %d can", s.Quorum, s.most())
	case s.Within < time.Minute || s.Within > maxTerm:
		return ErrTerms.With("it waits between a minute and 30 days, not %s", s.Within)
	}
	for i, a := range s.Approvers {
		if err := a.validate(); err != nil {
			return err
		}
		if slices.Contains(s.Approvers[:i], a) {
			return ErrTerms.With("it names an approver twice")
		}
	}
	return nil
}

// most is how many could agree, as far as the terms alone say.
func (s Stage) most() int {
	if s.Distinct {
		return len(s.Approvers)
	}
	if slices.ContainsFunc(s.Approvers, func(a Approver) bool { return a.Function != "" }) {
		return maxApprovers
	}
	return len(s.Approvers)
}

func (a Approver) validate() error {
	ways := 0
	for _, is := range []bool{a.Function != "", a.Owner, a.Identity != 0} {
		if is {
			ways++
		}
	}
	switch {
	case ways != 1:
		return ErrTerms.With("an approver is a function, the owner or somebody by name")
	case a.Function != "" && !slices.Contains(Functions, a.Function):
		return ErrTerms.With("%q is not a function that approves", a.Function)
	case a.Function == AuditFunction:
		return ErrTerms.With("audit approves nothing")
	}
	return nil
}

// maxSaid is how much of a reason or of a ticket's name is taken.
const maxSaid = 1000

// Said is a reason or a ticket as it is kept: one line, without what cannot be shown.
func Said(text string) (string, error) {
	if len(text) > maxSaid {
		return "", ErrName.With("it is longer than %d bytes", maxSaid)
	}
	shown := func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	return strings.Map(shown, text), nil
}

// Lasting is how long something lasts, as short as it can be said: "30m", "1h15m".
func Lasting(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
