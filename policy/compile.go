package policy

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/writhq/writ/access"
)

// The caps on policies. A decision costs what the nodes of the policies that can
// apply cost, so they bound it.
const (
	maxDocument = 256 << 10 // bytes
	maxPolicies = 5_000     // of a set
	maxNodes    = 500       // of a policy
	maxNesting  = 64        // brackets
	maxReason   = 300       // bytes
)

// guardPrefix begins the id of each guard, and of nothing else.
const guardPrefix = "guard."

// An id is stored, shown and compared, so it has one spelling.
var policyID = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)

type compiler struct {
	set   *Set
	check *validator
}

func (c *compiler) add(d Document) error {
	list, err := parse(d)
	if err != nil {
		return err
	}
	if len(c.set.policies)+len(list) > maxPolicies {
		return ErrPolicy.With("%s: more than %d policies in all", d.Name, maxPolicies)
	}
	for _, parsed := range list {
		p, err := c.compile(d, parsed)
		if err != nil {
			pos := parsed.Position()
			return refuse(d.Name, pos.Line, pos.Column, err.Error())
		}
		if twin := c.set.byID[cedar.PolicyID(p.ID)]; twin != nil {
			pos := parsed.Position()
			return refuse(d.Name, pos.Line, pos.Column,
				"policy id "+strconv.Quote(p.ID)+" is taken by "+twin.Document+":"+strconv.Itoa(twin.Line))
		}
		c.set.byID[cedar.PolicyID(p.ID)] = p
		c.set.policies = append(c.set.policies, p)
	}
	return nil
}

func (c *compiler) compile(d Document, parsed *cedar.Policy) (*Policy, error) {
	p := &Policy{
		Document: d.Name, Line: parsed.Position().Line, Text: string(parsed.MarshalCedar()),
		Mode: d.Default, Effect: Forbid, cedar: parsed, count: &atomic.Int64{},
	}
	if parsed.Effect() == cedar.Permit {
		p.Effect = Permit
	}
	if err := p.annotate(parsed.Annotations()); err != nil {
		return nil, err
	}
	if d.Enforced {
		p.Mode = Enforce
	}
	tree := (*ast.Policy)(parsed.AST())
	n := nodes(tree)
	if n > maxNodes {
		return nil, errors.New("the policy has " + strconv.Itoa(n) + " nodes, more than " + strconv.Itoa(maxNodes))
	}
	if d.Own {
		if p.cost = policyCost + n + likes(tree); !strings.HasPrefix(p.ID, d.Name+".") {
			return nil, errors.New("its @id begins with the document's name: " + strconv.Quote(d.Name+"."))
		}
	}
	if err := c.check.policy(p.ID, tree); err != nil {
		return nil, err
	}
	if err := p.scopeOf(tree); err != nil {
		return nil, err
	}
	p.residual = residual(parsed)
	return p, nil
}

// parse reads a document, and refuses before the parser would recurse too deep.
func parse(d Document) (cedar.PolicyList, error) {
	if len(d.Text) > maxDocument {
		return nil, ErrPolicy.With("%s: longer than %d bytes", d.Name, maxDocument)
	}
	if line, column, deep := tooDeep(d.Text); deep {
		return nil, refuse(d.Name, line, column, "nested deeper than "+strconv.Itoa(maxNesting))
	}
	list, err := cedar.NewPolicyListFromBytes(d.Name, []byte(d.Text))
	if err != nil {
		return nil, ErrPolicy.With("%s", parserWords(d.Name, err))
	}
	return list, nil
}

// parserWords says in our form where the parser gave up: "name:line:column: what".
func parserWords(name string, err error) string {
	text := strings.TrimPrefix(err.Error(), "parser error: ")
	text = strings.TrimPrefix(text, "parse error at ")
	if rest, ok := strings.CutPrefix(text, "<input>:"); ok {
		at, what, _ := strings.Cut(rest, " ")
		return name + ":" + strings.TrimSuffix(at, ":") + ": " + expected(what)
	}
	return name + ": " + text
}

// parserWants is how the parser says that it found one thing and wants another.
var parserWants = regexp.MustCompile(`^(?:".*?": )?(?:exact )?got (.*) want (.+)$`)

// expected says so in a sentence.
func expected(what string) string {
	m := parserWants.FindStringSubmatch(what)
	switch {
	case m == nil:
		return what
	case m[1] == "":
		return "the text ends where " + m[2] + " should be"
	}
	return m[1] + " is where " + m[2] + " should be"
}

func refuse(name string, line, column int, what string) error {
	return ErrPolicy.With("%s:%d:%d: %s", name, line, column, what)
}

