package csv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/writhq/writ/connector"
)

// wide is text as UTF-16 without a mark.
func wide(text string, bigEndian bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		low, high := byte(u), byte(u>>8)
		if bigEndian {
			low, high = high, low
		}
		b.WriteByte(low)
		b.WriteByte(high)
	}
	return b.String()
}

func TestEncodings(t *testing.T) {
	text := "number,name\nE1,Zoë Müller\nE2,Ana\n"
	latin, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ content, encoding string }{
		"nothing said":                  {text, ""},
		"utf-8":                         {text, "utf-8"},
		"utf-8 with a mark":             {"\xEF\xBB\xBF" + text, ""},
		"a mark of UTF-16":              {"\xFF\xFE" + wide(text, false), ""},
		"a mark of big-endian UTF-16":   {"\xFE\xFF" + wide(text, true), ""},
		"utf-16le without a mark":       {wide(text, false), "utf-16le"},
		"utf-16be without a mark":       {wide(text, true), "UTF-16BE"},
		"windows-1252":                  {latin, "Windows-1252"},
		"iso-8859-1":                    {latin, "iso-8859-1"},
		"iso-8859-15 and Windows lines": {strings.ReplaceAll(latin, "\n", "\r\n"), "iso-8859-15"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := people(t, write(t, t.TempDir(), "hr.csv", c.content), map[string]string{"encoding": c.encoding})
			if err != nil || len(list) != 3 || list[0].Person.Attributes["name"] != "Zoë Müller" {
				t.Fatalf("got %+v, %v", list, err)
			}
		})
	}
}

// What does not decode is an error wherever it stands, and never another character.
func TestWhatDoesNotDecode(t *testing.T) {
	many := strings.Repeat("E1,Ana\n", 3000) // more than one buffer
	for name, c := range map[string]struct {
		content, encoding string
		wants             []string
	}{
		"utf-8":                {"number,name\nE1,Ana\nE2,M\xFCller\n", "", []string{"line 3", "UTF-8", "encoding=windows-1252"}},
		"the header":           {"number,name,Stra\xDFe\nE1,Ana,x\n", "", []string{"line 1", "UTF-8", "encoding="}},
		"too many fields":      {"number,name\nE1,Ana,M\xFCller\n", "", []string{"line 2", "UTF-8"}},
		"too few fields":       {"number,name\nM\xFCller\nE1,Ana\n", "", []string{"line 2", "UTF-8"}},
		"behind a stray quote": {"number,name\nE1,A\"na M\xFCller\n", "", []string{"line 2", "UTF-8"}},
		"within quotes":        {"number,name\nE1,\"Ana\nM\xFCller\"\n", "", []string{"line 3", "UTF-8"}},
		"far below":            {"number,name\n" + many + "E2,\xFC\n", "", []string{"line 3002", "UTF-8"}},
		"latin at the end":     {"number,name\nE2,M\xFC", "", []string{"line 2", "UTF-8"}},
		"windows-1252":         {"number,name\nE1,Ana\nE2,\x81\n", "windows-1252", []string{"line 3", "WINDOWS-1252", "encoding=utf-8"}},
		"windows-1252 below":   {"number,name\n" + many + "E2,\x81\n", "windows-1252", []string{"line 3002"}},
		"utf-16, half a pair":  {"\xFF\xFE" + wide("number,name\nE1,", false) + "\x00\xD8" + wide("\n", false), "", []string{"line 2", "UTF-16", "encoding="}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := people(t, write(t, t.TempDir(), "hr.csv", c.content), map[string]string{"encoding": c.encoding})
			refused(t, err, connector.ErrInput, append(c.wants, "hr.csv")...)
			if where, _ := rejects(list); len(where) > 0 {
				t.Errorf("rows were rejected alone: %v", where)
			}
		})
	}
}

func TestWrongEncodingIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		content, encoding string
		wants             []string
	}{
		"no mark":             {wide(minimal, false), "", []string{"NUL", "encoding=utf-16le"}},
		"no mark, big-endian": {wide(minimal, true), "", []string{"NUL", "encoding=utf-16be"}},
		"said to be utf-8":    {"\xFF\xFE" + wide(minimal, false), "utf-8", []string{"NUL", "encoding=utf-16le"}},
		"said to be latin":    {wide(minimal, false), "iso-8859-1", []string{"NUL", "encoding=utf-16le"}},
		"no such encoding":    {minimal, "ebcdic", []string{`"ebcdic"`, "windows-1252"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := people(t, write(t, t.TempDir(), "hr.csv", c.content), map[string]string{"encoding": c.encoding})
			refused(t, err, connector.ErrInput, append(c.wants, "hr.csv")...)
		})
	}
}

