package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

const (
	breakColumns = `
select b.id, b.glass_id, b.edition, b.drill, b.opened_at, b.merged_at, b.merged_by, b.openers, b.people, b.reason, b.exposed, b.closed,
       b.approval_id, b.verdict, b.reviewed_at, b.entries, b.last
  from glass_break b`
	breaksOf    = breakColumns + ` where b.glass_id = $1 order by b.id desc`
	breakOf     = breakColumns + ` where b.opening = $1`
	oneBreak    = breakColumns + ` where b.id = $1`
	insertBreak = `
insert into glass_break (id, glass_id, edition, opening, last, entries, drill, closed, opened_at, merged_at, merged_by, openers, people, reason, exposed)
values ($1, $2, $3, $4, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (opening) do nothing`
	nextEntry  = `update glass_break set entries = entries + 1, last = $2, drill = $4, closed = $5, exposed = $6 where id = $1 and entries = $3`
	breakAsked = `update glass_break set approval_id = $2 where id = $1`
	breakTold  = `update glass_break set verdict = $2, reviewed_at = $3 where id = $1`
	glassUsed  = `update glass set used_at = $2 where id = $1 and used_at = 0`
	drilled    = `update glass set drilled_at = $2, drill_failed = $3 where id = $1 and edition = $4 and drilled_at < $2`
)

func scanBreak(scan func(...any) error) (b breakglass.Break, last string, err error) {
	err = scan(&b.ID, &b.Kit, &b.Edition, &b.Drill, &b.Opened, &b.Merged, &b.By, asJSON{&b.Openers}, asJSON{&b.People}, &b.Reason, asJSON{&b.Exposed}, &b.Closed,
		&b.Approval, &b.Verdict, &b.Reviewed, &b.Entries, &last)
	return b, last, err
}

// Breaks implements breakglass.Store.
func (s BreakGlass) Breaks(ctx context.Context, kit access.GlassID) (list []breakglass.Break, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, breaksOf, []any{kit}, func(scan func(...any) error) error {
			b, _, err := scanBreak(scan)
			list = append(list, b)
			return err
		})
		if err == nil {
			err = q.tried(ctx, list)
		}
		return err
	})
	return list, err
}

// triedOf is what drills tried, which the audit log has kept entry by entry.
const triedOf = `select r.object_key, r.facts from audit_record r where r.action = $1 and r.object_kind = $2 order by r.id`

// tried adds what came of each drill.
func (q *query) tried(ctx context.Context, list []breakglass.Break) error {
	of := map[string]*breakglass.Break{}
	for i := range list {
		if list[i].Drill {
			of[list[i].ID.String()] = &list[i]
		}
	}
	if len(of) == 0 {
		return nil
	}
	return q.each(ctx, triedOf, []any{"breakglass." + string(breakglass.DidTry), access.KindSecret}, func(scan func(...any) error) error {
		var x breakglass.Tried
		var r audit.Record
		if err := scan(&x.Secret, &r.Facts); err != nil {
			return err
		}
		if b := of[r.Fact("break")]; b != nil {
			x.Opens, x.Code = r.Fact("opens") == strconv.FormatBool(true), r.Fact("code")
			b.Tried = append(b.Tried, x)
		}
		return nil
	})
}

