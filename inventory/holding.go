package inventory

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// GrantRow is a grant as it is stored. It keeps its id as long as it is there,
// whatever else of it changes.
type GrantRow struct {
	access.Grant
	LastUsed access.Time // -1 where use is not known
	Late     bool        // it appeared after the system's baseline
}

// CredentialRow is an account's acceptance of a credential as it is stored.
type CredentialRow struct {
	Account access.AccountID
	access.Credential
	Options string
}

// holdings are all grants and credentials of a system while it is compared. There
// are ten times as many grants as anything else, so each is a few numbers in one
// slice; sorting it puts each holder's together.
type holdings struct {
	expected    int // grants, as a first reading of the spool counted them
	grants      []grantFact
	credentials []CredentialRow
	periods     []period // what few grants have; the first is "none known"
	periodOf    map[period]uint32
	words       map[string]string // texts that recur
	hash        hash.Hash
	sum         []byte
}

type grantFact struct {
	holder, ent, res uint32 // keys; assign caps them
	period           uint32
	kind             access.ObjectKind
	mode             access.Mode
	flags            access.GrantFlags
}

// period is when a grant holds, and when it was last used (-1: not known).
type period struct{ start, end, used access.Time }

var noPeriod = period{used: -1}

// maxPeriods is how many are looked up for one that is the same.
const maxPeriods = 1 << 20

func newHoldings() holdings {
	return holdings{periods: []period{noPeriod}, periodOf: map[period]uint32{noPeriod: 0}, words: map[string]string{}, hash: sha256.New()}
}

func (h *holdings) period(p period) uint32 {
	i, ok := h.periodOf[p]
	if !ok {
		i = uint32(len(h.periods)) //nolint:gosec // fewer than grants
		h.periods = append(h.periods, p)
		if len(h.periodOf) < maxPeriods {
			h.periodOf[p] = i
		}
	}
	return i
}

func (h *holdings) word(s string) string {
	w, ok := h.words[s]
	if !ok {
		w = strings.Clone(s)
		h.words[w] = w
	}
	return w
}

// hold keeps what starts at a holder until the whole spool is read.
func (c *comparison) hold(r *connector.Record) {
	switch {
	case r.Grant != nil:
		c.holdGrant(r.Grant)
	case r.Credential != nil:
		c.holdCredential(r.Credential)
	}
}

func (c *comparison) holdGrant(g *connector.Grant) {
	holder, ok := c.target(g.Holder)
	ent := c.key(access.KindEntitlement, g.Entitlement)
	var res int64
	if g.Resource != "" {
		res = c.key(access.KindResource, g.Resource)
	}
	if !ok && g.Holder.System != "" {
		c.warnings.add("grant of %q is held by %s, which is not known", g.Entitlement, nameOf(g.Holder))
		return
	}
	if !ok || ent == 0 || (g.Resource != "" && res == 0) {
		c.dangling++
		c.warnings.add("grant of %q to %s %q names something that the system does not have", g.Entitlement, g.Holder.Kind, g.Holder.ID)
		return
	}
	if g.Holder.System != "" || holder.Kind == access.KindIdentity {
		c.elsewhere[holder] = true
	}
	h := &c.holdings
	if h.grants == nil {
		h.grants = make([]grantFact, 0, h.expected)
	}
	p := period{g.Start, g.End, -1}
	if g.UsageKnown {
		p.used = g.LastUsed
	}
	h.grants = append(h.grants, grantFact{
		holder: uint32(holder.Key), ent: uint32(ent), res: uint32(res), kind: holder.Kind, mode: g.Mode, flags: g.Flags, period: h.period(p), //nolint:gosec // assign caps keys
	})
}

func (c *comparison) holdCredential(k *connector.Credential) {
	key := c.key(access.KindAccount, k.Account)
	if key == 0 {
		c.dangling++
		c.warnings.add("credential %s is of account %q, which the system does not have", k.Fingerprint, k.Account)
		return
	}
	id := access.AccountID(key)
	fingerprint := k.Fingerprint
	if fingerprint == "" {
		fingerprint = id.String() // a password is one account's own
	}
	h := &c.holdings
	h.credentials = append(h.credentials, CredentialRow{Account: id, Options: h.word(k.Options), Credential: access.Credential{
		Kind: access.CredentialKind(h.word(string(k.Kind))), Fingerprint: strings.Clone(fingerprint), Algorithm: h.word(k.Algorithm),
		Changed: k.Changed, LastUsed: k.LastUsed,
	}})
}

