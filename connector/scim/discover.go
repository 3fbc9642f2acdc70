package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/writhq/writ/connector"
)

// errEnough says that whoever reads has seen enough.
var errEnough = errors.New("enough")

// maxValues is how many different roles, or entitlements, users may have.
const maxValues = 100_000

// Discover yields groups as entitlements, what groups have through groups, then each
// account with its certificates, groups, roles and entitlements. A reading is one piece
// and always starts over: pages by number do not lead to the same place twice.
func (s *Service) Discover(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		if err := s.discover(ctx, yield); err != nil && !errors.Is(err, errEnough) {
			yield(connector.Record{}, err)
		}
	}
}

// reading is one pass over the service.
type reading struct {
	*session
	yield  func(connector.Record, error) bool
	in     *membership
	known  map[string]bool // roles and entitlements that were yielded
	shown  int             // users with a password
	strays int             // values of roles and entitlements that are none
}

func (s *Service) discover(ctx context.Context, yield func(connector.Record, error) bool) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.readTypes(); err != nil {
		return err
	}
	r := &reading{session: c, yield: yield, in: &membership{}, known: map[string]bool{}}
	if c.types.groups {
		if err := r.readGroups(); err != nil {
			return err
		}
	}
	err = c.walkAll("reading users", usersAt, nil, func(e *element) (thing, error) {
		u, err := e.user()
		return thing{string(u.ID), func() error { return r.account(&u) }}, err
	})
	if err != nil {
		return err
	}
	return r.warn()
}

// give yields a record.
func (r *reading) give(rec connector.Record) error {
	if r.ctx.Err() != nil {
		return r.broken("reading", context.Cause(r.ctx))
	}
	if !r.yield(rec, nil) {
		return errEnough
	}
	return nil
}

// readGroups yields each group, and then which group is in which.
func (r *reading) readGroups() error {
	query, err := r.membersAsked()
	if err != nil {
		return err
	}
	err = r.walkAll("reading groups", groupsAt, query, func(e *element) (thing, error) {
		next := uint32(len(r.in.groups)) //nolint:gosec // at most maxThings
		mark := len(r.in.edges)
		g, err := e.group(func(m member) { r.in.add(m, next) })
		if err != nil {
			return thing{}, err
		}
		found := r.in.edges[mark:]
		r.in.edges = r.in.edges[:mark] // until it is known whether the group is one that came before
		return thing{string(g.ID), func() error {
			r.in.edges = r.in.edges[:mark+len(found)]
			r.in.groups = append(r.in.groups, groupName{string(g.ID), g.DisplayName.clean()})
			return r.give(connector.Record{Entitlement: r.entitlement(kindGroup, string(g.ID), g.DisplayName.clean())})
		}}, nil
	})
	if err != nil {
		return err
	}
	r.in.seal()
	for _, g := range r.in.groups {
		for _, of := range r.in.of(ofGroup, g.id) {
			if err := r.grant(connector.Target{Kind: connector.OnEntitlement, ID: idOf(kindGroup, g.id)}, idOf(kindGroup, r.in.groups[of].id)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) grant(holder connector.Target, entitlement string) error {
	return r.give(connector.Record{Grant: &connector.Grant{Holder: holder, Entitlement: entitlement}})
}

// entitlement is a group, or a value of roles or entitlements.
func (r *reading) entitlement(kind, of, name string) *connector.Entitlement {
	e := &connector.Entitlement{ID: idOf(kind, of), Kind: kind, Name: name}
	if e.Name == "" {
		e.Name = of
	}
	e.Capabilities = r.capabilities(e.ID)
	return e
}

// account yields one account with all that is its own.
func (r *reading) account(u *user) error {
	if u.Password {
		r.shown++
	}
	held, strays := u.values()
	r.strays += strays
	for _, v := range held {
		id := idOf(v.kind, v.of)
		if r.known[id] {
			continue
		}
		if len(r.known) == maxValues {
			return connector.ErrIncomplete.With("scim %q: users have more than %d different roles and entitlements, nothing of it counts", r.name, maxValues)
		}
		r.known[id] = true
		if err := r.give(connector.Record{Entitlement: r.entitlement(v.kind, v.of, v.name)}); err != nil {
			return err
		}
	}
	if err := r.give(connector.Record{Account: accountOf(u)}); err != nil {
		return err
	}
	for _, certificate := range certificates(u) {
		if err := r.give(connector.Record{Credential: certificate}); err != nil {
			return err
		}
	}
	holder := connector.Target{Kind: connector.OnAccount, ID: string(u.ID)}
	for _, of := range r.in.of(ofUser, holder.ID) {
		if err := r.grant(holder, idOf(kindGroup, r.in.groups[of].id)); err != nil {
			return err
		}
	}
	for _, v := range held {
		if err := r.grant(holder, idOf(v.kind, v.of)); err != nil {
			return err
		}
	}
	return nil
}

// warn yields what strayed.
func (r *reading) warn() error {
	warning := func(where, reason string) error {
		return r.give(connector.Record{Reject: &connector.Reject{Where: where, Reason: reason}})
	}
	if r.shown > 0 {
		if err := warning(usersAt, fmt.Sprintf("%d users: %s", r.shown, passwordsShown)); err != nil {
			return err
		}
	}
	if r.strays > 0 {
		if err := warning(usersAt, fmt.Sprintf("%d roles or entitlements have values that are no text of at most %d bytes, and are left out", r.strays, maxID)); err != nil {
			return err
		}
	}
	for i, missing := range r.in.strays() {
		if missing == 0 {
			continue
		}
		g := r.in.groups[i]
		if err := warning("group "+g.name+" ("+clean(g.id)+")", fmt.Sprintf("%d of its members are gone, are no users or groups, or are not shown to Writ's token", missing)); err != nil {
			return err
		}
	}
	return nil
}
