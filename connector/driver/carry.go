package driver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// program is a driver on the node.
type program struct {
	hook.Program
	name string
}

func (p program) close() {}

func (p program) carry(ctx context.Context, do step, body []byte) ([]byte, error) {
	out, status, err := p.Run(ctx, body)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, connector.ErrUnreachable.With("script %q: the program did not end well when it was asked to %s", p.name, do).Because(err)
	case status != 0:
		return nil, connector.ErrUnreachable.With("script %q: the program ended with status %d when it was asked to %s", p.name, status, do)
	}
	return out, nil
}

// service is a driver elsewhere.
type service struct {
	name, base string
	token      secret.Secret
	client     *outbound.Client
}

func openHTTP(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	client, err := outbound.New(outbound.Config{URL: cfg.Address, System: true})
	if err != nil {
		return nil, connector.ErrInput.With("http %q: the address must look like %s", cfg.Name, HTTP().Address).Because(err)
	}
	return &Driver{HTTPKind, cfg.Name, &service{cfg.Name, strings.TrimRight(cfg.Address, "/"), cfg.Credential, client}}, nil
}

func (s *service) close() { s.client.Close() }

func (s *service) carry(ctx context.Context, do step, body []byte) ([]byte, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	if !s.token.Empty() {
		header.Set("Authorization", "Bearer "+strings.TrimSpace(string(s.token.Reveal())))
	}
	got, err := s.client.Do(ctx, http.MethodPost, s.base+"/"+string(do), header, bytes.NewReader(body))
	if err != nil {
		return nil, s.unreachable(ctx, err)
	}
	defer got.Body.Close() //nolint:errcheck // it was read
	said, err := io.ReadAll(got.Body)
	switch code := got.StatusCode; {
	case err != nil:
		return nil, s.unreachable(ctx, err)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return nil, connector.ErrCredentials.With("http %q: the driver refused the token", s.name)
	case code/100 != 2:
		return nil, connector.ErrUnreachable.With("http %q: the driver answered with status %d when it was asked to %s", s.name, code, do)
	}
	return said, nil
}

func (s *service) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return connector.ErrUnreachable.With("http %q: the driver does not answer", s.name).Because(err)
}
