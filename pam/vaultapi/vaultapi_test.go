package vaultapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
)

func TestPathsAreReadInOneWay(t *testing.T) {
	for path, want := range map[string]place{
		"ledger/data/db":            {"ledger", "data", "db", false},
		"ledger/data/a/b c/d":       {"ledger", "data", "a/b c/d", false},
		"ledger/metadata":           {"ledger", "metadata", "", false},
		"ledger/metadata/a/":        {"ledger", "metadata", "a", true},
		"Ledger/data/db":            {"Ledger", "data", "db", false},
		"the ledger/data/Größe":     {"the ledger", "data", "Größe", false},
		"ledger/data/...":           {"ledger", "data", "...", false},
		"ledger/data/%2e%2e/secret": {"ledger", "data", "%2e%2e/secret", false}, // it was decoded once
	} {
		parts, folder, ok := split(root + path)
		if !ok {
			t.Errorf("%q is refused", path)
			continue
		}
		if got, ok := placeOf(parts, folder); !ok || got != want {
			t.Errorf("%q: %+v", path, got)
		}
	}
	for _, path := range []string{
		"", "/", "ledger//data/db", "ledger/data/../../sys/health", "ledger/data/./db", "../v1/ledger", "ledger/data/a\\b", "ledger/data/a\x00",
		"ledger/data/a\n", "ledger/data/ a", "ledger/data/a  b", "ledger/data/a\u00a0b", "ledger/data/a\u200bb", "ledger/data/\xff", "ledger/data/a//", strings.Repeat("a/", 600),
	} {
		if parts, _, ok := split(root + path); ok {
			t.Errorf("%q is read as %q", path, parts)
		}
	}
	for _, path := range []string{"sys/health", "auth/token/x", "ssh/data/x", "ledger"} {
		parts, folder, _ := split(root + path)
		if p, ok := placeOf(parts, folder); ok {
			t.Errorf("%q is in the safe %q", path, p.safe)
		}
	}
}

// Whatever a path is, it is read as it is written or not at all, and names nothing that is
// not in the mount that it begins with.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"ledger/data/db", "ledger/metadata/a/", "sys/health", "a/../b", "a//b", "a/%2e%2e/b", "ſ/data/K", "a/data/.. /b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		parts, folder, ok := split(root + path)
		if !ok {
			return
		}
		again := strings.Join(parts, "/")
		if folder {
			again += "/"
		}
		if again != path {
			t.Fatalf("%q is read as %q", path, again)
		}
		for _, p := range parts {
			if p == "" || p == "." || p == ".." || strings.ContainsAny(p, "/\\\x00\r\n") {
				t.Fatalf("%q has the part %q", path, p)
			}
		}
		p, ok := placeOf(parts, folder)
		if !ok {
			return
		}
		if !strings.HasPrefix(path, p.safe+"/"+p.verb) || own[p.safe] {
			t.Fatalf("%q is in %q", path, p.safe)
		}
		if p.name != "" && !named(p.safe, p.name) {
			t.Fatalf("%q names %q, which is not listed", path, p.name)
		}
		if below, ok := p.below(p.name + "/x"); ok && p.name != "" && below != "x" {
			t.Fatalf("below %q is %q", p.name, below)
		}
		_, _, _ = find(inSafe, read, parts[1:])
		_, _, _ = find(routes, read, parts)
	})
}

func TestFolders(t *testing.T) {
	for _, tt := range []struct{ folder, name, want string }{
		{"", "a", "a"}, {"", "a/b/c", "a/"}, {"a", "a/b/c", "b/"}, {"a/b", "a/b/c", "c"}, {"a", "a", ""}, {"a", "ab/c", ""}, {"a", "b", ""},
	} {
		got, ok := place{name: tt.folder}.below(tt.name)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%q in %q: %q", tt.name, tt.folder, got)
		}
	}
}

