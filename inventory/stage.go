package inventory

import (
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What the plan of a system or source forbids.
var (
	ErrStage    = fault.New(fault.Conflict, "system-stage", "its stage does not allow this")
	ErrSchedule = fault.New(fault.Invalid, "bad-schedule", "the schedule cannot be used")
)

// Stage is where a system or source stands in its life with Writ.
type Stage string

// The stages. None is active.
const (
	Draft       Stage = "draft" // it is being set up: kept, looked at, never read into anything
	Active      Stage = "active"
	Maintenance Stage = "maintenance" // it is left alone until a time
)

// Plan is when a system or source is read.
type Plan struct {
	Stage        Stage       `json:"stage"`
	PausedUntil  access.Time `json:"paused_until,omitzero"`
	PausedReason string      `json:"paused_reason,omitempty"`
	Every        Period      `json:"every,omitzero"` // zero goes by its cycle
	Hours        Hours       `json:"hours,omitzero"` // of the day; zero is any
}

// StageAt is the stage at a time: maintenance is over by itself.
func (p Plan) StageAt(now time.Time) Stage {
	switch {
	case p.Stage == Draft:
		return Draft
	case p.PausedUntil.Time().After(now):
		return Maintenance
	}
	return Active
}

// Activated is the plan of what was a draft.
func (p Plan) Activated() Plan {
	p.Stage = Active
	return p
}

// Paused is the plan of what is left alone until a time.
func (p Plan) Paused(until access.Time, reason string) Plan {
	p.Stage, p.PausedUntil, p.PausedReason = Maintenance, until, reason
	return p
}

// Resumed is the plan of what is left alone no longer.
func (p Plan) Resumed() Plan {
	p.Stage, p.PausedUntil, p.PausedReason = Active, 0, ""
	return p
}

// maxPause is how long a system may be out of everybody's sight.
const maxPause = 90 * 24 * time.Hour

// valid reports the first rule that a plan breaks.
func (p Plan) valid(now time.Time) error {
	switch {
	case p.Stage != "" && p.Stage != Draft && p.Stage != Active && p.Stage != Maintenance:
		return ErrSchedule.With("%q is not draft, active or maintenance", p.Stage)
	case (p.Stage == Maintenance) != (p.PausedUntil != 0):
		return ErrSchedule.With("maintenance has an end, and nothing else does")
	case p.Stage == Maintenance && strings.TrimSpace(p.PausedReason) == "":
		return ErrSchedule.With("maintenance needs a reason")
	case p.PausedUntil.Time().Sub(now) > maxPause:
		return ErrSchedule.With("maintenance lasts at most 90 days, for nobody sees what changes meanwhile")
	case p.Every != 0 && time.Duration(p.Every) < minEvery || time.Duration(p.Every) > maxEvery:
		return ErrSchedule.With("it is read every 1m to 168h, not every %s", p.Every)
	}
	return nil
}

// readable refuses to read what its plan keeps from being read.
func (p Plan) readable(what string, now time.Time) error {
	switch p.StageAt(now) {
	case Draft:
		return ErrStage.With("%s is a draft, which is only looked at: activate it first", what)
	case Maintenance:
		return ErrStage.With("%s is in maintenance until %s: end that first", what, p.PausedUntil.Time().UTC().Format("2006-01-02 15:04 UTC"))
	case Active:
	}
	return nil
}

// Health says in a word how current what is known is.
func (p Plan) Health(s State, cycle time.Duration, now time.Time) string {
	switch stage := p.StageAt(now); {
	case stage != Active:
		return string(stage)
	case s.Failed > s.Synced:
		return "failed"
	case s.Synced == 0:
		return "never_read"
	case s.Stale(now, cycle):
		return "stale"
	}
	return "good"
}
