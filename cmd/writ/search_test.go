package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/search"
)

// Who asks in these tests. System 1 lies in scope 2, system 2 in scope 3.
const (
	anaIAM      access.IdentityID = 1
	patPlatform access.IdentityID = 2 // platform owner of scope 2
	rickNobody  access.IdentityID = 3 // has account 1 and owns robot
	robot       access.IdentityID = 4
)

// called is a source in which everything is called alike.
type called struct{}

func (called) Texts(_ context.Context, kind access.ObjectKind, keys []int64, take func(search.Text) error) error {
	for key := range int64(5) {
		if err := take(search.Text{Key: key + 1, Name: "=payroll " + kind.String()}); err != nil {
			return err
		}
	}
	return nil
}

func (called) Findings(_ context.Context, take func(search.Finding) error) (access.Rev, error) {
	for id := range access.FindingID(2) {
		f := search.Finding{ID: id + 1, Rule: "payroll-rule", System: access.SystemID(id + 1), Severity: access.High, Function: access.IAM, Status: "open"}
		if err := take(f); err != nil {
			return 0, err
		}
	}
	return 1, nil
}

func (called) FindingNews(context.Context, access.Rev, func(search.Finding) error, func(access.FindingID)) (access.Rev, error) {
	return 1, nil
}

func (called) IdentityTexts(context.Context, []access.IdentityID) (map[access.IdentityID]search.IdentityText, error) {
	return map[access.IdentityID]search.IdentityText{anaIAM: {Email: "@ana"}}, nil
}

func (called) AccountTexts(context.Context, []access.AccountID) (map[access.AccountID]search.AccountText, error) {
	return nil, nil
}

func (called) EntitlementTexts(context.Context, []access.EntitlementID) (map[access.EntitlementID]search.EntitlementText, error) {
	return nil, nil
}

// searchNode is a node of two scopes, and its API.
func searchNode(t *testing.T) (*node, http.Handler) {
	t.Helper()
	human := func(id access.IdentityID) graph.IdentityNode {
		return graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active}
	}
	facts := &graphtest.Facts{
		Systems:      []graph.SystemNode{{ID: 1, Scope: 2}, {ID: 2, Scope: 3}},
		Identities:   []graph.IdentityNode{human(anaIAM), human(patPlatform), human(rickNobody), {ID: robot, Kind: access.Service, State: access.Active, Owner: rickNobody}},
		Accounts:     []graph.AccountNode{{ID: 1, System: 2, Status: access.Enabled, Kind: access.PersonAccount, Identities: []access.IdentityID{rickNobody}}, {ID: 2, System: 1, Status: access.Enabled, Kind: access.PersonAccount}},
		Entitlements: []graph.EntitlementNode{{ID: 1, System: 1, Kind: "group", Tier: access.Tier0}, {ID: 2, System: 2, Kind: "group", Tier: access.Tier3}},
	}
	g := facts.Graph(t)
	n := &node{app: &app{graph: g}, live: policy.NewLive(g), search: search.New(g, called{})}
	n.live.Put(policy.Directory{
		Functions: map[access.IdentityID][]policy.Held{anaIAM: {{Function: access.IAM}}, patPlatform: {{Function: access.PlatformOwner, Scope: 2}}},
		Parents:   map[access.ScopeID]access.ScopeID{1: 0, 2: 1, 3: 1},
	})
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: n.live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	n.gate = &policy.Gate{Engine: engine, Graph: g}
	mux := http.NewServeMux()
	n.searchOperations().Register(httpapi.New(mux, "test"))
	return n, mux
}

