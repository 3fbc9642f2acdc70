package testkit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// slapdConf is the whole configuration. The map is sparse: its size costs nothing
// until it is used, and a group of a million members needs a good part of it.
const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath %[1]s
moduleload back_mdb
moduleload memberof
moduleload syncprov
moduleload ppolicy
pidfile %[2]s/pid
argsfile %[2]s/args
loglevel 0
idletimeout 0
sizelimit %[3]s
sortvals member uniqueMember memberUid
TLSCACertificateFile %[2]s/ca.pem
TLSCertificateFile %[2]s/cert.pem
TLSCertificateKeyFile %[2]s/key.pem
%[4]s
database mdb
suffix "%[5]s"
rootdn "cn=admin,%[5]s"
rootpw %[6]s
directory %[2]s/db
maxsize 4294967296
dbnosync
index objectClass,uid,cn,entryUUID,entryCSN eq
`

// slapdAccess stands after the caller's lines, because the first rule that fits decides.
const slapdAccess = `access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
`

// slapdBase is the tree that every directory begins with.
const slapdBase = `dn: %[1]s
objectClass: domain
dc: %[2]s

dn: cn=reader,%[1]s
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: %[3]s

`

// fill writes what the server starts from: certificate, settings and tree.
func (s *SlapdServer) fill(c SlapdConfig, modules string) error {
	if err := writeCertificate(s.dir, "127.0.0.1", "localhost"); err != nil {
		return err
	}
	limit, security := c.SizeLimit, ""
	if limit == "" {
		limit = "unlimited"
	}
	if c.RefusePlainBinds {
		security = "security simple_bind=128"
	}
	conf := fmt.Sprintf(slapdConf, modules, s.dir, limit, security, s.base, s.password.Reveal())
	if !c.NoMemberOf {
		conf += "overlay memberof\n"
	}
	if !c.NoSyncProvider {
		conf += "overlay syncprov\n"
	}
	conf += c.Lines + "\n" + slapdAccess
	if err := os.WriteFile(filepath.Join(s.dir, "slapd.conf"), []byte(conf), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "password"), s.password.Reveal(), 0o600); err != nil {
		return err
	}
	dc, _, _ := strings.Cut(strings.TrimPrefix(s.base, "dc="), ",")
	var tree io.Reader = strings.NewReader(fmt.Sprintf(slapdBase, s.base, dc, s.reader.Reveal()))
	if c.LDIF != nil {
		tree = io.MultiReader(tree, c.LDIF)
	}
	_, err := runIn(s.dir, tree, filepath.Join(s.dir, "slapd"), "-T", "add", "-q", "-f", "slapd.conf")
	return err
}

func slapdPrograms() (program, modules string, err error) {
	path := "/usr/sbin/slapd" // not on everybody's PATH
	if _, err := os.Stat(path); err != nil {
		return "", "", errors.New("slapd is not installed: 'make test' installs it")
	}
	if _, err := exec.LookPath("ldapadd"); err != nil {
		return "", "", errors.New("ldap-utils are not installed: 'make test' installs them")
	}
	found, _ := filepath.Glob("/usr/lib/ldap/memberof.so*")
	if len(found) == 0 {
		return "", "", errors.New("slapd's modules are not in /usr/lib/ldap")
	}
	return path, "/usr/lib/ldap", nil
}
