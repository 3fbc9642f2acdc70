package handmade

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
)

// TestTheServersSayWhatTheReadmeShows runs every command that README.md shows, and
// looks for every subject of the list. The servers take a while to set up, so one
// test asks them both.
func TestTheServersSayWhatTheReadmeShows(t *testing.T) {
	c := Setup(t)
	c.everySubjectIsThere(t)
	shown := 0
	for _, block := range strings.Split(string(read(t, "README.md")), "\n```console ")[1:] {
		text, _, _ := strings.Cut(block, "\n```")
		system, rest, _ := strings.Cut(text, "\n")
		for _, one := range strings.Split("\n"+rest, "\n$ ")[1:] {
			command, want, _ := strings.Cut(one, "\n")
			if got := squeeze(c.ask(t, system, command)); got != squeeze(want) {
				t.Errorf("%s$ %s\n%s\nREADME.md shows\n%s", system, command, got, squeeze(want))
			}
			shown++
		}
	}
	if shown < 15 {
		t.Errorf("README.md shows only %d answers", shown)
	}
}

func (c *Company) ask(t *testing.T, system, command string) string {
	t.Helper()
	if h := c.Hosts[system]; h != nil {
		return h.Run(t, "sh", "-c", command)
	}
	switch system {
	case "directory":
		return c.Directory.Script(t, `ldapsearch() { command ldapsearch -x -LLL -o ldif-wrap=no -H "$URI" -D "$BIND_DN" -y "$PASSWORD" "$@"; }`+"\n"+command+" || true")
	case "office":
		return c.Office.Script(t, `samba-tool() { command samba-tool "$@" --configfile="$SMB_CONF"; }`+"\n"+command)
	}
	return run(t, "psql", "-X", "-A", "-t", "-d", c.Cluster.URL("payroll"), "-c", command)
}

// squeeze takes out what is only layout.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// everySubjectIsThere: every subject of expected.csv on a host or in a directory is
// one that the connector sees, and every other one is in hr.csv or systems.csv.
func (c *Company) everySubjectIsThere(t *testing.T) {
	t.Helper()
	there := map[string]bool{}
	for _, row := range table(t, "hr.csv") {
		there["identity//"+row[0]] = true
	}
	for _, s := range c.Systems {
		there["system/"+s.Name+"/"+s.Name] = true
		if spec, ok := specs[s.Kind]; ok {
			see(t, spec, s, there)
		}
	}
	for _, e := range ExpectedFindings(t) {
		if e.System != "books" && !there[fmt.Sprintf("%s/%s/%s", e.SubjectType, e.System, e.Subject)] {
			t.Errorf("%+v is about nothing", e)
		}
		if e.System == "books" && e.SubjectType == "account" && c.ask(t, "books", "select count(*) from pg_roles where rolcanlogin and rolname = '"+e.Subject+"'") != "1\n" {
			t.Errorf("%+v is about no login role", e)
		}
	}
	sorted := slices.Clone(ExpectedFindings(t))
	if len(slices.Compact(sorted)) != len(ExpectedFindings(t)) {
		t.Error("a finding is listed twice")
	}
}

// specs are of the connectors that say what there is on hosts and in directories.
var specs = map[string]connector.Spec{"linux": linux.Spec(), ldap.Kind: ldap.Spec()}

func see(t *testing.T, spec connector.Spec, s System, there map[string]bool) {
	t.Helper()
	h, err := spec.Open(t.Context(), connector.Config{Name: s.Name, Address: s.Address, Options: s.Options, Credential: secret.New(s.Credential)})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close() //nolint:errcheck // nothing is left to say
	for r, err := range h.Discover(t.Context(), "") {
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Account != nil:
			there["account/"+s.Name+"/"+r.Account.Login] = true
		case r.Entitlement != nil && s.Kind == ldap.Kind:
			there["entitlement/"+s.Name+"/"+r.Entitlement.Name] = true
		case r.Entitlement != nil:
			there["entitlement/"+s.Name+"/"+r.Entitlement.ID] = true
		case r.Credential != nil:
			there["credential/"+s.Name+"/"+r.Credential.Fingerprint] = true
		}
	}
}
