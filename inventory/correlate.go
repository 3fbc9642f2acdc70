package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

// LinkStore is what correlation needs.
type LinkStore interface {
	// Correlatable returns every identity, and live accounts with their links: those
	// that changed since the mark, or all of them where an identity changed too.
	Correlatable(ctx context.Context, since Mark) (Correlatable, error)
	// LastMark is where correlation stands; without one it is zero.
	LastMark(ctx context.Context) (Mark, error)
	// Relink keeps new links, ends replaced ones, and keeps the mark, in one change.
	Relink(ctx context.Context, links []Link, kinds []Kinship, at Mark) error
	// DecideLink keeps a person's decision; identity zero says "nobody's".
	DecideLink(ctx context.Context, account access.AccountID, identity access.IdentityID, reason string) error
}

// Mark says how far correlation has come: by which rules, up to which revision.
type Mark struct {
	Rules string     `json:"rules"`
	Rev   access.Rev `json:"rev"`
}

// Correlatable is what there is to correlate.
type Correlatable struct {
	People   []Person
	Accounts []Candidate
	Rev      access.Rev // what this is as of, at least
}

// Person is what correlation knows of an identity.
type Person struct {
	ID                         access.IdentityID
	Kind                       access.IdentityKind
	Number, Email, Login, Name string
}

// Candidate is an account with its current link.
type Candidate struct {
	ID                         access.AccountID
	System                     string
	Kind                       access.AccountKind
	KindReason                 string
	Login, Email, Number, Name string
	Link                       Link
}

// LinkState says what a link is worth.
type LinkState string

// The states of a link. Only the first two correlate.
const (
	Confirmed LinkState = "confirmed"
	Manual    LinkState = "manual"
	Disputed  LinkState = "disputed"
)

// Link is an account's correlation. Evidence says in words what decided.
type Link struct {
	ID       access.LinkID
	Account  access.AccountID
	Identity access.IdentityID // zero while disputed, or by decision nobody's
	State    LinkState         // "" ends the link
	Rule     string
	Score    int // 0 to 100
	Evidence string
}

// Kinship is an account's kind where its identity tells it.
type Kinship struct {
	Account access.AccountID
	Kind    access.AccountKind
	Reason  string
}

// Correlation says what a run of the rules found among the accounts that it
// looked at.
type Correlation struct {
	Accounts, Confirmed, Disputed, Unmatched, Changed int
}

// linksPerChange keeps each transaction short.
const linksPerChange = 5000

// Correlate runs the rules over all accounts that no person has decided about, and
// that may match otherwise than when it last ran.
func (s *Service) Correlate(ctx context.Context) (Correlation, error) {
	rules, err := s.liveRules(ctx)
	if err != nil {
		return Correlation{}, err
	}
	mark, err := s.Store.LastMark(ctx)
	if err != nil {
		return Correlation{}, fmt.Errorf("reading where correlation stands: %w", err)
	}
	since := mark
	if mark.Rules != rules.version() {
		since = Mark{}
	}
	all, err := s.Store.Correlatable(ctx, since)
	if err != nil {
		return Correlation{}, fmt.Errorf("reading what to correlate: %w", err)
	}
	links, kinds, sum := rules.correlate(all)
	if at := (Mark{rules.version(), all.Rev}); at != mark || len(links)+len(kinds) > 0 {
		err = s.relink(ctx, links, kinds, mark, at)
	}
	return sum, err
}

// relink keeps what was found in several changes, of which only the last moves the
// mark: interrupted, it is found again.
func (s *Service) relink(ctx context.Context, links []Link, kinds []Kinship, was, at Mark) error {
	for len(links)+len(kinds) > linksPerChange {
		n, m := min(len(links), linksPerChange), 0
		if n < linksPerChange {
			m = min(len(kinds), linksPerChange-n)
		}
		if err := s.Store.Relink(ctx, links[:n], kinds[:m], was); err != nil {
			return fmt.Errorf("keeping %d links: %w", n, err)
		}
		links, kinds = links[n:], kinds[m:]
	}
	if err := s.Store.Relink(ctx, links, kinds, at); err != nil {
		return fmt.Errorf("keeping %d links: %w", len(links), err)
	}
	return nil
}

// Decide keeps a person's word on whose account it is; rules never override it.
func (s *Service) Decide(ctx context.Context, account access.AccountID, identity access.IdentityID, reason string) error {
	return s.Store.DecideLink(ctx, account, identity, reason)
}

