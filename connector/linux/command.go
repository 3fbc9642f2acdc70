package linux

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
)

// What one command may send back.
const (
	maxOutput = 64 << 20
	maxStderr = 4 << 10
)

// The scripts that run on the host. They are fixed: whatever varies goes to their
// standard input and is only ever data there.
var (
	//go:embed remote/probe.sh
	scriptProbe string
	//go:embed remote/services.sh
	scriptServices string // what those that read names begin with
	//go:embed remote/accounts.sh
	scriptAccounts string
	//go:embed remote/lookup.sh
	scriptLookup string
	//go:embed remote/sudoers.sh
	scriptSudoers string
	//go:embed remote/stat.sh
	scriptStat string
	//go:embed remote/keys.sh
	scriptKeys string
	//go:embed remote/setuid.sh
	scriptSetuid string
	//go:embed remote/owned.sh
	scriptOwned string
	//go:embed remote/change.sh
	scriptChange string
	//go:embed remote/state.sh
	scriptState string
	//go:embed remote/life.sh
	scriptLife string // what the next ones begin with
	//go:embed remote/account.sh
	scriptAccount string
	//go:embed remote/create.sh
	scriptCreate string
	//go:embed remote/update.sh
	scriptUpdate string
	//go:embed remote/sessions.sh
	scriptSessions string
	//go:embed remote/kept.sh
	scriptKept string
	//go:embed remote/password.sh
	scriptPassword string
	//go:embed remote/authorize.sh
	scriptAuthorize string
)

// privilege is whom a command runs as.
type privilege bool

const (
	asSelf privilege = false
	asRoot privilege = true
)

// commandError is a command that ran and said no.
type commandError struct {
	status int
	stderr string
}

func (e *commandError) Error() string {
	return fmt.Sprintf("exit status %d: %s", e.status, e.stderr)
}

// run runs a script and returns all that it printed, or an error: a command that
// was cut off, took too long or printed too much has returned nothing.
func (l *line) run(ctx context.Context, doing, script string, stdin []byte, who privilege) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errTooLong)
	defer cancel()
	client, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	end := "end:" + rand.Text()
	out, err := l.exec(ctx, client, doing, commandText(script, end, who == asRoot && !l.isRoot()), stdin)
	if err == nil {
		// The end of a stream and that of the connection look alike, and a command's
		// exit status may come before the last of its output.
		whole := false
		if out, whole = bytes.CutSuffix(out, []byte(end)); !whole {
			err = l.incomplete(doing, errors.New("the end of its output is missing"))
			out = nil
		}
	}
	var refused *commandError
	if err != nil && !errors.As(err, &refused) {
		l.drop(client)
	}
	return out, err
}

var errTooLong = errors.New("it took longer than option timeout allows")

func (l *line) isRoot() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.root
}

// commandText is what the login shell gets: one of the scripts above, quoted, that
// prints the end mark once it has succeeded.
func commandText(script, end string, sudo bool) string {
	script = "(\n" + script + "\n)\nstatus=$?\n[ $status = 0 ] || exit $status\nprintf %s " + end + "\n"
	text := "/bin/sh -c '" + strings.ReplaceAll(script, "'", `'\''`) + "'"
	if sudo {
		return "sudo -n " + text
	}
	return text
}

// answer is what became of one command.
type answer struct {
	out  []byte
	over bool // it printed more than may be
	said string
	err  error
}

// exec waits for a command, and no longer than ctx lasts, whatever the server does: one
// that sends what nobody asked for can bring the library to wait for ever, also when the
// connection is closed under it.
func (l *line) exec(ctx context.Context, client *ssh.Client, doing, command string, stdin []byte) ([]byte, error) {
	done := make(chan answer, 1)
	go func() { done <- ask(client, command, stdin) }()
	var a answer
	select {
	case a = <-done:
	case <-ctx.Done():
		_ = client.Close()
		return nil, l.cutOff(ctx, doing, ctx.Err())
	}
	var exit *ssh.ExitError
	switch {
	case a.over:
		return nil, connector.ErrIncomplete.With("linux %q: %s gave more than %d MiB, nothing of it counts", l.system, doing, maxOutput>>20)
	case a.err == nil:
		return a.out, nil
	case errors.As(a.err, &exit) && exit.Signal() == "":
		said := &commandError{exit.ExitStatus(), a.said}
		return nil, ErrHostCommand.With("linux %q: %s: the host's own command went wrong; try it there", l.system, doing).Because(said)
	}
	return nil, l.cutOff(ctx, doing, a.err)
}

// ask runs a command and has all that it printed.
func ask(client *ssh.Client, command string, stdin []byte) answer {
	session, err := client.NewSession()
	if err != nil {
		return answer{err: err}
	}
	defer session.Close() //nolint:errcheck // Run has closed it where all went well
	stdout := &capped{limit: maxOutput, full: func() { _ = client.Close() }}
	stderr := &capped{limit: maxStderr}
	session.Stdin, session.Stdout, session.Stderr = bytes.NewReader(stdin), stdout, stderr
	err = session.Run(command)
	return answer{out: stdout.b, over: stdout.over, said: clean(strings.TrimSpace(string(stderr.b))), err: err}
}

// cutOff is the error of a command that was under way: too long is an
// unreachable system, a cut an incomplete source.
func (l *line) cutOff(ctx context.Context, doing string, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		return connector.ErrUnreachable.With("linux %q: %s got no answer in the time that there was for it", l.system, doing).Because(cause)
	case errors.Is(cause, errTooLong):
		return connector.ErrUnreachable.With("linux %q: %s got no answer within %s; raise option timeout if the host is slow", l.system, doing, l.timeout).Because(cause)
	case cause != nil:
		return fmt.Errorf("linux %q: %s: %w", l.system, doing, cause)
	}
	return l.incomplete(doing, err)
}

// capped keeps at most limit bytes. Past that it calls full, if set, once.
type capped struct {
	b     []byte
	limit int
	over  bool
	full  func()
}

var _ io.Writer = (*capped)(nil)

func (c *capped) Write(p []byte) (int, error) {
	keep := p[:min(len(p), c.limit-len(c.b))]
	c.b = append(c.b, keep...)
	if len(keep) < len(p) && !c.over {
		c.over = true
		if c.full != nil {
			c.full()
		}
	}
	return len(p), nil
}
