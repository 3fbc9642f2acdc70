package inventory

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// maxLookups is how many things that vanished are looked for; of more nothing is
// known, and they count as gone.
const (
	maxLookups     = 10_000
	lookupsAtATime = 1000
)

// whereabouts asks where the accounts and entitlements are that vanished. Those that
// still are, where or such that the sync does not see them, stay as they were known:
// a move must not take an account out of anybody's sight.
func (s *Service) whereabouts(ctx context.Context, l *connection, c *comparison, r *Report) error {
	locator, ok := l.Connector.(connector.Locator)
	if !ok {
		return nil
	}
	missing := s.vanished(c)
	if len(missing) > maxLookups {
		r.warnFirst(fmt.Sprintf("%d things are gone, too many to look for each: where they are is not known", len(missing)))
		return nil
	}
	first := ""
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(missing)), lookupsAtATime) {
		where, err := locator.Whereabouts(ctx, chunk)
		if err != nil {
			return err
		}
		for _, id := range chunk {
			switch w := where[id]; w.State {
			case connector.Deleted:
				r.Deleted += int64(len(missing[id]))
			case connector.OutOfSight:
				if first == "" {
					first = fmt.Sprintf("%s %q, now at %q", missing[id][0], id, shown(w.At))
				}
				for _, kind := range missing[id] {
					r.OutOfSight++
					c.stays(kind, id)
				}
				r.Strayed = append(r.Strayed, id)
			case connector.Unknown:
			}
		}
	}
	if first != "" {
		r.warnFirst(fmt.Sprintf("%d accounts and entitlements are no longer where the sync looks, and still there; they stay as they were known until they are deleted, or a sync with --accept-removals lets go of them. The first: %s", r.OutOfSight, first))
	}
	return nil
}

// vanished are the accounts and entitlements that were there, by native id. Who holds
// an entitlement only an index tells, without which it could not stay as it was.
func (s *Service) vanished(c *comparison) map[string][]access.ObjectKind {
	missing := map[string][]access.ObjectKind{} // one thing can be both
	for _, kind := range []access.ObjectKind{access.KindEntitlement, access.KindAccount} {
		if kind == access.KindEntitlement && s.Members == nil {
			continue
		}
		all := c.known.of(kind)
		for o := range all.all() {
			if o.is(isLive) && !o.is(isSeen) {
				native := all.native(o)
				missing[native] = append(missing[native], kind)
			}
		}
	}
	return missing
}

// warnFirst puts a warning of this sync before what is true of every one.
func (r *Report) warnFirst(text string) { r.Warnings = append([]string{text}, r.Warnings...) }

const maxShown = 300

// shown is a place as a connector told it, capped.
func shown(place string) string {
	return strings.ToValidUTF8(place[:min(len(place), maxShown)], "")
}

// stays keeps an object that is out of sight.
func (c *comparison) stays(kind access.ObjectKind, native string) {
	o := c.known.of(kind).find(native)
	o.state |= isSeen | isCompared
	c.count(kind)
	c.kept[access.Ref{Kind: kind, Key: int64(o.key)}] = true
}

// membersOf are those who held an entitlement when the comparison began.
func (s *Service) membersOf(ctx context.Context, c *comparison, of access.EntitlementID) (iter.Seq[access.Ref], error) {
	if of == 0 {
		return func(func(access.Ref) bool) {}, nil
	}
	list, synced, err := s.Members(ctx, c.system, of)
	if err == nil && synced != c.known.Synced {
		err = ErrOvertaken
	}
	return list, err
}

// retain has what is out of sight keep what it had: what it holds, and who holds it,
// but for what is gone.
func (m *merge) retain(ctx context.Context) error {
	members := map[access.Ref]bool{}
	for ref := range m.c.kept {
		if ref.Kind != access.KindEntitlement {
			continue
		}
		list, err := m.membersOf(ctx, m.c, access.EntitlementID(ref.Key))
		if err != nil {
			return err
		}
		for holder := range list {
			members[holder] = true
		}
	}
	for ref := range m.c.kept {
		members[ref] = true
	}
	if len(members) == 0 {
		return nil
	}
	there := m.c.there()
	for ref := range members {
		if !there[ref] {
			continue
		}
		grants, credentials, err := m.Store.HolderGrants(ctx, m.system.ID, ref)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if there[g.Entitlement.Ref()] && (m.c.kept[ref] || m.c.kept[g.Entitlement.Ref()]) {
				m.c.holdings.add(ref, g)
			}
		}
		if m.c.kept[ref] {
			m.c.holdings.addCredentials(credentials)
		}
	}
	return nil
}

// there are the accounts and entitlements that the system has.
func (c *comparison) there() map[access.Ref]bool {
	all := map[access.Ref]bool{}
	for _, kind := range []access.ObjectKind{access.KindEntitlement, access.KindAccount} {
		for o := range c.known.of(kind).all() {
			if o.is(isSeen) {
				all[access.Ref{Kind: kind, Key: int64(o.key)}] = true
			}
		}
	}
	return all
}

// add takes in a grant as the store has it.
func (h *holdings) add(holder access.Ref, g GrantRow) {
	h.grant(holder, grantFact{
		ent: uint32(g.Entitlement), res: uint32(g.Resource), mode: g.Mode, flags: g.Flags, //nolint:gosec // assign caps keys
		period: period{g.Start, g.End, g.LastUsed},
	})
}

// addCredentials takes in credentials as the store has them.
func (h *holdings) addCredentials(list []CredentialRow) {
	for _, k := range list {
		h.credential(k)
	}
}
