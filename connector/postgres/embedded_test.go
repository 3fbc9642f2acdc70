package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// Of each password in a cluster's own settings the place is told, and nothing of the password;
// who may not see that there is one is told of none.
func TestEmbeddedSecrets(t *testing.T) {
	p := testkit.NewPostgres(t)
	const canary = "embedded canary"
	p.Exec(t, "postgres", `create role plain login`, `create role "da.te:n"`, `create extension postgres_fdw`,
		`create server crm foreign data wrapper postgres_fdw options (host 'crm')`,
		`create user mapping for "da.te:n" server crm options (user 'x', password '`+canary+`')`,
		`create user mapping for public server crm options (user 'x', password '`+canary+`')`,
		`create user mapping for plain server crm options (user 'x')`,
		`create subscription feed connection 'host=127.0.0.1 port=1 user=x password=''`+canary+`''' publication all_of_it with (connect = false)`,
		`create subscription open_feed connection 'host=127.0.0.1 port=1 user=x' publication all_of_it with (connect = false)`)
	places := func(address string) (list []string) {
		t.Helper()
		for _, r := range discover(t, address) {
			if strings.Contains(fmt.Sprintf("%+v", r), canary) || r.Resource != nil && strings.Contains(fmt.Sprintf("%+v", *r.Resource), canary) {
				t.Error("a record has the password")
			}
			if r.Resource != nil && r.Resource.Kind == connector.EmbeddedSecret {
				list = append(list, r.Resource.ID+" = "+r.Resource.Name+" < "+r.Resource.Parent)
			}
		}
		slices.Sort(list)
		return list
	}
	want := []string{
		`embedded:subscription:postgres.feed = subscription feed in postgres < database:postgres`,
		`embedded:user_mapping:postgres.crm.da\x2ete\x3an = user mapping crm of da.te:n in postgres < database:postgres`,
		`embedded:user_mapping:postgres.crm.public = user mapping crm of public in postgres < database:postgres`,
	}
	if got := places(p.URL("postgres")); !slices.Equal(got, want) {
		t.Errorf("embedded are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := places(strings.Replace(p.URL("postgres"), "postgres@", "plain@", 1)); len(got) != 0 {
		t.Errorf("who may see none is told of %q", got)
	}
}
