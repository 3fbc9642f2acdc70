package sample

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

var testDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func generate(t testing.TB, size Size, seed uint64) (dir string, key answers) {
	t.Helper()
	dir = t.TempDir()
	if _, err := Generate(context.Background(), Options{Size: size, Seed: seed, Now: testDay}, dir); err != nil {
		t.Fatal(err)
	}
	return dir, readKey(t, dir)
}

func readKey(t testing.TB, dir string) (key answers) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, AnswersFile)) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &key); err != nil {
		t.Fatal(err)
	}
	return key
}

// Invariant 5: what somebody else put there stays.
func TestFoldersWithOtherThingsAreRefused(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(mine, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Generate(context.Background(), Options{Size: Small}, dir)
	if !errors.Is(err, ErrFolder) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(context.Background(), Options{Size: "huge"}, dir); !errors.Is(err, ErrSize) {
		t.Fatalf("got %v", err)
	}
}

// files are the digests of all files of a sample.
func files(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	sums := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the test's own sample
		name, _ := filepath.Rel(dir, path)
		sums[name] = sha256.Sum256(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// Invariant 1.
func TestSameSeedSameBytes(t *testing.T) {
	a, _ := generate(t, Small, 42)
	b, _ := generate(t, Small, 42)
	other, _ := generate(t, Small, 43)
	first, second := files(t, a), files(t, b)
	if len(first) < 60 {
		t.Fatalf("only %d files", len(first))
	}
	for name, sum := range first {
		if second[name] != sum {
			t.Errorf("%s differs", name)
		}
	}
	if files(t, other)["hr.csv"] == first["hr.csv"] {
		t.Error("another seed gives the same people")
	}
}

// Invariant 4: a sample that was cut off has no answer key and is made again.
func TestAnInterruptedSampleIsMadeAgain(t *testing.T) {
	want, _ := generate(t, Small, 1)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	o := Options{Size: Small, Seed: 1, Now: testDay}
	o.Progress = func(step string) {
		if step == crm {
			cancel()
		}
	}
	if _, err := Generate(ctx, o, dir); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, AnswersFile)); err == nil {
		t.Fatal("half a sample has an answer key")
	}
	if err := os.WriteFile(filepath.Join(dir, "systems", "leftover.csv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(context.Background(), Options{Size: Small, Seed: 1, Now: testDay}, dir); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	for name, sum := range files(t, want) {
		if got[name] != sum {
			t.Errorf("%s differs", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is left over", name)
	}
}

func TestEveryReferenceExists(t *testing.T) {
	for _, size := range []Size{Small, Medium} {
		dir, key := generate(t, size, 3)
		w := readWorld(t, dir, key.Now)
		w.checkPeople(t)
		w.checkSystems(t, dir)
		all := w.subjects()
		for _, p := range key.Planted {
			if !all[p.Subject] {
				t.Errorf("%s: no such subject: %+v", size, p)
			}
		}
		for _, q := range key.Questions {
			for _, n := range append(q.Identities, q.Escalating...) {
				if w.people[n] == nil {
					t.Errorf("%s: nobody has number %s", size, n)
				}
			}
		}
	}
}

func (w *world) checkPeople(t *testing.T) {
	t.Helper()
	emails := map[string]bool{}
	for number, p := range w.people {
		for _, field := range []string{"manager", "sponsor", "owner", "deputy"} {
			to := p[field]
			if to == "" {
				continue
			}
			if w.people[to] == nil || to == number {
				t.Errorf("%s of %s is %s", field, number, to)
			} else if w.people[to]["state"] != "active" && !strings.HasPrefix(number, "svc-label-printer") {
				t.Errorf("%s of %s is %s, who is not there", field, number, to)
			}
		}
		if w.byLogin[p["login"]] != number {
			t.Errorf("two have the login %s", p["login"])
		}
		if p["email"] != "" && emails[p["email"]] {
			t.Errorf("two have the address %s", p["email"])
		}
		emails[p["email"]] = true
		if !regexp.MustCompile(`^[a-z0-9_-]+$`).MatchString(p["login"]) {
			t.Errorf("login %q", p["login"])
		}
	}
}

func (w *world) checkSystems(t *testing.T, dir string) {
	t.Helper()
	for name, s := range w.systems {
		for _, owner := range []string{s.BusinessOwner, s.TechnicalOwner} {
			if owner != "" && w.people[owner] == nil {
				t.Errorf("%s is owned by %s", name, owner)
			}
		}
		if _, ok := w.systems[s.RunsOn]; s.RunsOn != "" && !ok {
			t.Errorf("%s runs on %s", name, s.RunsOn)
		}
		for _, g := range readRows(t, filepath.Join(dir, "systems", name, "grants.csv")) {
			_, account := w.accounts[name+"/"+g["holder"]]
			_, group := w.ents[name+"/"+g["holder"]]
			if of := g["holder_system"]; of != "" {
				_, group = w.ents[of+"/group:"+g["holder"]]
			}
			if g["holder_kind"] == "account" && !account || g["holder_kind"] == "entitlement" && !group {
				t.Errorf("%s: no holder %s", name, g["holder"])
			}
			if _, ok := w.ents[name+"/"+g["entitlement"]]; !ok {
				t.Errorf("%s: no entitlement %s", name, g["entitlement"])
			}
		}
	}
	for id, a := range w.accounts {
		if system, login, _ := strings.Cut(a["opened_by"], ":"); a["opened_by"] != "" && w.accounts[system+"/"+login] == nil {
			t.Errorf("account %s is opened by %s", id, a["opened_by"])
		}
		if n := a["number"]; n != "" && w.people[n] == nil {
			t.Errorf("account %s is of %s", id, n)
		}
	}
	for id, e := range w.ents {
		_, known := w.classes[e["system"]+"/"+e["resource"]]
		if e["resource"] != "" && !known {
			t.Errorf("%s is on %s", id, e["resource"])
		}
	}
	for id := range w.creds {
		if w.accounts[id] == nil {
			t.Errorf("a credential of %s", id)
		}
	}
}

// subjects are all that a finding can be about.
func (w *world) subjects() map[subject]bool {
	all := map[subject]bool{}
	for number := range w.people {
		all[subject{Type: onIdentity, Name: number}] = true
	}
	for name := range w.systems {
		all[subject{Type: onSystem, System: name, Name: name}] = true
	}
	for key := range w.keys {
		system, fingerprint, _ := strings.Cut(key, "/")
		all[subject{Type: onCredential, System: system, Name: fingerprint}] = true
	}
	for _, a := range w.accounts {
		all[subject{Type: onAccount, System: a["system"], Name: a["login"]}] = true
	}
	for _, e := range w.ents {
		all[subject{Type: onEntitlement, System: e["system"], Name: e["name"]}] = true
	}
	return all
}

// The rows of one file have one key each: a connector takes the last of two.
func TestNothingIsThereTwice(t *testing.T) {
	dir, _ := generate(t, Medium, 5)
	keys := map[string][]string{
		"resources.csv": {"id"}, "entitlements.csv": {"id"}, "accounts.csv": {"id"},
		"grants.csv": {"holder_kind", "holder", "entitlement"}, "hr.csv": {"number"},
	}
	for name := range files(t, dir) {
		fields := keys[filepath.Base(name)]
		if fields == nil {
			continue
		}
		seen := map[string]bool{}
		for _, row := range readRows(t, filepath.Join(dir, name)) {
			var k string
			for _, f := range fields {
				k += row[f] + "\x00"
			}
			if seen[k] {
				t.Errorf("%s: twice: %q", name, k)
			}
			seen[k] = true
		}
	}
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		size                                        Size
		identities, identitiesMost, grants, perRule int64
	}{{Small, 290, 320, 2_500, 1}, {Medium, 19_900, 20_200, 190_000, 4}} {
		dir := t.TempDir()
		sum, err := Generate(context.Background(), Options{Size: tt.size, Seed: 9, Now: testDay}, dir)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Identities < tt.identities || sum.Identities > tt.identitiesMost || sum.Grants < tt.grants {
			t.Errorf("%+v", sum)
		}
		rules := map[string]int64{}
		for _, p := range readKey(t, dir).Planted {
			rules[p.Rule]++
		}
		if len(rules) != 20 {
			t.Errorf("%d rules are planted: %v", len(rules), rules)
		}
		for rule, n := range rules {
			if n < 2 || n < tt.perRule {
				t.Errorf("%s company: %s is planted %d times", tt.size, rule, n)
			}
		}
	}
}

// Invariant 6: whatever looks like a secret to a scanner is none of ours.
func TestNoFileLooksLikeItHoldsASecret(t *testing.T) {
	dir, _ := generate(t, Small, 1)
	looks := regexp.MustCompile(`PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20}|xox[bap]-|eyJ[A-Za-z0-9_-]{10,}\.|\$(1|2[aby]|5|6|y)\$|(?i)password\s*[=:]`)
	for name := range files(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the test's own sample
		if err != nil {
			t.Fatal(err)
		}
		if found := looks.Find(text); found != nil {
			t.Errorf("%s holds %q", name, found)
		}
		for _, address := range regexp.MustCompile(`@[a-z.-]+\.[a-z]+`).FindAll(text, -1) {
			if filepath.Base(name) == "hr.csv" && !bytes.HasSuffix(address, []byte(".example")) {
				t.Errorf("%s holds the address %s", name, address)
			}
		}
	}
}

// Every name makes a login, and no two of a table make the same one.
func TestNamesHavePlainForms(t *testing.T) {
	n := newNames()
	for _, table := range [][]string{n.first, n.last, n.strangers, strangerFirst} {
		for _, name := range table {
			letters := strings.NewReplacer(" ", "", "-", "", "'", "", ".", "").Replace(name)
			if len(plain(name)) < len([]rune(letters)) {
				t.Errorf("%s becomes %q", name, plain(name))
			}
		}
	}
	for _, s := range n.strangers {
		if slices.Contains(n.last, s) {
			t.Errorf("%s is no stranger", s)
		}
	}
}

func TestGolden(t *testing.T) {
	dir, _ := generate(t, Small, 1)
	var b strings.Builder
	people, err := os.ReadFile(filepath.Join(dir, peopleFile)) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString(strings.Join(strings.SplitN(string(people), "\n", 15)[:14], "\n") + "\n")
	for _, file := range []string{"system.json", "accounts.csv", "credentials.csv", "entitlements.csv", "grants.csv"} {
		text, err := os.ReadFile(filepath.Join(dir, "systems", dbHost, file)) //nolint:gosec // the test's own sample
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n# %s/%s\n%s", dbHost, file, text)
	}
	golden := filepath.Join("testdata", "small.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden) //nolint:gosec // as above
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the small company of seed 1 has changed; if that is meant: go test ./inventory/sample -run Golden -update\n%s", b.String())
	}
}

// BenchmarkLarge makes the largest company and reports how much memory that
// takes; run it with -benchtime 1x.
func BenchmarkLarge(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		var most uint64
		o := Options{Size: Large, Seed: 1, Now: testDay, Progress: func(string) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.Sys)
		}}
		sum, err := Generate(context.Background(), o, dir)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(sum.Identities), "identities")
		b.ReportMetric(float64(sum.Grants), "grants")
		b.ReportMetric(float64(most)/1e6, "MB")
		if most > 500e6 {
			b.Errorf("it took %d MB", most/1e6)
		}
	}
}
