package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// countedSource is a graph's source that tells how far loading it is.
type countedSource struct {
	graph.Source
	expected int64 // facts, as the last syncs counted them
	progress *progress
}

// Load implements graph.Source.
func (s *countedSource) Load(ctx context.Context, sink graph.Sink) (access.Rev, error) {
	c := &countedSink{Sink: sink, s: s}
	rev, err := s.Source.Load(ctx, c)
	if err == nil {
		s.progress.step(indexing, s.expected, s.expected)
	}
	return rev, err
}

const indexing = "indexing"

// countedSink counts what there is much of.
type countedSink struct {
	graph.Sink
	s    *countedSource
	done int64
}

func (c *countedSink) count() {
	if c.done++; c.done%5000 == 0 {
		c.s.progress.step(indexing, c.done, c.s.expected)
	}
}

func (c *countedSink) Entitlement(n graph.EntitlementNode) error {
	c.count()
	return c.Sink.Entitlement(n)
}

func (c *countedSink) Identity(n graph.IdentityNode) error {
	c.count()
	return c.Sink.Identity(n)
}

func (c *countedSink) Account(n graph.AccountNode) error {
	c.count()
	return c.Sink.Account(n)
}

func (c *countedSink) Credential(e graph.CredentialEdge) error {
	c.count()
	return c.Sink.Credential(e)
}

func (c *countedSink) Grant(e graph.GrantEdge) error {
	c.count()
	return c.Sink.Grant(e)
}

// graphSource is the store's, counted while a person watches.
func (a *app) graphSource(ctx context.Context) (graph.Source, error) {
	source := a.db.Graph()
	if a.progress == nil || a.progress.what != indexing {
		return source, nil
	}
	counted := &countedSource{Source: source, progress: a.progress}
	systems, err := a.inventory().Systems(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := a.inventory().Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, y := range systems {
		n := y.State.Counts
		counted.expected += n.Entitlements + n.Accounts + n.Credentials + n.Grants
	}
	for _, x := range sources {
		counted.expected += x.State.Counts.Identities
	}
	return counted, nil
}
