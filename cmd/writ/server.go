package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/console"
	"github.com/writhq/writ/iga/classify"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
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
  proxies: [10.0.0.0/8]               # whose X-Forwarded-For is believed
  metrics: 127.0.0.1:9464             # Prometheus metrics at /metrics; else none
  traces: http://127.0.0.1:4318/v1/traces  # an OTLP collector; else none
  oidc:                               # where people sign in
  - name: company
    title: The company
    issuer: https://login.example.com
    client_id: writ
    client_secret: file:/etc/writ/oidc-secret   # or env:VARIABLE
    mfa: [mfa, phr]                   # values of acr or amr that stand for a second factor
  mail:                               # what gives mail to people; else it waits
    server: mail.example.com          # HOST or HOST:PORT
    from: Writ <writ@example.com>
    user: writ
    password: file:/etc/writ/mail-password      # or env:VARIABLE
    tls: starttls                     # or implicit; none is for this machine alone
  vault:                              # what opens the vault by itself; else people do
    pkcs11: {module: /usr/lib/softhsm/libsofthsm2.so, token: writ, key: writ-vault, pin: file:/etc/writ/pin}
    kms: awskms:///alias/writ?region=eu-central-1  # or a key service that does
  tickets:                            # the tracker that elevations ask about; else none is
    url: https://tracker.example.com/writ/{ticket}
    token: file:/etc/writ/tickets-token         # or env:VARIABLE
  hooks:                              # what services are told of a new secret by
    ledger: {url: 'https://ledger.example.com/writ', key: file:/etc/writ/ledger-key}
    proxy: {run: [/usr/local/lib/writ/reload-proxy, --quiet], value: true}
  paths: {erp: /srv/exports/erp}      # what a system added in the console may be read from
  programs: {erp: /usr/local/lib/writ/erp-driver}  # what a system of the kind script may be
  credentials:                        # what it may sign in with, and where to alone
    payroll: {from: env:PAYROLL_PASSWORD, address: postgres://auditor@db1/postgres}`,
		Example: "  writ server --config /etc/writ.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readServerConfig(path, ownEnviron())
			if err != nil {
				return err
			}
			a.configured(cmd, c)
			return a.serve(cmd.Context(), c, firstOwner)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration `file` (YAML)")
	return cmd
}

// greeting is what whoever starts a server is told once it listens.
type greeting func(ctx context.Context, n *node) (string, error)

// firstOwner tells who may become the owner, where there is none.
func firstOwner(ctx context.Context, n *node) (string, error) {
	first, err := n.door.FirstLink(ctx)
	if err != nil || first.Empty() {
		return "", err
	}
	return fmt.Sprintf("It has no owner yet. Whoever opens this first becomes it; it is good once, for an hour:\n  %s\n", first.Reveal()), nil
}

// serve runs a node and its server until ctx ends.
func (a *app) serve(ctx context.Context, c *serverConfig, greet greeting) error {
	a.progress, a.alone, a.declared, a.hooks = nil, true, c.declared(), c.hooks
	slog.SetDefault(slog.New(slog.NewJSONHandler(a.err, nil)))
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return err
	}
	if err := a.startVault(ctx, c); err != nil {
		return err
	}
	n, err := a.newNode(ctx)
	if err != nil {
		return err
	}
	n.mailer = c.mailer
	if c.tickets != nil {
		n.elevate.Tickets = c.tickets
	}
	lines := server.NewLines(a.err)
	defer lines.Flush() //nolint:errcheck // there is nowhere left to say it
	s, end, err := a.newServer(ctx, c, n, slog.New(slog.NewJSONHandler(lines, nil)))
	if err != nil {
		return err
	}
	defer end()
	told, err := greet(ctx, n)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.run(ctx) })
	g.Go(func() error {
		return s.Run(ctx, func(net.Addr) {
			_, _ = fmt.Fprintf(a.out, "Writ is at %s\n%s", c.Origin, told)
		})
	})
	if c.Metrics != "" {
		g.Go(func() error { return s.RunMetrics(ctx, c.Metrics, nil) })
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// newServer builds what is served; end sends what is left of the traces.
func (a *app) newServer(ctx context.Context, c *serverConfig, n *node, log *slog.Logger) (s *server.Server, end func(), err error) {
	end = func() {}
	cfg, err := a.served(c, n)
	if err != nil {
		return nil, end, err
	}
	cfg.Access = log
	if c.Traces != "" {
		if cfg.Traces, err = server.NewTraces(ctx, c.Traces, cfg.Version); err != nil {
			return nil, end, errConfig.With("traces: %s cannot be used", c.Traces).Because(err)
		}
		end = func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesTimeout)
			defer cancel()
			if err := cfg.Traces.Close(last); err != nil {
				slog.WarnContext(last, "the last traces were not sent", "error", err)
			}
		}
	}
	s, err = server.New(cfg)
	return s, end, err
}

