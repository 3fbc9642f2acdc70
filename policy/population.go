package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// crowd is everybody and everything there is, in classes: what policies cannot tell apart
// is decided alike, and decided once.
type crowd struct {
	v     *graph.View
	facts Facts
	d     *Directory
	named map[access.Ref]bool // what a policy names is a class of its own

	who     []whoClass
	answers map[access.IdentityID]access.IdentityID // for whom, and a service or agent that they answer for
	// strangers are two who work here, the first ones those who hold no function where
	// there are such.
	strangers []access.IdentityID
	plain     int // how many of them hold none
}

// whoClass is people whom policies cannot tell apart.
type whoClass struct {
	first  access.IdentityID
	words  string
	people int
}

// whoKey is what policies can tell of who asks.
type whoKey struct {
	facts IdentityFacts // without who the owner is
	owned bool
	held  string
	named access.IdentityID
}

func newCrowd(v *graph.View, facts Facts, d *Directory, named map[access.Ref]bool) *crowd {
	c := &crowd{v: v, facts: facts, d: d, named: named, answers: map[access.IdentityID]access.IdentityID{}}
	at := map[whoKey]int{}
	for i := range v.Identities() {
		f, _ := facts.Identity(i.ID)
		if f.Kind != access.Human && f.Owner != 0 && c.answers[f.Owner] == 0 {
			c.answers[f.Owner] = i.ID
		}
		held := facts.Functions(i.ID)
		if f.Kind == access.Human && f.State == access.Active {
			c.meet(i.ID, len(held) == 0)
		}
		k := whoKey{facts: f, owned: f.Owner != 0, held: heldWords(held)}
		k.facts.Owner = 0
		if named[i.ID.Ref()] {
			k.named = i.ID
		}
		n, known := at[k]
		if !known {
			n = len(c.who)
			at[k], c.who = n, append(c.who, whoClass{first: i.ID, words: k.words()})
		}
		c.who[n].people++
	}
	return c
}

// meet keeps two strangers.
func (c *crowd) meet(id access.IdentityID, plain bool) {
	switch {
	case plain && c.plain < 2:
		c.strangers = slices.Insert(c.strangers, c.plain, id)
		c.plain++
	case len(c.strangers) < 2:
		c.strangers = append(c.strangers, id)
	}
}

// stranger is somebody else.
func (c *crowd) stranger(who access.IdentityID) access.IdentityID {
	for _, id := range c.strangers {
		if id != who {
			return id
		}
	}
	return 0
}

