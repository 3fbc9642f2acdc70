package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// lifePart reads some of the events that fit, in order; full is that there may be others
// behind them.
type lifePart func(ctx context.Context, q lifecycle.LifeQuery, now access.Time) (list []lifecycle.Event, full bool, err error)

// Life implements lifecycle.LifeStore. What is ordered is kept; what sources told is in the
// versions of identities and of their positions.
func (s Lifecycle) Life(ctx context.Context, q lifecycle.LifeQuery) (list []lifecycle.Event, more bool, err error) {
	next := q.State == lifecycle.Coming
	var end *lifecycle.LifePlace // up to which every part was read
	err = s.db.read(ctx, func(r *query) error {
		at, err := s.db.storeTime(ctx, r)
		if err != nil {
			return err
		}
		list, end = nil, nil
		for _, read := range []lifePart{r.lifeOrdered, r.lifeStates, r.lifePositions} {
			part, full, err := read(ctx, q, at)
			if err != nil {
				return err
			}
			list = append(list, part...)
			if last := len(part) - 1; full && (end == nil || inOrder(part[last].Place, *end, next) < 0) {
				end = &part[last].Place
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("reading what happened in people's lives: %w", err)
	}
	if end != nil {
		list = slices.DeleteFunc(list, func(e lifecycle.Event) bool { return inOrder(e.Place, *end, next) > 0 })
	}
	slices.SortFunc(list, func(a, b lifecycle.Event) int { return inOrder(a.Place, b.Place, next) })
	more = end != nil || len(list) > q.First
	return list[:min(len(list), q.First)], more, nil
}

// inOrder compares places: the newest first, or the next.
func inOrder(a, b lifecycle.LifePlace, next bool) int {
	if next {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Of, b.Of))
	}
	return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Rank, b.Rank), cmp.Compare(b.Of, a.Of), cmp.Compare(a.Identity, b.Identity), cmp.Compare(a.Position, b.Position))
}

// lifeAsked is a query of events that is put together.
type lifeAsked struct {
	where []string
	args  []any
}

// add adds a condition; each ? of it is the next of its arguments.
func (a *lifeAsked) add(condition string, args ...any) {
	for _, arg := range args {
		a.args = append(a.args, arg)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(a.args)), 1)
	}
	a.where = append(a.where, condition)
}

// behind leaves out what comes before a place: at, of, whose and position are what the
// columns of a place are called, and those of another rank come before or after.
func (a *lifeAsked) behind(p *lifecycle.LifePlace, rank int, at, of, whose, position string) {
	switch {
	case p == nil:
	case rank < p.Rank:
		a.add(at+" < ?", p.At)
	case rank > p.Rank:
		a.add(at+" <= ?", p.At)
	default:
		a.add(fmt.Sprintf("(%s < ? or %s = ? and (%s < ? or %s = ? and (%s > ? or %s = ? and %s > ?)))", at, at, of, of, whose, whose, position),
			p.At, p.At, p.Of, p.Of, p.Identity, p.Identity, p.Position)
	}
}

func (a *lifeAsked) text(columns, order string, first int) string {
	text := columns
	if len(a.where) > 0 {
		text += " where " + strings.Join(a.where, " and ")
	}
	a.args = append(a.args, first+1)
	return text + " order by " + order + fmt.Sprintf(" limit $%d", len(a.args))
}

const (
	// An order was cancelled where the change that ended it says so; else sources agreed, or
	// something else was ordered.
	cancelledOrder = `exists (select 1 from audit_record r where r.object_kind = 24 and r.object_key = e.id and r.action = 'lifecycle.cancel')`
	orderKind      = `case when e.kind = 'suspend' and e.ordered_by = '` + lifecycleActor + `' then 'contract_end' else e.kind end`
	lifeOrders     = `
select e.id, e.identity_id, ` + orderKind + `, e.at, e.local_time, e.zone, e.urgent, e.reason, e.ordered_by, e.until_set, b.at, coalesce(u.at, 0), coalesce(u.actor, ''),
       case when e.until_set <> 0 and ` + cancelledOrder + ` then 1 else 0 end
  from lifecycle_event e
  join change_set b on b.id = e.from_set
  left join change_set u on u.id = e.until_set and e.until_set <> 0`
)

