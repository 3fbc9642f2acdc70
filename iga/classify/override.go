package classify

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// The rules that a user of this package meets.
var (
	ErrEntitlement = fault.New(fault.NotFound, "entitlement-not-found", "there is no such entitlement")
	ErrOverride    = fault.New(fault.NotFound, "override-not-found", "nobody has overridden the entitlement's tier")
	ErrTier        = fault.New(fault.Invalid, "bad-tier", "a tier is 0, 1, 2 or 3")
	ErrReason      = fault.New(fault.Invalid, "bad-override-reason", "overriding a tier, and clearing that, needs a reason of at most 500 bytes without control characters")
	ErrChanged     = fault.New(fault.Conflict, "override-changed", "somebody has decided otherwise meanwhile: read it again")
	ErrEnd         = fault.New(fault.Invalid, "bad-override-end", "a tier is overridden until a date in the future")
)

// Override is a person's decision about an entitlement's own tier.
type Override struct {
	Entitlement  access.EntitlementID
	Tier         access.Tier
	Facts        access.Tier // what the facts gave when it was decided
	Reason       string
	By           string      // the audit actor
	Since, Until access.Time // Until zero: until it is cleared
	Version      int64       // the store's; of a new one, that which it takes the place of
}

// Any stands for whichever version of an override is in force. None is 0.
const Any int64 = -1

// own is the own tier under the override, and whether it holds: what raises a tier
// always does, what lowers one never outlives its end or the facts that it was
// decided upon.
func (o Override) own(facts access.Tier) (tier access.Tier, holds bool) {
	if o.Tier > facts && facts < o.Facts {
		return facts, false
	}
	return o.Tier, true
}

// ruleOverride is the rule of reasons that are a person's.
const ruleOverride = "override"

func (o Override) explain(holds bool) Reason {
	until := ""
	if o.Until != 0 {
		until = " until " + o.Until.Time().Format(time.DateOnly)
	}
	text := fmt.Sprintf("set to tier %d by %s%s: %s", o.Tier, o.By, until, o.Reason)
	if !holds {
		text = fmt.Sprintf("does not count, for the facts are worse than when it was decided (tier %d then): ", o.Facts) + text
	}
	return Reason{Rule: ruleOverride, Tier: o.Tier, Text: text}
}

const (
	longestLowering = 366 * 24 * time.Hour
	longestReason   = 500
)

// validate reports the first rule that a new override breaks.
func (o Override) validate(now access.Time) error {
	if o.Tier < access.Tier0 || o.Tier > access.Tier3 {
		return ErrTier
	}
	if err := validReason(o.Reason); err != nil {
		return err
	}
	lowers := o.Tier > o.Facts
	switch {
	case o.Until == 0 && lowers:
		return ErrEnd.With("the facts give tier %d: a better one needs an end", o.Facts)
	case o.Until != 0 && o.Until <= now:
		return ErrEnd
	case lowers && o.Until-now > access.Time(longestLowering/time.Microsecond):
		return ErrEnd.With("the facts give tier %d: a better one lasts a year at most", o.Facts)
	}
	return nil
}

func validReason(text string) error {
	hostile := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	if strings.TrimSpace(text) == "" || len(text) > longestReason || !utf8.ValidString(text) || strings.ContainsFunc(text, hostile) {
		return ErrReason
	}
	return nil
}
