package sampleload_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/e2e/sampleload"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory/sample"
)

func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := sample.Generate(context.Background(), sample.Options{Size: sample.Small, Seed: 7}, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// facts are what a system says, as lines that can be compared.
type facts map[string]bool

func (f facts) add(r connector.Record) {
	switch {
	case r.Account != nil:
		a := r.Account
		f[fmt.Sprintf("account %s status=%s interactive=%v", a.ID, a.Status, a.Interactive)] = true
		if a.DisplayName != "" {
			f["name "+a.ID+" "+a.DisplayName] = true
		}
		if a.Kind != "" {
			f[fmt.Sprintf("kind %s %s", a.ID, a.Kind)] = true
		}
		if a.UsageKnown && a.LastUsed != 0 {
			f["used "+a.ID+" "+a.LastUsed.Time().Format(time.DateOnly)] = true
		}
		for _, by := range a.OpenedBy {
			if a.Kind != access.BuiltInAccount { // as Facts leaves these out
				f["opened "+a.ID+" by "+by.System+":"+by.ID] = true
			}
		}
	case r.Entitlement != nil:
		e := r.Entitlement
		f[fmt.Sprintf("entitlement %s kind=%s name=%s", e.ID, e.Kind, e.Name)] = true
		if e.Owner != "" {
			f["owner "+e.ID+" "+e.Owner] = true
		}
		for _, c := range e.Capabilities {
			f[fmt.Sprintf("capability %s %s@%s:%s", e.ID, c.Right, c.On.Kind, c.On.ID)] = true
		}
	case r.Grant != nil:
		g := r.Grant
		if g.Holder.System != "" {
			g.Holder.ID = g.Holder.System + "/" + g.Holder.ID
		}
		f[fmt.Sprintf("grant %s %s -> %s flags=%s", g.Holder.Kind, g.Holder.ID, g.Entitlement, flags(g.Flags))] = true
	case r.Credential != nil:
		c := r.Credential
		f[fmt.Sprintf("credential %s %s %s %s", c.Account, c.Kind, c.Fingerprint, c.Algorithm)] = true
		if c.Changed != 0 {
			f[fmt.Sprintf("changed %s %s %s", c.Account, c.Kind, c.Changed.Time().Format(time.DateOnly))] = true
		}
	case r.Resource != nil:
		f[fmt.Sprintf("resource %s kind=%s parent=%s", r.Resource.ID, r.Resource.Kind, r.Resource.Parent)] = true
	}
}

func flags(f access.GrantFlags) string {
	var list []string
	for bit, name := range map[access.GrantFlags]string{
		access.AdminOption: "admin_option", access.NoInherit: "no_inherit", access.Implicit: "implicit", access.NoPassword: "no_password",
	} {
		if f&bit != 0 {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ";")
}

func discover(t *testing.T, spec connector.Spec, cfg connector.Config) facts {
	t.Helper()
	c, err := spec.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read only
	f, rename := facts{}, func(*connector.Record) {}
	if spec.Kind == ldap.Kind {
		rename = renaming()
	}
	for r, err := range c.Discover(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Reject != nil {
			t.Errorf("%s: rejected: %+v", cfg.Name, r.Reject)
		}
		rename(&r)
		f.add(r)
	}
	return f
}

// renaming calls what a directory says by the names that it has in the sample: its
// own ids are random.
func renaming() func(*connector.Record) {
	names := map[string]string{}
	return func(r *connector.Record) {
		switch {
		case r.Entitlement != nil:
			names[r.Entitlement.ID] = sampleload.GroupID(r.Entitlement.Name)
			r.Entitlement.ID = names[r.Entitlement.ID]
		case r.Account != nil:
			names[r.Account.ID] = r.Account.Login
			r.Account.ID = r.Account.Login
		case r.Credential != nil:
			r.Credential.Account = names[r.Credential.Account]
		case r.Grant != nil:
			r.Grant.Holder.ID, r.Grant.Entitlement = names[r.Grant.Holder.ID], names[r.Grant.Entitlement]
		}
	}
}

// compare requires that the server says all that the sample says, and nothing
// else but what servers bring along.
func compare(t *testing.T, dir, system string, got facts) {
	t.Helper()
	want := sampleload.Facts(t, dir, system)
	extra := sampleload.Extra(got, want)
	for _, line := range slices.Sorted(maps.Keys(want)) {
		if !got[line] {
			t.Errorf("%s: the sample says, the server does not: %s", system, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(got)) {
		if !want[line] && !extra(line) {
			t.Errorf("%s: the server says, the sample does not: %s", system, line)
		}
	}
}

func TestLinuxHostsReadBack(t *testing.T) {
	dir := small(t)
	for _, system := range []string{"db1", "web1", "build1"} {
		t.Run(system, func(t *testing.T) {
			addr, key, knownHosts := sampleload.Linux(t, dir, system)
			got := discover(t, linux.Spec(), connector.Config{
				Name: system, Address: "ssh://root@" + addr, Credential: secret.New(key),
				Options: map[string]string{"known_hosts": knownHosts},
			})
			compare(t, dir, system, got)
		})
	}
}

func TestPostgresClustersReadBack(t *testing.T) {
	dir := small(t)
	for _, system := range []string{"payroll-db", "app-db"} {
		t.Run(system, func(t *testing.T) {
			compare(t, dir, system, discover(t, postgres.Spec(), connector.Config{Name: system, Address: sampleload.Postgres(t, dir, system)}))
		})
	}
}

func TestDirectoriesReadBack(t *testing.T) {
	dir := small(t)
	for system, load := range map[string]func(testing.TB, string, string) sampleload.Served{"corp-directory": sampleload.Directory, "office-ad": sampleload.Domain} {
		t.Run(system, func(t *testing.T) {
			s := load(t, dir, system)
			compare(t, dir, system, discover(t, ldap.Spec(), connector.Config{Name: system, Address: s.Address, Options: s.Options, Credential: secret.New(s.Credential)}))
		})
	}
}

// Host and cluster take people from the directory, and are read with the names of
// the others.
func TestSystemsThatNameEachOtherReadBack(t *testing.T) {
	dir := small(t)
	directory := sampleload.Directory(t, dir, "corp-directory")
	h := sampleload.HostIn(t, dir, "ledger1", directory)
	compare(t, dir, "ledger1", discover(t, linux.Spec(), connector.Config{
		Name: "ledger1", Address: h.URL(), Credential: secret.New(h.Key), Options: map[string]string{"known_hosts": h.HostKey, "directory": "corp-directory"},
	}))
	dsn, password := sampleload.PostgresOn(t, dir, "ledger-db", h, directory)
	compare(t, dir, "ledger-db", discover(t, postgres.Spec(), connector.Config{
		Name: "ledger-db", Address: dsn, Credential: secret.New([]byte(password)),
		Options: map[string]string{"host": "ledger1", "directory": "corp-directory", "group_roles": sampleload.GroupRoles(t, dir, "ledger-db")},
	}))
}

// The connector for flat files takes every row, and says the same as the files.
func TestFlatFilesReadBack(t *testing.T) {
	dir := small(t)
	folders, err := os.ReadDir(filepath.Join(dir, "systems"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		address := filepath.Join(dir, "systems", f.Name())
		if s, err := csv.ReadSystem(address); err != nil || s.Name != f.Name() {
			t.Errorf("%s: %+v, %v", f.Name(), s, err)
		}
		got, want := discover(t, csv.Spec(), connector.Config{Name: f.Name(), Address: address}), sampleload.Facts(t, dir, f.Name())
		for line := range want {
			if !got[line] {
				t.Errorf("%s: not read: %s", f.Name(), line)
			}
		}
	}
	people, err := csv.OpenPeople(connector.Config{Name: "hr", Address: filepath.Join(dir, "hr.csv")})
	if err != nil {
		t.Fatal(err)
	}
	defer people.Close() //nolint:errcheck // read only
	n := 0
	for r, err := range people.People(context.Background(), "") {
		if err != nil || r.Reject != nil {
			t.Fatalf("%+v, %v", r.Reject, err)
		}
		if r.Person != nil {
			n++
		}
	}
	if n < 300 {
		t.Errorf("%d people", n)
	}
}
