package coverage

import (
	"slices"

	"github.com/writhq/writ/access"
)

// About explains a control to who reads of it.
type About struct {
	Control  access.Control
	Title    string
	What     string          // it is
	Function access.Function // whose it is
	Known    string          // how it is known whether it is there
}

// Controls are all controls in display order.
var Controls = []About{
	{access.ControlOwner, "Somebody answers for it", "A person who is still here answers for who gets the access; for a service or agent also for itself, and for a third party its sponsor.", access.IAM, "From the owners of entitlements, systems, services and agents, and the sponsors of third parties."},
	{access.ControlReview, "It is reviewed", "Somebody looks at regular times at who has the access, and keeps or revokes it.", access.IAM, "From access reviews. None has been run yet."},
	{access.ControlSoD, "Duties are separated", "The holder has nothing else that nobody should have together with it.", access.IAM, "From what systems declare should not be held together. Where nothing is declared, nobody has looked."},
	{access.ControlExpiry, "It ends by itself", "The grant, the account or the holder's contract has an end.", access.IAM, "From the ends of grants, accounts and contracts, as systems and sources say them."},
	{access.ControlVault, "Its secret is in a vault", "Nobody knows the password or key: it is checked out for one use.", access.SecurityOperations, "From what lies in safes, and when Writ signed in with it last: within 90 days."},
	{access.ControlRotate, "Its secret is changed in time", "Every password and key of the account was changed within 90 days, or 365 where the access is not privileged.", access.PlatformOwner, "From the dates on which systems say that credentials were changed, and from what Writ changes on a schedule."},
	{access.ControlElevate, "It is held only when needed", "The access is activated for a time, and not there all the time.", access.SecurityOperations, "From how grants are held: standing, eligible or active."},
	{access.ControlIsolate, "Its sessions are isolated", "Whoever uses it goes through a gateway, and not from their own machine.", access.SecurityOperations, "Nothing is known to do it yet."},
	{access.ControlRecord, "Its sessions are recorded", "What is done with it can be looked at later.", access.SecurityOperations, "Nothing is known to do it yet."},
	{access.ControlEnforce, "Its commands are checked", "What may not be done with it is stopped as it is tried.", access.SecurityOperations, "Nothing is known to do it yet."},
}

// functionOf is whose a control is.
func functionOf(c access.Control) access.Function {
	i := slices.IndexFunc(Controls, func(a About) bool { return a.Control == c })
	return Controls[i].Function
}

// why says in words why a control counts as it does for a grant.
func (s site) why(control access.Control, p profile, is access.ControlState) string {
	found := s.state(control, p)
	if is == access.Unknown && found != access.Unknown {
		return "what is known of the system is older than its observation cycle: " + s.reason(control, p, found)
	}
	return s.reason(control, p, found)
}

// reasons are what most states mean, whatever the grant.
var reasons = map[access.Control]map[access.ControlState]string{
	access.ControlReview: {access.Missing: "no review of this access has been run"},
	access.ControlVault: {
		access.InPlace: "all that opens the account lies in a safe, and was signed in with in time",
		access.Missing: "not all that opens the account lies in a safe, or it was not signed in with in time",
	},
	access.ControlIsolate: {access.Missing: "nothing is known to isolate its sessions"},
	access.ControlRecord:  {access.Missing: "nothing is known to record its sessions"},
	access.ControlEnforce: {access.Missing: "nothing is known to check its commands"},
	access.ControlOwner: {
		access.InPlace:  "somebody who is still here answers for it",
		access.Excepted: "nobody answers, which somebody has accepted for a time",
	},
	access.ControlSoD: {
		access.InPlace:  "the holder has nothing that should not be held beside it",
		access.Excepted: "the holder has something that should not be held beside it, which somebody has accepted for a time",
	},
	access.ControlExpiry: {
		access.InPlace: "the grant, the account or the contract has an end",
		access.Missing: "neither the grant nor the account nor a contract has an end",
	},
	access.ControlRotate: {
		access.InPlace:  "every credential of the account was changed in time, or is changed on a schedule that is kept",
		access.Missing:  "a credential of the account has not been changed for too long",
		access.Unknown:  "when the account's credentials were changed is not known",
		access.Excepted: "a credential has not been changed for too long, which somebody has accepted for a time",
	},
	access.ControlElevate: {
		access.InPlace:  "it is held only when it is activated",
		access.Missing:  "it is held all the time",
		access.Excepted: "it is held all the time, which somebody has accepted for a time",
	},
}

func (s site) reason(control access.Control, p profile, is access.ControlState) string {
	if is == access.Missing {
		switch {
		case control == access.ControlSoD && !s.declares:
			return "its system declares nothing that should not be held together: nobody has looked"
		case control == access.ControlSoD:
			return "the holder has something that should not be held beside it"
		case control == access.ControlOwner && s.owned:
			return "nobody who is still here answers for the holder"
		case control == access.ControlOwner && p.has(answered):
			return "nobody who is still here answers for the entitlement or its system"
		case control == access.ControlOwner:
			return "nobody who is still here answers for the entitlement, and nobody for the holder"
		}
	}
	return reasons[control][is]
}
