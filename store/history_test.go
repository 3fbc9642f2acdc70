package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func TestAccessAtPastInstants(t *testing.T) { eachDatabase(t, testAccessAtPastInstants) }

func testAccessAtPastInstants(t *testing.T, fresh func(*testing.T) Config) {
	clock := stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	cfg := fresh(t)
	cfg.Now = clock.now
	db := openStore(t, cfg)
	ctx := asTester(t.Context())
	type moment struct {
		at   access.Time
		rev  access.Rev
		want string
	}
	var moments []moment
	step := func(want string, texts ...string) {
		t.Helper()
		clock.at = clock.at.Add(time.Hour)
		err := db.change(ctx, audit.Event{Action: "test.step"}, func(t *tx) error {
			for _, text := range texts {
				if _, err := t.exec(ctx, strings.ReplaceAll(text, "SET", "$1"), t.Set); err != nil {
					return fmt.Errorf("%s: %w", text, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		rev, err := db.Sequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		moments = append(moments, moment{at: access.TimeOf(clock.at), rev: rev, want: want})
	}
	const accountColumns = `insert into account (id, from_set, system_id, native_id, login, kind, status, digest) values `
	const grantColumns = `insert into access_grant (holder_id, holder_kind, entitlement_id, id, system_id, from_set, ends_at) values `
	step("active [] []",
		`insert into identity (id, from_set, kind, state, name) values (1, SET, 'human', 'active', 'Ana')`)
	step("active [] []", // an account, not linked to her yet
		accountColumns+`(7, SET, 1, 'a', 'ana', 'person', 'enabled', '')`,
		grantColumns+`(7, 2, 3, 1, 1, SET, 0)`, grantColumns+`(3, 3, 4, 2, 1, SET, 0)`, grantColumns+`(4, 3, 3, 3, 1, SET, 0)`)
	step("active [ana] [3 3 4]",
		`insert into account_link (id, from_set, account_id, identity_id, state, rule) values (1, SET, 7, 1, 'confirmed', 'email')`)
	step("active [ana] [3 3 4 5]", // a direct one, for 90 minutes
		fmt.Sprintf(grantColumns+`(1, 1, 5, 4, 1, SET, %d)`, access.TimeOf(clock.at.Add(150*time.Minute))))
	step("active [ana.alvarez] [3 3 4 5]", // a new version of the account
		`update account set until_set = SET where id = 7 and until_set = 0`,
		accountColumns+`(7, SET, 1, 'a', 'ana.alvarez', 'person', 'enabled', '')`)
	step("active [ana.alvarez] [3 3 4]") // the direct one has ended
	step("active [ana.alvarez] [3]", `update access_grant set until_set = SET where id = 2`)
	step("terminated [] []",
		`update identity set until_set = SET where id = 1 and until_set = 0`,
		`insert into identity (id, from_set, kind, state, name) values (1, SET, 'human', 'terminated', 'Ana')`,
		`update account_link set until_set = SET where id = 1`)

	// What is staged did not happen.
	s, err := db.stage(ctx, access.SystemID(1).Ref())
	if err != nil {
		t.Fatal(err)
	}
	err = db.stageBatch(ctx, s, audit.Event{}, func(t *tx) error {
		_, err := t.exec(ctx, `update identity set until_set = $1 where id = 1 and until_set = 0`, t.Set)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	for _, m := range moments {
		for _, when := range []Instant{{Time: m.at}, {Time: m.at + 1}, {Rev: m.rev}} {
			if got := heldAt(t, db, when); got != m.want {
				t.Errorf("at %s (revision %d, by %+v): %s, not %s", m.at.Time(), m.rev, when, got, m.want)
			}
		}
	}
	for _, when := range []Instant{{Time: 1}, {Rev: 9999}, {}} {
		if _, err := db.AccessAt(ctx, 1, when); !errors.Is(err, ErrNoSuchTime) {
			t.Errorf("%+v: %v", when, err)
		}
	}
}

// heldAt shows what identity 1 was and held.
func heldAt(t *testing.T, db *DB, when Instant) string {
	t.Helper()
	a, err := db.AccessAt(t.Context(), 1, when)
	if err != nil {
		return err.Error()
	}
	var logins, held []string
	for _, x := range a.Accounts {
		logins = append(logins, x.Login)
	}
	for _, g := range a.Grants {
		held = append(held, fmt.Sprint(int64(g.Entitlement)))
	}
	slices.Sort(held)
	return fmt.Sprintf("%s %v %v", a.State, logins, held)
}
