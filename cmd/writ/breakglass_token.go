package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/pam/breakglass"
)

// tokenFlags say where the key of a hardware token is.
type tokenFlags struct{ module, label, key, pin string }

func (f *tokenFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.module, "token-module", "", "the `library` (PKCS #11) of a hardware token, which opens the kit alone")
	cmd.Flags().StringVar(&f.label, "token-label", "", "the `label` of the token")
	cmd.Flags().StringVar(&f.key, "token-key", "writ-break-glass", "the `label` of the key in it")
	cmd.Flags().StringVar(&f.pin, "token-pin", "prompt", "where its PIN is: env:VARIABLE, file:PATH or prompt (`reference`)")
}

// hardware is the token that the flags name.
func (f *tokenFlags) hardware(a *app) (h breakglass.Hardware, err error) {
	if f.module == "" || f.label == "" {
		return h, fmt.Errorf("%w: a hardware token is named by --token-module and --token-label", errUsage)
	}
	h = breakglass.Hardware{Module: f.module, Label: f.label, Key: f.key}
	if f.pin == "prompt" {
		h.PIN, err = a.prompt("PIN of the token: ")
	} else {
		h.PIN, err = a.credential(systemFlag{name: "the token", credential: f.pin})
	}
	return h, err
}

// plannedTokens reads WHO=KEY.
func (a *app) plannedTokens(ctx context.Context, list []string) (tokens []breakglass.PlannedToken, err error) {
	for _, text := range list {
		who, key, ok := strings.Cut(text, "=")
		var t breakglass.PlannedToken
		if t.Public, err = base64.StdEncoding.DecodeString(key); err != nil || !ok {
			return nil, fmt.Errorf("%w: --token %q is not WHO=KEY, with the key as 'writ break-glass token' says it", errUsage, text)
		}
		if t.Holder, err = a.personID(ctx, who); err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// tokenKeyAnswer is the public key of a token.
type tokenKeyAnswer struct {
	Key string `json:"key"`
}

func (s *tokenKeyAnswer) tables() []table {
	return []table{{title: "the key of the token, for 'writ break-glass make --token WHO=KEY'", header: []string{""}, whole: true, rows: [][]string{{s.Key}}}}
}

func (a *app) kitTokenCommand() *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use: "token --token-module LIBRARY --token-label LABEL", Short: "Make a key in a hardware token that kits are sealed to",
		Long: `Make a key in a hardware token that kits are sealed to, or find the one that is there, and say its
public half. The private half never leaves the token. It needs a build with -tags pkcs11.`,
		Example: "  writ break-glass token --token-module /usr/lib/softhsm/libsofthsm2.so --token-label glass", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			h, err := f.hardware(a)
			if err != nil {
				return err
			}
			defer h.PIN.Wipe()
			key, end, err := h.Open(true)
			if err != nil {
				return err
			}
			defer end()
			return a.print(&tokenKeyAnswer{base64.StdEncoding.EncodeToString(key.PublicKey().Bytes())})
		},
	}
	f.flags(cmd)
	return cmd
}

// withToken opens a kit with a hardware token.
func (o *opening) withToken(k *breakglass.Kit) (*breakglass.Opened, error) {
	h, err := o.token.hardware(o.app)
	if err != nil {
		return nil, err
	}
	defer h.PIN.Wipe()
	key, end, err := h.Open(false)
	if err != nil {
		return nil, err
	}
	defer end()
	return k.OpenWith(key)
}
