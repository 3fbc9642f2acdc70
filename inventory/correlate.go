package inventory

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/writhq/writ/access"
)

// LinkStore is what correlation needs. Its answers may be of later states than one
// another: what changed meanwhile counts as touched the next time.
type LinkStore interface {
	// LastMark is where correlation stands; without one it is zero.
	LastMark(ctx context.Context) (Mark, error)
	// NewestRev is that of the newest change.
	NewestRev(ctx context.Context) (access.Rev, error)
	// Touched tells what changed since a revision by others than correlation.
	Touched(ctx context.Context, since access.Rev) (Touched, error)
	// EachPerson calls fn with every identity in the order of their ids.
	EachPerson(ctx context.Context, fn func(*Person)) error
	// CandidatesAfter returns the n live accounts behind one, in the order of their
	// ids; Candidates those of some ids that are live.
	CandidatesAfter(ctx context.Context, after access.AccountID, n int) ([]Candidate, error)
	Candidates(ctx context.Context, ids []access.AccountID) ([]Candidate, error)
	// AccountsWith returns the live accounts that bear any of the traces.
	AccountsWith(ctx context.Context, t Traces) ([]access.AccountID, error)
	// Openings returns which account opens which, of those that are live.
	Openings(ctx context.Context) ([]Opening, error)
	// Openers returns, by opened account, those that open it.
	Openers(ctx context.Context, ids []access.AccountID) (map[access.AccountID][]Opener, error)
	// Relink keeps what was found, and the mark, in one change.
	Relink(ctx context.Context, found Relinked, at Mark) error

	DisputeStore
}

// Mark says how far correlation has come: by which rules, up to which revision.
type Mark struct {
	Rules string     `json:"rules"`
	Rev   access.Rev `json:"rev"`
}

