package sampleload

import (
	"slices"
	"strings"
	"testing"
)

// Facts are what a sample says of a system, as lines that can be compared with
// what a connector reads.
func Facts(tb testing.TB, dir, system string) map[string]bool {
	tb.Helper()
	f, lines := read(tb, dir, system), map[string]bool{}
	say := func(parts ...string) { lines[strings.Join(parts, "")] = true }
	for _, r := range f.resources {
		say("resource ", r["id"], " kind=", r["kind"], " parent=", r["parent"])
	}
	for _, e := range f.entitlements {
		say("entitlement ", e["id"], " kind=", e["kind"], " name=", e["name"])
		if e["owner"] != "" {
			say("owner ", e["id"], " ", e["owner"])
		}
		for c := range strings.SplitSeq(e["capabilities"], ";") {
			if c != "" {
				say("capability ", e["id"], " ", c)
			}
		}
	}
	for _, a := range f.accounts {
		if builtIn(a) {
			continue // how a server brings it along is the server's
		}
		say("account ", a["id"], " status=", a["status"], " interactive=", a["interactive"])
		if a["display_name"] != "" {
			say("name ", a["id"], " ", a["display_name"])
		}
		if a["kind"] != "" {
			say("kind ", a["id"], " ", a["kind"])
		}
		if a["last_used"] != "" {
			say("used ", a["id"], " ", a["last_used"])
		}
		if a["opened_by"] != "" {
			say("opened ", a["id"], " by ", a["opened_by"])
		}
	}
	for _, c := range f.credentials {
		say("credential ", c["account"], " ", c["kind"], " ", c["fingerprint"], " ", c["algorithm"])
		if c["changed"] != "" {
			say("changed ", c["account"], " ", c["kind"], " ", c["changed"])
		}
	}
	for _, g := range f.grants {
		flags := strings.Split(g["flags"], ";")
		slices.Sort(flags)
		holder := g["holder"]
		if g["holder_system"] != "" {
			holder = g["holder_system"] + "/" + holder
		}
		say("grant ", g["holder_kind"], " ", holder, " -> ", g["entitlement"], " flags=", strings.Join(flags, ";"))
	}
	return lines
}
