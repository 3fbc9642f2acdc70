package ask

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// A picture is grouped as little as it can be: what is alike from so many on; then
// whatever is alike; then by kind alone, which are few.
var groupings = []struct {
	from   int // members that make a group
	coarse bool
}{{5, false}, {2, false}, {2, true}}

// group puts each place into a node or a group, and opens groups as far as there is room.
func (c *canvas) group(open []string) {
	var members map[string][]int
	for _, g := range groupings {
		members = c.alike(g.coarse)
		boxes := 0
		for key, list := range members {
			if c.groups[key].single(len(list), g.from) {
				boxes += len(list)
			} else {
				boxes++
			}
		}
		c.settle(members, g.from)
		if boxes <= MaxNodes {
			c.open(open, members, MaxNodes-boxes)
			return
		}
	}
}

// single reports whether so many alike are shown one by one. What is hidden or far is
// not: there is nothing to tell one from another.
func (g *Group) single(n, from int) bool { return n < from && !g.Hidden && g.Key != farKey }

// farKey is the group of what is further away than is drawn.
const farKey = "further"

// alike sorts places by what they are like. The first, which the picture is of, is
// like nothing else.
func (c *canvas) alike(coarse bool) map[string][]int {
	members := map[string][]int{}
	c.groups = map[string]*Group{}
	for i, p := range c.walk.Places {
		g := Group{Key: c.key(i)}
		if i > 0 {
			g = c.likeness(p, coarse)
		}
		members[g.Key] = append(members[g.Key], i)
		known := c.groups[g.Key]
		if known == nil {
			g.Mode = strongest(p.Modes)
			known = &g
			c.groups[g.Key] = known
		}
		known.Mode = stronger(known.Mode, strongest(p.Modes))
	}
	return members
}

func stronger(a, b access.Mode) access.Mode { return strongest(1<<a | 1<<b) }

// likeness is the group that a place would be in.
func (c *canvas) likeness(p graph.Place, coarse bool) Group {
	kind := p.Ref.Kind.String()
	switch {
	case p.Depth > c.depth:
		return Group{Key: farKey, Kind: "object"}
	case !c.sees(p.Ref):
		return Group{Key: "hidden:" + kind, Kind: kind, Hidden: true}
	}
	g := Group{Kind: kind, Tier: c.tier(p.Ref)}
	parts := []string{kind}
	if g.Tier != nil {
		parts = append(parts, strconv.Itoa(int(*g.Tier)))
	}
	switch p.Ref.Kind {
	case access.KindIdentity:
		n, _ := c.view.Identity(access.IdentityID(p.Ref.Key))
		parts = append(parts, string(n.Kind))
		if g.Unit = c.units[n.ID]; coarse {
			g.Unit = ""
		}
		parts = append(parts, g.Unit)
	case access.KindAccount, access.KindEntitlement:
		if !coarse {
			g.System = c.name(p.Ref).System
			parts = append(parts, g.System)
		}
	case access.KindSystem:
		parts = append(parts, string(p.Over))
	default:
	}
	g.Key = strings.Join(parts, ":")
	return g
}

// key names the node of a place: its id, which only what is seen has. A system may
// stand for three things.
func (c *canvas) key(i int) string {
	p := c.walk.Places[i]
	switch {
	case !c.sees(p.Ref):
		return "hidden"
	case p.Over != "":
		return p.Ref.String() + ":" + string(p.Over)
	}
	return p.Ref.String()
}

// settle says of each place which node or group it is in.
func (c *canvas) settle(members map[string][]int, from int) {
	c.in, c.alone = make([]string, len(c.walk.Places)), make([]bool, len(c.walk.Places))
	c.of = map[string]string{}
	for key, list := range members {
		g := c.groups[key]
		g.Count = len(list)
		for _, i := range list {
			if c.alone[i] = g.single(len(list), from); c.alone[i] {
				c.in[i] = c.key(i)
			} else {
				c.in[i] = key
			}
		}
	}
	for _, g := range c.groups {
		g.Label = g.label()
	}
}

// open shows members of groups as nodes, as many of each as there is room for.
func (c *canvas) open(keys []string, members map[string][]int, room int) {
	type opening struct {
		group *Group
		skip  int
	}
	var list []opening
	seen := map[string]bool{}
	for _, text := range keys {
		key, skip := c.page(text)
		g := c.groups[key]
		if g == nil || g.Hidden || key == farKey || seen[key] || c.alone[members[key][0]] {
			continue
		}
		seen[key] = true
		list = append(list, opening{g, min(skip, len(members[key]))})
	}
	for n, o := range list {
		all := members[o.group.Key]
		page := all[o.skip:min(len(all), o.skip+min(openedPage, room/(len(list)-n)))]
		room -= len(page)
		for _, i := range page {
			key := c.key(i)
			c.in[i], c.alone[i], c.of[key] = key, true, o.group.Key
		}
		if end := o.skip + len(page); end < len(all) {
			o.group.Next = o.group.Key + "@" + strconv.Itoa(end)
		}
		o.group.Count = len(all) - len(page)
		o.group.Label = o.group.label()
	}
}

// page reads what to open: the key of a group, perhaps with how many to leave out.
func (c *canvas) page(text string) (key string, skip int) {
	i := strings.LastIndexByte(text, '@')
	if i < 0 || c.groups[text] != nil {
		return text, 0
	}
	n, err := strconv.Atoi(text[i+1:])
	if err != nil || n < 0 {
		return text, 0
	}
	return text[:i], n
}

// label says what a group is.
func (g *Group) label() string {
	n := g.Count
	switch {
	case g.Key == farKey:
		return fmt.Sprintf("%d further away", n)
	case g.Hidden:
		return counted(n, g.Kind) + " that you may not see"
	case g.Tier != nil && *g.Tier == access.Unclassified:
		return counted(n, g.Kind) + " that nobody has classified" + inSystem(g.System)
	case g.Tier != nil:
		return fmt.Sprintf("%s of tier %d%s", counted(n, g.Kind), *g.Tier, inSystem(g.System))
	case g.Unit != "":
		return counted(n, g.Kind) + " of " + g.Unit
	}
	return counted(n, g.Kind) + inSystem(g.System)
}

func inSystem(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}

func counted(n int, kind string) string {
	switch {
	case n == 1:
		return "1 " + kind
	case strings.HasSuffix(kind, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(kind, "y"))
	}
	return fmt.Sprintf("%d %ss", n, kind)
}
