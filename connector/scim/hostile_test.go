package scim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const hostileToken = "token-canary-0123456789"

// hostile is a server that answers a path as it likes, and everything else as an empty
// service would. Without TLS it may be this machine alone.
func hostile(t testing.TB, at string, answer http.HandlerFunc) connector.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		switch path := strings.TrimPrefix(r.URL.Path, "/scim"); path {
		case at:
			answer(w, r)
		case "/ServiceProviderConfig":
			_, _ = fmt.Fprint(w, `{"patch": {"supported": true}, "filter": {"supported": "True"}}`)
		case usersAt, groupsAt:
			_, _ = fmt.Fprint(w, `{"totalResults": 0, "Resources": null}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return connector.Config{Name: "app", Address: s.URL + "/scim", Credential: secret.New([]byte(hostileToken)), Options: map[string]string{optTimeout: "20", optPage: "2"}}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) } //nolint:gosec // no browser looks at it
}

// failing is the error that a reading ends with.
func failing(t testing.TB, cfg connector.Config) (list []connector.Record, failed error) {
	t.Helper()
	for r, err := range opened(t, cfg).Discover(t.Context(), "") {
		if failed = err; err == nil {
			list = append(list, r)
		}
	}
	return list, failed
}

func user1(id string) string { return `{"id": "` + id + `", "userName": "n` + id + `"}` }

// paged is a list of users whose page begins where it was asked to.
func paged(f func(start int) (total int, ids []string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		total, ids := f(start)
		for i := range ids {
			ids[i] = user1(ids[i])
		}
		_, _ = fmt.Fprintf(w, `{"Resources": [%s], "totalResults": %d}`, strings.Join(ids, ","), total)
	}
}

func TestHostileServices(t *testing.T) {
	endless := strings.Repeat("x", maxElement+1<<16)
	for name, test := range map[string]struct {
		at     string
		answer http.HandlerFunc
		want   error
		says   string
	}{
		"pages without end": {usersAt, paged(func(start int) (int, []string) {
			return start + 10, []string{strconv.Itoa(start), strconv.Itoa(start + 1)}
		}), connector.ErrIncomplete, "changes faster"},
		"the same page again": {usersAt, paged(func(int) (int, []string) { return 100, []string{"1", "2"} }), connector.ErrIncomplete, "do not fit together"},
		"fewer than it says": {usersAt, paged(func(start int) (int, []string) {
			return 5, map[bool][]string{true: {"1", "2"}, false: {"2"}}[start == 1]
		}), connector.ErrIncomplete, "says that there are 5, and gives 2"},
		"more than it says":   {usersAt, paged(func(int) (int, []string) { return 1, []string{"1", "2"} }), connector.ErrIncomplete, "gives more"},
		"a total below zero":  {usersAt, paged(func(int) (int, []string) { return -1, nil }), connector.ErrIncomplete, "gives more"},
		"no total":            {usersAt, says(`{"Resources": []}`), connector.ErrIncomplete, "totalResults"},
		"two with one id":     {usersAt, paged(func(int) (int, []string) { return 2, []string{"1", "1"} }), connector.ErrIncomplete, "two have one id"},
		"no id":               {usersAt, paged(func(int) (int, []string) { return 1, []string{""} }), connector.ErrIncomplete, "without an id"},
		"an id in two lines":  {usersAt, paged(func(int) (int, []string) { return 1, []string{`a\nb`} }), connector.ErrIncomplete, "without an id"},
		"an id that leads up": {usersAt, paged(func(int) (int, []string) { return 1, []string{`..`} }), connector.ErrIncomplete, "without an id"},
		"a long id":           {usersAt, paged(func(int) (int, []string) { return 1, []string{strings.Repeat("x", maxID+1)} }), connector.ErrIncomplete, "without an id"},
		"a huge name":         {usersAt, says(`{"totalResults": 1, "Resources": [{"id": "1", "userName": "` + endless + `"}]}`), connector.ErrIncomplete, "too large"},
		"a huge group":        {groupsAt, says(`{"totalResults": 1, "Resources": [{"id": "1", "x": "` + endless + `"}]}`), connector.ErrIncomplete, "too large"},
		"another type": {usersAt, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprint(w, "<html>sign in</html>")
		}, connector.ErrInput, "no SCIM service"},
		"no JSON":             {usersAt, says(`<html>`), connector.ErrIncomplete, "half-way"},
		"half of it":          {usersAt, says(`{"totalResults": 1, "Resources": [`), connector.ErrIncomplete, "half-way"},
		"another shape":       {usersAt, says(`{"totalResults": 1, "Resources": {"id": 1}}`), connector.ErrIncomplete, "half-way"},
		"a list":              {usersAt, says(`[]`), connector.ErrIncomplete, "half-way"},
		"a name that is none": {usersAt, says(`{"totalResults": 1, "Resources": [{"id": "1", "userName": {}}]}`), connector.ErrIncomplete, "half-way"},
		"deep":                {usersAt, says(`{"x": ` + strings.Repeat("[", 20_000)), connector.ErrIncomplete, "half-way"},
		"no users":            {usersAt, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, connector.ErrInput, "check the address"},
		"not allowed":         {usersAt, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, connector.ErrPrivilege, "give it that right"},
		"its own defect":      {groupsAt, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, connector.ErrUnreachable, "defect of its own"},
		"silence":             {usersAt, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, connector.ErrUnreachable, "does not answer"},
		"a slow body": {usersAt, func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"totalResults": 1, "Resources": [`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, connector.ErrIncomplete, "half-way"},
		"hidden members": {"/Schemas", says(`{"Resources": [{"id": "` + groupURN + `", "attributes": [{"name": "members", "returned": "never"}]}]}`), connector.ErrUnsupported, "groups=none"},
		"the token said again": {usersAt, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			says(`{"detail": "what is `+r.Header.Get("Authorization")+`\u0007"}`)(w, r)
		}, connector.ErrCredentials, "[redacted]"},
	} {
		cfg := hostile(t, test.at, test.answer)
		if name == "silence" || name == "a slow body" {
			cfg = hasty(cfg)
		}
		_, err := failing(t, cfg)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), `"app"`) {
			t.Errorf("%s: got %v, want %v that says %q", name, err, test.want, test.says)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\x01\x07") || len(err.Error()) > 2000) {
			t.Errorf("%s: the error is not fit to show: %q", name, err)
		}
	}
}

