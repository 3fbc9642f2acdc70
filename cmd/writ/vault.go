package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

// errNothingGiven is returned where a passphrase or a share was asked for and none came.
var errNothingGiven = fault.New(fault.Invalid, "vault-nothing-given", "a passphrase or a share is needed: type it at a terminal, or give it on standard input")

// newVault makes the ring of this process, and opens it where that needs nobody. What is
// configured and cannot be used is an error; a key service that is away leaves it sealed. From
// then on the process leaves no memory in a file.
func (a *app) newVault(ctx context.Context) (*keys.Ring, error) {
	if a.vault != nil {
		return a.vault, nil
	}
	if err := keys.NoDumps(); err != nil {
		slog.WarnContext(ctx, "a crash may leave this process's memory in a file", "error", err)
	}
	r, err := keys.New(keys.Config{Store: a.db.VaultKeys(), Dir: a.db.Dir(), Now: a.now, Token: a.token, KMS: a.kms})
	if err != nil {
		return nil, err
	}
	if err := r.OpenItself(ctx); err != nil && !errors.Is(err, keys.ErrSealAway) {
		return nil, fmt.Errorf("opening the vault: %w", err)
	}
	a.vault = r
	return r, nil
}

// endVault overwrites the keys, and remembers what was seen of the vault.
func (a *app) endVault() {
	if a.vault == nil {
		return
	}
	if err := a.vault.Look(context.Background()); err != nil {
		slog.Error("remembering what was seen of the vault", "error", err)
	}
	a.vault.Wipe()
	a.vault = nil
}

// keepVault looks after the ring while the node runs.
func (n *node) keepVault(ctx context.Context) error {
	return n.app.vault.Run(ctx, func(err error) { slog.ErrorContext(ctx, "the vault", "error", err) })
}

// given reads what nobody may see: from the terminal, or a line of standard input. It is
// never an argument.
type given struct {
	app   *app
	lines *bufio.Reader
}

func (g *given) next(question string) (secret.Secret, error) {
	if f, ok := g.app.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return g.app.prompt(question)
	}
	if g.lines == nil {
		g.lines = bufio.NewReader(g.app.in)
	}
	line, err := g.lines.ReadBytes('\n')
	defer clear(line)
	text := strings.TrimRight(string(line), "\r\n")
	if text == "" {
		return secret.Secret{}, errNothingGiven.Because(err)
	}
	return secret.New([]byte(text)), nil
}

