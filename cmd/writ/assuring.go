package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/server"
)

// assuring are the features that show what is wrong and what is in place.
func (a *app) assuring(n *node) []server.Feature {
	return []server.Feature{
		&finding.API{Service: a.findings(), Gate: n.gate, Names: a.db.Inventory(), Search: a.objectsCalled},
	}
}

// foundAtMost is how many objects a text may name.
const foundAtMost = 100

// objectsCalled are the people, accounts and entitlements that are called exactly so.
func (a *app) objectsCalled(ctx context.Context, text string) (refs []access.Ref, err error) {
	if ref, err := access.ParseRef(text); err == nil {
		return []access.Ref{ref}, nil
	}
	store := a.db.Inventory()
	people, err := store.FindIdentities(ctx, text, foundAtMost)
	if err != nil {
		return nil, err
	}
	for _, id := range people {
		refs = append(refs, id.Ref())
	}
	accounts, err := store.FindAccounts(ctx, "", text, foundAtMost)
	if err != nil {
		return nil, err
	}
	targets, err := store.FindTargets(ctx, "", text, foundAtMost)
	return append(append(refs, accounts...), targets...), err
}
