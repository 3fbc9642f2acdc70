package inventory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

// A population with many namesakes, and accounts of its people whose names and
// logins are written as such things are. Given and family names fall off as in life:
// the frequent ones are very frequent.

var givenNames = strings.Fields(`maria james anna john elena robert sofia michael laura william marta david julia thomas nina daniel
	katharina alexander sarah peter eva martin lena andreas ines nicholas carla christopher vera stephan paula benjamin
	irene matthew clara anthony helga patrick renata edward simone gregory agnes richard lucia joseph petra samuel
	jörg zoë françois søren bjørn rené andré åsa renée łukasz josé mónica günter jürgen käthe birgül aylin mehmet
	wei xin hiro yuki priya arjun fatima omar leila karim ngozi kwame amara tunde ivana bogdan oksana dmitri olga pavel`)

var familyNames = strings.Fields(`smith müller garcía schmidt jones rossi martin brown lópez fischer weber williams taylor meyer
	wagner becker schulz hoffmann koch bauer richter klein wolf schröder neumann schwarz zimmermann braun krüger hofmann
	hartmann lange schmitt werner krause meier lehmann schmid schulze maier köhler herrmann könig walter mayer huber
	kaiser fuchs peters lang scholz möller weiß jung hahn schubert vogel friedrich keller günther frank berger winkler
	roth beck lorenz baumann franke albrecht schuster simon ludwig böhm winter kraus martins schumacher krämer vogt stein
	jäger otto sommer groß seidel heinrich brandt haas schreiber graf schulte dietrich ziegler kuhn kühn pohl engel horn
	reed reid read clarke clark stephens stevens johnston johnson nielsen nilsson hansen hanson petersen peterson novak
	nowak kowalski horvath nagy ivanov petrov popescu silva santos costa pereira oliveira rodríguez fernández martínez
	sánchez pérez gómez díaz hernández ruiz moreno muñoz álvarez romero torres nguyen tran le pham kim lee park choi
	tanaka suzuki sato patel sharma singh kumar khan ahmed hussein ali hassan yilmaz kaya demir çelik øster åberg`)

type population struct {
	r      *rand.Rand
	people []Person
}

// skewed picks one of n, the first ones much more often.
func (p *population) skewed(n int) int { return min(n-1, int(float64(n)*p.r.Float64()*p.r.Float64())) }

