package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// The people of the demo who ask.
const (
	inIAM        = "E0000006"
	inSecurity   = "E0000045"
	ownsPlatform = "E0000042" // platform owner
	inAudit      = "E0000003"
	employee     = "E0000100" // holds no function
)

// Commands and the API give the same answers.
func TestAPIAnswersAsCommandsDo(t *testing.T) {
	s := serve(t)
	iam := s.as(inIAM)
	who, what := s.identity(inIAM), s.target("payroll-db/database:payroll")
	for _, escalation := range []bool{false, true} {
		q := graph.Question{Escalation: escalation}
		if escalation {
			holders, err := s.app.ask().WhoCan(s.ctx, what, q, ask.Everything)
			if err != nil {
				t.Fatal(err)
			}
			who = access.IdentityID(holders.Identities[0].ID.Key)
			s.holdersAre(iam, what, holders)
		}
		want, err := s.app.ask().Why(s.ctx, who.Ref(), what, q, ask.Everything)
		if err != nil {
			t.Fatal(err)
		}
		v := url.Values{"who": {who.String()}, "what": {what.String()}}
		if escalation {
			v.Set("escalation", "true")
		}
		s.same(iam.do("GET", "/v1/why?"+v.Encode(), nil), want)
	}
	has, err := s.app.ask().Access(s.ctx, who, graph.Question{}, ask.Everything)
	if err != nil {
		t.Fatal(err)
	}
	var page ask.Page[ask.EffectiveLine]
	iam.get("/v1/identities/"+who.String()+"/access?limit=1000", &page)
	if page.Total != len(has.Access) || len(page.Items) != page.Total || page.Total == 0 {
		t.Errorf("%d lines of %d, and %d by the command", len(page.Items), page.Total, len(has.Access))
	}
	for _, l := range page.Items {
		if !strings.Contains(l.Through, has.Identity.Name) {
			t.Errorf("how is %+v had?", l)
		}
	}
}

// same compares an answer's JSON with what it should be.
func (s *served) same(got answered, want any) {
	s.t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		s.t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal(got.body, &a); err != nil || json.Unmarshal(text, &b) != nil || !reflect.DeepEqual(a, b) {
		s.t.Errorf("%d: %s\nwant %s", got.status, got.body, text)
	}
}

