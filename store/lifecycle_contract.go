package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/internal/notify"
)

var contractsOf = `
select i.id, i.name, i.state, i.contract_end from identity i
 where i.id in (%s) and i.organisation <> '' and i.contract_end <> 0 and ` + now("i") + ` order by i.id`

// contracts are those of some identities that end.
func (q *query) contracts(ctx context.Context, ids []access.IdentityID, take func(lifecycle.Contract)) error {
	for part := range slices.Chunk(ids, keysPerQuery) {
		err := q.eachListed(ctx, contractsOf, keyList(part), nil, func(scan func(...any) error) error {
			var c lifecycle.Contract
			defer func() { take(c) }()
			return scan(&c.Identity, &c.Name, &c.State, &c.End)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ContractEnds implements lifecycle.PreviewStore.
func (s Lifecycle) ContractEnds(ctx context.Context, list []lifecycle.Contract) (map[access.IdentityID]lifecycle.EndOfContract, error) {
	ends := map[access.IdentityID]lifecycle.EndOfContract{}
	if len(list) == 0 {
		return ends, nil
	}
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		orders, err := q.orders(ctx, at, lifecycleActor)
		if err != nil {
			return err
		}
		for _, c := range list {
			due, err := q.contractDue(ctx, c, at)
			if err != nil {
				return err
			}
			suspended := 0
			if due && !c.Over(at) {
				err = q.row(ctx, suspension, c.Identity, lifecycleActor).Scan(&suspended)
			}
			if err != nil {
				return err
			}
			if c.Over(at) && due || suspended > 0 {
				ends[c.Identity] = lifecycle.EndOfContract{Over: c.Over(at), Ordered: orders[c.Identity]}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what follows from contracts: %w", err)
	}
	return ends, nil
}

const contractReason = "the contract is over"

const (
	suspension = `select count(*) from lifecycle_event where identity_id = $1 and kind = 'suspend' and ordered_by = $2 and until_set = 0`
	firstKnown = `select min(s.at) from identity i join change_set s on s.id = i.from_set where i.id = $1`
	extended   = `update lifecycle_event set until_set = $1 where identity_id = $2 and kind = 'suspend' and ordered_by = $3 and until_set = 0`
)

// contractDue is whether anything is to be done about a contract.
func (q *query) contractDue(ctx context.Context, c lifecycle.Contract, at access.Time) (bool, error) {
	var n int
	if lifecycle.ContractOver(c.End) > at {
		if err := q.row(ctx, suspension, c.Identity, lifecycleActor).Scan(&n); err != nil || n > 0 {
			return n > 0, err
		}
		days := c.Warn(at)
		if days == 0 {
			return false, nil
		}
		err := q.row(ctx, `select count(*) from lifecycle_warning where identity_id = $1 and contract_end = $2 and days <= $3`, c.Identity, c.End, days).Scan(&n)
		return n == 0, err
	}
	if !c.Over(at) {
		return false, nil
	}
	// What was over before anybody was known here is a finding, which a person decides on.
	var known access.Time
	err := q.row(ctx, firstKnown, c.Identity).Scan(&known)
	return known < lifecycle.ContractOver(c.End), err
}

// contract suspends a third party whose contract is over, lets them work again whose
// contract goes on, and warns whoever answers for them before it ends.
func (t *tx) contract(ctx context.Context, c lifecycle.Contract) error {
	switch due, err := t.contractDue(ctx, c, t.At); {
	case err != nil || !due:
		return err
	case c.Over(t.At):
		key, err := t.newKeys(ctx, access.KindEvent, 1)
		if err != nil {
			return err
		}
		over := lifecycle.ContractOver(c.End)
		_, err = t.exec(ctx, insertEvent, key, t.Set, c.Identity, string(lifecycle.Suspend), over, over.Time().Format(time.DateOnly+"T15:04"), "UTC", false, contractReason, lifecycleActor)
		if err != nil {
			return err
		}
		return t.live(ctx, c.Identity)
	}
	n, err := t.exec(ctx, extended, t.Set, c.Identity, lifecycleActor)
	if err != nil {
		return err
	}
	if n > 0 {
		return t.live(ctx, c.Identity)
	}
	return t.warn(ctx, c, c.Warn(t.At))
}

// warn tells whoever answers for a third party, once.
func (t *tx) warn(ctx context.Context, c lifecycle.Contract, days int) error {
	to, who, err := t.answersFor(ctx, c.Identity)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `insert into lifecycle_warning (identity_id, contract_end, days, at, told_id) values ($1, $2, $3, $4, $5)`, c.Identity, c.End, days, t.At, to)
	if err != nil || to == 0 {
		return err
	}
	m, err := lifecycle.WarningOf(c, days, who, fmt.Sprintf("lifecycle/contract/%s/%d/%d/%s", c.Identity, int64(c.End), days, to))
	if err != nil {
		return err
	}
	return t.mail(ctx, m, to, c.Identity)
}

// farthestUp is how far up a sponsor is looked for.
const farthestUp = 5

var sponsorOf = `
select i.sponsor_id, coalesce(a.manager_id, 0), i.name, i.email, i.state
  from identity i left join affiliation a on a.identity_id = i.id and ` + now("a") + `
 where i.id = $1 and ` + now("i") + ` order by a.seq limit 1`

// answersFor is who is told of a third party: the sponsor, or whoever is above who has
// left.
func (t *tx) answersFor(ctx context.Context, id access.IdentityID) (access.IdentityID, notify.Recipient, error) {
	var next access.IdentityID
	for up := range farthestUp {
		var sponsor, manager access.IdentityID
		var name, email string
		var state access.IdentityState
		found := false
		err := t.each(ctx, sponsorOf, []any{id}, func(scan func(...any) error) error {
			found = true
			return scan(&sponsor, &manager, &name, &email, &state)
		})
		if err != nil || !found {
			return 0, notify.Recipient{}, err
		}
		if up > 0 && state.MayHoldAccess() && email != "" {
			return id, notify.Recipient{Name: name, Address: email}, nil
		}
		if next = manager; up == 0 && sponsor != 0 {
			next = sponsor
		}
		if next == 0 || next == id {
			break
		}
		id = next
	}
	return 0, notify.Recipient{}, nil
}

var contractsWithin = `
select i.id, i.name, i.state, i.contract_end, i.organisation, i.sponsor_id from identity i
 where i.organisation <> '' and i.contract_end >= $1 and i.contract_end <= $2 and i.contract_end <> 0 and i.state <> 'terminated'
   and (i.contract_end > $3 or i.contract_end = $3 and i.id > $4) and ` + now("i") + ` order by i.contract_end, i.id limit $5`

// Contracts implements lifecycle.LifeStore.
func (s Lifecycle) Contracts(ctx context.Context, q lifecycle.ContractQuery) (list []lifecycle.ContractShown, more bool, err error) {
	after := lifecycle.ContractPlace{}
	if q.After != nil {
		after = *q.After
	}
	err = s.db.read(ctx, func(r *query) error {
		list = nil
		err := r.each(ctx, contractsWithin, []any{q.From, q.To, after.End, after.Identity, q.First + 1}, func(scan func(...any) error) error {
			var c lifecycle.ContractShown
			err := scan(&c.Identity, &c.Name, &c.State, &c.End, &c.Organisation, &c.Sponsor)
			list = append(list, c)
			return err
		})
		if err != nil {
			return err
		}
		if more = len(list) > q.First; more {
			list = list[:q.First]
		}
		return r.warned(ctx, list)
	})
	return list, more, err
}

// warned adds who was warned of the contracts' ends.
func (q *query) warned(ctx context.Context, list []lifecycle.ContractShown) error {
	ids, place := make([]access.IdentityID, len(list)), map[access.IdentityID]int{}
	for i, c := range list {
		ids[i], place[c.Identity] = c.Identity, i
	}
	if len(ids) == 0 {
		return nil
	}
	return q.eachListed(ctx, `select identity_id, contract_end, days, at, told_id from lifecycle_warning where identity_id in (%s) order by at, days desc`, keyList(ids), nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var end access.Time
		var w lifecycle.Warned
		if err := scan(&id, &end, &w.Days, &w.At, &w.Told); err != nil {
			return err
		}
		if c := &list[place[id]]; c.End == end {
			c.Warned = append(c.Warned, w)
		}
		return nil
	})
}
