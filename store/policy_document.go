package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

var _ policy.DocumentStore = Policy{}

const (
	documentColumns = `p.id, p.from_set, p.name, p.description, p.body, p.reason, p.number, p.retired, p.authors, p.publisher, p.note, s.at`
	insertDocument  = `
insert into policy_document (id, from_set, name, description, body, reason, number, retired, authors, publisher, note)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	endDocument       = `update policy_document set until_set = $1 where id = $2 and until_set = 0`
	insertPolicyDraft = `
insert into policy_draft (id, from_set, name, base, description, body, retires, authors, reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	endPolicyDraft = `update policy_draft set until_set = $1 where id = $2 and until_set = 0`

	// What has no revision yet is followed by nobody: what stands is what stood before it.
	documentsInForce = `
select p.name, p.body, p.retired
  from policy_document p
  join change_set f on f.id = p.from_set
  left join change_set u on u.id = p.until_set
 where f.rev <= $1 and (u.rev is null or u.rev > $1)
 order by p.name`
	policiesRev = `select coalesce(max(f.rev), 0) from policy_document p join change_set f on f.id = p.from_set`
)

var (
	selectDocuments    = `select ` + documentColumns + ` from policy_document p join change_set s on s.id = p.from_set where ` + now("p") + ` order by p.name`
	documentVersions   = `select ` + documentColumns + ` from policy_document p join change_set s on s.id = p.from_set where p.id = $1 and p.from_set not in (select id from open_set) order by p.from_set desc`
	selectPolicyDrafts = `
select d.id, d.from_set, d.name, d.base, d.description, d.body, d.retires, d.authors, d.reason, s.at
  from policy_draft d join change_set s on s.id = d.from_set where ` + now("d") + ` order by d.name`
)

// InForce returns what was published last of each document that is in force, and the
// revision since which it is; zero is that nothing was published yet.
func (s Policy) InForce(ctx context.Context) (list []policy.Published, rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, policiesRev).Scan(&rev); err != nil || rev == 0 {
			return err
		}
		return q.each(ctx, documentsInForce, []any{rev}, func(scan func(...any) error) error {
			var p policy.Published
			err := scan(&p.Name, &p.Text, &p.Retired)
			list = append(list, p)
			return err
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading which policies are in force: %w", err)
	}
	return list, rev, nil
}

// PoliciesRev returns the revision since which the newest published policies are in force.
func (s Policy) PoliciesRev(ctx context.Context) (rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, policiesRev).Scan(&rev) })
	return rev, err
}

// Published implements policy.DocumentStore.
func (s Policy) Published(ctx context.Context) (list []policy.Published, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = publishedNow(ctx, q)
		return err
	})
	return list, err
}

func publishedNow(ctx context.Context, q *query) ([]policy.Published, error) {
	return scanPublished(ctx, q, selectDocuments)
}

func scanPublished(ctx context.Context, q *query, text string, args ...any) (list []policy.Published, err error) {
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		var p policy.Published
		err := scan(&p.ID, &p.Version, &p.Name, &p.Description, &p.Text, &p.Reason, &p.Number, &p.Retired, asJSON{&p.Authors}, &p.Publisher, &p.Note, &p.Since)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading published policies: %w", err)
	}
	return list, nil
}

// Versions implements policy.DocumentStore.
func (s Policy) Versions(ctx context.Context, id access.PolicyID) (list []policy.Published, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = scanPublished(ctx, q, documentVersions, id)
		return err
	})
	return list, err
}

// Drafts implements policy.DocumentStore.
func (s Policy) Drafts(ctx context.Context) (list []policy.Draft, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = policyDrafts(ctx, q)
		return err
	})
	return list, err
}

