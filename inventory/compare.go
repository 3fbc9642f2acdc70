package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Digest stands for a row's content, so that what did not change costs one
// comparison.
type Digest [16]byte

// Known is what the store has of a system before a sync: by native id, by holder.
// The sync that asked for it marks in it what it has seen.
type Known struct {
	Synced                            access.Time // the last complete sync: what Known is as of
	Resources, Entitlements, Accounts *Objects
	Holdings                          Held
	SystemByName                      map[string]access.SystemID
}

// ResourceRow is a resource as it is stored.
type ResourceRow struct {
	access.Resource
	Digest Digest
}

// EntitlementRow is an entitlement as it is stored.
type EntitlementRow struct {
	access.Entitlement
	OwnerNumber string
	Conflicts   []access.EntitlementID
	Digest      Digest
}

// AccountRow is an account as it is stored.
type AccountRow struct {
	access.Account
	DisplayName, Email, Number string
	OpenedBy                   []access.AccountID `json:",omitempty"` // in the order of keys
	Digest                     Digest
}

// comparison finds what a spool has that the store has not, and the reverse.
type comparison struct {
	system     access.SystemID
	known      *Known
	people     map[string]access.IdentityID    // by number, where grants name identities
	byPerson   bool                            // some grant does
	others     map[connector.Target]access.Ref // things of other systems that are named; zero until they are looked up
	fresh      map[access.ObjectKind]int       // how many objects are new
	records    int64                           // in the spool
	facts      int64                           // grants and credentials among them
	holdings   holdings
	unclear    map[access.Ref]bool   // holders of which a row was rejected
	elsewhere  map[access.Ref]bool   // holders that are no objects of the system
	unresolved map[string]unresolved // by system
	kept       map[access.Ref]bool   // objects that are out of sight
	counts     Counts
	warnings   warnings
	dangling   int64

	lastHolder struct { // of a grant or credential
		named connector.Target
		ref   access.Ref
	}
}

func newComparison(system access.SystemID, known *Known) *comparison {
	return &comparison{system: system, known: known, fresh: map[access.ObjectKind]int{}, others: map[connector.Target]access.Ref{}, unclear: map[access.Ref]bool{}, elsewhere: map[access.Ref]bool{}, unresolved: map[string]unresolved{}, kept: map[access.Ref]bool{}, holdings: newHoldings()}
}

// objectKinds are the kinds of object that a sync makes, in dependency order.
var objectKinds = []access.ObjectKind{access.KindResource, access.KindEntitlement, access.KindAccount}

func (k *Known) of(kind access.ObjectKind) *Objects {
	switch kind {
	case access.KindResource:
		return k.Resources
	case access.KindEntitlement:
		return k.Entitlements
	case access.KindAccount:
		return k.Accounts
	default:
		return nil
	}
}

// name gives every object of the spool its key: the one that it has or had, or its
// number among the new ones until assign knows how many there are. It counts the rest.
func (c *comparison) name(r *connector.Record) {
	c.nameOthers(r)
	switch {
	case r.Credential != nil:
		c.facts++
		return
	case r.Grant != nil:
		c.facts++
		c.holdings.expected++
		c.byPerson = c.byPerson || r.Grant.Holder.Kind == connector.OnIdentity
		return
	case r.Reject != nil:
		c.counts.Rejected++
		return
	}
	kind, native := objectOf(r)
	if kind == access.KindNone {
		return
	}
	o := c.known.of(kind).add(native)
	if o.is(isSeen) {
		return // a connector may yield a thing again
	}
	o.state |= isSeen
	if o.key == 0 {
		c.fresh[kind]++
		o.key, o.state = uint32(c.fresh[kind]), o.state|isFresh //nolint:gosec // fewer than records
	}
}

// nameOthers notes what a record names of other systems.
func (c *comparison) nameOthers(r *connector.Record) {
	note := func(t connector.Target) {
		if _, known := c.others[t]; t.System != "" && !known {
			c.others[connector.Target{Kind: t.Kind, ID: strings.Clone(t.ID), System: strings.Clone(t.System)}] = access.Ref{}
		}
	}
	switch {
	case r.Grant != nil:
		note(r.Grant.Holder)
	case r.Account != nil:
		for _, t := range r.Account.OpenedBy {
			note(t)
		}
	case r.Entitlement != nil:
		for _, can := range r.Entitlement.Capabilities {
			note(can.On)
		}
	}
}

