package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// The company of this test. Ana is in a group of the directory that sudo on the
// database's host lets do anything. Ben is in one that a role of the database stands
// for. Cho is in one that may write the keys of the service svc-pay, which the
// database lets in as the owner of the salaries. Dee has an account and nothing more.
const acrossPeople = `number,name,email,unit,title,manager,start,end
1,Ana Sol,ana.sol@example.com,IT,Administrator,,2019-03-01,
2,Ben Roy,ben.roy@example.com,Finance,Clerk,1,2024-06-15,
3,Cho Kim,cho.kim@example.com,IT,Engineer,1,2022-01-10,
4,Dee Fox,dee.fox@example.com,Sales,Clerk,1,2022-01-10,
5,Eva Lind,eva.lind@example.com,Finance,Clerk,1,2022-01-10,
`

const acrossPerson = `dn: uid=%[1]s,ou=people,dc=example,dc=test
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: posixAccount
uid: %[1]s
cn: %[2]s
sn: x
mail: %[1]s@example.com
employeeNumber: %[3]d
uidNumber: %[4]d
gidNumber: 100
homeDirectory: /home/%[1]s
loginShell: /bin/bash
userPassword: secret of %[1]s

`

const acrossGroup = `dn: cn=%[1]s,ou=groups,dc=example,dc=test
objectClass: posixGroup
cn: %[1]s
gidNumber: %[2]d
memberUid: %[3]s

`

const payKeys = "/home/svc-pay/.ssh/authorized_keys"

// across is the company's servers: a directory, a host that takes its people from
// it, and a database on that host.
type across struct {
	corp *testkit.SlapdServer
	host *testkit.Host
	pay  *testkit.HostPostgres
}

func newAcross(t *testing.T) *across {
	t.Helper()
	x := &across{corp: testkit.NewSlapd(t, testkit.SlapdConfig{}), host: testkit.NamedLinuxHost(t, "db1")}
	tree := "dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,dc=example,dc=test\nobjectClass: organizationalUnit\nou: groups\n\n"
	for i, name := range []string{"Ana Sol", "Ben Roy", "Cho Kim", "Dee Fox", "Eva Lind"} {
		tree += fmt.Sprintf(acrossPerson, strings.ReplaceAll(strings.ToLower(name), " ", "."), name, i+1, 20001+i)
	}
	x.corp.Add(t, tree+fmt.Sprintf(acrossGroup, "dba", 21001, "ana.sol")+fmt.Sprintf(acrossGroup, "pay_readers", 21002, "ben.roy\nmemberUid: eva.lind")+fmt.Sprintf(acrossGroup, "keepers", 21003, "cho.kim"))
	x.host.Script(t, "useradd -m -s /bin/bash -p '*' svc-pay")
	x.host.UseDirectory(t, x.corp)
	x.host.Script(t, `install -d -m 755 -o svc-pay -g svc-pay /home/svc-pay/.ssh
install -m 664 -o svc-pay -g keepers /dev/null "$1"
echo "StrictModes no" >> /etc/ssh/sshd_config # as on hosts where somebody had to share such a file
kill -HUP "$(cat /run/sshd.pid)"`, payKeys)
	x.host.Write(t, "/etc/sudoers.d/dba", "440", "%dba ALL=(ALL:ALL) NOPASSWD: ALL\n")
	_, port, _ := strings.Cut(strings.TrimPrefix(x.corp.URL(), "ldap://"), ":")
	x.pay = x.host.Postgres(t, strings.ReplaceAll(`local all postgres peer
local all pay_owner peer map=services
local all all peer
host all writ 127.0.0.1/32 scram-sha-256
host all postgres,pay_owner 127.0.0.1/32 reject
host all all 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport=PORT ldapprefix="uid=" ldapsuffix=",ou=people,dc=example,dc=test"
`, "PORT", port), "services svc-pay pay_owner\n")
	x.pay.Exec(t, "postgres", "create role pay_readers", "create role pay_owner login", `create role "ben.roy" login in role pay_readers`,
		`create role "dee.fox" login`, "create role writ login password 'of writ'", "create database pay owner pay_owner")
	x.pay.Exec(t, "pay", "create table salary (amount int)", "alter table salary owner to pay_owner", "insert into salary values (4711)", "grant select on salary to pay_readers")
	for _, view := range []string{"pg_hba_file_rules", "pg_ident_file_mappings"} {
		x.pay.Exec(t, "postgres", "grant execute on function "+view+"() to writ", "grant select on "+view+" to writ")
	}
	return x
}

// readsSalaries reports whether a command as an account of the host reads them.
func (x *across) readsSalaries(account string, argv ...string) bool {
	out, err := x.host.Try(append([]string{"runuser", "-u", account, "--"}, argv...)...)
	return err == nil && strings.Contains(out, "4711")
}

