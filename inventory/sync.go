package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// SyncStore is what a system's sync needs.
type SyncStore interface {
	Known(ctx context.Context, id access.SystemID) (*Known, error)
	// Numbers returns whom each employee number or workload name is.
	Numbers(ctx context.Context) (map[string]access.IdentityID, error)
	// HolderGrants returns what the store has of one holder's grants in a system,
	// ordered by entitlement, resource and mode, and of an account's credentials.
	HolderGrants(ctx context.Context, system access.SystemID, holder access.Ref) ([]GrantRow, []CredentialRow, error)
	// Reserve takes n consecutive keys and returns the first.
	Reserve(ctx context.Context, kind access.ObjectKind, n int) (int64, error)
	// Stage begins a bulk change of a system or source that nobody sees before Flip.
	Stage(ctx context.Context, on access.Ref) (Staging, error)
	// SyncFailed keeps that a sync failed, and why.
	SyncFailed(ctx context.Context, on access.Ref, reason string) error
	// SyncUnchanged keeps that a sync found nothing new.
	SyncUnchanged(ctx context.Context, on access.Ref, r Report) error
}

// Staging takes a bulk change in batches.
type Staging interface {
	Write(ctx context.Context, b *Batch) error
	// Flip makes everything visible at once, with the sync's state.
	Flip(ctx context.Context, r Report, refs []access.Ref, bulk bool) error
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
	Holdings    map[access.Ref]HoldingRow
	Grants      []GrantRow
	EndedGrants []GrantRow
	Credentials []CredentialRow
	EndedCreds  []CredentialRow
	Usage       map[access.AccountID]access.Time

	People []PersonRow
}

// HoldingRow is the digest of what starts at a holder. Had says that it replaces
// one; the zero digest replaces it with nothing.
type HoldingRow struct {
	Digest Digest
	Had    bool
}

const batchRows = 5000

func (b *Batch) size() int {
	return len(b.Resources) + len(b.Entitlements) + len(b.Accounts) + len(b.Ended) + len(b.Holdings) +
		len(b.Grants) + len(b.EndedGrants) + len(b.Credentials) + len(b.EndedCreds) + len(b.Usage) + len(b.People)
}

// bulkThreshold is how many objects change before those who follow are told of
// the system instead of each.
const bulkThreshold = 20000

// SyncSystem reads a system completely and makes the difference visible at once.
func (s *Service) SyncSystem(ctx context.Context, id access.SystemID, o SyncOptions) (Report, error) {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return Report{}, err
	}
	r, err := s.syncSystem(ctx, y, o)
	if err != nil {
		err = fmt.Errorf("system %s: %w", y.Name, err)
		return r, errors.Join(err, s.Store.SyncFailed(context.WithoutCancel(ctx), id.Ref(), err.Error()))
	}
	return r, nil
}

func (s *Service) syncSystem(ctx context.Context, y System, o SyncOptions) (r Report, err error) {
	spec, ok := s.Connectors[y.connector()]
	if !ok {
		return r, ErrUnknownKind.With("%q is not a kind of system that can be read", y.connector())
	}
	sp, err := s.spool(y.ID.Ref(), y.connector()+" "+y.Config.Address)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, sp.close())
		}
	}()
	if !sp.done {
		if r.Warnings, err = s.collect(ctx, y, spec, sp); err != nil {
			return r, err
		}
	}
	rejects, err := s.mergeSystem(ctx, y, sp, o, &r)
	if err != nil {
		return r, err
	}
	r.Counts.Rejected = rejects
	return r, sp.remove()
}

func (s *Service) spool(on access.Ref, about string) (*spool, error) {
	dir := filepath.Join(s.Dir, "sync")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return openSpool(filepath.Join(dir, on.String()+".spool"), about, s.now())
}