// ringOpen is the ring of this process, opened with what somebody gives where it takes that.
func (a *app) ringOpen(ctx context.Context, g *given) (*keys.Ring, error) {
	r, err := a.newVault(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	for s.State == keys.VaultSealed {
		if _, err := a.unsealOnce(ctx, g, s, func(key secret.Secret) (keys.Status, error) {
			_, err := r.Unseal(ctx, key, "a command on the node")
			return keys.Status{}, err
		}); err != nil {
			return nil, err
		}
		if s, err = r.Status(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (a *app) unsealOnce(_ context.Context, g *given, s keys.Status, give func(secret.Secret) (keys.Status, error)) (keys.Status, error) {
	var key secret.Secret
	var err error
	switch s.Seal {
	case keys.Passphrase:
		key, err = g.next("Passphrase of the vault: ")
	case keys.Shares:
		key, err = g.next(fmt.Sprintf("Share of the vault (%d of %d given): ", s.Given, s.Threshold))
	case keys.File, keys.PKCS11, keys.KMS:
	}
	if err != nil {
		return s, err
	}
	defer key.Wipe()
	return give(key)
}

// vaultAnswer is the answer of 'writ vault status' and of what changes it.
type vaultAnswer struct{ keys.Status }

func (s *vaultAnswer) tables() []table {
	t := table{title: "The vault is " + string(s.State), header: []string{"what", ""}, whole: true}
	add := func(is bool, what, text string) {
		if is {
			t.rows = append(t.rows, []string{what, text})
		}
	}
	if s.State == keys.NoVault {
		t.title = "There is no vault: make it with 'writ vault init'"
	}
	add(s.Seal != "", "seal", string(s.Seal))
	add(s.Away != "", "!", "not opened since "+s.AwaySince+": "+s.Away)
	add(s.Development, "!", "THE KEY LIES IN A FILE BESIDE THE DATABASE: FOR DEVELOPMENT ALONE. Change it with 'writ rekey seal'")
	add(s.Threshold > 0, "shares", fmt.Sprintf("%d of %d open it; %d given", s.Threshold, s.Shares, s.Given))
	add(s.GivenUntil != "", "forgotten at", s.GivenUntil)
	add(s.NextSeal != "", "next seal", fmt.Sprintf("%s, not in force: %d of its shares given ('writ rekey confirm')", s.NextSeal, s.Confirmed))
	add(s.RolledBack, "!", "THE DATABASE IS OLDER THAN WHAT THIS NODE HAS SEEN: it lends nothing until 'writ vault accept-rollback'")
	add(s.Root > 0, "root key", "generation "+strconv.FormatInt(s.Root, 10))
	add(s.NextRoot > 0, "next root key", fmt.Sprintf("generation %d wraps %d safes' keys so far ('writ rekey root' goes on)", s.NextRoot, s.Wrapped))
	add(s.Root > 0, "safes", strconv.FormatInt(s.Safes, 10))
	for _, safe := range s.Unfinished {
		add(true, "being re-keyed", safe.String())
	}
	add(s.Swappable, "!", "the keys lie in memory that this machine may write to disk: raise the limit of locked memory")
	return []table{t}
}

// sharesAnswer is the answer of what makes shares. It is the one place where they are shown.
type sharesAnswer struct{ keys.SharesBody }

func (s *sharesAnswer) tables() []table {
	list := (&vaultAnswer{s.Status}).tables()
	if len(s.Made) == 0 {
		return list
	}
	t := table{title: "The shares, which are shown this once. Give each to another person:", header: []string{"share", ""}, whole: true}
	for i, x := range s.Made {
		t.rows = append(t.rows, []string{strconv.Itoa(i + 1), x})
	}
	return append(list, t)
}

// rekeyedAnswer is the answer of 'writ rekey root' and 'writ rekey safe'.
type rekeyedAnswer struct {
	keys.RekeyedBody
	what string
}

func (s *rekeyedAnswer) tables() []table {
	t := table{title: fmt.Sprintf("%s is of generation %d; %d keys were wrapped anew", s.what, s.Generation, s.Keys)}
	if s.Resumed {
		t.note = "  it had been begun before, and went on"
	}
	return []table{t}
}

// vaultOp is an operation on the vault, in this process or at a server.
type vaultOp struct {
	app            *app
	server, reason string
	config         string
	given          given
}

func (a *app) vaultCommandOf(use, short, long, example string, args cobra.PositionalArgs, do func(ctx context.Context, o *vaultOp, args []string) error) (*cobra.Command, *vaultOp) {
	o := &vaultOp{app: a, given: given{app: a}}
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Example: example, Args: args}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if flag := cmd.Flags().Lookup("reason"); flag != nil && strings.TrimSpace(o.reason) == "" {
			return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
		}
		ctx := cmd.Context()
		if !o.remote() {
			c, err := readServerConfig(o.config, ownEnviron())
			if err != nil {
				return err
			}
			a.configured(cmd, c)
			a.token, a.kms = c.Vault.token, c.Vault.service
			if ctx, err = a.open(ctx); err != nil {
				return err
			}
		}
		return do(ctx, o, args)
	}
	serverFlag(cmd, &o.server)
	cmd.Flags().StringVar(&o.config, "config", "", "the server's configuration `file` (YAML), for its hardware token or key service")
	return cmd, o
}

func (o *vaultOp) remote() bool { return o.server != "" }

func withReason(cmd *cobra.Command, o *vaultOp) *cobra.Command {
	cmd.Flags().StringVar(&o.reason, "reason", "", "why (required)")
	return cmd
}

// call asks the server.
func (o *vaultOp) call(ctx context.Context, method, path string, body, into any) error {
	r, err := o.app.remote(o.server)
	if err != nil {
		return err
	}
	return r.call(ctx, method, path, body, into)
}

type reasonBody struct {
	Reason string `json:"reason"`
}

func (o *vaultOp) showing(ctx context.Context, path string, body any, err error) error {
	var s vaultAnswer
	a := o.app
	switch {
	case err != nil:
		return err
	case o.remote() && body == nil:
		err = o.call(ctx, http.MethodGet, path, nil, &s)
	case o.remote():
		err = o.call(ctx, http.MethodPost, path, body, &s)
	default:
		s.Status, err = a.vault.Status(ctx)
	}
	if err != nil {
		return err
	}
	return a.print(&s)
}

func (a *app) vaultCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "vault", Short: "The vault of secrets: make it, and see whether it is open",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.vaultStatusCommand(), a.vaultInitCommand(), a.vaultAcceptCommand(), a.vaultVerifyCommand())
	return cmd
}

