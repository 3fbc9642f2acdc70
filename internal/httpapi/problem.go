package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/fault"
)

// Problem is an error as a program reads it (RFC 9457).
type Problem struct {
	Type     string         `json:"type" doc:"Where this kind of problem is explained; its last element is the code"`
	Title    string         `json:"title" doc:"The status in words"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty" doc:"What is wrong here, and what to do"`
	Code     string         `json:"code" doc:"Stable, never reused"`
	Instance string         `json:"instance,omitempty" doc:"The number of the request, as the server's log has it"`
	Errors   []InvalidInput `json:"errors,omitempty" doc:"What of the input is wrong, place by place"`
}

// InvalidInput is one thing that is wrong with what was sent. What was sent is not
// repeated: it may be a secret.
type InvalidInput struct {
	Where   string `json:"where"`
	Message string `json:"message"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// TypePrefix is what the type of every problem begins with; the server explains it there.
const TypePrefix = "/problems/"

// CodeInvalid is the code of input that does not fit the API's description.
const CodeInvalid = "invalid-input"

// What of versions a request may get wrong.
var (
	ErrNoMatch = fault.New(fault.Invalid, "version-required", "say which version you have seen: send the ETag that you read as If-Match")
	ErrStale   = fault.New(fault.Conflict, "version-changed", "somebody changed it meanwhile: read it again")
)

// What is wrong with a request before anything looks into it.
var (
	ErrTooLarge = fault.New(fault.Invalid, "request-too-large", "the request is larger than this takes")
	ErrEnded    = fault.New(fault.Unavailable, "request-ended", "the request ended before it was answered; send it again")
)

// statuses are the HTTP statuses of the kinds of faults.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Denied:      http.StatusForbidden,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Refused:     http.StatusConflict,
}

// special are codes whose status is another than that of their kind.
var special = map[string]int{
	ErrNoMatch.Code:       http.StatusPreconditionRequired,
	ErrStale.Code:         http.StatusPreconditionFailed,
	"sign-in-required":    http.StatusUnauthorized,
	"sign-in-ended":       http.StatusUnauthorized,
	"bad-proof":           http.StatusUnauthorized,
	"proof-required":      http.StatusUnauthorized,
	"wrong-client":        http.StatusUnauthorized,
	"too-many-requests":   http.StatusTooManyRequests,
	"too-many-keys":       http.StatusTooManyRequests,
	ErrTooLarge.Code:      http.StatusRequestEntityTooLarge,
	"unsupported-content": http.StatusUnsupportedMediaType,
}

// StatusOf is the status that answers an error.
func StatusOf(err error) int {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return http.StatusInternalServerError
	}
	if status, ok := special[f.Code]; ok {
		return status
	}
	return statuses[f.Kind]
}

// ProblemOf turns an error into what the caller is told. What is Writ's own defect
// is written to the log and not told.
func ProblemOf(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case ctx.Err() != nil && (!ok || f.Kind == fault.Internal):
		f = ErrEnded
	case !ok || f.Kind == fault.Internal:
		slog.ErrorContext(ctx, "request failed", "request", RequestID(ctx), "error", err)
		code := "internal"
		if ok {
			code = f.Code
		}
		f = fault.New(fault.Internal, code, "something in Writ went wrong; tell whoever runs it this request's number")
	}
	status := StatusOf(f)
	return &Problem{
		Type: TypePrefix + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Error(),
		Code: f.Code, Instance: RequestID(ctx),
	}
}

// fromHuma is the problem of input that huma refused.
func fromHuma(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	code := CodeInvalid
	switch status {
	case http.StatusRequestEntityTooLarge:
		code = "request-too-large"
	case http.StatusUnsupportedMediaType:
		code = "unsupported-content"
	case http.StatusNotAcceptable:
		code = "not-acceptable"
	case http.StatusRequestTimeout, http.StatusInternalServerError: // the body did not come
		status, code = http.StatusRequestTimeout, ErrEnded.Code
	}
	p := &Problem{Type: TypePrefix + code, Title: http.StatusText(status), Status: status, Detail: msg, Code: code}
	if ctx != nil {
		p.Instance = RequestID(ctx.Context())
	}
	for _, err := range errs {
		if given, ok := errors.AsType[*Problem](err); ok {
			return given
		}
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			p.Errors = append(p.Errors, InvalidInput{Where: d.Location, Message: d.Message})
		}
	}
	return p
}
