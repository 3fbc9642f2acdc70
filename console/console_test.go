package console

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// Invariant 1: the page names files and contains no code.
func TestThePageHasNoInlineCode(t *testing.T) {
	files := Files()
	if files == nil {
		t.Skip("the console is not built: make console")
	}
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<style", " style=", "onload=", "javascript:", "http://", "https://"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("index.html contains %q", bad)
		}
	}
	for _, script := range strings.Split(string(page), "<script")[1:] {
		if !strings.Contains(script, "></script>") {
			t.Errorf("a script is written in the page: %.60s", script)
		}
	}
}

// Invariant 5: what is built is beside what is committed, and a build keeps it.
func TestTheEmbeddedFolderIsKept(t *testing.T) {
	if _, err := os.Stat("dist/.gitkeep"); err != nil {
		t.Error("dist/.gitkeep is gone: without it a fresh clone does not compile")
	}
}
