package linux_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// sudoersOfRichHost has what sudoers can say: aliases, includes, negation, tags,
// other accounts and groups to run as, ids, lists that leave somebody out, other
// hosts, Defaults for one account.
const sudoersOfRichHost = `Defaults env_reset
Defaults:frank !authenticate
Host_Alias HERE = rich, db*
Host_Alias ELSEWHERE = web1, 10.99.0.0/16
User_Alias OPERATORS = erin, %operators, #1234
Cmnd_Alias SERVICES = /usr/bin/systemctl restart postgresql, /usr/bin/systemctl stop postgresql
Cmnd_Alias LOOK = /usr/bin/less /var/log/*
Runas_Alias DB = dbowner, reports
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) ALL
OPERATORS HERE = (root) NOPASSWD: SERVICES, PASSWD: LOOK
frank ALL = (DB) /usr/bin/psql
dave ALL = (ALL) ALL, !/usr/bin/su, !/usr/bin/bash
carol ELSEWHERE = (ALL) NOPASSWD: ALL
ALL, !mallory, !%contractors rich = (root) NOPASSWD: /usr/bin/id ""
grace ALL = (ALL, !root) /usr/bin/bash
heidi ALL = (:docker) /usr/bin/bash
%operators ALL = (root) /usr/bin/journalctl
erin ALL = (root) !/usr/bin/journalctl
#1300 ALL = (#1301) /usr/bin/touch
@includedir /etc/sudoers.d
`

// richHost is a host with a bit of everything.
func richHost(t *testing.T) *testkit.Host {
	t.Helper()
	h := testkit.NamedLinuxHost(t, "rich")
	h.Script(t, `
groupadd operators
groupadd contractors
groupadd -g 990 docker
useradd -m -s /bin/bash -c "Alice Archer" -G sudo alice
useradd -m -s /bin/bash -c "Bob Baker" -G docker,adm bob
useradd -m -s /bin/bash -c "Carol Chen,room 12" carol
useradd -m -s /bin/bash -c "Dave Diaz" dave
useradd -m -s /bin/bash -c "Erin Evans" -G operators erin
useradd -m -s /bin/bash -c "Frank Fox" -G operators frank
useradd -m -s /bin/bash -c "Grace Gold" grace
useradd -m -s /bin/bash -c "Heidi Hill" heidi
useradd -m -s /bin/bash -c "Mallory Moss" -G contractors mallory
useradd -m -s /bin/bash -u 1234 numbered
useradd -m -s /bin/bash -u 1300 from-id
useradd -m -s /bin/bash -u 1301 to-id
useradd -m -s /bin/bash dbowner
useradd -r -m -d /srv/reports -s /usr/sbin/nologin reports
useradd -m -s /bin/bash -g operators primary
useradd -o -u 0 -g 0 -M -d /root -s /bin/bash toor
useradd -m -s /bin/bash svc-backup
useradd -m -s /usr/sbin/nologin quiet
useradd -m -s /bin/bash --badname "odd.n%ame"
for who in alice bob carol dave; do echo "$who:correct-horse-$who" | chpasswd; done
usermod -L dave
chage -E 2020-01-01 carol
chage -d 2021-03-04 bob
passwd -d numbered >/dev/null
`)
	h.Write(t, "/etc/sudoers", "440", sudoersOfRichHost)
	h.Write(t, "/etc/sudoers.d/deploy", "440", "svc-backup ALL=(root) NOPASSWD: /opt/backup/run.sh, /usr/bin/tar --extract *\nalice ALL=(root) NOPASSWD: /usr/bin/apt-get\n")
	h.Run(t, "visudo", "-c")
	return h
}

// open is the connector on a host, as User of the host or as somebody else.
func open(t *testing.T, h *testkit.Host, edit ...func(*connector.Config)) connector.Writer {
	t.Helper()
	cfg := connector.Config{
		Name: h.Name, Address: h.URL(), Credential: secret.New(h.Key),
		Options: map[string]string{"known_hosts": h.HostKey},
	}
	for _, e := range edit {
		e(&cfg)
	}
	c, err := linux.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c.(connector.Writer)
}

// seen is a host's records, by what tests ask for.
type seen struct {
	entitlements map[string]connector.Entitlement
	accounts     map[string]connector.Account
	credentials  map[string][]connector.Credential
	grants       map[string]map[string]connector.Grant // holder's kind:id, entitlement
	checkpoints  []string
	records      []connector.Record
}

func discover(t *testing.T, c connector.Connector) *seen {
	t.Helper()
	s, err := tryDiscover(t.Context(), c, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryDiscover(ctx context.Context, c connector.Connector, cursor string) (*seen, error) {
	s := &seen{
		entitlements: map[string]connector.Entitlement{}, accounts: map[string]connector.Account{},
		credentials: map[string][]connector.Credential{}, grants: map[string]map[string]connector.Grant{},
	}
	for r, err := range c.Discover(ctx, cursor) {
		if err != nil {
			return s, err
		}
		s.records = append(s.records, r)
		switch {
		case r.Entitlement != nil:
			s.entitlements[r.Entitlement.ID] = *r.Entitlement
		case r.Account != nil:
			s.accounts[r.Account.ID] = *r.Account
		case r.Credential != nil:
			s.credentials[r.Credential.Account] = append(s.credentials[r.Credential.Account], *r.Credential)
		case r.Grant != nil:
			holder := string(r.Grant.Holder.Kind) + ":" + r.Grant.Holder.ID
			if s.grants[holder] == nil {
				s.grants[holder] = map[string]connector.Grant{}
			}
			s.grants[holder][r.Grant.Entitlement] = *r.Grant
		case r.Checkpoint != "":
			s.checkpoints = append(s.checkpoints, r.Checkpoint)
		}
	}
	return s, nil
}

// effective is all that an account holds, through groups too.
func (s *seen) effective(account string) map[string]connector.Grant {
	all := map[string]connector.Grant{}
	var follow func(holder string)
	follow = func(holder string) {
		for id, g := range s.grants[holder] {
			if old, ok := all[id]; !ok || old.Flags&g.Flags != old.Flags {
				all[id] = g
				follow("entitlement:" + id)
			}
		}
	}
	follow("account:" + account)
	return all
}

func (s *seen) capabilities(entitlement string) (list []string) {
	for _, c := range s.entitlements[entitlement].Capabilities {
		list = append(list, string(c.Right)+"@"+string(c.On.Kind)+":"+c.On.ID)
	}
	return list
}

func rsaLine(t *testing.T, bits int) string {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub)))
}

func fingerprint(t *testing.T, line string) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}
