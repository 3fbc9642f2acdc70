package provision

import "fmt"

// Limits are what a system takes at a time, and what is held for somebody to look at.
type Limits struct {
	// A run is held where, with what was planned in the hour before, more operations take
	// something away than Count, and than Share of the system's accounts.
	Share float64 `json:"share" minimum:"0" maximum:"1" doc:"Of the system's accounts"`
	Count int64   `json:"count" minimum:"0" maximum:"1000000" doc:"Operations that take something away"`
	// AtOnce and PerMinute bound what is written at the same time, and how fast.
	AtOnce    int `json:"at_once" minimum:"1" maximum:"64" doc:"Operations under way at the same time"`
	PerMinute int `json:"per_minute" minimum:"1" maximum:"100000" doc:"Operations begun in a minute"`
}

// DefaultLimits let a small system change, and stop what would empty a large one.
var DefaultLimits = Limits{Share: 0.1, Count: 20, AtOnce: 4, PerMinute: 600}

// Validate reports the first rule that they break.
func (l Limits) Validate() error {
	switch {
	case l.Share < 0 || l.Share > 1:
		return ErrLimits.With("the share is from 0 to 1, of the system's accounts")
	case l.Count < 0 || l.Count > 1_000_000:
		return ErrLimits.With("the count is from 0 to 1000000")
	case l.AtOnce < 1 || l.AtOnce > 64:
		return ErrLimits.With("from 1 to 64 operations are carried out at once")
	case l.PerMinute < 1 || l.PerMinute > 100_000:
		return ErrLimits.With("from 1 to 100000 operations are begun in a minute")
	}
	return nil
}

// Holds is why a run is held that, with what came in the hour before it, takes away so
// much of a system of so many accounts; "" where it is not.
func (l Limits) Holds(taken, accounts int64) string {
	if taken <= l.Count || float64(taken) <= l.Share*float64(accounts) {
		return ""
	}
	return fmt.Sprintf("within an hour %d operations would take something away in a system of %d accounts; more than %d and more than %.3g%% need an approval", taken, accounts, l.Count, 100*l.Share)
}
