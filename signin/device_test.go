package signin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// asks is a program that asks to be signed in.
func (c *client) asks() signin.DeviceReply {
	c.s.t.Helper()
	var d signin.DeviceReply
	c.want(http.StatusOK, "", "POST", signin.DevicePath, url.Values{"client_id": {"writ login"}}, &d)
	return d
}

func redeeming(d signin.DeviceReply) url.Values {
	return url.Values{"grant_type": {signin.DeviceGrant}, "device_code": {d.Device}, "client_id": {"writ login"}}
}

func renewing(k signin.TokenReply) url.Values {
	return url.Values{"grant_type": {signin.RefreshGrant}, "refresh_token": {k.Renew}}
}

// loggedIn is a program that somebody has signed in.
func (s *site) loggedIn(number string) (*client, signin.TokenReply) {
	s.t.Helper()
	program := s.client()
	d := program.asks()
	s.signedIn(number).want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
	var k signin.TokenReply
	program.want(http.StatusOK, "", "POST", signin.TokenPath, redeeming(d), &k)
	return program, k
}

func TestAProgramIsSignedInByAPerson(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		program, ana := s.client(), s.signedIn("E1")
		program.from = "10.9.8.7"
		d := program.asks()
		if d.Page != ours+"/device" || d.Expires != 600 || d.Interval != 5 || len(d.Code) != 9 {
			t.Fatalf("told %+v", d)
		}
		program.want(http.StatusBadRequest, "authorization_pending", "POST", signin.TokenPath, redeeming(d), nil)
		program.want(http.StatusBadRequest, "slow_down", "POST", signin.TokenPath, redeeming(d), nil)

		var seen signin.Waiting
		typed := strings.ToLower(strings.ReplaceAll(d.Code, "-", ""))
		ana.want(http.StatusOK, "", "GET", "/v1/device/"+typed, nil, &seen)
		if seen.Client != "writ login" || seen.Address != "10.9.8.7" || seen.Key != program.key.Thumbprint() {
			t.Fatalf("shown %+v", seen)
		}
		ana.want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
		ana.want(http.StatusNotFound, "code-not-found", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
		var k signin.TokenReply
		program.want(http.StatusOK, "", "POST", signin.TokenPath, redeeming(d), &k)
		program.want(http.StatusBadRequest, "expired_token", "POST", signin.TokenPath, redeeming(d), nil)
		if k.Type != "DPoP" || k.Expires != 900 {
			t.Fatalf("given %s for %d s", k.Type, k.Expires)
		}
		var me struct {
			Identity access.IdentityID
			Method   string
			MFA      bool
		}
		program.bound(k.Access).want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me.Identity != s.identity("E1") || me.Method != "device" || !me.MFA {
			t.Fatalf("it is %+v", me)
		}
		program.bound(k.Access).want(http.StatusOK, "", "GET", "/v1/tokens", nil, nil)

		s.later(signin.AccessLasts + time.Second)
		program.bound(k.Access).want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
		var next signin.TokenReply
		program.want(http.StatusOK, "", "POST", signin.TokenPath, renewing(k), &next)
		program.bound(next.Access).want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
		s.later(3 * signin.IdleLasts)
		program.want(http.StatusOK, "", "POST", signin.TokenPath, renewing(next), &next)
		s.later(signin.Lasts)
		program.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(next), nil)
	})
}

func TestLesson18_WhatIsApprovedIsBoundToItsKey(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		program, thief := s.client(), s.client()
		d := program.asks()
		thief.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, redeeming(d), nil)
		s.signedIn("E1").want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
		thief.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, redeeming(d), nil)
		var k signin.TokenReply
		program.want(http.StatusOK, "", "POST", signin.TokenPath, redeeming(d), &k)

		thief.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(k), nil)
		if n := len(s.records("signin.refuse")); n != 1 {
			t.Errorf("%d refusals were kept, want that of the renewal", n)
		}
		if status, code := thief.bound(k.Access).do("GET", "/v1/me", nil, nil); code != "bad-proof" {
			t.Errorf("a token with another key: %d %s", status, code)
		}
		s.bearer(k.Access).want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
		thief.show = func(*http.Request) {}
		thief.want(http.StatusBadRequest, "invalid_dpop_proof", "POST", signin.TokenPath, renewing(k), nil)
		program.want(http.StatusOK, "", "POST", signin.TokenPath, renewing(k), &k)
		program.bound(k.Access).want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
	})
}

func TestLesson18_WhoApprovesHasJustShownWhoTheyAre(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	d := s.client().asks()
	path := "/v1/device/" + d.Code
	s.client().want(http.StatusUnauthorized, "sign-in-required", "GET", path, nil, nil)
	s.client().want(http.StatusUnauthorized, "sign-in-required", "POST", path+"/approve", nil, nil)
	ana := s.signedIn("E1")
	var made madeToken
	ana.want(http.StatusCreated, "", "POST", "/v1/tokens", reading(), &made)
	s.bearer(made.Text).want(http.StatusForbidden, "token-limited", "POST", path+"/approve", nil, nil)
	s.later(policy.StepUp)
	d = s.client().asks()
	s.later(time.Minute)
	path = "/v1/device/" + d.Code
	ana.want(http.StatusForbidden, "step-up-required", "POST", path+"/approve", nil, nil)
	ana.want(http.StatusNoContent, "", "POST", path+"/deny", nil, nil)
}