// holder is what one holder has: parts of holdings.
type holder struct {
	ref         access.Ref
	grants      []grantFact
	credentials []CredentialRow
}

func (f grantFact) at() uint64   { return uint64(f.kind)<<32 | uint64(f.holder) }
func (f grantFact) what() uint64 { return uint64(f.ent)<<32 | uint64(f.res) }

func compareFacts(a, b grantFact) int {
	switch {
	case a.at() != b.at():
		return cmp.Compare(a.at(), b.at())
	case a.what() != b.what():
		return cmp.Compare(a.what(), b.what())
	}
	return cmp.Compare(a.mode, b.mode)
}

// each calls fn for every holder, in the order of their kinds and keys.
func (h *holdings) each(fn func(x holder) error) error {
	slices.SortFunc(h.grants, compareFacts)
	slices.SortFunc(h.credentials, func(a, b CredentialRow) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	grants, credentials := h.grants, h.credentials
	const ofAccounts = uint64(access.KindAccount) << 32
	for len(grants)+len(credentials) > 0 {
		at := ^uint64(0)
		if len(grants) > 0 {
			at = grants[0].at()
		}
		if len(credentials) > 0 {
			at = min(at, ofAccounts|uint64(credentials[0].Account)) //nolint:gosec // keys are positive
		}
		n := 0
		for n < len(grants) && grants[n].at() == at {
			n++
		}
		k := 0
		for k < len(credentials) && ofAccounts|uint64(credentials[k].Account) == at { //nolint:gosec // keys are positive
			k++
		}
		ref := access.Ref{Kind: access.ObjectKind(at >> 32), Key: int64(uint32(at))} //nolint:gosec // as at put them together
		if err := fn(holder{ref, h.united(grants[:n]), slices.CompactFunc(credentials[:k], sameCredential)}); err != nil {
			return err
		}
		grants, credentials = grants[n:], credentials[k:]
	}
	return nil
}

// united makes one of what was told more than once. It gives what any of them
// gives: a rule that asks for no password beside the same rule that does is one
// that does not, a membership that inherits beside one that does not inherits.
func (h *holdings) united(list []grantFact) []grantFact {
	out := list[:0]
	for i, f := range list {
		if i == 0 || compareFacts(out[len(out)-1], f) != 0 {
			out = append(out, f)
			continue
		}
		last := &out[len(out)-1]
		const any, all = access.AdminOption | access.NoPassword, access.NoInherit | access.Implicit
		last.flags = (last.flags|f.flags)&any | last.flags&f.flags&all
		a, b := h.periods[last.period], h.periods[f.period]
		p := period{min(a.start, b.start), max(a.end, b.end), max(a.used, b.used)}
		if a.end == 0 || b.end == 0 {
			p.end = 0
		}
		last.period = h.period(p)
	}
	return out
}

func sameCredential(a, b CredentialRow) bool {
	return a.Kind == b.Kind && a.Fingerprint == b.Fingerprint
}

// digest stands for what a holder has.
func (h *holdings) digest(x holder) Digest {
	h.hash.Reset()
	var b [40]byte
	for _, g := range x.grants {
		p := h.periods[g.period]
		binary.LittleEndian.PutUint32(b[0:], g.ent)
		binary.LittleEndian.PutUint32(b[4:], g.res)
		b[8], b[9] = byte(g.mode), byte(g.flags)
		binary.LittleEndian.PutUint64(b[10:], uint64(p.start)) //nolint:gosec // bits, not a number
		binary.LittleEndian.PutUint64(b[18:], uint64(p.end))   //nolint:gosec // bits, not a number
		binary.LittleEndian.PutUint64(b[26:], uint64(p.used))  //nolint:gosec // bits, not a number
		h.hash.Write(b[:34])
	}
	for _, k := range x.credentials {
		_, _ = fmt.Fprintf(h.hash, "%q %q %q %q %d %d\n", k.Kind, k.Fingerprint, k.Algorithm, k.Options, k.Changed, k.LastUsed)
	}
	h.sum = h.hash.Sum(h.sum[:0])
	return Digest(h.sum[:16])
}

func (h *holdings) row(holder access.Ref, f grantFact) GrantRow {
	p := h.periods[f.period]
	return GrantRow{LastUsed: p.used, Grant: access.Grant{
		Holder: holder, Entitlement: access.EntitlementID(f.ent), Resource: access.ResourceID(f.res),
		Mode: f.mode, Flags: f.flags, Start: p.start, End: p.end,
	}}
}
