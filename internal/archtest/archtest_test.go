package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/writhq/writ"

// listed is what go list says of one package.
type listed struct {
	ImportPath, Dir, Name, Doc         string
	Imports, TestImports, XTestImports []string
	GoFiles, TestGoFiles, XTestGoFiles []string
	IgnoredGoFiles                     []string
}

func list(t *testing.T) []listed {
	t.Helper()
	look(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Name,Doc,Imports,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles", modulePath+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list names only %d packages", len(all))
	}
	return all
}

// look opens every folder of the module, so that the go command's cache of test
// results knows that a new file can change ours.
func look(t *testing.T) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// own makes import paths short where they are the module's own.
func own(paths []string) []string {
	short := make([]string, len(paths))
	for i, p := range paths {
		short[i] = strings.TrimPrefix(p, modulePath+"/")
	}
	return short
}

func TestArchitecture(t *testing.T) {
	var packages []Package
	for _, p := range list(t) {
		packages = append(packages, Package{
			Path: strings.TrimPrefix(p.ImportPath, modulePath+"/"), Name: p.Name, Doc: p.Doc,
			Imports: own(p.Imports), TestImports: own(p.TestImports), XTestImports: own(p.XTestImports),
		})
	}
	for _, v := range Graph(packages) {
		t.Error(v)
	}
}

func TestFiles(t *testing.T) {
	var over []excess
	for _, p := range list(t) {
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles) {
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			violations, big, err := File(strings.TrimPrefix(p.ImportPath, modulePath+"/")+"/"+name, source)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range violations {
				t.Error(v)
			}
			over = append(over, big...)
		}
	}
	for _, v := range ceilings(over, exceptions) {
		t.Error(v)
	}
}

