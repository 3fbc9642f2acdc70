package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/analytics"
)

// steps is a store in which each step is an hour later than the one before.
type steps struct {
	t     *testing.T
	db    *DB
	clock stopwatch
}

func (s *steps) step(texts ...string) access.Time {
	s.t.Helper()
	s.clock.at = s.clock.at.Add(time.Hour)
	err := s.db.change(asTester(s.t.Context()), audit.Event{Action: "test.step"}, func(t *tx) error {
		for _, text := range texts {
			if _, err := t.exec(s.t.Context(), strings.ReplaceAll(text, "SET", "$1"), t.Set); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return access.TimeOf(s.clock.at)
}

func stepping(t *testing.T, fresh func(*testing.T) Config) *steps {
	s := &steps{t: t, clock: stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}}
	cfg := fresh(t)
	cfg.Now = func() time.Time { return s.clock.now() }
	s.db = openStore(t, cfg)
	return s
}

const (
	newIdentity    = `insert into identity (id, from_set, kind, state, name, attributes) values `
	newAffiliation = `insert into affiliation (identity_id, seq, from_set, unit, title, manager_id, starts_at, ends_at) values `
	newGrant       = `insert into access_grant (holder_id, holder_kind, entitlement_id, id, system_id, from_set, last_used) values `
	newLink        = `insert into account_link (id, from_set, account_id, identity_id, state, rule) values `
)

func TestAnalyticsPeople(t *testing.T) { eachDatabase(t, testAnalyticsPeople) }

func testAnalyticsPeople(t *testing.T, fresh func(*testing.T) Config) {
	s := stepping(t, fresh)
	later := access.TimeOf(s.clock.at.AddDate(1, 0, 0))
	s.step(
		newIdentity+`(1, SET, 'human', 'active', 'Ana', '{"unit":{"value":"a, \"b\": {"},"site":{"value":"Cork"},"name":{"value":"Ana"}}')`,
		newIdentity+`(2, SET, 'human', 'terminated', 'Ben', '{}')`,
		newIdentity+`(3, SET, 'service', 'active', 'Robot', '{}')`,
		newIdentity+`(4, SET, 'human', 'active', 'Cleo', '{"unit":{"value":"x"}}')`,
		newAffiliation+`(1, 0, SET, 'Treasury', 'Clerk', 4, 0, 0), (1, 1, SET, 'Second', 'Job', 4, 0, 0)`,
		newAffiliation+fmt.Sprintf(`(4, 0, SET, 'To come', 'Boss', 0, %d, 0)`, later),
	)
	got := map[access.IdentityID]string{}
	err := s.db.Analytics().People(t.Context(), func(id access.IdentityID, traits []analytics.Trait) error {
		var list []string
		for _, x := range traits {
			if x.Value != "" {
				list = append(list, x.Attribute+"="+x.Value)
			}
		}
		got[id] += strings.Join(list, " ")
		return nil
	})
	want := map[access.IdentityID]string{1: "unit=Treasury title=Clerk manager=idn_0000000000004 site=Cork", 4: ""}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%q %v", got, err)
	}
}

// Text that has an attribute beside the model's own is parsed, whatever is in its values.
func TestOtherTraits(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "", ``: "",
		`{"unit":{"value":"a"},"title":{"value":"site\":{"}}`:              "",
		`{"unit":{"value":"\\\"site\\\":"},"name":{"value":"{,\"x\":1}"}}`: "",
		`{"site":{"value":"Cork"}}`:                                        "[{site Cork}]",
		`{"unit":{"value":"a"}, "cost_centre":{"value":"7"}}`:              "[{cost_centre 7}]",
	} {
		traits, err := otherTraits(text)
		got := ""
		if traits != nil {
			got = fmt.Sprint(traits)
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestAnalyticsYoung(t *testing.T) { eachDatabase(t, testAnalyticsYoung) }

func testAnalyticsYoung(t *testing.T, fresh func(*testing.T) Config) {
	s := stepping(t, fresh)
	first := s.step(newGrant + `(1, 2, 1, 1, 1, SET, 0), (1, 2, 2, 2, 1, SET, -1)`)
	s.step(newGrant+`(1, 2, 3, 3, 1, SET, 0), (1, 2, 4, 4, 1, SET, 5), (1, 2, 5, 5, 1, SET, 0)`, `update access_grant set until_set = SET where id = 1`)
	s.step(`update access_grant set until_set = SET where id = 5`)
	for at, want := range map[access.Time][]access.GrantID{first - 1: {3}, first: {3}, access.TimeOf(s.clock.at): nil} {
		young, err := s.db.Analytics().Young(t.Context(), at)
		if got := slices.Sorted(maps.Keys(young)); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %d: %v, not %v (%v)", at, got, want, err)
		}
	}
}

func TestAnalyticsMovers(t *testing.T) { eachDatabase(t, testAnalyticsMovers) }

func testAnalyticsMovers(t *testing.T, fresh func(*testing.T) Config) {
	s := stepping(t, fresh)
	at := []access.Time{0}
	step := func(texts ...string) { at = append(at, s.step(texts...)) }
	step(newAffiliation+`(1, 0, SET, 'A', 'x', 0, 0, 0), (2, 0, SET, 'A', 'x', 0, 0, 0)`, newGrant+`(7, 2, 3, 1, 1, SET, -1), (8, 2, 9, 2, 1, SET, -1), (1, 1, 4, 3, 1, SET, -1)`)
	step(newLink + `(1, SET, 7, 1, 'confirmed', 'email'), (2, SET, 8, 1, 'disputed', 'name'), (3, SET, 8, 2, 'manual', 'x')`)
	step(`update affiliation set until_set = SET where identity_id = 1`, newAffiliation+`(1, 0, SET, 'B', 'y', 0, 5, 6)`)
	step(`update access_grant set until_set = SET where id = 3`, newGrant+`(7, 2, 5, 4, 1, SET, -1)`)
	step(`update account_link set until_set = SET where id = 1`)

	// What is staged has not happened.
	staged, err := s.db.stage(asTester(t.Context()), access.SystemID(1).Ref())
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.stageBatch(asTester(t.Context()), staged, audit.Event{}, func(x *tx) error {
		if _, err := x.exec(t.Context(), `update access_grant set until_set = $1 where id = 4`, x.Set); err != nil {
			return err
		}
		_, err := x.exec(t.Context(), strings.ReplaceAll(newGrant+`(7, 2, 6, 5, 1, SET, -1)`, "SET", "$1"), x.Set)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	var got []analytics.Mover
	take := func(m analytics.Mover) error {
		slices.SortFunc(m.Grants, func(a, b analytics.Had) int { return int(a.Entitlement - b.Entitlement) })
		got = append(got, m)
		return nil
	}
	if err := s.db.Analytics().Movers(t.Context(), nil, take); err != nil {
		t.Fatal(err)
	}
	want := []analytics.Mover{{
		ID:           1,
		Affiliations: []analytics.Affiliation{{Unit: "A", Title: "x", From: at[1], Until: at[3]}, {Unit: "B", Title: "y", From: at[3], Start: 5, End: 6}},
		Grants:       []analytics.Had{{Entitlement: 3, From: at[1], Until: at[5]}, {Entitlement: 4, From: at[1], Until: at[4]}, {Entitlement: 5, From: at[4], Until: at[5]}},
	}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n%v\n%v", got, want)
	}
	got = nil
	if err := s.db.Analytics().Movers(t.Context(), []access.IdentityID{2, 77}, take); err != nil {
		t.Fatal(err)
	}
	want = []analytics.Mover{{ID: 2, Affiliations: []analytics.Affiliation{{Unit: "A", Title: "x", From: at[1]}}, Grants: []analytics.Had{{Entitlement: 9, From: at[1]}}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n%v\n%v", got, want)
	}
}
