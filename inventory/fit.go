package inventory

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
)

// A login says whose an account is only where the account's name does not say
// otherwise: whoever may choose a login may choose another's.

// fit is how well the name of an account goes with that of a person.
type fit int

const (
	othersName  fit = iota // it is another's
	givenName              // the given name is theirs: people change the other
	nobodysName            // it names nobody: it is what the account is for, or the login again
	nearName               // it is nearly theirs
	writtenName            // it may be theirs as people write names
	wholeName              // it is theirs, with the same parts
)

// purposes are words that say what an account is for. None of them is a name that
// people have in any number.
var purposes = map[string]bool{
	"account": true, "acct": true, "adm": true, "admin": true, "administrator": true, "backup": true, "benutzer": true, "compte": true,
	"cuenta": true, "dba": true, "deploy": true, "ext": true, "extern": true, "external": true, "helpdesk": true, "konto": true,
	"login": true, "monitoring": true, "oncall": true, "operator": true, "ops": true, "privileged": true, "role": true,
	"service": true, "svc": true, "support": true, "sysadmin": true, "system": true, "t0": true, "t1": true, "t2": true, "test": true,
	"user": true, "usuario": true,
}

// personIn is who is named in what an account is called: that without its purpose
// and without numbers.
func personIn(name string) spelling {
	s := spell(name)
	plain, spelled := strings.Fields(s.plain), strings.Fields(s.spelled)
	said := func(part string) bool { return !purposes[part] && strings.ContainsFunc(part, unicode.IsLetter) }
	if !slices.ContainsFunc(plain, func(part string) bool { return !said(part) }) {
		return s
	}
	var kept, keptSpelled []string
	for i, part := range plain {
		if said(part) {
			kept, keptSpelled = append(kept, part), append(keptSpelled, spelled[i])
		}
	}
	return spelling{strings.Join(kept, " "), strings.Join(keptSpelled, " ")}
}

// fitOf says how well the name in an account goes with a person's.
func fitOf(name, person spelling) fit {
	switch {
	case sameParts(name, person):
		return wholeName
	case sameName(name, person) || unspaced(name.plain) == unspaced(person.plain):
		return writtenName
	case slip(name.plain, person.plain):
		return nearName
	case sameGiven(name, person):
		return givenName
	}
	return othersName
}

func unspaced(plain string) string { return strings.ReplaceAll(plain, " ", "") }

// sameGiven reports whether two names begin with one given name, whole or short. An
// initial is too many people's.
func sameGiven(a, b spelling) bool {
	x, y := a.first(), b.first()
	initial := utf8.RuneCountInString(x.plain) < 2 || utf8.RuneCountInString(y.plain) < 2
	return !initial && (samePart(x, y) || whole(x.plain) == whole(y.plain))
}

// givenSlip is how like given names are at least that differ by a slip: Ana and Anna
// are, Maria and Mario or Joe and Jon are two people's.
const givenSlip = 0.92

// slip reports whether two plain names are nearly the same, as the rule on names has
// it, and the given names too: a long last name alone would make them so.
func slip(a, b string) bool {
	return likeness(a, b) >= fuzzyConfirm && sameScripts(a, b) && similarity(firstPart(a), firstPart(b)) >= givenSlip
}

// nameFit says how well what an account is called goes with a person.
func nameFit(a *Candidate, p *Person, plain string) fit {
	said, person := personIn(a.Name), spell(p.Name)
	named, one := strings.Contains(said.plain, " "), !strings.Contains(plain, " ")
	if said.plain == "" {
		return nobodysName
	}
	f := othersName
	switch {
	case said.plain == plain:
		f = wholeName
	case named && !one:
		f = fitOf(said, person)
	case sharesPart(said.plain, plain) || similarity(said.plain, plain) >= 0.5: // one of them has one part
		f = nobodysName
	}
	if f < nobodysName && sameLogin(a.Name, a.Login) {
		return nobodysName
	}
	return f
}

// sameLogin reports whether what an account is called is only its login again. What
// has a space in it is a name, though a login may be made of it.
func sameLogin(name, login string) bool {
	name = strings.TrimSpace(name)
	return !strings.ContainsFunc(name, unicode.IsSpace) && normalLogin(name) == normalLogin(login)
}

// doubt is why an account that was found by a login may be another's.
type doubt struct {
	doubted bool
	named   bool     // what it is called is another's name
	others  []int32  // whose
	keys    []string // they were looked up by
}

