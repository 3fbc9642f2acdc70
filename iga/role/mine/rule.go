package mine

const maxLacking = 50 // who are named of those whom a rule covers and who are no members

// explain finds for each role the rule that fits its members best, and names it by that.
func (a *Attributes) explain(m Matrix, r *Result) {
	if a.empty() {
		return
	}
	e := newExplaining(a, m)
	for i := range r.Roles {
		e.role(&r.Roles[i])
	}
}

func (e *explaining) role(x *Role) {
	e.members.clear()
	for _, u := range x.Members {
		e.members.add(int(u))
	}
	best := e.best(x.Members)
	if best == nil {
		return
	}
	x.Rule = &best.Rule
	if best.Explains() {
		x.Name = best.name()
	}
	for u := range best.who.each {
		if !e.members.has(u) && len(x.Lacking) < maxLacking && best.Precision >= explains {
			x.Lacking = append(x.Lacking, int32(u))
		}
	}
}

// best is the rule that fits the members at hand best; a longer one has to be worth its
// length.
func (e *explaining) best(members []int32) *ruling {
	var best *ruling
	e.rules(members, func(x ruling) {
		if best == nil || x.value() > best.value()+0.01 {
			best = &x
		}
	})
	return best
}
