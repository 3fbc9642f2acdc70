package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/once"
	"github.com/writhq/writ/policy"
)

// Answers keeps what was answered to requests that may come again; see package once.
type Answers interface {
	// Begin notes that a request runs under a key; where one ran before, it returns what
	// was answered.
	Begin(ctx context.Context, who int64, key, request string) (a once.Answer, ran bool, err error)
	Done(ctx context.Context, key string, a once.Answer) error
	Drop(ctx context.Context, key string) error
}

// keyHeader is where a caller says the key.
const keyHeader = "Idempotency-Key"

// once answers a request that came before with what it was answered, and lets no two
// under one key run.
func (s *Server) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get(keyHeader)
		c, known := policy.CallerOf(r.Context())
		if s.cfg.Answers == nil || r.Method != http.MethodPost || key == "" || !known || s.foreign(r.URL.Path) != nil {
			next.ServeHTTP(w, r)
			return
		}
		if err := s.again(w, r, next, c, key); err != nil {
			httpapi.WriteProblem(w, r, err)
		}
	})
}

// again returns an error where the request was not run.
func (s *Server) again(w http.ResponseWriter, r *http.Request, next http.Handler, c policy.Caller, key string) error {
	if !goodKey(key) || len(r.Header.Values(keyHeader)) > 1 {
		return once.ErrKey
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, httpapi.MaxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return httpapi.ErrTooLarge
		}
		return httpapi.ErrEnded
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	digest := digestOf(fmt.Sprint(int64(c.Identity)), strings.Join(c.Limits, ","), fmt.Sprint(c.Limits == nil), key)
	// The key, which is kept nowhere, keeps a password in the body from being guessed by
	// whoever has the database.
	request := digestOf(key, r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("If-Match"), string(body))
	was, ran, err := s.cfg.Answers.Begin(r.Context(), int64(c.Identity), digest, request)
	switch {
	case err != nil:
		return err
	case ran && was.Withheld:
		return once.ErrDone
	case ran:
		for name, value := range was.Header {
			w.Header().Set(name, value)
		}
		w.Header().Set("Idempotency-Replayed", "true")
		w.WriteHeader(was.Status)
		_, _ = w.Write(was.Body)
		return nil
	}
	s.first(w, r, next, digest)
	return nil
}

// keepTimeout is how long noting what was answered may take, though the caller is gone.
const keepTimeout = 5 * time.Second

// first runs the request and keeps what it was answered.
func (s *Server) first(w http.ResponseWriter, r *http.Request, next http.Handler, key string) {
	a, ok := w.(*answer)
	if !ok {
		a = &answer{ResponseWriter: w, metrics: s.metrics}
	}
	a.kept = &bytes.Buffer{}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keepTimeout)
		defer cancel()
		var err error
		switch {
		case a.status >= 200 && a.status < 300:
			err = s.cfg.Answers.Done(ctx, key, s.answerOf(a))
		case a.status != 0 && a.status != http.StatusInternalServerError:
			err = s.cfg.Answers.Drop(ctx, key)
		} // else nobody knows whether it was done
		if err != nil {
			slog.ErrorContext(ctx, "keeping an answer", "request", httpapi.RequestID(ctx), "error", err)
		}
	}()
	next.ServeHTTP(a, r)
}

// keptHeaders are those that belong to an answer and not to one delivery of it.
var keptHeaders = []string{"Content-Type", "Etag", "Location"}

func (s *Server) answerOf(a *answer) once.Answer {
	was := once.Answer{Status: a.status, Body: a.kept.Bytes(), Header: map[string]string{}}
	was.Withheld = s.secret[a.pattern] || a.stream || a.bytes > once.MaxBody || len(a.Header().Values("Set-Cookie")) > 0
	for _, name := range keptHeaders {
		if value := a.Header().Get(name); value != "" {
			was.Header[name] = value
		}
	}
	return was
}

func goodKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= 200
}

// digestOf is one digest of several texts, none of which can pass for a part of another.
func digestOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
