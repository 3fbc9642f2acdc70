package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/store"
)

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "The log of who did what: read it, verify it, export it",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.auditListCommand(), a.auditTailCommand(), a.auditVerifyCommand(), a.auditExportCommand(), a.auditCheckpointCommand(), a.auditEraseCommand())
	return cmd
}

// openExisting opens the store, and refuses a data directory that has none: a log
// that was just made always verifies.
func (a *app) openExisting(ctx context.Context) (context.Context, error) {
	if a.postgres() == "" && !store.Exists(a.data) {
		return ctx, store.ErrConfig.With("there is no store in %s: name its data directory with --data", a.data)
	}
	return a.open(ctx)
}

// auditAnswer is the answer of 'writ audit list'.
type auditAnswer struct {
	Entries []auditLine `json:"entries"`
	Next    int64       `json:"next,omitempty"`
}

type auditLine struct {
	Record   int64             `json:"record"`
	Revision access.Rev        `json:"revision,omitempty"` // none yet: it was not sequenced
	Leaf     *int64            `json:"leaf,omitempty"`
	At       access.Time       `json:"at"`
	Actor    string            `json:"actor"`
	Action   string            `json:"action"`
	Object   access.Ref        `json:"object,omitzero"`
	Facts    map[string]string `json:"facts,omitempty"`
	Personal map[string]string `json:"personal,omitempty"`
	Erased   bool              `json:"erased,omitempty"`
}

func (s *auditAnswer) tables() []table {
	t := table{header: []string{"record", "at", "actor", "action", "object", "facts", "about"}, right: []int{0}}
	for _, e := range s.Entries {
		about := pairs(e.Personal)
		if e.Erased {
			about = "(erased)"
		}
		t.rows = append(t.rows, []string{
			strconv.FormatInt(e.Record, 10), e.At.Time().Format(time.DateTime), e.Actor, e.Action, e.Object.String(), pairs(e.Facts), about,
		})
	}
	if s.Next != 0 {
		t.note = fmt.Sprintf("  more: --before %d", s.Next)
	}
	return []table{t}
}

func (a *app) auditListCommand() *cobra.Command {
	var f audit.Filter
	var object, from, to string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "The newest entries, or those that match",
		Example: "  writ audit list --action inventory. --action function.assign --from 2026-11-01\n  writ audit list --object sys_0000000000003",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := errors.Join(f.Object.UnmarshalText([]byte(object)), parseInstant(from, &f.From), parseInstant(to, &f.To)); err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			page, err := a.db.Audit().List(ctx, f)
			if err != nil {
				return err
			}
			return a.print(auditLines(page))
		},
	}
	cmd.Flags().StringSliceVar(&f.Actions, "action", nil, "only this `action`; a feature with a dot is all of its actions; may be given again")
	cmd.Flags().StringVar(&f.Actor, "actor", "", "only this `actor`")
	cmd.Flags().StringVar(&object, "object", "", "only what was done to this `id`")
	cmd.Flags().StringVar(&from, "from", "", "from this `time` on (2026-11-01 or RFC 3339)")
	cmd.Flags().StringVar(&to, "to", "", "before this `time`")
	cmd.Flags().IntVar(&f.First, "first", 100, "how many `entries`")
	cmd.Flags().Int64Var(&f.Before, "before", 0, "continue before this `record`")
	return cmd
}

func auditLines(page audit.Page) *auditAnswer {
	ans := &auditAnswer{Entries: []auditLine{}, Next: page.Next}
	for _, e := range page.Entries {
		line := auditLine{Record: e.ID, Revision: e.Rev, At: e.At, Actor: e.Actor, Action: e.Action, Object: e.Object, Facts: e.AllFacts(), Personal: e.Personal, Erased: e.Erased}
		if e.Leaf >= 0 {
			line.Leaf = &e.Leaf
		}
		ans.Entries = append(ans.Entries, line)
	}
	return ans
}

// parseInstant reads a day or an RFC 3339 time.
func parseInstant(s string, into *access.Time) error {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		*into = access.TimeOf(day)
		return nil
	}
	return into.UnmarshalText([]byte(s))
}

// verifyAnswer is the answer of 'writ audit verify'.
type verifyAnswer struct {
	Intact bool `json:"intact"`
	*audit.Report
}