func (q *query) lifeOrdered(ctx context.Context, asks lifecycle.LifeQuery, now access.Time) (list []lifecycle.Event, full bool, err error) {
	var a lifeAsked
	order := "e.at desc, e.id desc"
	switch asks.State {
	case lifecycle.Coming:
		a.add("e.until_set = 0 and e.at > ?", now)
		order = "e.at, e.id"
	case lifecycle.Happened:
		a.add("e.at <= ? and not (e.until_set <> 0 and "+cancelledOrder+")", now)
	case lifecycle.Cancelled:
		a.add("e.until_set <> 0 and " + cancelledOrder)
	}
	if asks.ID != 0 {
		a.add("e.id = ?", asks.ID)
	}
	if asks.Since != 0 {
		a.add("(e.until_set = 0 or e.at >= ?)", asks.Since)
	}
	if asks.Identity != 0 {
		a.add("e.identity_id = ?", asks.Identity)
	}
	if asks.Kind != "" {
		a.add(orderKind+" = ?", string(asks.Kind))
	}
	if asks.Ordered != nil {
		a.add("(e.ordered_by = '"+lifecycleActor+"') = (1 = ?)", map[bool]int{false: 1, true: 0}[*asks.Ordered])
	}
	if p := asks.After; p != nil && asks.State == lifecycle.Coming {
		a.add("(e.at > ? or e.at = ? and e.id > ?)", p.At, p.At, p.Of)
	} else {
		a.behind(p, lifecycle.RankOrdered, "e.at", "e.id", "e.identity_id", "0")
	}
	err = q.eachMade(ctx, a.text(lifeOrders, order, asks.First), a.args, func(scan func(...any) error) error {
		var e lifecycle.Event
		var until, cancelled int64
		err := scan(&e.ID, &e.Identity, &e.Kind, &e.At, &e.Local, &e.Zone, &e.Urgent, &e.Reason, &e.By, &until, &e.Kept, &e.Ended, &e.EndedBy, &cancelled)
		e.Key, e.Ordered, e.State = e.ID.String(), e.Kind != lifecycle.ContractEnd, lifecycle.Happened
		e.InForce = until == 0 && e.At <= now
		switch {
		case cancelled == 1:
			e.State = lifecycle.Cancelled
		case e.At > now:
			e.State = lifecycle.Coming
		}
		if e.State != lifecycle.Cancelled {
			e.EndedBy = ""
		}
		e.Place = lifecycle.LifePlace{At: e.At, Rank: lifecycle.RankOrdered, Of: int64(e.ID), Identity: e.Identity}
		list = append(list, e)
		return err
	})
	return list, len(list) > asks.First, err
}

// seen reports whether what sources told is asked for at all.
func seen(asks lifecycle.LifeQuery) bool {
	return asks.ID == 0 && (asks.State == "" || asks.State == lifecycle.Happened) && (asks.Ordered == nil || !*asks.Ordered)
}

const (
	// seenKind is what happened where a version of an identity (p) became another one (n).
	seenKind = `
case when p.state = n.state then (case when (p.organisation = '') <> (n.organisation = '') then 'convert' else '' end)
     when n.state = 'terminated' then 'terminate'
     when p.state = 'terminated' then 'rehire'
     when n.state = 'leave_of_absence' then 'leave'
     when n.state = 'suspended' then 'suspend'
     when p.state in ('leave_of_absence', 'suspended') then 'return'
     when n.state = 'active' and (p.state is null or p.state in ('pre_hire', 'staged')) then 'hire'
     else '' end`

	// What an order brings is told as the order, and what cancelling one brings with it. One
	// that counted already when they became what they were brings nothing new.
	notOrdered = `
(p.state = n.state or not exists (select 1 from lifecycle_event e where e.identity_id = n.id and e.at <= s.at and e.from_set <= s.id and (e.until_set = 0 or e.until_set > s.id)
   and n.state = case e.kind when 'leave' then 'leave_of_absence' when 'suspend' then 'suspended' when 'terminate' then 'terminated' else 'active' end
   and (e.from_set >= p.from_set or e.at > (select b.at from change_set b where b.id = p.from_set))))
and not exists (select 1 from audit_record r where r.set_id = s.id and r.action = 'lifecycle.cancel')`

	// Whom a source had when it was read for the first time were there before.
	notFirst = `(p.id is not null or not exists (select 1 from source_record r join sync_state y on y.kind = 6 and y.object = r.source_id
   where r.identity_id = n.id and r.from_set = s.id and y.baseline >= s.at))`
	notBaseline = `(p.id is not null or exists (select 1 from source_record r join sync_state y on y.kind = 6 and y.object = r.source_id
   where r.identity_id = n.id and r.from_set = s.id and y.baseline < s.at))`
	sinceBaseline = `s.at > coalesce((select min(y.baseline) from sync_state y where y.kind = 6), 0)`

	// Of all, changes lead to versions; of one, the versions are few.
	changedPeople   = ` from change_set s cross join change c cross join `
	changedIdentity = `s.rev is not null and c.set_id = s.id and c.kind = 1`
)

