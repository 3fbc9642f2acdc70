package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What a mapping can break.
var (
	ErrMapping      = fault.New(fault.Invalid, "bad-mapping", "the mapping cannot be used")
	ErrNoMapping    = fault.New(fault.NotFound, "mapping-not-found", "the system has no mapping")
	ErrMappingStale = fault.New(fault.Conflict, "mapping-changed", "somebody has changed the mapping meanwhile: look at it again")
	ErrMappingFails = fault.New(fault.Invalid, "mapping-fails", "the mapping says nothing of this person that could be an account")
)

// Recipient is who is given a first credential.
type Recipient string

// The recipients. Nobody: accounts are made without one.
const (
	ToNobody  Recipient = ""
	ToManager Recipient = "manager"
	ToSponsor Recipient = "sponsor"
	ToOwner   Recipient = "owner"
)

// Mapping says how somebody's account in one system follows from who they are.
type Mapping struct {
	System     access.SystemID   `json:"system"`
	When       string            `json:"when,omitempty"`       // who has an account even without an entitlement
	Logins     []string          `json:"logins"`               // tried in order; the last is numbered
	Attributes map[string]string `json:"attributes,omitempty"` // by the names that the kind of system knows
	Recipient  Recipient         `json:"recipient,omitempty"`
	Retention  int               `json:"retention_days,omitempty"` // a disabled account is deleted after so many days; 0 is never
	Renames    bool              `json:"renames,omitempty"`        // the login follows the name
	Mode       policy.Mode       `json:"-"`
	Version    int64             `json:"-"` // the store's
}

const (
	mostLogins       = 8
	mostAttributes   = 32
	longestRetention = 3650
	mostNumbered     = 999
	maxLoginBytes    = 64
)

