package csv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/internal/secret"
)

// dropped is a system of files with a folder of changes, and a clock that stands.
type dropped struct {
	connector.Maker
	dir, drop string
	now       time.Time
}

func dropping(t *testing.T, files map[string]string) *dropped {
	t.Helper()
	if files["grants.csv"] == "" {
		files["grants.csv"] = "holder_kind,holder,entitlement\naccount,a1,read\n"
	}
	d := &dropped{dir: folder(t, files), drop: t.TempDir(), now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	c, err := csv.Spec().Open(t.Context(), connector.Config{Name: "erp", Address: d.dir, Options: map[string]string{"drop": d.drop}, Now: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	d.Maker = c.(connector.Maker)
	for name := range files {
		d.export(t, name, files[name], d.now.Add(-time.Hour))
	}
	d.export(t, "accounts.csv", read(t, d.dir, "accounts.csv"), d.now.Add(-time.Hour))
	return d
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a test's own
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// export is what the other program writes, and when.
func (d *dropped) export(t *testing.T, name, text string, at time.Time) {
	t.Helper()
	path := write(t, d.dir, name, text)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func (d *dropped) changes(t *testing.T) []string {
	t.Helper()
	list := strings.Split(strings.TrimSpace(read(t, d.drop, "changes.csv")), "\n")
	return list[1:]
}

func (d *dropped) apply(t *testing.T, x connector.Change) {
	t.Helper()
	for range 2 {
		if err := d.Apply(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Kind, err)
		}
	}
}

func (d *dropped) reads(t *testing.T, x connector.Change, want bool) {
	t.Helper()
	if done, err := d.ReadBack(t.Context(), x); err != nil || done != want {
		t.Errorf("%s reads back %v, %v", x.Kind, done, err)
	}
}

func grantOf(kind connector.ChangeKind, holder, entitlement string) connector.Change {
	return connector.Change{Kind: kind, Grant: connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: holder}, Entitlement: entitlement}}
}

func newAccount(login, mark string) connector.Change {
	return connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: login, Mark: mark, Values: map[string]string{"display_name": "Cleo", "number": "3"}}}
}

// A change is written down once, and done when the files say so that were written since:
// neither when it was asked for nor by what they said before.
func TestChangesAreClosedByTheNextReading(t *testing.T) {
	d := dropping(t, map[string]string{})
	x := newAccount("cleo", "acc_1")
	d.reads(t, x, false)
	d.apply(t, x)
	d.reads(t, x, false)
	if got := d.changes(t); len(got) != 1 || !strings.HasPrefix(got[0], "1,2026-11-23T08:00:00Z,create_account,,cleo,acc_1,display_name;number,Cleo,,3,") {
		t.Fatalf("written down: %q", got)
	}
	d.now = d.now.Add(time.Hour)
	d.export(t, "accounts.csv", "id,login,display_name,number\na1,ana,,\na2,ben,,\na3,cleo,Cleo,3\n", d.now)
	d.reads(t, x, true)
	d.apply(t, x)
	f, err := d.Find(t.Context(), "cleo")
	if err != nil || f == nil || f.ID != "a3" || f.Mark != "acc_1" || f.Values["number"] != "3" {
		t.Errorf("found %+v, %v", f, err)
	}
	set := connector.Change{Kind: connector.UpdateAccount, Account: "a3", Mark: "acc_1", Set: map[string]string{"email": "c@x", "number": "4"}}
	d.apply(t, set)
	d.reads(t, set, false)
	disable := connector.Change{Kind: connector.DisableAccount, Account: "a3", Mark: "acc_1"}
	d.apply(t, disable)
	remove := connector.Change{Kind: connector.DeleteAccount, Account: "a3", Mark: "acc_1"}
	d.apply(t, remove)
	d.now = d.now.Add(time.Hour)
	d.export(t, "accounts.csv", "id,login,display_name,email,number,status\na1,ana,,,,\na2,ben,,,,\na3,cleo,Cleo,c@x,4,disabled\n", d.now)
	d.reads(t, set, true)
	d.reads(t, disable, true)
	d.reads(t, remove, false)
	d.export(t, "accounts.csv", "id,login\na1,ana\na2,ben\n", d.now.Add(time.Minute))
	d.reads(t, remove, true)
	if got := d.changes(t); len(got) != 4 || !strings.HasPrefix(got[3], "4,") {
		t.Errorf("written down: %q", got)
	}
	d.apply(t, newAccount("cleo", "acc_2")) // somebody else's by now
	if got := d.changes(t); len(got) != 5 {
		t.Errorf("written down: %q", got)
	}
}

