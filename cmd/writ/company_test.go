package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// A small company in two scopes, to try every route with: whoever is of the north has
// no business with what is called canary, which lies in the south.
var companyFiles = map[string]string{
	"hr.csv": "number,name,email\n1,Rosa Reyes,rosa@example.com\n2,Ian Moss,ian@example.com\n3,Sol Park,sol@example.com\n4,Pat Lund,pat@example.com\n" +
		"5,Nia North,nia@example.com\n6,Ada Audit,ada@example.com\n7,Tim Token,tim@example.com\n8,Zoe Canary,zoe@example.com\n",
	"north/accounts.csv":     "id,login,display_name,email,status\na1,rosa,,rosa@example.com,enabled\n",
	"north/entitlements.csv": "id,kind,name,description,resource,owner,capabilities,conflicts\nclerk,role,Clerk,,,,,\n",
	"north/grants.csv":       "holder_kind,holder,entitlement\naccount,a1,clerk\n",
	"canary/accounts.csv":    "id,login,display_name,email,status\nc1,canaryzoe,,zoe@example.com,enabled\nc2,canarynobody,,,enabled\n",
	"canary/entitlements.csv": "id,kind,name,description,resource,owner,capabilities,conflicts\n" +
		"root,role,Canaryroot,,,,bypass_controls@system:,\n",
	"canary/grants.csv": "holder_kind,holder,entitlement\naccount,c1,root\naccount,c2,root\n",
}

// who calls, and as what. Refusals come first.
var whoCalls = []struct {
	name     string
	number   string // in HR
	function access.Function
	north    bool     // over the scope north only
	limits   []string // of the token
}{
	{"nobody", "", "", false, nil},
	{"requester", "1", "", false, nil},
	{"limited-token", "7", access.IAM, false, []string{"source.read"}},
	{"platform_owner-elsewhere", "5", access.PlatformOwner, true, nil},
	{"platform_owner", "4", access.PlatformOwner, false, nil},
	{"security_operations", "3", access.SecurityOperations, false, nil},
	{"iam", "2", access.IAM, false, nil},
	{"audit", "6", access.AuditFunction, false, nil},
}

