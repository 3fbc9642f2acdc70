package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/writhq/writ/docs"
	"github.com/writhq/writ/server"
)

// manual is docs/, and a page of every command as this binary has it.
func manual() *server.Manual {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}
	m := &server.Manual{Files: docs.Files}
	var add func(c *cobra.Command)
	add = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		m.Commands = append(m.Commands, server.ManualPage{Name: "commands/" + commandPage(c), Markdown: commandText(c)})
		for _, child := range c.Commands() {
			add(child)
		}
	}
	add(a.root())
	return m
}

func commandPage(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// commandText writes what --help says as a page.
func commandText(c *cobra.Command) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n\n", args...) }
	say("# %s", c.CommandPath())
	say("%s.", strings.TrimSuffix(markdownText(c.Short), "."))
	if c.Runnable() {
		say("```sh\n%s\n```", c.UseLine())
	}
	if c.Long != "" && c.Long != c.Short {
		say("```text\n%s\n```", c.Long)
	}
	if c.Example != "" {
		say("## Examples\n\n```sh\n%s\n```", c.Example)
	}
	flagTable(&b, "Flags", c.LocalNonPersistentFlags())
	if !c.HasParent() {
		flagTable(&b, "Flags of every command", c.PersistentFlags())
	}
	if children := c.Commands(); len(children) > 0 {
		b.WriteString("## Commands\n\n| command | what it does |\n| --- | --- |\n")
		for _, child := range children {
			if child.Hidden || child.Name() == "help" || child.Name() == "completion" {
				continue
			}
			_, _ = fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", child.CommandPath(), commandPage(child), markdownText(child.Short))
		}
		b.WriteString("\n")
	}
	if c.HasParent() {
		say("Part of [%s](%s.md).", c.Parent().CommandPath(), commandPage(c.Parent()))
	}
	return b.Bytes()
}

func flagTable(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	_, _ = fmt.Fprintf(b, "## %s\n\n| flag | what it says | without it |\n| --- | --- | --- |\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		short := ""
		if f.Shorthand != "" {
			short = "-" + f.Shorthand + ", "
		}
		without := f.DefValue
		if f.Name == "data" || without == "[]" {
			without = ""
		}
		_, _ = fmt.Fprintf(b, "| `%s--%s %s` | %s | %s |\n", short, f.Name, strings.ToUpper(name), markdownText(usage), markdownText(without))
	})
	b.WriteString("\n")
}

// markdownText keeps text from being read as anything else.
func markdownText(s string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", `\<`, "[", `\[`, `\`, `\\`).Replace(s)
}
