package main

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/elevate"
)

// readPeople reads an HR file of these rows again.
func (c *cluster) readPeople(rows string) {
	c.t.Helper()
	sources, err := c.app.inventory().Store.Sources(c.ctx)
	must(c.t, err)
	y := sources[0]
	y.Config.Address = filepath.Join(c.t.TempDir(), "hr.csv")
	must(c.t, os.WriteFile(y.Config.Address, []byte(rows), 0o600))
	must(c.t, c.app.inventory().UpdateSource(c.ctx, y))
	_, err = c.app.inventory().SyncSource(c.ctx, y.ID, inventory.SyncOptions{})
	must(c.t, err)
}

// elevatingEnv tells a child of this test binary over which store to run a node until it is
// killed.
const elevatingEnv = "WRIT_TEST_ELEVATING_STORE"

func runNode(dir string) error {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, data: dir}
	ctx, err := a.openGraph(context.Background())
	if err != nil {
		return err
	}
	n, err := a.newNode(ctx)
	if err != nil {
		return err
	}
	return n.run(ctx)
}

// killed runs a node and kills it after a time.
func (c *cluster) killed(after time.Duration) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), elevatingEnv+"="+c.data)
	must(c.t, cmd.Start())
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err == nil {
		c.t.Error("the node ended by itself")
	}
}

// A node that is away at the end takes it off within a second of being back; and wherever
// nodes are killed, nothing is on past its end by more.
func TestElevationEndsWithTheNodeAway(t *testing.T) {
	c := newCluster(t)
	c.give("E1", hour())
	var worst time.Duration
	on := 0
	for round := range 4 {
		lasts := "1s"
		if round == 0 {
			lasts = "6s"
		}
		e := c.activate(lasts)
		if round == 0 {
			c.becomes(e.ID, elevate.Active)
		}
		c.stop()
		if round == 0 && !c.has("ana") {
			t.Error("stopping the node took it off: this test could not fail")
		}
		if round > 0 {
			c.killed(time.Duration(rand.IntN(1500)) * time.Millisecond)
		}
		if now := access.TimeOf(time.Now()); now < e.End {
			wait(t.Context(), time.Duration(e.End-now)*time.Microsecond)
		}
		if c.has("ana") {
			on++
		}
		c.restart(t)
		back := time.Now()
		took := max(0, c.gone().Sub(back))
		worst = max(worst, took)
		c.becomes(e.ID, elevate.Ended)
		if c.has("ana") {
			t.Error("it came back after its end")
		}
		if testkit.Punctual() && took > time.Second {
			t.Errorf("round %d: gone %s after the node was back", round, took)
		}
	}
	t.Logf("left on %d of 4 times, and gone at most %s after the node was back", on, worst.Round(time.Millisecond))
}

// converts expects that standing grants become eligible, are taken off the cluster, and
// come back.
func converts(t *testing.T, c *cluster) {
	t.Helper()
	c.pg.Exec(t, "postgres", `grant dba to ana`, `create role robot login`, `grant dba to robot`, `create database prod owner dba`)
	list, err := c.app.inventory().Systems(c.ctx)
	must(t, err)
	c.waits(func() bool { // what was written is being read back
		_, err = c.app.inventory().SyncSystem(c.ctx, list[0].ID, inventory.SyncOptions{})
		return err == nil
	}, func() string { return "it is not read: " + err.Error() })
	c.settle()
	var plan struct{ Items []elevate.Convertible }
	c.as("E3").get("/v1/eligibility-conversions?tier=3&entitlement="+c.dba(), &plan)
	if len(plan.Items) != 2 || plan.Items[0].Not != "" && plan.Items[1].Not != "" {
		t.Fatalf("the plan is %+v", plan.Items)
	}
	body := map[string]any{"entitlement": c.dba(), "tier": 3, "terms": hour(), "reason": "none standing"}
	c.as("E5").refused("denied", "/v1/eligibility-conversions", body)
	var done struct {
		ID    access.ChainID
		Items []elevate.Convertible
	}
	c.as("E3").want(201, "POST", "/v1/eligibility-conversions", body, &done)
	if len(done.Items) != 1 || done.Items[0].Identity != c.identity("E1") {
		t.Errorf("converted is %+v", done.Items)
	}
	c.gone()
	if !c.has("robot") {
		t.Error("what runs by itself lost what it has")
	}
	e := c.activate("5m")
	c.becomes(e.ID, elevate.Active)
	path := "/v1/eligibility-conversions/" + done.ID.String() + "/restore"
	c.as("E5").refused("denied", path, map[string]any{"reason": "x"})
	c.as("E3").want(200, "POST", path, map[string]any{"reason": "they need it standing"}, nil)
	c.as("E3").refused("not-found", path, map[string]any{"reason": "again"})
	if e = c.becomes(e.ID, elevate.Ended); e.Code != elevate.CodeLost || !c.has("ana") {
		t.Errorf("restored: it ended by %q, and ana has it: %v", e.Code, c.has("ana"))
	}
	var f struct{ Tiers []elevate.TierFigures }
	c.as("E3").get("/v1/elevation-figures", &f)
	if len(f.Tiers) != 2 {
		t.Errorf("the figures are %+v", f)
	}
}

// What is shown is what is on the target: what could not be put on has failed, and what
// could not be taken off is ending, late and found, until it is off.
func TestElevationIsWhatTheTargetShows(t *testing.T) {
	c := newCluster(t)
	c.stop()
	c.soon = true
	c.restart(t)
	c.give("E1", hour())
	c.pg.Exec(t, "postgres", `drop role dba`)
	e := c.activate("10m")
	if e = c.becomes(e.ID, elevate.Failed); e.Code != elevate.CodeNotPut || e.Said == "" {
		t.Errorf("it failed by %q %q", e.Code, e.Said)
	}
	c.pg.Exec(t, "postgres", `create role dba`)
	e = c.activate("10m")
	c.becomes(e.ID, elevate.Active)
	c.pg.Exec(t, "postgres", `alter role writ nologin`) // nothing can be taken off
	c.as("E1").want(204, "POST", "/v1/elevations/"+e.ID.String()+"/end", nil, nil)
	c.waits(func() bool {
		got, err := c.app.db.Elevate().Elevation(c.ctx, e.ID)
		return err == nil && got.Late && got.State == elevate.Ending
	}, func() string { return "it is over, still on, and not late" })
	c.as("E1").refused("elevation-not-off", "/v1/elevations", c.asking("5m"))
	c.waits(func() bool { return c.lateFound() }, func() string { return "nothing is found of what is over and still on" })
	c.pg.Exec(t, "postgres", `alter role writ login`)
	c.gone()
	if e = c.becomes(e.ID, elevate.Ended); e.Late {
		t.Error("it is off, and late")
	}
	c.waits(func() bool { return !c.lateFound() }, func() string { return "it is off, and still found" })
}

// lateFound reports whether a finding says that what is over is still on.
func (c *cluster) lateFound() bool {
	c.t.Helper()
	list, err := c.app.findings().List(c.ctx, finding.Filter{Rule: "drift", Status: finding.Open})
	must(c.t, err)
	for _, f := range list {
		for _, e := range f.Evidence {
			if strings.Contains(e.Text, "is over since") && f.Severity == access.High {
				return true
			}
		}
	}
	return false
}
