package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
)

// Ask is the store of package ask.
type Ask struct{ db *DB }

// Ask returns the store of package ask.
func (db *DB) Ask() Ask { return Ask{db} }

var _ ask.Store = Ask{}

var (
	identityCard = `
select i.kind, i.state, i.name, i.email, i.number, i.organisation, i.sponsor_id, i.contract_end, i.attributes
  from identity i where i.id = $1 and ` + now("i")
	affiliationsOf = `
select a.employer, a.unit, a.title, a.manager_id, a.starts_at, a.ends_at
  from affiliation a where a.identity_id = $1 and ` + now("a") + ` order by a.seq`
	functionsShown = `
select a.id, a.function, a.scope_id, a.reason, s.at
  from function_assignment a join change_set s on s.id = a.from_set
 where a.identity_id = $1 and ` + now("a") + ` order by a.function, a.scope_id`
)

// Identity returns an identity with its affiliations and where its values are from.
func (s Ask) Identity(ctx context.Context, id access.IdentityID) (access.Identity, error) {
	i := access.Identity{ID: id}
	err := s.db.read(ctx, func(q *query) error {
		var third access.ThirdParty
		var attributes string
		err := q.row(ctx, identityCard, id).Scan(&i.Kind, &i.State, &i.Name, &i.Email, &i.Number, &third.Organisation, &third.Sponsor, &third.ContractEnd, &attributes)
		if errors.Is(err, sql.ErrNoRows) {
			return policy.ErrNoObject
		}
		if err != nil {
			return err
		}
		if third.Organisation != "" {
			i.ThirdParty = &third
		}
		if err := json.Unmarshal([]byte(attributes), &i.Attributes); err != nil {
			return fmt.Errorf("attributes of %s: %w", id, err)
		}
		return q.each(ctx, affiliationsOf, []any{id}, func(scan func(...any) error) error {
			var a access.Affiliation
			err := scan(&a.Employer, &a.Unit, &a.Title, &a.Manager, &a.Start, &a.End)
			i.Affiliations = append(i.Affiliations, a)
			return err
		})
	})
	return i, err
}

// Functions returns which of Writ's functions an identity holds.
func (s Ask) Functions(ctx context.Context, id access.IdentityID) (list []policy.Assignment, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, functionsShown, []any{id}, func(scan func(...any) error) error {
			a := policy.Assignment{Identity: id}
			err := scan(&a.ID, &a.Function, &a.Scope, &a.Reason, &a.Since)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

var accountCards = `
select a.id, a.native_id, a.login, a.display_name, a.kind_reason, coalesce(l.state, ''), coalesce(l.rule, ''), coalesce(l.evidence, ''), coalesce(s.at, 0)
  from account a
  left join account_link l on l.account_id = a.id and ` + now("l") + `
  left join change_set s on s.id = l.from_set
 where a.id in (%s) and ` + now("a") + ` order by a.id, l.id`

// Accounts returns what is known of accounts beside the graph. A shared one has
// several links; the first is told.
func (s Ask) Accounts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]ask.AccountFacts, error) {
	found := make(map[access.AccountID]ask.AccountFacts, len(ids))
	return found, eachByID(ctx, s.db, accountCards, ids, func(scan func(...any) error) error {
		var id access.AccountID
		var f ask.AccountFacts
		err := scan(&id, &f.NativeID, &f.Login, &f.DisplayName, &f.KindReason, &f.Link.State, &f.Link.Rule, &f.Link.Evidence, &f.Link.Since)
		if _, twice := found[id]; !twice {
			found[id] = f
		}
		return err
	})
}

var unitsNow = `
select a.identity_id, a.unit from affiliation a
 where a.identity_id in (%s) and ` + now("a") + ` order by a.identity_id, a.seq desc`

// Units returns the unit of each identity's first position.
func (s Ask) Units(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]string, error) {
	units := make(map[access.IdentityID]string, len(ids))
	return units, eachByID(ctx, s.db, unitsNow, ids, func(scan func(...any) error) error {
		var id access.IdentityID
		var unit string
		err := scan(&id, &unit)
		units[id] = unit
		return err
	})
}

