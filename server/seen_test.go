package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writhq/writ/server"
)

// What was done is answered once it is seen, or cannot be; what changed nothing waits for
// nothing.
func TestAChangeIsAnsweredOnceItIsSeen(t *testing.T) {
	c := &counter{done: map[string]int{}}
	var waited int
	var answer *httptest.ResponseRecorder
	var failing error
	s, err := server.New(server.Config{
		Origin: "http://localhost:7400", Door: door{}, Ready: func(context.Context) error { return nil }, Features: []server.Feature{c},
		Raw: []server.Raw{{Pattern: "POST /open", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })}},
		Seen: func(ctx context.Context) error {
			if waited++; answer.Body.Len() > 0 || c.done["x"] == 0 {
				t.Error("it waits before it is done, or after it was answered")
			}
			if _, ends := ctx.Deadline(); !ends {
				t.Error("it may wait for ever")
			}
			return failing
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		who, method, path string
		name              string
		failing           error
		status, waits     int
	}{
		{"ana", http.MethodPost, "/v1/counts", "x", nil, http.StatusCreated, 1},
		{"ana", http.MethodPost, "/v1/counts", "x", errors.New("it never comes"), http.StatusCreated, 1},
		{"ana", http.MethodPost, "/v1/counts", "bad", nil, http.StatusUnprocessableEntity, 0},
		{"", http.MethodPost, "/open", "", nil, http.StatusOK, 0},
		{"ana", http.MethodGet, "/healthz", "", nil, http.StatusOK, 0},
	} {
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(`{"name":"`+tt.name+`"}`))
		r.Header.Set("Authorization", tt.who)
		r.Header.Set("Content-Type", "application/json")
		answer, waited, failing = httptest.NewRecorder(), 0, tt.failing
		s.Handler().ServeHTTP(answer, r)
		if answer.Code != tt.status || waited != tt.waits {
			t.Errorf("%s %s %q, %v: %d after waiting %d times: %s", tt.method, tt.path, tt.name, tt.failing, answer.Code, waited, answer.Body)
		}
	}
}
