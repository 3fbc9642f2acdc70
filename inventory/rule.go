package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What changing the rules can meet.
var (
	ErrRule        = fault.New(fault.Invalid, "bad-correlation-rule", "the correlation rule cannot be used")
	ErrRuleChanged = fault.New(fault.Conflict, "correlation-rule-changed", "somebody changed the rule meanwhile: look at it again")
)

// Rules are the organisation's own. They are asked after the exact ones and those
// on logins, and before names that are nearly the same.
type Rules []OwnRule

// rulesVersion rises when what the built-in rules find changes.
const rulesVersion = 3

// version names the rules, so that those that changed are run over all accounts.
func (r Rules) version() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d\n", rulesVersion)
	for _, o := range r {
		_, _ = fmt.Fprintf(h, "%q %q %q %d\n", o.Name, o.By, o.Expression, o.Score)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// By says what of an identity a rule's key is.
type By string

// What a rule may look people up by.
const (
	ByNumber By = "number"
	ByEmail  By = "email"
	ByLogin  By = "login"
)

// OwnRule is a rule of the organisation: an expression that makes, of an account,
// the number, email or login of the identity that it belongs to.
type OwnRule struct {
	Name       string      `json:"name"`
	By         By          `json:"by"`
	Expression string      `json:"expression"`
	Score      int         `json:"score"`
	Mode       policy.Mode `json:"mode"` // it links accounts when it is enforced only
	Version    int64       `json:"-"`    // the store's, which a change must name
	key        *policy.Expr
}

// ruleVars are what an expression may speak of.
var ruleVars = policy.Env{
	"account.login": policy.StringVar, "account.email": policy.StringVar, "account.number": policy.StringVar,
	"account.name": policy.StringVar, "account.kind": policy.StringVar, "account.system": policy.StringVar,
}

// fuzzyName is the built-in rule that is asked last.
const fuzzyName = "name"

var ruleName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// compiled checks a rule, such as login from account.login.replace("x_", "").
func (o OwnRule) compiled() (OwnRule, error) {
	taken := o.Name == fuzzyName || o.Name == signIn || slices.ContainsFunc(builtIn, func(b rule) bool { return b.name == o.Name })
	switch {
	case len(o.Name) > 64 || !ruleName.MatchString(o.Name):
		return o, ErrRule.With("a rule's name is lower-case words with dashes, not %q", o.Name)
	case taken:
		return o, ErrRule.With("%s is the name of a rule that is built in: choose another", o.Name)
	case o.By != ByNumber && o.By != ByEmail && o.By != ByLogin:
		return o, ErrRule.With("rule %s: %q is not number, email or login", o.Name, o.By)
	case o.Score < 1 || o.Score > 100:
		return o, ErrRule.With("rule %s: the score %d is not 1 to 100", o.Name, o.Score)
	}
	x, err := policy.Compile(o.Expression, ruleVars)
	if err != nil {
		return o, ErrRule.With("rule %s", o.Name).Because(err)
	}
	o.key = x
	return o, nil
}

// text is what the expression makes of an account. One that fails on an account
// says nothing about it.
func (o OwnRule) text(a *Candidate) string {
	key, err := o.key.Text(map[string]any{
		"account.login": a.Login, "account.email": a.Email, "account.number": a.Number,
		"account.name": a.Name, "account.kind": string(a.Kind), "account.system": a.System,
	})
	if err != nil {
		return ""
	}
	if o.By == ByNumber {
		return key
	}
	return strings.ToLower(key)
}

// rule is one way to find whose account it is: the key that it makes of an account
// is looked up among those of people. Rules are asked in order; the first that
// finds anybody decides, or disputes.
type rule struct {
	name  string
	what  string // its key is, in evidence
	score int
	by    keyKind
	key   func(a *Candidate) string
	bare  bool // its key lacks what may be an initial
}

var builtIn = []rule{
	{name: "number", what: "number", score: 100, by: numberKey, key: func(a *Candidate) string { return a.Number }},
	{name: "email", what: "email", score: 99, by: emailKey, key: func(a *Candidate) string { return strings.ToLower(a.Email) }},
	{name: "login", what: "login", score: 98, by: loginKey, key: func(a *Candidate) string { return strings.ToLower(a.Login) }},
	{name: "normalised-login", what: "login", score: 95, by: normalKey, key: func(a *Candidate) string { return normalLogin(a.Login) }},
	{name: loginFromName, what: "login", score: 85, by: nameLoginKey, key: func(a *Candidate) string { return normalLogin(a.Login) }},
	{name: "normalised-login", what: "login", score: 95, by: normalKey, key: func(a *Candidate) string { return bareLogin(a.Login) }, bare: true},
}

// loginFromName is the rule that is no use for the accounts of services.
const loginFromName = "login-from-name"

// ownKeys are what rules of the organisation look people up by.
var ownKeys = map[By]keyKind{ByNumber: numberKey, ByEmail: emailKey, ByLogin: loginKey}

// list is every rule but the fuzzy one, in order.
func (r Rules) list() []rule {
	if len(r) == 0 {
		return builtIn
	}
	list := slices.Clone(builtIn)
	for _, o := range r {
		list = append(list, rule{name: o.Name, what: string(o.By) + " by rule " + o.Name, score: o.Score, by: ownKeys[o.By], key: o.text})
	}
	return list
}

// applies keeps name-based rules away from accounts that are not a person's: a
// shared account belongs to nobody, and a service's name is no person's.
func (r rule) applies(k access.AccountKind) bool {
	switch k {
	case access.PersonAccount, access.AdminAccount:
		return true
	case access.ServiceAccount:
		return r.name != loginFromName
	case access.SharedAccount, access.BreakGlassAccount, access.BuiltInAccount:
		return r.name == "number"
	}
	return false
}

// RuleStore keeps the organisation's own rules of correlation.
type RuleStore interface {
	// Rules returns them by name.
	Rules(ctx context.Context) (Rules, error)
	// AddRule keeps a new one, or returns ErrNameTaken.
	AddRule(ctx context.Context, o OwnRule) error
	// ChangeRule keeps another version of a rule in place of the one that o.Version
	// names, or returns ErrRuleChanged.
	ChangeRule(ctx context.Context, o OwnRule, reason string) error
	// SetRuleMode and RemoveRule return ErrNotFound where there is no such rule, and
	// RemoveRule ErrRuleChanged where that is not of the version; zero is whichever
	// there is.
	SetRuleMode(ctx context.Context, name string, mode policy.Mode, reason string) error
	RemoveRule(ctx context.Context, name string, version int64, reason string) error
}

// rules are the organisation's, ready to be asked. One that cannot be used is an
// error: leaving it out would unlink whom it linked.
func (s *Service) rules(ctx context.Context) (Rules, error) {
	list, err := s.Store.Rules(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the rules of correlation: %w", err)
	}
	for i, o := range list {
		if list[i], err = o.compiled(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Service) liveRules(ctx context.Context) (Rules, error) {
	list, err := s.rules(ctx)
	return slices.DeleteFunc(list, func(o OwnRule) bool { return o.Mode != policy.Enforce }), err
}

// Rules returns the organisation's own rules of correlation by name.
func (s *Service) Rules(ctx context.Context) (Rules, error) { return s.Store.Rules(ctx) }

// AddRule keeps a rule that only observes: TryRule shows what it would do.
func (s *Service) AddRule(ctx context.Context, o OwnRule) error {
	if _, err := o.compiled(); err != nil {
		return err
	}
	o.Mode = policy.Observe
	return s.Store.AddRule(ctx, o)
}

// SetRuleMode lets a rule link accounts from the next correlation on, or stops it.
func (s *Service) SetRuleMode(ctx context.Context, name string, mode policy.Mode, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrRule.With("enforcing rule %s or stopping it needs a reason", name)
	}
	return s.Store.SetRuleMode(ctx, name, mode, reason)
}

// ChangeRule keeps what a rule, as Rules gave it, was changed to. Its name stays.
func (s *Service) ChangeRule(ctx context.Context, o OwnRule, reason string) error {
	if err := s.CheckRule(o); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return ErrRule.With("changing rule %s needs a reason", o.Name)
	}
	return s.Store.ChangeRule(ctx, o, reason)
}

// RemoveRule removes a rule, in the version that is named or, where that is zero, in
// whichever there is. What it linked is unlinked by the next correlation.
func (s *Service) RemoveRule(ctx context.Context, name string, version int64, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrRule.With("removing rule %s needs a reason", name)
	}
	return s.Store.RemoveRule(ctx, name, version, reason)
}

