package ldap

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// lpk is the schema of SSH keys in a directory.
const lpk = `attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
`

// canary is a password in the tree; nobody may see it, nor its hash.
const canary = "correct-horse-canary"

// tree has every kind of account and group, and what names can hold.
func tree(t testing.TB) string {
	b := &strings.Builder{}
	entry := func(lines ...string) { b.WriteString(strings.Join(lines, "\n") + "\n\n") }
	const base = "dc=example,dc=test"
	for _, ou := range []string{"people", "services", "groups", "elsewhere"} {
		entry("dn: ou="+ou+","+base, "objectClass: organizationalUnit", "ou: "+ou)
	}
	person := func(uid, name string, more ...string) {
		lines := []string{"dn: uid=" + uid + ",ou=people," + base, "objectClass: inetOrgPerson"}
		entry(append(append(lines, more...), "uid: "+uid, "cn: "+name, "sn: x")...) // slapadd wants an attribute's values together
	}
	person("ana", "Ana Example", "mail: ana@example.test", "employeeNumber: 1001", "userPassword: "+canary)
	person("ben", "Ben Example", "objectClass: posixAccount", "objectClass: shadowAccount", "uidNumber: 2001", "gidNumber: 3001", "homeDirectory: /home/ben", "loginShell: /bin/bash", "shadowLastChange: 19000")
	person("cy", "Cy Gone", "objectClass: posixAccount", "objectClass: shadowAccount", "uidNumber: 2002", "gidNumber: 3001", "homeDirectory: /home/cy", "loginShell: /usr/sbin/nologin", "shadowExpire: 100")
	person("dee", "Dee Keys", "objectClass: ldapPublicKey", "sshPublicKey: "+sshKey(t), "manager: uid=ana,ou=people,"+base)
	entry(`dn: cn=O\2C dd \22name\22\2B \28*\29,ou=people,`+base, "objectClass: inetOrgPerson", `cn: O, dd "name"+ (*)`, "sn: x")
	entry("dn: cn=backup,ou=services,"+base, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: backup", "userPassword: "+canary)
	group := func(cn string, members ...string) {
		lines := []string{"dn: cn=" + cn + ",ou=groups," + base, "objectClass: groupOfNames", "cn: " + cn}
		for _, m := range members {
			lines = append(lines, "member: "+m+","+base)
		}
		entry(lines...)
	}
	group("ops", "uid=ana,ou=people", "UID=Ben, OU=people", "cn=seniors,ou=groups")
	group("seniors", "uid=dee,ou=people", `cn=O\2C dd \22name\22\2B \28*\29,ou=people`)
	group("ring-a", "cn=ring-b,ou=groups")
	group("ring-b", "cn=ring-a,ou=groups", "uid=ana,ou=people")
	group("dangling", "uid=who-left,ou=people", "uid=ana,ou=people")
	entry("dn: cn=unique,ou=groups,"+base, "objectClass: groupOfUniqueNames", "cn: unique", "uniqueMember: uid=ana,ou=people,"+base, "uniqueMember: cn=backup,ou=services,"+base)
	entry("dn: cn=unix,ou=groups,"+base, "objectClass: posixGroup", "cn: unix", "gidNumber: 3001", "memberUid: dee", "memberUid: ben")
	for i := range 64 {
		group(fmt.Sprintf("level%02d", i), fmt.Sprintf("cn=level%02d,ou=groups", i+1))
	}
	group("level64", "uid=dee,ou=people")
	return b.String()
}

func sshKey(t testing.TB) string {
	public, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		t.Fatal(err)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(public.Marshal()) + " dee@laptop"
}

// openLDAPServer is a directory with the tree in it.
func openLDAPServer(t testing.TB) *testkit.SlapdServer {
	return testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true, Lines: lpk, LDIF: strings.NewReader(tree(t))})
}

func config(s *testkit.SlapdServer) connector.Config {
	return connector.Config{
		Name: "directory", Address: s.TLSURL() + "/" + s.BaseDN(), Credential: s.Password(),
		Options: map[string]string{optBindDN: s.BindDN(), optCA: s.CA(), optPage: "20"},
	}
}

func with(cfg connector.Config, options ...string) connector.Config {
	all := map[string]string{}
	for k, v := range cfg.Options {
		all[k] = v
	}
	for pair := range slices.Chunk(options, 2) {
		all[pair[0]] = pair[len(pair)-1]
	}
	cfg.Options = all
	return cfg
}

func through(cfg connector.Config, addr string) connector.Config {
	u, _ := url.Parse(cfg.Address)
	u.Host = addr
	cfg.Address = u.String()
	return with(cfg, optTimeout, "2")
}

