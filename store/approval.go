package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// Approvals is the store of package approval.
type Approvals struct{ db *DB }

// Approvals returns the store of package approval.
func (db *DB) Approvals() Approvals { return Approvals{db} }

var _ approval.Store = Approvals{}

const (
	insertApproval = `
insert into approval (id, about_kind, about, by_id, system_id, chain_id, version, state, stage, asked_at, began_at, ends_at)
values ($1, $2, $3, $4, $5, $6, 1, 'waiting', 0, $7, $7, $8) on conflict (about_kind, about) where state = 'waiting' do nothing`
	insertShown = `insert into approval_shown (approval_id, version, payload, digest, at) values ($1, $2, $3, $4, $5)`
)

// openApproval asks others, as part of what a feature does: those of the first stage are
// told. When the request ends, approvalSettled is called in the transaction that ends it.
// What it is about can wait for one at a time, else approval.ErrAsked.
func (t *tx) openApproval(ctx context.Context, c approval.Case) (access.ApprovalID, error) {
	if err := c.Validate(); err != nil {
		return 0, err
	}
	var err error
	if c.Chain == 0 {
		if c.Chain, err = t.newChain(ctx); err != nil {
			return 0, err
		}
	}
	key, err := t.newKeys(ctx, access.KindApproval, 1)
	if err != nil {
		return 0, err
	}
	id := access.ApprovalID(key)
	n, err := t.exec(ctx, insertApproval, id, c.About.Kind, c.About.Key, c.By, c.System, c.Chain, t.At, ends(t.At, c.Stages[0]))
	if err != nil {
		return 0, fmt.Errorf("asking for %s: %w", c.About, err)
	}
	if n == 0 {
		return 0, approval.ErrAsked
	}
	if _, err := t.show(ctx, id, 1, c); err != nil {
		return 0, err
	}
	if err := t.chain(ctx, c.Chain, c.About, id.Ref()); err != nil {
		return 0, err
	}
	if err := t.tellApprovers(ctx, approval.Request{ID: id, Case: c, Now: approval.Shown{Version: 1}}); err != nil {
		return 0, err
	}
	t.fact("approval", id.String())
	return id, t.changed(ctx, id.Ref())
}

func ends(at access.Time, s access.Stage) access.Time {
	return at + access.Time(s.Within.Microseconds())
}

// show keeps what is shown of a case from now on.
func (t *tx) show(ctx context.Context, id access.ApprovalID, version int, c approval.Case) (approval.Shown, error) {
	shown, err := approval.Show(id, version, c)
	if err != nil {
		return shown, err
	}
	_, err = t.exec(ctx, insertShown, id, shown.Version, shown.Payload, shown.Digest, t.At)
	return shown, err
}

const showAnew = `
update approval set version = $2, stage = 0, began_at = $3, ends_at = $4 where id = $1 and state = 'waiting'`

// showApproval has a request that waits show something else: it begins anew, at its first
// stage. What was said of what it showed before is kept, and counts for nothing.
func (t *tx) showApproval(ctx context.Context, id access.ApprovalID, c approval.Case) error {
	r, err := t.approval(ctx, id, t.d.forUpdate)
	if err != nil {
		return err
	}
	if err := r.Open(t.At); err != nil {
		return err
	}
	c.About, c.By, c.Chain = r.About, r.By, r.Chain
	if err := c.Validate(); err != nil {
		return err
	}
	r.Case = c
	if r.Now, err = t.show(ctx, id, r.Now.Version+1, c); err != nil {
		return err
	}
	if _, err := t.exec(ctx, showAnew, id, r.Now.Version, t.At, ends(t.At, c.Stages[0])); err != nil {
		return err
	}
	r.Stage = 0
	if err := t.tellApprovers(ctx, r); err != nil {
		return err
	}
	return t.changed(ctx, id.Ref())
}

const (
	approvalColumns = `
select r.id, r.state, r.stage, r.asked_at, r.began_at, r.ends_at, r.ended_at, s.version, s.payload, s.digest
  from approval r join approval_shown s on s.approval_id = r.id and s.version = r.version where `
	lockApproval = `select state from approval where id = $1`
	oneApproval  = approvalColumns + `r.id = $1`
	decisionsOf  = `
select version, by_id, voice_id, stage, seats, verdict, comment, digest, at from approval_decision
 where approval_id = $1 order by place`
)

