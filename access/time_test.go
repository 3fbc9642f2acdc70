package access

import (
	"testing"
	"time"
)

// An end at the epoch is an end: zero would mean that there is none.
func TestTimeOf(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		want Time
	}{
		{time.Time{}, 0},
		{time.Unix(0, 0), 1},
		{time.Unix(0, 999), 1},
		{time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), 1},
		{time.Unix(1, 0), 1_000_000},
		{time.Unix(-1, 0), -1_000_000},
	} {
		if got := TimeOf(tt.at); got != tt.want {
			t.Errorf("%s is %d, want %d", tt.at, got, tt.want)
		}
	}
}
