package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPrivilege is what privileged access is, from the command line of the built program and
// of the targets: a secret that goes from hand to hand, an elevation that others agree to, a
// leaver whose secrets change, and the day on which nothing of Writ is left. Each part has a
// feature's rules in cmd/writ, where they are tested one by one; here they are one company's.
func TestPrivilege(t *testing.T) {
	f := newFirm(t, "ana", "ben", "ida", "sol", "pia", "eva", "olga")
	t.Run("a secret goes from hand to hand", func(t *testing.T) { aSecretGoesFromHandToHand(t, f) })
	t.Run("others agree to an elevation", func(t *testing.T) { othersAgreeToAnElevation(t, f) })
	t.Run("an end that comes while no node runs", func(t *testing.T) { anEndWhileNoNodeRuns(t, f) })
	t.Run("one chain", func(t *testing.T) { oneChain(t, f) })
	t.Run("a leaver", func(t *testing.T) { aLeaver(t, f) })
	t.Run("every node is gone", func(t *testing.T) { everyNodeIsGone(t, f) })
	f.run(t, "writ audit verify")
	if log := f.run(t, "cat server.log; writ audit list --first 1000 -o json"); strings.Contains(log, found) {
		t.Error("the log has a password")
	}
}

// keep puts what opens an account into a safe.
func (f *firm) keep(t *testing.T, secret, account string) {
	t.Helper()
	system, _, _ := strings.Cut(account, "/")
	f.run(t, "printf %s '"+found+"' | writ secret put "+secret+" --system "+system+" --account "+account)
}

// One has it out, the next is told who and until when; back again, it is another one.
func aSecretGoesFromHandToHand(t *testing.T, f *firm) {
	ana, ben := f.at["ana"], f.at["ben"]
	f.run(t, "writ safe add ledger --owner olga@example.com --exclusive --rotate --most 1h --need-reason --reason 'the ledger'")
	for _, who := range []string{"ana", "ben"} {
		f.run(t, "writ safe grant ledger "+who+"@example.com reveal --reason 'runs the ledger'")
	}
	f.keep(t, "ledger/app", "db/app")
	ana.refused(t, "writ secret get ledger/app --reason 'the disk is full'", "first: 'writ checkout ledger/app'")
	ana.refused(t, "writ checkout ledger/app --for 30m", "reason")
	out := idOf(t, "chk", ana.run(t, "writ checkout ledger/app --for 30m --reason 'the disk is full'"))
	if got := ana.run(t, "writ secret get ledger/app --reason 'the disk is full' --checkout "+out); strings.TrimSpace(got) != found || !f.opensDB(t, "app", strings.TrimSpace(got)) {
		t.Fatalf("she has %q out", got)
	}
	ben.refused(t, "writ checkout ledger/app --for 30m --reason 'mine now'", "Ana Sol has the secret out, until 20")
	ben.refused(t, "writ checkin "+out)
	ana.run(t, "writ checkin "+out)
	waits(t, func() bool { return !f.opensDB(t, "app", found) }, func() string { return f.run(t, "writ rotate list") })
	var second string
	waits(t, func() bool {
		said, _, err := ben.try("writ checkout ledger/app --for 30m --reason 'mine now'")
		if err == nil {
			second = idOf(t, "chk", said)
		}
		return err == nil
	}, func() string {
		return "what was changed is given to nobody: " + f.run(t, "writ secret show ledger/app")
	})
	if got := strings.TrimSpace(ben.run(t, "writ secret get ledger/app --reason 'mine now' --checkout "+second)); got == found || !f.opensDB(t, "app", got) {
		t.Error("the database does not let in whoever has what he has out")
	}
	ana.refused(t, "writ secret get ledger/app --reason 'once more' --checkout "+out, "the check-out has ended")
	if seen := f.run(t, "writ secret seen ledger/app"); !strings.Contains(seen, "Ana Sol") || !strings.Contains(seen, "Ben Roy") {
		t.Errorf("who knew it: %s", seen)
	}
	ben.run(t, "writ checkin "+second)
}

