package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
)

// ErrChoice is returned for a choice that nobody could have a variant by.
var ErrChoice = fault.New(fault.Invalid, "birthright-choice", "a rule gives a parametric role with a value of each parameter for everybody, or with the attribute that it is taken from")

// Choice is a parametric role that a rule gives: everybody has the variants that fit them.
// What it does not say of a parameter is taken from the attribute that the role names.
type Choice struct {
	Role RoleID            `json:"role"`
	With map[string]string `json:"with,omitempty" doc:"By parameter, the value that is everybody's"`
	From map[string]string `json:"from,omitempty" doc:"By parameter, the attribute that each one's own values are taken from"`
}

// Want is an attribute of which one of some values is enough.
type Want struct {
	From string
	Any  []string
}

// Check reports what no role could make good.
func (c Choice) Check() error {
	for _, name := range slices.Sorted(maps.Keys(c.From)) {
		if !IsAttribute(c.From[name]) {
			return ErrChoice.With("parameter %s cannot be taken from %q: take %s, or %sNAME", name, c.From[name], strings.Join(PersonAttributes, ", "), SourceAttributes)
		}
		if _, both := c.With[name]; both {
			return ErrChoice.With("parameter %s has one value for everybody or is taken from an attribute, not both", name)
		}
	}
	return nil
}

// Equal reports whether two choices say the same.
func (c Choice) Equal(o Choice) bool {
	return c.Role == o.Role && maps.Equal(c.With, o.With) && maps.Equal(c.From, o.From)
}

// Source is the attribute that a parameter is taken from.
func (c Choice) Source(p RoleParameter) string { return cmp.Or(c.From[p.Name], p.From) }

// Fits reports what a choice and the parameters of its role have not in common.
func (c Choice) Fits(role string, parameters []RoleParameter) error {
	if len(parameters) == 0 {
		return ErrChoice.With("%s has no parameters: give it as it is", cmp.Or(role, "the role"))
	}
	known := map[string]bool{}
	for _, p := range parameters {
		known[p.Name] = true
		value, fixed := c.With[p.Name]
		switch {
		case fixed && !slices.Contains(p.Values, value):
			return ErrChoice.With("%s of %s cannot be %q: it is one of %s", p.Name, role, value, strings.Join(p.Values, ", "))
		case !fixed && c.Source(p) == "":
			return ErrChoice.With("say what %s of %s is for everybody, or from which attribute it is taken", p.Name, role)
		}
	}
	for _, said := range []map[string]string{c.With, c.From} {
		for _, name := range slices.Sorted(maps.Keys(said)) {
			if !known[name] {
				return ErrChoice.With("%s has no parameter %s", role, name)
			}
		}
	}
	return nil
}

// Wants are what somebody has to have for a variant that has some values; false where none
// that is chosen has them. Variants have any value of one parameter with any of another, so
// somebody has one where they have one value of each.
func (c Choice) Wants(parameters []RoleParameter, when map[string]string) (list []Want, ok bool) {
	for _, p := range parameters {
		value, asked := when[p.Name]
		if fixed, all := c.With[p.Name]; all {
			if asked && fixed != value {
				return nil, false
			}
			continue
		}
		w := Want{c.Source(p), p.Values}
		if asked {
			w.Any = []string{value}
		}
		list = append(list, w)
	}
	return list, true
}
