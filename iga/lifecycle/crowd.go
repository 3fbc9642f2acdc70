package lifecycle

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Person is what rules may look at of an identity, and which roles it was assigned.
type Person struct {
	ID    access.IdentityID
	State access.IdentityState
	// Values are by the names of Vars; an attribute of a source is "identity.attributes."
	// and its name.
	Values map[string]string
	Roles  []access.RoleID
}

// Modelled are the attributes of sources for which the model has words of its own.
var Modelled = []string{
	"number", "name", "email", "kind", "state", "employer", "unit", "title", "manager", "start", "end",
	"organisation", "sponsor", "contract_end", "owner", "deputy", "login",
}

// Sourced adds what sources say beside the model's own words.
func Sourced(attributes map[string]access.Attribute, into map[string]string) {
	for name, a := range attributes {
		if !slices.Contains(Modelled, name) {
			into[sourcedPrefix+name] = a.Value
		}
	}
}

// Crowd is what is known of everybody, a column for each attribute. A value that many
// share is held once, and who shares it can be told without comparing text.
type Crowd struct {
	ids     []access.IdentityID // by row; zero where nobody is
	rows    map[access.IdentityID]uint32
	free    []uint32
	columns map[string]*column
	keeps   *roaring.Bitmap // rows of whom rules are for
	roles   map[access.RoleID]*roaring.Bitmap
	of      map[uint32][]access.RoleID // by row, the roles of those who have any
}

// column is one attribute of everybody, by codes. Code 0 is that there is none. Of what
// is everybody's own, a row's code is its own, and no text is looked up.
type column struct {
	own    bool
	codes  []uint32
	values []string // by code
	code   map[string]uint32
}

// owned are the variables that hardly any two people share.
var owned = []string{"identity.name", "identity.email", "identity.number", "identity.login"}

func newColumn(name string) *column {
	return &column{own: slices.Contains(owned, name), values: []string{""}, code: map[string]uint32{}}
}

// NewCrowd returns a crowd of nobody.
func NewCrowd() *Crowd {
	return &Crowd{
		rows: map[access.IdentityID]uint32{}, columns: map[string]*column{}, keeps: roaring.New(),
		roles: map[access.RoleID]*roaring.Bitmap{}, of: map[uint32][]access.RoleID{},
	}
}

// keeps reports whether rules are for an identity in this state. Who is away keeps what
// they should have, though their accounts do not work meanwhile.
func keeps(s access.IdentityState) bool {
	return s.MayHoldAccess() || s == access.Suspended || s == access.LeaveOfAbsence
}

// Len is how many there are.
func (c *Crowd) Len() int { return len(c.rows) }

// Put adds somebody, or replaces what is known of them.
func (c *Crowd) Put(p Person) {
	row, known := c.rows[p.ID]
	switch n := len(c.free); {
	case known:
		c.clear(row)
	case n > 0:
		row, c.free = c.free[n-1], c.free[:n-1]
	default:
		row = uint32(len(c.ids)) //nolint:gosec // dense
		c.ids = append(c.ids, 0)
	}
	c.ids[row], c.rows[p.ID] = p.ID, row
	for name, value := range p.Values {
		col := c.columns[name]
		if col == nil {
			col = newColumn(name)
			c.columns[name] = col
		}
		col.put(row, value)
	}
	if keeps(p.State) {
		c.keeps.Add(row)
	}
	for _, id := range p.Roles {
		set := c.roles[id]
		if set == nil {
			set = roaring.New()
			c.roles[id] = set
		}
		set.Add(row)
	}
	if len(p.Roles) > 0 {
		c.of[row] = slices.Clone(p.Roles)
	}
}

// Drop forgets somebody.
func (c *Crowd) Drop(id access.IdentityID) {
	row, known := c.rows[id]
	if !known {
		return
	}
	c.clear(row)
	delete(c.rows, id)
	c.ids[row], c.free = 0, append(c.free, row)
}

