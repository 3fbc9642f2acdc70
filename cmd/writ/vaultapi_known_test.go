package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
)

// again is a program that reads one key again and again.
type again struct {
	*clients
	token string
}

// reads reads ledger/root several times, and each time as at first.
func (g *again) reads(status int, says string) {
	g.t.Helper()
	for n := range 4 {
		if got, text := g.raw(g.token, http.MethodGet, "ledger/data/root", ""); got != status || !strings.Contains(text, says) {
			g.t.Fatalf("the %d. time: %d, %s", n+1, got, text)
		}
	}
}

func (g *again) secret() vault.Secret {
	g.t.Helper()
	list, err := g.node.vault.Store.Secrets(g.ctx, vault.Query{Safe: g.safe, Name: "root"})
	if err != nil || len(list) != 1 {
		g.t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

// What a program was shown again and again it is not shown once more after what took it away,
// and it is shown what came in its place.
func TestReadAgainAndAgain(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		g := &again{clients: newClients(t, w)}
		g.token = g.clients.token(whole...)
		g.keep(g.safe, "root", "first-canary")
		first := g.secret()
		g.reads(http.StatusOK, "first-canary")

		put := func(ctx context.Context, id access.SecretID, value string) error {
			_, err := g.node.vault.Put(ctx, id, 0, secret.New([]byte(value)))
			return err
		}
		must(t, put(g.operator, first.ID, "second-canary"))
		g.reads(http.StatusOK, "second-canary")

		renamed := g.secret()
		renamed.Name = "old"
		must(t, g.node.vault.ChangeSecret(g.operator, renamed))
		g.reads(http.StatusNotFound, "errors")
		g.keep(g.safe, "root", "third-canary")
		g.reads(http.StatusOK, "third-canary")

		right := vault.Right{Safe: g.safe, Holder: g.owner.Ref(), Level: vault.Reveal, Reason: "a test"}
		must(t, g.node.vault.Revoke(g.operator, right, "a test"))
		if got, text := g.raw(g.token, http.MethodGet, "ledger/data/root", ""); got == http.StatusOK || strings.Contains(text, "canary") {
			t.Fatalf("%d, %s", got, text)
		}
		must(t, g.node.vault.Grant(g.operator, right))
		g.reads(http.StatusOK, "third-canary")

		safe, err := g.node.vault.Store.Safe(g.ctx, g.safe)
		must(t, err)
		safe.Terms = access.Terms{Most: time.Hour, Ticket: true}
		must(t, g.node.vault.ChangeSafe(g.operator, safe, "a test"))
		if got, text := g.raw(g.token, http.MethodGet, "ledger/data/root", ""); got == http.StatusOK || strings.Contains(text, "canary") {
			t.Fatalf("%d, %s", got, text)
		}
		if got, text := g.raw(g.token, http.MethodGet, "ledger/data/root", "", "X-Writ-Ticket", "CHG-4711"); got != http.StatusOK || !strings.Contains(text, "third-canary") {
			t.Fatalf("%d, %s", got, text)
		}
		safe, err = g.node.vault.Store.Safe(g.ctx, g.safe)
		must(t, err)
		safe.Terms = access.Terms{Most: time.Hour}
		must(t, g.node.vault.ChangeSafe(g.operator, safe, "a test"))
		g.reads(http.StatusOK, "third-canary")

		must(t, g.node.vault.Step(g.operator, g.secret().ID, 0, vault.Destroy, "a test"))
		g.reads(http.StatusNotFound, "errors")
		g.keep(g.safe, "root", "fourth-canary")
		g.reads(http.StatusOK, "fourth-canary")
		g.app.vault.Wipe()
		if got, text := g.raw(g.token, http.MethodGet, "ledger/data/root", ""); got != http.StatusServiceUnavailable || strings.Contains(text, "canary") {
			t.Fatalf("the vault is shut: %d, %s", got, text)
		}
	})
}
