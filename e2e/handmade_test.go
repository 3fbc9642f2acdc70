package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writhq/writ/e2e/handmade"
)

// The company that was put together by hand, with the list of what is wrong that
// was written before any rule ran on it.
func TestRecallOnTheHandmadeCompany(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers, which -short leaves out; make test runs it")
	}
	c := handmade.Setup(t)
	directories := map[string]bool{}
	args := []string{"assess", "-o", "json", "--hr", c.HR}
	for _, s := range c.Systems {
		directories[s.Name] = s.Kind == "ldap"
		args = append(args, "--system", s.Name+"="+s.Kind+"="+s.Address)
		for k, v := range s.Options {
			args = append(args, "--option", s.Name+"."+k+"="+v)
		}
		for k, v := range map[string]string{
			"environment": s.Environment, "criticality": s.Criticality, "data_class": s.DataClass,
			"business_owner": s.BusinessOwner, "technical_owner": s.TechnicalOwner, "runs_on": s.RunsOn,
		} {
			if v != "" {
				args = append(args, "--option", s.Name+"."+k+"="+v)
			}
		}
		if len(s.Credential) > 0 {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, s.Credential, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--credential", s.Name+"=file:"+file)
		}
	}
	out := run(t, args...)
	var got struct {
		Findings []struct {
			Finding
			Subject struct {
				Type, System, Name string
				NativeID           string `json:"native_id"`
			} `json:"subject"`
		} `json:"findings"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	var key []Planted
	for _, e := range handmade.ExpectedFindings(t) {
		key = append(key, Planted{Rule: e.Rule, Subject: Subject{Type: e.SubjectType, System: e.System, Name: e.Subject}})
	}
	var found []Finding
	for _, f := range got.Findings {
		if f.Rule == "adoption-backlog" {
			continue // a fact of every first reading, not a mistake that was put there
		}
		name := f.Subject.Name
		if f.Subject.Type == "entitlement" && !directories[f.Subject.System] {
			name = f.Subject.NativeID // the list calls entitlements what their system does
		}
		found = append(found, Finding{Rule: f.Rule, Subject: Subject{Type: f.Subject.Type, System: f.Subject.System, Name: name}})
	}
	check(t, key, withoutKnown(t, found))
}

// withoutKnown takes out what Writ is known to be wrong about, each of which it
// must still find: the list of that only gets shorter.
func withoutKnown(t *testing.T, found []Finding) []Finding {
	t.Helper()
	for _, d := range handmade.Differs(t) {
		want := same(d.Rule, Subject{Type: d.SubjectType, System: d.System, Name: d.Subject})
		i := slices.IndexFunc(found, func(f Finding) bool { return same(f.Rule, f.Subject) == want })
		if i < 0 {
			t.Errorf("no longer found, take it out of differs.csv: %v", d)
			continue
		}
		t.Logf("wrong, and known to be: %v", d)
		found = slices.Delete(found, i, i+1)
	}
	return found
}
