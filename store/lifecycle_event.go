package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
)

const insertEvent = `
insert into lifecycle_event (id, from_set, identity_id, kind, at, local_time, zone, urgent, reason, ordered_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

// Order implements lifecycle.EventStore.
func (s Lifecycle) Order(ctx context.Context, e lifecycle.Event) (id access.EventID, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return 0, err
	}
	if actor.Identity == e.Identity {
		return 0, lifecycle.ErrEventSelf
	}
	record := audit.Event{
		Action: "lifecycle.order", Subjects: []access.IdentityID{e.Identity}, Personal: map[string]string{"reason": e.Reason, "at": e.Local + " " + e.Zone},
		Facts: map[string]string{"kind": string(e.Kind), "identity": e.Identity.String(), "urgent": strconv.Itoa(map[bool]int{true: 1}[e.Urgent]), "at": strconv.FormatInt(int64(e.At), 10)},
	}
	err = s.db.change(ctx, record, func(t *tx) error {
		var there int
		if err := t.row(ctx, `select count(*) from identity i where i.id = $1 and `+now("i"), e.Identity).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return lifecycle.ErrNoPerson.With("there is no identity %s", e.Identity)
		}
		key, err := t.newKeys(ctx, access.KindEvent, 1)
		if err != nil {
			return err
		}
		id = access.EventID(key)
		t.Event.Object = id.Ref()
		if _, err := t.exec(ctx, insertEvent, id, t.Set, e.Identity, string(e.Kind), e.At, e.Local, e.Zone, e.Urgent, e.Reason, actor.String()); err != nil {
			return err
		}
		if e.At > t.At {
			if err := t.due(ctx, id.Ref(), e.At); err != nil {
				return err
			}
			return t.changed(ctx, id.Ref())
		}
		return t.live(ctx, e.Identity)
	})
	return id, err
}

// live makes what was ordered of somebody count, and tells those who follow.
func (t *tx) live(ctx context.Context, id access.IdentityID) error {
	if err := t.restate(ctx, id); err != nil {
		return fmt.Errorf("deriving the state of %s: %w", id, err)
	}
	return t.changed(ctx, id.Ref())
}

// CancelEvent implements lifecycle.EventStore.
func (s Lifecycle) CancelEvent(ctx context.Context, id access.EventID, reason string) error {
	e := audit.Event{Action: "lifecycle.cancel", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		var who access.IdentityID
		err := t.row(ctx, `select identity_id from lifecycle_event where id = $1 and until_set = 0`+t.d.forUpdate, id).Scan(&who)
		if errors.Is(err, sql.ErrNoRows) {
			return lifecycle.ErrNoEvent.With("no event %s is planned or in force", id)
		}
		if err != nil {
			return err
		}
		if actor, err := audit.ActorOf(ctx); err != nil || actor.Identity == who {
			return errors.Join(err, lifecycle.ErrEventSelf)
		}
		t.Event.Subjects = []access.IdentityID{who}
		if err := t.endEvent(ctx, id); err != nil {
			return err
		}
		return t.live(ctx, who)
	})
}

func (t *tx) endEvent(ctx context.Context, id access.EventID) error {
	_, err := t.exec(ctx, `update lifecycle_event set until_set = $1 where id = $2 and until_set = 0`, t.Set, id)
	return err
}

// eventDue makes an event count whose time has come.
func (t *tx) eventDue(ctx context.Context, id access.EventID) error {
	var who access.IdentityID
	err := t.row(ctx, `select identity_id from lifecycle_event where id = $1 and until_set = 0`, id).Scan(&who)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it was cancelled
	}
	if err != nil {
		return err
	}
	return t.live(ctx, who)
}

const inForce = `select id, kind from lifecycle_event where identity_id = $1 and until_set = 0 and at <= $2 order by at desc, id desc`

// ordered is the state that is ordered of somebody; "" where none is, or where the sources
// say the same: then the order is over. Over is whether any is.
func (t *tx) ordered(ctx context.Context, id access.IdentityID, said access.IdentityState) (state access.IdentityState, over bool, err error) {
	type order struct {
		id   access.EventID
		kind lifecycle.EventKind
	}
	var list []order
	err = t.each(ctx, inForce, []any{id, t.At}, func(scan func(...any) error) error {
		var o order
		err := scan(&o.id, &o.kind)
		list = append(list, o)
		return err
	})
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	state = list[0].kind.State()
	ended := list[1:] // what was ordered before it counts no more
	if state == said {
		ended, state = list, ""
	}
	for _, o := range ended {
		if err := t.endEvent(ctx, o.id); err != nil {
			return "", false, err
		}
	}
	return state, len(ended) > 0, nil
}

const sourcesOf = `
select r.source_id, r.attributes from source_record r join source s on s.id = r.source_id and s.until_set = 0
 where r.identity_id = $1 and r.until_set = 0 and r.from_set not in (select id from open_set) order by s.precedence, s.id`

// saidState is the state that the best source gives, with who that is.
func (t *tx) saidState(ctx context.Context, id access.IdentityID) (said access.Attribute, err error) {
	err = t.each(ctx, sourcesOf, []any{id}, func(scan func(...any) error) error {
		var source access.SourceID
		var text []byte
		if err := scan(&source, &text); err != nil {
			return err
		}
		var attributes map[string]string
		if err := json.Unmarshal(text, &attributes); err != nil {
			return err
		}
		if said.Value == "" && attributes["state"] != "" {
			said = access.Attribute{Value: attributes["state"], Source: source}
		}
		return nil
	})
	return said, err
}

// orders are the states that are ordered, by whoever else than one: they count above what
// sources say.
func (q *query) orders(ctx context.Context, at access.Time, but string) (map[access.IdentityID]access.IdentityState, error) {
	all := map[access.IdentityID]access.IdentityState{}
	err := q.each(ctx, `select identity_id, kind from lifecycle_event where until_set = 0 and at <= $1 and ordered_by <> $2 order by at, id`, []any{at, but}, func(scan func(...any) error) error {
		var id access.IdentityID
		var kind lifecycle.EventKind
		err := scan(&id, &kind)
		all[id] = kind.State()
		return err
	})
	return all, err
}

// Enforce implements lifecycle.EngineStore: a sync that was under way when something was
// ordered has written the state that sources say.
func (s Lifecycle) Enforce(ctx context.Context, term lifecycle.Term, ids []access.IdentityID) error {
	var some []access.IdentityID
	err := s.db.read(ctx, func(q *query) (err error) {
		some, err = s.enforceable(ctx, q, ids)
		return err
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(some, enforcedAtOnce) {
		if err := s.enforce(ctx, term, part); err != nil && !errors.Is(err, errNothingDue) {
			return err
		}
	}
	return nil
}

const enforcedAtOnce = 200

// enforceable are those of some of whom something is ordered, or whose contract asks for
// something.
func (s Lifecycle) enforceable(ctx context.Context, q *query, ids []access.IdentityID) (some []access.IdentityID, err error) {
	at, err := s.db.storeTime(ctx, q)
	if err != nil {
		return nil, err
	}
	orders, err := q.orders(ctx, at, "")
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if orders[id] != "" {
			some = append(some, id)
		}
	}
	var contracts []lifecycle.Contract
	if err := q.contracts(ctx, ids, func(c lifecycle.Contract) { contracts = append(contracts, c) }); err != nil {
		return nil, err
	}
	for _, c := range contracts {
		due, err := q.contractDue(ctx, c, at)
		if err != nil {
			return nil, err
		}
		if due {
			some = append(some, c.Identity)
		}
	}
	slices.Sort(some)
	return slices.Compact(some), nil
}

func (s Lifecycle) enforce(ctx context.Context, term lifecycle.Term, part []access.IdentityID) error {
	return s.db.change(ctx, audit.Event{Action: "lifecycle.enforce"}, func(t *tx) error {
		if err := turn(term).hold(ctx, t); err != nil {
			return err
		}
		n := 0
		for _, id := range part {
			changed, err := t.restated(ctx, id)
			if err != nil {
				return err
			}
			if !changed {
				continue
			}
			n++
			if err := t.changed(ctx, id.Ref()); err != nil {
				return err
			}
		}
		var contracts []lifecycle.Contract
		if err := t.contracts(ctx, part, func(c lifecycle.Contract) { contracts = append(contracts, c) }); err != nil {
			return err
		}
		for _, c := range contracts {
			due, err := t.contractDue(ctx, c, t.At)
			if err != nil {
				return err
			}
			if !due {
				continue
			}
			n++
			if err := t.contract(ctx, c); err != nil {
				return err
			}
		}
		if n == 0 {
			return errNothingDue
		}
		t.Event.Facts = map[string]string{"people": strconv.Itoa(n)}
		return nil
	})
}

const stateAttribute = "state"

// withState is attributes with the state that counts: what is ordered, or what the best
// source says.
func withState(attributes map[string]access.Attribute, said access.Attribute, ordered access.IdentityState) {
	switch {
	case ordered != "":
		attributes[stateAttribute] = access.Attribute{Value: string(ordered)}
	case said.Value != "":
		attributes[stateAttribute] = said
	default:
		delete(attributes, stateAttribute)
	}
}

// stateOf is the state by attributes.
func stateOf(attributes map[string]access.Attribute, at access.Time) access.IdentityState {
	return inventory.StateAt(func(name string) string { return attributes[name].Value }, at)
}
