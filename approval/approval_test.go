package approval

import (
	"errors"
	"math/bits"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

func stageOf(quorum int, distinct bool, seats int) access.Stage {
	s := access.Stage{Quorum: quorum, Distinct: distinct, Within: time.Hour}
	for i := range seats {
		s.Approvers = append(s.Approvers, access.Approver{Identity: access.IdentityID(100 + i)})
	}
	return s
}

func TestRule(t *testing.T) {
	shown := Shown{Version: 2, Digest: "d"}
	r := Request{Now: shown, State: Waiting, EndsAt: 100, Case: Case{By: 1, Stages: []access.Stage{stageOf(2, false, 4), stageOf(1, false, 1)}}}
	d := Decision{By: 5, Seats: []int{0}, Verdict: Approve, Version: 2, Digest: "d"}
	one := r
	one.Decisions = []Decision{{By: 6, InsteadOf: 7, Seats: []int{1}, Verdict: Approve, Version: 2}, {By: 5, Seats: []int{0}, Verdict: Approve, Version: 1}}
	last := one
	last.Stage = 1
	tests := []struct {
		name string
		r    Request
		edit func(r *Request, d *Decision)
		want Ruling
		err  error
	}{
		{"the first of two", r, nil, Ruling{Waiting, 0}, nil},
		{"the second of two", one, nil, Ruling{Waiting, 1}, nil},
		{"of the last stage", last, func(_ *Request, d *Decision) { d.Stage = 1 }, Ruling{Approved, 1}, nil},
		{"a refusal", one, func(_ *Request, d *Decision) { d.Verdict, d.Comment = Refuse, "no" }, Ruling{Refused, 0}, nil},
		{"a refusal without a word", one, func(_ *Request, d *Decision) { d.Verdict, d.Comment = Refuse, " \t" }, Ruling{}, ErrComment},
		{"no verdict", r, func(_ *Request, d *Decision) { d.Verdict = "" }, Ruling{}, ErrVerdict},
		{"nobody", r, func(_ *Request, d *Decision) { d.By = 0 }, Ruling{}, ErrNotAsked},
		{"who is not asked", r, func(_ *Request, d *Decision) { d.Seats = nil }, Ruling{}, ErrNotAsked},
		{"in one's own place", r, func(_ *Request, d *Decision) { d.InsteadOf = d.By }, Ruling{}, ErrNotAsked},
		{"at another stage", r, func(_ *Request, d *Decision) { d.Stage = 1 }, Ruling{}, ErrNotAsked},
		{"twice", one, func(_ *Request, d *Decision) { d.By = 6 }, Ruling{}, ErrDecided},
		{"whose voice was given", one, func(_ *Request, d *Decision) { d.By = 7 }, Ruling{}, ErrDecided},
		{"in the place of who decided", one, func(_ *Request, d *Decision) { d.InsteadOf = 6 }, Ruling{}, ErrDecided},
		{"in the place of a voice that was given", one, func(_ *Request, d *Decision) { d.InsteadOf = 7 }, Ruling{}, ErrDecided},
		{"at a later stage again", last, func(_ *Request, d *Decision) { d.By, d.Stage = 6, 1 }, Ruling{}, ErrDecided},
		{"of an old version", r, func(_ *Request, d *Decision) { d.Version = 1 }, Ruling{}, ErrShown},
		{"of another text", r, func(_ *Request, d *Decision) { d.Digest = "e" }, Ruling{}, ErrShown},
		{"after the end", r, func(r *Request, _ *Decision) { r.State = Approved }, Ruling{}, ErrEnded},
		{"of no state", r, func(r *Request, _ *Decision) { r.State = "" }, Ruling{}, ErrEnded},
		{"as its time is over", r, func(r *Request, _ *Decision) { r.EndsAt = 50 }, Ruling{}, ErrEnded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, d := tt.r, d
			if tt.edit != nil {
				tt.edit(&r, &d)
			}
			if got, err := Rule(r, d, 50); !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// agreeBruteForce tries all ways to seat people.
func agreeBruteForce(seats int, list []Decision) int {
	best := map[uint]int{0: 0} // by which seats are taken
	for _, d := range list {
		next := map[uint]int{}
		for taken := range best {
			next[taken] = bits.OnesCount(taken)
			for _, s := range d.Seats {
				if s < seats && taken&(1<<s) == 0 {
					next[taken|1<<s] = bits.OnesCount(taken) + 1
				}
			}
		}
		best = next
	}
	most := 0
	for _, n := range best {
		most = max(most, n)
	}
	return most
}

// Invariant 3: distinct approvers are matched as well as they can be, never greedily; and
// who adds nothing when they agree would add nothing later either.
func TestAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.IntRange(1, 6).Draw(t, "seats")
		var list []Decision
		for i := range rapid.IntRange(0, 6).Draw(t, "people") {
			list = append(list, Decision{By: access.IdentityID(i + 1), Seats: rapid.SliceOfNDistinct(rapid.IntRange(0, seats-1), 0, seats, rapid.ID).Draw(t, "as")})
		}
		s := stageOf(1, true, seats)
		if got, want := Agree(s, list), agreeBruteForce(seats, list); got != want {
			t.Fatalf("%d of %+v, not %d", got, list, want)
		}
		for i := range list {
			before, with := list[:i], list[:i+1]
			if Agree(s, with) > Agree(s, before) {
				continue
			}
			without := append(append([]Decision{}, before...), list[i+1:]...)
			if Agree(s, without) != Agree(s, list) {
				t.Fatalf("%+v adds nothing at first, and later does", list[i])
			}
		}
	})
}

func TestDelegationValidate(t *testing.T) {
	const day = access.Time(24 * 3600 * 1e6)
	for name, tt := range map[string]struct {
		d    Delegation
		want error
	}{
		"a week":       {Delegation{From: 1, To: 2, Start: 10 * day, End: 17 * day}, nil},
		"90 days":      {Delegation{From: 1, To: 2, Start: 10 * day, End: 100 * day}, nil},
		"more than 90": {Delegation{From: 1, To: 2, Start: 10 * day, End: 100*day + 1}, ErrDelegation},
		"to oneself":   {Delegation{From: 1, To: 1, Start: 10 * day, End: 17 * day}, ErrDelegation},
		"to nobody":    {Delegation{From: 1, Start: 10 * day, End: 17 * day}, ErrDelegation},
		"of nobody":    {Delegation{To: 1, Start: 10 * day, End: 17 * day}, ErrDelegation},
		"ends at once": {Delegation{From: 1, To: 2, Start: 10 * day, End: 10 * day}, ErrDelegation},
		"ended":        {Delegation{From: 1, To: 2, Start: 1 * day, End: 9 * day}, ErrDelegation},
		"in two years": {Delegation{From: 1, To: 2, Start: 800 * day, End: 801 * day}, ErrDelegation},
	} {
		if err := tt.d.Validate(9 * day); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := Delegation{From: 1, To: 2, Start: 10, End: 20}
	revoked := d
	revoked.Revoked = 15
	if d.Holds(9) || !d.Holds(10) || !d.Holds(19) || d.Holds(20) || revoked.Holds(12) {
		t.Error("when a delegation counts")
	}
}
