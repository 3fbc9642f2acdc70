package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Package is what the rules look at. Paths are inside the module ("iga/role").
type Package struct {
	Path, Name, Doc                    string
	Imports, TestImports, XTestImports []string
}

// Violation is one broken rule.
type Violation struct{ Where, What, Why string }

func (v Violation) String() string { return v.Where + ": " + v.What + "; " + v.Why }

// place is where a package stands.
type place struct {
	rank  int
	block string // packages of one block may import each other
}

// ranks, by the first part of the path. Packages are a block of their own each
// where perFolder is set.
var ranks = map[string]struct {
	rank      int
	perFolder bool
}{
	"access": {0, false}, "internal": {0, false},
	"audit": {1, false}, "connector": {1, false},
	"graph":  {2, false},
	"policy": {3, false}, "signal": {3, false}, "search": {3, false},
	"inventory": {4, false}, "approval": {4, false}, "provision": {4, false}, "finding": {4, false}, "ask": {4, false}, "declare": {4, false},
	"iga": {5, true}, "pam": {5, true}, "assurance": {5, true}, "signin": {5, false},
	"server": {6, false}, "store": {6, false}, "console": {6, false}, "docs": {6, false},
	"cmd": {7, false},
	"e2e": {8, false}, "bench": {8, false},
}

// kit is the part of connector that is not a kind of system.
const kit = "connector/connectortest"

func isKind(path string) bool { return strings.HasPrefix(path, "connector/") && path != kit }

func placeOf(path string) (place, bool) {
	first, rest, _ := strings.Cut(path, "/")
	row, ok := ranks[first]
	switch {
	case !ok:
		return place{}, false
	case isKind(path):
		kind, _, _ := strings.Cut(rest, "/")
		return place{6, "connector/" + kind}, true
	case row.perFolder:
		second, _, _ := strings.Cut(rest, "/")
		return place{row.rank, first + "/" + second}, true
	}
	return place{row.rank, first}, true
}

// ranked is the rules of STYLE on the module's own packages.
func ranked(p Package, imports []string) []Violation {
	from, ok := placeOf(p.Path)
	if !ok {
		return nil // Graph says so
	}
	var list []Violation
	for _, other := range imports {
		to, ok := placeOf(other)
		if !ok {
			continue // it is reported itself
		}
		if why := forbidden(p.Path, other, from, to); why != "" {
			list = append(list, Violation{p.Path, "imports " + other, why})
		}
	}
	return list
}

// forbidden returns why a package may not import another, or "".
func forbidden(path, other string, from, to place) string {
	first, _, _ := strings.Cut(path, "/")
	second, _, _ := strings.Cut(other, "/")
	switch {
	case from.block == to.block:
		return ""
	case first == "iga" && second == "pam" || first == "pam" && second == "iga":
		return "governance and privilege are two disciplines: they meet in the engines, policy and signal"
	case isKind(path) && (second != "connector" || isKind(other)) && second != "access" && second != "internal":
		return "a connector reads and changes a system and knows only connector, access and internal: nothing of Writ may depend on its being there"
	case from.rank == 0 && to.rank == 0:
		if first == "internal" {
			return "the boiler room knows no word of the model, so that the model can stand on it"
		}
		return ""
	case to.rank > from.rank:
		return fmt.Sprintf("imports point down only, from rank %d to a lower one, not to %d; declare a small interface where it is used and wire it in cmd", from.rank, to.rank)
	case to.rank < from.rank:
		return ""
	}
	switch from.rank {
	case 4:
		return "engines do not know each other; what joins them is a job or an interface declared where it is used"
	case 5:
		return "a feature needs of its neighbour an interface that it declares itself; otherwise a change in one breaks the other"
	case 6:
		return "adapters named after a technology do not know each other"
	case 8:
		return ""
	}
	return fmt.Sprintf("packages of rank %d do not import each other", from.rank)
}

