package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// provisioning is the engine that carries out, over the open store.
func (a *app) provisioning(y provision.Systems) *provision.Service {
	return &provision.Service{Store: a.db.Provision(), Systems: y, Connectors: connectors}
}

// written is how provisioning reaches systems: what it wrote to is read soon after.
type written struct {
	inventory *inventory.Service
	runs      *inventory.Runs // nil: nothing is read by itself

	mu   sync.Mutex
	soon map[access.SystemID]time.Time // not before
}

// Ready implements provision.Systems.
func (y *written) Ready(ctx context.Context, id access.SystemID) error {
	return y.inventory.Writable(ctx, id)
}

// Open implements provision.Systems.
func (y *written) Open(ctx context.Context, id access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	return y.inventory.Open(ctx, id)
}

// settles is how long what was written is waited for to be followed by more.
const settles = 5 * time.Second

// Read implements provision.Systems.
func (y *written) Read(_ context.Context, id access.SystemID) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.soon == nil {
		y.soon = map[access.SystemID]time.Time{}
	}
	if _, waits := y.soon[id]; !waits {
		y.soon[id] = time.Now().Add(settles)
	}
}

// due takes the systems that are to be read by now.
func (y *written) due() (list []access.SystemID) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for id, at := range y.soon {
		if !at.After(time.Now()) {
			list = append(list, id)
			delete(y.soon, id)
		}
	}
	return list
}

// run reads what was written to, until ctx ends. What is being read at that moment began
// too early and is read again.
func (y *written) run(ctx context.Context) error {
	for ctx.Err() == nil {
		for _, id := range y.due() {
			_, _, err := y.runs.Sync(ctx, id.Ref(), inventory.SyncOptions{})
			switch {
			case err == nil:
			case errors.Is(err, inventory.ErrBusy):
				y.Read(ctx, id)
			case ctx.Err() == nil && fault.KindOf(err) == fault.Internal:
				slog.ErrorContext(ctx, "reading what was written to", "system", id.String(), "error", err)
			}
		}
		wait(ctx, time.Second)
	}
	return nil
}
