package vaultapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// What only this API can meet.
var (
	ErrRoute       = fault.New(fault.NotFound, "vault-api-route", "this is no path of the Vault-compatible API")
	ErrUnsupported = fault.New(fault.Refused, "vault-api-unsupported", "Writ does not do this for clients of Vault: its manual says what it does")
	ErrBody        = fault.New(fault.Invalid, "vault-api-body", "what was sent cannot be used")
	ErrMatch       = fault.New(fault.Conflict, "vault-api-cas", "check-and-set parameter did not match the current version")
	ErrToken       = fault.New(fault.Denied, "vault-api-token", "this takes a token of the API, in X-Vault-Token or as a bearer")

	ErrMount = fault.New(fault.Denied, "vault-api-mount", "there is no such safe, or it is not yours to see")

	// ErrNone is returned by services for a secret that is not there; the answer is empty.
	ErrNone = fault.New(fault.NotFound, "vault-api-none", "there is no such secret, or it is not yours to see")
	// ErrGone is returned for a version that cannot be opened any more.
	ErrGone = fault.New(fault.NotFound, "vault-api-gone", "the version is deleted or destroyed, or never was")
)

// reply is what a request is answered. The zero value has no body.
type reply struct {
	status   int // zero is 200, or 204 where there is no body
	whole    any // a body of its own, else it is an envelope of what follows
	text     string
	data     any
	warnings []string
	lease    leased
	value    []byte // what of data is secret
}

// leased is what an envelope says of a lease.
type leased struct {
	id        string
	renewable bool
	seconds   int64
}

// envelope is what most answers are in.
type envelope struct {
	RequestID     string   `json:"request_id"`
	LeaseID       string   `json:"lease_id"`
	Renewable     bool     `json:"renewable"`
	LeaseDuration int64    `json:"lease_duration"`
	Data          any      `json:"data"`
	WrapInfo      any      `json:"wrap_info"`
	Warnings      []string `json:"warnings"`
	Auth          any      `json:"auth"`
}

type problem struct {
	Errors []string `json:"errors"`
}

func (y *reply) empty() bool {
	return y.whole == nil && y.data == nil && y.text == "" && len(y.warnings) == 0 && y.lease.id == ""
}

// send writes an answer, and overwrites it: there may be a value in it.
func (y *reply) send(w http.ResponseWriter, r *http.Request) {
	defer clear(y.value)
	switch {
	case y.text != "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(y.text)) //nolint:gosec // plain text, which no browser is to take for anything else
		return
	case y.empty():
		if y.status == 0 {
			y.status = http.StatusNoContent
		}
		w.WriteHeader(y.status)
		return
	}
	body := y.whole
	if body == nil {
		body = envelope{
			RequestID: httpapi.RequestID(r.Context()), LeaseID: y.lease.id, Renewable: y.lease.renewable, LeaseDuration: y.lease.seconds,
			Data: y.data, Warnings: y.warnings,
		}
	}
	status := y.status
	if status == 0 {
		status = http.StatusOK
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // of maps, texts and numbers
	defer clear(b.Bytes()[:b.Len()])
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // whoever hung up needs no answer
}

// Refuse answers with an error as Vault does. Of what is not there, or not to be seen, it
// says nothing, which is how clients know.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, said := statusOf(err), problem{Errors: []string{}}
	if p := httpapi.ProblemOf(r.Context(), err); status != http.StatusNotFound || errors.Is(err, ErrRoute) {
		text := p.Detail + " (" + p.Code + ")"
		if status >= http.StatusInternalServerError && p.Instance != "" {
			text += ": request " + p.Instance
		}
		said.Errors = append(said.Errors, text)
	}
	write(w, status, said)
}

// statuses are how clients of Vault are told the kinds of faults: 403 is that a token does
// not do, however it came to that.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusBadRequest,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusBadRequest,
	fault.Denied:      http.StatusForbidden,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Refused:     http.StatusForbidden,
}

func statusOf(err error) int {
	f, ok := errors.AsType[*fault.Error](err)
	switch status := httpapi.StatusOf(err); {
	case !ok:
		return status
	case status == http.StatusTooManyRequests, status == http.StatusRequestEntityTooLarge:
		return status
	case errors.Is(err, ErrUnsupported):
		return http.StatusMethodNotAllowed
	}
	return statuses[f.Kind]
}

// bearer is the token that a request shows, which it may be told again.
func bearer(r *http.Request) string {
	const scheme = "Bearer "
	text := r.Header.Get("Authorization")
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return ""
	}
	return text[len(scheme):]
}
