package lifecycle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	ErrRuleText  = fault.New(fault.Invalid, "birthright-description", "a rule is described in at most 500 bytes without control characters")
	ErrRuleGrace = fault.New(fault.Invalid, "birthright-grace", "a rule's grace is 0 to 365 days")
	ErrRuleGives = fault.New(fault.NotFound, "birthright-gives-unknown", "a rule gives a role or an entitlement that is not there")
	ErrRuleTaken = fault.New(fault.Conflict, "birthright-taken", "there is already a birthright rule of that name: choose another, or change that one")
	ErrNoRule    = fault.New(fault.NotFound, "birthright-not-found", "there is no such birthright rule")
	ErrRuleStale = fault.New(fault.Conflict, "birthright-changed", "somebody has changed the rule meanwhile: look at it again")
	ErrRuleSelf  = fault.New(fault.Denied, "birthright-self", "nobody makes a rule count that gives something to themself: somebody else does that")
	ErrReason    = fault.New(fault.Invalid, "lifecycle-reason", "this needs a reason of at most 500 bytes without control characters")
)

// attributes is the variable that has what sources say beside the model's own words.
const (
	attributes    = "identity.attributes"
	sourcedPrefix = attributes + "."
	stateVar      = "identity.state"
)

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
	Description  string                 `json:"description,omitempty"`
	When         string                 `json:"when"`
	Roles        []access.RoleID        `json:"roles,omitempty"`
	Entitlements []access.EntitlementID `json:"entitlements,omitempty"`
	// Choices are the parametric roles of which everybody has the variants that fit them.
	Choices []access.Choice `json:"choices,omitempty"`
	// Grace is for how many days somebody keeps what the rule gave them after they no
	// longer meet it.
	Grace   int         `json:"grace_days,omitempty"`
	Mode    policy.Mode `json:"-"`
	Version int64       `json:"-"` // the store's
}

const (
	longestText  = 500
	longestGrace = 365
)

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
	case len(r.Roles)+len(r.Entitlements)+len(r.Choices) == 0:
		return compiled{}, ErrRuleEmpty.With("rule %s gives nothing: name a role or an entitlement", r.Name)
	case !slices.Contains([]policy.Mode{policy.Observe, policy.Warn, policy.Enforce}, r.Mode):
		return compiled{}, ErrRuleMode.With("rule %s: %q is not observe, warn or enforce", r.Name, r.Mode)
	case !isText(r.Description, 0):
		return compiled{}, ErrRuleText
	case r.Grace < 0 || r.Grace > longestGrace:
		return compiled{}, ErrRuleGrace.With("rule %s: a grace of %d days is not 0 to %d", r.Name, r.Grace, longestGrace)
	}
	for _, c := range r.Choices {
		if err := c.Check(); err != nil {
			return compiled{}, fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	c, err := conditionOf(r.When)
	if err != nil {
		return compiled{}, fmt.Errorf("rule %s: %w", r.Name, err)
	}
	c.Rule = r
	return c, nil
}

// conditionOf checks a condition alone.
func conditionOf(text string) (compiled, error) {
	when, err := policy.Compile(text, Vars)
	if err != nil {
		return compiled{}, err
	}
	if !when.Decides() {
		return compiled{}, ErrRuleKind.With("the condition must be true or false, such as identity.unit == \"Treasury\"")
	}
	return compiled{when: when, uses: when.Uses()}, nil
}

// isText reports whether text is fit to be kept and shown, and has something to say.
func isText(text string, least int) bool {
	hostile := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	return len(strings.TrimSpace(text)) >= least && len(text) <= longestText && utf8.ValidString(text) && !strings.ContainsFunc(text, hostile)
}

// validReason checks why somebody does a thing.
func validReason(text string) error {
	if !isText(text, 1) {
		return ErrReason
	}
	return nil
}

// gives reports whether what a rule says counts.
func (r Rule) gives() bool { return r.Mode == policy.Enforce }

// chosen are the roles of its choices, in their order.
func (r Rule) chosen() []access.RoleID {
	ids := make([]access.RoleID, len(r.Choices))
	for i, c := range r.Choices {
		ids[i] = c.Role
	}
	return ids
}

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
