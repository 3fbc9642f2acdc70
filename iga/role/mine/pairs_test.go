package mine_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

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
		"ana read\nben\n":                "line 2 of the pairs has no permission",
		"ana read write\n":               "line 1 of the pairs has 3 words",
		"ana \xff\n":                     "line 1 of the pairs is not UTF-8",
		strings.Repeat("a", 2000) + " b": "line 1 of the pairs has a name of more than",
		"a b\n" + strings.Repeat("a", 70000) + " b": "line 2 of the pairs is longer than",
	} {
		if _, err := mine.ReadPairs(strings.NewReader(text)); !errors.Is(err, mine.ErrPairs) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
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
	f.Fuzz(func(t *testing.T, text string) {
		m, err := mine.ReadPairs(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, mine.ErrPairs) && !errors.Is(err, mine.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := mine.WritePairs(&b, m); err != nil {
			t.Fatal(err)
		}
		again, err := mine.ReadPairs(&b)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%v: %+v, then %+v", err, m, again)
		}
	})
}