func scanApproval(scan func(...any) error) (r approval.Request, err error) {
	err = scan(&r.ID, &r.State, &r.Stage, &r.AskedAt, &r.BeganAt, &r.EndsAt, &r.EndedAt, &r.Now.Version, &r.Now.Payload, &r.Now.Digest)
	if err != nil {
		return r, err
	}
	if r.Now.Digest != approval.DigestOf(r.Now.Payload) {
		return r, fmt.Errorf("what %s shows was changed in the database", r.ID)
	}
	if err := json.Unmarshal([]byte(r.Now.Payload), &r.Case); err != nil {
		return r, fmt.Errorf("reading what %s shows: %w", r.ID, err)
	}
	return r, nil
}

// approval is a request with what was said in it; policy.ErrNoObject where there is none.
func (q *query) approval(ctx context.Context, id access.ApprovalID, lock string) (r approval.Request, err error) {
	if lock != "" {
		var state approval.State
		err = q.row(ctx, lockApproval+lock, id).Scan(&state)
	}
	if err == nil {
		r, err = scanApproval(q.row(ctx, oneApproval, id).Scan)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return r, policy.ErrNoObject
	}
	if err != nil {
		return r, err
	}
	r.Decisions, err = q.decisions(ctx, id)
	return r, err
}

func (q *query) decisions(ctx context.Context, id access.ApprovalID) (list []approval.Decision, err error) {
	err = q.each(ctx, decisionsOf, []any{id}, func(scan func(...any) error) error {
		var d approval.Decision
		var voice access.IdentityID
		var seats string
		if err := scan(&d.Version, &d.By, &voice, &d.Stage, &seats, &d.Verdict, &d.Comment, &d.Digest, &d.At); err != nil {
			return err
		}
		if voice != d.By {
			d.InsteadOf = voice
		}
		err := json.Unmarshal([]byte(seats), &d.Seats)
		list = append(list, d)
		return err
	})
	return list, err
}

// Approval implements approval.Store.
func (s Approvals) Approval(ctx context.Context, id access.ApprovalID) (r approval.Request, err error) {
	err = s.db.read(ctx, func(q *query) error {
		r, err = q.approval(ctx, id, "")
		return err
	})
	return r, err
}

const (
	insertDecision = `
insert into approval_decision (approval_id, version, by_id, voice_id, place, stage, seats, verdict, comment, digest, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`
	nextStage   = `update approval set stage = $2, began_at = $3, ends_at = $4 where id = $1 and state = 'waiting'`
	endApproval = `update approval set state = $2, ended_at = $3 where id = $1 and state = 'waiting'`
)

// Decide implements approval.Store.
func (s Approvals) Decide(ctx context.Context, id access.ApprovalID, rule approval.Deciding) (state approval.State, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return "", err
	}
	err = s.db.change(ctx, audit.Event{Action: "approval.decide", Object: id.Ref()}, func(t *tx) error {
		r, err := t.approval(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		delegated, err := t.delegatedTo(ctx, actor.Identity, t.At)
		if err != nil {
			return err
		}
		d, err := rule(r, delegated, t.At)
		if err != nil {
			return err
		}
		d.By, d.At = actor.Identity, t.At
		ruling, err := approval.Rule(r, d, t.At)
		if err != nil {
			return err
		}
		state = ruling.State
		return t.decided(ctx, r, d, ruling)
	})
	return state, err
}

// decided keeps what somebody said, and what follows from it.
func (t *tx) decided(ctx context.Context, r approval.Request, d approval.Decision, to approval.Ruling) error {
	seats, err := json.Marshal(d.Seats)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, insertDecision, r.ID, d.Version, d.By, d.Voice(), len(r.Decisions), d.Stage, string(seats), d.Verdict, d.Comment, d.Digest, d.At)
	if err != nil {
		return err
	}
	if n == 0 {
		return approval.ErrDecided
	}
	t.Event.Facts = map[string]string{"verdict": string(d.Verdict), "stage": strconv.Itoa(d.Stage), "shown": d.Digest, "version": strconv.Itoa(d.Version), "state": string(to.State), "chain": r.Chain.String()}
	if d.InsteadOf != 0 {
		t.fact("instead_of", d.InsteadOf.String())
	}
	if d.Comment != "" {
		t.Event.Personal, t.Event.Subjects = map[string]string{"comment": d.Comment}, []access.IdentityID{d.By}
	}
	switch {
	case to.State != approval.Waiting:
		return t.endApproval(ctx, r, to.State)
	case to.Stage == r.Stage:
		return t.changed(ctx, r.ID.Ref())
	}
	r.Stage = to.Stage
	if n, err := t.exec(ctx, nextStage, r.ID, r.Stage, t.At, ends(t.At, r.At())); err != nil || n == 0 {
		return errors.Join(err, oneRow(n))
	}
	if err := t.tellApprovers(ctx, r); err != nil {
		return err
	}
	return t.changed(ctx, r.ID.Ref())
}

