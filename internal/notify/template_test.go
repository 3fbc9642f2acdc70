package notify

import (
	"bytes"
	"errors"
	netmail "net/mail"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/internal/secret"
)

type ending struct {
	Name, Organisation, ID string
	Days                   int
	Systems                []string
}

var endingTemplate = MustParse[ending]("ending", "{{.Name}} of {{.Organisation}}: access ends in {{.Days}} days", `
{{.Name}} ({{.Organisation}}) will lose all access in {{.Days}} days, unless you extend it.
{{range .Systems}}
  {{.}}
{{- end}}

Look at {{link "/identities/" .ID}}.`)

func TestATemplateMakesAMessage(t *testing.T) {
	systems := []string{"erp", "a system\nwith a line"}
	m, err := endingTemplate.Message(origin, "ending/idn_1", Recipient{"Ana", " ana@example.com "}, ending{"Bo Example", "Partner, of a name that is long enough to wrap", "idn_1", 14, systems})
	if err != nil {
		t.Fatal(err)
	}
	want := `Bo Example (Partner, of a name that is long enough to wrap) will lose all
access in 14 days, unless you extend it.

  erp
  a system with a line

Look at https://writ.example.com/identities/idn_1.

-- 
Sent by Writ, which is a program: nobody reads an answer to this mail.
`
	if m.Body != want || m.To != (Recipient{"Ana", "ana@example.com"}) {
		t.Errorf("%q\n%s", m.To, m.Body)
	}
	if systems[1] != "a system\nwith a line" {
		t.Error("the caller's list was changed")
	}
}

