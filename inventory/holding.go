package inventory

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"strconv"
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
// are ten times as many grants as anything else, so each is a few bytes in an
// arena; what one holder has mostly arrives together, and is one group there.
type holdings struct {
	expected int // grants, as a first reading of the spool counted them
	groups   []group
	facts    arena
	words    []string // texts that recur
	wordOf   map[string]uint64
	hash     hash.Hash
	sum      []byte // what is hashed, then its hash

	grants      []grantFact // of the holder at hand
	credentials []CredentialRow
}

// group is a run of facts of one holder in the arena.
type group struct {
	holder uint64 // kind and key
	from   place
	size   uint32
}

type grantFact struct {
	ent, res uint32 // keys; assign caps them
	mode     access.Mode
	flags    access.GrantFlags
	period
}

// period is when a grant holds, and when it was last used (-1: not known).
type period struct{ start, end, used access.Time }

var noPeriod = period{used: -1}

func newHoldings() holdings { return holdings{wordOf: map[string]uint64{}, hash: sha256.New()} }

// word numbers a text that recurs.
func (h *holdings) word(s string) uint64 {
	i, ok := h.wordOf[s]
	if !ok {
		i = uint64(len(h.words))
		s = strings.Clone(s)
		h.words, h.wordOf[s] = append(h.words, s), i
	}
	return i
}

// What a fact is, in the arena.
const (
	plainGrant byte = iota // an entitlement and nothing else
	fullGrant
	credentialFact
)

// begin returns the block that the next fact of a holder goes into, of at most n
// bytes; done says how far it is filled then.
func (h *holdings) begin(of access.Ref, n int) *[]byte {
	holder := holderOf(of)
	block := h.facts.room(n)
	at := place{uint32(len(h.facts.blocks) - 1), uint32(len(*block))} //nolint:gosec // a block is at most a record long
	if last := len(h.groups) - 1; last < 0 || h.groups[last].holder != holder || h.groups[last].from.block != at.block {
		h.groups = append(h.groups, group{holder: holder, from: at})
	}
	return block
}

func (h *holdings) done(block *[]byte) {
	g := &h.groups[len(h.groups)-1]
	g.size = uint32(len(*block)) - g.from.at //nolint:gosec // a block is at most a record long
}

func holderOf(r access.Ref) uint64 {
	return uint64(r.Kind)<<32 | uint64(uint32(r.Key)) //nolint:gosec // assign caps keys
}

func refOf(holder uint64) access.Ref {
	return access.Ref{Kind: access.ObjectKind(holder >> 32), Key: int64(uint32(holder))} //nolint:gosec // as holderOf put them together
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
	holder, ok := c.holderOf(g.Holder)
	ent := c.key(access.KindEntitlement, g.Entitlement)
	var res int64
	if g.Resource != "" {
		res = c.key(access.KindResource, g.Resource)
	}
	if !ok && g.Holder.System != "" {
		c.unknown("grant of %q is held by %s", g.Holder, g.Entitlement)
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
	p := period{g.Start, g.End, -1}
	if g.UsageKnown {
		p.used = g.LastUsed
	}
	c.holdings.grant(holder, grantFact{ent: uint32(ent), res: uint32(res), mode: g.Mode, flags: g.Flags, period: p}) //nolint:gosec // assign caps keys
}

// grant takes in a grant of a holder.
func (h *holdings) grant(of access.Ref, f grantFact) {
	b := h.begin(of, 64)
	if f == (grantFact{ent: f.ent, period: noPeriod}) {
		*b = binary.AppendUvarint(append(*b, plainGrant), uint64(f.ent))
	} else {
		*b = binary.AppendUvarint(append(*b, fullGrant, byte(f.mode), byte(f.flags)), uint64(f.ent))
		*b = appendTimes(binary.AppendUvarint(*b, uint64(f.res)), f.start, f.end, f.used)
	}
	h.done(b)
}

// holderOf is target for what mostly repeats: the holder of the grant before.
func (c *comparison) holderOf(t connector.Target) (access.Ref, bool) {
	if t != c.lastHolder.named {
		ref, _ := c.target(t)
		c.lastHolder.named, c.lastHolder.ref = connector.Target{Kind: t.Kind, ID: strings.Clone(t.ID), System: strings.Clone(t.System)}, ref
	}
	return c.lastHolder.ref, c.lastHolder.ref.Key != 0
}

func (c *comparison) holdCredential(k *connector.Credential) {
	holder, ok := c.holderOf(connector.Target{Kind: connector.OnAccount, ID: k.Account})
	if !ok {
		c.dangling++
		c.warnings.add("credential %s is of account %q, which the system does not have", k.Fingerprint, k.Account)
		return
	}
	fingerprint := k.Fingerprint
	if fingerprint == "" {
		fingerprint = access.AccountID(holder.Key).String() // a password is one account's own
	}
	c.holdings.credential(CredentialRow{Account: access.AccountID(holder.Key), Options: k.Options, Credential: access.Credential{
		Kind: k.Kind, Fingerprint: fingerprint, Algorithm: k.Algorithm, Changed: k.Changed, LastUsed: k.LastUsed,
	}})
}

// credential takes in a credential of an account.
func (h *holdings) credential(k CredentialRow) {
	b := h.begin(k.Account.Ref(), 64+len(k.Fingerprint)+len(k.Options))
	*b = binary.AppendUvarint(binary.AppendUvarint(append(*b, credentialFact), h.word(string(k.Kind))), h.word(k.Algorithm))
	*b = appendTimes(appendTexts(*b, k.Fingerprint, k.Options), k.Changed, k.LastUsed)
	h.done(b)
}

// holder is what one holder has: parts of holdings.
type holder struct {
	ref         access.Ref
	grants      []grantFact
	credentials []CredentialRow
}

func (f grantFact) what() uint64 { return uint64(f.ent)<<32 | uint64(f.res) }

func compareFacts(a, b grantFact) int {
	return cmp.Or(cmp.Compare(a.what(), b.what()), cmp.Compare(a.mode, b.mode))
}

// each calls fn for every holder that has something, in the order of kind and
// key, each grant and credential once; fn does not keep them.
func (h *holdings) each(fn func(holder) error) error {
	slices.SortStableFunc(h.groups, func(a, b group) int { return cmp.Compare(a.holder, b.holder) })
	for groups := h.groups; len(groups) > 0; {
		of := groups[0].holder
		h.grants, h.credentials = h.grants[:0], h.credentials[:0]
		for len(groups) > 0 && groups[0].holder == of {
			h.read(access.AccountID(uint32(of)), h.facts.blocks[groups[0].from.block][groups[0].from.at:][:groups[0].size]) //nolint:gosec // the key
			groups = groups[1:]
		}
		slices.SortStableFunc(h.grants, compareFacts)
		slices.SortStableFunc(h.credentials, func(a, b CredentialRow) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint))
		})
		if err := fn(holder{refOf(of), united(h.grants), slices.CompactFunc(h.credentials, sameCredential)}); err != nil {
			return err
		}
	}
	return nil
}

