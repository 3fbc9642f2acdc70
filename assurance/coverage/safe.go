package coverage

import (
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// InSafe is a secret of an account that lies in a safe.
type InSafe struct {
	Account access.AccountID
	Kind    access.CredentialKind
	Proven  access.Time   // when Writ signed in with it last; zero is never
	Changed access.Time   // how old its value is; zero is none
	Every   time.Duration // how often it is changed by itself; zero is not
}

// lateness is how much longer than its schedule says a secret may take to be changed.
const lateness = 24 * time.Hour

// keeping looks at what safes have of an account. All that opens it has to lie there: each
// kind of secret that was seen to, and of keys no more than the one that is kept.
func (c *circumstances) keeping(h *holder, id access.AccountID) {
	list := c.kept[id]
	if len(list) == 0 {
		return
	}
	all := allKept(list, c.v.Credentials(id))
	proven, longest := true, time.Duration(0)
	changes := all
	for _, k := range list {
		proven = proven && k.Proven != 0 && !c.past(h, k.Proven, rotatePrivileged)
		changes = changes && k.Every != 0 && k.Proven != 0 && !c.past(h, k.Changed, k.Every+lateness)
		longest = max(longest, k.Every)
	}
	h.base.set(vaulted, all && proven)
	h.base.set(rotatedPrivileged, changes && longest <= rotatePrivileged)
	h.base.set(rotatedOther, changes && longest <= rotateOther)
}

// past reports whether a time lies back for longer than a period.
func (c *circumstances) past(h *holder, at access.Time, period time.Duration) bool {
	return c.reached(h, at+access.Time(period.Microseconds())+1)
}

func allKept(list []InSafe, seen []graph.CredentialEdge) bool {
	keys := 0
	for _, x := range seen {
		if x.Kind == access.SSHKey {
			keys++
		}
		if keys > 1 || !slices.ContainsFunc(list, func(k InSafe) bool { return k.Kind == x.Kind }) {
			return false
		}
	}
	return true
}

// keep takes up what safes have of an account now.
func (c *circumstances) keep(id access.AccountID, list []InSafe) {
	if len(list) == 0 {
		delete(c.kept, id)
		return
	}
	c.kept[id] = list
}

// keptNews are the accounts of which safes have something else than before.
func (c *circumstances) keptNews(kept map[access.AccountID][]InSafe) (refs []access.Ref) {
	for id, list := range kept {
		if !slices.Equal(c.kept[id], list) {
			refs = append(refs, id.Ref())
		}
	}
	return refs
}
