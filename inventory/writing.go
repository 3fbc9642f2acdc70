package inventory

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Writable is nil where a system may be changed: it is neither a draft nor in maintenance.
func (s *Service) Writable(ctx context.Context, id access.SystemID) error {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return err
	}
	return s.MayWrite(y)
}

// MayWrite is Writable for a system that was just read.
func (s *Service) MayWrite(y System) error { return y.readable("system "+y.Name, s.now()) }

// Open opens a system in order to change it; end ends the connection.
func (s *Service) Open(ctx context.Context, id access.SystemID) (c connector.Connector, spec connector.Spec, end func() error, err error) {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return nil, spec, nil, err
	}
	spec, ok := s.Connectors[y.connector()]
	if !ok {
		return nil, spec, nil, ErrUnknownKind.With("%q is not a kind of system that can be changed", y.connector())
	}
	l, err := s.open(ctx, y, spec)
	if err != nil {
		return nil, spec, nil, err
	}
	return l.Connector, spec, l.close, nil
}
