package testkit

import (
	"strings"
	"testing"
)

const peopleLDIF = `dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: uid=ana.sol,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
objectClass: posixAccount
uid: ana.sol
cn: Ana Sol
sn: Sol
uidNumber: 20001
gidNumber: 20100
homeDirectory: /home/ana.sol
loginShell: /bin/bash
userPassword: ana-has-a-password

dn: cn=dba,ou=people,dc=example,dc=test
objectClass: posixGroup
cn: dba
gidNumber: 20200
memberUid: ana.sol
`

// A host that uses a directory knows its people, and a cluster on it lets them in
// as its peers.
func TestHostTakesAccountsFromADirectory(t *testing.T) {
	s := NewSlapd(t, SlapdConfig{})
	s.Add(t, peopleLDIF)
	h := LinuxHost(t)
	h.UseDirectory(t, s)
	if got := h.Run(t, "id", "ana.sol"); !strings.Contains(got, "uid=20001(ana.sol)") || !strings.Contains(got, "20200(dba)") {
		t.Errorf("the host says %q", got)
	}
	if got := h.Run(t, "getent", "-s", "files", "passwd"); strings.Contains(got, "ana.sol") {
		t.Errorf("the host's own files have %q", got)
	}
	p := h.Postgres(t, "local all postgres peer\nlocal all all peer\nhost all all 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport="+s.URL()[strings.LastIndexByte(s.URL(), ':')+1:]+
		` ldapprefix="uid=" ldapsuffix=",ou=people,dc=example,dc=test"`+"\n", "")
	p.Exec(t, "postgres", `create role "ana.sol" login`, `create role ben login`)
	if who, err := p.SignIn("ana.sol", "ana.sol", "postgres", ""); err != nil || who != "ana.sol" {
		t.Errorf("by the socket: %q, %v", who, err)
	}
	if who, err := p.SignIn("ana.sol", "ben", "postgres", ""); err == nil {
		t.Errorf("by the socket as somebody else: %q", who)
	}
	if who, err := p.SignIn("root", "ana.sol", "postgres", "ana-has-a-password"); err != nil || who != "ana.sol" {
		t.Errorf("by the directory's password: %q, %v", who, err)
	}
	if who, err := p.SignIn("root", "ana.sol", "postgres", "guessed"); err == nil {
		t.Errorf("by a wrong password: %q", who)
	}
}
