package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/provision"
)

const provisionSystems = `
select s.id, s.name, s.kind, s.config, coalesce(y.began_at, 0)
  from system s left join sync_state y on y.kind = 5 and y.object = s.id
 where s.until_set = 0`

const targetColumns = `x.id, x.from_set, x.identity_id, x.system_id, x.account_id, x.login, x.attributes, x.state, x.recipient_id, x.urgent, x.delete_at, x.reason`

const accountColumns = `a.id, a.system_id, a.login, a.kind, a.status, a.display_name, a.email, a.number, a.attributes`

// What is known of units, whose targets are x. A target, a justification and a link are
// never staged: what has no end is what is now.
var (
	unitTargets = `select ` + targetColumns + ` from account_target x where x.until_set = 0 and %s order by x.id`

	unitWanted = `
select j.holder_id, e.system_id, j.entitlement_id, j.resource_id, j.from_set, j.until_set, j.starts_at, j.ends_at, j.origin
  from justification j join entitlement e on e.id = j.entitlement_id and ` + now("e") + `
 where j.holder_kind = 1 and j.holder_id in (%s) order by j.holder_id, j.entitlement_id, j.resource_id, j.from_set`

	unitLinked = `
select l.identity_id, ` + accountColumns + `
  from account_link l join account a on a.id = l.account_id and ` + now("a") + `
 where l.until_set = 0 and l.state in ('confirmed', 'manual') and l.identity_id in (%s) order by a.id`

	unitOwn = `
select x.id, ` + accountColumns + `
  from account_target x join account a on a.id = x.account_id and ` + now("a") + `
 where x.until_set = 0 and x.account_id <> 0 and %s`

	unitMade = `
select x.id, m.made_at, coalesce(a.id, 0), x.system_id, coalesce(a.login, x.login), coalesce(a.kind, 'person'), coalesce(a.status, ''), coalesce(a.display_name, ''), coalesce(a.email, ''), coalesce(a.number, ''), coalesce(a.attributes, '{}')
  from account_target x
  join account_made m on m.target_id = x.id and m.native_id <> ''
  left join account a on a.system_id = m.system_id and a.native_id = m.native_id and ` + now("a") + `
 where x.until_set = 0 and x.account_id = 0 and %s`

	// unitCalled are accounts that have the login that somebody was asked to make.
	unitCalled = `
select x.id, ` + accountColumns + `
  from account_target x
  join operation o on o.target_id = x.id and o.state = 'waiting' and o.by_hand and o.kind = 'create_account'
  join account a on a.login = x.login and a.system_id = x.system_id and ` + now("a") + `
 where x.until_set = 0 and x.account_id = 0 and x.login <> '' and %s
   and not exists (select 1 from account_link l where l.account_id = a.id and l.until_set = 0 and l.state in ('confirmed', 'manual') and l.identity_id <> x.identity_id)`

	unitDrift = `select o.identity_id, o.target_id, d.operation_id from provision_drift d join operation o on o.id = d.operation_id where %s`

	unitGrants = `
select g.holder_id, g.entitlement_id, g.resource_id from access_grant g
 where g.holder_kind = 2 and g.holder_id in (%s) and g.mode = 0 and ` + now("g")
)

// unitFacts reads what is known of some units in one transaction.
type unitFacts struct {
	q        *query
	now      access.Time
	systems  map[access.SystemID]provision.System
	of       map[access.Ref]*provision.Facts
	byTarget map[access.TargetID]*provision.Facts
	accounts map[access.AccountID][]*provision.Facts // who has them
}

// unitsPerRead are read together.
const unitsPerRead = 200

