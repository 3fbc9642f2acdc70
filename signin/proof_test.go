package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/writhq/writ/internal/secret"
)

const ourOrigin = "https://writ.example.com"

var proofTime = time.Unix(1796000000, 0)

func newProofs() *proofs {
	return &proofs{Origin: ourOrigin, Now: func() time.Time { return proofTime }}
}

func newTestKey(t testing.TB) *Key {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// es256Key is a key as browsers make them.
func es256Key(t testing.TB) *Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := newKey(jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256)})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// proven sends the proof with a request.
func (p *proofs) proven(text, path string, shown secret.Secret, bound string) (string, error) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set(proofHeader, text)
	return p.verify(r, shown, bound)
}

func prove(t testing.TB, k *Key, method, url string, at time.Time, shown secret.Secret) string {
	t.Helper()
	text, err := k.Prove(method, url, at, shown)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAProofIsOfOneKeyForOneRequest(t *testing.T) {
	token := secret.New([]byte("a token"))
	for name, key := range map[string]*Key{"EdDSA": newTestKey(t), "ES256": es256Key(t)} {
		t.Run(name, func(t *testing.T) {
			other := newTestKey(t)
			url := ourOrigin + "/v1/findings"
			tests := []struct {
				name, proof string
				bound       string
				refused     bool
			}{
				{name: "good", proof: prove(t, key, "GET", url, proofTime, token)},
				{name: "bound", proof: prove(t, key, "GET", url, proofTime, token), bound: key.Thumbprint()},
				{name: "a minute old", proof: prove(t, key, "GET", url, proofTime.Add(-proofAge), token)},
				{name: "too old", proof: prove(t, key, "GET", url, proofTime.Add(-proofAge-time.Second), token), refused: true},
				{name: "of the future", proof: prove(t, key, "GET", url, proofTime.Add(proofAge+time.Second), token), refused: true},
				{name: "another method", proof: prove(t, key, "POST", url, proofTime, token), refused: true},
				{name: "another path", proof: prove(t, key, "GET", url+"/x", proofTime, token), refused: true},
				{name: "another server", proof: prove(t, key, "GET", "https://writ.example.org/v1/findings", proofTime, token), refused: true},
				{name: "another token", proof: prove(t, key, "GET", url, proofTime, secret.New([]byte("another"))), refused: true},
				{name: "no token", proof: prove(t, key, "GET", url, proofTime, secret.Secret{}), refused: true},
				{name: "another key", proof: prove(t, other, "GET", url, proofTime, token), bound: key.Thumbprint(), refused: true},
				{name: "nothing", refused: true},
				{name: "too large", proof: strings.Repeat("a", maxProof+1), refused: true},
			}
			for _, tt := range tests {
				got, err := newProofs().proven(tt.proof, "/v1/findings?limit=3", token, tt.bound)
				switch {
				case tt.refused && !errors.Is(err, ErrProof):
					t.Errorf("%s: %v, want ErrProof", tt.name, err)
				case !tt.refused && (err != nil || got != key.Thumbprint()):
					t.Errorf("%s: %q, %v", tt.name, got, err)
				}
			}
		})
	}
}

func TestAProofGoesOnlyInOneHeader(t *testing.T) {
	k := newTestKey(t)
	r := httptest.NewRequest("GET", "/v1/findings", nil)
	for range 2 {
		r.Header.Add(proofHeader, prove(t, k, "GET", ourOrigin+"/v1/findings", proofTime, secret.Secret{}))
	}
	if _, err := newProofs().verify(r, secret.Secret{}, ""); !errors.Is(err, ErrProof) {
		t.Fatalf("two proofs: %v", err)
	}
}

// signed makes what Key would not.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, options *jose.SignerOptions, claims string) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatIsNoProof(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	const claims = `{"jti":"1","htm":"GET","htu":"` + ourOrigin + `/x","iat":1796000000}`
	proofOptions := func() *jose.SignerOptions {
		return (&jose.SignerOptions{EmbedJWK: true}).WithType(proofType)
	}
	private, _ := json.Marshal(jose.JSONWebKey{Key: ec})
	good := signed(t, jose.ES256, ec, proofOptions(), claims)
	parts := strings.Split(good, ".")
	head := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + parts[1] + "." + parts[2]
	}
	tests := map[string]string{
		"another type":      signed(t, jose.ES256, ec, (&jose.SignerOptions{EmbedJWK: true}).WithType("jwt"), claims),
		"no key":            signed(t, jose.ES256, ec, (&jose.SignerOptions{}).WithType(proofType), claims),
		"another curve":     signed(t, jose.ES384, p384, proofOptions(), claims),
		"RSA":               signed(t, jose.RS256, rsaKey, proofOptions(), claims),
		"a shared secret":   signed(t, jose.HS256, make([]byte, 32), (&jose.SignerOptions{}).WithType(proofType), claims),
		"no claims":         signed(t, jose.ES256, ec, proofOptions(), `[]`),
		"no id":             signed(t, jose.ES256, ec, proofOptions(), strings.Replace(claims, `"jti":"1",`, "", 1)),
		"two methods":       signed(t, jose.ES256, ec, proofOptions(), strings.Replace(claims, `"htm":"GET"`, `"htm":"POST","htm":"GET"`, 1)),
		"its words changed": signed(t, jose.ES256, ec, proofOptions(), strings.Replace(claims, "jti", "JTI", 1)),
		"a private key":     head(`{"alg":"ES256","typ":"dpop+jwt","jwk":` + string(private) + `}`),
		"unsigned":          head(`{"alg":"none","typ":"dpop+jwt"}`),
		"what is critical":  head(strings.Replace(decoded(t, parts[0]), "{", `{"crit":["x"],"x":1,`, 1)),
		"another signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"JSON":              `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	}
	for name, text := range tests {
		if _, err := newProofs().proven(text, "/x", secret.Secret{}, ""); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v, want ErrProof", name, err)
		}
	}
	if _, err := newProofs().proven(good, "/x", secret.Secret{}, ""); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLesson11_AProofIsGoodOnce(t *testing.T) {
	p, k := newProofs(), newTestKey(t)
	text := prove(t, k, "GET", ourOrigin+"/x", proofTime, secret.Secret{})
	var good atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := p.proven(text, "/x", secret.Secret{}, k.Thumbprint()); err == nil {
				good.Add(1)
			} else if !errors.Is(err, ErrProof) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Fatalf("%d of 16 were taken", good.Load())
	}
}

