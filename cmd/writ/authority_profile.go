package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/pam/authority"
)

func (a *app) authorityProfileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "profile", Short: "Say what an authority signs, for whom, on which terms, and who may ask",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.profilePutCommand(), a.profileRemoveCommand(), a.profileRightCommand("grant", "Give somebody, or whoever holds something, the right to have things signed", ""),
		a.profileRightCommand("withdraw", "Take a right to have things signed", "/withdraw"))
	return cmd
}

// profileFlags say what a profile is.
type profileFlags struct {
	authority.ProfileBody
	logins               string
	usual, longest, most time.Duration
	keyTypes, stages     []string
}

func (f *profileFlags) flags(cmd *cobra.Command) {
	x := cmd.Flags()
	x.StringSliceVar(&f.Principals, "principal", nil, "whom it is for, whoever asks; a host may begin with *. (repeatable)")
	x.StringVar(&f.logins, "logins-of", "", "a `system`, by its id, or on the node its name: it is for the accounts there of whoever asks")
	x.BoolVar(&f.Self, "self", false, "it is for the id of whoever asks")
	x.DurationVar(&f.usual, "for", 0, "how long one lasts where nobody says")
	x.DurationVar(&f.longest, "longest", 0, "how long one lasts at most")
	x.DurationVar(&f.most, "most", 0, "how long it lasts at most with those that renew it")
	x.BoolVar(&f.NeedsReason, "need-reason", false, "it takes a reason")
	x.BoolVar(&f.NeedsTicket, "need-ticket", false, "it takes a ticket")
	x.BoolVar(&f.NeedsMFA, "need-mfa", false, "it takes a second factor")
	x.StringArrayVar(&f.stages, "stage", nil, "who has to agree, as `WHO,WHO:HOW MANY:WITHIN` (repeatable)")
	x.StringSliceVar(&f.keyTypes, "key-type", nil, "which keys it is for: ed25519, ecdsa_p256, ecdsa_p384, rsa, sk_ed25519, sk_ecdsa_p256 (repeatable)")
	x.StringSliceVar(&f.Extensions, "extension", nil, "what an SSH user may do, such as permit-pty (repeatable)")
	x.StringSliceVar(&f.SourceAddress, "source-address", nil, "the `network` that an SSH user comes from (repeatable)")
	x.StringVar(&f.ForceCommand, "force-command", "", "what an SSH user runs, whatever they ask for")
	x.StringSliceVar(&f.Audience, "audience", nil, "whom a token is for (repeatable)")
	x.StringToStringVar(&f.Claims, "claim", nil, "what a token says beside, as NAME=TEXT (repeatable)")
}

func (f *profileFlags) body(ctx context.Context, a *app) (b authority.ProfileBody, err error) {
	b = f.ProfileBody
	if f.logins != "" {
		if b.LoginsOf, err = a.systemID(ctx, f.logins); err != nil {
			return b, err
		}
	}
	b.Usual, b.Longest, b.Most = int(f.usual/time.Second), int(f.longest/time.Second), int(f.most/time.Second)
	for _, t := range f.keyTypes {
		b.KeyTypes = append(b.KeyTypes, authority.KeyType(t))
	}
	stages, err := stagesOf(f.stages)
	for _, s := range stages {
		b.Stages = append(b.Stages, authority.CertificateStage(s))
	}
	return b, err
}

func (a *app) profilePutCommand() *cobra.Command {
	var server, reason string
	f := &profileFlags{}
	cmd := &cobra.Command{
		Use: "put AUTHORITY PROFILE --reason TEXT", Short: "Say what an authority signs by a profile; all of it is said anew",
		Example: "  writ authority profile put ssh-users admins --principal root --for 5m --longest 1h --need-reason --need-mfa --extension permit-pty --reason 'on call'\n" +
			"  writ authority profile put ssh-users people --logins-of web1 --extension permit-pty --reason 'everybody by their own account'",
		Args: cobra.ExactArgs(2),
	}
	cmd.RunE = a.onAuthority(&server, func(ctx context.Context, c caller, path string, args []string) (answer, error) {
		if err := needReason(reason); err != nil {
			return nil, err
		}
		b, err := f.body(ctx, a)
		if err != nil {
			return nil, err
		}
		return authorityAfter(ctx, c, http.MethodPut, profilePath(path, args[0]), struct {
			authority.ProfileBody
			Reason string `json:"reason"`
		}{b, reason})
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	reasonFlag(cmd, &reason)
	return cmd
}

func profilePath(path, name string) string {
	return path + "/profiles/" + strings.ReplaceAll(name, "/", "%2f")
}

func (a *app) profileRemoveCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{Use: "remove AUTHORITY PROFILE --reason TEXT", Short: "End a profile; what was signed by it stays good until its end", Args: cobra.ExactArgs(2)}
	cmd.RunE = a.onAuthority(&server, func(ctx context.Context, c caller, path string, args []string) (answer, error) {
		if err := needReason(reason); err != nil {
			return nil, err
		}
		return authorityAfter(ctx, c, http.MethodPost, profilePath(path, args[0])+"/remove", reasonBody{reason})
	})
	serverFlag(cmd, &server)
	reasonFlag(cmd, &reason)
	return cmd
}

func (a *app) profileRightCommand(verb, short, path string) *cobra.Command {
	var f rightFlags
	cmd := &cobra.Command{
		Use: verb + " AUTHORITY PROFILE HOLDER --reason TEXT", Short: short, Long: short + holderHelp, Args: cobra.ExactArgs(3),
	}
	cmd.RunE = a.onAuthority(&f.server, func(ctx context.Context, c caller, at string, args []string) (answer, error) {
		body, err := f.of(ctx, a, args[1])
		if err != nil {
			return nil, err
		}
		return authorityAfter(ctx, c, http.MethodPost, profilePath(at, args[0])+"/rights"+path, body)
	})
	f.flags(cmd, path == "")
	return cmd
}
