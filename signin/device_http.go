package signin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// The words of RFC 8628 and RFC 6749.
const (
	DeviceGrant  = "urn:ietf:params:oauth:grant-type:device_code"
	RefreshGrant = "refresh_token"

	DevicePath = "/oauth/device_authorization"
	TokenPath  = "/oauth/token" //nolint:gosec // a path
	codePage   = "/device"      // of the console

	maxForm = 8 << 10
)

var (
	errGrant = fault.New(fault.Invalid, "unsupported-grant", "the grants are the device's (RFC 8628) and refresh_token")
	errForm  = fault.New(fault.Invalid, "bad-form", "the request must be a form, with each field once")
)

// oauthErrors are what OAuth calls what can be wrong; the rest is invalid_request.
var oauthErrors = map[string]string{
	ErrWaiting.Code:   "authorization_pending",
	ErrTooSoon.Code:   "slow_down",
	ErrDenied.Code:    "access_denied",
	ErrCodeEnded.Code: "expired_token",
	ErrEnded.Code:     "invalid_grant",
	ErrOtherKey.Code:  "invalid_grant",
	ErrPerson.Code:    "invalid_grant",
	ErrProof.Code:     "invalid_dpop_proof",
	errGrant.Code:     "unsupported_grant_type",
}

// DeviceReply is what a program is told that asks to be signed in.
type DeviceReply struct {
	Device   string `json:"device_code"`
	Code     string `json:"user_code"`
	Page     string `json:"verification_uri"`
	FullPage string `json:"verification_uri_complete"`
	Expires  int    `json:"expires_in"`
	Interval int    `json:"interval"`
}

// TokenReply is the tokens that a program is given.
type TokenReply struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Renew   string `json:"refresh_token"`
}

// OAuthError is how OAuth says what is wrong.
type OAuthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// postDevice takes a program that asks to be signed in (RFC 8628 section 3.1). The key
// that proves the request is the one that everything is bound to.
func (s *Service) postDevice(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	key, err := s.proofs.verify(r, secret.Secret{}, "")
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	device, code, err := s.askDevice(r.Context(), form.Get("client_id"), r.UserAgent(), key)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	page := s.Origin + codePage
	writeOAuth(w, http.StatusOK, DeviceReply{
		Device: string(device.Reveal()), Code: showCode(code), Page: page, FullPage: page + "?code=" + showCode(code),
		Expires: int(CodeLasts.Seconds()), Interval: int(s.Pause.Seconds()),
	})
}

// postToken gives a program its tokens.
func (s *Service) postToken(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	key, err := s.proofs.verify(r, secret.Secret{}, "")
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	var k tokens
	switch form.Get("grant_type") {
	case DeviceGrant:
		k, err = s.redeemDevice(r.Context(), secret.New([]byte(form.Get("device_code"))), key)
	case RefreshGrant:
		k, err = s.renewDevice(r.Context(), secret.New([]byte(form.Get("refresh_token"))), key)
	default:
		err = errGrant
	}
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	writeOAuth(w, http.StatusOK, TokenReply{
		Access: string(k.access.Reveal()), Type: "DPoP", Expires: int(AccessLasts.Seconds()), Renew: string(k.renew.Reveal()),
	})
}

// readForm reads a form of which no field is there twice (RFC 6749 section 3.2). What is
// in the URL does not count: URLs are logged.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || r.URL.RawQuery != "" {
		return nil, errForm
	}
	for _, values := range r.PostForm {
		if len(values) != 1 {
			return nil, errForm
		}
	}
	return r.PostForm, nil
}

func writeOAuth(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever hung up asks again
}

func writeOAuthError(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		slog.ErrorContext(r.Context(), "request failed", "request", httpapi.RequestID(r.Context()), "error", err)
		writeOAuth(w, http.StatusInternalServerError, OAuthError{"server_error", "something in Writ went wrong; tell whoever runs it the request's number " + httpapi.RequestID(r.Context())})
		return
	}
	code, known := oauthErrors[f.Code]
	status := http.StatusBadRequest
	switch {
	case known:
	case f.Kind == fault.Unavailable:
		code, status = "temporarily_unavailable", http.StatusServiceUnavailable
	default:
		code = "invalid_request"
	}
	writeOAuth(w, status, OAuthError{code, f.Error()})
}

// registerDevice mounts what people answer programs with.
func (s *Service) registerDevice(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "show-device", Method: http.MethodGet, Path: "/v1/device/{code}", Tags: []string{"signin"},
		Summary: "Show the program that waits to be signed in with a code",
	}, policy.SignedIn[codeInput](), func(ctx context.Context, in *codeInput) (*waitingOutput, error) {
		w, _, err := s.waitingDevice(ctx, in.Code)
		return &waitingOutput{Body: w}, err
	})
	for _, op := range []struct {
		id, verb, summary string
		approve           bool
	}{
		{"approve-device", "approve", "Let a program act as oneself", true},
		{"deny-device", "deny", "Tell a program that it is not signed in", false},
	} {
		httpapi.Register(api, huma.Operation{
			OperationID: op.id, Method: http.MethodPost, Path: "/v1/device/{code}/" + op.verb, Tags: []string{"signin"},
			Summary: op.summary, DefaultStatus: http.StatusNoContent,
		}, policy.SignedIn[codeInput](), func(ctx context.Context, in *codeInput) (*struct{}, error) {
			return nil, s.answerDevice(ctx, in.Code, op.approve)
		})
	}
}

type codeInput struct {
	Code string `path:"code" maxLength:"16" doc:"The code that the program shows"`
}

type waitingOutput struct{ Body Waiting }
