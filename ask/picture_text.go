package ask

import (
	"fmt"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// verbs say how an edge leads on, of one and of some among many.
var verbs = map[string][2]string{
	graph.ByAccount.String():     {"has", "have"},
	graph.ByOpening.String():     {"is let in as", "are let in as"},
	graph.ByGrant.String():       {"has", "have"},
	graph.ByNesting.String():     {"gives", "give"},
	graph.ByRole.String():        {"has", "have"},
	graph.ByInclusion.String():   {"includes", "include"},
	graph.ByRoleGives.String():   {"gives", "give"},
	graph.ByImpersonate.String(): {"lets become", "let become"},
	graph.ByGrantAccess.String(): {"lets give", "let give"},
	graph.ByHost.String():        {"lets control", "let control"},
}

// modeWords follow what is not simply there.
var modeWords = map[access.Mode]string{access.Eligible: ", which could be activated", access.Activated: ", for now"}

// tell says a picture in sentences: what it is of and how much is in it, then each edge,
// those that begin at one node together.
func tell(p *Picture) []string {
	if len(p.Nodes) == 0 {
		return []string{}
	}
	nouns, sizes := map[string]string{}, map[string]int{}
	for _, n := range p.Nodes {
		nouns[n.Key] = n.noun()
	}
	for _, g := range p.Groups {
		nouns[g.Key], sizes[g.Key] = g.Label, g.Count
	}
	text := []string{opening(p, nouns)}
	for i := 0; i < len(p.Edges); {
		first := p.Edges[i]
		size, all := sizes[first.From], true
		var to []string
		for ; i < len(p.Edges) && p.Edges[i].From == first.From && p.Edges[i].Kind == first.Kind && p.Edges[i].Mode == first.Mode; i++ {
			e := p.Edges[i]
			to = append(to, among(e, nouns[e.To], size, sizes[e.To]))
			all = all && sizes[e.To] == 0 && e.Count == size
		}
		subject, verb := nouns[first.From], verbs[first.Kind][0]
		switch {
		case size > 0 && all:
			subject, verb = "all of "+subject, verbs[first.Kind][1]
		case size > 0:
			subject, verb = "some of "+subject, verbs[first.Kind][1]
		}
		text = append(text, withCapital(fmt.Sprintf("%s %s %s%s.", subject, verb, enumerated(to), modeWords[first.Mode])))
	}
	return text
}

// among is where an edge leads to: of a group, to how many of its members, where that is
// known. Between two groups several edges may lead to one member.
func among(e Edge, noun string, from, to int) string {
	switch {
	case to == 0:
		return noun
	case from > 0:
		return "some of " + noun
	case e.Count < to:
		return fmt.Sprintf("%d of %s", e.Count, noun)
	}
	return noun
}

func opening(p *Picture, nouns map[string]string) string {
	others := p.Reached - 1
	what := "reaches"
	if p.Nodes[0].Object.Type == access.KindEntitlement.String() {
		what = "is reached by"
	}
	more := ""
	if p.More {
		more = " at least"
	}
	switch others {
	case 0:
		return withCapital(fmt.Sprintf("%s %s nothing.", nouns[p.Of], what))
	case 1:
		return withCapital(fmt.Sprintf("%s %s%s one thing.", nouns[p.Of], what, more))
	}
	return withCapital(fmt.Sprintf("%s %s%s %d things.", nouns[p.Of], what, more, others))
}

// noun is what a sentence calls a node.
func (n Node) noun() string {
	o := n.Object
	switch {
	case n.Over == graph.OverGrants:
		return "whatever " + o.word() + " can give"
	case n.Over == graph.OverAccounts:
		return "every account of " + o.word()
	case n.Over == graph.OverAll:
		return "the whole of " + o.word()
	case o.Type == access.KindAccount.String():
		return account(o) + inSystem(o.System)
	case o.Type == access.KindRole.String():
		return role(o)
	case n.Tier != nil && *n.Tier != access.Unclassified:
		return fmt.Sprintf("%s%s (tier %d)", o.word(), inSystem(o.System), *n.Tier)
	}
	return o.word() + inSystem(o.System)
}

// enumerated is a list as people write it.
func enumerated(list []string) string {
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " and " + list[last]
	}
	return list[0]
}
