package ldap

import (
	"strings"
	"testing"
)

func TestMarkPassed(t *testing.T) {
	const (
		one   = "20260101120000.000001Z#000000#001#000000"
		two   = "20260101120000.000002Z#000000#002#000000"
		later = "20260101120005.000000Z#000000#001#000000"
	)
	for name, test := range map[string]struct {
		was, now standing
		says     string
	}{
		"nothing happened":     {standing{Server: "a", Count: "7"}, standing{Server: "a", Count: "7"}, ""},
		"more digits":          {standing{Server: "a", Count: "999"}, standing{Server: "a", Count: "1000"}, ""},
		"set back":             {standing{Server: "a", Count: "1000"}, standing{Server: "a", Count: "999"}, "set back"},
		"another controller":   {standing{Server: "a", Count: "7"}, standing{Server: "b", Count: "9"}, "another server"},
		"another filter":       {standing{Reading: "x", Count: "7"}, standing{Reading: "y", Count: "7"}, "set otherwise"},
		"one of two went on":   {standing{Count: one + " " + two}, standing{Count: later + " " + two}, ""},
		"one of two lags":      {standing{Count: later + " " + two}, standing{Count: one + " " + two}, "lags behind"},
		"one of two is absent": {standing{Count: one + " " + two}, standing{Count: later}, "lags behind"},
	} {
		got := test.was.passed(test.now)
		if (got == "") != (test.says == "") || !strings.Contains(got, test.says) {
			t.Errorf("%s: %q, want %q", name, got, test.says)
		}
	}
	if got := suppliers(two + " " + one); strings.Join(got, " ") != "001 002" {
		t.Errorf("suppliers: %q", got)
	}
}

// Whatever a mark holds, it is taken or refused, and what is taken comes back the same.
func FuzzMark(f *testing.F) {
	f.Add(`{"v":1,"server":"000","reading":"x","count":"20260101120000.000001Z#000000#000#000000"}`)
	f.Add(`{"v":1,"server":"a","count":"-1"}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, mark string) {
		p, ok := parseStanding(mark)
		if !ok {
			return
		}
		again, ok := parseStanding(p.String())
		if p.String() != "" && (!ok || again != p) {
			t.Fatalf("%q became %q", mark, p.String())
		}
		_ = p.passed(standing{Server: p.Server, Reading: p.Reading, Count: p.Count})
	})
}
