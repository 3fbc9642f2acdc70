package store

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/notify"
)

// serving is the operations of a committee.
func (c *committee) serving() func(who access.IdentityID, method, path string, body any) (int, string) {
	mux := http.NewServeMux()
	api := &approval.API{Teller: approval.Teller{Service: c.service, Names: c.db.Inventory()}}
	api.Register(httpapi.New(mux, "test"))
	return func(who access.IdentityID, method, path string, body any) (int, string) {
		c.t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		if body == nil {
			text = nil
		}
		r := httptest.NewRequest(method, path, bytes.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		if who != 0 {
			r = r.WithContext(as(r.Context(), who))
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

// expecting has somebody call an operation, and checks what comes of it.
func (c *committee) expecting() func(what string, who access.IdentityID, method, path string, body any, status int, parts ...string) string {
	call := c.serving()
	return func(what string, who access.IdentityID, method, path string, body any, status int, parts ...string) string {
		c.t.Helper()
		code, text := call(who, method, path, body)
		if code != status {
			c.t.Fatalf("%s: %d %s", what, code, text)
		}
		for _, p := range parts {
			if !strings.Contains(text, p) {
				c.t.Errorf("%s: no %s in %s", what, p, text)
			}
		}
		return text
	}
}

func TestApprovalOperations(t *testing.T) {
	c := committeeOf(t, emptySQLite)
	expect := c.expecting()
	id := c.ask(caseOf(1, access.Stage{Approvers: function(access.IAM), Quorum: 2}, access.Stage{Approvers: []access.Approver{{Owner: true}}}))
	one, waiting := "/v1/approvals/"+id.String(), "/v1/me/approvals"
	now := access.TimeOf(c.clock.at)
	expect("to oneself", ana, "POST", "/v1/me/delegations", map[string]any{"identity": ana, "end": now + 3600e6, "reason": "away"}, 422, "bad-delegation")
	expect("to a service", ana, "POST", "/v1/me/delegations", map[string]any{"identity": robot, "end": now + 3600e6, "reason": "away"}, 422, "delegate-inactive")
	expect("to a leaver", ana, "POST", "/v1/me/delegations", map[string]any{"identity": gone, "end": now + 3600e6, "reason": "away"}, 422, "delegate-inactive")
	expect("for too long", ana, "POST", "/v1/me/delegations", map[string]any{"identity": ada, "end": now + 91*24*3600e6, "reason": "away"}, 422, "bad-delegation")
	expect("without a reason", ana, "POST", "/v1/me/delegations", map[string]any{"identity": ada, "end": now + 3600e6, "reason": " "}, 422, "reason-required")
	made := expect("a delegation", ana, "POST", "/v1/me/delegations", map[string]any{"identity": ada, "end": now + 3600e6, "reason": "away"}, 200)
	var d struct {
		ID access.DelegationID `json:"id"`
	}
	if err := json.Unmarshal([]byte(made), &d); err != nil {
		t.Fatal(err)
	}
	expect("whose delegations", ada, "GET", "/v1/me/delegations", nil, 200, d.ID.String(), `"Ana"`)
	expect("somebody else's", ada, "POST", "/v1/me/delegations/"+d.ID.String()+"/end", map[string]any{"reason": "x"}, 404)

	expect("nobody", 0, "GET", one, nil, 401)
	expect("who has nothing to do with it", vic, "GET", one, nil, 404)
	expect("nor its chain", vic, "GET", "/v1/chains/"+id.String(), nil, 404)
	expect("nor decides", vic, "POST", one+"/decision", map[string]any{"verdict": "approve", "version": 1, "digest": strings.Repeat("0", 64)}, 404)
	expect("nor lists", vic, "GET", "/v1/approvals", nil, 403)
	expect("sees its own", rick, "GET", one, nil, 200, `"approval.withdraw":{"allowed":true`, `"approval.decide":{"allowed":false`, `"Ana"`, `"Ina"`)
	expect("asked", rick, "GET", waiting+"?which=asked", nil, 200, id.String(), `"Rick"`)
	for who, there := range map[access.IdentityID]bool{ana: true, ina: true, ada: true, sol: false, pat: false, rick: false, vic: false} {
		if text := expect("waiting", who, "GET", waiting, nil, 200); strings.Contains(text, id.String()) != there {
			t.Errorf("waiting for %s: %s", who, text)
		}
	}
	var told approval.Told
	if err := json.Unmarshal([]byte(expect("a delegate sees it", ada, "GET", one, nil, 200, `"approval.decide":{"allowed":true`)), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Places) != 1 || told.Places[0] != ana || len(told.Deciders) != 3 || approval.DigestOf(told.Payload) != told.Digest {
		t.Errorf("%+v", told)
	}
	said := map[string]any{"verdict": "approve", "version": told.Version, "digest": told.Digest}
	expect("in ana's place", ada, "POST", one+"/decision", said, 200, `"waiting"`)
	expect("ana after that", ana, "POST", one+"/decision", said, 409, "approval-counted")
	expect("what ana may", ana, "GET", one, nil, 200, `"approval.decide":{"allowed":false`)
	expect("the other one", ina, "POST", one+"/decision", said, 200, `"waiting"`)
	expect("still seen by who decided", ada, "GET", one, nil, 200, `"stage":1`, `"instead_of":"`+ana.String())
	said["verdict"] = "refuse"
	expect("without a word", pat, "POST", one+"/decision", said, 422, "approval-comment")
	said["comment"] = "no"
	expect("the owner refuses", pat, "POST", one+"/decision", said, 200, `"refused"`)
	expect("after its end", rick, "POST", one+"/withdraw", nil, 409, "approval-ended")
	expect("the list of who may see", sol, "GET", "/v1/approvals?state=refused", nil, 200, id.String())
	expect("another state", sol, "GET", "/v1/approvals?state=waiting", nil, 200, `"items":[]`)
	expect("its chain", rick, "GET", "/v1/chains/"+access.GrantID(1).String(), nil, 200, id.String())
	expect("no chain", ana, "GET", "/v1/chains/"+access.GrantID(9).String(), nil, 404)
	expect("ended", ana, "POST", "/v1/me/delegations/"+d.ID.String()+"/end", map[string]any{"reason": "back"}, 204)
	expect("twice", ana, "POST", "/v1/me/delegations/"+d.ID.String()+"/end", map[string]any{"reason": "back"}, 409)

	// Who is asked when a stage begins is told, once.
	mails, _, err := c.db.Mail().Mails(t.Context(), notify.Filter{First: 20})
	if err != nil {
		t.Fatal(err)
	}
	told1 := map[string]int{}
	for _, m := range mails {
		told1[m.To.Address]++
	}
	if len(told1) != 3 || told1["ana@example.com"] != 1 || told1["ina@example.com"] != 1 || told1["pat@example.com"] != 1 {
		t.Errorf("told %v", told1)
	}
}