// tracesTimeout is how long a collector may make stopping wait.
const tracesTimeout = 3 * time.Second

// served wires what is served.
func (a *app) served(c *serverConfig, n *node) (cfg server.Config, err error) {
	if n.door, err = a.newDoor(c, n); err != nil {
		return cfg, err
	}
	if err := a.previewer().Sweep(); err != nil {
		return cfg, err
	}
	n.authority.Origin, n.share.Origin = c.Origin, c.Origin
	if n.mailer != nil {
		n.share.Mailer = n.mailer
	}
	return server.Config{
		Address: c.Address, Origin: c.Origin, Proxies: c.proxies, TLS: c.tls, Version: version(),
		Door: n.door, Ready: n.ready, Figures: n.figures, Seen: n.seen, Answers: a.db.Idempotency(), Manual: manual(), Console: console.Files(),
		Features: a.features(n), Raw: append(rawOf(n.door), server.Raw{Pattern: authority.Pattern, Handler: n.authority}),
		Foreign: a.vaultAPI(n), Limits: c.limits(),
	}, nil
}

// features are what has operations.
func (a *app) features(n *node) []server.Feature {
	return slices.Concat([]server.Feature{
		n.door, &server.Decisions{Gate: n.gate}, &policy.ScopeAPI{Scopes: a.scopes(), Gate: n.gate, Facts: n.live.Facts}, a.simulateAPI(n), a.documentAPI(n), a.askAPI(n), &classify.API{Service: a.classifier(), Gate: n.gate}, n.searchOperations(),
		&inventory.API{Service: n.inventory, Runs: n.runs, Gate: n.gate}, &role.API{Teller: *n.miner.Teller, Gate: n.gate, Miner: n.miner, Scopes: a.scopesWithin},
		&elevate.API{Service: n.elevate.Service}, &lease.API{Service: n.lease},
		&provision.API{Service: n.provision, Gate: n.gate, Names: a.db.Inventory()},
		&approval.API{Teller: a.approvals(n.gate, n.live)},
		&keys.API{Ring: a.vault, Gate: n.gate}, &vault.API{Service: n.vault, Names: a.db.Inventory()}, a.rotateAPI(n.rotate, n.vault, n.gate), a.authorityAPI(n.authority), a.onboardAPI(n.rotate, n.vault, n.gate), a.breakGlassAPI(n.glass), &share.API{Service: n.share},
		&lifecycle.API{Service: a.lifecycle(), Previewer: a.previewer(), Gate: n.gate},
	}, a.assuring(n))
}

// documentAPI keeps the organisation's own policies. What somebody publishes counts on this
// node before they are told.
func (a *app) documentAPI(n *node) *policy.DocumentAPI {
	documents := &policy.Documents{Store: a.db.Policy(), Live: n.live}
	return &policy.DocumentAPI{DocumentTeller: policy.DocumentTeller{Documents: documents, Names: a.db.Inventory()}, Gate: n.gate, Settle: n.settle}
}

// simulateAPI tries policies.
func (a *app) simulateAPI(n *node) *policy.SimulateAPI {
	return &policy.SimulateAPI{
		Simulator: &policy.Simulator{Engine: n.gate.Engine, Live: n.live, History: a.db.Policy()},
		Gate:      n.gate, Names: a.db.Inventory(), Now: a.now,
	}
}