// loginForm keeps logins to what every kind of system and every shell can bear. Two that
// differ in case only are one: some kinds of system do not tell them apart.
var loginForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@-]*$`)

// accountLogin is what attributes may look at beside the identity.
const accountLogin = "account.login"

// mapped is a mapping that can be evaluated.
type mapped struct {
	Mapping
	when       *policy.Expr // nil where it is for nobody by itself
	logins     []*policy.Expr
	attributes map[string]*policy.Expr
}

// compile checks a mapping.
func (m Mapping) compile() (*mapped, error) {
	no := func(text string, args ...any) error { return ErrMapping.With(text, args...) }
	switch {
	case m.System == 0:
		return nil, no("a mapping is of a system")
	case len(m.Logins) == 0 || len(m.Logins) > mostLogins:
		return nil, no("a mapping has 1 to %d expressions for a login", mostLogins)
	case len(m.Attributes) > mostAttributes:
		return nil, no("a mapping has at most %d attributes", mostAttributes)
	case m.Retention < 0 || m.Retention > longestRetention:
		return nil, no("a disabled account stays 0 (for good) to %d days", longestRetention)
	case !slices.Contains([]Recipient{ToNobody, ToManager, ToSponsor, ToOwner}, m.Recipient):
		return nil, no("a first credential goes to the manager, the sponsor, the owner or nobody, not to %q", m.Recipient)
	}
	c := &mapped{Mapping: m, attributes: map[string]*policy.Expr{}}
	var err error
	if m.When != "" {
		if c.when, err = policy.Compile(m.When, Vars); err != nil {
			return nil, fmt.Errorf("the condition: %w", err)
		}
		if !c.when.Decides() {
			return nil, no("the condition must be true or false")
		}
	}
	for _, text := range m.Logins {
		x, err := textOf(text, Vars)
		if err != nil {
			return nil, fmt.Errorf("the login: %w", err)
		}
		c.logins = append(c.logins, x)
	}
	env := maps.Clone(Vars)
	env[accountLogin] = policy.StringVar
	for name, text := range m.Attributes {
		if c.attributes[name], err = textOf(text, env); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return c, nil
}

// fits checks the attributes; settings are what an account of the system can be given.
func (m Mapping) fits(settings []string) error {
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if !slices.Contains(settings, name) {
			return ErrMapping.With("an account of this system has no attribute %q that can be given: there are %s", name, strings.Join(settings, ", "))
		}
	}
	return nil
}

// textOf compiles an expression that yields text.
func textOf(source string, env policy.Env) (*policy.Expr, error) {
	x, err := policy.Compile(source, env)
	if err != nil {
		return nil, err
	}
	if !x.YieldsText() {
		return nil, ErrMapping.With("%q yields no text", source)
	}
	return x, nil
}

// meets reports whether somebody has an account by the mapping alone.
func (m *mapped) meets(vars map[string]any) (bool, error) {
	if m.when == nil {
		return false, nil
	}
	meets, err := m.when.Bool(vars)
	if err != nil {
		return false, ErrMappingFails.With("the condition: %s", reasonFor(err))
	}
	return meets, nil
}

// candidates are the logins that somebody may be given, the best first. Each expression
// may yield none; all failing is an error.
func (m *mapped) candidates(vars map[string]any) (list []string, err error) {
	var failed error
	for _, x := range m.logins {
		login, err := x.Text(vars)
		switch {
		case err != nil:
			failed = ErrMappingFails.With("the login: %s", reasonFor(err))
		case login == "":
		case len(login) > maxLoginBytes || !loginForm.MatchString(login):
			failed = ErrMappingFails.With("the login: %q is not of letters and digits of ASCII, dots, dashes, underscores and @, %d at most", login, maxLoginBytes)
		case !slices.Contains(list, login):
			list = append(list, login)
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case failed == nil:
		failed = ErrMappingFails.With("the login: no expression yields one")
	}
	return nil, failed
}

// pick is the first free candidate, or the last with the first free number from 2 on. In
// front of an @, that is.
func pick(candidates []string, free func(login string) (bool, error)) (string, error) {
	for _, login := range candidates {
		if ok, err := free(login); ok || err != nil {
			return login, err
		}
	}
	last := candidates[len(candidates)-1]
	for n := 2; n <= mostNumbered; n++ {
		login := numbered(last, n)
		if len(login) > maxLoginBytes {
			break
		}
		if ok, err := free(login); ok || err != nil {
			return login, err
		}
	}
	return "", ErrMappingFails.With("the login: %q is taken, and so is every number of it", last)
}

func numbered(login string, n int) string {
	local, domain, at := strings.Cut(login, "@")
	if at {
		domain = "@" + domain
	}
	return local + strconv.Itoa(n) + domain
}

// follows reports whether a login is one of those that somebody may be given, numbered or
// not.
func follows(login string, candidates []string) bool {
	local, domain, _ := strings.Cut(strings.ToLower(login), "@")
	local = strings.TrimRight(local, "0123456789")
	return slices.ContainsFunc(candidates, func(c string) bool {
		l, d, _ := strings.Cut(strings.ToLower(c), "@")
		return strings.EqualFold(c, login) || l == local && d == domain
	})
}

// values are an account's attributes.
func (m *mapped) values(vars map[string]any, login string) (map[string]string, error) {
	vars[accountLogin] = login
	all := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.attributes)) {
		value, err := m.attributes[name].Text(vars)
		if err != nil {
			return nil, ErrMappingFails.With("attribute %s: %s", name, reasonFor(err))
		}
		all[name] = value
	}
	return all, nil
}

// reasonFor is the innermost words of an error of an expression: what CEL says.
func reasonFor(err error) string {
	for {
		u, ok := err.(interface{ Unwrap() error }) //nolint:errorlint // it looks for the innermost
		if !ok || u.Unwrap() == nil {
			return err.Error()
		}
		err = u.Unwrap()
	}
}

// MappingStore keeps mappings.
type MappingStore interface {
	// Mappings are all of them, by system.
	Mappings(ctx context.Context) ([]Mapping, error)
	// SetMapping keeps a mapping in place of the version that it names, none being 0, or
	// returns ErrMappingStale.
	SetMapping(ctx context.Context, m Mapping, reason string) error
	// RemoveMapping ends a system's mapping, or returns ErrNoMapping, or ErrMappingStale
	// where another version than the one that is named stands; zero is whichever there is.
	RemoveMapping(ctx context.Context, id access.SystemID, version int64, reason string) error
	// LoginFree reports whether a system's login was never anybody's, or only this
	// identity's.
	LoginFree(ctx context.Context, id access.SystemID, login string, of access.IdentityID) (bool, error)
	// Failing are those for whom a system's mapping, or any, fails as it is enforced, the
	// first of them, and how many they are.
	Failing(ctx context.Context, system access.SystemID, most int) ([]Failing, int, error)
}
