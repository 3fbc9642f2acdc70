package vaultapi

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Signing asks for an SSH certificate by a profile.
type Signing struct {
	Profile    string
	Key        string   // a line of authorized_keys
	Principals []string // none is all that the profile gives
	Lasts      time.Duration
	Why
}

// Signed is an SSH certificate.
type Signed struct {
	Serial uint64
	Text   string // a line of OpenSSH
}

// Signer signs keys for whoever calls.
type Signer interface {
	SignSSH(ctx context.Context, s Signing) (Signed, error)
	// TrustedSSH are the keys that hosts trust to sign users' keys, a line each.
	TrustedSSH(ctx context.Context) ([]string, error)
}

var sshRoutes = []route{
	{update, "ssh/sign/", false, (*API).sign},
	{read, "ssh/public_key", true, (*API).publicKey},
	{read, "ssh/config/ca", false, (*API).configCA},
}

func (a *API) signer() (Signer, error) {
	if a.Signer == nil {
		return nil, ErrUnsupported.With("this Writ signs no keys")
	}
	return a.Signer, nil
}

// signingBody is what clients send. What a profile decides in Writ is refused where it is
// asked for otherwise.
type signingBody struct {
	PublicKey       string            `json:"public_key"`
	ValidPrincipals string            `json:"valid_principals"`
	TTL             json.RawMessage   `json:"ttl"`
	CertType        string            `json:"cert_type"`
	KeyID           string            `json:"key_id"`
	CriticalOptions map[string]string `json:"critical_options"`
	Extensions      map[string]string `json:"extensions"`
}

const maxPrincipals = 64

func (b signingBody) signing(profile string, why Why) (s Signing, err error) {
	s = Signing{Profile: profile, Key: strings.TrimSpace(b.PublicKey), Why: why}
	switch {
	case s.Key == "":
		return s, ErrBody.With("missing public_key")
	case b.CertType != "" && b.CertType != "user":
		return s, ErrUnsupported.With("clients of Vault are signed users' certificates: hosts' are Writ's own API's")
	case len(b.CriticalOptions) > 0 || len(b.Extensions) > 0 || b.KeyID != "":
		return s, ErrUnsupported.With("the profile says which options, extensions and key id a certificate has: ask without them")
	}
	for _, name := range strings.Split(b.ValidPrincipals, ",") {
		if name = strings.TrimSpace(name); name != "" {
			s.Principals = append(s.Principals, name)
		}
	}
	if len(s.Principals) > maxPrincipals {
		return s, ErrBody.With("a certificate is for up to %d principals", maxPrincipals)
	}
	s.Lasts, err = lasting(b.TTL)
	return s, err
}

func (a *API) sign(ctx context.Context, q *request) (*reply, error) {
	signer, err := a.signer()
	if err != nil {
		return nil, err
	}
	if len(q.rest) != 1 {
		return nil, ErrRoute
	}
	var b signingBody
	if err := q.body(&b); err != nil {
		return nil, err
	}
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	ask, err := b.signing(q.rest[0], why)
	if err != nil {
		return nil, err
	}
	c, err := signer.SignSSH(ctx, ask)
	if err != nil {
		return nil, err
	}
	return &reply{data: map[string]string{"serial_number": strconv.FormatUint(c.Serial, 16), "signed_key": strings.TrimSpace(c.Text) + "\n"}}, nil
}

func (a *API) trusted(ctx context.Context) (string, error) {
	signer, err := a.signer()
	if err != nil {
		return "", err
	}
	keys, err := signer.TrustedSSH(ctx)
	if err == nil && len(keys) == 0 {
		err = ErrNone
	}
	return strings.Join(keys, "\n") + "\n", err
}

// publicKey is open, as in Vault: hosts fetch what they are to trust.
func (a *API) publicKey(ctx context.Context, _ *request) (*reply, error) {
	text, err := a.trusted(ctx)
	return &reply{text: text}, err
}

func (a *API) configCA(ctx context.Context, _ *request) (*reply, error) {
	text, err := a.trusted(ctx)
	return &reply{data: map[string]string{"public_key": text}}, err
}
