package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// documentWorld is a roleWorld in which Ana, Ben and Cleo hold iam.
type documentWorld struct {
	*roleWorld
	d    *policy.Documents
	live *policy.Live
}

func openDocumentWorld(t *testing.T, cfg Config) *documentWorld {
	t.Helper()
	w := &documentWorld{roleWorld: openRoleWorld(t, cfg)}
	for _, who := range []access.IdentityID{1, 2, 3} {
		w.must(w.db.Policy().Assign(asTester(t.Context()), policy.Assignment{Identity: who, Held: policy.Held{Function: access.IAM}, Reason: "a test"}))
	}
	w.live = policy.NewLive(w.s.Graph)
	w.d = &policy.Documents{Store: w.db.Policy(), Live: w.live}
	w.settle()
	return w
}

// settle brings the facts up to what is committed.
func (w *documentWorld) settle() {
	w.Helper()
	w.follow()
	d, err := w.db.Policy().Directory(w.Context())
	w.must(err)
	w.live.Put(d)
}

// inForce are the names of what is in force, and since when.
func (w *documentWorld) inForce() (string, access.Rev) {
	w.Helper()
	list, rev, err := w.db.Policy().InForce(w.Context())
	w.must(err)
	names := []string{}
	for _, p := range list {
		if !p.Retired {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, " "), rev
}

func written(text string) policy.Written {
	return policy.Written{Text: text, Reason: "a test", Description: "it is tested"}
}

const frozen = "@id(\"house.frozen\") @mode(\"enforce\") @reason(\"not yet\") forbid (principal, action == Action::\"system.add\", resource);\n"

// A document's whole life: written by one, published by another, again, and retired.
func TestOwnPolicies(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openDocumentWorld(t, fresh(t))
		id, err := w.d.Write(w.ana, "house", policy.Anew, written(frozen))
		w.must(err)
		_, err = w.d.Write(w.ben, "house", policy.Anew, written(""))
		w.refused(err, policy.ErrTaken)
		_, err = w.d.Write(w.ben, "house", 7, written(""))
		w.refused(err, policy.ErrChanged)
		_, err = w.d.Write(w.ben, "bad", 0, written("permit (principal, action, resource) when { 1 };"))
		w.refused(err, policy.ErrPolicy)
		_, err = w.d.Publish(w.ana, "house", 0, "mine")
		w.refused(err, policy.ErrAuthor)
		_, err = w.d.Publish(w.ben, "house", 0, " ")
		w.refused(err, policy.ErrReason)
		if names, rev := w.inForce(); names != "" || rev != 0 {
			t.Fatalf("%q is in force at %d before it is published", names, rev)
		}
		effect, err := w.d.Publish(w.ben, "house", 0, "read it")
		if w.must(err); effect.Forbids == 0 || effect.Permits != 0 {
			t.Errorf("%+v", effect)
		}
		if names, _ := w.inForce(); names != "" {
			t.Errorf("%q is in force before it has a revision", names)
		}
		w.settle()
		names, first := w.inForce()
		if names != "house" || first == 0 {
			t.Fatalf("%q at %d", names, first)
		}

		// Its next version is Ben's, made from the first; what both wrote, a third publishes.
		_, err = w.d.Write(w.ben, "house", 0, written("// nothing\n"))
		w.must(err)
		_, err = w.d.Write(w.ana, "house", 0, written("// nothing yet\n"))
		w.must(err)
		_, err = w.d.Publish(w.ben, "house", 0, "read it")
		w.refused(err, policy.ErrAuthor)
		cleo := audit.WithActor(t.Context(), audit.Actor{Identity: 3})
		_, err = w.d.Publish(cleo, "house", 0, "read it")
		w.must(err)
		w.refused(w.d.Discard(cleo, "house", 0, "none"), policy.ErrNoDraft)
		_, err = w.d.Publish(cleo, "house", 0, "again")
		w.refused(err, policy.ErrNoDraft)

		// It is retired by two as well, and may be written anew after that.
		w.must(w.d.Retire(w.ana, "house", 0, "over"))
		_, err = w.d.Publish(w.ana, "house", 0, "over")
		w.refused(err, policy.ErrAuthor)
		w.settle()
		if names, _ := w.inForce(); names != "house" {
			t.Errorf("%q is in force while its retirement waits", names)
		}
		_, err = w.d.Publish(w.ben, "house", 0, "over")
		w.must(err)
		w.refused(w.d.Retire(w.ana, "house", 0, "over"), policy.ErrRetired)
		w.settle()
		if names, rev := w.inForce(); names != "" || rev <= first {
			t.Errorf("%q at %d", names, rev)
		}
		again, err := w.d.Write(w.ana, "house", policy.Anew, written(frozen))
		if w.must(err); again != id {
			t.Errorf("a name has two ids: %s and %s", id, again)
		}
		w.must(w.d.Discard(w.ana, "house", 0, "no"))

		w.remembers(id)
	})
}

