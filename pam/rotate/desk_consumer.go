package rotate

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Consumers tells who uses the secrets that whoever calls may see, or one of them.
func (d *Desk) Consumers(ctx context.Context, of access.SecretID) ([]Consumer, error) {
	all, err := d.Service.Store.Consumers(ctx, of)
	return visible(ctx, d, all, func(c Consumer) access.SecretID { return c.Secret }, err)
}

// AddConsumer keeps that a service uses a secret.
func (d *Desk) AddConsumer(ctx context.Context, c Consumer) (access.ConsumerID, error) {
	if err := c.Validate(); err != nil {
		return 0, err
	}
	if err := d.may(ctx, "secret.change", c.Secret, ""); err != nil {
		return 0, err
	}
	if err := d.known(ctx, c); err != nil {
		return 0, err
	}
	id, err := d.Service.Store.AddConsumer(ctx, c)
	if err == nil {
		d.Service.Wake()
	}
	return id, err
}

// known holds whom a consumer names to being here.
func (d *Desk) known(ctx context.Context, c Consumer) error {
	if err := d.Secrets.Works(ctx, c.Owner, true); err != nil {
		return ErrConsumer.With("the owner of a consumer is a person who works here")
	}
	if c.Reader == 0 {
		return nil
	}
	if err := d.Secrets.Works(ctx, c.Reader, false); err != nil {
		return ErrConsumer.With("a consumer reads as an identity that may hold access")
	}
	return nil
}

// ChangeConsumer has a service told otherwise. Whether it uses the value that there is stays
// as it was.
func (d *Desk) ChangeConsumer(ctx context.Context, c Consumer) error {
	was, err := d.consumer(ctx, c.ID)
	if err != nil {
		return err
	}
	c.Secret = was.Secret
	if err := c.Validate(); err != nil {
		return err
	}
	if err := d.may(ctx, "secret.change", c.Secret, ""); err != nil {
		return err
	}
	if err := d.known(ctx, c); err != nil {
		return err
	}
	if err := d.Service.Store.ChangeConsumer(ctx, c); err != nil {
		return err
	}
	d.Service.Wake()
	return nil
}

// RemoveConsumer ends that a service is told.
func (d *Desk) RemoveConsumer(ctx context.Context, id access.ConsumerID) error {
	c, err := d.consumer(ctx, id)
	if err != nil {
		return err
	}
	if err := d.may(ctx, "secret.change", c.Secret, ""); err != nil {
		return err
	}
	return d.Service.Store.RemoveConsumer(ctx, c)
}

// Confirm keeps that a consumer uses a version: itself says so, or who answers for it, or who
// may change the secret.
func (d *Desk) Confirm(ctx context.Context, id access.ConsumerID, number int) error {
	c, err := d.consumer(ctx, id)
	if err != nil {
		return err
	}
	if !c.own(ctx) {
		if err := d.may(ctx, "secret.change", c.Secret, ""); err != nil {
			return err
		}
	}
	if err := d.Service.Store.Confirm(ctx, id, number); err != nil {
		return err
	}
	d.Service.Wake()
	return nil
}

// own reports whether whoever calls is the consumer, or answers for it.
func (c Consumer) own(ctx context.Context) bool {
	caller, _ := policy.CallerOf(ctx)
	return caller.Identity != 0 && (caller.Identity == c.Reader || caller.Identity == c.Owner)
}

// consumer returns one that whoever calls is, answers for, or may see.
func (d *Desk) consumer(ctx context.Context, id access.ConsumerID) (Consumer, error) {
	c, err := d.Service.Store.Consumer(ctx, id)
	if err != nil {
		return c, err
	}
	if c.own(ctx) {
		return c, nil
	}
	if err := d.may(ctx, "secret.read", c.Secret, ""); err != nil {
		if hidden(err) {
			err = ErrNoConsumer
		}
		return c, err
	}
	return c, nil
}

// Pair returns the pair of a secret that whoever calls may see.
func (d *Desk) Pair(ctx context.Context, of access.SecretID) (Pair, error) {
	if err := d.may(ctx, "secret.read", of, ""); err != nil {
		return Pair{}, err
	}
	return d.Service.Store.Pair(ctx, of)
}

// SetPair has two accounts take turns under one secret. It takes whoever may have the other
// account kept: whoever has its secret changed has it.
func (d *Desk) SetPair(ctx context.Context, p Pair) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := d.may(ctx, "secret.change", p.Secret, ""); err != nil {
		return err
	}
	o, err := d.Secrets.AccountObject(ctx, p.Other)
	if err != nil {
		return err
	}
	if err := d.Gate.See(ctx, o); err != nil {
		return err
	}
	if err := d.Gate.Permit(ctx, "account.keep", o); err != nil {
		return err
	}
	return d.Service.Store.SetPair(ctx, p)
}

// EndPair leaves a secret with the account that is live.
func (d *Desk) EndPair(ctx context.Context, of access.SecretID) error {
	if err := d.may(ctx, "secret.change", of, ""); err != nil {
		return err
	}
	return d.Service.Store.EndPair(ctx, of)
}
