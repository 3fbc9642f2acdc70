package inventory

import (
	"time"

	"github.com/writhq/writ/access"
)

func parseDate(text string) (access.Time, error) {
	if text == "" {
		return 0, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return access.TimeOf(t), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	return access.TimeOf(t), err
}

func dateOf(get func(attribute string) string, name string) access.Time {
	t, _ := parseDate(get(name)) // whoever let the row in has checked it
	return t
}

// dayAfter is when a last day is over: it is worked, and a date without a time is
// its midnight.
const dayAfter = access.Time(24 * time.Hour / time.Microsecond)

// StateAt derives where an identity is in its life from its attributes. What the
// source says counts, but nobody works before their start or after their end.
func StateAt(get func(attribute string) string, now access.Time) access.IdentityState {
	said, start, end := access.IdentityState(get("state")), dateOf(get, "start"), dateOf(get, "end")
	switch {
	case said == access.Terminated || end != 0 && end+dayAfter <= now:
		return access.Terminated
	case said != "" && said != access.Active:
		return said
	case start > now:
		return access.PreHire
	}
	return access.Active
}

// edges are when StateAt, or a contract, changes by itself.
func edges(get func(attribute string) string) []access.Time {
	list := []access.Time{dateOf(get, "start")}
	if end := dateOf(get, "contract_end"); end != 0 {
		for _, before := range []access.Time{30, 14, 3, 0, -1} { // whoever sponsors them is warned; then it is over
			list = append(list, end-before*dayAfter)
		}
	}
	if end := dateOf(get, "end"); end != 0 {
		list = append(list, end, end+dayAfter)
	}
	return list
}
