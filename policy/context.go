package policy

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

// contextKey is what a context's record is made of.
type contextKey struct {
	Context
	own bool
}

type contextEntry struct {
	key    contextKey
	record cedar.Record
}

// contexts remembers records of contexts: whoever asks a thousand times asks in the same
// way, and making the record is a tenth of a decision. Records never change.
type contexts struct {
	seed  maphash.Seed
	slots [256]atomic.Pointer[contextEntry]
}

func newContexts() *contexts { return &contexts{seed: maphash.MakeSeed()} }

// record returns a context as policies see it. One with a reason is made anew: it is
// somebody's own words.
func (c *contexts) record(how *Context, own bool) cedar.Record {
	key := contextKey{*how, own}
	key.MFAAge = key.MFAAge.Truncate(time.Second)
	if c == nil || how.Reason != "" {
		return contextRecord(how, own)
	}
	slot := &c.slots[maphash.Comparable(c.seed, key)%uint64(len(c.slots))]
	if e := slot.Load(); e != nil && e.key == key {
		return e.record
	}
	e := &contextEntry{key, contextRecord(how, own)}
	slot.Store(e)
	return e.record
}

func contextRecord(c *Context, own bool) cedar.Record {
	m := make(cedar.RecordMap, 7)
	m["own"] = cedar.Boolean(own)
	m["mfa"] = cedar.Boolean(c.MFA)
	m["mfa_age"] = cedar.Long(c.MFAAge.Seconds())
	m["break_glass"] = cedar.Boolean(c.BreakGlass)
	m["reason"] = cedar.String(c.Reason)
	putIdentity(m, "on_behalf_of", c.OnBehalfOf)
	if c.Address.IsValid() {
		m["address"] = cedar.IPAddr(netip.PrefixFrom(c.Address, c.Address.BitLen()))
	}
	return cedar.NewRecord(m)
}
