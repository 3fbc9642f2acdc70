package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/elevate"
)

// Elevate is the store of package elevate.
type Elevate struct{ db *DB }

// Elevate returns the store of package elevate.
func (db *DB) Elevate() Elevate { return Elevate{db} }

var _ elevate.Store = Elevate{}

// Trusted implements elevate.Store.
func (s Elevate) Trusted() bool { return s.db.ClockTrusted() }

const eligibilityColumns = `g.id, g.holder_kind, g.holder_id, g.entitlement_id, g.resource_id, g.terms, g.reason, g.giver_id, g.conversion_id, g.starts_at, g.ends_at`

func scanEligibility(scan func(...any) error, e *elevate.Eligibility) error {
	return scan(&e.ID, &e.Holder.Kind, &e.Holder.Key, &e.Entitlement, &e.Resource, asJSON{&e.Terms}, &e.Reason, &e.Giver, &e.Conversion, &e.Start, &e.End)
}

// Eligibilities implements elevate.Store.
func (s Elevate) Eligibilities(ctx context.Context, x elevate.EligibilityQuery) (list []elevate.Eligibility, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		text := `select ` + eligibilityColumns + ` from eligibility g where g.until_set = 0 and (g.ends_at = 0 or g.ends_at > ` + strconv.FormatInt(int64(at), 10) + `)`
		narrow := func(condition string) { text += " and " + condition }
		if x.Entitlement != 0 {
			narrow(`g.entitlement_id = ` + strconv.FormatInt(int64(x.Entitlement), 10))
		}
		if x.Holder.Key != 0 {
			narrow(fmt.Sprintf(`g.holder_kind = %d and g.holder_id = %d`, x.Holder.Kind, x.Holder.Key))
		}
		if x.After != 0 {
			narrow(fmt.Sprintf(`g.id > %d`, x.After))
		}
		if x.Systems != nil {
			narrow(`exists (select 1 from entitlement e where e.id = g.entitlement_id and e.system_id in (` + orNone(keyList(x.Systems)) + `))`)
		}
		text += ` order by g.id`
		if x.First > 0 {
			text += ` limit ` + strconv.Itoa(x.First)
		}
		return q.eachMade(ctx, text, nil, func(scan func(...any) error) error {
			var e elevate.Eligibility
			err := scanEligibility(scan, &e)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading who is eligible: %w", err)
	}
	return list, nil
}

func orNone(list string) string {
	if list == "" {
		return "0"
	}
	return list
}

// Eligibility implements elevate.Store.
func (s Elevate) Eligibility(ctx context.Context, id access.EligibilityID) (e elevate.Eligibility, err error) {
	err = s.db.read(ctx, func(q *query) error {
		e, err = q.eligibility(ctx, id, "")
		return err
	})
	return e, err
}

func (q *query) eligibility(ctx context.Context, id access.EligibilityID, lock string) (e elevate.Eligibility, err error) {
	err = scanEligibility(q.row(ctx, `select `+eligibilityColumns+` from eligibility g where g.id = $1 and g.until_set = 0`+lock, id).Scan, &e)
	if errors.Is(err, sql.ErrNoRows) {
		err = elevate.ErrNoEligibility
	}
	return e, err
}

const (
	insertEligibility = `
insert into eligibility (id, from_set, holder_kind, holder_id, entitlement_id, resource_id, terms, reason, giver_id, conversion_id, starts_at, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (holder_kind, holder_id, entitlement_id, resource_id) where until_set = 0 do nothing`
	endEligibility = `update eligibility set until_set = $1 where id = $2 and until_set = 0`
	// What has ended by its date makes room.
	endDatedEligibility = `
update eligibility set until_set = $1
 where holder_kind = $2 and holder_id = $3 and entitlement_id = $4 and resource_id = $5 and until_set = 0 and ends_at > 0 and ends_at <= $6`
)

// Give implements elevate.Store.
func (s Elevate) Give(ctx context.Context, e elevate.Eligibility) (elevate.Eligibility, error) {
	err := s.db.change(ctx, audit.Event{Action: "eligibility.give", Personal: map[string]string{"reason": e.Reason}}, func(t *tx) error {
		if e.Holder.Kind == access.KindIdentity {
			t.Event.Subjects = []access.IdentityID{access.IdentityID(e.Holder.Key)}
		}
		if err := t.giveEligibility(ctx, &e); err != nil {
			return err
		}
		t.Event.Object = e.ID.Ref()
		t.Event.Facts = map[string]string{"holder": e.Holder.String(), "entitlement": e.Entitlement.String(), "most": seconds(e.Terms.Most), "stages": strconv.Itoa(len(e.Terms.Stages))}
		return nil
	})
	if err != nil {
		return e, fmt.Errorf("giving eligibility: %w", err)
	}
	return e, nil
}

func (t *tx) giveEligibility(ctx context.Context, e *elevate.Eligibility) error {
	key, err := t.newKeys(ctx, access.KindEligibility, 1)
	if err != nil {
		return err
	}
	e.ID = access.EligibilityID(key)
	terms, err := jsonOf(e.Terms)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, endDatedEligibility, t.Set, e.Holder.Kind, e.Holder.Key, e.Entitlement, e.Resource, t.At); err != nil {
		return err
	}
	n, err := t.exec(ctx, insertEligibility, e.ID, t.Set, e.Holder.Kind, e.Holder.Key, e.Entitlement, e.Resource, terms[0], e.Reason, e.Giver, e.Conversion, e.Start, e.End)
	if err != nil {
		return err
	}
	if n == 0 {
		return elevate.ErrTwice
	}
	if err := t.due(ctx, e.ID.Ref(), e.Start, e.End); err != nil {
		return err
	}
	return t.changed(ctx, e.ID.Ref())
}

