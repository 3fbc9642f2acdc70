package analytics

import (
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Who somebody is compared with are the others of their group (invariant 3), those who
// have it first; and it is told where else it is usual.
func TestCompare(t *testing.T) {
	w := company()
	w.grant(access.AccountID(7).Ref(), 3)
	ask := CompareQuestion{Identity: 41, Entitlement: 3, Reach: everywhere, Limit: 5}
	c, err := w.service(t).Compare(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if c.All != 40 || c.Having != 1 || c.Company != 41 || len(c.Peers) != 5 || c.Peers[0] != (Peer{7, true}) || c.Peers[1] != (Peer{1, false}) {
		t.Errorf("%+v", c)
	}
	if len(c.Group) != 1 || c.Share <= 0 {
		t.Errorf("alike in %v, which explains %v", c.Group, c.Share)
	}
	if len(c.Usual) != 1 || c.Usual[0].People != 40 || c.Usual[0].Having != 40 || c.Usual[0].Group[0].Value == c.Group[0].Value {
		t.Errorf("usual in %+v", c.Usual)
	}
	ask.From = 39
	if c, err = w.service(t).Compare(t.Context(), ask); err != nil || len(c.Peers) != 1 || c.Peers[0] != (Peer{40, false}) {
		t.Errorf("the last page is %+v, %v", c.Peers, err)
	}
}

// Whoever does not reach a system does not learn who has what there (invariant 4), and
// whoever holds no access has no peers.
func TestNobodyIsComparedBeyondTheReach(t *testing.T) {
	s := company().service(t)
	ask := CompareQuestion{Identity: 41, Entitlement: 4, Reach: policy.Reach{Systems: map[access.SystemID]bool{1: true}}}
	if _, err := s.Compare(t.Context(), ask); !errors.Is(err, ErrNoSuchOne) {
		t.Error(err)
	}
	ask.Reach, ask.Identity = everywhere, 999
	if _, err := s.Compare(t.Context(), ask); !errors.Is(err, ErrNotCompared) {
		t.Error(err)
	}
	ask.Identity, ask.Entitlement = 41, 999
	if _, err := s.Compare(t.Context(), ask); !errors.Is(err, ErrNoSuchOne) {
		t.Error(err)
	}
}

// A smaller share leaves out what is less rare, and what nobody has stays.
func TestOutliersAreNarrowedByShare(t *testing.T) {
	w := company()
	w.grant(access.AccountID(7).Ref(), 3)
	w.grant(access.AccountID(8).Ref(), 3)
	count := func(share float64) int {
		return outliersOf(t, w, OutlierFilter{Reach: everywhere, Share: &share}).Total
	}
	if all, none := count(0.05), count(0); all != 3 || none != 1 {
		t.Errorf("%d at 5 %%, %d that no peer has", all, none)
	}
}

// The grants of an entitlement are listed as they are counted: what is unknown is not
// unused (invariant 1), and an account that works for nobody, or in an emergency, is not
// there at all.
func TestHoldersAreListedAsTheyAreCounted(t *testing.T) {
	w := company()
	put := func(holder access.AccountID, known bool, last access.Time) {
		g := w.grant(holder.Ref(), 5)
		g.UsageKnown, g.LastUsed = known, last
	}
	put(1, true, ago(3))
	put(2, true, ago(200))
	put(3, true, 0)
	put(4, false, 0)
	put(51, true, ago(300))
	w.Accounts[4].Kind = access.BreakGlassAccount // of person 5
	put(5, true, 0)
	s := w.service(t)
	usage, err := s.Usage(t.Context(), UsageFilter{By: ByEntitlement, Days: 90, Reach: everywhere})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Holders(t.Context(), HolderFilter{Entitlement: 5, Days: 90, Reach: everywhere})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range usage.Rows {
		if row.Of == access.EntitlementID(5).Ref() && row.UseCounts != page.Total {
			t.Errorf("listed %+v, counted %+v", page.Total, row.UseCounts)
		}
	}
	var order []access.IdentityID
	for _, h := range page.List {
		order = append(order, h.Identity)
	}
	want := []access.IdentityID{3, 51, 2, 4, 1} // never, long ago, unknown, used
	if len(order) != len(want) {
		t.Fatalf("%v, not %v", order, want)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Errorf("%v, not %v", order, want)
			break
		}
	}
	if page, err = s.Holders(t.Context(), HolderFilter{Entitlement: 5, Use: Unused, Days: 90, Reach: everywhere, From: 1, Limit: 1}); err != nil || page.All != 3 || len(page.List) != 1 || page.List[0].Identity != 51 {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err = s.Holders(t.Context(), HolderFilter{Entitlement: 5, Days: 90, Reach: policy.Reach{}}); !errors.Is(err, ErrNoSuchOne) {
		t.Error(err)
	}
}