// remembers checks what is kept of a document's life.
func (w *documentWorld) remembers(id access.PolicyID) {
	w.Helper()
	history, err := w.db.Policy().Versions(w.Context(), id)
	w.must(err)
	var told []string
	for _, p := range history {
		told = append(told, fmt.Sprintf("%d %v %v %s %q %q", p.Number, p.Retired, p.Authors, p.Publisher, p.Reason, p.Note))
	}
	want := fmt.Sprint([]string{
		`3 true [idn_0000000000001] idn_0000000000002 "over" "over"`,
		`2 false [idn_0000000000001 idn_0000000000002] idn_0000000000003 "a test" "read it"`,
		`1 false [idn_0000000000001] idn_0000000000002 "a test" "read it"`,
	})
	if fmt.Sprint(told) != want {
		w.Errorf("%v\n%s", told, want)
	}
	page, err := w.db.Audit().List(w.Context(), audit.Filter{Actions: []string{"policy."}})
	w.must(err)
	if len(page.Entries) != 9 || page.Entries[0].Action != "policy.discard" || page.Entries[0].Object != id.Ref() {
		w.Errorf("%d records, the last %+v", len(page.Entries), page.Entries[0])
	}
}

// What was published together with something else is compiled with it, or not published.
func TestTwoWhoPublishAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openDocumentWorld(t, fresh(t))
		const n = 6
		for i := range n {
			_, err := w.d.Write(w.ana, fmt.Sprint("house", i), 0, written(strings.ReplaceAll(frozen, "house.", fmt.Sprint("house", i, "."))))
			w.must(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for i := range n {
			wg.Go(func() {
				for {
					_, err := w.d.Publish(w.ben, fmt.Sprint("house", i), 0, "read it")
					if errors.Is(err, policy.ErrChanged) {
						continue // another was published meanwhile
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					done++
					mu.Unlock()
					return
				}
			})
		}
		wg.Wait()
		w.settle()
		list, rev, err := w.db.Policy().InForce(t.Context())
		w.must(err)
		if set, err := policy.SetOf(rev, list); err != nil || len(list) != n || done != n || len(set.Observed("house0")) != 0 {
			t.Errorf("%d of %d, %v", len(list), done, err)
		}
	})
}