// tooDeep counts what the parser recurses on: brackets, and the conditionals that
// nest without them.
func tooDeep(text string) (line, column int, deep bool) {
	line, column = 1, 0
	depth, conditionals := 0, 0
	for i := 0; i < len(text); i++ {
		column++
		switch text[i] {
		case '\n':
			line, column = line+1, 0
		case '"':
			n := stringEnd(text[i:])
			line += strings.Count(text[i:i+n+1], "\n")
			i, column = i+n, column+n
		case '/':
			if strings.HasPrefix(text[i:], "//") {
				n := strings.IndexByte(text[i:], '\n')
				if n < 0 {
					return 0, 0, false
				}
				i, line, column = i+n, line+1, 0
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ';':
			conditionals = 0
		case 'i':
			if strings.HasPrefix(text[i:], "if") {
				conditionals++
			}
		}
		if depth > maxNesting || conditionals > 2*maxNesting {
			return line, column, true
		}
	}
	return 0, 0, false
}

// stringEnd returns the place of the quote that ends the string that text begins
// with, or the last place.
func stringEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}

func nodes(p *ast.Policy) int {
	n := 0
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(ast.IsNode) bool {
			n++
			return n <= maxNodes
		})
	}
	return n
}

// likes is what the patterns of a policy cost beside their nodes: each is compared with a
// text at every place of it.
func likes(p *ast.Policy) (cost int) {
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			if like, is := n.(ast.NodeTypeLike); is {
				cost += likeCost + 8*len(like.Value.MarshalCedar())
			}
			return true
		})
	}
	return cost
}

// annotate reads what the policy says of itself.
func (p *Policy) annotate(list cedar.Annotations) error {
	for key, value := range list {
		switch key {
		case "id":
			p.ID = string(value)
		case "reason":
			p.Reason = strings.TrimSpace(string(value))
		case "mode":
			i := slices.Index(modeNames[:], string(value))
			if i < 0 {
				return errors.New("@mode is observe, warn or enforce, not " + strconv.Quote(string(value)))
			}
			p.Mode = Mode(i)
		case "obligation":
			o, err := obligations(string(value))
			if err != nil {
				return err
			}
			p.obligations = o
		default:
			return errors.New("annotation @" + string(key) + " is not one of @id, @reason, @mode, @obligation")
		}
	}
	switch {
	case !policyID.MatchString(p.ID) || len(p.ID) > 100:
		return errors.New(`it needs @id("…") of lower-case letters, digits, ".", "-" and "_"`)
	case strings.HasPrefix(p.ID, guardPrefix) && p.Document != guards:
		return errors.New("only a guard's @id begins with " + strconv.Quote(guardPrefix))
	case p.Reason == "" || len(p.Reason) > maxReason:
		return errors.New(`it needs @reason("…"), one sentence for those whom it concerns`)
	case p.Mode != Enforce && p.Document == guards:
		return errors.New("a guard is enforced")
	case p.Effect == Forbid && len(list) > 0 && list["obligation"] != "":
		return errors.New("a forbid cannot oblige")
	}
	return nil
}

// obligations reads "record, mfa, reason, approve=2, mask=name, max_duration=8h".
func obligations(text string) (Obligations, error) {
	var o Obligations
	for word := range strings.SplitSeq(text, ",") {
		key, value, valued := strings.Cut(strings.TrimSpace(word), "=")
		ok := !valued
		switch key {
		case "record":
			o.Record = true
		case "mfa":
			o.MFA = true
		case "reason":
			o.Reason = true
		case "approve":
			n := 1
			if valued {
				var err error
				n, err = strconv.Atoi(value)
				ok = err == nil && n > 0 && n < 10
			}
			o.Approve = n
		case "mask":
			ok = policyID.MatchString(value)
			o.add(Obligations{Mask: []string{value}})
		case "max_duration":
			d, err := time.ParseDuration(value)
			ok = err == nil && d > 0
			o.MaxDuration = d
		default:
			ok = false
		}
		if !ok {
			return Obligations{}, errors.New("obligation " + strconv.Quote(strings.TrimSpace(word)) + " is not one of record, mfa, reason, approve[=N], mask=NAME, max_duration=DURATION")
		}
	}
	return o, nil
}

// scopeOf reads whom and what the policy is for, so that the index can leave it
// out where it cannot apply.
func (p *Policy) scopeOf(tree *ast.Policy) error {
	switch s := tree.Principal.(type) {
	case ast.ScopeTypeEq:
		p.principal = s.Entity
	case ast.ScopeTypeIn:
		return p.principalIn(s.Entity)
	case ast.ScopeTypeIsIn:
		return p.principalIn(s.Entity)
	default:
	}
	if s, ok := tree.Resource.(ast.ScopeTypeEq); ok {
		p.resource = s.Entity
	}
	return nil
}

func (p *Policy) principalIn(e cedar.EntityUID) error {
	if e.Type != functionType {
		return errors.New("a principal is in a Function, not in a " + string(e.Type))
	}
	mask, ok := maskOf(access.Function(e.ID))
	if !ok {
		return errors.New("there is no function " + strconv.Quote(string(e.ID)))
	}
	p.functions = mask
	return nil
}
