package role

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// What a role can break.
var (
	ErrNotFound   = fault.New(fault.NotFound, "role-not-found", "there is no such role")
	ErrName       = fault.New(fault.Invalid, "role-name", "a role is called something, in at most 100 characters on one line")
	ErrTaken      = fault.New(fault.Conflict, "role-taken", "there is already a role of that name: choose another")
	ErrKind       = fault.New(fault.Invalid, "role-kind", "a role is of kind business or technical")
	ErrEmpty      = fault.New(fault.Invalid, "role-empty", "a role contains at least one entitlement or role: add one")
	ErrPart       = fault.New(fault.Invalid, "role-part", "a part of a role is one entitlement or one role that is there")
	ErrContains   = fault.New(fault.Invalid, "role-contains-business", "a technical role never contains a business role: contain it the other way, or make this one a business role")
	ErrCycle      = fault.New(fault.Invalid, "role-cycle", "a role cannot contain itself")
	ErrDepth      = fault.New(fault.Invalid, "role-depth", "roles are contained in each other too deeply: contain the lower ones directly")
	ErrSize       = fault.New(fault.Invalid, "role-size", "a role contains too much: divide it")
	ErrParameter  = fault.New(fault.Invalid, "role-parameter", "a parameter has a name of lower-case letters, digits and dashes, and a list of values")
	ErrValues     = fault.New(fault.Invalid, "role-values", "a parametric role is assigned with one of the values of each of its parameters")
	ErrOwner      = fault.New(fault.Invalid, "role-owner", "a role is answered for by a person who works here")
	ErrChanged    = httpapi.ErrStale
	ErrReason     = fault.New(fault.Invalid, "role-reason", "say why")
	errNoVariants = fault.New(fault.Invalid, "role-variants", "a role has too many variants: divide it by a parameter")
)

// The limits.
const (
	MaxDepth      = 8      // of roles that contain each other
	MaxParts      = 2_000  // of one role
	MaxGiven      = 10_000 // entitlements that a role gives, inherited ones with them
	MaxParameters = 4
	MaxValues     = 200 // of one parameter
	MaxVariants   = 1_000
	maxName       = 100
	maxText       = 2_000
)

// Kind is what a role stands for.
type Kind string

// The kinds.
const (
	Business  Kind = "business"
	Technical Kind = "technical"
)

// Kinds lists them in display order.
var Kinds = []Kind{Business, Technical}

// Values are what parameters have: one value for each name.
type Values map[string]string

// String writes values in one way, by name: region=emea, project=apollo.
func (v Values) String() string {
	words := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		words = append(words, name+"="+v[name])
	}
	return strings.Join(words, ", ")
}

// Key writes values as they are kept and compared; none are the empty text.
func (v Values) Key() string {
	if len(v) == 0 {
		return ""
	}
	text, err := json.Marshal(map[string]string(v)) // by name
	if err != nil {
		panic(err) // text
	}
	return string(text)
}

// has reports whether all of some values are among these.
func (v Values) has(some Values) bool {
	for name, value := range some {
		if v[name] != value {
			return false
		}
	}
	return true
}

// Parameter is what an assignment of a role has to say.
type Parameter struct {
	Name   string   `json:"name" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" maxLength:"40" example:"region"`
	Values []string `json:"values" minItems:"1" maxItems:"200" doc:"What it may be" example:"emea"`
	From   string   `json:"from,omitempty" maxLength:"100" doc:"The attribute that birthright rules take it from, where they say nothing else" example:"identity.attributes.region"`
}

// Part is what a role contains: an entitlement or another role, for all who have the role
// or for some values of its parameters only.
type Part struct {
	Entitlement access.EntitlementID `json:"entitlement,omitzero"`
	Role        access.RoleID        `json:"role,omitzero"`
	When        Values               `json:"when,omitempty" doc:"Only where the parameters have these values"`
}

// Definition is what a role is: what a draft proposes and a version fixes.
type Definition struct {
	Name        string            `json:"name" minLength:"1" maxLength:"100"`
	Kind        Kind              `json:"kind" enum:"business,technical"`
	Description string            `json:"description,omitempty" maxLength:"2000"`
	Owner       access.IdentityID `json:"owner,omitzero" doc:"Who answers for it"`
	Parameters  []Parameter       `json:"parameters,omitempty" maxItems:"4"`
	Parts       []Part            `json:"parts" minItems:"1" maxItems:"2000"`
}

