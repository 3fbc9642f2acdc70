package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

var errKeyFile = fault.New(fault.Invalid, "key-file", "the file for the key cannot be written")

func (a *app) tokenKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "key FILE", Short: "Make a key that tokens can be bound to",
		Long: `Make a key and keep it in a new file that only you can read, and print its public half.
A token that was made with --key is worth nothing without a proof by that key for each
request, which 'writ api' makes where WRIT_KEY names the file.

The file never has to leave the machine that calls: the public half is enough to make the
token, there or elsewhere.`,
		Example: "  writ token key report.key > report.pub\n" +
			"  writ token create --name 'nightly report' --limit read --network 10.1.0.0/16 --key report.pub\n" +
			"  WRIT_KEY=report.key WRIT_TOKEN=... writ api GET /v1/findings --server https://writ.example.com",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := signin.NewKey()
			if err != nil {
				return err
			}
			private, err := k.Private()
			if err != nil {
				return err
			}
			defer private.Wipe()
			public, err := k.Public()
			if err != nil {
				return err
			}
			if err := writeNew(args[0], private); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s\n", public)
			return err
		},
	}
}

// writeNew keeps a secret in a file that was not there, for its owner alone. What a
// machine that fails leaves of it is no key that a token could have been bound to.
func writeNew(path string, s secret.Secret) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errKeyFile.With("%s is there already, and a key is never overwritten: name a new file", path)
	}
	if err != nil {
		return errKeyFile.With("the key cannot be written to %s", path).Because(err)
	}
	_, err = f.Write(s.Reveal())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errKeyFile.With("the key cannot be written to %s", path).Because(errors.Join(err, os.Remove(path)))
	}
	return nil
}

// publicHalf reads the public half of the key in a file; without one there is none.
func publicHalf(path string) (json.RawMessage, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs the command names their own file
	if err != nil {
		return nil, signin.ErrKey.With("the key in %s cannot be read", path).Because(err)
	}
	defer clear(text)
	s := secret.New(text)
	defer s.Wipe()
	return signin.PublicHalf(s)
}
