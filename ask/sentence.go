package ask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// systemWords are what people call a system of a kind. Others go by their name.
var systemWords = map[string]string{"linux": "the host ", "ldap": "the directory ", "postgres": "the database server "}

// phrase says of an entitlement what it is, and what whoever has it does.
type phrase struct{ noun, verb string }

// phraseOf tells the kind of an entitlement by its native id, as connectors write
// them; a directory's only are groups. Where is its system in words.
func phraseOf(e Shown, where string) phrase {
	kind, _, _ := strings.Cut(e.native, ":")
	switch {
	case e.systemKind == "ldap" || kind == "group" && e.systemKind == "linux":
		return phrase{"the group " + e.Name + " of " + where, "is in the group " + e.Name + " of " + where}
	case e.systemKind == "linux" && e.native == "uid:0":
		return phrase{"root on " + where, "is root on " + where}
	case e.systemKind == "linux":
		return phrase{"the right to " + inPlain(e.Name) + " on " + where, "may " + inPlain(e.Name) + " on " + where}
	case e.systemKind == "postgres":
		return phraseOfPostgres(kind, e.Name, where)
	}
	return phrase{e.word() + " in " + where, "holds " + e.word() + " in " + where}
}

func phraseOfPostgres(kind, name, where string) phrase {
	on, privilege := name, ""
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		on, privilege = name[:i], name[i+1:]
	}
	switch {
	case kind == "role" && name == "PUBLIC":
		return phrase{"what everybody has on " + where, "has what everybody has on " + where}
	case kind == "role":
		return phrase{"the role " + name + " of " + where, "has the role " + name + " of " + where}
	case kind == "attr":
		return phrase{"the attribute " + name + " of " + where, "has the attribute " + name + " of " + where}
	case kind == "owner":
		return phrase{"ownership of " + name + " on " + where, "owns " + name + " on " + where}
	case kind == "sign_in":
		return phrase{"the right to " + name + " to " + where, "may " + name + " to " + where}
	case privilege != "":
		return phrase{privilege + " on " + on + " of " + where, "has " + privilege + " on " + on + " of " + where}
	}
	return phrase{name + " of " + where, "holds " + name + " of " + where}
}

// inPlain says "anything" and "anybody" where sudo says ALL.
func inPlain(name string) string {
	rest, runs := strings.CutPrefix(name, "run ")
	i := strings.LastIndex(rest, " as ")
	if !runs || i < 0 {
		return name
	}
	command, who := rest[:i], rest[i+len(" as "):]
	if command == "ALL" {
		command = "anything"
	}
	if who == "ALL" {
		who = "anybody"
	}
	return "run " + command + " as " + who
}

// teller makes one sentence of a path: a subject, and what it does step by step.
type teller struct {
	path    []graph.Step
	name    Namer
	keys    map[access.Ref]access.Ref // accounts of a person, and the one that opens them
	clauses []string
	other   bool            // the subject of the next clause is whoever was become
	met     map[string]bool // systems that were Shown
}

// system is a system by what people call it, and by its name alone once it is known.
func (t *teller) system(kind, name string) string {
	if name == "" {
		return "a system" // a hidden one, or that of what is hidden
	}
	if t.met[name] {
		return name
	}
	t.met[name] = true
	return systemWords[kind] + name
}

func (t *teller) phrase(ref access.Ref) phrase {
	n := t.name(ref)
	return phraseOf(n, t.system(n.systemKind, n.System))
}

// sentence tells a path in words that need no knowledge of Writ.
func sentence(path []graph.Step, name Namer, keys map[access.Ref]access.Ref) string {
	if len(path) == 0 {
		return ""
	}
	t := &teller{path: path, name: name, keys: keys, met: map[string]bool{}}
	subject, short := t.subject()
	for i := 0; i < len(path); {
		i += t.step(i)
	}
	if strings.HasPrefix(t.clauses[0], "through ") {
		subject += ","
	}
	text := subject + " " + listed(t.clauses)
	last := path[len(path)-1]
	if last.Kind == graph.ByHost && last.From.Kind == access.KindSystem && last.To.Kind == access.KindSystem {
		text += ": so " + short + " " + t.place(last.To)
	}
	return text + "."
}

// login is whom an account makes of whoever signs in with it.
func login(n Shown) string {
	if n.Hidden {
		return "somebody"
	}
	return n.Name
}

func account(n Shown) string {
	if n.Hidden {
		return n.word()
	}
	return "the account " + n.Name
}

func role(n Shown) string {
	if n.Hidden {
		return n.word()
	}
	return "the role " + n.Name
}

// listed puts "and" before the last clause, unless that one hangs on by itself.
func listed(clauses []string) string {
	last := len(clauses) - 1
	first, _, _ := strings.Cut(clauses[last], " ")
	if last == 0 || slices.Contains([]string{"and", "on", "who", "also"}, first) {
		return strings.Join(clauses, ", ")
	}
	return strings.Join(clauses[:last], ", ") + " and " + clauses[last]
}

