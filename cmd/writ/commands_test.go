package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/docs"
)

// Every command that does something is in the manual, where people look for it, and in a
// script, which shows and tests it.
func TestEveryCommandIsInTheManualAndInAScript(t *testing.T) {
	manual := filesText(t, docs.Files, ".md", "adr")
	scripts := filesText(t, os.DirFS("testdata"), ".txtar", "")
	var walk func(c *cobra.Command)
	n := 0
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		if c.HasSubCommands() || !c.Runnable() {
			return
		}
		n++
		if !says(manual, c.CommandPath()) {
			t.Errorf("the manual (docs/*.md, docs/how-to) never says '%s'", c.CommandPath())
		}
		if !says(scripts, "exec "+c.CommandPath()) {
			t.Errorf("no script in testdata runs '%s'", c.CommandPath())
		}
	}
	walk((&app{}).root())
	if n < 30 {
		t.Errorf("only %d commands were found", n)
	}
}

// says reports whether a text has a command, and not only one whose name begins like it.
func says(text, command string) bool {
	for {
		_, rest, found := strings.Cut(text, command)
		if !found {
			return false
		}
		if rest == "" || strings.ContainsAny(rest[:1], " \n`'),.;:|") {
			return true
		}
		text = rest
	}
}

// filesText is the text of all files of a kind, but for those in a folder.
func filesText(t *testing.T, files fs.FS, ext, without string) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == without {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ext {
			return err
		}
		text, err := fs.ReadFile(files, path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
