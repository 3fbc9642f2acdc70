package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/signin"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make, list and revoke tokens of the API, for scripts",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand(), a.tokenKeyCommand())
	return cmd
}

// newToken is what the API takes to make a token.
type newToken struct {
	Name     string          `json:"name"`
	Limits   []string        `json:"limits"`
	Days     int             `json:"days"`
	Networks []string        `json:"networks"`
	Key      json.RawMessage `json:"key,omitempty"`
}

// madeToken is a token with its text, which is shown this once.
type madeToken struct {
	signin.Token
	Text string `json:"text"`
}

func (m madeToken) tables() []table {
	t := tokensAnswer{Items: []signin.Token{m.Token}}.tables()[0]
	t.note = "\nThe token, which is shown this once:\n" + m.Text
	return []table{t}
}

type tokensAnswer struct {
	Items []signin.Token `json:"items"`
}

func (l tokensAnswer) tables() []table {
	t := table{title: "Tokens", header: []string{"id", "name", "may", "from", "bound", "ends", "last use", "revoked"}}
	for _, k := range l.Items {
		networks := make([]string, len(k.Networks))
		for i, n := range k.Networks {
			networks[i] = n.String()
		}
		bound := ""
		if k.Key != "" {
			bound = "to a key"
		}
		t.rows = append(t.rows, []string{
			k.ID.String(), k.Name, strings.Join(k.Limits, " "), strings.Join(networks, " "), bound, minute(k.Ends), minute(k.Used), minute(k.Ended),
		})
	}
	return []table{t}
}

func minute(at access.Time) string {
	if at == 0 {
		return ""
	}
	return at.Time().UTC().Format("2006-01-02 15:04")
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var server, key string
	var k newToken
	cmd := &cobra.Command{
		Use: "create", Short: "Make a token, which is shown once",
		Long: `Make a token of the API. It acts as you, within your functions, for what you limit it to,
from the networks that you name. It can make no tokens and change no sign-ins.

You must have shown a second factor within ten minutes: sign in again with 'writ login'.`,
		Example: "  writ token create --name 'nightly report' --limit read --network 10.1.0.0/16 --days 30",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if k.Name == "" || len(k.Limits) == 0 || len(k.Networks) == 0 {
				return fmt.Errorf("%w: say what the token is for (--name), what it may do (--limit) and where (--network)", errUsage)
			}
			var err error
			if k.Key, err = publicHalf(key); err != nil {
				return err
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			var made madeToken
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/tokens", k, &made); err != nil {
				return err
			}
			return a.print(made)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&k.Name, "name", "", "what it is for")
	cmd.Flags().StringSliceVar(&k.Limits, "limit", nil, "`action` or group of actions that it may do, such as finding.read or read; may be given again")
	cmd.Flags().StringSliceVar(&k.Networks, "network", nil, "`range` of addresses that it may be used from; may be given again")
	cmd.Flags().IntVar(&k.Days, "days", 30, "how long it lasts, at most 90 days")
	cmd.Flags().StringVar(&key, "key", "", "`file` with a JSON Web Key whose proof then goes with the token, as 'writ token key' makes it; its public half alone is sent")
	return cmd
}

func (a *app) tokenListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "list", Short: "List your tokens",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			var list tokensAnswer
			if err := r.call(cmd.Context(), http.MethodGet, "/v1/tokens", nil, &list); err != nil {
				return err
			}
			return a.print(list)
		},
	}
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Revoke one of your tokens, at once",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindToken {
				return fmt.Errorf("%w: %q is not the id of a token, as 'writ token list' shows it", errUsage, args[0])
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			return r.call(cmd.Context(), http.MethodDelete, "/v1/tokens/"+ref.String(), nil, nil)
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
