package policy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// ErrPeriod is returned for a period that cannot be looked at.
var ErrPeriod = fault.New(fault.Invalid, "replay-period", "the period begins before it ends, and is 3660 days at most")

// recordedAs says by which action of policies what a record tells was decided. What is
// not here is decided by no policy, or is somebody's own: signing in, keys, tokens.
// Reading is not recorded.
var recordedAs = map[string]string{
	"classify.override": "classification.override", "classify.clear_override": "classification.override",
	"finding.accept": "finding.accept", "finding.assign": "finding.assign", "finding.reopen": "finding.accept",
	"function.assign": "function.assign", "function.unassign": "function.assign",
	"inventory.add_rule": "correlation.change", "inventory.set_rule_mode": "correlation.change", "inventory.remove_rule": "correlation.change",
	"inventory.add_system": "system.add", "inventory.update_system": "system.change", "inventory.remove_draft": "system.add",
	"inventory.add_source": "source.add", "inventory.update_source": "source.change",
	"inventory.run": "system.sync", "inventory.cancel_run": "system.sync", "inventory.link": "link.decide", "inventory.decide_doubt": "identity.match",
	"inventory.change_rule": "correlation.change",
	"birthright.add":        "birthright.change", "birthright.set": "birthright.change", "birthright.remove": "birthright.change",
	"mapping.set": "mapping.change", "mapping.remove": "mapping.change", "exception.add": "exception.change", "exception.remove": "exception.change",
	"lifecycle.order": "lifecycle.order", "lifecycle.cancel": "lifecycle.order", "lifecycle.release": "lifecycle.release", "lifecycle.discard": "lifecycle.release", "lifecycle.guard": "lifecycle.guard",
	"provision.approve": "provisioning.approve", "provision.limits": "provisioning.limit", "provision.resume": "provisioning.operate", "provision.cancel": "provisioning.operate",
	"provision.orphan": "provisioning.operate", "provision.pick_up": "credential.pick_up", "provision.revert": "provisioning.operate", "provision.adopt": "provisioning.operate", "provision.except": "provisioning.operate",
	"policy.draft": "policy.change", "policy.discard": "policy.change", "policy.publish": "policy.publish", "policy.rescue": "policy.publish",
	"role.draft": "role.change", "role.submit": "role.change", "role.discard": "role.change", "role.reject": "role.change", "role.reconsider": "role.change",
	"role.review": "role.review", "role.publish": "role.publish", "role.retire": "role.publish", "role.owner": "role.owner",
	"role.assign": "role.assign", "role.unassign": "role.assign", "role.migrate": "role.assign", "role.mine": "mining.run", "role.cancel_mining": "mining.run",
	"approval.decide": "approval.decide", "approval.withdraw": "approval.withdraw", "approval.delegate": "approval.delegate", "approval.undelegate": "approval.delegate",
	"eligibility.give": "eligibility.change", "eligibility.take": "eligibility.change", "eligibility.convert": "eligibility.change", "eligibility.restore": "eligibility.change",
	"elevation.ask": "elevation.activate", "elevation.extend": "elevation.end", "elevation.end": "elevation.end", "elevation.force": "elevation.force",
	"template.add": "template.change", "template.change": "template.change", "template.retire": "template.change", "template.grant": "template.grant", "template.revoke": "template.grant",
	"lease.ask": "lease.issue", "lease.take": "lease.issue", "lease.renew": "lease.end", "lease.return": "lease.end", "lease.force": "lease.force", "lease.retry": "lease.force",
	"authority.add": "authority.add", "authority.change": "authority.change", "authority.grant": "authority.grant", "authority.withdraw": "authority.grant", "authority.rotate": "authority.rotate",
	"certificate.sign": "certificate.sign", "certificate.ask": "certificate.sign", "certificate.revoke": "certificate.revoke",
	"scope.add": "scope.change", "scope.rename": "scope.change",
	"vault.init": "vault.operate", "vault.unseal": "vault.operate", "vault.seal": "vault.operate", "vault.rekey": "vault.operate", "vault.accept_rollback": "vault.operate",
	"safe.add": "safe.add", "safe.change": "safe.change", "safe.grant": "safe.grant", "safe.revoke": "safe.grant",
	"secret.add": "secret.add", "secret.import": "secret.add", "secret.put": "secret.change", "secret.change": "secret.change", "secret.delete": "secret.change", "secret.undelete": "secret.change",
	"secret.promote": "secret.rotate", "secret.destroy": "secret.destroy", "secret.reveal": "secret.reveal", "secret.fetch": "secret.fetch", "secret.lend": "secret.use",
	"checkout.ask": "secret.use", "checkout.extend": "checkout.end", "checkout.return": "checkout.end", "checkout.force": "checkout.force",
	"share.ask": "secret.share", "share.withdraw": "share.end", "share.force": "share.force",
	"rotation.demand": "secret.rotate", "rotation.schedule": "secret.change", "vault.verify": "vault.operate",
	"onboarding.begin": "secret.add", "onboarding.release": "secret.add", "onboarding.alone": "secret.rotate",
	"breakglass.make": "breakglass.make", "breakglass.renew": "breakglass.renew", "breakglass.share": "breakglass.share", "breakglass.retire": "breakglass.retire",
	"breakglass.open": "breakglass.merge", "breakglass.show": "breakglass.merge", "breakglass.try": "breakglass.merge", "breakglass.close": "breakglass.merge", "rotation.pair": "secret.change", "rotation.unpair": "secret.change",
	"consumer.add": "secret.change", "consumer.change": "secret.change", "consumer.remove": "secret.change",
	"audit.verify": "audit.verify", "audit.erase": "audit.erase", "store.backup": "store.backup",
}

