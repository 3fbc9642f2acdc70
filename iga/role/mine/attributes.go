package mine

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/internal/fault"
)

// ErrAttributes says what in a file of attributes cannot be read.
var ErrAttributes = fault.New(fault.Invalid, "role-attributes-invalid", "the attributes are not a CSV file of users and what is known of them")

// Attributes are what is known of users: their title, their place, their unit.
type Attributes struct {
	conditions []Condition
	of         map[Condition]int
	has        map[string][]int32 // user to conditions
}

// Condition is one attribute with one value.
type Condition struct{ Attribute, Value string }

// Add says that an attribute of a user has a value. An empty value says nothing.
func (a *Attributes) Add(user, attribute, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	if a.of == nil {
		a.of, a.has = map[Condition]int{}, map[string][]int32{}
	}
	c := Condition{strings.TrimSpace(attribute), value}
	i, ok := a.of[c]
	if !ok {
		i = len(a.conditions)
		a.of[c] = i
		a.conditions = append(a.conditions, c)
	}
	a.has[user] = append(a.has[user], int32(i))
}

func (a *Attributes) empty() bool { return a == nil || len(a.conditions) == 0 }

// maxAttributes is how many values are read at most.
const maxAttributes = 10_000_000

// ReadAttributes reads CSV, either of three columns called user, attribute and value (or
// attr), or of one row for each user: the first column says who, the header of each other
// one what.
func ReadAttributes(r io.Reader) (*Attributes, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, attributesError(err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if len(header) < 2 {
		return nil, ErrAttributes.With("the header of the attributes has one column: begin with the user, then a column for each attribute")
	}
	long := tall(header)
	a := &Attributes{}
	for n := 0; ; n += len(header) - 1 {
		row, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return a, nil
		case err != nil:
			return nil, attributesError(err)
		}
		line, _ := in.FieldPos(0)
		user := strings.TrimSpace(row[0])
		switch {
		case user == "":
			return nil, ErrAttributes.With("line %d of the attributes names no user", line)
		case slices.ContainsFunc(row, func(s string) bool { return !utf8.ValidString(s) || len(s) > maxName }):
			return nil, ErrAttributes.With("line %d of the attributes is not UTF-8, or has a value of more than %d bytes", line, maxName)
		case n > maxAttributes:
			return nil, ErrAttributes.With("there are more than %d attributes: leave out those that say nothing of access", maxAttributes)
		case long:
			a.Add(user, row[1], row[2])
			continue
		}
		for i, value := range row[1:] {
			a.Add(user, header[i+1], value)
		}
	}
}

// tall says whether each row has one attribute only.
func tall(header []string) bool {
	if len(header) != 3 {
		return false
	}
	second, third := strings.ToLower(strings.TrimSpace(header[1])), strings.ToLower(strings.TrimSpace(header[2]))
	return (second == "attr" || second == "attribute") && third == "value"
}

func attributesError(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrAttributes.With("the attributes are empty: begin with a header")
	}
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return ErrAttributes.With("line %d of the attributes is no CSV", e.Line).Because(e.Err)
	}
	return fmt.Errorf("reading the attributes: %w", err)
}

// Rule says whom a role is for.
type Rule struct {
	Conditions []Condition // all must hold
	Covers     int         // users for whom they do
	Precision  float64     // share of those who are members
	Recall     float64     // share of the members who are among them
}

func (r Rule) value() float64 {
	if r.Precision+r.Recall == 0 {
		return 0
	}
	return 2 * r.Precision * r.Recall / (r.Precision + r.Recall)
}

// String says the rule in words: "92 % of title=Analyst and city=Zürich".
func (r Rule) String() string {
	words := make([]string, len(r.Conditions))
	for i, c := range r.Conditions {
		words[i] = c.Attribute + "=" + c.Value
	}
	return fmt.Sprintf("%.0f %% of %s", 100*r.Precision, strings.Join(words, " and "))
}

// explains is what the precision and the recall of a rule must reach, each.
const explains = 0.8

// Explains says whether the rule is good enough to assign the role by.
func (r *Rule) Explains() bool { return r != nil && r.Precision >= explains && r.Recall >= explains }

// Explained is the share of the roles that attributes explain.
func (r *Result) Explained() float64 {
	n := 0
	for _, x := range r.Roles {
		if x.Rule.Explains() {
			n++
		}
	}
	if len(r.Roles) == 0 {
		return 0
	}
	return float64(n) / float64(len(r.Roles))
}

// nameOf proposes a name where no attribute does: what the permissions' names begin with,
// else one of them.
func (m Matrix) nameOf(permissions []int32) string {
	first, last := m.Permissions[permissions[0]], m.Permissions[permissions[len(permissions)-1]]
	if len(permissions) == 1 {
		return first
	}
	n := 0
	for n < min(len(first), len(last)) && first[n] == last[n] {
		n++
	}
	for n > 0 && !utf8.ValidString(first[:n]) {
		n--
	}
	if n >= 3 {
		return fmt.Sprintf("%s… (%d)", first[:n], len(permissions))
	}
	return fmt.Sprintf("%s and %d more", first, len(permissions)-1)
}

func byValue(a, b Rule) int {
	return cmp.Or(cmp.Compare(b.value(), a.value()), cmp.Compare(len(a.Conditions), len(b.Conditions)), slices.CompareFunc(a.Conditions, b.Conditions, compareConditions))
}
