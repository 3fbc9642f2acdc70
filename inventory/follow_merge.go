package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// following is what a connector told of changes, as it is put together with what
// the store has. It ends as the comparison of a complete reading would, for the
// holders whom the changes touch.
type following struct {
	*Service
	*comparison
	strangers map[connector.Target]bool             // named as present, and not known
	whole     map[access.Ref]bool                   // holders of whom all grants are told
	itself    map[access.Ref]bool                   // accounts of which all credentials are told
	affected  map[access.Ref]bool                   // holders whose grants or credentials may differ
	lost      map[access.Ref][]access.EntitlementID // who no longer holds what
	told      *connector.All                        // what the grants that follow are all of
	members   []uint64                              // of the entitlement that they are of
	away      map[access.Ref]bool                   // objects that are gone
}

func newFollowing(s *Service, c *comparison) *following {
	return &following{
		Service: s, comparison: c, strangers: map[connector.Target]bool{}, whole: map[access.Ref]bool{}, itself: map[access.Ref]bool{},
		affected: map[access.Ref]bool{}, lost: map[access.Ref][]access.EntitlementID{}, away: map[access.Ref]bool{},
	}
}

// name gives what changed its key, and notes who is there.
func (f *following) name(r *connector.Record) error {
	switch {
	case r.Present != nil:
		if o := f.known.of(kindOfTarget(r.Present.Kind)).find(r.Present.ID); o != nil && (o.is(isLive) || o.is(isSeen)) {
			o.state |= isSeen
		} else {
			f.strangers[connector.Target{Kind: r.Present.Kind, ID: strings.Clone(r.Present.ID)}] = true
		}
		if len(f.strangers) > againLimit {
			return connector.ErrMark.With("too many things are there that are not known")
		}
	case r.Grant != nil:
		if r.Grant.Holder.Kind == connector.OnIdentity || r.Grant.Holder.System != "" {
			return connector.ErrMark.With("changes name holders elsewhere")
		}
	default:
		f.comparison.name(r)
	}
	return nil
}

// present settles who is there: without a list everything that is known, but for
// what strayed, which is looked for each time.
func (f *following) present(listed bool, strayed []string) error {
	for t := range f.strangers {
		if o := f.known.of(kindOfTarget(t.Kind)).find(t.ID); o == nil || !o.is(isSeen) {
			return connector.ErrMark.With("%s %q is there, is not known, and was not told of as changed", t.Kind, t.ID)
		}
	}
	if listed {
		return nil
	}
	slices.Sort(strayed)
	for _, kind := range objectKinds {
		all := f.known.of(kind)
		for o := range all.all() {
			if o.is(isLive) && !o.is(isSeen) && !found(strayed, all.native(o)) {
				o.state |= isSeen
			}
		}
	}
	return nil
}

func found(sorted []string, s string) bool {
	_, ok := slices.BinarySearch(sorted, s)
	return ok
}

// run stages the difference.
func (f *following) run(ctx context.Context, m *merge, sp *spool) error {
	for _, kind := range objectKinds {
		gone, _ := f.removed(kind)
		for _, key := range gone {
			f.away[access.Ref{Kind: kind, Key: key}] = true
		}
	}
	m.begin()
	err := sp.each(func(rec *connector.Record) error {
		if rec.Resource == nil && rec.Entitlement == nil && rec.Account == nil {
			return nil
		}
		return m.object(ctx, rec)
	})
	if err != nil {
		return err
	}
	if err := sp.each(f.mark); err != nil {
		return err
	}
	if err := sp.each(func(rec *connector.Record) error { return f.tell(ctx, rec) }); err != nil {
		return err
	}
	if err := f.end(ctx); err != nil {
		return err
	}
	if err := f.entitlementsGone(ctx); err != nil {
		return err
	}
	if err := f.settle(ctx); err != nil {
		return err
	}
	if err := m.gone(ctx); err != nil {
		return err
	}
	if err := m.holders(ctx); err != nil {
		return err
	}
	f.count(m)
	return m.finish(ctx)
}

// mark notes of whom all is told, before any of it counts.
func (f *following) mark(r *connector.Record) error {
	switch {
	case r.Account != nil:
		if ref, ok := f.target(connector.Target{Kind: connector.OnAccount, ID: r.Account.ID}); ok {
			f.itself[ref], f.affected[ref] = true, true
		}
	case r.All != nil && r.All.Entitlement == "":
		if ref, ok := f.target(r.All.Holder); ok && !f.kept[ref] {
			f.whole[ref], f.affected[ref] = true, true
		}
	}
	return nil
}

// tell takes in what is told of who holds what.
func (f *following) tell(ctx context.Context, r *connector.Record) error {
	if r.Grant != nil {
		return f.grant(r.Grant)
	}
	if err := f.end(ctx); err != nil {
		return err
	}
	switch {
	case r.All != nil:
		all := *r.All
		f.told = &all
	case r.Credential != nil:
		f.holdCredential(r.Credential)
	}
	return nil
}

