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
		_ = l.close()
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

func (l *line) exec(ctx context.Context, client *ssh.Client, doing, command string, stdin []byte) ([]byte, error) {
	// Opening a channel has no deadline of its own; closing the connection ends it.
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	session, err := client.NewSession()
	if err != nil {
		return nil, l.cutOff(ctx, doing, err)
	}
	defer session.Close() //nolint:errcheck // Run has closed it where all went well
	stdout := &capped{limit: maxOutput, full: func() { _ = client.Close() }}
	stderr := &capped{limit: maxStderr}
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(string(stdin)), stdout, stderr
	err = session.Run(command)
	var exit *ssh.ExitError
	switch {
	case stdout.over:
		return nil, connector.ErrIncomplete.With("linux %q: %s gave more than %d MiB, nothing of it counts", l.system, doing, maxOutput>>20)
	case ctx.Err() != nil: // the connection was closed under it, whatever it says
		return nil, l.cutOff(ctx, doing, err)
	case err == nil:
		return stdout.b, nil
	case errors.As(err, &exit) && exit.Signal() == "":
		said := &commandError{exit.ExitStatus(), clean(strings.TrimSpace(string(stderr.b)))}
		return nil, ErrHostCommand.With("linux %q: %s: the host's own command went wrong; try it there", l.system, doing).Because(said)
	}
	return nil, l.cutOff(ctx, doing, err)
}

// cutOff is the error of a command that was under way: too long is an
// unreachable system, a cut an incomplete source.
func (l *line) cutOff(ctx context.Context, doing string, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTooLong), errors.Is(cause, context.DeadlineExceeded):
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
