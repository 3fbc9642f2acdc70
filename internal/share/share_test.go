package share

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

var form = Form{Prefix: "test-share-", Check: "test.share.1\x00", ID: 8}

func split(t testing.TB, n, threshold int) (Sharing, []byte, []secret.Secret) {
	t.Helper()
	p, key, told, err := form.Split(n, threshold, func(Sharing, []byte) ([]byte, error) { return []byte("eightids"), nil })
	if err != nil {
		t.Fatal(err)
	}
	return p, key, told
}

func read(t testing.TB, p Sharing, list ...secret.Secret) (all []Share) {
	t.Helper()
	for _, x := range list {
		s, err := form.Read(p, x)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// Any shares that are enough have the key, fewer are refused.
func TestEnoughSharesHaveTheKey(t *testing.T) {
	p, key, told := split(t, 5, 3)
	for _, some := range [][]int{{0, 1, 2}, {4, 2, 0}, {0, 1, 2, 3, 4}} {
		var list []secret.Secret
		for _, i := range some {
			list = append(list, told[i])
		}
		got, err := Join(p, read(t, p, list...))
		if err != nil || !bytes.Equal(got, key) {
			t.Errorf("%v: another key, %v", some, err)
		}
	}
	if _, err := Join(p, read(t, p, told[0], told[1])); !errors.Is(err, ErrFew) {
		t.Errorf("two of three: %v", err)
	}
}

// Invariant 1, also for a share that somebody made up with the right checksum.
func TestForgedShareIsTold(t *testing.T) {
	p, _, told := split(t, 3, 2)
	whole, err := alphabet.DecodeString(strings.ReplaceAll(strings.TrimPrefix(string(told[0].Reveal()), form.Prefix), "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	read(t, p, secret.New([]byte(" "+strings.ToUpper(string(told[0].Reveal()))+"\n")))
	body := len(whole) - checkSize
	for i := range body {
		b := slices.Clone(whole[:body])
		b[i] ^= 1
		want := ErrWrong
		if i < form.ID {
			want = ErrForeign
		}
		forged := form.Prefix + alphabet.EncodeToString(append(b, form.checked(b)...))
		if _, err := form.Read(p, secret.New([]byte(forged))); !errors.Is(err, want) {
			t.Errorf("byte %d: %v, not %v", i, err, want)
		}
		mistyped := slices.Clone(whole)
		mistyped[i] ^= 1
		if _, err := form.Read(p, secret.New([]byte(form.Prefix+alphabet.EncodeToString(mistyped)))); !errors.Is(err, ErrText) {
			t.Errorf("byte %d, mistyped: %v", i, err)
		}
	}
	other := Form{Prefix: form.Prefix, Check: "another", ID: form.ID}
	if _, err := other.Read(p, told[0]); !errors.Is(err, ErrText) {
		t.Errorf("a share of another use: %v", err)
	}
}

func TestNobodyAloneIsEnough(t *testing.T) {
	for _, n := range [][2]int{{0, 0}, {1, 1}, {3, 1}, {2, 3}, {51, 2}, {3, -1}} {
		if _, _, _, err := form.Split(n[0], n[1], func(Sharing, []byte) ([]byte, error) { return []byte("eightids"), nil }); !errors.Is(err, ErrCount) {
			t.Errorf("%d of %d: %v", n[1], n[0], err)
		}
	}
	p, _, _ := split(t, 3, 2)
	for what, edit := range map[string]func(*Sharing){
		"another id":        func(p *Sharing) { p.ID = p.ID[1:] },
		"one is enough":     func(p *Sharing) { p.Threshold, p.Commitments = 1, p.Commitments[:1] },
		"more than made":    func(p *Sharing) { p.Shares = 1 },
		"too few":           func(p *Sharing) { p.Commitments = p.Commitments[:1] },
		"no such elements":  func(p *Sharing) { p.Commitments = [][]byte{{1}, {2}} },
		"no commitments":    func(p *Sharing) { p.Commitments = nil },
		"more than anybody": func(p *Sharing) { p.Shares = 51 },
	} {
		q := p
		edit(&q)
		if err := form.Valid(q); !errors.Is(err, ErrSharing) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
