package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

// What people hold themself, or by accounts that are theirs alone and work: standing,
// everywhere and without an end, as a role would give it.
var (
	ownAccounts = `
select l.account_id, l.identity_id
  from account_link l join account a on a.id = l.account_id and ` + now("a") + `
 where l.identity_id in (%s) and l.state in ('confirmed', 'manual') and a.status = 'enabled' and ` + now("l") + `
   and not exists (select 1 from account_link o where o.account_id = l.account_id and o.identity_id <> l.identity_id and o.state in ('confirmed', 'manual') and ` + now("o") + `)`
	plainGrants = `
select g.holder_id, g.entitlement_id
  from access_grant g
 where g.holder_kind = $1 and g.holder_id in (%s) and g.resource_id = 0 and g.mode = 0 and g.starts_at <= $2 and g.ends_at = 0 and ` + now("g")
	rolesOf = `
select a.identity_id, a.role_id
  from assignment a
 where a.identity_id in (%s) and a.starts_at <= $1 and (a.ends_at = 0 or a.ends_at > $1) and ` + now("a")
	reasonsOf = `
select j.id, j.holder_id, j.entitlement_id, j.origin
  from justification j
 where j.holder_kind = $1 and j.holder_id in (%s) and j.resource_id = 0 and ` + now("j") + ` order by j.id`
)

// pair is an identity and an entitlement.
type pair struct {
	who access.IdentityID
	of  access.EntitlementID
}

// migration is one migration to a role, inside its change or its plan.
type migration struct {
	*query
	at       access.Time
	catalog  *role.Catalog
	given    []access.EntitlementID
	people   []access.IdentityID
	accounts map[access.AccountID]access.IdentityID
}

// Migrate assigns a role to people who hold all that it gives, and ends their direct
// justifications of that; or proves that this would change what somebody has, and does
// neither.
func (s Roles) Migrate(ctx context.Context, id access.RoleID, people []access.IdentityID, reason, digest string) (p role.Proof, err error) {
	e := audit.Event{Action: "role.migrate", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		c, _, err := t.published(ctx, id, 0)
		if err != nil {
			return err
		}
		m := migration{query: &t.query, at: t.At, catalog: c, given: c.Given(id), people: people, accounts: map[access.AccountID]access.IdentityID{}}
		held, err := m.held(ctx)
		if err != nil {
			return err
		}
		before, err := m.access(ctx, held)
		switch {
		case err != nil:
			return err
		case digest != "" && digest != digestOf(before):
			return role.ErrPlan
		}
		if err := t.assignAll(ctx, id, people, reason); err != nil {
			return err
		}
		after, err := m.access(ctx, held)
		if err != nil {
			return err
		}
		if !slices.Equal(before, after) {
			return role.ErrUnequal
		}
		p = role.Proof{People: len(people), Pairs: len(after), Digest: digestOf(after)}
		if p.Justifications, err = m.swapReasons(ctx, t); err != nil {
			return err
		}
		t.Event.Facts = map[string]string{
			"people": strconv.Itoa(p.People), "pairs": strconv.Itoa(p.Pairs), "before": digestOf(before), "after": p.Digest,
			"justifications": strconv.Itoa(p.Justifications),
		}
		return nil
	})
	if err != nil {
		return role.Proof{}, fmt.Errorf("migrating people to %s: %w", id, err)
	}
	return p, nil
}

// PlanMigration works out what Migrate would do, and does nothing.
func (s Roles) PlanMigration(ctx context.Context, id access.RoleID, people []access.IdentityID) (p role.MigrationPlan, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		c, err := catalogOf(ctx, q)
		if err != nil {
			return err
		}
		m := migration{query: q, at: at, catalog: c, given: c.Given(id), people: people, accounts: map[access.AccountID]access.IdentityID{}}
		held, err := m.held(ctx)
		if err != nil {
			return err
		}
		before, err := m.access(ctx, held)
		if err != nil {
			return err
		}
		direct, err := m.direct(ctx)
		if err != nil {
			return err
		}
		p.Proof = role.Proof{People: len(people), Pairs: len(before), Digest: digestOf(before), Justifications: len(direct)}
		p.After, p.Swaps = digestOf(m.withRole(before)), m.swaps(held, direct)
		return nil
	})
	if err != nil {
		return role.MigrationPlan{}, fmt.Errorf("planning to migrate people to %s: %w", id, err)
	}
	return p, nil
}

