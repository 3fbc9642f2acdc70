package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/driver"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// sshOpens asks a host with a client that knows nothing of Writ.
func sshOpens(h *testkit.Host) func(*testing.T, string) bool {
	return func(t *testing.T, value string) bool {
		auth := ssh.Password(value)
		if strings.HasPrefix(value, "-----BEGIN ") {
			signer, err := ssh.ParsePrivateKey([]byte(value))
			if err != nil {
				t.Fatal(err)
			}
			auth = ssh.PublicKeys(signer)
		}
		client, err := ssh.Dial("tcp", h.Addr, &ssh.ClientConfig{User: "kept", Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}) //nolint:gosec // it is this machine
		return err == nil && client.Close() == nil
	}
}

// ldapOpens asks a directory with its own client.
func ldapOpens(url, ca, who string) func(*testing.T, string) bool {
	return func(t *testing.T, value string) bool {
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "ldapsearch", "-x", "-H", url, "-D", who, "-y", file, "-b", "", "-s", "base", "1.1") //nolint:gosec // a test's own
		cmd.Env = append(os.Environ(), "LDAPTLS_CACERT="+ca)
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "Invalid credentials") {
			t.Fatalf("%v: %s", err, out)
		}
		return err == nil
	}
}

// rotatesThere has what opens the account "kept" changed by the whole engine, twice: at first
// nobody knows what opens it, and Writ's own account there resets it.
func (p *plant) rotatesThere(t *testing.T, x kindOfTarget, system access.SystemID) {
	t.Helper()
	if len(x.kept) == 0 {
		return
	}
	ring, safe := p.vault()
	s := p.app.rotating(ring, &written{inventory: p.app.inventory()})
	account, err := p.app.inventory().ResolveAccount(p.ctx, "it/kept")
	p.must(err)
	for kind, opens := range x.kept {
		lost := secret.New([]byte("Nobody-Knows-1"))
		y := vault.Secret{Safe: safe, Name: "kept " + string(kind), Kind: vault.Kind(kind), System: system, Account: account}
		id, err := p.app.db.Vault().AddSecret(p.ctx, y, vault.Value{}, func(at keys.Place) (keys.Sealed, error) { return ring.Seal(p.ctx, at, lost) })
		p.must(err)
		before := string(lost.Reveal())
		for range 2 {
			p.must(s.Store.Demand(p.ctx, []access.SecretID{id}, rotate.OnDemand, "a test"))
			p.must(s.Rotate(p.ctx, id))
			if q, err := s.Store.Queue(p.ctx, rotate.Query{Secret: id}); err != nil || len(q) != 0 {
				t.Fatalf("%s: it is due still: %+v, %v", kind, q, err)
			}
			now := p.current(s, id)
			if !opens(t, now) || kind == connector.Password && opens(t, before) {
				t.Fatalf("%s: the current value opens: %t, and the one before: %t", kind, opens(t, now), opens(t, before))
			}
			before = now
		}
	}
}

// current is what a secret is. It makes the secret due, since a job is of one that is.
func (p *plant) current(s *rotate.Service, id access.SecretID) (value string) {
	p.t.Helper()
	p.must(s.Store.Demand(p.ctx, []access.SecretID{id}, rotate.OnDemand, "a test"))
	o, err := s.Store.Own(p.ctx, id, time.Minute)
	p.must(err)
	defer func() { p.must(o.End(p.ctx)) }()
	j, err := o.Job(p.ctx)
	p.must(err)
	for _, h := range j.Held {
		if h.Current {
			value = string(h.Value.Reveal())
		}
	}
	return value
}

// A system that has no connector is kept by a program of the node, through the whole engine.
func TestRotationByAProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "driver")
	const text = `#!/bin/sh
in=$(cat)
field() { printf '%s' "$in" | sed -n 's/.*"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p'; }
case "$(field do)" in
accounts) echo '{"accounts":[{"id":"1","login":"kept"}]}' ;;
set) field value >"$0.password" ;;
verify) if [ "$(field value)" = "$(cat "$0.password")" ]; then echo '{"opens":true}'; else echo '{"opens":false}'; fi ;;
esac
`
	for name, text := range map[string]string{path: text, path + ".password": "as it was\n"} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	p := newPlant(t, 1)
	id := p.system("it", driver.ScriptKind, inventory.Config{Address: path}, secret.Secret{})
	opens := func(t *testing.T, value string) bool {
		has, err := os.ReadFile(path + ".password")
		if err != nil {
			t.Fatal(err)
		}
		escaped, err := json.Marshal(value)
		return err == nil && strings.Trim(string(has), "\n") == strings.Trim(string(escaped), `"`)
	}
	p.rotatesThere(t, kindOfTarget{kept: map[connector.SecretKind]func(*testing.T, string) bool{connector.Password: opens}}, id)
}
