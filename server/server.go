package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Door tells who calls.
type Door interface {
	// Authenticate returns who sent a request; the zero Caller is nobody who has
	// signed in. An error refuses the request: what was shown is not, or no longer, good.
	// The request's context has a caller of whom only the address is known.
	Authenticate(r *http.Request) (policy.Caller, error)
}

// Feature mounts its operations.
type Feature interface{ Register(api huma.API) }

// Raw is a handler beside the API: what has no JSON, such as a redirect to sign in.
type Raw struct {
	Pattern string // as net/http's ServeMux reads it
	Handler http.Handler
}

// Foreign is an API that others have defined, served under a prefix of its own. It goes
// through the chain like Writ's own: the same door, the same limits.
type Foreign interface {
	http.Handler
	// Shown has a request show its token as the door reads it.
	Shown(r *http.Request)
	// Refuse answers with an error, in that API's words.
	Refuse(w http.ResponseWriter, r *http.Request, err error)
}

// Config is what a server needs. Door and Ready are required.
type Config struct {
	Address string   // host:port
	Origin  string   // https://writ.example.com, as browsers write it
	Proxies Networks // whose X-Forwarded-For is believed
	TLS     *tls.Config

	Door     Door
	Features []Feature
	Raw      []Raw
	Foreign  map[string]Foreign // by what their paths begin with, such as /vault/
	Console  fs.FS              // built files, or nil
	Manual   *Manual            // or nil
	Version  string
	// Ready returns why the node cannot serve now, or nil.
	Ready func(ctx context.Context) error
	// Figures returns what the node knows of itself, for metrics; nil is nothing.
	Figures func(ctx context.Context) (Figures, error)
	// Seen returns once what is committed is what the node decides and answers from; nil is at
	// once.
	Seen    func(ctx context.Context) error
	Answers Answers      // to requests that may come again; nil keeps none
	Traces  *Traces      // nil traces nothing
	Access  *slog.Logger // of one line a request; nil is the default logger

	Limits Limits
}

// Server is one HTTP server.
type Server struct {
	cfg     Config
	api     huma.API
	handler http.Handler
	limits  *limiter
	metrics *metrics
	times   timeouts
	secret  map[string]bool // patterns of operations whose answers hold secrets
}

// New checks a configuration and builds the server.
func New(cfg Config) (*Server, error) {
	if cfg.Door == nil || cfg.Ready == nil {
		return nil, errors.New("a server needs a door and to know when it is ready")
	}
	s := &Server{cfg: cfg, limits: newLimiter(cfg.Limits), metrics: newMetrics(cfg.Figures), times: usual}
	mux := http.NewServeMux()
	s.api = httpapi.New(mux, cfg.Version)
	for _, f := range cfg.Features {
		f.Register(s.api)
	}
	s.secret = httpapi.Secrets(s.api)
	httpapi.AddExamples(s.api)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /openapi.json", s.description)
	mux.HandleFunc("GET /pages.css", styles)
	(&reference{api: s.api, origin: cfg.Origin}).mount(mux)
	if cfg.Manual != nil {
		(&pages{manual: cfg.Manual}).mount(mux)
	}
	for _, r := range cfg.Raw {
		mux.Handle(r.Pattern, r.Handler)
	}
	for prefix, f := range cfg.Foreign {
		mux.Handle(prefix, f)
	}
	mux.Handle("/v1/", http.HandlerFunc(notFound))
	mux.Handle("/", consoleFiles(cfg.Console))
	var err error
	s.handler, err = s.chain(mux)
	return s, err
}

// API is the API with every operation, for its description.
func (s *Server) API() huma.API { return s.api }

// Handler is the whole server as a handler.
func (s *Server) Handler() http.Handler { return s.handler }

// timeouts of a connection. An operation that streams extends its own.
type timeouts struct{ header, read, write, idle, stop time.Duration }

var usual = timeouts{header: 5 * time.Second, read: 30 * time.Second, write: 60 * time.Second, idle: 2 * time.Minute, stop: 10 * time.Second}

const maxHeader = 32 << 10

// restHeap is never touched, so that it takes no memory; it counts as kept where the
// collector reckons when to run, which it else did hundreds of times a second in a
// small installation.
const restHeap = 48 << 20

// Run serves until ctx ends, then lets what has begun end. Listening, if given, is
// called once connections are taken.
func (s *Server) Run(ctx context.Context, listening func(net.Addr)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Address)
	if err != nil {
		return ErrAddress.With("nothing can be served at %s: name another address, or end what listens there", s.cfg.Address).Because(err)
	}
	if s.cfg.TLS != nil {
		l = tls.NewListener(l, s.cfg.TLS)
	}
	rest := make([]byte, restHeap)
	defer runtime.KeepAlive(rest)
	held := newConnections(s.cfg.Limits.connections())
	server := &http.Server{
		Handler: s.handler, ConnState: held.state, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: s.times.header, ReadTimeout: s.times.read, WriteTimeout: s.times.write, IdleTimeout: s.times.idle,
		ErrorLog:    slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // clients that hang up
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.times.stop)
		defer cancel()
		err := server.Shutdown(end)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	}()
	if listening != nil {
		listening(l.Addr())
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving at %s: %w", s.cfg.Address, err)
	}
	return <-stopped
}

func alive(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.cfg.Ready(r.Context()); err != nil {
		slog.WarnContext(r.Context(), "not ready", "error", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	alive(w, r)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	httpapi.WriteProblem(w, r, ErrNoRoute)
}
