package role

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database. One use case is one method is one
// transaction; the rules that it is given see the catalog as it is in that transaction.
type Store interface {
	// Catalog returns every role that is published.
	Catalog(ctx context.Context) (*Catalog, error)
	// Versions returns a role as it is and was, the newest first.
	Versions(ctx context.Context, id access.RoleID) ([]Role, error)
	// Drafts returns every open draft, or that of one role.
	Drafts(ctx context.Context, of access.RoleID) ([]Draft, error)
	// Draft keeps what rule makes of a role's open draft, which is nil where there is none;
	// nil of it discards it. A new role is zero, and gets its id. Version is the row that
	// the caller has seen, of the draft or else of the role; zero is whichever there is.
	Draft(ctx context.Context, e audit.Event, id access.RoleID, version int64, rule func(*Catalog, *Draft) (*Draft, error)) (access.RoleID, error)
	// Publish makes an open draft the role's next version, with its variants, or returns
	// ErrInUse for a value that somebody was assigned.
	Publish(ctx context.Context, e audit.Event, id access.RoleID, version int64, rule func(*Catalog, Draft) (*Change, error)) error
	// Own makes somebody answer for a role.
	Own(ctx context.Context, id access.RoleID, version int64, owner access.IdentityID) error
	// Retire ends a role and its variants, or returns ErrInUse.
	Retire(ctx context.Context, id access.RoleID, version int64, reason string, rule func(*Catalog) error) error
	Assigning
	Migrating
	Candidates
	MiningStore
}

// Birthright tells which birthright rules that are enforced give roles or entitlements, and
// to whom.
type Birthright interface {
	Giving(ctx context.Context) ([]Rule, error)
}

// Duties tells which entitlements nobody should hold together: the conflicts that involve
// any of some.
type Duties interface {
	Conflicts(v *graph.View, of []access.EntitlementID) []Conflict
}

// Declared are the conflicts that systems declare themselves.
type Declared struct{}

// Conflicts implements Duties.
func (Declared) Conflicts(v *graph.View, of []access.EntitlementID) (list []Conflict) {
	asked := map[access.EntitlementID]bool{}
	for _, id := range of {
		asked[id] = true
	}
	told := map[[2]access.EntitlementID]bool{}
	for e := range v.Entitlements() {
		for _, other := range e.Conflicts {
			pair := [2]access.EntitlementID{min(e.ID, other), max(e.ID, other)}
			if told[pair] || !asked[e.ID] && !asked[other] {
				continue
			}
			told[pair] = true
			list = append(list, Conflict{pair[0], pair[1], "the system declares it"})
		}
	}
	return list
}

// Service is the use cases. Birthright is nil where no rule is kept, and People where no
// roles are mined.
type Service struct {
	Store      Store
	Graph      *graph.Graph
	Duties     Duties
	Birthright Birthright
	People     People

	mu       sync.Mutex
	exploded *Explosion // the last report, which every list of roles asks for
}

// explosion is the report at a revision, worked out once for all who ask.
func (s *Service) explosion(v *graph.View, c *Catalog, rules []Rule) *Explosion {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exploded == nil || s.exploded.Rev != v.Rev() {
		s.exploded = Explode(v, c, rules)
	}
	return s.exploded
}

func (s *Service) rules(ctx context.Context) ([]Rule, error) {
	if s.Birthright == nil {
		return nil, nil
	}
	rules, err := s.Birthright.Giving(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking which rules give roles: %w", err)
	}
	return rules, nil
}

// Find returns the published role that a text names, by id or by name.
func (s *Service) Find(ctx context.Context, text string) (*Role, error) {
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	return c.find(text)
}

func (c *Catalog) find(text string) (*Role, error) {
	var id access.RoleID
	if id.UnmarshalText([]byte(text)) == nil {
		if r, ok := c.Role(id); ok {
			return r, nil
		}
	}
	if r, ok := c.Named(strings.Join(strings.Fields(text), " ")); ok {
		return r, nil
	}
	return nil, ErrNotFound.With("there is no published role called %q", text)
}

// FindAny returns the id of a role that is published, or has a draft only.
func (s *Service) FindAny(ctx context.Context, text string) (access.RoleID, error) {
	r, err := s.Find(ctx, text)
	if err == nil {
		return r.ID, nil
	}
	drafts, draftErr := s.Store.Drafts(ctx, 0)
	if draftErr != nil {
		return 0, draftErr
	}
	var found []access.RoleID
	for _, d := range drafts {
		if text == d.Role.String() {
			return d.Role, nil
		}
		if text == d.Name {
			found = append(found, d.Role)
		}
	}
	switch len(found) {
	case 0:
		return 0, ErrNotFound.With("there is no role called %q, nor a draft of one", text)
	case 1:
		return found[0], nil
	}
	return 0, ErrNotFound.With("several drafts are called %q: name one by its id, such as %s", text, found[0])
}

