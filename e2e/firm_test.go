package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/signin"
)

// firmPeople are who works at the firm, and what each is there for.
const firmPeople = `number,name,email,login,unit,title,manager,start,end
1,Ana Sol,ana@example.com,ana,IT,Administrator,7,2019-03-01,
2,Ben Roy,ben@example.com,ben,IT,Administrator,7,2020-03-01,
3,Ida Moe,ida@example.com,,IT,Identity and access,7,2020-03-01,
4,Sol Kay,sol@example.com,,Security,Operations,7,2020-03-01,
5,Pia Own,pia@example.com,,IT,Platform owner,7,2020-03-01,
6,Eva Lind,eva@example.com,,Finance,Clerk,7,2020-03-01,EVA
7,Olga Nye,olga@example.com,,Board,Head,,2019-03-01,
`

// firm is a company whose Writ is the built program, served. Its own desk is the node's;
// each of its people has another, with nothing of the node's but what a login gave them.
type firm struct {
	*desk
	url  string
	db   *testkit.PostgresServer
	host *testkit.Host
	mail *testkit.MailServer
	at   map[string]*person
	kill func() // ends the node as a power cut does
}

// person is somebody at a desk, and in a browser.
type person struct {
	*desk
	url     string
	key     *signin.Key
	passkey *testkit.Passkey
	cookie  string
}

// newFirm is a firm that is served, where some people have come in.
func newFirm(t *testing.T, in ...string) *firm {
	t.Helper()
	f := &firm{
		db: testkit.NewPostgres(t), host: testkit.NamedLinuxHost(t, "web1"), mail: testkit.Mail(t), desk: newDesk(t, "WRIT_DATABASE=", "WRIT_TOKEN=", "PASSPHRASE=of the backups"),
		at: map[string]*person{}, kill: func() {},
	}
	f.db.Exec(t, "postgres", `create role dba`, `create role auditors`, `create role readers`, `create role ana login`, `create role ben login`,
		`create role app login password '`+found+`'`, `create role reports login password '`+found+`'`, `create role emergency superuser login password '`+found+`'`,
		`create table hba (line text)`, `insert into hba values ('host all postgres 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256')`,
		`do $$ begin execute format('copy hba to %L', current_setting('hba_file')); end $$`, `drop table hba`, `select pg_reload_conf()`)
	f.host.Script(t, `useradd -m -s /bin/bash -p '*' ana; groupadd admins; groupadd operators; useradd -m -s /bin/bash batch; echo "batch:$1" | chpasswd`, found)
	f.host.Write(t, "/etc/sudoers.d/admins", "440", "%admins ALL=(ALL:ALL) NOPASSWD: ALL\n")
	f.people(t, "")
	f.write(t, "host_key", string(f.host.Key))
	f.write(t, "known_hosts", f.host.HostKey+"\n")
	f.run(t, "writ source add hr people.csv && writ source sync hr")
	f.run(t, "writ system add db=postgres='"+f.db.URL("postgres")+"'")
	f.run(t, "writ system add host=linux='"+f.host.URL()+"' --credential host=file:$HOME/host_key --option host.known_hosts=$HOME/known_hosts --option host.setuid=off")
	f.run(t, "writ system sync")
	for who, function := range map[string]string{"ida": "iam", "sol": "security_operations", "pia": "platform_owner", "ana": "security_operations"} {
		f.run(t, "writ function assign "+who+"@example.com "+function+" --reason 'their work'")
	}
	f.run(t, "writ vault init --seal file --reason 'the first one'")
	address := freeAddress(t)
	f.url = origin(address)
	f.write(t, "keep", "#!/bin/sh\ncat > '"+f.dir+"/told.new' && mv '"+f.dir+"/told.new' '"+f.dir+"/told'\n")
	f.run(t, "chmod 700 keep")
	f.write(t, "writ.yaml", fmt.Sprintf("address: %s\norigin: %s\nmail: {server: '%s', from: Writ <writ@example.com>, tls: none}\nhooks:\n  report: {run: [%s/keep], value: true}\n", address, f.url, f.mail.Clear, f.dir))
	t.Cleanup(func() { f.kill() })
	f.starts(t)
	f.comeIn(t, in...)
	return f
}

