package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/e2e/sampleload"
)

var (
	buildOnce sync.Once
	binary    string
	errBuild  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if binary != "" {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// writ is the real command, built once.
func writ(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "writ-e2e-")
		if err != nil {
			errBuild = err
			return
		}
		binary = filepath.Join(dir, "writ")
		out, err := exec.Command("go", "build", "-o", binary, "github.com/writhq/writ/cmd/writ").CombinedOutput() //nolint:noctx,gosec // the compiler ends by itself
		if err != nil {
			errBuild = &buildError{string(out), err}
		}
	})
	if errBuild != nil {
		t.Fatal(errBuild)
	}
	return binary
}

type buildError struct {
	out string
	err error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// run runs the command with a data folder of its own and returns what it printed.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(writ(t), args...) //nolint:noctx,gosec // our own command, which ends by itself
	cmd.Env = append(os.Environ(), "WRIT_DATA="+t.TempDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("writ %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes()
}

// sampleOf makes a sample company with the command.
func sampleOf(t *testing.T, size string) (dir string, key []Planted) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "sample")
	run(t, "sample", "--size", size, "--seed", "1", "--out", dir)
	text, err := os.ReadFile(filepath.Join(dir, "answers.json")) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	var answers struct {
		Planted []Planted `json:"planted"`
	}
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	return dir, answers.Planted
}

// judge runs assess and compares its findings with the key.
func judge(t *testing.T, key []Planted, args ...string) {
	t.Helper()
	var got struct {
		Findings []Finding `json:"findings"`
		Systems  []struct {
			Name   string   `json:"name"`
			Errors []string `json:"errors"`
		} `json:"systems"`
	}
	if err := json.Unmarshal(run(t, append([]string{"assess", "-o", "json"}, args...)...), &got); err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Systems {
		if len(s.Errors) > 0 {
			t.Errorf("system %s: %v", s.Name, s.Errors)
		}
	}
	check(t, key, got.Findings)
}

// check compares findings with a key and prints the table.
func check(t *testing.T, key []Planted, found []Finding) {
	t.Helper()
	score := Match(key, found)
	var table bytes.Buffer
	score.Print(&table)
	t.Logf("\n%s", table.String())
	if score.Recall() < 1 || score.Precision() < 0.98 {
		t.Errorf("recall %.4f, want 1; precision %.4f, want at least 0.98; missed %v; extra %v", score.Recall(), score.Precision(), score.Missed, score.Extra)
	}
}

// Everything that is planted in the sample company is found, and little else.
func TestRecallOnTheSample(t *testing.T) {
	dir, key := sampleOf(t, "small")
	judge(t, key, "--sample", dir)
}

// The same company, with its clusters, hosts and directories built for real, each
// with the names of the others where access crosses.
func TestRecallOnRealServers(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers, which -short leaves out; make test runs it")
	}
	dir, key := sampleOf(t, "small")
	args := []string{"--sample", dir}
	for _, system := range []string{"payroll-db", "app-db"} {
		args = append(args, "--system", system+"=postgres="+sampleload.Postgres(t, dir, system))
	}
	for _, system := range []string{"db1", "web1", "build1"} {
		addr, private, knownHosts := sampleload.Linux(t, dir, system)
		args = append(args, served(t, system, "linux", sampleload.Served{
			Address: "ssh://root@" + addr, Credential: private, Options: map[string]string{"known_hosts": knownHosts},
		})...)
	}
	directory := sampleload.Directory(t, dir, "corp-directory")
	args = append(args, served(t, "corp-directory", "ldap", directory)...)
	args = append(args, served(t, "office-ad", "ldap", sampleload.Domain(t, dir, "office-ad"))...)
	h := sampleload.HostIn(t, dir, "ledger1", directory)
	args = append(args, served(t, "ledger1", "linux", sampleload.Served{
		Address: h.URL(), Credential: h.Key, Options: map[string]string{"known_hosts": h.HostKey, "directory": "corp-directory"},
	})...)
	dsn, password := sampleload.PostgresOn(t, dir, "ledger-db", h, directory)
	args = append(args, served(t, "ledger-db", "postgres", sampleload.Served{
		Address: dsn, Credential: []byte(password),
		Options: map[string]string{"host": "ledger1", "directory": "corp-directory", "group_roles": sampleload.GroupRoles(t, dir, "ledger-db")},
	})...)
	judge(t, key, args...)
}

// served are the flags by which assess is told of a system that runs.
func served(t *testing.T, system, kind string, s sampleload.Served) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(file, s.Credential, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--system", system + "=" + kind + "=" + s.Address, "--credential", system + "=file:" + file}
	for name, value := range s.Options {
		args = append(args, "--option", system+"."+name+"="+value)
	}
	return args
}
