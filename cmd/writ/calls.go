package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// caller calls the operations of a feature: those of a Writ that is served, or those of
// this process, which has the data directory.
type caller interface {
	exchange(ctx context.Context, method, path string, header http.Header, body, into any) error
}

// elsewhere is whether a command is meant for a Writ that is served: one is named, or whoever
// runs it has logged in at one.
func (a *app) elsewhere(server string) bool {
	if server != "" || os.Getenv(tokenVariable) != "" {
		return true
	}
	l, err := readLogin()
	return err == nil && l != nil
}

// calling is what a command does with the operations that it calls; no answer prints none.
type calling func(ctx context.Context, c caller, args []string) (answer, error)

// callerAt is where a command's calls go: to a Writ that is served, or to what open opens on
// the node. What takes a person takes a server, who knows people.
func (a *app) callerAt(ctx context.Context, server string, person bool, open func(ctx context.Context) (context.Context, caller, error)) (context.Context, caller, error) {
	if person || a.elsewhere(server) {
		r, err := a.remote(server)
		return ctx, r, err
	}
	return open(ctx)
}

// calls is a command that calls, and prints what comes.
func (a *app) calls(open func(ctx context.Context) (context.Context, caller, error), server *string, person bool, run calling) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, c, err := a.callerAt(cmd.Context(), *server, person, open)
		if err != nil {
			return err
		}
		ans, err := run(ctx, c, args)
		if err != nil || ans == nil {
			return err
		}
		return a.print(ans)
	}
}

// here calls the operations of this process, as whoever runs the command on the node.
type here struct{ mux *http.ServeMux }

func newHere(features ...server.Feature) *here {
	mux := http.NewServeMux()
	api := httpapi.New(mux, version())
	for _, f := range features {
		f.Register(api)
	}
	return &here{mux}
}

// exchange implements caller.
func (h *here) exchange(ctx context.Context, method, path string, header http.Header, body, into any) error {
	ctx = policy.WithCaller(ctx, policy.Caller{Node: operator().Node})
	target, err := url.ParseRequestURI(path)
	if err != nil {
		return err
	}
	r := (&http.Request{Method: method, URL: target, RequestURI: path, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: http.NoBody}).WithContext(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		defer clear(text)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	r.Header.Set("Content-Type", "application/json")
	w := &taken{header: http.Header{}, status: http.StatusOK}
	h.mux.ServeHTTP(w, r)
	return w.answer(into)
}

// taken is an answer as it is written.
type taken struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (t *taken) Header() http.Header         { return t.header }
func (t *taken) WriteHeader(status int)      { t.status = status }
func (t *taken) Write(b []byte) (int, error) { return t.text.Write(b) }

func (t *taken) answer(into any) error {
	switch {
	case t.status >= http.StatusBadRequest:
		return problemOf(&http.Response{StatusCode: t.status, Status: http.StatusText(t.status)}, t.text.Bytes())
	case into == nil || t.text.Len() == 0:
		return nil
	}
	return json.Unmarshal(t.text.Bytes(), into)
}

// exchange implements caller.
func (r *remote) exchange(ctx context.Context, method, path string, header http.Header, body, into any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
		defer clear(sent)
	}
	answer, err := r.do(ctx, method, path, header, sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	defer clear(text)
	switch {
	case err != nil:
		return noAnswer(r.server, err)
	case answer.StatusCode >= http.StatusBadRequest:
		return r.steppingUp(problemOf(answer, text))
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
