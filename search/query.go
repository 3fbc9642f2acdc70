package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fold"
)

// Query is what somebody typed, understood: words that all must be there, or must not,
// and operators.
type Query struct {
	Terms []Term
	Asks  []Ask
}

// Term is a word, or a phrase of several that follow one another in a name.
type Term struct {
	Words  []string // in plain form
	Phrase bool
	Not    bool
}

// Ask is an operator with its value, in plain form but for names.
type Ask struct {
	Operator, Value string
	Not             bool
}

// operators are all that there are, each with what it takes.
var operators = []struct {
	name, takes string
	values      []string // nil is any
}{
	{"kind", "human, service, agent, identity, account, entitlement, system, resource, finding, or an account's kind", kindValues()},
	{"state", "an identity's state, an account's status, or open and accepted", stateValues()},
	{"owner", "none, or a name", nil},
	{"tier", "0, 1, 2, 3 or none", []string{"0", "1", "2", "3", none}},
	{"system", "a name", nil},
	{"mode", "standing, eligible or active", []string{"standing", "eligible", "active"}},
	{"third-party", "yes or no", []string{yes, no}},
	{"orphan", "yes or no, or nothing", []string{yes, no}},
	{"dormant", "yes or no, or nothing", []string{yes, no}},
	{"disputed", "yes or no, or nothing", []string{yes, no}},
	{"severity", "critical, high, medium or low", []string{"critical", "high", "medium", "low"}},
	{"function", "iam, security_operations, platform_owner or audit", wordsIn(access.Functions)},
	{"rule", "the name of a rule", nil},
}

const no = "no"

// bare are operators that stand alone.
var bare = []string{orphan, "dormant", disputed}

func wordsIn[W ~string](list []W) (out []string) {
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

func kindValues() []string {
	list := slices.Concat(wordsIn(access.IdentityKinds), wordsIn(access.AccountKinds))
	for _, k := range Kinds {
		list = append(list, k.String())
	}
	return list
}

func stateValues() []string {
	return slices.Concat(wordsIn(access.IdentityStates), wordsIn(access.AccountStatuses), []string{"open", "accepted"})
}

// How much somebody may type.
const (
	maxQuery = 1000
	maxTerms = 24
)

// Parse understands what somebody typed.
func Parse(text string) (Query, error) {
	var q Query
	if len(text) > maxQuery || !utf8.ValidString(text) {
		return q, ErrQuery.With("the search is longer than %d characters, or no text: shorten it", maxQuery)
	}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var p piece
		p, text = nextPiece(text)
		if err := q.add(p); err != nil {
			return Query{}, err
		}
		if len(q.Terms)+len(q.Asks) > maxTerms {
			return Query{}, ErrQuery.With("the search has more than %d parts: leave some out", maxTerms)
		}
	}
	return q, nil
}

// piece is a part of a query as it was typed.
type piece struct {
	operator string // before a colon
	text     string
	quoted   bool
	not      bool
}

// nextPiece cuts off the first part. A quotation mark that is not closed reaches to the
// end.
func nextPiece(s string) (p piece, rest string) {
	if len(s) > 1 && s[0] == '-' {
		p.not, s = true, s[1:]
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r == ':' || r == '"' || unicode.IsSpace(r) }); i > 0 && s[i] == ':' && isOperatorName(s[:i]) {
		p.operator, s = strings.ToLower(s[:i]), s[i+1:]
	}
	if strings.HasPrefix(s, `"`) {
		p.quoted = true
		p.text, rest, _ = strings.Cut(s[1:], `"`)
		return p, rest
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	p.text = s[:end]
	return p, s[end:]
}

func isOperatorName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '_' })
}

func (q *Query) add(p piece) error {
	if p.operator == "" && !p.quoted && slices.Contains(bare, strings.ToLower(p.text)) {
		p.operator, p.text = strings.ToLower(p.text), yes
	}
	if p.operator != "" {
		return q.ask(p)
	}
	list := fold.Words(p.text)
	for i := range list {
		list[i] = shorten(list[i])
	}
	if len(list) == 0 {
		return nil // punctuation alone says nothing
	}
	if p.quoted || p.not {
		q.Terms = append(q.Terms, Term{Words: list, Phrase: p.quoted && len(list) > 1, Not: p.not})
		return nil
	}
	for _, word := range list {
		q.Terms = append(q.Terms, Term{Words: []string{word}})
	}
	return nil
}

func (q *Query) ask(p piece) error {
	for _, o := range operators {
		if o.name != strings.ReplaceAll(p.operator, "_", "-") {
			continue
		}
		value := strings.TrimSpace(p.text)
		if o.values != nil {
			value = strings.ToLower(value)
			if o.name == "tier" {
				value = strings.TrimPrefix(value, "t")
			}
			if !slices.Contains(o.values, value) {
				return ErrQuery.With("%s: takes %s", o.name, o.takes)
			}
		}
		if len(fold.Words(value)) == 0 {
			return ErrQuery.With("%s: takes %s", o.name, o.takes)
		}
		q.Asks = append(q.Asks, Ask{Operator: o.name, Value: value, Not: p.not})
		return nil
	}
	var names []string
	for _, o := range operators {
		names = append(names, o.name+":")
	}
	return ErrOperator.With("there is no operator %q; there are %s. Put text with a colon in quotation marks", p.operator+":", strings.Join(names, ", "))
}

// Operators lists the operators and what each takes, for those who help people type.
func Operators() [][2]string {
	var list [][2]string
	for _, o := range operators {
		list = append(list, [2]string{o.name, o.takes})
	}
	return list
}
