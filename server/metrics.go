package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Figures are what a node knows of itself; they are asked for when metrics are read.
type Figures struct {
	Permits, Forbids int64 // decisions since the start
	GraphRevision    int64 // that answers are given at
	StoreRevision    int64 // that was given last
	Waiting          int64 // change sets without a revision
	WaitingSeconds   float64
	StoreBytes       int64
	AuditRecords     int64
	MailWaiting      int64 // for a first try or another
	MailDead         int64 // given up
	Ready            bool
}

// metrics are what the server counts. They are served on a listener of their own:
// how busy a node is, is nobody else's business.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	streams  prometheus.Gauge

	byAddress, byIdentity prometheus.Counter // of refused

	mu     sync.RWMutex
	series map[series]prometheus.Observer
}

// series is one line of the histogram; looking its labels up each time costs more
// than counting.
type series struct {
	route, method string
	class         int
}

func newMetrics(figures func(context.Context) (Figures, error)) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "writ_http_request_seconds", Help: "How long requests took, by route, method and class of status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "class"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "writ_http_rate_refusals_total", Help: "Requests refused because there were too many, by whose they were.",
		}, []string{"by"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "writ_http_streams", Help: "Streams of events that are open."}),
		series:  map[series]prometheus.Observer{},
	}
	m.byAddress, m.byIdentity = m.refused.WithLabelValues("address"), m.refused.WithLabelValues("identity")
	m.registry.MustRegister(m.requests, m.refused, m.streams, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if figures != nil {
		m.registry.MustRegister(newNodeCollector(figures))
	}
	return m
}

// answered counts one answer.
func (m *metrics) answered(route, method string, status int, took time.Duration) {
	key := series{route, methodOf(method), status / 100}
	m.mu.RLock()
	o := m.series[key]
	m.mu.RUnlock()
	if o == nil {
		o = m.requests.WithLabelValues(key.route, key.method, strconv.Itoa(key.class)+"xx")
		m.mu.Lock()
		m.series[key] = o
		m.mu.Unlock()
	}
	o.Observe(took.Seconds())
}

// methodOf keeps what a caller made up from becoming a label.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// RunMetrics serves the metrics at an address of their own until ctx ends.
func (s *Server) RunMetrics(ctx context.Context, address string, listening func(net.Addr)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return ErrAddress.With("no metrics can be served at %s: name another address, or end what listens there", address).Because(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	server := &http.Server{
		Handler: mux, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: s.times.header, ReadTimeout: s.times.read, WriteTimeout: s.times.write, IdleTimeout: s.times.idle,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // a scrape may be cut off
	if listening != nil {
		listening(l.Addr())
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving metrics at %s: %w", address, err)
	}
	return nil
}
