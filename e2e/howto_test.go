package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/connector/mariadb"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// The pages say which of their blocks a test runs: behind the language stands
// where. `target` runs on the system that is to be read, `folder` in the folder of
// an example, `writ` where Writ runs; with csv, it is the file that the block is.
var fence = regexp.MustCompile("(?m)^```([a-z]+) (\\S+)\n((?s:.*?))^```$")

// howto is one page.
type howto struct{ name, text string }

func page(t *testing.T, name string) howto {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "how-to", name+".md")) //nolint:gosec // our own pages
	if err != nil {
		t.Fatal(err)
	}
	return howto{name, string(text)}
}

// blocks are the blocks of one language and place. A page that lost them would
// otherwise pass by testing nothing.
func (p howto) blocks(t *testing.T, language, place string) (list []string) {
	t.Helper()
	for _, m := range fence.FindAllStringSubmatch(p.text, -1) {
		if m[1] == language && m[2] == place {
			list = append(list, m[3])
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s.md has no block %q", p.name, language+" "+place)
	}
	return list
}

// desk is a folder at which somebody follows a page: it has the example's files.
type desk struct {
	dir string
	env []string
}

func newDesk(t *testing.T, env ...string) *desk {
	t.Helper()
	d := &desk{dir: t.TempDir()}
	d.env = append(os.Environ(), "HOME="+d.dir, "WRIT_DATA="+filepath.Join(d.dir, "data"),
		"PATH="+filepath.Dir(writ(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	d.env = append(d.env, env...)
	for _, m := range fence.FindAllStringSubmatch(page(t, "csv").text, -1) {
		if m[1] == "csv" {
			d.write(t, m[2], m[3])
		}
	}
	return d
}

func (d *desk) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// try runs a script at the desk.
func (d *desk) try(script string) (stdout, stderr string, err error) {
	cmd := exec.Command("sh", "-eu", "-c", script) //nolint:noctx,gosec // our own pages' commands, which end by themselves
	cmd.Dir, cmd.Env = d.dir, d.env
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	err = cmd.Run()
	return out.String(), bad.String(), err
}

func (d *desk) run(t *testing.T, script string) string {
	t.Helper()
	stdout, stderr, err := d.try(script)
	if err != nil {
		t.Fatalf("%s\n%v\n%s%s", script, err, stdout, stderr)
	}
	return stdout
}

// counts syncs a system and returns how much was read, by kind of thing.
func (d *desk) counts(t *testing.T, system string) map[string]any {
	t.Helper()
	var got struct {
		Synced []map[string]any `json:"synced"`
	}
	if err := json.Unmarshal([]byte(d.run(t, "writ system sync -o json "+system)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Synced) != 1 {
		t.Fatalf("%s: %v", system, got)
	}
	counts, ok := got.Synced[0]["counts"].(map[string]any)
	if !ok || counts["accounts"] == nil || counts["grants"] == nil {
		t.Fatalf("%s: nothing was counted: %v", system, got)
	}
	return counts
}

// What the CSV page shows works as shown.
func TestHowToCSV(t *testing.T) {
	p, d := page(t, "csv"), newDesk(t)
	d.run(t, strings.Join(p.blocks(t, "sh", "folder"), ""))
	out := d.run(t, strings.Join(p.blocks(t, "sh", "writ"), ""))
	if strings.Contains(out, "FAILED") {
		t.Errorf("a sync failed:\n%s", out)
	}
	counts := d.counts(t, "erp")
	if counts["accounts"] != 3.0 || counts["entitlements"] != 2.0 || counts["grants"] != 3.0 || counts["rejected"] != nil && counts["rejected"] != 0.0 {
		t.Errorf("the example of a folder was read as %v", counts)
	}
}

// The role that the PostgreSQL page makes reads as much as a superuser.
func TestHowToPostgres(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", "create database payroll", "revoke connect on database payroll from public", "create role dba createrole",
		"create role ana login in role dba", "create role clerk login")
	server.Exec(t, "payroll", "create schema pay authorization dba", "create table pay.salary (id int, amount int)",
		"grant select on pay.salary to dba", "grant usage on schema pay to clerk", "grant select (id) on pay.salary to clerk", "alter table pay.salary owner to ana")
	p, d := page(t, "postgres"), newDesk(t)
	at := strings.NewReplacer("writ@db1.example.com/postgres", strings.TrimPrefix(strings.Replace(server.URL("postgres"), "postgres@", "writ@", 1), "postgres://"))
	shown := at.Replace(strings.Join(p.blocks(t, "sh", "writ"), ""))

	sql := p.blocks(t, "sql", "target")
	server.Exec(t, "postgres", sql[0])
	if out, said, err := d.try(shown); err == nil || !strings.Contains(out+said, "may not connect to database") {
		t.Errorf("without the page's second statement all went well: %v\n%s%s", err, out, said)
	}
	for _, statements := range sql[1:] {
		server.Exec(t, "postgres", statements)
	}
	d = newDesk(t, "PAYROLL_PASSWORD=of a later session")
	d.run(t, shown)
	d.run(t, "writ system add super=postgres='"+server.URL("postgres")+"'")
	sameCounts(t, d.counts(t, "payroll"), d.counts(t, "super"))
}

// The role that the PostgreSQL page makes for changes lives an account through, and reads.
func TestHowToPostgresChanges(t *testing.T) {
	server := testkit.NewPostgres(t)
	for _, statements := range page(t, "postgres").blocks(t, "sql", "change") {
		server.Exec(t, "postgres", statements)
	}
	liveThrough(t, postgres.Spec(), connector.Config{Name: "payroll", Address: strings.Replace(server.URL("postgres"), "postgres@", "writ_change@", 1)}, nil)
}

// The account that the Linux page makes reads as much as root.
func TestHowToLinux(t *testing.T) {
	host := testkit.LinuxHost(t)
	host.Script(t, "groupadd operators; useradd -m -s /bin/bash -G operators ana; useradd -m -s /bin/bash ben")
	host.Script(t, "ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key > /etc/ssh/ssh_host_ed25519_key.pub")
	host.Write(t, "/etc/sudoers.d/operators", "440", "%operators ALL=(root) NOPASSWD: /usr/bin/less /var/log/*\n")
	p, d := page(t, "linux"), newDesk(t)
	private, public := testkit.KeyPair(t, "writ")
	d.write(t, "writ_key", string(private))
	d.write(t, "root_key", string(host.Key))
	d.write(t, "known_hosts", host.HostKey+"\n")

	there := strings.NewReplacer("PUBLIC-KEY", public, "192.0.2.10", "127.0.0.1")
	said := host.Script(t, there.Replace(strings.Join(p.blocks(t, "sh", "target"), "")))
	fingerprint := regexp.MustCompile(`SHA256:\S+`).FindString(said)
	d.run(t, strings.ReplaceAll(strings.Join(p.blocks(t, "sh", "writ"), ""), "db1.example.com", host.Addr))
	d.run(t, "writ system add super=linux=ssh://root@"+host.Addr+" --credential super=file:$HOME/root_key --option super.host_key="+fingerprint)
	super := d.counts(t, "super")
	sameCounts(t, d.counts(t, "db1"), super)
	liveThrough(t, linux.Spec(), connector.Config{
		Name: "db1", Address: "ssh://writ@" + host.Addr, Credential: secret.New(private), Options: map[string]string{"host_key": fingerprint},
	}, map[string]string{"shell": "/bin/bash"})
	// A key that is piped in is sealed, and signs in without the file.
	d.run(t, "writ system add kept=linux=ssh://root@"+host.Addr+" --credential kept=stdin --option kept.host_key="+fingerprint+" < $HOME/root_key; rm $HOME/root_key")
	sameCounts(t, d.counts(t, "kept"), super)
}

func sameCounts(t *testing.T, got, want map[string]any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the page's account read %v, a superuser %v", got, want)
	}
	t.Logf("read: %v", got)
}

// aboutSystem are the options of every kind of system.
var aboutSystem = []string{"environment", "criticality", "data_class", "business_owner", "technical_owner", "runs_on"}

var (
	optionRow  = regexp.MustCompile("(?m)^\\| `([^`]+)`")
	optionUsed = regexp.MustCompile(`--option ([a-z0-9]+)\.([a-z_][a-zA-Z_.]*)=`)
)

// Every option of a kind is on its page, and every option on a page exists.
func TestHowToOptions(t *testing.T) {
	for _, spec := range []connector.Spec{csv.Spec(), linux.Spec(), mariadb.Spec(), mariadb.MySQLSpec(), postgres.Spec()} {
		p := page(t, spec.Kind)
		var has []string
		for _, o := range spec.Options {
			has = append(has, o.Name)
		}
		_, section, _ := strings.Cut(p.text, "\n## Options\n")
		section, _, _ = strings.Cut(section, "\n## ")
		var told []string
		for _, m := range optionRow.FindAllStringSubmatch(section, -1) {
			told = append(told, m[1])
		}
		slices.Sort(has)
		if slices.Sort(told); !slices.Equal(told, has) {
			t.Errorf("%s.md has a row for each of %q, the kind has %q", p.name, told, has)
		}
		for _, name := range aboutSystem {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("%s.md does not name option %s, which every kind takes", p.name, name)
			}
		}
		for _, m := range optionUsed.FindAllStringSubmatch(p.text, -1) {
			if m[1] == "column" {
				if _, err := csv.OpenPeople(connector.Config{Options: map[string]string{"column." + m[2]: "x"}}); err != nil {
					t.Error(err)
				}
			} else if !slices.Contains(has, m[2]) && !slices.Contains(aboutSystem, m[2]) {
				t.Errorf("%s.md uses option %s, which the kind does not have", p.name, m[2])
			}
		}
	}
}

var (
	pageNamed = regexp.MustCompile(`docs/how-to/[a-z0-9-]+\.md`)
	pageLink  = regexp.MustCompile(`\]\(([a-z0-9-]+\.md)[)#]`)
)

// Every page that is spoken of is there: in help texts, in package docs, in
// other documents and in other pages.
func TestHowToPagesExist(t *testing.T) {
	named := map[string]string{} // page to who names it
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && slices.Contains([]string{".git", "node_modules"}, d.Name()) {
				return fs.SkipDir
			}
			return err
		}
		if !slices.Contains([]string{".go", ".md", ".txtar"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // the project's own files
		for _, name := range pageNamed.FindAllString(string(text), -1) {
			named[name] = path
		}
		if filepath.Base(filepath.Dir(path)) == "how-to" {
			for _, m := range pageLink.FindAllStringSubmatch(string(text), -1) {
				named["docs/how-to/"+m[1]] = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named) == 0 {
		t.Error("nothing names a page: has the folder moved?")
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Errorf("%s names %s, which is not there", named[name], name)
		}
	}
}
