package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
)

// TestAnAccountIsLinkedOnce: people decide and two correlations link at the same time;
// however they come, an account ends with one link, and with a person's where there is
// one.
func TestAnAccountIsLinkedOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		company(t, db)
		ctx, inv := asTester(t.Context()), db.Inventory()
		const accounts = 2
		var all sync.WaitGroup
		unexpected := make(chan error, 100)
		for range 20 {
			all.Go(func() { // as a correlation does that read before the others wrote
				var links []inventory.Link
				for id := range access.AccountID(accounts) {
					links = append(links, inventory.Link{Account: id + 1, Identity: 2, State: inventory.Confirmed, Rule: "login", Score: 98})
				}
				if err := inv.Relink(ctx, inventory.Relinked{Links: links}, inventory.Mark{}); err != nil && !errors.Is(err, inventory.ErrRelinked) {
					unexpected <- err
				}
			})
			all.Go(func() {
				if err := inv.DecideLink(ctx, inventory.Decision{Account: 2, Identity: 1, Reason: "asked", Replace: true}); err != nil {
					unexpected <- err
				}
			})
		}
		all.Wait()
		close(unexpected)
		for err := range unexpected {
			t.Error(err)
		}
		var stands []string
		err := db.read(ctx, func(q *query) error {
			return q.each(ctx, `select account_id, state, identity_id from account_link where until_set = 0 order by account_id`, nil, func(scan func(...any) error) error {
				var account, identity int64
				var state string
				err := scan(&account, &state, &identity)
				stands = append(stands, fmt.Sprint(account, " ", state, " ", identity))
				return err
			})
		})
		if want := []string{"1 confirmed 1", "2 manual 1"}; err != nil || !slices.Equal(stands, want) {
			t.Errorf("%q, %v, want %q", stands, err, want)
		}
	})
}

// TestLoginsOfOtherSystems: in whatever case a login is asked for, and however many
// others are between, it is one account; alphabets in which the databases do not agree
// about cases are not guessed.
func TestLoginsOfOtherSystems(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		company(t, db)
		ctx := asTester(t.Context())
		if _, err := db.w.ExecContext(ctx, `update account set login = 'Ana' where id = 1`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.w.ExecContext(ctx, `update account set login = 'éva' where id = 2`); err != nil {
			t.Fatal(err)
		}
		called := func(login string) connector.Target {
			return connector.Target{Kind: connector.OnAccount, ID: login, System: "erp"}
		}
		list := []connector.Target{called("ANA"), called("ana"), called("éva"), called("ÉVA")}
		for i := range 3 * accountsPerQuery {
			list = append(list, called(fmt.Sprint("Bea", i))) // they lie between the two in order
		}
		found, err := db.Inventory().Elsewhere(ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		for login, want := range map[string]access.AccountID{"ANA": 1, "ana": 1, "éva": 2, "ÉVA": 0} {
			if got := found[called(login)]; want == 0 && !got.IsZero() || want != 0 && got != want.Ref() {
				t.Errorf("%s is %v, want account %d", login, got, want)
			}
		}
	})
}
