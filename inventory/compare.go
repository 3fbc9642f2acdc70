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
	Resources, Entitlements, Accounts map[string]Object
	Holdings                          map[access.Ref]Digest // of live holders
	Usage                             map[access.AccountID]access.Time
	SystemByName                      map[string]access.SystemID
	Grants                            int64 // live
}

// Object is one known thing of a system. One that is gone keeps its key: should it
// return, it is the same object.
type Object struct {
	Key    int64
	Digest Digest
	Live   bool

	seen, compared bool // in this sync
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
	system    access.SystemID
	known     *Known
	people    map[string]access.IdentityID    // by number, where grants name identities
	byPerson  bool                            // some grant does
	others    map[connector.Target]access.Ref // things of other systems that are named; zero until they are looked up
	fresh     map[access.ObjectKind]int       // how many objects are new
	holdings  holdings
	unclear   map[access.Ref]bool // holders of which a row was rejected
	elsewhere map[access.Ref]bool // holders that are no objects of the system
	counts    Counts
	warnings  warnings
	dangling  int64
}

func newComparison(system access.SystemID, known *Known) *comparison {
	return &comparison{system: system, known: known, fresh: map[access.ObjectKind]int{}, others: map[connector.Target]access.Ref{}, unclear: map[access.Ref]bool{}, elsewhere: map[access.Ref]bool{}, holdings: newHoldings()}
}

// objectKinds are the kinds of object that a sync makes, in dependency order.
var objectKinds = []access.ObjectKind{access.KindResource, access.KindEntitlement, access.KindAccount}

func (k *Known) of(kind access.ObjectKind) map[string]Object {
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

// name gives every object of the spool its key: the one that it has or had, or a
// number below zero until assign knows how many are new. It counts the rest.
func (c *comparison) name(r *connector.Record) {
	c.nameOthers(r)
	switch {
	case r.Grant != nil:
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
	o := c.known.of(kind)[native]
	if o.seen {
		return // a connector may yield a thing again
	}
	o.seen = true
	if o.Key == 0 {
		c.fresh[kind]++
		o.Key = -int64(c.fresh[kind]) // the n-th new one
		native = strings.Clone(native)
	}
	c.known.of(kind)[native] = o
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
		all := c.known.of(kind)
		for native, o := range all {
			if o.Key < 0 {
				o.Key = first - o.Key - 1
				all[native] = o
			}
		}
	}
	return nil
}

// keep says of a rejected row what it was about: an object whose row cannot be
// read stays as it was, and so does what a holder had whose grant cannot be read.
func (c *comparison) keep(r *connector.Reject) {
	if kind := kindOfTarget(r.Object.Kind); kind != access.KindNone {
		if o := c.known.of(kind)[r.Object.ID]; o.Live && !o.seen {
			o.seen, o.compared = true, true
			c.known.of(kind)[strings.Clone(r.Object.ID)] = o
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
	for _, o := range c.known.of(kind) {
		if !o.Live {
			continue
		}
		live++
		if !o.seen {
			gone = append(gone, o.Key)
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
	all := c.known.of(kind)
	o := all[native]
	if o.compared {
		if o.Digest != d {
			c.warnings.add("%s %q is listed twice with different content; the first counts", kind, native)
		}
		return same
	}
	c.count(kind)
	what := replaced
	switch {
	case !o.Live:
		what = appeared
	case o.Digest == d:
		what = same
	}
	o.compared, o.Digest = true, d
	all[native] = o // the key is in the map: its text stays the one that is
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
	if o := c.known.of(kind)[native]; o.seen {
		return o.Key
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
			c.warnings.add("entitlement %q: its capability %s is on %s, which is not known", e.ID, can.Right, nameOf(can.On))
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
			c.warnings.add("account %q is opened by %s, which is not known", a.ID, nameOf(t))
			continue
		}
		list = append(list, access.AccountID(ref.Key))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// nameOf names a target in a warning, and what makes one of another system known.
func nameOf(t connector.Target) string {
	if t.System == "" {
		return fmt.Sprintf("%s %q", t.Kind, t.ID)
	}
	return fmt.Sprintf("%s %q of system %q (read that system first; the name must be one's only)", t.Kind, t.ID, t.System)
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
