package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// An order counts from the version on that it brought; none where it was so already.
const broughtBy = `
select n.from_set from identity n
  join change_set s on s.id = n.from_set and s.rev is not null
  join identity p on p.id = n.id and p.until_set = n.from_set
 where n.id = $1 and n.state = $2 and p.state <> n.state and s.at >= $3 and (cast($4 as bigint) = 0 or s.at <= $4)
 order by s.at limit 1`

// Altered implements lifecycle.LifeStore.
func (s Lifecycle) Altered(ctx context.Context, e lifecycle.Event) (list []lifecycle.Alteration, err error) {
	err = s.db.read(ctx, func(q *query) error {
		set := e.Place.Of
		if e.Place.Rank == lifecycle.RankOrdered {
			set = 0
			err := q.each(ctx, broughtBy, []any{e.Identity, string(e.Kind.State()), max(e.At, e.Kept), e.Ended}, func(scan func(...any) error) error { return scan(&set) })
			if err != nil || set == 0 {
				return err
			}
		}
		list, err = q.altered(ctx, e.Identity, set)
		return err
	})
	return list, err
}

// values are what is known of somebody, by name; of some, who is meant.
type values struct {
	text map[string]string
	who  map[string]access.IdentityID
}

func (q *query) altered(ctx context.Context, who access.IdentityID, set int64) ([]lifecycle.Alteration, error) {
	was, is := values{map[string]string{}, map[string]access.IdentityID{}}, values{map[string]string{}, map[string]access.IdentityID{}}
	side := func(from int64) values {
		if from == set {
			return is
		}
		return was
	}
	err := q.each(ctx, `
select from_set, state, name, email, number, login, organisation, sponsor_id, contract_end, attributes
  from identity where id = $1 and (from_set = $2 or until_set = $2)`, []any{who, set}, func(scan func(...any) error) error {
		var from int64
		var state, name, email, number, login, organisation string
		var sponsor access.IdentityID
		var end access.Time
		var text []byte
		if err := scan(&from, &state, &name, &email, &number, &login, &organisation, &sponsor, &end, &text); err != nil {
			return err
		}
		v := side(from)
		maps.Copy(v.text, map[string]string{"state": state, "name": name, "email": email, "number": number, "login": login, "organisation": organisation})
		v.who["sponsor"] = sponsor
		if end != 0 {
			v.text["contract_end"] = end.Time().Format(time.DateOnly)
		}
		return v.attributes(text)
	})
	if err != nil {
		return nil, err
	}
	err = q.each(ctx, `
select from_set, seq, employer, unit, title, manager_id from affiliation where identity_id = $1 and (from_set = $2 or until_set = $2)`, []any{who, set}, func(scan func(...any) error) error {
		var from, seq int64
		var employer, unit, title string
		var manager access.IdentityID
		if err := scan(&from, &seq, &employer, &unit, &title, &manager); err != nil {
			return err
		}
		v, suffix := side(from), ""
		if seq > 0 {
			suffix = fmt.Sprintf(" %d", seq+1)
		}
		maps.Copy(v.text, map[string]string{"employer" + suffix: employer, "unit" + suffix: unit, "title" + suffix: title})
		v.who["manager"+suffix] = manager
		return nil
	})
	return different(was, is), err
}

// attributes adds what sources say beside the model's own words.
func (v values) attributes(text []byte) error {
	var all map[string]access.Attribute
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for name, a := range all {
		if !slices.Contains(lifecycle.Modelled, name) {
			v.text[name] = a.Value
		}
	}
	return nil
}

// alteredFirst are the attributes that are told first.
var alteredFirst = []string{"state", "unit", "title", "manager", "employer", "organisation", "sponsor", "contract_end"}

