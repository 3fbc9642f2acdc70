package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Store is what this package needs from a database. One use case is one method is one
// transaction.
type Store interface {
	// Kept tells of which accounts a safe has which kinds of secret.
	Kept(ctx context.Context) (map[access.AccountID][]Kind, error)
	// Places are where secrets lie embedded.
	Places(ctx context.Context) ([]Place, error)
	// Begin keeps a new onboarding with its items, which wait.
	Begin(ctx context.Context, o Onboarding, items []Item) (access.OnboardingID, error)
	// Take gives the next waiting items their secrets, which are due at once, a few at a time,
	// and tells how many are left. What cannot be taken any more is refused.
	Take(ctx context.Context, id access.OnboardingID) (left int, err error)
	// Waiting are onboardings with items that wait.
	Waiting(ctx context.Context) ([]access.OnboardingID, error)
	// Release lets go of items whose secret has no value yet; no account is all of them.
	Release(ctx context.Context, id access.OnboardingID, accounts []access.AccountID, reason string) (n int, err error)
	// Onboardings are the newest, or the one with an id.
	Onboardings(ctx context.Context, id access.OnboardingID, first int) ([]Onboarding, error)
	Items(ctx context.Context, id access.OnboardingID) ([]Item, error)
	// Account tells which account a secret opens, or returns ErrNotBeside where nothing is left
	// in place beside it.
	Account(ctx context.Context, id access.SecretID) (access.AccountID, error)
	// Alone makes a secret due, with which it opens its account alone.
	Alone(ctx context.Context, id access.SecretID, reason string) error
}

// Systems tells what can be changed where.
type Systems interface {
	Systems(ctx context.Context) (map[access.SystemID]System, error)
}

