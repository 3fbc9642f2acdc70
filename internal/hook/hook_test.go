package hook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

// script is a small program.
func script(t *testing.T, text string) Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return Program{path}
}

func TestWhatIsNoHook(t *testing.T) {
	key := secret.New([]byte("a key that is long enough"))
	program := script(t, "exit 0")
	for name, c := range map[string]Config{
		"nothing":                {},
		"a name":                 {Run: Program{"reload"}},
		"a folder":               {Run: Program{"/"}},
		"what is not there":      {Run: Program{"/nowhere/reload"}},
		"both":                   {Run: program, URL: "https://a.example.com/", Key: key},
		"a URL without a key":    {URL: "https://a.example.com/"},
		"a short key":            {URL: "https://a.example.com/", Key: secret.New([]byte("short"))},
		"a URL without TLS":      {URL: "http://a.example.com/", Key: key},
		"a secret sent to a URL": {URL: "https://a.example.com/", Key: key, Value: true},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s is taken for a hook", name)
		}
	}
	if _, err := New(Config{Run: program}); err != nil {
		t.Error(err)
	}
}

// A program is run as it was declared, with nothing of Writ's environment, and what it is
// given is on its standard input alone.
func TestLesson21_ProgramsRunWithoutWritsEnvironment(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "postgres://writ:canary@db/writ")
	h, err := New(Config{Run: append(script(t, `env; echo "args: $*"; cat`), "--once", "$(id)")})
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Send(t.Context(), "csm_1", map[string]string{"name": "; id"})
	out := string(a.Body)
	if err != nil || !a.Done || strings.Contains(out, "canary") || strings.Contains(out, "WRIT") || strings.Contains(out, "uid=") {
		t.Fatalf("%v, %t: %s", err, a.Done, out)
	}
	if !strings.Contains(out, "args: --once $(id)\n") || !strings.Contains(out, `{"name":"; id"}`) {
		t.Errorf("it was not run as declared: %s", out)
	}
}

func TestHowAProgramEnds(t *testing.T) {
	for text, want := range map[string]struct {
		done bool
		err  error
	}{"exit 0": {true, nil}, "exit 75": {false, nil}, "echo secret; exit 1": {false, ErrProgram}, "kill -9 $$": {false, ErrProgram}} {
		h := &Hook{Config: Config{Run: script(t, text)}}
		a, err := h.Send(t.Context(), "x", 1)
		if a.Done != want.done || !errors.Is(err, want.err) || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %t, %v", text, a.Done, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Hook{Config: Config{Run: script(t, "sleep 60")}}).Send(ctx, "x", 1); !errors.Is(err, ErrProgram) {
		t.Errorf("one that is called off: %v", err)
	}
	out, _, err := script(t, "yes | head -c 1000000").Run(t.Context(), nil)
	if err != nil || len(out) != mostOutput {
		t.Errorf("%d bytes are kept: %v", len(out), err)
	}
}

// A call is signed over its id, its time and its body; what it answers is read.
func TestCallsAreSigned(t *testing.T) {
	key := secret.New([]byte("a key that is long enough"))
	status, answer := http.StatusOK, `{"version":7}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
		var m map[string]int
		if r.Header.Get("Webhook-Signature") != "v1,"+Sign(key, id, at, body) || id != "csm_1" || json.Unmarshal(body, &m) != nil || m["version"] != 7 {
			status = http.StatusTeapot
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	h, err := New(Config{URL: server.URL, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Send(t.Context(), "csm_1", map[string]int{"version": 7})
	if err != nil || !a.Done || string(a.Body) != answer {
		t.Fatalf("%v, %+v", err, a)
	}
	status = http.StatusAccepted
	if a, err := h.Send(t.Context(), "csm_1", map[string]int{"version": 7}); err != nil || a.Done {
		t.Errorf("one that is at it: %v, %+v", err, a)
	}
	status = http.StatusBadGateway
	if _, err := h.Send(t.Context(), "csm_1", map[string]int{"version": 7}); !errors.Is(err, ErrCall) {
		t.Errorf("one that fails: %v", err)
	}
}
