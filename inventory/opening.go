package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// Opening is an account that opens another: who signs in with the one is let in as
// the other.
type Opening struct{ Account, Opener access.AccountID }

// Opener is an account that opens another, and whose it is.
type Opener struct {
	Account       access.AccountID
	System, Login string
	Identity      access.IdentityID // zero where it is nobody's or disputed
}

// openings is who opens whom. An account's level is one above the highest of those
// that open it, so that it comes after them. Accounts that open one another in a
// circle are of one level and say nothing of each other: what holds in a circle
// would hold for ever.
type openings struct {
	byAccount, byOpener []Opening
	accounts            []access.AccountID // that are opened or open, in order
	circle, levelOf     []int32            // by place in accounts
	levels              int
}

func newOpenings(list []Opening) openings {
	o := openings{byAccount: slices.Clone(list), byOpener: list}
	slices.SortFunc(o.byAccount, func(a, b Opening) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Opener, b.Opener))
	})
	slices.SortFunc(o.byOpener, func(a, b Opening) int {
		return cmp.Or(cmp.Compare(a.Opener, b.Opener), cmp.Compare(a.Account, b.Account))
	})
	for _, x := range list {
		o.accounts = append(o.accounts, x.Account, x.Opener)
	}
	slices.Sort(o.accounts)
	o.accounts = slices.Compact(o.accounts)
	o.order()
	return o
}

func (o *openings) place(id access.AccountID) (int, bool) {
	return slices.BinarySearch(o.accounts, id)
}

// level is 0 for an account that no other opens.
func (o *openings) level(id access.AccountID) int {
	if i, ok := o.place(id); ok {
		return int(o.levelOf[i])
	}
	return 0
}

// all are the accounts that others open.
func (o *openings) all() (list []access.AccountID) {
	for i, id := range o.accounts {
		if o.levelOf[i] > 0 {
			list = append(list, id)
		}
	}
	return list
}

// opens are the accounts that one opens.
func (o *openings) opens(id access.AccountID) (list []access.AccountID) {
	i, _ := slices.BinarySearchFunc(o.byOpener, id, func(x Opening, id access.AccountID) int { return cmp.Compare(x.Opener, id) })
	for ; i < len(o.byOpener) && o.byOpener[i].Opener == id; i++ {
		list = append(list, o.byOpener[i].Account)
	}
	return list
}

