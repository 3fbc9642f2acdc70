package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/search"
)

// Search returns the truth as search reads it.
func (db *DB) Search() search.Source { return Search{db} }

// Search is the store of package search.
type Search struct{ db *DB }

// searchTexts are what objects of a kind are found by: a key, a name, and more. What
// is the same as something before is left out.
var searchTexts = map[access.ObjectKind]struct{ columns, table string }{
	access.KindIdentity:    {`x.id, x.name, x.email, x.number, x.login, ''`, "identity"},
	access.KindAccount:     {`x.id, x.login, case when x.native_id <> x.login then x.native_id else '' end, case when x.email <> x.login and x.email <> x.native_id then x.email else '' end, x.display_name, x.number`, "account"},
	access.KindEntitlement: {`x.id, x.name, case when x.native_id <> x.name then x.native_id else '' end, '', '', ''`, "entitlement"},
	access.KindSystem:      {`x.id, x.name, x.kind, '', '', ''`, "system"},
	access.KindResource:    {`x.id, x.name, case when x.native_id <> x.name then x.native_id else '' end, '', '', ''`, "resource"},
}

// Texts implements search.Source.
func (s Search) Texts(ctx context.Context, kind access.ObjectKind, keys []int64, take func(search.Text) error) error {
	of, ok := searchTexts[kind]
	if !ok {
		return nil
	}
	return s.db.read(ctx, func(q *query) error {
		f, err := s.db.facts(ctx, q, nil)
		if err != nil {
			return err
		}
		f.whole = keys == nil
		text := `select ` + of.columns + ` from ` + of.table + ` x where ` + f.rows("x")
		if f.whole {
			return f.texts(ctx, text+` order by x.id`, take)
		}
		for chunk := range slices.Chunk(keys, keysPerQuery) {
			if err := f.texts(ctx, text+` and x.id in (`+keyList(chunk)+`) order by x.id`, take); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *facts) texts(ctx context.Context, text string, take func(search.Text) error) error {
	return f.eachCells(ctx, text, func(c cells) error {
		t := search.Text{Key: c.number(0), Name: c.text(1)}
		for i := range t.More {
			t.More[i] = c.text(2 + i)
		}
		return take(t)
	})
}

// text is a column that is text; nothing is empty.
func (c cells) text(i int) string {
	s, _ := c[i].(string)
	return s
}

const searchFinding = `f.id, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.function, f.owner_id, f.status`

// searchFindings are all that are not resolved.
const searchFindings = `select ` + searchFinding + ` from finding f where ` + findingNow + ` order by f.id`

// Findings implements search.Source.
func (s Search) Findings(ctx context.Context, take func(search.Finding) error) (rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
			return err
		}
		return q.each(ctx, searchFindings, nil, func(scan func(...any) error) error { return takeFinding(scan, take, nil) })
	})
	return rev, err
}

func takeFinding(scan func(...any) error, take func(search.Finding) error, gone func(access.FindingID)) error {
	var f search.Finding
	if err := scan(&f.ID, &f.Rule, &f.Subject.Kind, &f.Subject.Key, &f.System, &f.Severity, &f.Function, &f.Owner, &f.Status); err != nil {
		return err
	}
	if f.Status == string(finding.Resolved) {
		gone(f.ID)
		return nil
	}
	if r, ok := finding.RuleOf(f.Rule); ok {
		f.Title = r.Title
	}
	return take(f)
}

// What ended and what began in some change sets. The sets are written out: joined to
// them, PostgreSQL reads all findings where it takes the sets for many.
const (
	setsSince   = `select id from change_set where rev > $1 union all select id from change_set where rev is null`
	searchEnded = `
select f.id, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.function, f.owner_id, 'resolved'
  from finding f where f.until_set in (%s) and f.until_set > 0`
	searchBegun = `
select ` + searchFinding + `
  from finding f where f.from_set in (%s) and f.until_set = 0`
)

// FindingNews implements search.Source. What ended comes first: a version that another
// one took the place of is there.
func (s Search) FindingNews(ctx context.Context, after access.Rev, take func(search.Finding) error, gone func(access.FindingID)) (rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
			return err
		}
		var sets []int64
		err := q.each(ctx, setsSince, []any{after}, func(scan func(...any) error) error {
			var id int64
			defer func() { sets = append(sets, id) }()
			return scan(&id)
		})
		if err != nil {
			return err
		}
		for _, text := range []string{searchEnded, searchBegun} {
			for chunk := range slices.Chunk(sets, keysPerQuery) {
				err := q.eachListed(ctx, text, keyList(chunk), nil, func(scan func(...any) error) error { return takeFinding(scan, take, gone) })
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	return rev, err
}

// IdentityTexts implements search.Source.
func (s Search) IdentityTexts(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]search.IdentityText, error) {
	return textsOf(ctx, s.db, `select x.id, x.number, x.email, x.login, x.organisation from identity x`, ids, func(scan func(...any) error, id *access.IdentityID, t *search.IdentityText) error {
		return scan(id, &t.Number, &t.Email, &t.Login, &t.Organisation)
	})
}

// AccountTexts implements search.Source.
func (s Search) AccountTexts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]search.AccountText, error) {
	return textsOf(ctx, s.db, `select x.id, x.native_id, x.display_name, x.email from account x`, ids, func(scan func(...any) error, id *access.AccountID, t *search.AccountText) error {
		return scan(id, &t.NativeID, &t.DisplayName, &t.Email)
	})
}

// EntitlementTexts implements search.Source.
func (s Search) EntitlementTexts(ctx context.Context, ids []access.EntitlementID) (map[access.EntitlementID]search.EntitlementText, error) {
	return textsOf(ctx, s.db, `select x.id, x.native_id, x.description from entitlement x`, ids, func(scan func(...any) error, id *access.EntitlementID, t *search.EntitlementText) error {
		return scan(id, &t.NativeID, &t.Description)
	})
}

// textsOf reads the rows of some keys as they are now.
func textsOf[ID ~int64, T any](ctx context.Context, db *DB, text string, ids []ID, read func(func(...any) error, *ID, *T) error) (map[ID]T, error) {
	found := make(map[ID]T, len(ids))
	err := db.read(ctx, func(q *query) error {
		for chunk := range slices.Chunk(ids, keysPerQuery) {
			rows, err := q.t.QueryContext(ctx, fmt.Sprintf(text+` where x.id in (%s) and `, keyList(chunk))+now("x"))
			err = scanEach(rows, err, func(scan func(...any) error) error {
				var id ID
				var t T
				defer func() { found[id] = t }()
				return read(scan, &id, &t)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}
