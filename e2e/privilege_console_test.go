package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPrivilegeInChromium is TestPrivilege for whoever has a browser and nothing else:
// console/e2e/firm.spec.ts goes through the pages, and asks the targets what is so there.
func TestPrivilegeInChromium(t *testing.T) {
	f := newFirm(t)
	f.finances(t)
	for _, what := range []string{"db/dba", "host/admins"} {
		f.run(t, "writ eligible give ana@example.com "+what+" --most 1m --stage security_operations --reason 'on call'")
	}
	links := map[string]string{}
	for _, who := range []string{"ana", "sol", "eva", "olga"} {
		links[who] = f.linkFor(t, who)
	}
	inChromium(t, links, []string{f.url}, "E2E_FIRM="+f.targets(t))
	f.run(t, "writ audit verify")
}

// targets answers over HTTP what the firm's targets themselves say.
func (f *firm) targets(t *testing.T) string {
	t.Helper()
	says := map[string]func(r *http.Request) any{
		"/db/has":     func(r *http.Request) any { return f.inDB(t, r.FormValue("login"), r.FormValue("group")) },
		"/host/has":   func(r *http.Request) any { return f.inHost(t, r.FormValue("login"), r.FormValue("group")) },
		"/db/opens":   func(r *http.Request) any { return f.opensDB(t, r.FormValue("login"), r.FormValue("password")) },
		"/host/opens": func(r *http.Request) any { return f.opensHost(t, r.FormValue("password")) },
		"/told":       func(*http.Request) any { _, value := f.told(t); return value },
	}
	mux := http.NewServeMux()
	for path, say := range says {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, say(r)) })
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
