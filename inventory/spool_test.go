package inventory

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// anyRecord draws a record of any kind with any content.
func anyRecord(t *rapid.T) connector.Record {
	text := func(name string) string { return rapid.StringN(0, 12, 40).Draw(t, name) }
	at := func(name string) access.Time { return access.Time(rapid.Int64().Draw(t, name)) }
	target := func() connector.Target {
		return connector.Target{Kind: connector.TargetKind(text("kind")), ID: text("id")}
	}
	pairs := func() map[string]string {
		m := rapid.MapOfN(rapid.StringN(0, 5, 20), rapid.String(), 0, 3).Draw(t, "pairs")
		if len(m) == 0 {
			return nil
		}
		return m
	}
	switch rapid.IntRange(0, 8).Draw(t, "what") {
	case 0:
		return connector.Record{Resource: &connector.Resource{ID: text("id"), Kind: text("k"), Name: text("n"), Parent: text("p"), DataClass: access.DataClass(text("c"))}}
	case 1:
		e := connector.Entitlement{ID: text("id"), Kind: text("k"), Name: text("n"), Description: text("d"), Resource: text("r"), Owner: text("o")}
		for range rapid.IntRange(0, 3).Draw(t, "capabilities") {
			e.Capabilities = append(e.Capabilities, connector.Capability{Right: access.Right(text("right")), On: target()})
			e.Conflicts = append(e.Conflicts, text("conflict"))
		}
		return connector.Record{Entitlement: &e}
	case 2:
		return connector.Record{Account: &connector.Account{
			ID: text("id"), Login: text("l"), DisplayName: text("d"), Email: text("e"), Number: text("n"), Kind: access.AccountKind(text("k")),
			KindReason: text("r"), Status: access.AccountStatus(text("s")), Interactive: rapid.Bool().Draw(t, "i"), UsageKnown: rapid.Bool().Draw(t, "u"),
			Created: at("c"), Expires: at("x"), LastUsed: at("lu"), Attributes: pairs(),
		}}
	case 3:
		return connector.Record{Grant: &connector.Grant{
			Holder: target(), Entitlement: text("e"), Resource: text("r"), Mode: access.Mode(rapid.Byte().Draw(t, "m")),
			Flags: access.GrantFlags(rapid.Byte().Draw(t, "f")), Start: at("s"), End: at("e"), UsageKnown: rapid.Bool().Draw(t, "u"), LastUsed: at("lu"),
		}}
	case 4:
		return connector.Record{Credential: &connector.Credential{
			Account: text("a"), Kind: access.CredentialKind(text("k")), Fingerprint: text("f"), Algorithm: text("al"), Options: text("o"), Changed: at("c"), LastUsed: at("l"),
		}}
	case 7:
		here := target()
		return connector.Record{Present: &here}
	case 8:
		return connector.Record{All: &connector.All{Holder: target(), Entitlement: text("e")}}
	case 5:
		return connector.Record{Person: &connector.Person{ID: text("id"), Line: rapid.Int().Draw(t, "line"), Attributes: pairs()}}
	default:
		return connector.Record{Reject: &connector.Reject{Where: text("w"), Reason: text("r"), Raw: text("raw"), Object: target(), Holder: target()}}
	}
}

// copyOf keeps a record beyond the callback that it was given to.
func copyOf(r *connector.Record) connector.Record {
	var out connector.Record
	from, to := reflect.ValueOf(r).Elem(), reflect.ValueOf(&out).Elem()
	for i := range from.NumField() {
		if f := from.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			to.Field(i).Set(reflect.New(f.Type().Elem()))
			to.Field(i).Elem().Set(f.Elem())
		}
	}
	return out
}

