package store

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// relay is a sink that hands facts on in parts, so that whoever reads them and
// whoever takes them work side by side. Several may hand on to one.
type relay struct {
	ctx context.Context //nolint:containedctx // a relay lives as long as the one reading that it is of
	to  chan<- part

	systems      []graph.SystemNode
	resources    []graph.ResourceNode
	entitlements []graph.EntitlementNode
	identities   []graph.IdentityNode
	accounts     []graph.AccountNode
	roles        []graph.RoleNode
	credentials  []graph.CredentialEdge
	openings     []graph.OpeningEdge
	grants       []graph.GrantEdge
	assignments  []graph.AssignmentEdge
}

// part delivers some facts of one kind.
type part func(to graph.Sink) error

const factsPerPart = 2048

// relayed runs what reads while a sink takes what it hands on. The first error of
// either ends both.
func relayed(ctx context.Context, sink graph.Sink, read func(ctx context.Context, to chan<- part) error) error {
	const waiting = 16 // parts, so that memory is bounded
	parts := make(chan part, waiting)
	taken := make(chan error, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		var err error
		for p := range parts {
			if err != nil {
				continue
			}
			if err = p(sink); err != nil {
				cancel(err)
			}
		}
		taken <- err
	}()
	err := read(ctx, parts)
	close(parts)
	if refused := <-taken; refused != nil {
		return refused
	}
	return err
}

var _ graph.Sink = (*relay)(nil)

// pass keeps a fact, and hands on those of its kind when they are enough.
func pass[T any](r *relay, list *[]T, fact T, put func(graph.Sink, T) error) error {
	if *list == nil {
		*list = make([]T, 0, factsPerPart)
	}
	*list = append(*list, fact)
	if len(*list) < factsPerPart {
		return nil
	}
	return hand(r, list, put)
}

func hand[T any](r *relay, list *[]T, put func(graph.Sink, T) error) error {
	facts := *list
	if len(facts) == 0 {
		return nil
	}
	*list = nil
	select {
	case r.to <- func(to graph.Sink) error {
		for _, f := range facts {
			if err := put(to, f); err != nil {
				return err
			}
		}
		return nil
	}:
		return nil
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

// flush hands on what is left, nodes before edges.
func (r *relay) flush() error {
	for _, left := range []func() error{
		func() error { return hand(r, &r.systems, graph.Sink.System) },
		func() error { return hand(r, &r.resources, graph.Sink.Resource) },
		func() error { return hand(r, &r.entitlements, graph.Sink.Entitlement) },
		func() error { return hand(r, &r.identities, graph.Sink.Identity) },
		func() error { return hand(r, &r.accounts, graph.Sink.Account) },
		func() error { return hand(r, &r.roles, graph.Sink.Role) },
		func() error { return hand(r, &r.credentials, graph.Sink.Credential) },
		func() error { return hand(r, &r.openings, graph.Sink.Opening) },
		func() error { return hand(r, &r.grants, graph.Sink.Grant) },
		func() error { return hand(r, &r.assignments, graph.Sink.Assignment) },
	} {
		if err := left(); err != nil {
			return err
		}
	}
	return nil
}

// What forgets has no place in a load.
func (r *relay) Forget(access.Ref)            {}
func (r *relay) ForgetGrants(access.Ref)      {}
func (r *relay) ForgetSystem(access.SystemID) {}

func (r *relay) System(n graph.SystemNode) error {
	return pass(r, &r.systems, n, graph.Sink.System)
}

func (r *relay) Resource(n graph.ResourceNode) error {
	return pass(r, &r.resources, n, graph.Sink.Resource)
}

func (r *relay) Entitlement(n graph.EntitlementNode) error {
	return pass(r, &r.entitlements, n, graph.Sink.Entitlement)
}

func (r *relay) Identity(n graph.IdentityNode) error {
	return pass(r, &r.identities, n, graph.Sink.Identity)
}

func (r *relay) Account(n graph.AccountNode) error {
	return pass(r, &r.accounts, n, graph.Sink.Account)
}

func (r *relay) Role(n graph.RoleNode) error { return pass(r, &r.roles, n, graph.Sink.Role) }

func (r *relay) Credential(e graph.CredentialEdge) error {
	return pass(r, &r.credentials, e, graph.Sink.Credential)
}

func (r *relay) Opening(e graph.OpeningEdge) error {
	return pass(r, &r.openings, e, graph.Sink.Opening)
}

func (r *relay) Grant(e graph.GrantEdge) error { return pass(r, &r.grants, e, graph.Sink.Grant) }

func (r *relay) Assignment(e graph.AssignmentEdge) error {
	return pass(r, &r.assignments, e, graph.Sink.Assignment)
}
