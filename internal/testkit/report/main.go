// Command report reads 'go test -json' and prints what a person needs: failures
// with their output, what was skipped and why, the ten slowest tests, and a count.
//
// Invariants:
//  1. It exits 1 when something failed, did not build, or nothing ran: no tests are no
//     success.
//  2. What failed is printed with all that it said, and what passed with a line for
//     its package.
//  3. A test that was skipped is named with its reason: nothing is left out silently.
//
// What it does not do: it runs no tests, and keeps nothing.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build output
	Elapsed                       float64
}

type key struct{ pkg, test string }

type report struct {
	out     io.Writer
	output  map[key]*strings.Builder
	slow    []event
	skipped []event
	failed  []event
	broken  []string
	passed  int
}

func main() {
	r := report{out: os.Stdout, output: map[key]*strings.Builder{}}
	if err := r.read(os.Stdin); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	if !r.print(r.out) {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			_, _ = fmt.Fprintln(r.out, lines.Text()) // the go command's own words
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" {
			k = key{pkg: e.ImportPath}
		}
		if r.output[k] == nil {
			r.output[k] = &strings.Builder{}
		}
		r.output[k].WriteString(e.Output)
		return
	case "build-fail":
		r.broken = append(r.broken, e.ImportPath)
	case "fail":
		if e.Test == "" {
			r.broken = append(r.broken, e.Package)
			return
		}
		r.failed = append(r.failed, e)
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, e)
		}
	case "pass":
		if e.Test == "" {
			_, _ = fmt.Fprintf(r.out, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
			delete(r.output, k)
			return
		}
		r.passed++
		delete(r.output, k)
	default:
		return
	}
	if e.Test != "" {
		r.slow = append(r.slow, e)
	}
}

func (r *report) text(k key) string {
	if b := r.output[k]; b != nil {
		return b.String()
	}
	return ""
}

// reason is what a test said when it was left out: its last line of its own.
func (r *report) reason(k key) string {
	said := ""
	for line := range strings.Lines(r.text(k)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = line
		}
	}
	return said
}

// brokenAlone returns the packages that failed though none of their tests did:
// they did not build, or ended at once.
func (r *report) brokenAlone() []string {
	slices.Sort(r.broken)
	return slices.DeleteFunc(slices.Compact(r.broken), func(pkg string) bool {
		return slices.ContainsFunc(r.failed, func(e event) bool { return e.Package == pkg })
	})
}

// print reports whether all is well. What failed comes last, where one looks.
func (r *report) print(w io.Writer) bool {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	for _, e := range r.skipped {
		p("skipped  %s %s  %s\n", e.Package, e.Test, r.reason(key{e.Package, e.Test}))
	}
	slices.SortStableFunc(r.slow, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	p("\nslowest:\n")
	for _, e := range r.slow[:min(10, len(r.slow))] {
		p("  %7.2fs  %s %s\n", e.Elapsed, e.Package, e.Test)
	}
	for _, e := range r.failed {
		p("\nFAIL  %s %s\n%s", e.Package, e.Test, r.text(key{e.Package, e.Test}))
	}
	broken := r.brokenAlone()
	for _, pkg := range broken {
		p("\nFAIL  %s\n%s", pkg, r.text(key{pkg: pkg}))
	}
	failures := len(r.failed) + len(broken)
	p("\n%d passed, %d failed, %d skipped\n", r.passed, failures, len(r.skipped))
	return failures == 0 && r.passed > 0
}
