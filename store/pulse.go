package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// pulsed begins the name in leases of a process that has a pulse.
	pulsed    = "pulse:"
	takePulse = `select pg_advisory_lock(hashtextextended($1, 0))`
	// noPulse is that a lease's holder had a pulse, and has none. What asks has the lock for
	// no longer than its transaction.
	noPulse = `lease.holder like '` + pulsed + `%' and pg_try_advisory_xact_lock_shared(hashtextextended(lease.holder, 0))`

	pulseWithin = 10 * time.Second
	pulseAgain  = time.Second
)

// pulse tells other nodes on PostgreSQL that this process lives, by a lock of a session that
// does nothing else. The server lets go of it when the connection ends, as it does at once
// when a process is killed: what that had leased is free then, before its time. A machine
// that falls silent keeps its lock until the server gives its connection up, and its leases
// until they run out, whichever comes first. Who lives and has lost the connection may lose
// leases, which the fence makes harmless.
type pulse struct {
	config *pgx.ConnConfig
	name   string
	stop   context.CancelFunc
	beats  sync.WaitGroup
}

// startPulse returns once this process has its pulse.
func startPulse(ctx context.Context, config *pgx.ConnConfig, name string) (*pulse, error) {
	p := &pulse{config: config, name: name}
	conn, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.beats.Go(func() { p.run(alive, conn) })
	return p, nil
}

func (p *pulse) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, pulseWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, takePulse, p.name); err != nil {
		_ = conn.Close(ctx) // it has said why
		return nil, err
	}
	return conn, nil
}

// run keeps the connection, and makes another one where it is lost, until ctx ends.
func (p *pulse) run(ctx context.Context, conn *pgx.Conn) {
	for ctx.Err() == nil {
		if conn != nil {
			_, _ = conn.WaitForNotification(ctx) // nobody notifies it: it returns at an end
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseAgain)
			_ = conn.Close(last)
			cancel()
		}
		if ctx.Err() != nil {
			return
		}
		var err error
		if conn, err = p.connect(ctx); err != nil {
			timer := time.NewTimer(pulseAgain)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
		}
	}
	if conn != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
	}
}

func (p *pulse) end() {
	if p != nil {
		p.stop()
		p.beats.Wait()
	}
}