// Names tells what things are called.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// Service is the use cases. All of its fields are needed but Now and Wake.
type Service struct {
	Store   Store
	Systems Systems
	Names   Names
	Graph   *graph.Graph
	Gate    *policy.Gate
	Now     func() time.Time // nil is time.Now
	Wake    func()           // has what is due set now
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

// Candidates are those that are asked for, the most dangerous first.
func (s *Service) Candidates(ctx context.Context, q Query) ([]Candidate, error) {
	v := s.Graph.View()
	defer v.Close()
	return s.candidates(ctx, v, q)
}

func (s *Service) candidates(ctx context.Context, v *graph.View, q Query) ([]Candidate, error) {
	k := known{view: v, now: s.now()}
	var err error
	if k.systems, err = s.Systems.Systems(ctx); err != nil {
		return nil, fmt.Errorf("reading what systems keep: %w", err)
	}
	if k.kept, err = s.Store.Kept(ctx); err != nil {
		return nil, fmt.Errorf("reading what safes have: %w", err)
	}
	if k.places, err = s.Store.Places(ctx); err != nil {
		return nil, fmt.Errorf("reading where secrets are embedded: %w", err)
	}
	return slices.DeleteFunc(k.candidates(), func(c Candidate) bool { return !q.has(c) }), nil
}

// Plan is what starting would take, and what it would leave and why.
type Plan struct {
	Items []Candidate `json:"items"`
	Taken int         `json:"taken" doc:"How many of them would be taken over"`
	Guard string      `json:"guard,omitempty" doc:"Why it takes saying how many are meant"`
}

// Preview tells what starting would do. It changes nothing.
func (s *Service) Preview(ctx context.Context, a Ask) (Plan, error) {
	if err := a.Validate(); err != nil {
		return Plan{}, err
	}
	return s.plan(ctx, a, false)
}

// plan is what is asked for, with what stands against each. Starting takes what whoever
// calls has to prove first, as a second factor; a preview does without.
func (s *Service) plan(ctx context.Context, a Ask, starting bool) (p Plan, err error) {
	v := s.Graph.View()
	defer v.Close()
	if p.Items, err = s.candidates(ctx, v, a.Query); err != nil {
		return p, err
	}
	var taken []Candidate
	for i := range p.Items {
		c := &p.Items[i]
		if c.Not != "" {
			continue
		}
		switch err := s.mayKeep(ctx, v, c.Account, a.Reason); {
		case errors.Is(err, policy.ErrStepUp) || errors.Is(err, policy.ErrReason):
			if starting {
				return p, err
			}
		case err != nil:
			c.Not = err.Error()
			continue
		}
		taken = append(taken, *c)
	}
	p.Taken = len(taken)
	labels, err := s.Names.Names(ctx, systemsOf(taken))
	p.Guard = guard(taken, func(id access.SystemID) (n int) {
		for range v.AccountsIn(id) {
			n++
		}
		return n
	}, func(id access.SystemID) string { return labels[id.Ref()].Named(id.Ref()).Name })
	return p, err
}

// mayKeep reports whether whoever calls may have what opens an account kept.
func (s *Service) mayKeep(ctx context.Context, v *graph.View, id access.AccountID, reason string) error {
	o := policy.Object{Reason: reason}
	o.Resource, _ = policy.ObjectOf(v, id.Ref())
	return s.Gate.Permit(ctx, "account.keep", o)
}

func systemsOf(list []Candidate) (refs []access.Ref) {
	for _, c := range list {
		refs = append(refs, c.System.Ref())
	}
	slices.SortFunc(refs, access.Ref.Compare)
	return slices.Compact(refs)
}

// Start takes over what a preview says.
func (s *Service) Start(ctx context.Context, a Ask) (id access.OnboardingID, err error) {
	if err := a.Validate(); err != nil {
		return 0, err
	}
	if a.Reason, err = access.Said(a.Reason); err != nil {
		return 0, err
	}
	if a.Reason == "" {
		return 0, ErrAsk.With("say why they are taken over")
	}
	p, err := s.plan(ctx, a, true)
	switch {
	case err != nil:
		return 0, err
	case p.Taken == 0:
		return 0, ErrNothing
	case p.Taken > maxItems:
		return 0, ErrAsk.With("that is %d secrets, and up to %d are taken over at once: name one system, or fewer accounts", p.Taken, maxItems)
	case a.Mean != 0 && a.Mean != p.Taken:
		return 0, ErrGuard.With("it is %d secrets by now, and %d are meant: look at the preview again", p.Taken, a.Mean)
	case p.Guard != "" && a.Mean == 0:
		return 0, ErrGuard.With("%s", p.Guard)
	}
	items, err := s.items(ctx, p.Items)
	if err != nil {
		return 0, err
	}
	id, err = s.Store.Begin(ctx, Onboarding{Safe: a.Safe, Reason: a.Reason, Every: a.Every, Beside: !a.Alone}, items)
	if err != nil {
		return 0, fmt.Errorf("beginning to take over: %w", err)
	}
	return id, s.finish(ctx, id)
}

// items are the candidates that are taken, with what their secrets are called.
func (s *Service) items(ctx context.Context, list []Candidate) (items []Item, err error) {
	var refs []access.Ref
	for _, c := range list {
		refs = append(refs, c.Account.Ref())
	}
	labels, err := s.Names.Names(ctx, refs)
	for _, c := range list {
		if c.Not == "" {
			items = append(items, Item{Account: c.Account, Kind: c.Kind, System: c.System, Name: secretName(labels[c.Account.Ref()], c)})
		}
	}
	return items, err
}

// maxName is how long the name of a secret may be, with room for what tells two apart.
const maxName = 90

// secretName is a name for a secret by whose it is, of what can be shown only.
func secretName(l access.Label, c Candidate) string {
	text := cmp.Or(l.Name, c.Account.String())
	if l.System != "" {
		text += " at " + l.System
	}
	if c.Kind == SSHKey {
		text += " (key)"
	}
	shown := []rune(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, text)), " "))
	return string(shown[:min(len(shown), maxName)])
}

// finish gives all items of an onboarding their secrets.
func (s *Service) finish(ctx context.Context, id access.OnboardingID) error {
	for left := 1; left > 0; {
		var err error
		if left, err = s.Store.Take(ctx, id); err != nil {
			return fmt.Errorf("taking over %s: %w", id, err)
		}
	}
	if s.Wake != nil {
		s.Wake()
	}
	return nil
}

// Resume goes on with what was begun and not finished, as where a node stopped.
func (s *Service) Resume(ctx context.Context) error {
	list, err := s.Store.Waiting(ctx)
	for _, id := range list {
		err = errors.Join(err, s.finish(ctx, id))
	}
	return err
}

// Release lets go of what was taken over and not set yet.
func (s *Service) Release(ctx context.Context, id access.OnboardingID, accounts []access.AccountID, reason string) (int, error) {
	reason, err := access.Said(reason)
	if err != nil {
		return 0, err
	}
	return s.Store.Release(ctx, id, accounts, reason)
}

// Alone has what was taken over be all that opens its account: other keys are taken out with
// its next value, which is set at once.
func (s *Service) Alone(ctx context.Context, id access.SecretID, reason string) error {
	reason, err := access.Said(reason)
	if err != nil {
		return err
	}
	account, err := s.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	v := s.Graph.View()
	defer v.Close()
	if err := s.mayKeep(ctx, v, account, reason); err != nil {
		return err
	}
	if err := s.Store.Alone(ctx, id, reason); err != nil {
		return err
	}
	if s.Wake != nil {
		s.Wake()
	}
	return nil
}
