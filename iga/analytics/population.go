package analytics

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Trait is one attribute of a person.
type Trait struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

// population is everybody who is compared: people who may hold access. What is known of
// them is by their key, and each value is held once.
type population struct {
	people  *roaring.Bitmap
	columns []*column
	byName  map[string]*column
}

// column is one attribute of everybody. Code 0 is that somebody has none.
type column struct {
	name   string
	codes  []uint32 // by key
	values []string // by code
	code   map[string]uint32
	apart  bool // hardly any two people share a value, so it groups nobody
}

// apartFrom is how many values a column has before it is looked at whether people share any.
const apartFrom = 10_000

func readPopulation(ctx context.Context, store Store) (*population, error) {
	p := &population{people: roaring.New(), byName: map[string]*column{}}
	err := store.People(ctx, func(id access.IdentityID, traits []Trait) error {
		if id <= 0 || id > maxKey {
			return nil // the graph does not know it either
		}
		key := uint32(id) //nolint:gosec // checked
		p.people.Add(key)
		for _, t := range traits {
			p.column(t.Attribute).put(key, t.Value)
		}
		return ctx.Err()
	})
	return p, err
}

// maxKey is the greatest key that the graph has.
const maxKey = 1<<32 - 2

func (p *population) column(name string) *column {
	c := p.byName[name]
	if c == nil {
		c = &column{name: name, values: []string{""}, code: map[string]uint32{}}
		p.byName[name], p.columns = c, append(p.columns, c)
	}
	return c
}

func (c *column) put(key uint32, value string) {
	if c.apart || value == "" {
		return
	}
	code, known := c.code[value]
	if !known {
		if len(c.values) > apartFrom && 2*len(c.values) > int(key) {
			*c = column{name: c.name, apart: true}
			return
		}
		code = uint32(len(c.values)) //nolint:gosec // as many as people at most
		c.values, c.code[value] = append(c.values, value), code
	}
	if n := int(key) + 1; n > len(c.codes) {
		c.codes = append(c.codes, make([]uint32, n-len(c.codes))...)
	}
	c.codes[key] = code
}

func (c *column) at(key uint32) uint32 {
	if c == nil || int(key) >= len(c.codes) {
		return 0
	}
	return c.codes[key]
}

// value is what somebody has of an attribute.
func (p *population) value(attribute string, key uint32) string {
	c := p.byName[attribute]
	if code := c.at(key); code != 0 {
		return c.values[code]
	}
	return ""
}

// traits are somebody's values of some attributes.
func (p *population) traits(of []*column, key uint32) []Trait {
	list := make([]Trait, len(of))
	for i, c := range of {
		list[i] = Trait{c.name, c.values[c.at(key)]}
	}
	return list
}