// check reports what of a definition is not there.
func (s *Service) check(d Definition) error {
	v := s.Graph.View()
	defer v.Close()
	for _, p := range d.Parts {
		if p.Entitlement == 0 {
			continue
		}
		if _, there := v.Entitlement(p.Entitlement); !there {
			return ErrPart.With("there is no entitlement %s", p.Entitlement)
		}
	}
	return works(v, d.Owner)
}

// works reports whoever cannot answer for a role; nobody can, until it is submitted.
func works(v *graph.View, owner access.IdentityID) error {
	if owner == 0 {
		return nil
	}
	if n, ok := v.Identity(owner); !ok || n.Kind != access.Human || !n.State.MayHoldAccess() {
		return ErrOwner
	}
	return nil
}

func author(ctx context.Context) (string, error) {
	actor, err := audit.ActorOf(ctx)
	return actor.String(), err
}

// Edit writes a draft: of a new role where id is zero, else of a role that is there. Only
// one is open at a time; what was approved has to be reviewed anew.
func (s *Service) Edit(ctx context.Context, id access.RoleID, version int64, to Definition) (access.RoleID, error) {
	by, err := author(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.check(to); err != nil {
		return 0, err
	}
	e := audit.Event{Action: "role.draft", Facts: map[string]string{"parts": strconv.Itoa(len(to.Parts))}, Personal: map[string]string{"name": to.Name}}
	return s.Store.Draft(ctx, e, id, version, func(c *Catalog, open *Draft) (*Draft, error) {
		ch, err := c.Become(id, to)
		if err != nil {
			return nil, err
		}
		d := Draft{Role: id}
		if open != nil {
			d = *open
		} else if r, ok := c.Role(id); ok {
			d.Base = r.Number
		} else if id != 0 {
			return nil, ErrNotFound
		}
		d = d.edited(by, ch.Role.Definition)
		return &d, nil
	})
}

// CheckEdit reports what would keep a draft from being written: of a new role where id is
// zero, else of one that is there. It returns the definition as it would be kept.
func (s *Service) CheckEdit(ctx context.Context, id access.RoleID, to Definition) (Definition, error) {
	if err := s.check(to); err != nil {
		return to, err
	}
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return to, err
	}
	ch, err := c.Become(id, to)
	if err != nil {
		return to, err
	}
	return ch.Role.Definition, nil
}

// step moves the open draft of a role.
func (s *Service) step(ctx context.Context, e audit.Event, id access.RoleID, version int64, move func(*Catalog, Draft) (*Draft, error)) error {
	_, err := s.Store.Draft(ctx, e, id, version, func(c *Catalog, open *Draft) (*Draft, error) {
		if open == nil {
			return nil, ErrNoDraft
		}
		return move(c, *open)
	})
	return err
}

// Discard ends an open draft.
func (s *Service) Discard(ctx context.Context, id access.RoleID, version int64) error {
	return s.step(ctx, audit.Event{Action: "role.discard"}, id, version, func(*Catalog, Draft) (*Draft, error) { return nil, nil })
}

// Submit puts an open draft before somebody else.
func (s *Service) Submit(ctx context.Context, id access.RoleID, version int64) error {
	return s.step(ctx, audit.Event{Action: "role.submit"}, id, version, func(c *Catalog, d Draft) (*Draft, error) {
		if d.Owner == 0 {
			return nil, ErrOwner.With("say who answers for the role before somebody reviews it")
		}
		if _, err := c.Become(id, d.Definition); err != nil {
			return nil, err
		}
		next, err := d.submitted()
		return &next, err
	})
}

// Review approves a draft that is in review, or sends it back. Nobody approves what would
// give access to them, or to a service that they answer for.
func (s *Service) Review(ctx context.Context, id access.RoleID, version int64, approve bool, note string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	note = strings.TrimSpace(note)
	if approve && actor.Identity != 0 {
		im, err := s.Impact(ctx, id)
		if err != nil {
			return err
		}
		if err := s.mayApprove(im, actor.Identity); err != nil {
			return err
		}
	}
	e := audit.Event{Action: "role.review", Facts: map[string]string{"approved": strconv.FormatBool(approve)}, Personal: map[string]string{"note": note}}
	return s.step(ctx, e, id, version, func(_ *Catalog, d Draft) (*Draft, error) {
		next, err := d.reviewed(actor.String(), approve, note)
		return &next, err
	})
}

