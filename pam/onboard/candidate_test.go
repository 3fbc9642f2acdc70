package onboard

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	host, tool    access.SystemID      = 1, 2
	root, readers access.EntitlementID = 1, 2
)

// town is one host, with an account of every kind.
func town() *graphtest.Facts {
	account := func(id access.AccountID, kind access.AccountKind, of ...access.IdentityID) graph.AccountNode {
		return graph.AccountNode{ID: id, System: host, Kind: kind, Status: access.Enabled, Interactive: true, Identities: of}
	}
	grant := func(id access.GrantID, of access.AccountID, e access.EntitlementID) graph.GrantEdge {
		return graph.GrantEdge{ID: id, Holder: of.Ref(), Entitlement: e}
	}
	return &graphtest.Facts{
		Systems:      []graph.SystemNode{{ID: host}, {ID: tool}},
		Entitlements: []graph.EntitlementNode{{ID: root, System: host, Tier: access.Tier0}, {ID: readers, System: host, Tier: access.Tier3}},
		Identities:   []graph.IdentityNode{{ID: 1, Kind: access.Human, State: access.Active}, {ID: 2, Kind: access.Human, State: access.Active}},
		Accounts: []graph.AccountNode{
			account(1, access.PersonAccount, 1), account(2, access.AdminAccount, 1), account(3, access.ServiceAccount), account(4, access.SharedAccount, 1, 2),
			account(5, access.BreakGlassAccount), account(6, access.BuiltInAccount), account(7, access.ServiceAccount), account(8, access.ServiceAccount),
		},
		Grants: []graph.GrantEdge{grant(1, 1, root), grant(2, 2, root), grant(3, 3, root), grant(4, 4, readers), grant(5, 5, root), grant(6, 6, root), grant(7, 7, readers), grant(8, 8, root)},
	}
}

func find(t *testing.T, f *graphtest.Facts, change func(k *known)) []Candidate {
	t.Helper()
	k := &known{view: f.View(t), now: access.TimeOf(today), systems: map[access.SystemID]System{
		host: {Kind: "linux", Keeps: []connector.SecretKind{connector.Password, connector.SSHKey}, Own: 8}, tool: {Kind: "csv"},
	}}
	if change != nil {
		change(k)
	}
	return k.candidates()
}

func of(list []Candidate, id access.AccountID) (found []Candidate) {
	return slices.DeleteFunc(slices.Clone(list), func(c Candidate) bool { return c.Account != id })
}

// Invariants 1 and 2, refusals first.
func TestWhatIsNoCandidate(t *testing.T) {
	for name, c := range map[string]struct {
		account access.AccountID
		change  func(f *graphtest.Facts)
		known   func(k *known)
	}{
		"a person's own account":        {1, nil, nil},
		"one that gives little":         {7, nil, nil},
		"one that is shut":              {3, func(f *graphtest.Facts) { f.Accounts[2].Status = access.Disabled }, nil},
		"one that nobody signs in with": {3, func(f *graphtest.Facts) { f.Accounts[2].Interactive = false }, nil},
		"one that nothing opens": {3, func(f *graphtest.Facts) {
			f.Credentials = []graph.CredentialEdge{{ID: 1, Account: 2, Kind: access.Password}}
		}, nil},
		"one that a safe has": {3, nil, func(k *known) { k.kept = map[access.AccountID][]Kind{3: {Password}} }},
	} {
		f := town()
		if c.change != nil {
			c.change(f)
		}
		if list := of(find(t, f, c.known), c.account); len(list) != 0 {
			t.Errorf("%s is one: %+v", name, list)
		}
	}
}

