package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/onboard"
)

func (a *app) onboardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "onboard", Short: "Take over what opens privileged and shared accounts into a safe",
		Long: `Take over what opens privileged and shared accounts into a safe: another value is set that nobody
has seen, and Writ signs in with it. 'writ onboard list' shows what lies in no safe, 'writ onboard
preview' what would be taken over and what not, and why.

docs/how-to/onboard.md says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.onboardListCommand(), a.onboardPreviewCommand(), a.onboardStartCommand(), a.onboardShowCommand(), a.onboardReleaseCommand(), a.onboardAloneCommand())
	return cmd
}

// candidatesAnswer is what lies in no safe.
type candidatesAnswer struct {
	Items []onboard.Candidate `json:"items"`
	Total int                 `json:"total"`
	Names map[string]string   `json:"names"`
}

func (s *candidatesAnswer) tables() []table {
	t := table{title: plural(s.Total, "candidate") + ": what opens something and lies in no safe", header: []string{"system", "what", "kind", "tier", "because", "used by", "last used", "Writ changes it"}, right: []int{5}}
	for _, c := range s.Items {
		t.rows = append(t.rows, candidateRow(c, s.Names, "yes"))
	}
	return []table{t}
}

// candidateRow is a candidate, with a word for that nothing stands against it.
func candidateRow(c onboard.Candidate, names map[string]string, yes string) []string {
	what, kind, tier, used := nameIn(names, c.Account.String()), string(c.Kind), "", "not known"
	if c.Place != 0 {
		what = nameIn(names, c.Place.String())
	}
	if c.Keys > 1 {
		kind = fmt.Sprintf("%s (%d)", kind, c.Keys)
	}
	if c.Tier != access.Unclassified {
		tier = tierName(c.Tier)
	}
	if c.UsageKnown {
		used = cmp.Or(day(c.LastUsed), "never")
	}
	state := cmp.Or(c.Not, yes)
	if c.Not == "" && len(c.Warnings) > 0 {
		state += "; " + strings.Join(c.Warnings, "; ")
	}
	return []string{nameIn(names, c.System.String()), what, kind, tier, strings.Join(c.Why, ", "), strconv.Itoa(c.Consumers), used, state}
}

// onboardFlags say which candidates are meant.
type onboardFlags struct {
	server, system, kind, is string
	accounts                 []string
	tier                     int
}

func (f *onboardFlags) flags(cmd *cobra.Command, kinds string) {
	serverFlag(cmd, &f.server)
	cmd.Flags().StringVar(&f.system, "system", "", "only in this `system`")
	cmd.Flags().StringVar(&f.kind, "kind", "", "only of this kind: "+kinds)
	cmd.Flags().StringVar(&f.is, "is", "", "only of accounts of this kind: admin, service, shared, break_glass or built_in")
	cmd.Flags().IntVar(&f.tier, "tier", -1, "only what gives access of this `tier` or a more dangerous one")
}

// all are the candidates that are asked for. Names are resolved against them.
func (f *onboardFlags) all(ctx context.Context, c caller) (*candidatesAnswer, error) {
	if f.tier < -1 || f.tier > 3 {
		return nil, fmt.Errorf("%w: --tier is from 0 to 3", errUsage)
	}
	q := url.Values{}
	for name, text := range map[string]string{"kind": f.kind, "is": f.is} {
		if text != "" {
			q.Set(name, text)
		}
	}
	if f.tier >= 0 {
		q.Set("tier", strconv.Itoa(f.tier))
	}
	var list candidatesAnswer
	if err := c.exchange(ctx, http.MethodGet, "/v1/onboardings/candidates?"+q.Encode(), nil, nil, &list); err != nil {
		return nil, err
	}
	if f.system != "" {
		list.Items = slices.DeleteFunc(list.Items, func(x onboard.Candidate) bool {
			return f.system != x.System.String() && f.system != list.Names[x.System.String()]
		})
		list.Total = len(list.Items)
	}
	return &list, nil
}

// body is what is asked for, as the server takes it.
func (f *onboardFlags) body(ctx context.Context, c caller, safe string) (b onboard.OnboardingBody, err error) {
	if safe == "" {
		return b, fmt.Errorf("%w: it needs --safe SAFE", errUsage)
	}
	if b.Safe, err = findSafe(ctx, c, safe); err != nil {
		return b, err
	}
	b.Kind, b.Is = onboard.Kind(f.kind), access.AccountKind(f.is)
	if f.tier >= 0 {
		b.Tier = &f.tier
	}
	if f.system == "" && len(f.accounts) == 0 {
		return b, nil
	}
	list, err := f.all(ctx, c)
	if err != nil {
		return b, err
	}
	if f.system != "" {
		if len(list.Items) == 0 {
			return b, onboard.ErrNothing.With("there is no candidate in a system called %q, or it is not yours to see", f.system)
		}
		b.System = list.Items[0].System
	}
	for _, text := range f.accounts {
		i := slices.IndexFunc(list.Items, func(x onboard.Candidate) bool {
			id := x.Account.String()
			return id != "" && (text == id || text == list.Names[x.System.String()]+"/"+list.Names[id])
		})
		if i < 0 {
			return b, onboard.ErrNothing.With("no candidate is called %q: write SYSTEM/LOGIN as 'writ onboard list' shows them, or the account's id", text)
		}
		b.Accounts = append(b.Accounts, list.Items[i].Account)
	}
	return b, nil
}

func (a *app) onboardListCommand() *cobra.Command {
	f := &onboardFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List what opens privileged and shared accounts and lies in no safe", Args: cobra.NoArgs,
		Example: "  writ onboard list --tier 0\n  writ onboard list --kind embedded",
	}
	cmd.RunE = a.onboardRun(&f.server, func(ctx context.Context, c caller, _ []string) (answer, error) {
		return f.all(ctx, c)
	})
	f.flags(cmd, "password, ssh_key or embedded")
	return cmd
}

// onboardPlanAnswer is what would be taken over.
type onboardPlanAnswer struct {
	onboard.Plan
	Names map[string]string `json:"names"`
}

func (s *onboardPlanAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s would be taken over; nothing was changed", plural(s.Taken, "secret")),
		header: []string{"system", "what", "kind", "tier", "because", "used by", "last used", "is taken over"}, right: []int{5},
	}
	for _, c := range s.Items {
		t.rows = append(t.rows, candidateRow(c, s.Names, "yes"))
	}
	if s.Guard != "" {
		t.note = fmt.Sprintf("  %s (--mean %d)", s.Guard, s.Taken)
	}
	return []table{t}
}

func (a *app) onboardPreviewCommand() *cobra.Command {
	var safe string
	f := &onboardFlags{}
	cmd := &cobra.Command{
		Use: "preview --safe SAFE", Short: "Show what would be taken over, what not, and why", Args: cobra.NoArgs,
		Example: "  writ onboard preview --safe ledger --system cluster --tier 1",
	}
	cmd.RunE = a.onboardRun(&f.server, func(ctx context.Context, c caller, _ []string) (answer, error) {
		b, err := f.body(ctx, c, safe)
		if err != nil {
			return nil, err
		}
		var p onboardPlanAnswer
		err = c.exchange(ctx, http.MethodPost, "/v1/onboardings/preview", nil, b, &p)
		return &p, err
	})
	f.flags(cmd, "password or ssh_key")
	cmd.Flags().StringVar(&safe, "safe", "", "the `safe` that it would lie in (required)")
	cmd.Flags().StringArrayVar(&f.accounts, "account", nil, "only this `account`, as SYSTEM/LOGIN (repeatable)")
	return cmd
}

// onboardingAnswer is one onboarding.
type onboardingAnswer struct{ onboard.OnboardingShown }

func (s *onboardingAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("onboarding %s into %s: %s", s.ID, nameIn(s.Names, s.Safe.String()), countsOf(s.Counts)),
		header: []string{"system", "account", "secret", "state", "proved", "what went wrong"},
	}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{nameIn(s.Names, x.System.String()), nameIn(s.Names, x.Account.String()), x.Name, string(x.State), minute(x.Proven), x.Error})
	}
	return []table{t}
}

func countsOf(counts map[onboard.State]int) string {
	var words []string
	for _, state := range onboard.States {
		if n := counts[state]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(words, ", ")
}

func (a *app) onboardStartCommand() *cobra.Command {
	var safe, reason string
	var every time.Duration
	var alone bool
	var mean int
	f := &onboardFlags{}
	cmd := &cobra.Command{
		Use: "start --safe SAFE --reason TEXT", Short: "Take over what the preview says: it is set anew, and signed in with", Args: cobra.NoArgs,
		Long: `Take over what the preview says. A server sets another value of each, as soon as it can, and signs
