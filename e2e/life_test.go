package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// life is a company's servers, in each of which Treasury and Payments are a group.
type life struct {
	db   *testkit.PostgresServer
	host *testkit.Host
	corp *testkit.SlapdServer
	ad   *testkit.SambaServer
	app  *testkit.SCIMServer
	desk *desk
}

var lifeSystems = []string{"db", "host", "corp", "ad", "app"}

const lifeHead = "number,name,email,login,unit,title,manager,start,end\n1,Ana Sol,ana.sol@example.com,ana.sol,Board,Head,,2019-03-01,\n2,Ben Roy,ben.roy@example.com,ben.roy,Board,Clerk,1,2020-03-01,\n"

func eva(unit, end string) string {
	return lifeHead + "3,Eva Lind,eva.lind@example.com,,Ünit of " + unit + ",Clerk,1,2026-01-10," + end + "\n"
}

func newLife(t *testing.T) *life {
	t.Helper()
	x := &life{
		db: testkit.NewPostgres(t), host: testkit.NamedLinuxHost(t, "web1"), corp: testkit.NewSlapd(t, testkit.SlapdConfig{}),
		ad: testkit.NewSamba(t), app: testkit.SCIM(t, testkit.SCIMOptions{}),
	}
	for _, group := range []string{"treasury", "payments"} {
		x.db.Exec(t, "postgres", "create role "+group)
		x.host.Run(t, "groupadd", group)
		x.app.AddGroup(t, fmt.Sprintf(`{"displayName": %q}`, group))
		x.ad.Tool(t, "group", "add", group)
	}
	// Who was there before: nobody's rules are about them.
	x.db.Exec(t, "postgres", `create role "ben.roy" login in role treasury`)
	base := x.corp.BaseDN()
	tree := "dn: ou=people," + base + "\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups," + base + "\nobjectClass: organizationalUnit\nou: groups\n\n"
	for _, group := range []string{"treasury", "payments"} {
		tree += fmt.Sprintf("dn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\ncn: %s\nmember: %s\n\n", group, base, group, x.corp.BindDN())
	}
	x.corp.Add(t, tree)
	x.desk = newDesk(t, "CORP_PASSWORD="+string(x.corp.Password().Reveal()), "AD_PASSWORD="+string(x.ad.Password().Reveal()), "APP_TOKEN="+string(x.app.Token.Reveal()))
	d := x.desk
	d.write(t, "people.csv", lifeHead)
	d.write(t, "host_key", string(x.host.Key))
	d.write(t, "known_hosts", x.host.HostKey+"\n")
	d.run(t, "writ source add hr people.csv && writ source sync hr")
	for _, add := range []string{
		"db=postgres='" + x.db.URL("postgres") + "'",
		"host=linux='" + x.host.URL() + "' --credential host=file:$HOME/host_key --option host.known_hosts=$HOME/known_hosts --option host.setuid=off",
		"corp=ldap='" + x.corp.TLSURL() + "/" + base + "' --option corp.bind_dn='" + x.corp.BindDN() + "' --option corp.ca='" + x.corp.CA() + "' --option corp.users='ou=people," + base + "' --credential corp=env:CORP_PASSWORD",
		"ad=ldap='" + x.ad.URL() + "/" + x.ad.BaseDN() + "' --option ad.bind_dn='" + x.ad.BindDN() + "' --option ad.ca='" + x.ad.CA() + "' --option ad.users='CN=Users," + x.ad.BaseDN() + "' --credential ad=env:AD_PASSWORD",
		"app=scim='" + x.app.URL + "' --option app.ca='" + x.app.CA + "' --credential app=env:APP_TOKEN",
	} {
		d.run(t, "writ system add "+add)
	}
	d.run(t, "writ system sync")
	x.rules(t)
	return x
}

// rules say what each unit has everywhere, and how accounts are made.
func (x *life) rules(t *testing.T) {
	t.Helper()
	for name, group := range map[string]string{"Treasury": "treasury", "Payments": "payments"} {
		of := ""
		for _, system := range lifeSystems {
			of += " --entitlement " + system + "/" + group
		}
		x.desk.run(t, "writ birthright add "+group+` --when 'identity.unit == "Ünit of `+name+`"'`+of+" --reason 'agreed'")
		x.desk.run(t, "writ birthright mode "+group+" enforce --reason tried")
	}
	login := ` --login 'identity.name.words().join(".")' --recipient manager --reason agreed`
	person := ` --attribute 'surname=identity.name.words()[1]' --attribute 'name=identity.name' --attribute 'email=account.login + "@example.com"'`
	for system, more := range map[string]string{
		"db": login, "host": login + ` --attribute 'shell="/bin/bash"' --attribute 'name=identity.name'`,
		"corp": login + person, "ad": login + person, "app": strings.Replace(login, `join(".")`, `join(".") + "@example.com"`, 1) + ` --attribute 'name=identity.name'`,
	} {
		if system == "db" || system == "app" {
			more = strings.Replace(more, " --recipient manager", "", 1)
		}
		x.desk.run(t, "writ mapping set "+system+more)
		x.desk.run(t, "writ mapping set "+system+" --mode enforce --reason tried")
	}
}

