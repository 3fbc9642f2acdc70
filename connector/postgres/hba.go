package postgres

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// hbaRow is a line of pg_hba.conf as the server reads it now; what it last loaded
// may be older.
type hbaRow struct {
	Line             int32
	Type             string
	Databases, Users []string
	Address, Netmask string
	Method           string
	Options          []string
	Error            string
}

// rule is a line that is in force.
type rule struct {
	hbaRow
	from addresses
}

// transports are how a connection may come: by the socket, in the clear, with TLS,
// or wrapped by GSSAPI.
var transports = map[string]string{
	"local": "l", "host": "csg", "hostssl": "s", "hostnossl": "cg", "hostgssenc": "g", "hostnogssenc": "cs",
}

// replication is what a connection for replication asks for instead of a database;
// only the rule's own word matches it, "all" does not.
const replication = "replication"

// option is the value of one of the method's options.
func (r *rule) option(name string) string {
	for _, o := range r.Options {
		if key, value, _ := strings.Cut(o, "="); key == name {
			return value
		}
	}
	return ""
}

// answer is whether a rule matches; some patterns of PostgreSQL's cannot be read here.
type answer uint8

const (
	no answer = iota
	maybe
	yes
)

// gate is pg_hba.conf and what its names are compared with.
type gate struct {
	rules     []*rule
	databases []string // that take connections
	every     bool     // some rule compares databases by pattern or by membership
	broken    bool     // there are lines that the server cannot read
	onePlace  bool     // all rules of method ldap look people up in one place
	patterns  bool     // names may be regular expressions, since version 16
	member    func(role *role, group string) bool
	compiled  map[string]*regexp.Regexp
}

// ways are the rules by which the server decides on a role: of each kind of
// connection, database and address only the first that matches counts. That two
// rules together leave nothing for a third is not seen: such a third one counts.
func (g *gate) ways(r *role) (list []*rule) {
	var mine []ruling
	for _, x := range g.rules {
		if match := g.user(x, r); match != no {
			mine = append(mine, ruling{x, match})
		}
	}
	databases := g.questions(mine, r)
	for _, transport := range "lcsg" {
		for _, database := range databases {
			var taken []addresses
			for _, x := range mine {
				if !strings.ContainsRune(transports[x.Type], transport) {
					continue
				}
				match := min(x.match, g.database(x.rule, database, r))
				if match == no || slices.ContainsFunc(taken, func(t addresses) bool { return t.hold(x.from) }) {
					continue
				}
				if !slices.Contains(list, x.rule) {
					list = append(list, x.rule)
				}
				if match == yes {
					taken = append(taken, x.from)
				}
			}
		}
	}
	return list
}

// ruling is a rule that may mean a role.
type ruling struct {
	*rule
	match answer
}

// questions are databases enough to tell apart all that a role's rules do: the ones
// that are named, the role's own, and one that nobody names.
func (g *gate) questions(mine []ruling, r *role) (list []string) {
	if r.Replication || r.Super {
		list = append(list, replication)
	}
	names := map[string]bool{r.Name: true}
	for _, x := range mine {
		for _, d := range x.Databases {
			names[d] = true
		}
	}
	other := false
	for _, d := range g.databases {
		if g.every || names[d] || !other {
			list = append(list, d)
		}
		other = other || !names[d]
	}
	return list
}

func (g *gate) database(x *rule, database string, r *role) answer {
	best := no
	for _, name := range x.Databases {
		match := no
		switch {
		case name == replication:
			match = sure(database == replication)
		case database == replication:
		case name == "all", name == "sameuser" && database == r.Name:
			match = yes
		case name == "samerole" || name == "samegroup":
			match = sure(g.member(r, database))
		default:
			match = g.name(name, database)
		}
		best = max(best, match)
	}
	return best
}

func (g *gate) user(x *rule, r *role) answer {
	best := no
	for _, name := range x.Users {
		best = max(best, g.role(name, r))
	}
	return best
}

// role reports whether a name as rules and maps write it means a role.
func (g *gate) role(name string, r *role) answer {
	if group, is := strings.CutPrefix(name, "+"); is {
		return sure(g.member(r, group))
	}
	if name == "all" {
		return yes
	}
	return g.name(name, r.Name)
}

func (g *gate) name(pattern, name string) answer {
	if !g.patterns || !strings.HasPrefix(pattern, "/") {
		return sure(pattern == name)
	}
	re := g.compile(pattern[1:])
	if re == nil {
		return maybe
	}
	return sure(re.MatchString(name))
}

// compile returns nil for what is written in a way of PostgreSQL's own.
func (g *gate) compile(pattern string) *regexp.Regexp {
	re, known := g.compiled[pattern]
	if !known {
		re, _ = regexp.Compile(pattern)
		g.compiled[pattern] = re
	}
	return re
}

func sure(is bool) answer {
	if is {
		return yes
	}
	return no
}

// addresses is where a rule lets connections come from.
type addresses struct {
	all    bool
	prefix netip.Prefix
	word   string // samehost, samenet or a host's name; its extent is not known here
}

func (r *hbaRow) addresses() addresses {
	if r.Type == "local" || r.Address == "all" {
		return addresses{all: true}
	}
	at, err := netip.ParseAddr(r.Address)
	if err != nil {
		return addresses{word: r.Address}
	}
	bits := at.BitLen()
	if mask, err := netip.ParseAddr(r.Netmask); err == nil && mask.BitLen() == bits {
		bits = onesIn(mask)
	}
	return addresses{prefix: netip.PrefixFrom(at, bits).Masked()}
}

func onesIn(mask netip.Addr) (bits int) {
	for _, b := range mask.AsSlice() {
		for ; b != 0; b <<= 1 {
			bits++
		}
	}
	return bits
}

// hold reports whether every address of b is one of a, as far as that is known.
func (a addresses) hold(b addresses) bool {
	switch {
	case a.all:
		return true
	case a.word != "":
		return a.word == b.word || a.word == "samenet" && b.word == "samehost"
	}
	return b.prefix.IsValid() && a.prefix.Bits() <= b.prefix.Bits() && a.prefix.Contains(b.prefix.Addr())
}

// near reports whether only the server's own machine can come from there.
func (a addresses) near() bool {
	return a.word == "samehost" || a.word == "localhost" || a.prefix.IsValid() && a.prefix.Addr().IsLoopback() && a.prefix.Bits() >= 8
}
