package inventory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Staging takes a bulk change in batches.
type Staging interface {
	// Write stages one batch. Those who follow are told of its people at the flip.
	Write(ctx context.Context, b *Batch) error
	// Flip makes everything visible at once, with the sync's state, and tells those
	// who follow of what changed, or of the system as a whole.
	Flip(ctx context.Context, r Report, told []Told, bulk bool) error
	// Undo takes everything back; after Flip it does nothing.
	Undo(ctx context.Context) error
}

// Batch is a part of a bulk change. An ended or replaced version is named by key.
type Batch struct {
	Resources    []ResourceRow
	Entitlements []EntitlementRow
	Accounts     []AccountRow
	Ended        []access.Ref // objects whose current version ends (gone, or replaced by a row here)

	System      access.SystemID
	Holdings    []HoldingRow
	Grants      []GrantRow
	EndedGrants []GrantRow
	Credentials []CredentialRow
	EndedCreds  []CredentialRow

	People []PersonRow
}

// HoldingRow is the digest of what starts at a holder. Had says that it replaces
// one; the zero digest replaces it with nothing. Elsewhere says that the holder is
// no object of the system: an identity, or a thing of another system.
type HoldingRow struct {
	Holder    access.Ref
	Digest    Digest
	Had       bool
	Elsewhere bool
}

// batchRows keeps a batch's transaction short; bulkThreshold is how many objects
// change before those who follow are told of the system instead of each.
const (
	batchRows     = 5000
	bulkThreshold = 20000
)

func (b *Batch) size() int {
	return len(b.Resources) + len(b.Entitlements) + len(b.Accounts) + len(b.Ended) + len(b.Holdings) +
		len(b.Grants) + len(b.EndedGrants) + len(b.Credentials) + len(b.EndedCreds) + len(b.People)
}

