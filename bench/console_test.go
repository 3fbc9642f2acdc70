package bench

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkConsole opens the console of the large company in a real browser that has
// nothing cached: when the first view can be used, and how soon the first page of a
// million identities is there. It needs the console built ('make console').
func BenchmarkConsole(b *testing.B) {
	writ, data := program(b), largeCopy(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	origin := strings.Replace("http://"+address, "127.0.0.1", "localhost", 1)
	environ := append(os.Environ(), "WRIT_ADDRESS="+address, "WRIT_DATABASE=")
	environ = without(environ, "WRIT_BENCH_")
	ask := func(args ...string) []byte {
		cmd := exec.CommandContext(b.Context(), writ, append([]string{"--data", data, "-o", "json"}, args...)...)
		cmd.Env = environ
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("writ %s: %v", args[0], err)
		}
		return out
	}
	ask("function", "assign", "E0000041", "iam", "--reason", "the benchmark")
	var made struct {
		Link string `json:"link"`
	}
	if err := json.Unmarshal(ask("signin", "link", "E0000041"), &made); err != nil {
		b.Fatal(err)
	}
	server := exec.Command(writ, "server", "--data", data) //nolint:noctx // it is told to end
	server.Env = environ
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
	}()
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), "Writ is at"); {
	}
	links, err := json.Marshal(map[string]string{"head": made.Link})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), "npx", "playwright", "test", "--config", "e2e/bench.config.ts", "--reporter=line", "--output", b.TempDir())
		cmd.Dir = filepath.Join("..", "console")
		cmd.Env = append(environ, "E2E_URLS="+origin, "E2E_LINKS="+string(links))
		said, err := cmd.CombinedOutput()
		for line := range strings.Lines(string(said)) {
			if _, figure, found := strings.Cut(line, "figure: "); found {
				b.Log(strings.TrimSpace(figure))
			}
		}
		if err != nil {
			b.Fatalf("%v\n%s", err, said)
		}
	}
}

// without leaves out what the server would not know.
func without(environ []string, prefix string) (left []string) {
	for _, e := range environ {
		if !strings.HasPrefix(e, prefix) {
			left = append(left, e)
		}
	}
	return left
}