// Each rule fails on what breaks it, and lets pass what does not.
func TestGraphRules(t *testing.T) {
	const doc = "Package x is what the tables here are about."
	imports := func(path, name string) Package {
		return Package{Path: path, Name: "x", Doc: doc, Imports: []string{name}}
	}
	tests := []struct {
		name string
		p    Package
		want string // part of the reason, "" passes
	}{
		{"up", imports("access", "graph"), "imports point down"},
		{"up from an engine", imports("inventory", "store"), "imports point down"},
		{"up from policy", imports("policy", "finding"), "imports point down"},
		{"up from a feature", imports("iga/role", "server"), "imports point down"},
		{"to a command", imports("store", "cmd/writ"), "imports point down"},
		{"to a whole-product test", imports("cmd/writ", "e2e/sampleload"), "imports point down"},
		{"down", imports("iga/role", "graph"), ""},
		{"down to the model", imports("store", "access"), ""},
		{"command to all", imports("cmd/writ", "connector/linux"), ""},
		{"governance to privilege", imports("iga/role", "pam/vault"), "two disciplines"},
		{"privilege to governance", imports("pam/vault", "iga/sod"), "two disciplines"},
		{"feature to feature", imports("iga/role", "iga/sod"), "interface that it declares itself"},
		{"assurance to governance", imports("assurance/path", "iga/classify"), "interface that it declares itself"},
		{"within a feature", imports("pam/vault/kms", "pam/vault"), ""},
		{"within gateways", imports("pam/gateway/ssh", "pam/gateway"), ""},
		{"engine to engine", imports("inventory", "finding"), "engines do not know"},
		{"within an engine", imports("inventory/sample", "inventory"), ""},
		{"store and server", imports("server", "store"), "do not know each other"},
		{"server and store", imports("store", "server"), "do not know each other"},
		{"store to a connector", imports("store", "connector/csv"), "do not know each other"},
		{"policy and signal", imports("policy", "signal"), "rank 3 do not import"},
		{"audit and connector", imports("audit", "connector"), "rank 1 do not import"},
		{"boiler room to the model", imports("internal/outbound", "access"), "boiler room"},
		{"model to the boiler room", imports("access", "internal/fault"), ""},
		{"connector to the graph", imports("connector/linux", "graph"), "a connector reads"},
		{"connector to audit", imports("connector/linux", "audit"), "a connector reads"},
		{"connector to a connector", imports("connector/linux", "connector/csv"), "a connector reads"},
		{"connector to the interface", imports("connector/linux", "connector"), ""},
		{"connector to the kit", imports("connector/linux", "connector/connectortest"), ""},
		{"connector to the boiler room", imports("connector/linux", "internal/secret"), ""},
		{"the kit to the graph", imports("connector/connectortest", "graph"), "imports point down"},
		{"no rank", Package{Path: "tools", Name: "tools", Doc: doc}, "the folder list is the architecture"},
		{"a test of the package itself, up", Package{Path: "finding", Doc: doc, TestImports: []string{"store"}}, "imports point down"},
		{"an external test with the store", Package{Path: "finding", Doc: doc, XTestImports: []string{"store", "store/storetest", "connector/csv"}}, ""},
		{"an external test with the server", Package{Path: "finding", Doc: doc, XTestImports: []string{"server"}}, "imports point down"},
		{"SQL", imports("finding", "database/sql"), "SQL on Writ's own"},
		{"SQL by pgx", imports("cmd/writ", "github.com/jackc/pgx/v5"), "SQL on Writ's own"},
		{"SQL by sqlite", imports("graph", "modernc.org/sqlite"), "SQL on Writ's own"},
		{"SQL in store", imports("store", "database/sql"), ""},
		{"SQL in a connector", imports("connector/postgres", "github.com/jackc/pgx/v5/pgconn"), ""},
		{"SQL in a test", Package{Path: "audit", Doc: doc, TestImports: []string{"database/sql"}}, ""},
		{"guessable numbers", imports("signin", "math/rand/v2"), "guessable seed"},
		{"guessable numbers in the sample", imports("inventory/sample", "math/rand/v2"), ""},
		{"guessable numbers in a search", imports("iga/role/mine", "math/rand/v2"), ""},
		{"guessable numbers beside a search", imports("iga/role", "math/rand/v2"), "guessable seed"},
		{"guessable numbers in a test", Package{Path: "graph", Doc: doc, TestImports: []string{"math/rand"}}, ""},
		{"a program", imports("pam/rotate", "os/exec"), "starts no program"},
		{"cgo", imports("internal/seal", "C"), "without cgo"},
		{"unsafe in a test", Package{Path: "graph", Doc: doc, TestImports: []string{"unsafe"}}, "memory errors"},
		{"unstructured logs", imports("store", "log"), "log/slog"},
		{"structured logs", imports("store", "log/slog"), ""},
		{"a name", Package{Path: "internal/util", Name: "util", Doc: doc}, "named after what it is about"},
		{"no comment", Package{Path: "access", Name: "access"}, "whoever opens a folder"},
		{"an empty comment", Package{Path: "access", Name: "access", Doc: "Package access."}, "whoever opens a folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Graph([]Package{tt.p})
			if tt.want == "" {
				if len(got) > 0 {
					t.Fatal(got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0].Why, tt.want) {
				t.Fatal(got)
			}
		})
	}
}

