package main

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/policy"
)

const miningPath = "/v1/role-mining"

// minedBy starts a mining run and waits for its end.
func (s *served) minedBy(a *asker, body any) role.MiningShown {
	s.t.Helper()
	var run role.MiningShown
	a.want(http.StatusAccepted, "POST", miningPath, body, &run)
	for !run.State.Over() {
		runtime.Gosched()
		a.get(miningPath+"/"+run.ID.String(), &run)
	}
	return run
}

// TestMiningReadsWhatItsAskerMayRead: whoever may not read who has what mines nothing and
// sees no candidate; whose scope is one system mines that alone, and sees no run of more.
func TestMiningReadsWhatItsAskerMayRead(t *testing.T) {
	c := serveTwoScopes(t)
	c.start(c.alone(c.node.miner.Run))
	rosa := c.who["requester"].Identity
	must(t, c.app.db.Policy().Assign(c.ctx, policy.Assignment{Identity: rosa, Held: policy.Held{Function: access.IAM, Scope: 1}, Reason: "the test"}))
	must(t, c.node.settle(c.ctx))
	as := func(who string) *asker { return c.caller(c.who[who]) }
	own := as("requester")
	quick := map[string]any{"seconds": 2}
	for who, status := range map[string]int{
		"nobody": http.StatusUnauthorized, "limited-token": http.StatusForbidden, "platform_owner": http.StatusForbidden,
		"platform_owner-elsewhere": http.StatusForbidden, "security_operations": http.StatusForbidden, "audit": http.StatusForbidden,
	} {
		as(who).want(status, "POST", miningPath, quick, nil)
	}
	whole := c.minedBy(as("iam"), quick)
	if whole.State != role.MiningDone || !whole.People || whole.Of != 2 || whole.Totals.Pairs != 2 {
		t.Fatalf("%+v, %+v", whole, whole.Totals)
	}
	path := miningPath + "/" + whole.ID.String()
	for _, at := range []string{path, path + "/candidates", path + "/candidates/0"} {
		for _, who := range []string{"platform_owner", "security_operations"} {
			as(who).want(http.StatusForbidden, "GET", at, nil, nil)
		}
		as("audit").get(at, nil)
		own.want(http.StatusNotFound, "GET", at, nil, nil)
	}
	as("audit").want(http.StatusForbidden, "POST", path+"/stop", nil, nil)
	own.want(http.StatusNotFound, "POST", path+"/stop", nil, nil)
	own.want(http.StatusNotFound, "POST", path+"/candidates/0/picture", map[string]any{}, nil)
	only := policy.Caller{Identity: c.who["iam"].Identity, Limits: []string{"mining.read"}}
	c.caller(only).want(http.StatusForbidden, "GET", path, nil, nil) // it takes reading who has what, too

	own.want(http.StatusForbidden, "POST", miningPath, map[string]any{"unit": "Treasury"}, nil)
	own.want(http.StatusUnprocessableEntity, "POST", miningPath, map[string]any{"systems": []any{c.ids["system"]}}, nil)
	own.want(http.StatusUnprocessableEntity, "POST", miningPath, map[string]any{"scope": c.ids["scope"]}, nil)
	mined := c.minedBy(own, quick)
	if mined.State != role.MiningDone || !mined.May["mining.run"].Allowed || mined.May["role.change"].Allowed || mined.People || mined.Of != 1 || mined.Systems[0].Name != "north" || mined.Totals.Pairs != 1 {
		t.Fatalf("within the north: %+v, %+v", mined, mined.Totals)
	}
	var list struct{ Items []role.MiningShown }
	own.get(miningPath, &list)
	if len(list.Items) != 1 || list.Items[0].ID != mined.ID {
		t.Errorf("they see %+v", list.Items)
	}
	at := miningPath + "/" + mined.ID.String() + "/candidates/0"
	got := own.want(http.StatusOK, "GET", at, nil, nil)
	drawn := own.want(http.StatusOK, "POST", at+"/picture", map[string]any{}, nil)
	for _, text := range []string{string(got.body), string(drawn.body)} {
		if strings.Contains(strings.ToLower(text), "canary") {
			t.Errorf("it names what lies in the south: %s", text)
		}
	}
	own.want(http.StatusForbidden, "POST", at+"/adopt", map[string]any{"name": "Mine"}, nil)
	own.want(http.StatusForbidden, "POST", at+"/reject", map[string]any{"reason": "x"}, nil)
}