// linkFor is a link that signs somebody in, once.
func (f *firm) linkFor(t *testing.T, who string) string {
	t.Helper()
	var made struct{ Link string }
	f.json(t, "writ signin link "+who+"@example.com --config writ.yaml -o json", &made)
	return made.Link
}

// found is what opens accounts before Writ keeps them.
const found = "As-it-was-found-1"

// people is what HR says: until when Eva works there.
func (f *firm) people(t *testing.T, eva string) {
	t.Helper()
	f.write(t, "people.csv", strings.Replace(firmPeople, "EVA", eva, 1))
}

// starts has the program serve until it is killed.
func (f *firm) starts(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(f.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), writ(t), "server", "--config", "writ.yaml") //nolint:gosec // our own command
	cmd.Dir, cmd.Env, cmd.Stderr = f.dir, f.env, log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	f.kill = func() {
		f.kill = func() {}
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		_ = log.Close()
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Writ is at") {
			return
		}
	}
	f.kill()
	text, _ := os.ReadFile(filepath.Join(f.dir, "server.log"))
	t.Fatalf("the server never said where it is\n%s", text)
}

// comeIn has people sign in by a link, the first time, or their passkey, and log in at
// their desks. The programs that ask are answered one after the other and wait together.
func (f *firm) comeIn(t *testing.T, people ...string) {
	t.Helper()
	var ends []func()
	for _, who := range people {
		p := f.at[who]
		if p == nil {
			key, err := signin.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			p = &person{desk: newDesk(t, "WRIT_DATABASE=", "WRIT_TOKEN=", "XDG_CONFIG_HOME="), url: f.url, key: key}
			f.at[who] = p
			_, plain, _ := strings.Cut(f.linkFor(t, who), "#")
			p.browse(t, "/v1/signin/link", map[string]string{"secret": plain})
			p.passkey = testkit.NewPasskey(t, f.url, "localhost")
			p.browse(t, "/v1/passkeys/finish", map[string]any{"name": "a key", "credential": p.passkey.Register(p.asked(t, "/v1/passkeys/begin"))})
		} else {
			p.cookie = ""
			p.browse(t, "/v1/signin/passkey/finish", map[string]any{"credential": p.passkey.Sign(p.asked(t, "/v1/signin/passkey/begin"))})
		}
		ends = append(ends, p.logsIn(t))
	}
	for _, end := range ends {
		end()
	}
}

// browse is what somebody does in their browser.
func (p *person) browse(t *testing.T, path string, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := p.key.Prove(http.MethodPost, p.url+path, time.Now(), secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("DPoP", proof)
	if p.cookie != "" {
		r.Header.Set("Cookie", p.cookie)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %s %s %v", path, answer.Status, said, err)
	}
	for _, c := range answer.Cookies() {
		p.cookie = c.Name + "=" + c.Value
	}
	return said
}

// asked is what a passkey is asked.
func (p *person) asked(t *testing.T, path string) json.RawMessage {
	t.Helper()
	var ask struct {
		PublicKey json.RawMessage `json:"public_key"`
	}
	if err := json.Unmarshal(p.browse(t, path, nil), &ask); err != nil {
		t.Fatal(err)
	}
	return ask.PublicKey
}

var compared = regexp.MustCompile(`compare the code: ([A-Z]{4}-[A-Z]{4})`)

// logsIn begins 'writ login', says yes in the browser, and returns what waits for its end.
func (p *person) logsIn(t *testing.T) (end func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), writ(t), "login", p.url) //nolint:gosec // our own command
	cmd.Dir, cmd.Env = p.dir, p.env
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := compared.FindStringSubmatch(lines.Text()); m != nil {
			p.browse(t, "/v1/device/"+m[1]+"/approve", nil)
			return func() {
				rest, _ := io.ReadAll(said)
				if err := cmd.Wait(); err != nil {
					t.Fatalf("writ login: %v\n%s", err, rest)
				}
			}
		}
	}
	t.Fatalf("writ login shows no code: %v", cmd.Wait())
	return nil
}

