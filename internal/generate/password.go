package generate

import (
	"crypto/rand"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// ErrRules is returned for rules that no good password could follow.
var ErrRules = fault.New(fault.Invalid, "bad-password-rules", "no good password follows these rules")

// Class is a group of characters that passwords are drawn from.
type Class string

// The classes.
const (
	Lower   Class = "lower"
	Upper   Class = "upper"
	Digits  Class = "digits"
	Symbols Class = "symbols"
)

// Classes are all of them.
var Classes = []Class{Lower, Upper, Digits, Symbols}

// What is easily taken for another character is left out.
var characters = map[Class]string{
	Lower: "abcdefghijkmnpqrstuvwxyz", Upper: "ABCDEFGHJKLMNPQRSTUVWXYZ", Digits: "23456789", Symbols: "+-=.:@%",
}

// Rules are what a password has to be like where it is used. The zero value is good for
// most: 24 characters, some of each class.
type Rules struct {
	Length  int     `json:"length,omitempty" minimum:"8" maximum:"256" doc:"How long; 24 without it"`
	Classes []Class `json:"classes,omitempty" maxItems:"4" enum:"lower,upper,digits,symbols" doc:"Of what there is some of each; all without it"`
	Symbols string  `json:"symbols,omitempty" maxLength:"32" doc:"The symbols to draw from, where the class is in it"`
	Refuse  string  `json:"refuse,omitempty" maxLength:"64" doc:"Characters that what it opens does not take"`
}

const (
	Usual      = 24 // is how long a password is that nothing is said of: more than 130 bits of all classes
	maxLength  = 256
	fewestBits = 64
)

// groups are the characters to draw some of each from, without what is refused.
func (r Rules) groups() ([]string, int, error) {
	length, classes := r.Length, r.Classes
	if length == 0 {
		length = Usual
	}
	if len(classes) == 0 {
		classes = Classes
	}
	var groups []string
	all := 0
	for i, c := range classes {
		from, ok := characters[c]
		switch {
		case !ok:
			return nil, 0, ErrRules.With("%q is no class of characters; there are lower, upper, digits and symbols", c)
		case slices.Contains(classes[:i], c):
			return nil, 0, ErrRules.With("the class %s is named twice", c)
		case c == Symbols && r.Symbols != "":
			from = r.Symbols
		}
		left, err := without(from, r.Refuse)
		if err != nil {
			return nil, 0, err
		}
		if left == "" {
			return nil, 0, ErrRules.With("every character of the class %s is refused", c)
		}
		groups, all = append(groups, left), all+len(left)
	}
	switch {
	case length < len(groups) || length < 8 || length > maxLength:
		return nil, 0, ErrRules.With("a password is between 8 and %d characters long, not %d", maxLength, length)
	case float64(length)*math.Log2(float64(all)) < fewestBits:
		return nil, 0, ErrRules.With("%d characters of %d are guessed too soon: make it longer", length, all)
	}
	return groups, length, nil
}

// without is each printable ASCII character of a text once, but for those that are refused.
func without(text, refuse string) (string, error) {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c > '~' {
			return "", ErrRules.With("symbols are printable ASCII characters")
		}
		if !strings.Contains(refuse, string(c)) && !strings.Contains(b.String(), string(c)) {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// Validate reports rules that no good password could follow.
func (r Rules) Validate() error {
	_, _, err := r.groups()
	return err
}

// Password draws a password.
func Password(r Rules) (secret.Secret, error) {
	groups, length, err := r.groups()
	if err != nil {
		return secret.Secret{}, err
	}
	all, _ := without(strings.Join(groups, ""), "")
	b := make([]byte, length)
	defer clear(b)
	for i := range b {
		from := all
		if i < len(groups) {
			from = groups[i]
		}
		n, err := draw(len(from))
		if err != nil {
			return secret.Secret{}, err
		}
		b[i] = from[n]
	}
	for i := len(b) - 1; i > 0; i-- { // so that no place says which class it is of
		n, err := draw(i + 1)
		if err != nil {
			return secret.Secret{}, err
		}
		b[i], b[n] = b[n], b[i]
	}
	return secret.New(b), nil
}

func draw(n int) (int, error) {
	x, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, err
	}
	return int(x.Int64()), nil
}
