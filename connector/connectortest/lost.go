package connectortest

import (
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// lostAt is how many places of each change the line breaks at.
const lostAt = 6

// lostAnswers: wherever the line breaks, the next attempt finds what the last one did,
// and ends where one attempt would have. Nobody else's account is taken meanwhile.
func lostAnswers(t *testing.T, m *maker) {
	p := testkit.NewProxy(t, m.Addr)
	cfg := m.Through(m.Config, p.Addr)
	t.Cleanup(func() { m.gone(t) })
	create := m.create()
	answers := func(c connector.Change) int64 {
		p.Break(testkit.Pass, 0)
		if err := m.maker(t, cfg).Apply(t.Context(), c); err != nil {
			t.Fatalf("through the proxy: %v", err)
		}
		bytes, _ := p.Total()
		return bytes
	}
	made := answers(create)
	update := m.about(connector.UpdateAccount, m.find(t))
	update.Set = m.Accounts.Set
	updated := answers(update)
	m.renamed()
	deleted := answers(m.about(connector.DeleteAccount, m.find(t)))
	felt := 0
	for n := range int64(lostAt) {
		m.n = m.Accounts.New
		felt += m.lost(t, p, cfg, create, made*n/lostAt)
		update.Account = m.find(t).ID
		felt += m.lost(t, p, cfg, update, updated*n/lostAt)
		m.renamed()
		felt += m.lost(t, p, cfg, m.about(connector.DeleteAccount, m.find(t)), deleted*n/lostAt)
		if f := m.find(t); f != nil {
			t.Fatalf("deleted after %d bytes and again, and found: %+v", deleted*n/lostAt, f)
		}
	}
	if felt < lostAt {
		t.Errorf("only %d of %d cuts were felt", felt, 3*lostAt)
	}
}

// lost makes a change over a line that breaks, and again over one that does not.
func (m *maker) lost(t *testing.T, p *testkit.Proxy, cfg connector.Config, c connector.Change, after int64) (felt int) {
	t.Helper()
	p.Break(testkit.Cut, after)
	if err := m.maker(t, cfg).Apply(t.Context(), c); err != nil {
		m.names(t, "a broken line", err, connector.ErrUnreachable, connector.ErrIncomplete)
		felt = 1
	}
	if err := m.Apply(t.Context(), c); err != nil {
		t.Fatalf("%s again after %d bytes: %v", c.Kind, after, err)
	}
	if done, err := m.ReadBack(t.Context(), c); err != nil || !done {
		t.Errorf("%s again after %d bytes reads back %v, %v", c.Kind, after, done, err)
	}
	return felt
}
