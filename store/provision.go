package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/provision"
)

// Provision is the store of package provision.
type Provision struct{ db *DB }

// Provision returns the store of package provision.
func (db *DB) Provision() Provision { return Provision{db} }

var _ provision.Store = Provision{}

// WaitRev implements provision.PlanStore.
func (s Provision) WaitRev(ctx context.Context, rev access.Rev) (access.Rev, error) {
	return s.db.WaitChange(ctx, rev)
}

// endsPerChange keeps each change short.
const endsPerChange = 500

const dueJustifications = `
select j.id, j.holder_kind, j.holder_id from justification j
 where j.until_set = 0 and j.ends_at > 0 and j.ends_at <= $1 order by j.ends_at limit $2`

// EndDue implements provision.PlanStore.
func (s Provision) EndDue(ctx context.Context) (n int, err error) {
	// Looked at first: most of the time nothing is due, and nobody has to wait for that.
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	read := func(q *query, at access.Time) (list []access.Justification, err error) {
		err = q.each(ctx, dueJustifications, []any{at, endsPerChange}, func(scan func(...any) error) error {
			var j access.Justification
			defer func() { list = append(list, j) }()
			return scan(&j.ID, &j.Holder.Kind, &j.Holder.Key)
		})
		return list, err
	}
	err = s.db.read(ctx, func(q *query) error {
		list, err := read(q, now)
		n = len(list)
		return err
	})
	if err != nil || n == 0 {
		return 0, err
	}
	err = s.db.change(ctx, audit.Event{Action: "provision.end_due"}, func(t *tx) error {
		list, err := read(&t.query, t.At)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		t.Event.Facts = map[string]string{"justifications": fmt.Sprint(n)}
		return t.unjustify(ctx, list)
	})
	return n, err
}

const provisionMark = "provision"

func (q *query) plannedRev(ctx context.Context) (rev access.Rev, err error) {
	err = q.each(ctx, `select value from meta where name = $1`, []any{provisionMark}, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		_, err := fmt.Sscan(text, &rev)
		return err
	})
	return rev, err
}

const (
	everyWanted = `
select distinct holder_id, 0 from justification where holder_kind = 1
union
select distinct identity_id, 0 from account_target where identity_id <> 0 and until_set = 0
union
select 0, id from account_target where identity_id = 0 and until_set = 0`

	changedWanted = `
select distinct c.kind, c.object, c.bulk
  from change_set s cross join change c
 where c.set_id = s.id and s.rev > $1 and s.rev <= $2 and c.kind in (1, 2, 5, 21, 22)`

	// writtenIn are those for whom something was done in systems that were read anew.
	writtenIn = `select distinct identity_id, case when identity_id = 0 then target_id else 0 end from operation where system_id in (%s)`

	// waitingUnits are whom anything waits for that a sync may have brought.
	waitingUnits = `
select distinct o.identity_id, case when o.identity_id = 0 then o.target_id else 0 end
  from operation o where o.state = 'waiting'
union
select x.identity_id, 0 from account_made m cross join account_target x
 where m.native_id <> '' and m.account_id = 0 and x.id = m.target_id and x.until_set = 0 and x.account_id = 0 and x.identity_id <> 0`

	holdersOf = `select distinct holder_id, 0 from justification where holder_kind = 1 and id in (%s)`
	unitsOf   = `select identity_id, case when identity_id = 0 then id else 0 end from account_target where id in (%s)`
	nobodys   = `select 0, id from account_target where identity_id = 0 and until_set = 0 and account_id <> 0 and account_id in (%s)`
	linkedTo  = `select distinct identity_id, 0 from account_link where until_set = 0 and identity_id <> 0 and account_id in (%s)`
)

// accountsAtMost are looked for one by one: of more, all whom anything was done for in the
// systems that were read.
const accountsAtMost = 2000

