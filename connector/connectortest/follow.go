package connectortest

import (
	"context"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// quiet is how often a server is asked until nothing changed by itself meanwhile.
const quiet = 5

// follower is the connector, where it tells what changed.
func (s Suite) follower(t *testing.T, cfg connector.Config) connector.Follower {
	t.Helper()
	f, ok := s.open(t, cfg).(connector.Follower)
	if !ok {
		t.Fatal("it does not tell what changed")
	}
	return f
}

func changes(t *testing.T, ctx context.Context, f connector.Follower, mark string) (list []connector.Record, failed error) { //nolint:revive // t is first in tests
	t.Helper()
	for r, err := range f.Changes(ctx, mark, nil) {
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

// marked is the mark that records end with.
func marked(t *testing.T, list []connector.Record) string {
	t.Helper()
	for i, r := range list {
		if r.Mark == nil {
			continue
		}
		if i != len(list)-1 {
			t.Fatal("a mark is not the last record")
		}
		if len(r.Mark.Text) == 0 || len(r.Mark.Text) > connector.MaxMark {
			t.Fatalf("a mark of %d bytes", len(r.Mark.Text))
		}
		return r.Mark.Text
	}
	t.Fatal("no mark")
	return ""
}

// said is what changes say beyond who is there.
func said(list []connector.Record) (rest []connector.Record) {
	for _, r := range list {
		if r.Present == nil && r.Mark == nil {
			rest = append(rest, r)
		}
	}
	return rest
}

// follow: nothing changed is nothing told, what changed is told again and again from
// one mark, and a mark of nobody's is refused.
func (s Suite) follow(t *testing.T) {
	f := s.follower(t, s.Config)
	for range quiet {
		mark := marked(t, s.all(t))
		list, err := changes(t, t.Context(), f, mark)
		if err != nil {
			t.Fatalf("following: %v", err)
		}
		marked(t, list)
		if rest := said(list); len(rest) == 0 {
			break
		} else if rest[0].Account == nil {
			t.Logf("the server changed by itself: %s", text(t, rest[0]))
		}
	}
	for _, mark := range []string{"", "a mark of nobody's", `{"v":1,"server":"elsewhere","count":"1"}`} {
		_, err := changes(t, t.Context(), f, mark)
		s.names(t, "a mark of nobody's", err, connector.ErrMark)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mark := marked(t, s.all(t))
	if _, err := changes(t, ctx, f, mark); err == nil {
		t.Error("called off, and no error")
	}
	for _, step := range s.Steps {
		s.followed(t, f, step)
	}
}

// followed makes a change, which must be told, and undoes it, which must be told too.
func (s Suite) followed(t *testing.T, f connector.Follower, step Step) {
	t.Helper()
	w, ok := f.(connector.Writer)
	if !ok {
		return
	}
	for _, x := range []connector.Change{step.Do, step.Undo} {
		mark := marked(t, s.all(t))
		if err := w.Apply(t.Context(), x); err != nil {
			t.Fatalf("%+v: %v", x, err)
		}
		list, err := changes(t, t.Context(), f, mark)
		if err != nil {
			t.Fatalf("following %+v: %v", x, err)
		}
		again, err := changes(t, t.Context(), f, mark)
		if err != nil {
			t.Fatalf("following %+v again: %v", x, err)
		}
		same(t, "from the same mark", set(t, said(list)), set(t, said(again)))
		if !tells(list, x) {
			t.Errorf("%+v is not told", x)
		}
	}
}

// tells reports whether records tell of a change.
func tells(list []connector.Record, x connector.Change) bool {
	told, all := false, connector.All{}
	has := false
	for _, r := range list {
		switch {
		case r.Account != nil:
			told = told || r.Account.ID == x.Account
		case r.All != nil:
			all = *r.All
			told = told || x.Grant.Entitlement != "" && (all.Entitlement == x.Grant.Entitlement || all.Holder == x.Grant.Holder)
		case r.Grant != nil:
			has = has || r.Grant.Holder == x.Grant.Holder && r.Grant.Entitlement == x.Grant.Entitlement
		}
	}
	return told && (x.Grant.Entitlement == "" || has == (x.Kind == connector.AddGrant))
}

// followFaults: a line that breaks while changes are told is an error, and no mark.
func (s Suite) followFaults(t *testing.T) {
	if len(s.Steps) == 0 {
		t.Skip("the suite has no change to follow")
	}
	p := testkit.NewProxy(t, s.Addr)
	cfg := s.Through(s.Config, p.Addr)
	f := s.follower(t, cfg)
	whole, err := read(t, t.Context(), s.open(t, cfg), "")
	if err != nil {
		t.Fatal(err)
	}
	mark := marked(t, whole)
	w, ok := s.open(t, s.Config).(connector.Writer)
	if !ok {
		t.Skip("it changes nothing")
	}
	if err := w.Apply(t.Context(), s.Steps[0].Do); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Apply(t.Context(), s.Steps[0].Undo); err != nil {
			t.Error(err)
		}
	}()
	p.Break(testkit.Pass, 0)
	want, err := changes(t, t.Context(), f, mark)
	if err != nil {
		t.Fatal(err)
	}
	total, _ := p.Total()
	for n := range int64(cuts) {
		p.Break(testkit.Cut, total*n/cuts)
		list, err := changes(t, t.Context(), f, mark)
		if err == nil {
			same(t, "a line that broke too late to matter", set(t, said(want)), set(t, said(list)))
			continue
		}
		s.names(t, "a broken line", err, connector.ErrUnreachable, connector.ErrIncomplete)
		for _, r := range list {
			if r.Mark != nil {
				t.Error("a mark, and then an error")
			}
		}
	}
	p.Break(testkit.Hang, total/2)
	if _, err := changes(t, t.Context(), f, mark); err != nil {
		s.names(t, "a silent server", err, connector.ErrUnreachable, connector.ErrIncomplete)
	} else {
		t.Error("a silent server was not noticed")
	}
}

// locate: what is there is not said to be deleted, and what is not is not found.
func (s Suite) locate(t *testing.T) {
	l, ok := s.open(t, s.Config).(connector.Locator)
	if !ok {
		t.Fatal("it does not tell where things are")
	}
	var ids []string
	for _, r := range s.all(t) {
		if r.Account != nil {
			ids = append(ids, r.Account.ID)
		}
		if r.Entitlement != nil {
			ids = append(ids, r.Entitlement.ID)
		}
	}
	const nobody, never = "who left", "01234567-89ab-cdef-0123-456789abcdef"
	where, err := l.Whereabouts(t.Context(), append([]string{nobody, never}, ids...))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		w := where[id]
		if w.State != connector.OutOfSight || w.At == "" {
			t.Errorf("%s is there, and said to be %+v", id, w)
		}
		plain(t, "where something is", w.At)
	}
	for _, id := range []string{nobody, never} {
		if where[id].State == connector.OutOfSight {
			t.Errorf("%s was found at %s", id, where[id].At)
		}
	}
}
