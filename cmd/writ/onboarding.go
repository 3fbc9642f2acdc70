package main

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// onboardSystems is what onboarding asks of systems.
type onboardSystems struct{ *app }

// Systems implements onboard.Systems.
func (a onboardSystems) Systems(ctx context.Context) (map[access.SystemID]onboard.System, error) {
	store := a.db.Inventory()
	list, err := store.Systems(ctx)
	if err != nil {
		return nil, err
	}
	systems := map[access.SystemID]onboard.System{}
	for _, y := range list {
		spec := connectors[cmp.Or(y.Connector, y.Kind)]
		x := onboard.System{Kind: y.Kind, Keeps: spec.Keeps}
		if login := spec.Login(y.Config.Address, y.Config.Options); login != "" && len(x.Keeps) > 0 {
			own, err := store.FindAccounts(ctx, y.Name, login, 1)
			if err != nil {
				return nil, err
			}
			for _, ref := range own {
				x.Own = access.AccountID(ref.Key)
			}
		}
		systems[y.ID] = x
	}
	return systems, nil
}

// onboarding takes over, over the open store and its graph.
func (a *app) onboarding(gate *policy.Gate, wake func()) *onboard.Service {
	return &onboard.Service{Store: a.db.Onboard(), Systems: onboardSystems{a}, Names: a.db.Inventory(), Graph: a.graph, Gate: gate, Wake: wake}
}

// onboardAPI is the operations on onboarding; r sets what was taken over.
func (a *app) onboardAPI(r *rotate.Service, v *vault.Service, gate *policy.Gate) *onboard.API {
	return &onboard.API{Service: a.onboarding(gate, r.Wake), Vault: secretObjects{v}}
}

func (a *app) onboardRun(server *string, run calling) func(*cobra.Command, []string) error {
	return a.calls(a.onboardHere, server, false, run)
}

// onboardHere is where these commands go that go to no server. They work by the graph, which
// knows what opens what.
func (a *app) onboardHere(ctx context.Context) (context.Context, caller, error) {
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return ctx, nil, err
	}
	ring, err := a.newVault(ctx)
	if err != nil {
		return ctx, nil, err
	}
	gate := &policy.Gate{Graph: a.graph}
	v, r := a.safes(ring, gate, nil), a.rotating(ring, nil)
	return ctx, newHere(&vault.API{Service: v, Names: a.db.Inventory()}, a.rotateAPI(r, v, gate), a.onboardAPI(r, v, gate)), nil
}

// onboardAgain is how long what a node that stopped had begun may lie.
const onboardAgain = time.Minute

// onboard goes on with what was begun to be taken over and not finished.
func (n *node) onboard(ctx context.Context) error {
	s := n.app.onboarding(n.gate, n.rotate.Wake)
	for ctx.Err() == nil {
		if err := s.Resume(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "going on with what is taken over", "error", err)
		}
		wait(ctx, onboardAgain)
	}
	return nil
}
