package csv_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
)

const (
	grantHeader = "holder_kind,holder,entitlement,resource,mode,flags,start,end,usage_known,last_used\n"
	grants      = grantHeader + "account,a1,e1,,,,,,,\n"
	permissions = "id,kind,name\ne1,role,Buyer\n"
)

// The connection test finds what a sync would.
func TestDescribe(t *testing.T) {
	d, err := system(t, folder(t, map[string]string{"grants.csv": grants, "entitlements.csv": permissions}), nil).Describe(t.Context())
	if err != nil || d.Kind != csv.Kind || d.Version != "flat files v1" || len(d.Warnings) > 0 {
		t.Fatalf("got %+v, %v", d, err)
	}
	d, err = system(t, folder(t, nil), nil).Describe(t.Context())
	if all := strings.Join(d.Warnings, "; "); err != nil || len(d.Warnings) != 2 || !strings.Contains(all, "has no entitlements.csv") || !strings.Contains(all, "has no grants.csv: who holds what is not known") {
		t.Fatalf("got %+v, %v", d, err)
	}
	for name, c := range map[string]struct {
		files   map[string]string
		options map[string]string
		wants   []string
	}{
		"no login":            {map[string]string{"accounts.csv": "id,name\n"}, nil, []string{"accounts.csv", `"login"`, "id, name"}},
		"a grant's holder":    {map[string]string{"grants.csv": "holder,entitlement\n"}, nil, []string{"grants.csv", `"holder_kind"`}},
		"an empty file":       {map[string]string{"resources.csv": ""}, nil, []string{"resources.csv", "empty"}},
		"a header twice":      {map[string]string{"credentials.csv": "account,kind,account\n"}, nil, []string{"credentials.csv", "two columns", `"account"`}},
		"another encoding":    {map[string]string{"entitlements.csv": wide(permissions, false)}, nil, []string{"entitlements.csv", "encoding=utf-16le"}},
		"another delimiter":   {nil, map[string]string{"delimiter": ";"}, []string{"accounts.csv", `"id"`, "id,login"}},
		"no such encoding":    {nil, map[string]string{"encoding": "latin"}, []string{`"latin"`, "iso-8859-1"}},
		"no such delimiter":   {nil, map[string]string{"delimiter": "::"}, []string{`"::"`}},
		"a quote in a header": {map[string]string{"grants.csv": "holder\"_kind,holder,entitlement\n"}, nil, []string{"header of grants.csv", "quote"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.files)
			_, err := system(t, dir, c.options).Describe(t.Context())
			refused(t, err, connector.ErrInput, append(c.wants, "system erp")...)
			_, err = discover(t, dir, c.options)
			refused(t, err, connector.ErrInput, append(c.wants, "system erp")...)
		})
	}
	_, err = system(t, t.TempDir(), nil).Describe(t.Context())
	refused(t, err, connector.ErrInput, "erp", "accounts.csv")
	_, err = system(t, filepath.Join(t.TempDir(), "gone"), nil).Describe(t.Context())
	refused(t, err, connector.ErrUnreachable, "erp", "gone")
}

func TestAFolderNeedsItsAddress(t *testing.T) {
	_, err := csv.Spec().Open(t.Context(), connector.Config{Name: "erp"})
	refused(t, err, connector.ErrInput, "erp", "folder")
}

