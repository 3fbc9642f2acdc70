package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// Roles implements lifecycle.Store.
func (s Lifecycle) Roles(ctx context.Context) (list []access.Role, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select r.id, r.name, r.entitlements, r.parents, r.parameters, r.conditional from role r where `+now("r")+` order by r.id`, nil, func(scan func(...any) error) error {
			var r access.Role
			if err := scan(&r.ID, &r.Name, asJSON{&r.Entitlements}, asJSON{&r.Parents}, asJSON{&r.Parameters}, asJSON{&r.Conditional}); err != nil {
				return fmt.Errorf("%s: %w", r.ID, err)
			}
			list = append(list, r)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading roles: %w", err)
	}
	return list, nil
}

// lifecycleChanges are the changes after a revision but for what lifecycle itself did to
// grants and targets, which calls for nothing.
const lifecycleChanges = `
select distinct c.kind, c.object, c.bulk, c.only_grants, s.actor
  from change_set s cross join change c
 where c.set_id = s.id and s.rev > $1 and not (s.actor = $2 and (c.only_grants or c.kind = $3))`

// Changes implements lifecycle.Store.
func (s Lifecycle) Changes(ctx context.Context, since access.Rev) (c lifecycle.Changes, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&c.Rev); err != nil || c.Rev == since {
			return err
		}
		f := concerned{q: q, since: since}
		if err := f.read(ctx, &c); err != nil {
			return err
		}
		for _, x := range concernedBy {
			if err := f.spread(ctx, x.kind, x.text); err != nil {
				return err
			}
		}
		if err := f.renumbered(ctx); err != nil {
			return err
		}
		for _, id := range f.people.keys(access.KindIdentity) {
			c.People = append(c.People, access.IdentityID(id))
			delete(f.beside[access.KindIdentity], id)
		}
		for _, id := range f.beside.keys(access.KindIdentity) {
			c.Beside = append(c.Beside, access.IdentityID(id))
		}
		return f.policies(ctx, &c)
	})
	if err != nil {
		return lifecycle.Changes{}, fmt.Errorf("what changed after revision %d: %w", since, err)
	}
	return c, nil
}

// concerned gathers identities that changes concern.
type concerned struct {
	q              *query
	since          access.Rev
	objects        byKind
	others         map[access.ObjectKind]map[int64]bool // of the kinds that the graph does not have
	bulk           map[int64]bool
	people, beside byKind
}

func (f *concerned) read(ctx context.Context, c *lifecycle.Changes) error {
	f.others, f.bulk = map[access.ObjectKind]map[int64]bool{}, map[int64]bool{}
	by := map[string]bool{}
	err := f.q.each(ctx, lifecycleChanges, []any{f.since, lifecycleActor, access.KindTarget}, func(scan func(...any) error) error {
		var kind access.ObjectKind
		var key int64
		var bulk, onlyGrants bool
		var actor string
		if err := scan(&kind, &key, &bulk, &onlyGrants, &actor); err != nil {
			return err
		}
		by[actor] = true
		switch {
		case bulk && kind == access.KindSystem:
			f.bulk[key] = true
		case kind == access.KindIdentity && onlyGrants:
			f.beside.add(kind, key)
		case kind == access.KindIdentity:
			f.people.add(kind, key)
		case kind == access.KindRole:
			c.Roles = true
		case kind > access.KindJustification:
			if f.others[kind] == nil {
				f.others[kind] = map[int64]bool{}
			}
			f.others[kind][key] = true
		default:
			f.objects.add(kind, key)
		}
		return nil
	})
	for actor := range by {
		c.By = append(c.By, actor)
	}
	slices.Sort(c.By)
	return err
}

// concernedBy says whose what is that changed; any version of a row tells.
var concernedBy = []struct {
	kind access.ObjectKind
	text string // selects identities; %s is a list of keys
}{
	{access.KindLink, `select distinct identity_id from account_link where id in (%s)`},
	{access.KindAccount, `select distinct identity_id from account_link where account_id in (%s)`},
	{access.KindJustification, `select distinct holder_id from justification where holder_kind = 1 and id in (%s)`},
	{access.KindTarget, `select distinct identity_id from account_target where id in (%s)`},
	{access.KindEvent, `select identity_id from lifecycle_held where hold_id in (%s)`}, // a hold is one
	{access.KindException, `select distinct identity_id from exception where id in (%s)`},
	{access.KindAssignment, `select distinct identity_id from assignment where id in (%s)`},
	{access.KindSystem, `select distinct l.identity_id from account a join account_link l on l.account_id = a.id where a.system_id in (%s)`},
}

func (f *concerned) keys(kind access.ObjectKind) []int64 {
	switch {
	case kind == access.KindSystem:
		return sortedKeys(f.bulk)
	case kind > access.KindJustification:
		return sortedKeys(f.others[kind])
	}
	return f.objects.keys(kind)
}

func (f *concerned) spread(ctx context.Context, kind access.ObjectKind, text string) error {
	into := &f.beside
	if kind == access.KindAssignment {
		into = &f.people
	}
	for chunk := range slices.Chunk(f.keys(kind), keysPerQuery) {
		err := f.q.eachListed(ctx, text, keyList(chunk), nil, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			into.add(access.KindIdentity, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// changedNumbers are identities that have another number than before, and managedBy whose
// manager somebody is: rules look at a manager's number.
const (
	changedNumbers = `
select n.id from identity n join identity p on p.id = n.id and p.until_set = n.from_set and p.number <> n.number
 where n.until_set = 0 and n.id in (%s)`
	managedBy = `select identity_id from affiliation where until_set = 0 and manager_id in (%s)`
)

func (f *concerned) renumbered(ctx context.Context) error {
	var changed []int64
	for chunk := range slices.Chunk(f.people.keys(access.KindIdentity), keysPerQuery) {
		err := f.q.eachListed(ctx, changedNumbers, keyList(chunk), nil, func(scan func(...any) error) error {
			var id int64
			defer func() { changed = append(changed, id) }()
			return scan(&id)
		})
		if err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(changed, keysPerQuery) {
		err := f.q.eachListed(ctx, managedBy, keyList(chunk), nil, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			f.people.add(access.KindIdentity, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// policies tells which kinds of policy changed.
func (f *concerned) policies(ctx context.Context, c *lifecycle.Changes) error {
	for chunk := range slices.Chunk(f.objects.keys(access.KindPolicy), keysPerQuery) {
		err := f.q.eachListed(ctx, `select distinct kind from policy where id in (%s)`, keyList(chunk), nil, func(scan func(...any) error) error {
			var kind string
			err := scan(&kind)
			c.Rules, c.Maps = c.Rules || kind == birthrightKind, c.Maps || kind == mappingKind
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
