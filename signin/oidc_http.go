package signin

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
)

const (
	oidcPath   = "/signin/oidc/"
	signinPage = "/signin" // of the console

	// browserCookie is what binds a sign-in at a provider to the browser that began it.
	// Coming back from there is a request that another site caused, so that it is lax.
	browserCookie = "__Host-writ-oidc"
	maxBack       = 500
	maxCode       = 4 << 10
)

// Raw are the handlers beside the API, by their patterns: what a browser is sent to, and
// what is as OAuth has it.
func (s *Service) Raw() map[string]http.Handler {
	return map[string]http.Handler{
		"GET " + oidcPath + "{name}":          http.HandlerFunc(s.getOIDC),
		"GET " + oidcPath + "{name}/callback": http.HandlerFunc(s.getCallback),
		"POST " + DevicePath:                  http.HandlerFunc(s.postDevice),
		"POST " + TokenPath:                   http.HandlerFunc(s.postToken),
	}
}

// getOIDC sends a browser to a provider.
func (s *Service) getOIDC(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	browser, ok := browserOf(r)
	if !ok {
		browser = newSecret()
	}
	to, err := s.beginOIDC(r.Context(), r.PathValue("name"), query.Get("key"), parseBack(query.Get("back")), browser)
	if err != nil {
		s.backWith(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: string(browser.Reveal()), Path: "/", MaxAge: int(StateLasts.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // to the provider that is configured
}

// getCallback takes a browser that comes back from a provider.
func (s *Service) getCallback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	browser, ok := browserOf(r)
	state, code := query.Get("state"), query.Get("code")
	if !ok || len(state) != secretChars || len(code) > maxCode {
		s.backWith(w, r, ErrState)
		return
	}
	if query.Has("error") || code == "" {
		s.backWith(w, r, ErrProviderSays)
		return
	}
	back, plain, err := s.finishOIDC(r.Context(), r.PathValue("name"), state, code, query.Get("iss"), browser)
	if err != nil {
		s.backWith(w, r, err)
		return
	}
	c := cookie(plain)
	http.SetCookie(w, &c)
	http.Redirect(w, r, s.Origin+back, http.StatusSeeOther) //nolint:gosec // a page of ours, checked when it was kept
}

// browserOf is what a browser was given when it went to a provider.
func browserOf(r *http.Request) (secret.Secret, bool) {
	given := r.CookiesNamed(browserCookie)
	if len(given) != 1 || len(given[0].Value) != secretChars {
		return secret.Secret{}, false
	}
	return secret.New([]byte(given[0].Value)), true
}

// parseBack is where in the console a browser goes on: a path of ours, or the start.
func parseBack(text string) string {
	ours := strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && len(text) <= maxBack &&
		!strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f })
	if !ours {
		return "/"
	}
	return text
}

// backWith sends a browser to the page to sign in on, which tells what is wrong.
func (s *Service) backWith(w http.ResponseWriter, r *http.Request, err error) {
	code := "internal"
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		code = f.Code
	} else {
		slog.ErrorContext(r.Context(), "request failed", "request", httpapi.RequestID(r.Context()), "error", err)
	}
	http.Redirect(w, r, s.Origin+signinPage+"?problem="+url.QueryEscape(code), http.StatusSeeOther)
}

// ProviderView is a provider as the page to sign in on shows it.
type ProviderView struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

func (s *Service) providerViews() []ProviderView {
	list := []ProviderView{}
	for _, name := range slices.Sorted(maps.Keys(s.providers)) {
		list = append(list, ProviderView{name, s.providers[name].Title})
	}
	return list
}