// Touched is what may match otherwise than it did.
type Touched struct {
	All      bool               // more identities changed than it is worth looking for
	Accounts []access.AccountID // that changed, or whose identity did
	People   []Person           // identities that changed, as they are and as they were
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

// ByProvisioning is the rule of a link to whom an account was made for.
const ByProvisioning = "provisioned"

// Settled reports whether rules have nothing to say of it: somebody has decided, or Writ
// made the account.
func (l Link) Settled() bool {
	return l.State == Manual || l.State == Confirmed && l.Rule == ByProvisioning
}

// Kinship is an account's kind where its identity tells it.
type Kinship struct {
	Account access.AccountID
	Kind    access.AccountKind
	Reason  string
}

// Relinked is what a part of a run found. Links without a state end. Keys replace
// those of the accounts that were looked at.
type Relinked struct {
	Links  []Link
	Kinds  []Kinship
	Looked []access.AccountID
	Keys   []AccountKey
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
	at := Mark{Rules: rules.version()}
	if at.Rev, err = s.Store.NewestRev(ctx); err != nil {
		return Correlation{}, fmt.Errorf("reading the newest revision: %w", err)
	}
	touched := Touched{All: true}
	if mark.Rules == at.Rules && mark.Rev > 0 {
		if touched, err = s.Store.Touched(ctx, mark.Rev); err != nil {
			return Correlation{}, fmt.Errorf("reading what changed: %w", err)
		}
	}
	r := &run{s: s, was: mark, keep: true}
	if touched.All || len(touched.Accounts)+len(touched.People) > 0 {
		if err := r.prepare(ctx, rules); err != nil {
			return r.sum, err
		}
		if err := r.look(ctx, touched); err != nil {
			return r.sum, err
		}
	}
	if at != mark || r.pending() > 0 {
		err = r.flush(ctx, at)
	}
	return r.sum, err
}

// simulate says what rules would change. It writes nothing, and so follows an
// account that opens others with the links that it has now.
func (s *Service) simulate(ctx context.Context, rules Rules) (Correlation, error) {
	r := &run{s: s}
	if err := r.prepare(ctx, rules); err != nil {
		return r.sum, err
	}
	err := r.look(ctx, Touched{All: true})
	return r.sum, err
}

// run is one run of the rules over accounts. What it found is kept in several
// changes, of which only the last moves the mark: interrupted, it is found again.
type run struct {
	s       *Service
	was     Mark
	keep    bool // or it only says what it would change
	m       matcher
	opening openings
	sum     Correlation
	found   Relinked
	renewed []access.AccountID // opened by an account whose link changed
}

func (r *run) prepare(ctx context.Context, rules Rules) error {
	x := newPeopleIndex()
	if err := r.s.Store.EachPerson(ctx, x.add); err != nil {
		return fmt.Errorf("reading the identities: %w", err)
	}
	x.ready()
	list, err := r.s.Store.Openings(ctx)
	if err != nil {
		return fmt.Errorf("reading which account opens which: %w", err)
	}
	r.m, r.opening = newMatcher(x, rules), newOpenings(list)
	return nil
}

// candidatesAtOnce are read together.
const candidatesAtOnce = 2000

// look runs the rules, over accounts that others open after those.
func (r *run) look(ctx context.Context, touched Touched) error {
	if touched.All {
		if err := r.pages(ctx, r.everything(ctx)); err != nil {
			return err
		}
		return r.opened(ctx, r.opening.all())
	}
	ids, err := r.affected(ctx, touched)
	if err != nil {
		return err
	}
	var opened []access.AccountID
	ids = slices.DeleteFunc(ids, func(id access.AccountID) bool {
		if r.opening.level(id) == 0 {
			return false
		}
		opened = append(opened, id)
		return true
	})
	if err := r.pages(ctx, r.these(ctx, ids)); err != nil {
		return err
	}
	return r.opened(ctx, opened)
}

// affected are the accounts that changed or whose identity did, those that bear a key
// which an identity has or had, and those opened by any of them, by way of others too:
// an interrupted run may have linked the first, which then are no longer renewed, and
// not have come to what they open.
func (r *run) affected(ctx context.Context, t Touched) ([]access.AccountID, error) {
	with, err := r.s.Store.AccountsWith(ctx, tracesOf(t.People))
	if err != nil {
		return nil, fmt.Errorf("looking for accounts of identities that changed: %w", err)
	}
	return r.opening.reached(slices.Concat(t.Accounts, with)), nil
}

// page reads the next accounts; none are left when it returns none.
type page func() ([]Candidate, error)

func (r *run) everything(ctx context.Context) page {
	var after access.AccountID
	return func() ([]Candidate, error) {
		list, err := r.s.Store.CandidatesAfter(ctx, after, candidatesAtOnce)
		if len(list) > 0 {
			after = list[len(list)-1].ID
		}
		return list, err
	}
}

func (r *run) these(ctx context.Context, ids []access.AccountID) page {
	return func() (list []Candidate, err error) {
		for len(list) == 0 && len(ids) > 0 && err == nil { // they may all be gone
			n := min(len(ids), candidatesAtOnce)
			list, err = r.s.Store.Candidates(ctx, ids[:n])
			ids = ids[n:]
		}
		return list, err
	}
}

// pages matches accounts that no other opens, page by page; the next page is read
// while one is matched and kept.
func (r *run) pages(ctx context.Context, next page) error {
	type answer struct {
		list []Candidate
		err  error
	}
	ahead := make(chan answer, 2)
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(ahead)
		for {
			list, err := next()
			select {
			case ahead <- answer{list, err}:
			case <-done:
				return
			}
			if err != nil || len(list) == 0 {
				return
			}
		}
	})
	defer reader.Wait()
	defer close(done)
	for a := range ahead {
		if a.err != nil {
			return fmt.Errorf("reading accounts: %w", a.err)
		}
		list := slices.DeleteFunc(a.list, func(c Candidate) bool { return r.opening.level(c.ID) > 0 })
		if err := r.match(ctx, list, nil); err != nil {
			return err
		}
	}
	return nil
}

