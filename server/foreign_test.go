package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/once"
	"github.com/writhq/writ/policy"
)

// echo is an API of others: it shows tokens in a header of its own, and tells who calls.
type echo struct{}

func (echo) Shown(r *http.Request) {
	r.Header.Del("Cookie")
	r.Header.Set("Authorization", "Bearer "+r.Header.Get("X-Token"))
}

func (echo) Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	w.WriteHeader(httpapi.StatusOf(err))
	_, _ = io.WriteString(w, "refused: "+err.Error())
}

func (echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, known := policy.CallerOf(r.Context())
	if strings.HasSuffix(r.URL.Path, "/broken") || !known {
		panic("secret 4711")
	}
	_, _ = io.WriteString(w, c.Identity.String())
}

// An API of others goes through the same door and limits as Writ's own, in its own words;
// nothing that it answers is kept.
func TestAnAPIOfOthersGoesThroughTheChain(t *testing.T) {
	kept := errors.New("it was asked whether this was done before")
	s := try(t, func(c *Config) {
		c.Foreign = map[string]Foreign{"/others/": echo{}}
		c.Answers = neverKept{kept}
		c.Limits.IdentityRate, c.Limits.IdentityBurst = 1, 4
	})
	ask := func(path, token string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Header.Set("X-Token", token)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w
	}
	for _, tt := range []struct {
		name, path, token string
		headers           []string
		status            int
	}{
		{"who is known", "/others/x", "ana", nil, 200},
		{"under a key", "/others/x", "ana", []string{"Idempotency-Key", "k1"}, 200},
		{"nobody", "/others/x", "zoe", nil, 401},
		{"a path in two ways", "/others/a/../x", "ana", nil, 404},
		{"a page of another site", "/others/x", "ana", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"what breaks", "/others/broken", "ana", nil, 500},
		{"too often", "/others/x", "ben", nil, 200},
	} {
		w := ask(tt.path, tt.token, tt.headers...)
		if body := w.Body.String(); w.Code != tt.status || (tt.status != 200) != strings.HasPrefix(body, "refused: ") || strings.Contains(body, "4711") {
			t.Errorf("%s: %d %s", tt.name, w.Code, body)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept", tt.name)
		}
	}
	for range 8 {
		ask("/others/x", "ben")
	}
	if w := ask("/others/x", "ben"); w.Code != http.StatusTooManyRequests || !strings.HasPrefix(w.Body.String(), "refused: ") {
		t.Errorf("as often as one likes: %d %s", w.Code, w.Body)
	}
}

// neverKept fails what is asked for again.
type neverKept struct{ err error }

func (n neverKept) Begin(context.Context, int64, string, string) (once.Answer, bool, error) {
	return once.Answer{}, false, n.err
}
func (n neverKept) Done(context.Context, string, once.Answer) error { return n.err }
func (n neverKept) Drop(context.Context, string) error              { return n.err }