func (q *query) lifeStates(ctx context.Context, asks lifecycle.LifeQuery, _ access.Time) (list []lifecycle.Event, full bool, err error) {
	if !seen(asks) || asks.Kind == lifecycle.Move || asks.Kind == lifecycle.ContractEnd {
		return nil, false, nil
	}
	var a lifeAsked
	columns := `select n.id, s.id, s.rev, s.at, s.actor, ` + seenKind + ` as kind, coalesce(p.state, ''), n.state, coalesce(p.organisation, ''), n.organisation`
	const before = ` left join identity p on p.id = n.id and p.until_set = n.from_set`
	if asks.Identity != 0 {
		columns += ` from identity n join change_set s on s.id = n.from_set and s.rev is not null` + before
		a.add("n.id = ? and "+notFirst, asks.Identity)
	} else {
		columns += changedPeople + `identity n` + before
		a.add(changedIdentity + " and n.id = c.object and n.from_set = s.id and " + sinceBaseline + " and " + notBaseline)
	}
	a.add(notOrdered)
	if asks.Kind != "" {
		a.add(seenKind+" = ?", string(asks.Kind))
	} else {
		a.add(seenKind + " <> ''")
	}
	if asks.Since != 0 {
		a.add("s.at >= ?", asks.Since)
	}
	a.behind(asks.After, lifecycle.RankState, "s.at", "s.id", "n.id", "0")
	rows := 0
	err = q.eachMade(ctx, a.text(columns, "s.at desc, s.id desc, n.id", asks.First), a.args, func(scan func(...any) error) error {
		e := lifecycle.Event{State: lifecycle.Happened}
		var rev access.Rev
		var was, is access.IdentityState
		var from, to string
		p := lifecycle.LifePlace{Rank: lifecycle.RankState}
		if err := scan(&e.Identity, &p.Of, &rev, &e.At, &e.By, &e.Kind, &was, &is, &from, &to); err != nil {
			return err
		}
		switch e.Detail = fmt.Sprintf("%s to %s", was, is); {
		case was == "":
			e.Detail = string(is)
		case e.Kind == lifecycle.Convert && to == "":
			e.Detail = fmt.Sprintf("a third party of %q no more", from)
		case e.Kind == lifecycle.Convert:
			e.Detail = fmt.Sprintf("a third party, of %q", to)
		}
		p.At, p.Identity = e.At, e.Identity
		e.Place, e.Key = p, lifecycle.SeenKey(rev, p)
		list, rows = seenOnce(list, e), rows+1
		return nil
	})
	return list, rows > asks.First, err
}

// seenOnce adds an event that is not there already: that somebody changed may be noted more
// than once of a change.
func seenOnce(list []lifecycle.Event, e lifecycle.Event) []lifecycle.Event {
	if n := len(list); n > 0 && list[n-1].Place == e.Place {
		return list
	}
	return append(list, e)
}

func (q *query) lifePositions(ctx context.Context, asks lifecycle.LifeQuery, _ access.Time) (list []lifecycle.Event, full bool, err error) {
	if !seen(asks) || asks.Kind != "" && asks.Kind != lifecycle.Move {
		return nil, false, nil
	}
	var a lifeAsked
	columns := `select n.identity_id, n.seq, s.id, s.rev, s.at, s.actor, p.unit, n.unit, p.title, n.title, p.employer, n.employer`
	const before = ` join affiliation p on p.identity_id = n.identity_id and p.seq = n.seq and p.until_set = n.from_set`
	if asks.Identity != 0 {
		columns += ` from affiliation n join change_set s on s.id = n.from_set and s.rev is not null` + before
		a.add("n.identity_id = ?", asks.Identity)
	} else {
		columns += changedPeople + `affiliation n` + before
		a.add(changedIdentity + " and n.identity_id = c.object and n.from_set = s.id and " + sinceBaseline)
	}
	a.add("(p.unit <> n.unit or p.title <> n.title or p.employer <> n.employer or p.manager_id <> n.manager_id)")
	if asks.Since != 0 {
		a.add("s.at >= ?", asks.Since)
	}
	a.behind(asks.After, lifecycle.RankPosition, "s.at", "s.id", "n.identity_id", "n.seq")
	rows := 0
	err = q.eachMade(ctx, a.text(columns, "s.at desc, s.id desc, n.identity_id, n.seq", asks.First), a.args, func(scan func(...any) error) error {
		e := lifecycle.Event{Kind: lifecycle.Move, State: lifecycle.Happened}
		var rev access.Rev
		var unit, title, employer [2]string
		p := lifecycle.LifePlace{Rank: lifecycle.RankPosition}
		if err := scan(&e.Identity, &p.Position, &p.Of, &rev, &e.At, &e.By, &unit[0], &unit[1], &title[0], &title[1], &employer[0], &employer[1]); err != nil {
			return err
		}
		var said []string
		for _, pair := range [][2]string{unit, title, employer} {
			if pair[0] != pair[1] {
				said = append(said, fmt.Sprintf("%q to %q", pair[0], pair[1]))
			}
		}
		if len(said) == 0 {
			said = []string{"another manager"}
		}
		e.Detail, p.At, p.Identity = strings.Join(said, "; "), e.At, e.Identity
		e.Place, e.Key = p, lifecycle.SeenKey(rev, p)
		list, rows = seenOnce(list, e), rows+1
		return nil
	})
	return list, rows > asks.First, err
}

// CancelledFor implements lifecycle.LifeStore.
func (s Lifecycle) CancelledFor(ctx context.Context, id access.EventID) (string, error) {
	page, err := s.db.Audit().List(ctx, audit.Filter{Actions: []string{"lifecycle.cancel"}, Object: id.Ref(), First: 1})
	if err != nil || len(page.Entries) == 0 {
		return "", err
	}
	return page.Entries[0].Personal["reason"], nil
}