func (a *app) vaultStatusCommand() *cobra.Command {
	cmd, _ := a.vaultCommandOf("status", "Whether the vault is open, and how it is sealed",
		"Whether the vault is open, and how it is sealed. Each node, and each command beside it, has a ring of\nkeys of its own: with --server it is the one of the node that answers.", "  writ vault status", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			if !o.remote() {
				if _, err := a.newVault(ctx); err != nil {
					return err
				}
			}
			return o.showing(ctx, "/v1/vault", nil, nil)
		})
	return cmd
}

// sealFlags say what the vault is to be sealed with.
type sealFlags struct {
	kind              string
	shares, threshold int
}

func (s *sealFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.kind, "seal", "", "what the root key is locked with: `KIND` file, passphrase, shares, pkcs11 or kms (required)")
	cmd.Flags().IntVar(&s.shares, "shares", 5, "how many shares are made")
	cmd.Flags().IntVar(&s.threshold, "threshold", 3, "how many of them open the vault")
}

func (s *sealFlags) body(o *vaultOp) (keys.SealBody, error) {
	b := keys.SealBody{Seal: keys.Kind(s.kind), Reason: o.reason}
	if !slices.Contains(keys.Kinds, b.Seal) {
		return b, fmt.Errorf("%w: --seal is file, passphrase, shares, pkcs11 or kms", errUsage)
	}
	switch b.Seal {
	case keys.Shares:
		b.Shares, b.Threshold = s.shares, s.threshold
	case keys.Passphrase:
		first, err := o.given.next("New passphrase of the vault: ")
		if err != nil {
			return b, err
		}
		again, err := o.given.next("Once more: ")
		if err != nil {
			return b, err
		}
		if !first.Equal(again) {
			return b, errNothingGiven.With("the two passphrases differ")
		}
		b.Passphrase = string(first.Reveal())
	case keys.File, keys.PKCS11, keys.KMS:
	}
	return b, nil
}

func requestOf(b keys.SealBody) keys.Request {
	return keys.Request{Kind: b.Seal, Passphrase: secret.New([]byte(b.Passphrase)), Shares: b.Shares, Threshold: b.Threshold}
}

// sealing does what makes a seal, and prints its shares.
func (o *vaultOp) sealing(ctx context.Context, path string, b keys.SealBody, do func(q keys.Request) ([]secret.Secret, error)) error {
	var s sharesAnswer
	a := o.app
	if o.remote() {
		if err := o.call(ctx, http.MethodPost, path, b, &s); err != nil {
			return err
		}
		return a.print(&s)
	}
	list, err := do(requestOf(b))
	if err != nil {
		return err
	}
	for _, x := range list {
		s.Made = append(s.Made, string(x.Reveal()))
	}
	if s.Status, err = a.vault.Status(ctx); err != nil {
		return err
	}
	return a.print(&s)
}

func (a *app) vaultInitCommand() *cobra.Command {
	var s sealFlags
	cmd, o := a.vaultCommandOf("init --seal KIND --reason TEXT", "Make the vault, and seal it with something",
		`Make the vault, and seal its root key with something: a passphrase or shares, which people give
whenever a node starts; a hardware token or a key service that the node's configuration names; or,
for development alone, a file in the data directory. A new passphrase is asked for twice, at the terminal or in two
lines of standard input. Shares are shown once.`,
		"  writ vault init --seal shares --shares 5 --threshold 3 --reason 'first vault'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			b, err := s.body(o)
			if err != nil {
				return err
			}
			if !o.remote() {
				if _, err := a.newVault(ctx); err != nil {
					return err
				}
			}
			return o.sealing(ctx, "/v1/vault", b, func(q keys.Request) ([]secret.Secret, error) { return a.vault.Init(ctx, q, o.reason) })
		})
	s.flags(cmd)
	return withReason(cmd, o)
}

func (a *app) vaultAcceptCommand() *cobra.Command {
	cmd, o := a.vaultCommandOf("accept-rollback --reason TEXT", "Let the vault lend from a database that is older than what this node has seen",
		`Let the vault lend from a database that is older than what this node has seen, as after a backup was
restored. What was changed since is not in it: so each secret that opens an account is signed in
with before it is given to anybody, and set anew where it opens nothing any more ('writ vault
verify'). It is recorded.`,
		"  writ vault accept-rollback --reason 'the newest backup is lost'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			if o.remote() {
				return o.showing(ctx, "/v1/vault/accept-rollback", reasonBody{o.reason}, nil)
			}
			r, err := a.newVault(ctx)
			if err != nil {
				return err
			}
			return o.showing(ctx, "", nil, r.AcceptRollback(ctx, o.reason))
		})
	return withReason(cmd, o)
}
