//go:build pkcs11 && cgo

package breakglass

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// A hardware token opens a kit alone, by a key that it keeps, and each edition of it; another
// key, and a wrong PIN, do not.
func TestHardwareTokenOpensAKit(t *testing.T) {
	hsm := testkit.SoftHSM(t)
	at := func(pin, key string) Hardware {
		return Hardware{Module: hsm.Module, Label: hsm.Label, Key: key, PIN: secret.New([]byte(pin))}
	}
	if _, _, err := at(hsm.PIN, "glass").Open(false); !errors.Is(err, ErrToken) {
		t.Errorf("a key that is not there: %v", err)
	}
	if _, _, err := at("00000000", "glass").Open(true); !errors.Is(err, ErrToken) {
		t.Errorf("a wrong PIN: %v", err)
	}
	key, end, err := at(hsm.PIN, "glass").Open(true)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	by := newSigner(t)
	h := head()
	h.Tokens = []Token{{Holder: Holder{4, 14, "Dora Lim"}, Public: key.PublicKey().Bytes()}}
	if _, err := h.ShareOut(2, by); err != nil {
		t.Fatal(err)
	}
	k, err := Seal(h, values(), by)
	if err != nil {
		t.Fatal(err)
	}
	k = again(t, k.Text())
	opened, err := k.OpenWith(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "record")
	file, err := NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := opened.Journal(occasion(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(t, j, 1); got != rootPassword {
		t.Errorf("it holds %q", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ReadRecord(text); err != nil || len(r.Openers()) != 1 || r.Openers()[0].Name != "Dora Lim" {
		t.Errorf("the record: %v", err)
	}
	other, end2, err := at(hsm.PIN, "another").Open(true)
	if err != nil {
		t.Fatal(err)
	}
	defer end2()
	if _, err := k.OpenWith(other); !errors.Is(err, ErrToken) {
		t.Errorf("another key: %v", err)
	}
}
