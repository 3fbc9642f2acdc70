package ldap

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// nobodysID is what an entry's id looks like.
const nobodysID = "00000000-0000-0000-0000-000000000000"

// client reports whether OpenLDAP's own client is let in, which it is told on a file.
func client(t *testing.T, cfg connector.Config, dn string, value secret.Secret) bool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, value.Reveal(), 0o600); err != nil {
		t.Fatal(err)
	}
	url, _, _ := strings.Cut(strings.TrimPrefix(cfg.Address, "ldaps://"), "/")
	cmd := exec.CommandContext(t.Context(), "ldapsearch", "-xLLL", "-o", "nettimeout=10", "-H", "ldaps://"+url, "-D", dn, "-y", file, "-s", "base", "-b", "", "1.1")
	cmd.Env = append(os.Environ(), "LDAPCONF=/dev/null", "LDAPTLS_CACERT="+cfg.Options[optCA])
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "Invalid credentials (49)") {
		t.Fatalf("ldapsearch as %s: %v %s", dn, err, out)
	}
	return err == nil
}

func keptOpenLDAP(t *testing.T, s *testkit.SlapdServer, cfg connector.Config) []connectortest.Kept {
	t.Helper()
	dn := "uid=kept,ou=people," + s.BaseDN()
	s.Add(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: kept\ncn: kept\nsn: x\n")
	without := with(cfg, optBindDN, s.ReaderDN())
	without.Credential = s.ReaderPassword()
	return []connectortest.Kept{{
		Kind: connector.Password, Account: find(t, opened(t, cfg), "kept").ID, Absent: nobodysID,
		SignsIn: func(t *testing.T, value secret.Secret) bool { return client(t, cfg, dn, value) },
		Without: []connector.Config{without}, Idle: true, // shadowExpire is for hosts
	}}
}

func keptAD(t *testing.T, s *testkit.SambaServer, cfg connector.Config) []connectortest.Kept {
	t.Helper()
	s.Add(t, adUser("kept", "CN=Users,"+s.BaseDN(), canary+"-1A")+adUser("plain", "CN=Users,"+s.BaseDN(), canary+"-1A"))
	dn := "CN=kept,CN=Users," + s.BaseDN()
	without := with(cfg, optBindDN, "plain@example.test")
	without.Credential = secret.New([]byte(canary + "-1A"))
	return []connectortest.Kept{{
		Kind: connector.Password, Account: find(t, opened(t, cfg), "kept").ID, Absent: nobodysID,
		SignsIn: func(t *testing.T, value secret.Secret) bool { return client(t, cfg, dn, value) },
		Without: []connector.Config{without},
	}}
}
