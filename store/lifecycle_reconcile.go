package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

var (
	_ lifecycle.EngineStore  = Lifecycle{}
	_ lifecycle.PreviewStore = Lifecycle{}
)

const (
	lifecycleLease = "lifecycle"
	lifecycleTTL   = 30 * time.Second
)

// turn is the lease of a term.
func turn(t lifecycle.Term) *lease {
	return &lease{name: lifecycleLease, fence: int64(t), ttl: lifecycleTTL}
}

// Lead implements lifecycle.EngineStore.
func (s Lifecycle) Lead(ctx context.Context) (lifecycle.Term, bool, error) {
	l, err := s.db.takeLease(ctx, lifecycleLease, lifecycleTTL)
	if errors.Is(err, ErrLeased) {
		return 0, false, nil
	}
	return lifecycle.Term(l.fence), err == nil, err
}

// Keep implements lifecycle.EngineStore.
func (s Lifecycle) Keep(ctx context.Context, term lifecycle.Term) error {
	return s.db.bookkeep(ctx, func(t *tx) error { return turn(term).hold(ctx, t) })
}

// Resign implements lifecycle.EngineStore.
func (s Lifecycle) Resign(ctx context.Context, term lifecycle.Term) error {
	return s.db.bookkeep(ctx, func(t *tx) error { return turn(term).end(ctx, t) })
}

// WaitRev implements lifecycle.EngineStore.
func (s Lifecycle) WaitRev(ctx context.Context, rev access.Rev) (access.Rev, error) {
	return s.db.WaitChange(ctx, rev)
}

const comparedName = "lifecycle"

// Compared implements lifecycle.EngineStore.
func (s Lifecycle) Compared(ctx context.Context, term lifecycle.Term, rev access.Rev) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		if err := turn(term).hold(ctx, t); err != nil {
			return err
		}
		_, err := t.exec(ctx, `insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = $2`, comparedName, strconv.FormatInt(int64(rev), 10))
		return err
	})
}

// ChangedSince implements lifecycle.EngineStore.
func (s Lifecycle) ChangedSince(ctx context.Context) (by []string, err error) {
	err = s.db.read(ctx, func(q *query) error {
		var rev int64
		err := q.each(ctx, `select value from meta where name = $1`, []any{comparedName}, func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			var err error
			rev, err = strconv.ParseInt(text, 10, 64)
			return err
		})
		if err != nil || rev == 0 {
			return err
		}
		return q.each(ctx, `select distinct s.actor from change_set s where s.rev > $1 and exists (select 1 from change c where c.set_id = s.id)`, []any{rev}, func(scan func(...any) error) error {
			var actor string
			defer func() { by = append(by, actor) }()
			return scan(&actor)
		})
	})
	return by, err
}

