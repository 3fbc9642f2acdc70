package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// slowKind is a kind of system that is reached over HTTP, and takes its time.
const slowKind = "slow"

const slowAnswer = 50 * time.Millisecond

// slowSystem is such a system: accounts, which of them are enabled, and what they have.
type slowSystem struct {
	mu       sync.Mutex
	accounts map[string]*slowAccount
	changed  chan struct{} // told of each change
}

type slowAccount struct {
	Enabled bool
	Open    bool // a session
	Groups  map[string]bool
}

// ServeHTTP answers after a while: GET is all accounts, or one; POST makes a change.
func (s *slowSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	<-time.After(slowAnswer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost {
		var c connector.Change
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.change(c)
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	_ = json.NewEncoder(w).Encode(s.accounts)
}

func (s *slowSystem) change(c connector.Change) {
	id := c.Account
	if id == "" {
		id = c.Grant.Holder.ID
	}
	a := s.accounts[id]
	if a == nil {
		return
	}
	switch c.Kind {
	case connector.DisableAccount:
		a.Enabled = false
	case connector.EnableAccount:
		a.Enabled = true
	case connector.EndSessions:
		a.Open = false
	case connector.AddGrant:
		a.Groups[c.Grant.Entitlement] = true
	case connector.RemoveGrant:
		delete(a.Groups, c.Grant.Entitlement)
	case connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount:
	}
}

// clear reports whether nothing is left of what an account had.
func (s *slowSystem) clear(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	return !a.Enabled && !a.Open && len(a.Groups) == 0
}

// slowClient is its connector.
type slowClient struct{ address string }

func slowSpec() connector.Spec {
	return connector.Spec{
		Kind: slowKind, Title: "Slow", Address: "http://127.0.0.1",
		Changes: []connector.ChangeKind{connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount, connector.EndSessions},
		Open: func(_ context.Context, cfg connector.Config) (connector.Connector, error) {
			return &slowClient{cfg.Address}, nil
		},
	}
}

func (c *slowClient) Close() error { return nil }

func (c *slowClient) Describe(context.Context) (connector.Description, error) {
	return connector.Description{Kind: slowKind}, nil
}

func (c *slowClient) ask(ctx context.Context, method string, body any) (accounts map[string]*slowAccount, err error) {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(body); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, c.address, &text)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, connector.ErrUnreachable.Because(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	return accounts, json.NewDecoder(answer.Body).Decode(&accounts)
}

func (c *slowClient) Discover(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		accounts, err := c.ask(ctx, http.MethodGet, nil)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		for _, g := range slowGroups {
			if !yield(connector.Record{Entitlement: &connector.Entitlement{ID: g, Kind: "group", Name: g}}, nil) {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(accounts)) {
			a := connector.Account{ID: id, Login: id, Kind: access.PersonAccount, Status: access.Disabled, Number: id}
			if accounts[id].Enabled {
				a.Status = access.Enabled
			}
			if !yield(connector.Record{Account: &a}, nil) {
				return
			}
			for _, g := range slices.Sorted(maps.Keys(accounts[id].Groups)) {
				if !yield(connector.Record{Grant: &connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: id}, Entitlement: g}}, nil) {
					return
				}
			}
		}
	}
}

func (c *slowClient) Apply(ctx context.Context, x connector.Change) error {
	_, err := c.ask(ctx, http.MethodPost, x)
	return err
}

func (c *slowClient) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	accounts, err := c.ask(ctx, http.MethodGet, nil)
	if err != nil {
		return false, err
	}
	id := x.Account
	if id == "" {
		id = x.Grant.Holder.ID
	}
	a := accounts[id]
	switch x.Kind {
	case connector.DisableAccount:
		return a == nil || !a.Enabled, nil
	case connector.EndSessions:
		return a == nil || !a.Open, nil
	case connector.RemoveGrant:
		return a == nil || !a.Groups[x.Grant.Entitlement], nil
	case connector.AddGrant:
		return a != nil && a.Groups[x.Grant.Entitlement], nil
	case connector.EnableAccount:
		return a != nil && a.Enabled, nil
	case connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount:
	}
	return false, nil
}

var slowGroups = []string{"staff", "ledger", "reports"}

