package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/httpapi"
)

// internals is text that only who works on Writ should read.
var internals = regexp.MustCompile(`(?i)select .* from |insert into|no such (table|column)|constraint failed|sqlite|pgx|sqlstate|\.go:\d+|goroutine \d|/tmp/|runtime error|` +
	`go (struct|value)|strconv\.|interface ?\{|\bnil\b|unmarshal|\*?[a-z]+\.[A-Z][A-Za-z]+\{`)

// rounds is how many requests each operation gets from each caller; make fuzz-http
// sends more.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("WRIT_FUZZ_ROUNDS")); err == nil {
		return n
	}
	return 3
}

// TestNoRouteBreaksOrLeaks: whatever is made of the description, by whoever, nothing
// fails inside, every refusal is a problem document without a word of internals, and
// nobody sees what lies outside their reach.
func TestNoRouteBreaksOrLeaks(t *testing.T) {
	c := serveTwoScopes(t)
	var operations []*huma.Operation
	httpapi.Operations(c.api.API(), func(op *huma.Operation) { operations = append(operations, op) })
	seed := uint64(1)
	if rounds() > 3 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %d rounds", seed, rounds())
	m := &mutator{company: c, Rand: rand.New(rand.NewPCG(seed, 2))}
	n := map[int]int{}
	for round := range rounds() {
		for _, op := range operations {
			for _, who := range whoCalls {
				r, body := m.request(op)
				w := c.ask(t, who.name, r)
				n[w.Code/100]++
				if wrong := c.wrong(who.name, w); wrong != "" {
					t.Errorf("round %d, %s as %s: %s\n%s %q %v\n%q\n%d %q", round, op.OperationID, who.name, wrong,
						r.Method, r.URL, r.Header, clipped(body), w.Code, clipped(w.Body.String()))
				}
			}
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("answers by class: %v", n)
	if n[4] == 0 || n[2] == 0 {
		t.Errorf("it tries nothing: %v", n)
	}
}

// wrong says what an answer may not be.
func (c *company) wrong(who string, w *httptest.ResponseRecorder) string {
	body := w.Body.String()
	sealed := w.Code == http.StatusServiceUnavailable && strings.Contains(body, `"code":"vault-sealed"`) // somebody who may has sealed it
	if w.Code >= 500 && !sealed {
		return "it fails inside"
	}
	if w.Code >= 400 {
		var p httpapi.Problem
		switch err := json.Unmarshal(w.Body.Bytes(), &p); {
		case err != nil, w.Header().Get("Content-Type") != "application/problem+json":
			return "it is no problem document"
		case p.Code == "" || p.Type != httpapi.TypePrefix+p.Code || p.Status != w.Code:
			return "the problem document is not complete"
		}
		body = strings.ReplaceAll(body, p.Instance, "") // letters by chance
		if found := internals.FindString(body); found != "" {
			return "it tells of internals: " + found
		}
	}
	switch who {
	case "nobody", "requester", "limited-token", "platform_owner-elsewhere":
		if strings.Contains(strings.ToLower(body), "canary") {
			return "it shows what lies outside of the caller's reach"
		}
	}
	return ""
}

func clipped(s string) string { return s[:min(len(s), 400)] }

// mutator makes requests that are almost right.
type mutator struct {
	*company
	*rand.Rand
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// request is the good one of an operation, with one thing or two wrong with it.
func (m *mutator) request(op *huma.Operation) (*http.Request, string) {
	good := m.company.request(op)
	target, _ := url.Parse(good.RequestURI)
	body := ""
	if op.RequestBody != nil {
		if b, err := io.ReadAll(good.Body); err == nil {
			body = string(b)
		}
	}
	query := target.Query()
	for range 1 + m.IntN(2) {
		switch m.IntN(5) {
		case 0:
			target.Path = m.path(op.Path)
		case 1:
			m.query(op, query)
		case 2:
			m.header(op, good.Header)
		default:
			body = m.body(body)
		}
	}
	target.RawPath, target.RawQuery = "", query.Encode()
	r := httptest.NewRequest(op.Method, "/", strings.NewReader(body))
	r.Header, r.URL, r.RequestURI = good.Header, target, target.RequestURI()
	return r, body
}

// text is text that something may stumble over.
func (m *mutator) text() string {
	return pick(m.Rand,
		"", " ", "x", "0", "-1", "1e999", "99999999999999999999999", "null", "true", "{}", "[]", "NaN", "' or 1=1 --", `"`, `\`, "%", "%s%n", "%_",
		"../../etc/passwd", "\x00", "\xff\xfe", "\u202e", "é̂", "𝕏", "<script>alert(1)</script>", "${jndi:x}", strings.Repeat("a", 5000), strings.Repeat("ü", 300),
		"idn_0000000000001", "idn_000000000000", "idn_zzzzzzzzzzzzz", "IDN_0000000000001", "sys_0000000000002", "fnd_0000000000001", "acc_7zzzzzzzzzzzz", "_", "idn_",
		"2026-02-30", "9999-12-31T23:59:59Z", "0000-00-00", "system.read", "policy.change",
		m.ids["identity"], m.ids["system"], m.ids["account"], m.ids["entitlement"], m.ids["scope"])
}

func (m *mutator) path(pattern string) string {
	if !strings.Contains(pattern, "{") {
		return pattern
	}
	return placeholder.ReplaceAllStringFunc(pattern, func(string) string {
		return strings.ReplaceAll(m.text(), "/", "")
	})
}

func (m *mutator) query(op *huma.Operation, q url.Values) {
	for _, p := range op.Parameters {
		if p.In == "query" && m.IntN(2) == 0 {
			q.Set(p.Name, m.text())
			if m.IntN(5) == 0 {
				q.Add(p.Name, m.text())
			}
		}
	}
	if m.IntN(4) == 0 {
		q.Set(pick(m.Rand, "nonsense", "cursor", "limit", ""), m.text())
	}
}

func (m *mutator) header(op *huma.Operation, h http.Header) {
	printable := func(s string) string { // what a client can send
		return strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, s)
	}
	for _, p := range op.Parameters {
		if p.In == "header" {
			h.Set(p.Name, printable(m.text()))
		}
	}
	name := pick(m.Rand, "Content-Type", "Accept", "If-Match", "If-None-Match", "Idempotency-Key", "Range", "Accept-Language", "Content-Encoding", "X-Forwarded-For", "Last-Event-ID")
	h.Set(name, pick(m.Rand, printable(m.text()), "application/xml", "application/json; charset=latin1", "text/plain", "multipart/form-data", `"1"`, "*", "gzip"))
}

// body changes one place of a document, or the document.
func (m *mutator) body(good string) string {
	switch m.IntN(6) {
	case 0:
		return pick(m.Rand, "", "null", "[]", "1", `"x"`, "{", "{}", "\xef\xbb\xbf{}", "{}{}", good+good, "["+good+"]", good[:len(good)/2],
			strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40), strings.Repeat("[", 100_000), `{"a":1e999}`, strings.Repeat(" ", 100_000)+good)
	case 1:
		return strings.Replace(good, `"`, `"`+pick(m.Rand, "\xff", "\x00", `\u0000`, `\ud800`, "\n"), 1+m.IntN(3))
	}
	var doc any
	if json.Unmarshal([]byte(good), &doc) != nil {
		return good
	}
	b, err := json.Marshal(m.change(doc, 0))
	if err != nil {
		return good
	}
	return string(b)
}

// change replaces one value somewhere in a document.
func (m *mutator) change(v any, depth int) any {
	if o, ok := v.(map[string]any); ok && len(o) > 0 && (depth == 0 || m.IntN(3) > 0) {
		names := slices.Sorted(maps.Keys(o))
		name := names[m.IntN(len(names))]
		switch m.IntN(8) {
		case 0:
			delete(o, name)
		case 1:
			o[pick(m.Rand, "nonsense", "__proto__", "id", strings.ToUpper(name), name+" ")] = m.any()
		default:
			o[name] = m.change(o[name], depth+1)
		}
		return o
	}
	if list, ok := v.([]any); ok && len(list) > 0 && m.IntN(3) > 0 {
		list[0] = m.change(list[0], depth+1)
		if m.IntN(4) == 0 {
			for len(list) < 2000 {
				list = append(list, list[0])
			}
		}
		return list
	}
	return m.any()
}

func (m *mutator) any() any {
	return pick[any](m.Rand, nil, true, 0, -1, 1.5, json.Number("1e400"), int64(1)<<62, json.Number("123456789012345678901234567890"),
		[]any{}, map[string]any{}, []any{map[string]any{"a": []any{1}}}, m.text(), m.text(), m.text(), m.text(), fmt.Sprint(m.Uint64()))
}
