package httpapi

import "net/http"

// proofAlgorithms is what a proof may be signed with, as RFC 9449 lets a server say it.
const proofAlgorithms = `algs="ES256 EdDSA"`

// challenges tell a program what an answer that refuses it asks for: by DPoP (RFC 9449
// section 7.1) or, for a token that is bound to no key, as a bearer (RFC 6750 section 3).
var challenges = map[string][]string{
	"sign-in-required": {"DPoP " + proofAlgorithms, `Bearer realm="Writ"`},
	"sign-in-ended":    {`DPoP error="invalid_token", ` + proofAlgorithms, `Bearer error="invalid_token"`},
	"bad-proof":        {`DPoP error="invalid_dpop_proof", ` + proofAlgorithms},
	"proof-required":   {`DPoP error="invalid_dpop_proof", ` + proofAlgorithms},
	"wrong-client":     {`DPoP error="invalid_dpop_proof", ` + proofAlgorithms},
	"token-limited":    {`Bearer error="insufficient_scope"`},
}

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	asks, ok := challenges[p.Code]
	if !ok {
		return nil
	}
	return http.Header{"Www-Authenticate": asks}
}
