package store

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	leases "github.com/writhq/writ/pam/lease"
)

// known is what is known of the template once everything has its revision.
func (w *leaseWorld) known() (leases.Known, bool) {
	w.Helper()
	rev, err := w.db.Sequence(w.Context())
	w.must(err)
	k, ok, err := w.s.Known(w.Context(), w.of.ID, rev)
	w.must(err)
	return k, ok
}

// reserved is a lease for somebody whose id was taken before.
func (w *leaseWorld) reserved(who access.IdentityID) leases.Lease {
	w.Helper()
	id, chain, err := w.s.Reserve(asTester(w.Context()), 2)
	w.must(err)
	prefix, err := w.s.Prefix(asTester(w.Context()))
	w.must(err)
	return leases.Lease{
		ID: id, Chain: chain, Name: leases.Login(prefix, id), Mark: leases.Mark(prefix, id),
		Template: w.of.ID, System: 1, Identity: who, Lasts: time.Minute, Most: time.Hour,
	}
}

// What is kept by what is known is what would be kept by what was read, and is refused as soon
// as anything was changed since, committed with a revision or without one.
func TestLeaseByWhatIsKnownIsOfWhatIsSoStill(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		w := newLeaseWorld(t, fresh(t))
		ctx := asTester(t.Context())
		k, ok := w.known()
		if w.db.groups == nil {
			l := w.reserved(1)
			if err := w.s.AskKnown(ctx, &l, w.standing(), w.of.Rights[0]); ok || !errors.Is(err, leases.ErrMoved) {
				t.Fatalf("where changes commit side by side it is known: %v, %v", ok, err)
			}
			return
		}
		if !ok || k.ID != w.of.ID || len(k.Rights) != 1 {
			t.Fatalf("known is %+v, %v", k, ok)
		}
		l := w.reserved(1)
		w.must(w.s.AskKnown(ctx, &l, k, k.Rights[0]))
		got, err := w.s.Lease(ctx, l.ID)
		w.must(err)
		if got.State != leases.Making || got.Name != l.Name || got.Mark != l.Mark || got.Chain != l.Chain || got.Start != l.Start || got.End-got.Start != micros(time.Minute) {
			t.Errorf("kept is %+v", got)
		}
		if c, err := w.db.Approvals().Chain(ctx, l.ID.Ref(), 9); err != nil || c.ID != l.Chain || len(c.Links) != 1 {
			t.Errorf("its chain is %+v, %v", c, err)
		}
		if again, ok := w.known(); !ok || again.Version != k.Version {
			t.Errorf("a lease is followed: %+v, %v", again, ok)
		}
		ended := k.Rights[0]
		ended.Ends = w.now
		gone := w.reserved(2)
		if err := w.s.AskKnown(ctx, &gone, k, k.Rights[0]); !errors.Is(err, leases.ErrMayNot) {
			t.Errorf("somebody who left leases: %v", err)
		}
		late := w.reserved(1)
		if err := w.s.AskKnown(ctx, &late, k, ended); !errors.Is(err, leases.ErrMoved) {
			t.Errorf("by a right that is over: %v", err)
		}
		w.must(w.s.Grant(ctx, leases.Right{Template: w.of.ID, Holder: access.IdentityID(2).Ref(), Reason: "a test"}))
		if _, ok, err := w.s.Known(ctx, w.of.ID, k.At); ok || err != nil {
			t.Errorf("known where a change has no revision: %v", err)
		}
		for range 2 { // without a revision, and with one
			if err := w.s.AskKnown(ctx, &late, k, k.Rights[0]); !errors.Is(err, leases.ErrMoved) {
				t.Errorf("after a change: %v", err)
			}
			_, err := w.db.Sequence(ctx)
			w.must(err)
		}
		for _, l := range []leases.Lease{gone, late} {
			if _, err := w.s.Lease(ctx, l.ID); !errors.Is(err, leases.ErrNotFound) {
				t.Errorf("what was refused is there: %v", err)
			}
		}
		k, _ = w.known()
		w.must(w.s.AskKnown(ctx, &late, k, k.Rights[0]))
	})
}

// standing is the offer as one who does not ask whether it still is would know it.
func (w *leaseWorld) standing() leases.Known { return leases.Known{At: 1, Offer: w.of} }

func TestTemplateIsFoundByItsName(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		w := newLeaseWorld(t, fresh(t))
		if id, err := w.s.TemplateCalled(t.Context(), "reporting"); err != nil || id != w.of.ID {
			t.Errorf("it is %s, %v", id, err)
		}
		w.must(w.s.RetireTemplate(asTester(t.Context()), w.of.ID, "a test"))
		for _, name := range []string{"reporting", "Reporting", ""} {
			if id, err := w.s.TemplateCalled(t.Context(), name); !errors.Is(err, leases.ErrNoTemplate) {
				t.Errorf("%q is %s, %v", name, id, err)
			}
		}
	})
}
