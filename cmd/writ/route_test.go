package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/httpapi"
)

const routesHead = `# Every operation, asked as each function about something in the south of a small company.
# Refusals come first: an operation whose line changes is a decision, and is reviewed as one.
# Written by: go test ./cmd/writ -run TestEveryRouteByEveryFunction -update
`

// TestEveryRouteByEveryFunction: an operation that is not in the table fails, and so
// does one that answers somebody else than the table says.
func TestEveryRouteByEveryFunction(t *testing.T) {
	outcomes := map[string]map[string]string{}
	var operations []*huma.Operation
	for _, w := range whoCalls { // each finds the company as it was
		c := serveTwoScopes(t)
		operations = nil
		httpapi.Operations(c.api.API(), func(op *huma.Operation) { operations = append(operations, op) })
		for _, op := range operations {
			key := op.Method + " " + op.Path
			if outcomes[key] == nil {
				outcomes[key] = map[string]string{}
			}
			outcomes[key][w.name] = c.outcome(t, w.name, op)
		}
	}
	var b bytes.Buffer
	b.WriteString(routesHead)
	for _, op := range operations {
		key := op.Method + " " + op.Path
		var refused, passes []string
		for _, w := range whoCalls {
			if got := outcomes[key][w.name]; got == passed {
				passes = append(passes, w.name)
			} else {
				refused = append(refused, w.name+" "+got)
			}
		}
		_, _ = fmt.Fprintf(&b, "\n%s (%v)\n  refused: %s\n  passes:  %s\n", key, op.Extensions[httpapi.RuleExtension], or(refused), or(passes))
	}
	golden(t, "testdata/routes.table", b.Bytes())
}

func or(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

const passed = "passes"

// outcome is how far somebody gets. What comes behind the gate is not its business, as
// long as the example of the description is one.
func (c *company) outcome(t *testing.T, who string, op *huma.Operation) string {
	t.Helper()
	w := c.ask(t, who, c.request(op))
	var p httpapi.Problem
	if w.Code >= 400 {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s as %s: %d %s", op.OperationID, who, w.Code, w.Body)
		}
	}
	switch {
	case w.Code == http.StatusUnauthorized, w.Code == http.StatusForbidden, w.Code == http.StatusNotFound:
		return fmt.Sprint(w.Code)
	case p.Code == "approval-required":
		return "needs-approval"
	case w.Code >= 500:
		t.Errorf("%s as %s: %d %s", op.OperationID, who, w.Code, w.Body)
	case p.Code == httpapi.CodeInvalid:
		t.Errorf("the example of %s does not fit its description: %s", op.OperationID, w.Body)
	}
	return passed
}

// No operation is without a rule, an id, a summary and a tag.
func TestEveryOperationIsDescribed(t *testing.T) {
	c := serveTwoScopes(t)
	n := 0
	httpapi.Operations(c.api.API(), func(op *huma.Operation) {
		n++
		rule, _ := op.Extensions[httpapi.RuleExtension].(string)
		if rule == "" || op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s %s: rule %q, id %q, summary %q, tags %v", op.Method, op.Path, rule, op.OperationID, op.Summary, op.Tags)
		}
		if strings.HasSuffix(op.Summary, ".") {
			t.Errorf("%s: a summary is no sentence: %s", op.OperationID, op.Summary)
		}
	})
	if n == 0 {
		t.Fatal("the API has no operation")
	}
	text, err := json.MarshalIndent(c.api.API().OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`"version": "`+version()+`"`), []byte(`"version": "0"`), 1)
	golden(t, "../../docs/openapi.json", append(text, '\n'))
}