// Whose a rejected row is decides what is kept although it was not read.
func TestRejectedRows(t *testing.T) {
	for file, c := range map[string]struct {
		header, good string
		object       connector.TargetKind
		holder       connector.Target
		bad          map[string]string // a row and what is said of it
	}{
		"resources.csv": {"id,kind,name,data_class", "r1,schema,Pay,internal", connector.OnResource, connector.Target{}, map[string]string{
			"x1,schema,,": "an id and a name", "x1,schema,Pay,top": `data_class "top"`,
		}},
		"entitlements.csv": {"id,kind,name,capabilities", "e1,role,Buyer,read_sensitive@resource:r1;grant_access@system:", connector.OnEntitlement, connector.Target{}, map[string]string{
			"x1,,Buyer,": "an id, a kind and a name", "x1,role,Buyer,read": `capability "read"`, "x1,role,Buyer,fly@system:": "right@kind:id",
			"x1,role,Buyer,read_sensitive@moon:r1": "right@kind:id",
		}},
		"accounts.csv": {"id,login,kind,status,created,interactive", "a1,ana,service,locked,2026-11-23,false", connector.OnAccount, connector.Target{}, map[string]string{
			"x1,,,,,": "an id and a login", "x1,ana,robot,,,": `account kind "robot"`, "x1,ana,,retired,,": `status "retired"`,
			"x1,ana,,,23.11.2026,": `created "23.11.2026"`, "x1,ana,,,,perhaps": `interactive "perhaps"`, "x1,ana": "2 fields",
		}},
		"credentials.csv": {"account,kind,fingerprint,changed", "a1,ssh_key,SHA256:x,2026-11-23T08:00:00Z", "", connector.Target{Kind: connector.OnAccount, ID: "x1"}, map[string]string{
			"x1,badge,,": "an account and the kind", "x1,token,,": "a fingerprint", "x1,password,,yesterday": `changed "yesterday"`,
		}},
		"grants.csv": {"holder_kind,holder,entitlement,mode,flags,end", "account,a1,e1,eligible,admin_option; no_inherit,", "", connector.Target{Kind: connector.OnAccount, ID: "x1"}, map[string]string{
			"account,x1,,,,": "a holder and an entitlement", "account,x1,e1,forever,,": `"forever"`, "account,x1,e1,,root,": `flag "root"`, "account,x1,e1,,,never": `end "never"`,
		}},
	} {
		for bad, want := range c.bad {
			t.Run(file+" "+bad, func(t *testing.T) {
				dir := folder(t, map[string]string{file: c.header + "\n" + c.good + "\n" + bad + "\n" + c.good + "\n"})
				list, err := discover(t, dir, nil)
				where, _ := rejects(list)
				if err != nil || len(where) != 1 || !strings.HasPrefix(where[0], file+":3 ") || !strings.Contains(where[0], want) {
					t.Fatalf("got %q, %v, want %q", where, err, want)
				}
				i := slices.IndexFunc(list, func(r connector.Record) bool { return r.Reject != nil })
				r := *list[i].Reject
				object := connector.Target{Kind: c.object, ID: "x1"}
				if c.object == "" {
					object = connector.Target{}
				}
				if r.Object != object || r.Holder != c.holder || r.Raw != bad {
					t.Errorf("got %+v", r)
				}
			})
		}
	}
	list, err := discover(t, folder(t, map[string]string{"grants.csv": "holder_kind,holder,entitlement\ngroup,g1,e1\n"}), nil)
	if where, _ := rejects(list); err != nil || len(where) != 1 || !strings.Contains(where[0], `holder_kind "group"`) {
		t.Errorf("got %v, %v", where, err)
	}
}

// A rejected row is shown, but no more of it than a person reads.
func TestRejectedRowIsShort(t *testing.T) {
	list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login\n" + strings.Repeat("é", 3000) + "\na1,ana\n"}), nil)
	if err != nil || len(list) != 3 {
		t.Fatalf("got %d records, %v", len(list), err)
	}
	if raw := list[0].Reject.Raw; len(raw) > 510 || strings.Trim(raw, "é…") != "" {
		t.Errorf("got %q", raw)
	}
}

// Who gives a date of last use records use; without one, silence is not "never".
func TestUsageIsKnownWhereItIsGiven(t *testing.T) {
	for row, known := range map[string]bool{
		",2026-11-23":      true,
		",":                false,
		"true,":            true,
		"false,":           false,
		"false,2026-11-23": false,
	} {
		list, err := discover(t, folder(t, map[string]string{
			"accounts.csv": "id,login,usage_known,last_used\na1,ana," + row + "\n",
			"grants.csv":   grantHeader + "account,a1,e1,,,,,," + row + "\n",
		}), nil)
		if err != nil || len(list) != 3 || list[0].Account.UsageKnown != known || list[1].Grant.UsageKnown != known {
			t.Errorf("%q: got %+v, %v", row, list, err)
		}
	}
	list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login,last_used\na1,ana,2026-11-23T08:00:00+01:00\na2,ben,\n"}), nil)
	if err != nil || len(list) != 3 || !list[0].Account.UsageKnown || list[0].Account.LastUsed == 0 || list[1].Account.UsageKnown {
		t.Errorf("without the column: got %+v, %v", list, err)
	}
}