// subject is who the path starts from, and how the end of the sentence repeats it.
func (t *teller) subject() (subject, short string) {
	from := t.name(t.path[0].From)
	switch t.path[0].From.Kind {
	case access.KindAccount:
		return "Whoever signs in as " + login(from) + " to " + t.system(from.systemKind, from.System), "they control"
	case access.KindEntitlement:
		return "Whoever " + t.phrase(t.path[0].From).verb, "they control"
	case access.KindRole:
		return "Whoever has " + role(from), "they control"
	default:
		return withCapital(from.word()), from.word() + " controls"
	}
}

// place names a system.
func (t *teller) place(ref access.Ref) string {
	n := t.name(ref)
	return t.system(n.systemKind, n.Name)
}

func (t *teller) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(t.clauses) == 0 {
		text = strings.TrimPrefix(text, "and so ") // the subject is what has it
	}
	if t.other {
		text = "who " + text
		t.other = false
	}
	t.clauses = append(t.clauses, text)
}

// step tells step i and those that are told with it, and returns how many.
func (t *teller) step(i int) int {
	s := t.path[i]
	to := t.name(s.To)
	switch s.Kind {
	case graph.ByAccount:
		if i+1 < len(t.path) && t.path[i+1].Kind == graph.ByOpening {
			t.signIn(t.name(t.path[i+1].To), to)
			return 2
		}
		if key, opened := t.keys[s.To]; opened {
			t.signIn(to, t.name(key))
			return 1
		}
		t.say("has %s in %s", account(to), t.system(to.systemKind, to.System))
	case graph.ByOpening:
		t.say("signs in from there to %s as %s", t.system(to.systemKind, to.System), login(to))
	case graph.ByGrant, graph.ByNesting:
		return t.holding(i)
	case graph.ByRole:
		t.say("%s", moded(s.Mode, phrase{role(to), "has " + role(to)}))
	case graph.ByInclusion:
		t.say("through it has %s", role(to))
	case graph.ByRoleGives:
		t.say("through it %s", t.holds(s))
	default:
		t.escalation(s)
	}
	return 1
}

func (t *teller) signIn(to, with Shown) {
	t.say("signs in to %s as %s with %s of %s", t.system(to.systemKind, to.System), login(to), account(with), t.system(with.systemKind, with.System))
}

// holding tells grants: one by one, or a long run of entitlements in entitlements
// by its first and its last.
func (t *teller) holding(i int) int {
	end := i + 1
	for end < len(t.path) && t.path[end].Kind == graph.ByNesting {
		end++
	}
	run := t.path[i:end]
	between := make([]access.Ref, 0, len(run))
	for _, s := range run[:len(run)-1] {
		between = append(between, s.To)
	}
	activated := slices.ContainsFunc(run, func(s graph.Step) bool { return s.Mode != access.Standing })
	if len(between) > 2 && !activated {
		first, last := t.phrase(between[0]).noun, t.phrase(between[len(between)-1]).noun
		t.say("through %d %s, first %s and last %s, %s", len(between), t.plural(between), first, last, t.holds(run[len(run)-1]))
		return len(run)
	}
	for n, s := range run {
		switch {
		case s.Kind == graph.ByGrant:
			t.say("%s", t.holds(s))
		case i+n == 0:
			t.say("also %s", t.holds(s))
		default:
			t.say("through it %s", t.holds(s))
		}
	}
	return len(run)
}

// plural is what several entitlements are.
func (t *teller) plural(list []access.Ref) string {
	other := func(r access.Ref) bool { return !strings.HasPrefix(phraseOf(t.name(r), "").noun, "the group ") }
	if slices.ContainsFunc(list, other) {
		return "entitlements"
	}
	return "groups"
}

// holds is what the holder of a grant does by it.
func (t *teller) holds(s graph.Step) string {
	text := moded(s.Mode, t.phrase(s.To))
	if s.Resource != 0 {
		text += ", on " + t.name(s.Resource.Ref()).word()
	}
	return text
}

func moded(mode access.Mode, p phrase) string {
	switch mode {
	case access.Eligible:
		return "could activate " + p.noun
	case access.Activated:
		return p.verb + " for now"
	default:
		return p.verb
	}
}

// escalation tells what one access lets its holder become.
func (t *teller) escalation(s graph.Step) {
	to, whole := t.name(s.To), s.From.Kind == access.KindSystem
	switch {
	case s.Kind == graph.ByHost && whole && s.To.Kind == access.KindSystem:
		t.say("on which %s runs", t.place(s.To))
	case s.Kind == graph.ByHost && whole:
		t.say("and with it %s", t.phrase(s.To).verb)
	case s.Kind == graph.ByHost:
		t.say("and so controls %s", t.place(s.To))
	case s.Kind == graph.ByGrantAccess && s.To.Kind == access.KindSystem:
		t.say("and so can give everything in %s", t.place(s.To))
	case s.Kind == graph.ByGrantAccess && whole:
		t.say("also %s", t.phrase(s.To).noun)
	case s.Kind == graph.ByGrantAccess:
		t.say("and so can give %s", t.phrase(s.To).noun)
	case s.To.Kind == access.KindSystem:
		t.say("and so can become every account of %s", t.place(s.To))
	case s.To.Kind == access.KindEntitlement:
		t.say("and so can become whoever has %s", t.phrase(s.To).noun)
	case whole:
		t.say("and so can become %s there", login(to))
		t.other = true
	default:
		t.say("and so can become %s on %s", login(to), t.system(to.systemKind, to.System))
		t.other = true
	}
}