// TestFromCandidateToMigration: candidates are listed in any order, one is drawn with other
// entitlements in it and adopted, one rejected and not proposed again; and people are
// migrated by the plan that was seen, without anybody gaining or losing anything.
func TestFromCandidateToMigration(t *testing.T) {
	s := serve(t)
	iam := s.as(inIAM)
	erp := s.target("erp-finance")
	ask := map[string]any{"systems": []any{erp}, "seconds": 5}
	run := s.minedBy(iam, ask)
	if run.State != role.MiningDone || run.Of != 1 || run.By == nil || run.Totals.Number == 0 || !run.May["mining.run"].Allowed {
		t.Fatalf("%+v", run)
	}
	path := miningPath + "/" + run.ID.String() + "/candidates"
	s.inAnyOrder(path, run.Totals.Kept)
	var page role.CandidatePage
	iam.get(path+"?state=open", &page)
	first := page.Items[0]
	one := path + "/0"
	var c role.CandidateShown
	iam.get(one, &c)
	if c.ID != first.ID || len(c.Members) != c.Users || c.Name == "" || c.Members[0].Name == "" {
		t.Errorf("%+v", c)
	}
	var drawn role.Picture
	iam.want(http.StatusOK, "POST", one+"/picture", map[string]any{}, &drawn)
	if drawn.Users != c.Users || drawn.Support != c.Support || drawn.Fit != 1 || drawn.Extra != 0 || drawn.Redundant != c.Redundant || len(drawn.Gives) != c.Permissions || drawn.Rows[0].Held[0] == 0 {
		t.Errorf("%+v is drawn as %+v", c.CandidateLine, drawn)
	}
	c0 := c.CandidateLine
	// With something in it that members do not hold, they would gain it.
	gained := s.target("corp-directory/vpn")
	iam.want(http.StatusOK, "POST", one+"/picture", map[string]any{"add": []any{gained}}, &drawn)
	if drawn.Extra == 0 || drawn.Fit == 1 || len(drawn.Gives) != c.Permissions+1 {
		t.Errorf("with one beside: %+v", drawn)
	}
	iam.want(http.StatusUnprocessableEntity, "POST", one+"/picture", map[string]any{"add": []any{access.EntitlementID(1 << 40)}}, nil)

	// Adopted once, as any draft; rejected ones stay so in the next run.
	var draft role.Shown
	adopt := map[string]any{"name": "Ledger people", "owner": s.identity("E0000105"), "description": "What the ledger's people have."}
	tag := iam.want(http.StatusCreated, "POST", one+"/adopt", adopt, &draft).header.Get("ETag")
	if draft.Draft == nil || draft.Draft.State != role.Written || len(draft.Draft.Parts) != c.Permissions {
		t.Fatalf("%+v", draft)
	}
	iam.want(http.StatusConflict, "POST", one+"/adopt", map[string]any{"name": "Again"}, nil)
	iam.want(http.StatusConflict, "POST", one+"/reject", map[string]any{"reason": "too late"}, nil)
	iam.want(http.StatusUnprocessableEntity, "POST", path+"/1/reject", map[string]any{"reason": ""}, nil)
	iam.want(http.StatusOK, "POST", path+"/1/reject", map[string]any{"reason": "a coincidence"}, &c)
	if c.State != role.CandidateRejected || c.Rejected != "a coincidence" {
		t.Errorf("%+v", c.CandidateLine)
	}
	rejected := c.ID
	next := s.minedBy(iam, ask)
	iam.get(miningPath+"/"+next.ID.String()+"/candidates?state=rejected", &page)
	if len(page.Items) != 1 || page.Items[0].ID != rejected {
		t.Errorf("rejected in the next run: %+v", page.Items)
	}
	iam.want(http.StatusOK, "POST", path+"/1/reconsider", map[string]any{"reason": "it is one"}, &c)
	if c.State != role.CandidateOpen {
		t.Errorf("%+v", c.CandidateLine)
	}
	iam.want(http.StatusNotFound, "POST", path+"/1/reconsider", map[string]any{"reason": "again"}, nil)

	s.migratedByPlan(draft, tag, c0.Support)
	iam.get(miningPath+"/"+next.ID.String()+"/candidates?state=there", &page)
	if len(page.Items) != 1 || page.Items[0].Role == nil || page.Items[0].Role.Name != "Ledger people" {
		t.Errorf("there in the next run: %+v", page.Items)
	}
}