const selectSalaries = "select amount from salary"

// psql asks for the salaries over the socket.
func (x *across) psql(role string) []string {
	return []string{"psql", "-X", "-w", "-At", "-h", "/run/postgresql", "-p", fmt.Sprint(x.pay.Port), "-U", role, "-d", "pay", "-c", selectSalaries}
}

// byKey puts a key of an account's own into the service's file and signs in with it.
func (x *across) byKey(t *testing.T, account string) bool {
	t.Helper()
	private, public := testkit.KeyPair(t, account)
	key := "/tmp/key-of-" + account
	x.host.Write(t, key, "600", string(private))
	x.host.Run(t, "chown", account, key)
	_, port, _ := strings.Cut(x.host.Addr, ":")
	ask := strings.TrimSuffix(strings.Join(x.psql("pay_owner"), " "), selectSalaries) + "'" + selectSalaries + "'"
	return x.readsSalaries(account, "sh", "-euc", `echo "$1" >> "$2"
exec ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i "$3" -p "$4" svc-pay@127.0.0.1 "$5"`,
		"sh", public, payKeys, key, port, ask)
}

// What the servers themselves say: the test's own premises.
func (x *across) premises(t *testing.T) {
	t.Helper()
	for account, want := range map[string]bool{"ana.sol": true, "ben.roy": false, "cho.kim": false, "dee.fox": false} {
		_, err := x.host.Try("sudo", "-n", "-l", "-U", account, "-u", "postgres", "/usr/bin/psql")
		asRoot := x.readsSalaries(account, append([]string{"sudo", "-n", "-u", "postgres"}, x.psql("postgres")...)...)
		if (err == nil) != want || asRoot != want {
			t.Errorf("%s by sudo: may %v (%v), does %v, want %v", account, err == nil, err, asRoot, want)
		}
	}
	for account, want := range map[string]bool{"ana.sol": false, "ben.roy": true, "cho.kim": false, "dee.fox": false} {
		network := append([]string{"env", "PGPASSWORD=secret of " + account}, x.psql(account)...)
		network[slices.Index(network, "/run/postgresql")] = "127.0.0.1"
		if got := x.readsSalaries(account, network...); got != want {
			t.Errorf("%s with the directory's password reads the salaries: %v, want %v", account, got, want)
		}
		if got := x.readsSalaries(account, x.psql(account)...); got != want {
			t.Errorf("%s over the socket reads the salaries: %v, want %v", account, got, want)
		}
	}
	for account, want := range map[string]bool{"ben.roy": false, "cho.kim": true, "dee.fox": false} {
		if got := x.byKey(t, account); got != want {
			t.Errorf("%s reads the salaries by a key in the service's file: %v, want %v", account, got, want)
		}
	}
	x.host.Run(t, "truncate", "-s", "0", payKeys)
	const eva = `"eva.lind"`
	if x.readsSalaries("eva.lind", x.psql("eva.lind")...) {
		t.Error("eva.lind has a role already")
	}
	x.pay.Exec(t, "postgres", "create role "+eva+" login in role pay_readers") // what the tool does when it runs
	if !x.readsSalaries("eva.lind", x.psql("eva.lind")...) {
		t.Error("eva.lind does not get by her group what the test means her to")
	}
	x.pay.Exec(t, "postgres", "drop role "+eva)
}

// read lets Writ read all three, each named to the others.
func (x *across) read(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, "PAY_PASSWORD=of writ", "CORP_PASSWORD="+string(x.corp.ReaderPassword().Reveal()))
	d.write(t, "people.csv", acrossPeople)
	d.write(t, "host_key", string(x.host.Key))
	d.write(t, "known_hosts", x.host.HostKey+"\n")
	command := strings.NewReplacer("PAY", x.pay.URL("writ", "postgres"), "CORP", x.corp.TLSURL()+"/"+x.corp.BaseDN(), "READER", x.corp.ReaderDN(), "CA", x.corp.CA(), "HOST", x.host.URL())
	t.Log(d.run(t, command.Replace(`writ assess --hr people.csv --keep "$WRIT_DATA" \
  --system payroll=postgres='PAY' --credential payroll=env:`)+`PAY_PASSWORD `+command.Replace(`\
  --option payroll.runs_on=db1 --option payroll.environment=production --option payroll.data_class.pay=restricted --option payroll.host=db1 --option payroll.directory=corp --option payroll.group_roles='pay_readers=cn=pay_readers,ou=groups,dc=example,dc=test' \
  --system db1=linux='HOST' --credential db1=file:$HOME/host_key --option db1.known_hosts=$HOME/known_hosts --option db1.directory=corp --option db1.setuid=off \
  --system corp=ldap='CORP' --option corp.bind_dn='READER' --option corp.ca='CA' --credential corp=env:`)+"CORP_PASSWORD"))
	return d
}

