package main

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/vaultapi"
	"github.com/writhq/writ/policy"
)

// vaultLeases lends accounts to clients of Vault.
type vaultLeases struct {
	lease *lease.Service
	now   func() time.Time
}

// Templates implements vaultapi.Lender.
func (l vaultLeases) Templates(ctx context.Context) (names []string, err error) {
	if err := reaches(ctx, "template.read"); err != nil {
		return nil, err
	}
	list, err := l.lease.Templates(ctx)
	for _, of := range list {
		names = append(names, of.Name)
	}
	return names, err
}

// Lend implements vaultapi.Lender. What others have to agree to is asked for by a person,
// who is told when they have: a program would ask again and again.
func (l vaultLeases) Lend(ctx context.Context, template string, why vaultapi.Why) (vaultapi.Lease, error) {
	for _, action := range []string{"template.read", "lease.issue"} {
		if err := reaches(ctx, action); err != nil {
			return vaultapi.Lease{}, err
		}
	}
	t, err := l.lease.TemplateNamed(ctx, template)
	if err != nil {
		return vaultapi.Lease{}, err
	}
	if len(t.Terms.Stages) > 0 {
		return vaultapi.Lease{}, policy.ErrApprove.With("others have to agree to this first: ask with 'writ lease get'")
	}
	x, err := l.lease.Issue(ctx, lease.Asking{Template: t.ID, Reason: why.Reason, Ticket: why.Ticket})
	if err != nil {
		return vaultapi.Lease{}, err
	}
	told := l.told(x.Lease, t.Name)
	told.Value = x.Value
	return told, nil
}

func (l vaultLeases) told(x lease.Lease, template string) vaultapi.Lease {
	return vaultapi.Lease{
		ID: x.ID.String(), Template: template, User: x.Name, Start: x.Start, End: x.End, Left: max(0, x.End.Time().Sub(l.now())),
		Latest: x.Start + access.Time(x.Most.Microseconds()),
	}
}

// own is a lease of whoever calls, that is not over, with the name of its template.
func (l vaultLeases) own(ctx context.Context, text, action string) (x lease.Lease, template string, err error) {
	if err := reaches(ctx, action); err != nil {
		return x, "", err
	}
	var id access.LeaseID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return x, "", vaultapi.ErrBody.With("invalid lease")
	}
	x, err = l.lease.Store.Lease(ctx, id)
	c, _ := policy.CallerOf(ctx)
	if err != nil || x.Identity != c.Identity || x.State.Over() {
		return x, "", vaultapi.ErrBody.With("invalid lease")
	}
	of, err := l.lease.Store.Offer(ctx, x.Template)
	return x, of.Name, err
}

// Lease implements vaultapi.Lender. Everybody sees what they have leased.
func (l vaultLeases) Lease(ctx context.Context, id string) (vaultapi.Lease, error) {
	x, template, err := l.own(ctx, id, "lease.read")
	return l.told(x, template), err
}

// Renew implements vaultapi.Lender.
func (l vaultLeases) Renew(ctx context.Context, id string, by time.Duration) (vaultapi.Lease, error) {
	x, template, err := l.own(ctx, id, "lease.end")
	if err != nil {
		return vaultapi.Lease{}, err
	}
	x, err = l.lease.Renew(ctx, x.ID, by)
	return l.told(x, template), err
}

// Return implements vaultapi.Lender.
func (l vaultLeases) Return(ctx context.Context, id string) error {
	x, _, err := l.own(ctx, id, "lease.end")
	if err == nil {
		_, err = l.lease.Return(ctx, x.ID)
	}
	return err
}