// BenchmarkLeaver measures how long it takes from a leaver's commit until nothing is left of
// them in ten systems that take 50 ms for each answer, while a whole node runs: from an
// account and three groups in each, to disabled, sessions ended, groups taken.
func BenchmarkLeaver(b *testing.B) {
	const systems, people = 10, 60
	connectors[slowKind] = slowSpec()
	defer delete(connectors, slowKind)
	for range b.N {
		p := newPlant(b, people)
		list := make([]*slowSystem, systems)
		changed := make(chan struct{}, 1)
		ids := make([]access.SystemID, systems)
		for n := range list {
			list[n] = &slowSystem{accounts: map[string]*slowAccount{}, changed: changed}
			for who := range people {
				list[n].accounts[fmt.Sprintf("E%d", who+1)] = &slowAccount{Enabled: true, Open: true, Groups: map[string]bool{"staff": true, "ledger": true, "reports": true}}
			}
			served := httptest.NewServer(list[n])
			b.Cleanup(served.Close)
			ids[n] = p.plain(fmt.Sprintf("app%d", n), slowKind, inventory.Config{Address: served.URL})
			p.must(p.app.db.Provision().SetLimits(p.ctx, ids[n], provision.Limits{Share: 1, Count: 1_000_000, AtOnce: 8, PerMinute: 100_000}))
		}
		leavers := p.leavers(ids, people)
		took := make([]time.Duration, 0, people)
		p.running(func() {
			for n, d := range leavers {
				began := time.Now()
				p.decide(d)
				for slices.ContainsFunc(list, func(s *slowSystem) bool { return !s.clear(fmt.Sprintf("E%d", n+1)) }) {
					select {
					case <-changed:
					case <-time.After(time.Minute):
						b.Fatalf("something is left: %+v", p.operations(provision.Query{States: []provision.State{provision.Planned, provision.Running, provision.Failed, provision.Waiting, provision.Held}}))
					}
				}
				took = append(took, time.Since(began))
			}
		})
		slices.Sort(took)
		p50, p99 := took[len(took)/2], took[(len(took)*99+99)/100-1]
		b.ReportMetric(float64(p50.Milliseconds()), "p50-ms")
		b.ReportMetric(float64(p99.Milliseconds()), "p99-ms")
		b.Logf("%d leavers, %d systems that answer in %s: p50 %s, p99 %s, worst %s, from the commit to the last access gone", people, systems, slowAnswer, p50.Round(time.Millisecond), p99.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
		if p99 > 2*time.Second {
			b.Errorf("p99 is %s, more than 2 s", p99)
		}
	}
}

// plain adds a system without a credential and reads it.
func (p *plant) plain(name, kind string, c inventory.Config) access.SystemID {
	id, err := p.app.inventory().AddSystem(p.ctx, inventory.System{System: access.System{Name: name, Kind: kind}, Config: c}, nil)
	p.must(err)
	p.sync(id)
	return id
}

// leavers justifies what everybody has and plans it, and returns what each one's leaving is.
func (p *plant) leavers(ids []access.SystemID, people int) (list []provision.Decision) {
	for n := range people {
		who := p.person(n + 1)
		d := provision.Decision{}
		for i, id := range ids {
			account, err := p.app.inventory().ResolveAccount(p.ctx, fmt.Sprintf("app%d/E%d", i, n+1))
			p.must(err)
			d.Targets = append(d.Targets, &access.Target{Identity: who, System: id, Account: account, State: access.TargetEnabled})
			for _, g := range slowGroups {
				d.Begin = append(d.Begin, access.Justification{Holder: who.Ref(), Entitlement: p.entitlement(fmt.Sprintf("app%d/%s", i, g)), Origin: access.Birthright})
			}
		}
		p.decide(d)
		leave := provision.Decision{End: d.Begin}
		for _, y := range d.Targets {
			y.State = access.TargetDisabled
			leave.Targets = append(leave.Targets, y)
		}
		list = append(list, leave)
	}
	p.carry()
	p.verified()
	return list
}

// running does something while a whole node runs.
func (p *plant) running(do func()) {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.ctx)
	ctx, err := p.app.openGraph(ctx)
	p.must(err)
	n, err := p.app.newNode(ctx)
	p.must(err)
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	do()
	stop()
	if err := <-done; err != nil && ctx.Err() == nil {
		p.t.Error(err)
	}
}
