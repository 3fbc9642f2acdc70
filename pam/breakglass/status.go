package breakglass

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What making and keeping kits can meet.
var (
	ErrPlan   = fault.New(fault.Invalid, "bad-break-glass-kit", "a break-glass kit needs a name, secrets of accounts, and at least two holders")
	ErrNoKit  = fault.New(fault.NotFound, "break-glass-not-found", "there is no such break-glass kit, or it is not yours to see")
	ErrName   = fault.New(fault.Conflict, "break-glass-name-taken", "there is a break-glass kit of that name")
	ErrOver   = fault.New(fault.Conflict, "break-glass-over", "the kit was opened or retired: make another one, for which every holder gets another share")
	ErrPicked = fault.New(fault.Conflict, "break-glass-share-picked", "the share was picked up already, and is shown once: make another kit where it is lost")
	ErrTarget = fault.New(fault.Invalid, "break-glass-account", "a kit holds secrets of break-glass, administrator's and built-in accounts that a system opens with them")
)

// Plan is what a kit is to be.
type Plan struct {
	Name      string
	Secrets   []access.SecretID
	Holders   []access.IdentityID
	Tokens    []PlannedToken
	Threshold int           // holders that open it
	Persons   int           // who have to be there; zero is the threshold
	Lasts     time.Duration // until it is stale by its age; zero is usualLasts
	Reason    string
}

// PlannedToken is a hardware token that a kit is to open for, too.
type PlannedToken struct {
	Holder access.IdentityID `json:"holder"`
	Public []byte            `json:"public" doc:"Of its key, as 'writ break-glass token' says it"`
}

const (
	usualLasts = 90 * 24 * time.Hour
	leastLasts = time.Hour
	mostLasts  = 400 * 24 * time.Hour
	mostName   = 64
)

// Validate reports the first rule that p breaks, and makes it canonical.
func (p *Plan) Validate() (err error) {
	if p.Name, err = access.Said(p.Name); err != nil || p.Name == "" || utf8.RuneCountInString(p.Name) > mostName || strings.Contains(p.Name, "/") {
		return ErrPlan.With("a kit needs a name of up to %d characters without a /", mostName)
	}
	if p.Reason, err = access.Said(p.Reason); err != nil {
		return err
	}
	if p.Persons == 0 {
		p.Persons = p.Threshold
	}
	if p.Lasts == 0 {
		p.Lasts = usualLasts
	}
	distinct := func(n, all int) bool { return n == all }
	switch {
	case len(p.Secrets) == 0 || len(p.Secrets) > mostItems || !distinct(len(compact(p.Secrets)), len(p.Secrets)):
		return ErrPlan.With("a kit holds between 1 and %d secrets, each once", mostItems)
	case !distinct(len(compact(p.Holders)), len(p.Holders)):
		return ErrPlan.With("each holder of a kit has one share of it")
	case p.Threshold < 2 || p.Threshold > len(p.Holders) || len(p.Holders) > 50:
		return ErrPlan.With("at least two holders open a kit together, and not more than there are")
	case len(p.Tokens) > mostTokens:
		return ErrPlan.With("a kit opens for up to %d hardware tokens", mostTokens)
	case p.Persons < 1 || p.Persons > mostPeople:
		return ErrPlan.With("a kit is opened by between 1 and %d persons", mostPeople)
	case p.Lasts < leastLasts || p.Lasts > mostLasts:
		return ErrPlan.With("a kit is good for between an hour and 400 days")
	}
	return nil
}

