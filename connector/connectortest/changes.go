package connectortest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// secrets: no canary, and not the credential, is in what a connector says.
func (s Suite) secrets(t *testing.T) {
	canaries := append([]string{}, s.Canaries...)
	if !s.Config.Credential.Empty() {
		canaries = append(canaries, strings.TrimSpace(string(s.Config.Credential.Reveal())))
	}
	if len(canaries) == 0 {
		t.Skip("the suite has no secrets")
	}
	find := func(where, x string) {
		for _, canary := range canaries {
			if strings.Contains(x, canary) {
				t.Errorf("%s holds a secret", where)
			}
		}
	}
	for _, r := range s.all(t) {
		texts(reflect.ValueOf(r), func(x string) { find("a record", x) })
	}
	d, err := s.open(t, s.Config).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	find("the description", fmt.Sprintf("%+v", d))
}

// changes: done twice is done once, reads back, shows, and can be undone until
// nothing is left of it.
func (s Suite) changes(t *testing.T) {
	if len(s.Steps) == 0 {
		t.Skip("the suite has no changes")
	}
	w, ok := s.open(t, s.Config).(connector.Writer)
	if !ok {
		t.Fatal("the connector cannot write")
	}
	before := set(t, s.all(t))
	for i, step := range s.Steps {
		t.Run(fmt.Sprintf("%d %s %s%s", i, step.Do.Kind, step.Do.Account, step.Do.Grant.Entitlement), func(t *testing.T) {
			if done, err := w.ReadBack(t.Context(), step.Do); err != nil || done {
				t.Fatalf("before: %v, %v", done, err)
			}
			apply(t, w, step.Do)
			after := s.all(t)
			if reflect.DeepEqual(set(t, after), before) {
				t.Error("nothing shows")
			}
			if g := step.Do.Grant; step.Do.Kind == connector.AddGrant && !shows(after, g) {
				t.Errorf("no grant of %s to %s shows", g.Entitlement, g.Holder.ID)
			} else if step.Do.Kind == connector.RemoveGrant && shows(after, g) {
				t.Errorf("the grant of %s to %s still shows", g.Entitlement, g.Holder.ID)
			}
			apply(t, w, step.Undo)
			if done, err := w.ReadBack(t.Context(), step.Do); err != nil || done {
				t.Errorf("after undoing: %v, %v", done, err)
			}
			same(t, "after undoing", before, set(t, s.all(t)))
		})
	}
	for _, gone := range s.Gone {
		apply(t, w, gone)
	}
	same(t, "after revoking what is gone", before, set(t, s.all(t)))
}

// apply makes a change twice and reads it back.
func apply(t *testing.T, w connector.Writer, c connector.Change) {
	t.Helper()
	for range 2 {
		if err := w.Apply(t.Context(), c); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if done, err := w.ReadBack(t.Context(), c); err != nil || !done {
			t.Fatalf("%+v reads back %v, %v", c, done, err)
		}
	}
}

func shows(list []connector.Record, want connector.Grant) bool {
	for _, r := range list {
		if g := r.Grant; g != nil && g.Holder == want.Holder && g.Entitlement == want.Entitlement && g.Flags&want.Flags == want.Flags {
			return true
		}
	}
	return false
}
