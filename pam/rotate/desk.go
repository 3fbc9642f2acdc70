package rotate

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Query asks for what is due, the most urgent first.
type Query struct {
	Secret access.SecretID
	State  State // empty is any
	First  int
}

// DeskStore is what people need who look after rotation.
type DeskStore interface {
	// Queue tells what is due.
	Queue(ctx context.Context, q Query) ([]Queued, error)
	// Demand makes secrets due, or due for a more urgent cause, and tries what waits anew.
	Demand(ctx context.Context, ids []access.SecretID, cause Cause, reason string) error
	// DemandOver is Demand for many, each a while after the one before.
	DemandOver(ctx context.Context, ids []access.SecretID, cause Cause, reason string, apart time.Duration) error
	// Group tells what is in a group, and the store's time.
	Group(ctx context.Context, g Group) ([]Follows, access.Time, error)
	// Schedules tells how often secrets are changed by themselves, or one; zero is all.
	Schedules(ctx context.Context, of access.SecretID) ([]Schedule, error)
	// SetSchedule keeps how often a secret is changed; ended takes that away.
	SetSchedule(ctx context.Context, s Schedule, ended bool) error
	// Verify makes due, for a restore, all that opens an account; none of it is given to
	// anybody before it was signed in with.
	Verify(ctx context.Context, reason string) error
	Proofs(ctx context.Context, most int) (Proofs, error)
}

// Secrets is what the vault says of secrets; see package vault.
type Secrets interface {
	// SecretObject is what a decision about a secret is made on.
	SecretObject(ctx context.Context, id access.SecretID, reason string) (policy.Object, error)
	// AccountObject is what a decision about an account is made on.
	AccountObject(ctx context.Context, id access.AccountID) (policy.Object, error)
	// Works refuses who is nobody that works here, and what is no identity in force; only
	// people can be asked for.
	Works(ctx context.Context, id access.IdentityID, person bool) error
}

// Desk is what people do. All fields are needed.
type Desk struct {
	Service *Service
	Secrets Secrets
	Gate    *policy.Gate
}

// maxAtOnce is how many secrets one demand names.
const maxAtOnce = 1000

// Demand has secrets changed now. All of them are decided on before any is due.
func (d *Desk) Demand(ctx context.Context, ids []access.SecretID, incident bool, reason string) error {
	reason, err := access.Said(reason)
	if err != nil {
		return err
	}
	if len(ids) > maxAtOnce {
		return ErrSchedule.With("up to %d secrets are changed at once: name fewer", maxAtOnce)
	}
	for _, id := range ids {
		if err := d.may(ctx, "secret.rotate", id, reason); err != nil {
			return err
		}
	}
	cause := OnDemand
	if incident {
		cause = Incident
	}
	if err := d.Service.Store.Demand(ctx, ids, cause, reason); err != nil {
		return err
	}
	d.Service.Wake()
	return nil
}

// SetSchedule keeps how often a secret is changed by itself; ended takes that away.
func (d *Desk) SetSchedule(ctx context.Context, s Schedule, ended bool) error {
	if !ended {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	if err := d.may(ctx, "secret.change", s.Secret, ""); err != nil {
		return err
	}
	return d.Service.Store.SetSchedule(ctx, s, ended)
}

func (d *Desk) may(ctx context.Context, action string, id access.SecretID, reason string) error {
	o, err := d.Secrets.SecretObject(ctx, id, reason)
	if err != nil {
		return err
	}
	return d.Gate.Permit(ctx, action, o)
}

// Queue tells what is due of the secrets that whoever calls may see.
func (d *Desk) Queue(ctx context.Context, q Query) ([]Queued, error) {
	all, err := d.Service.Store.Queue(ctx, q)
	return visible(ctx, d, all, func(x Queued) access.SecretID { return x.Secret }, err)
}

// Schedules tells which secrets that whoever calls may see are changed by themselves; zero is
// any of them.
func (d *Desk) Schedules(ctx context.Context, of access.SecretID) ([]Schedule, error) {
	all, err := d.Service.Store.Schedules(ctx, of)
	return visible(ctx, d, all, func(x Schedule) access.SecretID { return x.Secret }, err)
}

func visible[T any](ctx context.Context, d *Desk, all []T, of func(T) access.SecretID, err error) (list []T, _ error) {
	for _, x := range all {
		err := d.may(ctx, "secret.read", of(x), "")
		if err == nil {
			list = append(list, x)
		} else if !hidden(err) {
			return nil, err
		}
	}
	return list, err
}

// hidden reports whether an error says that somebody may not see a thing, and not that
// something is wrong.
func hidden(err error) bool {
	return errors.Is(err, policy.ErrNoObject) || errors.Is(err, policy.ErrDenied) || errors.Is(err, policy.ErrLimited)
}