// Merged implements breakglass.Store.
func (s BreakGlass) Merged(ctx context.Context, opening string) (b breakglass.Break, last string, err error) {
	err = s.db.read(ctx, func(q *query) error {
		b, last, err = scanBreak(q.row(ctx, breakOf, opening).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return breakglass.Break{}, "", nil
	}
	return b, last, err
}

// Take implements breakglass.Store. The time of an entry is what its record claims.
func (s BreakGlass) Take(ctx context.Context, r *breakglass.Record, n int) (b breakglass.Break, err error) {
	entry := r.Entries[n]
	e := audit.Event{Facts: map[string]string{
		"glass": r.Kit.Kit.String(), "edition": strconv.Itoa(r.Kit.Edition), "entry": strconv.Itoa(n), "sha256": r.At(n),
		"claimed_at": entry.At.Time().Format(time.RFC3339),
	}}
	e.Action = "breakglass." + string(entry.Does)
	for _, h := range r.Openers() {
		e.Subjects = append(e.Subjects, h.Identity)
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if n == 0 {
			b, err = t.opened(ctx, r)
		} else {
			b, err = t.entered(ctx, r, n)
		}
		if err != nil {
			return err
		}
		t.fact("break", b.ID.String())
		return t.changed(ctx, b.ID.Ref())
	})
	if errors.Is(err, errNothingDue) { // another node took it
		b, _, err = s.Merged(ctx, r.Opening())
	}
	return b, err
}

// opened keeps that a kit was opened: it can no longer be relied on, everybody hears of it,
// and somebody else has to review it. A drill is kept and no more.
func (t *tx) opened(ctx context.Context, r *breakglass.Record) (b breakglass.Break, err error) {
	first := r.Entries[0]
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return b, err
	}
	key, err := t.newKeys(ctx, access.KindBreak, 1)
	if err != nil {
		return b, err
	}
	b = breakglass.Break{
		ID: access.BreakID(key), Kit: r.Kit.Kit, Edition: r.Kit.Edition, Drill: r.Drill(), Opened: first.At, Merged: t.At, By: actor.String(),
		People: first.People, Reason: first.Reason, Exposed: r.Exposed(), Closed: r.Closed(), Entries: 1, Openers: t.Event.Subjects,
	}
	lists, err := jsonOf(b.Openers, b.People, orEmpty(b.Exposed))
	if err != nil {
		return b, err
	}
	n, err := t.exec(ctx, insertBreak, b.ID, b.Kit, b.Edition, r.Opening(), b.Drill, b.Closed, b.Opened, b.Merged, b.By, lists[0], lists[1], b.Reason, lists[2])
	if err == nil && n == 0 {
		err = errNothingDue
	}
	if err != nil {
		return b, err
	}
	t.Event.Object = b.ID.Ref()
	t.Event.Personal = map[string]string{"reason": b.Reason, "people": strings.Join(b.People, ", ")}
	t.fact("drill", strconv.FormatBool(b.Drill))
	t.fact("closed", strconv.FormatBool(b.Closed))
	t.fact("exposed", strconv.Itoa(len(b.Exposed)))
	if err := t.knownGlass(ctx, r.Kit, b.Reason); err != nil || b.Drill {
		return b, err
	}
	return b, t.alarmed(ctx, r, &b)
}

// alarmed is what follows from a kit that was opened for anything but a drill.
func (t *tx) alarmed(ctx context.Context, r *breakglass.Record, b *breakglass.Break) (err error) {
	if _, err := t.exec(ctx, glassUsed, b.Kit, t.At); err != nil {
		return err
	}
	if !r.Closed() {
		for _, id := range b.Exposed {
			if err := t.exposed(ctx, r, id); err != nil {
				return err
			}
		}
	}
	if err := t.tellBreak(ctx, r, b.ID); err != nil {
		return err
	}
	if b.Approval, err = t.askReview(ctx, b, 0); err != nil {
		return err
	}
	return t.changed(ctx, b.Kit.Ref())
}