// doubts holds what an account is called against the one whom its login, key, is
// that of.
func (x *peopleIndex) doubts(a *Candidate, i int32, r rule, key string) (d doubt) {
	p, plain := x.person(i)
	if a.Number != "" && a.Number == p.Number || sameEmail(a.Email, p.Email) {
		return d
	}
	if p.Kind != access.Human { // it may be called anything, but that
		d = x.rivals(a, []int32{i}, writtenName)
		d.doubted = d.named
		return d
	}
	if name := plainName(a.Name); name == plain && name != "" { // most are
		return d
	}
	f := nameFit(a, &p, plain)
	if f == wholeName {
		return d
	}
	least := givenName
	if r.by == nameLoginKey && a.Name != "" || r.bare && onlyPart(key, plain) {
		least = writtenName
	}
	d = x.rivals(a, []int32{i}, f)
	d.named = d.named || f == othersName && len(d.keys) > 0 // one part is not much of a name
	d.doubted = d.named || f < least
	return d
}

// sameEmail compares as the rule on emails does; strings.EqualFold takes ſ for s.
func sameEmail(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a != "" && a == b
}

// onlyPart reports whether a login is only some of the parts of a plain name: what
// stands before or behind it may then be an initial of somebody else.
func onlyPart(login, plain string) bool {
	parts := strings.Fields(plain)
	for i := range parts {
		for j := i + 1; j <= len(parts); j++ {
			if j-i < len(parts) && strings.Join(parts[i:j], "") == login {
				return true
			}
		}
	}
	return false
}

// rivals are people other than those found whom the name of an account fits better:
// whose whole name it is, or if there are none and it is not that of those found, as
// people write it.
func (x *peopleIndex) rivals(a *Candidate, found []int32, than fit) (d doubt) {
	if !byName(a.Kind) {
		return d
	}
	name := personIn(a.Name)
	d.keys = outerKeys(name.plain)
	best := wholeName
	if than < nobodysName {
		best = writtenName
	}
	for _, key := range d.keys {
		for _, h := range x.hits(outerKey, key) {
			i := h.person()
			if slices.Contains(found, i) || slices.Contains(d.others, i) {
				continue
			}
			f := x.rivalry(name, i, best)
			if f > best {
				best, d.others = f, nil
			}
			if f == best {
				d.others = append(d.others, i)
			}
		}
	}
	slices.Sort(d.others)
	d.named = len(d.others) > 0
	return d
}

// rivalry says how well a name goes with somebody who was not found by the login, if
// it is as well as least: their second given name alone does not make it theirs. Of a
// frequent name there are very many to ask.
func (x *peopleIndex) rivalry(name spelling, i int32, least fit) fit {
	p, plain := x.person(i)
	person := spellFor(name, p.Name, plain)
	switch {
	case sameParts(name, person):
		return wholeName
	case least < wholeName && sameGiven(name, person) && sameName(name, person):
		return writtenName
	}
	return othersName
}

// outerKeys are what people have by whom a plain name may be: any two of its parts
// may be their first and last one.
func outerKeys(plain string) (keys []string) {
	p := partsOf(plain)
	for i := range p.n {
		for j := range i {
			keys = append(keys, outerOf(p.of[j], p.of[i]))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// outerOf is one key for two parts, in any order, however their umlauts are written,
// whole or short.
func outerOf(a, b string) string {
	a, b = oneLetter.Replace(whole(a)), oneLetter.Replace(whole(b))
	return min(a, b) + " " + max(a, b)
}

// keep are the keys of a doubt as they are kept of an account.
func (d *doubt) keep(id access.AccountID) (keys []AccountKey) {
	for _, key := range d.keys {
		keys = append(keys, AccountKey{keptKey(outerKey, key), id})
	}
	return keys
}

// evidence says of a doubt about one person whom it is between.
func (x *peopleIndex) evidence(a *Candidate, i int32, d doubt, what string) string {
	p, _ := x.person(i)
	switch {
	case len(d.others) > 0:
		return fmt.Sprintf("%s is that of %s, but the name %q that of %s", what, x.label(i), a.Name, x.labels(d.others))
	case a.Name == "":
		return fmt.Sprintf("%s is that of %s, but %q may be somebody else's who is called so", what, p.Name, a.Login)
	}
	return fmt.Sprintf("%s is that of %s, but the account is named %q", what, p.Name, a.Name)
}
