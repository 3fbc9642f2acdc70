package onboard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
)

// System is what decides of a system's accounts whether they can be taken over.
type System struct {
	Kind  string
	Keeps []connector.SecretKind // that Writ can change there
	Own   access.AccountID       // that Writ itself signs in with; zero is not known
}

// Place is where a secret lies embedded.
type Place struct {
	ID     access.ResourceID
	System access.SystemID
}

// known is what candidates are worked out from.
type known struct {
	view    *graph.View
	systems map[access.SystemID]System
	kept    map[access.AccountID][]Kind // what a safe has
	places  []Place
	now     access.Time

	tells map[access.SystemID]bool // which systems tell what opens their accounts
}

// candidates are all of them, the most dangerous first.
func (k *known) candidates() (list []Candidate) {
	k.tells = map[access.SystemID]bool{}
	for a := range k.view.Accounts() {
		if !k.tells[a.System] && len(k.view.Credentials(a.ID)) > 0 {
			k.tells[a.System] = true
		}
	}
	for a := range k.view.Accounts() {
		list = append(list, k.account(a)...)
	}
	for _, p := range k.places {
		list = append(list, Candidate{
			Kind: Embedded, System: p.System, Place: p.ID, Tier: access.Unclassified,
			Why: []string{"a secret lies in the system's own settings or files"},
			Not: "it takes a person: keep it in a safe, have what needs it ask there, and take it out of its place",
		})
	}
	slices.SortStableFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(rank(a.Tier), rank(b.Tier)), cmp.Compare(a.System, b.System), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Kind, b.Kind))
	})
	return list
}

// rank puts what gives nothing last.
func rank(t access.Tier) access.Tier {
	if t == access.Unclassified {
		return access.Tier3 + 1
	}
	return t
}

// account is what opens one account and lies in no safe.
func (k *known) account(a graph.AccountNode) (list []Candidate) {
	if a.Status != access.Enabled || a.Kind == access.PersonAccount {
		return nil
	}
	credentials := k.view.Credentials(a.ID)
	if len(credentials) == 0 && (!a.Interactive || k.tells[a.System]) {
		return nil // nothing opens it
	}
	tier := k.tier(a.ID)
	why := reasons(a, tier)
	if len(why) == 0 {
		return nil
	}
	for _, kind := range opening(credentials) {
		if slices.Contains(k.kept[a.ID], kind) {
			continue
		}
		c := Candidate{
			Kind: kind, System: a.System, Account: a.ID, Is: a.Kind, Tier: tier, Why: why,
			UsageKnown: a.UsageKnown, LastUsed: a.LastUsed, Not: k.refusal(a, kind),
		}
		k.uses(&c, a, credentials)
		list = append(list, c)
	}
	return list
}

// tier is the most dangerous that an account gives.
func (k *known) tier(id access.AccountID) access.Tier {
	worst := access.Unclassified
	for _, h := range k.view.Effective(id.Ref(), graph.Question{}) {
		if e, ok := k.view.Entitlement(h.Entitlement); ok && rank(e.Tier) < rank(worst) {
			worst = e.Tier
		}
	}
	return worst
}

// reasons say why an account's secret belongs in a safe; none is that it may stay.
func reasons(a graph.AccountNode, tier access.Tier) (why []string) {
	if tier.Privileged() {
		why = append(why, fmt.Sprintf("it gives access of tier %d", tier))
	}
	if a.Kind == access.SharedAccount {
		why = append(why, "it is a shared account")
	}
	if n := len(a.Identities); n > 1 {
		why = append(why, fmt.Sprintf("%d people use it", n))
	}
	if len(why) > 0 && a.Kind == access.BreakGlassAccount {
		why = append(why, "it is for breaking glass")
	}
	return why
}

// opening are the kinds of secret that open an account. Where its system does not tell, it is
// taken for a password.
func opening(credentials []graph.CredentialEdge) (kinds []Kind) {
	if len(credentials) == 0 {
		return []Kind{Password}
	}
	for _, kind := range []struct {
		seen access.CredentialKind
		kind Kind
	}{{access.Password, Password}, {access.SSHKey, SSHKey}} {
		if slices.ContainsFunc(credentials, func(c graph.CredentialEdge) bool { return c.Kind == kind.seen }) {
			kinds = append(kinds, kind.kind)
		}
	}
	return kinds
}

// refusal is why a secret is not taken over, whoever asks.
func (k *known) refusal(a graph.AccountNode, kind Kind) string {
	y, there := k.systems[a.System]
	node, _ := k.view.System(a.System)
	switch {
	case y.Own == a.ID:
		return "Writ itself signs in with it: its credential is the system's, and is changed there"
	case !there || !slices.Contains(y.Keeps, connector.SecretKind(kind)):
		return fmt.Sprintf("it takes a person: Writ changes no %s in systems of kind %s", words[kind], cmp.Or(y.Kind, "that it does not know"))
	case node.Draft:
		return "its system is a draft"
	case node.Paused > k.now:
		return "its system is in maintenance"
	}
	return ""
}

var words = map[Kind]string{Password: "password", SSHKey: "SSH key"}

// lately is how long ago a use counts as one that will come again.
const lately = 90 * 24 * time.Hour

// uses says who is known to use what opens an account, and warns of what they will meet.
func (k *known) uses(c *Candidate, a graph.AccountNode, credentials []graph.CredentialEdge) {
	users := map[access.Ref]bool{}
	for _, id := range a.Identities {
		users[id.Ref()] = true
	}
	for _, id := range k.view.OpenedBy(a.ID) {
		users[id.Ref()] = true
	}
	shared := map[access.AccountID]bool{}
	for _, x := range credentials {
		if x.Kind != access.SSHKey {
			continue
		}
		c.Keys++
		for _, id := range k.view.AccountsAccepting(x.ID) {
			if id != a.ID {
				shared[id] = true
			}
		}
	}
	warn := func(format string, args ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...)) }
	if c.Kind != SSHKey {
		c.Keys = 0
	} else {
		for id := range shared {
			users[id.Ref()] = true
		}
		if len(shared) > 0 {
			warn("a key that opens it opens %d other accounts too, where it stays", len(shared))
		}
		if c.Keys > 1 {
			warn("%d keys open it, and which is meant cannot be told: they stay beside the vault's unless it is to be alone", c.Keys)
		}
	}
	c.Consumers = len(users)
	if c.Consumers > 1 {
		warn("%d are known to use it: all of them lose what they have", c.Consumers)
	}
	if a.UsageKnown && a.LastUsed != 0 && k.now-a.LastUsed < access.Time(lately.Microseconds()) && (a.Kind == access.ServiceAccount || a.Kind == access.BuiltInAccount) {
		warn("it was used on %s, and whatever does so has to be told the new value", a.LastUsed.Time().UTC().Format(time.DateOnly))
	}
}

// has reports whether a candidate is asked for.
func (q Query) has(c Candidate) bool {
	return (q.System == 0 || c.System == q.System) && (q.Kind == "" || c.Kind == q.Kind) && (q.Is == "" || c.Is == q.Is) &&
		(len(q.Accounts) == 0 || slices.Contains(q.Accounts, c.Account)) && (q.Tier == nil || rank(c.Tier) <= *q.Tier)
}