// knownGlass makes a kit known that the database does not hold, since it is from a backup:
// the installation has signed it.
func (t *tx) knownGlass(ctx context.Context, k *breakglass.Kit, reason string) error {
	_, err := t.glass(ctx, selectGlass, k.Kit)
	if !errors.Is(err, breakglass.ErrNoKit) {
		return err
	}
	for {
		err := t.keepGlass(ctx, k, 0, k.Until.Time().Sub(k.Made.Time()), reason)
		if errors.Is(err, breakglass.ErrName) {
			k.Name += " (found)"
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	for _, h := range k.Holders {
		if _, err := t.exec(ctx, insertGlassShare, k.Kit, h.Place, h.Identity, 0, k.Made, false); err != nil {
			return err
		}
	}
	return t.keepTokens(ctx, k)
}

// entered keeps what follows on an opening.
func (t *tx) entered(ctx context.Context, r *breakglass.Record, n int) (b breakglass.Break, err error) {
	b, last, err := scanBreak(t.row(ctx, breakOf+t.d.forUpdate, r.Opening()).Scan)
	switch {
	case err != nil:
		return b, err
	case b.Entries > n:
		return b, errNothingDue
	case b.Entries < n, last != r.At(n-1):
		return b, breakglass.ErrRecordForked
	}
	lists, err := jsonOf(orEmpty(r.Exposed()))
	if err != nil {
		return b, err
	}
	was := b.Drill
	b.Drill, b.Closed, b.Exposed, b.Entries = r.Drill(), r.Closed(), r.Exposed(), n+1
	if _, err := t.exec(ctx, nextEntry, b.ID, r.At(n), n, b.Drill, b.Closed, lists[0]); err != nil {
		return b, err
	}
	if was && !b.Drill { // more of the record came, and it shows something
		if err := t.alarmed(ctx, r, &b); err != nil {
			return b, err
		}
	}
	e := r.Entries[n]
	t.Event.Object = b.ID.Ref()
	switch e.Does {
	case breakglass.DidShow:
		t.Event.Object = e.Secret.Ref()
		return b, t.exposed(ctx, r, e.Secret)
	case breakglass.DidTry:
		t.Event.Object = e.Secret.Ref()
		t.fact("opens", strconv.FormatBool(e.Opens))
		if e.Why != "" {
			t.fact("code", e.Why)
		}
	case breakglass.DidClose:
		if b.Drill {
			return b, t.drilled(ctx, r)
		}
	case breakglass.DidOpen:
	}
	return b, nil
}

// drilled keeps when the newest edition of a kit was last tried, and whether all of it signs
// in.
func (t *tx) drilled(ctx context.Context, r *breakglass.Record) error {
	opens := map[access.SecretID]bool{}
	for _, e := range r.Entries {
		if e.Does == breakglass.DidTry {
			opens[e.Secret] = e.Opens
		}
	}
	failed := slices.ContainsFunc(r.Kit.Secrets, func(x breakglass.Item) bool { return !opens[x.Secret] })
	t.fact("failed", strconv.FormatBool(failed))
	_, err := t.exec(ctx, drilled, r.Kit.Kit, min(t.At, r.Entries[0].At), failed, r.Kit.Edition)
	if err != nil {
		return err
	}
	return t.changed(ctx, r.Kit.Kit.Ref())
}

// exposed keeps that whoever opened a kit may know a secret, and has it changed. One that is
// gone by now, or that the database does not know, opens nothing that could be changed.
func (t *tx) exposed(ctx context.Context, r *breakglass.Record, id access.SecretID) error {
	_, err := t.liveSecret(ctx, id)
	if errors.Is(err, vault.ErrNoSecret) || errors.Is(err, vault.ErrSecretGone) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, x := range r.Kit.Secrets {
		if x.Secret != id {
			continue
		}
		for _, h := range r.Openers() {
			if _, err := t.exec(ctx, insertSeen, id, x.Version, h.Identity, string(vault.Revealed), t.At, 0); err != nil {
				return err
			}
		}
	}
	return t.dueFor(ctx, id, rotate.Incident, t.At)
}

// askReview has somebody else look at what was done. Those whose shares opened the kit are
// whom it is about. What is asked for again is in the chain of what was asked before.
func (t *tx) askReview(ctx context.Context, b *breakglass.Break, in access.ChainID) (access.ApprovalID, error) {
	x, err := t.glass(ctx, selectGlass, b.Kit)
	if err != nil {
		return 0, err
	}
	c := approval.Case{
		About: b.ID.Ref(), Action: breakglass.ReviewAction, Thing: b.Kit.Ref(), Scope: x.Scope, Reason: b.Reason, Chain: in,
		Stages: []access.Stage{{Approvers: []access.Approver{{Function: access.SecurityOperations}, {Function: access.IAM}}, Quorum: 1, Within: breakglass.Reviews}},
		Shown: map[string]string{
			"kit": x.Name, "opened": b.Opened.Time().UTC().Format("2006-01-02 15:04 UTC"), "there": strings.Join(b.People, ", "), "secrets shown": strconv.Itoa(len(b.Exposed)),
			"record has an end": map[bool]string{true: "yes", false: "no: all that the kit holds counts as shown"}[b.Closed],
		},
	}
	for _, who := range b.Openers {
		c.For = append(c.For, who.Ref())
	}
	c.By = b.Openers[0]
	id, err := t.openApproval(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("asking for a review: %w", err)
	}
	_, err = t.exec(ctx, breakAsked, b.ID, id)
	return id, err
}

// breakSettled takes up what the review of an opening said. It ends with somebody's word and
// their comment alone: what was withdrawn, or timed out, is asked for again.
func (t *tx) breakSettled(ctx context.Context, id access.BreakID, as approval.State) error {
	b, _, err := scanBreak(t.row(ctx, oneBreak+t.d.forUpdate, id).Scan)
	if err != nil {
		return err
	}
	r, err := t.approval(ctx, b.Approval, "")
	if err != nil {
		return err
	}
	switch as {
	case approval.Approved, approval.Refused:
		if list := r.Counting(); len(list) == 0 || list[len(list)-1].Comment == "" {
			return approval.ErrComment.With("say what you found: the review of break glass is closed with a comment")
		}
		_, err = t.exec(ctx, breakTold, id, string(as), t.At)
	case approval.Withdrawn, approval.Expired, approval.Waiting:
		_, err = t.askReview(ctx, &b, r.Chain)
	}
	return err
}

// mostAlarmed bounds how many are told of one opening.
const mostAlarmed = 500

var ownersOfSystem = `select y.business_owner, y.technical_owner from system y where y.id = $1 and ` + now("y")

// tellBreak mails everybody who has to know: security operations, identity and access
// management, those who answer for what the kit opens, and those who hold its shares.
func (t *tx) tellBreak(ctx context.Context, r *breakglass.Record, id access.BreakID) error {
	who, err := t.alarmable(ctx, r)
	if err != nil {
		return err
	}
	names := map[access.SecretID]string{}
	for _, x := range r.Kit.Secrets {
		names[x.Secret] = x.Name + " (" + x.Account + " on " + x.SystemName + ")"
	}
	told := 0
	for _, one := range who {
		name, email, works, err := t.answers(ctx, one)
		if err != nil {
			return err
		}
		if !works || email == "" || told == mostAlarmed {
			continue
		}
		m, err := breakglass.AlarmMail(r, id, names, one, notify.Recipient{Name: name, Address: email})
		if err != nil {
			return err
		}
		if err := t.mail(ctx, m, append([]access.IdentityID{one}, t.Event.Subjects...)...); err != nil {
			return err
		}
		told++
	}
	t.fact("told", strconv.Itoa(told))
	return nil
}

func (t *tx) alarmable(ctx context.Context, r *breakglass.Record) (list []access.IdentityID, err error) {
	ask := func(text string, columns int, args ...any) {
		if err != nil {
			return
		}
		err = t.each(ctx, text, args, func(scan func(...any) error) error {
			var a, b access.IdentityID
			into := []any{&a, &b}
			err := scan(into[:columns]...)
			list = append(list, a, b)
			return err
		})
	}
	const holding = `select a.identity_id from function_assignment a where a.function = $1 and a.until_set = 0`
	ask(holding, 1, string(access.SecurityOperations))
	ask(holding, 1, string(access.IAM))
	for _, x := range r.Kit.Secrets {
		ask(ownersOfSystem, 2, x.System)
		ask(`select f.owner_id, f.deputy_id from secret x join safe f on f.id = x.safe_id and f.until_set = 0 where x.id = $1 and x.until_set = 0`, 2, x.Secret)
	}
	for _, h := range r.Kit.Holders {
		list = append(list, h.Identity)
	}
	for _, x := range r.Kit.Tokens {
		list = append(list, x.Identity)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return slices.DeleteFunc(list, func(id access.IdentityID) bool { return id == 0 }), err
}
