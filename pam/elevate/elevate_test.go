package elevate

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/provision"
)

func TestEligibilityValidates(t *testing.T) {
	good := Eligibility{Holder: access.IdentityID(1).Ref(), Entitlement: 7, Terms: access.Terms{Most: time.Hour}, Reason: "on call"}
	tests := []struct {
		name string
		edit func(*Eligibility)
		want error
	}{
		{"nobody", func(e *Eligibility) { e.Holder = access.Ref{} }, ErrHolder},
		{"an account", func(e *Eligibility) { e.Holder = access.AccountID(1).Ref() }, ErrHolder},
		{"whoever has it", func(e *Eligibility) { e.Holder = access.EntitlementID(7).Ref() }, ErrHolder},
		{"no reason", func(e *Eligibility) { e.Reason = " \t" }, ErrReason},
		{"ended", func(e *Eligibility) { e.End = 5 }, ErrPeriod},
		{"ends before it starts", func(e *Eligibility) { e.Start, e.End = 30, 20 }, ErrPeriod},
		{"no terms", func(e *Eligibility) { e.Terms = access.Terms{} }, access.ErrTerms},
		{"somebody", func(*Eligibility) {}, nil},
		{"a role", func(e *Eligibility) { e.Holder = access.RoleID(1).Ref() }, nil},
	}
	for _, tt := range tests {
		e := good
		tt.edit(&e)
		if err := e.Validate(10); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, not %v", tt.name, err, tt.want)
		}
	}
	e := Eligibility{Start: 10, End: 20}
	for at, want := range map[access.Time]bool{9: false, 10: true, 19: true, 20: false} {
		if e.In(at) != want {
			t.Errorf("at %d it counts: %v", at, !want)
		}
	}
}

// What would keep an elevation from working is said before it is asked for.
func TestBears(t *testing.T) {
	good := provision.Bearing{ByItself: true, Account: 1, Login: "ana", Status: access.Enabled}
	for name, tt := range map[string]struct {
		edit func(*provision.Bearing)
		want error
	}{
		"by hand":     {func(b *provision.Bearing) { b.ByItself = false }, ErrByHand},
		"held":        {func(b *provision.Bearing) { b.Held = true }, ErrHeld},
		"under way":   {func(b *provision.Bearing) { b.Doubt = true }, ErrNotOff},
		"several":     {func(b *provision.Bearing) { *b = provision.Bearing{ByItself: true, Several: true} }, ErrNoAccount},
		"to be made":  {func(b *provision.Bearing) { *b = provision.Bearing{ByItself: true, ToMake: true} }, ErrNoAccount},
		"no account":  {func(b *provision.Bearing) { *b = provision.Bearing{ByItself: true} }, ErrNoAccount},
		"disabled":    {func(b *provision.Bearing) { b.Status = access.Disabled }, ErrDisabled},
		"locked":      {func(b *provision.Bearing) { b.Status = access.Locked }, ErrDisabled},
		"an account":  {func(*provision.Bearing) {}, nil},
		"made by now": {func(b *provision.Bearing) { b.Account = 0 }, nil},
	} {
		b := good
		tt.edit(&b)
		if err := bears(b); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, not %v", name, err, tt.want)
		}
	}
}

func TestTicketsURL(t *testing.T) {
	for _, to := range []string{"", "https://tracker.example.com/x", "https://{ticket}.example.com/{ticket}", "http://tracker.example.com/{ticket}", "https://user:pw@tracker.example.com/{ticket}", "ftp://localhost/{ticket}"} {
		if _, err := NewHTTPTickets(to, secret.Secret{}); !errors.Is(err, ErrTicketsURL) {
			t.Errorf("%s: %v", to, err)
		}
	}
	for _, to := range []string{"https://tracker.example.com/x/{ticket}", "http://127.0.0.1:1/{ticket}?full=1"} {
		if _, err := NewHTTPTickets(to, secret.Secret{}); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// A ticket's window is closed at its end, and open at its beginning.
func TestTicketWindow(t *testing.T) {
	a := TicketAnswer{ID: "C", Open: true, Systems: []string{"db"}, From: 10, Until: 20}
	for at, want := range map[access.Time]error{9: ErrTicketBad, 10: nil, 19: nil, 20: ErrTicketBad} {
		if err := a.allows("C", "db", at); !errors.Is(err, want) {
			t.Errorf("at %d: %v", at, err)
		}
	}
}