// why is the first sentence and the kinds of step of an answer.
func (d *desk) why(t *testing.T, person, target string, more ...string) (sentence string, steps []string) {
	t.Helper()
	var got struct {
		Paths []struct {
			Sentence string `json:"sentence"`
			Steps    []struct {
				How string `json:"how"`
			} `json:"steps"`
		} `json:"paths"`
	}
	text := d.run(t, fmt.Sprintf("writ why '%s' '%s' -o json %s", person, target, strings.Join(more, " ")))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Paths) == 0 {
		return "", nil
	}
	for _, s := range got.Paths[0].Steps {
		steps = append(steps, s.How)
	}
	return got.Paths[0].Sentence, steps
}

// Access that crosses a directory, a host and a database is found, told in one
// sentence, and is what the servers do.
func TestAccessAcrossSystems(t *testing.T) {
	x := newAcross(t)
	x.premises(t)
	d := x.read(t)
	data := filepath.Join(d.dir, "data")

	questions := []struct {
		target string
		more   []string
		want   []string
	}{
		{"db1/sudo:ALL:ALL", nil, []string{"Ana Sol"}},
		{"payroll/role:pay_readers", nil, []string{"Ben Roy", "Eva Lind"}},
		{"payroll/table:pay.public.salary:SELECT", nil, []string{"Ben Roy", "Eva Lind"}},
		{"payroll/owner:pay.public.salary", nil, nil},
		{"payroll/owner:pay.public.salary", []string{"--escalation"}, []string{"Ana Sol", "Cho Kim"}},
		{"payroll/attr:superuser", []string{"--escalation"}, []string{"Ana Sol"}},
	}
	for _, q := range questions {
		if got := whoCan(t, data, q.target, q.more...); !slices.Equal(got, q.want) {
			t.Errorf("who can reach %s %v: %v, want %v", q.target, q.more, got, q.want)
		}
	}

	sentences := []struct{ person, target, more, want string }{
		{"1", "payroll", "--escalation", "Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, is in the group dba of db1, through it may run anything as anybody on db1, and so controls db1, on which the database server payroll runs: so Ana Sol controls payroll."},
		{"2", "payroll/role:pay_readers", "", "Ben Roy signs in to the database server payroll as ben.roy with the account ben.roy of the directory corp and has the role pay_readers of payroll."},
		{"5", "payroll/role:pay_readers", "", "Eva Lind has the account eva.lind in the directory corp, is in the group pay_readers of corp and through it has the role pay_readers of the database server payroll."},
		{"3", "payroll/owner:pay.public.salary", "--escalation", "Cho Kim signs in to the host db1 as cho.kim with the account cho.kim of the directory corp, is in the group keepers of db1, through it may write " + payKeys + " on db1, and so can become svc-pay on db1, who signs in from there to the database server payroll as pay_owner and owns pay.public.salary on payroll."},
		{"4", "payroll/owner:pay.public.salary", "--escalation", ""},
	}
	for _, tt := range sentences {
		if got, steps := d.why(t, tt.person, tt.target, tt.more); got != tt.want {
			t.Errorf("why %s %s:\n got %s\n     %v\nwant %s", tt.person, tt.target, got, steps, tt.want)
		}
	}
	x.findings(t, d)
}

// findings: each way up is a finding of the account that it starts from.
func (x *across) findings(t *testing.T, d *desk) {
	t.Helper()
	var got struct {
		Findings []struct {
			Subject  subject `json:"subject"`
			Evidence []any   `json:"evidence"`
		} `json:"findings"`
	}
	if err := json.Unmarshal([]byte(d.run(t, "writ findings --rule escalation-path -o json")), &got); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range got.Findings {
		found[f.Subject.System+"/"+f.Subject.Name] = fmt.Sprint(f.Evidence)
	}
	for account, through := range map[string]string{"corp/ana.sol": "payroll", "corp/cho.kim": "pay.public.salary"} {
		if !strings.Contains(found[account], through) {
			t.Errorf("no finding says that %s gets to %s: %v", account, through, found)
		}
	}
	if out := d.run(t, "writ findings --rule direct-grant-outside-role -o json"); !strings.Contains(out, `"findings": []`) {
		t.Errorf("being in a directory's group counts as a grant past it: %s", out)
	}
	for account := range found {
		if strings.Contains(account, "dee.fox") || strings.Contains(account, "ben.roy") {
			t.Errorf("%s is said to get further than it does: %s", account, found[account])
		}
	}
}

type subject struct {
	Name   string `json:"name"`
	System string `json:"system"`
}
