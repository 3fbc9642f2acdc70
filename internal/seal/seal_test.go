package seal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	k, err := Create(filepath.Join(t.TempDir(), "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	at := Place{Table: "system", Column: "config", Row: 7}
	sealed, err := k.Seal(secret.New([]byte("hunter2")), at)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Open(sealed, at)
	if err != nil || string(got.Reveal()) != "hunter2" {
		t.Fatalf("opened %v", err)
	}
	for _, other := range []Place{{"source", "config", 7}, {"system", "name", 7}, {"system", "config", 8}, {"systemconfig", "", 7}} {
		if _, err := k.Open(sealed, other); !errors.Is(err, ErrSealed) {
			t.Errorf("it opened at %v: %v", other, err)
		}
	}
	for i := range sealed {
		sealed[i] ^= 1
		if _, err := k.Open(sealed, at); !errors.Is(err, ErrSealed) {
			t.Errorf("byte %d may change", i)
		}
		sealed[i] ^= 1
	}
}

func TestLesson20_KeyThatCannotBeUsedIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no key: %v", err)
	}
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path); !errors.Is(err, ErrKey) {
		t.Errorf("a second key replaced the first: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrKey) {
		t.Errorf("a key that others can read was used: %v", err)
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrKey) {
		t.Errorf("garbage was used as a key: %v", err)
	}
}
