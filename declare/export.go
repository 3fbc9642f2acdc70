package declare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// File is what is exported of one kind.
type File struct {
	Name      string
	Text      []byte
	Documents int
}

// Export writes what there is as documents, a file for each of some kinds, or of all
// where none is named. Nobody's comments are in it.
func (e *Engine) Export(ctx context.Context, kinds []string) ([]File, error) {
	for _, name := range kinds {
		if _, ok := e.kind(name); !ok {
			return nil, ErrDocument.With("%q is no kind of thing that is declared; there are: %s%s", name, strings.Join(e.names(), ", "), suggest(name, e.names()))
		}
	}
	files := []File{}
	for _, k := range e.Kinds {
		if len(kinds) > 0 && !slices.Contains(kinds, k.name()) {
			continue
		}
		all, err := k.load(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			continue
		}
		text, err := documents(k.name(), all)
		if err != nil {
			return nil, err
		}
		files = append(files, File{k.name() + ".yaml", text, len(all)})
	}
	return files, nil
}

func documents(kind string, all map[string]thing) ([]byte, error) {
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n", SchemaAddress)
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		spec, err := node(all[name].spec)
		if err != nil {
			return nil, err
		}
		fields := []*yaml.Node{text("kind"), text(kind), text("name"), text(name), text("spec"), spec}
		if err := out.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: fields}); err != nil {
			return nil, fmt.Errorf("writing %s: %w", Name{kind, name}, err)
		}
	}
	return b.Bytes(), out.Close()
}

// merge would take the fields of what it names in.
const merge = "<<"

// text is a string as YAML; what plain text or lines could not bring back is in quotes.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: textTag, Value: s}
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) || strings.HasPrefix(s, "\n") || strings.HasPrefix(s, " ") || s == merge {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// node is a spec as YAML, its fields in the order of its type.
func node(spec any) (*yaml.Node, error) {
	d := json.NewDecoder(strings.NewReader(written(spec)))
	d.UseNumber()
	return next(d)
}

func next(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode}
		if t == '[' {
			n.Kind = yaml.SequenceNode
		}
		for d.More() {
			child, err := next(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle // {} and []
		}
		_, err := d.Token()
		return n, err
	case string:
		return text(t), nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: boolTag, Value: fmt.Sprint(t)}, nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: intTag, Value: t.String()}, nil
	}
	return nil, io.ErrUnexpectedEOF // nothing declares what may be null
}