// tidy writes a definition in one way.
func (d *Definition) tidy() {
	d.Name = strings.Join(strings.Fields(d.Name), " ")
	d.Description = strings.TrimSpace(d.Description)
	slices.SortFunc(d.Parts, func(a, b Part) int { return strings.Compare(a.key(), b.key()) })
	d.Parts = slices.CompactFunc(d.Parts, func(a, b Part) bool { return a.key() == b.key() })
	for i := range d.Parameters {
		slices.Sort(d.Parameters[i].Values)
		d.Parameters[i].Values = slices.Compact(d.Parameters[i].Values)
	}
	slices.SortFunc(d.Parameters, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
}

func (p Part) key() string {
	return p.Role.String() + " " + p.Entitlement.String() + " " + p.When.Key()
}

// check reports the first rule that a definition breaks by itself.
func (d *Definition) check() error {
	switch {
	case !isLine(d.Name, maxName):
		return ErrName
	case !slices.Contains(Kinds, d.Kind):
		return ErrKind.With("%q is no kind of role: take business or technical", d.Kind)
	case !utf8.ValidString(d.Description) || utf8.RuneCountInString(d.Description) > maxText:
		return ErrName.With("a role is described in at most %d characters", maxText)
	case len(d.Parts) == 0:
		return ErrEmpty
	case len(d.Parts) > MaxParts:
		return ErrSize.With("a role has at most %d parts: divide it", MaxParts)
	}
	if err := checkParameters(d.Parameters); err != nil {
		return err
	}
	for _, p := range d.Parts {
		if (p.Entitlement == 0) == (p.Role == 0) {
			return ErrPart.With("a part is one entitlement or one role: write them as two parts")
		}
		for name, value := range p.When {
			if !d.may(name, value) {
				return ErrParameter.With("a part is given when %s=%s, which no parameter of the role can be", name, value)
			}
		}
	}
	return nil
}

func checkParameters(list []Parameter) error {
	if len(list) > MaxParameters {
		return ErrParameter.With("a role has at most %d parameters", MaxParameters)
	}
	for i, p := range list {
		switch {
		case !isParameter(p.Name):
			return ErrParameter.With("%q is no name for a parameter: lower-case letters, digits and single dashes, 40 at most", p.Name)
		case i > 0 && list[i-1].Name == p.Name:
			return ErrParameter.With("there are two parameters called %s", p.Name)
		case len(p.Values) == 0 || len(p.Values) > MaxValues:
			return ErrParameter.With("parameter %s has %d values: list what it may be, %d at most", p.Name, len(p.Values), MaxValues)
		case p.From != "" && !access.IsAttribute(p.From):
			return ErrParameter.With("parameter %s cannot be taken from %q: take %s, or %sNAME", p.Name, p.From, strings.Join(access.PersonAttributes, ", "), access.SourceAttributes)
		case slices.ContainsFunc(p.Values, func(v string) bool { return !isLine(v, maxName) }):
			return ErrParameter.With("a value of parameter %s is empty, too long, or not on one line", p.Name)
		}
	}
	return nil
}

func isParameter(name string) bool {
	ok := name != "" && len(name) <= 40 && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-") && !strings.Contains(name, "--")
	return ok && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func isLine(text string, most int) bool {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	return strings.TrimSpace(text) != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, odd)
}

// may reports whether a parameter can have a value.
func (d *Definition) may(name, value string) bool {
	i := slices.IndexFunc(d.Parameters, func(p Parameter) bool { return p.Name == name })
	return i >= 0 && slices.Contains(d.Parameters[i].Values, value)
}

// bind checks values for all parameters.
func (d *Definition) bind(v Values) error {
	for name, value := range v {
		if !d.may(name, value) {
			return ErrValues.With("%s cannot be %q: %s", name, value, d.wants())
		}
	}
	if len(v) != len(d.Parameters) {
		return ErrValues.With("%s", d.wants())
	}
	return nil
}

// wants says in words what an assignment has to name.
func (d *Definition) wants() string {
	if len(d.Parameters) == 0 {
		return "the role has no parameters"
	}
	words := make([]string, len(d.Parameters))
	for i, p := range d.Parameters {
		words[i] = p.Name + " is one of " + strings.Join(p.Values, ", ")
	}
	return "name one value of each parameter: " + strings.Join(words, "; ")
}