// Take implements elevate.Store.
func (s Elevate) Take(ctx context.Context, id access.EligibilityID, reason string) error {
	e := audit.Event{Action: "eligibility.take", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		g, err := t.eligibility(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		if g.Holder.Kind == access.KindIdentity {
			t.Event.Subjects = []access.IdentityID{access.IdentityID(g.Holder.Key)}
		}
		t.Event.Facts = map[string]string{"holder": g.Holder.String(), "entitlement": g.Entitlement.String()}
		if _, err := t.exec(ctx, endEligibility, t.Set, id); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

const elevationColumns = `v.id, v.chain_id, v.eligibility_id, v.identity_id, v.entitlement_id, v.resource_id, v.system_id, v.tier, v.state, v.reason, v.ticket, v.terms,
       v.lasts, v.asked_at, v.starts_at, v.ends_at, v.approval_id, v.justification_id, v.account_id, v.begun_at, v.on_at, v.over_at, v.off_at, v.late, v.code, v.said, v.ended_by`

func scanElevation(scan func(...any) error, e *elevate.Elevation) error {
	return scan(&e.ID, &e.Chain, &e.Eligibility, &e.Identity, &e.Entitlement, &e.Resource, &e.System, &e.Tier, &e.State, &e.Reason, &e.Ticket, asJSON{&e.Terms},
		&e.Lasts, &e.Asked, &e.Start, &e.End, &e.Approval, &e.Justification, &e.Account, &e.Begun, &e.On, &e.Finished, &e.Off, &e.Late, &e.Code, &e.Said, &e.EndedBy)
}

// Elevation implements elevate.Store.
func (s Elevate) Elevation(ctx context.Context, id access.ElevationID) (e elevate.Elevation, err error) {
	err = s.db.read(ctx, func(q *query) error {
		e, err = q.elevation(ctx, id, "")
		return err
	})
	return e, err
}

func (q *query) elevation(ctx context.Context, id access.ElevationID, lock string) (e elevate.Elevation, err error) {
	err = scanElevation(q.row(ctx, `select `+elevationColumns+` from elevation v where v.id = $1`+lock, id).Scan, &e)
	if errors.Is(err, sql.ErrNoRows) {
		err = elevate.ErrNotFound
	}
	return e, err
}

// Elevations implements elevate.Store.
func (s Elevate) Elevations(ctx context.Context, x elevate.Query) (list []elevate.Elevation, err error) {
	text := `select ` + elevationColumns + ` from elevation v where v.id < ` + strconv.FormatInt(int64(cmp.Or(x.Before, 1<<62)), 10)
	if len(x.States) > 0 {
		open, states := true, ""
		for i, state := range x.States {
			if i > 0 {
				states += ", "
			}
			states += "'" + string(state) + "'"
			open = open && !state.Over()
		}
		text += ` and v.state in (` + states + `)`
		if open {
			text += ` and v.off_at = 0`
		}
	}
	if x.Identity != 0 {
		text += fmt.Sprintf(` and v.identity_id = %d`, x.Identity)
	}
	if x.Entitlement != 0 {
		text += fmt.Sprintf(` and v.entitlement_id = %d`, x.Entitlement)
	}
	if x.Systems != nil {
		text += fmt.Sprintf(` and (v.system_id in (%s) or v.identity_id = %d)`, orNone(keyList(x.Systems)), x.Own)
	}
	text += ` order by v.id desc limit ` + strconv.Itoa(max(1, x.First))
	err = s.db.read(ctx, func(q *query) error {
		return q.eachMade(ctx, text, nil, func(scan func(...any) error) error {
			var e elevate.Elevation
			err := scanElevation(scan, &e)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading elevations: %w", err)
	}
	return list, nil
}
