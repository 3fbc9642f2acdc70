package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

const (
	houseFrozen = "@id(\"house.frozen\") @mode(\"enforce\") @reason(\"not yet\") forbid (principal, action == Action::\"scope.change\", resource);\n"
	houseAll    = "@id(\"house.all\") @mode(\"enforce\") @reason(\"mine\") permit (principal, action, resource);\n"
	houseShut   = "@id(\"house.shut\") @mode(\"enforce\") @reason(\"shut\") forbid (principal, action, resource);\n"
)

// keepers are two who hold iam, in their browsers.
func (w *world) keepers() (ana, ben *browser) {
	w.t.Helper()
	w.people("number,name,email\n1,Ana,ana@example.com\n2,Ben,ben@example.com\n3,Cleo,cleo@example.com\n")
	for _, number := range []string{"1", "2"} {
		must(w.t, w.app.db.Policy().Assign(w.ctx, policy.Assignment{Identity: w.someone(number), Held: policy.Held{Function: access.IAM}, Reason: "a test"}))
	}
	must(w.t, w.node.settle(w.ctx))
	return w.comes("1"), w.comes("2")
}

// does sends a change of a version, and returns the problem's code.
func (b *browser) does(method, path string, version int64, body string, into any) string {
	b.w.t.Helper()
	r := b.ask(b.w.ctx, method, path, body)
	r.Header.Set("If-Match", `"`+strconv.FormatInt(version, 10)+`"`)
	status, code := b.send(r, into)
	if code == "" && status >= http.StatusBadRequest {
		b.w.t.Fatalf("%s %s: %d", method, path, status)
	}
	return code
}

func writing(text string) map[string]any {
	return map[string]any{"name": "house", "text": text, "reason": "a test"}
}

const because = `{"reason": "read it"}`

// One writes with a second factor, another publishes with theirs, and from the next
// decision on it counts; the same way it ends.
func TestPoliciesAreChangedByTwo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ana, ben := w.keepers()
		cleo := w.comes("3")
		ana.refused("step-up-required", "POST", "/v1/policies", writing(houseFrozen))
		ana.addPasskey("a key")
		cleo.addPasskey("a key")
		cleo.refused("denied", "POST", "/v1/policies", writing(houseAll))
		ana.refused("bad-policy", "POST", "/v1/policies", writing("permit (principal, action, resource) when { principal.admin };"))
		var house policy.DocumentShown
		ana.must("POST", "/v1/policies", writing(houseFrozen), &house)
		ana.refused("policy-taken", "POST", "/v1/policies", writing(houseFrozen))
		path := "/v1/policies/" + house.ID.String()
		if house.InForce || house.Draft == nil || house.Published != nil || house.May["policy.publish"].Allowed || !house.May["policy.change"].Allowed {
			t.Errorf("%+v", house)
		}
		if code := ana.does("POST", path+"/publish", house.Version, because, nil); code != "denied" {
			t.Errorf("who wrote it publishes it: %q", code)
		}
		if code := ben.does("POST", path+"/publish", house.Version, because, nil); code != "step-up-required" {
			t.Errorf("published without a second factor: %q", code)
		}
		ben.addPasskey("a key")
		if code := cleo.does("POST", path+"/publish", house.Version, because, nil); code != "not-found" {
			t.Errorf("published by whoever sees no policies: %q", code)
		}
		if code := ben.does("POST", path+"/publish", house.Version+1, because, nil); code != policy.ErrChanged.Code {
			t.Errorf("published what nobody has looked at: %q", code)
		}
		ben.must("POST", "/v1/scopes", map[string]string{"name": "Asia"}, nil)
		must(t, w.node.settle(w.ctx)) // else it is one scope more between the two
		var would policy.SimulateShown
		ben.must("GET", path+"/impact", nil, &would)
		var effect policy.SimulateShown
		if code := ben.does("POST", path+"/publish", house.Version, because, &effect); code != "" || effect.Forbids == 0 || effect.Forbids != would.Forbids {
			t.Fatalf("%q, %+v, %+v", code, effect, would)
		}
		ben.refused("denied", "POST", "/v1/scopes", map[string]string{"name": "Europe"}) // at once

		// Nobody locks everybody out, nor retires alone.
		ben.must("GET", path, nil, &house)
		if !house.InForce || house.Published.Publisher.Name != "Ben" || house.Published.Authors[0].Name != "Ana" || house.Published.Note != "read it" {
			t.Errorf("%+v", house.Published)
		}
		body := `{"reason": "a test", "text": ` + strconv.Quote(houseShut) + `}`
		if code := ana.does("PUT", path+"/draft", house.Version, body, &house); code != "" {
			t.Fatal(code)
		}
		if code := ben.does("POST", path+"/publish", house.Version, because, nil); code != "policy-locks-out" {
			t.Errorf("%q", code)
		}
		if code := ana.does("POST", path+"/retire", house.Version, because, &house); code != "" || !house.Draft.Retired {
			t.Fatal(code)
		}
		if code := ana.does("POST", path+"/publish", house.Version, because, nil); code != "denied" {
			t.Errorf("retired by one alone: %q", code)
		}
		if code := ben.does("POST", path+"/publish", house.Version, because, nil); code != "" {
			t.Fatal(code)
		}
		ben.must("POST", "/v1/scopes", map[string]string{"name": "Europe"}, nil)
		var history struct{ Items []policy.DocumentVersion }
		if ben.must("GET", path+"/versions", nil, &history); len(history.Items) != 2 || !history.Items[0].Retired {
			t.Errorf("%+v", history)
		}
	})
}