func (s *verifyAnswer) tables() []table {
	t := table{header: []string{"verified", ""}, rows: [][]string{
		{"log", strings.SplitN(s.Verifier, "+", 2)[0]},
		{"leaves", strconv.FormatInt(s.Leaves, 10)},
		{"revisions", strconv.FormatInt(int64(s.Revision), 10)},
		{"checkpoints", strconv.FormatInt(s.Checkpoints, 10)},
	}}
	if s.Compared {
		t.rows = append(t.rows, []string{"payloads", fmt.Sprintf("%d compared, %d erased", s.Payloads, s.Erased)},
			[]string{"not yet in the tree", strconv.FormatInt(s.Unsequenced, 10)})
	}
	if s.Intact {
		t.title = "The audit log is intact."
		return []table{t}
	}
	t.title = "THE AUDIT LOG IS NOT INTACT."
	wrong := table{header: []string{"wrong"}}
	for _, w := range s.Wrong {
		wrong.rows = append(wrong.rows, []string{w})
	}
	if s.More > 0 {
		wrong.note = fmt.Sprintf("  and %d more", s.More)
	}
	return []table{t, wrong}
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var checkpoints []string
	var verifier string
	cmd := &cobra.Command{
		Use:   "verify [EXPORT]",
		Short: "Check every record, the tree, its signatures, and the payloads",
		Long: `Checks the log in the data directory, or in a file that 'writ audit export' wrote:
every leaf, the tree, each checkpoint's signature, that nothing is missing, was
changed or put in, and (in the data directory) that each change has its record and
each payload is what its record committed to. It says what is wrong and exits 1.

A log that was cut off together with all that refers to the cut part agrees with
itself. Keep checkpoints elsewhere ('writ audit checkpoint') and give them with
--checkpoint: then a cut or replaced log is found too.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			trusted, err := readFiles(checkpoints)
			if err != nil {
				return err
			}
			var report *audit.Report
			if len(args) == 1 {
				report, err = a.verifyExport(args[0], verifier, trusted)
			} else {
				report, err = a.verifyStore(cmd.Context(), verifier, trusted)
			}
			if err != nil {
				return err
			}
			return errors.Join(a.print(&verifyAnswer{Intact: report.Err() == nil, Report: report}), report.Err())
		},
	}
	cmd.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "a `file` with a checkpoint that was kept elsewhere (may be repeated)")
	cmd.Flags().StringVar(&verifier, "verifier", "", "the `key` that must have signed, as 'writ audit checkpoint --key' printed it")
	return cmd
}

func (a *app) verifyStore(ctx context.Context, verifier string, trusted []string) (*audit.Report, error) {
	ctx, err := a.openExisting(ctx)
	if err != nil {
		return nil, err
	}
	if has := a.db.Audit().Verifier(); verifier != "" && has != verifier {
		return nil, audit.ErrCheckpoint.With("this log is signed with %s, not with the key that was given", has)
	}
	return a.db.Audit().Verify(ctx, trusted, nil)
}

func (a *app) verifyExport(path, verifier string, trusted []string) (*audit.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, audit.ErrExport.With("the export %s cannot be read", path).Because(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	evidence, named, err := audit.ReadExport(f)
	if err != nil {
		return nil, err
	}
	if verifier == "" {
		verifier = named
		a.warn("checked against the key that the export itself names; --verifier says which key it must be:\n  %s", named)
	}
	return audit.Verify(evidence, verifier, trusted)
}

func readFiles(paths []string) (texts []string, err error) {
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, audit.ErrCheckpoint.With("the checkpoint %s cannot be read", path).Because(err)
		}
		texts = append(texts, string(b))
	}
	return texts, nil
}

func (a *app) auditExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the log as JSON lines that anybody can verify",
		Long:  "Writes every leaf and checkpoint as JSON lines, to a new file or to standard output.\nPayloads (names and texts) are not part of it.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			out := io.Writer(a.out)
			if len(args) == 1 {
				f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return audit.ErrExport.With("the export %s cannot be written", args[0]).Because(err)
				}
				return errors.Join(audit.Export(f, a.db.Audit().Evidence(ctx), a.db.Verifier()), f.Close())
			}
			return audit.Export(out, a.db.Audit().Evidence(ctx), a.db.Verifier())
		},
	}
}

func (a *app) auditCheckpointCommand() *cobra.Command {
	var key bool
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the newest signed checkpoint, to keep elsewhere",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			text := a.db.Verifier() + "\n"
			if !key {
				if _, err := a.db.Sequence(ctx); err != nil {
					return err
				}
				if text, err = a.db.Audit().Checkpoint(ctx); err != nil {
					return err
				}
			}
			_, err = io.WriteString(a.out, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&key, "key", false, "print the key that verifies checkpoints instead")
	return cmd
}

// erasedAnswer is the answer of 'writ audit erase'.
type erasedAnswer struct {
	Identity access.IdentityID `json:"identity"`
	Payloads int64             `json:"payloads"`
}

func (s *erasedAnswer) tables() []table {
	return []table{{
		title: fmt.Sprintf("%d payloads about %s can no longer be read; the log stays as it is.", s.Payloads, s.Identity),
		note:  "Backups made before still hold them until they are deleted.",
	}}
}

func (a *app) auditEraseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "erase IDENTITY",
		Short: "Make what the log tells about a person unreadable for ever",
		Long:  "Destroys the key under which the log keeps names and texts about an identity. The\nrecords themselves, which hold no name, stay and still verify.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id access.IdentityID
			if err := id.UnmarshalText([]byte(args[0])); err != nil || id == 0 {
				return fmt.Errorf("%w: %w", errUsage, errors.Join(err, access.ErrID))
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			n, err := a.db.Audit().Erase(ctx, id)
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.print(&erasedAnswer{Identity: id, Payloads: n})
		},
	}
}

// pairs shows a map on one line.
func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, " ")
}
