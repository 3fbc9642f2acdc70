package sample

import (
	"slices"
	"strings"
)

// capability is right, kind of target, target with its system.
func (w *world) capabilities(e record) (list [][3]string) {
	for text := range strings.SplitSeq(e["capabilities"], ";") {
		right, on, ok := strings.Cut(text, "@")
		if !ok {
			continue
		}
		kind, id, _ := strings.Cut(on, ":")
		switch {
		case kind != "system":
			id = e["system"] + "/" + id
		case id == "":
			id = e["system"]
		}
		list = append(list, [3]string{right, kind, id})
	}
	return list
}

func (w *world) ownTier(e record) int {
	tier := 3
	for _, c := range w.capabilities(e) {
		system, _, _ := strings.Cut(c[2], "/")
		s := w.systems[system]
		class := s.DataClass
		if own := w.classes[c[2]]; own != "" {
			class = own
		}
		production := s.Environment == "production"
		switch {
		case c[0] == "read_sensitive":
			if production && (class == "restricted" || class == "confidential") {
				tier = min(tier, 1)
			}
		case c[1] == "system" && production && s.Criticality == "control":
			tier = 0
		case c[1] == "system" && production && c[0] != "destroy_data":
			tier = min(tier, 1)
		case c[1] == "resource" && production:
			tier = min(tier, 2)
		}
	}
	return tier
}

// next yields what whoever holds an entitlement holds too; with escalation also
// what they could take.
func (w *world) next(id string, escalate bool) (list []string) {
	e := w.ents[id]
	for _, g := range w.held[id] {
		if g["holder_kind"] == "entitlement" && g["mode"] == "standing" {
			list = append(list, g["system"]+"/"+g["entitlement"])
		}
	}
	if !escalate {
		return list
	}
	for _, c := range w.capabilities(e) {
		switch {
		case c[0] == "grant_access" && c[1] == "entitlement":
			list = append(list, c[2])
		case c[0] == "impersonate" && c[1] == "account":
			for _, account := range append([]string{c[2]}, w.opens[c[2]]...) {
				list = append(list, w.heldBy(account, "")...)
			}
		case c[0] == "impersonate" && c[1] == "system":
			list = append(list, w.heldIn[c[2]]...)
		case (c[0] == "bypass_controls" || c[0] == "grant_access") && c[1] == "system":
			for s, m := range w.systems {
				if s == c[2] || m.RunsOn == c[2] {
					list = append(list, w.entsOf[s]...)
				}
			}
		}
	}
	return list
}

// from is what an account has itself, one step away, and what accounts have that it
// opens, two steps away.
func (w *world) from(id, mode string) (near, far []string) {
	for _, opened := range w.opens[id] {
		if w.accounts[opened]["status"] == "enabled" {
			far = append(far, w.heldBy(opened, mode)...)
		}
	}
	return w.heldBy(id, mode), far
}

// reach is everything from some entitlements on, with how many steps away.
func (w *world) reach(near, far []string, escalate bool) map[string]int {
	at := map[string]int{}
	for _, id := range near {
		at[id] = 1
	}
	queue := slices.Clone(near)
	for i := 0; i < len(queue); i++ { // the nearest first
		for _, id := range w.next(queue[i], escalate) {
			if at[id] == 0 {
				at[id] = at[queue[i]] + 1
				queue = append(queue, id)
			}
		}
	}
	if far == nil {
		return at
	}
	for id, steps := range w.reach(far, nil, escalate) {
		if at[id] == 0 || steps+1 < at[id] {
			at[id] = steps + 1
		}
	}
	return at
}

// handed is the best tier of what may be given to anybody by who reaches all this.
func (w *world) handed(held map[string]int) int {
	tier := 3
	for id := range held {
		for _, c := range w.capabilities(w.ents[id]) {
			if c[0] != "grant_access" || c[1] != "entitlement" {
				continue
			}
			for e := range w.reach([]string{c[2]}, nil, true) {
				tier = min(tier, w.own[e])
			}
		}
	}
	return tier
}

func (w *world) heldBy(id, mode string) (list []string) {
	for _, g := range w.held[id] {
		if mode == "" || g["mode"] == mode {
			list = append(list, g["system"]+"/"+g["entitlement"])
		}
	}
	return list
}

// power is how much damage the worst can do that is reached in each system: by tier,
// and control of a whole system before any other access to it.
func (w *world) power(id string, escalate bool) map[string]int {
	best := map[string]int{}
	near, far := w.from(id, "")
	for id := range w.reach(near, far, escalate) {
		e := w.ents[id]
		n := 2*w.own[id] + 1
		for _, c := range w.capabilities(e) {
			if c[1] == "system" && c[2] == e["system"] && (c[0] == "bypass_controls" || c[0] == "grant_access") {
				n = 2 * w.own[id]
			}
		}
		if had, ok := best[e["system"]]; w.own[id] < 2 && (!ok || n < had) {
			best[e["system"]] = n
		}
	}
	return best
}

// escalates reports whether an account can get more power in a system than its
// person, with all accounts, has there.
func (w *world) escalates(id string, p record) bool {
	has := w.power(id, false)
	for _, other := range w.accountsOf[p["number"]] {
		for s, power := range w.power(other, false) {
			if had, ok := has[s]; !ok || power < had {
				has[s] = power
			}
		}
	}
	for s, power := range w.power(id, true) {
		if had, ok := has[s]; !ok || power < had {
			return true
		}
	}
	return false
}