func heldWords(held []Held) string {
	var words []string
	for _, h := range held {
		word := string(h.Function)
		if h.Scope != 0 {
			word += " over " + h.Scope.String()
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return strings.Join(words, " and ")
}

func (k whoKey) words() string {
	if k.named != 0 {
		return k.named.String()
	}
	words := string(k.facts.Kind)
	if k.facts.ThirdParty {
		words += " of a third party"
	}
	if k.facts.Kind != access.Human && !k.owned {
		words += " without an owner"
	}
	words += ", " + strings.ReplaceAll(string(k.facts.State), "_", " ")
	if k.held != "" {
		words += ", " + k.held
	}
	return words
}

// whatClass is things of a type that policies cannot tell apart.
type whatClass struct {
	resources []Resource // one of them, and another where there are more
	words     string
	objects   int // zero where there may be any number
}

// whatKey is what policies can tell of a resource, as far as they look.
type whatKey struct {
	scope       access.ScopeID
	kind        string
	tier        access.Tier
	environment access.Environment
	class       access.DataClass
	function    access.Function
	system      access.SystemID
	owned       bool
	facts       IdentityFacts
	named       access.Ref
}

// things gathers the classes of one type.
type things struct {
	c     *crowd
	looks map[string]bool
	at    map[whatKey]int
	list  []whatClass
}

// what returns the classes of what an action is on, as finely as policies look.
func (c *crowd) what(a Action, looks map[string]bool) []whatClass {
	t := &things{c: c, looks: looks, at: map[whatKey]int{}}
	t.list = append(t.list, whatClass{resources: []Resource{{}}, words: "all of the organisation, or a new one"})
	if strings.HasSuffix(a.Name, ".add") {
		t.within(a.On) // what is to be, in each scope
		return t.list
	}
	switch a.On {
	case IdentityType:
		for i := range c.v.Identities() {
			t.add(i.ID.Ref())
		}
	case AccountType:
		for a := range c.v.Accounts() {
			t.add(a.ID.Ref())
		}
	case EntitlementType:
		for e := range c.v.Entitlements() {
			t.add(e.ID.Ref())
		}
	case ResourceType:
		for r := range c.v.Resources() {
			t.add(r.ID.Ref())
		}
	case SystemType:
		for s := range c.v.Systems() {
			t.add(s.ID.Ref())
		}
	case RoleType:
		for r := range c.v.Roles() {
			t.add(r.ID.Ref())
		}
	default:
		t.within(a.On)
	}
	return t.list
}

func (t *things) add(ref access.Ref) {
	if r, there := ObjectOf(t.c.v, ref); there {
		t.put(r, 1)
	}
}

// within adds what a type of which the graph knows no objects may be: one in each scope,
// and of findings one of each function.
func (t *things) within(on Type) {
	functions := []access.Function{""}
	if on == FindingType {
		functions = access.Functions
	}
	for _, scope := range slices.Sorted(maps.Keys(t.c.d.Parents)) {
		for _, f := range functions {
			r := Resource{Scope: scope, Function: f}
			if on == ScopeType {
				r.Ref = scope.Ref()
			}
			t.put(r, 0)
		}
	}
	if on == FindingType {
		for _, f := range functions {
			t.put(Resource{Function: f}, 0)
		}
	}
}

func (t *things) put(r Resource, n int) {
	k := whatKey{scope: r.Scope, owned: t.looks["owner"] && r.Owner != 0}
	if r.Ref.Kind == access.KindIdentity {
		k.facts, _ = t.c.facts.Identity(access.IdentityID(r.Ref.Key))
		k.owned, k.facts.Owner, k.scope = k.facts.Owner != 0, 0, k.facts.Scope
	}
	if t.c.named[r.Ref] && !r.Ref.IsZero() {
		k.named = r.Ref
	}
	if t.looks["kind"] {
		k.kind = r.Kind
	}
	if t.looks["tier"] {
		k.tier = tierOf(r.Tier)
	}
	if t.looks["environment"] {
		k.environment = r.Environment
	}
	if t.looks["data_class"] {
		k.class = r.DataClass
	}
	if t.looks["function"] {
		k.function = r.Function
	}
	if t.looks["system"] {
		k.system = r.System
	}
	i, known := t.at[k]
	if !known {
		i = len(t.list)
		t.at[k], t.list = i, append(t.list, whatClass{words: k.words(t.looks)})
	}
	w := &t.list[i]
	w.objects += n
	if len(w.resources) < 2 {
		w.resources = append(w.resources, r)
	}
}

func (k whatKey) words(looks map[string]bool) string {
	if !k.named.IsZero() {
		return k.named.String() + ", " + k.scopeWords()
	}
	var words []string
	if k.facts.Kind != "" {
		words = append(words, whoKey{facts: k.facts, owned: k.owned}.words())
	}
	for name, value := range map[string]string{"environment": string(k.environment), "data_class": string(k.class), "kind": k.kind, "function": string(k.function)} {
		if looks[name] && value != "" {
			words = append(words, strings.ReplaceAll(name, "_", " ")+" "+value)
		}
	}
	if looks["tier"] {
		words = append(words, fmt.Sprintf("tier %d", k.tier))
	}
	if k.system != 0 {
		words = append(words, "in "+k.system.String())
	}
	slices.Sort(words)
	return strings.Join(append(words, k.scopeWords()), ", ")
}

func (k whatKey) scopeWords() string {
	if k.scope == 0 {
		return "in no scope"
	}
	return "in " + k.scope.String()
}
