package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
)

// errShow is returned where a value would be shown on a screen that nobody asked for it on.
var errShow = fault.New(fault.Refused, "secret-on-screen", "the secret would be seen on this screen: send it to a program or a file, or say --show")

func (a *app) secretCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secret", Short: "Secrets in safes: keep, generate, see and destroy them",
		Long: `Secrets in safes: keep, generate, see and destroy them.

A secret is named SAFE/NAME, or by its id. What it is comes from standard input, a file or the
terminal, never from an argument. Seeing one takes the right in its safe, a reason and a second
factor, at a Writ that is served: nobody sees one as the operator of a node.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.secretPutCommand(), a.secretGenerateCommand(), a.secretGetCommand(), a.secretListCommand(), a.secretShowCommand(), a.secretVersionsCommand(),
		a.secretStepCommand("delete", "Delete a secret or a version of it, until it is brought back"), a.secretStepCommand("undelete", "Bring a secret or a version of it back"),
		a.secretStepCommand("destroy", "Destroy a secret or a version of it, for ever"), a.secretSeenCommand(), a.secretImportCommand())
	return cmd
}

type secretAnswer struct{ vault.SecretShown }

func (s *secretAnswer) tables() []table {
	t := table{title: fmt.Sprintf("secret %s/%s", nameIn(s.Names, s.Safe.String()), s.Name), header: []string{"", ""}}
	add := func(what, text string) {
		if text != "" {
			t.rows = append(t.rows, []string{what, text})
		}
	}
	add("id", s.ID.String())
	add("kind", string(s.Kind))
	add("state", string(s.State))
	add("for", s.Description)
	add("system", nameIn(s.Names, s.System.String()))
	add("account", nameIn(s.Names, s.Account.String()))
	if s.Exclusive {
		add("sharing", "exclusive")
	}
	if s.Current > 0 {
		add("current", fmt.Sprintf("version %d, since %s", s.Current, minute(s.Since)))
	}
	if s.Due != 0 {
		add("due", fmt.Sprintf("for another value since %s: %s", minute(s.Due), s.Cause))
	}
	tables := []table{t, versionsTable(s.Versions, s.Names)}
	if len(s.Checkouts) > 0 {
		tables = append(tables, (&checkoutsAnswer{Items: s.Checkouts, Names: s.Names}).tables()...)
	}
	return tables
}

func versionsTable(list []vault.Version, names map[string]string) table {
	t := table{title: plural(len(list), "version"), header: []string{"version", "state", "kept", "by", "ended"}, right: []int{0}}
	for _, v := range list {
		t.rows = append(t.rows, []string{strconv.Itoa(v.Number), string(v.State), minute(v.At), nameIn(names, v.By), minute(v.Ended)})
	}
	return t
}

type secretListAnswer struct {
	Items []vault.SecretShown `json:"items"`
}

func (s *secretListAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "secret"), header: []string{"secret", "kind", "state", "version", "since", "due", "id"}, right: []int{3}}
	for _, x := range s.Items {
		due := ""
		if x.Due != 0 {
			due = x.Cause
		}
		t.rows = append(t.rows, []string{nameIn(x.Names, x.Safe.String()) + "/" + x.Name, string(x.Kind), string(x.State), strconv.Itoa(x.Current), minute(x.Since), due, x.ID.String()})
	}
	return []table{t}
}

// findSecret finds a secret by SAFE/NAME or by its id; of a name that is not there yet it
// is the safe with no secret.
func findSecret(ctx context.Context, c caller, text string) (safe access.SafeID, id access.SecretID, name string, err error) {
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return 0, id, "", nil
	}
	in, name, ok := strings.Cut(text, "/")
	if !ok {
		return 0, 0, "", fmt.Errorf("%w: a secret is named SAFE/NAME, or by its id, not %q", errUsage, text)
	}
	if safe, err = findSafe(ctx, c, in); err != nil {
		return 0, 0, "", err
	}
	var list secretListAnswer
	err = c.exchange(ctx, http.MethodGet, "/v1/secrets?safe="+safe.String()+"&name="+url.QueryEscape(name), nil, nil, &list)
	if err == nil && len(list.Items) > 0 {
		id = list.Items[0].ID
	}
	return safe, id, name, err
}

// thereSecret is findSecret for one that has to be there.
func thereSecret(ctx context.Context, c caller, text string) (access.SecretID, error) {
	_, id, _, err := findSecret(ctx, c, text)
	if err == nil && id == 0 {
		err = vault.ErrNoSecret.With("there is no secret %q, or it is not yours to see", text)
	}
	return id, err
}

// onSecret is a command about one secret that is there.
func (a *app) onSecret(server *string, person bool, run func(ctx context.Context, c caller, path string) (answer, error)) func(*cobra.Command, []string) error {
	return a.vaultRun(server, person, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return run(ctx, c, "/v1/secrets/"+id.String())
	})
}

// secretFlags say what is known of a new secret.
type secretFlags struct {
	kind, description, system, account, file string
	labels                                   []string
	version                                  int
	exclusive                                bool
	rules                                    generate.Rules
	classes                                  []string
	pending                                  bool
}

func (f *secretFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kind, "kind", "password", "of a new secret: password, ssh_key, api_key, certificate, database, json or file")
	cmd.Flags().StringVar(&f.description, "description", "", "of a new secret: what it is for")
	cmd.Flags().StringVar(&f.system, "system", "", "of a new secret: the `system` that it opens, if no account there; an id, or on the node a name")
	cmd.Flags().StringVar(&f.account, "account", "", "of a new secret: the `account` that it opens, which Writ may then change it for: an id, or on the node as SYSTEM/LOGIN")
	cmd.Flags().StringArrayVar(&f.labels, "label", nil, "of a new secret: a label, as `name=value` (repeatable)")
	cmd.Flags().BoolVar(&f.exclusive, "exclusive", false, "of a new secret: one at a time has it out")
	cmd.Flags().IntVar(&f.version, "if-version", -1, "only where this `version` is the current one; 0 is that there is none")
}

func (f *secretFlags) body(ctx context.Context, a *app, name string) (b vault.SecretBody, err error) {
	b = vault.SecretBody{Name: name, Kind: vault.Kind(f.kind), Description: f.description, Rules: f.rules}
	if f.system != "" {
		if b.System, err = a.systemID(ctx, f.system); err != nil {
			return b, err
		}
	}
	if b.Account, err = a.accountID(ctx, f.account); err != nil {
		return b, err
	}
	for _, l := range f.labels {
		k, v, ok := strings.Cut(l, "=")
		if !ok {
			return b, fmt.Errorf("%w: --label %q is not name=value", errUsage, l)
		}
		if b.Labels == nil {
			b.Labels = map[string]string{}
		}
		b.Labels[k] = v
	}
	if f.exclusive {
		b.Sharing = vault.Exclusive
	}
	return b, nil
}

// accountID is the account that a text names; none is none.
func (a *app) accountID(ctx context.Context, text string) (id access.AccountID, err error) {
	if text == "" || id.UnmarshalText([]byte(text)) == nil {
		return id, nil
	}
	if a.db == nil {
		return 0, fmt.Errorf("%w: at a server an account is named by its id, not %q", errUsage, text)
	}
	return a.inventory().ResolveAccount(ctx, text)
}

// keep adds a secret, or gives the one that is there another value.
func (f *secretFlags) keep(ctx context.Context, a *app, c caller, text string, v vault.ValueBody) (answer, error) {
	safe, id, name, err := findSecret(ctx, c, text)
	if err != nil {
		return nil, err
	}
	var s secretAnswer
	if id != 0 {
		body := struct {
			vault.ValueBody
			Base    *int `json:"if_version,omitempty"`
			Pending bool `json:"pending,omitempty"`
		}{ValueBody: v, Pending: f.pending}
		if f.version >= 0 {
			body.Base = &f.version
		}
		err = c.exchange(ctx, http.MethodPost, "/v1/secrets/"+id.String()+"/versions", nil, body, &s)
		return &s, err
	}
	if f.version > 0 {
		return nil, vault.ErrSecretStale.With("there is no such secret yet, so that version %d of it is not the current one", f.version)
	}
	b, err := f.body(ctx, a, name)
	if err != nil {
		return nil, err
	}
	err = c.exchange(ctx, http.MethodPost, "/v1/safes/"+safe.String()+"/secrets", nil, struct {
		vault.SecretBody
		vault.ValueBody
	}{b, v}, &s)
	return &s, err
}

const maxSecretInput = 1 << 20

// secretValue reads a value from a file, the terminal, or all of standard input, without
// the line's end that a shell puts behind it.
func (a *app) secretValue(path string) (v vault.ValueBody, err error) {
	var plain secret.Secret
	f, terminal := a.in.(*os.File)
	switch {
	case path == "" && terminal && term.IsTerminal(int(f.Fd())):
		plain, err = a.prompt("Value: ")
	default:
		in := a.in
		if path != "" {
			opened, err := os.Open(path) //nolint:gosec // whoever runs the command names their own file
			if err != nil {
				return v, err
			}
			defer opened.Close() //nolint:errcheck // read only
			in = opened
		}
		var b []byte
		b, err = io.ReadAll(io.LimitReader(in, maxSecretInput+1))
		defer clear(b)
		if len(b) > maxSecretInput {
			return v, vault.ErrSecret.With("the value is larger than %d bytes", maxSecretInput)
		}
		if path == "" {
			b = []byte(strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"))
		}
		plain = secret.New(b)
	}
	defer plain.Wipe()
	if err != nil {
		return v, err
	}
	if raw := plain.Reveal(); !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return vault.ValueBody{Value: base64.StdEncoding.EncodeToString(raw), Base64: true}, nil
	}
	return vault.ValueBody{Value: string(plain.Reveal())}, nil
}

func (a *app) secretPutCommand() *cobra.Command {
	var server string
	f := &secretFlags{}
	cmd := &cobra.Command{
		Use: "put SAFE/NAME", Short: "Keep a secret, or give one another value, from standard input, a file or the terminal",
		Example: "  writ secret put ledger/root < password.txt\n  writ secret put ledger/app --system cluster --account cluster/app < password.txt\n  writ secret put ledger/deploy --kind ssh_key --file id_ed25519 --if-version 3",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		v, err := a.secretValue(f.file)
		if err != nil {
			return nil, err
		}
		return f.keep(ctx, a, c, args[0], v)
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.Flags().StringVar(&f.file, "file", "", "the `file` that holds the value, as it is")
	return cmd
}

func (a *app) secretGenerateCommand() *cobra.Command {
	var server string
	f := &secretFlags{}
	cmd := &cobra.Command{
		Use: "generate SAFE/NAME", Short: "Keep a value that nobody knows: a password, an API key or an SSH key",
		Example: "  writ secret generate ledger/app --length 32 --class lower,upper,digits\n  writ secret generate ledger/deploy --kind ssh_key",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		for _, class := range f.classes {
			f.rules.Classes = append(f.rules.Classes, generate.Class(class))
		}
		return f.keep(ctx, a, c, args[0], vault.ValueBody{Generate: true})
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.Flags().IntVar(&f.rules.Length, "length", 0, "of a new secret: how long what is generated is")
	cmd.Flags().StringSliceVar(&f.classes, "class", nil, "of a new secret: classes of characters: lower, upper, digits, symbols")
	cmd.Flags().StringVar(&f.rules.Symbols, "symbols", "", "of a new secret: the symbols to draw from")
	cmd.Flags().StringVar(&f.rules.Refuse, "refuse", "", "of a new secret: characters that what it opens does not take")
	cmd.Flags().BoolVar(&f.pending, "pending", false, "keep it without making it the current version")
	return cmd
}

// revealed is what 'writ secret get' is answered.
type revealed struct {
	vault.Version
	Value  string `json:"value"`
	Base64 bool   `json:"base64"`
}

func (a *app) secretGetCommand() *cobra.Command {
	var server, reason, ticket, checkout string
	var version int
	var show bool
	cmd := &cobra.Command{
		Use: "get SAFE/NAME --reason TEXT", Short: "See what a secret is: it is recorded that you did",
		Long: `See what a secret is, at a Writ that is served. It takes the right to reveal it, a reason and a
