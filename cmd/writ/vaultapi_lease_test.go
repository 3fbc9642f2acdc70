package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	openbao "github.com/openbao/openbao/api/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// openbao is the client of somebody's program, whose token is limited.
func (s *served) openbao(who string, limits ...string) *openbao.Client {
	s.t.Helper()
	cfg := openbao.DefaultConfig()
	cfg.Address, cfg.MaxRetries = s.server.URL+"/vault", 0
	c, err := openbao.NewClient(cfg)
	must(s.t, err)
	caller, err := json.Marshal(policy.Caller{Identity: s.identity(who), Via: access.TokenID(1).Ref(), Limits: limits})
	must(s.t, err)
	c.AddHeader(callerHeader, string(caller))
	return c
}

func TestOpenBaosClientLeasesAccountsOfPostgres(t *testing.T) {
	c := newLender(t, access.Terms{Most: time.Hour})
	mine := c.openbao("E1", "template.read", "lease.issue", "lease.read", "lease.end")
	ctx := t.Context()
	list, err := mine.Logical().ListWithContext(ctx, "database/roles")
	if err != nil || len(list.Data["keys"].([]any)) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	got, err := mine.Logical().ReadWithContext(ctx, "database/creds/reporting")
	if err != nil || !got.Renewable || got.LeaseDuration < 30 || got.LeaseDuration > 60 || !strings.HasPrefix(got.LeaseID, "database/creds/reporting/lse_") {
		t.Fatalf("%+v, %v", got, err)
	}
	user, password := got.Data["username"].(string), got.Data["password"].(string)
	if who, in := c.signsIn(user, password, "select current_user"); !in || who != user {
		t.Fatalf("it opens nothing: %q", who)
	}
	renewed, err := mine.Sys().RenewWithContext(ctx, got.LeaseID, 1800)
	if err != nil || renewed.LeaseDuration < 1700 || renewed.LeaseDuration > 1800 {
		t.Fatalf("%+v, %v", renewed, err)
	}
	if known, err := mine.Sys().Lookup(got.LeaseID); err != nil || known.Data["ttl"] == nil {
		t.Fatalf("%+v, %v", known, err)
	}
	for who, limits := range map[string][]string{"E2": {"lease.read", "lease.end"}, "E1": {"lease.read"}} {
		if err := c.openbao(who, limits...).Sys().RevokeWithContext(ctx, got.LeaseID); err == nil {
			t.Errorf("%s, by %v, ends it", who, limits)
		}
	}
	if got, err := c.openbao("E2", "template.read", "lease.issue").Logical().ReadWithContext(ctx, "database/creds/reporting"); err == nil && got != nil {
		t.Error("somebody without a right has an account")
	}
	if _, err := c.openbao("E1", "read").Logical().ReadWithContext(ctx, "database/creds/reporting"); !saysStatus(err, 403, "token-limited") {
		t.Errorf("%v", err)
	}
	must(t, mine.Sys().RevokeWithContext(ctx, got.LeaseID))
	_, text, _ := strings.Cut(got.LeaseID, "reporting/")
	var id access.LeaseID
	must(t, id.UnmarshalText([]byte(text)))
	c.becomes(id, lease.Ended)
	if c.isThere(user) {
		t.Error("the account is still there")
	}
	if _, err := mine.Sys().RenewWithContext(ctx, got.LeaseID, 60); !saysStatus(err, 400, "invalid lease") {
		t.Errorf("%v", err)
	}
}
