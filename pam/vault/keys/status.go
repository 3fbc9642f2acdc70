package keys

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
)

// State is whether the vault opens anything in this process.
type State string

// The states.
const (
	NoVault     State = "none"
	VaultSealed State = "sealed"
	VaultOpen   State = "open"
)

// Status is how the vault is, in this process.
type Status struct {
	State       State  `json:"state" enum:"none,sealed,open" doc:"Whether there is a vault, and whether it is open on the node that answers"`
	Seal        Kind   `json:"seal,omitempty" doc:"What the root key is locked with"`
	Development bool   `json:"development,omitempty" doc:"The seal is a file beside the database: for development alone"`
	Shares      int    `json:"shares,omitempty" doc:"How many shares there are"`
	Threshold   int    `json:"threshold,omitempty" doc:"How many of them open it"`
	Given       int    `json:"given,omitempty" doc:"How many were given to this node"`
	GivenUntil  string `json:"given_until,omitempty" format:"date-time" doc:"When what was given is forgotten"`
	Away        string `json:"away,omitempty" doc:"Why the key service does not open it; it is asked again by itself"`
	AwaySince   string `json:"away_since,omitempty" format:"date-time" doc:"Since when"`
	NextSeal    Kind   `json:"next_seal,omitempty" doc:"The seal that waits for being confirmed"`
	Confirmed   int    `json:"confirmed,omitempty" doc:"How many of its shares were given to this node"`
	RolledBack  bool   `json:"rolled_back,omitempty" doc:"The database is older than what this node has seen: nothing is lent until somebody accepts that"`
	Root        int64  `json:"root,omitempty" doc:"Generation of the root key"`
	NextRoot    int64  `json:"next_root,omitempty" doc:"Generation of the one that is to be next"`
	Safes       int64  `json:"safes" doc:"Safes that have a key"`
	Wrapped     int64  `json:"wrapped,omitempty" doc:"Safes' keys that the next root key wraps already"`
	// Unfinished are safes whose key is being changed.
	Unfinished []access.SafeID `json:"unfinished,omitempty" doc:"Safes whose key is being changed"`
	Swappable  bool            `json:"swappable,omitempty" doc:"The keys lie in memory that this platform may write to disk"`
}

// Status tells how the vault is.
func (r *Ring) Status(ctx context.Context) (s Status, err error) {
	s.State = NoVault
	v, err := r.store.Vault(ctx)
	r.mu.RLock()
	s.RolledBack = r.behind
	if r.open != nil {
		s.State, s.Swappable = VaultOpen, r.open.memory.loose
	}
	if s.Away = r.away.why; s.Away != "" {
		s.AwaySince = r.away.since.UTC().Format(time.RFC3339)
	}
	r.mu.RUnlock()
	if errors.Is(err, ErrNoVault) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if s.State == NoVault {
		s.State = VaultSealed
	}
	s.Root, s.NextRoot = v.Root, v.NextRoot
	r.sealStatus(&v, &s)
	if s.Safes, s.Wrapped, err = r.store.Count(ctx); err != nil {
		return s, err
	}
	s.Unfinished, err = r.store.Unfinished(ctx, batch)
	return s, err
}

// There reports whether there is a vault, open or not.
func (r *Ring) There(ctx context.Context) (bool, error) {
	_, err := r.store.Vault(ctx)
	if errors.Is(err, ErrNoVault) {
		return false, nil
	}
	return err == nil, err
}

func (r *Ring) sealStatus(v *Vault, s *Status) {
	r.unsealing.Lock()
	defer r.unsealing.Unlock()
	given := func(id int64) (n int, until time.Time) {
		if a := r.attempts[id]; a != nil && r.now().Before(a.until) {
			return len(a.shares), a.until
		}
		return 0, time.Time{}
	}
	if x, ok := v.seal(v.Seal); ok {
		s.Seal, s.Development = x.Kind, x.Kind == File
		if x.Kind == Shares {
			if p, err := readSharing(x); err == nil {
				s.Shares, s.Threshold = p.Shares, p.Threshold
			}
		}
	}
	n, until := given(v.Seal)
	if s.Given = n; n > 0 {
		s.GivenUntil = until.UTC().Format(time.RFC3339)
	}
	if x, ok := v.seal(v.NextSeal); ok {
		s.NextSeal = x.Kind
		s.Confirmed, _ = given(x.ID)
	}
}

// watchEvery is how often a node looks whether the database is an older one, and resumeEvery
// whether a change of keys was left undone.
const (
	watchEvery  = time.Second
	resumeEvery = time.Minute
)

// Run looks after the ring until ctx ends, and then overwrites the keys. failed is told
// what did not work; it is tried again.
func (r *Ring) Run(ctx context.Context, failed func(error)) error {
	defer r.Wipe()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var resumed time.Time
	for {
		err := r.Look(ctx)
		if err == nil && r.due() {
			err = r.OpenItself(ctx)
		}
		if now := r.now(); err == nil && r.Usable() == nil && now.Sub(resumed) >= resumeEvery {
			resumed = now
			err = r.Resume(ctx)
		}
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
