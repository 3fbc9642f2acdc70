package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// What the server itself answers.
var (
	ErrAddress = fault.New(fault.Invalid, "server-address", "the server's address cannot be used")
	ErrNoRoute = fault.New(fault.NotFound, "no-such-route", "the API has no such operation: see /openapi.json")
	ErrRate    = fault.New(fault.Unavailable, "too-many-requests", "too many requests: wait a little and go on")
	ErrOrigin  = fault.New(fault.Denied, "cross-origin", "a page of another site sent this; nothing was done")
	errPanic   = fault.New(fault.Internal, "internal", "")
)

// chain is what every request goes through, from the outside in. The origin is
// trusted by name too: a proxy may call this server by another.
func (s *Server) chain(next http.Handler) (http.Handler, error) {
	origins := http.NewCrossOriginProtection()
	if err := origins.AddTrustedOrigin(s.cfg.Origin); err != nil {
		return nil, ErrAddress.With("%q is no origin", s.cfg.Origin).Because(err)
	}
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, ErrOrigin)
	}))
	return s.arrive(s.observe(s.headers(s.survive(s.plain(s.limitAddress(origins.Handler(s.authenticate(s.once(s.seen(routed(next))))))))))), nil
}

// foreign is the API of others that a path is of, or nil.
func (s *Server) foreign(path string) Foreign {
	for prefix, f := range s.cfg.Foreign {
		if strings.HasPrefix(path, prefix) {
			return f
		}
	}
	return nil
}

// refuse answers with an error, in the words of the API that was asked.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if f := s.foreign(r.URL.Path); f != nil {
		f.Refuse(w, r, err)
		return
	}
	httpapi.WriteProblem(w, r, err)
}

// arrive gives the request its number and notes where it comes from: nobody, too, comes
// from an address.
func (s *Server) arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nobody := policy.Caller{Context: policy.Context{Address: s.address(r)}}
		r = r.WithContext(policy.WithCaller(httpapi.WithRequest(r.Context()), nobody))
		w.Header().Set("X-Request-Id", httpapi.RequestID(r.Context()))
		next.ServeHTTP(w, r)
	})
}

// survive keeps one request's panic from ending the others. Whoever reads the log
// finds the stack by the number that the caller was given.
func (s *Server) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // it is a value to compare with, never wrapped
				panic(p)
			}
			slog.ErrorContext(r.Context(), "panic", "request", httpapi.RequestID(r.Context()), "panic", p, "stack", string(debug.Stack()))
			if a, ok := w.(*answer); ok && a.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
			s.refuse(w, r, errPanic)
		}()
		next.ServeHTTP(w, r)
	})
}

// policyText lets a page load what this server serves and nothing else. Styles that
// a component computes are set by script, which needs no inline styles.
const policyText = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// dataText is for what is no page: nothing of it is ever run or shown in a frame.
const dataText = "default-src 'none'; frame-ancestors 'none'"

// headers sets what keeps a browser from doing more with an answer than it should. What
// the API answers is no page, and is sent often.
func (s *Server) headers(next http.Handler) http.Handler {
	data := []header{
		{"Content-Security-Policy", []string{dataText}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Cache-Control", []string{"no-store"}},
	}
	if strings.HasPrefix(s.cfg.Origin, "https://") {
		data = append(data, header{"Strict-Transport-Security", []string{"max-age=31536000; includeSubDomains"}})
	}
	page := append(slices.Clone(data),
		header{"Content-Security-Policy", []string{policyText}},
		header{"X-Frame-Options", []string{"DENY"}},
		header{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		header{"Permissions-Policy", []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		every := page
		if strings.HasPrefix(r.URL.Path, "/v1/") || s.foreign(r.URL.Path) != nil {
			every = data
		}
		h := w.Header()
		for _, e := range every {
			h[e.name] = e.value // shared: of length and capacity one, so that whoever adds gets another
		}
		next.ServeHTTP(w, r)
	})
}

type header struct {
	name  string // as http.CanonicalHeaderKey has it
	value []string
}

// authenticate asks the door. What is public is served to whoever shows nothing, and
// refused to whoever shows what is not good.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.foreign(r.URL.Path)
		if f == nil && !strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		if f != nil {
			f.Shown(r)
		}
		c, err := s.cfg.Door.Authenticate(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if c.Identity != 0 {
			if a, ok := w.(*answer); ok {
				a.identity = c.Identity
			}
			if !s.limits.identity(c.Identity) {
				s.metrics.byIdentity.Inc()
				w.Header().Set("Retry-After", "1")
				s.refuse(w, r, ErrRate)
				return
			}
		}
		c.Context.Address = from(r)
		next.ServeHTTP(w, r.WithContext(policy.WithCaller(r.Context(), c)))
	})
}

func (s *Server) limitAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.limits.address(from(r)) {
			s.metrics.byAddress.Inc()
			w.Header().Set("Retry-After", "1")
			s.refuse(w, r, ErrRate)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// from is the address that a request arrived from.
func from(r *http.Request) netip.Addr {
	nobody, _ := policy.CallerOf(r.Context())
	return nobody.Context.Address
}
