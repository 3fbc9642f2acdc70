package e2e

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// consolePeople are the people of the demo for whom a link is made, by what they come for.
var consolePeople = map[string]string{
	"head": "E0000041", "security_operations": "E0000045", "platform_owner": "E0000042",
	"iam": "E0000006", "audit": "E0000003", "employee": "E0000100",
	"visitor": "E0000102", "traveller": "E0000041", "follower": "E0000041", "confirming": confirms,
}

// confirms is whom the provider lets in, without a second factor.
const confirms = "E0000103"

// consoleWorkers is how many browsers work at once. Each has a server with a company of
// its own, so that none sees what another changes.
const consoleWorkers = 2

// TestConsoleInChromium makes the demo as 'make demo' does and lets a real browser go
// through console/e2e as each function: every page at two widths, light and dark, with axe
// on each and nothing that the page's policy refuses. E2E_SPECS names the specs to run
// (none is all of them), and E2E_SHOTS a directory for what was seen.
func TestConsoleInChromium(t *testing.T) {
	cluster := clusterToAdd(t)
	urls, links := serveCompanies(t)
	inChromium(t, links, urls, fmt.Sprint("E2E_POSTGRES=", cluster))
}

// inChromium has a browser for each of some servers go through the specs.
func inChromium(t *testing.T, links map[string]string, urls []string, env ...string) {
	t.Helper()
	console := filepath.Join("..", "console")
	for _, built := range []string{"node_modules", "dist/index.html"} {
		if _, err := os.Stat(filepath.Join(console, built)); err != nil {
			t.Fatal("the console is not built: make console")
		}
	}
	text, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 28*time.Minute)
	defer cancel()
	output := t.TempDir()
	args := append([]string{"playwright", "test", "--config", "e2e/playwright.config.ts", "--reporter=list", "--output", output}, strings.Fields(os.Getenv("E2E_SPECS"))...)
	cmd := exec.CommandContext(ctx, "npx", args...) //nolint:gosec // the specs of this project
	cmd.Dir = console
	cmd.Env = append(append(os.Environ(), "E2E_URLS="+strings.Join(urls, " "), "E2E_LINKS="+string(text), "E2E_BINARY="+writ(t)), env...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Error(err)
		tellPages(t, output)
	}
}

// tellPages logs what was on the page of each test that failed, and what it says after that:
// a long log is cut in front.
func tellPages(t *testing.T, output string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(output, "*", "error-context.md"))
	if err != nil {
		t.Error(err)
	}
	for _, file := range list {
		text, err := os.ReadFile(file) //nolint:gosec // of a folder of our own
		if err != nil {
			t.Error(err)
		}
		seen, _, _ := strings.Cut(string(text), "# Test source")
		said, page, _ := strings.Cut(seen, "# Page snapshot")
		t.Logf("%s:\n%s\n%s", filepath.Base(filepath.Dir(file)), page, said)
	}
}

// serveCompanies serves a company for each worker until the test ends, all made as one, and
// returns where they are and the links that are good once at each.
func serveCompanies(t *testing.T) (urls []string, links map[string]string) {
	t.Helper()
	addresses := make([]string, consoleWorkers)
	back := make([]string, consoleWorkers)
	for i := range addresses {
		addresses[i] = freeAddress(t)
		urls = append(urls, origin(addresses[i]))
		back[i] = urls[i] + "/signin/oidc/company/callback"
	}
	company := filepath.Join(t.TempDir(), "demo")
	serveDemo(t, addresses[0], company)() // the first start makes the company
	awaitFirstPasswords(t, company)
	widenGuard(t, addresses[0], company)
	links = map[string]string{}
	for who, number := range consolePeople {
		links[who] = signinLink(t, addresses[0], company, number)
	}
	provider := testkit.NewProvider(t, nil, back...)
	provider.Is(testkit.AtProvider{Subject: "confirms", Email: emailOf(t, company, confirms), Verified: true, Methods: []string{"pwd"}})
	for _, address := range addresses {
		own := filepath.Join(t.TempDir(), "demo")
		if out, err := exec.CommandContext(t.Context(), "cp", "-a", company, own).CombinedOutput(); err != nil { //nolint:gosec // folders of our own
			t.Fatalf("%v\n%s", err, out)
		}
		t.Cleanup(serveCompany(t, address, own, provider.URL))
	}
	return urls, links
}

