package connector

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check refuses a change that the kind does not make, or whose account, attributes or
// mark cannot be. What is left to the connector is what only its system knows.
func (s Spec) Check(system string, c Change) error {
	no := func(why string) error { return ErrUnsupported.With("%s %q: %s", s.Kind, system, why) }
	if !slices.Contains(s.Changes, c.Kind) {
		return no("the change is not known: " + strconv.Quote(Text(string(c.Kind), maxMark)))
	}
	if c.Mark != "" && !isMark(c.Mark) {
		return no("the mark is none")
	}
	switch c.Kind {
	case CreateAccount:
		if c.New == nil {
			return no("nothing is said of the account that is to be made")
		}
		if why := s.checkNew(*c.New); why != "" {
			return no(why)
		}
	case UpdateAccount:
		if why := s.checkValues(c.Set, false); why != "" {
			return no(why)
		}
	case AddGrant, RemoveGrant, DisableAccount, EnableAccount, DeleteAccount, EndSessions:
	}
	return nil
}

func (s Spec) checkNew(n NewAccount) string {
	switch {
	case n.Login == "" || len(n.Login) > maxLogin || !isText(n.Login):
		return "the login cannot be one"
	case !isMark(n.Mark):
		return "the account to be made has no mark, or one that is none"
	case !s.FirstPassword && !n.Credential.Empty():
		return "accounts of this kind of system are made without a first password"
	case !isSecret(n.Credential.Reveal()):
		return "the first password must be printable ASCII, at most 256 characters"
	}
	for _, a := range s.Settable {
		if a.Required && n.Values[a.Name] == "" {
			return "an account cannot be made without " + a.Name
		}
	}
	return s.checkValues(n.Values, true)
}

func (s Spec) checkValues(values map[string]string, made bool) string {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		i := slices.IndexFunc(s.Settable, func(a Setting) bool { return a.Name == name })
		switch {
		case i < 0:
			return "an account has no attribute " + strconv.Quote(Text(name, maxMark)) + " that can be set"
		case len(value) > maxValue || !isText(value):
			return name + " is too long, or holds what is not text"
		case name == SetLogin && (made || value == "" || len(value) > maxLogin):
			return "the login is given when an account is made, and later by another one"
		case made:
		case s.Settable[i].Fixed:
			return name + " is fixed once the account is made"
		case s.Settable[i].Required && value == "":
			return name + " cannot be taken away"
		}
	}
	return ""
}

// isText refuses line breaks and what surrounds a value unseen: a system that cuts it off
// would never show what was set.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) && strings.TrimSpace(s) == s
}

func isSecret(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(b) <= maxSecret
}

// Owned is ErrTaken for an account that does not have the mark that a change names.
// What is there, so marked, is somebody else's.
func (c Change) Owned(kind, system, mark string) error {
	want := c.Mark
	if c.New != nil {
		want = c.New.Mark
	}
	if want == "" || want == mark {
		return nil
	}
	login := c.Account
	if c.New != nil {
		login = c.New.Login
	}
	return ErrTaken.With("%s %q: %s is there and is not the account that is meant: it does not have its mark; look whose it is, and choose another login or let go of it", kind, system, strconv.Quote(Text(login, maxLogin)))
}

// Shows reports whether an account has values as they were set: "" is without.
func (f Found) Shows(set map[string]string) bool {
	for name, value := range set {
		if f.Values[name] != value {
			return false
		}
	}
	return true
}
