package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	leases "github.com/writhq/writ/pam/lease"
)

const (
	templateColumns = `l.id, l.from_set, l.name, l.description, l.system_id, l.entitlements, l.usual, l.terms, l.inherit, l.successor`
	selectTemplates = `select ` + templateColumns + ` from lease_template l where l.until_set = 0 order by l.name`
	selectTemplate  = `select ` + templateColumns + ` from lease_template l where l.id = $1 and l.until_set = 0`
	templateTaken   = `select count(*) from lease_template l where l.name = $1 and l.until_set = 0 and l.id <> $2`
	templateCalled  = `select l.id from lease_template l where l.name = $1 and l.until_set = 0`
	insertTemplate  = `
insert into lease_template (id, from_set, name, description, system_id, entitlements, usual, terms, inherit, successor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	endTemplate = `update lease_template set until_set = $1 where id = $2 and until_set = 0 and ($3 = 0 or from_set = $3)`

	leaseRightColumns = `r.template_id, r.holder_kind, r.holder_id, r.ends_at, r.reason, s.at`
	selectLeaseRights = `
select ` + leaseRightColumns + ` from lease_right r join change_set s on s.id = r.from_set
 where r.until_set = 0 and (r.ends_at = 0 or r.ends_at > $1) order by r.template_id, r.holder_kind, r.holder_id`
	leaseRightsIn = `
select ` + leaseRightColumns + ` from lease_right r join change_set s on s.id = r.from_set
 where r.template_id = $1 and r.until_set = 0 and (r.ends_at = 0 or r.ends_at > $2) order by r.holder_kind, r.holder_id`
	leaseRightThere  = `select r.ends_at from lease_right r where r.template_id = $1 and r.holder_kind = $2 and r.holder_id = $3 and r.until_set = 0`
	insertLeaseRight = `insert into lease_right (template_id, holder_kind, holder_id, from_set, ends_at, reason) values ($1, $2, $3, $4, $5, $6)`
	endLeaseRight    = `update lease_right set until_set = $1 where template_id = $2 and holder_kind = $3 and holder_id = $4 and until_set = 0`
	endLeaseRights   = `update lease_right set until_set = $1 where template_id = $2 and until_set = 0`
)

func scanTemplate(scan func(...any) error) (x leases.Template, err error) {
	var usual int64
	err = scan(&x.ID, &x.Version, &x.Name, &x.Description, &x.System, asJSON{&x.Entitlements}, &usual, asJSON{&x.Terms}, &x.Inherit, &x.Successor)
	x.Usual = time.Duration(usual) * time.Microsecond
	return x, err
}

func (q *query) template(ctx context.Context, id access.TemplateID, lock string) (leases.Template, error) {
	x, err := scanTemplate(q.row(ctx, selectTemplate+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, leases.ErrNoTemplate
	}
	return x, err
}

func (q *query) leaseRights(ctx context.Context, text string, args ...any) (list []leases.Right, err error) {
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		var r leases.Right
		defer func() { list = append(list, r) }()
		return scan(&r.Template, &r.Holder.Kind, &r.Holder.Key, &r.Ends, &r.Reason, &r.Since)
	})
	return list, err
}

// Offers implements leases.Store.
func (s Leases) Offers(ctx context.Context) (list []leases.Offer, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		rights, err := q.leaseRights(ctx, selectLeaseRights, at)
		if err != nil {
			return err
		}
		in := map[access.TemplateID][]leases.Right{}
		for _, r := range rights {
			in[r.Template] = append(in[r.Template], r)
		}
		return q.each(ctx, selectTemplates, nil, func(scan func(...any) error) error {
			x, err := scanTemplate(scan)
			list = append(list, leases.Offer{Template: x, Rights: in[x.ID]})
			return err
		})
	})
	return list, err
}

// Offer implements leases.Store.
func (s Leases) Offer(ctx context.Context, id access.TemplateID) (x leases.Offer, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = q.offer(ctx, id, s.db)
		return err
	})
	return x, err
}

func (q *query) offer(ctx context.Context, id access.TemplateID, db *DB) (x leases.Offer, err error) {
	at, err := db.storeTime(ctx, q)
	if err != nil {
		return x, err
	}
	if x.Template, err = q.template(ctx, id, ""); err != nil {
		return x, err
	}
	x.Rights, err = q.leaseRights(ctx, leaseRightsIn, id, at)
	return x, err
}

// Known implements leases.Store. Only where changes wait for one another does what is known
// stay so until a lease by it is committed: on PostgreSQL they commit side by side.
func (s Leases) Known(ctx context.Context, id access.TemplateID, at access.Rev) (k leases.Known, ok bool, err error) {
	if s.db.groups == nil {
		return k, false, nil
	}
	err = s.db.read(ctx, func(q *query) error {
		var changed bool
		if err := q.row(ctx, loudAfter, at).Scan(&changed); err != nil || changed {
			return err
		}
		k.At = at
		if k.Offer, err = q.offer(ctx, id, s.db); err != nil {
			return err
		}
		k.Given, err = q.leased(ctx, k.Template)
		ok = err == nil
		return err
	})
	return k, ok, err
}

// TemplateCalled implements leases.Store.
func (s Leases) TemplateCalled(ctx context.Context, name string) (id access.TemplateID, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, templateCalled, name).Scan(&id) })
	if errors.Is(err, sql.ErrNoRows) {
		err = leases.ErrNoTemplate
	}
	return id, err
}

// templateFacts are what the log keeps of a template for ever.
func templateFacts(x leases.Template) map[string]string {
	return map[string]string{
		"system": x.System.String(), "entitlements": strconv.Itoa(len(x.Entitlements)), "inherit": strconv.FormatBool(x.Inherit),
		"usual": seconds(x.Usual), "most": seconds(x.Terms.Most), "stages": strconv.Itoa(len(x.Terms.Stages)), "mfa": strconv.FormatBool(x.Terms.MFA),
	}
}

// AddTemplate implements leases.Store.
func (s Leases) AddTemplate(ctx context.Context, x leases.Template, reason string) (access.TemplateID, error) {
	e := audit.Event{Action: "template.add", Facts: templateFacts(x), Personal: map[string]string{"name": x.Name, "reason": reason}}
	err := s.db.change(ctx, e, func(t *tx) error {
		key, err := t.newKeys(ctx, access.KindTemplate, 1)
		if err != nil {
			return err
		}
		x.ID = access.TemplateID(key)
		t.Event.Object = x.ID.Ref()
		return t.putTemplate(ctx, x)
	})
	return x.ID, err
}

// ChangeTemplate implements leases.Store.
func (s Leases) ChangeTemplate(ctx context.Context, x leases.Template, reason string) error {
	e := audit.Event{Action: "template.change", Object: x.ID.Ref(), Facts: templateFacts(x), Personal: map[string]string{"name": x.Name, "reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		was, err := t.template(ctx, x.ID, t.d.forUpdate)
		if err != nil {
			return err
		}
		if was.System != x.System {
			return leases.ErrTemplate.With("a template stays in its system: add another one")
		}
		if n, err := t.exec(ctx, endTemplate, t.Set, x.ID, x.Version); err != nil || n == 0 {
			return errors.Join(err, leases.ErrTemplateStale)
		}
		return t.putTemplate(ctx, x)
	})
}

// putTemplate keeps a version of a template whose entitlements are its system's.
func (t *tx) putTemplate(ctx context.Context, x leases.Template) error {
	var taken int
	if err := t.row(ctx, templateTaken, x.Name, x.ID).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return leases.ErrTemplateName
	}
	if _, err := t.leased(ctx, x); err != nil {
		return err
	}
	texts, err := jsonOf(append([]access.EntitlementID{}, x.Entitlements...), x.Terms)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertTemplate, x.ID, t.Set, x.Name, x.Description, x.System, texts[0], x.Usual.Microseconds(), texts[1], x.Inherit, x.Successor); err != nil {
		return err
	}
	return t.changed(ctx, x.ID.Ref())
}

var entitlementsThere = `select e.native_id from entitlement e where e.id in (%s) and e.system_id = $1 and ` + now("e") + ` order by e.id`

// leased are the native ids of what a template's accounts are given, as they are now.
func (q *query) leased(ctx context.Context, x leases.Template) (list []string, err error) {
	if len(x.Entitlements) == 0 {
		return nil, nil
	}
	err = q.eachListed(ctx, entitlementsThere, keyList(x.Entitlements), []any{x.System}, func(scan func(...any) error) error {
		var id string
		defer func() { list = append(list, id) }()
		return scan(&id)
	})
	if err == nil && len(list) != len(x.Entitlements) {
		err = leases.ErrTemplate.With("an entitlement of the template is not one of its system, or not any more: change the template")
	}
	return list, err
}

// RetireTemplate implements leases.Store.
func (s Leases) RetireTemplate(ctx context.Context, id access.TemplateID, reason string) error {
	e := audit.Event{Action: "template.retire", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.template(ctx, id, t.d.forUpdate); err != nil {
			return err
		}
		if _, err := t.exec(ctx, endTemplate, t.Set, id, 0); err != nil {
			return err
		}
		if _, err := t.exec(ctx, endLeaseRights, t.Set, id); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

func leaseRightEvent(action string, r leases.Right, reason string) audit.Event {
	e := audit.Event{
		Action: action, Object: r.Template.Ref(), Personal: map[string]string{"reason": reason},
		Facts: map[string]string{"holder": r.Holder.String()},
	}
	if r.Holder.Kind == access.KindIdentity {
		e.Subjects = []access.IdentityID{access.IdentityID(r.Holder.Key)}
	}
	return e
}

// Grant implements leases.Store.
func (s Leases) Grant(ctx context.Context, r leases.Right) error {
	e := leaseRightEvent("template.grant", r, r.Reason)
	e.Facts["until"] = strconv.FormatInt(int64(r.Ends), 10)
	return s.db.change(ctx, e, func(t *tx) error {
		if err := r.Validate(t.At); err != nil {
			return err
		}
		if _, err := t.template(ctx, r.Template, t.d.forUpdate); err != nil {
			return err
		}
		var ends access.Time
		err := t.row(ctx, leaseRightThere, r.Template, r.Holder.Kind, r.Holder.Key).Scan(&ends)
		switch {
		case err == nil && (ends == 0 || ends > t.At):
			return leases.ErrRightHeld
		case err == nil:
			if _, err := t.exec(ctx, endLeaseRight, t.Set, r.Template, r.Holder.Kind, r.Holder.Key); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := t.exec(ctx, insertLeaseRight, r.Template, r.Holder.Kind, r.Holder.Key, t.Set, r.Ends, r.Reason); err != nil {
			return err
		}
		if err := t.due(ctx, r.Template.Ref(), r.Ends); err != nil {
			return err
		}
		return t.changed(ctx, r.Template.Ref())
	})
}

// Revoke implements leases.Store.
func (s Leases) Revoke(ctx context.Context, r leases.Right, reason string) error {
	return s.db.change(ctx, leaseRightEvent("template.revoke", r, reason), func(t *tx) error {
		n, err := t.exec(ctx, endLeaseRight, t.Set, r.Template, r.Holder.Kind, r.Holder.Key)
		if err != nil {
			return err
		}
		if n == 0 {
			return leases.ErrNoRight
		}
		return t.changed(ctx, r.Template.Ref())
	})
}
