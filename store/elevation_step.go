package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/elevate"
)

const insertElevation = `
insert into elevation (id, chain_id, eligibility_id, identity_id, entitlement_id, resource_id, system_id, tier, state, reason, ticket, terms, lasts, asked_at, starts_at, ends_at, approval_id, account_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict (identity_id, entitlement_id, resource_id) where off_at = 0 do nothing`

// Ask implements elevate.Store.
func (s Elevate) Ask(ctx context.Context, e *elevate.Elevation, of elevate.Eligibility, approve *approval.Case) error {
	event := audit.Event{Action: "elevation.ask", Subjects: []access.IdentityID{e.Identity}, Personal: map[string]string{"reason": e.Reason, "ticket": e.Ticket}}
	err := s.db.change(ctx, event, func(t *tx) error {
		now, err := t.eligibility(ctx, of.ID, t.d.forUpdate)
		if errors.Is(err, elevate.ErrNoEligibility) || err == nil && !now.In(t.At) && !now.In(e.Start) {
			return elevate.ErrNotEligible
		}
		if err != nil {
			return err
		}
		e.Asked, e.Start = t.At, max(e.Start, t.At)
		e.End = e.Start + micros(e.Lasts)
		if err := t.keyElevation(ctx, e); err != nil {
			return err
		}
		switch {
		case approve != nil:
			e.State = elevate.Waiting
		default:
			e.State = elevate.Scheduled
		}
		if err := t.insertElevation(ctx, e); err != nil {
			return err
		}
		t.Event.Object = e.ID.Ref()
		t.Event.Facts = elevationFacts(e)
		if approve != nil {
			return t.askApproval(ctx, e, *approve)
		}
		if e.Start > t.At {
			return t.elevationChanged(ctx, e, e.Start, e.End)
		}
		return t.beginElevation(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("asking for an elevation: %w", err)
	}
	return nil
}

func elevationFacts(e *elevate.Elevation) map[string]string {
	return map[string]string{
		"eligibility": e.Eligibility.String(), "entitlement": e.Entitlement.String(), "system": e.System.String(), "chain": e.Chain.String(),
		"lasts": seconds(e.Lasts), "state": string(e.State), "tier": strconv.Itoa(int(e.Tier)),
	}
}

func (t *tx) keyElevation(ctx context.Context, e *elevate.Elevation) error {
	key, err := t.newKeys(ctx, access.KindElevation, 1)
	if err != nil {
		return err
	}
	e.ID = access.ElevationID(key)
	if e.Chain, err = t.newChain(ctx); err != nil {
		return err
	}
	return t.chain(ctx, e.Chain, e.ID.Ref())
}

func (t *tx) insertElevation(ctx context.Context, e *elevate.Elevation) error {
	terms, err := jsonOf(e.Terms)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, insertElevation, e.ID, e.Chain, e.Eligibility, e.Identity, e.Entitlement, e.Resource, e.System, int64(e.Tier), string(e.State), e.Reason, e.Ticket, terms[0],
		int64(e.Lasts), e.Asked, e.Start, e.End, e.Approval, e.Account)
	if err != nil {
		return err
	}
	if n == 0 {
		return elevate.ErrOpen
	}
	return nil
}

// elevationChanged tells who follows, and has the clock tell of what is to come.
func (t *tx) elevationChanged(ctx context.Context, e *elevate.Elevation, at ...access.Time) error {
	if err := t.due(ctx, e.ID.Ref(), at...); err != nil {
		return err
	}
	return t.changed(ctx, e.ID.Ref())
}

const (
	beginElevation = `
update elevation set state = 'starting', starts_at = $2, ends_at = $3, begun_at = $2, justification_id = $4 where id = $1 and state in ('waiting', 'scheduled')`
	refuseElevation = `
update elevation set state = 'refused', over_at = $2, off_at = $2, code = $3, said = $4, ended_by = $5 where id = $1 and state in ('waiting', 'scheduled')`
	endElevation = `
update elevation set state = 'ending', over_at = $2, code = $3, said = $4, ended_by = $5 where id = $1 and state in ('starting', 'active')`
	onElevation   = `update elevation set state = 'active', on_at = $2, account_id = $3 where id = $1 and state = 'starting'`
	offElevation  = `update elevation set state = $3, off_at = $2, late = false where id = $1 and state = 'ending'`
	lateElevation = `update elevation set late = true where id = $1 and state = 'ending' and not late`
)

// beginElevation justifies the grant from now on, for as long as was asked for.
func (t *tx) beginElevation(ctx context.Context, e *elevate.Elevation) error {
	e.Start, e.Begun = t.At, t.At
	e.End = e.Start + micros(e.Lasts)
	j := []access.Justification{{
		Holder: e.Identity.Ref(), Entitlement: e.Entitlement, Resource: e.Resource, Origin: access.FromElevation, Reason: e.ID.String(), End: e.End,
	}}
	if err := t.justify(ctx, j); err != nil {
		return err
	}
	e.State, e.Justification = elevate.Starting, j[0].ID
	n, err := t.exec(ctx, beginElevation, e.ID, e.Start, e.End, e.Justification)
	if err != nil {
		return err
	}
	if n == 0 {
		return elevate.ErrState
	}
	if err := t.chain(ctx, e.Chain, e.Justification.Ref()); err != nil {
		return err
	}
	t.Event.Facts["state"], t.Event.Facts["justification"] = string(e.State), e.Justification.String()
	return t.elevationChanged(ctx, e, e.End)
}

// onElevation changes an elevation that is there, in one transaction.
func (s Elevate) onElevation(ctx context.Context, id access.ElevationID, event audit.Event, do func(t *tx, e *elevate.Elevation) error) error {
	event.Object = id.Ref()
	return s.db.change(ctx, event, func(t *tx) error { return t.onElevation(ctx, id, do) })
}

func (t *tx) onElevation(ctx context.Context, id access.ElevationID, do func(t *tx, e *elevate.Elevation) error) error {
	e, err := t.elevation(ctx, id, t.d.forUpdate)
	if err != nil {
		return err
	}
	t.Event.Subjects = []access.IdentityID{e.Identity}
	t.Event.Facts = elevationFacts(&e)
	return do(t, &e)
}

// stopElevation is onElevation for what ends one. What it waits for is ended first: whoever
// decides that locks it before the elevation, and else the two could wait for each other.
func (s Elevate) stopElevation(ctx context.Context, id access.ElevationID, event audit.Event, do func(t *tx, e *elevate.Elevation) error) error {
	event.Object = id.Ref()
	return s.db.change(ctx, event, func(t *tx) error {
		if err := t.closeApproval(ctx, id.Ref()); err != nil {
			return err
		}
		return t.onElevation(ctx, id, do)
	})
}

// Begin implements elevate.Store.
func (s Elevate) Begin(ctx context.Context, id access.ElevationID) error {
	return s.onElevation(ctx, id, audit.Event{Action: "elevation.begin"}, func(t *tx, e *elevate.Elevation) error {
		if e.State != elevate.Scheduled {
			return elevate.ErrState
		}
		return t.beginElevation(ctx, e)
	})
}

// Refuse implements elevate.Store.
func (s Elevate) Refuse(ctx context.Context, id access.ElevationID, code, said string) error {
	return s.stopElevation(ctx, id, audit.Event{Action: "elevation.refuse"}, func(t *tx, e *elevate.Elevation) error {
		return t.refuseElevation(ctx, e, code, said)
	})
}

func (t *tx) refuseElevation(ctx context.Context, e *elevate.Elevation, code, said string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, refuseElevation, e.ID, t.At, code, said, actor.String())
	if err != nil {
		return err
	}
	if n == 0 {
		return elevate.ErrState
	}
	t.Event.Facts["code"] = code
	return t.elevationChanged(ctx, e)
}