// collect reads the connector into the spool.
func (s *Service) collect(ctx context.Context, y System, spec connector.Spec, sp *spool) (warnings []string, err error) {
	credential, err := s.credential(ctx, y.Name, y.Config.Credential)
	if err != nil {
		return nil, err
	}
	defer credential.Wipe()
	c, err := spec.Open(ctx, connector.Config{Name: y.Name, Address: y.Config.Address, Options: y.Config.Options, Credential: credential, Now: s.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	d, err := c.Describe(ctx)
	if err != nil {
		return nil, err
	}
	var n int64
	for r, err := range c.Discover(ctx, sp.cursor) {
		if err != nil {
			return nil, err
		}
		if err := sp.add(r); err != nil {
			return nil, fmt.Errorf("writing the spool: %w", err)
		}
		if n++; n%5000 == 0 {
			s.progress("reading "+y.Name, n, 0)
		}
	}
	s.progress("reading "+y.Name, n, n)
	return d.Warnings, sp.finish()
}

func (s *Service) credential(ctx context.Context, name, reference string) (secret.Secret, error) {
	if s.Credential == nil {
		return secret.Secret{}, nil
	}
	return s.Credential(ctx, name, reference)
}

// mergeSystem compares the spool with the store, asks the guard, and stages the
// difference.
func (s *Service) mergeSystem(ctx context.Context, y System, sp *spool, o SyncOptions, r *Report) (rejected int64, err error) {
	known, err := s.Store.Known(ctx, y.ID)
	if err != nil {
		return 0, fmt.Errorf("reading what is known: %w", err)
	}
	c := newComparison(y.ID, known)
	err = sp.each(func(rec *connector.Record) error {
		c.name(rec)
		if rec.Reject != nil {
			rejected++
			c.warnings.add("%s: %s", rec.Reject.Where, rec.Reject.Reason)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if c.byPerson {
		if c.people, err = s.Store.Numbers(ctx); err != nil {
			return 0, fmt.Errorf("reading employee numbers: %w", err)
		}
	}
	if err := c.assign(ctx, s.Store.Reserve); err != nil {
		return 0, err
	}
	if !o.AcceptRemovals {
		if err := c.guard(s.guard()); err != nil {
			return 0, err
		}
	}
	m := &merge{Service: s, c: c, system: y, r: r, accept: o.AcceptRemovals}
	defer func() {
		if m.staging != nil && err != nil {
			err = errors.Join(err, m.staging.Undo(context.WithoutCancel(ctx)))
		}
	}()
	if err := m.run(ctx, sp); err != nil {
		return 0, err
	}
	return rejected, nil
}

// guard refuses a system that lost most of its accounts or entitlements.
func (c *comparison) guard(g Guard) error {
	for _, kind := range []access.ObjectKind{access.KindAccount, access.KindEntitlement} {
		gone, live := c.removed(kind)
		if g.Refuses(int64(len(gone)), live) {
			return ErrGuard.With("the sync would remove %d of %d %ss; nothing was changed. If that is meant, run it again with --accept-removals", len(gone), live, kind)
		}
	}
	return nil
}

// merge writes the difference of one comparison.
type merge struct {
	*Service
	c       *comparison
	system  System
	r       *Report
	accept  bool
	staging Staging
	batch   Batch
	refs    map[access.Ref]struct{}
}

func (m *merge) run(ctx context.Context, sp *spool) error {
	m.refs = map[access.Ref]struct{}{}
	m.batch.System = m.system.ID
	if err := sp.each(func(rec *connector.Record) error { return m.object(ctx, rec) }); err != nil {
		return err
	}
	if total := m.c.counts.Grants + m.c.dangling; m.c.dangling > 10 && m.c.dangling*10 > total+int64(len(m.c.holdings)) {
		return ErrInconsistent.With("%d grants or credentials name things that the system does not have; the first: %s", m.c.dangling, m.c.warnings.list[0])
	}
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
	if err := m.holdings(ctx); err != nil {
		return err
	}
	return m.finish(ctx)
}

func (m *merge) end(ref access.Ref) {
	m.batch.Ended = append(m.batch.Ended, ref)
	m.refs[ref] = struct{}{}
}

// object stages one resource, entitlement or account that differs, and keeps
// grants and credentials for holdings.
func (m *merge) object(ctx context.Context, rec *connector.Record) error {
	var (
		ref     access.Ref
		native  string
		changed bool
		err     error
	)
	switch {
	case rec.Resource != nil:
		var row ResourceRow
		row, changed, err = m.c.resource(rec.Resource)
		ref, native = row.ID.Ref(), row.NativeID
		if changed {
			m.batch.Resources = append(m.batch.Resources, row)
		}
	case rec.Entitlement != nil:
		var row EntitlementRow
		row, changed, err = m.c.entitlement(rec.Entitlement)
		ref, native = row.ID.Ref(), row.NativeID
		if changed {
			m.batch.Entitlements = append(m.batch.Entitlements, row)
		}
	case rec.Account != nil:
		var row AccountRow
		row, changed, err = m.c.account(rec.Account)
		ref, native = row.ID.Ref(), row.NativeID
		if changed {
			m.batch.Accounts = append(m.batch.Accounts, row)
		}
		m.usage(row.ID, rec.Account)
	default:
		m.c.hold(rec)
		return nil
	}
	if err != nil || !changed {
		return err
	}
	if m.c.known.of(ref.Kind)[native].Live {
		m.end(ref)
	}
	m.refs[ref] = struct{}{}
	m.r.Changed++
	return m.flush(ctx, batchRows)
}

// usage keeps when an account was last used, where that moved forward; -1 says
// that the system does not know.
func (m *merge) usage(id access.AccountID, a *connector.Account) {
	if !a.UsageKnown {
		return
	}
	if was, ok := m.c.known.Usage[id]; ok && was >= a.LastUsed {
		return
	}
	if m.batch.Usage == nil {
		m.batch.Usage = map[access.AccountID]access.Time{}
	}
	m.batch.Usage[id] = a.LastUsed
	m.refs[id.Ref()] = struct{}{}
}

// holdings compares what starts at each holder, holders in key order.
func (m *merge) holdings(ctx context.Context) error {
	refs := make([]access.Ref, 0, len(m.c.holdings))
	for ref := range m.c.holdings {
		refs = append(refs, ref)
	}
	for ref := range m.c.known.Holdings {
		if m.c.holdings[ref] == nil {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b access.Ref) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind)) })
	var removed int64
	for i, ref := range refs {
		was, had := m.c.known.Holdings[ref]
		var digest Digest
		h := m.c.holdings[ref]
		if h != nil {
			digest = m.c.settle(h)
		} else {
			h = &holding{}
		}
		if had && was == digest {
			continue
		}
		n, err := m.holder(ctx, ref, h, digest, had)
		if err != nil {
			return err
		}
		if removed += n; !m.accept && m.guard().Refuses(removed, m.c.known.Grants) {
			return ErrGuard.With("the sync would remove more than %d of %d grants; nothing was changed. If that is meant, run it again with --accept-removals", removed, m.c.known.Grants)
		}
		if err := m.flush(ctx, batchRows); err != nil {
			return err
		}
		if i%5000 == 0 {
			m.progress("storing "+m.system.Name, int64(i), int64(len(refs)))
		}
	}
	return nil
}

// holder stages the difference of one holder's grants and credentials.
func (m *merge) holder(ctx context.Context, ref access.Ref, h *holding, digest Digest, had bool) (removed int64, err error) {
	var oldGrants []GrantRow
	var oldCreds []CredentialRow
	if had {
		if oldGrants, oldCreds, err = m.Store.HolderGrants(ctx, m.system.ID, ref); err != nil {
			return 0, err
		}
	}
	if m.batch.Holdings == nil {
		m.batch.Holdings = map[access.Ref]HoldingRow{}
	}
	m.batch.Holdings[ref] = HoldingRow{digest, had}
	m.refs[ref] = struct{}{}
	m.r.Changed++
	now := map[GrantRow]bool{}
	for _, g := range h.grants {
		now[m.grantRow(ref, g)] = true
	}
	for _, g := range oldGrants {
		id := g.ID
		g.ID = 0
		if now[g] {
			delete(now, g)
			continue
		}
		g.ID = id
		m.batch.EndedGrants = append(m.batch.EndedGrants, g)
		removed++
	}
	for _, f := range h.grants {
		if g := m.grantRow(ref, f); now[g] {
			m.batch.Grants = append(m.batch.Grants, g)
			removed--
		}
	}
	m.credentials(oldCreds, h.credentials)
	return max(removed, 0), nil
}

func (m *merge) grantRow(holder access.Ref, f grantFact) GrantRow {
	return GrantRow{LastUsed: f.used, Grant: access.Grant{
		Holder: holder, Entitlement: access.EntitlementID(f.ent), Resource: access.ResourceID(f.res),
		Mode: f.mode, Flags: f.flags, Start: f.start, End: f.end,
	}}
}

func (m *merge) credentials(was, is []CredentialRow) {
	now := map[CredentialRow]bool{}
	for _, c := range is {
		now[c] = true
	}
	for _, c := range was {
		same := c
		same.ID = 0
		if now[same] {
			delete(now, same)
			continue
		}
		m.batch.EndedCreds = append(m.batch.EndedCreds, c)
	}
	for _, c := range is {
		if now[c] {
			m.batch.Credentials = append(m.batch.Credentials, c)
		}
	}
}

// flush writes the batch when it is large enough.
func (m *merge) flush(ctx context.Context, least int) error {
	if m.batch.size() < max(least, 1) {
		return nil
	}
	if m.staging == nil {
		st, err := m.Store.Stage(ctx, m.system.ID.Ref())
		if err != nil {
			return err
		}
		m.staging = st
	}
	if err := m.staging.Write(ctx, &m.batch); err != nil {
		return fmt.Errorf("storing a batch: %w", err)
	}
	m.batch = Batch{System: m.system.ID}
	return nil
}

func (m *merge) finish(ctx context.Context) error {
	if err := m.flush(ctx, 1); err != nil {
		return err
	}
	m.r.Counts = m.c.counts
	m.r.Warnings = append(m.r.Warnings, m.c.warnings.all()...)
	if m.staging == nil {
		return m.Store.SyncUnchanged(ctx, m.system.ID.Ref(), *m.r)
	}
	refs := make([]access.Ref, 0, len(m.refs))
	bulk := m.system.State.Synced == 0 || len(m.refs) > bulkThreshold
	if !bulk {
		for ref := range m.refs {
			refs = append(refs, ref)
		}
	}
	if err := m.staging.Flip(ctx, *m.r, refs, bulk); err != nil {
		return err
	}
	m.progress("storing "+m.system.Name, 1, 1)
	m.staging = nil
	return nil
}
