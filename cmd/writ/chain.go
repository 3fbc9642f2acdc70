package main

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// chainAnswer is the answer of 'writ chain'.
type chainAnswer struct{ approval.ChainTold }

func (s *chainAnswer) tables() []table {
	t := table{title: s.ID.String() + ": " + plural(len(s.Links), "step"), header: []string{"when", "what", "id", "called"}}
	for _, l := range s.Links {
		t.rows = append(t.rows, []string{moment(l.At), l.Object.Kind.String(), l.Object.String(), s.Names[l.Object.String()]})
	}
	return []table{t}
}

func (a *app) chainCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "chain ID", Short: "All that one request led to, from any of it",
		Long: `All that one request led to: from the request, the approval, the elevation, the check-out or the
lease all others are one step away. ID is the id of any of them, or of the chain itself.`,
		Example: "  writ chain apr_0000000000001\n  writ chain elv_0000000000001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			of, err := access.ParseRef(args[0])
			if err != nil {
				return err
			}
			ans := &chainAnswer{}
			if a.fromServer(server) {
				r, err := a.remote(server)
				if err != nil {
					return err
				}
				if err := r.call(cmd.Context(), http.MethodGet, "/v1/chains/"+of.String(), nil, ans); err != nil {
					return err
				}
				return a.print(ans)
			}
			ctx, t, err := a.localApprovals(cmd.Context())
			if err != nil {
				return err
			}
			if ans.ChainTold, err = t.Follow(ctx, of); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
