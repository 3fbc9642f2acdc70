package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

// What asking to be signed in can end with.
var (
	errLoginDenied  = fault.New(fault.Denied, "login-refused", "whoever was asked said no")
	errLoginExpired = fault.New(fault.Denied, "login-expired", "nobody answered in time: begin again")
)

func (a *app) loginCommand() *cobra.Command {
	return &cobra.Command{
		Use: "login URL", Short: "Sign in at a Writ that is served, for commands such as 'writ api'",
		Long: `Sign in at a Writ that is served. A code is shown, which you enter in the console: there
you see what you let act as yourself.

What the login shows is kept in your configuration directory, in a file that only you can
read, and is good for nothing without the key beside it. It ends after half a day.`,
		Example: "  writ login https://writ.example.com",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.logIn(cmd.Context(), args[0]) },
	}
}

func (a *app) logIn(ctx context.Context, server string) error {
	l := &login{}
	var err error
	if l.server, err = serverOrigin(server); err != nil {
		return err
	}
	if l.key, err = signin.NewKey(); err != nil {
		return err
	}
	client, err := newRemoteClient(l.server)
	if err != nil {
		return err
	}
	var d signin.DeviceReply
	if err := l.postForm(ctx, client, signin.DevicePath, url.Values{"client_id": {clientName()}}, a.now(), &d); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(a.err, "Open %s\nand compare the code: %s\nand the key: %s\n",
		printable(d.FullPage), printable(d.Code), l.key.Thumbprint())
	if err := l.poll(ctx, client, d, a.now); err != nil {
		return err
	}
	if err := l.keep(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "You are signed in at %s.\n", l.server)
	return err
}

// clientName tells whoever is asked which program asks.
func clientName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "writ"
	}
	return clip("writ on "+printable(host), 90)
}

// poll asks for the answer until there is one.
func (l *login) poll(ctx context.Context, c *outbound.Client, d signin.DeviceReply, now func() time.Time) error {
	pause := time.Duration(max(d.Interval, 1)) * time.Second
	ends := now().Add(time.Duration(d.Expires) * time.Second)
	form := url.Values{"grant_type": {signin.DeviceGrant}, "device_code": {d.Device}}
	for now().Before(ends) {
		wait(ctx, pause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := l.askTokens(ctx, c, form, now())
		said, ok := errors.AsType[*oauthError](err)
		if !ok {
			return err
		}
		switch said.Code {
		case "authorization_pending":
		case "slow_down":
			pause += signin.PollPause
		case "access_denied":
			return errLoginDenied
		case "expired_token":
			return errLoginExpired
		default:
			return err
		}
	}
	return errLoginExpired
}

// askTokens asks for tokens and puts them into the login.
func (l *login) askTokens(ctx context.Context, c *outbound.Client, form url.Values, at time.Time) error {
	var k signin.TokenReply
	if err := l.postForm(ctx, c, signin.TokenPath, form, at, &k); err != nil {
		return err
	}
	l.access, l.renew = secret.New([]byte(k.Access)), secret.New([]byte(k.Renew))
	l.ends = at.Add(time.Duration(k.Expires) * time.Second)
	return nil
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Sign out where 'writ login' signed in",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logOut(cmd.Context()) },
	}
}

// logOut ends the login at the server, and forgets it here in any case.
func (a *app) logOut(ctx context.Context) error {
	l, err := readLogin()
	if err != nil {
		return errors.Join(err, forgetLogin())
	}
	if l == nil {
		return errNoLogin.With("there is no login")
	}
	client, err := newRemoteClient(l.server)
	if err == nil {
		r := &remote{server: l.server, client: client, login: l, now: a.now}
		err = r.call(ctx, http.MethodPost, "/v1/signout", nil, nil)
	}
	if errors.Is(err, errLoginOver) {
		err = nil // it had ended by itself
	}
	if err := errors.Join(forgetLogin(), err); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "You are signed out of %s.\n", l.server)
	return err
}
