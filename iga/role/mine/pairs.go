package mine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/internal/fault"
)

// ErrPairs says which line of a file of pairs cannot be read.
var ErrPairs = fault.New(fault.Invalid, "role-pairs-invalid", "a line of the pairs is not a user and a permission with a space, a tab, a comma or a semicolon between them")

const (
	maxLine       = 64 << 10
	maxName       = 1 << 10
	byteOrderMark = "\ufeff"
)

// ReadPairs reads lines of a user and a permission with blanks between them, or commas or
// semicolons where the first line has these. What begins with # is a comment; empty lines,
// pairs said twice and a line of headings are fine, and the first line that is anything
// else ends it.
func ReadPairs(r io.Reader) (Matrix, error) {
	var p pairing
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		text := lines.Text()
		if n == 1 {
			text = strings.TrimPrefix(text, byteOrderMark)
		}
		if err := p.line(text); err != nil {
			return Matrix{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Matrix{}, ErrPairs.With("line %d is longer than %d bytes: write a user and a permission on each line", n+1, maxLine)
	case err != nil:
		return Matrix{}, fmt.Errorf("reading the pairs after line %d: %w", n, err)
	}
	if err := p.end(); err != nil {
		return Matrix{}, err
	}
	return p.b.Matrix(), nil
}

// pairing is a file of pairs while it is read.
type pairing struct {
	b        Builder
	begun    bool
	between  string   // what separates the two; empty where blanks do
	headings []string // the first line, where it looks like some
}

func (p *pairing) line(text string) error {
	if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
		return nil
	}
	first := !p.begun
	if first {
		p.begun = true
		p.between = separator(text)
	}
	fields := p.fields(text)
	if why := wrong(fields); why != "" {
		return ErrPairs.With("it %s: write a user and a permission with a space, a tab, a comma or a semicolon between them", why)
	}
	if first && headings(fields) {
		p.headings = []string{strings.Clone(fields[0]), strings.Clone(fields[1])}
		return nil
	}
	return p.b.Add(fields[0], fields[1])
}

// end takes the headings for a pair after all where one of them is somebody's name.
func (p *pairing) end() error {
	if p.headings != nil && (p.b.users.knows(p.headings[0]) || p.b.permissions.knows(p.headings[1])) {
		return p.b.Add(p.headings[0], p.headings[1])
	}
	if len(p.b.pairs) == 0 {
		return ErrPairs.With("there is no pair in it: write a user and a permission on each line")
	}
	return nil
}

// separator is what the first line has between its two names, where those are not two
// words anyway.
func separator(text string) string {
	words := uncommented(strings.Fields(text))
	for _, sep := range []string{",", ";"} {
		if parts := strings.Split(text, sep); len(parts) == 2 && (len(words) != 2 || strings.HasSuffix(words[0], sep) || strings.HasPrefix(words[1], sep)) {
			return sep
		}
	}
	return ""
}

// fields splits a line. A single tab may separate names with blanks in them.
func (p *pairing) fields(text string) []string {
	if p.between != "" {
		fields := strings.Split(text, p.between)
		for i, f := range fields {
			fields[i] = unquoted(strings.TrimSpace(f))
		}
		return fields
	}
	words := uncommented(strings.Fields(text))
	if user, permission, ok := strings.Cut(text, "\t"); len(words) > 2 && ok && !strings.Contains(permission, "\t") {
		return []string{strings.TrimSpace(user), strings.TrimSpace(permission)}
	}
	return words
}

// uncommented ends a line at a word that begins a comment: names may have a # further
// inside.
func uncommented(words []string) []string {
	if i := slices.IndexFunc(words, func(w string) bool { return w[0] == '#' }); i >= 0 {
		return words[:i]
	}
	return words
}

func unquoted(name string) string {
	if n := len(name); n >= 2 && name[0] == '"' && name[n-1] == '"' {
		return strings.ReplaceAll(name[1:n-1], `""`, `"`)
	}
	return name
}

// headings says whether a first line names what follows: nobody is called "user" who has
// something called "permission".
func headings(fields []string) bool {
	word := func(s string) string {
		s = strings.Map(func(r rune) rune {
			if r == '_' || r == '-' || r == ' ' {
				return -1
			}
			return r
		}, strings.ToLower(s))
		return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "s"), "id"), "name")
	}
	return slices.Contains([]string{"user", "identity", "account", "subject", "holder", "employee"}, word(fields[0])) &&
		slices.Contains([]string{"permission", "perm", "entitlement", "privilege", "right", "acces", "resource", "group"}, word(fields[1]))
}

func wrong(fields []string) string {
	switch {
	case len(fields) == 1 || len(fields) == 2 && fields[1] == "":
		return "has no permission"
	case len(fields) > 2:
		return fmt.Sprintf("has %d words", len(fields))
	case fields[0] == "":
		return "has no user"
	}
	for _, f := range fields {
		switch {
		case len(f) > maxName:
			return fmt.Sprintf("has a name of more than %d bytes", maxName)
		case !utf8.ValidString(f):
			return "is not UTF-8"
		}
	}
	return ""
}
