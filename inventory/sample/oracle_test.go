package sample

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The oracle applies the rules to a sample in the plainest way there is: maps and
// walks over the files, nothing of Writ's. It guards the answer key against
// consequences of plants that nobody thought of.

type record map[string]string

type world struct {
	now      time.Time
	people   map[string]record // by number
	byEmail  map[string]string
	byLogin  map[string]string
	byName   map[string][]string
	systems  map[string]meta
	accounts map[string]record            // by system/id
	ents     map[string]record            // by system/id
	classes  map[string]string            // of resources, by system/id
	held     map[string][]record          // grants by system/holder
	keys     map[string]map[string]record // accounts by system and fingerprint
	creds    map[string][]record
	heldIn   map[string][]string // what the accounts of a system hold
	entsOf   map[string][]string // what a system gives
	// enabled accounts by the number of whose they are
	accountsOf map[string][]string
	opens      map[string][]string // accounts that one signs in to with another
	own        map[string]int      // tiers by what an entitlement itself can do
	given      map[string]bool     // entitlements that other entitlements give, and that give nothing themselves
}

func readRows(t testing.TB, path string) (rows []record) {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	r := csv.NewReader(f)
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, line := range lines[1:] {
		row := record{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func readWorld(t testing.TB, dir string, now time.Time) *world {
	t.Helper()
	w := &world{
		now: now, people: map[string]record{}, byEmail: map[string]string{}, byLogin: map[string]string{}, byName: map[string][]string{},
		systems: map[string]meta{}, accounts: map[string]record{}, ents: map[string]record{}, classes: map[string]string{},
		held: map[string][]record{}, keys: map[string]map[string]record{}, creds: map[string][]record{}, own: map[string]int{}, given: map[string]bool{},
		heldIn: map[string][]string{}, entsOf: map[string][]string{}, accountsOf: map[string][]string{}, opens: map[string][]string{},
	}
	for _, p := range readRows(t, filepath.Join(dir, "hr.csv")) {
		w.people[p["number"]] = p
		w.byLogin[p["login"]] = p["number"]
		w.byName[p["name"]] = append(w.byName[p["name"]], p["number"])
		if p["email"] != "" {
			w.byEmail[p["email"]] = p["number"]
		}
	}
	folders, err := os.ReadDir(filepath.Join(dir, "systems"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		w.readSystem(t, filepath.Join(dir, "systems", f.Name()), f.Name())
	}
	for id, a := range w.accounts {
		system := a["system"]
		w.heldIn[system] = append(w.heldIn[system], w.heldBy(id, "")...)
		if n, _ := w.owner(a); n != "" && a["status"] == "enabled" {
			w.accountsOf[n] = append(w.accountsOf[n], id)
		}
	}
	for system, list := range w.heldIn {
		slices.Sort(list)
		w.heldIn[system] = slices.Compact(list)
	}
	for id, e := range w.ents {
		w.entsOf[e["system"]] = append(w.entsOf[e["system"]], id)
		w.own[id] = w.ownTier(e)
		for _, next := range w.next(id, false) {
			if len(w.next(next, false)) == 0 {
				w.given[next] = true
			}
		}
	}
	return w
}

func (w *world) readSystem(t testing.TB, dir, name string) {
	text, err := os.ReadFile(filepath.Join(dir, "system.json")) //nolint:gosec // the test's own sample
	if err != nil {
		t.Fatal(err)
	}
	var m meta
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	w.systems[name] = m
	for _, r := range readRows(t, filepath.Join(dir, "resources.csv")) {
		w.classes[name+"/"+r["id"]] = r["data_class"]
	}
	for _, e := range readRows(t, filepath.Join(dir, "entitlements.csv")) {
		e["system"] = name
		w.ents[name+"/"+e["id"]] = e
	}
	for _, a := range readRows(t, filepath.Join(dir, "accounts.csv")) {
		a["system"] = name
		w.accounts[name+"/"+a["id"]] = a
		if system, login, ok := strings.Cut(a["opened_by"], ":"); ok {
			w.opens[system+"/"+login] = append(w.opens[system+"/"+login], name+"/"+a["id"])
		}
	}
	for _, g := range readRows(t, filepath.Join(dir, "grants.csv")) {
		g["system"] = name
		holder := name + "/" + g["holder"]
		if g["holder_system"] != "" { // by its name there
			holder = g["holder_system"] + "/group:" + g["holder"]
		}
		w.held[holder] = append(w.held[holder], g)
	}
	for _, c := range readRows(t, filepath.Join(dir, "credentials.csv")) {
		id := name + "/" + c["account"]
		w.creds[id] = append(w.creds[id], c)
		if c["kind"] == "ssh_key" {
			key := name + "/" + c["fingerprint"]
			if w.keys[key] == nil {
				w.keys[key] = map[string]record{}
			}
			w.keys[key][id] = w.accounts[id]
		}
	}
}

// kindByName is what logins of accounts say whose system tells nothing.
func kindByName(login string) string {
	prefix, _, _ := strings.Cut(strings.ReplaceAll(login, "-", "_"), "_")
	if kind := map[string]string{"svc": "service", "adm": "admin", "ops": "shared", "team": "shared", "breakglass": "break_glass"}[prefix]; kind != "" {
		return kind
	}
	return "person"
}

// owner is the number of the identity that an account belongs to, or candidates.
func (w *world) owner(a record) (number string, candidates []string) {
	if a["number"] != "" {
		return a["number"], nil
	}
	if n := w.byEmail[a["email"]]; n != "" {
		return n, nil
	}
	login := a["login"]
	if n := w.byLogin[strings.TrimPrefix(login, "adm_")]; n != "" {
		return n, nil
	}
	return "", w.byName[a["display_name"]]
}

func (w *world) days(date string) int {
	if date == "" {
		return -1
	}
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return -1
	}
	return int(w.now.Sub(at).Hours() / 24)
}

func (w *world) find() map[string]bool {
	f := map[string]bool{}
	say := func(parts ...string) { f[strings.Join(parts, " ")] = true }
	toxic := map[string]map[string]bool{}
	for id, a := range w.accounts {
		if a["status"] == "enabled" {
			w.findAccount(id, a, say, toxic)
		}
	}
	for number, held := range toxic {
		for id := range held {
			for other := range strings.SplitSeq(w.ents[id]["conflicts"], ";") {
				if other != "" && held[w.ents[id]["system"]+"/"+other] {
					say(toxicCombination, onIdentity, "", number)
				}
			}
		}
	}
	for key, accounts := range w.keys {
		owners := map[string]bool{}
		for _, a := range accounts {
			n, _ := w.owner(a)
			owners[n] = true
		}
		if len(accounts) > 1 && len(owners) > 1 {
			system, fingerprint, _ := strings.Cut(key, "/")
			say(duplicateKey, onCredential, system, fingerprint)
		}
	}
	w.findPeople(say)
	w.findThings(say)
	return f
}

func (w *world) findPeople(say func(...string)) {
	for number, p := range w.people {
		if owner := w.people[p["owner"]]; p["kind"] != "human" && (owner == nil || owner["state"] == "terminated") {
			say(unownedNonhuman, onIdentity, "", number)
		}
		if end := w.days(p["contract_end"]); end > 0 && p["contract_end"] != "" && p["state"] == "active" {
			say(partyExpired, onIdentity, "", number)
		}
	}
}

func (w *world) findThings(say func(...string)) {
	owned := map[string]bool{}
	for _, e := range w.ents {
		if o := w.people[e["owner"]]; o != nil {
			owned[e["system"]] = true
			if o["state"] == "terminated" {
				say(unownedThing, onEntitlement, e["system"], e["name"])
			}
		}
	}
	for name, s := range w.systems {
		say(adoptionBacklog, onSystem, name, name)
		if s.BusinessOwner == "" && s.TechnicalOwner == "" && !owned[name] {
			say(unownedThing, onSystem, name, name)
		}
	}
	for at, grants := range w.held {
		system, _, _ := strings.Cut(at, "/")
		for _, g := range grants {
			e := w.ents[system+"/"+g["entitlement"]]
			if g["holder"] == "role:PUBLIC" {
				say(publicGrant, onEntitlement, system, e["name"])
			}
			if g["flags"] == "no_password" && w.own[system+"/"+g["entitlement"]] < 2 {
				say(nopasswdSudo, onEntitlement, system, e["name"])
			}
		}
	}
}

func (w *world) findAccount(id string, a record, say func(...string), toxic map[string]map[string]bool) {
	system, login, kind := a["system"], a["login"], a["kind"]
	if kind == "" {
		kind = kindByName(login)
	}
	number, candidates := w.owner(a)
	p := w.people[number]
	human := p != nil && p["kind"] == "human"
	personal := kind == "person" || kind == "admin"
	switch {
	case human && p["state"] != "active":
		say(leaverActive, onAccount, system, login)
	case number == "" && personal && len(candidates) > 0:
		say(disputed, onAccount, system, login)
	case number == "" && personal:
		say(orphanAccount, onAccount, system, login)
	case p == nil && kind == "service":
		say(unownedNonhuman, onAccount, system, login)
	case kind == "shared":
		say(sharedAccount, onAccount, system, login)
	}
	used := w.days(a["last_used"])
	if a["usage_known"] == "true" && (used > 90 || used < 0 && w.days(a["created"]) > 90) {
		say(dormantAccount, onAccount, system, login)
	}
	for _, c := range w.creds[id] {
		changed := w.days(c["changed"])
		if changed > 90 {
			say(staleCredential, onAccount, system, login)
		}
		if kind == "break_glass" && used >= 0 && changed > used {
			say(unsealed, onAccount, system, login)
		}
	}
	w.findPrivilege(id, a, human, p, say)
	if human {
		if toxic[number] == nil {
			toxic[number] = map[string]bool{}
		}
		near, far := w.from(id, "")
		for e := range w.reach(near, far, false) {
			toxic[number][e] = true
		}
	}
}

func (w *world) findPrivilege(id string, a record, human bool, p record, say func(...string)) {
	system, login := a["system"], a["login"]
	direct, opened := w.from(id, "standing")
	held := w.reach(direct, opened, false)
	best, nested := 3, false
	for e, steps := range held {
		if w.own[e] < 2 {
			best = min(best, w.own[e])
			nested = nested || steps > 2
		}
	}
	could := w.handed(held)
	for _, e := range w.heldBy(id, "eligible") {
		best = min(best, w.own[e])
	}
	if human && len(direct) > 0 && (best < 2 || could < 2) {
		say(standing, onAccount, system, login)
	}
	if nested {
		say(byNesting, onAccount, system, login)
	}
	if a["kind"] != "built_in" && w.escalates(id, p) {
		say(escalation, onAccount, system, login)
	}
	if p != nil && p["kind"] == "agent" {
		unused := slices.ContainsFunc(w.held[id], func(g record) bool { return g["usage_known"] == "true" && g["last_used"] == "" })
		if best < 2 || unused {
			say(tooMuchAgent, onIdentity, "", p["number"])
		}
	}
	if human && slices.ContainsFunc(w.heldBy(id, ""), func(e string) bool { return w.given[e] }) {
		say(directGrant, onAccount, system, login)
	}
}

func TestTheAnswerKeyIsWhatPlainRulesFind(t *testing.T) {
	for seed := uint64(1); seed < 6; seed++ {
		checkKey(t, Small, seed)
	}
	if !testing.Short() {
		checkKey(t, Medium, 1)
	}
}

func checkKey(t *testing.T, size Size, seed uint64) {
	t.Helper()
	dir, key := generate(t, size, seed)
	got, want := readWorld(t, dir, key.Now).find(), map[string]bool{}
	for _, p := range key.Planted {
		line := strings.Join([]string{p.Rule, p.Subject.Type, p.Subject.System, p.Subject.Name}, " ")
		if want[line] {
			t.Errorf("%s company, seed %d: twice in the key: %s", size, seed, line)
		}
		want[line] = true
	}
	for _, line := range slices.Sorted(maps.Keys(want)) {
		if !got[line] {
			t.Errorf("%s company, seed %d: in the key, not found: %s", size, seed, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(got)) {
		if !want[line] {
			t.Errorf("%s company, seed %d: found, not in the key: %s", size, seed, line)
		}
	}
}