// A mark between pages that leads nowhere ends the reading.
func TestHostileCursors(t *testing.T) {
	n := 0
	for name, test := range map[string]struct {
		next func() string
		ids  string
		says string
	}{
		"to itself":   {func() string { return "a" }, `{"id": "1"}`, "two have one id"},
		"empty":       {func() string { n++; return strconv.Itoa(n) }, ``, "one empty page follows another"},
		"empty again": {func() string { return "a" }, ``, "leads to itself"},
		"too early":   {func() string { return "" }, `{"id": "1"}`, "do not fit together"},
		"long":        {func() string { return strings.Repeat("x", maxCursor+1) }, ``, "too long"},
	} {
		cfg := hostile(t, usersAt, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"Resources": [%s], "totalResults": 2, "nextCursor": %q}`, test.ids, test.next())
		})
		inner := cfg.Address
		cfg = hostile(t, "/ServiceProviderConfig", says(`{"pagination": {"cursor": true}}`))
		s := opened(t, cfg)
		c, err := s.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cfg.Address = inner
		c.Service = opened(t, cfg)
		err = c.walkAll("reading users", usersAt, nil, func(e *element) (thing, error) {
			u, err := e.user()
			return thing{string(u.ID), func() error { return nil }}, err
		})
		if !errors.Is(err, connector.ErrIncomplete) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The token goes to no other host, whatever a server says.
func TestLesson04_TheTokenStays(t *testing.T) {
	var heard []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		heard = append(heard, r.URL.Path+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for _, at := range []string{"/ServiceProviderConfig", usersAt} {
			_, err := failing(t, hostile(t, at, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/scim/Users", status) }))
			if !errors.Is(err, connector.ErrInput) || !strings.Contains(err.Error(), "another server has it") {
				t.Errorf("%d at %s: %v", status, at, err)
			}
		}
	}
	cfg := hostile(t, usersAt, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"totalResults": 1, "Resources": [{"id": "1", "userName": "a", "meta": {"location": %q}}]}`, elsewhere.URL)
	})
	if _, err := failing(t, cfg); err != nil {
		t.Error(err)
	}
	if len(heard) > 0 {
		t.Errorf("another host was asked: %v", heard)
	}
}