// What permits everything to everybody gives nobody what a guard forbids, and takes no
// second factor from whoever changes policies.
func TestLesson10_APolicyForItsAuthorGivesNoWayAroundTheGuards(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	ana, _ := w.keepers()
	w.publishes(houseAll)
	cleo := w.comes("3")
	cleo.must("GET", "/v1/policies", nil, nil) // it is permitted now
	cleo.refused("step-up-required", "POST", "/v1/policies", map[string]any{"name": "mine", "text": "", "reason": "x"})
	cleo.addPasskey("a key")
	var mine policy.DocumentShown
	cleo.must("POST", "/v1/policies", map[string]any{"name": "mine", "text": "", "reason": "x"}, &mine)
	if code := cleo.does("POST", "/v1/policies/"+mine.ID.String()+"/publish", mine.Version, because, nil); code != "denied" {
		t.Errorf("%q", code)
	}
	ana.addPasskey("a key")
	if code := ana.does("POST", "/v1/policies/"+mine.ID.String()+"/publish", mine.Version, because, nil); code != "" {
		t.Errorf("somebody else: %q", code)
	}
}

// publishes has one operator write a document and another publish it, as commands beside
// the server would.
func (w *world) publishes(text string) {
	w.t.Helper()
	d, err := w.app.documents(w.ctx)
	must(w.t, err)
	_, err = d.Write(w.ctx, "house", 0, policy.Written{Text: text, Reason: "a test"})
	must(w.t, err)
	w.publishesDraft("house")
}

func (w *world) publishesDraft(name string) {
	w.t.Helper()
	d, err := w.app.documents(w.ctx)
	must(w.t, err)
	_, err = d.Publish(audit.WithActor(w.ctx, audit.Actor{Node: "operator:else"}), name, 0, "a test")
	must(w.t, err)
	must(w.t, w.node.settle(w.ctx))
}

// What is published at one node counts at the other, which no request has told.
func TestPoliciesAreFollowedByEveryNode(t *testing.T) {
	one, two := twoNodes(t)
	ana, ben := one.keepers()
	ana.addPasskey("a key")
	ben.addPasskey("a key")
	there := ben.at(two)
	two.soon(func() bool {
		status, _ := there.do("POST", "/v1/scopes", map[string]string{"name": "Asia"}, nil)
		return status < http.StatusBadRequest
	})
	one.publishes(houseFrozen)
	ben.refused("denied", "POST", "/v1/scopes", map[string]string{"name": "Europe"})
	two.soon(func() bool { return two.node.gate.Engine.Set().Digest == one.node.gate.Engine.Set().Digest })
	there.refused("denied", "POST", "/v1/scopes", map[string]string{"name": "Europe"})
	if a, b := one.node.gate.Engine.Set().Revision, two.node.gate.Engine.Set().Revision; a != b || a < 2 {
		t.Errorf("the same set has revisions %d and %d", a, b)
	}
	if n, err := two.app.newNode(two.ctx); err != nil || n.gate.Engine.Set().Digest != one.node.gate.Engine.Set().Digest {
		t.Errorf("a node that starts now decides by other policies: %v", err)
	}
}

// A node that cannot use what was published permits nothing and is not ready; the operator
// takes the document out of force, and it goes on.
func TestANodeThatCannotUsePoliciesRefuses(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	ana, _ := w.keepers()
	ana.addPasskey("a key")
	d, err := w.app.documents(w.ctx)
	must(t, err)
	breaking := breakingStore{w.app.db.Policy()}
	broken := policy.Documents{Store: breaking, Live: d.Live}
	_, err = broken.Write(w.ctx, "house", 0, policy.Written{Text: "// nothing\n", Reason: "a test"})
	must(t, err)
	_, err = broken.Publish(audit.WithActor(w.ctx, audit.Actor{Node: "operator:else"}), "house", 0, "a test")
	must(t, err)
	w.until(func() bool { return w.node.ready(w.ctx) != nil })
	if err := w.node.ready(w.ctx); !errors.Is(err, policy.ErrPolicy) || !strings.Contains(err.Error(), "house:1:1: ") {
		t.Error(err)
	}
	ana.refused("denied", "GET", "/v1/policies", nil)
	if _, err := w.app.newNode(w.ctx); !errors.Is(err, policy.ErrPolicy) || !strings.Contains(err.Error(), "writ policy rescue") {
		t.Errorf("a node starts: %v", err)
	}
	must(t, d.Rescue(w.ctx, "house", "it cannot be used"))
	w.until(func() bool { return w.node.ready(w.ctx) == nil })
	ana.must("GET", "/v1/policies", nil, nil)
}

// breakingStore is what a newer Writ would have published.
type breakingStore struct{ store.Policy }

func (s breakingStore) Publish(ctx context.Context, e audit.Event, name string, version int64, rule func([]policy.Published, *policy.Draft) (policy.Published, error)) error {
	return s.Policy.Publish(ctx, e, name, version, func(all []policy.Published, d *policy.Draft) (policy.Published, error) {
		p, err := rule(all, d)
		p.Text = "@id(\"house.new\") @reason(\"new\") forbid (principal, action == Action::\"moon.visit\", resource);\n"
		return p, err
	})
}
