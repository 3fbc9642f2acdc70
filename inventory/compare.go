package inventory

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Digest stands for a row's content, so that what did not change costs one
// comparison.
type Digest [16]byte

// Known is what the store has of a system before a sync: by native id, by holder.
type Known struct {
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
	Digest                     Digest
}

// GrantRow is a grant as it is stored; LastUsed is -1 where use is not known.
type GrantRow struct {
	access.Grant
	LastUsed access.Time
}

// CredentialRow is an account's acceptance of a credential as it is stored.
type CredentialRow struct {
	Account access.AccountID
	access.Credential
	Options string
}

// holding is what starts at one holder: compact, since there is one per account.
type holding struct {
	grants      []grantFact
	credentials []CredentialRow
}

type grantFact struct {
	ent, res   uint32
	mode       access.Mode
	flags      access.GrantFlags
	start, end access.Time
	used       access.Time
}

// comparison finds what a spool has that the store has not, and the reverse.
type comparison struct {
	system   access.SystemID
	known    *Known
	people   map[string]access.IdentityID           // by number, where grants name identities
	byPerson bool                                   // some grant does
	keys     map[access.ObjectKind]map[string]int64 // native id to key, of what the spool has
	fresh    map[access.ObjectKind]int              // how many of them are new
	holdings map[access.Ref]*holding
	counts   Counts
	warnings warnings
	dangling int64
	hash     hash.Hash
}

func newComparison(system access.SystemID, known *Known) *comparison {
	c := &comparison{
		system: system, known: known, holdings: map[access.Ref]*holding{}, hash: sha256.New(),
		keys: map[access.ObjectKind]map[string]int64{}, fresh: map[access.ObjectKind]int{},
	}
	for _, k := range objectKinds {
		c.keys[k] = map[string]int64{}
	}
	return c
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

// name gives every object of the spool its key: the one that it has or had, or
// zero until assign knows how many are new.
func (c *comparison) name(r *connector.Record) {
	kind, native := objectOf(r)
	c.byPerson = c.byPerson || r.Grant != nil && r.Grant.Holder.Kind == connector.OnIdentity
	if kind == access.KindNone {
		return
	}
	if _, twice := c.keys[kind][native]; twice {
		c.warnings.add("%s %q is listed twice; the last one counts", kind, native)
		return
	}
	key := c.known.of(kind)[native].Key
	if key == 0 {
		c.fresh[kind]++
		key = -int64(c.fresh[kind]) // the n-th new one
	}
	c.keys[kind][native] = key
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
		keys := c.keys[kind]
		for native, key := range keys {
			if key < 0 {
				keys[native] = first - key - 1
			}
		}
	}
	return nil
}

// removed counts the live objects of a kind that the spool does not have.
func (c *comparison) removed(kind access.ObjectKind) (gone []int64, live int64) {
	for native, o := range c.known.of(kind) {
		if !o.Live {
			continue
		}
		live++
		if _, here := c.keys[kind][native]; !here {
			gone = append(gone, o.Key)
		}
	}
	slices.Sort(gone)
	return gone, live
}

func (c *comparison) digest(v any) (Digest, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Digest{}, err
	}
	sum := sha256.Sum256(b)
	return Digest(sum[:16]), nil
}

// differs reports whether an object is new, returned, or has another content.
func (c *comparison) differs(kind access.ObjectKind, native string, d Digest) bool {
	o := c.known.of(kind)[native]
	return !o.Live || o.Digest != d
}

func (c *comparison) resource(r *connector.Resource) (row ResourceRow, changed bool, err error) {
	row.Resource = access.Resource{
		ID: access.ResourceID(c.keys[access.KindResource][r.ID]), System: c.system, NativeID: r.ID,
		Kind: r.Kind, Name: r.Name, Parent: access.ResourceID(c.keys[access.KindResource][r.Parent]), DataClass: r.DataClass,
	}
	c.counts.Resources++
	row.Digest, err = c.digest(row.Resource)
	return row, c.differs(access.KindResource, r.ID, row.Digest), err
}

func (c *comparison) entitlement(e *connector.Entitlement) (row EntitlementRow, changed bool, err error) {
	row.Entitlement = access.Entitlement{
		ID: access.EntitlementID(c.keys[access.KindEntitlement][e.ID]), System: c.system, NativeID: e.ID,
		Kind: e.Kind, Name: e.Name, Description: e.Description, Resource: access.ResourceID(c.keys[access.KindResource][e.Resource]),
	}
	row.OwnerNumber = e.Owner
	for _, can := range e.Capabilities {
		if on, ok := c.target(can.On); ok {
			row.Capabilities = append(row.Capabilities, access.Capability{Right: can.Right, On: on})
		} else {
			c.warnings.add("entitlement %q: its capability %s is on %s %q, which is not known", e.ID, can.Right, can.On.Kind, can.On.ID)
		}
	}
	for _, native := range e.Conflicts {
		if key := c.keys[access.KindEntitlement][native]; key != 0 {
			row.Conflicts = append(row.Conflicts, access.EntitlementID(key))
		}
	}
	c.counts.Entitlements++
	row.Digest, err = c.digest(row)
	return row, c.differs(access.KindEntitlement, e.ID, row.Digest), err
}

