package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/fault"
)

// The exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitDenied = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks a second time does not wait
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage marks errors in how a command was called.
var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	a := &app{in: in, out: out, err: errw, progress: newProgress(errw)}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	err = errors.Join(err, a.close())
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(errw, "writ: %s\n", printableLines(err.Error()))
	return exitFor(err)
}

func exitFor(err error) int {
	switch {
	case errors.Is(err, errUsage):
		return exitUsage
	case fault.KindOf(err) == fault.Denied:
		return exitDenied
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "writ",
		Short: "Who can do what, which control each access needs, and what is missing",
		Long: `Writ joins identity governance and privileged access management.

Start with:  writ demo            a made-up company, answered in seconds
             writ assess --help   your own HR file and systems, nothing installed or changed`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (see '%s --help')", errUsage, err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.data, "data", defaultData(), "data `directory` of this installation (environment: WRIT_DATA)")
	flags.VarP(&a.format, "output", "o", "output `format`: table, json, csv")
	root.AddGroup(
		&cobra.Group{ID: "see", Title: "See what is:"},
		&cobra.Group{ID: "feed", Title: "Say where it comes from:"},
		&cobra.Group{ID: "code", Title: "Keep configuration as code:"},
		&cobra.Group{ID: "should", Title: "Say what should be:"},
		&cobra.Group{ID: "agree", Title: "Have others agree:"},
		&cobra.Group{ID: "serve", Title: "Serve it:"},
		&cobra.Group{ID: "call", Title: "Call one that is served:"},
		&cobra.Group{ID: "use", Title: "Use what is privileged:"},
		&cobra.Group{ID: "keep", Title: "Keep it safe:"},
	)
	for _, group := range []struct {
		id       string
		commands []*cobra.Command
	}{
		{"see", []*cobra.Command{a.assessCommand(), a.whoCanCommand(), a.accessCommand(), a.whyCommand(), a.searchCommand(), a.entitlementCommand(), a.findingsCommand(), a.coverageCommand(), a.analyticsCommand(), a.roleCommand()}},
		{"feed", []*cobra.Command{a.systemCommand(), a.sourceCommand(), a.doubtCommand(), a.accountCommand(), a.provisionCommand(), a.sampleCommand(), a.demoCommand()}},
		{"code", []*cobra.Command{a.exportCommand(), a.planCommand(), a.applyCommand()}},
		{"should", []*cobra.Command{a.birthrightCommand(), a.mappingCommand(), a.exceptionCommand(), a.lifecycleCommand(), a.eligibleCommand()}},
		{"agree", []*cobra.Command{a.approvalCommand(), a.chainCommand()}},
		{"serve", []*cobra.Command{a.serverCommand(), a.signinCommand(), a.functionCommand(), a.scopeCommand(), a.policyCommand()}},
		{"call", []*cobra.Command{a.loginCommand(), a.logoutCommand(), a.apiCommand(), a.tokenCommand()}},
		{"use", []*cobra.Command{a.elevateCommand(), a.safeCommand(), a.secretCommand(), a.checkoutCommand(), a.checkinCommand(), a.shareCommand(), a.leaseCommand(), a.rotateCommand(), a.signCommand(), a.authorityCommand(), a.onboardCommand(), a.breakGlassCommand(), a.consumerCommand()}},
		{"keep", []*cobra.Command{a.vaultCommand(), a.sealCommand(), a.unsealCommand(), a.rekeyCommand(), a.auditCommand(), a.mailCommand(), a.backupCommand(), a.restoreCommand(), a.migrateCommand()}},
	} {
		for _, c := range group.commands {
			c.GroupID = group.id
			root.AddCommand(c)
		}
	}
	return usageErrors(root)
}

// usageErrors makes wrong arguments of a command and its children exit with 2.
func usageErrors(c *cobra.Command) *cobra.Command {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w: %w (see '%s --help')", errUsage, err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		usageErrors(child)
	}
	return c
}