// reached are some accounts and all that they open, by way of others too, in order.
func (o *openings) reached(from []access.AccountID) (ids []access.AccountID) {
	seen := make(map[access.AccountID]bool, len(from))
	for len(from) > 0 {
		id := from[len(from)-1]
		if from = from[:len(from)-1]; !seen[id] {
			seen[id] = true
			from = append(from, o.opens(id)...)
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// openersOf are the places of those that open the account at a place.
func (o *openings) openersOf(place int) (list []int) {
	id := o.accounts[place]
	i, _ := slices.BinarySearchFunc(o.byAccount, id, func(x Opening, id access.AccountID) int { return cmp.Compare(x.Account, id) })
	for ; i < len(o.byAccount) && o.byAccount[i].Account == id; i++ {
		n, _ := o.place(o.byAccount[i].Opener)
		list = append(list, n)
	}
	return list
}

// outer leaves out those openers that are in a circle with the account.
func (o *openings) outer(id access.AccountID, list []Opener) []Opener {
	i, ok := o.place(id)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(list, func(p Opener) bool {
		n, ok := o.place(p.Account)
		return ok && o.circle[n] == o.circle[i]
	})
}

// order finds the circles and levels, openers first (Tarjan 1972, without recursion:
// a chain may be long).
func (o *openings) order() {
	n := len(o.accounts)
	o.circle, o.levelOf = make([]int32, n), make([]int32, n)
	w := circles{o: o, index: make([]int32, n), low: make([]int32, n)}
	for i := range n {
		if w.index[i] == 0 {
			w.walk(i)
		}
	}
}

// circles is the search under way.
type circles struct {
	o          *openings
	index, low []int32 // 0: not seen yet
	next, made int32
	stack      []int
	steps      []step
}

type step struct {
	at      int
	openers []int
}

func (w *circles) enter(i int) {
	w.next++
	w.index[i], w.low[i] = w.next, w.next
	w.stack = append(w.stack, i)
	w.steps = append(w.steps, step{i, w.o.openersOf(i)})
}

func (w *circles) walk(from int) {
	w.enter(from)
	for len(w.steps) > 0 {
		s := &w.steps[len(w.steps)-1]
		if len(s.openers) > 0 {
			by := s.openers[0]
			s.openers = s.openers[1:]
			switch {
			case w.index[by] == 0:
				w.enter(by)
			case w.o.circle[by] == 0: // still on the stack
				w.low[s.at] = min(w.low[s.at], w.index[by])
			}
			continue
		}
		at := s.at
		w.steps = w.steps[:len(w.steps)-1]
		if len(w.steps) > 0 {
			below := w.steps[len(w.steps)-1].at
			w.low[below] = min(w.low[below], w.low[at])
		}
		if w.low[at] == w.index[at] {
			w.close(at)
		}
	}
}

// close takes a circle off the stack: all whom it opens come later.
func (w *circles) close(first int) {
	w.made++
	from := len(w.stack) - 1
	for w.stack[from] != first {
		from--
	}
	members := w.stack[from:]
	w.stack = w.stack[:from]
	level := int32(0)
	for _, i := range members {
		w.o.circle[i] = w.made
	}
	for _, i := range members {
		for _, by := range w.o.openersOf(i) {
			if w.o.circle[by] != w.made {
				level = max(level, w.o.levelOf[by]+1)
			}
		}
	}
	for _, i := range members {
		w.o.levelOf[i] = level
	}
	w.o.levels = max(w.o.levels, int(level))
}

// signIn is the name of the rule that is asked first.
const signIn = "sign-in"

// signedIn says whose an account is by those that open it: one person's, or disputed
// between several; nothing where they do not all belong to somebody.
func (m *matcher) signedIn(a *Candidate, by []Opener) (o outcome) {
	if len(by) == 0 || !m.bySignIn(a.Kind) {
		return o
	}
	for _, p := range by {
		i, ok := m.x.byID(p.Identity)
		if !ok || len(m.x.eligible([]int32{i}, a.Kind)) == 0 {
			return outcome{}
		}
		if !slices.Contains(o.found, i) {
			o.found = append(o.found, i)
		}
	}
	what := fmt.Sprintf("signs in with account %q of system %q", by[0].Login, by[0].System)
	if len(by) > 1 {
		what += fmt.Sprintf(" and %d more", len(by)-1)
	}
	if len(o.found) == 1 {
		o.link = Link{Identity: m.x.ids[o.found[0]], State: Confirmed, Rule: signIn, Score: 100, Evidence: what}
		return o
	}
	slices.Sort(o.found)
	o.link = Link{State: Disputed, Rule: signIn, Score: 100 / len(o.found), Evidence: m.x.candidates(o.found, what)}
	return o
}

// weigh puts what the openers of an account say before what it says itself, unless
// that speaks for somebody else: opening is access, not ownership, and whoever writes
// the file that says who is let in as whom could make his account another's. It does
// not matter how weakly it speaks, for nothing here tells whether the account has a
// password or key of its own, by which others come in.
func (m *matcher) weigh(signedIn outcome, own *outcome) {
	switch {
	case signedIn.link.State == "", signedIn.link.State == Disputed && own.link.State == Confirmed:
		return
	case signedIn.link.State == Confirmed && own.link.State != "" && (own.named || !slices.Contains(own.found, signedIn.found[0])):
		m.oppose(&signedIn, own)
	}
	own.link, own.found = signedIn.link, signedIn.found
}

// oppose makes a dispute of what the openers say and what the account says itself.
func (m *matcher) oppose(signedIn, own *outcome) {
	said := own.link.Evidence
	if own.link.State == Confirmed {
		said += " speaks for " + m.x.labels(own.found)
	}
	what := fmt.Sprintf("%s, which is of %s; %s", signedIn.link.Evidence, m.x.labels(signedIn.found), said)
	signedIn.link = Link{State: Disputed, Rule: signIn, Score: 50, Evidence: what}
	for _, i := range own.found {
		if !slices.Contains(signedIn.found, i) {
			signedIn.found = append(signedIn.found, i)
		}
	}
}

// bySignIn reports whether an account of this kind is somebody's: a shared one is
// nobody's, whoever signs in with what.
func (m *matcher) bySignIn(k access.AccountKind) bool {
	return byName(k) || k == access.ServiceAccount
}
