package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// holderHelp says who can have a right: in a safe, by a lease template, by a certificate
// profile.
const holderHelp = `.

HOLDER is an id: of somebody, or of an entitlement or a role, whose holders then have the
right for as long as they hold it. On the node somebody may be named as people are.`

// rightFlags are what a right is given or taken with.
type rightFlags struct{ server, reason, until string }

// flags declares them; a right that is taken ends at once.
func (f *rightFlags) flags(cmd *cobra.Command, gives bool) {
	serverFlag(cmd, &f.server)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
	if gives {
		cmd.Flags().StringVar(&f.until, "until", "", "the `date` on which it ends")
	}
}

// rightBody is what an operation on a right takes.
type rightBody struct {
	Holder access.Ref  `json:"holder"`
	Right  string      `json:"right,omitempty"`
	Ends   access.Time `json:"ends,omitzero"`
	Reason string      `json:"reason"`
}

func (f *rightFlags) of(ctx context.Context, a *app, holder string) (b rightBody, err error) {
	if strings.TrimSpace(f.reason) == "" {
		return b, policy.ErrReason
	}
	b.Reason = f.reason
	if b.Holder, err = a.holderRef(ctx, holder); err != nil {
		return b, err
	}
	if f.until != "" {
		end, err := time.Parse(time.DateOnly, f.until)
		if err != nil {
			return b, fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, f.until)
		}
		b.Ends = access.TimeOf(end)
	}
	return b, nil
}