func compact[T access.SecretID | access.IdentityID](list []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// State is what a kit is in.
type State string

// The states.
const (
	Forming State = "forming" // too few have picked up their shares
	Ready   State = "ready"
	Stale   State = "stale" // see Why
	Used    State = "used"
	Retired State = "retired"
)

// Why a kit is stale.
type Why string

// The reasons.
const (
	Aged    Why = "aged"    // it is older than it is good for
	Rotated Why = "rotated" // a secret in it has another value by now
	Gone    Why = "gone"    // a secret in it is deleted
	Lost    Why = "holders" // too few of its holders may hold access still, or enough of those who may not could open it
	Failed  Why = "drill"   // something in it did not sign in, in a drill
)

// Holding is a share and how it stands.
type Holding struct {
	Place    int               `json:"share"`
	Identity access.IdentityID `json:"identity"`
	Picked   access.Time       `json:"picked_up,omitzero" doc:"When its holder saw it, which is once"`
	Left     bool              `json:"left,omitempty" doc:"Its holder may not hold access any more"`
	Token    bool              `json:"token,omitempty" doc:"It is no share, but a hardware token that opens the kit alone"`
}

// Holds is a secret of a kit and how it stands.
type Holds struct {
	Secret  access.SecretID  `json:"secret"`
	Version access.VersionID `json:"version" doc:"That the kit holds"`
	System  access.SystemID  `json:"system"`
	Rotated bool             `json:"rotated,omitempty" doc:"It has another value by now"`
	Gone    bool             `json:"gone,omitempty" doc:"It is deleted"`
}

// Status is a kit as Writ knows it.
type Status struct {
	ID        access.GlassID `json:"id"`
	Name      string         `json:"name"`
	Scope     access.ScopeID `json:"scope,omitzero" doc:"That all of its systems lie in"`
	Edition   int            `json:"edition"`
	Digest    string         `json:"digest" doc:"SHA-256 of what its newest edition says of itself"`
	Threshold int            `json:"threshold" doc:"How many holders open it"`
	Persons   int            `json:"persons" doc:"How many have to say that they are there"`
	Lasts     time.Duration  `json:"-"`
	By        string         `json:"by" doc:"Who made it"`
	Made      access.Time    `json:"made" doc:"Its newest edition"`
	Until     access.Time    `json:"until" doc:"When it is stale by its age"`
	Drilled   access.Time    `json:"drilled,omitzero" doc:"When it was last opened in a drill"`
	Failed    bool           `json:"drill_failed,omitempty" doc:"Something in it did not sign in then"`
	Used      access.Time    `json:"used,omitzero" doc:"Since when it is known that it was opened"`
	Retired   access.Time    `json:"retired,omitzero"`
	Reason    string         `json:"reason,omitempty"`
	Holders   []Holding      `json:"holders"`
	Secrets   []Holds        `json:"secrets"`
}

// Why says why the kit cannot be relied on, at a time.
func (s *Status) Why(now access.Time) (list []Why) {
	if now >= s.Until {
		list = append(list, Aged)
	}
	if slices.ContainsFunc(s.Secrets, func(x Holds) bool { return x.Rotated && !x.Gone }) {
		list = append(list, Rotated)
	}
	if slices.ContainsFunc(s.Secrets, func(x Holds) bool { return x.Gone }) {
		list = append(list, Gone)
	}
	if !s.held() {
		list = append(list, Lost)
	}
	if s.Failed {
		list = append(list, Failed)
	}
	return list
}

// held reports whether those who may hold access can open it, and those who may not cannot.
func (s *Status) held() bool {
	left, works := 0, 0
	for _, h := range s.Holders {
		switch {
		case h.Left && h.Token:
			return false
		case h.Left:
			left++
		case !h.Token:
			works++
		}
	}
	return works >= s.Threshold && left < s.Threshold
}

// State is what it is in, at a time.
func (s *Status) State(now access.Time) State {
	picked := 0
	for _, h := range s.Holders {
		switch {
		case h.Token:
			picked = s.Threshold
		case h.Picked != 0 && !h.Left:
			picked++
		}
	}
	switch {
	case s.Retired != 0:
		return Retired
	case s.Used != 0:
		return Used
	case len(s.Why(now)) > 0:
		return Stale
	case picked < s.Threshold:
		return Forming
	}
	return Ready
}

// holder is the share of somebody.
func (s *Status) holder(who access.IdentityID) (Holding, bool) {
	for _, h := range s.Holders {
		if h.Identity == who && who != 0 && !h.Token {
			return h, true
		}
	}
	return Holding{}, false
}

// DrillDue is by when a kit is to be tried again: once in each half of the time that an
// edition is good for, so that what does not sign in is found while there is time to renew it.
func (s *Status) DrillDue() access.Time {
	return max(s.Made, s.Drilled) + access.Time(s.Lasts.Microseconds()/2)
}

// Tried is what came of signing in with a secret of a kit, in a drill.
type Tried struct {
	Secret access.SecretID `json:"secret"`
	Opens  bool            `json:"opens" doc:"It signed in"`
	Code   string          `json:"code,omitempty" doc:"Of why it did not, where that is known"`
}

// Break is an opening of a kit, as its record told it.
type Break struct {
	ID       access.BreakID      `json:"id"`
	Kit      access.GlassID      `json:"kit"`
	Edition  int                 `json:"edition"`
	Drill    bool                `json:"drill,omitempty"`
	Opened   access.Time         `json:"opened" doc:"When, by the clock of the machine that it was on: it is claimed, not known"`
	Merged   access.Time         `json:"merged" doc:"When Writ came to know of it"`
	By       string              `json:"merged_by"`
	Openers  []access.IdentityID `json:"openers" doc:"Whose shares opened it"`
	People   []string            `json:"people" doc:"Who was there, by what they said"`
	Reason   string              `json:"reason" doc:"By what they said"`
	Exposed  []access.SecretID   `json:"exposed" doc:"What somebody may have seen; all of it is changed"`
	Tried    []Tried             `json:"tried,omitempty" doc:"In a drill, what came of each secret, where one kit is asked for"`
	Closed   bool                `json:"closed" doc:"The record has an end: nothing else was shown by Writ"`
	Approval access.ApprovalID   `json:"review,omitzero" doc:"What somebody else has to close with a comment"`
	Verdict  string              `json:"verdict,omitempty" enum:"approved,refused" doc:"What the review said"`
	Reviewed access.Time         `json:"reviewed,omitzero"`
	Entries  int                 `json:"entries"`
}
