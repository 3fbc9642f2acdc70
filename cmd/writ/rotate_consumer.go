package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/pam/rotate"
)

// consumersAnswer is who uses secrets.
type consumersAnswer struct {
	Items []rotate.ConsumerShown `json:"items"`
}

func (s *consumersAnswer) tables() []table {
	t := table{
		title:  plural(len(s.Items), "consumer"),
		header: []string{"secret", "place", "consumer", "stage", "uses", "told of", "by", "owner", "what went wrong", "id"}, right: []int{1, 4, 5},
	}
	for _, x := range s.Items {
		by := x.Hook
		if x.Reader != 0 {
			by = "reads"
			if x.Hook != "" {
				by = x.Hook + ", reads"
			}
		}
		t.rows = append(t.rows, []string{x.Named.Name, strconv.Itoa(x.Place), x.Name, string(x.Stage), numbered(x.Uses), numbered(x.Wants), by, x.Owned.Name, x.Error, x.ID.String()})
	}
	return []table{t}
}

// numbered is a number, where there is one.
func numbered(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (a *app) consumerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "consumer", Short: "Services that use secrets, and are told when those change",
		Long: `Services that use secrets, and are told when those change: by a hook that the configuration of
the server declares, or by reading the secret themselves. Each confirms which version it uses.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.consumerAddCommand(), a.consumerListCommand(), a.consumerChangeCommand(), a.consumerRemoveCommand(), a.consumerConfirmCommand())
	return cmd
}

func (a *app) consumerAddCommand() *cobra.Command {
	var server, hook, reader, owner string
	var place int
	cmd := &cobra.Command{
		Use: "add SECRET NAME", Short: "Keep that a service uses a secret, and have it told",
		Example: "  writ consumer add ledger/app ledger-api --hook ledger --owner ana@example.com\n  writ consumer add ledger/app report --reader report-job --owner ana@example.com --place 1",
		Args:    cobra.ExactArgs(2),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		of, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		x := rotate.Consumer{Secret: of, Name: args[1], Hook: hook, Place: place}
		if x.Owner, err = a.personID(ctx, owner); err != nil {
			return nil, err
		}
		if x.Reader, err = a.personID(ctx, reader); err != nil {
			return nil, err
		}
		if err := x.Validate(); err != nil {
			return nil, err
		}
		var made rotate.ConsumerShown
		err = c.exchange(ctx, http.MethodPost, "/v1/secrets/"+of.String()+"/consumers", nil,
			map[string]any{"name": x.Name, "hook": x.Hook, "reader": x.Reader, "owner": x.Owner, "place": x.Place}, &made)
		return &consumersAnswer{Items: []rotate.ConsumerShown{made}}, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&hook, "hook", "", "what it is told by: a `name` under hooks in the server's configuration")
	cmd.Flags().StringVar(&reader, "reader", "", "who it reads the secret as: an id, or on the node a number, email, login or name")
	cmd.Flags().StringVar(&owner, "owner", "", "who is told where it does not confirm (required)")
	cmd.Flags().IntVar(&place, "place", 0, "it is told once all of a lower place have confirmed")
	return cmd
}

func (a *app) consumerListCommand() *cobra.Command {
	var server string
	var open bool
	cmd := &cobra.Command{Use: "list [SECRET]", Short: "List who uses secrets, and whether they use the value that there is", Args: cobra.MaximumNArgs(1)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		path := "/v1/consumers?open=" + strconv.FormatBool(open)
		if len(args) > 0 {
			of, err := thereSecret(ctx, c, args[0])
			if err != nil {
				return nil, err
			}
			path += "&secret=" + of.String()
		}
		var list consumersAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&open, "open", false, "only those that have not confirmed")
	return cmd
}

// findConsumer finds one by its id, or by its secret and its name as SAFE/SECRET/NAME.
func findConsumer(ctx context.Context, c caller, of, name string) (rotate.ConsumerShown, error) {
	id, err := thereSecret(ctx, c, of)
	if err != nil {
		return rotate.ConsumerShown{}, err
	}
	var list consumersAnswer
	if err := c.exchange(ctx, http.MethodGet, "/v1/consumers?secret="+id.String(), nil, nil, &list); err != nil {
		return rotate.ConsumerShown{}, err
	}
	for _, x := range list.Items {
		if x.Name == name || x.ID.String() == name {
			return x, nil
		}
	}
	return rotate.ConsumerShown{}, rotate.ErrNoConsumer.With("%s has no consumer %q", of, name)
}

func (a *app) consumerChangeCommand() *cobra.Command {
	var server, called, hook, reader, owner string
	var place int
	cmd := &cobra.Command{
		Use: "change SECRET NAME", Short: "Have a service told otherwise; what is not said stays as it is", Args: cobra.ExactArgs(2),
		Example: "  writ consumer change ledger/app ledger-api --place 2",
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		x, err := findConsumer(ctx, c, args[0], args[1])
		if err != nil {
			return nil, err
		}
		said := cmd.Flags().Changed
		if said("name") {
			x.Name = called
		}
		if said("hook") {
			x.Hook = hook
		}
		if said("place") {
			x.Place = place
		}
		if said("reader") {
			if x.Reader, err = a.personID(ctx, reader); err != nil {
				return nil, err
			}
		}
		if said("owner") {
			if x.Owner, err = a.personID(ctx, owner); err != nil {
				return nil, err
			}
		}
		var now rotate.ConsumerShown
		err = c.exchange(ctx, http.MethodPut, "/v1/consumers/"+x.ID.String(), nil,
			map[string]any{"name": x.Name, "hook": x.Hook, "reader": x.Reader, "owner": x.Owner, "place": x.Place}, &now)
		return &consumersAnswer{Items: []rotate.ConsumerShown{now}}, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&called, "name", "", "another name")
	cmd.Flags().StringVar(&hook, "hook", "", "what it is told by; empty is by none")
	cmd.Flags().StringVar(&reader, "reader", "", "who it reads the secret as; empty is nobody")
	cmd.Flags().StringVar(&owner, "owner", "", "who is told where it does not confirm")
	cmd.Flags().IntVar(&place, "place", 0, "it is told once all of a lower place have confirmed")
	return cmd
}

func (a *app) consumerRemoveCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "remove SECRET NAME", Short: "Tell a service no more", Args: cobra.ExactArgs(2)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		x, err := findConsumer(ctx, c, args[0], args[1])
		if err != nil {
			return nil, err
		}
		return nil, c.exchange(ctx, http.MethodDelete, "/v1/consumers/"+x.ID.String(), nil, nil, nil)
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) consumerConfirmCommand() *cobra.Command {
	var server string
	var version int
	cmd := &cobra.Command{
		Use: "confirm SECRET NAME", Short: "Say that a service uses the value that there is, where it cannot say so itself",
		Args: cobra.ExactArgs(2),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		if version < 1 {
			return nil, fmt.Errorf("%w: it needs --version NUMBER, of the version that the service uses", errUsage)
		}
		x, err := findConsumer(ctx, c, args[0], args[1])
		if err != nil {
			return nil, err
		}
		var now rotate.ConsumerShown
		err = c.exchange(ctx, http.MethodPost, "/v1/consumers/"+x.ID.String()+"/confirm", nil, map[string]any{"version": version}, &now)
		return &consumersAnswer{Items: []rotate.ConsumerShown{now}}, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().IntVar(&version, "version", 0, "the `number` of the version that it uses")
	return cmd
}
