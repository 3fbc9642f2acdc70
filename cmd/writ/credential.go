package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
)

// keptForms are what a credential that is kept may be given as.
const keptForms = "prompt, stdin, env:VARIABLE or file:PATH"

// systemCredential is the credential that a sync signs in with.
func (a *app) systemCredential(ctx context.Context, system, reference string) (secret.Secret, error) {
	if reference == inventory.Sealed {
		return a.db.Inventory().SystemSecret(ctx, system)
	}
	if strings.HasPrefix(reference, inventory.Vaulted) {
		return a.vaultCredential(ctx, system, reference)
	}
	return a.credential(systemFlag{name: system, credential: reference})
}

// keptCredential is how the store is to keep a credential: what is typed or piped in
// is sealed there; of env: and file: only the reference is kept, which each sync
// follows.
func (a *app) keptCredential(system, form string) (reference string, sealed *secret.Secret, err error) {
	var s secret.Secret
	switch {
	case form == "" || strings.HasPrefix(form, "env:") || strings.HasPrefix(form, "file:"):
		return form, nil, nil
	case form == "prompt":
		s, err = a.credential(systemFlag{name: system, credential: form})
	case form == "stdin":
		s, err = a.piped(system)
	default:
		// The value is not repeated: it may be the password itself.
		err = errSystemFlag.With("the credential of %s must be %s", system, keptForms)
	}
	if err == nil && s.Empty() {
		err = errSystemFlag.With("the credential of %s is empty", system)
	}
	if err != nil {
		return "", nil, err
	}
	return inventory.Sealed, &s, nil
}

// piped reads the first line of standard input, or all of it where that begins a key.
func (a *app) piped(system string) (secret.Secret, error) {
	in := bufio.NewReader(io.LimitReader(a.in, maxCredential+1))
	b, err := in.ReadBytes('\n')
	defer func() { clear(b) }()
	if err == nil && bytes.HasPrefix(b, []byte("-----BEGIN")) {
		rest, more := io.ReadAll(in)
		defer clear(rest)
		b, err = append(b, rest...), more
	} else {
		b = bytes.TrimRight(b, "\r\n")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.Secret{}, errSystemFlag.With("the credential of %s cannot be read from standard input", system).Because(err)
	}
	if len(b) > maxCredential {
		return secret.Secret{}, errSystemFlag.With("the credential of %s is longer than %d bytes", system, maxCredential)
	}
	return secret.New(b), nil
}