func TestAProgramIsToldNo(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	program, ana := s.client(), s.signedIn("E1")
	d := program.asks()
	ana.want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/deny", nil, nil)
	program.want(http.StatusBadRequest, "access_denied", "POST", signin.TokenPath, redeeming(d), nil)
	d = program.asks()
	s.later(signin.CodeLasts + time.Second)
	ana.want(http.StatusNotFound, "code-not-found", "GET", "/v1/device/"+d.Code, nil, nil)
	program.want(http.StatusBadRequest, "expired_token", "POST", signin.TokenPath, redeeming(d), nil)
	for _, form := range []url.Values{{}, {"client_id": {" "}}, {"client_id": {"a", "b"}}, {"client_id": {strings.Repeat("a", 101)}}, {"client_id": {"\x1b[2J"}}} {
		program.want(http.StatusBadRequest, "invalid_request", "POST", signin.DevicePath, form, nil)
	}
	program.want(http.StatusBadRequest, "invalid_request", "POST", signin.TokenPath+"?refresh_token=x", renewing(signin.TokenReply{Renew: "x"}), nil)
	program.want(http.StatusBadRequest, "unsupported_grant_type", "POST", signin.TokenPath, url.Values{"grant_type": {"password"}}, nil)
	program.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(signin.TokenReply{Renew: "x"}), nil)
}

func TestLesson11_CodesCannotBeGuessed(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	d := s.client().asks()
	ana := s.signedIn("E1")
	limited := false
	for range 30 {
		status, code := ana.do("GET", "/v1/device/BBBB-BBBB", nil, nil)
		limited = limited || status == http.StatusTooManyRequests && code == "too-many-requests"
	}
	if !limited {
		t.Fatal("codes can be tried for ever")
	}
	ana.want(http.StatusTooManyRequests, "too-many-requests", "GET", "/v1/device/"+d.Code, nil, nil)
	ana.from = "10.0.0.9" // it is the person that is counted, too
	ana.want(http.StatusTooManyRequests, "too-many-requests", "GET", "/v1/device/"+d.Code, nil, nil)
}

func TestLesson11_AnApprovedCodeIsGoodOnce(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		program := s.client()
		d := program.asks()
		s.signedIn("E1").want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
		if good := atOnce(8, func() bool {
			status, _ := program.do("POST", signin.TokenPath, redeeming(d), nil)
			return status == http.StatusOK
		}); good != 1 {
			t.Fatalf("%d of 8 were signed in", good)
		}
	})
}

func TestLesson11_ARenewalThatIsUsedTwiceEndsAll(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		program, k := s.loggedIn("E1")
		program.bound(k.Access).want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
		if good := atOnce(8, func() bool {
			status, _ := program.do("POST", signin.TokenPath, renewing(k), nil)
			return status == http.StatusOK
		}); good != 1 {
			t.Fatalf("%d of 8 were renewed", good)
		}
		program.bound(k.Access).want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
		program.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(k), nil)
		if n := len(s.records("signin.refuse")); n != 1 {
			t.Errorf("%d refusals were kept, want one", n)
		}
	})
}

// atOnce runs something several times at once and counts how often it worked.
func atOnce(n int, do func() bool) int {
	var good atomic.Int64
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if do() {
				good.Add(1)
			}
		})
	}
	all.Wait()
	return int(good.Load())
}

func TestLesson03_ALeaversProgramsAreSignedOut(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s := newSite()
		program, k := s.loggedIn("E1")
		waits := s.client()
		d := waits.asks()
		s.signedIn("E1").want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
		s.people(strings.Replace(everybody, "ana.sol@example.com,active", "ana.sol@example.com,suspended", 1))
		program.bound(k.Access).want(http.StatusForbidden, "not-active", "GET", "/v1/me", nil, nil)
		program.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(k), nil)
		waits.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, redeeming(d), nil)
	})
}

func TestAProgramIsSignedOutWithTheOthers(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	program, k := s.loggedIn("E1")
	program.bound(k.Access).want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
	s.signedIn("E1").want(http.StatusNoContent, "", "DELETE", "/v1/signins", nil, nil)
	program.bound(k.Access).want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
	program.want(http.StatusBadRequest, "invalid_grant", "POST", signin.TokenPath, renewing(k), nil)
}

func TestLesson13_NoCodeAndNoTokenOfAProgramIsInTheLog(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	program := s.client()
	d := program.asks()
	s.signedIn("E1").want(http.StatusNoContent, "", "POST", "/v1/device/"+d.Code+"/approve", nil, nil)
	var k signin.TokenReply
	program.want(http.StatusOK, "", "POST", signin.TokenPath, redeeming(d), &k)
	text, err := json.Marshal(s.records(""))
	s.must(err)
	for _, canary := range []string{d.Device, d.Code, strings.ReplaceAll(d.Code, "-", ""), k.Access, k.Renew} {
		if strings.Contains(string(text), canary) {
			t.Error("a secret is in the log")
		}
	}
	if len(s.records("signin.device_approve")) != 1 {
		t.Error("the approval is not")
	}
}
