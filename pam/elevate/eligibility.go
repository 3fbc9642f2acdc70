package elevate

import (
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What giving and taking eligibility can meet.
var (
	ErrNoEligibility = fault.New(fault.NotFound, "eligibility-not-found", "there is no such eligibility, or it has ended")
	ErrHolder        = fault.New(fault.Invalid, "eligibility-holder", "a person, a role or an entitlement is eligible: an identity that is here, or whoever has one of the two")
	ErrOwn           = fault.New(fault.Denied, "eligibility-self", "nobody makes themself eligible, nor a service that they answer for: somebody else does")
	ErrTwice         = fault.New(fault.Conflict, "eligibility-taken", "they are eligible for that already: take that eligibility first")
	ErrPeriod        = fault.New(fault.Invalid, "eligibility-period", "it ends after it starts, and later than now")
	ErrWhat          = fault.New(fault.NotFound, "entitlement-unknown", "there is no such entitlement")
	ErrReason        = fault.New(fault.Invalid, "reason-required", "this needs a reason")
)

// Eligibility says who may activate what, on which terms.
type Eligibility struct {
	ID          access.EligibilityID `json:"id"`
	Holder      access.Ref           `json:"holder"` // an identity, or the role or entitlement whose holders may
	Entitlement access.EntitlementID `json:"entitlement"`
	Resource    access.ResourceID    `json:"resource,omitzero"`
	Terms       access.Terms         `json:"terms"`
	Reason      string               `json:"reason"`
	Giver       access.IdentityID    `json:"giver,omitzero"`
	Conversion  access.ChainID       `json:"conversion,omitzero"`
	Start       access.Time          `json:"start,omitzero"`
	End         access.Time          `json:"end,omitzero"`
}

// Validate reports the first rule that e breaks.
func (e *Eligibility) Validate(now access.Time) error {
	switch {
	case e.Holder.Kind != access.KindIdentity && e.Holder.Kind != access.KindRole && e.Holder.Kind != access.KindEntitlement || e.Holder.Key == 0:
		return ErrHolder
	case e.Holder == e.Entitlement.Ref():
		return ErrHolder.With("whoever has an entitlement has no need to activate it: name others")
	case strings.TrimSpace(e.Reason) == "":
		return ErrReason.With("say why they may activate it")
	case e.End != 0 && (e.End <= e.Start || e.End <= now):
		return ErrPeriod
	}
	return e.Terms.Validate()
}

// In reports whether e counts at a time.
func (e *Eligibility) In(at access.Time) bool {
	return e.Start <= at && (e.End == 0 || at < e.End)
}
