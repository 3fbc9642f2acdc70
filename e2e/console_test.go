package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var signsIn = regexp.MustCompile(`http://localhost:\d+/welcome#\S+`)

// TestConsoleInChromium serves the demo as 'make demo' does and lets a real browser go
// through console/e2e: sign-in by link and by passkey, every page at two widths, light
// and dark, with axe on each and nothing that the page's policy refuses.
func TestConsoleInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs a browser and two minutes")
	}
	console := filepath.Join("..", "console")
	for _, built := range []string{"node_modules", "dist/index.html"} {
		if _, err := os.Stat(filepath.Join(console, built)); err != nil {
			t.Skip("the console is not built: make console")
		}
	}
	origin, link := demo(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npx", "playwright", "test", "--config", "e2e/playwright.config.ts", "--reporter=line", "--output", t.TempDir())
	cmd.Dir = console
	cmd.Env = append(os.Environ(), "WRIT_URL="+origin, "WRIT_LINK="+link)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// demo serves the sample company at a free port until the test ends.
func demo(t *testing.T) (origin, link string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), writ(t), "demo", "--serve", "--data", filepath.Join(t.TempDir(), "demo"))
	cmd.Env = append(os.Environ(), "WRIT_ADDRESS="+address, "WRIT_DATABASE=")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Cancel()
		if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "signal") {
			t.Errorf("Ctrl-C did not stop it cleanly: %v", err)
		}
	})
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_, _ = fmt.Fprintln(&said, lines.Text())
		if link = signsIn.FindString(lines.Text()); link != "" {
			go func() {
				for lines.Scan() {
				}
			}()
			return strings.Replace("http://"+address, "127.0.0.1", "localhost", 1), link
		}
	}
	t.Fatalf("it printed no URL that signs in:\n%s", said.String())
	return "", ""
}