func readAll(t interface{ Fatal(...any) }, s *spool) []connector.Record {
	var list []connector.Record
	if err := s.each(func(r *connector.Record) error { list = append(list, copyOf(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// Whatever is cut off the end of a spool, what was collected up to a checkpoint
// is there, whole, and collecting goes on from it to the same end.
func TestSpoolResumesAtACheckpoint(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, fmt.Sprint(rapid.Uint64().Draw(t, "name")))
		defer os.Remove(path) //nolint:errcheck // the folder goes too
		all := rapid.SliceOfN(rapid.Custom(anyRecord), 1, 40).Draw(t, "records")
		every := rapid.IntRange(1, 10).Draw(t, "checkpoint every")
		s, err := openSpool(path, "x", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var ends []int64 // the file's size after each checkpoint
		for i := range all {
			if err := s.add(&all[i]); err != nil {
				t.Fatal(err)
			}
			if (i+1)%every != 0 {
				continue
			}
			if err := s.add(&connector.Record{Checkpoint: fmt.Sprint(i + 1)}); err != nil {
				t.Fatal(err)
			}
			info, err := s.f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, info.Size())
		}
		if err := errors.Join(s.finish(), s.close()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		cut := rapid.Int64Range(0, info.Size()).Draw(t, "cut")
		if err := os.Truncate(path, cut); err != nil {
			t.Fatal(err)
		}
		if s, err = openSpool(path, "x", time.Now()); err != nil {
			t.Fatal(err)
		}
		defer s.close() //nolint:errcheck // closed twice at worst
		n := 0
		for n < len(ends) && ends[n] <= cut {
			n++
		}
		n *= every
		if want := ""; n > 0 {
			if want = fmt.Sprint(n); s.cursor != want {
				t.Fatalf("resumes at %q, want %q", s.cursor, want)
			}
		} else if s.cursor != want {
			t.Fatalf("resumes at %q though nothing is complete", s.cursor)
		}
		for i := range all[n:] {
			if err := s.add(&all[n+i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, s); !reflect.DeepEqual(got, all) {
			t.Fatalf("got %+v\nwant %+v", got, all)
		}
	})
}

func TestSpoolIsForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	now := time.Now()
	write := func() {
		s, err := openSpool(path, "a", now)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(s.add(&connector.Record{Grant: &connector.Grant{Entitlement: "e"}}), s.add(&connector.Record{Checkpoint: "1"}), s.close())
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, about string
		at          time.Time
		keeps       bool
	}{
		{"fresh", "a", now.Add(time.Minute), true}, {"of something else", "b", now, false}, {"old", "a", now.Add(time.Hour), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_ = os.Remove(path)
			write()
			s, err := openSpool(path, tt.about, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close() //nolint:errcheck // it was only read
			if kept := len(readAll(t, s)) == 1 && s.cursor == "1"; kept != tt.keeps {
				t.Fatalf("kept: %v", kept)
			}
			if _, err := openSpool(path, tt.about, tt.at); !errors.Is(err, ErrBusy) {
				t.Fatalf("a second sync of it: %v", err)
			}
		})
	}
}

// Whatever lies in the folder, opening it never fails for its content, and a
// changed byte never yields a record that was not written.
func FuzzSpool(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	s, err := openSpool(path, "x", time.Now())
	if err != nil {
		f.Fatal(err)
	}
	err = errors.Join(s.add(&connector.Record{Grant: &connector.Grant{Entitlement: "e"}}), s.add(&connector.Record{Checkpoint: "1"}),
		s.add(&connector.Record{Person: &connector.Person{ID: "E1", Attributes: map[string]string{"name": "Ana"}}}), s.finish(), s.close())
	whole, err2 := os.ReadFile(path)
	if err := errors.Join(err, err2); err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("garbage"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpool(path, "x", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close() //nolint:errcheck // it was only read
		n := 0
		err = s.each(func(*connector.Record) error { n++; return nil })
		if slices.Equal(content, whole) && n != 1 {
			t.Fatalf("%d records, %v", n, err)
		}
	})
}

// A record's reader never reads beyond its frame, and what it accepts it would
// write so that it reads the same again.
func FuzzRecord(f *testing.F) {
	for _, r := range []connector.Record{
		{Resource: &connector.Resource{ID: "r"}},
		{Grant: &connector.Grant{Entitlement: "e", Start: -1}},
		{Account: &connector.Account{ID: "a", Attributes: map[string]string{"k": "v"}}},
		{Entitlement: &connector.Entitlement{ID: "e", Capabilities: []connector.Capability{{Right: "x"}}, Conflicts: []string{"y"}}},
	} {
		b, err := appendRecord(nil, &r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := recordReader{rest: string(b)}
		for {
			rec, err := r.next()
			if err != nil || rec == nil {
				return
			}
			is := copyOf(rec)
			again, err := appendRecord(nil, &is)
			if err != nil {
				t.Fatal(err)
			}
			back, err := (&recordReader{rest: string(again)}).next()
			if err != nil || !reflect.DeepEqual(*back, is) {
				t.Fatalf("%+v became %+v, %v", is, back, err)
			}
		}
	})
}
