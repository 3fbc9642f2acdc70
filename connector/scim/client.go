package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

const (
	usersAt  = "/Users"
	groupsAt = "/Groups"

	mediaType = "application/scim+json"
	maxReason = 300 // of what a service says for itself
	maxError  = 64 << 10
	waits     = 3 // how often a service that is too busy is waited for
)

// session is what one call does with the service.
type session struct {
	*Service
	ctx    context.Context //nolint:containedctx // a session lives as long as the one call that it is for
	says   features
	speaks dialect
	types  types
	asked  *bool // that a group's members are shown only where they are asked for
}

func (s *Service) connect(ctx context.Context) (*session, error) {
	c := &session{Service: s, ctx: ctx}
	if err := c.readFeatures(); err != nil {
		return nil, err
	}
	c.speaks = dialectOf(s.dialect, c.says)
	return c, nil
}

// request is one question to the service.
type request struct {
	doing  string
	method string
	path   string // below the base, escaped
	query  url.Values
	body   any
	match  string // the version that a change is meant for
}

// answer is a success; whoever has it closes it.
type answer struct {
	io.ReadCloser
	version string
	status  int
}

// refusal is an answer that is none.
type refusal struct {
	status       int
	kind, detail string
}

func (r *refusal) Error() string {
	text := strconv.Itoa(r.status)
	if r.kind != "" {
		text += " " + r.kind
	}
	if r.detail != "" {
		text += ": " + r.detail
	}
	return text
}

// statusOf is the status of a refusal; 0 for any other error.
func statusOf(err error) int {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status
	}
	return 0
}

// ask sends a request. A refusal that depends on what was asked comes back as it is, to
// be understood by whoever asked; everything else names the system and the remedy.
func (c *session) ask(r request) (*answer, error) {
	fresh := false
	for try := 0; ; try++ {
		token, err := c.token.bearer(c.ctx, fresh)
		if err != nil {
			return nil, err
		}
		got, err := c.send(r, token)
		if err != nil {
			return nil, c.broken(r.doing, err)
		}
		if got.StatusCode < http.StatusMultipleChoices {
			return c.accepted(r, got)
		}
		no := c.refusal(got, token)
		switch {
		case no.status == http.StatusUnauthorized && c.token.renews() && !fresh:
			fresh = true
		case c.busy(no.status) && try < waits && c.wait(got.Header.Get("Retry-After")):
		case c.ctx.Err() != nil:
			return nil, c.broken(r.doing, no)
		default:
			return nil, c.understood(r.doing, no)
		}
	}
}

func (c *session) send(r request, token secret.Secret) (*http.Response, error) {
	var body io.Reader
	header := http.Header{"Accept": {mediaType + ", application/json"}}
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
		header.Set("Content-Type", mediaType)
	}
	if r.match != "" {
		header.Set("If-Match", r.match)
	}
	header.Set("Authorization", "Bearer "+string(token.Reveal()))
	to := c.base + r.path
	if len(r.query) > 0 {
		to += "?" + strings.ReplaceAll(r.query.Encode(), "+", "%20") // not every service takes a plus for a space
	}
	return c.http.Do(c.ctx, r.method, to, header, body)
}

// accepted checks that a success is SCIM's.
func (c *session) accepted(r request, got *http.Response) (*answer, error) {
	media, _, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	empty := got.StatusCode == http.StatusNoContent || got.ContentLength == 0
	if !empty && (err != nil || media != mediaType && media != "application/json") {
		_ = got.Body.Close()
		return nil, connector.ErrInput.With("scim %q: %s: what answers there is no SCIM service, its answer is of type %q; check the address", c.name, r.doing, clean(got.Header.Get("Content-Type")))
	}
	return &answer{got.Body, got.Header.Get("ETag"), got.StatusCode}, nil
}

// refusal reads what the service says for itself, of which a token is no part.
func (c *session) refusal(got *http.Response, token secret.Secret) *refusal {
	defer got.Body.Close() //nolint:errcheck // read only
	var said struct {
		ScimType text `json:"scimType"`
		Detail   text `json:"detail"`
	}
	_ = json.NewDecoder(io.LimitReader(got.Body, maxError)).Decode(&said) // whatever else it is says nothing
	plain := func(t text) string {
		return connector.Text(strings.ReplaceAll(string(t), string(token.Reveal()), "[redacted]"), maxReason)
	}
	return &refusal{got.StatusCode, plain(said.ScimType), plain(said.Detail)}
}