func (c *Crowd) clear(row uint32) {
	for _, col := range c.columns {
		col.clear(row)
	}
	c.keeps.Remove(row)
	for _, id := range c.of[row] {
		c.roles[id].Remove(row)
	}
	delete(c.of, row)
}

func (col *column) clear(row uint32) {
	switch {
	case !col.own && int(row) < len(col.codes):
		col.codes[row] = 0
	case col.own && int(row)+1 < len(col.values):
		col.values[row+1] = ""
	}
}

func (col *column) put(row uint32, value string) {
	if col.own {
		if n := int(row) + 2; n > len(col.values) {
			col.values = append(col.values, make([]string, n-len(col.values))...)
		}
		col.values[row+1] = value
		return
	}
	code, known := col.code[value]
	if !known {
		code = uint32(len(col.values)) //nolint:gosec // as many as people at most
		col.values, col.code[value] = append(col.values, value), code
	}
	if n := int(row) + 1; n > len(col.codes) {
		col.codes = append(col.codes, make([]uint32, n-len(col.codes))...)
	}
	col.codes[row] = code
}

func (col *column) at(row uint32) uint32 {
	switch {
	case col == nil:
		return 0
	case col.own && int(row)+1 < len(col.values) && col.values[row+1] != "":
		return row + 1
	case col.own || int(row) >= len(col.codes):
		return 0
	}
	return col.codes[row]
}

// vars are all that expressions may look at of one row.
func (c *Crowd) vars(row uint32) map[string]any {
	all, of := make(map[string]any, len(Vars)+1), map[string]string{}
	for name, kind := range Vars {
		switch kind {
		case policy.BoolVar:
			all[name] = c.value(name, row) == "true"
		case policy.StringVar:
			all[name] = c.value(name, row)
		default:
		}
	}
	for name := range c.columns {
		if key, ok := strings.CutPrefix(name, sourcedPrefix); ok {
			if value := c.value(name, row); value != "" {
				of[key] = value
			}
		}
	}
	all[attributes] = of
	return all
}

// person is all that is known of somebody.
func (c *Crowd) person(id access.IdentityID) (p Person, known bool) {
	row, known := c.rows[id]
	if !known {
		return p, false
	}
	p = Person{ID: id, State: access.IdentityState(c.value(stateVar, row)), Values: map[string]string{}, Roles: c.of[row]}
	for name := range c.columns {
		if value := c.value(name, row); value != "" {
			p.Values[name] = value
		}
	}
	return p, true
}

// having are those who have a value in a column.
func (c *Crowd) having(name, value string) (list []access.IdentityID) {
	col := c.columns[name]
	if col == nil || col.own {
		return nil
	}
	code, known := col.code[value]
	for row, id := range c.ids {
		if known && id != 0 && col.at(uint32(row)) == code { //nolint:gosec // rows are counted with 32 bits
			list = append(list, id)
		}
	}
	return list
}

func (c *Crowd) value(name string, row uint32) string {
	col := c.columns[name]
	if col == nil {
		return ""
	}
	return col.values[col.at(row)]
}

// everybody are all identities that are known, in order.
func (d *Desired) everybody() []access.IdentityID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Sorted(maps.Keys(d.crowd.rows))
}

// people is how many there are whom rules are for.
func (d *Desired) people() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return count(d.crowd.keeps)
}

// people are the identities of a set of rows, in order.
func people(ids []access.IdentityID, set *roaring.Bitmap) []access.IdentityID {
	list := make([]access.IdentityID, 0, set.GetCardinality())
	for row := range each(set) {
		list = append(list, ids[row])
	}
	slices.Sort(list)
	return list
}

// attributes are the columns of a map variable.
func (c *Crowd) attributes(of string) []string {
	var names []string
	for name := range maps.Keys(c.columns) {
		if len(name) > len(of) && name[:len(of)] == of && name[len(of)] == '.' {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func each(set *roaring.Bitmap) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := set.Iterator(); i.HasNext(); {
			if !yield(i.Next()) {
				return
			}
		}
	}
}
