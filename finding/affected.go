package finding

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// affected finds the units that may be different in the later of two views. More
// than needed does no harm; a unit that is missing would stay what it was.
type affected struct {
	was, is     *graph.View
	before, now *facts
	changed     []access.Ref

	entitlements []access.EntitlementID // that changed
	identities   []access.IdentityID
	accounts     []access.AccountID
	systems      []access.SystemID

	gone, come, flips map[access.EntitlementID]bool // of entitlements: that are there only before, only now; both
	givers            map[access.EntitlementID]access.Ref

	moved bool // what leads where is no longer what it was
	units map[access.Ref]bool
}

func (a *affected) add(ref access.Ref) { a.units[ref] = true }

// sort takes what changed apart by kinds.
func (a *affected) sort() {
	a.gone, a.come, a.flips = map[access.EntitlementID]bool{}, map[access.EntitlementID]bool{}, map[access.EntitlementID]bool{}
	for _, ref := range a.changed {
		a.add(ref)
		switch ref.Kind {
		case access.KindAccount:
			a.accounts = append(a.accounts, access.AccountID(ref.Key))
		case access.KindIdentity:
			a.identities = append(a.identities, access.IdentityID(ref.Key))
		case access.KindSystem:
			a.systems = append(a.systems, access.SystemID(ref.Key))
		case access.KindEntitlement:
			id := access.EntitlementID(ref.Key)
			a.entitlements = append(a.entitlements, id)
			_, was := a.was.Entitlement(id)
			_, is := a.is.Entitlement(id)
			switch {
			case was && !is:
				a.gone[id], a.flips[id] = true, true
			case is && !was:
				a.come[id], a.flips[id] = true, true
			}
		default: // no rule looks at resources; roles matter to identities below them
		}
	}
}

// watchGivers notes who gave what may be given by somebody else afterwards.
func (a *affected) watchGivers() {
	a.givers = map[access.EntitlementID]access.Ref{}
	watch := func(id access.EntitlementID) { a.givers[id] = a.before.giver(a.was, id) }
	for _, id := range a.entitlements {
		watch(id)
		for _, v := range []*graph.View{a.was, a.is} {
			for g := range v.DirectGrants(id.Ref()) {
				watch(g.Entitlement)
			}
		}
	}
	for id := range a.flips { // groups that hold it give something more, or less
		for _, v := range []*graph.View{a.was, a.is} {
			for g := range v.DirectHolders(id) {
				if g.Holder.Kind == access.KindEntitlement {
					watch(access.EntitlementID(g.Holder.Key))
				}
			}
		}
	}
}

func (a *affected) find(d *derivation) {
	a.aroundAccounts()
	a.aroundIdentities(d)
	a.aroundHolders()
	a.aroundEntitlements()
	a.aroundGivers()
	a.aroundReach()
	a.aroundSystems(d)
	a.aroundConflicts(d)
	for s := range a.is.Systems() {
		a.add(s.ID.Ref())
	}
}

// aroundAccounts: whom they belong to, the others of the same people, and what
// credentials they accept.
func (a *affected) aroundAccounts() {
	for _, v := range []*graph.View{a.was, a.is} {
		for _, id := range a.accounts {
			account, _ := v.Account(id)
			for _, i := range account.Identities {
				a.add(i.Ref())
				a.addOthersOf(v, i)
			}
			for _, k := range v.Credentials(id) {
				a.add(k.ID.Ref())
			}
		}
	}
}

// addOthersOf adds those accounts of an identity of which something is found that
// depends on its other ones: what one has by one account is no escalation by another.
func (a *affected) addOthersOf(v *graph.View, id access.IdentityID) {
	for _, account := range v.AccountsOf(id) {
		if a.before.escalation.Contains(uint32(account)) || a.now.escalation.Contains(uint32(account)) {
			a.add(account.Ref())
		}
	}
}

func (a *affected) addAccountsOf(v *graph.View, id access.IdentityID) {
	for _, account := range v.AccountsOf(id) {
		a.add(account.Ref())
	}
}

