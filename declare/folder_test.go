//go:build unix

package declare_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/writhq/writ/declare"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	for _, err := range []error{os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

const one = "kind: shelf\nname: a\nspec: {}\n"

// A folder is read with what lies below it; hidden files, other files, and folders that
// begin with a dot are not documents.
func TestAFolderIsReadWhole(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "deep", "er", "b.yml"), "kind: shelf\nname: b\nspec: {on: a}\n")
	write(t, filepath.Join(dir, "a.yaml"), one)
	for _, name := range []string{"README.md", ".hidden.yaml", filepath.Join(".git", "x.yaml"), "c.yaml.bak"} {
		write(t, filepath.Join(dir, name), "not: a document\n")
	}
	list := must[[]declare.Document](t)(newWorld().Read(dir, nil))
	if len(list) != 2 || list[0].Place.File != filepath.Join(dir, "a.yaml") || list[1].Place.String() != filepath.Join(dir, "deep", "er", "b.yml")+":1" {
		t.Fatalf("%+v", list)
	}
	if list := must[[]declare.Document](t)(newWorld().Read(filepath.Join(dir, "a.yaml"), nil)); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	write(t, filepath.Join(dir, "z.yaml"), one)
	if _, err := newWorld().Read(dir, nil); !strings.Contains(fmt.Sprint(err), "is declared at "+filepath.Join(dir, "a.yaml")+":1 already") {
		t.Fatal(err)
	}
}

// Invariant 9: no link leads out of the folder, and what is no file is not waited for.
func TestLesson19_NothingOutsideTheFolderIsRead(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret.yaml"), one)
	for name, make := range map[string]func(dir string) error{
		"a link to a file": func(dir string) error {
			return os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "x.yaml"))
		},
		"a link by a path of dots": func(dir string) error {
			return os.Symlink("../"+filepath.Base(outside)+"/secret.yaml", filepath.Join(dir, "x.yaml"))
		},
		"a link to nothing":           func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "x.yaml")) },
		"a link to itself":            func(dir string) error { return os.Symlink("x.yaml", filepath.Join(dir, "x.yaml")) },
		"a pipe that nobody writes":   func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "x.yaml"), 0o600) },
		"a link to a device":          func(dir string) error { return os.Symlink("/dev/zero", filepath.Join(dir, "x.yaml")) },
		"a link to a folder, by name": func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "x.yaml")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.yaml"), one)
			if err := make(dir); err != nil {
				t.Fatal(err)
			}
			if list, err := newWorld().Read(dir, nil); !errors.Is(err, declare.ErrFolder) || !strings.Contains(err.Error(), "x.yaml") {
				t.Fatalf("%+v, %v", list, err)
			}
		})
	}
	t.Run("a link to a folder is not followed", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "a.yaml"), one)
		if err := os.Symlink(outside, filepath.Join(dir, "more")); err != nil {
			t.Fatal(err)
		}
		if list := must[[]declare.Document](t)(newWorld().Read(dir, nil)); len(list) != 1 {
			t.Fatalf("%+v", list)
		}
	})
	t.Run("a link within the folder is", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "..data", "a.yaml"), one)
		if err := os.Symlink("..data/a.yaml", filepath.Join(dir, "a.yaml")); err != nil {
			t.Fatal(err)
		}
		if list := must[[]declare.Document](t)(newWorld().Read(dir, nil)); len(list) != 1 {
			t.Fatalf("%+v", list)
		}
	})
	for _, path := range []string{filepath.Join(outside, "nowhere"), ""} {
		if _, err := newWorld().Read(path, nil); !errors.Is(err, declare.ErrFolder) {
			t.Fatal(err)
		}
	}
}

func TestAFolderHasLimits(t *testing.T) {
	dir := t.TempDir()
	for i := range 17 {
		write(t, filepath.Join(dir, fmt.Sprintf("%02d.yaml", i)), "\xff"+strings.Repeat("x", 1<<20-100))
	}
	if _, err := newWorld().Read(dir, nil); !strings.Contains(fmt.Sprint(err), "larger than 16 MiB") {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for i := range 1001 {
		write(t, filepath.Join(dir, fmt.Sprintf("%04d.yaml", i)), "# nothing\n")
	}
	if _, err := newWorld().Read(dir, nil); !strings.Contains(fmt.Sprint(err), "more than 1000 files") {
		t.Fatal(err)
	}
}
