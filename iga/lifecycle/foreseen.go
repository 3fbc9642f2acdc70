package lifecycle

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// coming is what a file makes of somebody.
type coming struct {
	id                      access.IdentityID
	fresh                   bool                 // not known yet
	read, state             access.IdentityState // as it is read, and after what a contract's end asks for
	manager, sponsor, owner access.IdentityID
	contract                Contract
	left                    bool // no source has them any more; all but the state stays
	placed                  bool // in a position now
	kept                    bool // only what is said of their manager is another
	said                    access.IdentityState
	over                    bool // their contract is, and that suspends them
	happens                 []EventKind
}

// foreseen is what a file makes of everybody.
type foreseen struct {
	at   access.Time
	now  *Crowd // everybody as they are, until they are followed
	then *Crowd // whom the file changes, as it makes them
	all  []coming
}

func (f *foreseen) take(r inventory.PersonRow) error {
	i := r.Identity
	if i.Name == "" { // nothing is left of them but who they were
		p, _ := f.now.person(i.ID)
		f.put(coming{id: i.ID, state: access.Terminated, left: true}, p)
		return nil
	}
	x := coming{id: i.ID, fresh: inventory.Foreseen(i.ID), state: i.State, owner: i.Owner, said: r.Said}
	p := Person{ID: i.ID, Values: map[string]string{
		"identity.kind": string(i.Kind), "identity.name": i.Name, "identity.email": i.Email, "identity.number": i.Number, "identity.login": r.Login,
	}}
	if i.ThirdParty != nil {
		p.Values["identity.organisation"], p.Values["identity.third_party"] = i.ThirdParty.Organisation, "true"
		x.sponsor = i.ThirdParty.Sponsor
		x.contract = Contract{Identity: i.ID, State: i.State, End: i.ThirdParty.ContractEnd}
	}
	if len(i.Affiliations) > 0 {
		a := i.Affiliations[0]
		x.manager = a.Manager
		if x.placed = a.Start <= f.at; x.placed { // a position is looked at from its first day on
			p.Values["identity.employer"], p.Values["identity.unit"], p.Values["identity.title"] = a.Employer, a.Unit, a.Title
		}
	}
	Sourced(i.Attributes, p.Values)
	if row, known := f.now.rows[i.ID]; known {
		p.Roles = f.now.of[row]
	}
	f.put(x, p)
	return nil
}

func (f *foreseen) put(x coming, p Person) {
	p.ID, p.State, x.read = x.id, x.state, x.state
	p.Values[stateVar] = string(x.state)
	f.then.Put(p)
	f.all = append(f.all, x)
}

const (
	numberVar  = "identity.number"
	managerVar = "identity.manager"
)

func number(c *Crowd, id access.IdentityID) string {
	if row, known := c.rows[id]; known {
		return c.value(numberVar, row)
	}
	return ""
}

// number is somebody's once the file is loaded.
func (f *foreseen) number(id access.IdentityID) string {
	if _, changes := f.then.rows[id]; changes {
		return number(f.then, id)
	}
	return number(f.now, id)
}

// numbered puts managers' numbers, which rules look at: of those in the file, and of those
// whose manager is given another one.
func (f *foreseen) numbered() {
	for _, x := range f.all {
		if p, _ := f.then.person(x.id); x.placed && x.manager != 0 {
			p.Values[managerVar] = f.number(x.manager)
			f.then.Put(p)
		}
		was := number(f.now, x.id)
		if was == "" || was == number(f.then, x.id) {
			continue
		}
		for _, id := range f.now.having(managerVar, was) {
			if _, changes := f.then.rows[id]; !changes {
				p, _ := f.now.person(id)
				p.Values[managerVar] = number(f.then, x.id)
				f.put(coming{id: id, state: p.State, kept: true}, p)
			}
		}
	}
}

// restate gives those another state whom the end of a contract suspends, or lets work
// again.
func (f *foreseen) restate(ends map[access.IdentityID]EndOfContract) {
	for i := range f.all {
		x := &f.all[i]
		end, due := ends[x.id]
		if !due {
			continue
		}
		switch {
		case end.Over:
			x.state, x.over = access.Suspended, true
		case end.Ordered != "":
			x.state = end.Ordered
		default:
			x.state = x.said
		}
		p, _ := f.then.person(x.id)
		p.State, p.Values[stateVar] = x.state, string(x.state)
		f.then.Put(p)
	}
}

// contracts are those that end, of people who are known.
func (f *foreseen) contracts() (list []Contract) {
	for _, x := range f.all {
		if x.contract.End != 0 && !x.fresh {
			list = append(list, x.contract)
		}
	}
	return list
}

// overlay is what is kept of somebody, with what the file makes of them.
func (x *coming) overlay(h Holding) Holding {
	h.Identity, h.State = x.id, x.state
	if !x.left && !x.kept {
		h.Manager, h.Sponsor, h.Owner = x.manager, x.sponsor, x.owner
	}
	return h
}

// kinds are what happens in somebody's life by what a file makes of them: the words of
// what is seen in sources.
func (f *foreseen) kinds(x *coming) (list []EventKind) {
	then, _ := f.then.person(x.id)
	now, known := f.now.person(x.id)
	if k := KindOf(now.State, x.read); k != "" {
		list = append(list, k)
	}
	if !known {
		return list
	}
	if x.over {
		list = append(list, ContractEnd)
	} else if k := KindOf(x.read, x.state); k != "" {
		list = append(list, k)
	}
	other := func(name string) bool { return now.Values["identity."+name] != then.Values["identity."+name] }
	if now.State == x.read && (now.Values["identity.organisation"] == "") != (then.Values["identity.organisation"] == "") {
		list = append(list, Convert)
	}
	if other("unit") || other("title") || other("employer") || other("manager") && !x.kept {
		list = append(list, Move)
	}
	return list
}
