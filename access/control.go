package access

import (
	"slices"
	"time"
)

// Tier says how much damage an entitlement can do. Its numbers are stored.
type Tier int8

// The tiers, and what belongs to each.
const (
	Tier0        Tier = 0  // controls identities, policy, backups or Writ itself
	Tier1        Tier = 1  // administers a production system or reads sensitive data in bulk
	Tier2        Tier = 2  // changes production or reads single sensitive records
	Tier3        Tier = 3  // the rest
	Unclassified Tier = -1 // not yet classified
)

// Tiers lists them, most dangerous first.
var Tiers = []Tier{Tier0, Tier1, Tier2, Tier3}

// Privileged reports whether privilege's controls apply beside governance's.
func (t Tier) Privileged() bool { return t == Tier0 || t == Tier1 }

// The observation cycles, where a system does not say otherwise.
const (
	PrivilegedCycle = 15 * time.Minute
	OrdinaryCycle   = 24 * time.Hour
)

// Cycle is how old facts about access of a tier may be; said is what its system
// says, zero nothing.
func (t Tier) Cycle(said time.Duration) time.Duration {
	switch {
	case said != 0:
		return said
	case t.Privileged() || t == Unclassified: // in doubt the worst
		return PrivilegedCycle
	}
	return OrdinaryCycle
}

// Control is what a grant must have.
type Control string

// The controls: the first four are governance's, the others privilege's.
const (
	ControlOwner   Control = "owner"
	ControlReview  Control = "review"
	ControlSoD     Control = "sod"
	ControlExpiry  Control = "expiry"
	ControlVault   Control = "vault"
	ControlRotate  Control = "rotate"
	ControlElevate Control = "elevate"
	ControlIsolate Control = "isolate"
	ControlRecord  Control = "record"
	ControlEnforce Control = "enforce"
)

// Controls lists them in display order.
var Controls = []Control{
	ControlOwner, ControlReview, ControlSoD, ControlExpiry, ControlVault,
	ControlRotate, ControlElevate, ControlIsolate, ControlRecord, ControlEnforce,
}

// Discipline is which of the two jobs a control belongs to.
type Discipline string

// The two disciplines that Writ joins.
const (
	Governance Discipline = "governance"
	Privilege  Discipline = "privilege"
)

// Discipline tells governance's controls from privilege's.
func (c Control) Discipline() Discipline {
	if slices.Contains(Controls[:4], c) {
		return Governance
	}
	return Privilege
}

// ControlState is whether a control is there, as facts show it.
type ControlState string

// The states of a control. Stale facts never count as in place.
const (
	InPlace  ControlState = "in_place"
	Missing  ControlState = "missing"
	Unknown  ControlState = "unknown"
	Excepted ControlState = "excepted"
)

// Requirement is one control with its bound: days between reviews, where the
// control is a review.
type Requirement struct {
	Control Control `json:"control"`
	Days    int     `json:"days,omitempty"`
}

// RequiredControls returns what a tier requires by default, for a kind of
// identity, with what a third party adds. It is the table of the design as code;
// policy may override it and must say so.
func RequiredControls(t Tier, kind IdentityKind, thirdParty bool) []Requirement {
	var list []Requirement
	if t < Tier0 || t > Tier3 {
		t = Tier0 // not classified is treated as the worst
	}
	if kind == Human {
		list = slices.Clone(humanControls[t])
	} else {
		list = slices.Clone(nonHumanControls[t])
	}
	if thirdParty {
		for _, c := range thirdPartyAdds[t] {
			if !slices.ContainsFunc(list, func(r Requirement) bool { return r.Control == c }) {
				list = append(list, Requirement{Control: c})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Requirement) int {
		return slices.Index(Controls, a.Control) - slices.Index(Controls, b.Control)
	})
	return list
}

func need(reviewDays int, controls ...Control) []Requirement {
	list := make([]Requirement, 0, len(controls))
	for _, c := range controls {
		r := Requirement{Control: c}
		if c == ControlReview {
			r.Days = reviewDays
		}
		list = append(list, r)
	}
	return list
}

var (
	humanControls = [...][]Requirement{
		Tier0: need(90, Controls...),
		Tier1: need(90, ControlOwner, ControlReview, ControlSoD, ControlExpiry, ControlVault, ControlRotate, ControlElevate, ControlIsolate, ControlRecord),
		Tier2: need(180, ControlOwner, ControlReview, ControlSoD, ControlExpiry),
		Tier3: need(365, ControlOwner, ControlReview),
	}
	nonHumanControls = [...][]Requirement{
		Tier0: need(90, ControlOwner, ControlReview, ControlSoD, ControlExpiry, ControlVault, ControlRotate, ControlRecord),
		Tier1: need(90, ControlOwner, ControlReview, ControlSoD, ControlVault, ControlRotate),
		Tier2: need(180, ControlOwner, ControlReview, ControlRotate),
		Tier3: need(365, ControlOwner, ControlReview),
	}
	// A third party's sponsor is part of its owner control.
	thirdPartyAdds = [...][]Control{
		Tier0: {ControlOwner, ControlExpiry, ControlIsolate, ControlRecord},
		Tier1: {ControlOwner, ControlExpiry, ControlIsolate, ControlRecord},
		Tier2: {ControlOwner, ControlExpiry, ControlIsolate, ControlRecord},
		Tier3: {ControlExpiry},
	}
)

// Function is one of the four that answer for gaps, or the requester that
// everybody is.
type Function string

// The functions. Exactly one is accountable for every gap.
const (
	IAM                Function = "iam"
	SecurityOperations Function = "security_operations"
	PlatformOwner      Function = "platform_owner"
	AuditFunction      Function = "audit"
	Requester          Function = "requester"
)

// Functions lists the four accountable functions in display order.
var Functions = []Function{IAM, SecurityOperations, PlatformOwner, AuditFunction}

// Severity orders findings.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Severities lists them, worst first.
var Severities = []Severity{Critical, High, Medium, Low}

// Worse reports whether a severity comes before another.
func (s Severity) Worse(than Severity) bool {
	return slices.Index(Severities, s) < slices.Index(Severities, than)
}
