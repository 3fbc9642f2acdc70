package postgres

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// identRow is a line of pg_ident.conf: whom the system or the directory calls
// System may be the role, under a map.
type identRow struct {
	Map, System, Role string
}

// group1 stands in a role for the first group of a pattern.
const group1 = `\1`

// outsiders are whom a map lets in as a role, by their own names. What cannot be
// told apart by name alone is said in words.
func (g *gate) outsiders(lines []identRow, name string, r *role) (names, unclear []string) {
	for _, line := range lines {
		if line.Map != name {
			continue
		}
		pattern, is := strings.CutPrefix(line.System, "/")
		switch {
		case !is:
			switch g.mapped(line.Role, r) {
			case yes:
				names = append(names, line.System)
			case maybe: // a pattern of PostgreSQL's own stands for the role
				unclear = append(unclear, line.System)
			case no:
			}
		case strings.Contains(line.Role, group1) && (!g.patterns || !strings.HasPrefix(line.Role, "/")):
			found, whole := g.invert(pattern, line.Role, r)
			names = append(names, found...)
			if !whole {
				unclear = append(unclear, line.System)
			}
		case g.mapped(line.Role, r) != no:
			unclear = append(unclear, line.System)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), unclear
}

// mapped reports whether the role column of a map means a role. Before version 16
// it was a plain name.
func (g *gate) mapped(name string, r *role) answer {
	if !g.patterns {
		return sure(name == r.Name)
	}
	return g.role(name, r)
}

// invert finds the names that a pattern turns into a role: the part in its group is
// known from the role, and the rest must be plain text. It reports false where it
// is not.
func (g *gate) invert(pattern, template string, r *role) (names []string, whole bool) {
	before, after, _ := strings.Cut(template, group1)
	part, fits := strings.CutPrefix(r.Name, before)
	if part, fits = cutSuffix(part, after, fits); !fits {
		return nil, true
	}
	re := g.compile(pattern)
	if re == nil {
		return nil, false
	}
	first, last, plain := around(pattern)
	if !plain {
		return nil, false
	}
	name := first + part + last
	if m := re.FindStringSubmatch(name); len(m) > 1 && m[1] == part {
		return []string{name}, true
	}
	return nil, true
}

func cutSuffix(s, suffix string, fits bool) (string, bool) {
	rest, ends := strings.CutSuffix(s, suffix)
	return rest, fits && ends && rest != ""
}

// around takes a pattern of text, one group and text apart.
func around(pattern string) (first, last string, plain bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", "", false
	}
	parts, seen := []*syntax.Regexp{tree}, false
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	var begins, ends bool
	for i, p := range parts {
		switch p.Op { //nolint:exhaustive // any other part is not plain
		case syntax.OpBeginText:
			begins = i == 0
		case syntax.OpEndText:
			ends = i == len(parts)-1
		case syntax.OpLiteral:
			if p.Flags&syntax.FoldCase != 0 {
				return "", "", false
			}
			if seen {
				last += string(p.Rune)
			} else {
				first += string(p.Rune)
			}
		case syntax.OpCapture:
			if seen {
				return "", "", false
			}
			seen = true
		default:
			return "", "", false
		}
	}
	return first, last, seen && begins && ends
}