in with it; 'writ onboard show' says how far each of them is. What was interrupted goes on by itself.

Who does it keeps the safe, and is platform owner of the systems.`,
		Example: "  writ onboard start --safe ledger --system cluster --every 720h --reason 'no password that people know'\n  writ onboard start --safe hosts --account web1/deploy --kind ssh_key --alone --reason 'CHG-42'",
	}
	cmd.RunE = a.onboardRun(&f.server, func(ctx context.Context, c caller, _ []string) (answer, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%w: it needs --reason TEXT", errUsage)
		}
		if every%time.Hour != 0 || every < 0 {
			return nil, fmt.Errorf("%w: --every is whole hours, as 720h for thirty days", errUsage)
		}
		b, err := f.body(ctx, c, safe)
		if err != nil {
			return nil, err
		}
		b.Reason, b.Hours, b.Alone, b.Mean = reason, int(every.Hours()), alone, mean
		var o onboardingAnswer
		err = c.exchange(ctx, http.MethodPost, "/v1/onboardings", nil, b, &o)
		return &o, err
	})
	f.flags(cmd, "password or ssh_key")
	cmd.Flags().StringVar(&safe, "safe", "", "the `safe` that it lies in from then on (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().StringArrayVar(&f.accounts, "account", nil, "only this `account`, as SYSTEM/LOGIN (repeatable)")
	cmd.Flags().DurationVar(&every, "every", 0, "how often it is given another value by itself, in whole hours")
	cmd.Flags().BoolVar(&alone, "alone", false, "of keys: take out all others that open the account")
	cmd.Flags().IntVar(&mean, "mean", 0, "how many are meant, where the preview says that it takes saying so")
	return cmd
}

type onboardingsAnswer struct {
	Items []onboard.OnboardingShown `json:"items"`
}

func (s *onboardingsAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "onboarding"), header: []string{"onboarding", "begun", "by", "safe", "state", "reason"}}
	for _, o := range s.Items {
		t.rows = append(t.rows, []string{o.ID.String(), minute(o.At), nameIn(o.Names, o.By), nameIn(o.Names, o.Safe.String()), countsOf(o.Counts), o.Reason})
	}
	return []table{t}
}

func (a *app) onboardShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show [ONBOARDING]", Short: "Show what was taken over together, and how far it is", Args: cobra.MaximumNArgs(1)}
	cmd.RunE = a.onboardRun(&server, func(ctx context.Context, c caller, args []string) (answer, error) {
		if len(args) == 0 {
			var list onboardingsAnswer
			err := c.exchange(ctx, http.MethodGet, "/v1/onboardings", nil, nil, &list)
			return &list, err
		}
		var o onboardingAnswer
		err := c.exchange(ctx, http.MethodGet, "/v1/onboardings/"+url.PathEscape(args[0]), nil, nil, &o)
		return &o, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) onboardReleaseCommand() *cobra.Command {
	var server, reason string
	var accounts []string
	cmd := &cobra.Command{
		Use: "release ONBOARDING --reason TEXT", Short: "Let go of what was taken over and has not been set yet", Args: cobra.ExactArgs(1),
		Example: "  writ onboard release onb_0000000000001 --account hosts/batch --reason 'the batch host first'",
	}
	cmd.RunE = a.onboardRun(&server, func(ctx context.Context, c caller, args []string) (answer, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%w: it needs --reason TEXT", errUsage)
		}
		ids := make([]access.AccountID, len(accounts))
		for i, text := range accounts {
			var err error
			if ids[i], err = a.accountID(ctx, text); err != nil {
				return nil, err
			}
		}
		path := "/v1/onboardings/" + url.PathEscape(args[0])
		if err := c.exchange(ctx, http.MethodPost, path+"/release", nil, map[string]any{"accounts": ids, "reason": reason}, nil); err != nil {
			return nil, err
		}
		var o onboardingAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &o)
		return &o, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().StringArrayVar(&accounts, "account", nil, "only this `account`: an id, or on the node as SYSTEM/LOGIN (repeatable)")
	return cmd
}

func (a *app) onboardAloneCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "alone SECRET --reason TEXT", Short: "Take out all other keys that open the account of a key that was taken over", Args: cobra.ExactArgs(1),
		Example: "  writ onboard alone 'hosts/deploy at web1 (key)' --reason 'every other key is known to be unused'",
	}
	cmd.RunE = a.onboardRun(&server, func(ctx context.Context, c caller, args []string) (answer, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%w: it needs --reason TEXT", errUsage)
		}
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return nil, c.exchange(ctx, http.MethodPost, "/v1/secrets/"+id.String()+"/alone", nil, reasonBody{reason}, nil)
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
