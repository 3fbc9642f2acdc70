package csv

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// FuzzRows reads any bytes in any encoding: all of them become rows, rejected rows
// or one error that names the file, and never more than a row is held at once.
func FuzzRows(f *testing.F) {
	for _, text := range []string{
		"", "id,login\na1,ana\n", "id,login\na1,\"a\"\"na\nb\"\n", "id,login\na1,\"ana\"x\n", "id,login\na1,\"ana", "id,login\na1", "id,login\r\na1,an\"a\r\n\r\n",
		"\xEF\xBB\xBFid,login\n", "\xFF\xFEi\x00,\x00l\x00\n\x00", "\xFE\xFF\x00i\x00\n", "id;login\na1;M\xFCller\n", "id\x00,login\n", "id,id\n", "\n\n\n", "\"\n", ",\n,\n", "id\ra1\r",
		"id,login\na1,\xEF\xBF\xBD\n", "id,login\na1,\x81\n",
	} {
		for _, enc := range []string{"", "utf-8", "utf-16", "utf-16be", "windows-1252"} {
			f.Add([]byte(text), enc, ",")
		}
	}
	f.Add([]byte("id\xA7login\n"), "iso-8859-15", "\xC2\xA7")
	f.Fuzz(func(t *testing.T, text []byte, enc, delimiter string) {
		if len(enc)+len(delimiter) > maxHeader {
			t.Skip("who sets an option that long has it repeated")
		}
		path := filepath.Join(t.TempDir(), "any.csv")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, err := os.OpenFile(path, readOnly, 0)
		c, err := newFile(opened, err, "any.csv", enc, delimiter)
		if err != nil {
			named(t, err)
			return
		}
		defer c.close() //nolint:errcheck // it was only read
		lines, last := strings.Count(string(text), "\n")+1, 0
		for range len(text) + 1 {
			rec, err := c.record(readAny)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				named(t, err)
				return
			}
			if c.line <= last || c.line > lines {
				t.Fatalf("line %d comes behind line %d of %d", c.line, last, lines)
			}
			last = c.line
			if held := len(strings.Join(c.row, "")); held > maxRow+1<<13 {
				t.Fatalf("a row of %d bytes is held", held)
			}
			if rec.Reject != nil && (rec.Reject.Reason == "" || len(rec.Reject.Raw) > maxRaw+len("…") || !strings.HasPrefix(rec.Reject.Where, "any.csv:")) {
				t.Fatalf("got %+v", rec.Reject)
			}
		}
		t.Fatal("the file does not end")
	})
}

// readAny takes every row and checks that it is what the rest of Writ may see.
func readAny(f *file) (connector.Record, error) {
	for _, v := range f.row {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || len(v) > maxField {
			panic("a field that should have been refused")
		}
	}
	return connector.Record{Checkpoint: "row"}, nil
}

// named fails unless an error says what to do and where.
func named(t *testing.T, err error) {
	t.Helper()
	if fault.KindOf(err) == fault.Internal {
		t.Fatalf("nobody can act on %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "any.csv") && !strings.Contains(text, "encoding") && !strings.Contains(text, "delimiter") {
		t.Fatalf("%v does not say where", err)
	}
	if len(err.Error()) > 500 {
		t.Fatalf("an error of %d bytes", len(err.Error()))
	}
}

// A lost character is seen wherever the buffers part it, and none is taken for it.
func TestLossless(t *testing.T) {
	for text, want := range map[string]string{
		"a\uFFFDb": "a", "\uFFFD": "", "aé\uFFFD": "aé", "a\uFB00\uFFFC\uFFFE€b": "", "a\xEF\xBF": "", "a\xEF": "",
	} {
		got, err := io.ReadAll(transform.NewReader(iotest.OneByteReader(strings.NewReader(text)), lossless{}))
		if !strings.Contains(text, lost) {
			if err != nil || string(got) != text {
				t.Errorf("%q: got %q, %v", text, got, err)
			}
		} else if !errors.Is(err, errLost) || string(got) != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}
