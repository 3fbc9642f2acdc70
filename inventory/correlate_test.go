package inventory

import (
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

func TestCorrelationRules(t *testing.T) {
	people := []Person{
		{ID: 1, Kind: access.Human, Number: "E1", Email: "ana.sol@example.com", Login: "asol", Name: "Ana Sol"},
		{ID: 2, Kind: access.Human, Number: "E2", Email: "ben@example.com", Login: "bray", Name: "Ben Ray"},
		{ID: 3, Kind: access.Human, Number: "E3", Name: "Jonas Reed"},
		{ID: 4, Kind: access.Human, Number: "E4", Name: "Jonas Reed"},
		{ID: 5, Kind: access.Service, Number: "svc-pay", Name: "Payroll service", Login: "svc_pay"},
		{ID: 6, Kind: access.Human, Number: "E6", Name: "Zoë Šimůnková-Åström", Login: "zsimunkova"},
	}
	tests := []struct {
		name     string
		account  Candidate
		identity access.IdentityID
		state    LinkState
		rule     string
	}{
		{"number", Candidate{Kind: access.PersonAccount, Login: "x", Number: "E2"}, 2, Confirmed, "number"},
		{"email in capitals", Candidate{Kind: access.PersonAccount, Login: "x", Email: "ANA.SOL@example.com"}, 1, Confirmed, "email"},
		{"login", Candidate{Kind: access.PersonAccount, Login: "ASOL"}, 1, Confirmed, "login"},
		{"admin affix", Candidate{Kind: access.AdminAccount, Login: "adm_asol"}, 1, Confirmed, "normalised-login"},
		{"domain", Candidate{Kind: access.PersonAccount, Login: `EXAMPLE\ana.sol`}, 1, Confirmed, "normalised-login"},
		{"from the name", Candidate{Kind: access.PersonAccount, Login: "rayb"}, 2, Confirmed, "login-from-name"},
		{"two of one name", Candidate{Kind: access.PersonAccount, Login: "reed", Name: "Jonas Reed"}, 0, Disputed, "name"},
		{"two logins from a name", Candidate{Kind: access.PersonAccount, Login: "jreed"}, 0, Disputed, "login-from-name"},
		{"accents", Candidate{Kind: access.PersonAccount, Login: "u77", Name: "Zoe Simunkova-Astrom"}, 6, Confirmed, "name"},
		{"last, first", Candidate{Kind: access.PersonAccount, Login: "u78", Name: "Ray, Ben"}, 2, Confirmed, "name"},
		{"a login that carries another's name", Candidate{Kind: access.PersonAccount, Login: "asol", Name: "Xu Wei Qiang"}, 0, Disputed, "login"},
		{"a stranger", Candidate{Kind: access.PersonAccount, Login: "kwest", Name: "Kim West"}, 0, "", ""},
		{"a service", Candidate{Kind: access.ServiceAccount, Login: "svc_pay"}, 5, Confirmed, "login"},
		{"a service named like a person", Candidate{Kind: access.ServiceAccount, Login: "asol"}, 0, "", ""},
		{"a shared account is nobody's", Candidate{Kind: access.SharedAccount, Login: "asol"}, 0, "", ""},
		{"an admin account is no service's", Candidate{Kind: access.AdminAccount, Login: "svc_pay"}, 0, "", ""},
	}
	m := newMatcher(indexOf(people), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := m.match(&tt.account, nil).link
			if l.Identity != tt.identity || l.State != tt.state || l.Rule != tt.rule {
				t.Fatalf("got %+v", l)
			}
			if l.State == Disputed && l.Evidence == "" {
				t.Fatal("a dispute without evidence cannot be decided")
			}
		})
	}
}

func TestKinds(t *testing.T) {
	for login, want := range map[string]access.AccountKind{
		"ana": access.PersonAccount, "svc_pay": access.ServiceAccount, "app-shop": access.ServiceAccount, "pc01$": access.ServiceAccount,
		"adm_ana": access.AdminAccount, "ana-adm": access.AdminAccount, "breakglass": access.BreakGlassAccount, "bg-1": access.BreakGlassAccount,
		"support": access.SharedAccount, "ops-team": access.SharedAccount, "deploy": access.SharedAccount, "adam": access.PersonAccount,
		"sabine": access.PersonAccount, "teamer": access.PersonAccount, "bottrop": access.PersonAccount,
	} {
		if got, why := kindOf(&connector.Account{Login: login}); got != want || why == "" {
			t.Errorf("%s is %s (%s), want %s", login, got, why, want)
		}
	}
	if got, _ := kindOf(&connector.Account{Login: "svc_x", Kind: access.BuiltInAccount}); got != access.BuiltInAccount {
		t.Error("what the system says comes first")
	}
}

func TestStateFollowsDates(t *testing.T) {
	now := access.TimeOf(time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC))
	tests := []struct {
		said       access.IdentityState
		start, end string
		want       access.IdentityState
	}{
		{"", "2020-01-01", "", access.Active},
		{"", "2027-01-01", "", access.PreHire},
		{"", "2020-01-01", "2026-11-22", access.Terminated},
		{"", "2020-01-01", "2026-11-23", access.Active}, // the last day is worked
		{access.Active, "2020-01-01", "2026-01-01", access.Terminated},
		{access.Suspended, "2020-01-01", "", access.Suspended},
		{access.Terminated, "2020-01-01", "", access.Terminated},
	}
	for _, tt := range tests {
		attributes := map[string]string{"state": string(tt.said), "start": tt.start, "end": tt.end}
		if got := StateAt(func(name string) string { return attributes[name] }, now); got != tt.want {
			t.Errorf("%q from %s to %s is %s, want %s", tt.said, tt.start, tt.end, got, tt.want)
		}
	}
}

func TestGuardCombinesShareAndCount(t *testing.T) {
	g := Guard{Share: 0.2, Count: 10}
	for _, tt := range []struct {
		removed, existing int64
		want              bool
	}{{10, 10, false}, {11, 20, true}, {11, 1000, false}, {201, 1000, true}, {200, 1000, false}} {
		if got := g.Refuses(tt.removed, tt.existing); got != tt.want {
			t.Errorf("%d of %d: %v", tt.removed, tt.existing, got)
		}
	}
}
