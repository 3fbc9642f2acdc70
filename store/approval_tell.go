package store

import (
	"context"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/notify"
)

var (
	holdersOfFunction = `select a.identity_id, a.scope_id from function_assignment a where a.function = $1 and a.until_set = 0 and ` + now("a") + ` order by a.identity_id`
	parentOfScope     = `select c.parent_id from scope c where c.id = $1 and ` + now("c")
	whoAnswers        = `select i.name, i.email, i.kind, i.state from identity i where i.id = $1 and ` + now("i")
)

// candidates are those of a stage by what the database says, and to whom they have delegated
// it. That whoever decides is not deciding on themself in a hidden way is found out when
// they do: here only those are left out who obviously would.
func (q *query) candidates(ctx context.Context, r approval.Request, at access.Time) (list []approval.Candidate, err error) {
	above, err := q.scopesAbove(ctx, r.Scope)
	if err != nil {
		return nil, err
	}
	add := func(c approval.Candidate) {
		own := c.Who == r.By || slices.Contains(r.For, c.Who.Ref()) || c.InsteadOf == r.By || slices.Contains(r.For, c.InsteadOf.Ref())
		if !own && !slices.ContainsFunc(list, func(o approval.Candidate) bool { return o.Who == c.Who }) {
			list = append(list, c)
		}
	}
	for _, a := range r.At().Approvers {
		switch {
		case a.Identity != 0:
			add(approval.Candidate{Who: a.Identity})
		case a.Owner && r.Owner != 0:
			add(approval.Candidate{Who: r.Owner})
		case a.Function != "":
			err := q.each(ctx, holdersOfFunction, []any{string(a.Function)}, func(scan func(...any) error) error {
				var who access.IdentityID
				var scope access.ScopeID
				if err := scan(&who, &scope); err != nil {
					return err
				}
				if scope == 0 || slices.Contains(above, scope) {
					add(approval.Candidate{Who: who})
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, c := range slices.Clone(list) {
		given, err := q.delegations(ctx, delegationsFrom, c.Who, at)
		if err != nil {
			return nil, err
		}
		for _, d := range given {
			if d.Holds(at) {
				add(approval.Candidate{Who: d.To, InsteadOf: c.Who})
			}
		}
	}
	return list, nil
}

// maxScopes ends a walk up the tree of scopes: what is deeper goes in a circle.
const maxScopes = 64

// scopesAbove are a scope and those that it lies in.
func (q *query) scopesAbove(ctx context.Context, scope access.ScopeID) (list []access.ScopeID, err error) {
	for scope != 0 && len(list) < maxScopes {
		list = append(list, scope)
		next := access.ScopeID(0)
		err := q.each(ctx, parentOfScope, []any{scope}, func(scan func(...any) error) error { return scan(&next) })
		if err != nil {
			return nil, err
		}
		scope = next
	}
	return list, nil
}

// tellApprovers mails those who are asked at the stage that a request is at, each once.
func (t *tx) tellApprovers(ctx context.Context, r approval.Request) error {
	r.EndsAt = ends(t.At, r.At())
	list, err := t.candidates(ctx, r, t.At)
	if err != nil {
		return err
	}
	asker, _, _, err := t.answers(ctx, r.By)
	if err != nil {
		return err
	}
	told := 0
	for _, c := range list {
		name, email, works, err := t.answers(ctx, c.Who)
		if err != nil {
			return err
		}
		if !works || email == "" || told == approval.MostTold {
			continue
		}
		instead := ""
		if c.InsteadOf != 0 {
			if instead, _, _, err = t.answers(ctx, c.InsteadOf); err != nil {
				return err
			}
		}
		m, err := approval.AskedMail(r, asker, instead, c.Who, notify.Recipient{Name: name, Address: email})
		if err != nil {
			return err
		}
		if err := t.mail(ctx, m, c.Who, r.By); err != nil {
			return err
		}
		told++
	}
	t.fact("asked", strconv.Itoa(len(list)))
	return nil
}

// answers is what somebody is called and reached by, and whether they decide at all.
func (q *query) answers(ctx context.Context, who access.IdentityID) (name, email string, works bool, err error) {
	err = q.each(ctx, whoAnswers, []any{who}, func(scan func(...any) error) error {
		var kind access.IdentityKind
		var state access.IdentityState
		err := scan(&name, &email, &kind, &state)
		works = kind == access.Human && state.MayHoldAccess()
		return err
	})
	return name, email, works, err
}

// Candidates implements approval.Store.
func (s Approvals) Candidates(ctx context.Context, id access.ApprovalID) (list []approval.Candidate, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list = nil
		r, err := q.approval(ctx, id, "")
		if err != nil || r.State != approval.Waiting {
			return err
		}
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		all, err := q.candidates(ctx, r, at)
		list = all[:min(len(all), approval.MostTold)]
		return err
	})
	return list, err
}
