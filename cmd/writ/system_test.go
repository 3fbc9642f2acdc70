package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// pipe runs one command with standard input, which has to work.
func pipe(t *testing.T, in string, args ...string) {
	t.Helper()
	command(t, exitOK, in, args...)
}

func csvSystem(t *testing.T) (data, files string) {
	t.Helper()
	dir := t.TempDir()
	data, files = filepath.Join(dir, "data"), filepath.Join(dir, "erp")
	if err := os.Mkdir(files, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"accounts.csv":     "id,login,display_name,email,status\na1,ana,,ana@example.com,enabled\n",
		"entitlements.csv": "id,kind,name,description,resource,owner,capabilities,conflicts\nadmin,role,Administrator,,,,,\n",
		"grants.csv":       "holder_kind,holder,entitlement\naccount,a1,admin\n",
	} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return data, files
}

// Whatever a data directory holds, a credential in the clear is not among it.
func TestNoFileHoldsACredential(t *testing.T) {
	data, files := csvSystem(t)
	const first, second = "canary-one", "canary-two"
	searched := 0
	search := func(when string) {
		t.Helper()
		err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			searched++
			b, err := os.ReadFile(path)
			for _, plain := range []string{first, second} {
				if bytes.Contains(b, []byte(plain)) {
					t.Errorf("%s: %s holds %s", when, path, plain)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pipe(t, first+"\n", "--data", data, "system", "add", "erp=csv="+files, "--credential", "erp=stdin")
	search("added")
	pipe(t, "", "--data", data, "system", "sync", "erp")
	search("read")
	pipe(t, second, "--data", data, "system", "set", "erp", "--credential", "stdin")
	search("replaced")
	pipe(t, "", "--data", data, "system", "sync", "erp")
	search("read again")
	if searched < 8 {
		t.Errorf("only %d files were searched", searched)
	}
}

// A sync opens the sealed credential, and fails where it does not open.
func TestSyncOpensWhatIsSealed(t *testing.T) {
	data, files := csvSystem(t)
	pipe(t, "first", "--data", data, "system", "add", "erp=csv="+files, "--credential", "erp=stdin")
	pipe(t, "other", "--data", data, "system", "add", "crm=csv="+files, "--credential", "crm=stdin")
	writ(t, exitOK, "--data", data, "system", "sync")
	db, err := sqliteOf(data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`update system_secret set sealed = (select sealed from system_secret where id = 1) where id = 2`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	writ(t, exitOK, "--data", data, "system", "sync", "erp")
	if _, errs := writ(t, exitFailed, "--data", data, "system", "sync", "crm"); !strings.Contains(errs, "made with another key, for another place") {
		t.Error(errs)
	}
}

func TestPiped(t *testing.T) {
	key := "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
	for in, want := range map[string]string{
		"hunter2": "hunter2", "hunter2\n": "hunter2", "hunter2\r\nsecond\n": "hunter2", " with space \n": " with space ", "": "", "\nlate": "",
		key: key,
	} {
		a := &app{in: strings.NewReader(in)}
		if got, err := a.piped("x"); err != nil || string(got.Reveal()) != want {
			t.Errorf("%q gave %q: %v", in, got.Reveal(), err)
		}
	}
	for _, in := range []string{strings.Repeat("x", maxCredential+1), "-----BEGIN\n" + strings.Repeat("x", maxCredential)} {
		a := &app{in: strings.NewReader(in)}
		if _, err := a.piped("x"); err == nil {
			t.Errorf("%d bytes were taken", len(in))
		}
	}
}

func TestOptionFits(t *testing.T) {
	for _, tt := range []struct {
		option, key string
		fits        bool
	}{
		{"encoding", "encoding", true},
		{"encoding", "encodings", false},
		{"data_class.DB[.SCHEMA[.TABLE]]", "data_class.pay.public", true},
		{"data_class.DB[.SCHEMA[.TABLE]]", "data_class.", false},
		{"data_class.DB[.SCHEMA[.TABLE]]", "data_classes", false},
	} {
		if (connector.Option{Name: tt.option}).Fits(tt.key) != tt.fits {
			t.Errorf("%q fits %q: not %v", tt.key, tt.option, tt.fits)
		}
	}
}
