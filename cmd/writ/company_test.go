package main

import (
	"bytes"
	"context"
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
	db, err := sqliteOf(data)
	if err != nil {
		return err
	}
	for _, text := range []string{
		`insert into scope (id, from_set, name, parent_id) values (1, 1, 'North', 0), (2, 1, 'Canary South', 0)`,
		`update system set scope_id = 1 where name = 'north'`,
		`update system set scope_id = 2 where name = 'canary'`,
		`insert into role (id, from_set, name, entitlements, owner_id) select 1, 1, 'Canary reader', '["ent_0000000000001"]', min(id) from identity`,
		`insert into assignment (id, from_set, role_id, identity_id) select 1, 1, 1, max(id) from identity`,
		`insert into policy_document (id, from_set, name, number, body, authors, reason, publisher, note) values (1, 1, 'canary', 1, '', '["operator:0"]', 'a test', 'operator:1', 'a test')`,
		`insert into policy_draft (id, from_set, name, base, body, authors, reason) values (1, 2, 'canary', 1, '', '["operator:0"]', 'a test')`,
		`insert into key_block (kind, next) values (8, 10), (9, 10), (14, 10), (20, 10) on conflict do nothing`,
		`insert into role_mining (id, actor, state, question, systems, people, asked_at, alive_until, ended_at) select 1, 'x', 'done', '{}', '["sys_0000000000002"]', true, 1, 1, 1`,
		`insert into role_candidate (run_id, place, digest, line, members, entitlements, rest)
		 select 1, 0, 'x', '{"Name":"Canaryroot"}', '[' || (select max(identity_id) from account_link) || ']', '[' || id || ']', '{}' from entitlement where name = 'Canaryroot' and until_set = 0`,
		`insert into eligibility (id, from_set, holder_kind, holder_id, entitlement_id, terms, reason)
		 select 1, 1, 1, max(i.id), max(e.id), '{"most":3600000000000}', 'a test' from identity i, entitlement e where e.name = 'Canaryroot'`,
		`insert into elevation (id, chain_id, eligibility_id, identity_id, entitlement_id, system_id, tier, state, terms, lasts, asked_at, starts_at, ends_at)
		 select 1, 1, 1, max(i.id), max(e.id), max(e.system_id), 1, 'scheduled', '{"most":3600000000000}', 3600000000000, 1, 1, 4000000000000000 from identity i, entitlement e where e.name = 'Canaryroot'`,
		`insert into key_block (kind, next) values (35, 10), (36, 10), (37, 10), (38, 10) on conflict do nothing`,
		`insert into lease_template (id, from_set, name, system_id, entitlements, usual, terms) select 1, 1, 'Canaryfigures', max(id), '[]', 60000000, '{"most":3600000000000}' from system where name = 'canary'`,
		`insert into lease_made (id, chain_id, template_id, system_id, identity_id, name, mark, state, lasts, most, asked_at)
		 select 1, 2, 1, max(s.id), max(i.id), 'lease_canary_1', 'lease.canary.1', 'waiting', 60000000, 3600000000, 1 from identity i, system s where s.name = 'canary'`,
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
	c.keepSafe(t)
	if err := c.node.search.Follow(c.ctx); err != nil {
		t.Fatal(err)
	}
	c.start(c.alone(c.node.runs.Run))
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
	db, err := sqliteOf(c.app.data)
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
	for _, kind := range []string{"finding", "resource", "role", "assignment", "function", "signin", "passkey", "token", "policy", "grant", "safe", "secret", "checkout", "eligibility", "elevation", "lease", "authority", "certificate", "onboarding"} {
		c.ids[kind] = refOfKind(kind)
	}
	if _, err := c.app.db.Rev(ctx); err != nil || c.ids["system"] == "" || c.ids["account"] == "" || c.ids["entitlement"] == "" {
		t.Fatalf("%v, %v", c.ids, err)
	}
	for _, kind := range []string{"owner", "deputy", "manager", "principal", "subject", "business_owner", "technical_owner"} {
		c.ids[kind] = c.ids["identity"]
	}
	c.ids["profile"] = "canary"
	c.ids["share"] = refOfKind("share link")
	c.ids["object"], c.ids["role-mining"], c.ids["place"] = c.ids["system"], access.RunID(1).String(), "0"
	c.ids["lease-template"] = access.TemplateID(1).String()
	c.ids["holder"], c.ids["eligibility-conversion"] = c.ids["identity"], access.ChainID(1).String()
	c.ids[singular("break-glass")] = refOfKind("break-glass kit")
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