func (f *following) grant(g *connector.Grant) error {
	switch {
	case f.told == nil:
		return ErrInconsistent.With("a changed grant of %q comes without saying what it is all of", g.Entitlement)
	case f.told.Entitlement == "":
		if holder, ok := f.target(g.Holder); ok && f.whole[holder] {
			f.holdGrant(g)
		}
		return nil
	case g.Entitlement != f.told.Entitlement || g.Resource != "" || g.Mode != access.Standing || g.Flags != 0 || g.Start|g.End != 0 || g.UsageKnown:
		return ErrInconsistent.With("a changed grant of %q is told as a plain membership and is none", g.Entitlement)
	}
	// One who is not known is none of the system's, or lies where it is not read.
	if holder, ok := f.target(g.Holder); ok && !f.kept[holder] {
		f.members = append(f.members, at(holder))
	}
	return nil
}

// at stands for a holder; where sorted, as grantFact.at does.
func at(ref access.Ref) uint64 { return uint64(ref.Kind)<<32 | uint64(ref.Key) } //nolint:gosec // assign caps keys

func holderAt(at uint64) access.Ref {
	return access.Ref{Kind: access.ObjectKind(at >> 32), Key: int64(uint32(at))} //nolint:gosec // as at put them together
}

// end compares the members of an entitlement that were told with those that were.
func (f *following) end(ctx context.Context) error {
	told := f.told
	f.told = nil
	if told == nil || told.Entitlement == "" {
		return nil
	}
	ent := access.EntitlementID(f.key(access.KindEntitlement, told.Entitlement))
	was, err := f.membersOf(ctx, ent)
	if err != nil || ent == 0 {
		return err
	}
	slices.Sort(f.members)
	is := slices.Compact(f.members)
	for len(was)+len(is) > 0 {
		order := 0
		switch {
		case len(was) == 0:
			order = 1
		case len(is) == 0:
			order = -1
		default:
			order = cmp.Compare(was[0], is[0])
		}
		if order < 0 {
			f.loses(holderAt(was[0]), ent)
			was = was[1:]
			continue
		}
		if ref := holderAt(is[0]); order > 0 || f.whole[ref] {
			f.holdings.add(ref, GrantRow{Grant: access.Grant{Entitlement: ent}, LastUsed: -1})
			f.affected[ref] = true
		}
		if order == 0 {
			was = was[1:]
		}
		is = is[1:]
	}
	f.members = f.members[:0]
	return nil
}

func (f *following) loses(ref access.Ref, ent access.EntitlementID) {
	f.lost[ref] = append(f.lost[ref], ent)
	f.affected[ref] = true
}

// entitlementsGone take the grants of them along.
func (f *following) entitlementsGone(ctx context.Context) error {
	gone, _ := f.removed(access.KindEntitlement)
	for _, key := range gone {
		was, err := f.membersOf(ctx, access.EntitlementID(key))
		if err != nil {
			return err
		}
		for _, x := range was {
			f.loses(holderAt(x), access.EntitlementID(key))
		}
	}
	return nil
}

// membersOf are those who held an entitlement and are still there, sorted. Who is out
// of sight keeps an entitlement that is told of: nobody tells whether they have it.
func (f *following) membersOf(ctx context.Context, of access.EntitlementID) (list []uint64, err error) {
	all, err := f.Service.membersOf(ctx, f.comparison, of)
	if err != nil {
		return nil, err
	}
	for ref := range all {
		if f.away[ref] || f.kept[ref] && !f.away[of.Ref()] {
			continue
		}
		list = append(list, at(ref))
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// settle puts what is told of each holder whom the changes touch together with what
// the store has of them, and leaves the others out of the comparison.
func (f *following) settle(ctx context.Context) error {
	f.known.Holdings.only(func(ref access.Ref) bool { return f.away[ref] || f.affected[ref] })
	for ref := range f.known.Holdings.holders() {
		if !f.affected[ref] {
			continue
		}
		grants, credentials, err := f.Store.HolderGrants(ctx, f.system, ref)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if !slices.Contains(f.lost[ref], g.Entitlement) && (!f.whole[ref] || f.kept[g.Entitlement.Ref()]) {
				f.holdings.add(ref, g)
			}
		}
		if !f.itself[ref] {
			f.holdings.addCredentials(credentials)
		}
	}
	return nil
}

// count makes the counts those of the whole system.
func (f *following) count(m *merge) {
	c := Counts{Grants: m.system.State.Counts.Grants + m.grantsMore, Credentials: m.system.State.Counts.Credentials + m.credentialsMore}
	for kind, into := range map[access.ObjectKind]*int64{access.KindResource: &c.Resources, access.KindEntitlement: &c.Entitlements, access.KindAccount: &c.Accounts} {
		for o := range f.known.of(kind).all() {
			if o.is(isSeen) {
				*into++
			}
		}
	}
	f.counts = c
}