// agreeing is the command that agrees to an approval as it is shown to somebody.
func (p *person) agreeing(t *testing.T, approval string) string {
	t.Helper()
	var shown struct{ Digest string }
	p.json(t, "writ approval show "+approval+" -o json", &shown)
	return "writ approval approve " + approval + " --comment 'seen' --shown " + shown.Digest
}

func (p *person) agrees(t *testing.T, approval string) {
	t.Helper()
	p.run(t, p.agreeing(t, approval))
}

// asks is an elevation of Ana's, and the approval that it waits for.
func (f *firm) asks(t *testing.T, what string, lasts time.Duration) (elevation, approval string) {
	t.Helper()
	var said string
	waits(t, func() bool { // until what was there before is seen gone
		var bad string
		var err error
		if said, bad, err = f.at["ana"].try(fmt.Sprintf("writ elevate %s --for %s --reason 'change 4711'", what, lasts)); err != nil && !strings.Contains(bad, "not off its target yet") {
			t.Fatal(bad)
		}
		return err == nil
	}, func() string { return f.run(t, "writ provision list") })
	elevation = idOf(t, "elv", said)
	return elevation, idOf(t, "apr", said)
}

// Whoever asks does not agree, nor does whoever decides in their place; somebody of another
// function does. Then the targets themselves show it, until it is ended.
func othersAgreeToAnElevation(t *testing.T, f *firm) {
	ana, ben, sol := f.at["ana"], f.at["ben"], f.at["sol"]
	for _, what := range []string{"db/dba", "host/admins", "db/auditors", "host/operators"} {
		f.run(t, "writ eligible give ana@example.com "+what+" --most 4h --stage security_operations --reason 'on call'")
	}
	if own := ana.run(t, "writ eligible list --mine"); !strings.Contains(own, "dba") || !strings.Contains(own, "admins") {
		t.Errorf("she is told that she may activate %s", own)
	}
	ana.refused(t, "writ elevate nothing --for 30m --reason 'change 4711'", "eligible")
	var of struct{ Identity string }
	ben.json(t, "writ api GET /v1/me", &of)
	ana.run(t, "writ approval delegate "+of.Identity+" --until "+time.Now().AddDate(0, 0, 2).Format(time.DateOnly)+" --reason 'on leave'")
	for what, in := range map[string]func(*testing.T, string, string) bool{"dba": f.inDB, "admins": f.inHost} {
		elevation, approval := f.asks(t, what, 30*time.Minute)
		for _, p := range []*person{ana, ben} {
			if said, _, err := p.try(sol.agreeing(t, approval)); err == nil {
				t.Errorf("agreed: %s", said)
			}
		}
		if in(t, "ana", what) {
			t.Errorf("%s is there before anybody agreed", what)
		}
		if waiting := sol.run(t, "writ approval list"); !strings.Contains(waiting, approval) || !strings.Contains(waiting, "Ana Sol") {
			t.Errorf("for her waits %s", waiting)
		}
		sol.agrees(t, approval)
		waits(t, func() bool { return in(t, "ana", what) }, func() string { return ana.run(t, "writ elevate show "+elevation) })
		if _, err := f.host.Try("sudo", "-n", "-l", "-U", "ana", "/usr/bin/id"); what == "admins" && err != nil {
			t.Errorf("sudo lets her do nothing: %v", err)
		}
		waits(t, func() bool { return strings.Contains(ana.run(t, "writ elevate show "+elevation), "active") }, func() string { return "it is never active" })
		ana.run(t, "writ elevate end "+elevation)
		waits(t, func() bool { return !in(t, "ana", what) }, func() string { return ana.run(t, "writ elevate show "+elevation) })
	}
}

