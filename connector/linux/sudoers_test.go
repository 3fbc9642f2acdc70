package linux_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/testkit"
)

// sudoGrants writes who holds what of sudo, one a line.
func (s *seen) sudoGrants() (list []string) {
	for holder, grants := range s.grants {
		for id, g := range grants {
			if !strings.HasPrefix(id, "sudo:") {
				continue
			}
			text := holder + " " + id
			if g.Flags&access.NoPassword != 0 {
				text += " no_password"
			}
			if g.Flags&access.Implicit != 0 {
				text += " implicit"
			}
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

func TestSudoRules(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `groupadd ops; groupadd -g 1600 numbers; useradd -m -s /bin/bash -G ops alice; useradd -m -s /bin/bash -G ops bob; useradd -m -s /bin/bash -u 1700 -G numbers carol`)
	tests := []struct {
		name, sudoers string
		want          []string
	}{
		{"runas default is root", "alice ALL = /usr/bin/id", []string{"account:alice sudo:root:/usr/bin/id"}},
		{"runas_default", "Defaults runas_default=bob\nalice ALL = /usr/bin/id", []string{"account:alice sudo:bob:/usr/bin/id"}},
		{"ids", "#1700 ALL = (#0) /usr/bin/id\n%#1600 ALL = (#1700) /usr/bin/id", []string{"account:carol sudo:root:/usr/bin/id", "entitlement:group:numbers sudo:carol:/usr/bin/id"}},
		{"unknown names hold nothing", "ghost ALL = ALL\n%ghosts ALL = ALL\nalice nowhere = ALL", nil},
		{"by address of this host", "alice 127.0.0.0/8 = ALL", nil}, // the loopback does not count, as to sudo
		{"a host left out", "alice ALL, !h1 = ALL\nbob !elsewhere, ALL = ALL", []string{"account:bob sudo:root:ALL"}},
		{"a later rule takes away", "alice ALL = /usr/bin/id\nalice ALL = !/usr/bin/id", nil},
		{"an earlier rule takes nothing away", "alice ALL = !/usr/bin/id\nalice ALL = /usr/bin/id", []string{"account:alice sudo:root:/usr/bin/id"}},
		{"a member is taken out", "%ops ALL = /usr/bin/id\nalice ALL = !ALL", []string{"account:bob sudo:root:/usr/bin/id"}},
		{"a list that leaves out", "%ops, !bob ALL = /usr/bin/id", []string{"account:alice sudo:root:/usr/bin/id"}},
		{"exceptions from ALL", "alice ALL = ALL, !/usr/bin/su", []string{"account:alice sudo:root:ALL"}},
		{"the last rule decides on the password", "alice ALL = NOPASSWD: /usr/bin/id\n%ops ALL = ALL", []string{"account:alice sudo:root:/usr/bin/id", "entitlement:group:ops sudo:root:ALL"}},
		{"and the last may be without", "%ops ALL = ALL\nalice ALL = NOPASSWD: /usr/bin/id", []string{"account:alice sudo:root:/usr/bin/id no_password", "entitlement:group:ops sudo:root:ALL"}},
		{"!authenticate", "Defaults:%ops !authenticate\n%ops ALL = ALL\ncarol ALL = ALL", []string{"account:carol sudo:root:ALL", "entitlement:group:ops sudo:root:ALL no_password"}},
		{"targetpw", "Defaults targetpw\nALL, !carol ALL = ALL\nalice ALL = NOPASSWD: /usr/bin/id", append(everybodyBut(t, h, "carol", "sudo:root:ALL#targetpw"), "account:alice sudo:root:/usr/bin/id no_password")},
		{"over", "alice ALL = NOTAFTER=20200101120000Z /usr/bin/id\nbob ALL = NOTAFTER=20990101120000Z /usr/bin/id", []string{"account:bob sudo:root:/usr/bin/id"}},
		{"a folder of its own", "alice ALL = CWD=* /usr/bin/id", []string{"account:alice sudo:root:/usr/bin/id"}},
		{"group only", "alice ALL = (:ops) /usr/bin/id", []string{"account:alice sudo::ops:/usr/bin/id"}},
		{"account and group", "alice ALL = (bob:ops) /usr/bin/id", []string{"account:alice sudo::ops:/usr/bin/id", "account:alice sudo:bob:/usr/bin/id"}},
		{"members of a group", "alice ALL = (%ops) /usr/bin/bash", []string{"account:alice sudo:%ops:/usr/bin/bash"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.Write(t, "/etc/sudoers", "440", tt.sudoers+"\n")
			h.Run(t, "visudo", "-c")
			s := discover(t, open(t, h, func(c *connector.Config) { c.Options["setuid"] = "off" }))
			slices.Sort(tt.want)
			if got := s.sudoGrants(); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if tt.name == "over" {
				if g := s.grants["account:bob"]["sudo:root:/usr/bin/id"]; g.End.Time().Year() != 2099 {
					t.Errorf("it ends %v", g.End.Time())
				}
			}
			if tt.name == "members of a group" {
				if got := s.capabilities("sudo:%ops:/usr/bin/bash"); !slices.Equal(got, []string{"impersonate@account:alice", "impersonate@account:bob"}) {
					t.Errorf("it gives %v", got)
				}
			}
		})
	}
}

func everybodyBut(t *testing.T, h *testkit.Host, who, entitlement string) (list []string) {
	t.Helper()
	for _, name := range strings.Fields(h.Run(t, "sh", "-c", "getent passwd | cut -d: -f1")) {
		if name != who {
			list = append(list, "account:"+name+" "+entitlement+" implicit")
		}
	}
	return list
}

func TestSudoThatCannotBeRead(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	h.Write(t, "/etc/sudoers", "440", "this is (not sudoers\n")
	if s, err := tryDiscover(t.Context(), c, ""); !errors.Is(err, linux.ErrHostCommand) || len(s.records) != 0 || !strings.Contains(err.Error(), `"h1"`) {
		t.Errorf("a broken sudoers gives %d records and %v", len(s.records), err)
	}
	h.Write(t, "/etc/sudoers", "440", "+admins ALL = ALL\n")
	d, err := c.Describe(t.Context())
	if err != nil || !slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, `"+admins"`) }) {
		t.Errorf("a netgroup: %v, %v", d.Warnings, err)
	}
	h.Script(t, `: >/tmp/none; mount --bind /tmp/none /usr/bin/cvtsudoers`)
	d, err = c.Describe(t.Context())
	if err != nil || !slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, "cvtsudoers") }) {
		t.Errorf("without cvtsudoers: %v, %v", d.Warnings, err)
	}
	if s, err := tryDiscover(t.Context(), c, ""); !errors.Is(err, linux.ErrNoCvtsudoers) || len(s.records) != 0 {
		t.Errorf("without cvtsudoers: %d records and %v", len(s.records), err)
	}
	h.Script(t, `mount --bind /tmp/none /usr/bin/sudo`)
	if s := discover(t, c); len(s.sudoGrants()) != 0 {
		t.Errorf("without sudo there are %v", s.sudoGrants())
	}
}