func title(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// family is one of some 40,000, as many as a large country has; a third of people
// have one of the frequent ones as it is.
func (p *population) family() string {
	name := familyNames[p.skewed(len(familyNames))]
	before := []string{"al", "bar", "bre", "dal", "dor", "eber", "fal", "gar", "hol", "kal", "kirch", "lin", "mar", "nord", "ober", "ros", "stein", "tor", "wald", "wester"}
	behind := []string{"berg", "dal", "feld", "gren", "holm", "ini", "kov", "lund", "mann", "ova", "owitz", "escu", "sen", "son", "stad", "strom", "ton", "vik", "wood", "worth"}
	switch p.r.IntN(9) {
	case 0:
		return title(familyNames[p.skewed(len(familyNames))]) + "-" + title(name)
	case 1, 2:
		return title(before[p.r.IntN(len(before))] + name)
	case 3, 4, 5:
		return title(name + behind[p.r.IntN(len(behind))])
	}
	return title(name)
}

func newPopulation(n int, seed uint64) *population {
	p := &population{r: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // a sample
	for i := range n {
		given := title(givenNames[p.skewed(len(givenNames))])
		if p.r.IntN(3) == 0 {
			given += " " + title(givenNames[p.skewed(len(givenNames))])
		}
		name := given + " " + p.family()
		plain := strings.Fields(plainName(name))
		login := plain[0][:1] + plain[len(plain)-1]
		login = fmt.Sprintf("%s%d", login[:min(len(login), 8)], i%997)
		p.people = append(p.people, Person{
			ID: access.IdentityID(i + 1), Kind: access.Human, Number: fmt.Sprintf("E%06d", i), Login: login, Name: name,
			Email: fmt.Sprintf("%s.%s%d@example.com", plain[0], plain[len(plain)-1], i%997),
		})
	}
	return p
}

// variation is a way to write a name or login otherwise. said is false where it
// does not apply to somebody. gone is true where nothing is left that could tell.
type variation struct {
	what string
	vary func(p *population, who *Person) (name, login string, said bool)
}

// uninformative is a login that says nothing of a person.
func (p *population) uninformative() string { return fmt.Sprintf("u%06x", p.r.IntN(1<<24)) }

// named makes a variation of the name alone.
func named(what string, vary func(p *population, parts []string) []string) variation {
	return variation{what, func(p *population, who *Person) (string, string, bool) {
		was := strings.Fields(who.Name)
		parts := vary(p, slices.Clone(was))
		return strings.Join(parts, " "), p.uninformative(), parts != nil && !slices.Equal(parts, was)
	}}
}

// typo slips once: a letter is left out, doubled, another, or changes places.
func (p *population) typo(s string) string {
	r := []rune(s)
	if len(r) < 4 {
		return s
	}
	i := 1 + p.r.IntN(len(r)-2)
	switch p.r.IntN(4) {
	case 0:
		return string(slices.Delete(r, i, i+1))
	case 1:
		return string(slices.Insert(r, i, r[i]))
	case 2:
		r[i] = rune('a' + p.r.IntN(26))
	default:
		r[i], r[i+1] = r[i+1], r[i]
	}
	return string(r)
}

var umlauts = strings.NewReplacer("ö", "oe", "ü", "ue", "ä", "ae", "Ö", "Oe", "Ü", "Ue", "Ä", "Ae", "ß", "ss", "ø", "oe", "å", "aa", "Å", "Aa", "Ø", "Oe")

// longForms are the short forms of a whole given name.
func shortFormsOf(given string) (list []string) {
	for short, long := range shortForms {
		if long == given {
			list = append(list, short)
		}
	}
	slices.Sort(list)
	return list
}

var variations = []variation{
	named("as it is", func(_ *population, parts []string) []string { return append(parts, "") }),
	named("last, first", func(_ *population, parts []string) []string {
		n := len(parts) - 1
		return append([]string{parts[n] + ","}, parts[:n]...)
	}),
	named("parts swapped", func(_ *population, parts []string) []string {
		n := len(parts) - 1
		return append([]string{parts[n]}, parts[:n]...)
	}),
	named("no accents", func(_ *population, parts []string) []string {
		return strings.Fields(plainName(strings.Join(parts, " ")))
	}),
	named("oe for ö", func(_ *population, parts []string) []string {
		return strings.Fields(umlauts.Replace(strings.Join(parts, " ")))
	}),
	named("one typo", func(p *population, parts []string) []string {
		i := p.r.IntN(len(parts))
		parts[i] = p.typo(parts[i])
		return parts
	}),
	named("a typo in each of two parts", func(p *population, parts []string) []string {
		n := len(parts) - 1
		parts[0], parts[n] = p.typo(parts[0]), p.typo(parts[n])
		return parts
	}),
	named("typo, and swapped", func(p *population, parts []string) []string {
		n := len(parts) - 1
		return append([]string{p.typo(parts[n])}, parts[:n]...)
	}),
	named("first letter of the first name wrong", func(p *population, parts []string) []string {
		parts[0] = string(rune('A'+p.r.IntN(26))) + string([]rune(parts[0])[1:])
		return parts
	}),
	named("short form", func(p *population, parts []string) []string {
		list := shortFormsOf(strings.ToLower(parts[0]))
		if len(list) == 0 {
			return nil
		}
		parts[0] = title(list[p.r.IntN(len(list))])
		return parts
	}),
	named("initial", func(_ *population, parts []string) []string {
		parts[0] = string([]rune(parts[0])[:1]) + "."
		return parts
	}),
	named("without the second name", func(_ *population, parts []string) []string {
		if len(parts) < 3 {
			return nil
		}
		return []string{parts[0], parts[len(parts)-1]}
	}),
	named("half of a double name", func(_ *population, parts []string) []string {
		n := len(parts) - 1
		first, _, ok := strings.Cut(parts[n], "-")
		if !ok {
			return nil
		}
		parts[n] = first
		return parts
	}),
	named("double name after a wedding", func(p *population, parts []string) []string {
		n := len(parts) - 1
		parts[n] += "-" + p.family()
		return parts
	}),
	named("another name after a wedding", func(p *population, parts []string) []string {
		parts[len(parts)-1] = p.family()
		return parts
	}),
	{"login cut to eight, no name", func(_ *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		login := plain[0][:1] + plain[len(plain)-1]
		return "", login[:min(8, len(login))], true
	}},
	{"login first.last, no name", func(_ *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		return "", plain[0] + "." + plain[len(plain)-1], true
	}},
	{"login flast, with the name", func(_ *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		return who.Name, plain[0][:1] + plain[len(plain)-1], true
	}},
	{"number behind the login, with the name", func(p *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		return who.Name, fmt.Sprintf("%s%d", plain[len(plain)-1], 1+p.r.IntN(99)), true
	}},
	{"one typo in the name, first letter and last name as login", func(p *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		parts := strings.Fields(who.Name)
		i := p.r.IntN(len(parts))
		parts[i] = p.typo(parts[i])
		return strings.Join(parts, " "), fmt.Sprintf("%s%s%d", plain[0][:1], plain[len(plain)-1], 1+p.r.IntN(99)), true
	}},
	{"admin affix on the login", func(_ *population, who *Person) (string, string, bool) {
		return "", "adm-" + who.Login, true
	}},
	{"login of another name after a wedding, with it", func(p *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		family := p.family()
		return strings.Fields(who.Name)[0] + " " + family, plain[0][:1] + strings.ReplaceAll(plainName(family), " ", ""), true
	}},
	{"login f.last, with the name", func(_ *population, who *Person) (string, string, bool) {
		plain := strings.Fields(plainName(who.Name))
		return who.Name, plain[0][:1] + "." + plain[len(plain)-1], true
	}},
	{"x. before the login that HR knows, no name", func(_ *population, who *Person) (string, string, bool) {
		return "", "x." + who.Login, true
	}},
	{"the login that HR knows, one typo in the name", func(p *population, who *Person) (string, string, bool) {
		parts := strings.Fields(who.Name)
		i := p.r.IntN(len(parts))
		parts[i] = p.typo(parts[i])
		return strings.Join(parts, " "), who.Login, true
	}},
	{"the login that HR knows, short form", func(p *population, who *Person) (string, string, bool) {
		parts := strings.Fields(who.Name)
		list := shortFormsOf(strings.ToLower(parts[0]))
		if len(list) == 0 {
			return "", "", false
		}
		parts[0] = title(list[p.r.IntN(len(list))])
		return strings.Join(parts, " "), who.Login, true
	}},
	{"the login that HR knows, another name after a wedding", func(p *population, who *Person) (string, string, bool) {
		return strings.Fields(who.Name)[0] + " " + p.family(), who.Login, true
	}},
	{"another's login, with the name", func(p *population, who *Person) (string, string, bool) {
		other := &p.people[p.r.IntN(len(p.people))]
		return who.Name, other.Login, other.ID != who.ID
	}},
}
