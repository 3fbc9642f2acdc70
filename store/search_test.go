package store

import (
	"context"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/search"
)

// An index that follows the store answers as one that is built anew, whatever changes.
func TestSearchFollowedEqualsBuilt(t *testing.T) { eachDatabase(t, testSearchFollowedEqualsBuilt) }

func testSearchFollowedEqualsBuilt(t *testing.T, fresh func(*testing.T) Config) {
	cfg := fresh(t)
	clock := stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	cfg.Now = clock.now
	db := openStore(t, cfg)
	ctx := asTester(t.Context())
	g, err := graph.Open(ctx, db.Graph())
	if err != nil {
		t.Fatal(err)
	}
	followed := search.New(g, db.Search())
	follow := func(fatal func(...any)) {
		if _, err := db.Sequence(ctx); err != nil {
			fatal(err)
		}
		if _, err := g.Follow(ctx); err != nil {
			fatal(err)
		}
		if err := followed.Follow(ctx); err != nil {
			fatal(err)
		}
	}
	follow(t.Fatal)
	rapid.Check(t, func(rt *rapid.T) {
		err := db.change(ctx, audit.Event{Action: "test.change"}, func(tx *tx) error {
			w := writer{t: rt, tx: tx, ctx: ctx, now: tx.At}
			for range rapid.IntRange(1, 12).Draw(rt, "writes") {
				write := rapid.SampledFrom([]func() error{w.system, w.resource, w.entitlement, w.identity, w.account, w.link, w.grant, w.ownership}).Draw(rt, "write")
				if err := write(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		follow(rt.Fatal)
		built := search.New(g, db.Search())
		if err := built.Follow(ctx); err != nil {
			rt.Fatal(err)
		}
		for _, q := range []string{"ana", "annalena", "mueller", "muller", "sol", "n1", "kind:account", "kind:human state:active", "owner:none", "system:s1", "orphan", "tier:0", "mode:eligible"} {
			got, want := hits(ctx, rt, followed, q), hits(ctx, rt, built, q)
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("%q: followed %+v, built %+v", q, got, want)
			}
		}
	})
}

func hits(ctx context.Context, t interface{ Fatal(...any) }, x *search.Index, q string) search.Found {
	f, err := x.Find(ctx, q, search.Everything(), 50)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Findings are found while they are open or accepted, with what their subject is
// called, and no longer.
func TestSearchFollowsFindings(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		g, err := graph.Open(ctx, db.Graph())
		if err != nil {
			t.Fatal(err)
		}
		x, s := search.New(g, db.Search()), &finding.Service{Store: db.Findings()}
		expect := func(q string, n int, state string) {
			t.Helper()
			if _, err := db.Sequence(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Follow(ctx); err != nil {
				t.Fatal(err)
			}
			if err := x.Follow(ctx); err != nil {
				t.Fatal(err)
			}
			f := hits(ctx, t, x, q)
			if f.Total != n || n > 0 && f.Hits[0].State != state {
				t.Errorf("%q: %+v", q, f)
			}
		}
		expect("rule:standing-privilege", 0, "")
		if _, err := s.Reconcile(ctx, []finding.Draft{*gap(access.High, access.EntitlementID(1).Ref())}); err != nil {
			t.Fatal(err)
		}
		expect("severity:high standing", 1, "open")
		expect("kind:finding privilege", 1, "open")
		list, err := s.List(ctx, finding.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Accept(ctx, list[0].ID, 0, "until the move", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		expect("state:accepted", 1, "accepted")
		expect("state:open", 0, "")
		if _, err := s.Reconcile(ctx, nil); err != nil {
			t.Fatal(err)
		}
		expect("kind:finding", 0, "")
	})
}

// What a row of a list shows beside what the index has is as it is now.
func TestSearchReadsRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		err := db.change(ctx, audit.Event{Action: "test.change"}, func(tx *tx) error {
			for _, text := range []string{
				`insert into identity (id, from_set, kind, state, name, email, number, login, organisation) values (1, $1, 'human', 'active', 'Ana Sol', 'ana@example.com', 'E1', 'asol', 'Vendor')`,
				`insert into account (id, from_set, system_id, native_id, login, display_name, email, kind, status, digest) values (2, $1, 1, 'uid=asol', 'asol', 'Sol, Ana', 'ana@example.com', 'person', 'enabled', '1')`,
				`insert into entitlement (id, from_set, system_id, native_id, kind, name, description, digest) values (3, $1, 1, 'cn=dba', 'group', 'dba', 'runs databases', '1')`,
			} {
				if _, err := tx.exec(ctx, text, tx.Set); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		source := db.Search()
		people, err := source.IdentityTexts(ctx, []access.IdentityID{1, 9})
		if want := (search.IdentityText{Number: "E1", Email: "ana@example.com", Login: "asol", Organisation: "Vendor"}); err != nil || len(people) != 1 || people[1] != want {
			t.Errorf("%+v, %v", people, err)
		}
		accounts, err := source.AccountTexts(ctx, []access.AccountID{2})
		if want := (search.AccountText{NativeID: "uid=asol", DisplayName: "Sol, Ana", Email: "ana@example.com"}); err != nil || accounts[2] != want {
			t.Errorf("%+v, %v", accounts, err)
		}
		entitlements, err := source.EntitlementTexts(ctx, []access.EntitlementID{3})
		if want := (search.EntitlementText{NativeID: "cn=dba", Description: "runs databases"}); err != nil || entitlements[3] != want {
			t.Errorf("%+v, %v", entitlements, err)
		}
	})
}