func (c *session) busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// wait waits as long as a busy service asks for, if it asks for no longer than it may
// take for an answer.
func (c *session) wait(after string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(after))
	if err != nil || n < 0 || time.Duration(n)*time.Second > c.timeout {
		return false
	}
	timer := time.NewTimer(time.Duration(n) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// broken is an error of the line.
func (c *session) broken(doing string, err error) error {
	if cause := context.Cause(c.ctx); cause != nil {
		return connector.ErrIncomplete.With("scim %q: %s was called off", c.name, doing).Because(cause)
	}
	switch {
	case errors.Is(err, outbound.ErrTooLarge) || errors.Is(err, errElement):
		return connector.ErrIncomplete.With("scim %q: %s: the answer is too large, nothing of it counts; lower option page", c.name, doing).Because(err)
	case errors.Is(err, outbound.ErrRedirect):
		return connector.ErrInput.With("scim %q: %s: the service says that another server has it, and the token is for this one alone; give the address that it has", c.name, doing).Because(err)
	case errors.Is(err, outbound.ErrAddress):
		return connector.ErrInput.With("scim %q: %s: nothing is sent to the address that the name means", c.name, doing).Because(err)
	}
	if _, known := errors.AsType[*fault.Error](err); known {
		return err
	}
	return connector.ErrUnreachable.With("scim %q: the service does not answer; check the address and, where its certificate is not trusted, option ca", c.name).Because(err)
}

// half is an answer that ended before its end, or is not what was asked for.
func (c *session) half(doing string, err error) error {
	if _, known := errors.AsType[*fault.Error](err); known || errors.Is(err, errElement) || c.ctx.Err() != nil {
		return c.broken(doing, err)
	}
	return connector.ErrIncomplete.With("scim %q: %s stopped half-way, or is not as RFC 7643 has it, nothing of it counts; try again", c.name, doing).Because(plainly(err))
}

// plainly is an error of the JSON reader, whose words may repeat what the service sent.
func plainly(err error) error { return errors.New(connector.Text(err.Error(), maxReason)) }

// understood turns what concerns every request alike into what a user can do.
func (c *session) understood(doing string, no *refusal) error {
	switch {
	case no.status == http.StatusUnauthorized:
		return connector.ErrCredentials.With("scim %q: the service refused the token; make a new one", c.name).Because(no)
	case no.status == http.StatusForbidden:
		return connector.ErrPrivilege.With("scim %q: the token may not do this: %s; give it that right", c.name, doing).Because(no)
	case c.busy(no.status):
		return connector.ErrUnreachable.With("scim %q: the service has too much to do (%d); try again later, or read it less often", c.name, no.status).Because(no)
	case no.status >= http.StatusInternalServerError && no.status != http.StatusNotImplemented:
		return connector.ErrUnreachable.With("scim %q: %s: the service has a defect of its own; try again later, or tell its vendor", c.name, doing).Because(no)
	}
	return no
}

// refused is a refusal that nobody understood.
func (c *session) refused(doing string, err error) error {
	switch status := statusOf(err); status {
	case 0:
		return err
	case http.StatusNotFound:
		return connector.ErrInput.With("scim %q: %s: the service has no such thing; check the address, which ends before /Users", c.name, doing).Because(err)
	default:
		return connector.ErrIncomplete.With("scim %q: %s: the service refuses it; check option dialect", c.name, doing).Because(err)
	}
}

// read asks for one thing, and decodes it. False where there is none.
func (c *session) read(doing, path string, query url.Values, into any) (version string, there bool, err error) {
	got, err := c.ask(request{doing: doing, method: http.MethodGet, path: path, query: query})
	if status := statusOf(err); status == http.StatusNotFound || status == http.StatusNotImplemented {
		return "", false, nil
	}
	if err != nil {
		return "", false, c.refused(doing, err)
	}
	defer got.Close() //nolint:errcheck // read only
	m := &metered{Reader: got, left: maxElement}
	if err := json.NewDecoder(m).Decode(into); err != nil {
		return "", false, c.half(doing, fmt.Errorf("reading JSON: %w", err))
	}
	return got.version, true, nil
}