// holdersAre reads holders page by page.
func (s *served) holdersAre(c *asker, what access.Ref, want *ask.WhoCan) {
	s.t.Helper()
	seen := map[access.Ref]bool{}
	for next := ""; ; {
		var page ask.Holders
		c.get("/v1/resources/"+what.String()+"/holders?escalation=true&limit=3&cursor="+next, &page)
		if page.Identities != want.Count || page.Orphans != want.Orphans {
			s.t.Fatalf("%+v, and %+v by the command", page, want)
		}
		for _, h := range page.Items {
			if seen[h.Holder.ID] || h.Through == "" || len(h.Modes) == 0 {
				s.t.Errorf("%+v", h)
			}
			seen[h.Holder.ID] = true
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(seen) != want.Count+want.Orphans {
		s.t.Errorf("%d holders of %d", len(seen), want.Count+want.Orphans)
	}
}

func TestCards(t *testing.T) {
	s := serve(t)
	iam := s.as(inIAM)
	var card ask.Card
	iam.get("/v1/identities/"+s.identity(ownsPlatform).String(), &card)
	if card.Number != ownsPlatform || len(card.Functions) != 1 || len(card.Accounts) == 0 || card.Accounts[0].Link == nil || len(card.Affiliations) != 1 ||
		card.Affiliations[0].Manager == nil || card.Affiliations[0].Manager.Hidden || !card.May["identity.change"].Allowed {
		t.Errorf("%+v", card)
	}
	var account ask.Account
	iam.get("/v1/accounts/"+card.Accounts[0].Account.ID.String(), &account)
	if len(account.Identities) != 1 || account.Identities[0].ID != card.Identity.ID || account.Link.Rule == "" {
		t.Errorf("%+v", account)
	}
	var e ask.Dossier
	iam.get("/v1/entitlements/"+s.target("payroll-db/attr:superuser").String(), &e)
	if e.Tier != access.Tier0 || len(e.Controls) != 4 || len(e.Coverage) == 0 || e.In.Name != "payroll-db" || e.Owner == nil || !e.May["classification.override"].Allowed {
		t.Errorf("%+v", e)
	}
	var p ask.Picture
	iam.get("/v1/picture?escalation=true&of="+s.target("payroll-db/attr:superuser").String(), &p)
	if p.Reached < 5 || len(p.Text) < 3 || !strings.HasPrefix(p.Text[0], "Superuser in payroll-db (tier 0) is reached by") {
		t.Errorf("%+v", p)
	}
}

// Whoever holds no function sees themself, with the names of what they hold, and of
// others nothing.
func TestLesson14_AnEmployeeSeesThemself(t *testing.T) {
	s := serve(t)
	me, other := s.as(employee), s.identity(inIAM).String()
	id := s.identity(employee).String()
	var card ask.Card
	me.get("/v1/identities/"+id, &card)
	if card.Identity.Hidden || card.Affiliations[0].Manager == nil || !card.Affiliations[0].Manager.Hidden || len(card.Accounts) == 0 {
		t.Errorf("%+v", card)
	}
	var page ask.Page[ask.EffectiveLine]
	me.get("/v1/identities/"+id+"/access", &page)
	for _, l := range page.Items {
		if l.Entitlement.Hidden || !strings.HasPrefix(l.Through, card.Identity.Name) {
			t.Errorf("%+v", l)
		}
	}
	if page.Total == 0 {
		t.Error("they hold nothing")
	}
	mine := page.Items[0].Entitlement.ID.String()
	me.get("/v1/why?who="+id+"&what="+mine, nil)
	me.get("/v1/picture?of="+id, nil)
	superuser, payroll := s.target("payroll-db/attr:superuser").String(), s.target("payroll-db").String()
	for _, path := range []string{
		"/v1/identities/" + other, "/v1/identities/" + other + "/access", "/v1/entitlements/" + mine, "/v1/entitlements/" + mine + "/holders",
		"/v1/entitlements/" + superuser, "/v1/systems/" + payroll + "/holders", "/v1/why?who=" + other + "&what=" + mine,
		"/v1/why?who=" + id + "&what=" + superuser, "/v1/picture?of=" + other, "/v1/picture?of=" + superuser,
		"/v1/identities/" + access.IdentityID(1<<40).String(), "/v1/identities/x",
	} {
		if got := me.want(http.StatusNotFound, "GET", path, nil, nil); strings.Contains(string(got.body), "superuser") {
			t.Errorf("%s: %s", path, got.body)
		}
		s.caller(policy.Caller{}).want(http.StatusUnauthorized, "GET", path, nil, nil)
	}
	// Not an identity that may be seen, and not even one of that kind.
	s.as(inAudit).want(http.StatusNotFound, "GET", "/v1/identities/"+superuser, nil, nil)
	for _, path := range []string{
		"/v1/identities/" + id + "/access?system=x", "/v1/identities/" + id + "/access?tier=9", "/v1/identities/" + id + "/access?cursor=x",
		"/v1/identities/" + id + "/access?mode=always", "/v1/why?who=" + id, "/v1/why?who=x&what=x", "/v1/picture?of=" + payroll, "/v1/picture?of=" + id + "&depth=0",
	} {
		me.want(http.StatusUnprocessableEntity, "GET", path, nil, nil)
	}
}

func TestTierIsOverriddenInTheVersionSeen(t *testing.T) {
	s := serve(t)
	what := s.target("legacy-wiki/space:archive").String()
	path, iam := "/v1/entitlements/"+what+"/classification", s.as(inIAM)
	tag := func() string {
		return iam.want(http.StatusOK, "GET", "/v1/entitlements/"+what, nil, nil).header.Get("ETag")
	}
	raise := map[string]any{"tier": 1, "reason": "it holds the old contracts"}
	none := tag()
	for _, tt := range []struct {
		name   string
		who    string
		body   map[string]any
		seen   string
		status int
	}{
		{"an employee", employee, raise, none, http.StatusNotFound},
		{"a platform owner", ownsPlatform, raise, none, http.StatusForbidden},
		{"audit", inAudit, raise, none, http.StatusForbidden},
		{"without a version", inIAM, raise, "", http.StatusPreconditionRequired},
		{"another version", inIAM, raise, `"7"`, http.StatusPreconditionFailed},
		{"any version", inIAM, raise, `"-1"`, http.StatusPreconditionFailed},
		{"no reason", inIAM, map[string]any{"tier": 1}, none, http.StatusUnprocessableEntity},
		{"a blank reason", inIAM, map[string]any{"tier": 1, "reason": " "}, none, http.StatusUnprocessableEntity},
		{"no such tier", inIAM, map[string]any{"tier": 4, "reason": "x"}, none, http.StatusUnprocessableEntity},
		{"lowered long ago", inIAM, map[string]any{"tier": 3, "reason": "x", "until": "2001-01-01T00:00:00Z"}, none, http.StatusUnprocessableEntity},
	} {
		if got := s.as(tt.who).do("PUT", path, tt.body, "If-Match", tt.seen); got.status != tt.status {
			t.Errorf("%s: %d: %s", tt.name, got.status, got.body)
		}
	}
	if tag() != none {
		t.Fatal("something was overridden")
	}
	iam.want(http.StatusNoContent, "PUT", path, raise, nil, "If-Match", none)
	var e ask.Dossier
	iam.get("/v1/entitlements/"+what, &e)
	if e.Override == nil || e.Override.Reason != raise["reason"] || e.Own != access.Tier1 || tag() == none {
		t.Errorf("%+v", e.Entitlement)
	}
	because := map[string]any{"reason": "they are shredded"}
	iam.want(http.StatusPreconditionFailed, "DELETE", path, because, nil, "If-Match", none)
	iam.want(http.StatusNoContent, "DELETE", path, because, nil, "If-Match", tag())
	if tag() != none {
		t.Error("it is still overridden")
	}
	iam.want(http.StatusNotFound, "DELETE", path, because, nil, "If-Match", none)
}

// What is asked for by an id that is nobody's, of another kind, or no id at all, is not
// there, and all are answered alike.
func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := serve(t)
	for path, unknown := range map[string]string{
		"/v1/identities/": "idn_0zzzzzzzzzzzz", "/v1/accounts/": "acc_0zzzzzzzzzzzz", "/v1/entitlements/": "ent_0zzzzzzzzzzzz",
		"/v1/systems/": "sys_0zzzzzzzzzzzz", "/v1/findings/": "fnd_0zzzzzzzzzzzz",
	} {
		for _, id := range []string{unknown, "run_0000000000001", "nothing"} {
			var problem struct{ Code, Detail string }
			s.as(inIAM).want(http.StatusNotFound, "GET", path+id, nil, &problem)
			if problem.Code != policy.ErrNoObject.Code || problem.Detail != policy.ErrNoObject.Error() {
				t.Errorf("%s%s: %s, %s", path, id, problem.Code, problem.Detail)
			}
		}
	}
}
