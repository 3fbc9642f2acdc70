package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/policy"
)

// killedEnv tells a child of this test binary what to work on until it is killed.
const killedEnv = "WRIT_TEST_KILLED"

// doomed is what a node does until it is killed, told to do it by a line.
type doomed struct {
	Data      string
	Who       access.IdentityID
	Secrets   []access.SecretID
	Templates []access.TemplateID
	Elevated  []access.EntitlementID
}

// What a node that is to be killed says.
const (
	saysReady   = "ready"
	saysRotated = "rotated"
	saysCalm    = "calm"
	toldWork    = "work"
	toldCalm    = "calm" // to say when nothing is open any more
)

// tellsParent tells whoever started this process.
func tellsParent(what string) { _, _ = fmt.Fprintln(os.Stdout, what) }

// workUntilKilled runs a whole node. It says when it is ready, and once it is told to, it
// rotates, leases and elevates without an end.
func workUntilKilled(text string) error {
	var x doomed
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return err
	}
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, data: x.Data}
	ctx, err := a.openGraph(context.Background())
	if err != nil {
		return err
	}
	n, err := a.newNode(ctx)
	if err != nil {
		return err
	}
	if err := n.ready(ctx); err != nil {
		return err
	}
	tellsParent(saysReady)
	go func() {
		told := bufio.NewScanner(os.Stdin)
		switch {
		case !told.Scan():
		case told.Text() == toldWork:
			x.work(ctx, n)
		default:
			x.calms(ctx, n)
		}
	}()
	return n.run(ctx)
}

// calms waits until all that was begun has been brought to its end.
func (x *doomed) calms(ctx context.Context, n *node) {
	for ctx.Err() == nil {
		leases, err := n.app.db.Leases().Leases(ctx, lease.Query{Open: true, First: 1})
		elevations, err2 := n.app.db.Elevate().Elevations(ctx, elevate.Query{States: openElevations, First: 1})
		if err == nil && err2 == nil && len(leases)+len(elevations) == 0 {
			tellsParent(saysCalm)
			return
		}
		wait(ctx, 10*time.Millisecond)
	}
}

var openElevations = []elevate.State{elevate.Starting, elevate.Active, elevate.Ending}

func (x *doomed) work(ctx context.Context, n *node) {
	who := policy.WithCaller(audit.WithActor(ctx, audit.Actor{Identity: x.Who}), policy.Caller{Identity: x.Who, Context: policy.Context{MFA: true}})
	for _, id := range x.Secrets {
		go x.rotates(audit.WithActor(ctx, rotating), n, id)
	}
	for _, id := range x.Templates {
		go x.leases(who, n, id)
	}
	for _, id := range x.Elevated {
		go x.elevates(who, n, id)
	}
}

// rotates has a secret changed again and again. What is in doubt is not waited for.
func (x *doomed) rotates(ctx context.Context, n *node, id access.SecretID) {
	for ctx.Err() == nil {
		if err := n.rotate.Store.Demand(ctx, []access.SecretID{id}, rotate.OnDemand, "a test"); err != nil {
			fmt.Fprintln(os.Stderr, "demanding", err)
		}
		n.rotate.Wake()
		for range 100 {
			if list, err := n.rotate.Store.Queue(ctx, rotate.Query{Secret: id}); err == nil && len(list) == 0 {
				tellsParent(saysRotated)
				break
			}
			wait(ctx, 10*time.Millisecond)
		}
	}
}

// leases has accounts made, renewed and given back, or ended by time.
func (x *doomed) leases(ctx context.Context, n *node, id access.TemplateID) {
	for ctx.Err() == nil {
		got, err := n.lease.Issue(ctx, lease.Asking{Template: id, Lasts: time.Second + time.Duration(rand.IntN(500))*time.Millisecond, Reason: "a test"}) //nolint:gosec // a test's dice
		if err != nil {
			fmt.Fprintln(os.Stderr, "leasing", err)
		}
		switch rand.IntN(4) { //nolint:gosec // a test's dice
		case 0:
			_, _ = n.lease.Renew(ctx, got.ID, 1500*time.Millisecond)
		case 1, 2:
			_, _ = n.lease.Return(ctx, got.ID)
		}
		wait(ctx, 20*time.Millisecond)
	}
}

// elevates has what somebody may activate be put on for a second, again and again.
func (x *doomed) elevates(ctx context.Context, n *node, id access.EntitlementID) {
	for ctx.Err() == nil {
		if _, err := n.elevate.Activate(ctx, elevate.Request{Entitlement: id, For: time.Second, Reason: "a test"}); err != nil {
			wait(ctx, 50*time.Millisecond) // the one before is not off yet
		}
	}
}