func different(was, is values) (list []lifecycle.Alteration) {
	names := map[string]bool{}
	for _, v := range []values{was, is} {
		for name := range v.text {
			names[name] = true
		}
		for name := range v.who {
			names[name] = true
		}
	}
	for name := range names {
		a := lifecycle.Alteration{Name: name, Was: was.text[name], Is: is.text[name], From: was.who[name].Ref(), To: is.who[name].Ref()}
		if a.Was != a.Is || a.From != a.To {
			list = append(list, a)
		}
	}
	place := func(name string) int {
		if i := slices.Index(alteredFirst, name); i >= 0 {
			return i
		}
		return len(alteredFirst)
	}
	slices.SortFunc(list, func(a, b lifecycle.Alteration) int {
		return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return list
}

const (
	justifiedSince = `
select j.id, j.entitlement_id, j.origin, j.reason, j.ends_at, b.at, coalesce(u.at, 0)
  from justification j
  join change_set b on b.id = j.from_set and b.rev is not null
  left join change_set u on u.id = j.until_set and j.until_set <> 0
 where j.holder_kind = 1 and j.holder_id = $1 order by j.id, j.from_set`
	targetsSince = `
select x.id, x.system_id, x.account_id, x.login, x.state, x.delete_at, x.reason, b.at
  from account_target x
  join change_set b on b.id = x.from_set and b.rev is not null
 where x.id in (select y.id from account_target y where y.identity_id = $1 and y.until_set = 0) and b.at < $2 order by x.id, x.from_set`
)

// Followed implements lifecycle.LifeStore.
func (s Lifecycle) Followed(ctx context.Context, who access.IdentityID, from, until access.Time) (t lifecycle.Turned, err error) {
	if until == 0 {
		until = math.MaxInt64
	}
	err = s.db.read(ctx, func(q *query) error {
		t = lifecycle.Turned{Stays: map[access.EntitlementID]bool{}}
		if err := q.followedJustified(ctx, who, from, until, &t); err != nil {
			return err
		}
		return q.followedTargets(ctx, who, from, until, &t)
	})
	if err != nil {
		return t, fmt.Errorf("reading what followed for %s: %w", who, err)
	}
	return t, nil
}

// version is one version of a justification, from when to when it stood.
type version struct {
	access.Justification
	from, until access.Time
}

func (q *query) followedJustified(ctx context.Context, who access.IdentityID, from, until access.Time, t *lifecycle.Turned) error {
	var all [][]version // of each justification, in order
	err := q.each(ctx, justifiedSince, []any{who}, func(scan func(...any) error) error {
		var v version
		if err := scan(&v.ID, &v.Entitlement, &v.Origin, &v.Reason, &v.End, &v.from, &v.until); err != nil {
			return err
		}
		if n := len(all); n > 0 && all[n-1][0].ID == v.ID {
			all[n-1] = append(all[n-1], v)
			return nil
		}
		all = append(all, []version{v})
		return nil
	})
	if err != nil {
		return err
	}
	for _, versions := range all {
		before, after := stood(versions, from), stood(versions, until)
		switch {
		case before == nil && after != nil:
			t.Begin = append(t.Begin, after.Justification)
		case before != nil && after == nil:
			t.End = append(t.End, before.Justification)
		case before != nil && before.End != after.End:
			t.Redate = append(t.Redate, after.Justification)
		case before != nil:
			t.Stays[after.Entitlement] = true
		}
	}
	return nil
}

// stood is the version that stood just before a time; none is nil.
func stood(versions []version, at access.Time) *version {
	for i := range versions {
		if v := &versions[i]; v.from < at && (v.until == 0 || v.until >= at) {
			return v
		}
	}
	return nil
}

func (q *query) followedTargets(ctx context.Context, who access.IdentityID, from, until access.Time, t *lifecycle.Turned) error {
	var is access.Target // the newest version of the one that is being read
	var fresh bool       // it came within the time
	take := func() {
		if fresh && is.ID != 0 {
			t.Targets = append(t.Targets, is)
		}
	}
	err := q.each(ctx, targetsSince, []any{who, until}, func(scan func(...any) error) error {
		y := access.Target{Identity: who}
		var at access.Time
		if err := scan(&y.ID, &y.System, &y.Account, &y.Login, &y.State, &y.DeleteAt, &y.Reason, &at); err != nil {
			return err
		}
		if y.ID != is.ID {
			take()
		}
		if at < from {
			t.Was = append(slices.DeleteFunc(t.Was, func(o access.Target) bool { return o.ID == y.ID }), y)
		}
		is, fresh = y, at >= from
		return nil
	})
	take()
	return err
}