// aroundIdentities: their accounts, and what they answer for.
func (a *affected) aroundIdentities(d *derivation) {
	before, now := &checker{v: a.was}, &checker{v: a.is}
	other := map[access.IdentityID]bool{}
	for _, id := range a.identities {
		a.addAccountsOf(a.was, id)
		a.addAccountsOf(a.is, id)
		if before.answers(id) == now.answers(id) {
			continue
		}
		other[id] = true
		for _, on := range d.dependents.On(id) {
			a.add(on.Ref())
		}
	}
	if len(other) == 0 {
		return
	}
	for e := range a.is.Entitlements() {
		if other[e.Owner] {
			a.add(e.ID.Ref())
		}
	}
}

// aroundHolders: what is looked at where it is held, because something is special
// about how it is.
func (a *affected) aroundHolders() {
	for _, v := range []*graph.View{a.was, a.is} {
		for _, ref := range a.changed {
			for g := range v.DirectGrants(ref) {
				if g.Flags&(access.Implicit|access.NoPassword) != 0 || ref.Kind == access.KindEntitlement {
					a.add(g.Entitlement.Ref())
				}
			}
		}
	}
}

// aroundEntitlements: who holds of them what nobody approved, and all who hold one
// that is there now and was not, or the other way round.
func (a *affected) aroundEntitlements() {
	for _, id := range a.entitlements {
		for _, h := range a.now.of(id).late {
			a.add(h.ref)
		}
		if a.flips[id] {
			a.addHolders(a.was, id)
			a.addHolders(a.is, id)
		}
	}
}

// addHolders adds the direct holders of an entitlement, and whom they belong to.
func (a *affected) addHolders(v *graph.View, id access.EntitlementID) {
	for g := range v.DirectHolders(id) {
		a.add(g.Holder)
		if account, ok := v.Account(access.AccountID(g.Holder.Key)); ok && g.Holder.Kind == access.KindAccount {
			for _, i := range account.Identities {
				a.add(i.Ref())
			}
		}
	}
}

func (a *affected) aroundGivers() {
	for id, before := range a.givers {
		if now := a.now.giver(a.is, id); now != before {
			for g := range a.is.DirectHolders(id) {
				a.add(g.Holder)
			}
		}
	}
}

// aroundReach: everybody above whom something changed that leads to what rules
// about reach look for.
func (a *affected) aroundReach() {
	leads := roaring.Or(a.before.leads, a.now.leads)
	agents := roaring.Or(a.before.agents, a.now.agents)
	var above, aboveAgents []access.Ref
	each := func(id access.EntitlementID) {
		if leads.Contains(uint32(id)) {
			above = append(above, id.Ref())
		}
		if agents.Contains(uint32(id)) {
			aboveAgents = append(aboveAgents, id.Ref())
		}
	}
	for _, id := range a.entitlements {
		each(id)
	}
	differing(a.before.public, a.now.public, each)
	differing(a.before.hands, a.now.hands, each)
	taken := a.taken(leads)
	a.moved = len(above) > 0 || len(taken) > 0
	may := roaring.Or(a.mayBeFound(a.before), a.mayBeFound(a.now))
	for _, v := range []*graph.View{a.was, a.is} {
		if len(above) > 0 {
			a.addReaching(v, roaring.And(v.Members(above, graph.Question{Escalation: true}).Accounts, may))
		}
		if len(taken) > 0 {
			a.addReaching(v, roaring.And(v.Takers(taken).Accounts, may))
		}
		if len(aboveAgents) > 0 {
			v.Members(aboveAgents, graph.Question{}).Identities.Iterate(func(id uint32) bool {
				if i, ok := v.Identity(access.IdentityID(id)); ok && i.Kind == access.Agent {
					a.add(i.ID.Ref())
				}
				return true
			})
		}
	}
}

func (a *affected) mayBeFound(f *facts) *roaring.Bitmap {
	return roaring.FastOr(f.standing, f.nesting, f.escalation)
}

