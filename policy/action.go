package policy

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
)

var resourceTypes = []Type{
	IdentityType, AccountType, EntitlementType, ResourceType, SystemType, SourceType, RoleType, FindingType,
	ScopeType, PolicyType, RequestType, ReviewType, SessionType, RecordingType, AuditLogType, CoverageType,
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
	{"account.read", Read, AccountType, "see an account"},
	{"account.disable", Write, AccountType, "disable an account"},
	{"link.decide", Decides, AccountType, "say whose account it is"},
	{"correlation.read", Read, PolicyType, "see the rules of whose an account is"},
	{"correlation.change", Write, PolicyType, "change the rules of whose an account is"},
	{"entitlement.read", Read, EntitlementType, "see an entitlement and who has it"},
	{"classification.override", Write, EntitlementType, "override the tier of an entitlement"},
	{"resource.read", Read, ResourceType, "see a resource and who reaches it"},
	{"system.read", Read, SystemType, "see a system"},
	{"system.add", Write, SystemType, "add a system"},
	{"system.change", Write, SystemType, "change a system"},
	{"system.sync", Operate, SystemType, "sync a system"},
	{"source.read", Read, SourceType, "see a source"},
	{"source.add", Write, SourceType, "add a source"},
	{"source.change", Write, SourceType, "change a source"},
	{"source.sync", Operate, SourceType, "sync a source"},
	{"role.read", Read, RoleType, "see a role"},
	{"role.change", Write, RoleType, "change a role"},
	{"role.assign", Decides, RoleType, "give somebody a role"},
	{"function.assign", Decides, IdentityType, "give somebody one of Writ's functions"},
	{"identity.owner", Write, IdentityType, "change who answers for a service or an agent"},
	{"entitlement.owner", Write, EntitlementType, "change who answers for an entitlement"},
	{"system.owner", Write, SystemType, "change who answers for a system"},
	{"role.owner", Write, RoleType, "change who answers for a role"},
	{"finding.read", Read, FindingType, "see a finding"},
	{"finding.assign", Write, FindingType, "give a finding an owner"},
	{"finding.accept", Decides, FindingType, "accept a finding's risk for a time"},
	{"coverage.read", Read, CoverageType, "see which controls are in place"},
	{"scope.read", Read, ScopeType, "see a scope"},
	{"scope.change", Write, ScopeType, "change the organisation's tree"},
	{"policy.read", Read, PolicyType, "see policies"},
	{"policy.simulate", Read, PolicyType, "simulate policies"},
	{"policy.change", Write, PolicyType, "change policies"},
	{"request.read", Read, RequestType, "see a request"},
	{"request.create", Own, RequestType, "make a request"},
	{"request.cancel", Own, RequestType, "withdraw a request"},
	{"comment.create", Own, RequestType, "comment on a request"},
	{"approval.decide", Decides, RequestType, "approve or refuse a request"},
	{"review.read", Read, ReviewType, "see an access review"},
	{"review.open", Write, ReviewType, "open an access review"},
	{"review.decide", Decides, ReviewType, "decide an item of an access review"},
	{"review.certify", Decides, ReviewType, "certify an access review"},
	{"session.read", Read, SessionType, "see that a session exists"},
	{"session.watch", Operate, SessionType, "watch a live session"},
	{"session.lock", Operate, SessionType, "end a live session and lock it out"},
	{"recording.play", Operate, RecordingType, "play a recording"},
	{"audit.read", Read, AuditLogType, "read the audit log"},
	{"audit.verify", Read, AuditLogType, "verify the audit log"},
	{"audit.export", Read, AuditLogType, "export the audit log"},
	{"audit.erase", Write, AuditLogType, "erase somebody's personal data from the audit log"},
	{"store.backup", Operate, PolicyType, "back the store up"},
}