// CheckRule reports the first thing that keeps a rule from being used.
func (s *Service) CheckRule(o OwnRule) error {
	if o.Mode != policy.Observe && o.Mode != policy.Enforce {
		return ErrRule.With("rule %s: it observes or is enforced", o.Name)
	}
	_, err := o.compiled()
	return err
}

// TryRules says which accounts would be linked otherwise if these were the rules. It
// writes nothing.
func (s *Service) TryRules(ctx context.Context, list Rules) (Correlation, error) {
	var live Rules
	for _, o := range list {
		if o.Mode != policy.Enforce {
			continue
		}
		o, err := o.compiled()
		if err != nil {
			return Correlation{}, err
		}
		live = append(live, o)
	}
	return s.simulate(ctx, live)
}

// TryRule says which accounts would be linked otherwise if a rule that observes
// were enforced, or one that is enforced were not. It writes nothing.
func (s *Service) TryRule(ctx context.Context, name string) (Correlation, error) {
	list, err := s.rules(ctx)
	if err != nil {
		return Correlation{}, err
	}
	i := slices.IndexFunc(list, func(o OwnRule) bool { return o.Name == name })
	if i < 0 {
		return Correlation{}, ErrNotFound.With("there is no correlation rule called %q", name)
	}
	if list[i].Mode == policy.Enforce {
		list[i].Mode = policy.Observe
	} else {
		list[i].Mode = policy.Enforce
	}
	return s.simulate(ctx, slices.DeleteFunc(list, func(o OwnRule) bool { return o.Mode != policy.Enforce }))
}
