package csv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
)

// Options have no order: what they say together holds, whichever is looked at first.
func TestColumnsOfAnHRFile(t *testing.T) {
	const rows = "E1,Ana,ana@example.org,x\n"
	for name, c := range map[string]struct {
		header  string
		options map[string]string
		want    map[string]string
	}{
		"as they are": {
			"number,name,email,badge", nil,
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "badge": "x"},
		},
		"renamed": {
			"Staff No, Full Name ,Mail,badge",
			map[string]string{"column.number": "Staff No", "column.name": "Full Name", "column.email": " Mail"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "badge": "x"},
		},
		"two change places": {
			"name,number,email,badge",
			map[string]string{"column.number": "name", "column.name": "number"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "badge": "x"},
		},
		"three in a ring": {
			"email,number,name,badge",
			map[string]string{"column.number": "email", "column.name": "number", "column.email": "name"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "badge": "x"},
		},
		"one is two attributes": {
			"number,name,mail,badge",
			map[string]string{"column.email": "mail", "column.login": "mail"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "login": "ana@example.org", "badge": "x"},
		},
		"one is itself and another": {
			"number,name,email,badge",
			map[string]string{"column.login": "email", "column.email": "email"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org", "login": "ana@example.org", "badge": "x"},
		},
		"in place of another": {
			"number,name,mail,email",
			map[string]string{"column.email": "mail"},
			map[string]string{"number": "E1", "name": "Ana", "email": "ana@example.org"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), "hr.csv", c.header+"\n"+rows)
			for range 20 { // as often as a map needs to show another order
				list, err := people(t, path, c.options)
				if err != nil || len(list) != 2 {
					t.Fatalf("got %+v, %v", list, err)
				}
				if got := list[0].Person.Attributes; fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Fatalf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		options map[string]string
		wants   []string
	}{
		"nothing at all":        {"", nil, []string{"empty", "header"}},
		"a mark alone":          {"\xEF\xBB\xBF", nil, []string{"empty"}},
		"empty lines":           {"\n\r\n", nil, []string{"empty"}},
		"no number":             {"id,name\n", nil, []string{`"number"`, "column.number=HEADER", "id, name"}},
		"no name":               {"number,login\n", nil, []string{`"name"`, "column.name=HEADER"}},
		"another case":          {"Number,name\n", nil, []string{`"number"`, "Number, name"}},
		"a header twice":        {"number,name,login, login\n", nil, []string{"two columns", `"login"`}},
		"a mapped header twice": {"No,name,No\n", map[string]string{"column.number": "No"}, []string{"two columns", `"No"`}},
		"no such header":        {minimal, map[string]string{"column.email": "Mail"}, []string{`"Mail"`, "number, name"}},
		"the number is taken":   {minimal, map[string]string{"column.name": "number"}, []string{`"number"`, "column.number=HEADER"}},
		"a quote":               {"number,na\"me\nE1,Ana\n", nil, []string{"header", "quote"}},
		"another delimiter":     {"number;name\nE1;Ana\n", nil, []string{`"number"`, "number;name"}},
		"many columns":          {"x,y" + manyHeaders(500) + "\n", nil, []string{"h18", "and 482 more"}},
		"a long one":            {strings.Repeat("é", 500) + "\n", nil, []string{"é…"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := people(t, write(t, t.TempDir(), "hr.csv", c.content), c.options)
			refused(t, err, connector.ErrInput, append(c.wants, "hr.csv")...)
			if len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
	list, err := people(t, write(t, t.TempDir(), "hr.csv", "number,,name,\nE1,,Ana,\n"), nil)
	if err != nil || len(list) != 2 || len(list[0].Person.Attributes) != 2 {
		t.Errorf("columns without a header: %+v, %v", list, err)
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&b, ",h%d", i+1)
	}
	return b.String()
}

func TestDelimiters(t *testing.T) {
	for _, d := range []string{",", ";", "\t", "|", "§"} {
		path := write(t, t.TempDir(), "hr.csv", strings.ReplaceAll("number|name|title\nE1|Ana|\"a|b, c; d\"\n", "|", d))
		list, err := people(t, path, map[string]string{"delimiter": d})
		if want := strings.ReplaceAll("a|b, c; d", "|", d); err != nil || len(list) != 2 || list[0].Person.Attributes["title"] != want {
			t.Errorf("%q: got %+v, %v", d, list, err)
		}
	}
	for _, d := range []string{";;", "\"", "\n", "\r", "\xFF", "\x00", "\uFFFD", "tab"} {
		_, err := people(t, write(t, t.TempDir(), "hr.csv", minimal), map[string]string{"delimiter": d})
		refused(t, err, connector.ErrInput, "cannot be a delimiter", "one character")
	}
}

func TestOptionsOfAnHRFile(t *testing.T) {
	for _, option := range []string{"colunm.name", "column.", "column.salary", "separator", ""} {
		_, err := csv.OpenPeople(connector.Config{Name: "hr", Address: "hr.csv", Options: map[string]string{option: "x"}})
		refused(t, err, connector.ErrInput, "source hr", fmt.Sprintf("%q", option), "encoding, delimiter")
	}
}

// A rejected row says which line it begins in, whatever stands before it.
func TestRejectedPeople(t *testing.T) {
	content := "number,name,title\n" +
		"E1,Ana,\"two\nlines\"\n" + // lines 2 and 3
		"\n" +
		"E2,Ben\n" + // 5
		",Carl,x\n" + // 6
		"E4,Dora,x,y\n" + // 7
		"E5,Ed\x00,x\n" + // 8
		"  ,Flo,x\n" + // 9
		"E7,Gus,x\n"
	for _, end := range []string{"\n", "\r\n"} {
		list, err := people(t, write(t, t.TempDir(), "hr.csv", strings.ReplaceAll(content, "\n", end)), nil)
		where, n := rejects(list)
		want := []string{
			"hr.csv:5 it has 2 fields and the header has 3", "hr.csv:6 the row has no number",
			"hr.csv:7 it has 4 fields and the header has 3", `hr.csv:8 field "name" holds a NUL`, "hr.csv:9 the row has no number",
		}
		if err != nil || n != 2 || fmt.Sprint(where) != fmt.Sprint(want) {
			t.Fatalf("got %q and %d rows, %v", where, n, err)
		}
		if r := list[1].Reject; r.Object != (connector.Target{Kind: connector.OnIdentity, ID: "E2"}) || r.Raw != "E2,Ben" {
			t.Errorf("got %+v", r)
		}
		if list[6].Person.Line != 10 {
			t.Errorf("the last row is in line %d, want 10", list[6].Person.Line)
		}
	}
}

// What a spreadsheet or a terminal would run is a name like another here; those who
// show it make it harmless.
func TestValuesAreData(t *testing.T) {
	for _, value := range []string{
		"=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\x1b[31mred\x1b[0m", "\u202Eevil", "a\tb", "a\x7Fb", "<script>", "'; drop table x--", "\uFFFD", "null", "a\nb",
	} {
		path := write(t, t.TempDir(), "hr.csv", "number,name\nE1,\""+value+"\"\n")
		list, err := people(t, path, nil)
		if err != nil || len(list) != 2 || list[0].Person.Attributes["name"] != value {
			t.Errorf("%q: got %+v, %v", value, list, err)
		}
	}
}

// Which of two rows of one number counts is not the reader's to say: both are
// yielded, each with its line.
func TestNumbersTwice(t *testing.T) {
	list, err := people(t, write(t, t.TempDir(), "hr.csv", minimal+"E1,Ann\n"), nil)
	if err != nil || len(list) != 4 || list[0].Person.ID != "E1" || list[2].Person.ID != "E1" || list[2].Person.Line != 4 {
		t.Fatalf("got %+v, %v", list, err)
	}
}

// A cursor is of the file that was read: another file is read from its start.
func TestPeopleResume(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("number,name\n")
	for i := range 10005 {
		_, _ = fmt.Fprintf(&b, "E%d,x\n", i)
	}
	path := write(t, dir, "hr.csv", b.String())
	list, err := people(t, path, nil)
	if err != nil || len(list) != 10007 || list[10000].Checkpoint == "" {
		t.Fatalf("got %d records, %v", len(list), err)
	}
	cursor := list[10000].Checkpoint
	rest, err := collect(openPeople(t, path, nil).People(t.Context(), cursor), func() {})
	if err != nil || len(rest) != 7 || rest[0].Checkpoint != cursor || rest[1].Person.ID != "E10000" {
		t.Fatalf("got %d records, %v", len(rest), err)
	}
	write(t, dir, "hr.csv", b.String()+"E10005,y\n")
	rest, err = collect(openPeople(t, path, nil).People(t.Context(), cursor), func() {})
	if err != nil || len(rest) != 10008 || rest[0].Person == nil {
		t.Fatalf("another file: got %d records, %v", len(rest), err)
	}
}
