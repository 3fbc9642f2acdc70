package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/writhq/writ/internal/outbound"
)

// Spans go to the collector that was configured, and nowhere that it says.
func TestLesson04_TracesGoNowhereElse(t *testing.T) {
	var came, strayed atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer inside.Close()
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if came.Add(1) > 1 {
			http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
		}
	}))
	defer collector.Close()
	traces, err := NewTraces(t.Context(), collector.URL+"/v1/traces", "test")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, span := traces.begin(httptest.NewRequest(http.MethodGet, "/v1/me", nil))
		end(span, "/v1/me", http.MethodGet, http.StatusOK)
		_ = traces.provider.ForceFlush(t.Context()) // the second one is told nowhere
	}
	_ = traces.Close(t.Context())
	if came.Load() < 2 || strayed.Load() != 0 {
		t.Errorf("%d came, %d went elsewhere", came.Load(), strayed.Load())
	}
	for _, url := range []string{"http://collector.example.com/v1/traces", "ftp://127.0.0.1/"} {
		if _, err := NewTraces(t.Context(), url, "test"); !errors.Is(err, outbound.ErrURL) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
