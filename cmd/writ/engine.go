package main

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/connector/driver"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/connector/mariadb"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/connector/scim"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/analytics"
	"github.com/writhq/writ/iga/classify"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
)

// connectors are the kinds of system that can be read: a new one is a line here.
var connectors = map[string]connector.Spec{
	csv.Kind:          csv.Spec(),
	driver.ScriptKind: driver.Script(),
	driver.HTTPKind:   driver.HTTP(),
	ldap.Kind:         ldap.Spec(),
	mariadb.Kind:      mariadb.Spec(),
	mariadb.MySQLKind: mariadb.MySQLSpec(),
	postgres.Kind:     postgres.Spec(),
	scim.Kind:         scim.Spec(),
	"linux":           linux.Spec(),
}

// sources are the kinds of source of identities.
var sources = map[string]func(connector.Config) (connector.PeopleReader, error){
	csv.Kind: csv.OpenPeople,
}

// inventory is the inventory over the open store.
func (a *app) inventory() *inventory.Service {
	return &inventory.Service{
		Store: a.db.Inventory(), Connectors: connectors, People: sources, Dir: a.db.Dir(), Progress: a.progress.step,
		Credential: a.systemCredential, Members: a.members, Declared: a.declared, Tiering: foretellTiers,
	}
}

// members tells who holds an entitlement directly, by the index brought up to now.
func (a *app) members(ctx context.Context, system access.SystemID, of access.EntitlementID) (iter.Seq[access.Ref], access.Time, error) {
	if err := a.follow(ctx); err != nil {
		return nil, 0, err
	}
	v := a.graph.View()
	node, _ := v.System(system)
	return func(yield func(access.Ref) bool) {
		for g := range v.DirectHolders(of) {
			if !yield(g.Holder) {
				return
			}
		}
	}, node.Synced, nil
}

// kept are the services that remember what they computed last, so that a process that
// stays computes what changed.
type kept struct {
	findings  *finding.Service
	coverage  *coverage.Service
	classify  *classify.Service
	analytics *analytics.Service
	lifecycle *lifecycle.Service
	previewer *lifecycle.Previewer
}

func (a *app) findings() *finding.Service {
	if a.kept.findings == nil || a.kept.findings.Graph != a.graph {
		a.kept.findings = &finding.Service{
			Store: a.db.Findings(), Graph: a.graph,
			Progress: func(done, total int64) { a.progress.step("finding", done, total) },
		}
	}
	return a.kept.findings
}

func (a *app) coverage() *coverage.Service {
	if a.kept.coverage == nil || a.kept.coverage.Graph != a.graph {
		a.kept.coverage = &coverage.Service{Store: a.db.Coverage(), Graph: a.graph}
	}
	return a.kept.coverage
}

func (a *app) classifier() *classify.Service {
	if a.kept.classify == nil || a.kept.classify.Graph != a.graph {
		a.kept.classify = &classify.Service{Store: a.db.Classify(), Graph: a.graph}
	}
	return a.kept.classify
}

// openGraph opens the store and the index over it, brought up to this moment.
func (a *app) openGraph(ctx context.Context) (context.Context, error) {
	ctx, err := a.open(ctx)
	if err != nil {
		return ctx, err
	}
	if _, err := a.db.Sweep(ctx); err != nil {
		return ctx, fmt.Errorf("bringing in what has started or ended: %w", err)
	}
	return ctx, a.follow(ctx)
}

// follow sequences what was committed and brings the index up to it.
func (a *app) follow(ctx context.Context) error {
	if _, err := a.db.Sequence(ctx); err != nil {
		return fmt.Errorf("sequencing: %w", err)
	}
	if a.graph != nil {
		_, err := a.graph.Follow(ctx)
		return err
	}
	source, err := a.graphSource(ctx)
	if err != nil {
		return fmt.Errorf("building the graph: %w", err)
	}
	g, err := graph.Open(ctx, source)
	if err != nil {
		return fmt.Errorf("building the graph: %w", err)
	}
	a.graph = g
	return nil
}

// refresh computes everything that follows from facts: correlation, tiers,
// findings, coverage.
func (a *app) refresh(ctx context.Context) (coverage.Matrix, error) {
	a.progress.step("correlating", 0, 0)
	if _, err := a.correlate(ctx); err != nil {
		return coverage.Matrix{}, err
	}
	a.progress.step(indexing, 0, 0)
	if err := a.follow(ctx); err != nil {
		return coverage.Matrix{}, err
	}
	a.progress.step("classifying", 0, 0)
	if _, err := a.classifier().Run(ctx); err != nil {
		return coverage.Matrix{}, err
	}
	if err := a.follow(ctx); err != nil {
		return coverage.Matrix{}, err
	}
	a.progress.step("finding", 0, 0)
	if _, err := a.findings().Refresh(ctx); err != nil {
		return coverage.Matrix{}, err
	}
	a.progress.step("measuring coverage", 0, 0)
	m, err := a.coverage().Refresh(ctx)
	if err != nil {
		return m, err
	}
	_, err = a.db.Sequence(ctx)
	a.progress.finish()
	return m, err
}

// correlate gives what changed a revision first: what has none would be looked at
// again the next time.
func (a *app) correlate(ctx context.Context) (inventory.Correlation, error) {
	if _, err := a.db.Sequence(ctx); err != nil {
		return inventory.Correlation{}, fmt.Errorf("sequencing: %w", err)
	}
	return a.inventory().Correlate(ctx)
}

// absolute makes an address that is a path mean the same from everywhere.
func absolute(kind, address string) (string, error) {
	if kind != csv.Kind {
		return address, nil
	}
	return filepath.Abs(address)
}
