package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(carriedEnv); dir != "" {
		if err := carryAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if what := os.Getenv(killedEnv); what != "" {
		fmt.Fprintln(os.Stderr, workUntilKilled(what))
		os.Exit(1)
	}
	if dir := os.Getenv(elevatingEnv); dir != "" {
		fmt.Fprintln(os.Stderr, runNode(dir))
		os.Exit(1)
	}
	os.Exit(cleaning{m}.Run())
}

// writBinary is a folder with the program as its users have it, built once for all tests.
var writBinary = sharedCompany(func(dir string) error {
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "writ"), ".").CombinedOutput() //nolint:gosec,noctx // the tests' own folder; it ends with them
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// builtWrit is the path of the program as its users have it.
func builtWrit(t *testing.T) string {
	t.Helper()
	dir, err := writBinary()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "writ")
}

// The scripts in testdata are tests and documentation at once. "schema NAME FILE"
// holds a JSON answer against docs/schemas; $SOON is a date in three months, and $PORT one
// that a server may listen at. "approved ROLE" is somebody else than the operator approving
// a role's draft, where the script runs as one person, and "published DOCUMENT" publishing
// the draft of one of policies. They run the
// command as its users have it: the race detector watches the tests that call it in this
// process, and as the test binary it would be longer in starting than in what it does.
func TestScripts(t *testing.T) {
	schemas, err := filepath.Abs("../../docs/schemas")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(builtWrit(t))
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
			"approved": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 1 {
					ts.Fatalf("usage: approved ROLE")
				}
				ts.Check(approve(t.Context(), ts.Getenv("WRIT_DATA"), args[0]))
			},
			"published": func(ts *testscript.TestScript, neg bool, args []string) {
				if len(args) != 1 {
					ts.Fatalf("usage: published DOCUMENT")
				}
				err := publish(t.Context(), ts.Getenv("WRIT_DATA"), args[0])
				if (err != nil) != neg {
					ts.Fatalf("published %s: %v", args[0], err)
				}
			},
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

// approve approves the draft of a role as somebody else than who runs the scripts.
func approve(ctx context.Context, data, called string) error {
	a := &app{data: data}
	ctx, err := a.openGraph(ctx)
	if err == nil {
		var id access.RoleID
		if id, err = a.roles().FindAny(ctx, called); err == nil {
			err = a.roles().Review(audit.WithActor(ctx, audit.Actor{Node: "operator:else"}), id, 0, true, "")
		}
	}
	return errors.Join(err, a.close())
}

// publish publishes the draft of a document of policies as somebody else than who runs the
// scripts.
func publish(ctx context.Context, data, called string) error {
	a := &app{data: data}
	ctx, err := a.openGraph(ctx)
	if err == nil {
		var t *policy.DocumentTeller
		if t, err = a.documents(ctx); err == nil {
			_, err = t.Publish(audit.WithActor(ctx, audit.Actor{Node: "operator:else"}), called, 0, "read it")
		}
	}
	return errors.Join(err, a.close())
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