func oneRow(n int64) error {
	if n == 0 {
		return approval.ErrEnded
	}
	return nil
}

// endApproval ends a request, once, and tells whoever waits for it.
func (t *tx) endApproval(ctx context.Context, r approval.Request, as approval.State) error {
	n, err := t.exec(ctx, endApproval, r.ID, as, t.At)
	if err != nil {
		return err
	}
	if n == 0 {
		return approval.ErrEnded
	}
	if err := t.approvalSettled(ctx, r.About, as); err != nil {
		return fmt.Errorf("settling %s: %w", r.About, err)
	}
	return t.changed(ctx, r.ID.Ref())
}

// approvalSettled is where features take up what has been decided on: in the transaction in
// which a request about something of theirs ends, whichever way.
func (t *tx) approvalSettled(ctx context.Context, about access.Ref, as approval.State) error {
	switch about.Kind { //nolint:exhaustive // what waits for nobody's word is none of it
	case access.KindCheckout:
		return t.checkoutSettled(ctx, access.CheckoutID(about.Key), as)
	case access.KindElevation:
		return t.elevationSettled(ctx, access.ElevationID(about.Key), as)
	case access.KindLease:
		return t.leaseSettled(ctx, access.LeaseID(about.Key), as)
	case access.KindCertificate:
		return t.certificateSettled(ctx, access.CertificateID(about.Key), as)
	case access.KindShare:
		return t.shareSettled(ctx, access.ShareID(about.Key), as)
	case access.KindBreak:
		return t.breakSettled(ctx, access.BreakID(about.Key), as)
	default:
		return nil // nothing waits for it
	}
}

const waitingAbout = `select id from approval where about_kind = $1 and about = $2 and state = 'waiting'`

// closeApproval ends the request about something that is gone, where there is one that
// waits. A feature calls it as part of what it does itself, before it locks what it is about,
// as deciding does: else the two could wait for each other. approvalSettled is not called.
func (t *tx) closeApproval(ctx context.Context, about access.Ref) error {
	var id access.ApprovalID
	err := t.row(ctx, waitingAbout+t.d.forUpdate, about.Kind, about.Key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, endApproval, id, approval.Withdrawn, t.At); err != nil {
		return err
	}
	return t.changed(ctx, id.Ref())
}

// Withdraw implements approval.Store.
func (s Approvals) Withdraw(ctx context.Context, id access.ApprovalID, rule func(approval.Request) error) error {
	return s.db.change(ctx, audit.Event{Action: "approval.withdraw", Object: id.Ref()}, func(t *tx) error {
		r, err := t.approval(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		if err := rule(r); err != nil {
			return err
		}
		if err := r.Open(t.At); err != nil {
			return err
		}
		t.fact("chain", r.Chain.String())
		return t.endApproval(ctx, r, approval.Withdrawn)
	})
}

const (
	approvalsPerSweep = 100
	timedOut          = `select id from approval where state = 'waiting' and ends_at <= $1 order by ends_at limit $2`
)

// sweepApprovals ends the requests whose stage is over by the store's clock, each with its
// own record, and returns how many there were.
func (db *DB) sweepApprovals(ctx context.Context) (n int, err error) {
	var due []access.ApprovalID
	err = db.read(ctx, func(q *query) error {
		at, err := db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		due = nil
		return q.each(ctx, timedOut, []any{at, approvalsPerSweep}, func(scan func(...any) error) error {
			var id access.ApprovalID
			defer func() { due = append(due, id) }()
			return scan(&id)
		})
	})
	var failed error
	for _, id := range due {
		switch err := db.expireApproval(ctx, id); {
		case err == nil:
			n++
		case errors.Is(err, errNothingDue), ctx.Err() != nil:
		default:
			failed = errors.Join(failed, fmt.Errorf("timing out %s: %w", id, err))
		}
	}
	return n, errors.Join(err, failed)
}

// expireApproval ends one whose stage is over. Where another node was first, or somebody
// decided, nothing is left of it.
func (db *DB) expireApproval(ctx context.Context, id access.ApprovalID) error {
	return db.change(ctx, audit.Event{Action: "approval.expire", Object: id.Ref()}, func(t *tx) error {
		r, err := t.approval(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		if r.State != approval.Waiting || t.At < r.EndsAt {
			return errNothingDue
		}
		t.Event.Facts = map[string]string{"stage": strconv.Itoa(r.Stage), "chain": r.Chain.String()}
		return t.endApproval(ctx, r, approval.Expired)
	})
}
