package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// errDrill is returned where something in a kit did not sign in.
var errDrill = fault.New(fault.Refused, "break-glass-drill", "something in the kit did not sign in: renew the kit, or see what is wrong with the account")

func readKit(path string) (*breakglass.Kit, error) {
	text, err := os.ReadFile(path) //nolint:gosec // whoever opens a kit names it
	if err != nil {
		return nil, err
	}
	return breakglass.Parse(text)
}

// headAnswer is what everybody may read of a kit.
type headAnswer struct {
	breakglass.Head
	Number string `json:"number"`
	Digest string `json:"digest"`
}

func (s *headAnswer) tables() []table {
	t := table{title: fmt.Sprintf("break-glass kit %s, edition %d", s.Name, s.Edition), header: []string{"", ""}, whole: true, rows: [][]string{
		{"id", s.Kit.String()},
		{"made", minute(s.Made)},
		{"good until", minute(s.Until)},
		{"opened by", fmt.Sprintf("%d of %d holders, with %d persons there", s.Threshold, len(s.Holders), s.Persons)},
		{"its shares begin", s.Number},
		{"made by", s.Verifier},
		{"sha256", s.Digest},
	}}
	held := table{title: plural(len(s.Holders), "holder"), header: []string{"share", "holder"}, right: []int{0}}
	for _, h := range s.Holders {
		held.rows = append(held.rows, []string{strconv.Itoa(h.Place), h.Name})
	}
	for _, x := range s.Tokens {
		held.rows = append(held.rows, []string{strconv.Itoa(x.Place), x.Name + " (a hardware token, which opens it alone)"})
	}
	secrets := table{title: plural(len(s.Secrets), "secret"), header: []string{"secret", "opens", "on"}}
	for _, x := range s.Secrets {
		secrets.rows = append(secrets.rows, []string{x.Name, x.Account, x.SystemName})
	}
	return []table{t, held, secrets}
}

func (a *app) kitInspectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inspect FILE", Short: "Read what a kit says of itself: what it opens, and whose shares it takes",
		Long: `Read what a kit says of itself, and make sure that it was not changed. It needs nothing but the file.
That it is the installation's own is sure only once a share fits: each says what its kit has to say.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := readKit(args[0])
			if err != nil {
				return err
			}
			return a.print(&headAnswer{k.Head, k.Number(), k.Digest()})
		},
	}
}

// opening is what opening a kit takes, whatever for.
type opening struct {
	app    *app
	why    breakglass.Occasion
	shares []string // files
	record string
	token  tokenFlags
}

func (o *opening) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.why.People, "by", nil, "the `name` of a person who is there (repeatable)")
	cmd.Flags().StringVar(&o.why.Reason, "reason", "", "why (required)")
	cmd.Flags().StringArrayVar(&o.shares, "share", nil, "a `file` with a share; others are asked for (repeatable)")
	o.token.flags(cmd)
	cmd.Flags().StringVar(&o.record, "record", "", "the `file` of the record; without it, a new one beside you")
}

// kit reads the kit that is to be opened, and refuses what could not be opened: a record
// that was begun is an alarm.
func (o *opening) kit(path string) (*breakglass.Kit, error) {
	if len(o.why.People) == 0 || strings.TrimSpace(o.why.Reason) == "" {
		return nil, fmt.Errorf("%w: it needs --by NAME for each person who is there, and --reason TEXT", errUsage)
	}
	k, err := readKit(path)
	if err != nil {
		return nil, err
	}
	return k, o.why.Check(k.Persons)
}

// open opens a kit, and begins its record.
func (o *opening) open(k *breakglass.Kit) (*breakglass.Journal, error) {
	if err := keys.NoDumps(); err != nil {
		slog.Warn("a crash may leave this process's memory in a file", "error", err)
	}
	opened, err := o.unseal(k)
	if err != nil {
		return nil, err
	}
	if o.record == "" {
		o.record = "break-glass-" + k.Kit.String() + "-" + stamp(o.app.now()) + ".record"
	}
	file, err := breakglass.NewFile(o.record)
	if err != nil {
		opened.Close()
		return nil, err
	}
	j, err := opened.Journal(o.why, file, o.app.now)
	if err != nil {
		opened.Close()
		return nil, errors.Join(err, file.Close())
	}
	o.app.warn("the record is %s: keep it, and bring it to 'writ break-glass merge' when Writ is back", o.record)
	return j, nil
}

// unseal opens a kit with the shares that are given, or a token.
func (o *opening) unseal(k *breakglass.Kit) (*breakglass.Opened, error) {
	if o.token.module != "" {
		return o.withToken(k)
	}
	given := k.Begin()
	defer given.Forget()
	if err := o.give(k, given); err != nil {
		return nil, err
	}
	return given.Open()
}

// give takes the shares: those in files, then one after the other as they are typed.
func (o *opening) give(k *breakglass.Kit, s *breakglass.Shares) error {
	for _, path := range o.shares {
		text, err := os.ReadFile(path) //nolint:gosec // whoever opens a kit names it
		if err != nil {
			return err
		}
		h, err := s.Give(secret.New(text))
		clear(text)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		o.app.warn("share %d, of %s, fits", h.Place, h.Name)
	}
	g, typed := given{app: o.app}, o.app.typed()
	for s.Missing() > 0 {
		text, err := g.next(fmt.Sprintf("Share of a holder of %s (%d more): ", printable(k.Name), s.Missing()))
		if errors.Is(err, errNothingGiven) {
			return breakglass.ErrQuorum.With("%d more holders have to give their shares: the kit stays sealed", s.Missing())
		}
		if err != nil {
			return err
		}
		h, err := s.Give(text)
		text.Wipe()
		switch {
		case err != nil && typed:
			o.app.warn("%s", err)
		case err != nil:
			return err
		default:
			o.app.warn("share %d, of %s, fits", h.Place, h.Name)
		}
	}
	return nil
}

func (a *app) kitOpenCommand() *cobra.Command {
	o := &opening{app: a}
	var wanted []string
	var to string
	cmd := &cobra.Command{
		Use: "open FILE --by NAME... --reason TEXT", Short: "Open a kit, and show what is asked for of it, one secret at a time",
		Long: `Open a kit, and show what is asked for of it, one secret at a time. It needs no server, no database