// End implements elevate.Store.
func (s Elevate) End(ctx context.Context, id access.ElevationID, code, said string) error {
	event := audit.Event{Action: "elevation.over"}
	switch code {
	case elevate.CodeSelf:
		event.Action = "elevation.end"
	case elevate.CodeForced:
		event.Action, event.Personal = "elevation.force", map[string]string{"reason": said}
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	return s.stopElevation(ctx, id, event, func(t *tx, e *elevate.Elevation) error {
		if e.State == elevate.Waiting || e.State == elevate.Scheduled {
			if code == elevate.CodeSelf {
				code = elevate.CodeWithdrawn
			}
			return t.refuseElevation(ctx, e, code, said)
		}
		n, err := t.exec(ctx, endElevation, id, t.At, code, said, actor.String())
		if err != nil {
			return err
		}
		if n == 0 {
			return elevate.ErrState.With("it is %s", e.State)
		}
		t.Event.Facts["code"] = code
		if err := t.unjustify(ctx, []access.Justification{{ID: e.Justification, Holder: e.Identity.Ref()}}); err != nil {
			return err
		}
		return t.elevationChanged(ctx, e)
	})
}

// Extend implements elevate.Store.
func (s Elevate) Extend(ctx context.Context, id access.ElevationID, until access.Time, reason string) error {
	event := audit.Event{Action: "elevation.extend", Personal: map[string]string{"reason": reason}}
	return s.onElevation(ctx, id, event, func(t *tx, e *elevate.Elevation) error {
		lasts := time.Duration(until-e.Start) * time.Microsecond
		n, err := t.exec(ctx, `update elevation set ends_at = $2, lasts = $3 where id = $1 and state = 'active' and ends_at < $2 and ends_at > $4`, id, until, int64(lasts), t.At)
		if err != nil {
			return err
		}
		if n == 0 {
			return elevate.ErrState.With("it is %s, or has another end by now", e.State)
		}
		j := access.Justification{
			ID: e.Justification, Holder: e.Identity.Ref(), Entitlement: e.Entitlement, Resource: e.Resource, Origin: access.FromElevation, Reason: e.ID.String(), End: until,
		}
		if err := t.redate(ctx, []access.Justification{j}); err != nil {
			return err
		}
		t.Event.Facts["until"] = strconv.FormatInt(int64(until), 10)
		return t.elevationChanged(ctx, e, until)
	})
}

// Seen implements elevate.Store.
func (s Elevate) Seen(ctx context.Context, id access.ElevationID, x elevate.Sight) error {
	event := audit.Event{Action: "elevation.off"}
	switch {
	case x.Late:
		event.Action = "elevation.late"
	case x.State == elevate.Active:
		event.Action = "elevation.on"
	}
	return s.onElevation(ctx, id, event, func(t *tx, e *elevate.Elevation) (err error) {
		var n int64
		switch {
		case x.Late:
			n, err = t.exec(ctx, lateElevation, id)
		case x.State == elevate.Active:
			n, err = t.exec(ctx, onElevation, id, t.At, x.Account)
		default:
			n, err = t.exec(ctx, offElevation, id, t.At, string(x.State))
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return elevate.ErrState
		}
		t.Event.Facts["state"] = string(x.State)
		if x.Code != "" {
			t.Event.Facts["seen"] = x.Code
		}
		if err := t.linkOperations(ctx, e); err != nil {
			return err
		}
		if x.Late || e.Late { // what is found of them follows
			if err := t.changed(ctx, e.Identity.Ref()); err != nil {
				return err
			}
		}
		return t.elevationChanged(ctx, e)
	})
}

// linkOperations links what provisioning did to the chain.
func (t *tx) linkOperations(ctx context.Context, e *elevate.Elevation) error {
	list, err := t.operationsFor(ctx, e)
	if err != nil {
		return err
	}
	for _, r := range list { // what was done for another reason stays in that chain
		if _, err := t.exec(ctx, insertChainLink, e.Chain, r.Kind, r.Key, t.At); err != nil {
			return err
		}
	}
	return nil
}

// askApproval asks others for what an elevation waits for.
func (t *tx) askApproval(ctx context.Context, e *elevate.Elevation, c approval.Case) error {
	c.About, c.Chain = e.ID.Ref(), e.Chain
	id, err := t.openApproval(ctx, c)
	if err != nil {
		return err
	}
	e.Approval = id
	if _, err := t.exec(ctx, `update elevation set approval_id = $2 where id = $1`, e.ID, id); err != nil {
		return err
	}
	t.Event.Facts["approval"] = id.String()
	return t.elevationChanged(ctx, e)
}

const approvedElevation = `update elevation set state = 'scheduled', starts_at = $2, ends_at = $3 where id = $1 and state = 'waiting'`

// elevationSettled takes up what others said. What they agreed to is scheduled, be it for
// now: it is decided again before it begins.
func (t *tx) elevationSettled(ctx context.Context, id access.ElevationID, as approval.State) error {
	e, err := t.elevation(ctx, id, t.d.forUpdate)
	if err != nil {
		return err
	}
	if e.State != elevate.Waiting {
		return nil
	}
	if as == approval.Approved {
		e.Start = max(e.Start, t.At)
		e.End = e.Start + micros(e.Lasts)
		if _, err := t.exec(ctx, approvedElevation, id, e.Start, e.End); err != nil {
			return err
		}
		return t.elevationChanged(ctx, &e, e.Start, e.End)
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, refuseElevation, id, t.At, elevate.CodeNotApproved, "the approval was "+string(as), actor.String()); err != nil {
		return err
	}
	return t.elevationChanged(ctx, &e)
}

// seconds is how long something lasts, as the log keeps it.
func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
