package declare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"go.yaml.in/yaml/v3"
)

// The tags of what YAML holds.
const (
	textTag  = "!!str"
	intTag   = "!!int"
	floatTag = "!!float"
	boolTag  = "!!bool"
	nullTag  = "!!null"
	timeTag  = "!!timestamp" // plain text that looks like a date, which it is for nobody else
)

// checker holds the YAML of one document against its schema and makes values of it, so
// that an error names the line.
type checker struct {
	schemas
	engine *Engine
	file   string
	wrong  *mistakes
}

func (c *checker) say(n *yaml.Node, format string, args ...any) {
	c.wrong.add(Place{c.file, n.Line}.wrong(format, args...))
}

// fields are the three of a document; false says that it is none.
func (c *checker) fields(n *yaml.Node) (map[string]*yaml.Node, bool) {
	pairs, ok := c.pairs(n, "a document", func(*yaml.Node) bool { return true })
	known := []string{"kind", "name", "spec"}
	for key, p := range pairs {
		if !slices.Contains(known, key) {
			c.say(p.key, "a document has kind, name and spec, and no %q%s", key, suggest(key, known))
			ok = false
		}
	}
	found := map[string]*yaml.Node{}
	for _, key := range known {
		p, there := pairs[key]
		if !there {
			if ok {
				c.say(n, "the document has no %s: it has kind, name and spec", key)
			}
			return nil, false
		}
		found[key] = p.value
	}
	return found, ok
}

// document makes a Document of a node; false says that it is wrong.
func (c *checker) document(n *yaml.Node) (d Document, ok bool) {
	before := c.wrong.count()
	d.Place = Place{c.file, n.Line}
	found, ok := c.fields(n)
	if !ok {
		return d, false
	}
	word := &huma.Schema{Type: huma.TypeString}
	d.Kind, _ = c.value(found["kind"], word, "kind").(string)
	d.Name.Name, _ = c.value(found["name"], word, "name").(string)
	schema, known := c.specs[d.Kind]
	kinds := slices.Sorted(maps.Keys(c.specs))
	switch {
	case c.wrong.count() > before:
		return d, false
	case !known:
		c.say(found["kind"], "%q is no kind of thing that is declared; there are: %s%s", d.Kind, strings.Join(kinds, ", "), suggest(d.Kind, kinds))
		return d, false
	case strings.TrimSpace(d.Name.Name) == "" || utf8.RuneCountInString(d.Name.Name) > maxName:
		c.say(found["name"], "a name has 1 to %d characters", maxName)
		return d, false
	}
	value := c.value(found["spec"], schema, "spec")
	if c.wrong.count() > before {
		return d, false
	}
	text, err := json.Marshal(value)
	if err == nil {
		k, _ := c.engine.kind(d.Kind)
		d.spec, err = k.decode(text)
	}
	if err != nil {
		c.wrong.add(d.Place.wrong("%s: %s", d.Name, err))
	}
	return d, err == nil
}

type pair struct{ key, value *yaml.Node }

// pairs are the fields of a mapping, those that may be; of others may has told.
func (c *checker) pairs(n *yaml.Node, what string, may func(key *yaml.Node) bool) (map[string]pair, bool) {
	if n.Kind == yaml.AliasNode {
		c.say(n, "an alias (*%s) is not read: write out what it stands for", n.Value)
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		c.say(n, "%s is made of fields, as in NAME: VALUE", what)
		return nil, false
	}
	found, ok := map[string]pair{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch _, twice := found[key.Value]; {
		case key.Kind != yaml.ScalarNode || key.ShortTag() != textTag:
			c.say(key, "a field of %s has a name that is text: put it into quotes", what)
			ok = false
		case twice:
			c.say(key, "%s has the field %q twice", what, key.Value)
			ok = false
		case !may(key):
			ok = false
		default:
			found[key.Value] = pair{key, value}
		}
	}
	return found, ok
}

// value makes a value of a node, as its schema wants it, and goes no deeper than that.
func (c *checker) value(n *yaml.Node, s *huma.Schema, at string) any {
	s = c.resolved(s)
	if n.Kind == yaml.AliasNode {
		c.say(n, "%s: an alias (*%s) is not read: write out what it stands for", at, n.Value)
		return nil
	}
	switch s.Type {
	case huma.TypeObject:
		return c.object(n, s, at)
	case huma.TypeArray:
		return c.list(n, s, at)
	}
	return c.scalar(n, s, at)
}

