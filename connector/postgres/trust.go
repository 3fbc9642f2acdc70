package postgres

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// The entitlements of a rule that asks for no proof of who one is.
const (
	trustedAnywhere = "sign_in:trust"
	trustedHere     = "sign_in:trust:host"
)

// trust notes that whoever reaches the server by a rule may be a role.
func (o *openings) trust(x *rule, r *role) {
	here := x.Type == "local" || x.from.near()
	id, where := trustedAnywhere, "whoever reaches the server over the network"
	if here {
		id, where = trustedHere, "every account of the host"
	}
	if !slices.Contains(o.trusted[id], r) {
		o.trusted[id] = append(o.trusted[id], r)
	}
	o.note("pg_hba.conf, line %d (trust): %s is let in as any role that the line names, without proof", x.Line, where)
}

// withoutProof makes entitlements of rules without proof. Over the network, every
// role's holder can use them. On the host, so can each account that is there: those
// are known that sign in as their own role; the warning speaks of the rest.
func (k *catalog) withoutProof() {
	o := k.openings
	for _, id := range []string{trustedAnywhere, trustedHere} {
		trusted := o.trusted[id]
		if len(trusted) == 0 {
			continue
		}
		k.entitlement(id, "sign_in", "", k.becomes(trusted)...)
		e := k.entitlements[len(k.entitlements)-1]
		if id == trustedAnywhere {
			e.Name, e.Description = "sign in without proof", "pg_hba.conf lets in whoever reaches the server, as any of these roles (trust)"
			k.give(connector.Target{Kind: connector.OnEntitlement, ID: publicID}, id, access.Implicit)
			continue
		}
		e.Name, e.Description = "sign in without proof from the host", "pg_hba.conf lets in every account of the host, as any of these roles (trust)"
		for _, r := range k.order {
			if slices.ContainsFunc(o.byRole[r], func(t connector.Target) bool { return t.System == k.host }) {
				k.give(account(r.Name), id, access.Implicit)
			}
		}
	}
}

// becomes is the right to be any of some roles, or of all.
func (k *catalog) becomes(roles []*role) (can []connector.Capability) {
	logins := 0
	for _, r := range k.order {
		if r.Login {
			logins++
		}
	}
	if len(roles) == logins || len(roles) > maxTrusted {
		return onSystem(access.Impersonate)
	}
	for _, r := range roles {
		can = append(can, on(account(r.Name), access.Impersonate)...)
	}
	return can
}