// Holdings implements lifecycle.EngineStore.
func (s Lifecycle) Holdings(ctx context.Context, ids []access.IdentityID, take func(lifecycle.Holding, access.Time) error) error {
	return s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(ids, keysPerQuery) {
			list, err := q.holdings(ctx, part, at)
			if err != nil {
				return err
			}
			for _, h := range list {
				if err := take(*h, at); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var holders = `
select i.id, i.state, i.sponsor_id, coalesce(a.manager_id, 0), coalesce(o.owner_id, 0)
  from identity i
  left join affiliation a on a.identity_id = i.id and ` + now("a") + `
  left join ownership o on o.object_kind = 1 and o.object_key = i.id and ` + now("o") + `
 where i.id in (%s) and ` + now("i") + ` order by i.id, a.seq`

// holdings reads what is kept of some identities, in order.
func (q *query) holdings(ctx context.Context, ids []access.IdentityID, at access.Time) ([]*lifecycle.Holding, error) {
	list := keyList(ids)
	by := make(map[access.IdentityID]*lifecycle.Holding, len(ids))
	var all []*lifecycle.Holding
	err := q.eachListed(ctx, holders, list, nil, func(scan func(...any) error) error {
		h := &lifecycle.Holding{}
		err := scan(&h.Identity, &h.State, &h.Sponsor, &h.Manager, &h.Owner)
		if by[h.Identity] == nil { // else it is another position of theirs
			all, by[h.Identity] = append(all, h), h
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, string, map[access.IdentityID]*lifecycle.Holding, access.Time) error{
		q.holdingJustified, q.holdingTargets, q.holdingAccounts, q.holdingExceptions, q.holdingHolds, q.holdingFailures, q.holdingUrgent,
	} {
		if err := read(ctx, list, by, at); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (q *query) holdingJustified(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, at access.Time) error {
	systems := map[access.EntitlementID]access.SystemID{}
	err := q.readJustifications(ctx, `j.holder_kind = 1 and j.holder_id in (`+list+`)`, nil, func(j access.Justification) error {
		h := by[access.IdentityID(j.Holder.Key)]
		if h == nil {
			return nil
		}
		h.Justified = append(h.Justified, j)
		if j.Start <= at && (j.End == 0 || j.End > at) {
			systems[j.Entitlement] = 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	ids := make([]access.EntitlementID, 0, len(systems))
	for id := range systems {
		ids = append(ids, id)
	}
	if err := q.systemsOf(ctx, ids, systems); err != nil {
		return err
	}
	for _, h := range by {
		h.In = map[access.EntitlementID]access.SystemID{}
		for _, j := range h.Justified {
			if system := systems[j.Entitlement]; system != 0 {
				h.In[j.Entitlement] = system
			}
		}
	}
	return nil
}

func (q *query) holdingTargets(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, _ access.Time) error {
	return q.readTargets(ctx, `x.identity_id in (`+list+`)`, nil, func(y access.Target) error {
		if h := by[y.Identity]; h != nil {
			h.Targets = append(h.Targets, y)
		}
		return nil
	})
}

var linkedAccounts = `
select l.identity_id, a.id, a.system_id, a.login, a.kind, a.status
  from account_link l join account a on a.id = l.account_id and ` + now("a") + `
 where l.identity_id in (%s) and ` + whose + ` and ` + now("l") + ` and a.kind in ('person', 'admin')
 order by a.id`

func (q *query) holdingAccounts(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, _ access.Time) error {
	return q.eachListed(ctx, linkedAccounts, list, nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var a lifecycle.Account
		err := scan(&id, &a.ID, &a.System, &a.Login, &a.Kind, &a.Status)
		if h := by[id]; h != nil {
			h.Accounts = append(h.Accounts, a)
		}
		return err
	})
}

var exceptionsOf = `
select x.id, x.identity_id, x.entitlement_id, x.effect, x.reason, x.approver_id, x.ends_at
  from exception x where x.identity_id in (%s) and x.ends_at > $1 and ` + now("x") + ` order by x.id`

func (q *query) holdingExceptions(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, at access.Time) error {
	return q.eachListed(ctx, exceptionsOf, list, []any{at}, func(scan func(...any) error) error {
		var x access.Exception
		err := scan(&x.ID, &x.Identity, &x.Entitlement, &x.Effect, &x.Reason, &x.Approver, &x.End)
		if h := by[x.Identity]; h != nil {
			h.Exceptions = append(h.Exceptions, x)
		}
		return err
	})
}

const holdsOf = `
select w.identity_id, w.state, h.state, h.ends_at from lifecycle_held w join lifecycle_hold h on h.id = w.hold_id where w.identity_id in (%s)`

func (q *query) holdingHolds(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, at access.Time) error {
	return q.eachListed(ctx, holdsOf, list, nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var was access.IdentityState
		var state string
		var ends access.Time
		if err := scan(&id, &was, &state, &ends); err != nil {
			return err
		}
		h := by[id]
		if h == nil {
			return nil
		}
		h.HeldAs = was
		switch {
		case state == holdReleased:
			h.Hold = lifecycle.Released
		case state == holdOpen || ends > at:
			h.Hold = lifecycle.Held
		}
		return nil
	})
}

// Reconcile implements lifecycle.EngineStore.
func (s Lifecycle) Reconcile(ctx context.Context, term lifecycle.Term, by []string, ids []access.IdentityID, decide lifecycle.Decide) (done lifecycle.Done, err error) {
	err = s.db.change(ctx, audit.Event{Action: "lifecycle.reconcile"}, func(t *tx) error {
		if err := turn(term).hold(ctx, t); err != nil {
			return err
		}
		if err := t.lockTargets(ctx, ids); err != nil {
			return err
		}
		list, err := t.holdings(ctx, ids, t.At)
		if err != nil {
			return err
		}
		k := settling{t: t}
		for _, h := range list {
			step, err := decide(*h, t.At, t.loginFree(ctx))
			if err != nil {
				return fmt.Errorf("deciding on %s: %w", h.Identity, err)
			}
			if err := k.take(ctx, *h, step); err != nil {
				return err
			}
		}
		if err = k.flush(ctx); err != nil {
			return err
		}
		done = k.done
		return t.causedBy(ctx, by)
	})
	if errors.Is(err, errNothingDue) {
		return lifecycle.Done{}, nil
	}
	return done, err
}

// lockTargets keeps others from giving targets another version until this is over.
func (t *tx) lockTargets(ctx context.Context, ids []access.IdentityID) error {
	if t.d.forUpdate == "" {
		return nil
	}
	return t.eachListed(ctx, `select id from account_target where until_set = 0 and identity_id in (%s) order by id`+t.d.forUpdate, keyList(ids), nil, func(func(...any) error) error { return nil })
}

// settling gathers what steps come to.
type settling struct {
	t             *tx
	begin, end    []access.Justification
	redate        []access.Justification
	people, loose []access.IdentityID
	taken         []access.IdentityID // from whom something is taken, and no person let it through
	done          lifecycle.Done
}

func (k *settling) take(ctx context.Context, h lifecycle.Holding, s lifecycle.Step) error {
	if h.Withheld() != lifecycle.Held || !s.Empty() {
		k.loose = append(k.loose, h.Identity)
	}
	if s.Empty() {
		return nil
	}
	k.people = append(k.people, h.Identity)
	if s.Loses && !h.Urgent && h.Withheld() != lifecycle.Released {
		k.taken = append(k.taken, h.Identity)
	}
	k.begin, k.end, k.redate = append(k.begin, s.Begin...), append(k.end, s.End...), append(k.redate, s.Redate...)
	for i := range s.Targets {
		if err := k.t.putTarget(ctx, &s.Targets[i]); err != nil {
			return err
		}
	}
	k.done.Targets += len(s.Targets)
	if !s.Refailed {
		return nil
	}
	return k.t.refail(ctx, h.Identity, s.Failures)
}

func (k *settling) flush(ctx context.Context) error {
	if len(k.people) == 0 {
		return errNothingDue
	}
	t := k.t
	if err := t.unjustify(ctx, k.end); err != nil {
		return err
	}
	if err := t.redate(ctx, k.redate); err != nil {
		return err
	}
	if err := t.justify(ctx, k.begin); err != nil {
		return err
	}
	if err := t.letGo(ctx, k.loose); err != nil {
		return err
	}
	if err := t.keepTaken(ctx, k.taken); err != nil {
		return err
	}
	k.done.People, k.done.Begun, k.done.Ended, k.done.Redated = len(k.people), len(k.begin), len(k.end), len(k.redate)
	if len(k.people) == 1 {
		t.Event.Object, t.Event.Subjects = k.people[0].Ref(), k.people
	}
	t.Event.Facts = map[string]string{
		"people": strconv.Itoa(k.done.People), "begun": strconv.Itoa(k.done.Begun), "ended": strconv.Itoa(k.done.Ended),
		"redated": strconv.Itoa(k.done.Redated), "targets": strconv.Itoa(k.done.Targets),
	}
	return nil
}

// redate gives justifications that stand another end.
func (t *tx) redate(ctx context.Context, list []access.Justification) error {
	if len(list) == 0 {
		return nil
	}
	rows := newRows("justification", "id, from_set, holder_kind, holder_id, entitlement_id, resource_id, origin, approver_id, reason, starts_at, ends_at", len(list))
	holders := map[access.Ref]bool{}
	for _, j := range list {
		n, err := t.exec(ctx, `update justification set until_set = $1 where id = $2 and until_set = 0`, t.Set, j.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // it has ended meanwhile
		}
		rows.add(int64(j.ID), t.Set, int64(j.Holder.Kind), j.Holder.Key, int64(j.Entitlement), int64(j.Resource), string(j.Origin), int64(j.Approver), j.Reason, int64(j.Start), int64(j.End))
		holders[j.Holder] = true
		if err := t.due(ctx, j.ID.Ref(), j.End); err != nil {
			return err
		}
	}
	if err := t.insertRows(ctx, rows); err != nil {
		return err
	}
	return t.justified(ctx, holders)
}

// actors writes a list of audit actors, and readActors reads it.
// causedBy keeps who changed what a transaction follows from: they approve nothing of what
// it brings.
func (t *tx) causedBy(ctx context.Context, by []string) error {
	by = slices.Clone(by)
	slices.Sort(by)
	for _, actor := range slices.Compact(by) {
		if _, err := t.exec(ctx, `insert into lifecycle_cause (set_id, actor) values ($1, $2)`, t.Set, actor); err != nil {
			return err
		}
	}
	return nil
}

func actors(list []string) string {
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

func readActors(text string) []string { return strings.Fields(text) }
