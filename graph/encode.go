package graph

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// heldGrant is a grant without its holder, who is where it was found.
type heldGrant struct {
	id          int64
	entitlement uint32
	resource    uint32
	mode        access.Mode
	flags       access.GrantFlags
	end         access.Time
	usageKnown  bool
	lastUsed    access.Time
	justified   bool
	late        bool
}

// What follows in an encoded grant, in the low bits of its first number.
const (
	hasResource = 1 << iota
	hasFlags
	hasEnd
	hasLastUsed
	presenceBits = 4
)

func appendGrant(b []byte, g *heldGrant) []byte {
	first := uint64(g.entitlement) << presenceBits
	if g.resource != 0 {
		first |= hasResource
	}
	if g.flags != 0 {
		first |= hasFlags
	}
	if g.end != 0 {
		first |= hasEnd
	}
	if g.lastUsed != 0 {
		first |= hasLastUsed
	}
	b = binary.AppendUvarint(b, first)
	b = append(b, byte(g.mode)<<3|bit(g.late)<<2|bit(g.justified)<<1|bit(g.usageKnown))
	b = binary.AppendUvarint(b, uint64(g.id))
	if g.resource != 0 {
		b = binary.AppendUvarint(b, uint64(g.resource))
	}
	if g.flags != 0 {
		b = append(b, byte(g.flags))
	}
	if g.end != 0 {
		b = appendTime(b, int64(g.end))
	}
	if g.lastUsed != 0 {
		b = appendTime(b, int64(g.lastUsed))
	}
	return b
}

// readGrant reads the first grant of b and returns the rest.
func readGrant(b []byte) (g heldGrant, rest []byte) {
	first, n := binary.Uvarint(b)
	g.entitlement = uint32(first >> presenceBits)
	g.mode = access.Mode(b[n] >> 3)
	g.late, g.justified, g.usageKnown = b[n]&4 != 0, b[n]&2 != 0, b[n]&1 != 0
	n++
	id, m := binary.Uvarint(b[n:])
	g.id = int64(id)
	n += m
	if first&hasResource != 0 {
		v, m := binary.Uvarint(b[n:])
		g.resource = uint32(v)
		n += m
	}
	if first&hasFlags != 0 {
		g.flags = access.GrantFlags(b[n])
		n++
	}
	if first&hasEnd != 0 {
		v, m := readTime(b[n:])
		g.end = access.Time(v)
		n += m
	}
	if first&hasLastUsed != 0 {
		v, m := readTime(b[n:])
		g.lastUsed = access.Time(v)
		n += m
	}
	return g, b[n:]
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// eachGrant yields the grants of a holder in the order that they arrived in
// parts, newest part first.
func (l *lists) eachGrant(id uint32) iter.Seq[heldGrant] { return l.grantsAt(l.heads.at(id)) }

// grantsAt yields the grants that begin at a place.
func (l *lists) grantsAt(place uint64) iter.Seq[heldGrant] {
	return func(yield func(heldGrant) bool) {
		for place := place; place != 0; {
			payload, prev, _ := l.block(place)
			for len(payload) > 0 {
				var g heldGrant
				g, payload = readGrant(payload)
				if !yield(g) {
					return
				}
			}
			place = prev
		}
	}
}

// acceptedCredential is a credential edge without its account.
type acceptedCredential struct {
	id       uint32
	kind     uint8
	changed  access.Time
	lastUsed access.Time
}

func appendCredential(b []byte, c acceptedCredential) []byte {
	b = binary.AppendUvarint(b, uint64(c.id))
	b = append(b, c.kind)
	b = appendTime(b, int64(c.changed))
	return appendTime(b, int64(c.lastUsed))
}

func (l *lists) eachCredential(id uint32) iter.Seq[acceptedCredential] {
	return l.credentialsAt(l.heads.at(id))
}

func (l *lists) credentialsAt(place uint64) iter.Seq[acceptedCredential] {
	return func(yield func(acceptedCredential) bool) {
		for payload := range l.payloads(place) {
			for len(payload) > 0 {
				v, n := binary.Uvarint(payload)
				c := acceptedCredential{id: uint32(v), kind: payload[n]}
				n++
				changed, m := readTime(payload[n:])
				n += m
				lastUsed, m := readTime(payload[n:])
				c.changed, c.lastUsed = access.Time(changed), access.Time(lastUsed)
				payload = payload[n+m:]
				if !yield(c) {
					return
				}
			}
		}
	}
}

// eachOpening yields the accounts that open an account in id order: which of several
// shortest ways a search finds must not depend on when they became known.
func (l *lists) eachOpening(id uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, by := range slices.Sorted(l.openingsAt(l.heads.at(id))) {
			if !yield(by) {
				return
			}
		}
	}
}

// openingsAt yields what one list has, newest part first.

func (l *lists) openingsAt(place uint64) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for payload := range l.payloads(place) {
			for len(payload) > 0 {
				by, n := binary.Uvarint(payload)
				payload = payload[n:]
				if !yield(uint32(by)) {
					return
				}
			}
		}
	}
}

// eachAssignment yields the assignments of an identity: their ids and roles.
func (l *lists) eachAssignment(id uint32) iter.Seq2[int64, uint32] {
	return l.assignmentsAt(l.heads.at(id))
}

func (l *lists) assignmentsAt(place uint64) iter.Seq2[int64, uint32] {
	return func(yield func(int64, uint32) bool) {
		for payload := range l.payloads(place) {
			for len(payload) > 0 {
				assignment, n := binary.Uvarint(payload)
				role, m := binary.Uvarint(payload[n:])
				payload = payload[n+m:]
				if !yield(int64(assignment), uint32(role)) {
					return
				}
			}
		}
	}
}

func appendAssignment(b []byte, id int64, role uint32) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(id)), uint64(role))
}

// words turns a closed enumeration into a byte and back. The first word is the
// empty one.
type words[T ~string] []T

func (w words[T]) index(v T) (uint8, bool) {
	for i, word := range w {
		if word == v {
			return uint8(i), true
		}
	}
	return 0, false
}

// The enumerations of the model as the index keeps them.
var (
	identityKinds   = words[access.IdentityKind]{"", access.Human, access.Service, access.Agent}
	identityStates  = append(words[access.IdentityState]{""}, access.IdentityStates...)
	accountKinds    = append(words[access.AccountKind]{""}, access.AccountKinds...)
	accountStatuses = words[access.AccountStatus]{"", access.Enabled, access.Disabled, access.Locked, access.Expired}
	credentialKinds = words[access.CredentialKind]{"", access.Password, access.SSHKey, access.Token, access.Certificate}
	dataClasses     = words[access.DataClass]{"", access.Public, access.Internal, access.Confidential, access.Restricted}
)