// withRole are pairs, and what the role gives to everybody.
func (m *migration) withRole(pairs []pair) []pair {
	all := map[pair]bool{}
	for _, p := range pairs {
		all[p] = true
	}
	for _, who := range m.people {
		for _, e := range m.given {
			all[pair{who, e}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), comparePairs)
}

// swaps counts what changes of each entitlement that the role gives.
func (m *migration) swaps(held map[pair]bool, direct []access.Justification) []role.Swap {
	at := map[access.EntitlementID]int{}
	list := make([]role.Swap, len(m.given))
	for i, e := range m.given {
		at[e], list[i].Entitlement = i, e
	}
	for p := range held {
		if i, given := at[p.of]; given {
			list[i].People++
		}
	}
	for _, j := range direct {
		list[at[j.Entitlement]].Justifications++
	}
	return list
}

// held are the pairs that people hold without roles.
func (m *migration) held(ctx context.Context) (map[pair]bool, error) {
	held := map[pair]bool{}
	for chunk := range slices.Chunk(m.people, keysPerQuery) {
		err := m.eachListed(ctx, ownAccounts, keyList(chunk), nil, func(scan func(...any) error) error {
			var account access.AccountID
			var who access.IdentityID
			defer func() { m.accounts[account] = who }()
			return scan(&account, &who)
		})
		if err != nil {
			return nil, err
		}
		err = m.eachListed(ctx, plainGrants, keyList(chunk), []any{access.KindIdentity, m.at}, func(scan func(...any) error) error {
			var p pair
			defer func() { held[p] = true }()
			return scan(&p.who, &p.of)
		})
		if err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(m.accounts)), keysPerQuery) {
		err := m.eachListed(ctx, plainGrants, keyList(chunk), []any{access.KindAccount, m.at}, func(scan func(...any) error) error {
			var account access.AccountID
			var of access.EntitlementID
			defer func() { held[pair{m.accounts[account], of}] = true }()
			return scan(&account, &of)
		})
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

// access are the pairs that people hold, or have by roles as they are assigned now, in
// order.
func (m *migration) access(ctx context.Context, held map[pair]bool) ([]pair, error) {
	all := maps.Clone(held)
	for chunk := range slices.Chunk(m.people, keysPerQuery) {
		err := m.eachListed(ctx, rolesOf, keyList(chunk), []any{m.at}, func(scan func(...any) error) error {
			var who access.IdentityID
			var of access.RoleID
			if err := scan(&who, &of); err != nil {
				return err
			}
			for _, e := range m.catalog.Given(of) {
				all[pair{who, e}] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Keys(all), comparePairs), nil
}

func comparePairs(a, b pair) int {
	if a.who != b.who {
		return int(a.who - b.who)
	}
	return int(a.of - b.of)
}

// digestOf stands for pairs.
func digestOf(pairs []pair) string {
	h := sha256.New()
	var b [16]byte
	for _, p := range pairs {
		binary.BigEndian.PutUint64(b[:8], uint64(p.who)) //nolint:gosec // keys are positive
		binary.BigEndian.PutUint64(b[8:], uint64(p.of))  //nolint:gosec // keys are positive
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// assignAll gives the role to everybody.
func (t *tx) assignAll(ctx context.Context, id access.RoleID, people []access.IdentityID, reason string) error {
	key, err := t.newKeys(ctx, access.KindAssignment, len(people))
	if err != nil {
		return err
	}
	for i, who := range people {
		var n int
		if err := t.row(ctx, assignedAlready, who, id, t.At).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return role.ErrAssigned.With("%s has the role already: look again", who)
		}
		a := access.Assignment{ID: access.AssignmentID(key + int64(i)), Role: id, Identity: who, Reason: reason}
		if err := t.insertAssignment(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// direct are the direct justifications of what the role gives.
func (m *migration) direct(ctx context.Context) ([]access.Justification, error) {
	direct, err := m.reasons(ctx, access.KindIdentity, keysOf(m.people), access.Baseline, access.FromRequest)
	if err != nil {
		return nil, err
	}
	ofAccounts, err := m.reasons(ctx, access.KindAccount, keysOf(slices.Sorted(maps.Keys(m.accounts))), access.Baseline, access.FromRequest)
	return append(direct, ofAccounts...), err
}

// swapReasons ends the direct justifications of what the role gives, and has the role
// justify the same from the same moment: what lost its last justification would be taken
// away on its system.
func (m *migration) swapReasons(ctx context.Context, t *tx) (n int, err error) {
	direct, err := m.direct(ctx)
	if err != nil {
		return 0, err
	}
	byRole, err := m.reasons(ctx, access.KindIdentity, keysOf(m.people), access.FromRole)
	if err != nil {
		return 0, err
	}
	done := map[pair]bool{}
	for _, j := range byRole {
		done[pair{access.IdentityID(j.Holder.Key), j.Entitlement}] = true
	}
	var begin []access.Justification
	for _, j := range direct {
		who := access.IdentityID(j.Holder.Key)
		if j.Holder.Kind == access.KindAccount {
			who = m.accounts[access.AccountID(j.Holder.Key)]
		}
		if p := (pair{who, j.Entitlement}); !done[p] {
			done[p] = true
			begin = append(begin, access.Justification{Holder: who.Ref(), Entitlement: j.Entitlement, Origin: access.FromRole})
		}
	}
	if err := t.justify(ctx, begin); err != nil {
		return 0, err
	}
	return len(direct), t.unjustify(ctx, direct)
}

func keysOf[K ~int64](ids []K) []int64 {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = int64(id)
	}
	return keys
}

// reasons are the justifications of some origins for what the role gives.
func (m *migration) reasons(ctx context.Context, kind access.ObjectKind, holders []int64, origins ...access.Origin) (list []access.Justification, err error) {
	for chunk := range slices.Chunk(holders, keysPerQuery) {
		err := m.eachListed(ctx, reasonsOf, keyList(chunk), []any{kind}, func(scan func(...any) error) error {
			j := access.Justification{Holder: access.Ref{Kind: kind}}
			if err := scan(&j.ID, &j.Holder.Key, &j.Entitlement, &j.Origin); err != nil {
				return err
			}
			if _, given := slices.BinarySearch(m.given, j.Entitlement); given && slices.Contains(origins, j.Origin) {
				list = append(list, j)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