func TestValuesAndTheirFields(t *testing.T) {
	for _, tt := range []struct {
		x           Secret
		value, data string
	}{
		{Secret{Kind: kindJSON}, `{"a":1e400,"b":{"c":null}}`, `{"a":1e400,"b":{"c":null}}`},
		{Secret{Kind: kindJSON}, `[1,2]`, `{"value":[1,2]}`},
		{Secret{Kind: kindPassword}, `hunter2`, `{"password":"hunter2"}`},
		{Secret{Kind: kindPassword, User: "root"}, `hunter2`, `{"password":"hunter2","username":"root"}`},
		{Secret{Kind: "api_key"}, `abc`, `{"value":"abc"}`},
		{Secret{Kind: "file"}, "\xff\x00", `{"encoding":"base64","value":"/wA="}`},
	} {
		got, err := tt.x.fields(secret.New([]byte(tt.value)))
		if err != nil || string(got) != tt.data {
			t.Errorf("%s %q: %s, %v", tt.x.Kind, tt.value, got, err)
		}
		if strings.HasPrefix(tt.value, "[") {
			continue
		}
		back, err := tt.x.plain(got)
		if err != nil || string(back.Reveal()) != tt.value {
			t.Errorf("%s %s: %q, %v", tt.x.Kind, got, back.Reveal(), err)
		}
	}
	for _, tt := range []struct{ kind, data string }{
		{kindJSON, ``},
		{kindJSON, `null`},
		{kindJSON, `[]`},
		{kindPassword, `{}`},
		{kindPassword, `{"password":1}`},
		{kindPassword, `{"password":"a","b":"c"}`},
		{kindPassword, `{"value":"a"}`},
		{"file", `{"value":"a","encoding":"hex"}`},
		{"file", `{"value":"?","encoding":"base64"}`},
	} {
		if _, err := (Secret{Kind: tt.kind}).plain(json.RawMessage(tt.data)); err == nil {
			t.Errorf("%s takes %s", tt.kind, tt.data)
		}
	}
}

func TestMergePatch(t *testing.T) {
	for _, tt := range []struct{ was, change, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":12345678901234567890}`, `{"a":"b","b":12345678901234567890}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":{"b":"c","d":1}}`, `{"a":{"b":null}}`, `{"a":{"d":1}}`},
		{`{"a":[1]}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
	} {
		got, err := merged(json.RawMessage(tt.was), json.RawMessage(tt.change))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s and %s: %s, %v", tt.was, tt.change, got, err)
		}
	}
	if _, err := merged(json.RawMessage(`{}`), json.RawMessage(`[]`)); err == nil {
		t.Error("a list is merged")
	}
}

func TestTimesAsClientsWriteThem(t *testing.T) {
	for text, want := range map[string]time.Duration{`3600`: time.Hour, `"3600"`: time.Hour, `"1h"`: time.Hour, ``: 0, `null`: 0, `""`: 0, `0`: 0} {
		if got, err := lasting(json.RawMessage(text)); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`-1`, `"-1h"`, `99999999999999999999`, `9223372036854775807`, `"x"`, `{}`, `1.5`, `true`} {
		if got, err := lasting(json.RawMessage(text)); err == nil {
			t.Errorf("%s is %s", text, got)
		}
	}
}

// A server that has two more folders in each, all of them empty, is asked so often and no
// more.
func TestLesson07_FoldersWithoutEndAreLeft(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/internal/ui/mounts/") {
			_, _ = w.Write([]byte(`{"data":{"type":"kv","options":{"version":"2"}}}`))
			return
		}
		asked.Add(1)
		_, _ = w.Write([]byte(`{"data":{"keys":["a/","b/"]}}`))
	}))
	defer server.Close()
	s, err := NewSource(t.Context(), server.URL, "secret", secret.New([]byte("a token")))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const more = maxNested + 10
	found := walked{folders: maxFolders - more}
	if err := s.walk(t.Context(), "", 0, &found); !errors.Is(err, ErrSource) || asked.Load() > more {
		t.Errorf("it was asked %d times: %v", asked.Load(), err)
	}
	found = walked{folders: maxFolders}
	if err := s.walk(t.Context(), "", maxNested, &found); !errors.Is(err, ErrSource) || asked.Load() > more {
		t.Errorf("it was asked %d times: %v", asked.Load(), err)
	}
}