second factor of the last ten minutes: the passkey that you approve 'writ login' with. What
is exclusive, or takes others to agree, is checked out first.

The value alone is printed, to a program or a file; on a screen only with --show.`,
		Example: "  writ secret get ledger/root --reason 'the disk is full' --show\n  writ secret get ledger/root --checkout chk_0000000000001 --reason INC-7 | psql-login",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !show {
			return errShow
		}
		body := struct {
			Number   int               `json:"version,omitempty"`
			Checkout access.CheckoutID `json:"checkout,omitzero"`
			Reason   string            `json:"reason"`
			Ticket   string            `json:"ticket,omitempty"`
		}{Number: version, Reason: reason, Ticket: ticket}
		if err := body.Checkout.UnmarshalText([]byte(checkout)); err != nil {
			return err
		}
		ctx, c, err := a.callerAt(cmd.Context(), server, true, a.vaultHere)
		if err != nil {
			return err
		}
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return err
		}
		var got revealed
		err = c.exchange(ctx, http.MethodPost, "/v1/secrets/"+id.String()+"/reveal", nil, body, &got)
		if errors.Is(err, vault.ErrCheckOut) {
			err = vault.ErrCheckOut.With("have it out first: 'writ checkout %s', then see it with --checkout and the id that this says", args[0])
		}
		if err != nil {
			return err
		}
		raw := []byte(got.Value)
		if got.Base64 {
			if raw, err = base64.StdEncoding.DecodeString(got.Value); err != nil {
				return err
			}
		}
		defer clear(raw)
		if show {
			raw = append(raw, '\n')
		}
		_, err = a.out.Write(raw)
		return err
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().StringVar(&ticket, "ticket", "", "the name of a ticket, where the terms ask for one")
	cmd.Flags().StringVar(&checkout, "checkout", "", "the `check-out` in which you see it")
	cmd.Flags().IntVar(&version, "version", 0, "another `version` than the current one")
	cmd.Flags().BoolVar(&show, "show", false, "print it on a screen, too")
	return cmd
}

func (a *app) secretListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "list [SAFE]", Short: "List secrets, never what they are", Args: cobra.MaximumNArgs(1)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		path := "/v1/secrets"
		if len(args) > 0 {
			safe, err := findSafe(ctx, c, args[0])
			if err != nil {
				return nil, err
			}
			path += "?safe=" + safe.String()
		}
		var list secretListAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) secretShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show SAFE/NAME", Short: "Show what is known of a secret, its versions and who has it out", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onSecret(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		var s secretAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

// versionsAnswer is the answer of 'writ secret versions'.
type versionsAnswer struct {
	Versions []vault.Version   `json:"versions"`
	Names    map[string]string `json:"names"`
}

func (s *versionsAnswer) tables() []table { return []table{versionsTable(s.Versions, s.Names)} }

func (a *app) secretVersionsCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "versions SAFE/NAME", Short: "List the values that a secret had, never what they were", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onSecret(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		var s secretAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &s)
		return &versionsAnswer{s.Versions, s.Names}, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) secretStepCommand(verb, short string) *cobra.Command {
	var server, reason string
	var version int
	cmd := &cobra.Command{Use: verb + " SAFE/NAME", Short: short, Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onSecret(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		var s secretAnswer
		err := c.exchange(ctx, http.MethodPost, path+"/"+verb, nil, map[string]any{"version": version, "reason": reason}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().IntVar(&version, "version", 0, "one `version`; without it, the secret with all of them")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

// seenAnswer is the answer of 'writ secret seen'.
type seenAnswer struct {
	Items []vault.Seen      `json:"items"`
	Next  string            `json:"next,omitempty"`
	Names map[string]string `json:"names"`
}

func (s *seenAnswer) tables() []table {
	t := table{title: "known by", header: []string{"who", "secret", "version", "now", "how", "at", "check-out"}, right: []int{2}}
	for _, x := range s.Items {
		who := nameIn(s.Names, x.By.String())
		if x.Share != 0 {
			who = x.Outsider + ", outside (" + x.Share.String() + ")"
		}
		t.rows = append(t.rows, []string{who, nameIn(s.Names, x.Secret.String()), strconv.Itoa(x.Number), string(x.State), string(x.How), minute(x.At), x.Checkout.String()})
	}
	if len(s.Items) == 0 {
		t = table{title: "nobody has seen it"}
	}
	if s.Next != "" {
		t.note = "  there are more: see the API"
	}
	return []table{t}
}

func (a *app) secretSeenCommand() *cobra.Command {
	var server, by string
	cmd := &cobra.Command{
		Use: "seen [SAFE/NAME]", Short: "List everybody who knew a secret, or every secret that somebody knew",
		Example: "  writ secret seen ledger/root\n  writ secret seen --by ana.sol@example.com",
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		var path string
		switch {
		case len(args) == 1 && by == "":
			id, err := thereSecret(ctx, c, args[0])
			if err != nil {
				return nil, err
			}
			path = "/v1/secrets/" + id.String() + "/seen"
		case len(args) == 0 && by != "":
			id, err := a.personID(ctx, by)
			if err != nil {
				return nil, err
			}
			path = "/v1/identities/" + id.String() + "/secrets-seen"
		default:
			return nil, fmt.Errorf("%w: name a secret, or somebody with --by", errUsage)
		}
		var list seenAnswer
		err := c.exchange(ctx, http.MethodGet, path+"?limit=1000", nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&by, "by", "", "every secret that this `person` ever knew")
	return cmd
}
