package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The ceilings. The aim is half of it: a file of 300 lines, a function of 40.
const (
	maxFile     = 600
	maxFunction = 80
)

// exceptions may be over a ceiling, up to so many lines: "path/file.go" or
// "path/file.go Function". The list may only shrink.
var exceptions = map[string]int{}

// Excess is a thing over its ceiling.
type excess struct {
	where string
	lines int
	max   int
}

var (
	lesson = regexp.MustCompile(`^TestLesson(\d\d)_[A-Z][A-Za-z0-9]+$`)
	// lessons is how many rows the list of lessons has.
	lessons = 34
)

// File checks one Go file; name is its path inside the module.
func File(name string, source []byte) ([]Violation, []excess, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	var list []Violation
	var over []excess
	if lines := strings.Count(string(source), "\n"); lines > maxFile {
		over = append(over, excess{name, lines, maxFile})
	}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1; n > maxFunction {
			over = append(over, excess{name + " " + f.Name.Name, n, maxFunction})
		}
		list = append(list, function(name, f)...)
	}
	if !strings.HasSuffix(name, "_test.go") {
		list = append(list, calls(name, tree)...)
	}
	return list, over, nil
}

func function(name string, f *ast.FuncDecl) []Violation {
	where := name + " " + f.Name.Name
	if f.Name.Name == "init" && f.Recv == nil {
		return []Violation{{where, "is an init", "what runs before main cannot be given its dependencies, nor fail; registries are literal tables"}}
	}
	if strings.HasPrefix(f.Name.Name, "TestLesson") {
		m := lesson.FindStringSubmatch(f.Name.Name)
		if m == nil {
			return []Violation{{where, "is not called TestLessonNN_What", "tests carry the number of their lesson, so that the list can be checked"}}
		}
		if n, _ := strconv.Atoi(m[1]); n < 1 || n > lessons {
			return []Violation{{where, "names a lesson that does not exist", "tests carry the number of their lesson, so that the list can be checked"}}
		}
	}
	return nil
}

// way is a way out of the process: what a package has that connects to somewhere.
type way struct {
	path  string
	names []string
	why   string
}

const (
	httpOut = "outgoing HTTP goes through internal/outbound, which has the address policy, limits and time-outs (lesson 4)"
	dialOut = "what is dialled is dialled through outbound.Dialer, which decides on the address that a name resolves to: a name alone could lead to what tells machines their secrets (lesson 4)"
)

var ways = []way{
	{"net/http", []string{"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext"}, httpOut},
	{"net", []string{"Dial", "DialIP", "DialTCP", "DialTimeout", "DialUDP", "DialUnix", "Dialer"}, dialOut},
	{"crypto/tls", []string{"Dial", "DialWithDialer", "Dialer"}, dialOut},
	{"net/smtp", []string{"Dial", "SendMail"}, dialOut},
	{"golang.org/x/crypto/ssh", []string{"Dial"}, dialOut},
	{"github.com/go-ldap/ldap/v3", []string{"Dial", "DialTLS", "DialURL"}, dialOut},
}

// waysFor are the folders that may take any way, with their reasons; test files may too.
var waysFor = map[string]string{
	"internal/outbound": "it is the way that all others take",
	"internal/testkit":  "it calls the servers that it has started itself, on loopback",
	"e2e":               "it calls the product from outside, as browsers and programs do",
}

// calls looks at what a file uses of packages that have a dangerous half.
func calls(name string, tree *ast.File) []Violation {
	if inside(name, slices.Collect(maps.Keys(waysFor))) {
		return nil
	}
	var list []Violation
	for _, w := range ways {
		as := importedAs(tree, w.path)
		if as == "." {
			list = append(list, Violation{name, "imports " + w.path + " without its name", "whoever reads, and this test, could not see what of it is used"})
		}
		if as == "" {
			continue
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == as && slices.Contains(w.names, s.Sel.Name) {
				list = append(list, Violation{name, "uses " + as + "." + s.Sel.Name, w.why})
			}
			return true
		})
	}
	return list
}

// importedAs returns the name that a file gives an import, or "".
func importedAs(tree *ast.File, path string) string {
	for _, i := range tree.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return importName(path)
	}
	return ""
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// importName is what a package is called that a path leads to.
func importName(path string) string {
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if version.MatchString(last) {
		last = parts[len(parts)-2]
	}
	return last
}

// ceilings compares what is over with the exceptions, and the exceptions with
// what is over.
func ceilings(over []excess, allowed map[string]int) []Violation {
	var list []Violation
	needed := map[string]bool{}
	for _, x := range over {
		needed[x.where] = true
		if x.lines > max(x.max, allowed[x.where]) {
			list = append(list, Violation{x.where, fmt.Sprintf("has %d lines, more than %d", x.lines, max(x.max, allowed[x.where])), "split it by noun: what one cannot take in at once is where mistakes hide"})
		}
	}
	for where := range allowed {
		if !needed[where] {
			list = append(list, Violation{where, "needs no exception any more", "the list of exceptions only shrinks: take it out"})
		}
	}
	return list
}
