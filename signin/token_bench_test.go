package signin_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// BenchmarkToken is what the door costs a request that shows a token of the API which was
// shown before.
func BenchmarkToken(b *testing.B) {
	s := newSite(b, storeConfig(b), nil)
	s.functions("E1", access.IAM)
	var made madeToken
	s.signedIn("E1").want(201, "", "POST", "/v1/tokens", reading(), &made)
	r := httptest.NewRequest("GET", "/v1/me", nil)
	at := policy.Caller{Context: policy.Context{Address: netip.MustParseAddr("127.0.0.1")}}
	r = r.WithContext(policy.WithCaller(r.Context(), at))
	r.Header.Set("Authorization", "Bearer "+made.Text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.door.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