// says is what HR says from now on, and everything that follows from it.
func (x *life) says(t *testing.T, people string) {
	t.Helper()
	x.desk.write(t, "people.csv", people)
	out := x.desk.run(t, "writ source sync hr && writ lifecycle run && writ provision run")
	t.Log(out)
	for _, state := range []string{"planned", "waiting", "failed", "dead"} {
		if out := x.desk.run(t, "writ provision list --state "+state+" -o json"); strings.Contains(out, `"opn_`) {
			t.Errorf("not everything was carried out: %s", out)
		}
	}
	x.desk.run(t, "writ system sync")
}

// groups are those of Eva in each server, as its own client says; nothing where she
// has no account, and "off" first where it lets nobody in.
func (x *life) groups(t *testing.T, system string) (found []string) {
	t.Helper()
	switch system {
	case "db":
		out, err := exec.Command("psql", "-X", "-At", x.db.URL("postgres"), "-c", //nolint:noctx,gosec // the test's own server
			`select case when rolcanlogin and rolconnlimit <> 0 then '' else 'off ' end || array_to_string(array(select pg_get_userbyid(roleid) from pg_auth_members where member = r.oid order by 1), ' ') || ' there' from pg_roles r where rolname = 'eva.lind'`).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found = strings.Fields(string(out))
	case "host":
		out, err := x.host.Try("id", "-Gn", "eva.lind")
		if err != nil {
			return nil
		}
		found = append(strings.Fields(out), "there")
		if expired, _ := x.host.Try("chage", "-l", "eva.lind"); !strings.Contains(expired, "Account expires\t\t\t\t\t\t: never") {
			found = append([]string{"off"}, found...)
		}
		found = slices.DeleteFunc(found, func(s string) bool { return s == "eva.lind" || s == "users" })
	case "corp":
		found = grouped(x.corp.Search(t, "(&(objectClass=groupOfNames)(member=uid=eva.lind,ou=people,"+x.corp.BaseDN()+"))", "cn"), "cn: ")
		if entry := x.corp.Search(t, "(uid=eva.lind)", "shadowExpire"); strings.Contains(entry, "shadowExpire: ") {
			found = append([]string{"off"}, append(found, "there")...)
		} else if strings.Contains(entry, "dn: ") {
			found = append(found, "there")
		}
	case "ad":
		entry := x.ad.Search(t, "(sAMAccountName=eva.lind)", "memberOf", "userAccountControl")
		for _, group := range grouped(entry, "memberOf: CN=") {
			name, _, _ := strings.Cut(group, ",")
			found = append(found, name)
		}
		if control := grouped(entry, "userAccountControl: "); len(control) == 1 {
			found = append(found, "there")
			if control[0] == "514" {
				found = append([]string{"off"}, found...)
			}
		}
	case "app":
		found = x.inApp(t)
	}
	return found
}

// inApp asks the SCIM service over HTTP.
func (x *life) inApp(t *testing.T) (found []string) {
	t.Helper()
	text, err := os.ReadFile(x.app.CA)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	ask := func(what string) (list struct{ Resources []map[string]any }) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.app.URL+what, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+string(x.app.Token.Reveal()))
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() //nolint:errcheck // it was read
		if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
			t.Fatalf("%s: %v", answer.Status, err)
		}
		return list
	}
	users := ask("/Users?filter=userName+eq+%22eva.lind@example.com%22").Resources
	if len(users) == 0 {
		return nil
	}
	for _, g := range ask("/Groups").Resources {
		if members, _ := json.Marshal(g["members"]); strings.Contains(string(members), fmt.Sprintf("%q", users[0]["id"])) {
			found = append(found, fmt.Sprint(g["displayName"]))
		}
	}
	if users[0]["active"] != true {
		found = append([]string{"off"}, found...)
	}
	return append(found, "there")
}

func grouped(ldif, attribute string) (found []string) {
	for line := range strings.Lines(ldif) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), attribute); ok {
			found = append(found, value)
		}
	}
	return found
}

func (x *life) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	for _, system := range lifeSystems {
		if got := x.groups(t, system); !slices.Equal(got, want) {
			t.Errorf("%s, %s says of her %v, want %v", when, system, got, want)
		}
	}
}

// Somebody joins, moves, leaves and comes back, in a file of HR; five real servers say by
// their own means what became of it, and whom no rule is about keeps what they had.
func TestAWorkingLife(t *testing.T) {
	x := newLife(t)
	x.expect(t, "before")
	x.says(t, eva("Treasury", ""))
	x.expect(t, "joined", "treasury", "there")
	x.says(t, eva("Payments", ""))
	x.expect(t, "moved", "payments", "there")
	x.says(t, eva("Payments", "2026-11-01"))
	x.expect(t, "left", "off", "there")
	x.says(t, eva("Treasury", ""))
	x.expect(t, "back", "treasury", "there")
	ben, err := exec.Command("psql", "-X", "-At", x.db.URL("postgres"), "-c", `select pg_has_role('ben.roy', 'treasury', 'member')`).CombinedOutput() //nolint:noctx,gosec // the test's own server
	if err != nil || strings.TrimSpace(string(ben)) != "t" {
		t.Errorf("whom no rule is about has lost what they had: %s", ben)
	}
	for _, event := range []string{"lifecycle.", "provision."} {
		if out := x.desk.run(t, "writ audit list --action "+event+" -o json"); !strings.Contains(out, event) {
			t.Errorf("the record says nothing of %s: %s", event, out)
		}
	}
	x.desk.run(t, "writ audit verify")
}