// target resolves what a connector names to an object.
func (c *comparison) target(t connector.Target) (access.Ref, bool) {
	var ref access.Ref
	switch t.Kind {
	case connector.OnSystem:
		ref = c.system.Ref()
		if t.ID != "" {
			ref = c.known.SystemByName[t.ID].Ref()
		}
	case connector.OnResource:
		ref = access.Ref{Kind: access.KindResource, Key: c.keys[access.KindResource][t.ID]}
	case connector.OnAccount:
		ref = access.Ref{Kind: access.KindAccount, Key: c.keys[access.KindAccount][t.ID]}
	case connector.OnEntitlement:
		ref = access.Ref{Kind: access.KindEntitlement, Key: c.keys[access.KindEntitlement][t.ID]}
	case connector.OnIdentity:
		ref = c.people[t.ID].Ref()
	}
	return ref, ref.Key != 0
}

func (c *comparison) account(a *connector.Account) (row AccountRow, changed bool, err error) {
	kind, reason := kindOf(a)
	row.Account = access.Account{
		ID: access.AccountID(c.keys[access.KindAccount][a.ID]), System: c.system, NativeID: a.ID, Login: a.Login,
		Kind: kind, KindReason: reason, Status: cmp.Or(a.Status, access.Enabled), Interactive: a.Interactive,
		Created: a.Created, Expires: a.Expires, Attributes: a.Attributes,
	}
	row.DisplayName, row.Email, row.Number = a.DisplayName, a.Email, a.Number
	if err := row.Validate(); err != nil {
		return row, false, fmt.Errorf("account %q: %w", a.ID, err)
	}
	c.counts.Accounts++
	row.Digest, err = c.digest(row)
	return row, c.differs(access.KindAccount, a.ID, row.Digest), err
}

// hold keeps what starts at a holder until the whole spool is read.
func (c *comparison) hold(r *connector.Record) {
	switch {
	case r.Grant != nil:
		g := r.Grant
		holder, ok := c.target(g.Holder)
		ent := c.keys[access.KindEntitlement][g.Entitlement]
		res := c.keys[access.KindResource][g.Resource]
		if !ok || ent == 0 || (g.Resource != "" && res == 0) {
			c.dangling++
			c.warnings.add("grant of %q to %s %q names something that the system does not have", g.Entitlement, g.Holder.Kind, g.Holder.ID)
			return
		}
		used := g.LastUsed
		if !g.UsageKnown {
			used = -1
		}
		h := c.holding(holder)
		h.grants = append(h.grants, grantFact{ent: uint32(ent), res: uint32(res), mode: g.Mode, flags: g.Flags, start: g.Start, end: g.End, used: used}) //nolint:gosec // assign caps keys
	case r.Credential != nil:
		k := r.Credential
		key := c.keys[access.KindAccount][k.Account]
		if key == 0 {
			c.dangling++
			c.warnings.add("credential %s is of account %q, which the system does not have", k.Fingerprint, k.Account)
			return
		}
		id := access.AccountID(key)
		h := c.holding(id.Ref())
		fingerprint := k.Fingerprint
		if fingerprint == "" {
			fingerprint = id.String() // a password is one account's own
		}
		h.credentials = append(h.credentials, CredentialRow{Account: id, Options: k.Options, Credential: access.Credential{
			Kind: k.Kind, Fingerprint: fingerprint, Algorithm: k.Algorithm, Changed: k.Changed, LastUsed: k.LastUsed,
		}})
		c.counts.Credentials++
	}
}

func (c *comparison) holding(r access.Ref) *holding {
	h := c.holdings[r]
	if h == nil {
		h = &holding{}
		c.holdings[r] = h
	}
	return h
}

// settle sorts a holding, drops what is listed twice, and digests it.
func (c *comparison) settle(h *holding) Digest {
	slices.SortFunc(h.grants, compareGrants)
	h.grants = slices.CompactFunc(h.grants, func(a, b grantFact) bool { return a.ent == b.ent && a.res == b.res && a.mode == b.mode })
	slices.SortFunc(h.credentials, func(a, b CredentialRow) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	h.credentials = slices.CompactFunc(h.credentials, func(a, b CredentialRow) bool { return a.Kind == b.Kind && a.Fingerprint == b.Fingerprint })
	c.counts.Grants += int64(len(h.grants))
	c.hash.Reset()
	var b [40]byte
	for _, g := range h.grants {
		binary.LittleEndian.PutUint32(b[0:], g.ent)
		binary.LittleEndian.PutUint32(b[4:], g.res)
		b[8], b[9] = byte(g.mode), byte(g.flags)
		binary.LittleEndian.PutUint64(b[10:], uint64(g.start)) //nolint:gosec // bits, not a number
		binary.LittleEndian.PutUint64(b[18:], uint64(g.end))   //nolint:gosec // bits, not a number
		binary.LittleEndian.PutUint64(b[26:], uint64(g.used))  //nolint:gosec // bits, not a number
		c.hash.Write(b[:34])
	}
	for _, k := range h.credentials {
		_, _ = fmt.Fprintf(c.hash, "%s\x00%s\x00%s\x00%s\x00%d\x00%d\n", k.Kind, k.Fingerprint, k.Algorithm, k.Options, k.Changed, k.LastUsed)
	}
	return Digest(bytes.Clone(c.hash.Sum(nil))[:16])
}

func compareGrants(a, b grantFact) int {
	return cmp.Or(cmp.Compare(a.ent, b.ent), cmp.Compare(a.res, b.res), cmp.Compare(a.mode, b.mode))
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