// What people and systems call themselves is text of a mail, and never a link in it.
func TestLesson02_DataIsNoLinkAndNoLine(t *testing.T) {
	for given, want := range map[string]string{
		"https://evil.example/x":                "https: / /evil.example/x",
		"HTTP:////evil":                         "HTTP: / / / /evil",
		"x:a://y":                               "x: a: / /y",
		"www.evil.example":                      "www .evil.example",
		"mailto:x@example.com":                  "mailto: x@example.com",
		"a\r\nBcc: x@example.com":               "a Bcc: x@example.com",
		"a\u2028b\u0085c\x00d\x1b[31m":          "a b c d [31m",
		"\u202eevil\u202c":                      "evil",
		"at 12:30":                              "at 12:30",
		"  Zoë   Example ":                      "Zoë Example",
		"bad \xff\xfe bytes":                    "bad bytes",
		strings.Repeat("long ", 100) + "enough": short(strings.Repeat("long ", 100), maxData),
	} {
		if got := plain(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestLesson13_NoSecretGoesIntoAMail(t *testing.T) {
	for _, part := range []reflect.Type{reflect.TypeFor[Message](), reflect.TypeFor[Recipient]()} {
		for f := range part.Fields() {
			if f.Type.Kind() != reflect.String && f.Type != reflect.TypeFor[Recipient]() {
				t.Errorf("%s.%s is no text", part, f.Name)
			}
		}
	}
	refuse := func(name string, err error) {
		if !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := Parse[secret.Secret]("x", "x", "{{.}}")
	refuse("a secret", err)
	_, err = Parse[struct{ Password secret.Secret }]("x", "x", "{{.Password.Reveal}}")
	refuse("a secret in data", err)
	_, err = Parse[struct {
		List []struct{ Key *secret.Secret }
	}]("x", "x", "x")
	refuse("a secret in a list", err)
	_, err = Parse[struct{ Any any }]("x", "x", "x")
	refuse("anything", err)
	_, err = Parse[struct{ Bytes []byte }]("x", "x", "x")
	refuse("bytes", err)
	_, err = Parse[struct{ By map[string]string }]("x", "x", "x")
	refuse("a map", err)
}

func TestWhatIsNoMessage(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"no key":                func(m *Message) { m.Key = "" },
		"a name as key":         func(m *Message) { m.Key = "Zoë Example" },
		"a long key":            func(m *Message) { m.Key = strings.Repeat("k", maxKey+1) },
		"no subject":            func(m *Message) { m.Subject = "" },
		"a subject of lines":    func(m *Message) { m.Subject = "a\r\nBcc: x@example.com" },
		"a long subject":        func(m *Message) { m.Subject = strings.Repeat("s", maxSubject+1) },
		"no body":               func(m *Message) { m.Body = "" },
		"a body of controls":    func(m *Message) { m.Body = "a\x1b[2J" },
		"a long body":           func(m *Message) { m.Body = strings.Repeat("b", maxBody+1) },
		"another's link":        func(m *Message) { m.Body = "https://evil.example/" },
		"a link that begins so": func(m *Message) { m.Body = origin + ".evil.example/" },
		"a link as somebody":    func(m *Message) { m.Body = origin + "@evil.example/" },
		"a link to a port":      func(m *Message) { m.Body = origin + ":8443/" },
		"a link in the subject": func(m *Message) { m.Subject = "see http://evil.example" },
		"a host":                func(m *Message) { m.Body = "www.evil.example" },
	} {
		m := hello()
		change(&m)
		if err := errors.Join(m.Check(), m.checkLinks(origin)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{origin, origin + ".", "(" + origin + "/a?b=c#d)", origin + "/x, " + origin + "/y"} {
		m := hello()
		m.Body = body
		if err := errors.Join(m.Check(), m.checkLinks(origin)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, fine := range map[string]bool{
		"zoe@example.com": true, "z.o-e+x@mail.example.com": true, "root@localhost": true, "o'neil@example.com": true,
		"": false, "zoe": false, "@example.com": false, "zoe@": false, "zoe@@example.com": false, "z oe@example.com": false,
		"zoe@example.com\r\nRCPT TO:<x@example.com>": false, "<zoe@example.com>": false, "zoe@example.com>": false, `"zoe x"@example.com`: false,
		"zoë@example.com": false, "zoe@exämple.com": false, "zoe@example..com": false, "zoe@-example.com": false, ".zoe@example.com": false,
		"zoe@example.com\n": false, "Zoë <zoe@example.com>": false, "zoe@example.com,x@example.com": false, "zoe@[127.0.0.1]": false,
		strings.Repeat("z", 65) + "@example.com": false, "zoe@" + strings.Repeat("e.", 130) + "com": false,
	} {
		if err := CheckAddress(address); (err == nil) != fine {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// own are the headers that a mail has, and no other.
var own = []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}

var links = regexp.MustCompile(regexp.QuoteMeta(origin) + `/\S*`)

var away = regexp.MustCompile(`(?i)://|\bwww\.\S`)

// FuzzLetter: whatever people are called, a mail has the headers that it should, and no
// link but Writ's own, and it can be sent.
func FuzzLetter(f *testing.F) {
	for _, text := range []string{
		"Zoë", "a\r\nBcc: x@example.com", "a\nb", "=?utf-8?q?=0D=0ABcc:_x?=", `"quoted" <x@example.com>`, "https://evil.example", "www.evil", "\x00\xff\u2028\u202e",
		"http:", "//evil.example", strings.Repeat("é", 300), ".\r\n.\r\nMAIL FROM:<x>", "a, b@example.com", "(comment)", "\t", "=?", "?=", " ", "x@y>", "www",
	} {
		f.Add(text, text, text)
	}
	s, err := New(Config{Server: "mail.example.com", From: "Writ <writ@example.com>", Origin: origin})
	if err != nil {
		f.Fatal(err)
	}
	s.now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	f.Fuzz(func(t *testing.T, name, organisation, system string) {
		m, err := endingTemplate.Message(origin, "ending/1", Recipient{name, "zoe@example.com"}, ending{name, organisation, system, 3, []string{system, name}})
		if err != nil {
			t.Fatalf("no message is made: %v", err)
		}
		made, err := s.letter(m)
		if err != nil {
			t.Fatalf("it cannot be sent: %v\n%s", err, m.Body)
		}
		var raw bytes.Buffer
		if _, err := made.WriteTo(&raw); err != nil {
			t.Fatal(err)
		}
		checkLetter(t, raw.Bytes(), m)
	})
}

func checkLetter(t *testing.T, raw []byte, m Message) {
	t.Helper()
	read, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	for name, values := range read.Header {
		if !slices.Contains(own, name) || len(values) != 1 {
			t.Errorf("header %s: %q", name, values)
		}
	}
	to, err := read.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "zoe@example.com" || to[0].Name != m.To.Name {
		t.Errorf("to %v, not %q, %v\n%s", to, m.To.Name, err, raw)
	}
	if got := links.ReplaceAllString(m.Body, ""); away.MatchString(got) {
		t.Errorf("a link in %q", got)
	}
	for l := range strings.Lines(m.Body) {
		if words := strings.Fields(l); utf8.RuneCountInString(l) > width+1 && len(words) > 1 {
			t.Errorf("a line of %d: %q", utf8.RuneCountInString(l), l)
		}
	}
	for l := range bytes.Lines(raw) {
		if len(l) > 998 || !bytes.HasSuffix(l, []byte("\r\n")) || slices.ContainsFunc(l, func(b byte) bool { return b > 126 || b < 32 && b != '\r' && b != '\n' && b != '\t' }) {
			t.Errorf("line %q", l)
		}
	}
}
