package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/internal/httpapi"
)

// format is the value of --output.
type format string

const (
	asTable format = "table"
	asJSON  format = "json"
	asCSV   format = "csv"
	asHTML  format = "html"
)

// String shows the default.
func (f *format) String() string {
	if *f == "" {
		return string(asTable)
	}
	return string(*f)
}

// Set refuses what no command can print.
func (f *format) Set(s string) error {
	if !slices.Contains([]format{asTable, asJSON, asCSV, asHTML}, format(s)) {
		return fmt.Errorf("%q is not table, json, csv or html", s)
	}
	*f = format(s)
	return nil
}

// Type names the value in help.
func (f *format) Type() string { return "format" }

// table is what people and spreadsheets see of an answer.
type table struct {
	title  string
	note   string // printed under the rows
	header []string
	rows   [][]string
	right  []int // columns of numbers
	whole  bool  // nothing is cut: it is there to be copied
}

// answer is what a command prints: itself as JSON, its tables otherwise.
type answer interface{ tables() []table }

// print writes an answer in the format that was asked for. What a system called
// its things is untrusted: control characters are made visible.
func (a *app) print(ans answer) error {
	switch a.format {
	case asJSON:
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(ans)
	case asCSV:
		return printCSV(a.out, ans.tables())
	case asHTML:
		return fmt.Errorf("%w: html is for 'writ assess' only", errUsage)
	case asTable, "":
	}
	for i, t := range ans.tables() {
		if i > 0 {
			_, _ = fmt.Fprintln(a.out)
		}
		if err := t.print(a.out); err != nil {
			return err
		}
	}
	return nil
}

// printCSV writes the tables under one another. A cell that a spreadsheet would
// run as a formula is quoted with an apostrophe.
func printCSV(w io.Writer, tables []table) error {
	out := csv.NewWriter(w)
	for i, t := range tables {
		if i > 0 {
			if err := out.Write([]string{""}); err != nil {
				return err
			}
		}
		if err := out.Write(t.header); err != nil {
			return err
		}
		for _, row := range t.rows {
			safe := make([]string, len(row))
			for j, cell := range row {
				safe[j] = httpapi.Cell(cell)
			}
			if err := out.Write(safe); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

const maxCell = 72

func (t table) print(w io.Writer) error {
	var b strings.Builder
	if t.title != "" {
		b.WriteString(printable(t.title) + "\n")
	}
	width := make([]int, len(t.header))
	lines := append([][]string{t.header}, t.rows...)
	shown := make([][]string, len(lines))
	for i, line := range lines {
		shown[i] = make([]string, len(width))
		for j := range width {
			if j < len(line) {
				if shown[i][j] = printable(line[j]); !t.whole {
					shown[i][j] = clip(shown[i][j], maxCell)
				}
			}
			width[j] = max(width[j], utf8.RuneCountInString(shown[i][j]))
		}
	}
	for _, line := range shown {
		var row strings.Builder
		for j, cell := range line {
			gap := strings.Repeat(" ", width[j]-utf8.RuneCountInString(cell))
			if slices.Contains(t.right, j) {
				cell = gap + cell
			} else {
				cell += gap
			}
			row.WriteString("  " + cell)
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	if t.note != "" {
		b.WriteString(printableLines(t.note) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// printableLines is printable for text that has lines of our own.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// printable shows control characters instead of sending them to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '\uFFFD'
		}
		return r
	}, s)
}