func (c *checker) object(n *yaml.Node, s *huma.Schema, at string) any {
	each, open := s.AdditionalProperties.(*huma.Schema)
	known := slices.Sorted(maps.Keys(s.Properties))
	pairs, ok := c.pairs(n, at, func(key *yaml.Node) bool {
		if open || s.Properties[key.Value] != nil {
			return true
		}
		c.say(key, "%s has no field %q%s; there are: %s", at, key.Value, suggest(key.Value, known), strings.Join(known, ", "))
		return false
	})
	if !ok {
		return nil
	}
	all := map[string]any{}
	for key, p := range pairs {
		of := s.Properties[key]
		if of == nil {
			of = each
		}
		if p.value.Kind == yaml.ScalarNode && p.value.ShortTag() == nullTag {
			c.say(p.value, "%s.%s is empty: leave the field out, or write \"\"", at, key)
			continue
		}
		all[key] = c.value(p.value, of, at+"."+key)
	}
	for _, key := range s.Required {
		if _, there := pairs[key]; !there {
			c.say(n, "%s has no %s, which it needs", at, key)
		}
	}
	return all
}

func (c *checker) list(n *yaml.Node, s *huma.Schema, at string) any {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.say(n, "%s is a list, each line of it beginning with -", at)
		return nil
	case s.MaxItems != nil && len(n.Content) > *s.MaxItems:
		c.say(n, "%s has %d entries, and may have %d", at, len(n.Content), *s.MaxItems)
		return nil
	case s.MinItems != nil && len(n.Content) < *s.MinItems:
		c.say(n, "%s has %d entries, and needs %d", at, len(n.Content), *s.MinItems)
		return nil
	}
	all := make([]any, len(n.Content))
	for i, x := range n.Content {
		all[i] = c.value(x, s.Items, fmt.Sprintf("%s[%d]", at, i))
	}
	return all
}

func (c *checker) scalar(n *yaml.Node, s *huma.Schema, at string) any {
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode {
		c.say(n, "%s is one value, and neither fields nor a list", at)
		return nil
	}
	switch s.Type {
	case huma.TypeBoolean:
		if tag == boolTag {
			return strings.EqualFold(n.Value, "true")
		}
		c.say(n, "%s is true or false, without quotes", at)
	case huma.TypeInteger:
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil && tag == intTag {
			return c.within(n, s, at, i)
		}
		c.say(n, "%s is a whole number such as 90, without quotes", at)
	case huma.TypeString:
		if tag == textTag || tag == timeTag && n.Style == 0 {
			return c.text(n, s, at)
		}
		if slices.Contains([]string{intTag, floatTag, boolTag}, tag) {
			c.say(n, "%s is text: write %q in quotes", at, n.Value)
			return nil
		}
		c.say(n, "%s is text", at)
	}
	return nil
}

func (c *checker) within(n *yaml.Node, s *huma.Schema, at string, i int64) any {
	if s.Minimum != nil && float64(i) < *s.Minimum || s.Maximum != nil && float64(i) > *s.Maximum {
		c.say(n, "%s is %d, which is not within what it may be%s", at, i, limits(s))
	}
	return i
}

func limits(s *huma.Schema) string {
	var list []string
	if s.Minimum != nil {
		list = append(list, fmt.Sprintf("at least %v", *s.Minimum))
	}
	if s.Maximum != nil {
		list = append(list, fmt.Sprintf("at most %v", *s.Maximum))
	}
	return ": " + strings.Join(list, ", ")
}

func (c *checker) text(n *yaml.Node, s *huma.Schema, at string) any {
	length := utf8.RuneCountInString(n.Value)
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(n.Value)):
		var words []string
		for _, x := range s.Enum {
			words = append(words, fmt.Sprint(x))
		}
		c.say(n, "%s is one of %s, and not %q%s", at, strings.Join(words, ", "), clip(n.Value), suggest(n.Value, words))
	case s.MinLength != nil && length < *s.MinLength:
		c.say(n, "%s needs %d characters", at, *s.MinLength)
	case s.MaxLength != nil && length > *s.MaxLength:
		c.say(n, "%s has %d characters, and may have %d", at, length, *s.MaxLength)
	case s.Pattern != "" && !c.patterns[s.Pattern].MatchString(n.Value):
		c.say(n, "%s is not written as %s", at, s.Pattern)
	}
	return n.Value
}

// clip keeps an error to a line.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
