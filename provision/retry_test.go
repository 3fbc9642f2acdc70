package provision

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// The kind of an error says how long it is believed to pass by itself.
func TestHowLongItIsTried(t *testing.T) {
	began := access.TimeOf(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		name  string
		err   error
		code  string
		lasts time.Duration // still tried before that, dead from then on
	}{
		{"unreachable", connector.ErrUnreachable.With("the system is down"), "system-unreachable", unreachableLasts},
		{"a lie", ErrDiffers, "not-performed", differsLasts},
		{"refused", connector.ErrCredentials, "system-credentials", refusedLasts},
		{"taken", connector.ErrTaken, "login-taken", 0},
		{"unsupported", connector.ErrUnsupported, "unsupported-change", 0},
		{"unknown", errors.New("canary"), "internal", unknownLasts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &Operation{Attempts: 3, Code: tt.code, Failing: began}
			at := func(d time.Duration) Failure { return failed(tt.err, o, access.TimeOf(began.Time().Add(d))) }
			if tt.lasts > 0 {
				if f := at(tt.lasts - time.Second); f.State != Failed || f.Code != tt.code || f.After <= 0 {
					t.Errorf("before its time: %+v", f)
				}
			}
			f := at(tt.lasts)
			if f.State != Dead || f.Code != tt.code || strings.Contains(f.Error, "canary") {
				t.Errorf("at last: %+v", f)
			}
			o.Code = "something-else"
			if f := at(100 * time.Hour); tt.lasts > 0 && f.State != Failed {
				t.Errorf("another reason begins anew: %+v", f)
			}
		})
	}
	if f := failed(ErrNoAccount, &Operation{}, began); f.State != Waiting || f.Code != codeNoAccount {
		t.Errorf("no account yet: %+v", f)
	}
}

// Pauses grow, are bounded, and differ from one operation to another.
func TestPauses(t *testing.T) {
	for attempts := range 30 {
		p := pause(attempts + 1)
		if p < firstPause || p > longestStop || attempts > 0 && p < pause(attempts) {
			t.Errorf("attempt %d is %s away", attempts+1, p)
		}
	}
	seen := map[time.Duration]bool{}
	for range 50 {
		d := jitter(time.Minute)
		if d < 48*time.Second || d > 72*time.Second {
			t.Errorf("a minute is %s", d)
		}
		seen[d] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d of 50 differ", len(seen))
	}
}

// A first password has something of each class, and no two are alike.
func TestFirstPasswords(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		s, err := newPassword()
		if err != nil {
			t.Fatal(err)
		}
		text := string(s.Reveal())
		for _, some := range []string{"abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "+-=.:@%"} {
			if !strings.ContainsAny(text, some) {
				t.Errorf("%q has nothing of %q", text, some)
			}
		}
		if len(text) != 24 || seen[text] {
			t.Errorf("%q", text)
		}
		seen[text] = true
	}
}

// What is held is more than the count, and more than the share.
func TestGuardHolds(t *testing.T) {
	l := Limits{Share: 0.1, Count: 20, AtOnce: 1, PerMinute: 1}
	for _, tt := range []struct {
		taken, accounts int64
		held            bool
	}{{20, 10, false}, {21, 1000, false}, {101, 1000, true}, {21, 0, true}, {100, 1000, false}} {
		if got := l.Holds(tt.taken, tt.accounts) != ""; got != tt.held {
			t.Errorf("%d of %d: held is %v", tt.taken, tt.accounts, got)
		}
	}
	for _, bad := range []Limits{{Share: 2, AtOnce: 1, PerMinute: 1}, {Count: -1, AtOnce: 1, PerMinute: 1}, {PerMinute: 1}, {AtOnce: 1}} {
		if err := bad.Validate(); !errors.Is(err, ErrLimits) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