func TestWhatIsNotTakenOver(t *testing.T) {
	for name, c := range map[string]struct {
		account access.AccountID
		change  func(f *graphtest.Facts)
		known   func(k *known)
		why     string
	}{
		"Writ's own":                    {8, nil, nil, "Writ itself signs in"},
		"what the system does not keep": {3, nil, func(k *known) { k.systems[host] = System{Kind: "csv"} }, "it takes a person"},
		"what lies in a draft":          {3, func(f *graphtest.Facts) { f.Systems[0].Draft = true }, nil, "draft"},
		"what is in maintenance":        {3, func(f *graphtest.Facts) { f.Systems[0].Paused = access.TimeOf(today.Add(time.Hour)) }, nil, "maintenance"},
	} {
		f := town()
		if c.change != nil {
			c.change(f)
		}
		if list := of(find(t, f, c.known), c.account); len(list) != 1 || !strings.Contains(list[0].Not, c.why) {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

func TestCandidates(t *testing.T) {
	f := town()
	f.Credentials = []graph.CredentialEdge{
		{ID: 1, Account: 3, Kind: access.Password},
		{ID: 2, Account: 3, Kind: access.SSHKey},
		{ID: 3, Account: 3, Kind: access.SSHKey},
		{ID: 2, Account: 2, Kind: access.SSHKey},
		{ID: 4, Account: 4, Kind: access.Password},
		{ID: 5, Account: 5, Kind: access.Password},
		{ID: 6, Account: 6, Kind: access.Password},
	}
	f.Accounts[2].UsageKnown, f.Accounts[2].LastUsed = true, access.TimeOf(today.Add(-time.Hour))
	list := find(t, f, func(k *known) { k.places = []Place{{ID: 5, System: tool}} })
	var got []string
	for _, c := range list {
		if c.Not == "" {
			got = append(got, c.Account.String()+" "+string(c.Kind))
		}
	}
	want := []string{}
	for _, x := range []struct {
		id   access.AccountID
		kind Kind
	}{{2, SSHKey}, {3, Password}, {3, SSHKey}, {5, Password}, {6, Password}, {4, Password}} {
		want = append(want, x.id.String()+" "+string(x.kind))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the candidates are\n%v\nwant\n%v", got, want)
	}
	if last := list[len(list)-1]; last.Kind != Embedded || last.Place != 5 || last.Not == "" {
		t.Errorf("the embedded one is %+v", last)
	}
	for _, c := range of(list, 3) {
		warned := strings.Join(c.Warnings, "; ")
		if !strings.Contains(warned, "it was used on 2026-11-24") || (c.Kind == SSHKey) != strings.Contains(warned, "opens 1 other accounts too") || c.Kind == SSHKey && c.Keys != 2 {
			t.Errorf("%s of a service that is used: %+v", c.Kind, c)
		}
	}
	if c := of(list, 4)[0]; c.Consumers != 2 || !slices.Contains(c.Why, "it is a shared account") || !slices.Contains(c.Why, "2 people use it") {
		t.Errorf("the shared one: %+v", c)
	}
}

func TestTheGuardTakesBothShareAndCount(t *testing.T) {
	many := func(n int) []Candidate { return slices.Repeat([]Candidate{{System: host}}, n) }
	name := func(access.SystemID) string { return "web1" }
	for _, c := range []struct {
		taken, all int
		holds      bool
	}{{20, 20, false}, {21, 21, true}, {21, 209, true}, {21, 210, false}, {500, 10_000, false}, {0, 0, false}} {
		if why := guard(many(c.taken), func(access.SystemID) int { return c.all }, name); (why != "") != c.holds {
			t.Errorf("%d of %d: %q", c.taken, c.all, why)
		}
	}
}

func TestAsksThatAreNone(t *testing.T) {
	for _, a := range []Ask{{}, {Safe: 1, Every: time.Minute}, {Safe: 1, Every: -time.Hour}, {Safe: 1, Every: 11 * 366 * 24 * time.Hour}, {Safe: 1, Query: Query{Accounts: make([]access.AccountID, 1001)}}} {
		if a.Validate() == nil {
			t.Errorf("%+v is one", a)
		}
	}
}

// What systems call their accounts becomes no more than a name.
func TestNamesOfSecrets(t *testing.T) {
	for _, c := range []struct {
		label access.Label
		kind  Kind
		want  string
	}{
		{access.Label{Name: "root", System: "web1"}, Password, "root at web1"},
		{access.Label{Name: "root", System: "web1"}, SSHKey, "root at web1 (key)"},
		{access.Label{}, Password, access.AccountID(7).String()},
		{access.Label{Name: "a\x1b[31m\u202eb\n c", System: "x"}, Password, "a [31m b c at x"},
	} {
		if got := secretName(c.label, Candidate{Account: 7, Kind: c.kind}); got != c.want {
			t.Errorf("%+v is called %q, want %q", c.label, got, c.want)
		}
	}
	if got := secretName(access.Label{Name: strings.Repeat("é", 4000)}, Candidate{}); len([]rune(got)) > maxName {
		t.Errorf("a name of %d letters", len([]rune(got)))
	}
}