func TestReplaysAreRememberedWhileTheyCouldBeGood(t *testing.T) {
	var s replays
	at := proofTime
	if err := s.first(proofHash("k", "1"), at); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		at = at.Add(replayLasts / 3)
		if err := s.first(proofHash("k", "1"), at); !errors.Is(err, ErrProof) {
			t.Fatalf("after %s: %v", at.Sub(proofTime), err)
		}
	}
	at = at.Add(2*replayLasts + time.Second)
	_ = s.first(proofHash("k", "2"), at)
	at = at.Add(replayLasts + time.Second)
	if err := s.first(proofHash("k", "1"), at); err != nil {
		t.Fatalf("what no proof could be any more is forgotten: %v", err)
	}
}

func TestWhatCannotBeRememberedIsRefused(t *testing.T) {
	s := replays{most: 2}
	for _, id := range []string{"1", "2"} {
		if err := s.first(proofHash("k", id), proofTime); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.first(proofHash("k", "3"), proofTime); !errors.Is(err, ErrProofsFull) {
		t.Fatalf("a full memory: %v", err)
	}
	if err := s.first(proofHash("k", "1"), proofTime); !errors.Is(err, ErrProof) {
		t.Fatalf("a full memory remembers: %v", err)
	}
}

func TestAKeyIsReadBack(t *testing.T) {
	k := newTestKey(t)
	text, err := k.Private()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(text)
	if err != nil || again.Thumbprint() != k.Thumbprint() {
		t.Fatalf("%v", err)
	}
	public := k.private.Public()
	open, err := public.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseKey(secret.New(open)); !errors.Is(err, ErrKey) {
		t.Errorf("a public key proves nothing: %v", err)
	}
	if got, err := publicKey(open); err != nil || got != k.Thumbprint() {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := publicKey(text.Reveal()); !errors.Is(err, ErrKey) {
		t.Errorf("a private key was taken: %v", err)
	}
}

func FuzzProof(f *testing.F) {
	k, err := NewKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(prove(f, k, "GET", ourOrigin+"/x", proofTime, secret.Secret{}), "/x")
	f.Add(prove(f, es256Key(f), "GET", ourOrigin+"/x%2fy", proofTime, secret.Secret{}), "/x%2fy")
	f.Add("e30.e30.e30", "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		thumbprint, claims, err := openProof(text, "")
		if err != nil {
			return
		}
		if parseThumbprint(thumbprint) != nil {
			t.Fatalf("a proof by a key of no name: %q", text)
		}
		if _, _, err := openProof(text, k.Thumbprint()); err == nil && thumbprint != k.Thumbprint() {
			t.Fatal("the proof of another key was taken")
		}
		_ = claims
	})
}

func BenchmarkProof(b *testing.B) {
	token := secret.New([]byte("writ_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	for name, k := range map[string]*Key{"ES256": es256Key(b), "EdDSA": newTestKey(b)} {
		b.Run(name, func(b *testing.B) {
			text := prove(b, k, "GET", ourOrigin+"/v1/findings", proofTime, token)
			r := httptest.NewRequest("GET", "/v1/findings", nil)
			r.Header.Set(proofHeader, text)
			p := newProofs()
			b.ReportAllocs()
			for b.Loop() {
				p.known = replays{}
				if _, err := p.verify(r, token, k.Thumbprint()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
