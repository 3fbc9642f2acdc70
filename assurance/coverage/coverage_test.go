package coverage

import (
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const days = 24 * time.Hour

func ago(d time.Duration) access.Time { return access.TimeOf(today.Add(-d)) }

// What the small company consists of.
const (
	erp           access.SystemID      = 1
	admins, reads access.EntitlementID = 1, 2
	ana, boss     access.IdentityID    = 1, 2
	anas          access.AccountID     = 1
)

// company is one person who holds one privileged entitlement all the time. Her boss
// answers for the system, which says what nobody should hold together.
func company() *graphtest.Facts {
	return &graphtest.Facts{
		Systems: []graph.SystemNode{{ID: erp, BusinessOwner: boss, Synced: ago(time.Minute)}},
		Entitlements: []graph.EntitlementNode{
			{
				ID: admins, System: erp, Kind: "role", Tier: access.Tier1, Conflicts: []access.EntitlementID{reads},
				Capabilities: []access.Capability{{Right: access.ChangeConfig, On: erp.Ref()}},
			},
			{ID: reads, System: erp, Kind: "role", Tier: access.Tier3},
		},
		Identities: []graph.IdentityNode{
			{ID: ana, Kind: access.Human, State: access.Active},
			{ID: boss, Kind: access.Human, State: access.Active},
			{ID: 9, Kind: access.Human, State: access.Terminated},
		},
		Accounts:    []graph.AccountNode{{ID: anas, System: erp, Kind: access.PersonAccount, Status: access.Enabled, Identities: []access.IdentityID{ana}}},
		Credentials: []graph.CredentialEdge{{ID: 1, Account: anas, Kind: access.Password, Changed: ago(30 * days)}},
		Grants:      []graph.GrantEdge{{ID: 1, Holder: anas.Ref(), Entitlement: admins}},
	}
}

// service makes the one holder a service.
func service(f *graphtest.Facts) {
	f.Identities[0] = graph.IdentityNode{ID: ana, Kind: access.Service, State: access.Active, Owner: boss}
	f.Accounts[0].Kind = access.ServiceAccount
}

func thirdParty(f *graphtest.Facts) { f.Identities[0].ThirdParty, f.Identities[0].Sponsor = true, boss }

func changed(at ...access.Time) func(f *graphtest.Facts) {
	return func(f *graphtest.Facts) {
		f.Credentials = nil
		for i, t := range at {
			f.Credentials = append(f.Credentials, graph.CredentialEdge{ID: access.CredentialID(i + 1), Account: anas, Kind: access.Password, Changed: t})
		}
	}
}

func both(list ...func(f *graphtest.Facts)) func(f *graphtest.Facts) {
	return func(f *graphtest.Facts) {
		for _, change := range list {
			change(f)
		}
	}
}

// stateOf is the state of a control of the grant of admins, the only one that is
// not of tier 3; "" is not required.
func stateOf(t *testing.T, m Matrix, control access.Control) (state access.ControlState) {
	t.Helper()
	for _, r := range m.Rows {
		if r.InPlace+r.Missing+r.Unknown+r.Excepted != r.Required {
			t.Errorf("%+v does not add up", r)
		}
		if r.Control != control || r.Tier == access.Tier3 {
			continue
		}
		if r.Required != 1 || state != "" {
			t.Fatalf("one grant is counted as more: %+v", m.Rows)
		}
		state = map[bool]access.ControlState{
			r.InPlace == 1: access.InPlace, r.Unknown == 1: access.Unknown,
			r.Excepted == 1: access.Excepted, r.Missing == 1: access.Missing,
		}[true]
	}
	return state
}

type factCase struct {
	name    string
	change  func(f *graphtest.Facts)
	control access.Control
	want    access.ControlState
}

func none(*graphtest.Facts) {}

var factCases = []factCase{
	{"the system has a business owner", none, access.ControlOwner, access.InPlace},
	{"the system has a technical owner", func(f *graphtest.Facts) {
		f.Systems[0].BusinessOwner, f.Systems[0].TechnicalOwner = 0, boss
	}, access.ControlOwner, access.InPlace},
	{"only the entitlement has an owner", func(f *graphtest.Facts) {
		f.Systems[0].BusinessOwner, f.Entitlements[0].Owner = 0, boss
	}, access.ControlOwner, access.InPlace},
	{"nobody owns anything", func(f *graphtest.Facts) { f.Systems[0].BusinessOwner = 0 }, access.ControlOwner, access.Missing},
	{"the entitlement's owner has left", func(f *graphtest.Facts) { f.Entitlements[0].Owner = 9 }, access.ControlOwner, access.Missing},
	{"the system's owner has left", func(f *graphtest.Facts) { f.Systems[0].BusinessOwner = 9 }, access.ControlOwner, access.Missing},
	{"a service with an owner", service, access.ControlOwner, access.InPlace},
	{"a service without", both(service, func(f *graphtest.Facts) { f.Identities[0].Owner = 0 }), access.ControlOwner, access.Missing},
	{"an unknown service", both(service, func(f *graphtest.Facts) { f.Accounts[0].Identities = nil }), access.ControlOwner, access.Missing},
	{"an account of nobody", func(f *graphtest.Facts) { f.Accounts[0].Identities = nil }, access.ControlOwner, access.InPlace},
	{"a third party with a sponsor", thirdParty, access.ControlOwner, access.InPlace},
	{"a third party without", both(thirdParty, func(f *graphtest.Facts) { f.Identities[0].Sponsor = 9 }), access.ControlOwner, access.Missing},

	{"conflicts are declared", none, access.ControlSoD, access.InPlace},
	{"nothing is declared", func(f *graphtest.Facts) { f.Entitlements[0].Conflicts = nil }, access.ControlSoD, access.Missing},
	{"a conflict is held", toxic, access.ControlSoD, access.Missing},

	{"no end", none, access.ControlExpiry, access.Missing},
	{"the grant ends", func(f *graphtest.Facts) { f.Grants[0].End = ago(-days) }, access.ControlExpiry, access.InPlace},
	{"the account ends", func(f *graphtest.Facts) { f.Accounts[0].Expires = ago(-days) }, access.ControlExpiry, access.InPlace},
	{"the contract ends", both(thirdParty, func(f *graphtest.Facts) { f.Identities[0].ContractEnd = ago(-days) }), access.ControlExpiry, access.InPlace},

	{"changed 30 days ago", none, access.ControlRotate, access.InPlace},
	{"changed 91 days ago", changed(ago(91 * days)), access.ControlRotate, access.Missing},
	{"one of two changed 91 days ago", changed(ago(days), ago(91*days)), access.ControlRotate, access.Missing},
	{"changed nobody knows when", changed(0), access.ControlRotate, access.Unknown},
	{"no credential is known", changed(), access.ControlRotate, access.Unknown},
	{"one is known", changed(0, ago(days)), access.ControlRotate, access.Unknown},
	{"one is known and too old", changed(0, ago(91*days)), access.ControlRotate, access.Missing},
	{"too old and not known", changed(ago(91*days), 0), access.ControlRotate, access.Missing},
	{"a service's at tier 2", both(service, tier(access.Tier2), changed(ago(91*days))), access.ControlRotate, access.InPlace},
	{"a service's at tier 2, older than a year", both(service, tier(access.Tier2), changed(ago(366*days))), access.ControlRotate, access.Missing},
	{"no account", func(f *graphtest.Facts) { f.Grants[0].Holder = ana.Ref() }, access.ControlRotate, access.InPlace},

	{"standing", none, access.ControlElevate, access.Missing},
	{"eligible", func(f *graphtest.Facts) { f.Grants[0].Mode = access.Eligible }, access.ControlElevate, access.InPlace},
	{"active", func(f *graphtest.Facts) { f.Grants[0].Mode = access.Activated }, access.ControlElevate, access.InPlace},
	{"a service", service, access.ControlElevate, ""},

	{"nobody reviews", none, access.ControlReview, access.Missing},
	{"nobody keeps its secret", none, access.ControlVault, access.Missing},
	{"nobody isolates", none, access.ControlIsolate, access.Missing},
	{"nobody records", none, access.ControlRecord, access.Missing},
	{"tier 1 needs no enforcement", none, access.ControlEnforce, ""},
	{"tier 0 does", tier(access.Tier0), access.ControlEnforce, access.Missing},
}

func tier(t access.Tier) func(f *graphtest.Facts) {
	return func(f *graphtest.Facts) { f.Entitlements[0].Tier = t }
}

func toxic(f *graphtest.Facts) {
	f.Grants = append(f.Grants, graph.GrantEdge{ID: 2, Holder: anas.Ref(), Entitlement: reads})
}

// Each state of each control follows from facts; of stale ones, nothing is in place.
func TestStates(t *testing.T) {
	for _, c := range factCases {
		t.Run(string(c.control)+": "+c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			if got := stateOf(t, Compute(f.View(t), today, nil), c.control); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for name, stale := range staleness {
				stale(&f.Systems[0])
				want := c.want
				if want == access.InPlace {
					want = access.Unknown
				}
				if got := stateOf(t, Compute(f.View(t), today, nil), c.control); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

var staleness = map[string]func(s *graph.SystemNode){
	"never read":     func(s *graph.SystemNode) { s.Synced, s.Failed, s.Cycle = 0, 0, 0 },
	"read long ago":  func(s *graph.SystemNode) { s.Synced, s.Failed, s.Cycle = ago(2*days), 0, 0 },
	"not read since": func(s *graph.SystemNode) { s.Synced, s.Failed, s.Cycle = ago(2*time.Minute), ago(time.Minute), 0 },
	"its own cycle": func(s *graph.SystemNode) {
		s.Synced, s.Failed, s.Cycle = ago(2*time.Minute), 0, time.Minute.Microseconds()
	},
	"a day too late":    func(s *graph.SystemNode) { s.Synced, s.Failed, s.Cycle = ago(3*days), 0, (2 * days).Microseconds() },
	"a moment too late": func(s *graph.SystemNode) { s.Synced, s.Failed, s.Cycle = ago(days)-1, 0, days.Microseconds() },
}

// A system that says how often it is read is believed.
func TestOwnCycle(t *testing.T) {
	f := company()
	f.Systems[0].Synced, f.Systems[0].Cycle = ago(days), days.Microseconds()
	if got := stateOf(t, Compute(f.View(t), today, nil), access.ControlOwner); got != access.InPlace {
		t.Errorf("got %q", got)
	}
}

// What counts: grants that usable accounts, or identities directly, hold.
func TestWhatCounts(t *testing.T) {
	tests := []struct {
		name   string
		change func(f *graphtest.Facts)
		want   int64
	}{
		{"an enabled account's", none, 1},
		{"a disabled account's", func(f *graphtest.Facts) { f.Accounts[0].Status = access.Disabled }, 0},
		{"an expired account's", func(f *graphtest.Facts) { f.Accounts[0].Expires = ago(0) }, 0},
		{"an identity's own", func(f *graphtest.Facts) { f.Grants[0].Holder = ana.Ref() }, 1},
		{"a group's", func(f *graphtest.Facts) { f.Grants[0].Holder = reads.Ref() }, 0},
		{"of nothing that is there", func(f *graphtest.Facts) { f.Grants[0].Entitlement = 77 }, 0},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			var n int64
			for _, r := range Compute(f.View(t), today, nil).Rows {
				if r.Control == access.ControlReview {
					n += r.Required
				}
			}
			if n != c.want {
				t.Errorf("%d grants need a review, want %d", n, c.want)
			}
		})
	}
}

func controlsOf(m Matrix, want Cell) (list []access.Control) {
	for _, r := range m.Rows {
		if want.Control = r.Control; r.Cell == want {
			list = append(list, r.Control)
		}
	}
	return list
}

// A third party's grants are cells of their own and need more; what is not
// classified needs what tier 0 needs.
func TestCells(t *testing.T) {
	tests := []struct {
		name   string
		change func(f *graphtest.Facts)
		cell   Cell
	}{
		{"a person", none, Cell{erp, access.Tier1, access.Human, false, ""}},
		{"a third party", both(thirdParty, tier(access.Tier2)), Cell{erp, access.Tier2, access.Human, true, ""}},
		{"a service", service, Cell{erp, access.Tier1, access.Service, false, ""}},
		{"an agent", both(service, func(f *graphtest.Facts) { f.Identities[0].Kind = access.Agent }), Cell{erp, access.Tier1, access.Agent, false, ""}},
		{"an account of nobody", func(f *graphtest.Facts) { f.Accounts[0].Identities = nil }, Cell{erp, access.Tier1, access.Human, false, ""}},
		{"not classified", tier(access.Unclassified), Cell{erp, access.Tier0, access.Human, false, ""}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			m := Compute(f.View(t), today, nil)
			var want []access.Control
			for _, need := range access.RequiredControls(c.cell.Tier, c.cell.IdentityKind, c.cell.ThirdParty) {
				want = append(want, need.Control)
			}
			if got := controlsOf(m, c.cell); !slices.Equal(got, want) || len(m.Rows) != len(want) {
				t.Errorf("got %v of %d, want %v", got, len(m.Rows), want)
			}
		})
	}
	f := company()
	both(thirdParty, tier(access.Tier2))(f)
	if got := controlsOf(Compute(f.View(t), today, nil), Cell{erp, access.Tier2, access.Human, true, ""}); !slices.Contains(got, access.ControlRecord) {
		t.Errorf("a third party's access at tier 2 is recorded: %v", got)
	}
}

// Tiers say how much access there is; what is not classified is tier 0's.
func TestTiers(t *testing.T) {
	f := company()
	f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: 3, System: erp, Tier: access.Unclassified})
	toxic(f)
	f.Grants = append(f.Grants,
		graph.GrantEdge{ID: 3, Holder: anas.Ref(), Entitlement: 3, Mode: access.Eligible},
		graph.GrantEdge{ID: 4, Holder: ana.Ref(), Entitlement: admins, Mode: access.Activated})
	want := map[access.Tier]TierCount{
		access.Tier0: {Entitlements: 1, Grants: 1, Eligible: 1},
		access.Tier1: {Entitlements: 1, Grants: 2, Standing: 1, Eligible: 1},
		access.Tier3: {Entitlements: 1, Grants: 1, Standing: 1},
	}
	m := Compute(f.View(t), today, nil)
	for _, tier := range access.Tiers {
		if m.Tiers[tier] != want[tier] {
			t.Errorf("tier %d: %+v, want %+v", tier, m.Tiers[tier], want[tier])
		}
	}
	if !slices.IsSortedFunc(m.Rows, func(a, b Row) int { return int(a.Tier - b.Tier) }) {
		t.Errorf("not in display order: %+v", m.Rows)
	}
}

// gapsOf are the findings of the facts, as they are kept; rules say which of them
// are accepted until a time.
func gapsOf(t *testing.T, f *graphtest.Facts, until access.Time, rules ...string) (gaps []Gap) {
	t.Helper()
	own := map[access.EntitlementID]access.Tier{}
	for _, e := range f.Entitlements {
		own[e.ID] = e.Tier
	}
	found := map[string]bool{}
	for _, d := range finding.Check(f.View(t), own, today, finding.DefaultLimits) {
		g := Gap{Rule: d.Rule, Subject: d.Subject}
		if slices.Contains(rules, d.Rule) {
			g.Until, found[d.Rule] = until, true
		}
		if slices.Contains(gapRules, d.Rule) {
			gaps = append(gaps, g)
		}
	}
	for _, r := range rules {
		if !found[r] {
			t.Fatalf("%s finds nothing here", r)
		}
	}
	return gaps
}