// actionOfRecord is the action of policies that a record was decided by.
func actionOfRecord(r audit.Record) string {
	action := recordedAs[r.Action]
	if action == "system.sync" && r.Object.Kind == access.KindSource {
		return "source.sync"
	}
	return action
}

// History is what was done, and who held what when it was.
type History interface {
	// Records tells what people did in a period, from inclusive, in order.
	Records(ctx context.Context, actions []string, from, to access.Time, take func(audit.Record) error) error
	// HeldOver returns who held which function from when until when.
	HeldOver(ctx context.Context) ([]HeldOver, error)
	// FindingOf returns a finding; false is one that is not there.
	FindingOf(ctx context.Context, id access.FindingID) (Finding, bool, error)
}

// HeldOver is a function that somebody held for a time; Until is zero where they still do.
type HeldOver struct {
	Identity access.IdentityID
	Held
	From, Until access.Time
}

// Refused is something that was done and would have been refused.
type Refused struct {
	Record audit.Record
	Who    access.IdentityID
	Action string
	After  Decision
}

// Replay is what another set would have made of what was done.
type Replay struct {
	From, To access.Time
	Decided  int            // records that were looked at
	Refused  map[string]int // by action
	Obliged  map[string]int // permitted, and with more to bear than now
	Unclear  map[string]int // that the set in force would not permit either, by what is known
	List     []Refused      // the newest, no more than were asked for
}

// ReplayQuestion asks about a period.
type ReplayQuestion struct {
	From, To access.Time
	Most     int // refused ones to list
}

// longestReplay bounds a period.
const longestReplay = access.Time(3660 * 24 * 3600 * 1_000_000)

// Replay decides what people did in a period by the set in force and by another. Who
// asked counts as who they were: with the functions that they held then, active, with a
// second factor and a reason. What it was done to counts as it is now.
func (e *Engine) Replay(ctx context.Context, h History, set *Set, v *graph.View, d *Directory, q ReplayQuestion) (Replay, error) {
	if q.From >= q.To || q.To-q.From > longestReplay {
		return Replay{}, ErrPeriod
	}
	held, err := h.HeldOver(ctx)
	if err != nil {
		return Replay{}, err
	}
	p := replaying{
		e: e, h: h, now: e.set.Load(), then: set, v: v, facts: &then{Facts: facts{v, d}, held: map[access.IdentityID][]HeldOver{}}, most: q.Most,
		r: Replay{From: q.From, To: q.To, Refused: map[string]int{}, Obliged: map[string]int{}, Unclear: map[string]int{}},
	}
	for _, x := range held {
		p.facts.held[x.Identity] = append(p.facts.held[x.Identity], x)
	}
	err = h.Records(ctx, slices.Sorted(maps.Keys(recordedAs)), q.From, q.To, func(r audit.Record) error { return p.one(ctx, r) })
	slices.Reverse(p.r.List)
	return p.r, err
}

