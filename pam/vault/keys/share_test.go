package keys

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

func shared(t testing.TB) (SealRow, []secret.Secret) {
	t.Helper()
	o := newOpened(make([]byte, instanceSize))
	t.Cleanup(o.close)
	l, params, told, err := newSharing(o, o.instance, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	o.lock = l
	return SealRow{ID: 1, Kind: Shares, Params: params}, told
}

// Invariant 5: what is wrong with a share is told in the words of the vault.
func TestShareIsTold(t *testing.T) {
	row, told := shared(t)
	p, err := readSharing(row)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readShare(p, secret.New([]byte(" "+strings.ToUpper(string(told[0].Reveal()))+"\n"))); err != nil {
		t.Fatalf("as people type it: %v", err)
	}
	_, others := shared(t)
	for text, want := range map[string]error{"writ-share-": ErrShare, string(others[0].Reveal()): ErrShareForeign} {
		if _, err := readShare(p, secret.New([]byte(text))); !errors.Is(err, want) {
			t.Errorf("%v, not %v", err, want)
		}
	}
}

func TestSharingRefusesWhatOpensForOne(t *testing.T) {
	for _, n := range [][2]int{{0, 0}, {1, 1}, {3, 1}, {2, 3}, {51, 2}, {3, -1}} {
		o := newOpened(make([]byte, instanceSize))
		if _, _, _, err := newSharing(o, o.instance, n[0], n[1]); !errors.Is(err, ErrSeal) {
			t.Errorf("%d of %d: %v", n[1], n[0], err)
		}
		o.close()
	}
}

// What somebody sends as a share is read, or refused; and only what was made is taken.
func FuzzShare(f *testing.F) {
	row, told := shared(f)
	p, err := readSharing(row)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(told[0].Reveal()))
	f.Add("writ-share-")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := readShare(p, secret.New([]byte(text)))
		if err == nil && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "w") {
			t.Errorf("%q is a share", text)
		}
	})
}
