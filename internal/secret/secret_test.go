package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestLesson13_SecretNeverPrints covers invariant 1 for every printing verb,
// JSON and the structured log.
func TestLesson13_SecretNeverPrints(t *testing.T) {
	const canary = "hunter2-canary"
	s := New([]byte(canary))
	holder := struct{ Password Secret }{s}
	out := fmt.Sprintf("%v %+v %#v %s %q %x %X %d", s, holder, holder, s, s, s, s, s)
	j, err := json.Marshal(map[string]any{"a": s, "b": &s, "c": holder})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "holder", holder)
	for _, got := range []string{out, string(j), log.String()} {
		if strings.Contains(got, canary) || strings.Contains(got, fmt.Sprintf("%x", canary)) {
			t.Errorf("secret shows in %q", got)
		}
	}
}

func TestWipeClearsTheBytes(t *testing.T) {
	s := New([]byte("abc"))
	b := s.Reveal()
	s.Wipe()
	if !s.Empty() || !bytes.Equal(b, []byte{0, 0, 0}) {
		t.Fatalf("after Wipe: %v", b)
	}
}
