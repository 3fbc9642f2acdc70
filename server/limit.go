package server

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/writhq/writ/access"
)

// Limits are rates per second, with how many may come at once, and connections. Zero
// is the default.
type Limits struct {
	AddressRate, AddressBurst   int // before sign-in, and after it too
	IdentityRate, IdentityBurst int
	Connections                 int // that one address holds
}

const (
	defaultAddressRate, defaultAddressBurst   = 200, 400
	defaultIdentityRate, defaultIdentityBurst = 100, 300
	defaultConnections                        = 200
)

func (l Limits) connections() int {
	if l.Connections > 0 {
		return l.Connections
	}
	return defaultConnections
}

// limiter keeps a bucket for everybody who called lately.
type limiter struct {
	addresses  buckets[netip.Addr]
	identities buckets[access.IdentityID]
}

func newLimiter(l Limits) *limiter {
	return &limiter{
		addresses:  newBuckets[netip.Addr](l.AddressRate, l.AddressBurst, defaultAddressRate, defaultAddressBurst),
		identities: newBuckets[access.IdentityID](l.IdentityRate, l.IdentityBurst, defaultIdentityRate, defaultIdentityBurst),
	}
}

func (l *limiter) address(a netip.Addr) bool          { return l.addresses.allow(subscriber(a), time.Now()) }
func (l *limiter) identity(id access.IdentityID) bool { return l.identities.allow(id, time.Now()) }

// buckets are token buckets by key. Two generations are kept: whoever did not call
// within one has a full bucket again, so forgetting them forgives nothing.
type buckets[K comparable] struct {
	perSecond rate.Limit
	burst     int
	lasts     time.Duration // of a generation: what fills an empty bucket

	mu       *sync.Mutex
	now, old map[K]*rate.Limiter
	since    time.Time
}

func newBuckets[K comparable](perSecond, burst, defaultRate, defaultBurst int) buckets[K] {
	if perSecond <= 0 {
		perSecond = defaultRate
	}
	if burst <= 0 {
		burst = max(defaultBurst, perSecond)
	}
	lasts := time.Duration(burst/perSecond+1) * time.Second
	return buckets[K]{perSecond: rate.Limit(perSecond), burst: burst, lasts: lasts, mu: new(sync.Mutex), now: map[K]*rate.Limiter{}}
}

// maxKeys bounds a generation: a flood of addresses shares one bucket beyond it.
const maxKeys = 1 << 16

func (b *buckets[K]) allow(key K, at time.Time) bool {
	b.mu.Lock()
	if at.Sub(b.since) > b.lasts {
		b.old, b.now, b.since = b.now, map[K]*rate.Limiter{}, at
	}
	bucket := b.now[key]
	if bucket == nil {
		if len(b.now) >= maxKeys {
			var everybody K
			key = everybody
		}
		if bucket = b.old[key]; bucket == nil {
			if bucket = b.now[key]; bucket == nil {
				bucket = rate.NewLimiter(b.perSecond, b.burst)
			}
		}
		b.now[key] = bucket
	}
	b.mu.Unlock()
	return bucket.AllowN(at, 1)
}