func discover(t testing.TB, cfg connector.Config) (list []connector.Record) {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range d.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// ids are native ids by login or group name.
func ids(list []connector.Record) (accounts, groups map[string]string) {
	accounts, groups = map[string]string{}, map[string]string{}
	for _, r := range list {
		if r.Account != nil {
			accounts[r.Account.Login] = r.Account.ID
		}
		if r.Entitlement != nil {
			groups[r.Entitlement.Name] = r.Entitlement.ID
		}
	}
	return accounts, groups
}

func give(holder connector.Target, entitlement string) connectortest.Step {
	g := connector.Grant{Holder: holder, Entitlement: entitlement}
	return connectortest.Step{Do: connector.Change{Kind: connector.AddGrant, Grant: g}, Undo: connector.Change{Kind: connector.RemoveGrant, Grant: g}}
}

func account(id string) connector.Target { return connector.Target{Kind: connector.OnAccount, ID: id} }

func holderGroup(id string) connector.Target {
	return connector.Target{Kind: connector.OnEntitlement, ID: id}
}

func TestOpenLDAPConformance(t *testing.T) {
	s := openLDAPServer(t)
	cfg := config(s)
	a, g := ids(discover(t, cfg))
	wrong := cfg
	wrong.Credential = secret.New([]byte("not the password"))
	nobody := with(cfg, optBindDN, "uid=nobody,"+s.BaseDN())
	undo := give(account(a["ana"]), g["ops"])
	connectortest.Run(t, connectortest.Suite{
		Spec: Spec(), Config: cfg, Addr: strings.TrimPrefix(s.TLSURL(), "ldaps://"), Through: through,
		Wrong:    []connector.Config{wrong, nobody},
		Canaries: []string{canary, string(s.ReaderPassword().Reveal())},
		Steps: []connectortest.Step{
			give(account(a["ana"]), g["seniors"]), give(account(a[`O, dd "name"+ (*)`]), g["ops"]), give(holderGroup(g["level64"]), g["ops"]),
			give(account(a["dee"]), g["unique"]), give(account(a["ana"]), g["unix"]),
			{Do: undo.Undo, Undo: undo.Do},
			{Do: connector.Change{Kind: connector.DisableAccount, Account: a["ben"]}, Undo: connector.Change{Kind: connector.EnableAccount, Account: a["ben"]}},
		},
		Accounts: newcomer(s.BindDN(), cfg, "ou=people,"+s.BaseDN(), `ana,sol+"x" (*)`, `ana\reyes; #`),
		Keeps:    keptOpenLDAP(t, s, cfg),
		Gone: []connector.Change{
			give(account("who left"), g["ops"]).Undo, give(account(a["ana"]), "no group").Undo, give(account(a["cy"]), g["ops"]).Undo,
			{Kind: connector.DisableAccount, Account: "who left"},
			{Kind: connector.DisableAccount, Account: "00000000-0000-0000-0000-000000000000"},
		},
	})
}

func TestOpenLDAPRefusals(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{RefusePlainBinds: true, SizeLimit: "size.soft=2 size.hard=2", Lines: lpk, LDIF: strings.NewReader(tree(t))})
	cfg := config(s)
	plain := with(cfg, optTLS, "none")
	plain.Address = s.URL() + "/" + s.BaseDN()
	start := cfg
	start.Address = s.URL() + "/" + s.BaseDN()
	limited := with(cfg, optBindDN, s.ReaderDN())
	limited.Credential = s.ReaderPassword()
	nowhere := cfg
	nowhere.Address = s.TLSURL() + "/dc=nowhere,dc=test"
	for name, test := range map[string]struct {
		cfg  connector.Config
		want error
		says string
	}{
		"another authority": {with(cfg, optCA, otherCA(t)), connector.ErrUnreachable, "option ca"},
		"no authority":      {with(cfg, optCA, ""), connector.ErrUnreachable, "option ca"},
		"plain":             {plain, connector.ErrInput, "tls=none"},
		"StartTLS":          {start, nil, ""},
		"size limit":        {with(limited, optPage, "1000"), connector.ErrIncomplete, "size limit"},
		"no such base":      {nowhere, connector.ErrPrivilege, "no such base"},
	} {
		d, err := Open(test.cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var failed error
		for _, err := range d.Discover(t.Context(), "") {
			failed = err
		}
		if !errors.Is(failed, test.want) || failed != nil && (!strings.Contains(failed.Error(), test.says) || !strings.Contains(failed.Error(), `"directory"`)) {
			t.Errorf("%s: got %v, want %v that says %q", name, failed, test.want, test.says)
		}
	}
}
