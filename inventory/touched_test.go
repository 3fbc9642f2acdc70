package inventory_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// restless is a company of a few dozen people and accounts that are called alike,
// in a directory whose accounts open a host's, which open a database's.
type restless struct {
	*across
	w        *world
	r        *rand.Rand
	people   map[int]string // the rows of the HR file
	systems  map[string]*scripted
	ids      map[string]access.SystemID
	accounts map[string]map[int]connector.Account
	enforced bool
}

var (
	restlessGiven  = []string{"Ana", "Anna", "Ben", "Benjamin", "Zoë", "Jörg", "Joerg", "Li", "Bob", "Robert", "Ngozi"}
	restlessFamily = []string{"Sol", "Solé", "Müller", "Mueller", "Miller", "Reed-Sol", "Okoye", "Okonkwo", "Braun"}
	restlessLogins = []string{"asol", "ASOL", "adm_asol", "ana.sol", "bmüller", "BMÜLLER", "bmuller", "lokoye", "u1", "u2", "u3", "svc_pay", "zreedsol", "EXAMPLE\\ben", "lmiller", "jmueller7", "k1", "k2", "k3", "k4", "k5"}
)

func oneOf(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func newRestless(t *testing.T, w *world, seed uint64) *restless {
	y := &restless{
		w: w, r: rand.New(rand.NewPCG(seed, 3)), people: map[int]string{}, //nolint:gosec // a sample
		systems: map[string]*scripted{}, ids: map[string]access.SystemID{}, accounts: map[string]map[int]connector.Account{},
		across: &across{t: t, db: w.db, s: service(w.db)},
	}
	for _, name := range restlessSystems {
		s := &scripted{}
		y.s.Connectors[name] = s.spec()
		id, err := y.s.AddSystem(asTest(), inventory.System{System: access.System{Name: name, Kind: name}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		y.systems[name], y.ids[name], y.accounts[name] = s, id, map[int]connector.Account{}
	}
	for i := range 25 {
		y.person(i)
		for _, name := range restlessSystems {
			y.account(name, i)
		}
	}
	none := inventory.OwnRule{Name: "none", By: inventory.ByLogin, Expression: `""`, Score: 1}
	own := inventory.OwnRule{Name: "own", By: inventory.ByLogin, Expression: `account.login.startsWith("u") ? "asol" : ""`, Score: 70}
	for _, o := range []inventory.OwnRule{none, own} {
		if err := y.s.AddRule(asTest(), o); err != nil {
			t.Fatal(err)
		}
	}
	if err := y.s.SetRuleMode(asTest(), "own", policy.Enforce, "a test"); err != nil {
		t.Fatal(err)
	}
	return y
}

var restlessSystems = []string{"corp", "host", "base"}

// person makes one anew, or lets them go.
func (y *restless) person(i int) {
	if y.r.IntN(8) == 0 {
		delete(y.people, i)
		return
	}
	name := oneOf(y.r, restlessGiven) + " " + oneOf(y.r, restlessFamily)
	login, email, kind := "", "", "human"
	if y.r.IntN(3) == 0 {
		login = oneOf(y.r, restlessLogins)
	}
	if y.r.IntN(3) == 0 {
		email = fmt.Sprintf("%s@example.com", strings.ReplaceAll(oneOf(y.r, restlessLogins), "\\", "."))
	}
	if y.r.IntN(6) == 0 {
		name, kind = oneOf(y.r, restlessLogins), "service"
	}
	y.people[i] = fmt.Sprintf("E%d,%s,%s,%s,%s", i, name, email, login, kind)
}

// account makes one anew, or lets it go.
func (y *restless) account(system string, i int) {
	if y.r.IntN(8) == 0 {
		delete(y.accounts[system], i)
		return
	}
	a := connector.Account{ID: fmt.Sprint(i), Login: oneOf(y.r, restlessLogins), Status: access.Enabled}
	if y.r.IntN(3) > 0 {
		a.DisplayName = oneOf(y.r, restlessGiven) + " " + oneOf(y.r, restlessFamily)
	}
	if y.r.IntN(4) == 0 {
		a.Email = strings.ToUpper(oneOf(y.r, restlessLogins)) + "@example.com"
	}
	if y.r.IntN(5) == 0 {
		a.Number = fmt.Sprintf("E%d", y.r.IntN(25))
	}
	if system != "corp" {
		// What opens it is named by native id here, and may be of its own system: a circle.
		for range y.r.IntN(3) {
			by := connector.Target{Kind: connector.OnAccount, ID: fmt.Sprint(y.r.IntN(25))}
			if below := map[string]string{"host": "corp", "base": "host"}[system]; y.r.IntN(4) > 0 {
				by = connector.Target{Kind: connector.OnAccount, ID: oneOf(y.r, restlessLogins), System: below}
			}
			a.OpenedBy = append(a.OpenedBy, by)
		}
	}
	y.accounts[system][i] = a
}

func (y *restless) sync() {
	y.t.Helper()
	lines := slices.SortedFunc(maps.Values(y.people), cmp.Compare[string])
	y.w.write(y.t, "hr.csv", "number,name,email,login,kind\n"+strings.Join(lines, "\n")+"\n")
	if _, err := y.s.SyncSource(asTest(), mustSource(asTest(), y.s), inventory.SyncOptions{AcceptRemovals: true}); err != nil {
		y.t.Fatal(err)
	}
	for _, name := range restlessSystems {
		s := y.systems[name]
		s.records = nil
		for _, i := range slices.Sorted(maps.Keys(y.accounts[name])) {
			a := y.accounts[name][i]
			s.records = append(s.records, connector.Record{Account: &a})
		}
		y.across.sync(y.ids[name])
	}
}

// decide lets a person decide about some account.
func (y *restless) decide() {
	list := y.w.everyCandidate(y.t)
	d := inventory.Decision{Account: list[y.r.IntN(len(list))].ID, Reason: "a test", Replace: true}
	if id, err := y.s.ResolveIdentity(asTest(), fmt.Sprintf("E%d", y.r.IntN(25))); err == nil {
		d.Identity = id
	}
	if err := y.s.Decide(asTest(), d); err != nil {
		y.t.Fatal(err)
	}
}

// everything correlates all accounts: the rules are others, though they find the same.
func (y *restless) everything() inventory.Correlation {
	y.t.Helper()
	y.enforced = !y.enforced
	mode := map[bool]policy.Mode{true: policy.Enforce, false: policy.Observe}[y.enforced]
	if err := y.s.SetRuleMode(asTest(), "none", mode, "a test"); err != nil {
		y.t.Fatal(err)
	}
	return y.correlate()
}

func (y *restless) correlate() inventory.Correlation {
	y.t.Helper()
	if _, err := y.db.Sequence(asTest()); err != nil {
		y.t.Fatal(err)
	}
	c, err := y.s.Correlate(asTest())
	if err != nil {
		y.t.Fatal(err)
	}
	return c
}

// Invariant 9: whatever changed, looking at what it can touch ends as looking at everything
// does; and once more nothing changes.
func TestTouchedIsEnough(t *testing.T) {
	for seed := range uint64(testkit.Rounds(1, 2, 20)) {
		onEach(t, 1, func(t *testing.T, w *world) {
			y := newRestless(t, w, seed)
			rules := map[string]int{}
			for round := range 24 {
				for range 1 + y.r.IntN(3) {
					if y.r.IntN(2) == 0 {
						y.person(y.r.IntN(25))
					} else {
						y.account(oneOf(y.r, restlessSystems), y.r.IntN(25))
					}
				}
				y.sync()
				if y.r.IntN(4) == 0 {
					y.decide()
				}
				y.correlate()
				if c := y.correlate(); c.Accounts != 0 {
					t.Fatalf("round %d: nothing changed: %+v", round, c)
				}
				if round%3 == 2 { // between, keys grow old
					y.compare(round)
					for _, a := range w.everyCandidate(t) {
						rules[string(a.Link.State)+" "+a.Link.Rule]++
					}
				}
			}
			t.Logf("%v", rules)
		})
	}
}

// compare looks at everything and finds nothing else.
func (y *restless) compare(round int) {
	y.t.Helper()
	before := dumpOf(y.t, y.db)
	c := y.everything()
	for _, d := range c.Effect.First {
		y.t.Logf("%s: was %+v, is %+v", d.Account, d.Was, d.Now)
	}
	if c.Changed != 0 || c.Accounts < 40 {
		y.t.Fatalf("round %d: looking at everything finds otherwise: %+v", round, c)
	}
	if after := dumpOf(y.t, y.db); !slices.Equal(before, after) {
		y.t.Fatal(difference(after, before))
	}
}