func policyDrafts(ctx context.Context, q *query) (list []policy.Draft, err error) {
	err = q.each(ctx, selectPolicyDrafts, nil, func(scan func(...any) error) error {
		var d policy.Draft
		err := scan(&d.ID, &d.Version, &d.Name, &d.Base, &d.Description, &d.Text, &d.Retires, asJSON{&d.Authors}, &d.Reason, &d.Since)
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading drafts of policies: %w", err)
	}
	return list, nil
}

// kept is what is published and what is drafted, for a change of one document: nobody else
// changes any until it ends.
type kept struct {
	all  []policy.Published
	was  *policy.Published // of the document, the newest
	open *policy.Draft
}

// policyDocument reads a document for a change, in the version that the caller has seen.
func (t *tx) policyDocument(ctx context.Context, name string, version int64) (k kept, err error) {
	if t.d.lockPolicy != "" {
		if _, err := t.exec(ctx, t.d.lockPolicy); err != nil {
			return k, err
		}
	}
	if k.all, err = publishedNow(ctx, &t.query); err != nil {
		return k, err
	}
	drafts, err := policyDrafts(ctx, &t.query)
	if err != nil {
		return k, err
	}
	if i := slices.IndexFunc(drafts, func(d policy.Draft) bool { return d.Name == name }); i >= 0 {
		k.open = &drafts[i]
	}
	if i := slices.IndexFunc(k.all, func(p policy.Published) bool { return p.Name == name }); i >= 0 {
		k.was = &k.all[i]
	}
	return k, k.seen(version)
}

// seen reports a version that is not the one that stands.
func (k kept) seen(version int64) error {
	there := int64(policy.Anew)
	switch {
	case k.open != nil:
		there = k.open.Version
	case k.was != nil && (version != policy.Anew || !k.was.Retired):
		there = k.was.Version
	}
	switch version {
	case 0, there:
		return nil
	case policy.Anew:
		return policy.ErrTaken
	}
	return policy.ErrChanged
}

// Draft implements policy.DocumentStore.
func (s Policy) Draft(ctx context.Context, e audit.Event, name string, version int64, rule func(*policy.Published, *policy.Draft) (*policy.Draft, error)) (id access.PolicyID, err error) {
	err = s.db.change(ctx, e, func(t *tx) error {
		k, err := t.policyDocument(ctx, name, version)
		if err != nil {
			return err
		}
		next, err := rule(k.was, k.open)
		if err != nil {
			return err
		}
		switch {
		case k.open != nil:
			id = k.open.ID
		case k.was != nil:
			id = k.was.ID
		default:
			key, err := t.newKeys(ctx, access.KindPolicy, 1)
			if err != nil {
				return err
			}
			id = access.PolicyID(key)
		}
		t.Event.Object = id.Ref()
		if _, err := t.exec(ctx, endPolicyDraft, t.Set, id); err != nil || next == nil {
			return err
		}
		text, err := jsonOf(next.Authors)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, insertPolicyDraft, id, t.Set, name, next.Base, next.Description, next.Text, next.Retires, text[0], next.Reason)
		return err
	})
	return id, err
}

// Publish implements policy.DocumentStore.
func (s Policy) Publish(ctx context.Context, e audit.Event, name string, version int64, rule func([]policy.Published, *policy.Draft) (policy.Published, error)) error {
	return s.db.change(ctx, e, func(t *tx) error {
		k, err := t.policyDocument(ctx, name, version)
		if err != nil {
			return err
		}
		p, err := rule(k.all, k.open)
		if err != nil {
			return err
		}
		text, err := jsonOf(p.Authors)
		if err != nil {
			return err
		}
		t.Event.Object = p.ID.Ref()
		if _, err := t.exec(ctx, endPolicyDraft, t.Set, p.ID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, endDocument, t.Set, p.ID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, insertDocument, p.ID, t.Set, p.Name, p.Description, p.Text, p.Reason, p.Number, p.Retired, text[0], p.Publisher, p.Note); err != nil {
			return err
		}
		return t.changed(ctx, p.ID.Ref())
	})
}