func (s *Service) mayApprove(im *Impact, who access.IdentityID) error {
	if im.Gainers.Contains(uint32(who)) { //nolint:gosec // keys have 31 bits
		return ErrGains
	}
	v := s.Graph.View()
	defer v.Close()
	for it := im.Gainers.Iterator(); it.HasNext(); {
		if n, ok := v.Identity(access.IdentityID(it.Next())); ok && n.Kind != access.Human && n.Owner == who {
			return ErrGains
		}
	}
	return nil
}

// open returns the open draft of a role.
func (s *Service) open(ctx context.Context, id access.RoleID) (Draft, error) {
	drafts, err := s.Store.Drafts(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	if len(drafts) == 0 {
		return Draft{}, ErrNoDraft
	}
	return drafts[0], nil
}

// Impact is what publishing the open draft of a role would change now.
func (s *Service) Impact(ctx context.Context, id access.RoleID) (*Impact, error) {
	d, err := s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.impactOf(ctx, d)
}

func (s *Service) impactOf(ctx context.Context, d Draft) (*Impact, error) {
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	ch, err := c.Become(d.Role, d.Definition)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	v := s.Graph.View()
	defer v.Close()
	return Before{View: v, Catalog: c, Rules: rules, Conflicts: s.Duties.Conflicts}.Impact(ch), nil
}

// Publish makes an approved draft the role's next version, and keeps with the record what
// that changed for people.
func (s *Service) Publish(ctx context.Context, id access.RoleID, version int64) (*Impact, error) {
	d, err := s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.check(d.Definition); err != nil { // of what was there when it was written
		return nil, err
	}
	im, err := s.impactOf(ctx, d)
	if err != nil {
		return nil, err
	}
	e := audit.Event{Action: "role.publish", Facts: im.facts(), Personal: map[string]string{"name": d.Name}}
	return im, s.Store.Publish(ctx, e, id, d.pinned(version), func(c *Catalog, d Draft) (*Change, error) {
		if err := d.publishable(c); err != nil {
			return nil, err
		}
		ch, err := c.Become(id, d.Definition)
		if err != nil {
			return nil, err
		}
		for _, r := range ch.all() {
			r.Number, r.Authors, r.Reviewer = d.Base+1, d.Authors, d.Reviewer
		}
		return ch, nil
	})
}

// pinned is the version that is meant: the one that was looked at, unless the caller says
// which.
func (d Draft) pinned(version int64) int64 {
	if version == 0 {
		return d.Version
	}
	return version
}

// facts are what the record of publishing keeps of its impact.
func (im *Impact) facts() map[string]string {
	rises := uint64(0)
	for _, r := range im.Rises {
		rises += r.Who.GetCardinality()
	}
	return map[string]string{
		"revision": strconv.FormatInt(int64(im.Rev), 10), "members": count(im.Members.GetCardinality()), "gain": count(im.Gainers.GetCardinality()),
		"lose": count(im.Losers.GetCardinality()), "conflicts": strconv.Itoa(len(im.Clashes)), "rise": count(rises),
	}
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

// Own makes somebody answer for a role.
func (s *Service) Own(ctx context.Context, id access.RoleID, version int64, owner access.IdentityID) error {
	v := s.Graph.View()
	defer v.Close()
	if owner == 0 {
		return ErrOwner
	}
	if err := works(v, owner); err != nil {
		return err
	}
	return s.Store.Own(ctx, id, version, owner)
}

// Retire ends a role that nobody has any more.
func (s *Service) Retire(ctx context.Context, id access.RoleID, version int64, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return ErrReason.With("say why the role is retired")
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	return s.Store.Retire(ctx, id, version, reason, func(c *Catalog) error {
		r, ok := c.Role(id)
		if !ok {
			return ErrNotFound
		}
		if r.Of != 0 {
			return ErrPart.With("%s is a variant: take its value out of the role", r.Name)
		}
		for _, x := range append(c.Variants(id), r) {
			for _, over := range c.containers(x.ID) {
				return ErrInUse.With("%s contains %s: take it out there first", over.Name, x.Name)
			}
			for _, rule := range rules {
				if rule.gives(x.ID) {
					return ErrInUse.With("the birthright rule %s gives %s: change that first", rule.Name, x.Name)
				}
			}
		}
		return nil
	})
}

// Explode reports which roles are one too many.
func (s *Service) Explode(ctx context.Context) (*Explosion, error) {
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	v := s.Graph.View()
	defer v.Close()
	return s.explosion(v, c, rules), nil
}
