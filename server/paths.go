package server

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/internal/fault"
)

// What a request may not be written as.
var (
	ErrPath     = fault.New(fault.NotFound, "bad-path", "the path is not written the one way that paths are: no empty or dotted part, no backslash, no encoded slash")
	ErrQuery    = fault.New(fault.Invalid, "bad-query", "the query is not text in UTF-8 that is escaped as URLs are")
	ErrEncoding = fault.New(fault.Invalid, "unsupported-content", "send the body as it is: none is unpacked here")
)

// plain refuses what could be read in two ways, by a proxy in front and by us: a
// path has one spelling, and a body is what it is.
func (s *Server) plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !plainPath(r.URL.Path) || r.URL.RawPath != "" && encodedSlash(r.URL.RawPath):
			s.refuse(w, r, ErrPath)
		case !plainQuery(r.URL.RawQuery):
			s.refuse(w, r, ErrQuery)
		case len(r.Header["Content-Encoding"]) > 0:
			s.refuse(w, r, ErrEncoding)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func encodedSlash(raw string) bool {
	raw = strings.ToLower(raw)
	return strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c")
}

// plainQuery takes text only: a database knows no other.
func plainQuery(raw string) bool {
	if raw == "" {
		return true
	}
	text, err := url.QueryUnescape(raw)
	return err == nil && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

// plainPath looks at the path after it was decoded once.
func plainPath(p string) bool {
	if p == "" || p[0] != '/' || !utf8.ValidString(p) {
		return false
	}
	for i := range len(p) {
		if c := p[i]; c < ' ' || c == 0x7f || c == '\\' {
			return false
		}
	}
	if p == "/" {
		return true
	}
	rest := p[1:]
	for rest != "" {
		part, after, more := strings.Cut(rest, "/")
		if part == "" || part == "." || part == ".." {
			return false
		}
		if !more {
			return true
		}
		rest = after // a slash at the end is a route of its own
	}
	return true
}