// twoScopes is a folder whose data is that company, read.
var twoScopes = sharedCompany(func(dir string) error {
	for name, text := range companyFiles {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	data := filepath.Join(dir, "data")
	for _, args := range [][]string{
		{"source", "add", "hr", filepath.Join(dir, "hr.csv")},
		{"source", "sync", "hr"},
		{"system", "add", "north=csv=" + filepath.Join(dir, "north")},
		{"system", "add", "canary=csv=" + filepath.Join(dir, "canary")},
		{"system", "sync", "north"},
		{"system", "sync", "canary"},
	} {
		var errs bytes.Buffer
		if code := run(context.Background(), append([]string{"--data", data}, args...), strings.NewReader(""), io.Discard, &errs); code != exitOK {
			return fmt.Errorf("writ %v: exit %d: %s", args, code, errs.String())
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "writ.db"))
	if err != nil {
		return err
	}
	for _, text := range []string{
		`insert into scope (id, from_set, name, parent_id) values (1, 1, 'North', 0), (2, 1, 'Canary South', 0)`,
		`update system set scope_id = 1 where name = 'north'`,
		`update system set scope_id = 2 where name = 'canary'`,
	} {
		if _, err := db.Exec(text); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
})

// company is a copy of it, served.
type company struct {
	*served
	ids map[string]string // by kind and by prefix, of what lies in the south
	who map[string]policy.Caller
}

// serveTwoScopes serves a copy of the company of two scopes. What follows from it is
// computed once, before, and only what was asked to run goes on behind: requests that are
// almost right come by the thousand.
func serveTwoScopes(t *testing.T) *company {
	t.Helper()
	c := &company{served: openCopy(t, twoScopes), ids: map[string]string{"record": "1"}, who: map[string]policy.Caller{}}
	c.hire(t, c.ctx)
	if err := c.node.step(c.ctx); err != nil {
		t.Fatal(err)
	}
	c.find(t, c.ctx)
	if err := c.node.search.Follow(c.ctx); err != nil {
		t.Fatal(err)
	}
	c.start(c.node.runs.Run)
	return c
}

// hire gives everybody their function.
func (c *company) hire(t *testing.T, ctx context.Context) {
	t.Helper()
	names := c.names(t)
	for _, w := range whoCalls {
		if w.number == "" {
			continue
		}
		name := strings.Split(strings.Split(companyFiles["hr.csv"], "\n"+w.number+",")[1], ",")[0]
		id := names[name]
		if id == 0 {
			t.Fatalf("there is no %s among %v", name, names)
		}
		c.who[w.name] = policy.Caller{Identity: id, Limits: w.limits, Context: policy.Context{MFA: true}}
		if w.function == "" {
			continue
		}
		held := policy.Held{Function: w.function}
		if w.north {
			held.Scope = 1
		}
		if err := c.app.db.Policy().Assign(ctx, policy.Assignment{Identity: id, Held: held, Reason: "the test"}); err != nil {
			t.Fatal(err)
		}
	}
	c.ids["identity"] = names["Zoe Canary"].String()
}

// names are the people's, whom the graph knows by number only.
func (c *company) names(t *testing.T) map[string]access.IdentityID {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.app.data, "writ.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `select id, name from identity where until_set = 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names := map[string]access.IdentityID{}
	for rows.Next() {
		var id access.IdentityID
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			t.Fatal(err)
		}
		names[name] = id
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// find notes an object of each kind, of the south where there is a choice.
func (c *company) find(t *testing.T, ctx context.Context) {
	t.Helper()
	v := c.app.graph.View()
	for s := range v.Systems() {
		if s.Scope == 2 {
			c.ids["system"] = s.ID.String()
			for id := range v.AccountsIn(s.ID) {
				c.ids["account"] = id.String()
			}
			for id := range v.EntitlementsOf(s.ID) {
				c.ids["entitlement"] = id.String()
			}
		}
	}
	c.ids["scope"], c.ids["source"] = access.ScopeID(2).String(), access.SourceID(1).String()
	for _, kind := range []string{"finding", "resource", "role", "function", "signin", "passkey", "token", "policy", "grant"} {
		c.ids[kind] = refOfKind(kind)
	}
	if _, err := c.app.db.Rev(ctx); err != nil || c.ids["system"] == "" || c.ids["account"] == "" || c.ids["entitlement"] == "" {
		t.Fatalf("%v, %v", c.ids, err)
	}
	for _, kind := range []string{"owner", "deputy", "manager", "principal", "subject", "business_owner", "technical_owner"} {
		c.ids[kind] = c.ids["identity"]
	}
	c.ids["object"] = c.ids["system"]
	c.ids["who"], c.ids["what"], c.ids["of"] = c.ids["identity"], c.ids["entitlement"], c.ids["entitlement"]
}

// refOfKind is the first id that an object of a kind gets.
func refOfKind(kind string) string {
	for k := access.ObjectKind(1); k.String() != ""; k++ {
		if k.String() == kind {
			return access.Ref{Kind: k, Key: 1}.String()
		}
	}
	return ""
}

// ask sends one request as somebody; a stream ends by itself.
func (c *company) ask(t *testing.T, who string, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r = r.WithContext(ctx)
	calledBy(t, r, c.who[who])
	w := httptest.NewRecorder()
	c.api.Handler().ServeHTTP(w, r)
	return w
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

// path fills in the places of a path: by their own name, else by what they follow.
func (c *company) path(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		m := placeholder.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		id := c.ids[strings.TrimSuffix(m[1], "_id")]
		if id == "" && i > 0 {
			id = c.ids[singular(segments[i-1])]
		}
		if id == "" {
			id = m[1]
		}
		segments[i] = strings.ReplaceAll(s, m[0], id)
	}
	return strings.Join(segments, "/")
}

func singular(s string) string {
	if stem, ok := strings.CutSuffix(s, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(s, "s")
}

// request is one that the description says is good, with ids of what is there.
func (c *company) request(op *huma.Operation) *http.Request {
	target, query := c.path(op.Path), []string{}
	r := httptest.NewRequest(op.Method, "/", http.NoBody)
	for _, p := range op.Parameters {
		if !p.Required || p.Schema == nil {
			continue
		}
		text, ok := c.real(p.Name, httpapi.Example(c.api.API(), p.Name, p.Schema, false)).(string)
		if !ok {
			text = "1"
		}
		switch p.In {
		case "query":
			query = append(query, p.Name+"="+text)
		case "header":
			r.Header.Set(p.Name, text)
		}
	}
	if op.RequestBody != nil {
		if m := op.RequestBody.Content["application/json"]; m != nil {
			body, err := json.Marshal(c.real("", m.Example))
			if err == nil {
				r = withHeader(httptest.NewRequest(op.Method, "/", strings.NewReader(string(body))), r.Header)
				r.Header.Set("Content-Type", "application/json")
			}
		}
	}
	for _, p := range op.Parameters {
		if p.In == "header" && p.Name == "If-Match" {
			r.Header.Set("If-Match", `"1"`)
		}
	}
	if len(query) > 0 {
		target += "?" + strings.Join(query, "&")
	}
	r.URL, _ = r.URL.Parse(target)
	r.RequestURI = target
	return r
}

func withHeader(r *http.Request, h http.Header) *http.Request {
	r.Header = h
	return r
}

// real puts ids of what is there where an example has made some up.
func (c *company) real(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := map[string]any{}
		for k, e := range v {
			o[k] = c.real(k, e)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = c.real(singular(name), e)
		}
		return list
	case string:
		if ref, err := access.ParseRef(v); err == nil && c.ids[ref.Kind.String()] != "" && name != "principal" {
			return c.ids[ref.Kind.String()]
		}
		if id := c.ids[strings.TrimSuffix(name, "_id")]; id != "" {
			return id
		}
	}
	return v
}
