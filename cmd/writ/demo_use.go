package main

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/policy"
)

// demoKey is a public key that the demo has signed. Nobody has its private half any more.
const demoKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJKx2o3iVSNXOTyrZTFWZmrL2pZ9aTnKKzJZB8cAlVJq"

// demoUse adds what uses the vault, and what does without it: services that are told of other
// values, an authority, and a template of accounts for one use.
func (n *node) demoUse(ctx context.Context, secrets map[string]access.SecretID, servers access.SafeID) error {
	return errors.Join(n.demoConsumers(ctx, secrets), n.demoSigns(ctx, servers), n.demoLends(ctx))
}

// demoConsumers are told in two places: the second waits for the first.
func (n *node) demoConsumers(ctx context.Context, secrets map[string]access.SecretID) error {
	owner, err := n.inventory.ResolveIdentity(ctx, demoKeeper)
	if err != nil {
		return err
	}
	reader, err := n.inventory.ResolveIdentity(ctx, "E0000155")
	if err != nil {
		return err
	}
	store := n.rotate.Store
	loads, err := store.AddConsumer(ctx, rotate.Consumer{Secret: secrets["databases/reporting"], Name: "warehouse-loader", Reader: reader, Owner: owner})
	if err != nil {
		return err
	}
	_, err = store.AddConsumer(ctx, rotate.Consumer{Secret: secrets["databases/reporting"], Name: "monthly-figures", Reader: reader, Owner: owner, Place: 1})
	return errors.Join(err, store.Confirm(ctx, loads, 1))
}

// demoSigns makes an authority in a safe, and has something signed by it.
func (n *node) demoSigns(ctx context.Context, in access.SafeID) error {
	id, err := n.authority.Add(ctx, authority.Authority{Name: "hosts", Kind: authority.SSHUser, Safe: in, Description: "Lets administrators in on the hosts"}, demoReason)
	if err != nil {
		return err
	}
	spec := authority.Spec{Principals: []string{"root", "deploy"}, Usual: 10 * time.Minute, Longest: time.Hour, Terms: access.Terms{Reason: true, Most: 4 * time.Hour}, Extensions: []string{"permit-pty"}}
	if err := n.authority.PutProfile(ctx, authority.Profile{Authority: id, Name: "admins", Spec: spec}, demoReason); err != nil {
		return err
	}
	for _, number := range []string{demoKeeper, "E0000196"} {
		who, err := n.inventory.ResolveIdentity(ctx, number)
		if err != nil {
			return err
		}
		if err := n.authority.Grant(ctx, id, "admins", authority.Right{Holder: who.Ref(), Reason: "looks after the hosts"}); err != nil {
			return err
		}
		ctx := policy.WithCaller(ctx, policy.Caller{Identity: who, Context: policy.Context{MFA: true}})
		if _, err := n.authority.SignSSH(ctx, authority.SSHRequest{Key: demoKey, Asked: authority.Asked{Profile: "admins", Lasts: time.Hour, Reason: "the disks are full"}}); err != nil {
			return err
		}
	}
	return nil
}

// demoLends keeps a template in a system of the company that is a file here: what it would
// make is shown, and nothing is made.
func (n *node) demoLends(ctx context.Context) error {
	account, err := n.inventory.ResolveAccount(ctx, "payroll-db/postgres")
	if err != nil {
		return err
	}
	o, _ := policy.ObjectOf(n.app.graph.View(), account.Ref())
	store := n.app.db.Leases()
	t := lease.Template{
		Name: "closing", Description: "Reads the payroll for the monthly closing", System: o.System, Usual: time.Hour, Inherit: true,
		Terms: access.Terms{Reason: true, Most: 8 * time.Hour},
	}
	id, err := store.AddTemplate(ctx, t, demoReason)
	if err != nil {
		return err
	}
	who, err := n.inventory.ResolveIdentity(ctx, "E0000087")
	if err != nil {
		return err
	}
	return store.Grant(ctx, lease.Right{Template: id, Holder: who.Ref(), Reason: "closes the books"})
}
