package finding

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// checks are what a rule looks at, one object at a time: each function that it has is
// called with every object of its kind, of accounts only those that can be used.
type checks struct {
	account     func(*checker, graph.AccountNode)
	identity    func(*checker, graph.IdentityNode)
	entitlement func(*checker, graph.EntitlementNode)
	system      func(*checker, graph.SystemNode)
	credential  func(*checker, access.CredentialID)
	grant       func(*checker, graph.GrantEdge)
}

// rules are all rules that are shipped. One row says everything about a rule.
var rules = []Rule{
	{"leaver-active", "An account of somebody who may not have access still works", access.IAM, access.Critical, 1, checks{account: (*checker).leaverActive}},
	{"third-party-expired", "A third party's contract has ended and they are still active", access.IAM, access.High, 3, checks{identity: (*checker).thirdPartyExpired}},
	{"escalation-path", "An account can get privileged access that nobody gave it", access.SecurityOperations, access.Critical, 7, checks{account: (*checker).escalationPath}},
	{"standing-privilege", "A person holds privileged access all the time", access.SecurityOperations, access.High, 30, checks{account: (*checker).standingPrivilege}},
	{"privilege-by-nesting", "Privileged access arrives through groups inside groups", access.IAM, access.High, 30, checks{account: (*checker).privilegeByNesting}},
	{toxicRule, "One person holds two things that nobody should hold together", access.IAM, access.High, 14, checks{identity: (*checker).toxicCombination}},
	{"overprivileged-agent", "An AI agent has more than it needs", access.SecurityOperations, access.High, 14, checks{identity: (*checker).overprivilegedAgent}},
	{"break-glass-unsealed", "A break-glass account was used and not sealed again", access.SecurityOperations, access.Critical, 1, checks{account: (*checker).breakGlassUnsealed}},
	{"nopasswd-sudo", "Privileged commands run without a password", access.PlatformOwner, access.High, 14, checks{entitlement: (*checker).nopasswdSudo}},
	{"public-grant", "Everybody with an account has this", access.PlatformOwner, access.High, 14, checks{entitlement: (*checker).publicGrant}},
	{"shared-account", "Several people use one account", access.PlatformOwner, access.High, 30, checks{account: (*checker).sharedAccount}},
	{"duplicate-credential", "One key opens accounts of different people", access.PlatformOwner, access.High, 14, checks{credential: (*checker).duplicateCredential}},
	{"orphan-account", "An account belongs to nobody who is known", access.PlatformOwner, access.High, 14, checks{account: (*checker).orphanAccount}},
	{"unowned-nonhuman", "Nobody answers for a service or agent", access.PlatformOwner, access.High, 14, checks{identity: (*checker).unownedNonhuman, account: (*checker).unownedService}},
	{"disputed-match", "Whose account it is cannot be told", access.IAM, access.Medium, 14, checks{account: (*checker).disputedMatch}},
	{"dormant-account", "An account that nobody uses still works", access.IAM, access.Medium, 30, checks{account: (*checker).dormantAccount}},
	{"stale-credential", "A credential has not been changed for too long", access.PlatformOwner, access.Medium, 30, checks{account: (*checker).staleCredential}},
	{"direct-grant-outside-role", "A person holds directly what a group or role gives", access.IAM, access.Medium, 60, checks{account: (*checker).directGrant}},
	{"unowned-entitlement", "Nobody answers for who gets this", access.IAM, access.Medium, 30, checks{entitlement: (*checker).unownedEntitlement, system: (*checker).unownedSystem}},
	{"system-stale", "What is known of a system is out of date", access.PlatformOwner, access.Medium, 1, checks{system: (*checker).systemStale}},
	{"unapproved-grant", "Access appeared on a system, and nothing in Writ says that it should", access.IAM, access.Medium, 7, checks{grant: (*checker).unapprovedGrant}},
	{"drift", "Somebody changed on a system what Writ had done there", access.IAM, access.Medium, 7, checks{identity: (*checker).drifted}},
	{"break-glass-kit-stale", "A break-glass kit cannot be relied on", access.PlatformOwner, access.High, 7, checks{system: (*checker).kitStale}},
	{"break-glass-share-lost", "Somebody who may not have access holds a share of a break-glass kit", access.IAM, access.High, 7, checks{identity: (*checker).shareLost}},
	{"lease-late", "An account that was made for one use is over and still there", access.PlatformOwner, access.High, 1, checks{system: (*checker).leaseLate}},
	{"secret-known-to-leaver", "Somebody who has left knows a secret that is still in use", access.PlatformOwner, access.High, 7, checks{identity: (*checker).knownToLeaver}},
	{"adoption-backlog", "Access that was there before Writ, and that nobody has approved yet", access.IAM, access.Low, 180, checks{system: (*checker).adoptionBacklog}},
}

// toxicRule is the rule whose findings say who holds conflicts.
const toxicRule = "toxic-combination"
