package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

var apiMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func (a *app) apiCommand() *cobra.Command {
	var server, data, match string
	cmd := &cobra.Command{
		Use: "api METHOD PATH", Short: "Call the API of a Writ that is served, and print the answer",
		Long: `Call the API of a Writ that is served, and print its answer as it is.

It calls as you, after 'writ login' (each request is signed with the key that the login made),
or with the token of the API in ` + tokenVariable + `; where that is bound to a key, ` + keyVariable + ` names the
file of the private one, as a JSON Web Key. What may be called is described at /docs of every
server. What is sent must be JSON.

It exits with 0 where the server did it, 3 where it refuses you (401, 403), and 1 where it
says anything else is wrong; the server's own words are printed either way.`,
		Example: `  writ api GET '/v1/findings?limit=5'
  echo '{"reason": "..."}' | writ api POST /v1/findings/fnd_.../accept --data -
  ` + tokenVariable + `=... writ api GET /v1/me --server https://writ.example.com`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			method := strings.ToUpper(args[0])
			if !slices.Contains(apiMethods, method) {
				return fmt.Errorf("%w: the method must be one of %s", errUsage, strings.Join(apiMethods, ", "))
			}
			u, err := url.Parse(args[1])
			if err != nil || !strings.HasPrefix(args[1], "/") || u.Host != "" || u.Fragment != "" {
				return fmt.Errorf("%w: the path must begin with /", errUsage)
			}
			body, err := a.apiBody(data)
			if err != nil {
				return err
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			return a.callAPI(cmd.Context(), r, method, args[1], match, body)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&data, "data", "", "what to send: `@FILE`, or - for standard input")
	cmd.Flags().StringVar(&match, "if-match", "", "`version` that the change is based on, as ETag said")
	return cmd
}

func serverFlag(cmd *cobra.Command, server *string) {
	cmd.Flags().StringVar(server, "server", "", "`URL` of the server; without it, that of 'writ login'")
}

// apiBody reads what is to be sent.
func (a *app) apiBody(data string) ([]byte, error) {
	switch path, isFile := strings.CutPrefix(data, "@"); {
	case data == "":
		return nil, nil
	case data == "-":
		return io.ReadAll(a.in)
	case isFile:
		return os.ReadFile(path)
	}
	return nil, fmt.Errorf("%w: --data must be @FILE or -", errUsage)
}

// callAPI prints the answer, also where it is a problem, which then is the error too.
func (a *app) callAPI(ctx context.Context, r *remote, method, path, match string, body []byte) error {
	header := http.Header{}
	if match != "" {
		header.Set("If-Match", match)
	}
	answer, err := r.do(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode < http.StatusBadRequest {
		return a.wholeAnswer(r, answer.Body)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return noAnswer(r.server, err)
	}
	if err := a.copyAnswer(strings.NewReader(string(text))); err != nil {
		return err
	}
	return problemOf(answer, text)
}

// wholeAnswer prints an answer, and says so where it broke off: what was printed passes for
// nothing whole.
func (a *app) wholeAnswer(r *remote, body io.Reader) error {
	var cut error
	err := a.copyAnswer(readerFunc(func(b []byte) (int, error) {
		n, err := body.Read(b)
		if err != nil && err != io.EOF { //nolint:errorlint // a reader's end is never wrapped
			cut = errNoAnswer.With("%s broke off: what came of the answer is not all of it, so call again", r.server).Because(err)
		}
		return n, err
	}))
	if cut != nil {
		return cut
	}
	return err
}

// readerFunc is an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// copyAnswer prints an answer as it is, to a file or a program. To a terminal it shows
// control characters instead of sending them: what systems called their things is in it.
func (a *app) copyAnswer(body io.Reader) error {
	if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		_, err = io.WriteString(a.out, printableLines(string(text)))
		return err
	}
	_, err := io.Copy(a.out, body)
	return err
}
