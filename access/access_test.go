package access

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// External ids sort as keys do, come back as they went, and never parse as
// another type's.
func TestIDsSortAndRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := IdentityID(rapid.Int64Range(1, math.MaxInt64).Draw(t, "a"))
		b := IdentityID(rapid.Int64Range(1, math.MaxInt64).Draw(t, "b"))
		if (a < b) != (a.String() < b.String()) && a != b {
			t.Fatalf("%d %d sort as %s %s", a, b, a, b)
		}
		back, err := ParseID[identityTag](a.String())
		if err != nil || back != a {
			t.Fatalf("%s parsed as %d, %v", a, back, err)
		}
		if _, err := ParseID[accountTag](a.String()); !errors.Is(err, ErrID) {
			t.Fatalf("%s parsed as an account", a)
		}
		ref, err := ParseRef(a.String())
		if err != nil || ref != a.Ref() {
			t.Fatalf("%s parsed as %v, %v", a, ref, err)
		}
	})
}

// TestLesson10_OneSpellingPerID: an id has exactly one spelling, so that nothing
// keyed on it can be reached under another.
func TestLesson10_OneSpellingPerID(t *testing.T) {
	good := IdentityID(77).String()
	for _, bad := range []string{
		"", "idn", "idn_", "idn_0", strings.ToUpper(good), " " + good, good + " ", good + "0",
		"idn_00000000000I1", "idn_0000000000000", "idn_8000000000000", "idn_-000000000001", "x" + good[1:],
	} {
		if id, err := ParseID[identityTag](bad); !errors.Is(err, ErrID) {
			t.Errorf("%q parsed as %d", bad, id)
		}
		if ref, err := ParseRef(bad); !errors.Is(err, ErrID) {
			t.Errorf("%q parsed as %v", bad, ref)
		}
	}
}

func TestIDsInJSON(t *testing.T) {
	in := Grant{ID: 3, Holder: AccountID(9).Ref(), Entitlement: 4, Mode: Eligible}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"holder":"acc_0000000000009"`) || !strings.Contains(string(b), `"mode":"eligible"`) {
		t.Fatalf("grant as JSON: %s", b)
	}
	var out Grant
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Fatalf("came back as %+v, %v", out, err)
	}
}

func TestIdentityValidate(t *testing.T) {
	base := Identity{ID: 1, Kind: Human, State: Active, Name: "Ana Sol"}
	tests := []struct {
		name string
		edit func(*Identity)
		want error
	}{
		{"valid", func(*Identity) {}, nil},
		{"blank name", func(i *Identity) { i.Name = " \t" }, ErrName},
		{"unknown kind", func(i *Identity) { i.Kind = "robot" }, ErrEnum},
		{"unknown state", func(i *Identity) { i.State = "rehired" }, ErrEnum},
		{"a human with an owner", func(i *Identity) { i.Owner = 2 }, ErrOwnedHuman},
		{"a service with an owner", func(i *Identity) { i.Kind, i.Owner = Service, 2 }, nil},
		{"third party without organisation", func(i *Identity) { i.ThirdParty = &ThirdParty{Sponsor: 2} }, ErrSponsor},
		{"sponsors themself", func(i *Identity) { i.ThirdParty = &ThirdParty{Organisation: "Acme", Sponsor: 1} }, ErrSponsor},
		{"affiliation backwards", func(i *Identity) { i.Affiliations = []Affiliation{{Start: 5, End: 4}} }, ErrPeriod},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := base
			tt.edit(&i)
			if err := i.Validate(); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestSystemValidate(t *testing.T) {
	base := System{ID: 1, Name: "db", Kind: "postgres"}
	tests := []struct {
		name string
		edit func(*System)
		want error
	}{
		{"valid", func(*System) {}, nil},
		{"no name", func(s *System) { s.Name = "" }, ErrName},
		{"no kind", func(s *System) { s.Kind = "" }, ErrName},
		{"unknown environment", func(s *System) { s.Environment = "prod" }, ErrEnum},
		{"unknown criticality", func(s *System) { s.Criticality = "tier0" }, ErrEnum},
		{"unknown data class", func(s *System) { s.DataClass = "secret" }, ErrEnum},
		{"runs on itself", func(s *System) { s.RunsOn = 1 }, ErrSelfHost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base
			tt.edit(&s)
			if err := s.Validate(); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// The design's table of required controls, row by row.
func TestRequiredControls(t *testing.T) {
	tests := []struct {
		tier       Tier
		kind       IdentityKind
		thirdParty bool
		want       string
		days       int
	}{
		{Tier0, Human, false, "owner review sod expiry vault rotate elevate isolate record enforce", 90},
		{Tier1, Human, false, "owner review sod expiry vault rotate elevate isolate record", 90},
		{Tier2, Human, false, "owner review sod expiry", 180},
		{Tier3, Human, false, "owner review", 365},
		{Tier0, Service, false, "owner review sod expiry vault rotate record", 90},
		{Tier1, Agent, false, "owner review sod vault rotate", 90},
		{Tier2, Service, false, "owner review rotate", 180},
		{Tier3, Agent, false, "owner review", 365},
		{Tier1, Service, true, "owner review sod expiry vault rotate isolate record", 90},
		{Tier2, Human, true, "owner review sod expiry isolate record", 180},
		{Tier3, Human, true, "owner review expiry", 365},
		{Unclassified, Human, false, "owner review sod expiry vault rotate elevate isolate record enforce", 90},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range RequiredControls(tt.tier, tt.kind, tt.thirdParty) {
			got = append(got, string(r.Control))
			if r.Control == ControlReview && r.Days != tt.days {
				t.Errorf("tier %d %s: review every %d days, want %d", tt.tier, tt.kind, r.Days, tt.days)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("tier %d %s third party %v: %v, want %s", tt.tier, tt.kind, tt.thirdParty, got, tt.want)
		}
	}
}

// The answer must not alias the table that the next caller reads.
func TestRequiredControlsAreACopy(t *testing.T) {
	first := RequiredControls(Tier3, Human, false)
	first[0].Control = ControlEnforce
	if slices.ContainsFunc(RequiredControls(Tier3, Human, false), func(r Requirement) bool { return r.Control == ControlEnforce }) {
		t.Fatal("a caller changed the table")
	}
}

func TestTimeText(t *testing.T) {
	var at Time
	if err := at.UnmarshalText([]byte("2026-01-02T03:04:05.000006Z")); err != nil || at != 1767323045000006 {
		t.Fatalf("%d, %v", at, err)
	}
	if b, _ := at.MarshalText(); string(b) != "2026-01-02T03:04:05.000006Z" {
		t.Fatalf("%s", b)
	}
	if err := at.UnmarshalText([]byte("yesterday")); !errors.Is(err, ErrEnum) {
		t.Fatal(err)
	}
}
