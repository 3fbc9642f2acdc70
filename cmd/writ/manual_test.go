package main

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/writhq/writ/docs"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// nobody is a door that knows nobody.
type nobody struct{}

func (nobody) Authenticate(*http.Request) (policy.Caller, error) { return policy.Caller{}, nil }

// manualServer serves the manual and nothing that needs a store.
func manualServer(t *testing.T) http.Handler {
	t.Helper()
	s, err := server.New(server.Config{
		Origin: "http://localhost:7400", Door: nobody{}, Ready: func(context.Context) error { return nil }, Manual: manual(),
		Features: []server.Feature{&server.Decisions{}}, Limits: server.Limits{AddressRate: 1e6},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

var (
	hrefs  = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	inline = regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=|javascript:`)
)

// Every page renders under the strict policy, and every link of one leads somewhere:
// begin at the front and follow them all.
func TestEveryPageRendersAndEveryLinkLeadsSomewhere(t *testing.T) {
	h := manualServer(t)
	seen := map[string]string{} // page to its HTML
	queue := []string{"/manual", "/docs"}
	wanted := map[string]string{} // link to the page that has it
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if _, ok := seen[at]; ok {
			continue
		}
		w := get(h, at)
		seen[at] = w.Body.String()
		if w.Code != http.StatusOK {
			t.Errorf("%s of %s: %d", at, wanted[at], w.Code)
			continue
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		if bad := inline.FindString(seen[at]); bad != "" {
			t.Errorf("%s has %q", at, bad)
		}
		if strings.Count(seen[at], "<h1") != 1 || !strings.Contains(seen[at], `<html lang="en">`) || !strings.Contains(seen[at], "<main") {
			t.Errorf("%s is no page with one heading", at)
		}
		for _, m := range hrefs.FindAllStringSubmatch(seen[at], -1) {
			to := m[1]
			switch {
			case strings.HasPrefix(to, "https://"), to == "/":
			case strings.HasPrefix(to, "#"):
				wanted[at+to] = at
			case strings.HasPrefix(to, "/"):
				wanted[to] = at
				page, _, _ := strings.Cut(to, "#")
				queue = append(queue, page)
			default:
				t.Errorf("%s leads to %q", at, to)
			}
		}
	}
	for link, from := range wanted {
		page, place, ok := strings.Cut(link, "#")
		if ok && place != "content" && !hasPlace(seen[page], place) {
			t.Errorf("%s leads to %s, where there is no such place", from, link)
		}
	}
	err := fs.WalkDir(docs.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".md" && seen["/manual/"+strings.TrimSuffix(name, ".md")] == "" {
			t.Errorf("nothing leads to %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"writ", "writ-why", "writ-system-add", "writ-server"} {
		if seen["/manual/commands/"+command] == "" {
			t.Errorf("nothing leads to the command %s", command)
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d pages", len(seen))
	}
}

func hasPlace(html, place string) bool { return strings.Contains(html, ` id="`+place+`"`) }

var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links also lead somewhere for who reads docs/ in the repository.
func TestEveryLinkInTheRepositoryLeadsSomewhere(t *testing.T) {
	h := manualServer(t)
	n := 0
	root := filepath.Join("..", "..")
	files := []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".md" {
			name, err = filepath.Rel(root, name)
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range markdownLink.FindAllStringSubmatch(string(b), -1) {
			n++
			to, _, _ := strings.Cut(m[1], "#")
			switch {
			case to == "" || strings.HasPrefix(to, "https://"):
			case strings.HasPrefix(to, "/"):
				if w := get(h, to); w.Code != http.StatusOK {
					t.Errorf("%s leads to %s: %d", name, to, w.Code)
				}
			case strings.HasPrefix(to, "commands/"): // the binary has them
				if w := get(h, "/manual/"+strings.TrimSuffix(to, ".md")); w.Code != http.StatusOK {
					t.Errorf("%s leads to %s: %d", name, to, w.Code)
				}
			default:
				if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), filepath.FromSlash(to))); err != nil {
					t.Errorf("%s leads to %s: %v", name, to, err)
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d links", n)
	}
}

func TestManualAnswers(t *testing.T) {
	h := manualServer(t)
	if w := get(h, "/problems/not-found"); w.Code != http.StatusFound || w.Header().Get("Location") != "/manual/problems#not-found" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	if w := get(h, "/problems/x%22y"); w.Code != http.StatusNotFound {
		t.Errorf("a code that is none: %d", w.Code)
	}
	for target, want := range map[string]string{
		"/manual?q=Idempotency-Key":     "/manual/server",
		"/manual?q=tier+escalat":        "Pages that say",
		"/manual?q=%3Cscript%3Ealert":   "&lt;script&gt;alert",
		"/manual/how-to/csv":            `aria-current="page"`,
		"/manual/commands/writ-why":     "<h1 id=\"writ-why\">writ why</h1>",
		"/docs/policy":                  "who may simulate policies (policy.simulate)",
		"/manual/adr/0017-one-gate":     "One gate",
		"/manual/schemas/findings.json": "$schema",
	} {
		if w := get(h, target); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, without %q", target, w.Code, want)
		}
	}
	for _, target := range []string{"/manual/nowhere", "/manual/how-to/nowhere", "/manual/docs.go", "/docs/nowhere", "/manual/schemas/nowhere.json"} {
		if w := get(h, target); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	if w := get(h, "/pages.css"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "prefers-color-scheme: dark") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("the styles: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}
