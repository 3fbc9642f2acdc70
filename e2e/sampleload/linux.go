package sampleload

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory/sample"
)

// Linux starts a private host with what the sample says of a system. The key
// signs in as root.
func Linux(tb testing.TB, dir, system string) (addr string, key []byte, knownHosts string) {
	tb.Helper()
	h := startHost(tb, dir, system, Served{})
	return h.Addr, h.Key, h.HostKey
}

func startHost(tb testing.TB, dir, system string, directory Served) *testkit.Host {
	tb.Helper()
	f := read(tb, dir, system)
	h := &host{Host: testkit.NamedLinuxHost(tb, system), tb: tb, uids: map[string]int{}, directory: directory.Name}
	h.lent = lentBy(tb, dir, directory.Name)
	h.groups(f)
	h.accounts(f)
	h.keys(f)
	if directory.Directory != nil {
		h.UseDirectory(tb, directory.Directory)
	}
	h.writable(f)
	h.passwords(f)
	h.sudo(f)
	h.logins(f)
	return h.Host
}

type host struct {
	*testkit.Host
	tb        testing.TB
	uids      map[string]int
	directory string // that it takes people from, if any
	lent      lent
}

// builtIn are accounts that a host has already.
func builtIn(a row) bool { return a["kind"] == "built_in" }

// groups of the sample that the host does not bring along.
func (h *host) groups(f files) {
	var names []string
	for _, e := range f.entitlements {
		if name, is := strings.CutPrefix(e["id"], "group:"); is && (h.directory == "" || h.lent.gid[name] == 0) {
			names = append(names, name)
		}
	}
	h.Script(h.tb, `for g in "$@"; do getent group "$g" >/dev/null || groupadd "$g"; done`, names...)
}

// firstUID leaves room for what hosts have.
const firstUID = 2000

func (h *host) accounts(f files) {
	member := map[string][]string{}
	for _, g := range f.grants {
		if group, is := strings.CutPrefix(g["entitlement"], "group:"); is && g["holder_kind"] == "account" {
			member[g["holder"]] = append(member[g["holder"]], group)
		}
	}
	for n, a := range f.accounts {
		login, groups := a["id"], member[a["id"]]
		if builtIn(a) {
			if len(groups) == 0 {
				h.tb.Fatalf("%s: account %s has no group", f.name, login)
			}
			h.Script(h.tb, `id -u "$1" >/dev/null 2>&1 || useradd --system -g "$2" -s /usr/sbin/nologin "$1"`, login, groups[0])
			continue
		}
		if a["opened_by"] != "" {
			if a["opened_by"] != h.directory+":"+login || h.lent.uid[login] == 0 || a["status"] != "enabled" {
				h.tb.Fatalf("%s: account %s is opened by %s, which is not built", f.name, login, a["opened_by"])
			}
			h.uids[login] = h.lent.uid[login]
			continue
		}
		if a["status"] != "enabled" || len(groups) == 0 {
			h.tb.Fatalf("%s: account %s: only enabled accounts with a group are built", f.name, login)
		}
		h.uids[login] = firstUID + n
		// A password of "*" fits nothing and, unlike "!", does not lock the account.
		h.Script(h.tb, `useradd -m -N -u "$1" -g "$2" -s /bin/bash -c "$3" -p '*' -- "$4"`,
			fmt.Sprint(firstUID+n), groups[0], a["display_name"], login)
		for _, g := range groups[1:] {
			h.Run(h.tb, "gpasswd", "-a", login, g)
		}
		if a["expires"] != "" {
			h.Run(h.tb, "chage", "-E", a["expires"][:10], login)
		}
	}
}