// opened matches accounts that others open, each after all that open it.
func (r *run) opened(ctx context.Context, ids []access.AccountID) error {
	byLevel := map[int][]access.AccountID{}
	due := func(ids []access.AccountID) {
		for _, id := range ids {
			n := r.opening.level(id)
			byLevel[n] = append(byLevel[n], id)
		}
	}
	due(ids)
	for level := 1; level <= r.opening.levels; level++ {
		due(r.renewed) // all of higher levels than what was matched
		r.renewed = r.renewed[:0]
		now := byLevel[level]
		delete(byLevel, level)
		if len(now) == 0 {
			continue
		}
		if len(r.found.Links) > 0 { // they are what is read of the openers
			if err := r.flush(ctx, r.was); err != nil {
				return err
			}
		}
		slices.Sort(now)
		if err := r.level(ctx, slices.Compact(now)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) level(ctx context.Context, ids []access.AccountID) error {
	for chunk := range slices.Chunk(ids, candidatesAtOnce) {
		list, err := r.s.Store.Candidates(ctx, chunk)
		if err != nil {
			return fmt.Errorf("reading accounts that others open: %w", err)
		}
		openers, err := r.s.Store.Openers(ctx, chunk)
		if err != nil {
			return fmt.Errorf("reading what opens accounts: %w", err)
		}
		if err := r.match(ctx, list, openers); err != nil {
			return err
		}
	}
	return nil
}

// match matches accounts on all processors and takes in what differs.
func (r *run) match(ctx context.Context, list []Candidate, openers map[access.AccountID][]Opener) error {
	results := make([]outcome, len(list))
	var all sync.WaitGroup
	part := max(50, (len(list)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	for from := 0; from < len(list); from += part {
		all.Go(func() {
			for i := from; i < min(from+part, len(list)); i++ {
				a := list[i] // its kind is only for matching another
				if a.KindReason == kindOfWorkload {
					a.Kind = access.PersonAccount // what it was before its identity told
				}
				if a.Link.Settled() {
					results[i] = outcome{link: a.Link}
				} else {
					results[i] = r.m.match(&a, r.opening.outer(a.ID, openers[a.ID]))
				}
			}
		})
	}
	all.Wait()
	for i := range list {
		r.take(&list[i], results[i])
	}
	if r.pending() >= linksPerChange {
		return r.flush(ctx, r.was)
	}
	return nil
}

// take notes what differs from what is.
func (r *run) take(a *Candidate, o outcome) {
	l := o.link
	l.ID, l.Account = a.Link.ID, a.ID
	r.sum.add(a, &l, &o)
	if l != a.Link && (l.State != "" || a.Link.State != "") {
		r.found.Links = append(r.found.Links, l)
		r.sum.Changed++
		if l.Identity != a.Link.Identity || l.State != a.Link.State {
			r.renewed = append(r.renewed, r.opening.opens(a.ID)...)
		}
	}
	k := *a
	if k.KindReason == kindOfWorkload {
		k.Kind = access.PersonAccount
	}
	if is := r.m.x.kinship(&k, l); is.Kind != a.Kind {
		r.found.Kinds = append(r.found.Kinds, is)
	}
	r.found.Looked = append(r.found.Looked, a.ID)
	r.found.Keys = append(r.found.Keys, o.keys...)
}

func (r *run) pending() int {
	return max(len(r.found.Links)+len(r.found.Kinds), len(r.found.Keys), len(r.found.Looked)/10)
}

// flush keeps what was found so far.
func (r *run) flush(ctx context.Context, at Mark) error {
	found := r.found
	r.found = Relinked{Links: found.Links[:0], Kinds: found.Kinds[:0], Looked: found.Looked[:0], Keys: found.Keys[:0]}
	if !r.keep {
		return nil
	}
	if err := r.s.Store.Relink(ctx, found, at); err != nil {
		return fmt.Errorf("keeping %d links: %w", len(found.Links), err)
	}
	return nil
}
