package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/console"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

func (a *app) serverCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Serve the console and the API",
		Long: `Serve the console and the API until it is told to stop.

Everything has a default that is safe on this machine alone. A file says more, and
the environment has the last word: WRIT_ADDRESS is address, WRIT_TLS__KEY is tls.key.

  address: 0.0.0.0:443                # where to listen
  origin: https://writ.example.com    # what people type
  data: /var/lib/writ
  database: postgres://writ@db/writ   # else an own file in data
  tls: {certificate: /etc/writ/tls.pem, key: /etc/writ/tls.key}
  proxies: [10.0.0.0/8]               # whose X-Forwarded-For is believed`,
		Example: "  writ server --config /etc/writ.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readServerConfig(path, ownEnviron())
			if err != nil {
				return err
			}
			if c.Data != "" && !cmd.Flags().Changed("data") {
				a.data = c.Data
			}
			return a.serve(cmd.Context(), c)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (YAML)")
	return cmd
}

// serve runs a node and its server until ctx ends.
func (a *app) serve(ctx context.Context, c *serverConfig) error {
	a.progress = nil
	slog.SetDefault(slog.New(slog.NewJSONHandler(a.err, nil)))
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return err
	}
	n, err := a.newNode(ctx)
	if err != nil {
		return err
	}
	s, err := a.newServer(c, n)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.run(ctx) })
	g.Go(func() error {
		return s.Run(ctx, func(net.Addr) { _, _ = fmt.Fprintf(a.out, "Writ is at %s\n", c.Origin) })
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// newServer wires what is served.
func (a *app) newServer(c *serverConfig, n *node) (*server.Server, error) {
	return server.New(server.Config{
		Address: c.Address, Origin: c.Origin, Proxies: c.proxies, TLS: c.tls, Version: version(),
		Door: nobody{}, Ready: n.ready, Console: console.Files(),
	})
}

// nobody is a door that knows nobody.
type nobody struct{}

func (nobody) Authenticate(*http.Request) (policy.Caller, error) { return policy.Caller{}, nil }
