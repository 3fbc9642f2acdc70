package authority

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/writhq/writ/access"
)

// signatures are the names of the algorithms in tokens.
var signatures = map[Algorithm]jose.SignatureAlgorithm{Ed25519: jose.EdDSA, P256: jose.ES256, P384: jose.ES384}

// signJWT makes a token. What it says beside the profile's claims, Writ says.
func signJWT(o *opened, m *making, issuer string, audience []string) (string, error) {
	switch {
	case len(m.principals) != 1:
		return "", ErrNobody.With("a token is for one principal: name one")
	case len(audience) == 0:
		return "", ErrAudience.With("a token is for an audience")
	}
	public, err := m.authority.jwk(m.key)
	if err != nil {
		return "", err
	}
	says := map[string]any{}
	for claim, text := range m.profile.Claims {
		says[claim] = text
	}
	says["iss"], says["sub"], says["aud"], says["jti"] = issuer, m.principals[0], audience, m.id.String()
	says["iat"], says["nbf"], says["exp"] = m.now.Time().Unix(), m.starts.Time().Unix(), m.ends.Time().Unix()
	text, err := json.Marshal(says)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", public.KeyID)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: signatures[m.authority.Algorithm], Key: o.Signer}, options)
	if err != nil {
		return "", err
	}
	signed, err := s.Sign(text)
	if err != nil {
		return "", fmt.Errorf("signing %s: %w", m.id, err)
	}
	return signed.CompactSerialize()
}

// jwk is a key of an authority as verifiers of tokens read it. Its id is its thumbprint
// (RFC 7638).
func (a *Authority) jwk(k Key) (j jose.JSONWebKey, err error) {
	key, err := k.public()
	if err != nil {
		return j, err
	}
	j = jose.JSONWebKey{Key: key, Algorithm: string(signatures[a.Algorithm]), Use: "sig"}
	sum, err := j.Thumbprint(crypto.SHA256)
	j.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return j, err
}

// keySet is the keys of an authority that verifiers trust, the next one among them.
func (a *Authority) keySet(at access.Time) (set jose.JSONWebKeySet, err error) {
	set.Keys = []jose.JSONWebKey{}
	for _, k := range a.Trusted(at) {
		j, err := a.jwk(k)
		if err != nil {
			return set, err
		}
		set.Keys = append(set.Keys, j)
	}
	return set, nil
}