// widenGuard lets the tests of a company take from more people in one hour than a real one
// would: else what one test orders is held for what others took.
func widenGuard(t *testing.T, address, data string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), writ(t), "--data", data, "lifecycle", "guard", "set", "--count", "120", "--reason", "many tests share this company")
	cmd.Env = demoEnviron(address)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// clusterToAdd is the port of a PostgreSQL cluster that somebody adds in the console: one
// role is somebody's by its name, one is nobody's, and of those whose secrets are kept the
// cluster asks the password. Each spec keeps roles of its own: several run at once.
func clusterToAdd(t *testing.T) int {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", "create role auditor login in role pg_monitor", "create role squiroga login superuser", "create role reports login",
		"create role app_keeper login password 'as it was found, 1'",
		"create role svc_takeover superuser login password 'as it was found, 1'", "create role svc_takeover_b superuser login password 'as it was found, 1'",
		"create extension postgres_fdw", "create server crm foreign data wrapper postgres_fdw options (host 'crm.example.com')",
		"create user mapping for reports server crm options (user 'remote', password 'nobody reads this')",
		"create table hba (line text)",
		"insert into hba values ('host all app_keeper,svc_takeover,svc_takeover_b 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')",
		"do $$ begin execute format('copy hba to %L', current_setting('hba_file')); end $$", "drop table hba", "select pg_reload_conf()")
	return p.Port
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it is free again
	return l.Addr().String()
}

// origin is what a browser calls it: passkeys need a name, not a number.
func origin(address string) string {
	return strings.Replace("http://"+address, "127.0.0.1", "localhost", 1)
}

func demoEnviron(address string) []string {
	return append(os.Environ(), "WRIT_ADDRESS="+address, "WRIT_DATABASE=")
}

// signinLink is a link for one of the company, made beside a server that is stopped.
func signinLink(t *testing.T, address, data, number string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), writ(t), "--data", data, "-o", "json", "signin", "link", number)
	cmd.Env = demoEnviron(address)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("a link for %s: %v", number, err)
	}
	var answer struct {
		Link string `json:"link"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Link
}

// emailOf is somebody's email, as the company's file of people has it.
func emailOf(t *testing.T, data, number string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(data, "sample", "hr.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at, email := slices.Index(rows[0], "number"), slices.Index(rows[0], "email")
	i := slices.IndexFunc(rows, func(row []string) bool { return row[at] == number })
	if i < 0 || rows[i][email] == "" {
		t.Fatalf("%s has no email", number)
	}
	return rows[i][email]
}

// serveDemo serves the sample company as 'make demo' does until what it returns is called.
func serveDemo(t *testing.T, address, data string) (stop func()) {
	t.Helper()
	return starts(t, address, origin(address)+"/welcome#", "demo", "--serve", "--data", data)
}

// serveCompany serves it with a provider that people can sign in at.
func serveCompany(t *testing.T, address, data, issuer string) (stop func()) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "writ.yaml")
	text := fmt.Sprintf("oidc:\n- name: company\n  title: The company\n  issuer: %s\n  client_id: %s\n  client_secret: env:E2E_SECRET\n", issuer, testkit.ProviderClient)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("E2E_SECRET", testkit.ProviderSecret)
	return starts(t, address, "Writ is at", "server", "--config", config, "--data", data)
}

// starts runs the command as a server, from when it says that it is one until what is
// returned is called.
func starts(t *testing.T, address, says string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), writ(t), args...)
	cmd.Env = demoEnviron(address)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	stop = func() {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("Ctrl-C did not stop it cleanly: %v\n%s", err, said.String())
		}
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), says) {
			return stop
		}
	}
	stop()
	t.Fatalf("it never said %q", says)
	return nil
}
