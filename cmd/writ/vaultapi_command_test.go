package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/policy"
)

// foreign is the program that people use with Vault or OpenBao, signed in to Writ with a
// token. It skips where no program is named.
type foreign struct {
	t       *testing.T
	program string
	env     []string
}

func (k *clients) command(token string) *foreign { return newForeign(k.t, k.url, token) }

func newForeign(t *testing.T, url, token string) *foreign {
	t.Helper()
	program := testkit.OpenBaoProgram(t)
	env := []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	for _, of := range []string{"BAO", "VAULT"} {
		env = append(env, of+"_ADDR="+url+"/vault", of+"_TOKEN="+token, of+"_MAX_RETRIES=0", of+"_CLI_NO_COLOR=1")
	}
	return &foreign{t, program, env}
}

// command is the program as somebody runs it.
func (s *served) command(who string, limits ...string) (c *foreign, header string) {
	s.t.Helper()
	caller, err := json.Marshal(policy.Caller{Identity: s.identity(who), Via: access.TokenID(1).Ref(), Limits: limits})
	must(s.t, err)
	return newForeign(s.t, s.server.URL, "a token"), " -header=" + callerHeader + "=" + string(caller) + " "
}

// run runs the program, and returns what it prints.
func (c *foreign) run(args ...string) (out, errs string, err error) {
	cmd := exec.CommandContext(c.t.Context(), c.program, args...) //nolint:gosec // whoever runs the tests names it
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, &stdout, &stderr
	err = cmd.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// says runs it, and expects all of some words in what it prints.
func (c *foreign) says(args string, words ...string) string {
	c.t.Helper()
	out, errs, err := c.run(strings.Fields(args)...)
	if err != nil {
		c.t.Errorf("%s: %v\n%s%s", args, err, out, errs)
		return ""
	}
	for _, word := range words {
		if !strings.Contains(out, word) {
			c.t.Errorf("%s says no %q:\n%s", args, word, out)
		}
	}
	return out
}

// fails runs it, and expects that it fails and says so.
func (c *foreign) fails(args string, says string) {
	c.t.Helper()
	if out, errs, err := c.run(strings.Fields(args)...); err == nil || !strings.Contains(out+errs, says) {
		c.t.Errorf("%s: %v, and not %q\n%s%s", args, err, says, out, errs)
	}
}

// The command keeps, shows, changes and takes away secrets in Writ as in a server of its own,
// with a path or with a mount, and says who it is.
func TestTheCommandOfVaultKeepsSecretsInWrit(t *testing.T) {
	testkit.OpenBaoProgram(t)
	k := newClients(t, newWorld(t))
	c := k.command(k.token(whole...))
	c.says("status", "Sealed", "false")
	c.says("token lookup", "display_name", "ttl")
	c.says("secrets list", "ledger/", "kv")
	c.says("kv put -mount=ledger app/db user=ledger password=hunter2-one", "version", "1")
	c.says("kv put ledger/app/db user=ledger password=hunter2-two", "version", "2")
	if got := c.says("kv get -mount=ledger -field=password app/db"); got != "hunter2-two" {
		t.Errorf("it gets %q", got)
	}
	if got := c.says("kv get -version=1 -field=password ledger/app/db"); got != "hunter2-one" {
		t.Errorf("of the first version it gets %q", got)
	}
	c.says("kv patch -mount=ledger app/db user=ben", "version", "3")
	var got struct {
		Data struct{ Data map[string]string }
	}
	must(t, json.Unmarshal([]byte(c.says("kv get -format=json ledger/app/db")), &got))
	if d := got.Data.Data; d["user"] != "ben" || d["password"] != "hunter2-two" {
		t.Errorf("after a patch: %v", d)
	}
	c.fails("kv put -mount=ledger -cas=1 app/db user=eva", "check-and-set")
	c.says("kv list -mount=ledger", "app/")
	c.says("kv list ledger/app", "db")
	c.says("kv metadata put -mount=ledger -custom-metadata=team=south app/db")
	c.says("kv metadata get -mount=ledger app/db", "south", "Version 3")
	c.says("kv rollback -mount=ledger -version=1 app/db", "version", "4")
	if got := c.says("kv get -mount=ledger -field=password app/db"); got != "hunter2-one" {
		t.Errorf("after going back it gets %q", got)
	}
	c.says("kv delete -mount=ledger app/db")
	c.fails("kv get -mount=ledger -field=password app/db", "")
	c.says("kv undelete -mount=ledger -versions=4 app/db")
	c.says("kv get -mount=ledger app/db", "hunter2-one")
	c.fails("kv destroy -mount=ledger -versions=2 app/db", "reason")
	c.fails("kv destroy -header=X-Writ-Reason=leaked -mount=ledger -versions=2 app/db", "second factor") // no program has one
	c.says("token capabilities ledger/data/app/db", "read")
	c.says("read ledger/data/app/db", "hunter2-one")
	c.fails("kv get -mount=nowhere app/db", "")
	c.says("kv metadata delete -mount=ledger app/db")
	c.fails("kv get -mount=ledger app/db", "No value found")
	c.fails("token renew", "not renewable")
	k.command("hvs.nonsense").fails("token lookup", "Code: 403")
}

// The command has an account made in a real PostgreSQL, has it longer, and gives it back.
func TestTheCommandOfVaultLeasesAccountsOfPostgres(t *testing.T) {
	testkit.OpenBaoProgram(t)
	s := newLender(t, access.Terms{Most: time.Hour})
	c, as := s.command("E1", "template.read", "lease.issue", "lease.read", "lease.end")
	var got struct {
		Lease string `json:"lease_id"`
		Data  struct{ Username, Password string }
	}
	must(t, json.Unmarshal([]byte(c.says("read"+as+"-header=X-Writ-Reason=figures -format=json database/creds/reporting")), &got))
	if who, in := s.signsIn(got.Data.Username, got.Data.Password, "select current_user"); !in || who != got.Data.Username {
		t.Fatalf("it opens nothing: %q", who)
	}
	c.says("list"+as+"database/roles", "reporting")
	c.says("lease lookup"+as+got.Lease, got.Lease)
	c.says("lease renew"+as+"-increment=30m "+got.Lease, got.Lease)
	c.says("lease revoke" + as + got.Lease)
	s.waits(func() bool { return !s.isThere(got.Data.Username) }, func() string { return "what was given back is there" })
}

// The command has a key signed that a real host lets in.
func TestTheCommandOfVaultHasKeysSigned(t *testing.T) {
	testkit.OpenBaoProgram(t)
	s := newSigner(t)
	h := s.host()
	c, as := s.command("E1", "certificate.sign")
	key := filepath.Join(t.TempDir(), "key.pub")
	must(t, os.WriteFile(key, []byte(h.public), 0o600))
	text := c.says("write" + as + "-header=X-Writ-Reason=repairs -field=signed_key ssh/sign/ssh_user public_key=@" + key + " valid_principals=root ttl=10m")
	s.waits(func() bool {
		out, err := h.ssh("root", "h1.example.com", authority.SignedBody{Text: text})
		return err == nil && out == "root"
	}, func() string { return "the host lets nobody in by what was signed" })
	c.fails("write"+as+"-header=X-Writ-Reason=repairs ssh/sign/ssh_user public_key=@"+key+" valid_principals=admin", "Code: 4")
}
