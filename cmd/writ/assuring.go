package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/iga/analytics"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// assuring are the features that show what is wrong and what is in place.
func (a *app) assuring(n *node) []server.Feature {
	return []server.Feature{
		a.auditAPI(n),
		a.mailAPI(n),
		&coverage.API{Service: a.coverage(), Gate: n.gate, Names: a.db.Inventory()},
		&analytics.API{Service: a.analytics(), Gate: n.gate, Names: a.db.Inventory()},
		&finding.API{Service: a.findings(), Gate: n.gate, Names: a.db.Inventory(), Search: a.objectsCalled},
	}
}

// auditAPI is the operations on the log, which lies below the gate: who reads it is
// decided for the log as a whole.
func (a *app) auditAPI(n *node) *audit.API {
	may := func(action string) audit.Guard {
		return policy.On(n.gate, action, func(ctx context.Context, _ *struct{}) (policy.Object, error) {
			return policy.Object{}, n.door.Still(ctx) // a stream asks again at each event
		})
	}
	return &audit.API{
		Log: a.db.Audit(), Read: may("audit.read"), Verify: may("audit.verify"), Export: may("audit.export"),
		Names: a.db.Inventory(), Stop: n.stopping,
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