// correlate returns the links and kinds that differ from what is.
func (r Rules) correlate(all Correlatable) (links []Link, kinds []Kinship, sum Correlation) {
	sum.Accounts = len(all.Accounts)
	if len(all.Accounts) == 0 {
		return nil, nil, sum
	}
	x := newPeopleIndex(all.People)
	for _, a := range all.Accounts {
		was := a.Kind
		if a.KindReason == kindOfWorkload {
			a.Kind = access.PersonAccount // what it was before its identity told
		}
		l := a.Link
		if l.State != Manual {
			l = r.match(x, a)
		}
		switch l.State {
		case Disputed:
			sum.Disputed++
		case "":
			sum.Unmatched++
		default:
			sum.Confirmed++
		}
		l.ID, l.Account = a.Link.ID, a.ID
		if l != a.Link && (l.State != "" || a.Link.State != "") {
			links = append(links, l)
		}
		if k := x.kinship(a, l); k.Kind != was {
			kinds = append(kinds, k)
		}
	}
	sum.Changed = len(links)
	return links, kinds, sum
}

// kinship tells an account's kind by whose it is, where nothing else tells it.
func (x *peopleIndex) kinship(a Candidate, l Link) Kinship {
	if a.KindReason != kindByDefault && a.KindReason != kindOfWorkload {
		return Kinship{a.ID, a.Kind, a.KindReason}
	}
	i, ok := slices.BinarySearchFunc(x.people, l.Identity, func(p Person, id access.IdentityID) int { return cmp.Compare(p.ID, id) })
	if l.State == Disputed || !ok || x.people[i].Kind == access.Human {
		return Kinship{a.ID, access.PersonAccount, kindByDefault}
	}
	return Kinship{a.ID, access.ServiceAccount, kindOfWorkload}
}

// peopleIndex finds people by what an account may say of them. Every map holds
// all people of a key, so that a second one is seen.
type peopleIndex struct {
	people                                 []Person // in the order of their ids
	plain                                  []string // their names, see plainName
	number, email, login, normal, fromName map[string][]int32
	block                                  map[string][]int32 // by a part of the name, for the fuzzy rule
}

func newPeopleIndex(people []Person) *peopleIndex {
	x := &peopleIndex{
		people: people, plain: make([]string, len(people)), number: map[string][]int32{}, email: map[string][]int32{}, login: map[string][]int32{},
		normal: map[string][]int32{}, fromName: map[string][]int32{}, block: map[string][]int32{},
	}
	add := func(m map[string][]int32, key string, i int32) {
		if had := m[key]; key != "" && (len(had) == 0 || had[len(had)-1] != i) {
			m[key] = append(had, i)
		}
	}
	for n, p := range people {
		i := int32(n) //nolint:gosec // fewer people than that
		x.plain[n] = plainName(p.Name)
		add(x.number, p.Number, i)
		add(x.email, strings.ToLower(p.Email), i)
		add(x.login, strings.ToLower(p.Login), i)
		add(x.normal, normalLogin(p.Login), i)
		if p.Kind != access.Human {
			add(x.login, strings.ToLower(p.Number), i)
			add(x.login, strings.ToLower(p.Name), i)
			continue
		}
		local, _, _ := strings.Cut(p.Email, "@")
		add(x.normal, normalLogin(local), i)
		for _, key := range loginsOf(x.plain[n]) {
			add(x.fromName, key, i)
		}
		for part := range strings.FieldsSeq(x.plain[n]) {
			if len(part) > 2 {
				add(x.block, part, i)
			}
		}
	}
	return x
}

// match runs the rules for one account.
func (r Rules) match(x *peopleIndex, a Candidate) Link {
	for _, rule := range r.list() {
		if !rule.applies(a.Kind) {
			continue
		}
		key, found := rule.find(x, a)
		if key == "" {
			continue
		}
		found = x.eligible(found, a.Kind)
		switch {
		case len(found) == 1 && x.contradicts(a, found[0]):
			return Link{State: Disputed, Rule: rule.name, Score: 50, Evidence: fmt.Sprintf("%s %q is that of %s, but the account is named %q", rule.what, key, x.people[found[0]].Name, a.Name)}
		case len(found) == 1:
			return Link{Identity: x.people[found[0]].ID, State: Confirmed, Rule: rule.name, Score: rule.score, Evidence: fmt.Sprintf("%s %q", rule.what, key)}
		case len(found) > 1:
			if one, ok := x.byDisplayName(a, found); ok {
				return Link{Identity: x.people[one].ID, State: Confirmed, Rule: rule.name, Score: rule.score, Evidence: fmt.Sprintf("%s %q and the name %q", rule.what, key, a.Name)}
			}
			return Link{State: Disputed, Rule: rule.name, Score: rule.score / len(found), Evidence: x.candidates(found, fmt.Sprintf("%s %q", rule.what, key))}
		}
	}
	if a.Kind == access.PersonAccount || a.Kind == access.AdminAccount {
		return x.fuzzy(a)
	}
	return Link{}
}

