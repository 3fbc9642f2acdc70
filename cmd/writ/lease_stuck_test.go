package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/pam/lease"
)

// An account that its system does not let go of keeps no other one there: what is over goes,
// though one who has it locked could make the taking away wait for an hour.
func TestLeaseEndsBesideOneThatHangs(t *testing.T) {
	c := newLender(t, hour())
	list, err := c.app.inventory().Systems(c.ctx)
	must(t, err)
	list[0].Config.Options = map[string]string{"timeout": "3600"}
	must(t, c.app.inventory().UpdateSystem(c.ctx, list[0], nil))
	hangs, over, later := c.gets("30m"), c.gets("30m"), c.gets("30m")
	blocker := c.locks(hangs.Name)
	c.gives(hangs)
	c.waits(func() bool {
		return psql(t, c.pg, `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter role%'`) != "0"
	}, func() string { return "nobody waits for who has it locked: this test could not fail" })
	for _, l := range []lease.LeaseGiven{over, later} {
		c.gives(l)
		c.becomes(l.ID, lease.Ended)
		if c.isThere(l.Name) {
			t.Error("what has ended is there")
		}
	}
	if !c.isThere(hangs.Name) {
		t.Error("it does not hang: this test could not fail")
	}
	must(t, blocker.Close(context.WithoutCancel(t.Context())))
	c.becomes(hangs.ID, lease.Ended)
}

func (c *lender) gives(l lease.LeaseGiven) {
	c.t.Helper()
	c.as("E1").want(200, "POST", "/v1/leases/"+l.ID.String()+"/return", nil, nil)
}

// locks has somebody who changes an account and does not come to an end.
func (c *lender) locks(login string) *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.pg.URL("postgres"))
	must(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) })
	_, err = conn.Exec(c.t.Context(), `begin; alter role "`+login+`" connection limit 7`)
	must(c.t, err)
	return conn
}
