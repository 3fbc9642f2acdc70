package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// whyFlag is the reason that a command needs.
func whyFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("reason", "", "why (required)")
}

func needsReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
	}
	return nil
}

func (a *app) policySetCommand() *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use: "set NAME FILE --reason TEXT", Short: "Write the draft of a document of policies, which is a new one where there is none of that name",
		Long: `Write the draft of a document of policies, which is a new one where there is none of that
name. - reads the standard input. Each policy has an @id that begins with the document's
name, and a @reason for those whom it concerns:

  @id("house.frozen")
  @reason("no system is added until the move is over")
  @mode("enforce")
  forbid (principal, action == Action::"system.add", resource);

It counts for nothing until somebody who wrote none of it publishes it, and then observes
where it does not say @mode("enforce"). 'writ policy simulate --draft' says what it would
change.`,
		Example: "  writ policy set house house.cedar --reason 'change 4711'",
		Args:    cobra.ExactArgs(2),
	}
	reason := whyFlag(cmd)
	cmd.Flags().StringVar(&description, "description", "", "what it is for, as a `text`; without it, what it was")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needsReason(*reason); err != nil {
			return err
		}
		text, err := a.policyText(args[1])
		if err != nil {
			return err
		}
		return a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			to := policy.Written{Description: description, Text: text, Reason: *reason}
			if !cmd.Flags().Changed("description") {
				to.Description = described(ctx, t, args[0])
			}
			if _, err := t.Write(ctx, args[0], 0, to); err != nil {
				return nil, err
			}
			return shownPolicy(ctx, t, args[0], "wrote the draft", "writ policy simulate --draft "+args[0]+"; somebody else: writ policy publish "+args[0]+" --reason TEXT")
		})(cmd, args)
	}
	return cmd
}

// described is what a document is for, as its draft or else its last version says.
func described(ctx context.Context, t *policy.DocumentTeller, name string) string {
	k, err := t.Find(ctx, name)
	switch {
	case err != nil:
		return ""
	case k.Draft != nil:
		return k.Draft.Description
	}
	return k.Published.Description
}

// policyDraft is the draft of a document, to be tried.
func (a *app) policyDraft(ctx context.Context, name string) (policy.Document, error) {
	t, err := a.documents(ctx)
	if err != nil {
		return policy.Document{}, err
	}
	k, err := t.Find(ctx, name)
	switch {
	case err != nil:
		return policy.Document{}, err
	case k.Draft == nil:
		return policy.Document{}, policy.ErrNoDraft
	case k.Draft.Retires:
		return policy.Document{Name: k.Name()}, nil
	}
	return policy.Document{Name: k.Name(), Text: k.Draft.Text}, nil
}

// policyDone is the answer of what ends something of a document.
type policyDone struct {
	ID   access.PolicyID `json:"id"`
	Name string          `json:"name"`
	Did  string          `json:"did"`
}

func (s *policyDone) tables() []table { return []table{{title: s.Did + " " + s.Name}} }

// policyPublished is the answer of 'writ policy publish'.
type policyPublished struct {
	ID     access.PolicyID      `json:"id"`
	Name   string               `json:"name"`
	Number int                  `json:"number"`
	Change policy.SimulateShown `json:"change"`
}

func (s *policyPublished) tables() []table {
	t := whatIfTable(s.Change)
	t.title = fmt.Sprintf("published version %d of %s: it permits what was forbidden in %s and forbids what was permitted in %s; %d with other obligations",
		s.Number, s.Name, plural(s.Change.Permits, "case"), plural(s.Change.Forbids, "case"), s.Change.Other)
	return []table{t}
}

func (a *app) policyPublishCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "publish NAME --reason TEXT", Short: "Make the draft that somebody else wrote the document's next version, and show what that changes",
		Long: `Make the draft that somebody else wrote the document's next version, and show what that
changes. From the next decision on it counts on every node. Whoever works on this machine
counts as one person, whatever they call themself.

It is refused where nobody could change policies afterwards.`,
		Example: "  writ policy publish house --reason 'read and tried it'",
		Args:    cobra.ExactArgs(1),
	}
	reason := whyFlag(cmd)
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `n` changes, 1 to 1000")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needsReason(*reason); err != nil {
			return err
		}
		if limit < 1 || limit > 1000 {
			return fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
		}
		return a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			w, err := t.Publish(ctx, args[0], 0, *reason)
			if err != nil {
				return nil, err
			}
			k, err := t.Find(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return &policyPublished{k.ID(), k.Name(), k.Published.Number, w.Show(limit)}, a.follow(ctx)
		})(cmd, args)
	}
	return cmd
}

func (a *app) policyRetireCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retire NAME --reason TEXT", Short: "Write as its draft that a document is to be in force no longer",
		Long: `Write as its draft that a document is to be in force no longer. It is so once somebody else
publishes that.`,
		Args: cobra.ExactArgs(1),
	}
	reason := whyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needsReason(*reason); err != nil {
			return err
		}
		return a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			k, err := t.Find(ctx, args[0])
			if err == nil {
				err = t.Retire(ctx, k.Name(), 0, *reason)
			}
			if err != nil {
				return nil, err
			}
			return shownPolicy(ctx, t, args[0], "", "somebody else: writ policy publish "+k.Name()+" --reason TEXT")
		})(cmd, args)
	}
	return cmd
}

func (a *app) policyDiscardCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "discard NAME --reason TEXT", Short: "End the open draft of a document", Args: cobra.ExactArgs(1)}
	reason := whyFlag(cmd)
	cmd.RunE = a.endingPolicy(reason, "discarded the draft of", func(ctx context.Context, t *policy.DocumentTeller, name string) error {
		return t.Discard(ctx, name, 0, *reason)
	})
	return cmd
}

func (a *app) policyRescueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rescue NAME --reason TEXT", Short: "Take a document out of force at once, where it has locked everybody out",
		Long: `Take a document out of force at once, by one person alone: the way back where a policy lets
nobody write and publish policies any more, or where a newer Writ cannot use what was
published and does not start. Otherwise it is refused: then one person retires the document
and another publishes that.

It is for the operator of a node, is no operation of the API, and stands in the audit log
under a name of its own, policy.rescue.`,
		Example: "  writ policy rescue house --reason 'it forbids everything'",
		Args:    cobra.ExactArgs(1),
	}
	reason := whyFlag(cmd)
	cmd.RunE = a.endingPolicy(reason, "took out of force", func(ctx context.Context, t *policy.DocumentTeller, name string) error {
		return t.Rescue(ctx, name, *reason)
	})
	return cmd
}

// endingPolicy is how a command that ends something of a document runs.
func (a *app) endingPolicy(reason *string, did string, end func(context.Context, *policy.DocumentTeller, string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := needsReason(*reason); err != nil {
			return err
		}
		return a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			k, err := t.Find(ctx, args[0])
			if err == nil {
				err = end(ctx, t, k.Name())
			}
			if err != nil {
				return nil, err
			}
			return &policyDone{k.ID(), k.Name(), did}, a.follow(ctx)
		})(cmd, args)
	}
}