// migratedByPlan has a draft reviewed and published, and migrates whoever holds all of it.
func (s *served) migratedByPlan(draft role.Shown, tag string, support int) {
	s.t.Helper()
	iam := s.as(inIAM)
	at := "/v1/roles/" + draft.ID.String()
	s.holds(s.identity("E0000041"), access.IAM)
	tag = iam.want(http.StatusOK, "POST", at+"/submit", nil, nil, "If-Match", tag).header.Get("ETag")
	tag = s.as("E0000041").want(http.StatusOK, "POST", at+"/review", map[string]any{"approve": true}, nil, "If-Match", tag).header.Get("ETag")
	iam.want(http.StatusOK, "POST", at+"/publish", nil, nil, "If-Match", tag)
	s.settle()
	var plan role.MigrationShown
	iam.get(at+"/migration", &plan)
	if plan.People+plan.Own != support || !plan.Equal || plan.Before != plan.After || len(plan.Swaps) != len(draft.Draft.Parts) || !plan.May["role.assign"].Allowed || plan.First[0].Name == "" {
		s.t.Errorf("%+v", plan)
	}
	why := map[string]any{"reason": "they have it already", "before": strings.Repeat("0", 64)}
	s.as(inAudit).want(http.StatusForbidden, "POST", at+"/migration", why, nil)
	iam.want(http.StatusConflict, "POST", at+"/migration", why, nil)
	why["before"] = plan.Before
	var proof role.Proof
	iam.want(http.StatusOK, "POST", at+"/migration", why, &proof)
	if proof.Digest != plan.Before || proof.People != plan.People || proof.Pairs != plan.Pairs || proof.Justifications != plan.Justifications {
		s.t.Errorf("planned %+v, did %+v", plan, proof)
	}
	s.settle()
	iam.get(at+"/migration", &plan)
	if plan.People != 0 {
		s.t.Errorf("after it: %+v", plan)
	}
	iam.want(http.StatusConflict, "POST", at+"/migration", map[string]any{"reason": "again"}, nil)
}

// inAnyOrder pages through candidates in each order.
func (s *served) inAnyOrder(path string, kept int) {
	s.t.Helper()
	iam := s.as(inIAM)
	for order, of := range map[string]func(role.CandidateLine) float64{
		"redundant":   func(c role.CandidateLine) float64 { return float64(c.Redundant) },
		"support":     func(c role.CandidateLine) float64 { return float64(c.Support) },
		"fit":         func(c role.CandidateLine) float64 { return c.Fit },
		"users":       func(c role.CandidateLine) float64 { return float64(c.Users) },
		"permissions": func(c role.CandidateLine) float64 { return float64(c.Permissions) },
		"outliers":    func(c role.CandidateLine) float64 { return float64(c.Outliers) },
	} {
		var all []role.CandidateLine
		for cursor := ""; ; {
			var page role.CandidatePage
			iam.get(path+"?limit=3&sort=-"+order+cursor, &page)
			all = append(all, page.Items...)
			if page.Next == "" {
				break
			}
			cursor = "&cursor=" + page.Next
		}
		if len(all) != kept || !slices.IsSortedFunc(all, func(a, b role.CandidateLine) int { return int(1e6 * (of(b) - of(a))) }) {
			s.t.Errorf("by %s: %d of %d, %+v", order, len(all), kept, all)
		}
	}
}
