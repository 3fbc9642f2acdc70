package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/elevate"
)

// Origins implements elevate.Store.
func (s Elevate) Origins(ctx context.Context, items []elevate.Convertible) ([][]access.Justification, error) {
	all := make([][]access.Justification, len(items))
	err := s.db.read(ctx, func(q *query) error {
		for i, x := range items {
			if x.Identity == 0 {
				continue
			}
			list, err := q.standing(ctx, x)
			if err != nil {
				return err
			}
			all[i] = list
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what justifies grants: %w", err)
	}
	return all, nil
}

func (q *query) standing(ctx context.Context, x elevate.Convertible) (list []access.Justification, err error) {
	err = q.readJustifications(ctx, `j.holder_kind = 1 and j.holder_id = `+strconv.FormatInt(int64(x.Identity), 10)+
		` and j.entitlement_id = `+strconv.FormatInt(int64(x.Entitlement), 10)+` and j.resource_id = `+strconv.FormatInt(int64(x.Resource), 10), nil, func(j access.Justification) error {
		list = append(list, j)
		return nil
	})
	return list, err
}

// converted is a grant as a conversion keeps it.
type converted struct {
	elevate.Convertible
	Eligibility access.EligibilityID   `json:"eligibility"`
	Was         []access.Justification `json:"was"`
}

// Convert implements elevate.Store.
func (s Elevate) Convert(ctx context.Context, items []elevate.Convertible, terms access.Terms, reason string) (id access.ChainID, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return 0, err
	}
	e := audit.Event{Action: "eligibility.convert", Personal: map[string]string{"reason": reason}, Facts: map[string]string{"grants": strconv.Itoa(len(items))}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if id, err = t.newChain(ctx); err != nil {
			return err
		}
		t.Event.Facts["conversion"] = id.String()
		kept := make([]converted, 0, len(items))
		given := map[access.Ref]map[access.EntitlementID]bool{}
		for _, x := range items {
			c, err := t.convert(ctx, x, elevate.Eligibility{
				Holder: x.Identity.Ref(), Entitlement: x.Entitlement, Resource: x.Resource, Terms: terms, Reason: reason, Giver: actor.Identity, Conversion: id,
			}, given)
			if err != nil {
				return err
			}
			t.Event.Subjects = append(t.Event.Subjects, x.Identity)
			kept = append(kept, c)
		}
		text, err := jsonOf(kept)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `insert into eligibility_conversion (id, actor, reason, at, items) values ($1, $2, $3, $4, $5)`, id, actor.String(), reason, t.At, text[0])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("converting standing grants: %w", err)
	}
	return id, nil
}

// convert makes one grant eligible. What nothing justified is justified and ended at once:
// only what was justified is ever taken away.
func (t *tx) convert(ctx context.Context, x elevate.Convertible, g elevate.Eligibility, given map[access.Ref]map[access.EntitlementID]bool) (c converted, err error) {
	c = converted{Convertible: x}
	if c.Was, err = t.standing(ctx, x); err != nil {
		return c, err
	}
	end := c.Was
	if len(end) == 0 {
		end = []access.Justification{{Holder: x.Identity.Ref(), Entitlement: x.Entitlement, Resource: x.Resource, Origin: access.Baseline, Reason: "converted by " + g.Conversion.String()}}
		if err := t.justify(ctx, end); err != nil {
			return c, err
		}
	}
	if err := t.unjustify(ctx, end); err != nil {
		return c, err
	}
	if given[g.Holder][g.Entitlement] {
		return c, nil // of a second account of theirs
	}
	if given[g.Holder] == nil {
		given[g.Holder] = map[access.EntitlementID]bool{}
	}
	given[g.Holder][g.Entitlement] = true
	switch err := t.giveEligibility(ctx, &g); {
	case errors.Is(err, elevate.ErrTwice): // they are eligible already
	case err != nil:
		return c, err
	default:
		c.Eligibility = g.ID
	}
	return c, nil
}

func (q *query) conversion(ctx context.Context, id access.ChainID, lock string) (list []converted, err error) {
	err = q.row(ctx, `select items from eligibility_conversion where id = $1 and restored_at = 0`+lock, id).Scan(asJSON{&list})
	if errors.Is(err, sql.ErrNoRows) {
		err = elevate.ErrNoConversion
	}
	return list, err
}

// Converted implements elevate.Store.
func (s Elevate) Converted(ctx context.Context, id access.ChainID) (list []elevate.Convertible, err error) {
	err = s.db.read(ctx, func(q *query) error {
		kept, err := q.conversion(ctx, id, "")
		for _, c := range kept {
			list = append(list, c.Convertible)
		}
		return err
	})
	return list, err
}

// Restore implements elevate.Store.
func (s Elevate) Restore(ctx context.Context, id access.ChainID, reason string) (n int, err error) {
	e := audit.Event{Action: "eligibility.restore", Personal: map[string]string{"reason": reason}, Facts: map[string]string{"conversion": id.String()}}
	err = s.db.change(ctx, e, func(t *tx) error {
		kept, err := t.conversion(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		var begin []access.Justification
		back := map[access.Justification]bool{}
		for _, c := range kept {
			t.Event.Subjects = append(t.Event.Subjects, c.Identity)
			if c.Eligibility != 0 {
				if _, err := t.exec(ctx, endEligibility, t.Set, c.Eligibility); err != nil {
					return err
				}
				if err := t.changed(ctx, c.Eligibility.Ref()); err != nil {
					return err
				}
			}
			j := access.Justification{Holder: c.Identity.Ref(), Entitlement: c.Entitlement, Resource: c.Resource, Origin: access.Baseline, Reason: "taken back: " + reason}
			if len(c.Was) > 0 {
				j.Origin, j.End = c.Was[0].Origin, c.Was[0].End
			}
			if back[j] || j.End != 0 && j.End <= t.At {
				continue
			}
			back[j] = true
			begin = append(begin, j)
		}
		n = len(begin)
		t.Event.Facts["grants"] = strconv.Itoa(n)
		if err := t.justify(ctx, begin); err != nil {
			return err
		}
		_, err = t.exec(ctx, `update eligibility_conversion set restored_at = $2 where id = $1`, id, t.At)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("taking a conversion back: %w", err)
	}
	return n, nil
}
