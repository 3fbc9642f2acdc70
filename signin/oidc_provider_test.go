package signin_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/signin"
)

// idp is the provider, which can be made to lie.
type idp struct {
	*testkit.Provider

	s    *site
	next testkit.AtProvider // who signs in next

	mu    sync.Mutex
	lie   func(map[string]any) // changes what ID tokens say, or nil
	other *ecdsa.PrivateKey    // signs instead, where it is not nil
}

// startIDP starts a provider; writ is what Writ is configured with for it.
func startIDP(t *testing.T) (p *idp, writ signin.Provider) {
	t.Helper()
	p = &idp{}
	p.Provider = testkit.NewProvider(t, p.lying, ours+"/signin/oidc/idp/callback")
	return p, signin.Provider{
		Name: "idp", Title: "The company", Issuer: p.URL, ClientID: testkit.ProviderClient, Secret: secret.New([]byte(testkit.ProviderSecret)), MFA: []string{"mfa", "gold"},
	}
}

// lying changes what the provider's ID tokens say, where a test has it lie.
func (p *idp) lying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		lie, key := p.lie, p.Key
		if p.other != nil {
			key = p.other
		}
		p.mu.Unlock()
		if lie == nil || r.URL.Path != "/oauth/token" {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var answer map[string]any
		if json.Unmarshal(kept.Body.Bytes(), &answer) != nil || answer["id_token"] == nil {
			w.WriteHeader(kept.Code)
			_, _ = io.Copy(w, kept.Body)
			return
		}
		answer["id_token"] = changed(answer["id_token"].(string), key, lie)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// changed is a token with other claims, signed anew.
func changed(token string, key *ecdsa.PrivateKey, lie func(map[string]any)) string {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		panic(err)
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(jws.UnsafePayloadWithoutVerification()))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		panic(err)
	}
	lie(claims)
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		panic(err)
	}
	again, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	out, err := again.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return out
}

// goes takes a browser that Writ sent to the provider through it, and returns where it
// comes back to.
func (p *idp) goes(to string) string {
	p.s.t.Helper()
	p.Is(p.next)
	h := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		r, err := http.NewRequestWithContext(p.s.ctx, http.MethodGet, to, nil)
		p.s.must(err)
		answer, err := h.Do(r)
		p.s.must(err)
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		at, err := answer.Location()
		if err != nil {
			p.s.t.Fatalf("the provider answers %s: %s", answer.Status, text)
		}
		if to = at.String(); strings.HasPrefix(to, ours) {
			return strings.TrimPrefix(to, ours)
		}
	}
	p.s.t.Fatal("the provider sends browsers round and round")
	return ""
}
