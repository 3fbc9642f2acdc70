package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// Suite is one connector on one real server. Nothing else may change the server
// meanwhile.
type Suite struct {
	Spec   connector.Spec
	Config connector.Config // what opens the server, with the right credentials
	Addr   string           // host:port where the server listens

	// Through is Config by way of another address, with time-outs as short as the
	// kind allows.
	Through func(cfg connector.Config, addr string) connector.Config
	// Hasty, where a slow answer needs longer time-outs than Through should have, is what
	// Through gave with shorter ones, for a server that has fallen silent anyway.
	Hasty func(cfg connector.Config) connector.Config
	// Wrong are configurations with credentials that the server refuses.
	Wrong []connector.Config
	// Canaries are secrets of the server, such as passwords and their hashes.
	Canaries []string

	Steps []Step             // for a Writer
	Gone  []connector.Change // revocations of what is not there, which succeed

	Accounts *Accounts // for a Maker
	Keeps    []Kept    // for a Keeper
	Lends    *Lending  // for a Lender
}

// Step is a change that the server does not show yet, and the one that undoes it.
type Step struct{ Do, Undo connector.Change }

// Run tests a connector.
func Run(t *testing.T, s Suite) {
	t.Helper()
	if s.Spec.Kind == "" || s.Spec.Open == nil || s.Config.Name == "" || s.Addr == "" || s.Through == nil {
		t.Fatal("the suite lacks what every connector has")
	}
	c := s.open(t, s.Config)
	_, follows := c.(connector.Follower)
	_, locates := c.(connector.Locator)
	_, makes := c.(connector.Maker)
	_, keeps := c.(connector.Keeper)
	if keeps != (len(s.Spec.Keeps) > 0) {
		t.Errorf("that the connector keeps secrets is %v, and its Spec says that it keeps %v", keeps, s.Spec.Keeps)
	}
	_, lends := c.(connector.Lender)
	if lends != s.Spec.Lends {
		t.Errorf("that the connector lends is %v, and its Spec says %v", lends, s.Spec.Lends)
	}
	for _, test := range []struct {
		name     string
		run      func(*testing.T)
		promised bool
	}{
		{"Describe", s.describe, true},
		{"Records", s.records, true},
		{"Twice", s.twice, true},
		{"Resume", s.resume, true},
		{"Cancelled", s.cancelled, true},
		{"Faults", s.faults, true},
		{"Credentials", s.credentials, true},
		{"Secrets", s.secrets, true},
		{"Changes", s.changes, true},
		{"Follow", s.follow, follows},
		{"FollowFaults", s.followFaults, follows},
		{"Locate", s.locate, locates},
		{"Accounts", s.accounts, makes},
		{"Keeps", s.keeps, keeps},
		{"Lends", s.lends, lends},
	} {
		if test.promised {
			t.Run(test.name, test.run)
		}
	}
}

// open is the connector; it is closed after the test.
func (s Suite) open(t *testing.T, cfg connector.Config) connector.Connector {
	t.Helper()
	c, err := s.Spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return c
}

// read discovers all, or what comes before the error. What follows an error
// breaks the contract.
func read(t *testing.T, ctx context.Context, c connector.Connector, cursor string) (list []connector.Record, failed error) { //nolint:revive // t is first in tests
	t.Helper()
	for r, err := range c.Discover(ctx, cursor) {
		if failed != nil {
			t.Fatalf("something follows the error %v", failed)
		}
		if err != nil {
			failed = err
			continue
		}
		list = append(list, r)
	}
	return list, failed
}

// all discovers everything.
func (s Suite) all(t *testing.T) []connector.Record {
	t.Helper()
	list, err := read(t, t.Context(), s.open(t, s.Config), "")
	if err != nil {
		t.Fatalf("discovering: %v", err)
	}
	return list
}

// text is a record as text, by which records are compared.
func text(t *testing.T, r connector.Record) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// set is what records say, without checkpoints and marks.
func set(t *testing.T, lists ...[]connector.Record) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, list := range lists {
		for _, r := range list {
			if r.Checkpoint == "" && r.Mark == nil {
				all[text(t, r)] = true
			}
		}
	}
	return all
}

// same compares two sets and shows some of what differs.
func same(t *testing.T, what string, want, got map[string]bool) {
	t.Helper()
	const some = 5
	n := 0
	for k := range want {
		if !got[k] {
			if n++; n <= some {
				t.Errorf("%s: missing %s", what, k)
			}
		}
	}
	for k := range got {
		if !want[k] {
			if n++; n <= some {
				t.Errorf("%s: too much %s", what, k)
			}
		}
	}
	if n > some {
		t.Errorf("%s: %d differences in all", what, n)
	}
}

// names fails unless an error is one of the given rules and names the system.
func (s Suite) names(t *testing.T, what string, err error, rules ...error) {
	t.Helper()
	is := false
	for _, rule := range rules {
		is = is || errors.Is(err, rule)
	}
	if !is || !strings.Contains(fmt.Sprint(err), s.Config.Name) {
		t.Errorf("%s: got %v; want one of %v, with the name of the system", what, err, rules)
	}
	canaries := s.Canaries
	if s.Accounts != nil && !s.Accounts.New.Credential.Empty() {
		canaries = append(slices.Clip(canaries), string(s.Accounts.New.Credential.Reveal()))
	}
	for _, canary := range canaries {
		if strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: the error holds a secret", what)
		}
	}
}

func (s Suite) describe(t *testing.T) {
	c := s.open(t, s.Config)
	for range 2 {
		d, err := c.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Kind != s.Spec.Kind || d.Version == "" {
			t.Errorf("described as %+v", d)
		}
		for _, w := range append(d.Warnings, d.Version) {
			plain(t, "the description", w)
		}
	}
}
