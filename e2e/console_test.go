package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// consolePeople are the people of the demo who are signed in, by what they hold.
var consolePeople = map[string]string{
	"head": "E0000041", "security_operations": "E0000045", "platform_owner": "E0000042",
	"iam": "E0000006", "audit": "E0000003", "employee": "E0000100",
	"visitor": "E0000102", "traveller": "E0000041",
}

// TestConsoleInChromium serves the demo as 'make demo' does and lets a real browser go
// through console/e2e as each function: every page at two widths, light and dark, with axe
// on each and nothing that the page's policy refuses. E2E_SPECS names the specs to run (e2e/
// is all of them), and E2E_SHOTS a directory for what was seen.
func TestConsoleInChromium(t *testing.T) {
	specs := strings.Fields(os.Getenv("E2E_SPECS"))
	if len(specs) == 0 {
		t.Skip("it takes ten minutes of a browser, and has a target of its own: make test-console")
	}
	console := filepath.Join("..", "console")
	for _, built := range []string{"node_modules", "dist/index.html"} {
		if _, err := os.Stat(filepath.Join(console, built)); err != nil {
			t.Fatal("the console is not built: make console")
		}
	}
	address, data := freeAddress(t), filepath.Join(t.TempDir(), "demo")
	serveDemo(t, address, data)() // the first start makes the company
	links := map[string]string{}
	for who, number := range consolePeople {
		links[who] = signinLink(t, address, data, number)
	}
	secrets, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	defer serveDemo(t, address, data)()
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Minute)
	defer cancel()
	args := append([]string{"playwright", "test", "--config", "e2e/playwright.config.ts", "--reporter=line", "--output", t.TempDir()}, specs...)
	cmd := exec.CommandContext(ctx, "npx", args...)
	cmd.Dir = console
	cmd.Env = append(os.Environ(), "WRIT_URL="+origin(address), "WRIT_LINKS="+string(secrets), "E2E_BINARY="+writ(t), fmt.Sprint("E2E_POSTGRES=", clusterToAdd(t)))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// clusterToAdd is the port of a PostgreSQL cluster that somebody adds in the console: one
// role is somebody's by its name, one is nobody's.
func clusterToAdd(t *testing.T) int {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", "create role auditor login in role pg_monitor", "create role squiroga login superuser", "create role reports login")
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

// serveDemo serves the sample company until what it returns is called.
func serveDemo(t *testing.T, address, data string) (stop func()) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), writ(t), "demo", "--serve", "--data", data)
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
		if strings.Contains(lines.Text(), origin(address)+"/welcome#") {
			return stop
		}
	}
	stop()
	t.Fatal("it printed no URL that signs in")
	return nil
}