// json runs a script that prints JSON.
func (d *desk) json(t *testing.T, script string, into any) {
	t.Helper()
	if text := d.run(t, script); json.Unmarshal([]byte(text), into) != nil {
		t.Fatalf("%s\nprints %s", script, text)
	}
}

// refused runs what must not be let, and expects one line that says this.
func (d *desk) refused(t *testing.T, script string, says ...string) {
	t.Helper()
	out, bad, err := d.try(script)
	for _, text := range says {
		if err == nil || out != "" || !strings.Contains(bad, text) || strings.Count(strings.TrimSpace(bad), "\n") > 0 {
			t.Errorf("%s\n%v %q %q, not %q", script, err, out, bad, text)
		}
	}
}

// idOf is the first id of a kind in a text.
func idOf(t *testing.T, kind, text string) string {
	t.Helper()
	id := regexp.MustCompile(`\b` + kind + `_[0-9a-z]{13}\b`).FindString(text)
	if id == "" {
		t.Fatalf("no id of %s in %s", kind, text)
	}
	return id
}

// waits until something is so.
func waits(t *testing.T, is func() bool, says func() string) {
	t.Helper()
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			t.Fatal(says())
		case <-tick.C:
		}
	}
}

// opensDB signs in to the database with the client that people use.
func (f *firm) opensDB(t *testing.T, login, password string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-At", "-h", "127.0.0.1", "-p", fmt.Sprint(f.db.Port), "-U", login, "-d", "postgres", "-c", "select current_user") //nolint:gosec // the test's own server
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	out, err := cmd.CombinedOutput()
	return err == nil && strings.TrimSpace(string(out)) == login
}

// opensHost signs in to the host with ssh, as its batch account.
func (f *firm) opensHost(t *testing.T, password string) bool {
	t.Helper()
	f.write(t, "askpass", "#!/bin/sh\nprintf '%s\\n' \"$GIVEN\"\n")
	host, port, _ := strings.Cut(f.host.Addr, ":")
	out, _, err := f.try("chmod 700 askpass; GIVEN='" + strings.ReplaceAll(password, "'", `'\''`) + "' SSH_ASKPASS=$HOME/askpass SSH_ASKPASS_REQUIRE=force ssh -F /dev/null -o UserKnownHostsFile=$HOME/known_hosts" +
		" -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1 -p " + port + " batch@" + host + " id -un </dev/null")
	return err == nil && strings.TrimSpace(out) == "batch"
}

// sql asks the database as its administrator.
func (f *firm) sql(t *testing.T, query string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "psql", "-X", "-At", f.db.URL("postgres"), "-c", query).CombinedOutput() //nolint:gosec // the test's own server
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// inDB and inHost are whether somebody is in a group, as the target itself says.
func (f *firm) inDB(t *testing.T, login, group string) bool {
	t.Helper()
	return f.sql(t, "select pg_has_role('"+login+"', '"+group+"', 'member')") == "t"
}

func (f *firm) inHost(t *testing.T, login, group string) bool {
	t.Helper()
	line := strings.TrimSpace(f.host.Run(t, "getent", "group", group))
	listed := strings.Contains(line[strings.LastIndex(line, ":")+1:], login)
	has := strings.Contains(" "+strings.TrimSpace(f.host.Run(t, "id", "-Gn", login))+" ", " "+group+" ")
	if has != listed {
		t.Logf("of %s in %s getent and id differ: it is being changed", login, group)
	}
	return listed || has
}
