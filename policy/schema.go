package policy

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/writhq/writ/access"
)

// What entities and the context have; a "?" may be absent and is asked for with
// "has". entity.go fills them in.
const (
	identityShape = `{
  kind: String, state: String, active: Bool, third_party: Bool, owner?: Identity
}`
	resourceShape = `{
  kind: String, tier: Long, environment: String, data_class: String, function: String,
  system?: System, owner?: Identity, creator?: Identity, assignee?: Identity, eligible?: Identity, subject?: Identity
}`
	contextShape = `{
  own: Bool, mfa: Bool, mfa_age: Long, break_glass: Bool, reason: String, on_behalf_of?: Identity, address?: ipaddr
}`
)

// schemaText is Cedar's view of the tables of this package.
func schemaText() string {
	var b strings.Builder
	names := make([]string, 0, len(access.Functions)+1)
	for _, f := range append([]access.Function{access.Requester}, access.Functions...) {
		names = append(names, fmt.Sprintf("%q", f))
	}
	_, _ = fmt.Fprintf(&b, "entity Function enum [%s];\n", strings.Join(names, ", "))
	for _, t := range resourceTypes {
		switch t {
		case IdentityType:
			_, _ = fmt.Fprintf(&b, "entity Identity in [Function, Scope] %s;\n", identityShape)
		default:
			_, _ = fmt.Fprintf(&b, "entity %s in [Scope] %s;\n", t, resourceShape)
		}
	}
	for _, g := range groups {
		_, _ = fmt.Fprintf(&b, "action %q;\n", g)
	}
	for _, a := range Actions {
		_, _ = fmt.Fprintf(&b, "action %q in [%q] appliesTo { principal: Identity, resource: %s, context: %s };\n",
			a.Name, a.Group, a.On, contextShape)
	}
	return b.String()
}

// validator refuses what could not be evaluated: names that do not exist, values
// of the wrong type, attributes that may be absent.
type validator struct{ cedar *validate.Validator }

func newValidator() (*validator, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(schemaText())); err != nil {
		return nil, fmt.Errorf("reading the policy schema: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("resolving the policy schema: %w", err)
	}
	return &validator{validate.New(resolved, validate.WithStrict())}, nil
}

func (v *validator) policy(id string, tree *ast.Policy) error { return v.cedar.Policy(id, tree) }