// eligible keeps a person's accounts with humans and a service's with workloads.
func (x *peopleIndex) eligible(found []int32, k access.AccountKind) []int32 {
	var out []int32
	for _, i := range found {
		human := x.people[i].Kind == access.Human
		if k == access.ServiceAccount && human {
			continue
		}
		if k == access.AdminAccount && !human {
			continue
		}
		out = append(out, i)
	}
	return out
}

// contradicts reports whether an account found by login alone carries somebody
// else's name.
func (x *peopleIndex) contradicts(a Candidate, i int32) bool {
	p := x.people[i]
	if a.Name == "" || p.Kind != access.Human || a.Number != "" && a.Number == p.Number {
		return false
	}
	if a.Email != "" && strings.EqualFold(a.Email, p.Email) {
		return false
	}
	return similarity(plainName(a.Name), x.plain[i]) < 0.5 && !sharesPart(a.Name, p.Name)
}

// byDisplayName picks the one of several whose name is exactly the account's.
func (x *peopleIndex) byDisplayName(a Candidate, found []int32) (int32, bool) {
	name := plainName(a.Name)
	if name == "" {
		return 0, false
	}
	var one []int32
	for _, i := range found {
		if x.plain[i] == name {
			one = append(one, i)
		}
	}
	if len(one) != 1 {
		return 0, false
	}
	return one[0], true
}

// A name at least this similar (0 to 1) confirms, where nobody else's is; one that
// is less so makes a dispute. They take "Jon Smith" for "John Smith", and leave
// "Joan Smith" to a person.
const (
	fuzzyConfirm = 0.94
	fuzzyDispute = 0.85
)

// maxFuzzy is how many people one account is compared with, those who share its
// rarest part of a name first.
const maxFuzzy = 5000

func (x *peopleIndex) fuzzy(a Candidate) Link {
	name := plainName(a.Name)
	parts := strings.Fields(name)
	if len(parts) < 2 {
		return Link{}
	}
	slices.SortStableFunc(parts, func(p, q string) int { return cmp.Compare(len(x.block[p]), len(x.block[q])) })
	best := map[int32]float64{}
	left := maxFuzzy
	for _, part := range parts {
		block := x.block[part]
		for _, i := range block[:min(left, len(block))] {
			if _, seen := best[i]; seen {
				continue
			}
			if s := similarity(name, x.plain[i]); s >= fuzzyDispute {
				best[i] = s
			}
		}
		left -= min(left, len(block))
	}
	if len(best) == 0 {
		return Link{}
	}
	found := make([]int32, 0, len(best))
	for i := range best {
		found = append(found, i)
	}
	slices.SortFunc(found, func(i, j int32) int { return cmp.Or(cmp.Compare(best[j], best[i]), cmp.Compare(i, j)) })
	top := best[found[0]]
	if top >= fuzzyConfirm && (len(found) == 1 || best[found[1]] < fuzzyConfirm) {
		p := x.people[found[0]]
		return Link{Identity: p.ID, State: Confirmed, Rule: fuzzyName, Score: int(top * 80), Evidence: fmt.Sprintf("name %q is nearly %q", a.Name, p.Name)}
	}
	return Link{State: Disputed, Rule: fuzzyName, Score: int(top * 60), Evidence: x.candidates(found, fmt.Sprintf("name %q", a.Name))}
}

// candidates names who it could be, for the person who decides.
func (x *peopleIndex) candidates(found []int32, what string) string {
	var list []string
	for _, i := range found[:min(len(found), 5)] {
		p := x.people[i]
		list = append(list, fmt.Sprintf("%s (%s)", p.Name, cmp.Or(p.Number, p.Email, p.ID.String())))
	}
	if len(found) > 5 {
		list = append(list, fmt.Sprintf("and %d more", len(found)-5))
	}
	return what + " fits " + strings.Join(list, ", ")
}
