package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// vaultMutations are all operations that do something to the vault.
var vaultMutations = []string{
	"", "/seal", "/unseal", "/unseal/forget", "/rekey/root", "/rekey/safe", "/rekey/seal", "/rekey/seal/confirm", "/rekey/seal/cancel", "/accept-rollback", "/proofs",
}

func TestLesson19_NobodyUnknownTouchesTheSeal(t *testing.T) {
	s := serve(t)
	body := map[string]any{"reason": "a test"}
	whole := map[string]map[string]any{
		"":                    {"reason": "a test", "seal": "shares", "shares": 3, "threshold": 2},
		"/rekey/seal":         {"reason": "a test", "seal": "shares", "shares": 3, "threshold": 2},
		"/rekey/safe":         {"reason": "a test", "safe": "safe_0000000000001"},
		"/unseal":             {"reason": "a test", "key": "nonsense"},
		"/rekey/seal/confirm": {"reason": "a test", "key": "nonsense"},
	}
	of := func(path string) map[string]any {
		if b, ok := whole[path]; ok {
			return b
		}
		return body
	}
	refused := func() {
		t.Helper()
		for _, path := range vaultMutations {
			s.as("").want(http.StatusUnauthorized, "POST", "/v1/vault"+path, of(path), nil)
			for _, who := range []string{employee, inAudit, inIAM, inSecurity} {
				s.as(who).want(http.StatusForbidden, "POST", "/v1/vault"+path, of(path), nil)
			}
			// Who may, without a second factor of now, and without a reason.
			a := s.caller(policy.Caller{Identity: s.identity(ownsPlatform)}).do("POST", "/v1/vault"+path, of(path))
			if a.status < 400 || !strings.Contains(string(a.body), policy.ErrStepUp.Code) {
				t.Errorf("%s without a second factor: %d %s", path, a.status, a.body)
			}
		}
	}
	status := func() (st keys.Status) {
		t.Helper()
		s.as(ownsPlatform).get("/v1/vault", &st)
		return st
	}
	refused()
	if st := status(); st.State != keys.NoVault {
		t.Fatalf("somebody made it: %+v", st)
	}
	made := s.as(ownsPlatform).want(http.StatusOK, "POST", "/v1/vault", of(""), nil)
	var shares keys.SharesBody
	if err := json.Unmarshal(made.body, &shares); err != nil || len(shares.Made) != 3 || shares.State != keys.VaultOpen {
		t.Fatalf("%s: %v", made.body, err)
	}
	refused()
	if st := status(); st.State != keys.VaultOpen || st.NextSeal != "" || st.Root != 1 {
		t.Fatalf("somebody changed it: %+v", st)
	}
	s.as(ownsPlatform).want(http.StatusOK, "POST", "/v1/vault/seal", body, nil)
	give := func(i, want int) {
		t.Helper()
		s.as(ownsPlatform).want(want, "POST", "/v1/vault/unseal", map[string]any{"reason": "a test", "key": shares.Made[i]}, nil)
	}
	give(0, http.StatusOK)
	refused()
	if st := status(); st.State != keys.VaultSealed || st.Given != 1 {
		t.Fatalf("what was given is lost, or more is: %+v", st)
	}
	s.as(ownsPlatform).want(http.StatusServiceUnavailable, "POST", "/v1/vault/rekey/root", body, nil)
	give(0, http.StatusConflict)
	give(2, http.StatusOK)
	if st := status(); st.State != keys.VaultOpen {
		t.Fatalf("%+v", st)
	}
	// Lesson 13: what was given is nowhere in the log.
	s.settle()
	log := s.as(inAudit).want(http.StatusOK, "GET", "/v1/audit?action=vault.&limit=100", nil, nil)
	if !strings.Contains(string(log.body), "vault.unseal") || strings.Contains(string(log.body), "writ-share") {
		t.Errorf("%s", log.body)
	}
}