// replaying decides one record after the other.
type replaying struct {
	e         *Engine
	h         History
	now, then *Set
	v         *graph.View
	facts     *then
	most      int
	r         Replay
}

func (p *replaying) one(ctx context.Context, r audit.Record) error {
	who, err := access.ParseRef(r.Actor)
	if err != nil || who.Kind != access.KindIdentity {
		return nil // a part of a node
	}
	id := access.IdentityID(who.Key)
	ask := Request{Principal: who, Action: actionOfRecord(r), Context: Context{MFA: true, Reason: "what if"}}
	if ask.Resource, err = p.resource(ctx, r, id); err != nil {
		return err
	}
	p.facts.at = r.At
	before, after := p.e.decide(ctx, p.now, p.facts, ask), p.e.decide(ctx, p.then, p.facts, ask)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.r.Decided++
	switch {
	case !before.Permitted():
		p.r.Unclear[ask.Action]++
	case !after.Permitted():
		p.r.Refused[ask.Action]++
		if p.r.List = append(p.r.List, Refused{r, id, ask.Action, after}); len(p.r.List) > p.most {
			p.r.List = p.r.List[1:]
		}
	case after.Obligations.beyond(before.Obligations):
		p.r.Obliged[ask.Action]++
	}
	return nil
}

// resource is what a record was done to, as it is now.
func (p *replaying) resource(ctx context.Context, r audit.Record, who access.IdentityID) (Resource, error) {
	if r.Object.Kind == access.KindFinding {
		f, there, err := p.h.FindingOf(ctx, access.FindingID(r.Object.Key))
		if err != nil || !there {
			return Resource{}, err
		}
		return f.Object(p.v, who).Resource, nil
	}
	action, _ := actionOf(actionOfRecord(r))
	known, there := ObjectOf(p.v, r.Object)
	switch {
	case action.Name == "credential.pick_up": // nobody else could
		return Resource{Assignee: who}, nil
	case action.On == ApprovalType: // nobody else could; that it was not their own was known then
		return Resource{Assignee: who, Creator: creator(action, who), Subjects: []access.Ref{access.ScopeID(1).Ref()}}, nil
	case slices.Contains([]string{"elevation.activate", "secret.use", "secret.reveal", "secret.share", "secret.fetch", "lease.issue", "certificate.sign"}, action.Name): // by a right that was theirs then
		return Resource{Eligible: who}, nil
	case action.Name == "breakglass.share": // nobody else could
		return Resource{Assignee: who}, nil
	case action.Name == "elevation.end", action.Name == "checkout.end", action.Name == "lease.end", action.Name == "share.end":
		return Resource{Creator: who}, nil
	case strings.HasSuffix(action.Name, ".add"): // before it was there
		return Resource{Scope: known.Scope}, nil
	case !action.On.takes(r.Object.Kind):
		return Resource{}, nil
	case there:
		return known, nil
	}
	known = Resource{Ref: r.Object}
	if r.Object.Kind == access.KindScope {
		known.Scope = access.ScopeID(r.Object.Key)
	}
	return known, nil
}

// creator is who asked for what an action is done to: whoever did what only they can do.
func creator(a Action, who access.IdentityID) access.IdentityID {
	if a.Group == Own {
		return who
	}
	return 0
}

// beyond reports whether o asks for something that p does not.
func (o Obligations) beyond(p Obligations) bool {
	both := p
	both.add(o)
	return !both.equal(p)
}

// then are the facts of now with who held what at a time. Whoever acted was active.
type then struct {
	Facts
	held map[access.IdentityID][]HeldOver
	at   access.Time
}

// Functions returns what somebody held then.
func (t *then) Functions(id access.IdentityID) (list []Held) {
	for _, h := range t.held[id] {
		if h.From <= t.at && (h.Until == 0 || t.at < h.Until) {
			list = append(list, h.Held)
		}
	}
	return list
}

// Identity returns what is known of somebody, as if they had not left.
func (t *then) Identity(id access.IdentityID) (IdentityFacts, bool) {
	f, ok := t.Facts.Identity(id)
	if !ok {
		return IdentityFacts{Kind: access.Human, State: access.Active}, true
	}
	if !f.State.MayHoldAccess() {
		f.State = access.Active
	}
	return f, true
}
