package coverage

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
)

// profile is everything about a holder and a grant that the states of controls
// depend on, as bits. A company of millions of grants has a few dozen of them.
type profile uint32

// The bits of a profile: first those of the holder, then those of the grant.
const (
	kindMask profile = 3 // the place in holderKinds

	ofThirdParty    profile = 1 << (iota + 1)
	answered                // somebody answers for the holder
	answeredOrKnown         // or it is accepted that nobody does

	rotatedPrivileged // every credential was changed within the period for privilege
	oldPrivileged     // or one was not; neither: it is not known
	oldPrivilegedKnown
	rotatedOther
	oldOther
	oldOtherKnown

	vaulted // all that opens the account lies in safes, and was signed in with in time

	privilegeFound // somebody has accepted that it is privileged all the time
	privilegeOpen  // or has not

	allTheTime
	ends
	clashes // with what its system declares
	clashesKnown
)

var holderKinds = [...]access.IdentityKind{access.Human, access.Service, access.Agent, ""}

func (p profile) kind() access.IdentityKind { return holderKinds[p&kindMask] }

func (p profile) has(bits profile) bool { return p&bits != 0 }

func (p *profile) set(bits profile, there bool) {
	if there {
		*p |= bits
	}
}

// The periods within which a credential must be changed.
const (
	rotatePrivileged = 90 * 24 * time.Hour
	rotateOther      = 365 * 24 * time.Hour
)

// circumstances are what profiles are worked out from.
type circumstances struct {
	v     *graph.View
	now   access.Time
	gaps  gaps
	kept  map[access.AccountID][]InSafe
	toxic map[access.IdentityID]map[access.SystemID]bool
}

// holder is who has grants.
type holder struct {
	ref      access.Ref
	identity access.IdentityID // zero: nobody is known
	account  bool
	base     profile // what it gives to all of its grants
	turns    access.Time
}

// holderOf returns the holder that a reference means, if it counts: an account
// that can be used, or an identity. It also says when time alone changes that.
func (c *circumstances) holderOf(ref access.Ref) (h holder, counts bool) {
	h.ref = ref
	var of graph.IdentityNode
	var kind access.IdentityKind
	switch ref.Kind {
	case access.KindIdentity:
		i, ok := c.v.Identity(access.IdentityID(ref.Key))
		if !ok {
			return h, false
		}
		of, kind, h.identity = i, i.Kind, i.ID
		h.base |= rotatedPrivileged | rotatedOther // without an account there is nothing to rotate
		h.base.set(ends, i.ContractEnd != 0)
	case access.KindAccount:
		a, ok := c.v.Account(access.AccountID(ref.Key))
		if !ok || a.Status != access.Enabled || a.Expires != 0 && c.reached(&h, a.Expires) {
			return h, false
		}
		h.account = true
		of, kind = c.of(a)
		h.identity = of.ID
		h.base.set(ends, a.Expires != 0 || of.ContractEnd != 0)
		c.rotation(&h, a.ID)
		c.keeping(&h, a.ID)
		c.privilege(&h)
	default:
		return h, false
	}
	c.answering(&h, of, kind)
	return h, true
}

// of is whom an account belongs to, and of what kind its holder is.
func (c *circumstances) of(a graph.AccountNode) (graph.IdentityNode, access.IdentityKind) {
	for _, id := range a.Identities {
		if i, ok := c.v.Identity(id); ok {
			return i, i.Kind
		}
	}
	if a.Kind == access.ServiceAccount {
		return graph.IdentityNode{}, access.Service
	}
	return graph.IdentityNode{}, access.Human
}

// reached reports whether a time has come, and notes it where it has not.
func (c *circumstances) reached(h *holder, at access.Time) bool {
	if c.now >= at {
		return true
	}
	if h.turns == 0 || at < h.turns {
		h.turns = at
	}
	return false
}

func (c *circumstances) answering(h *holder, of graph.IdentityNode, kind access.IdentityKind) {
	for i, k := range holderKinds {
		if k == kind {
			h.base |= profile(i)
		}
	}
	subject := h.ref
	if h.identity != 0 {
		subject = h.identity.Ref()
	}
	owned := kind == access.Human || c.there(of.Owner)
	sponsored := !of.ThirdParty || c.there(of.Sponsor)
	h.base.set(ofThirdParty, of.ThirdParty)
	h.base.set(answered, owned && sponsored)
	h.base.set(answeredOrKnown, sponsored && (owned || c.accepted(unownedNonhuman, subject)))
}

func (c *circumstances) there(id access.IdentityID) bool {
	i, ok := c.v.Identity(id)
	return ok && i.State != access.Terminated
}

// rotation looks at credentials, for both periods: one that is too old decides,
// before one of unknown age.
func (c *circumstances) rotation(h *holder, id access.AccountID) {
	credentials := c.v.Credentials(id)
	known := c.accepted(notRotated, h.ref)
	for _, p := range []struct {
		period                  time.Duration
		rotated, old, oldExcept profile
	}{
		{rotatePrivileged, rotatedPrivileged, oldPrivileged, oldPrivilegedKnown},
		{rotateOther, rotatedOther, oldOther, oldOtherKnown},
	} {
		old, unknown, all := false, len(credentials) == 0, true
		for _, k := range credentials {
			if k.Changed == 0 {
				unknown, all = true, false
				continue
			}
			tooOld := c.tooOld(h, k, p.period)
			old = old || tooOld
			all = all && (!tooOld || c.tooOld(h, k, staleAfter(k)))
		}
		h.base.set(p.rotated, !old && !unknown)
		h.base.set(p.old, old)
		h.base.set(p.oldExcept, old && known && all)
	}
}

// staleAfter is the age that stale-credential finds. The control's period is shorter
// where a grant is privileged, and what that rule does not find nobody has accepted;
// it does not find one of unknown age either.
func staleAfter(k graph.CredentialEdge) time.Duration {
	if k.Kind == access.SSHKey || k.Kind == access.Certificate {
		return finding.DefaultLimits.Key
	}
	return finding.DefaultLimits.Password
}

func (c *circumstances) tooOld(h *holder, k graph.CredentialEdge, period time.Duration) bool {
	return c.reached(h, k.Changed+access.Time(period.Microseconds())+1)
}

// privilege looks at the findings that can say why an account's grants should be
// elevated.
func (c *circumstances) privilege(h *holder) {
	for _, rule := range []string{standingPrivilege, escalationPath} {
		s := c.gap(rule, h.ref)
		h.base.set(privilegeFound, s == acceptedGap)
		h.base.set(privilegeOpen, s == openGap)
	}
}

// profile is that of one grant. What everybody has is accepted for everybody or not
// at all, whatever was found of one account.
func (c *circumstances) profile(h holder, g graph.GrantEdge, system access.SystemID) profile {
	p := h.base
	if g.Flags&access.Implicit != 0 {
		p &^= privilegeFound | privilegeOpen
	}
	p.set(allTheTime, g.Mode == access.Standing)
	p.set(ends, g.End != 0)
	if h.identity != 0 && c.toxic[h.identity][system] {
		p |= clashes
		p.set(clashesKnown, c.accepted(toxicCombination, h.identity.Ref()))
	}
	return p
}