func TestFileRules(t *testing.T) {
	body := func(n int) string { return "func F() {\n" + strings.Repeat("\tprintln()\n", n-2) + "}\n" }
	tests := []struct {
		name, file, source string
		want               string
		over               int
	}{
		{"a function at the ceiling", "a/a.go", body(maxFunction), "", 0},
		{"a function over it", "a/a.go", body(maxFunction + 1), "", maxFunction + 1},
		{"a method over it", "a/a.go", strings.Replace(body(maxFunction+1), "func F", "func (t T) F", 1), "", maxFunction + 1},
		{"a file at the ceiling", "a/a.go", strings.Repeat("\n", maxFile-1), "", 0},
		{"a file over it", "a/a_test.go", strings.Repeat("\n", maxFile), "", maxFile + 1},
		{"init", "a/a.go", "func init() {}\n", "cannot be given its dependencies", 0},
		{"a method init", "a/a.go", "func (t T) init() {}\n", "", 0},
		{"a lesson", "a/a_test.go", "func TestLesson07_LengthsAreCapped(t *testing.T) {}\n", "", 0},
		{"a lesson without a number", "a/a_test.go", "func TestLesson_LengthsAreCapped(t *testing.T) {}\n", "number of their lesson", 0},
		{"a lesson with one digit", "a/a_test.go", "func TestLesson7_LengthsAreCapped(t *testing.T) {}\n", "number of their lesson", 0},
		{"a lesson that is not there", "a/a_test.go", "func TestLesson99_LengthsAreCapped(t *testing.T) {}\n", "number of their lesson", 0},
		{"outgoing HTTP", "a/a.go", "import \"net/http\"\nvar c http.Client\n", "internal/outbound", 0},
		{"outgoing HTTP by another name", "a/a.go", "import web \"net/http\"\nvar _, _ = web.Get(\"\")\n", "internal/outbound", 0},
		{"incoming HTTP", "a/a.go", "import \"net/http\"\nvar h http.Handler\n", "", 0},
		{"outgoing HTTP in its place", "internal/outbound/a.go", "import \"net/http\"\nvar c http.Client\n", "", 0},
		{"a client's type", "a/a.go", "import \"net/http\"\nvar c = &http.Client{}\n", "internal/outbound", 0},
		{"the client that is there", "a/a.go", "import \"net/http\"\nvar c = http.DefaultClient\n", "internal/outbound", 0},
		{"a dialer", "connector/a/a.go", "import \"net\"\nvar d net.Dialer\n", "outbound.Dialer", 0},
		{"dialling", "a/a.go", "import \"net\"\nvar c, _ = net.Dial(\"tcp\", \"\")\n", "outbound.Dialer", 0},
		{"dialling TLS", "a/a.go", "import \"crypto/tls\"\nvar c, _ = tls.Dial(\"tcp\", \"\", nil)\n", "outbound.Dialer", 0},
		{"dialling by a library", "a/a.go", "import \"github.com/go-ldap/ldap/v3\"\nvar c, _ = ldap.DialURL(\"\")\n", "outbound.Dialer", 0},
		{"a package without its name", "a/a.go", "import . \"net\"\nvar d Dialer\n", "without its name", 0},
		{"listening", "a/a.go", "import \"net\"\nvar l, _ = net.Listen(\"tcp\", \"\")\n", "", 0},
		{"a dialer in its place", "internal/outbound/a.go", "import \"net\"\nvar d net.Dialer\n", "", 0},
		{"a dialer in a test", "a/a_test.go", "import \"net\"\nvar d net.Dialer\n", "", 0},
		{"outgoing HTTP in a test", "a/a_test.go", "import \"net/http\"\nvar c http.Client\n", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, over, err := File(tt.file, []byte("package a\n"+tt.source))
			if err != nil {
				t.Fatal(err)
			}
			if (tt.want == "") != (len(got) == 0) || tt.want != "" && !strings.Contains(got[0].String(), tt.want) {
				t.Fatal(got)
			}
			if (tt.over == 0) != (len(over) == 0) || tt.over != 0 && over[0].lines != tt.over {
				t.Fatal(over)
			}
		})
	}
}

func TestCeilings(t *testing.T) {
	over := []excess{{"a/a.go", 700, maxFile}}
	tests := []struct {
		name    string
		allowed map[string]int
		want    int
	}{
		{"over", nil, 1},
		{"excepted", map[string]int{"a/a.go": 700}, 0},
		{"grown", map[string]int{"a/a.go": 699}, 1},
		{"an exception that nothing needs", map[string]int{"a/a.go": 700, "b/b.go": 900}, 1},
	}
	for _, tt := range tests {
		if got := ceilings(over, tt.allowed); len(got) != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Who may take any way out is there, and takes one: an exception that nobody needs goes.
func TestWaysOut(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		path := strings.TrimPrefix(p.ImportPath, modulePath+"/")
		for _, w := range ways {
			if slices.Contains(slices.Concat(p.Imports, p.TestImports, p.XTestImports), w.path) {
				for folder := range waysFor {
					used[folder] = used[folder] || inside(path, []string{folder})
				}
			}
		}
	}
	for folder, why := range waysFor {
		if !used[folder] || why == "" {
			t.Errorf("%s needs no way out any more, or has no reason: take it out of the list", folder)
		}
	}
}
