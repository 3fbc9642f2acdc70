package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/docs"
)

// shellWord is a word of a shell, an operator, or a comment to the end of its line.
var shellWord = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|\\.|[^\s'"|&;<>()#$\\]|[#$](?:[^\s(])|\\$)+|\$\(|#[^\n]*|[|&;<>()\n]`)

// commandsIn are the commands of this program that a shell text runs, word by word.
func commandsIn(text string) (list [][]string) {
	var words []string
	keep := func() {
		if len(words) > 1 && words[0] == "writ" && words[1] == strings.ToLower(words[1]) { // no line of sudoers
			list = append(list, words)
		}
		words = nil
	}
	text = strings.ReplaceAll(text, "\\\n", " ")
	redirected := false
	for _, w := range shellWord.FindAllString(text, -1) {
		switch {
		case w == "<" || w == ">":
			redirected = true
		case strings.HasPrefix(w, "#") || strings.Contains("|&;()\n$(", w):
			keep()
			redirected = false
		case redirected:
			redirected = false
		case len(words) == 0 && strings.Contains(w, "=") && !strings.HasPrefix(w, "-"): // a variable of the command's environment
		default:
			words = append(words, strings.NewReplacer("'", "", `"`, "").Replace(w))
		}
	}
	keep()
	return list
}

var (
	fenced  = regexp.MustCompile("(?ms)^```(?:sh)?(?: [a-z]+)?\n(.*?)^```$")
	leftOut = regexp.MustCompile(`(^|\s)(\.\.\.|…)(\s|$)`)
)

// What the manual and the help texts show can be typed: each command is there, takes the
// flags that it is shown with, and as many arguments.
func TestEveryExampleCanBeTyped(t *testing.T) {
	shown := map[string]string{} // example to who shows it
	for name, text := range manualPages(t) {
		for _, m := range fenced.FindAllStringSubmatch(text, -1) {
			shown[m[1]] = name
		}
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		shown[c.Example] = c.CommandPath() + " --help"
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk((&app{}).root())
	n := 0
	for text, where := range shown {
		for _, words := range commandsIn(text) {
			line := strings.Join(words, " ")
			if leftOut.MatchString(line) {
				continue
			}
			n++
			root := (&app{}).root()
			c, rest, err := root.Find(words[1:])
			if err == nil {
				err = c.ParseFlags(rest)
			}
			if err == nil {
				err = c.ValidateArgs(c.Flags().Args())
			}
			if err == nil {
				err = c.ValidateRequiredFlags()
			}
			if err != nil || !c.Runnable() {
				t.Errorf("%s shows what cannot be typed: %s: %v", where, line, err)
			}
		}
	}
	if n < 300 {
		t.Errorf("only %d examples were found", n)
	}
}

// manualPages are the pages of the manual, by name.
func manualPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, dir := range []string{".", "how-to"} {
		list, err := docs.Files.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			name := strings.TrimPrefix(dir+"/"+f.Name(), "./")
			if !strings.HasSuffix(name, ".md") {
				continue
			}
			text, err := docs.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			pages[name] = string(text)
		}
	}
	return pages
}

func TestCommandsOfAShellText(t *testing.T) {
	got := commandsIn("writ a 'b c' --d=\"e\" < in > out # writ no\nX=1 writ f | writ g \\\n  -h && y $(writ i \"j'k\" \"$HOME/l\")\n")
	want := [][]string{{"writ", "a", "b c", "--d=e"}, {"writ", "f"}, {"writ", "g", "-h"}, {"writ", "i", "jk", "$HOME/l"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q", got)
	}
}
