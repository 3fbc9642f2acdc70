package main

import (
	"context"
	"fmt"

	"github.com/writhq/writ/policy"
)

// demoPolicies are the company's own policies: one that observes whom it would stop, and
// one that is written and waits for somebody else.
var demoPolicies = []struct {
	name string
	to   policy.Written
	note string // why it is published; a draft without
}{
	{
		name: "own-accounts", note: "read and tried it; it observes for a quarter first",
		to: policy.Written{
			Description: "Who looks at accounts that are not theirs",
			Reason:      "the works council asks who sees the accounts of others",
			Text: `// It observes: what it would refuse is counted, and nobody is stopped.
@id("own-accounts.platform")
@reason("who runs a system sees its accounts, and not those of other systems")
forbid (principal in Function::"platform_owner", action == Action::"account.read", resource)
unless { principal in Function::"iam" };

@id("own-accounts.security")
@reason("security operations sees accounts while it looks into something")
forbid (principal in Function::"security_operations", action == Action::"account.disable", resource)
unless { principal in Function::"iam" };
`,
		},
	},
	{
		name: "year-end",
		to: policy.Written{
			Description: "What rests while the books are closed",
			Reason:      "finance asks for two quiet weeks",
			Text: `@id("year-end.roles")
@reason("roles rest until the books are closed")
@mode("enforce")
forbid (principal, action in [Action::"role.change", Action::"role.publish"], resource);
`,
		},
	},
}

// makeDemoPolicies writes the company's own policies as one of its people would, and
// publishes as another. Those that are there stay as they are.
func (a *app) makeDemoPolicies(ctx context.Context) error {
	author, err := a.actingAs(ctx, demoAuthor)
	if err != nil {
		return err
	}
	publisher, err := a.actingAs(ctx, demoReviewer)
	if err != nil {
		return err
	}
	t, err := a.documents(ctx)
	if err != nil {
		return err
	}
	for _, d := range demoPolicies {
		k, err := t.Find(ctx, d.name)
		if err != nil {
			_, err = t.Write(author, d.name, policy.Anew, d.to)
		}
		if err != nil {
			return fmt.Errorf("writing the policies %s: %w", d.name, err)
		}
		if d.note == "" || k.Published != nil {
			continue
		}
		if _, err := t.Publish(publisher, d.name, 0, d.note); err != nil {
			return fmt.Errorf("publishing the policies %s: %w", d.name, err)
		}
	}
	return nil
}
