package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

// outcome is what the rules say of one account.
type outcome struct {
	link     Link
	found    []int32 // whom it is about: one, or those whom a dispute is between
	named    bool    // it is disputed because the account bears another's name
	keys     []AccountKey
	compared int  // names that were compared
	capped   bool // more would have been than maxFuzzy
}

// matcher runs rules over what is known of people.
type matcher struct {
	x     *peopleIndex
	rules []rule
	most  int // names that one account's is compared with
}

func newMatcher(x *peopleIndex, r Rules) matcher { return matcher{x, r.list(), maxFuzzy} }

// match runs the rules for one account; by are the accounts that open it.
func (m *matcher) match(a *Candidate, by []Opener) outcome {
	o := m.ask(a)
	m.weigh(m.signedIn(a, by), &o)
	return o
}

// ask asks the rules that look at the account alone, in order.
func (m *matcher) ask(a *Candidate) outcome {
	var keys []AccountKey
	for _, rule := range m.rules {
		if !rule.applies(a.Kind) {
			continue
		}
		key := rule.key(a)
		if key == "" {
			continue
		}
		if !rule.indexed(key) {
			keys = append(keys, AccountKey{keptKey(rule.by, key), a.ID})
		}
		if o := m.x.decide(a, rule, key); o.link.State != "" {
			o.keys = distinct(append(o.keys, keys...))
			return o
		}
	}
	var o outcome
	if name := plainName(a.Name); byName(a.Kind) && strings.Contains(name, " ") {
		blocksOf(name, func(key string) { keys = append(keys, AccountKey{keptKey(blockKey, key), a.ID}) })
		o = m.fuzzy(a, name)
	}
	o.keys = distinct(keys)
	return o
}

func distinct(keys []AccountKey) []AccountKey {
	slices.SortFunc(keys, func(a, b AccountKey) int { return cmp.Compare(a.Key, b.Key) })
	return slices.Compact(keys)
}

// decide asks one rule.
func (x *peopleIndex) decide(a *Candidate, rule rule, key string) outcome {
	found := x.eligible(x.find(rule.by, key), a.Kind)
	what := fmt.Sprintf("%s %q", rule.what, key)
	switch len(found) {
	case 0:
		return outcome{}
	case 1:
		return x.alone(a, rule, key, found[0], what)
	}
	if one, ok := x.byDisplayName(a, found); ok {
		return outcome{found: []int32{one}, link: Link{Identity: x.ids[one], State: Confirmed, Rule: rule.name, Score: rule.score, Evidence: what + fmt.Sprintf(" and the name %q", a.Name)}}
	}
	d := x.rivals(a, found, writtenName)
	evidence := x.candidates(found, what)
	if d.named {
		evidence += fmt.Sprintf(", and the name %q is that of %s", a.Name, x.labels(d.others))
	}
	return outcome{
		found: append(found, d.others...), named: d.named, keys: d.keep(a.ID),
		link: Link{State: Disputed, Rule: rule.name, Score: rule.score / len(found), Evidence: evidence},
	}
}

// alone decides where one person was found.
func (x *peopleIndex) alone(a *Candidate, rule rule, key string, i int32, what string) outcome {
	d := x.doubts(a, i, rule, key)
	o := outcome{found: append([]int32{i}, d.others...), named: d.named, keys: d.keep(a.ID)}
	if d.doubted {
		o.link = Link{State: Disputed, Rule: rule.name, Score: 50, Evidence: x.evidence(a, i, d, what)}
	} else {
		o.link = Link{Identity: x.ids[i], State: Confirmed, Rule: rule.name, Score: rule.score, Evidence: what}
	}
	return o
}

// byName reports whether an account of this kind is looked for by its name.
func byName(k access.AccountKind) bool {
	return k == access.PersonAccount || k == access.AdminAccount
}

// eligible keeps a person's accounts with humans and a service's with workloads.
func (x *peopleIndex) eligible(found []int32, k access.AccountKind) []int32 {
	return slices.DeleteFunc(found, func(i int32) bool {
		human := x.human(i)
		return k == access.ServiceAccount && human || k == access.AdminAccount && !human
	})
}

// byDisplayName picks the one of several whose name is exactly the account's.
func (x *peopleIndex) byDisplayName(a *Candidate, found []int32) (one int32, ok bool) {
	name := plainName(a.Name)
	if name == "" {
		return 0, false
	}
	for _, i := range found {
		if _, plain := x.person(i); plain == name {
			if ok {
				return 0, false
			}
			one, ok = i, true
		}
	}
	return one, ok
}

// A name at least this like (0 to 1) may be somebody's. Being like does not confirm:
// the same parts, that only one person has, do, or a name that is theirs or nearly
// so beside a login that fits it. "Jon Smith" is a question about John Smith, and
// jsmith7 answers it where nobody else fits as well.
const (
	fuzzyConfirm = 0.94
	fuzzyDispute = 0.85
)