// waits are the systems of which something is named that is not known.
func (c *comparison) waits() []string {
	names := map[string]bool{}
	for t, ref := range c.others {
		if ref.Key == 0 {
			names[t.System] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func objectOf(r *connector.Record) (access.ObjectKind, string) {
	switch {
	case r.Resource != nil:
		return access.KindResource, r.Resource.ID
	case r.Entitlement != nil:
		return access.KindEntitlement, r.Entitlement.ID
	case r.Account != nil:
		return access.KindAccount, r.Account.ID
	}
	return access.KindNone, ""
}

// assign gives the new objects keys from the store.
func (c *comparison) assign(ctx context.Context, reserve func(ctx context.Context, kind access.ObjectKind, n int) (int64, error)) error {
	for kind, n := range c.fresh {
		first, err := reserve(ctx, kind, n)
		if err != nil {
			return err
		}
		if first+int64(n) > math.MaxUint32 {
			return fmt.Errorf("too many objects of kind %s", kind)
		}
		for o := range c.known.of(kind).all() {
			if o.is(isFresh) {
				o.key, o.state = uint32(first)+o.key-1, o.state&^isFresh //nolint:gosec // checked above
			}
		}
	}
	return nil
}

// keep says of a rejected row what it was about: an object whose row cannot be
// read stays as it was, and so does what a holder had whose grant cannot be read.
func (c *comparison) keep(r *connector.Reject) {
	if kind := kindOfTarget(r.Object.Kind); kind != access.KindNone {
		if o := c.known.of(kind).find(r.Object.ID); o != nil && o.is(isLive) && !o.is(isSeen) {
			o.state |= isSeen | isCompared
			c.count(kind)
			c.warnings.add("%s: the row cannot be read, so %s %q stays as it was", r.Where, kind, r.Object.ID)
			return
		}
	}
	c.warnings.add("%s: %s", r.Where, r.Reason)
	if ref, ok := c.target(r.Holder); ok {
		c.unclear[ref] = true
	}
}

func kindOfTarget(k connector.TargetKind) access.ObjectKind {
	switch k {
	case connector.OnResource:
		return access.KindResource
	case connector.OnEntitlement:
		return access.KindEntitlement
	case connector.OnAccount:
		return access.KindAccount
	case connector.OnSystem, connector.OnIdentity:
	}
	return access.KindNone
}

// removed counts the live objects of a kind that the spool does not have.
func (c *comparison) removed(kind access.ObjectKind) (gone []int64, live int64) {
	for o := range c.known.of(kind).all() {
		if !o.is(isLive) {
			continue
		}
		live++
		if !o.is(isSeen) {
			gone = append(gone, int64(o.key))
		}
	}
	slices.Sort(gone)
	return gone, live
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

// change is what compare found of an object.
type change uint8

const (
	same     change = iota
	appeared        // it is new, or returned
	replaced        // it was there with another content
)

// compare says how an object differs, the first time that it is listed.
func (c *comparison) compare(kind access.ObjectKind, native string, d Digest) change {
	o := c.known.of(kind).find(native)
	if o.is(isCompared) {
		if o.digest != d {
			c.warnings.add("%s %q is listed twice with different content; the first counts", kind, native)
		}
		return same
	}
	c.count(kind)
	what := replaced
	switch {
	case !o.is(isLive):
		what = appeared
	case o.digest == d:
		what = same
	}
	o.state, o.digest = o.state|isCompared, d
	return what
}

func (c *comparison) count(kind access.ObjectKind) {
	switch kind {
	case access.KindResource:
		c.counts.Resources++
	case access.KindEntitlement:
		c.counts.Entitlements++
	case access.KindAccount:
		c.counts.Accounts++
	default:
	}
}

// key returns the key of an object that the spool has, or zero.
func (c *comparison) key(kind access.ObjectKind, native string) int64 {
	if o := c.known.of(kind).find(native); o != nil && o.is(isSeen) {
		return int64(o.key)
	}
	return 0
}

// target resolves what a connector names to an object.
func (c *comparison) target(t connector.Target) (access.Ref, bool) {
	var ref access.Ref
	if t.System != "" {
		ref = c.others[t]
		return ref, ref.Key != 0
	}
	switch t.Kind {
	case connector.OnSystem:
		ref = c.system.Ref()
		if t.ID != "" {
			ref = c.known.SystemByName[t.ID].Ref()
		}
	case connector.OnResource, connector.OnAccount, connector.OnEntitlement:
		kind := kindOfTarget(t.Kind)
		ref = access.Ref{Kind: kind, Key: c.key(kind, t.ID)}
	case connector.OnIdentity:
		ref = c.people[t.ID].Ref()
	}
	return ref, ref.Key != 0
}

func digestOf(parts ...any) (Digest, error) {
	b, err := json.Marshal(parts)
	sum := sha256.Sum256(b)
	return Digest(sum[:16]), err
}

func (c *comparison) resource(r *connector.Resource) (row ResourceRow, what change, err error) {
	row.Resource = access.Resource{
		ID: access.ResourceID(c.key(access.KindResource, r.ID)), System: c.system, NativeID: r.ID,
		Kind: r.Kind, Name: r.Name, Parent: access.ResourceID(c.key(access.KindResource, r.Parent)), DataClass: r.DataClass,
	}
	if row.Digest, err = digestOf(row.Resource); err != nil {
		return row, same, err
	}
	return row, c.compare(access.KindResource, r.ID, row.Digest), nil
}

func (c *comparison) entitlement(e *connector.Entitlement) (row EntitlementRow, what change, err error) {
	row.Entitlement = access.Entitlement{
		ID: access.EntitlementID(c.key(access.KindEntitlement, e.ID)), System: c.system, NativeID: e.ID,
		Kind: e.Kind, Name: e.Name, Description: e.Description, Resource: access.ResourceID(c.key(access.KindResource, e.Resource)),
	}
	row.OwnerNumber = e.Owner
	for _, can := range e.Capabilities {
		if on, ok := c.target(can.On); ok {
			row.Capabilities = append(row.Capabilities, access.Capability{Right: can.Right, On: on})
		} else {
			c.unknown("entitlement %q: its capability %s is on %s", can.On, e.ID, can.Right)
		}
	}
	for _, native := range e.Conflicts {
		if key := c.key(access.KindEntitlement, native); key != 0 {
			row.Conflicts = append(row.Conflicts, access.EntitlementID(key))
		}
	}
	if row.Digest, err = digestOf(row); err != nil {
		return row, same, err
	}
	return row, c.compare(access.KindEntitlement, e.ID, row.Digest), nil
}

func (c *comparison) account(a *connector.Account) (row AccountRow, what change, err error) {
	kind, reason := kindOf(a)
	row.Account = access.Account{
		ID: access.AccountID(c.key(access.KindAccount, a.ID)), System: c.system, NativeID: a.ID, Login: a.Login,
		Kind: kind, KindReason: reason, Status: a.Status, Interactive: a.Interactive,
		Created: a.Created, Expires: a.Expires, Attributes: a.Attributes,
	}
	if row.Status == "" {
		row.Status = access.Enabled
	}
	row.DisplayName, row.Email, row.Number = a.DisplayName, a.Email, a.Number
	row.OpenedBy = c.openers(a)
	if err := row.Validate(); err != nil {
		return row, same, fmt.Errorf("account %q: %w", a.ID, err)
	}
	if row.Digest, err = digestOf(row); err != nil {
		return row, same, err
	}
	return row, c.compare(access.KindAccount, a.ID, row.Digest), nil
}

// openers are the accounts that open one, each once.
func (c *comparison) openers(a *connector.Account) (list []access.AccountID) {
	for _, t := range a.OpenedBy {
		ref, ok := c.target(t)
		if !ok || ref.Kind != access.KindAccount {
			c.unknown("account %q is opened by %s", t, a.ID)
			continue
		}
		list = append(list, access.AccountID(ref.Key))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// unknown warns of a target that is not known; the last verb of the text is for it.
// What several things name of another system is told once, with the first of them.
func (c *comparison) unknown(text string, t connector.Target, args ...any) {
	text = fmt.Sprintf(text, append(args, fmt.Sprintf("%s %q", t.Kind, t.ID))...)
	if t.System == "" {
		c.warnings.add("%s, which is not known", text)
		return
	}
	s := c.unresolved[t.System]
	if s.n++; s.n == 1 {
		s.first = text
	}
	c.unresolved[t.System] = s
}

// unresolved counts what is named of another system and is not known.
type unresolved struct {
	n     int
	first string
}

// tellUnresolved warns of each system of which something is named that is not known.
func (c *comparison) tellUnresolved() {
	for _, system := range slices.Sorted(maps.Keys(c.unresolved)) {
		s := c.unresolved[system]
		c.warnings.add("%d things name something of system %q that is not known: read that system first, and a name must be one's only; the first: %s", s.n, system, s.first)
	}
}

// warnings keeps the first few and counts the rest.
type warnings struct {
	list []string
	more int
}

const maxWarnings = 20

func (w *warnings) add(format string, args ...any) {
	if len(w.list) >= maxWarnings {
		w.more++
		return
	}
	w.list = append(w.list, fmt.Sprintf(format, args...))
}

func (w *warnings) all() []string {
	if w.more == 0 {
		return w.list
	}
	return append(slices.Clone(w.list), fmt.Sprintf("and %d more like these", w.more))
}
