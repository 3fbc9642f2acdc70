package canary

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const planted = `Canary/+7 "q"&=?Zwölf'<x>`

// Every form is found in the middle of a file, and none where there is another value.
func TestEveryFormIsFound(t *testing.T) {
	s := &Search{}
	s.Add("it", planted)
	for name, text := range Forms(planted) {
		file := filepath.Join(t.TempDir(), "place")
		if err := os.WriteFile(file, []byte("before"+text+"after"), 0o600); err != nil {
			t.Fatal(err)
		}
		hits, err := s.InDir(filepath.Dir(file), nil)
		if err != nil || len(hits) == 0 {
			t.Errorf("it is not found as %s (%q): %v", name, text, err)
		}
	}
	if hits := s.In("elsewhere", []byte(`Canary/+8 "q"&=?Zwölf`)); len(hits) != 0 {
		t.Errorf("another value is taken for it: %v", hits)
	}
}

// In base64 it is found wherever it begins and whatever follows; in hex at any byte.
func TestItIsFoundInsideOfWhatIsEncoded(t *testing.T) {
	s := &Search{}
	s.Add("it", planted)
	for before := range 5 {
		for after := range 5 {
			whole := slices.Concat(bytes.Repeat([]byte{0xa5}, before), []byte(planted), bytes.Repeat([]byte{0x5a}, after))
			for name, text := range map[string]string{
				"base64": base64.StdEncoding.EncodeToString(whole), "base64 for URLs": base64.URLEncoding.EncodeToString(whole), "hex": hex.EncodeToString(whole),
				"JSON of bytes": fmt.Sprintf("%d", whole),
			} {
				if len(s.In("there", []byte(text))) == 0 {
					t.Errorf("it is not found in %s, %d bytes before and %d after it", name, before, after)
				}
			}
		}
	}
}

func TestItIsFoundInWhatIsPacked(t *testing.T) {
	var packed, taped, zipped bytes.Buffer
	z := gzip.NewWriter(&packed)
	tw := tar.NewWriter(z)
	inner := bytes.Repeat([]byte("some text before it "), 100)
	inner = append(inner, planted...)
	err := errors.Join(tw.WriteHeader(&tar.Header{Name: "inner", Size: int64(len(inner)), Mode: 0o600}), write(tw, inner), tw.Close(), z.Close())
	zw := zip.NewWriter(&zipped)
	w, zerr := zw.Create("inner")
	err = errors.Join(err, zerr, write(w, inner), zw.Close())
	tw = tar.NewWriter(&taped)
	err = errors.Join(err, tw.WriteHeader(&tar.Header{Name: "zip", Size: int64(zipped.Len()), Mode: 0o600}), write(tw, zipped.Bytes()), tw.Close())
	if err != nil {
		t.Fatal(err)
	}
	s := &Search{}
	s.Add("it", planted)
	for name, data := range map[string][]byte{"tar in gzip": packed.Bytes(), "zip": zipped.Bytes(), "zip in tar": taped.Bytes(), "gzip that is cut off": packed.Bytes()[:packed.Len()-8]} {
		if len(s.In(name, data)) == 0 {
			t.Errorf("it is not found in %s", name)
		}
	}
}

func write(w interface{ Write([]byte) (int, error) }, b []byte) error {
	_, err := w.Write(b)
	return err
}

// A short value is not looked for, and one is looked for once.
func TestWhatIsLookedFor(t *testing.T) {
	s := &Search{}
	s.Add("short", "1234567")
	s.Add("it", planted)
	s.Add("again", planted)
	if s.Values() != 1 || len(s.In("x", []byte("1234567 "))) != 0 {
		t.Errorf("%d are looked for", s.Values())
	}
	if hits := s.In("x", []byte(planted)); len(hits) == 0 || hits[0].Value != "it" || bytes.Contains([]byte(hits[0].String()), []byte(planted)) {
		t.Errorf("it is told as %v", hits)
	}
}
