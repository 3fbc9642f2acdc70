package finding

import (
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

var stateWords = map[access.IdentityState]string{
	access.Terminated: "{} has left", access.Suspended: "{} is suspended", access.LeaveOfAbsence: "{} is on leave",
	access.PreHire: "{} has not started yet", access.Staged: "{} is not an approved identity yet",
}

// leaverActive: the account works although its person may not have access.
func (c *checker) leaverActive(a graph.AccountNode) {
	i, ok := c.human(a)
	if !ok || i.State.MayHoldAccess() {
		return
	}
	evidence := []Evidence{say(stateWords[i.State]+", and the account is enabled", i.ID.Ref())}
	if a.UsageKnown && a.LastUsed != 0 {
		evidence = append(evidence, say("it was last used on "+day(a.LastUsed)))
	}
	d := Draft{Subject: a.ID.Ref(), System: a.System, Owner: c.technical(a.System), Evidence: evidence}
	if i.State == access.LeaveOfAbsence || i.State == access.PreHire {
		d.Severity = access.Medium
	}
	c.found(d)
}

func (c *checker) orphanAccount(a graph.AccountNode) {
	if personal(a) && len(a.Identities) == 0 && !a.Disputed {
		c.account(a, say("no rule finds an identity that it belongs to"), say("its kind is "+string(a.Kind)))
	}
}

func (c *checker) disputedMatch(a graph.AccountNode) {
	if a.Disputed {
		c.account(a, say("it could belong to several people, or to one who is not alike enough; somebody has to decide"))
	}
}

func personal(a graph.AccountNode) bool {
	return a.Kind == access.PersonAccount || a.Kind == access.AdminAccount
}

func (c *checker) dormantAccount(a graph.AccountNode) {
	if !a.UsageKnown || a.Kind == access.BuiltInAccount || a.Kind == access.BreakGlassAccount {
		return
	}
	switch {
	case c.older(a.LastUsed, c.limits.Dormant):
		c.account(a, say("it was last used on "+day(a.LastUsed)))
	case a.LastUsed == 0 && c.older(a.Created, c.limits.Dormant):
		c.account(a, say("it was made on "+day(a.Created)+" and has never been used"))
	}
}

// sharedAccount: one that several people use, by its kind or by its links.
func (c *checker) sharedAccount(a graph.AccountNode) {
	if a.Kind == access.SharedAccount {
		c.account(a, say("its kind is shared: nobody can tell who uses it"))
	} else if len(a.Identities) > 1 {
		refs := make([]access.Ref, len(a.Identities))
		for i, id := range a.Identities {
			refs[i] = id.Ref()
		}
		c.account(a, say(fmt.Sprintf("it belongs to %d identities, {} first", len(refs)), refs[0]))
	}
}

func (c *checker) staleCredential(a graph.AccountNode) {
	var evidence []Evidence
	for _, k := range c.v.Credentials(a.ID) {
		limit := c.limits.Password
		if k.Kind == access.SSHKey || k.Kind == access.Certificate {
			limit = c.limits.Key
		}
		if c.older(k.Changed, limit) {
			evidence = append(evidence, say(fmt.Sprintf("its %s was last changed on %s", credentialWords[k.Kind], day(k.Changed))))
		}
	}
	if len(evidence) > 0 {
		c.account(a, evidence...)
	}
}

var credentialWords = map[access.CredentialKind]string{
	access.Password: "password", access.SSHKey: "SSH key", access.Token: "token", access.Certificate: "certificate",
}

// breakGlassUnsealed: a credential that was used has been seen. It counts as sealed
// again once it was changed after that use.
func (c *checker) breakGlassUnsealed(a graph.AccountNode) {
	if a.Kind != access.BreakGlassAccount || !a.UsageKnown || a.LastUsed == 0 {
		return
	}
	var changed access.Time
	for _, k := range c.v.Credentials(a.ID) {
		changed = max(changed, k.Changed)
	}
	switch {
	case changed == 0:
		c.account(a, say("it was used on "+day(a.LastUsed)+", and no change of its credential is known"))
	case changed < a.LastUsed:
		c.account(a, say("it was used on "+day(a.LastUsed)+", and its credential is still that of "+day(changed)))
	}
}

// duplicateCredential: one key that opens accounts of different holders. Several
// accounts of one person are that person's own business.
func (c *checker) duplicateCredential(id access.CredentialID) {
	accounts := c.v.AccountsAccepting(id)
	if len(accounts) < 2 {
		return
	}
	holders := map[access.Ref]bool{}
	d := Draft{Subject: id.Ref()}
	for _, acc := range accounts {
		a, ok := c.v.Account(acc)
		if !ok {
			continue
		}
		holder := access.Ref{}
		if len(a.Identities) == 1 {
			holder = a.Identities[0].Ref()
		}
		holders[holder] = true
		d.System, d.Owner = a.System, c.technical(a.System)
		d.Evidence = append(d.Evidence, say("it opens {}", acc.Ref()))
	}
	if len(holders) > 1 {
		c.found(d)
	}
}