// Facts implements provision.PlanStore.
func (s Provision) Facts(ctx context.Context, of provision.Units, with func(*provision.System, string, map[string]string), take func(*provision.Facts) error) error {
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		systems, err := q.provisionSystems(ctx, with)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(of.Identities, unitsPerRead) {
			u := unitFacts{q: q, now: at, systems: systems}
			if err := u.identities(ctx, chunk, take); err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(of.Targets, unitsPerRead) {
			u := unitFacts{q: q, now: at, systems: systems}
			if err := u.nobodys(ctx, chunk, take); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading what is justified and observed: %w", err)
	}
	return nil
}

func (q *query) provisionSystems(ctx context.Context, with func(*provision.System, string, map[string]string)) (map[access.SystemID]provision.System, error) {
	all := map[access.SystemID]provision.System{}
	err := q.each(ctx, provisionSystems, nil, func(scan func(...any) error) error {
		var y provision.System
		var kind, config string
		if err := scan(&y.ID, &y.Name, &kind, &config, &y.Read); err != nil {
			return err
		}
		var c systemConfig
		if err := json.Unmarshal([]byte(config), &c); err != nil {
			return fmt.Errorf("configuration of %s: %w", y.Name, err)
		}
		if c.Connector != "" {
			kind = c.Connector
		}
		if with != nil {
			with(&y, kind, c.Options)
		}
		all[y.ID] = y
		return nil
	})
	return all, err
}

func (u *unitFacts) begin(refs []access.Ref) {
	u.of, u.byTarget, u.accounts = map[access.Ref]*provision.Facts{}, map[access.TargetID]*provision.Facts{}, map[access.AccountID][]*provision.Facts{}
	for _, r := range refs {
		f := &provision.Facts{Now: u.now, Systems: u.systems}
		if r.Kind == access.KindIdentity {
			f.Identity = access.IdentityID(r.Key)
		}
		u.of[r] = f
	}
}

func (u *unitFacts) identities(ctx context.Context, ids []access.IdentityID, take func(*provision.Facts) error) error {
	refs := make([]access.Ref, len(ids))
	for i, id := range ids {
		refs[i] = id.Ref()
	}
	u.begin(refs)
	list := keyList(ids)
	steps := []func() error{
		func() error { return u.wanted(ctx, list) },
		func() error { return u.targets(ctx, `x.identity_id in (`+list+`)`) },
		func() error { return u.past(ctx, `o.identity_id in (`+list+`)`) },
		func() error {
			return u.q.eachListed(ctx, unitLinked, list, nil, func(scan func(...any) error) error {
				var id access.IdentityID
				a, err := scanAccount(scan, &id)
				if err == nil {
					u.has(u.of[id.Ref()], a)
				}
				return err
			})
		},
		func() error { return u.rest(ctx, `x.identity_id in (`+list+`)`) },
	}
	return u.all(steps, refs, take)
}

func (u *unitFacts) nobodys(ctx context.Context, ids []access.TargetID, take func(*provision.Facts) error) error {
	refs := make([]access.Ref, len(ids))
	for i, id := range ids {
		refs[i] = id.Ref()
	}
	u.begin(refs)
	list := keyList(ids)
	steps := []func() error{
		func() error { return u.targets(ctx, `x.identity_id = 0 and x.id in (`+list+`)`) },
		func() error { return u.past(ctx, `o.target_id in (`+list+`)`) },
		func() error { return u.rest(ctx, `x.identity_id = 0 and x.id in (`+list+`)`) },
	}
	return u.all(steps, refs, take)
}

func (u *unitFacts) all(steps []func() error, refs []access.Ref, take func(*provision.Facts) error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, r := range refs {
		if err := take(u.of[r]); err != nil {
			return err
		}
	}
	return nil
}

func (u *unitFacts) targets(ctx context.Context, which string) error {
	return u.q.eachMade(ctx, fmt.Sprintf(unitTargets, which), nil, func(scan func(...any) error) error {
		var y provision.Target
		var attributes string
		err := scan(&y.ID, &y.Since, &y.Identity, &y.System, &y.Account, &y.Login, &attributes, &y.State, &y.Recipient, &y.Urgent, &y.DeleteAt, &y.Reason)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(attributes), &y.Attributes); err != nil {
			return fmt.Errorf("%s: %w", y.ID, err)
		}
		f := u.of[y.Identity.Ref()]
		if y.Identity == 0 {
			f = u.of[y.ID.Ref()]
		}
		f.Targets = append(f.Targets, y)
		u.byTarget[y.ID] = f
		return nil
	})
}

// wanted reads what is justified and what was, and says of each which set began or ended
// it last.
func (u *unitFacts) wanted(ctx context.Context, list string) error {
	return u.q.eachListed(ctx, unitWanted, list, nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var w provision.Wanted
		var until int64
		var start, end access.Time
		var origin access.Origin
		if err := scan(&id, &w.System, &w.Entitlement, &w.Resource, &w.Since, &until, &start, &end, &origin); err != nil {
			return err
		}
		w.Urgent = origin == access.FromElevation || origin == access.OriginBreakGlass
		f := u.of[id.Ref()]
		w.Live = until == 0 && start <= u.now && (end == 0 || end > u.now)
		switch {
		case w.Live:
		case until != 0:
			w.Since = until
		default:
			return nil // it has not begun, or is about to be ended
		}
		n := len(f.Wanted)
		if n > 0 && f.Wanted[n-1].Entitlement == w.Entitlement && f.Wanted[n-1].Resource == w.Resource {
			was := &f.Wanted[n-1]
			switch {
			case w.Live == was.Live:
				if w.Since > was.Since {
					was.Since, was.Urgent = w.Since, w.Urgent
				}
			case w.Live:
				*was = w
			}
			return nil
		}
		f.Wanted = append(f.Wanted, w)
		return nil
	})
}

