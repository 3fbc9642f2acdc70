package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// shownDigits is how much of a digest tells what was shown.
const shownDigits = 12

// verdictSaid is what the API takes of a decision.
type verdictSaid struct {
	Verdict   approval.Verdict  `json:"verdict"`
	Comment   string            `json:"comment,omitempty"`
	Version   int               `json:"version"`
	Digest    string            `json:"digest"`
	InsteadOf access.IdentityID `json:"instead_of,omitzero"`
}

// approvalAnswer is the answer of 'writ approval approve', 'refuse' and 'withdraw'.
type approvalAnswer struct {
	ID    access.ApprovalID `json:"id"`
	State approval.State    `json:"state"`
}

func (s *approvalAnswer) tables() []table {
	text := s.ID.String() + " is " + string(s.State)
	if s.State == approval.Waiting {
		text += " for others to agree"
	}
	return []table{{title: text}}
}

func (a *app) approvalDecideCommand(verdict approval.Verdict) *cobra.Command {
	var server, comment, shown, place string
	cmd := &cobra.Command{
		Use: string(verdict) + " ID --shown DIGEST", Short: "Agree to what you are asked, as it was shown to you",
		Long: `Agree to what you are asked. --shown is what 'writ approval show' said it is shown as, or the
first 12 digits of that: where it shows something else by now, nothing is decided. You
must have shown a second factor within ten minutes.`,
		Example: "  writ approval approve apr_0000000000001 --shown 688a561b7c2f",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idIn[access.ApprovalID](args[0])
			if err != nil {
				return err
			}
			d := verdictSaid{Verdict: verdict, Comment: comment}
			switch {
			case len(shown) < shownDigits:
				return fmt.Errorf("%w: say what you were shown (--shown), as 'writ approval show' says", errUsage)
			case verdict == approval.Refuse && strings.TrimSpace(comment) == "":
				return fmt.Errorf("%w: say why you refuse it (--comment)", errUsage)
			}
			if err := d.InsteadOf.UnmarshalText([]byte(place)); err != nil {
				return err
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			told, err := showApproval(cmd.Context(), r, id)
			if err != nil {
				return err
			}
			if !strings.HasPrefix(told.Digest, strings.ToLower(shown)) {
				return approval.ErrShown
			}
			d.Version, d.Digest = told.Version, told.Digest
			ans := &approvalAnswer{ID: id}
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/approvals/"+id.String()+"/decision", d, ans); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	if verdict == approval.Refuse {
		cmd.Use += " --comment TEXT"
		cmd.Short = "Refuse what you are asked, which ends it"
		cmd.Long = strings.Replace(cmd.Long, "Agree to what you are asked.", "Refuse what you are asked, and say why: one refusal ends it.", 1)
		cmd.Example = "  writ approval refuse apr_0000000000001 --shown 688a561b7c2f --comment 'not during the close'"
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&shown, "shown", "", "the `digest` of what you were shown (required)")
	cmd.Flags().StringVar(&comment, "comment", "", "what is to be kept with it")
	cmd.Flags().StringVar(&place, "instead-of", "", "in whose place, the `id` of one who has delegated it to you")
	return cmd
}

func (a *app) approvalWithdrawCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "withdraw ID", Short: "Withdraw what you have asked for",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idIn[access.ApprovalID](args[0])
			if err != nil {
				return err
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/approvals/"+id.String()+"/withdraw", nil, nil); err != nil {
				return err
			}
			return a.print(&approvalAnswer{id, approval.Withdrawn})
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
