package sampleload

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// lent is what hosts take from a directory, with the numbers by which hosts know
// people and groups. Every system of a sample is asked, so that directory and hosts
// agree.
type lent struct {
	uid, gid map[string]int    // of logins, of groups
	primary  map[string]string // the group that somebody has as the primary one
}

const (
	firstLentUID = 20_000
	firstLentGID = 21_000
)

func lentBy(tb testing.TB, dir, directory string) lent {
	tb.Helper()
	systems, err := os.ReadDir(filepath.Join(dir, "systems"))
	if err != nil {
		tb.Fatal(err)
	}
	l := lent{uid: map[string]int{}, gid: map[string]int{}, primary: map[string]string{}}
	for _, s := range systems {
		f := read(tb, dir, s.Name())
		for _, g := range f.grants {
			if group, is := strings.CutPrefix(g["entitlement"], "group:"); is && g["holder_system"] == directory {
				l.gid[group] = 0
			}
		}
		for _, g := range f.grants {
			group, _ := strings.CutPrefix(g["entitlement"], "group:")
			if _, is := l.gid[group]; is && g["holder_kind"] == "account" {
				l.uid[g["holder"]] = 0
				l.primary[g["holder"]] = group
			}
		}
	}
	for n, login := range slices.Sorted(maps.Keys(l.uid)) {
		l.uid[login] = firstLentUID + n
	}
	for n, group := range slices.Sorted(maps.Keys(l.gid)) {
		l.gid[group] = firstLentGID + n
	}
	return l
}

// posix are the attributes by which a host knows somebody.
func (l lent) posix(tb testing.TB, login, name string) []string {
	tb.Helper()
	if l.uid[login] == 0 {
		return nil
	}
	return []string{
		"objectClass", "posixAccount", "uidNumber", fmt.Sprint(l.uid[login]), "gidNumber", fmt.Sprint(l.gid[l.primary[login]]),
		"homeDirectory", "/home/" + login, "loginShell", "/bin/bash", "gecos", name,
	}
}

// HostIn starts a private host that takes people from a directory that Directory
// started.
func HostIn(tb testing.TB, dir, system string, directory Served) *testkit.Host {
	tb.Helper()
	return startHost(tb, dir, system, directory)
}

// PostgresOn starts a cluster on a host, into which the host's accounts and the
// directory's are let as the sample says, and returns its address with the
// superuser's password.
func PostgresOn(tb testing.TB, dir, system string, host *testkit.Host, directory Served) (dsn, password string) {
	tb.Helper()
	f := read(tb, dir, system)
	peers := []string{}
	for _, a := range f.accounts {
		if of, login, ok := strings.Cut(a["opened_by"], ":"); ok {
			if login != a["id"] || of != host.Name && of != directory.Name {
				tb.Fatalf("%s: account %s is opened by %s, which is not built", f.name, a["id"], a["opened_by"])
			}
			if of == host.Name {
				peers = append(peers, quoted(login))
			}
		}
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(directory.Directory.URL(), "ldap://"), ":")
	rules := strings.NewReplacer("PEERS", strings.Join(peers, ","), "PORT", port, "BASE", "ou=people,ou=company,"+directoryBase).Replace(`local all PEERS peer
host all postgres 127.0.0.1/32 scram-sha-256
host all PEERS 127.0.0.1/32 reject
host all all 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport=PORT ldapprefix="uid=" ldapsuffix=",BASE"
`)
	p := host.Postgres(tb, rules, "")
	password = rand.Text()
	p.Exec(tb, "postgres", "alter role postgres password '"+password+"'")
	loadCluster(tb, f, p)
	return p.URL("postgres", "postgres"), password
}

// GroupRoles is option group_roles of a cluster: the roles that groups of other
// systems stand for.
func GroupRoles(tb testing.TB, dir, system string) string {
	tb.Helper()
	var list []string
	for _, g := range read(tb, dir, system).grants {
		if role, is := strings.CutPrefix(g["entitlement"], "role:"); is && g["holder_system"] != "" {
			list = append(list, role+"="+g["holder"])
		}
	}
	return strings.Join(list, ";")
}
