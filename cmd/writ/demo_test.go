package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A demo that was interrupted while it was made is made anew, from nothing; what is in a
// folder that no demo was begun in is left as it is.
func TestDemoThatWasInterruptedIsMadeAnew(t *testing.T) {
	for _, tt := range []struct {
		name, left string
		begun      bool
	}{
		{"interrupted", "sample/workplace-changes/x.csv", true},
		{"somebody's", "sample/notes.txt", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &app{out: io.Discard, err: io.Discard, data: filepath.Join(t.TempDir(), "demo")}
			left := filepath.Join(a.data, filepath.FromSlash(tt.left))
			must(t, os.MkdirAll(filepath.Dir(left), 0o700))
			must(t, os.WriteFile(left, []byte("half of it"), 0o600))
			if tt.begun {
				must(t, os.WriteFile(filepath.Join(a.data, unfinished), nil, 0o600))
			}
			err := a.prepareDemo(t.Context())
			t.Cleanup(func() { _ = a.close() })
			if (err == nil) != tt.begun {
				t.Fatalf("made: %v", err)
			}
			text, _ := os.ReadFile(left) //nolint:gosec // of this test
			if (string(text) == "half of it") == tt.begun {
				t.Errorf("what was left is %q", text)
			}
			if _, err := os.Stat(filepath.Join(a.data, unfinished)); err == nil {
				t.Error("it is unfinished still")
			}
		})
	}
}

// A folder that is somebody's is refused by a name that can be done something about.
func TestDemoInAFolderOfOthersNamesTheFlags(t *testing.T) {
	a := &app{out: io.Discard, err: io.Discard, data: t.TempDir()}
	must(t, os.MkdirAll(filepath.Join(a.data, "sample"), 0o700))
	must(t, os.WriteFile(filepath.Join(a.data, "sample", "notes.txt"), []byte("mine"), 0o600))
	err := a.demo(t.Context())
	for _, says := range []string{a.data, "--data", "--serve"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("it does not say %s: %v", says, err)
		}
	}
}
