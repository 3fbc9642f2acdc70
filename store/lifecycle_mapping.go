package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// mappingKind tells mappings from the other policies; each is called by its system's id.
const mappingKind = "mapping"

// Mappings implements lifecycle.MappingStore.
func (s Lifecycle) Mappings(ctx context.Context) ([]lifecycle.Mapping, error) {
	return policiesOf(ctx, s.db, mappingKind, func(m *lifecycle.Mapping, version int64, mode policy.Mode) { m.Version, m.Mode = version, mode })
}

// SetMapping implements lifecycle.MappingStore.
func (s Lifecycle) SetMapping(ctx context.Context, m lifecycle.Mapping, reason string) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	e := audit.Event{
		Action:   "mapping.set",
		Facts:    map[string]string{"system": m.System.String(), "mode": m.Mode.String(), "attributes": strconv.Itoa(len(m.Attributes)), "retention_days": strconv.Itoa(m.Retention)},
		Personal: map[string]string{"mapping": string(body), "reason": reason},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		id, version, err := t.policyNow(ctx, mappingKind, m.System.String())
		switch {
		case err != nil:
			return err
		case version != m.Version:
			return lifecycle.ErrMappingStale
		case version != 0:
			if err := t.endPolicy(ctx, id); err != nil {
				return err
			}
		default:
			key, err := t.newKeys(ctx, access.KindPolicy, 1)
			if err != nil {
				return err
			}
			id = access.PolicyID(key)
		}
		return t.putPolicy(ctx, id, mappingKind, m.System.String(), m.Mode, string(body))
	})
}

// RemoveMapping implements lifecycle.MappingStore.
func (s Lifecycle) RemoveMapping(ctx context.Context, system access.SystemID, is int64, reason string) error {
	e := audit.Event{Action: "mapping.remove", Facts: map[string]string{"system": system.String()}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		id, version, err := t.policyNow(ctx, mappingKind, system.String())
		switch {
		case err != nil:
			return err
		case version == 0:
			return lifecycle.ErrNoMapping
		case is != 0 && version != is:
			return lifecycle.ErrMappingStale
		}
		t.Event.Object = id.Ref()
		if err := t.endPolicy(ctx, id); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

// Systems implements lifecycle.Store.
func (s Lifecycle) Systems(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.SystemID, error) {
	systems := map[access.EntitlementID]access.SystemID{}
	err := s.db.read(ctx, func(q *query) error { return q.systemsOf(ctx, of, systems) })
	return systems, err
}

func (q *query) systemsOf(ctx context.Context, of []access.EntitlementID, into map[access.EntitlementID]access.SystemID) error {
	for part := range slices.Chunk(of, keysPerQuery) {
		err := q.eachListed(ctx, `select e.id, e.system_id from entitlement e where e.id in (%s) and `+now("e"), keyList(part), nil, func(scan func(...any) error) error {
			var id access.EntitlementID
			var system access.SystemID
			defer func() { into[id] = system }()
			return scan(&id, &system)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// LoginFree implements lifecycle.MappingStore.
func (s Lifecycle) LoginFree(ctx context.Context, system access.SystemID, login string, of access.IdentityID) (free bool, err error) {
	err = s.db.read(ctx, func(q *query) error {
		free, err = q.loginFree(ctx, system, login, of)
		return err
	})
	return free, err
}

func (t *tx) loginFree(ctx context.Context) lifecycle.Logins {
	return func(system access.SystemID, login string, of access.IdentityID) (bool, error) {
		return t.query.loginFree(ctx, system, login, of)
	}
}

// Logins that were anybody's are not given to somebody else: every version counts, of
// accounts and of targets. They are of ASCII, in which both databases fold case alike.
const (
	loginOfTarget = `
select exists (select 1 from account_target x where x.system_id = $1 and lower(x.login) = lower($2) and x.identity_id <> $3)`
	loginOfAccount = `
select exists (
  select 1 from account a where a.system_id = $1 and lower(a.login) = lower($2)
     and not exists (select 1 from account_link l where l.account_id = a.id and l.identity_id = $3 and l.until_set = 0 and l.state in ('confirmed', 'manual')))`
)

func (q *query) loginFree(ctx context.Context, system access.SystemID, login string, of access.IdentityID) (bool, error) {
	for _, text := range []string{loginOfTarget, loginOfAccount} {
		var taken bool
		if err := q.row(ctx, text, system, login, of).Scan(&taken); err != nil {
			return false, fmt.Errorf("whether a login is free: %w", err)
		}
		if taken {
			return false, nil
		}
	}
	return true, nil
}

func (q *query) holdingFailures(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, _ access.Time) error {
	return q.eachListed(ctx, `select f.identity_id, f.system_id, f.problem from lifecycle_failure f where f.identity_id in (%s) order by f.identity_id, f.system_id`, list, nil, func(scan func(...any) error) error {
		var id access.IdentityID
		var f lifecycle.Failure
		err := scan(&id, &f.System, &f.Text)
		if h := by[id]; h != nil {
			h.Failures = append(h.Failures, f)
		}
		return err
	})
}

// refail notes which mappings say nothing of somebody.
func (t *tx) refail(ctx context.Context, id access.IdentityID, list []lifecycle.Failure) error {
	if _, err := t.exec(ctx, `delete from lifecycle_failure where identity_id = $1`, id); err != nil {
		return err
	}
	for _, f := range list {
		if _, err := t.exec(ctx, `insert into lifecycle_failure (identity_id, system_id, problem, since) values ($1, $2, $3, $4)`, id, f.System, f.Text, t.At); err != nil {
			return err
		}
	}
	return nil
}

// Failing implements lifecycle.MappingStore.
func (s Lifecycle) Failing(ctx context.Context, system access.SystemID, most int) (list []lifecycle.Failing, all int, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, `select count(*) from lifecycle_failure where cast($1 as bigint) = 0 or system_id = $1`, system).Scan(&all); err != nil {
			return err
		}
		return q.each(ctx, `select identity_id, system_id, problem, since from lifecycle_failure where cast($1 as bigint) = 0 or system_id = $1 order by system_id, identity_id limit $2`, []any{system, most}, func(scan func(...any) error) error {
			var f lifecycle.Failing
			err := scan(&f.Identity, &f.System, &f.Text, &f.Since)
			list = append(list, f)
			return err
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading for whom mappings fail: %w", err)
	}
	return list, all, nil
}
