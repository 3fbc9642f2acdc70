package policy

import "github.com/writhq/writ/access"

// Group is what kind of thing an action does. Policies name it as an action
// ("action in Action::"read"").
type Group string

// The groups. What is in Decide is about somebody's access, and never one's own.
const (
	Read    Group = "read"
	Write   Group = "write"
	Decides Group = "decide"
	Operate Group = "operate" // acts on live things: sessions, syncs
	Own     Group = "own"     // what everybody does for themself: requests and comments
)

var groups = []Group{Read, Write, Decides, Operate, Own}

// Type is what an action is done to. Where it has an object kind of its own, it
// has the same name.
type Type string

// The types of resource.
const (
	IdentityType    Type = "Identity"
	AccountType     Type = "Account"
	EntitlementType Type = "Entitlement"
	ResourceType    Type = "Resource"
	SystemType      Type = "System"
	SourceType      Type = "Source"
	RoleType        Type = "Role"
	FindingType     Type = "Finding"
	ScopeType       Type = "Scope"
	PolicyType      Type = "Policy"
	RequestType     Type = "Request"
	ReviewType      Type = "Review"
	SessionType     Type = "Session"
	RecordingType   Type = "Recording"
	AuditLogType    Type = "AuditLog"
	CoverageType    Type = "Coverage"
	MailType        Type = "Mail"
	AnalyticsType   Type = "Analytics"
	ApprovalType    Type = "Approval"
	VaultType       Type = "Vault"
	SafeType        Type = "Safe"
	SecretType      Type = "Secret"
	CheckoutType    Type = "Checkout"
	EligibilityType Type = "Eligibility"
	ElevationType   Type = "Elevation"
	TemplateType    Type = "Template"
	LeaseType       Type = "Lease"
	AuthorityType   Type = "Authority"
	CertificateType Type = "Certificate"
	BreakGlassType  Type = "BreakGlass"
	ShareType       Type = "Share"
)

var resourceTypes = []Type{
	IdentityType, AccountType, EntitlementType, ResourceType, SystemType, SourceType, RoleType, FindingType,
	ScopeType, PolicyType, RequestType, ReviewType, SessionType, RecordingType, AuditLogType, CoverageType, MailType, AnalyticsType,
	ApprovalType, VaultType, SafeType, SecretType, CheckoutType, EligibilityType, ElevationType, AuthorityType, CertificateType,
	TemplateType, LeaseType, BreakGlassType, ShareType,
}

// refKinds are the kinds of object that are of a type. What is of another type has a key
// of its own, if any.
var refKinds = map[Type]access.ObjectKind{
	IdentityType: access.KindIdentity, AccountType: access.KindAccount, EntitlementType: access.KindEntitlement,
	ResourceType: access.KindResource, SystemType: access.KindSystem, SourceType: access.KindSource, RoleType: access.KindRole,
	FindingType: access.KindFinding, ScopeType: access.KindScope, PolicyType: access.KindPolicy,
	ApprovalType: access.KindApproval, SafeType: access.KindSafe, SecretType: access.KindSecret,
	CheckoutType: access.KindCheckout, EligibilityType: access.KindEligibility, ElevationType: access.KindElevation,
	TemplateType: access.KindTemplate, LeaseType: access.KindLease,
	AuthorityType: access.KindAuthority, CertificateType: access.KindCertificate,
	BreakGlassType: access.KindGlass, ShareType: access.KindShare,
}

// floors are what some actions oblige to whatever policies say, so that no policy can take
// it away: who changes what is permitted proves who they are, and says why.
var floors = map[string]Obligations{
	"policy.change":  {Record: true, MFA: true, Reason: true},
	"policy.publish": {Record: true, MFA: true, Reason: true},
	// Whoever could have what is secret, or says who can.
	"vault.operate":      {Record: true, MFA: true, Reason: true},
	"account.keep":       {Record: true, MFA: true},
	"safe.grant":         {Record: true, MFA: true, Reason: true},
	"secret.reveal":      {Record: true, MFA: true, Reason: true},
	"secret.destroy":     {Record: true, MFA: true, Reason: true},
	"secret.share":       {Record: true, MFA: true, Reason: true},
	"share.force":        {Record: true, Reason: true},
	"secret.fetch":       {Record: true}, // see byName
	"eligibility.change": {Record: true, MFA: true, Reason: true},
	"template.change":    {Record: true, MFA: true, Reason: true},
	"template.grant":     {Record: true, MFA: true, Reason: true},
	"authority.add":      {Record: true, MFA: true, Reason: true},
	"authority.change":   {Record: true, MFA: true, Reason: true},
	"authority.grant":    {Record: true, MFA: true, Reason: true},
	"authority.rotate":   {Record: true, MFA: true, Reason: true},
	"breakglass.make":    {Record: true, MFA: true, Reason: true},
	"breakglass.share":   {Record: true, MFA: true},
	"approval.decide":    {Record: true, MFA: true},
	"approval.delegate":  {Record: true, MFA: true, Reason: true},
}

// Action is something that can be asked for.
type Action struct {
	Name  string
	Group Group
	On    Type
	Does  string // ends the sentence "may …"
}