func TestEveryColumn(t *testing.T) {
	list, err := discover(t, folder(t, map[string]string{
		"resources.csv":    "id,kind,name,parent,data_class\nr1,schema,Pay,r0,restricted\n",
		"entitlements.csv": "id,kind,name,description,resource,owner,conflicts,capabilities\ne1,role,Buyer,Buys,r1,E1,e2; e3,read_sensitive@resource:r1\n",
		"accounts.csv":     "id,login,display_name,email,number,kind,status,interactive,created,expires,usage_known,last_used\na1,ana,Ana,ana@example.org,E1,admin,disabled,false,1970-01-02,1970-01-03,true,1970-01-02T00:00:01Z\n",
		"credentials.csv":  "account,kind,fingerprint,algorithm,options,changed,last_used\na1,ssh_key,SHA256:x,ssh-ed25519,\"from=\"\"10.0.0.1\"\"\",1970-01-02,1970-01-03\n",
		"grants.csv":       grantHeader + "identity,E1,e1,r1,eligible,admin_option;implicit,1970-01-02,1970-01-03,true,\n",
	}), nil)
	if err != nil || len(list) != 6 {
		t.Fatalf("got %d records, %v", len(list), err)
	}
	const day = access.Time(24 * 60 * 60 * 1_000_000)
	want := []connector.Record{
		{Resource: &connector.Resource{ID: "r1", Kind: "schema", Name: "Pay", Parent: "r0", DataClass: access.Restricted}},
		{Entitlement: &connector.Entitlement{
			ID: "e1", Kind: "role", Name: "Buyer", Description: "Buys", Resource: "r1", Owner: "E1", Conflicts: []string{"e2", "e3"},
			Capabilities: []connector.Capability{{Right: access.ReadSensitive, On: connector.Target{Kind: connector.OnResource, ID: "r1"}}},
		}},
		{Account: &connector.Account{
			ID: "a1", Login: "ana", DisplayName: "Ana", Email: "ana@example.org", Number: "E1", Kind: access.AdminAccount, Status: access.Disabled,
			Created: day, Expires: 2 * day, UsageKnown: true, LastUsed: day + 1_000_000,
		}},
		{Credential: &connector.Credential{Account: "a1", Kind: access.SSHKey, Fingerprint: "SHA256:x", Algorithm: "ssh-ed25519", Options: `from="10.0.0.1"`, Changed: day, LastUsed: 2 * day}},
		{Grant: &connector.Grant{
			Holder: connector.Target{Kind: connector.OnIdentity, ID: "E1"}, Entitlement: "e1", Resource: "r1", Mode: access.Eligible,
			Flags: access.AdminOption | access.Implicit, Start: day, End: 2 * day, UsageKnown: true,
		}},
	}
	for i := range want {
		if got, want := asText(t, list[i]), asText(t, want[i]); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	if list[5].Checkpoint == "" {
		t.Error("the end has no checkpoint")
	}
}

func asText(t *testing.T, r connector.Record) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A cursor holds as long as no file of the folder changes.
func TestFolderResume(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,login\n")
	for i := range 10003 {
		_, _ = fmt.Fprintf(&b, "a%d,x\n", i)
	}
	dir := folder(t, map[string]string{"resources.csv": "id,kind,name\nr1,schema,Pay\n", "accounts.csv": b.String(), "grants.csv": grants})
	list, err := discover(t, dir, nil)
	if err != nil || len(list) != 1+10003+1+1+1 || list[10001].Checkpoint == "" {
		t.Fatalf("got %d records, %v", len(list), err)
	}
	from := func(cursor string) []connector.Record {
		list, err := collect(system(t, dir, nil).Discover(t.Context(), cursor), func() {})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	middle, end := list[10001].Checkpoint, list[len(list)-1].Checkpoint
	if rest := from(middle); len(rest) != 1+3+1+1 || rest[0].Checkpoint != middle || rest[1].Account.ID != "a10000" || rest[4].Grant == nil {
		t.Errorf("got %+v", rest)
	}
	if rest := from(end); len(rest) != 1 || rest[0].Checkpoint != end {
		t.Errorf("behind the end: got %+v", rest)
	}
	for _, bad := range []string{"nonsense", "end:0", "accounts.csv:9@x", strings.Replace(middle, "10000", "-5", 1), strings.Replace(middle, "accounts", "other", 1)} {
		if rest := from(bad); len(rest) != len(list) {
			t.Errorf("%q: %d records, want %d", bad, len(rest), len(list))
		}
	}
	if err := os.Remove(filepath.Join(dir, "grants.csv")); err != nil {
		t.Fatal(err)
	}
	for _, cursor := range []string{middle, end} {
		if rest := from(cursor); len(rest) != 1+10003+2 || rest[0].Resource == nil {
			t.Errorf("a file is gone: %d records", len(rest))
		}
	}
}

// Two rows of one id are both yielded: what they mean together is not decided here.
func TestIDsTwice(t *testing.T) {
	list, err := discover(t, folder(t, map[string]string{"accounts.csv": "id,login\na1,ana\na1,ann\n"}), nil)
	if err != nil || len(list) != 3 || list[0].Account.Login != "ana" || list[1].Account.Login != "ann" {
		t.Fatalf("got %+v, %v", list, err)
	}
}

// A sync that is called off between two rows has not read everything.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	list, err := collect(system(t, folder(t, nil), nil).Discover(ctx, ""), cancel)
	if err == nil || len(list) != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	list, err = collect(openPeople(t, write(t, t.TempDir(), "hr.csv", minimal), nil).People(ctx, ""), cancel)
	if err == nil || len(list) != 1 {
		t.Errorf("an HR file: got %+v, %v", list, err)
	}
}
