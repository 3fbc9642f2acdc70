package ldap

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
)

// timestamp reads a GeneralizedTime (RFC 4517 3.3.13); the zero Time where it is
// none. Fractions are dropped.
func timestamp(s string) access.Time {
	if len(s) < len("2006010215Z") || len(s) > 40 {
		return 0
	}
	zone := strings.IndexAny(s, "Z+-")
	if zone < 0 {
		return 0
	}
	digits, _, _ := strings.Cut(strings.ReplaceAll(s[:zone], ",", "."), ".")
	layouts := map[int]string{10: "2006010215", 12: "200601021504", 14: "20060102150405"}
	layout := layouts[len(digits)]
	if layout == "" {
		return 0
	}
	t, err := time.Parse(layout, digits)
	if s[zone] != 'Z' && err == nil {
		t, err = time.Parse(layout+"-0700", digits+s[zone:])
	}
	if err != nil || t.Year() < 1900 {
		return 0
	}
	return access.TimeOf(t.UTC())
}

const (
	filetimeTick  = 10_000_000      // hundreds of nanoseconds in a second
	filetimeEpoch = -11_644_473_600 // 1601, in seconds since 1970
)

// filetime reads a count of hundreds of nanoseconds since 1601. Nought and the
// largest number are no time.
func filetime(s string) access.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n == math.MaxInt64 {
		return 0
	}
	return access.TimeOf(time.Unix(n/filetimeTick+filetimeEpoch, n%filetimeTick*100))
}

// filetimeOf writes one; without an end it is nought.
func filetimeOf(at access.Time) string {
	if at == 0 {
		return "0"
	}
	t := at.Time()
	return strconv.FormatInt((t.Unix()-filetimeEpoch)*filetimeTick+int64(t.Nanosecond()/100), 10)
}

const day = 24 * time.Hour

// days reads a count of days since 1970, as shadow(5) has them.
func days(s string) (n int64, ok bool) {
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil && n >= 0
}

func dayTime(n int64) access.Time {
	if n == 0 {
		return access.TimeOf(time.Unix(1, 0)) // zero would be "no end"
	}
	return access.TimeOf(time.Unix(n*int64(day/time.Second), 0))
}
