package testkit

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// stopScript comes before the scripts that keep one server.
//
//go:embed stop.sh
var stopScript string

// heldEnd is how long a keeper may take to end its server and clear its folder.
const heldEnd = 30 * time.Second

// held is a keeper: a shell script that owns a server and its folder for as long
// as its standard input is open, so that both go however the test process ends.
// It is told one word a line, and answers each with one line.
type held struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
}

func hold(argv ...string) (*held, error) {
	h := &held{cmd: exec.Command(argv[0], argv[1:]...)} //nolint:noctx // it lives as long as its standard input
	h.cmd.Stderr = &h.stderr
	h.cmd.WaitDelay = heldEnd // a server that kept our pipes must not hold up the test
	var err error
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.stdout = bufio.NewReader(stdout)
	return h, h.cmd.Start()
}

// ask sends one word and returns what follows want in the answer.
func (h *held) ask(word, want string) (string, error) {
	if _, err := io.WriteString(h.stdin, word+"\n"); err != nil {
		return "", h.died(err)
	}
	return h.hear(want)
}

// hear waits for the line that begins with want and returns the rest of it.
func (h *held) hear(want string) (string, error) {
	line, err := h.stdout.ReadString('\n')
	if err != nil {
		return "", h.died(err)
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), want)
	if !ok {
		return "", fmt.Errorf("its keeper said %q, not %q", line, want)
	}
	return strings.TrimSpace(rest), nil
}

// died ends a keeper that no longer answers and says what it complained of.
func (h *held) died(err error) error {
	end := h.end()
	return errors.Join(err, end, errors.New(strings.TrimSpace(h.stderr.String())))
}

// end closes the keeper's standard input and waits until server and folder are
// gone.
func (h *held) end() error {
	_ = h.stdin.Close()
	stuck := time.AfterFunc(heldEnd, func() { _ = h.cmd.Process.Kill() })
	defer stuck.Stop()
	return h.cmd.Wait()
}
