//go:build unix

package csv_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
)

// What is no plain file is refused at once, in both forms.
func TestWhatIsNoFile(t *testing.T) {
	kinds := map[string]func(t *testing.T, path string){
		"a folder": func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"a pipe that nobody writes to": func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a link to a device": func(t *testing.T, path string) {
			if err := os.Symlink("/dev/zero", path); err != nil {
				t.Fatal(err)
			}
		},
		"a link to itself": func(t *testing.T, path string) {
			if err := os.Symlink(path, path); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, fn := range kinds {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fn(t, filepath.Join(dir, "accounts.csv"))
			_, err := people(t, filepath.Join(dir, "accounts.csv"), nil)
			refused(t, err, connector.ErrInput, "accounts.csv")
			_, err = discover(t, dir, nil)
			refused(t, err, connector.ErrInput, "erp", "accounts.csv")
		})
	}
}

// Whoever may write the folder cannot have Writ read what they may not: the header
// of a file that is no CSV would be shown in the error.
func TestLinksStayInTheFolder(t *testing.T) {
	outside := write(t, t.TempDir(), "shadow", "root:$y$hash:19000\n")
	dir := folder(t, nil)
	if err := os.Symlink(outside, filepath.Join(dir, "grants.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "system.json")); err != nil {
		t.Fatal(err)
	}
	_, err := discover(t, dir, nil)
	refused(t, err, connector.ErrInput, "grants.csv")
	if strings.Contains(err.Error(), "hash") {
		t.Errorf("the error shows the file: %v", err)
	}
	if _, err := csv.ReadSystem(dir); err == nil {
		t.Error("system.json was read through a link that leads out of the folder")
	}
	// A link within the folder is how exports name their newest file.
	dir = folder(t, map[string]string{"grants-1.csv": "holder_kind,holder,entitlement\naccount,a1,e1\n"})
	if err := os.Symlink("grants-1.csv", filepath.Join(dir, "grants.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := discover(t, dir, nil); err != nil {
		t.Error(err)
	}
}

func TestUnreadableFiles(t *testing.T) {
	path := write(t, t.TempDir(), "hr.csv", minimal)
	_, err := people(t, filepath.Join(path, "hr.csv"), nil) // below a file
	refused(t, err, connector.ErrInput, "hr.csv")
	_, err = people(t, filepath.Join(t.TempDir(), "gone.csv"), nil)
	refused(t, err, connector.ErrInput, "gone.csv")
	_, err = discover(t, filepath.Join(t.TempDir(), "gone"), nil)
	refused(t, err, connector.ErrUnreachable, "erp", "gone")
	_, err = discover(t, t.TempDir(), nil)
	refused(t, err, connector.ErrInput, "erp", "accounts.csv")
	if os.Geteuid() == 0 {
		return // root reads everything
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err = people(t, path, nil)
	refused(t, err, connector.ErrInput, "hr.csv", "permission")
}
