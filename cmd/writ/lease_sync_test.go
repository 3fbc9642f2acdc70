package main

import (
	"slices"
	"testing"

	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/lease"
)

// A system that is read while something is lent there has the same accounts as before: what
// is lent is a lease's, and neither an orphan nor anybody's standing access. An account that
// takes the name of one that was lent is seen.
func TestLeaseIsNoAccountOfTheInventory(t *testing.T) {
	c := newLender(t, hour())
	before := c.read()
	if len(before) == 0 {
		t.Fatal("nothing is read: this test could not fail")
	}
	got := c.gets("30m")
	if now := c.read(); !slices.Equal(now, before) {
		t.Errorf("read with one on loan are %s, and before %s", now, before)
	}
	c.as("E1").want(200, "POST", "/v1/leases/"+got.ID.String()+"/return", nil, nil)
	c.becomes(got.ID, lease.Ended)
	c.pg.Exec(t, "postgres", `create role "`+got.Name+`" login`, `grant dba to "`+got.Name+`"`)
	if now := c.read(); len(now) != len(before)+1 || !slices.Contains(now, got.Name) {
		t.Errorf("read with a stranger of its name are %s", now)
	}
}

// read reads the cluster, and returns the logins that the inventory has of it then.
func (c *lender) read() (logins []string) {
	c.t.Helper()
	list, err := c.app.inventory().Systems(c.ctx)
	must(c.t, err)
	c.waits(func() bool { // the server may be reading it
		_, err = c.app.inventory().SyncSystem(c.ctx, list[0].ID, inventory.SyncOptions{AcceptRemovals: true})
		return err == nil
	}, func() string { return "it is not read: " + err.Error() })
	c.settle()
	var found struct{ Items []struct{ Login string } }
	c.as("E3").get("/v1/accounts?system="+list[0].ID.String(), &found)
	for _, a := range found.Items {
		logins = append(logins, a.Login)
	}
	slices.Sort(logins)
	return logins
}