// keys puts each account's keys into its home. The file's age is all that a host
// knows of a key's.
func (h *host) keys(f files) {
	lines, changed := map[string]string{}, map[string]string{}
	for _, c := range f.credentials {
		if c["kind"] != "ssh_key" {
			continue
		}
		lines[c["account"]] += c["public_key"] + " " + c["account"] + "\n"
		changed[c["account"]] = c["changed"]
	}
	for login, text := range lines {
		file := "/home/" + login + "/.ssh/authorized_keys"
		h.Write(h.tb, file, "600", text)
		h.Script(h.tb, `chmod 700 "${1%/*}"; chown -R "$2:" "${1%/*}"; if [ -n "$3" ]; then touch -d "$3" "$1"; fi`, file, login, changed[login])
	}
}

// writable lets groups write files of keys.
func (h *host) writable(f files) {
	for _, g := range f.grants {
		path, is := strings.CutPrefix(g["entitlement"], "file:")
		if !is {
			continue
		}
		group, isGroup := strings.CutPrefix(g["holder"], "group:")
		path, isWrite := strings.CutSuffix(path, ":write")
		if !isGroup || !isWrite {
			h.tb.Fatalf("%s: %v: only a group's right to write a file is built", f.name, g)
		}
		h.Script(h.tb, `chmod 755 "${2%/*}"; chgrp "$1" "$2"; chmod 664 "$2"`, group, path)
	}
}

// hostName is a name as hosts keep it (inventory/sample gives the same): plain
// letters only, since they give no others back safely.
func hostName(name string) string { return sample.PlainName(name) }

// passwords gives accounts that have one a hash of nothing, of the right age.
func (h *host) passwords(f files) {
	for _, c := range f.credentials {
		switch c["kind"] {
		case "ssh_key":
		case "password":
			h.Run(h.tb, "usermod", "-p", "$"+c["algorithm"]+"$"+noise(16)+"$"+noise(86), c["account"])
			h.Run(h.tb, "chage", "-d", c["changed"][:10], c["account"])
		default:
			h.tb.Fatalf("%v: no such credential is built", c)
		}
	}
}

const hashLetters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// noise looks like the hash of a password and is none.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = hashLetters[b[i]%64]
	}
	return string(b)
}

// hostRules are what the hosts' own sudoers says.
var hostRules = []string{"root sudo:ALL:ALL", "group:sudo sudo:ALL:ALL"}

func (h *host) sudo(f files) {
	var text strings.Builder
	for _, g := range f.grants {
		rule, is := strings.CutPrefix(g["entitlement"], "sudo:")
		if !is || g["holder_system"] != "" || slices.Contains(hostRules, g["holder"]+" "+g["entitlement"]) {
			continue
		}
		as, command, _ := strings.Cut(rule, ":")
		if strings.ContainsAny(rule, "\\,=#!\n") {
			h.tb.Fatalf("%s: a rule with such letters is not built: %s", f.name, rule)
		}
		who := g["holder"]
		if group, is := strings.CutPrefix(who, "group:"); is {
			who = "%" + group
		}
		tag := ""
		if strings.Contains(g["flags"], "no_password") {
			tag = "NOPASSWD: "
		}
		fmt.Fprintf(&text, "%s ALL=(%s) %s%s\n", who, as, tag, command)
	}
	h.Write(h.tb, "/etc/sudoers.d/sample", "440", text.String())
	h.Run(h.tb, "visudo", "-c")
}

// loginRecord is an entry of /var/log/lastlog on Linux: a time, a line, a host.
const loginRecord = 4 + 32 + 256

// logins writes last logins where hosts keep them. An account without one has
// never signed in.
func (h *host) logins(f files) {
	var log bytes.Buffer
	for _, a := range f.accounts {
		uid, ours := h.uids[a["id"]]
		if !ours || a["last_used"] == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, a["last_used"])
		if err != nil {
			h.tb.Fatalf("%s: account %s: %v", f.name, a["id"], err)
		}
		if missing := (uid+1)*loginRecord - log.Len(); missing > 0 {
			log.Write(make([]byte, missing))
		}
		entry := log.Bytes()[uid*loginRecord:]
		binary.NativeEndian.PutUint32(entry, uint32(at.Unix())) //nolint:gosec // until 2106
		copy(entry[4:36], "pts/0")
	}
	h.Write(h.tb, "/var/log/lastlog", "664", log.String())
}