and no network. Shares come from files, from the terminal without being shown, or from lines of
standard input. Before anything is shown its entry is on disk: where the record cannot be written,
nothing is.`,
		Example: "  writ break-glass open production.kit --by 'Ana Sol' --by 'Ben Ito' --reason 'INC-7: all of Writ is down'\n  writ break-glass open production.kit --by Ana --by Ben --reason INC-7 --share ana.txt --share ben.txt --secret ledger/root",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			k, err := o.kit(args[0])
			if err != nil {
				return err
			}
			list, err := a.wanted(k, wanted, to)
			if err != nil {
				return err
			}
			j, err := o.open(k)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, j.Close()) }()
			if len(list) == 0 {
				return a.choose(k, j)
			}
			for _, item := range list {
				if err := a.showHeld(j, item, to); err != nil {
					return err
				}
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().StringArrayVar(&wanted, "secret", nil, "`SAFE/NAME` of what is shown; without it, it is asked for (repeatable)")
	cmd.Flags().StringVar(&to, "to", "", "a new `file`, readable by you alone, that it is written to instead of the screen")
	return cmd
}

// typed reports whether somebody sits at a terminal.
func (a *app) typed() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// wanted are the secrets of a kit that are named, and whether they can be shown as is asked.
func (a *app) wanted(k *breakglass.Kit, names []string, to string) (list []breakglass.Item, err error) {
	for _, name := range names {
		item, err := inKit(k, name)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	switch {
	case to != "" && len(list) != 1:
		return nil, fmt.Errorf("%w: to a file one secret is written, which --secret names", errUsage)
	case len(list) == 0 && !a.typed():
		return nil, fmt.Errorf("%w: say which secret is shown, with --secret SAFE/NAME", errUsage)
	}
	return list, nil
}

func inKit(k *breakglass.Kit, name string) (breakglass.Item, error) {
	for _, x := range k.Secrets {
		if x.Name == name || x.Secret.String() == name {
			return x, nil
		}
	}
	return breakglass.Item{}, breakglass.ErrNotInKit.With("the kit holds no secret %q: 'writ break-glass inspect' says which", name)
}

// choose asks which secret is to be shown, until nothing more is.
func (a *app) choose(k *breakglass.Kit, j *breakglass.Journal) error {
	if err := a.print(&headAnswer{k.Head, k.Number(), k.Digest()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(a.in); ; {
		_, _ = fmt.Fprint(a.err, "Which secret (SAFE/NAME, or nothing to end): ")
		if !lines.Scan() || strings.TrimSpace(lines.Text()) == "" {
			return lines.Err()
		}
		item, err := inKit(k, strings.TrimSpace(lines.Text()))
		if err != nil {
			a.warn("%s", err)
			continue
		}
		if err := a.showHeld(j, item, ""); err != nil {
			return err
		}
	}
}

// showHeld shows one secret, whose entry is on disk by then.
func (a *app) showHeld(j *breakglass.Journal, item breakglass.Item, to string) error {
	var file *os.File
	if to != "" {
		var err error
		if file, err = os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil { //nolint:gosec // whoever opens a kit says where
			return err
		}
		defer file.Close() //nolint:errcheck // what was written was synced
	}
	v, err := j.Show(item.Secret)
	if err != nil {
		return err
	}
	defer v.Value.Wipe()
	a.warn("%s opens %s on %s (%s)", item.Name, item.Account, item.SystemName, v.Address)
	raw := v.Value.Reveal()
	if file != nil {
		if _, err := file.Write(raw); err != nil {
			return err
		}
		return file.Sync()
	}
	if _, err := a.out.Write(raw); err != nil || bytes.HasSuffix(raw, []byte("\n")) {
		return err
	}
	_, err = a.out.Write([]byte("\n"))
	return err
}

func (a *app) kitDrillCommand() *cobra.Command {
	o := &opening{app: a}
	cmd := &cobra.Command{
		Use: "drill FILE --by NAME... --reason TEXT", Short: "Open a kit, sign in with all that it holds, and show nothing",
		Long: `Open a kit, sign in with all that it holds, and show nothing. It runs on a node, whose connectors reach