// askAs sends a request as somebody.
func askAs(t *testing.T, h http.Handler, who access.IdentityID, path string) *httptest.ResponseRecorder {
	t.Helper()
	ctx := t.Context()
	if who != 0 {
		ctx = policy.WithCaller(ctx, policy.Caller{Identity: who})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	return w
}

// idsIn are the ids of the items of an answer.
func idsIn(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
		Total int `json:"total"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	var ids []string
	for _, item := range body.Items {
		ref, err := access.ParseRef(item.ID)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, ref.Kind.String()+string('0'+rune(ref.Key)))
	}
	if body.Total != len(ids) {
		t.Errorf("it counts %d and shows %d", body.Total, len(ids))
	}
	return strings.Join(ids, " ")
}

// A platform owner of one scope finds nothing of another, neither as hits nor as counts,
// and whoever holds no function finds themself and what is theirs.
func TestLesson14_SearchKeepsToWhatMayBeSeen(t *testing.T) {
	n, h := searchNode(t)
	if w := askAs(t, h, anaIAM, "/v1/search?q=payroll"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "search-building") {
		t.Fatalf("before it is built: %d %s", w.Code, w.Body)
	}
	if err := n.search.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		who  access.IdentityID
		path string
		want string
	}{
		{patPlatform, "/v1/search?q=payroll", "identity2 account2 entitlement1 system1 finding1"},
		{patPlatform, "/v1/search?q=kind:account", "account2"},
		{patPlatform, "/v1/search?q=acc_0000000000001", ""},
		{patPlatform, "/v1/search?q=system:system", "account2 entitlement1 system1 finding1"},
		{patPlatform, "/v1/accounts", "account2"},
		{patPlatform, "/v1/accounts?system=" + access.SystemID(2).String(), ""},
		{patPlatform, "/v1/entitlements?sort=-tier", "entitlement1"},
		{rickNobody, "/v1/search?q=payroll", "identity3 identity4 account1"},
		{rickNobody, "/v1/search?q=kind:entitlement", ""},
		{rickNobody, "/v1/search?q=idn_0000000000001", ""},
		{anaIAM, "/v1/search?q=payroll&limit=50", "identity1 identity2 identity3 identity4 account1 account2 entitlement1 entitlement2 system1 system2 finding1 finding2"},
		{anaIAM, "/v1/search?q=idn_0000000000001", "identity1"},
		{anaIAM, "/v1/identities?kind=service&owner=payroll", "identity4"},
		{anaIAM, "/v1/identities?owner=none", ""},
		{anaIAM, "/v1/accounts?orphan=yes", "account2"},
		{anaIAM, "/v1/entitlements?tier=0", "entitlement1"},
		{anaIAM, "/v1/entitlements?sort=-tier", "entitlement2 entitlement1"},
		{anaIAM, "/v1/accounts?sort=-system&q=payroll", "account1 account2"},
	}
	for _, x := range tests {
		if got := idsIn(t, askAs(t, h, x.who, x.path)); got != x.want {
			t.Errorf("%s as %s: %q, not %q", x.path, x.who, got, x.want)
		}
	}
	lists := []string{"/v1/identities", "/v1/identities/export", "/v1/accounts", "/v1/accounts/export", "/v1/entitlements", "/v1/entitlements/export"}
	for _, path := range append(lists, "/v1/search?q=payroll") {
		if w := askAs(t, h, 0, path); w.Code != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", path, w.Code)
		}
	}
	for _, path := range lists {
		if w := askAs(t, h, rickNobody, path); w.Code != http.StatusForbidden {
			t.Errorf("%s without a function: %d %s", path, w.Code, w.Body)
		}
	}
	if w := askAs(t, h, patPlatform, "/v1/identities"); w.Code != http.StatusForbidden {
		t.Errorf("identities within a scope: %d", w.Code)
	}
}

// What is wrong with a question is said; a cursor of another order is refused.
func TestSearchRefusesWhatItDoesNotUnderstand(t *testing.T) {
	n, h := searchNode(t)
	if err := n.search.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	var page struct {
		Next string `json:"next"`
	}
	w := askAs(t, h, anaIAM, "/v1/accounts?limit=1&sort=system")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.Next == "" {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if got := idsIn(t, countless(askAs(t, h, anaIAM, "/v1/accounts?limit=1&sort=system&cursor="+page.Next))); got != "account1" {
		t.Errorf("the second page is %q", got)
	}
	for path, code := range map[string]string{
		"/v1/search?q=colour:red":                               "unknown-operator",
		"/v1/search?q=tier:9":                                   "bad-search",
		"/v1/accounts?sort=colour":                              "invalid-input",
		"/v1/accounts?cursor=nonsense":                          "bad-cursor",
		"/v1/accounts?limit=1&sort=-system&cursor=" + page.Next: "bad-cursor",
		"/v1/accounts/export?q=colour:red":                      "unknown-operator",
	} {
		w := askAs(t, h, anaIAM, path)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `"code":"`+code+`"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// countless leaves the total out of an answer: it is of all pages.
func countless(w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	text := strings.Replace(w.Body.String(), `"total":2`, `"total":1`, 1)
	w.Body.Reset()
	w.Body.WriteString(text)
	return w
}

// An export is the whole list, and no cell of it is a formula.
func TestExportIsWholeAndHarmless(t *testing.T) {
	n, h := searchNode(t)
	if err := n.search.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/v1/identities/export": 4, "/v1/accounts/export?sort=-last_used": 2, "/v1/entitlements/export?tier=3": 1} {
		w := askAs(t, h, anaIAM, path)
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/csv") {
			t.Errorf("%s is %s", path, got)
		}
		r := csv.NewReader(w.Body)
		for rows := -1; ; rows++ {
			row, err := r.Read()
			if err == io.EOF {
				if rows != want {
					t.Errorf("%s has %d rows, not %d", path, rows, want)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%s has the cell %q", path, cell)
				}
			}
		}
	}
}