// differing calls with each key whose value is not the same in both.
func differing[V comparable](was, is map[access.EntitlementID]V, each func(access.EntitlementID)) {
	for id, v := range was {
		if now, ok := is[id]; !ok || now != v {
			each(id)
		}
	}
	for id := range is {
		if _, ok := was[id]; !ok {
			each(id)
		}
	}
}

// taken lists the systems that run elsewhere now, and the accounts whose taking over
// leads somewhere else: somebody could become them, and what they have of that which
// matters is not the same.
func (a *affected) taken(leads *roaring.Bitmap) []access.Ref {
	var list []access.Ref
	for _, id := range a.systems {
		was, before := a.was.System(id)
		is, now := a.is.System(id)
		if was.RunsOn != is.RunsOn || before != now {
			list = append(list, id.Ref())
		}
	}
	for _, id := range a.accounts {
		if !a.was.Exposed(id) && !a.is.Exposed(id) {
			continue
		}
		was, before := a.was.Account(id)
		is, now := a.is.Account(id)
		had, has := ontoLeading(a.was, id, leads), ontoLeading(a.is, id, leads)
		if graph.OpenOtherwise(a.was, a.is, id) || !slices.Equal(had, has) || (before != now || was.System != is.System) && len(has) > 0 {
			list = append(list, id.Ref())
		}
	}
	return list
}

// onto is where a grant leads; of two that lead alike one is enough.
type onto struct {
	entitlement access.EntitlementID
	resource    access.ResourceID
	mode        access.Mode
}

// ontoLeading is where an account's grants lead, and those of accounts that one is
// let in as with it.
func ontoLeading(v *graph.View, id access.AccountID, leads *roaring.Bitmap) []onto {
	var list []onto
	for _, as := range v.Through(id) {
		for g := range v.DirectGrants(as.Ref()) {
			if leads.Contains(uint32(g.Entitlement)) {
				list = append(list, onto{g.Entitlement, g.Resource, g.Mode})
			}
		}
	}
	slices.SortFunc(list, func(a, b onto) int {
		return cmp.Or(cmp.Compare(a.entitlement, b.entitlement), cmp.Compare(a.resource, b.resource), cmp.Compare(a.mode, b.mode))
	})
	return slices.Compact(list)
}

// aroundSystems: findings name the owner of the system that they are in.
func (a *affected) aroundSystems(d *derivation) {
	other := map[access.SystemID]bool{}
	for _, id := range a.systems {
		was, _ := a.was.System(id)
		is, _ := a.is.System(id)
		if was.BusinessOwner != is.BusinessOwner || was.TechnicalOwner != is.TechnicalOwner {
			other[id] = true
		}
	}
	if len(other) == 0 {
		return
	}
	for unit, marks := range d.units {
		if slices.ContainsFunc(marks, func(m mark) bool { return other[m.system] }) {
			a.add(unit)
		}
	}
}

// addReaching adds accounts with the others of the same people.
func (a *affected) addReaching(v *graph.View, accounts *roaring.Bitmap) {
	accounts.Iterate(func(id uint32) bool {
		a.add(access.AccountID(id).Ref())
		account, _ := v.Account(access.AccountID(id))
		for _, i := range account.Identities {
			a.addOthersOf(v, i)
		}
		return true
	})
}

// aroundConflicts: who may hold others. Of everybody else who is looked at, for
// another reason, only those need to be asked again who did hold some.
func (a *affected) aroundConflicts(d *derivation) {
	touched := Touched(a.was, a.is, a.changed, a.before.conflicts, a.now.conflicts)
	touched.Iterate(func(id uint32) bool {
		a.add(access.IdentityID(id).Ref())
		return true
	})
	for unit := range a.units {
		if unit.Kind == access.KindIdentity && slices.ContainsFunc(d.units[unit], func(m mark) bool { return m.key.Rule == toxicRule }) {
			touched.Add(uint32(unit.Key))
		}
	}
	a.now.toxic = touched
}
