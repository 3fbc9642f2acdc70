package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestMetricsAreOnAListenerOfTheirOwn(t *testing.T) {
	node := Figures{Permits: 5, Forbids: 2, GraphRevision: 40, StoreRevision: 42, Waiting: 3, WaitingSeconds: 1.5, StoreBytes: 4096, AuditRecords: 9, MailWaiting: 6, MailDead: 1, Ready: true}
	var failing error
	s := try(t, func(c *Config) {
		c.Figures = func(context.Context) (Figures, error) { return node, failing }
		c.Limits = Limits{AddressRate: 1, AddressBurst: 4}
	})
	address, _, _ := run(t, s)
	at := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- s.RunMetrics(ctx, "127.0.0.1:0", func(a net.Addr) { at <- a }) }()
	metrics := (<-at).String()

	if res := raw(t, address, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); res.StatusCode != 404 {
		t.Errorf("the public listener answers %d", res.StatusCode)
	}
	raw(t, address, post("/v1/things", "ana", `{"name":"x"}`))
	raw(t, address, "BREW /v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	raw(t, address, post("/v1/things", "", `{"name":"x"}`))
	raw(t, address, post("/v1/things", "ana", `{"name":"x"}`))
	read := func() string {
		res := raw(t, metrics, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res.StatusCode, err)
		}
		return string(b)
	}
	var text string
	waitUntil(t, func() bool { // a request is counted after it was answered
		text = read()
		return strings.Contains(text, `writ_http_rate_refusals_total{by="address"} 1`)
	})
	for _, want := range []string{
		`writ_http_request_seconds_count{class="2xx",method="POST",route="/v1/things"} 1`,
		`writ_http_request_seconds_count{class="4xx",method="POST",route="/v1/things"} 1`,
		`method="other"`, `writ_http_streams 0`,
		`writ_decisions_total{effect="permit"} 5`, `writ_decisions_total{effect="forbid"} 2`,
		`writ_graph_revision 40`, `writ_graph_lag_revisions 2`, `writ_sequencer_waiting 3`, `writ_sequencer_lag_seconds 1.5`,
		`writ_store_bytes 4096`, `writ_audit_records 9`, `writ_mail_waiting 6`, `writ_mail_dead 1`, `writ_ready 1`, `go_goroutines `, `process_cpu_seconds_total `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	failing = errors.New("the store is away")
	if text := read(); strings.Contains(text, "writ_store_bytes") || !strings.Contains(text, "writ_http_request_seconds") {
		t.Errorf("without figures of the node:\n%s", text)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLesson13_TheLogHasNoSecrets: a line tells the route and not what was written
// into it.
func TestLesson13_TheLogHasNoSecrets(t *testing.T) {
	var out safeBuffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	defer slog.SetDefault(old)
	spans := tracetest.NewInMemoryExporter()
	s := try(t, func(c *Config) { c.Traces = newTraces(sdk.WithSyncer(spans), "test") })
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPost, "/v1/things?token=hunter2", strings.NewReader(`{"name":"hunter2"}`)),
		httptest.NewRequest(http.MethodGet, "/v1/hunter2/hunter2", nil),
		httptest.NewRequest("HUNTER2", "/hunter2", nil),
		httptest.NewRequest(http.MethodGet, "/healthz", nil),
	} {
		r.Header.Set("Authorization", "Bearer ana")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("User-Agent", "hunter2")
		r.Header.Set("Cookie", "session=hunter2")
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 { // health is not worth a line
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first["route"] != "/v1/things" || first["status"] != 422.0 || first["identity"] == "" || first["request"] == "" || first["bytes"] == 0.0 {
		t.Errorf("%v", first)
	}
	got := spans.GetSpans()
	if len(got) != 4 || got[0].Name != "POST /v1/things" || got[0].Parent.IsValid() {
		t.Errorf("%d spans: %+v", len(got), got)
	}
	traced, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"log": out.String(), "trace": string(traced)} {
		if strings.Contains(strings.ToLower(text), "hunter2") {
			t.Errorf("the %s has it: %s", what, text)
		}
	}
}