func (u *unitFacts) past(ctx context.Context, which string) error {
	err := u.q.eachMade(ctx, fmt.Sprintf(unitDrift, which), nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var target access.TargetID
		var op access.OperationID
		err := scan(&id, &target, &op)
		f := u.of[id.Ref()]
		if id == 0 {
			f = u.of[target.Ref()]
		}
		if f != nil {
			f.Drifted = append(f.Drifted, op)
		}
		return err
	})
	if err != nil {
		return err
	}
	return u.q.eachMade(ctx, `select `+operationColumns+` from operation o where `+which+` order by o.id`, nil, func(scan func(...any) error) error {
		var o provision.Operation
		if err := scanOperation(scan, &o); err != nil {
			return err
		}
		f := u.of[o.Identity.Ref()]
		if o.Identity == 0 {
			f = u.of[o.Target.Ref()]
		}
		if f != nil {
			f.Past = append(f.Past, o)
		}
		return nil
	})
}

// rest reads the accounts of targets, and what all accounts have.
func (u *unitFacts) rest(ctx context.Context, which string) error {
	err := u.q.eachMade(ctx, fmt.Sprintf(unitOwn, which), nil, func(scan func(...any) error) error {
		a, err := scanAccount(scan, new(int64))
		if err == nil {
			u.ofTarget(a, access.TargetID(0))
		}
		return err
	})
	if err != nil {
		return err
	}
	err = u.q.eachMade(ctx, fmt.Sprintf(unitMade, which), nil, func(scan func(...any) error) error {
		var id access.TargetID
		var at access.Time
		a, err := scanAccount(scan, &id, &at)
		if err != nil || a.ID == 0 && u.systems[a.System].Read > at {
			return err // made, and gone since
		}
		a.Target, a.Unlinked = id, a.ID != 0
		u.ofTarget(a, id)
		return nil
	})
	if err != nil {
		return err
	}
	err = u.q.eachMade(ctx, fmt.Sprintf(unitCalled, which), nil, func(scan func(...any) error) error {
		var id access.TargetID
		a, err := scanAccount(scan, &id)
		a.Target, a.Called = id, true
		if f := u.byTarget[id]; err == nil && f != nil {
			f.Accounts = append(f.Accounts, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(u.accounts)), keysPerQuery) {
		err := u.q.eachListed(ctx, unitGrants, keyList(chunk), nil, func(scan func(...any) error) error {
			var g provision.Grant
			err := scan(&g.Account, &g.Entitlement, &g.Resource)
			for _, f := range u.accounts[g.Account] {
				f.Grants = append(f.Grants, g)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// has notes an account of a unit, once.
func (u *unitFacts) has(f *provision.Facts, a provision.Account) {
	if a.ID != 0 {
		if i := slices.IndexFunc(f.Accounts, func(x provision.Account) bool { return x.ID == a.ID && !x.Called }); i >= 0 {
			if a.Target != 0 {
				f.Accounts[i].Target, f.Accounts[i].Unlinked = a.Target, a.Unlinked
			}
			return
		}
		u.accounts[a.ID] = append(u.accounts[a.ID], f)
	}
	f.Accounts = append(f.Accounts, a)
}

// ofTarget notes an account of a target: of the one that names it, where none is named.
func (u *unitFacts) ofTarget(a provision.Account, id access.TargetID) {
	for _, f := range u.of {
		for _, y := range f.Targets {
			if y.ID == id || id == 0 && y.Account == a.ID {
				a.Target = y.ID
				u.has(f, a)
			}
		}
	}
}

// scanAccount reads whose an account is, and the account.
func scanAccount(scan func(...any) error, whose ...any) (a provision.Account, err error) {
	var name, email, number, attributes string
	if err := scan(append(whose, &a.ID, &a.System, &a.Login, &a.Kind, &a.Status, &name, &email, &number, &attributes)...); err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(attributes), &a.Values); err != nil {
		return a, err
	}
	if a.Values == nil {
		a.Values = map[string]string{}
	}
	a.Values["display_name"], a.Values["email"], a.Values["number"] = name, email, number
	return a, nil
}