// testsMay are what an external test package may import beside what its package
// may: the real store, and real connectors.
func testsMay(path string) bool {
	return path == "store" || strings.HasPrefix(path, "store/") || isKind(path)
}

// module is a rule on a package from outside that only some may import.
type module struct {
	path  string // and everything below it
	only  []string
	tests bool // test files may
	why   string
}

var modules = []module{
	{"database/sql", sqlFolders, true, sqlWhy},
	{"github.com/jackc/pgx", sqlFolders, true, sqlWhy},
	{"github.com/go-sql-driver/mysql", sqlFolders, true, sqlWhy},
	{"modernc.org/sqlite", sqlFolders, true, sqlWhy},
	{"math/rand", []string{"inventory/sample", "iga/role/mine"}, true, "numbers from a guessable seed have opened systems (lesson 22); only crypto/rand, but for sample companies, searches that must be repeatable, and tests"},
	{"os/exec", []string{"internal/hook", "internal/testkit", "e2e"}, true, "Writ starts no program but what the node's own configuration declares, through internal/hook: text that a system or a user sent cannot become a command (lessons 2, 12)"},
	{"plugin", nil, false, "no code is loaded at run time (lesson 12)"},
	{"C", nil, false, "the product is built without cgo; what needs it stands behind a build tag in a folder of its own"},
	{"unsafe", nil, false, "memory errors in decoders are how viewers are attacked (lesson 32)"},
	{"github.com/hashicorp/vault", nil, true, "only client modules, as real clients in tests: the server's packages are not open source"},
	{"github.com/wneessen/go-mail", []string{"internal/notify"}, false, "mail goes through internal/notify: it dials as outbound lets it, and what people call themselves gets into no header (lesson 2)"},
	{"github.com/emersion/go-smtp", []string{"internal/testkit"}, false, "it is the mail server of tests"},
	{"log", nil, false, "logs are structured: log/slog, so that secrets redact themselves"},
}

var sqlFolders = []string{"store", "connector", "pam/gateway", "internal/testkit", "e2e"}

const sqlWhy = "SQL on Writ's own database lives in store, where a change without its audit record does not compile"

func external(p Package, imports []string, test bool) []Violation {
	var list []Violation
	for _, name := range imports {
		for _, m := range modules {
			exact := m.path == "log" // its neighbours log/slog and log/… are others
			if name != m.path && (exact || !strings.HasPrefix(name, m.path+"/")) || test && m.tests || inside(p.Path, m.only) {
				continue
			}
			list = append(list, Violation{p.Path, "imports " + name, m.why})
		}
	}
	return list
}

func inside(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

var forbiddenNames = []string{"util", "utils", "common", "helper", "helpers", "models", "types", "manager", "managers", "misc", "base", "shared", "lib"}

// Graph checks packages and their imports.
func Graph(packages []Package) []Violation {
	var list []Violation
	for _, p := range packages {
		if _, ok := placeOf(p.Path); !ok {
			list = append(list, Violation{p.Path, "has no rank", "the folder list is the architecture: a new folder is a decision, made in the table of ranks and in ARCHITECTURE.md"})
		}
		list = append(list, ranked(p, p.Imports)...)
		list = append(list, ranked(p, p.TestImports)...)
		list = append(list, ranked(p, slices.DeleteFunc(slices.Clone(p.XTestImports), testsMay))...)
		list = append(list, external(p, p.Imports, false)...)
		list = append(list, external(p, slices.Concat(p.TestImports, p.XTestImports), true)...)
		last := p.Path[strings.LastIndex(p.Path, "/")+1:]
		if slices.Contains(forbiddenNames, p.Name) || slices.Contains(forbiddenNames, last) {
			list = append(list, Violation{p.Path, "is called " + p.Name, "a package is named after what it is about; such a name collects whatever has no place"})
		}
		if words := len(strings.Fields(p.Doc)); words < 6 {
			list = append(list, Violation{p.Path, "has no package comment that says what it is for", "whoever opens a folder learns there what always holds in it"})
		}
	}
	return list
}
