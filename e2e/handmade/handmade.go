package handmade

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

//go:embed hr.csv systems.csv expected.csv differs.csv postgres.sh host.sh directory.sh office.sh README.md keys
var files embed.FS

const setupLimit = 2 * time.Minute

// Company is the company with its servers running.
type Company struct {
	HR      string // path of hr.csv, a source of identities
	Systems []System
	Hosts   map[string]*testkit.Host
	Cluster *testkit.PostgresServer
	// Directory is the staff's, Office the Windows domain.
	Directory *testkit.SlapdServer
	Office    *testkit.SambaServer
}

// System is one of its systems as Writ is told of it. Owners are numbers in hr.csv.
type System struct {
	Name, Kind                            string
	Address                               string // without any secret
	Options                               map[string]string
	Credential                            []byte // private key of hosts, password of directories; the cluster asks for none
	Environment, Criticality, DataClass   string
	BusinessOwner, TechnicalOwner, RunsOn string
}

// Expected is one line of expected.csv: an account by its login, an identity by
// its number, an entitlement by its native id, a credential by its fingerprint, a
// system by its name.
type Expected struct{ Rule, SubjectType, System, Subject string }

// Setup starts the servers and runs the scripts on them; they end with the test.
func Setup(tb testing.TB) *Company {
	tb.Helper()
	c := &Company{HR: filepath.Join(tb.TempDir(), "hr.csv"), Hosts: map[string]*testkit.Host{}}
	if err := os.WriteFile(c.HR, read(tb, "hr.csv"), 0o600); err != nil {
		tb.Fatal(err)
	}
	for _, row := range table(tb, "systems.csv") {
		s := System{
			Name: row[0], Kind: row[1], Environment: row[2], Criticality: row[3], DataClass: row[4],
			BusinessOwner: row[5], TechnicalOwner: row[6], RunsOn: row[7],
		}
		switch {
		case s.Kind == "postgres":
			c.startCluster(tb, &s)
		case s.Name == "directory":
			c.startDirectory(tb, &s)
		case s.Kind == "ldap":
			c.startOffice(tb, &s)
		default:
			c.startHost(tb, &s)
		}
		c.Systems = append(c.Systems, s)
	}
	return c
}

// ExpectedFindings is what a careful practitioner finds in the company.
func ExpectedFindings(tb testing.TB) []Expected {
	tb.Helper()
	var list []Expected
	for _, row := range table(tb, "expected.csv") {
		list = append(list, Expected{row[0], row[1], row[2], row[3]})
	}
	return list
}

// Differs is what Writ is known to find besides, and is wrong about.
func Differs(tb testing.TB) []Expected {
	tb.Helper()
	var list []Expected
	for _, row := range table(tb, "differs.csv") {
		list = append(list, Expected{row[0], row[1], row[2], row[3]})
	}
	return list
}

func (c *Company) startCluster(tb testing.TB, s *System) {
	tb.Helper()
	c.Cluster = testkit.NewPostgres(tb)
	run(tb, "sh", "-c", string(read(tb, "postgres.sh")), "postgres.sh", fmt.Sprint(c.Cluster.Port))
	s.Address = c.Cluster.URL("postgres")
}

func (c *Company) startHost(tb testing.TB, s *System) {
	tb.Helper()
	h := testkit.NamedLinuxHost(tb, s.Name)
	keys, err := files.ReadDir("keys")
	if err != nil {
		tb.Fatal(err)
	}
	for _, k := range keys {
		h.Write(tb, "/tmp/keys/"+k.Name(), "644", string(read(tb, path.Join("keys", k.Name()))))
	}
	h.Script(tb, string(read(tb, "host.sh")), s.Name)
	c.Hosts[s.Name] = h
	s.Address, s.Credential, s.Options = h.URL(), h.Key, map[string]string{"known_hosts": h.HostKey}
	if c.Directory != nil { // those that are listed behind it take people from it
		h.UseDirectory(tb, c.Directory)
		s.Options["directory"] = "directory"
	}
}

// sshKeys is the schema of SSH keys in a directory, and what has slapd keep when
// somebody last signed in.
const sshKeys = `attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
lastbind on
`

// startDirectory runs the directory; its reader is whom Writ signs in as.
func (c *Company) startDirectory(tb testing.TB, s *System) {
	tb.Helper()
	d := testkit.NewSlapd(tb, testkit.SlapdConfig{BaseDN: "dc=tidewater,dc=example", Lines: sshKeys})
	folder := tb.TempDir()
	if err := os.CopyFS(folder, files); err != nil {
		tb.Fatal(err)
	}
	d.Script(tb, string(read(tb, "directory.sh")), filepath.Join(folder, "keys"))
	d.Rewrite(tb, signedIn("icosta", 400)+signedIn("sokafor", 2))
	c.Directory = d
	s.Address, s.Credential = d.TLSURL()+"/"+d.BaseDN(), d.ReaderPassword().Reveal()
	s.Options = map[string]string{"bind_dn": d.ReaderDN(), "ca": d.CA(), "admins": "cn=directory-admins,ou=groups," + d.BaseDN()}
}

// signedIn says when somebody last signed in, which is the server's own to say.
func signedIn(uid string, days int) string {
	at := time.Now().UTC().AddDate(0, 0, -days).Format("20060102150405Z")
	return "dn: uid=" + uid + ",ou=people,dc=tidewater,dc=example\nchangetype: modify\nadd: pwdLastSuccess\npwdLastSuccess: " + at + "\n\n"
}

// startOffice runs the domain controller.
func (c *Company) startOffice(tb testing.TB, s *System) {
	tb.Helper()
	d := testkit.NewSamba(tb)
	d.Script(tb, string(read(tb, "office.sh")))
	c.Office = d
	s.Address, s.Credential = d.URL()+"/"+d.BaseDN(), d.Password().Reveal()
	s.Options = map[string]string{"bind_dn": d.BindDN(), "ca": d.CA(), "server_name": "dc1.example.test"}
}

// run runs a program of this machine and returns what it printed.
func run(tb testing.TB, argv ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s: %v: %s", argv[0], err, stderr.String())
	}
	return stdout.String()
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := files.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// table is a CSV file without its header; every row is as long as it.
func table(tb testing.TB, name string) [][]string {
	tb.Helper()
	rows, err := csv.NewReader(bytes.NewReader(read(tb, name))).ReadAll()
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return rows[1:]
}
