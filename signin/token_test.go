package signin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

type tokenBody struct {
	Name     string          `json:"name"`
	Limits   []string        `json:"limits"`
	Days     int             `json:"days"`
	Networks []string        `json:"networks"`
	Key      json.RawMessage `json:"key,omitempty"`
}

type madeToken struct {
	ID   access.TokenID
	Text string
	Key  string
	Used access.Time
}

func reading() tokenBody {
	return tokenBody{Name: "nightly report", Limits: []string{"read"}, Days: 30, Networks: []string{"127.0.0.0/8"}}
}

// functions gives people functions, without which nobody may read.
func (s *site) functions(number string, f access.Function) {
	s.t.Helper()
	s.must(s.db.Policy().Assign(s.ctx, policy.Assignment{Identity: s.identity(number), Held: policy.Held{Function: f}, Reason: "test"}))
	s.settle()
}

func TestATokenIsForWhatItSays(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		s.functions("E1", access.IAM)
		ana := s.signedIn("E1")
		var made madeToken
		ana.want(http.StatusCreated, "", "POST", "/v1/tokens", reading(), &made)
		if !regexp.MustCompile(`^writ_[a-z2-7]{39}$`).MatchString(made.Text) {
			t.Fatalf("no scanner finds %d characters", len(made.Text))
		}
		script := s.bearer(made.Text)
		script.want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
		script.want(http.StatusOK, "", "GET", "/v1/try/finding.read", nil, nil)
		script.want(http.StatusForbidden, "token-limited", "GET", "/v1/try/system.add", nil, nil)
		for _, path := range []string{"/v1/tokens", "/v1/signins", "/v1/passkeys"} {
			script.want(http.StatusForbidden, "token-limited", "GET", path, nil, nil)
		}
		script.want(http.StatusForbidden, "token-limited", "POST", "/v1/tokens", reading(), nil)
		script.want(http.StatusForbidden, "token-limited", "DELETE", "/v1/tokens/"+made.ID.String(), nil, nil)

		var list struct{ Items []map[string]any }
		ana.want(http.StatusOK, "", "GET", "/v1/tokens", nil, &list)
		if len(list.Items) != 1 || strings.Contains(fmt.Sprint(list.Items), made.Text) {
			t.Fatalf("listed: %v", list.Items)
		}
		s.signedIn("E2").want(http.StatusNotFound, "token-not-found", "DELETE", "/v1/tokens/"+made.ID.String(), nil, nil)
		ana.want(http.StatusNoContent, "", "DELETE", "/v1/tokens/"+made.ID.String(), nil, nil)
		script.want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
		ana.want(http.StatusNotFound, "token-not-found", "DELETE", "/v1/tokens/"+made.ID.String(), nil, nil)
	})
}

func TestATokenThatIsMadeFollowsTheRules(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		ana := s.signedIn("E1")
		with := func(change func(*tokenBody)) tokenBody {
			b := reading()
			change(&b)
			return b
		}
		tests := []struct {
			code string
			body tokenBody
		}{
			{"token-name", with(func(b *tokenBody) { b.Name = " " })},
			{"token-limits", with(func(b *tokenBody) { b.Limits = []string{} })},
			{"token-limits", with(func(b *tokenBody) { b.Limits = []string{"everything"} })},
			{"token-limits", with(func(b *tokenBody) { b.Limits = []string{"READ"} })},
			{"invalid-input", with(func(b *tokenBody) { b.Days = 91 })},
			{"invalid-input", with(func(b *tokenBody) { b.Days = 0 })},
			{"token-networks", with(func(b *tokenBody) { b.Networks = []string{} })},
			{"token-networks", with(func(b *tokenBody) { b.Networks = []string{"0.0.0.0/0"} })},
			{"token-networks", with(func(b *tokenBody) { b.Networks = []string{"::/0"} })},
			{"token-networks", with(func(b *tokenBody) { b.Networks = []string{"::ffff:10.0.0.0/104"} })},
			{"token-networks", with(func(b *tokenBody) { b.Networks = []string{"here"} })},
			{"bad-key", with(func(b *tokenBody) { b.Key = json.RawMessage(`{"kty":"oct","k":"AAAA"}`) })},
		}
		for _, tt := range tests {
			ana.want(http.StatusUnprocessableEntity, tt.code, "POST", "/v1/tokens", tt.body, nil)
		}
		s.later(policy.StepUp + time.Minute)
		ana.want(http.StatusForbidden, "step-up-required", "POST", "/v1/tokens", reading(), nil)
		s.client().want(http.StatusUnauthorized, "sign-in-required", "POST", "/v1/tokens", reading(), nil)
	})
}

