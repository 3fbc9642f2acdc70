package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	openbao "github.com/openbao/openbao/api/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/vault"
)

// imported runs the import, of what a client has put into the mount, into the safe "copies".
func (k *clients) imported(want int, address, mount string, args ...string) (out, errs string) {
	k.t.Helper()
	return writ(k.t, want, append([]string{"secret", "import", "--server", k.url, "--safe", "copies", "--from", "vault", "--address", address, "--mount", mount}, args...)...)
}

func TestKeysOfAnotherVaultAreImported(t *testing.T) {
	k := newClients(t, newWorld(t))
	t.Setenv("BAO_TOKEN", k.token("secret.fetch", "read"))
	k.imports(k.openbao(k.token(whole...)), k.url+"/vault", "ledger")
}

// imports fills a mount of the second version, and imports it.
func (k *clients) imports(c *openbao.Client, address, mount string) {
	t, ctx := k.t, k.t.Context()
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv(tokenVariable, k.token("read", "secret.add", "secret.change"))
	copies := k.addSafe("copies", access.Terms{Most: time.Hour}, vault.Shared)
	from, into := c.KVv2(mount), k.openbao(k.token("secret.fetch", "read")).KVv2("copies")
	put := func(path, value string) {
		t.Helper()
		if _, err := from.Put(ctx, path, map[string]any{"password": value}); err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range []string{"hunter2-one", "hunter2-two", "hunter2-three"} {
		put("app/db", value)
	}
	put("app/deep/er", "hunter2-deep")
	put("top", "hunter2-top")
	put("gone", "hunter2-gone")
	must(t, from.PutMetadata(ctx, "top", openbao.KVMetadataPutInput{CustomMetadata: map[string]any{"team": "south"}}))
	must(t, from.Delete(ctx, "gone"))
	must(t, from.DeleteVersions(ctx, "app/db", []int{2}))
	k.keep(copies, "top", "not-from-there")

	out, _ := k.imported(exitOK, address, mount)
	for _, want := range []string{"app/db", "app/deep/er", "that is not from there", "nothing was kept"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if list, err := k.node.vault.Store.Secrets(k.ctx, vault.Query{Safe: copies}); err != nil || len(list) != 1 {
		t.Fatalf("looking kept %d, %v", len(list), err)
	}
	if out, _ = k.imported(exitOK, address, mount, "--path", "app/deep/", "--apply"); !strings.Contains(out, "1 key") {
		t.Errorf("%s", out)
	}
	if out, _ = k.imported(exitOK, address, mount, "--history", "--apply", "-o", "json"); strings.Contains(out, "hunter2") || !strings.Contains(out, `"there_already": 1`) {
		t.Errorf("%s", out)
	}
	value := func(path string, number int, want string) {
		t.Helper()
		got, err := into.GetVersion(ctx, path, number)
		if err != nil || got.Data["password"] != want {
			t.Errorf("%s, version %d: %v, %v", path, number, got, err)
		}
	}
	value("app/db", 1, "hunter2-one")
	value("app/db", 2, "hunter2-three")
	value("app/deep/er", 1, "hunter2-deep")
	value("top", 1, "not-from-there")

	// Again, and there is nothing to do; then what is newer.
	if out, _ = k.imported(exitOK, address, mount, "--history", "--apply", "-o", "json"); !strings.Contains(out, `"there_already": 2`) {
		t.Errorf("%s", out)
	}
	put("app/db", "hunter2-four")
	k.imported(exitOK, address, mount, "--apply")
	value("app/db", 3, "hunter2-four")
	m, err := into.GetMetadata(ctx, "app/db")
	if err != nil || m.CustomMetadata[versionLabel] != "4" || m.CustomMetadata[fromLabel] != mount+"/app/db" {
		t.Errorf("%+v, %v", m, err)
	}

	// Who may not, and what is not there.
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte("nonsense\n"), 0o600))
	if _, errs := k.imported(exitFailed, address, mount, "--token-file", file); strings.Contains(errs, "nonsense") {
		t.Errorf("%s", errs)
	}
	k.imported(exitFailed, address, "nowhere")
	k.imported(exitFailed, address, "../sys")
	t.Setenv("BAO_TOKEN", "")
	if _, errs := k.imported(exitFailed, address, mount); !strings.Contains(errs, "BAO_TOKEN") {
		t.Errorf("%s", errs)
	}
}

// The same of a real one, where its program is named.
func TestKeysOfARealOpenBaoAreImported(t *testing.T) {
	address, token := testkit.OpenBao(t)
	k := newClients(t, newWorld(t))
	c := k.openbao(token)
	must(t, c.SetAddress(address))
	t.Setenv("BAO_TOKEN", token)
	k.imports(c, address, "secret")
}