// What was asked and is not seen yet counts: what takes it back is written down too, though
// the files never showed it.
func TestTakingBackWhatWasNotSeenYet(t *testing.T) {
	d := dropping(t, map[string]string{})
	grant, revoke := grantOf(connector.AddGrant, "a2", "pay"), grantOf(connector.RemoveGrant, "a2", "pay")
	d.reads(t, revoke, true)
	d.apply(t, revoke) // of what is not there: nothing to do
	d.apply(t, grant)
	d.reads(t, revoke, false)
	d.apply(t, revoke)
	d.reads(t, revoke, false)
	d.reads(t, grant, false)
	if got := d.changes(t); len(got) != 2 || !strings.Contains(got[1], ",revoke,") {
		t.Errorf("written down: %q", got)
	}
	d.export(t, "grants.csv", "holder_kind,holder,entitlement\n", d.now.Add(time.Minute))
	d.reads(t, revoke, true)
	for _, gone := range []string{"", "holder_kind,holder,entitlement\naccount,a2,\n"} { // nobody says, or says half
		if gone == "" {
			if err := os.Remove(filepath.Join(d.dir, "grants.csv")); err != nil {
				t.Fatal(err)
			}
		} else {
			d.export(t, "grants.csv", gone, d.now.Add(time.Minute))
		}
		if done, err := d.ReadBack(t.Context(), revoke); done || !errors.Is(err, connector.ErrIncomplete) {
			t.Errorf("with %q: %v, %v", gone, done, err)
		}
	}
}