// Invariant 13: nobody publishes what would lock out everybody who keeps policies; where it
// has come to that all the same, the operator of a node takes it out of force, and only then.
func TestTheWayBackFromALockOut(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openDocumentWorld(t, fresh(t))
		operator := audit.WithActor(t.Context(), audit.Actor{Node: "operator:0"})
		for name, text := range map[string]string{
			"everything":       `forbid (principal, action, resource);`,
			"writing":          `forbid (principal, action == Action::"policy.change", resource);`,
			"publishing":       `forbid (principal, action == Action::"policy.publish", resource);`,
			"all but one":      `forbid (principal, action in [Action::"policy.change", Action::"policy.publish"], resource) unless { principal == Identity::"` + access.IdentityID(1).String() + `" };`,
			"by a number":      `forbid (principal, action == Action::"policy.publish", resource) when { 9223372036854775807 + context.mfa_age > 0 || true };`,
			"one's own policy": `forbid (principal, action == Action::"policy.publish", resource == Policy::"ITSELF");`,
		} {
			_, err := w.d.Write(w.ana, "house", 0, written(frozen))
			w.must(err)
			k, err := w.d.Find(w.ana, "house")
			w.must(err)
			_, err = w.d.Write(w.ana, "house", 0, written(`@id("house.x") @mode("enforce") @reason("x") `+strings.ReplaceAll(text, "ITSELF", k.ID().String())))
			w.must(err)
			if _, err = w.d.Publish(w.ben, "house", 0, "read it"); !errors.Is(err, policy.ErrLocksOut) {
				t.Errorf("%s: %v", name, err)
			}
			w.must(w.d.Discard(w.ana, "house", 0, "no"))
		}

		// One that observes locks nobody out, nor one that leaves two people.
		_, err := w.d.Write(w.ana, "house", 0, written(`@id("house.x") @mode("enforce") @reason("x") forbid (principal == Identity::"`+access.IdentityID(3).String()+`", action, resource);`+"\n"+`@id("house.y") @reason("x") forbid (principal, action, resource);`))
		w.must(err)
		_, err = w.d.Publish(w.ben, "house", 0, "read it")
		w.must(err)
		w.settle()
		w.refused(w.d.Rescue(operator, "house", "I would rather"), policy.ErrNotLocked)

		// Ben leaves: then there is only Ana, and nobody publishes what she writes.
		w.must(w.db.Policy().Unassign(asTester(t.Context()), 2, policy.Held{Function: access.IAM}, "leaves"))
		w.settle()
		w.refused(w.d.Rescue(operator, "house", " "), policy.ErrReason)
		w.refused(w.d.Rescue(operator, "nothing", "x"), policy.ErrNotFound)
		_, err = w.d.Write(w.ana, "house", 0, written(frozen))
		w.must(err)
		w.must(w.d.Rescue(operator, "house", "nobody is left"))
		w.refused(w.d.Rescue(operator, "house", "again"), policy.ErrRetired)
		w.settle()
		if names, _ := w.inForce(); names != "" {
			t.Errorf("%q is in force", names)
		}
		page, err := w.db.Audit().List(t.Context(), audit.Filter{Actions: []string{"policy.rescue"}})
		if w.must(err); len(page.Entries) != 1 || page.Entries[0].Actor != "operator:0" || page.Entries[0].Personal["reason"] != "nobody is left" {
			t.Errorf("%+v", page.Entries)
		}

		// What cannot be compiled any more, as after an upgrade, is rescued, too.
		w.must(w.db.Policy().Assign(asTester(t.Context()), policy.Assignment{Identity: 2, Held: policy.Held{Function: access.IAM}, Reason: "is back"}))
		w.settle()
		_, err = w.d.Write(w.ana, "house", 0, written(frozen))
		w.must(err)
		_, err = w.d.Publish(w.ben, "house", 0, "read it")
		w.must(err)
		w.must(w.db.change(operator, audit.Event{Action: "test.break"}, func(x *tx) error {
			_, err := x.exec(t.Context(), `update policy_document set body = 'permit (principal, action == Action::"gone", resource);' where until_set = 0 and name = 'house'`)
			return err
		}))
		w.settle()
		_, err = w.d.Write(w.ana, "other", 0, written(""))
		w.refused(err, policy.ErrPolicy)
		w.must(w.d.Rescue(operator, "house", "it cannot be used"))
		_, err = w.d.Write(w.ana, "other", 0, written(""))
		w.must(err)
	})
}