// What cannot be shown is made fit, and what is missing is warned of.
func TestOddThings(t *testing.T) {
	list, err := failing(t, hostile(t, usersAt, says(`{"totalResults": 1, "resources": [{"id": 7, "userName": "a\u0000b\n", "displayName": null, "active": "False", "emails": null,
		"roles": ["plain", "", {"value": "x\u0007"}, null], "password": "hunter2-canary", "name": null, "title": "`+strings.Repeat("t", 5000)+`", "`+entURN+`": {"employeeNumber": 42, "manager": "9"}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	var a *connector.Account
	for _, r := range list {
		if r.Account != nil {
			a = r.Account
		}
	}
	if a == nil || a.ID != "7" || a.Login != "a\uFFFDb\uFFFD" || a.Status != "disabled" || a.Number != "42" || a.Attributes["manager"] != "9" || len(a.Attributes["title"]) > maxText {
		t.Errorf("%+v", a)
	}
	said := strings.Join(rejects(list), "\n")
	if !strings.Contains(said, "1 users: the service shows passwords") || !strings.Contains(said, "3 roles or entitlements") || strings.Contains(fmt.Sprintf("%+v %+v", list, a), "hunter2") {
		t.Errorf("warned %s", said)
	}
	if got := grants(list); len(got) != 1 || got[0] != "7 > role:plain" {
		t.Errorf("grants %v", got)
	}
	d, err := opened(t, hostile(t, usersAt, says(`{"totalResults": 1, "Resources": [{"id": "7", "password": "x"}]}`))).Describe(t.Context())
	if err != nil || !strings.Contains(strings.Join(d.Warnings, "\n"), "shows passwords") {
		t.Errorf("%v, %v", d, err)
	}
}

// An address that no longer has anything says of everything that it is gone: of that
// nothing is done.
func TestGoneIsNotTheWholeService(t *testing.T) {
	cfg := hostile(t, usersAt, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	s := opened(t, cfg)
	for _, x := range []connector.Change{{Kind: connector.DisableAccount, Account: "u1"}, {Kind: connector.DeleteAccount, Account: "u1"}, give(account("u1"), "role:x").Undo} {
		if err := s.Apply(t.Context(), x); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%s: %v", x.Kind, err)
		}
		if done, err := s.ReadBack(t.Context(), x); done || err == nil {
			t.Errorf("%s reads back %v, %v", x.Kind, done, err)
		}
	}
}

// Members that are shown only when they are asked for are asked for.
func TestMembersAreAskedFor(t *testing.T) {
	asked := 0
	c := testkit.SCIM(t, testkit.SCIMOptions{Wrap: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/scim/Schemas" {
				w.Header().Set("Content-Type", mediaType)
				says(`{"Resources": [{"id": "`+groupURN+`", "attributes": [{"name": "members", "returned": "request"}]}]}`)(w, r)
				return
			}
			if strings.HasPrefix(r.URL.Path, "/scim/Groups") && r.URL.Query().Get("attributes") == "displayName,members" {
				asked++
			}
			h.ServeHTTP(w, r)
		})
	}})
	u := c.AddUser(t, `{"userName": "a"}`)
	g := c.AddGroup(t, `{"displayName": "g"}`)
	s := opened(t, (&company{SCIMServer: c}).config())
	if err := s.Apply(t.Context(), give(account(u), idOf(kindGroup, g)).Do); err != nil || asked < 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// Whatever a list is, reading it ends, holds no more than it may, and gives ids that can
// be.
func FuzzList(f *testing.F) {
	for _, text := range []string{
		`{"totalResults": 2, "Resources": [` + user1("1") + `, {"id": "2", "members": [{"value": "1", "$ref": "../Users/1"}, null]}], "nextCursor": "x"}`,
		`{"Resources": null}`, `[]`, `{"Resources": [{"id": "1", "roles": ["a", {"value": 7}], "name": [], "active": "True"}]}`, `{"resources": [{"members": {}}]}`, "{\"Resources\": [{\"id\": \"\xff\"}]}",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	c := &session{Service: &Service{settings: &settings{name: "app"}}}
	f.Fuzz(func(t *testing.T, text string, users bool) {
		got := 0
		p, err := c.list(&answer{ReadCloser: io.NopCloser(strings.NewReader(text))}, func(e *element) error {
			got++
			if !users {
				_, err := e.group(func(m member) { _ = m.kind() })
				return err
			}
			u, err := e.user()
			if err != nil || !isID(string(u.ID)) {
				return err
			}
			held, _ := u.values()
			for _, h := range held {
				if kind, of := splitID(idOf(h.kind, h.of)); kind != h.kind || of != h.of || !isID(of) {
					t.Errorf("%+v is no role", h)
				}
			}
			_, _ = accountOf(&u), certificates(&u)
			return nil
		})
		if err == nil && p.got != got {
			t.Errorf("%d of %d", got, p.got)
		}
	})
}