// A login that is somebody's, or was asked for as somebody else's, is not taken.
func TestTakenLogins(t *testing.T) {
	d := dropping(t, map[string]string{"accounts.csv": "id,login,mark\na1,ana,\na2,ben,acc_2\n"})
	d.apply(t, newAccount("cleo", "acc_1"))
	d.apply(t, newAccount("ben", "acc_2"))
	for _, x := range []connector.Change{
		newAccount("ana", "acc_1"), newAccount("ben", "acc_1"), newAccount("cleo", "acc_9"),
		{Kind: connector.DeleteAccount, Account: "a2", Mark: "acc_1"},
		{Kind: connector.DisableAccount, Account: "a1", Mark: "acc_1"},
	} {
		if err := d.Apply(t.Context(), x); !errors.Is(err, connector.ErrTaken) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	if got := d.changes(t); len(got) != 2 {
		t.Errorf("written down: %q", got)
	}
}

// Many who write at once lose no line, and all have their numbers.
func TestWritersAtOnce(t *testing.T) {
	d := dropping(t, map[string]string{})
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := d.Apply(t.Context(), grantOf(connector.AddGrant, "a2", fmt.Sprint("e", i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := d.changes(t)
	for i, l := range got {
		if !strings.HasPrefix(l, fmt.Sprint(i+1, ",")) {
			t.Errorf("line %d is %s", i+1, l)
		}
	}
	if len(got) != n {
		t.Errorf("%d lines, want %d", len(got), n)
	}
	write(t, d.drop, "changes.csv.next", "of one who died")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(d.drop, "changes.csv.next"), old, old); err != nil {
		t.Fatal(err)
	}
	d.apply(t, grantOf(connector.AddGrant, "a2", "after"))
	if _, err := os.Stat(filepath.Join(d.drop, "changes.csv.next")); err == nil {
		t.Error("what was begun is left over")
	}
}

// A spreadsheet runs nothing of what is written down, and it is the same when it is read.
func TestFormulasAreText(t *testing.T) {
	d := dropping(t, map[string]string{})
	x := newAccount("@cleo", "acc_1")
	x.New.Values["display_name"] = `=cmd|'/c calc'!A0`
	d.apply(t, x)
	x.New.Values["display_name"] = "'quoted"
	x.New.Login = "-dee"
	d.apply(t, x)
	got := d.changes(t)
	if len(got) != 2 || !strings.Contains(got[0], ",'@cleo,") || !strings.Contains(got[0], `,'=cmd`) || !strings.Contains(got[1], ",''quoted,") {
		t.Errorf("written down: %q", got)
	}
}

func TestDropsThatCannotBe(t *testing.T) {
	d := dropping(t, map[string]string{})
	password := newAccount("cleo", "acc_1")
	password.New.Credential = secret.New([]byte("canary"))
	for name, x := range map[string]connector.Change{
		"a password":    password,
		"sessions":      {Kind: connector.EndSessions, Account: "a1"},
		"nobody":        {Kind: connector.EnableAccount, Account: "a9"},
		"nobody to set": {Kind: connector.UpdateAccount, Account: "a9", Set: map[string]string{"email": "x"}},
		"a column":      {Kind: connector.UpdateAccount, Account: "a1", Set: map[string]string{"mark": "acc_1"}},
	} {
		if err := d.Apply(t.Context(), x); !errors.Is(err, connector.ErrUnsupported) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if read(t, d.drop, "changes.csv") != "" {
		t.Error("something was written down")
	}
	grant := grantOf(connector.AddGrant, "a2", "pay")
	without := system(t, d.dir, nil).(connector.Maker)
	refused(t, without.Apply(t.Context(), grant), connector.ErrUnsupported, "option drop", "erp")
	lost := system(t, d.dir, map[string]string{"drop": filepath.Join(d.drop, "none")}).(connector.Maker)
	refused(t, lost.Apply(t.Context(), grant), connector.ErrUnreachable, "option drop", "erp")
	for _, drop := range []string{"changes", "../changes", d.dir, d.dir + "/"} {
		if _, err := csv.Spec().Open(t.Context(), connector.Config{Name: "erp", Address: d.dir, Options: map[string]string{"drop": drop}}); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%s: %v", drop, err)
		}
	}
	for _, text := range []string{"no,at\n", "", "\xff\"", strings.Repeat("x", 100)} {
		write(t, d.drop, "changes.csv", text)
		refused(t, d.Apply(t.Context(), grant), connector.ErrInput, "changes.csv", "move it away")
	}
	if err := os.Remove(filepath.Join(d.drop, "changes.csv")); err != nil {
		t.Fatal(err)
	}
	secretFile := write(t, t.TempDir(), "elsewhere", "mine")
	if err := os.Symlink(secretFile, filepath.Join(d.drop, "changes.csv")); err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(t.Context(), grant); err == nil {
		t.Error("a link that leads out of the folder was followed")
	}
	if read(t, filepath.Dir(secretFile), "elsewhere") != "mine" {
		t.Error("it was written over")
	}
}

// TestLesson12_DropIsNoPathOfTheAPI: what names a folder on the node is told as such, so
// that the API takes it by the names of the node's configuration only.
func TestLesson12_DropIsNoPathOfTheAPI(t *testing.T) {
	for _, o := range csv.Spec().Options {
		if o.Name == "drop" && o.Path != nil && o.Path("/anywhere") && o.Path("anything") {
			return
		}
	}
	t.Error("option drop is not said to be a path")
}

// What a kind says that it does is what Apply takes.
func TestPromises(t *testing.T) {
	d := dropping(t, map[string]string{})
	tried := map[connector.ChangeKind]connector.Change{
		connector.AddGrant: grantOf(connector.AddGrant, "a2", "pay"), connector.RemoveGrant: grantOf(connector.RemoveGrant, "a1", "read"),
		connector.DisableAccount: {Kind: connector.DisableAccount, Account: "a1"}, connector.EnableAccount: {Kind: connector.EnableAccount, Account: "a1"},
		connector.CreateAccount: newAccount("cleo", "acc_1"), connector.DeleteAccount: {Kind: connector.DeleteAccount, Account: "a2"},
		connector.UpdateAccount: {Kind: connector.UpdateAccount, Account: "a1", Set: map[string]string{}}, connector.EndSessions: {Kind: connector.EndSessions, Account: "a1"},
	}
	for _, a := range csv.Spec().Settable {
		tried[connector.UpdateAccount].Set[a.Name] = "x"
	}
	says := map[connector.ChangeKind]bool{}
	for _, kind := range csv.Spec().Changes {
		says[kind] = true
	}
	for kind, x := range tried {
		if err := d.Apply(t.Context(), x); (err == nil) != says[kind] {
			t.Errorf("%s is promised: %v; tried: %v", kind, says[kind], err)
		}
	}
	if got := d.changes(t); len(got) < len(says)-1 { // ana is enabled, unless she was disabled first
		t.Errorf("written down: %q", got)
	}
}
