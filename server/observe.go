package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/once"
)

// answer watches what a request is answered. It is the same one all along the chain,
// so that each link can note in it what it finds out.
type answer struct {
	http.ResponseWriter
	metrics  *metrics
	pattern  string // of the route, as it was registered: never what the caller wrote
	identity access.IdentityID
	length   int64 // of the request's body, as it was announced
	status   int
	bytes    int64
	stream   bool
	kept     *bytes.Buffer // what was written, where somebody keeps it
	done     func()        // what is to be before it is answered that something was done; nil is nothing
}

// Unwrap lets http.ResponseController find what the connection can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what has been written.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// smallBody is a body that comes with its header, or is cut off with it.
const smallBody = 16 << 10

// SetReadDeadline is asked before each body is read. A small one keeps the deadline that
// the connection has for the whole request: setting one costs more than reading it.
func (a *answer) SetReadDeadline(at time.Time) error {
	if a.length >= 0 && a.length <= smallBody {
		return nil
	}
	return http.NewResponseController(a.ResponseWriter).SetReadDeadline(at)
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
		if kind := a.Header()["Content-Type"]; len(kind) > 0 && strings.HasPrefix(kind[0], "text/event-stream") {
			a.stream = true
			a.metrics.streams.Inc()
		}
		if a.done != nil && status < http.StatusMultipleChoices {
			a.done()
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	if a.kept != nil && a.bytes <= once.MaxBody {
		a.kept.Write(b[:n])
	}
	return n, err
}

// observe counts, logs and traces each request once it is answered.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, metrics: s.metrics, length: r.ContentLength}
		begun := time.Now()
		var span trace.Span
		if s.cfg.Traces != nil {
			r, span = s.cfg.Traces.begin(r)
		}
		defer func() {
			ended := time.Now()
			took := ended.Sub(begun)
			route := routeOf(a.pattern)
			if a.stream {
				s.metrics.streams.Dec()
			}
			s.metrics.answered(route, r.Method, a.status, took)
			if span != nil {
				end(span, route, r.Method, a.status)
			}
			s.log(r, a, route, ended, took)
		}()
		next.ServeHTTP(a, r)
	})
}

// routed notes which route took a request.
func routed(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := w.(*answer); ok {
			defer func() { a.pattern = r.Pattern }()
		}
		mux.ServeHTTP(w, r)
	})
}

// routeOf is a pattern without its method.
func routeOf(pattern string) string {
	if i := strings.IndexByte(pattern, ' '); i >= 0 {
		return pattern[i+1:]
	}
	if pattern == "" {
		return "none"
	}
	return pattern
}

// log writes one line. What the caller wrote into the path, a query, a header or a
// body is not in it: it may be a secret or a name.
func (s *Server) log(r *http.Request, a *answer, route string, at time.Time, took time.Duration) {
	if a.status < http.StatusBadRequest && (route == "/healthz" || route == "/readyz") {
		return
	}
	to := s.cfg.Access
	if to == nil {
		to = slog.Default()
	}
	if !to.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(at, slog.LevelInfo, "request", 0) // from the code that it always is
	line.AddAttrs(slog.String("request", httpapi.RequestID(r.Context())), slog.String("method", methodOf(r.Method)), slog.String("route", route),
		slog.Int("status", a.status), slog.Int64("bytes", a.bytes), slog.Int64("microseconds", took.Microseconds()))
	if a.identity != 0 {
		line.AddAttrs(slog.String("identity", a.identity.String()))
	}
	_ = to.Handler().Handle(r.Context(), line) // a line that cannot be written is no reason to fail
}