the systems. Its record is merged at once: 'writ break-glass list' says when the last drill was, and
nobody is alarmed. What does not sign in makes the kit stale.`,
		Example: "  writ break-glass drill production.kit --by 'Ana Sol' --by 'Ben Ito' --reason 'the drill of spring'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			o.why.Drill = true
			k, err := o.kit(args[0])
			if err != nil {
				return err
			}
			j, err := o.open(k)
			if err != nil {
				return err
			}
			return a.drill(ctx, o, k, j)
		},
	}
	o.flags(cmd)
	return cmd
}

// drillAnswer is what came of a drill.
type drillAnswer struct {
	Kit   string     `json:"kit"`
	Tried []triedRow `json:"tried"`
}

type triedRow struct {
	Secret string `json:"secret"`
	Opens  bool   `json:"opens"`
	Why    string `json:"why,omitempty"`
}

func (s *drillAnswer) tables() []table {
	t := table{title: "drill of " + s.Kit, header: []string{"secret", "signs in", "why not"}}
	for _, x := range s.Tried {
		t.rows = append(t.rows, []string{x.Secret, strconv.FormatBool(x.Opens), x.Why})
	}
	return []table{t}
}

func (a *app) drill(ctx context.Context, o *opening, k *breakglass.Kit, j *breakglass.Journal) error {
	ans := &drillAnswer{Kit: k.Name}
	failed := false
	for _, x := range k.Secrets {
		opens, err := j.Try(x.Secret, func(item breakglass.Item, v breakglass.Value) (bool, error) { return a.signsIn(ctx, item, v) })
		if errors.Is(err, breakglass.ErrUnwritten) {
			return errors.Join(err, j.Close())
		}
		row := triedRow{Secret: x.Name, Opens: opens}
		if err != nil {
			row.Why = err.Error()
		}
		failed = failed || !opens
		ans.Tried = append(ans.Tried, row)
	}
	if err := j.Close(); err != nil {
		return err
	}
	text, err := os.ReadFile(o.record)
	if err != nil {
		return err
	}
	gate := &policy.Gate{}
	s := a.breakGlass(nil, a.safes(nil, gate, nil), gate)
	if _, err := s.Merge(policy.WithCaller(ctx, policy.Caller{Node: operator().Node}), text); err != nil {
		return err
	}
	if err := a.print(ans); err != nil {
		return err
	}
	if failed {
		return errDrill
	}
	return nil
}

// signsIn signs in with a secret of a kit as its holder would.
func (a *app) signsIn(ctx context.Context, item breakglass.Item, v breakglass.Value) (bool, error) {
	c, spec, end, err := a.inventory().Open(ctx, item.System)
	if err != nil {
		return false, err
	}
	defer end() //nolint:errcheck // nothing more is asked of it
	keeper, ok := c.(connector.Keeper)
	kind := connector.SecretKind(item.Kind)
	if !ok || !slices.Contains(spec.Keeps, kind) {
		return false, connector.ErrUnsupported.With("Writ cannot sign in to %q with a secret of the kind %s: try it by hand", item.SystemName, item.Kind)
	}
	return keeper.Opens(ctx, item.Account, kind, v.Value)
}