// Digest stands for all rows of the batch: objects and people by their own
// digests, grants and credentials by those of their holders.
func (b *Batch) Digest() [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	add := func(key int64, d Digest) {
		binary.LittleEndian.PutUint64(n[:], uint64(key)) //nolint:gosec // bits, not a number
		h.Write(n[:])
		h.Write(d[:])
	}
	for _, r := range b.Resources {
		add(int64(r.ID), r.Digest)
	}
	for _, r := range b.Entitlements {
		add(int64(r.ID), r.Digest)
	}
	for _, r := range b.Accounts {
		add(int64(r.ID), r.Digest)
	}
	for _, r := range b.Ended {
		add(r.Key, Digest{byte(r.Kind)})
	}
	for _, r := range b.Holdings {
		add(r.Holder.Key, r.Digest)
	}
	for _, g := range b.EndedGrants {
		add(int64(g.ID), Digest{byte(access.KindGrant)})
	}
	for _, c := range b.EndedCreds {
		add(int64(c.ID), Digest{byte(access.KindCredential)})
	}
	for _, p := range b.People {
		add(int64(p.Identity.ID), p.Digest)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// merge writes the difference of one comparison.
type merge struct {
	*Service
	c        *comparison
	system   System
	r        *Report
	accept   bool
	baseline bool // what is new belongs to the first reading
	allow    Guard
	staging  Staging
	batch    Batch
	writing  Batch               // the one before it, while it is written
	written  chan error          // says that it was; nil while none is
	told     map[access.Ref]bool // who follows is told of these, of some that only their grants changed; nil is of the system
	used     []Usage
	looked   int64 // at records and facts
	removed  int64 // grants
	had      int64 // grants, once that has to be known; -1 until then

	grantsMore, credentialsMore int64 // than the holders that differ had
}

func (m *merge) begin() {
	if m.system.State.Synced != 0 {
		m.told = map[access.Ref]bool{}
	}
	m.batch.System, m.had = m.system.ID, -1
}

func (m *merge) run(ctx context.Context, sp *spool) error {
	m.begin()
	err := sp.each(func(rec *connector.Record) error {
		m.step(1)
		return m.object(ctx, rec)
	})
	if err != nil {
		return err
	}
	if all := int64(m.c.holdings.expected); m.c.dangling > maxBadCount && float64(m.c.dangling) > maxBadShare*float64(all) {
		return ErrInconsistent.With("%d grants or credentials name things that the system does not have; the first: %s", m.c.dangling, m.c.warnings.list[0])
	}
	if err := m.retain(ctx); err != nil {
		return err
	}
	if err := m.gone(ctx); err != nil {
		return err
	}
	if err := m.holders(ctx); err != nil {
		return err
	}
	return m.finish(ctx)
}

// gone ends the objects that are no longer there.
func (m *merge) gone(ctx context.Context) error {
	for _, kind := range objectKinds {
		gone, _ := m.c.removed(kind)
		for _, key := range gone {
			m.end(access.Ref{Kind: kind, Key: key})
			m.r.Removed++
			if err := m.flush(ctx, batchRows); err != nil {
				return err
			}
		}
	}
	return nil
}

// step tells how far it is: every record is looked at, then every fact that starts
// at a holder once more.
func (m *merge) step(n int64) {
	was := m.looked
	if m.looked += n; m.looked/progressRows != was/progressRows {
		m.progress("storing "+m.system.Name, m.looked, m.total())
	}
}

func (m *merge) total() int64 { return m.c.records + m.c.facts }

// progressRows is how many rows lie between two tellings.
const progressRows = 5000

// Told is what whoever follows is told of an object: that it changed, or of what
// starts at it the grants alone.
type Told struct {
	Ref        access.Ref
	OnlyGrants bool
}

// note keeps what is to be told of an object.
func (m *merge) note(ref access.Ref, onlyGrants bool) {
	if m.told == nil {
		return
	}
	was, known := m.told[ref]
	m.told[ref] = onlyGrants && (was || !known)
	if len(m.told) > bulkThreshold {
		m.told = nil
	}
}

// tell lists what is to be told.
func (m *merge) tell() []Told {
	list := make([]Told, 0, len(m.told))
	for ref, onlyGrants := range m.told {
		list = append(list, Told{ref, onlyGrants})
	}
	return list
}

func (m *merge) end(ref access.Ref) {
	m.batch.Ended = append(m.batch.Ended, ref)
	m.note(ref, false)
}

// object stages one resource, entitlement or account that differs, and keeps
// grants and credentials for later.
func (m *merge) object(ctx context.Context, rec *connector.Record) error {
	var (
		ref  access.Ref
		what change
		err  error
	)
	switch {
	case rec.Resource != nil:
		var row ResourceRow
		if row, what, err = m.c.resource(rec.Resource); what != same {
			m.batch.Resources = append(m.batch.Resources, row)
		}
		ref = row.ID.Ref()
	case rec.Entitlement != nil:
		var row EntitlementRow
		if row, what, err = m.c.entitlement(rec.Entitlement); what != same {
			m.batch.Entitlements = append(m.batch.Entitlements, row)
		}
		ref = row.ID.Ref()
	case rec.Account != nil:
		var row AccountRow
		if row, what, err = m.c.account(rec.Account); what != same {
			m.batch.Accounts = append(m.batch.Accounts, row)
		}
		ref = row.ID.Ref()
		m.usage(row.ID, rec.Account)
	default:
		m.c.hold(rec)
		return nil
	}
	if err != nil || what == same {
		return err
	}
	if what == replaced {
		m.end(ref)
	}
	m.note(ref, false)
	m.r.Changed++
	return m.flush(ctx, batchRows)
}

// usage keeps when an account was last used, where that moved forward.
func (m *merge) usage(id access.AccountID, a *connector.Account) {
	if !a.UsageKnown {
		return
	}
	if o := m.c.known.Accounts.find(a.ID); o.used < a.LastUsed {
		o.used = a.LastUsed // listed again, it is not kept again
		m.used = append(m.used, Usage{id, a.LastUsed})
	}
}

// holders compares what starts at each holder, then ends what started at holders
// that have nothing left.
func (m *merge) holders(ctx context.Context) error {
	known := m.c.known.Holdings.inOrder()
	err := m.c.holdings.each(func(x holder) error {
		m.c.counts.Grants += int64(len(x.grants))
		m.c.counts.Credentials += int64(len(x.credentials))
		m.step(int64(len(x.grants) + len(x.credentials)))
		digest := m.c.holdings.digest(x)
		if m.c.unclear[x.ref] {
			digest[0] ^= 0xff // so that it is looked at again once it is clear
		}
		was, had := known.upTo(x.ref)
		if had && was == digest {
			return nil
		}
		return m.holder(ctx, x, HoldingRow{x.ref, digest, had, m.c.elsewhere[x.ref]})
	})
	if err != nil {
		return err
	}
	for _, ref := range known.others() {
		if m.c.unclear[ref] {
			continue
		}
		if err := m.holder(ctx, holder{ref: ref}, HoldingRow{Holder: ref, Had: true}); err != nil {
			return err
		}
	}
	return nil
}

// holder stages the difference of one holder's grants and credentials.
func (m *merge) holder(ctx context.Context, x holder, row HoldingRow) error {
	m.batch.Holdings = append(m.batch.Holdings, row)
	m.r.Changed++
	var grants []GrantRow
	var credentials []CredentialRow
	if row.Had {
		var err error
		if grants, credentials, err = m.Store.HolderGrants(ctx, m.system.ID, x.ref); err != nil {
			return err
		}
	}
	m.grantsMore += int64(len(x.grants) - len(grants))
	m.credentialsMore += int64(len(x.credentials) - len(credentials))
	m.grants(grants, x)
	before := len(m.batch.Credentials) + len(m.batch.EndedCreds)
	m.credentials(credentials, x.credentials)
	m.note(x.ref, len(m.batch.Credentials)+len(m.batch.EndedCreds) == before)
	if err := m.guard(ctx); err != nil {
		return err
	}
	return m.flush(ctx, batchRows)
}

// guard refuses a system that lost most of its grants. How many it had is asked
// once it matters: counting them costs more than what changes in most syncs.
func (m *merge) guard(ctx context.Context) (err error) {
	if m.accept || m.removed <= m.allow.Count {
		return nil
	}
	if m.had < 0 {
		if m.had, err = m.Store.LiveGrants(ctx, m.system.ID); err != nil {
			return fmt.Errorf("counting grants: %w", err)
		}
	}
	if m.allow.Refuses(m.removed, m.had) {
		return m.refuse(ErrGuard.With("the sync would remove more than %d of %d grants; nothing was changed. If that is meant, run it again with --accept-removals", m.removed-1, m.had))
	}
	return nil
}

// grants stages the difference of two lists in the same order. What cannot be
// read for a rejected row is not taken for gone.
func (m *merge) grants(was []GrantRow, x holder) {
	is, clear := x.grants, !m.c.unclear[x.ref]
	for len(was)+len(is) > 0 {
		var g GrantRow
		order := -1
		if len(is) > 0 {
			g = is[0].row(x.ref)
			order = 1
			if len(was) > 0 {
				order = compareRows(was[0], g)
			}
		}
		switch {
		case order < 0:
			if clear {
				m.batch.EndedGrants = append(m.batch.EndedGrants, was[0])
				m.removed++
			}
			was = was[1:]
		case order > 0:
			g.Late = m.c.known.Synced != 0 && !m.baseline
			m.batch.Grants = append(m.batch.Grants, g)
			is = is[1:]
		default:
			if g.ID, g.Late = was[0].ID, was[0].Late; g != was[0] {
				m.batch.EndedGrants = append(m.batch.EndedGrants, was[0])
				m.batch.Grants = append(m.batch.Grants, g)
			}
			was, is = was[1:], is[1:]
		}
	}
}

func compareRows(a, b GrantRow) int {
	return cmp.Or(cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Mode, b.Mode))
}

func (m *merge) credentials(was, is []CredentialRow) {
	for _, old := range was {
		same := old
		same.ID = 0
		if !slices.Contains(is, same) {
			m.batch.EndedCreds = append(m.batch.EndedCreds, old)
		}
	}
	for _, c := range is {
		if !slices.ContainsFunc(was, func(old CredentialRow) bool { old.ID = 0; return old == c }) {
			m.batch.Credentials = append(m.batch.Credentials, c)
		}
	}
}

// flush has the batch written when it is large enough. It is written while the
// next one is made ready: the database and the comparison each take their time.
func (m *merge) flush(ctx context.Context, least int) error {
	if m.batch.size() < max(least, 1) {
		return nil
	}
	if err := m.settle(); err != nil {
		return err
	}
	if m.staging == nil {
		st, err := m.Store.Stage(ctx, m.system.ID.Ref(), m.c.known.Synced)
		if err != nil {
			return err
		}
		m.staging = st
	}
	m.writing, m.batch = m.batch, m.writing
	m.batch.System = m.system.ID
	m.batch.reset()
	m.written = make(chan error, 1)
	go func(staging Staging, b *Batch, written chan<- error) { written <- staging.Write(ctx, b) }(m.staging, &m.writing, m.written)
	return nil
}

// settle waits until the batch that is being written has been.
func (m *merge) settle() error {
	if m.written == nil {
		return nil
	}
	err := <-m.written
	m.written = nil
	if err != nil {
		return fmt.Errorf("storing a batch: %w", err)
	}
	return nil
}

// undo takes back what was staged.
func (m *merge) undo(ctx context.Context) error {
	_ = m.settle() // whatever became of it
	if m.staging == nil {
		return nil
	}
	return m.staging.Undo(ctx)
}

// reset makes room for the next batch in the same memory.
func (b *Batch) reset() {
	*b = Batch{
		System: b.System, Resources: b.Resources[:0], Entitlements: b.Entitlements[:0], Accounts: b.Accounts[:0], Ended: b.Ended[:0],
		Holdings: b.Holdings[:0], Grants: b.Grants[:0], EndedGrants: b.EndedGrants[:0], Credentials: b.Credentials[:0],
		EndedCreds: b.EndedCreds[:0], People: b.People[:0],
	}
}

// finish makes everything visible. What was used when is no version of anything:
// it follows, and if it does not get that far the next sync brings it.
func (m *merge) finish(ctx context.Context) error {
	if err := errors.Join(m.flush(ctx, 1), m.settle()); err != nil {
		return err
	}
	m.r.Counts = m.c.counts
	m.c.tellUnresolved()
	m.r.Warnings = append(m.r.Warnings, m.c.warnings.all()...)
	m.r.Waits = m.c.waits()
	changed := m.staging != nil
	if changed {
		if err := m.staging.Flip(ctx, *m.r, m.tell(), m.told == nil); err != nil {
			return err
		}
		m.staging = nil
	}
	if m.used = latest(m.used); len(m.used) > 0 {
		if err := m.Store.KeepUsage(ctx, m.system.ID, m.used, m.told == nil || len(m.used) > bulkThreshold); err != nil {
			return fmt.Errorf("keeping when accounts were used: %w", err)
		}
	}
	m.progress("storing "+m.system.Name, m.total(), m.total())
	if changed {
		return nil
	}
	return m.Store.SyncUnchanged(ctx, m.system.ID.Ref(), *m.r)
}