// eachByID reads the rows of some objects, whose ids stand in place of %s.
func eachByID[ID ~int64](ctx context.Context, db *DB, text string, ids []ID, fn func(scan func(...any) error) error) error {
	if len(ids) == 0 {
		return nil
	}
	return db.read(ctx, func(q *query) error {
		for chunk := range slices.Chunk(ids, keysPerQuery) {
			if err := q.eachListed(ctx, text, keyList(chunk), nil, fn); err != nil {
				return err
			}
		}
		return nil
	})
}

var entitlementCard = `
select e.system_id, e.native_id, e.kind, e.name, e.description, e.resource_id from entitlement e where e.id = $1 and ` + now("e")

// Entitlement returns what an entitlement's system says of it.
func (s Ask) Entitlement(ctx context.Context, id access.EntitlementID) (access.Entitlement, error) {
	e := access.Entitlement{ID: id}
	err := s.db.read(ctx, func(q *query) error {
		err := q.row(ctx, entitlementCard, id).Scan(&e.System, &e.NativeID, &e.Kind, &e.Name, &e.Description, &e.Resource)
		if errors.Is(err, sql.ErrNoRows) {
			return policy.ErrNoObject
		}
		return err
	})
	return e, err
}

// findingsAbout names the rules so that the index, which begins with them, answers.
var findingsAbout = func() string {
	var rules []string
	for _, r := range finding.Rules() {
		rules = append(rules, "'"+r.ID+"'")
	}
	return `
select f.id, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.function, f.owner_id, f.status, f.due_at, f.evidence
  from finding f
 where f.rule in (` + strings.Join(rules, ", ") + `) and f.subject_kind = $1 and f.subject_key in (%s) and ` + findingNow + `
 order by f.id`
}()

func scanFindingAbout(scan func(...any) error) (f ask.Finding, err error) {
	var x finding.Finding
	var evidence string
	if err := scan(&x.ID, &x.Rule, &x.Subject.Kind, &x.Subject.Key, &x.System, &f.Severity, &x.Function, &x.Owner, &f.Status, &f.Due, &evidence); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(evidence), &x.Evidence); err != nil {
		return f, fmt.Errorf("evidence of %s: %w", x.ID, err)
	}
	rule, _ := finding.RuleOf(x.Rule)
	f.Finding, f.Title = x.Decided(), rule.Title
	return f, nil
}

// Findings returns the findings about some objects that are not resolved.
func (s Ask) Findings(ctx context.Context, about []access.Ref) (list []ask.Finding, err error) {
	keys := map[access.ObjectKind][]int64{}
	for _, r := range about {
		keys[r.Kind] = append(keys[r.Kind], r.Key)
	}
	err = s.db.read(ctx, func(q *query) error {
		for kind, all := range keys {
			for chunk := range slices.Chunk(all, keysPerQuery) {
				err := q.eachListed(ctx, findingsAbout, keyList(chunk), []any{kind}, func(scan func(...any) error) error {
					f, err := scanFindingAbout(scan)
					list = append(list, f)
					return err
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	return list, err
}

// Coverage returns what was counted last of one tier of a system.
func (s Ask) Coverage(ctx context.Context, system access.SystemID, tier access.Tier) ([]ask.Cell, error) {
	kept, err := s.db.Coverage().Last(ctx, coverage.Filter{System: system, Tier: &tier})
	if errors.Is(err, coverage.ErrNone) {
		return nil, nil
	}
	cells := make([]ask.Cell, len(kept.Rows))
	for i, r := range kept.Rows {
		cells[i] = ask.Cell{
			Kind: r.IdentityKind, ThirdParty: r.ThirdParty, Control: r.Control,
			Required: r.Required, InPlace: r.InPlace, Missing: r.Missing, Unknown: r.Unknown, Excepted: r.Excepted,
		}
	}
	return cells, err
}
