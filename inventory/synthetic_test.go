package inventory_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// synthetic is a directory of any size that costs no memory: every thing of it
// follows from its number. Each account accepts one credential and holds about ten
// of its groups, the low numbers far more often than the high ones.
type synthetic struct{ accounts, groups int }

func syntheticOf(accounts int) synthetic {
	return synthetic{accounts: accounts, groups: max(accounts/10, 20)}
}

func (s synthetic) spec() connector.Spec {
	return connector.Spec{Kind: "synthetic", Open: func(context.Context, connector.Config) (connector.Connector, error) { return s, nil }}
}

// Describe implements connector.Connector.
func (s synthetic) Describe(context.Context) (connector.Description, error) {
	return connector.Description{Kind: "synthetic", Version: "1"}, nil
}

// Close implements connector.Connector.
func (s synthetic) Close() error { return nil }

const baseTime = access.Time(1_700_000_000_000_000)

// Discover implements connector.Connector.
func (s synthetic) Discover(context.Context, string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		for g := range s.groups {
			if !yield(connector.Record{Entitlement: s.group(g)}, nil) {
				return
			}
		}
		held := make([]int, 0, 16)
		for i := range s.accounts {
			a := s.account(i)
			key := connector.Credential{Account: a.ID, Kind: access.SSHKey, Fingerprint: fingerprint(i), Algorithm: "ssh-ed25519", Changed: baseTime}
			if !yield(connector.Record{Account: a}, nil) || !yield(connector.Record{Credential: &key}, nil) {
				return
			}
			held = s.held(i, held[:0])
			for _, g := range held {
				grant := connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: a.ID}, Entitlement: "group-" + strconv.Itoa(g)}
				if !yield(connector.Record{Grant: &grant}, nil) {
					return
				}
			}
		}
	}
}

func (s synthetic) group(g int) *connector.Entitlement {
	n := strconv.Itoa(g)
	return &connector.Entitlement{ID: "group-" + n, Kind: "group", Name: "Group " + n, Description: "What group " + n + " is for"}
}

func (s synthetic) account(i int) *connector.Account {
	n := strconv.Itoa(i)
	return &connector.Account{
		ID: guid(uint64(i)), Login: "person" + n, DisplayName: "Person Number " + n, Email: "person" + n + "@example.com", Number: n,
		Status: access.Enabled, Interactive: true, Created: baseTime, UsageKnown: true, LastUsed: baseTime + access.Time(i)*1_000_000,
	}
}

// guid is a native id as directories have them: 36 characters in no order.
func guid(n uint64) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], n*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(b[8:], n*0xc2b2ae3d27d4eb4f+1)
	var t [36]byte
	hex.Encode(t[0:8], b[:4])
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:36], b[10:])
	for _, at := range []int{8, 13, 18, 23} {
		t[at] = '-'
	}
	return string(t[:])
}

func fingerprint(i int) string { return "SHA256:" + guid(uint64(i)*7+3) + "+/0" }

// held are the groups of one account, each once: eight to twelve.
func (s synthetic) held(i int, into []int) []int {
	var r rand.PCG
	r.Seed(uint64(i), 1)
	for want := 8 + i%5; len(into) < want; {
		u := float64(r.Uint64()>>11) / (1 << 53)
		if g := int(u * u * u * float64(s.groups)); !slices.Contains(into, g) {
			into = append(into, g)
		}
	}
	return into
}

var _ connector.Connector = synthetic{}
