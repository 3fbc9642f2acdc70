package testkit

import (
	"fmt"
	"strings"
	"testing"
)

// nslcdConf lets a host's nslcd ask a directory as its reader. Nothing is cached,
// so that a change in the directory shows at once.
const nslcdConf = `uid nslcd
gid nslcd
uri %s/
base %s
binddn %s
bindpw %s
cache dn2uid 0
%s
`

// nsswitchConf asks the host's own files first, as hosts do.
const nsswitchConf = `passwd: files ldap
group: files ldap
shadow: files
hosts: files dns
`

// UseDirectory lets the host take accounts and groups from a directory: its
// posixAccounts and posixGroups. The host's own come first. Further lines for
// nslcd.conf may change how, such as nss_disable_enumeration yes.
func (h *Host) UseDirectory(tb testing.TB, s *SlapdServer, lines ...string) {
	tb.Helper()
	if _, err := h.Try("test", "-x", "/usr/sbin/nslcd"); err != nil {
		tb.Fatal("nslcd is not installed: 'make test' installs it")
	}
	h.Write(tb, "/etc/nslcd.conf", "600", fmt.Sprintf(nslcdConf, s.URL(), s.BaseDN(), s.ReaderDN(), s.ReaderPassword().Reveal(), strings.Join(lines, "\n")))
	h.Write(tb, "/etc/nsswitch.conf", "644", nsswitchConf)
	h.Run(tb, "install", "-d", "-o", "nslcd", "-g", "nslcd", "/run/nslcd")
	h.Run(tb, "/usr/sbin/nslcd") // returns once it listens
}
