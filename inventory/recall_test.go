package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// tally is what became of the accounts of one variation.
type tally struct {
	accounts, named, blocked int // of those that bear a name, how many share a block with the true one
	compared, capped         int
	right                    int
	among, first3, disputed  int // between the true one and others; among the first three; between others
	missed, wrong, namesake  int // namesake: wrong, but it bears the name of whom it was given to
}

func (t *tally) sum(y tally) {
	t.accounts, t.named, t.blocked, t.compared, t.capped = t.accounts+y.accounts, t.named+y.named, t.blocked+y.blocked, t.compared+y.compared, t.capped+y.capped
	t.right, t.among, t.first3, t.disputed = t.right+y.right, t.among+y.among, t.first3+y.first3, t.disputed+y.disputed
	t.missed, t.namesake, t.wrong = t.missed+y.missed, t.namesake+y.namesake, t.wrong+y.wrong
}

// row is a line of the table, in shares of a hundred.
func (t *tally) row(what string) string {
	return fmt.Sprintf("%-58s %6.1f %8d  %6.1f %6.1f %6.1f %6.1f %6.1f %6.1f %6.2f", what, 100*float64(t.blocked)/float64(max(1, t.named)), t.compared/max(1, t.accounts),
		t.share(t.right), t.share(t.among), t.share(t.first3), t.share(t.disputed), t.share(t.missed), t.share(t.namesake), t.share(t.wrong))
}

func (t *tally) share(n int) float64 { return 100 * float64(n) / float64(max(1, t.accounts)) }

// measure gives accounts to people in one way, and sees what becomes of them.
func (p *population) measure(m *matcher, v variation, accounts int) (t tally) {
	for n := 0; n < accounts; n++ {
		who := &p.people[p.r.IntN(len(p.people))]
		name, login, said := v.vary(p, who)
		if !said {
			continue
		}
		t.accounts++
		if name != "" {
			t.named++
			if shareBlock(plainName(name), plainName(who.Name)) {
				t.blocked++
			}
		}
		a := Candidate{ID: access.AccountID(n + 1), Kind: access.PersonAccount, Login: login, Name: strings.TrimSpace(name)}
		o := m.match(&a, nil)
		t.compared += o.compared
		if o.capped {
			t.capped++
		}
		truth, _ := m.x.byID(who.ID)
		switch {
		case o.link.State == Confirmed && o.link.Identity == who.ID:
			t.right++
		case o.link.State == Confirmed && m.bears(&a, o.found[0]):
			t.namesake++
		case o.link.State == Confirmed:
			t.wrong++
		case o.link.State == Disputed && slices.Contains(o.found, truth):
			t.among++
			if slices.Index(o.found, truth) < 3 {
				t.first3++
			}
		case o.link.State == Disputed:
			t.disputed++
		default:
			t.missed++
		}
	}
	return t
}

// bears reports whether an account bears the name of somebody, as people write names.
func (m *matcher) bears(a *Candidate, i int32) bool {
	p, _ := m.x.person(i)
	return a.Name != "" && sameName(spell(a.Name), spell(p.Name))
}

// namesakes counts people who share their whole name with another.
func (p *population) namesakes() (n int) {
	same := map[string]int{}
	for i := range p.people {
		same[plainName(p.people[i].Name)]++
	}
	for _, k := range same {
		if k > 1 {
			n += k
		}
	}
	return n
}

// strangers are accounts of people whom no source knows, who are called as people are.
func (p *population) strangers(m *matcher, accounts int) (t tally) {
	other := newPopulation(accounts, 99)
	for i := range other.people {
		a := Candidate{ID: access.AccountID(i + 1), Kind: access.PersonAccount, Login: p.uninformative(), Name: other.people[i].Name}
		o := m.match(&a, nil)
		t.accounts++
		t.compared += o.compared
		switch o.link.State {
		case Confirmed:
			if m.bears(&a, o.found[0]) {
				t.namesake++
			} else {
				t.wrong++
			}
		case Disputed:
			t.disputed++
		default:
			t.missed++
		}
	}
	return t
}

const (
	recallPeople   = 30_000
	recallAccounts = 400 // of each variation
)

// floors are the least share of true pairs that share a blocking key, where it is
// not nearly all.
var floors = map[string]float64{"a typo in each of two parts": 92}

// Blocking loses hardly a pair, and compares a hundredth of all; and the rules are
// hardly ever wrong about an account, unless it bears another's name: they leave
// to a person what is doubtful. The log is the table in bench/RESULTS.md.
func TestBlockingRecall(t *testing.T) {
	p := newPopulation(recallPeople, 1)
	m := newMatcher(indexOf(p.people), nil)
	t.Logf("%d people, %d of them share their name with another", recallPeople, p.namesakes())
	t.Logf("%-58s %6s %8s  %6s %6s %6s %6s %6s %6s %6s", "", "block", "compared", "right", "among", "first3", "other", "missed", "bears", "wrong")
	var all tally
	for _, v := range variations {
		y := p.measure(&m, v, recallAccounts)
		t.Log(y.row(v.what))
		if floor := cmp.Or(floors[v.what], 99.5); y.named > 0 && y.share(y.blocked) < floor {
			t.Errorf("%s: %.1f %% of the true pairs share a block, fewer than %.1f", v.what, y.share(y.blocked), floor)
		}
		if y.share(y.wrong) > 1 {
			t.Errorf("%s: %d of %d are wrong", v.what, y.wrong, y.accounts)
		}
		all.sum(y)
	}
	strangers := p.strangers(&m, 5*recallAccounts)
	t.Log(all.row("all"))
	t.Log(strangers.row("strangers"))
	if all.share(all.wrong) > 0.1 || strangers.wrong > 0 {
		t.Errorf("%d of %d are wrong, and %d of %d strangers", all.wrong, all.accounts, strangers.wrong, strangers.accounts)
	}
	if perAccount := all.compared / all.accounts; perAccount > recallPeople/50 {
		t.Errorf("%d names are compared for an account", perAccount)
	}
	if all.capped > 0 {
		t.Errorf("%d accounts have more names to compare than are", all.capped)
	}
}

// Where there are more names than are compared, accounts are counted, and what is
// lost by it is little: the rarest keys come first.
func TestTheCapLosesLittle(t *testing.T) {
	p := newPopulation(recallPeople, 2)
	full := newMatcher(indexOf(p.people), nil)
	capped := full
	capped.most = 100
	bitten, lost := 0, 0
	for n := range 2_000 {
		who := &p.people[p.r.IntN(len(p.people))]
		a := Candidate{ID: access.AccountID(n + 1), Kind: access.PersonAccount, Login: p.uninformative(), Name: p.typo(who.Name)}
		truth, _ := full.x.byID(who.ID)
		all, some := full.match(&a, nil), capped.match(&a, nil)
		if some.capped {
			bitten++
		} else if all.link != some.link {
			t.Fatalf("%q: not capped, and yet %+v, not %+v", a.Name, some.link, all.link)
		}
		if slices.Contains(all.found, truth) && !slices.Contains(some.found, truth) {
			lost++
		}
	}
	t.Logf("of 2,000 accounts %d are capped at %d names, and %d lose the true one", bitten, capped.most, lost)
	if bitten < 500 || lost > bitten/5 {
		t.Errorf("%d are capped, %d lose the true one", bitten, lost)
	}
}