// read adds the facts of one group to those of the holder at hand.
func (h *holdings) read(account access.AccountID, facts []byte) {
	r := factReader{facts}
	for len(r.rest) > 0 {
		switch r.byte() {
		case plainGrant:
			h.grants = append(h.grants, grantFact{ent: uint32(r.uvarint()), period: noPeriod}) //nolint:gosec // holdGrant wrote it
		case fullGrant:
			h.grants = append(h.grants, grantFact{
				mode: access.Mode(r.byte()), flags: access.GrantFlags(r.byte()), ent: uint32(r.uvarint()), res: uint32(r.uvarint()), //nolint:gosec // holdGrant wrote them
				period: period{r.time(), r.time(), r.time()},
			})
		default:
			h.credentials = append(h.credentials, CredentialRow{Account: account, Credential: access.Credential{
				Kind: access.CredentialKind(h.words[r.uvarint()]), Algorithm: h.words[r.uvarint()], Fingerprint: r.text(),
			}, Options: r.text()})
			last := &h.credentials[len(h.credentials)-1]
			last.Changed, last.LastUsed = r.time(), r.time()
		}
	}
}

// factReader reads what begin made room for; it was written by this process.
type factReader struct{ rest []byte }

func (r *factReader) byte() byte {
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *factReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *factReader) time() access.Time {
	v, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return access.Time(v)
}

func (r *factReader) text() string {
	n := int(r.uvarint()) //nolint:gosec // holdCredential wrote it
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// united makes one of what was told more than once. It gives what any of them
// gives: a rule that asks for no password beside the same rule that does is one
// that does not, a membership that inherits beside one that does not inherits.
func united(list []grantFact) []grantFact {
	out := list[:0]
	for i, f := range list {
		if i == 0 || compareFacts(out[len(out)-1], f) != 0 {
			out = append(out, f)
			continue
		}
		last := &out[len(out)-1]
		const any, all = access.AdminOption | access.NoPassword, access.NoInherit | access.Implicit
		last.flags = (last.flags|f.flags)&any | last.flags&f.flags&all
		p := period{min(last.start, f.start), max(last.end, f.end), max(last.used, f.used)}
		if last.end == 0 || f.end == 0 {
			p.end = 0
		}
		last.period = p
	}
	return out
}

func sameCredential(a, b CredentialRow) bool {
	return a.Kind == b.Kind && a.Fingerprint == b.Fingerprint
}

// digest stands for what a holder has.
func (h *holdings) digest(x holder) Digest {
	h.hash.Reset()
	b := h.sum[:0]
	for _, g := range x.grants {
		b = binary.LittleEndian.AppendUint32(b, g.ent)
		b = append(binary.LittleEndian.AppendUint32(b, g.res), byte(g.mode), byte(g.flags))
		for _, t := range []access.Time{g.start, g.end, g.used} {
			b = binary.LittleEndian.AppendUint64(b, uint64(t)) //nolint:gosec // bits, not a number
		}
	}
	for _, k := range x.credentials {
		for _, text := range []string{string(k.Kind), k.Fingerprint, k.Algorithm, k.Options} {
			b = append(strconv.AppendQuote(b, text), ' ')
		}
		b = append(strconv.AppendInt(b, int64(k.Changed), 10), ' ')
		b = append(strconv.AppendInt(b, int64(k.LastUsed), 10), '\n')
	}
	h.hash.Write(b)
	h.sum = h.hash.Sum(b[:0])
	return Digest(h.sum[:16])
}

func (f grantFact) row(holder access.Ref) GrantRow {
	return GrantRow{LastUsed: f.used, Grant: access.Grant{
		Holder: holder, Entitlement: access.EntitlementID(f.ent), Resource: access.ResourceID(f.res),
		Mode: f.mode, Flags: f.flags, Start: f.start, End: f.end,
	}}
}
