package lifecycle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What a birthright rule can break.
var (
	ErrRuleName  = fault.New(fault.Invalid, "birthright-name", "a rule's name has lower-case letters, digits and single dashes, 64 at most")
	ErrRuleEmpty = fault.New(fault.Invalid, "birthright-empty", "a rule gives at least one role or entitlement")
	ErrRuleKind  = fault.New(fault.Invalid, "birthright-condition", "a condition is true or false of an identity")
	ErrRuleMode  = fault.New(fault.Invalid, "birthright-mode", "a rule observes, warns or is enforced")
)

// attributes is the variable that has what sources say beside the model's own words.
const attributes = "identity.attributes"

// Vars are what a condition may look at.
var Vars = policy.Env{
	"identity.kind": policy.StringVar, "identity.state": policy.StringVar, "identity.number": policy.StringVar,
	"identity.name": policy.StringVar, "identity.email": policy.StringVar, "identity.login": policy.StringVar,
	"identity.employer": policy.StringVar, "identity.unit": policy.StringVar, "identity.title": policy.StringVar,
	"identity.manager": policy.StringVar, "identity.organisation": policy.StringVar,
	"identity.third_party": policy.BoolVar,
	attributes:             policy.MapVar,
}

// Rule is a birthright rule.
type Rule struct {
	Name         string                 `json:"name"`
	When         string                 `json:"when"`
	Roles        []access.RoleID        `json:"roles,omitempty"`
	Entitlements []access.EntitlementID `json:"entitlements,omitempty"`
	Mode         policy.Mode            `json:"mode"`
}

var ruleName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// compiled is a rule that can be evaluated.
type compiled struct {
	Rule
	when *policy.Expr
	uses []string
}

// compile checks a rule.
func (r Rule) compile() (compiled, error) {
	switch {
	case len(r.Name) > 64 || !ruleName.MatchString(r.Name):
		return compiled{}, ErrRuleName.With("%q is no name for a rule: lower-case letters, digits and single dashes, 64 at most", r.Name)
	case len(r.Roles)+len(r.Entitlements) == 0:
		return compiled{}, ErrRuleEmpty.With("rule %s gives nothing: name a role or an entitlement", r.Name)
	case !slices.Contains([]policy.Mode{policy.Observe, policy.Warn, policy.Enforce}, r.Mode):
		return compiled{}, ErrRuleMode.With("rule %s: %q is not observe, warn or enforce", r.Name, r.Mode)
	}
	when, err := policy.Compile(r.When, Vars)
	if err != nil {
		return compiled{}, fmt.Errorf("rule %s: %w", r.Name, err)
	}
	if !when.Decides() {
		return compiled{}, ErrRuleKind.With("rule %s: the condition must be true or false, such as identity.unit == \"Treasury\"", r.Name)
	}
	return compiled{r, when, when.Uses()}, nil
}

// gives reports whether what a rule says counts.
func (r Rule) gives() bool { return r.Mode == policy.Enforce }

// vars are what a condition sees of the people who are alike in some columns.
func vars(names []string, values []string, there []bool) map[string]any {
	all := make(map[string]any, len(names)+1)
	of := map[string]string{}
	for i, name := range names {
		if key, ok := strings.CutPrefix(name, attributes+"."); ok {
			if there[i] {
				of[key] = values[i]
			}
			continue
		}
		if Vars[name] == policy.BoolVar {
			all[name] = values[i] == "true"
			continue
		}
		all[name] = values[i]
	}
	all[attributes] = of
	return all
}
