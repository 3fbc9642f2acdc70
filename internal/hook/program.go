package hook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// What running and calling can meet.
var (
	ErrProgram = fault.New(fault.Unavailable, "hook-program", "the program that was declared for it cannot be run, or did not end well")
	ErrCall    = fault.New(fault.Unavailable, "hook-call", "the server that was declared for it does not answer, or not well")
	ErrHook    = fault.New(fault.Invalid, "bad-hook", "a hook is a program by its whole path with its arguments, or a URL with a key")
	ErrAnswer  = fault.New(fault.Unavailable, "hook-answer", "what the hook answered cannot be read")
)

// Program is a program with its arguments.
type Program []string

// Check refuses what cannot be run.
func (p Program) Check() error {
	if len(p) == 0 || !filepath.IsAbs(p[0]) {
		return ErrHook.With("a program is named by its whole path, from / on")
	}
	info, err := os.Stat(p[0])
	if err != nil || !info.Mode().IsRegular() {
		return ErrHook.With("there is no program %q", p[0])
	}
	return nil
}

// The limits of one run.
const (
	runsFor    = 20 * time.Second
	endsWithin = 2 * time.Second // once its time is over
	mostOutput = 64 << 10
)

// Later is the exit status of a program that was told and is not done yet (EX_TEMPFAIL).
const Later = 75

// environment is all that a program gets of one.
func environment() []string { return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"} }

// Run runs p with in on its standard input, and returns what it wrote and its exit status. An
// error says nothing of what was written: a program may repeat what it was given.
func (p Program) Run(ctx context.Context, in []byte) (out []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, runsFor)
	defer cancel()
	wrote := &capped{most: mostOutput}
	cmd := exec.CommandContext(ctx, p[0], p[1:]...) //nolint:gosec // it is the node's own configuration
	cmd.Env, cmd.Dir, cmd.WaitDelay = environment(), "/", endsWithin
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), wrote, io.Discard
	err = cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return nil, 0, ErrProgram.With("%s did not end within %s", filepath.Base(p[0]), runsFor)
	case ended && exit.Exited():
		return wrote.kept, exit.ExitCode(), nil
	case err != nil:
		return nil, 0, ErrProgram.With("%s cannot be run, or was ended", filepath.Base(p[0])).Because(err)
	}
	return wrote.kept, 0, nil
}

// capped keeps the first bytes of what is written, and lets the rest go.
type capped struct {
	kept []byte // no bytes.Buffer, which would read all by itself
	most int
}

// Write implements io.Writer.
func (c *capped) Write(b []byte) (int, error) {
	if left := c.most - len(c.kept); left > 0 {
		c.kept = append(c.kept, b[:min(left, len(b))]...)
	}
	return len(b), nil
}
