package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// saidByHuma are codes that no fault has: of input that does not fit the description.
var saidByHuma = []problemEntry{
	{httpapi.CodeInvalid, 422, "the input does not fit the API's description: errors names each place"},
	{"not-acceptable", 406, "only JSON is answered: leave out the Accept header, or name application/json"},
}

type problemEntry struct {
	code   string
	status int
	text   string
}

const problemsHead = `# Problems

An error of the API is a problem document (RFC 9457), of the type ` + "`application/problem+json`" + `. Its ` + "`code`" + ` is stable and never used for anything else; its ` + "`detail`" + ` says what is wrong in this case; its ` + "`instance`" + ` is the number of the request, by which whoever runs the server finds it in the log. Commands print the same sentences.

What may not be seen is answered like what is not there: by ` + "[`not-found`](#not-found)" + `.

`

// docs/problems.md has every code that the source makes a fault with.
func TestEveryProblemIsInTheManual(t *testing.T) {
	list := append(faults(t), saidByHuma...)
	slices.SortFunc(list, func(a, b problemEntry) int { return strings.Compare(a.code+a.text, b.code+b.text) })
	list = slices.Compact(list)
	var b bytes.Buffer
	b.WriteString(problemsHead)
	last := ""
	for _, p := range list {
		if p.code != last {
			_, _ = fmt.Fprintf(&b, "## %s\n\nStatus %d.\n\n", p.code, p.status)
		}
		last = p.code
		if p.text != "" {
			_, _ = fmt.Fprintf(&b, "%s%s.\n\n", strings.ToUpper(p.text[:1]), markdownText(p.text[1:]))
		}
	}
	golden(t, "../../docs/problems.md", append(bytes.TrimRight(b.Bytes(), "\n"), '\n'))
}

var kinds = map[string]fault.Kind{
	"Internal": fault.Internal, "Invalid": fault.Invalid, "NotFound": fault.NotFound, "Conflict": fault.Conflict,
	"Denied": fault.Denied, "Unavailable": fault.Unavailable, "Refused": fault.Refused,
}

// faults reads every fault.New of the module.
func faults(t *testing.T) []problemEntry {
	t.Helper()
	found := map[problemEntry]bool{}
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "e2e" || name == "bench") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if p, ok := faultOf(n); ok {
				found[p] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 50 {
		t.Fatalf("only %d faults", len(found))
	}
	return slices.Collect(maps.Keys(found))
}

func faultOf(n ast.Node) (p problemEntry, ok bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 3 {
		return p, false
	}
	made, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || made.Sel.Name != "New" {
		return p, false
	}
	if x, ok := made.X.(*ast.Ident); !ok || x.Name != "fault" {
		return p, false
	}
	kind, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok {
		return p, false
	}
	p.code, ok = textOf(call.Args[1])
	if !ok {
		return p, false
	}
	p.text, _ = textOf(call.Args[2])
	p.status = httpapi.StatusOf(fault.New(kinds[kind.Sel.Name], p.code, ""))
	return p, true
}

// textOf is a text that is written out, in one piece or several.
func textOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		x, ok := textOf(e.X)
		y, also := textOf(e.Y)
		return x + y, ok && also
	}
	return "", false
}