// The middle of an export that is being written reads as a whole file would.
func TestAFileThatChanges(t *testing.T) {
	appended := func(t *testing.T, path string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("a3,carl\n"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	changes := map[string]func(t *testing.T, path string){
		"longer": appended,
		"cut": func(t *testing.T, path string) {
			if err := os.Truncate(path, 12); err != nil {
				t.Fatal(err)
			}
		},
		"written again": func(t *testing.T, path string) {
			if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, nil)
			list, err := discoverAnd(t, dir, func() { change(t, filepath.Join(dir, "accounts.csv")) })
			refused(t, err, connector.ErrIncomplete, "erp", "accounts.csv changed while it was read", "rename")
			if len(list) == 0 || list[len(list)-1].Checkpoint != "" {
				t.Errorf("got %+v", list)
			}
		})
	}
	t.Run("whatever else is wrong", func(t *testing.T) {
		dir := folder(t, map[string]string{"accounts.csv": "id,login\na1,ana\na2,\"ben\n"})
		_, err := discoverAnd(t, dir, func() { appended(t, filepath.Join(dir, "accounts.csv")) })
		refused(t, err, connector.ErrIncomplete, "changed while it was read")
	})
	t.Run("an HR file", func(t *testing.T) {
		path := write(t, t.TempDir(), "hr.csv", minimal)
		var last error
		for r, err := range openPeople(t, path, nil).People(t.Context(), "") {
			if last = err; r.Person != nil && r.Person.ID == "E1" {
				appended(t, path)
			}
		}
		refused(t, last, connector.ErrIncomplete, "hr.csv changed while it was read")
	})
}

// Exports are renamed into place one by one: a folder is one state or none.
func TestAFolderThatChanges(t *testing.T) {
	header := "holder_kind,holder,entitlement\n"
	for name, change := range map[string]func(dir string) error{
		"replaced": func(dir string) error {
			next := write(t, dir, "next.csv", header+"account,a9,e1\n")
			return os.Rename(next, filepath.Join(dir, "grants.csv"))
		},
		"replaced by its like": func(dir string) error {
			path := filepath.Join(dir, "grants.csv")
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			next := write(t, dir, "next.csv", header+"account,a9,e1\n")
			return errors.Join(os.Chtimes(next, time.Time{}, info.ModTime()), os.Rename(next, path))
		},
		"gone": func(dir string) error { return os.Remove(filepath.Join(dir, "grants.csv")) },
		"one that was read": func(dir string) error {
			return os.Rename(filepath.Join(dir, "accounts.csv"), filepath.Join(dir, "accounts.old"))
		},
		"new": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "credentials.csv"), []byte("account,kind\n"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"grants.csv": header + "account,a1,e1\n"})
			list, err := discoverAnd(t, dir, func() {
				if err := change(dir); err != nil {
					t.Fatal(err)
				}
			})
			refused(t, err, connector.ErrIncomplete, "erp", ".csv was replaced while the folder was read")
			if list[len(list)-1].Checkpoint != "" {
				t.Error("it has a checkpoint at its end")
			}
		})
	}
}

func TestAFileThatIsCutOff(t *testing.T) {
	for name, last := range map[string]string{
		"too few fields":    "a3",
		"half a date":       "a3,carl,2026-11-",
		"nothing but an id": "a3,,2026-11-23",
		"a stray quote":     `a3,ca"rl,`,
	} {
		t.Run(name, func(t *testing.T) {
			const head = "id,login,created\na1,ana,\na2,ben,\n"
			list, err := discover(t, folder(t, map[string]string{"accounts.csv": head + last}), nil)
			refused(t, err, connector.ErrIncomplete, "accounts.csv", "ends in the middle of a row", "line 4")
			if _, n := rejects(list); n != 2 {
				t.Errorf("%d rows came before, want 2", n)
			}
			// With its line end, it is one bad row.
			list, err = discover(t, folder(t, map[string]string{"accounts.csv": head + last + "\n"}), nil)
			where, n := rejects(list)
			if err != nil || n != 2 || len(where) != 1 || !strings.HasPrefix(where[0], "accounts.csv:4 ") {
				t.Errorf("got %v and %d rows, %v", where, n, err)
			}
		})
	}
	for _, end := range []string{"", "\r", "\n", "\r\n"} {
		list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login\na1,ana\na2,ben" + end}), nil)
		if where, n := rejects(list); err != nil || n != 2 || len(where) > 0 {
			t.Errorf("a good last row that ends in %q: %v, %d rows, %v", end, where, n, err)
		}
	}
	_, err := people(t, write(t, t.TempDir(), "hr.csv", minimal+"E3"), nil)
	refused(t, err, connector.ErrIncomplete, "hr.csv", "middle of a row", "line 4")
}