// News implements provision.PlanStore.
func (s Provision) News(ctx context.Context, after access.Rev) (n provision.News, err error) {
	err = s.db.read(ctx, func(q *query) error {
		since, err := q.plannedRev(ctx)
		if err != nil {
			return err
		}
		since = max(since, after)
		if err := q.row(ctx, newestRev).Scan(&n.Rev); err != nil || n.Rev == since {
			return err
		}
		u := units{}
		if since == 0 {
			if err := q.each(ctx, everyWanted, nil, u.add); err != nil {
				return err
			}
		} else if err := u.changed(ctx, q, since, n.Rev); err != nil {
			return err
		}
		n.Units = u.sorted()
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("reading what is to be planned: %w", err)
	}
	return n, nil
}

// units gathers identities, and targets of nobody.
type units map[access.Ref]bool

func (u units) add(scan func(...any) error) error {
	var identity, target int64
	if err := scan(&identity, &target); err != nil {
		return err
	}
	if identity != 0 {
		u[access.IdentityID(identity).Ref()] = true
	} else if target != 0 {
		u[access.TargetID(target).Ref()] = true
	}
	return nil
}

func (u units) sorted() (list provision.Units) {
	for r := range u {
		if r.Kind == access.KindIdentity {
			list.Identities = append(list.Identities, access.IdentityID(r.Key))
		} else {
			list.Targets = append(list.Targets, access.TargetID(r.Key))
		}
	}
	slices.Sort(list.Identities)
	slices.Sort(list.Targets)
	return list
}

func (u units) changed(ctx context.Context, q *query, since, until access.Rev) error {
	keys := map[access.ObjectKind][]int64{}
	var anew []int64
	err := q.each(ctx, changedWanted, []any{since, until}, func(scan func(...any) error) error {
		var kind access.ObjectKind
		var key int64
		var bulk bool
		err := scan(&kind, &key, &bulk)
		keys[kind] = append(keys[kind], key)
		if kind == access.KindSystem && bulk {
			anew = append(anew, key)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range keys[access.KindIdentity] {
		u[access.IdentityID(key).Ref()] = true
	}
	if len(keys[access.KindAccount])+len(keys[access.KindSystem]) > 0 {
		if err := q.each(ctx, waitingUnits, nil, u.add); err != nil {
			return err
		}
	}
	if len(keys[access.KindAccount]) > accountsAtMost {
		delete(keys, access.KindAccount)
		anew = keys[access.KindSystem]
	}
	for chunk := range slices.Chunk(anew, keysPerQuery) {
		if err := q.eachListed(ctx, writtenIn, keyList(chunk), nil, u.add); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		kind access.ObjectKind
		text string
	}{{access.KindJustification, holdersOf}, {access.KindTarget, unitsOf}, {access.KindAccount, linkedTo}, {access.KindAccount, nobodys}} {
		for chunk := range slices.Chunk(keys[x.kind], keysPerQuery) {
			if err := q.eachListed(ctx, x.text, keyList(chunk), nil, u.add); err != nil {
				return err
			}
		}
	}
	return nil
}

func marshalSet(set map[string]string) (string, error) {
	if len(set) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(set)
	return string(text), err
}

const operationColumns = `o.id, o.run_id, o.kind, o.system_id, o.identity_id, o.target_id, o.account_id, o.entitlement_id, o.resource_id, o.set_values, o.since_set,
       o.by_hand, o.undo, o.urgent, o.state, o.attempts, o.due_at, o.failing_since, o.code, o.error, o.planned_at, o.tried_at, o.ended_at`

func scanOperation(scan func(...any) error, o *provision.Operation, more ...any) error {
	var set string
	var urgent int
	err := scan(append([]any{
		&o.ID, &o.Run, &o.Kind, &o.System, &o.Identity, &o.Target, &o.Account, &o.Entitlement, &o.Resource, &set, &o.Since,
		&o.ByHand, &o.Undo, &urgent, &o.State, &o.Attempts, &o.Due, &o.Failing, &o.Code, &o.Error, &o.Planned, &o.Tried, &o.Ended,
	}, more...)...)
	if err != nil {
		return err
	}
	o.Urgent = urgent != 0
	if len(set) > 2 {
		return json.Unmarshal([]byte(set), &o.Set)
	}
	return nil
}

// asked says which login the accounts of operations are to have that are not over, and with
// what those are to be made: what whoever does it by hand has to know.
func (q *query) asked(ctx context.Context, list []provision.Operation) error {
	var targets []access.TargetID
	var people []access.IdentityID
	for _, o := range list {
		switch {
		case !o.State.Open():
		case o.Target != 0:
			targets = append(targets, o.Target)
		case o.Account == 0 && o.Identity != 0:
			people = append(people, o.Identity)
		}
	}
	if len(targets) > 0 {
		if err := q.askedOf(ctx, list, "x.id in ("+keyList(targets)+")"); err != nil {
			return err
		}
	}
	if len(people) > 0 {
		return q.askedOf(ctx, list, "x.identity_id in ("+keyList(people)+")")
	}
	return nil
}

func (q *query) askedOf(ctx context.Context, list []provision.Operation, which string) error {
	return q.readTargets(ctx, which, nil, func(y access.Target) error {
		for i := range list {
			o := &list[i]
			its := o.Target == y.ID || o.Target == 0 && o.Account == 0 && o.Identity == y.Identity && o.System == y.System
			if !its || !o.State.Open() {
				continue
			}
			o.Login = y.Login
			if o.Kind == connector.CreateAccount {
				o.Set = y.Attributes
			}
		}
		return nil
	})
}