// Keeps the promise of Spec: what it lists, Open takes, and the description says
// what the host is.
func TestDescribe(t *testing.T) {
	h := testkit.LinuxHost(t)
	options := map[string]string{"known_hosts": h.HostKey}
	for _, o := range linux.Spec().Options {
		if o.Default != "" {
			options[o.Name] = o.Default
		}
	}
	c := open(t, h, func(cfg *connector.Config) { cfg.Options = maps.Clone(options) })
	d, err := c.Describe(t.Context())
	if err != nil || d.Kind != "linux" || !strings.Contains(d.Version, "Linux") || len(d.Warnings) != 0 {
		t.Errorf("got %+v, %v", d, err)
	}
	h.Script(t, `printf 'TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedKeysCommand /usr/bin/true\nAuthorizedKeysCommandUser nobody\nMatch User x\n' >>/etc/ssh/sshd_config; : >/etc/ssh/ca.pub`)
	d, err = c.Describe(t.Context())
	if err != nil || len(d.Warnings) != 3 {
		t.Errorf("got %+v, %v", d, err)
	}
	later := open(t, h, func(cfg *connector.Config) {
		cfg.Now = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }
	})
	h.Script(t, `useradd -m -s /bin/bash -e 2099-01-01 alice`)
	if s := discover(t, later); s.accounts["alice"].Status != access.Disabled {
		t.Errorf("alice is %s after her end", s.accounts["alice"].Status)
	}
}
