package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/pam/authority"
)

// errSignWaits is returned where nothing is signed before others agree.
var errSignWaits = fault.New(fault.Refused, "certificate-asked", "others are asked to agree")

func (a *app) signCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sign", Short: "Have an SSH key, an X.509 client certificate or a token signed, for a time",
		Long: `Have an SSH key, an X.509 client certificate or a token signed, for a time, at a Writ that is
served. A certificate profile says what is signed, and for whom; 'writ authority list' shows what
you may use.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.signSSHCommand(), a.signX509Command(), a.signJWTCommand())
	return cmd
}

// signFlags are what every request for a signature says.
type signFlags struct {
	authority.SignBody
	server, of, out string
	lasts           time.Duration
}

func (f *signFlags) flags(cmd *cobra.Command, out string) {
	serverFlag(cmd, &f.server)
	cmd.Flags().StringSliceVar(&f.Principals, "as", nil, "for which `principal`, of those that the profile gives (repeatable)")
	cmd.Flags().DurationVar(&f.lasts, "for", 0, "how long it lasts; without it, what the profile says is usual")
	cmd.Flags().StringVar(&f.Reason, "reason", "", "why")
	cmd.Flags().StringVar(&f.Ticket, "ticket", "", "the ticket of the company's tracker")
	cmd.Flags().StringVar(&f.of, "of", "", "the `id` of one that others have agreed to, or that this renews, for the same key")
	cmd.Flags().StringVar(&f.out, "out", "", out)
}

func (f *signFlags) body(profile string) (authority.SignBody, error) {
	b := f.SignBody
	b.Profile, b.Lasts = profile, int(f.lasts/time.Second)
	return b, b.Of.UnmarshalText([]byte(f.of))
}

// signedAnswer is what was signed, or waits for others to agree.
type signedAnswer struct {
	authority.SignedBody
	file string
}

func (s *signedAnswer) tables() []table {
	t := table{title: "signed as " + s.ID.String() + " until " + s.Ends.Time().Format(time.RFC3339)}
	if s.file != "" {
		t.note = "  it is in " + s.file
	}
	return []table{t}
}

// signed keeps what was signed in a file, all of it or nothing, or writes it out.
func (a *app) signed(s *signedAnswer) (answer, error) {
	if s.State == authority.Waiting {
		return nil, errSignWaits.With("others are asked to agree (%s): once they have, ask again with --of %s", s.Approval, s.ID)
	}
	text := strings.TrimSpace(s.Text) + "\n"
	if s.file == "" || s.file == "-" {
		_, err := io.WriteString(a.out, text)
		return nil, err
	}
	return s, replace(s.file, text)
}

// replace writes a file, in the place of one that was there, all of it or nothing.
func replace(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writ-sign-") // readable by its owner only
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readPublic reads a public key, and refuses a private one, which is nobody's but its owner's.
func readPublic(path string) (string, error) {
	b, err := os.ReadFile(path) //nolint:gosec // who runs the command names it
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no file %s", errUsage, path)
	}
	if err != nil {
		return "", err
	}
	if strings.Contains(string(b), "PRIVATE KEY") {
		clear(b)
		return "", fmt.Errorf("%w: %s is a private key, which is given to nobody: name the public one", errUsage, path)
	}
	return string(b), nil
}

// signKey is a command that has a public key signed.
func (a *app) signKey(f *signFlags, path string, file func(key string) string) func(*cobra.Command, []string) error {
	return a.vaultRun(&f.server, true, func(ctx context.Context, c caller, args []string) (answer, error) {
		key, err := readPublic(args[1])
		if err != nil {
			return nil, err
		}
		b, err := f.body(args[0])
		if err != nil {
			return nil, err
		}
		s := &signedAnswer{file: f.out}
		if s.file == "" {
			s.file = file(args[1])
		}
		err = c.exchange(ctx, http.MethodPost, path, nil, struct {
			authority.SignBody
			Key string `json:"public_key"`
		}{b, key}, s)
		if err != nil {
			return nil, err
		}
		return a.signed(s)
	})
}

const signOut = "the `file` to write; - is standard output"

func (a *app) signSSHCommand() *cobra.Command {
	f := &signFlags{}
	cmd := &cobra.Command{
		Use: "ssh PROFILE KEY.pub", Short: "Have an SSH key signed; the certificate is written beside it",
		Example: "  writ sign ssh admins ~/.ssh/id_ed25519.pub --for 15m --reason 'change 4711'\n  ssh root@host",
		Args:    cobra.ExactArgs(2),
	}
	cmd.RunE = a.signKey(f, "/v1/certificates/ssh", func(key string) string { return strings.TrimSuffix(key, ".pub") + "-cert.pub" })
	f.flags(cmd, signOut)
	return cmd
}

func (a *app) signX509Command() *cobra.Command {
	f := &signFlags{}
	cmd := &cobra.Command{
		Use: "x509 PROFILE KEY.pem", Short: "Have the X.509 certificate of a client signed, for a public key or a request",
		Example: "  writ sign x509 database-clients client.csr --as ana --out client.crt",
		Args:    cobra.ExactArgs(2),
	}
	cmd.RunE = a.signKey(f, "/v1/certificates/x509", func(key string) string {
		for _, end := range []string{".pem", ".csr", ".pub"} {
			key = strings.TrimSuffix(key, end)
		}
		return key + ".crt"
	})
	f.flags(cmd, signOut)
	return cmd
}

func (a *app) signJWTCommand() *cobra.Command {
	f := &signFlags{}
	var audience []string
	cmd := &cobra.Command{
		Use: "jwt PROFILE", Short: "Have a token signed; it goes to a program or a file",
		Example: "  writ sign jwt reports --audience https://reports.example.com | curl --header @- https://reports.example.com",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&f.server, true, func(ctx context.Context, c caller, args []string) (answer, error) {
		if o, ok := a.out.(*os.File); ok && f.out == "" && term.IsTerminal(int(o.Fd())) {
			return nil, errShow.With("the token would be seen on this screen: send it to a program, or say --out")
		}
		b, err := f.body(args[0])
		if err != nil {
			return nil, err
		}
		s := &signedAnswer{file: f.out}
		err = c.exchange(ctx, http.MethodPost, "/v1/certificates/jwt", nil, struct {
			authority.SignBody
			Audience []string `json:"audience,omitempty"`
		}{b, audience}, s)
		if err != nil {
			return nil, err
		}
		return a.signed(s)
	})
	f.flags(cmd, signOut)
	cmd.Flags().StringSliceVar(&audience, "audience", nil, "for whom, of those that the profile gives (repeatable)")
	return cmd
}

type checkAnswer struct {
	Good  bool                       `json:"good"`
	Wrong string                     `json:"wrong,omitempty"`
	Of    authority.CertificateShown `json:"certificate"`
}

func (s *checkAnswer) tables() []table {
	list := (&certificatesAnswer{Items: []authority.CertificateShown{s.Of}}).tables()
	list[0].title = "It is good"
	if !s.Good {
		list[0].title = "It is not good: " + s.Wrong
	}
	return list
}

func (a *app) authorityCheckCommand() *cobra.Command {
	var server, as string
	cmd := &cobra.Command{
		Use: "check KEY-cert.pub", Short: "Whether an SSH certificate is good, and whose it is", Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		text, err := readPublic(args[0])
		if err != nil {
			return nil, err
		}
		var s checkAnswer
		err = c.exchange(ctx, http.MethodPost, "/v1/certificates/check", nil, map[string]string{"certificate": text, "as": as}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&as, "as", "", "for which `principal`")
	return cmd
}
