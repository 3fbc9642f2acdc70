package linux_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func TestConformance(t *testing.T) {
	h := richHost(t)
	stranger, _ := testkit.KeyPair(t, "stranger")
	_, line := testkit.KeyPair(t, "carol")
	h.Write(t, "/home/carol/.ssh/authorized_keys", "644", line+"\n")
	var hash string
	for entry := range strings.Lines(h.Run(t, "getent", "shadow", "alice")) {
		hash = strings.Split(entry, ":")[1]
	}
	good := connector.Config{Name: h.Name, Address: h.URL(), Credential: secret.New(h.Key), Options: map[string]string{
		"host_key": fingerprint(t, strings.SplitN(h.HostKey, " ", 2)[1]), "delete_home": "on",
	}}
	wrong := good
	wrong.Credential = secret.New(stranger)
	revoke := membership(connector.RemoveGrant, "bob", "docker")
	accounts := newcomer(h)
	accounts.Session = func(t *testing.T, login, _ string) func() bool { return session(t, h, login) }
	connectortest.Run(t, connectortest.Suite{
		Spec: linux.Spec(), Config: good, Addr: h.Addr,
		Through: func(cfg connector.Config, addr string) connector.Config {
			cfg.Address = "ssh://root@" + addr
			cfg.Options = map[string]string{"host_key": good.Options["host_key"], "timeout": "10", "delete_home": "on"}
			return cfg
		},
		Hasty: func(cfg connector.Config) connector.Config {
			cfg.Options = maps.Clone(cfg.Options)
			cfg.Options["timeout"] = "2"
			return cfg
		},
		Wrong: []connector.Config{wrong}, Canaries: []string{hash, "correct-horse"},
		Steps: []connectortest.Step{
			{Do: membership(connector.AddGrant, "alice", "docker"), Undo: membership(connector.RemoveGrant, "alice", "docker")},
			{Do: revoke, Undo: membership(connector.AddGrant, "bob", "docker")},
			{Do: connector.Change{Kind: connector.DisableAccount, Account: "alice"}, Undo: connector.Change{Kind: connector.EnableAccount, Account: "alice"}},
		},
		Accounts: accounts,
		Keeps:    keeps(t, h),
		Gone:     []connector.Change{membership(connector.RemoveGrant, "who-left", "docker"), membership(connector.RemoveGrant, "alice", "group-that-is-gone")},
	})
}