// Actions lists Writ's own. A policy or a request that names another is refused.
var Actions = []Action{
	{"identity.read", Read, IdentityType, "see an identity"},
	{"identity.change", Write, IdentityType, "change an identity"},
	{"identity.match", Decides, PolicyType, "say whether a row of a source is somebody who has left"},
	{"account.read", Read, AccountType, "see an account"},
	{"account.disable", Write, AccountType, "disable an account"},
	{"account.keep", Write, AccountType, "have what opens an account kept in a safe, and changed"},
	{"credential.pick_up", Own, AccountType, "pick up the first password of an account"},
	{"link.decide", Decides, AccountType, "say whose account it is"},
	{"correlation.read", Read, PolicyType, "see the rules of whose an account is"},
	{"correlation.change", Write, PolicyType, "change the rules of whose an account is"},
	{"birthright.read", Read, PolicyType, "see birthright rules and whom they are for"},
	{"birthright.change", Write, PolicyType, "change birthright rules"},
	{"lifecycle.read", Read, PolicyType, "see what happens in people's lives, and what of it is held"},
	{"lifecycle.release", Write, PolicyType, "let a held step happen, or leave it"},
	{"lifecycle.guard", Write, PolicyType, "say how much one step may take from people before it is held"},
	{"lifecycle.order", Write, PolicyType, "order what happens in somebody's life"},
	{"lifecycle.emergency", Operate, PolicyType, "terminate somebody at once"},
	{"exception.change", Write, PolicyType, "make exceptions from what rules give"},
	{"mapping.read", Read, PolicyType, "see how accounts follow from who people are"},
	{"mapping.change", Write, PolicyType, "change how accounts follow from who people are"},
	{"entitlement.read", Read, EntitlementType, "see an entitlement and who has it"},
	{"classification.override", Write, EntitlementType, "override the tier of an entitlement"},
	{"resource.read", Read, ResourceType, "see a resource and who reaches it"},
	{"system.read", Read, SystemType, "see a system"},
	{"system.add", Write, SystemType, "add a system"},
	{"system.change", Write, SystemType, "change a system"},
	{"system.sync", Operate, SystemType, "sync a system"},
	{"provisioning.read", Read, SystemType, "see what is written to a system, and what waits for a person"},
	{"provisioning.operate", Operate, SystemType, "resume or cancel what is to be written to a system"},
	{"provisioning.approve", Decides, SystemType, "let go on what would take much away in a system"},
	{"provisioning.limit", Write, SystemType, "change what a system takes at a time"},
	{"source.read", Read, SourceType, "see a source"},
	{"source.add", Write, SourceType, "add a source"},
	{"source.change", Write, SourceType, "change a source"},
	{"source.sync", Operate, SourceType, "sync a source"},
	{"role.read", Read, RoleType, "see a role"},
	{"role.change", Write, RoleType, "change a role"},
	{"role.review", Decides, RoleType, "approve what a role is to become"},
	{"role.publish", Write, RoleType, "publish or retire a role"},
	{"role.assign", Decides, RoleType, "give somebody a role"},
	{"mining.read", Read, RoleType, "see what mining for roles found"},
	{"mining.run", Operate, RoleType, "mine who holds what for roles, or stop that"},
	{"function.assign", Decides, IdentityType, "give somebody one of Writ's functions"},
	{"identity.owner", Write, IdentityType, "change who answers for a service or an agent"},
	{"entitlement.owner", Write, EntitlementType, "change who answers for an entitlement"},
	{"system.owner", Write, SystemType, "change who answers for a system"},
	{"role.owner", Write, RoleType, "change who answers for a role"},
	{"finding.read", Read, FindingType, "see a finding"},
	{"finding.assign", Write, FindingType, "give a finding an owner"},
	{"finding.accept", Decides, FindingType, "accept a finding's risk for a time"},
	{"coverage.read", Read, CoverageType, "see which controls are in place"},
	{"mail.read", Read, MailType, "see which mail waits, was sent, or could not be"},
	{"analytics.read", Read, AnalyticsType, "see what stands out in who has what"},
	{"scope.read", Read, ScopeType, "see a scope"},
	{"scope.change", Write, ScopeType, "change the organisation's tree"},
	{"policy.read", Read, PolicyType, "see policies"},
	{"policy.simulate", Read, PolicyType, "simulate policies"},
	{"policy.change", Write, PolicyType, "write what policies are to become"},
	{"policy.publish", Decides, PolicyType, "publish what somebody else wrote of policies"},
	{"request.read", Read, RequestType, "see a request"},
	{"request.create", Own, RequestType, "make a request"},
	{"request.cancel", Own, RequestType, "withdraw a request"},
	{"comment.create", Own, RequestType, "comment on a request"},
	{"approval.read", Read, ApprovalType, "see what is asked of others, and what they said"},
	{"approval.decide", Decides, ApprovalType, "approve or refuse what they are asked"},
	{"approval.withdraw", Own, ApprovalType, "withdraw what one has asked for"},
	{"approval.delegate", Own, ApprovalType, "have somebody else decide for a time"},
	{"review.read", Read, ReviewType, "see an access review"},
	{"review.open", Write, ReviewType, "open an access review"},
	{"review.decide", Decides, ReviewType, "decide an item of an access review"},
	{"review.certify", Decides, ReviewType, "certify an access review"},
	{"session.read", Read, SessionType, "see that a session exists"},
	{"session.watch", Operate, SessionType, "watch a live session"},
	{"session.lock", Operate, SessionType, "end a live session and lock it out"},
	{"recording.play", Operate, RecordingType, "play a recording"},
	{"vault.read", Read, VaultType, "see whether the vault is open, and how it is sealed"},
	{"vault.operate", Operate, VaultType, "seal and open the vault, and change its keys"},
	{"safe.read", Read, SafeType, "see a safe, and who has which right in it"},
	{"safe.add", Write, SafeType, "add a safe"},
	{"safe.change", Write, SafeType, "change a safe and what using it takes"},
	{"safe.grant", Decides, SafeType, "give and take rights in a safe"},
	{"secret.read", Read, SecretType, "see that a secret exists, and who has seen it"},
	{"secret.add", Write, SafeType, "keep a secret in a safe"},
	{"secret.change", Write, SecretType, "change or delete a secret"},
	{"secret.destroy", Operate, SecretType, "destroy what a secret was, for ever"},
	{"secret.rotate", Operate, SecretType, "have a secret changed where it opens something"},
	{"secret.use", Operate, SecretType, "use a secret without seeing it"},
	{"secret.reveal", Operate, SecretType, "see what a secret is"},
	{"secret.fetch", Operate, SecretType, "have a program read what a secret is, by a token that names this"},
	{"secret.share", Operate, SecretType, "give a secret to somebody outside, by a link that opens once"},
	{"share.read", Read, ShareType, "see what was given to whom outside"},
	{"share.end", Own, ShareType, "withdraw what one has given to somebody outside"},
	{"share.force", Operate, ShareType, "withdraw what somebody else has given outside"},
	{"checkout.read", Read, CheckoutType, "see who has which secret out"},
	{"checkout.end", Own, CheckoutType, "give back what one has out, or have it longer"},
	{"checkout.force", Operate, CheckoutType, "take back what somebody has out"},
	{"eligibility.read", Read, EligibilityType, "see who may activate what"},
	{"eligibility.change", Decides, EligibilityType, "say who may activate what"},
	{"elevation.read", Read, ElevationType, "see who has activated what"},
	{"elevation.activate", Operate, EligibilityType, "activate what one may"},
	{"elevation.end", Own, ElevationType, "end what one has activated, or have it longer"},
	{"elevation.force", Operate, ElevationType, "end what somebody has activated"},
	{"template.read", Read, TemplateType, "see what accounts for one use are made by, and who may use it"},
	{"template.change", Decides, TemplateType, "say what accounts for one use are given"},
	{"template.grant", Decides, TemplateType, "say who may have an account for one use"},
	{"lease.issue", Operate, TemplateType, "have an account made for one use"},
	{"lease.read", Read, LeaseType, "see who has leased what"},
	{"lease.end", Own, LeaseType, "give back what one has leased, or have it longer"},
	{"lease.force", Operate, LeaseType, "take back what somebody has leased"},
	{"authority.read", Read, AuthorityType, "see an authority, what it signs and for whom"},
	{"authority.add", Write, AuthorityType, "make an authority that signs certificates or tokens"},
	{"authority.change", Decides, AuthorityType, "say what an authority signs, and for whom"},
	{"authority.grant", Decides, AuthorityType, "give and take the right to have things signed"},
	{"authority.rotate", Operate, AuthorityType, "change the keys of an authority"},
	{"certificate.sign", Operate, AuthorityType, "have something signed"},
	{"certificate.read", Read, CertificateType, "see what was signed for whom"},
	{"certificate.revoke", Operate, CertificateType, "say that a certificate is good no more"},
	{"breakglass.read", Read, BreakGlassType, "see a break-glass kit, who holds its shares, and when it was opened"},
	{"breakglass.make", Decides, BreakGlassType, "seal secrets into a break-glass kit for its holders"},
	{"breakglass.renew", Operate, BreakGlassType, "make the next edition of a break-glass kit"},
	{"breakglass.share", Own, BreakGlassType, "see one's share of a break-glass kit, once"},
	{"breakglass.retire", Operate, BreakGlassType, "say that a break-glass kit is no longer in use"},
	{"breakglass.merge", Operate, BreakGlassType, "bring the record of a break-glass kit that was opened"},
	{"breakglass.review", Decides, BreakGlassType, "have the review of an opened break-glass kit closed"},
	{"audit.read", Read, AuditLogType, "read the audit log"},
	{"audit.verify", Read, AuditLogType, "verify the audit log"},
	{"audit.export", Read, AuditLogType, "export the audit log"},
	{"audit.erase", Write, AuditLogType, "erase somebody's personal data from the audit log"},
	{"store.backup", Operate, PolicyType, "back the store up"},
}
