package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// tiny is a comparison with three accounts, a group that holds groups, groups and
// a resource, all of them seen.
func tiny() *comparison {
	k := &Known{Resources: &Objects{}, Entitlements: &Objects{}, Accounts: &Objects{}}
	for i, name := range []string{"ana", "ben", "cy"} {
		k.Accounts.Put(name, Object{Key: int64(100_000 - i), Live: true})
	}
	for i, name := range []string{"g1", "g2", "g3"} {
		k.Entitlements.Put(name, Object{Key: int64(300 + i*70_000), Live: true})
	}
	k.Resources.Put("r", Object{Key: 1, Live: true})
	for _, kind := range objectKinds {
		for o := range k.of(kind).all() {
			o.state |= isSeen
		}
	}
	return newComparison(1, k)
}

// In whatever order grants and credentials arrive, each holder has its own, each
// once, in order, and holders come in the order of kind and key.
func TestHoldingsAreGroupedByHolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := tiny()
		want := map[access.Ref]map[string]bool{}
		has := func(of access.Ref, what string) {
			if want[of] == nil {
				want[of] = map[string]bool{}
			}
			want[of][what] = true
		}
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			named := rapid.SampledFrom([]connector.Target{{Kind: connector.OnAccount, ID: "ana"}, {Kind: connector.OnAccount, ID: "ben"}, {Kind: connector.OnAccount, ID: "cy"}, {Kind: connector.OnEntitlement, ID: "g1"}}).Draw(t, "holder")
			ref, _ := c.target(named)
			if named.Kind == connector.OnAccount && rapid.Bool().Draw(t, "credential") {
				k := connector.Credential{
					Account: named.ID, Kind: access.SSHKey, Algorithm: rapid.SampledFrom([]string{"rsa", ""}).Draw(t, "algorithm"),
					Fingerprint: rapid.StringN(1, 3, -1).Draw(t, "fingerprint"), Options: strings.Repeat("o", rapid.SampledFrom([]int{0, 5, arenaBlock}).Draw(t, "options")),
					Changed: access.Time(rapid.Int64().Draw(t, "changed")),
				}
				c.hold(&connector.Record{Credential: &k})
				has(ref, "credential "+k.Fingerprint)
				continue
			}
			g := connector.Grant{Holder: named, Entitlement: rapid.SampledFrom([]string{"g1", "g2", "g3"}).Draw(t, "entitlement"), Mode: access.Mode(rapid.IntRange(0, 2).Draw(t, "mode"))}
			if rapid.Bool().Draw(t, "on r") {
				g.Resource = "r"
			}
			c.hold(&connector.Record{Grant: &g})
			has(ref, fmt.Sprint("grant ", c.key(access.KindEntitlement, g.Entitlement), " ", c.key(access.KindResource, g.Resource), " ", g.Mode))
		}
		var order []access.Ref
		err := c.holdings.each(func(x holder) error {
			order = append(order, x.ref)
			got := map[string]bool{}
			if !slices.IsSortedFunc(x.grants, compareFacts) {
				t.Errorf("the grants of %v are in no order: %v", x.ref, x.grants)
			}
			for _, g := range x.grants {
				got[fmt.Sprint("grant ", g.ent, " ", g.res, " ", g.mode)] = true
			}
			for _, k := range x.credentials {
				if k.Account != access.AccountID(x.ref.Key) || k.Kind != access.SSHKey {
					t.Errorf("a credential of %v: %v", x.ref, k)
				}
				got["credential "+k.Fingerprint] = true
			}
			if !maps.Equal(got, want[x.ref]) || len(got) != len(x.grants)+len(x.credentials) {
				t.Errorf("%v has %v, want %v", x.ref, got, want[x.ref])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sorted := slices.SortedFunc(maps.Keys(want), func(a, b access.Ref) int { return int(int64(holderOf(a)) - int64(holderOf(b))) })
		if !slices.Equal(order, sorted) {
			t.Errorf("the order is %v, want %v", order, sorted)
		}
	})
}

// What a grant and a credential say comes back as it was, at the ends of what fits.
func TestFactsComeBackAsTheyWere(t *testing.T) {
	c := tiny()
	g := connector.Grant{
		Holder: connector.Target{Kind: connector.OnAccount, ID: "ana"}, Entitlement: "g3", Resource: "r", Mode: 2, Flags: 255,
		Start: -1 << 62, End: 1<<62 - 1, UsageKnown: true, LastUsed: 0,
	}
	c.hold(&connector.Record{Grant: &g})
	k := connector.Credential{Account: "ana", Kind: access.Password, Options: "from=\"10.0.0.0/8\"", Changed: -5, LastUsed: 1 << 62}
	c.hold(&connector.Record{Credential: &k})
	_ = c.holdings.each(func(x holder) error {
		ref := access.AccountID(100_000).Ref()
		want := GrantRow{LastUsed: 0, Grant: access.Grant{Holder: ref, Entitlement: 140_300, Resource: 1, Mode: 2, Flags: 255, Start: -1 << 62, End: 1<<62 - 1}}
		if got := x.grants[0].row(x.ref); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		row := CredentialRow{Account: 100_000, Options: k.Options, Credential: access.Credential{
			Kind: access.Password, Fingerprint: access.AccountID(100_000).String(), Changed: -5, LastUsed: 1 << 62,
		}}
		if x.credentials[0] != row {
			t.Errorf("got %+v, want %+v", x.credentials[0], row)
		}
		return nil
	})
}

// Known digests are found in the order of holders, and those that nobody asked for
// are told.
func TestHeldInOrder(t *testing.T) {
	var h Held
	refs := []access.Ref{access.AccountID(9).Ref(), access.EntitlementID(1).Ref(), access.AccountID(2).Ref(), access.AccountID(5).Ref()}
	for i, ref := range refs {
		h.Add(ref, Digest{byte(i + 1)})
	}
	r := h.inOrder()
	if _, ok := r.upTo(access.AccountID(1).Ref()); ok {
		t.Error("there is one of an account that was never kept")
	}
	if d, ok := r.upTo(access.AccountID(5).Ref()); !ok || d != (Digest{4}) {
		t.Errorf("account 5 has %v, %v", d, ok)
	}
	if got, want := r.others(), []access.Ref{refs[2], refs[0], refs[1]}; !slices.Equal(got, want) {
		t.Errorf("the others are %v, want %v", got, want)
	}
	if got := latest([]Usage{{2, 5}, {1, 7}, {2, 9}, {1, 3}}); !slices.Equal(got, []Usage{{1, 7}, {2, 9}}) {
		t.Errorf("the latest uses are %v", got)
	}
}
