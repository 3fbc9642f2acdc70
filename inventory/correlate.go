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
	// Correlatable returns every identity and every live account with its link.
	Correlatable(ctx context.Context) ([]Person, []Candidate, error)
	// Relink keeps new links and ends replaced ones, in one bulk change.
	Relink(ctx context.Context, links []Link) error
	// DecideLink keeps a person's decision; identity zero says "nobody's".
	DecideLink(ctx context.Context, account access.AccountID, identity access.IdentityID, reason string) error
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
	Kind                       access.AccountKind
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

// Correlation says what a run of the rules found.
type Correlation struct {
	Accounts, Confirmed, Disputed, Unmatched, Changed int
}

// Correlate runs the rules over all accounts that no person has decided about.
func (s *Service) Correlate(ctx context.Context) (Correlation, error) {
	people, accounts, err := s.Store.Correlatable(ctx)
	if err != nil {
		return Correlation{}, fmt.Errorf("reading what to correlate: %w", err)
	}
	links, sum := correlate(people, accounts)
	if len(links) == 0 {
		return sum, nil
	}
	if err := s.Store.Relink(ctx, links); err != nil {
		return sum, fmt.Errorf("keeping %d links: %w", len(links), err)
	}
	return sum, nil
}

// Decide keeps a person's word on whose account it is; rules never override it.
func (s *Service) Decide(ctx context.Context, account access.AccountID, identity access.IdentityID, reason string) error {
	return s.Store.DecideLink(ctx, account, identity, reason)
}

// correlate returns the links that differ from what is.
func correlate(people []Person, accounts []Candidate) ([]Link, Correlation) {
	x := newPeopleIndex(people)
	sum := Correlation{Accounts: len(accounts)}
	var changed []Link
	for _, a := range accounts {
		l := a.Link
		if l.State != Manual {
			l = x.match(a)
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
			changed = append(changed, l)
		}
	}
	sum.Changed = len(changed)
	return changed, sum
}

// peopleIndex finds people by what an account may say of them. Every map holds
// all people of a key, so that a second one is seen.
type peopleIndex struct {
	people                                 []Person
	number, email, login, normal, fromName map[string][]int32
	block                                  map[string][]int32 // by a part of the name, for the fuzzy rule
}

func newPeopleIndex(people []Person) *peopleIndex {
	x := &peopleIndex{
		people: people, number: map[string][]int32{}, email: map[string][]int32{}, login: map[string][]int32{},
		normal: map[string][]int32{}, fromName: map[string][]int32{}, block: map[string][]int32{},
	}
	add := func(m map[string][]int32, key string, i int32) {
		if key != "" && !slices.Contains(m[key], i) {
			m[key] = append(m[key], i)
		}
	}
	for n, p := range people {
		i := int32(n) //nolint:gosec // fewer people than that
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
		for _, key := range loginsOf(p.Name) {
			add(x.fromName, key, i)
		}
		for _, part := range strings.Fields(plainName(p.Name)) {
			if len(part) > 2 {
				add(x.block, part, i)
			}
		}
	}
	return x
}

// rule is one way to find whose account it is. Rules are asked in order; the
// first that finds anybody decides, or disputes.
type rule struct {
	name  string
	score int
	find  func(x *peopleIndex, a Candidate) (key string, found []int32)
}

var rules = []rule{
	{"number", 100, func(x *peopleIndex, a Candidate) (string, []int32) { return a.Number, x.number[a.Number] }},
	{"email", 99, func(x *peopleIndex, a Candidate) (string, []int32) {
		key := strings.ToLower(a.Email)
		return key, x.email[key]
	}},
	{"login", 98, func(x *peopleIndex, a Candidate) (string, []int32) {
		key := strings.ToLower(a.Login)
		return key, x.login[key]
	}},
	{"normalised-login", 95, func(x *peopleIndex, a Candidate) (string, []int32) {
		key := normalLogin(a.Login)
		return key, x.normal[key]
	}},
	{"login-from-name", 85, func(x *peopleIndex, a Candidate) (string, []int32) {
		key := normalLogin(a.Login)
		return key, x.fromName[key]
	}},
}

// match runs the rules for one account.
func (x *peopleIndex) match(a Candidate) Link {
	for _, r := range rules {
		if !r.applies(a.Kind) {
			continue
		}
		key, found := r.find(x, a)
		if key == "" {
			continue
		}
		found = x.eligible(found, a.Kind)
		switch {
		case len(found) == 1 && x.contradicts(a, found[0]):
			return Link{State: Disputed, Rule: r.name, Score: 50, Evidence: fmt.Sprintf("%s %q is that of %s, but the account is named %q", r.name, key, x.people[found[0]].Name, a.Name)}
		case len(found) == 1:
			return Link{Identity: x.people[found[0]].ID, State: Confirmed, Rule: r.name, Score: r.score, Evidence: fmt.Sprintf("%s %q", r.name, key)}
		case len(found) > 1:
			if one, ok := x.byDisplayName(a, found); ok {
				return Link{Identity: x.people[one].ID, State: Confirmed, Rule: r.name, Score: r.score, Evidence: fmt.Sprintf("%s %q and the name %q", r.name, key, a.Name)}
			}
			return Link{State: Disputed, Rule: r.name, Score: r.score / len(found), Evidence: x.candidates(found, fmt.Sprintf("%s %q", r.name, key))}
		}
	}
	if a.Kind == access.PersonAccount || a.Kind == access.AdminAccount {
		return x.fuzzy(a)
	}
	return Link{}
}

// applies keeps name-based rules away from accounts that are not a person's: a
// shared account belongs to nobody, and a service's name is no person's.
func (r rule) applies(k access.AccountKind) bool {
	switch k {
	case access.PersonAccount, access.AdminAccount:
		return true
	case access.ServiceAccount:
		return r.name != "login-from-name"
	case access.SharedAccount, access.BreakGlassAccount, access.BuiltInAccount:
		return r.name == "number"
	}
	return false
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
	return similarity(plainName(a.Name), plainName(p.Name)) < 0.5 && !sharesPart(a.Name, p.Name)
}

// byDisplayName picks the one of several whose name is exactly the account's.
func (x *peopleIndex) byDisplayName(a Candidate, found []int32) (int32, bool) {
	name := plainName(a.Name)
	if name == "" {
		return 0, false
	}
	var one []int32
	for _, i := range found {
		if plainName(x.people[i].Name) == name {
			one = append(one, i)
		}
	}
	if len(one) != 1 {
		return 0, false
	}
	return one[0], true
}

// The fuzzy rule confirms a single name that is nearly the same, and disputes
// what is only alike.
const (
	fuzzyConfirm = 0.94
	fuzzyDispute = 0.85
)

func (x *peopleIndex) fuzzy(a Candidate) Link {
	name := plainName(a.Name)
	if len(strings.Fields(name)) < 2 {
		return Link{}
	}
	best := map[int32]float64{}
	for _, part := range strings.Fields(name) {
		for _, i := range x.block[part] {
			if x.people[i].Kind != access.Human {
				continue
			}
			if s := similarity(name, plainName(x.people[i].Name)); s >= fuzzyDispute {
				best[i] = s
			}
		}
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
		return Link{Identity: p.ID, State: Confirmed, Rule: "name", Score: int(top * 80), Evidence: fmt.Sprintf("name %q is nearly %q", a.Name, p.Name)}
	}
	return Link{State: Disputed, Rule: "name", Score: int(top * 60), Evidence: x.candidates(found, fmt.Sprintf("name %q", a.Name))}
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