// maxFuzzy is how many names one account's is compared with, those who share its
// rarest blocking keys first. Correlation.Capped counts the accounts that had more.
const maxFuzzy = 5000

type scored struct {
	person      int32
	score       float64
	name, plain string
}

// fuzzy asks for people whose name is nearly the account's, whose plain form is
// name.
func (m *matcher) fuzzy(a *Candidate, name string) (o outcome) {
	near, compared, capped := m.x.near(name, m.most)
	o = outcome{compared: compared, capped: capped}
	if len(near) == 0 {
		return o
	}
	top := near[0]
	if one, why, ok := only(near, a); ok {
		p, _ := m.x.person(one.person)
		o.found = []int32{one.person}
		o.link = Link{Identity: p.ID, State: Confirmed, Rule: fuzzyName, Score: int(one.score * 80), Evidence: fmt.Sprintf("name %q is %s %q", a.Name, why, p.Name)}
		return o
	}
	for _, n := range near {
		o.found = append(o.found, n.person)
	}
	o.link = Link{State: Disputed, Rule: fuzzyName, Score: int(top.score * 60), Evidence: m.x.candidates(o.found, fmt.Sprintf("name %q", a.Name))}
	return o
}

// only picks the one whom a name leaves no doubt about: the only one whose name it
// may be as people write names, and with the same parts; or the only one who is so
// like it and whom the login fits.
func only(near []scored, a *Candidate) (one scored, why string, ok bool) {
	name := spell(a.Name)
	for _, n := range near {
		if !sameName(name, spellFor(name, n.name, n.plain)) {
			continue
		}
		if ok {
			return one, "", false
		}
		one, ok = n, true
	}
	login := strings.TrimRight(normalLogin(a.Login), "0123456789")
	if ok {
		if sameParts(name, spell(one.name)) {
			return one, "that of", true
		}
		return one, "one of", loginFits(login, one.plain)
	}
	for _, n := range near {
		if !loginFits(login, n.plain) {
			continue
		}
		if ok {
			return one, "", false
		}
		one, ok = n, true
	}
	// A letter of another script is no slip: it is put there to look like the right one.
	return one, "nearly, and its login fits,", ok && one.score >= fuzzyConfirm && sameScripts(name.plain, one.plain)
}

// near are the people whose names are like a plain name, the likest first, among at
// most so many.
func (x *peopleIndex) near(name string, most int) (near []scored, compared int, capped bool) {
	var blocks [][]hashed
	blocksOf(name, func(key string) {
		if hits := x.hits(blockKey, key); key[0] != partBlock || len(hits) <= maxPartBlock {
			blocks = append(blocks, hits)
		}
	})
	slices.SortStableFunc(blocks, func(a, b []hashed) int { return cmp.Compare(len(a), len(b)) })
	var with []int32
	for _, block := range blocks {
		for _, h := range block {
			with = append(with, h.person())
		}
		if capped = len(with) > most; capped {
			with = with[:most]
			break
		}
	}
	slices.Sort(with)
	with = slices.Compact(with)
	for _, i := range with {
		p, plain := x.person(i)
		if s := likeness(name, plain); s >= fuzzyDispute && shareBlock(name, plain) {
			near = append(near, scored{i, s, p.Name, plain})
		}
	}
	slices.SortFunc(near, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.person, b.person)) })
	return near, len(with), capped
}

// candidates names who it could be, for the person who decides.
func (x *peopleIndex) candidates(found []int32, what string) string {
	return what + " fits " + x.labels(found)
}

// labels names the first few.
func (x *peopleIndex) labels(found []int32) string {
	var list []string
	for _, i := range found[:min(len(found), 5)] {
		list = append(list, x.label(i))
	}
	if len(found) > 5 {
		list = append(list, fmt.Sprintf("and %d more", len(found)-5))
	}
	return strings.Join(list, ", ")
}

func (x *peopleIndex) label(i int32) string {
	p, _ := x.person(i)
	return fmt.Sprintf("%s (%s)", p.Name, cmp.Or(p.Number, p.Email, p.ID.String()))
}

// kinship tells an account's kind by whose it is, where nothing else tells it.
func (x *peopleIndex) kinship(a *Candidate, l Link) Kinship {
	if a.KindReason != kindByDefault && a.KindReason != kindOfWorkload {
		return Kinship{a.ID, a.Kind, a.KindReason}
	}
	i, ok := x.byID(l.Identity)
	if l.State == Disputed || !ok || x.human(i) {
		return Kinship{a.ID, access.PersonAccount, kindByDefault}
	}
	return Kinship{a.ID, access.ServiceAccount, kindOfWorkload}
}