func TestAFileThatIsCutOffInACharacter(t *testing.T) {
	for name, c := range map[string]struct{ content, encoding string }{
		"short":             {minimal + "E3,M\xC3", "utf-8"},
		"long":              {minimal + strings.Repeat("E3,Carl\n", 3000) + "E4,\xE2\x82", "utf-8"},
		"behind a line end": {wide(minimal, false) + "E", "utf-16le"},
		"big-endian":        {wide(minimal+"E3,Carl", true) + "\x00", "utf-16be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := people(t, write(t, t.TempDir(), "hr.csv", c.content), map[string]string{"encoding": c.encoding})
			refused(t, err, connector.ErrIncomplete, "hr.csv", "middle of a character", strings.ToUpper(c.encoding))
		})
	}
}

func TestQuotes(t *testing.T) {
	for name, c := range map[string]struct {
		rows  string
		rule  error
		wants []string
	}{
		"open at the end":               {"a1,\"ana\n", connector.ErrIncomplete, []string{"starts in line 2", "cut off"}},
		"open without a line end":       {"a1,\"ana", connector.ErrIncomplete, []string{"starts in line 2", "cut off"}},
		"open, far below":               {strings.Repeat("a1,ana\n", 5000) + "a2,\"ben", connector.ErrIncomplete, []string{"starts in line 5002", "cut off"}},
		"open, Windows lines":           {"a1,\"ana\r\nb,c\r\n", connector.ErrIncomplete, []string{"starts in line 2", "cut off"}},
		"open, a lone return":           {"a1,\"ana\r", connector.ErrIncomplete, []string{"starts in line 2", "cut off"}},
		"nothing behind it":             {"a1,\"", connector.ErrIncomplete, []string{"starts in line 2", "cut off"}},
		"extra in the last line":        {"a1,ana\na2,\"ben\"x\"\n", connector.ErrInput, []string{"line 3", "wrong quote"}},
		"extra, without a line end":     {"a1,ana\na2,\"ben\"\"\"x", connector.ErrInput, []string{"line 3", "wrong quote"}},
		"extra in the last field's end": {"a1,\"ana\"\" \"x\r\n", connector.ErrInput, []string{"line 2", "wrong quote"}},
		"extra before others":           {"a1,\"a\"na\na2,ben\n", connector.ErrInput, []string{"line 2", "wrong quote"}},
		"open, until the next quote":    {"a1,\"ana\na2,\"ben\"\n", connector.ErrInput, []string{"line 3", "starts in line 2", "wrong quote"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login\n" + c.rows}), nil)
			refused(t, err, c.rule, append(c.wants, "erp", "accounts.csv")...)
			if errors.Is(c.rule, connector.ErrInput) && strings.Contains(err.Error(), "cut off") {
				t.Errorf("%v", err)
			}
		})
	}
	list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login,display_name\r\na1,ana,\"Ana \"\"A\"\", the\r\nfirst\"\r\na2,be\"n,x\r\na3,carl,x\r\n"}), nil)
	where, n := rejects(list)
	if err != nil || n != 2 || len(where) != 1 || !strings.HasPrefix(where[0], "accounts.csv:4 a quote") {
		t.Fatalf("got %v and %d rows, %v", where, n, err)
	}
	if got := list[0].Account.DisplayName; got != "Ana \"A\", the\nfirst" {
		t.Errorf("got %q", got)
	}
}

// One quote has no more than one row's limit read into memory.
func TestLongRows(t *testing.T) {
	const mib = 1 << 20
	for name, rows := range map[string]string{
		"a quote that is not closed": "a2,\"ben\n" + strings.Repeat("a3,carl\n", mib/4),
		"one line":                   "a2," + strings.Repeat("x", 2*mib) + "\n",
		"commas":                     "a2" + strings.Repeat(",", 2*mib) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login\na1,ana\n" + rows}), nil)
			refused(t, err, connector.ErrInput, "erp", "accounts.csv line 3", "1 MiB", "quote")
			if _, n := rejects(list); n != 1 {
				t.Errorf("%d rows came before, want 1", n)
			}
		})
	}
	_, err := people(t, write(t, t.TempDir(), "hr.csv", strings.Repeat("x,", mib)), nil)
	refused(t, err, connector.ErrInput, "hr.csv line 1", "1 MiB")
	// A long field alone is one bad row, and rows together may be as long as they like.
	long := fmt.Sprintf("id,login\na1,%s\n%sa2,ben\n", strings.Repeat("x", 5000), strings.Repeat("a3,\"carl\"\n", mib/4))
	list, err := discover(t, folder(t, map[string]string{"accounts.csv": long}), nil)
	where, n := rejects(list)
	if err != nil || len(where) != 1 || !strings.Contains(where[0], `accounts.csv:2 field "login" is longer than 4096`) || n != mib/4+1 {
		t.Fatalf("got %v and %d rows, %v", where, n, err)
	}
}
