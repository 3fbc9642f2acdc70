package main

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestMain(m *testing.M) {
	os.Exit(cleaning{m}.Run())
}

// The scripts in testdata are tests and documentation at once. "schema NAME FILE"
// holds a JSON answer against docs/schemas; $SOON is a date in three months, and $PORT one
// that a server may listen at. They run the
// command as its users have it: the race detector watches the tests that call it in this
// process, and as the test binary it would be longer in starting than in what it does.
func TestScripts(t *testing.T) {
	schemas, err := filepath.Abs("../../docs/schemas")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", filepath.Join(bin, "writ"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("WRIT_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("PORT", freePort(t))
			e.Setenv("SOON", time.Now().UTC().AddDate(0, 3, 0).Format(time.DateOnly))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"schema": func(ts *testscript.TestScript, neg bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("usage: schema NAME FILE")
				}
				err := validate(filepath.Join(schemas, args[0]+".json"), []byte(ts.ReadFile(args[1])))
				if (err != nil) != neg {
					ts.Fatalf("%s against schema %s: %v", args[1], args[0], err)
				}
			},
		},
	})
}

// freePort is one that nobody listens at now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, errors.Join(err, l.Close()))
	return port
}

func validate(schema string, answer []byte) error {
	s, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		return err
	}
	return s.Validate(v)
}

// Every schema compiles and refuses what is no answer.
func TestSchemasRefuse(t *testing.T) {
	found, err := filepath.Glob("../../docs/schemas/*.json")
	if err != nil || len(found) < 10 {
		t.Fatalf("%d schemas, %v", len(found), err)
	}
	for _, path := range found {
		if err := validate(path, []byte(`{"surprise": 1}`)); err == nil {
			t.Errorf("%s takes anything", path)
		} else if _, ok := errors.AsType[*jsonschema.ValidationError](err); !ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat("../../docs/schemas/assess.json"); err != nil {
		t.Fatal(err)
	}
}
