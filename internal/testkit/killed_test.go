package testkit_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// waitsForDeath tells a test that it runs in a process that is to be killed.
const waitsForDeath = "TESTKIT_WAITS_FOR_DEATH"

// killedTestLeavesNothing runs one test in a process of its own, kills it once it
// has said which folder its server has, and sees folder and processes go.
func killedTestLeavesNothing(t *testing.T, name string) {
	t.Helper()
	testkit.NeedServers(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.v") //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), waitsForDeath+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dir, said := "", ""
	for lines := bufio.NewScanner(stdout); dir == "" && lines.Scan(); said += lines.Text() + "\n" {
		dir, _ = strings.CutPrefix(lines.Text(), "folder ")
		if dir == lines.Text() {
			dir = ""
		}
	}
	if dir == "" {
		t.Fatalf("it named no folder: %s", said)
	}
	if len(processesOf(t, dir)) == 0 {
		t.Error("no process of the server is seen while it runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone := func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err) && len(processesOf(t, dir)) == 0
	}
	for deadline := time.Now().Add(20 * time.Second); !gone() && time.Now().Before(deadline); {
	}
	leavesNothing(t, dir)
}