// The node is killed while two targets have what ends meanwhile. It is off both as soon as a
// node is back, and not by anything that the node would have had to remember.
func anEndWhileNoNodeRuns(t *testing.T, f *firm) {
	has := func() (bool, bool) { return f.inDB(t, "ana", "auditors"), f.inHost(t, "ana", "operators") }
	both := func() bool { db, host := has(); return db && host }
	none := func() bool { db, host := has(); return !db && !host }
	is := func(state string, elevations ...string) bool {
		for _, id := range elevations {
			if !strings.Contains(f.at["ana"].run(t, "writ elevate show "+id), state) {
				return false
			}
		}
		return true
	}
	for lasts := 10 * time.Second; ; lasts *= 2 {
		var over []string
		for _, what := range []string{"auditors", "operators"} {
			elevation, approval := f.asks(t, what, lasts)
			f.at["sol"].agrees(t, approval)
			over = append(over, elevation)
		}
		ends := time.Now().Add(lasts) // the later one's at the latest
		waits(t, func() bool { return is(" active ", over...) || time.Now().After(ends) }, func() string { return "neither on nor over" })
		f.kill()
		left := both()
		waits(t, func() bool { return time.Now().After(ends) }, func() string { return "time stands still" })
		if left && !both() {
			t.Error("it is gone while no node runs")
		}
		f.starts(t)
		back := time.Now()
		waits(t, none, func() string { return f.run(t, "writ elevate list") })
		if left {
			t.Logf("off both targets %s after the node was back", time.Since(back).Round(10*time.Millisecond))
			waits(t, func() bool { return is(" ended ", over...) }, func() string { return "it does not end" })
			return
		}
	}
}

// From an elevation, a check-out and a lease all that belongs to it is one step away.
func oneChain(t *testing.T, f *firm) {
	ana, sol := f.at["ana"], f.at["sol"]
	f.run(t, "writ safe add guarded --owner olga@example.com --most 1h --stage security_operations:1:4h --reason 'the ledger'")
	f.run(t, "writ safe grant guarded ana@example.com use --reason 'runs it'")
	f.run(t, "writ secret generate guarded/key")
	f.run(t, "writ lease template add reporting --system db --give db/readers --usual 10m --most 1h --stage security_operations:1:4h --reason 'the figures'")
	f.run(t, "writ lease template grant reporting ana@example.com --reason 'she makes them'")
	elevation, approval := f.asks(t, "dba", 10*time.Minute)
	sol.agrees(t, approval)
	out := ana.run(t, "writ checkout guarded/key --for 30m --reason 'change 4711'")
	sol.agrees(t, idOf(t, "apr", out))
	lease := ana.run(t, "writ lease get reporting --for 10m --reason 'change 4711'")
	sol.agrees(t, idOf(t, "apr", lease))
	id := idOf(t, "lse", lease)
	waits(t, func() bool { return strings.Contains(ana.run(t, "writ elevate show "+elevation), "active") }, func() string { return "it is never active" })
	login, password, _ := strings.Cut(strings.TrimSpace(ana.run(t, "writ lease get "+id)), "\n")
	if !f.opensDB(t, login, password) {
		t.Errorf("the database does not let %q in", login)
	}
	if !f.inDB(t, login, "readers") || f.sql(t, "select rolvaliduntil between now() and now() + '10 minutes' from pg_roles where rolname = '"+login+"'") != "t" {
		t.Error("the database itself does not end it")
	}
	for from, has := range map[string][]string{elevation: {"apr_", "elv_", "jst_", "opn_"}, idOf(t, "chk", out): {"apr_", "chk_"}, id: {"apr_", "lse_"}} {
		chain := ana.run(t, "writ chain "+from)
		for _, kind := range has {
			if !strings.Contains(chain, kind) {
				t.Errorf("the chain of %s has no %s: %s", from, kind, chain)
			}
		}
	}
	ana.run(t, "writ lease return "+id+"; writ elevate end "+elevation+"; writ checkin "+idOf(t, "chk", out))
	waits(t, func() bool { return !f.opensDB(t, login, password) }, func() string { return ana.run(t, "writ lease show "+id) })
}
