package mine_test

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/writhq/writ/iga/role/mine"
)

func TestReadingPairs(t *testing.T) {
	m, err := mine.ReadPairs(strings.NewReader("# who what\nben\tread\r\n\n  ana   read # both\nana write\nana read\nc#1 x#\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.Users, m.Permissions, m.Pairs(), m.Row(0)); got != "[ana ben c#1] [read write x#] 4 [0 1]" {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"":                               "there is no pair",
		"# nothing\n":                    "there is no pair",
		"user permission\n":              "there is no pair",
		"ana read\nben\n":                "line 2: it has no permission",
		"ana,read\nben\n":                "line 2: it has no permission",
		"ana,read\n,read\n":              "line 2: it has no user",
		"ana,read\nben,\n":               "line 2: it has no permission",
		"ana read write\n":               "line 1: it has 3 words",
		"ana,read\nben,read,write\n":     "line 2: it has 3 words",
		"ana \xff\n":                     "line 1: it is not UTF-8",
		strings.Repeat("a", 2000) + " b": "line 1: it has a name of more than",
		"a b\n" + strings.Repeat("a", 70000) + " b": "line 2 is longer than",
	} {
		if _, err := mine.ReadPairs(strings.NewReader(text)); !errors.Is(err, mine.ErrPairs) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// Whatever program wrote them, the same pairs are the same matrix.
func TestPairsAreReadHoweverTheyAreWritten(t *testing.T) {
	want, err := mine.ReadPairs(strings.NewReader("ana read\nana write\nben read\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"ana\tread\nana\twrite\nben\tread",
		"ana\t\tread\n ana \t write\nben     read\n",
		"\ufeffana read\r\nana write\r\nben read\r\n",
		"user permission\nana read\nana write\nben read\n",
		"\ufeffUser_ID,Entitlement\r\nana,read\r\nana,write\r\nben,read\r\n",
		"# made by hand\n\nana, read\nana , write\nben ,read\n",
		"ana;read\nana;write\nben;read\n",
		"\"ana\",\"read\"\n\"ana\",write\nben,read\n",
	} {
		if got, err := mine.ReadPairs(strings.NewReader(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %+v", text, err, got)
		}
	}
	for text, want := range map[string]string{
		"Ana Maria,read all\nBen,say \"\"\n":    `["Ana Maria" "Ben"] ["read all" "say \"\""]`,
		"Ana Maria\tread all\nBen read\n":       `["Ana Maria" "Ben"] ["read" "read all"]`,
		"CN=Ana,OU=x read\nCN=Ben,OU=x read\n":  `["CN=Ana,OU=x" "CN=Ben,OU=x"] ["read"]`,
		"user permission\nuser read\n":          `["user"] ["permission" "read"]`,
		"user,permission\nana,read\nben,read\n": `["ana" "ben"] ["read"]`,
	} {
		m, err := mine.ReadPairs(strings.NewReader(text))
		if got := fmt.Sprintf("%q %q", m.Users, m.Permissions); err != nil || got != want {
			t.Errorf("%q: %v, %s", text, err, got)
		}
	}
}

// endless is a file that does not end.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	b := p[:0]
	for len(b) < len(p)-40 {
		e.n++
		b = strconv.AppendInt(b, int64(e.n), 10)
		b = append(b, " p\n"...)
	}
	return len(b), nil
}

// What is too large is refused while it is read, not when memory is gone.
func TestWhatIsTooLargeIsRefused(t *testing.T) {
	if _, err := mine.ReadPairs(&endless{}); !errors.Is(err, mine.ErrTooLarge) {
		t.Error(err)
	}
	var b mine.Builder
	for i := range 9000 {
		if err := errors.Join(b.Add(fmt.Sprint("u", i), fmt.Sprint("p", i)), b.Add(fmt.Sprint("u", i), fmt.Sprint("p", (i+1)%9000))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mine.Mine(t.Context(), b.Matrix(), mine.Options{}); !errors.Is(err, mine.ErrTooLarge) {
		t.Error(err)
	}
}

func FuzzReadPairs(f *testing.F) {
	f.Add("ana read\nben write\n")
	f.Add("# c\n\n ana\tread # x\nana")
	f.Add("a b c")
	f.Add("\ufeffuser,permission\r\n\"a b\",c\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := mine.ReadPairs(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, mine.ErrPairs) && !errors.Is(err, mine.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		if lines := strings.Count(text, "\n") + 1; m.Pairs() == 0 || m.Pairs() > lines {
			t.Fatalf("%d pairs in %d lines", m.Pairs(), lines)
		}
		for _, name := range append(m.Users, m.Permissions...) {
			if name == "" || !utf8.ValidString(name) {
				t.Fatalf("a name is %q", name)
			}
		}
	})
}