func TestLesson25_ATokenIsBoundToNetworkKeyAndTime(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		ana := s.signedIn("E1")
		program := s.client()
		body := reading()
		body.Networks = []string{"10.1.0.0/16", "2001:db8::/32"}
		var free, made madeToken
		ana.want(http.StatusCreated, "", "POST", "/v1/tokens", body, &free)
		private, err := program.key.Private()
		s.must(err)
		var public map[string]string
		s.must(json.Unmarshal(private.Reveal(), &public))
		delete(public, "d")
		body.Key, err = json.Marshal(public)
		s.must(err)
		ana.want(http.StatusCreated, "", "POST", "/v1/tokens", body, &made)
		if made.Key != program.key.Thumbprint() {
			t.Fatalf("bound to %q", made.Key)
		}

		script := s.bearer(free.Text)
		for from, fine := range map[string]bool{"10.1.2.3": true, "2001:db8::7": true, "10.2.0.1": false, "127.0.0.1": false} {
			script.from = from
			if fine {
				script.want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
			} else {
				script.want(http.StatusForbidden, "token-network", "GET", "/v1/me", nil, nil)
			}
		}
		bound, thief, bearer := program.bound(made.Text), s.client().bound(made.Text), s.bearer(made.Text)
		for _, c := range []*client{bound, thief, bearer} {
			c.from = "10.1.2.3"
		}
		bound.want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
		bearer.want(http.StatusUnauthorized, "proof-required", "GET", "/v1/me", nil, nil)
		if status, code := thief.do("GET", "/v1/me", nil, nil); code != "bad-proof" {
			t.Fatalf("with another key: %d %s", status, code)
		}
		if n := len(s.records("signin.refuse")); n != 2 {
			t.Errorf("%d refusals were kept, want one of the network and one of the key", n)
		}
		s.later(30*24*time.Hour + time.Second)
		script.from = "10.1.2.3"
		script.want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
	})
}

func TestLesson03_ALeaversTokensAreDead(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		s.functions("E1", access.IAM)
		var made madeToken
		s.signedIn("E1").want(http.StatusCreated, "", "POST", "/v1/tokens", reading(), &made)
		script := s.bearer(made.Text)
		script.want(http.StatusOK, "", "GET", "/v1/try/finding.read", nil, nil)
		s.people(strings.Replace(everybody, "ana.sol@example.com,active", "ana.sol@example.com,terminated", 1))
		script.want(http.StatusForbidden, "not-active", "GET", "/v1/try/finding.read", nil, nil)
		script.want(http.StatusForbidden, "not-active", "GET", "/v1/me", nil, nil)
	})
}

func TestATokenThatIsNone(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	var made madeToken
	s.signedIn("E1").want(http.StatusCreated, "", "POST", "/v1/tokens", reading(), &made)
	last := made.Text[len(made.Text)-1:]
	other := "a"
	if last == other {
		other = "b"
	}
	for _, text := range []string{"", "x", made.Text + "a", made.Text[:len(made.Text)-1] + other, strings.ToUpper(made.Text), "writ_" + strings.Repeat("a", 39)} {
		s.bearer(text).want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
	}
	c := s.bearer(made.Text)
	c.show = func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + made.Text, "Bearer x"} }
	c.want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
}

func TestLesson13_NoTokenIsInTheLog(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	var made madeToken
	s.signedIn("E1").want(http.StatusCreated, "", "POST", "/v1/tokens", reading(), &made)
	s.bearer(made.Text).want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
	text, err := json.Marshal(s.records(""))
	s.must(err)
	if len(s.records("token.add")) != 1 || strings.Contains(string(text), made.Text) || strings.Contains(string(text), made.Text[5:20]) {
		t.Fatal("the record is missing, or the token is in it")
	}
}
