package lifecycle

import (
	"errors"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// Why an account is as it should be.
const (
	becauseMapped    = "by the mapping"
	becauseReturned  = "returned"
	becauseLeft      = "left"
	becauseNotYet    = "not here yet"
	becauseNotNeeded = "nothing needs it any more"
	becauseSuspended = string(access.Suspended)
	becauseOnLeave   = string(access.LeaveOfAbsence)
)

// away are the reasons for which an account works again when its person is back.
var away = []string{becauseSuspended, becauseOnLeave, becauseNotYet}

// Logins says which logins are free.
type Logins func(id access.SystemID, login string, of access.IdentityID) (bool, error)

// targeting is one identity's accounts being decided.
type targeting struct {
	d        *Desired
	mappings map[access.SystemID]*mapped
	h        Holding
	now      access.Time
	free     Logins // nil while it is only compared
	vars     map[string]any
	used     map[access.SystemID]bool // in which they may have something
	step     *Step
	fails    []Failure
	all      bool // what stays is told, too
}

// target compares the accounts that somebody should have with what is kept of them.
func (d *Desired) target(h Holding, now access.Time, free Logins, into *Step) error {
	mappings, used := d.mapped(h, *into)
	t := &targeting{d: d, mappings: mappings, used: used, h: h, now: now, free: free, step: into}
	for _, system := range t.systems() {
		var targets []access.Target
		for _, y := range h.Targets {
			if y.System == system {
				targets = append(targets, y)
			}
		}
		err := t.decide(system, mappings[system], targets)
		switch {
		case errors.Is(err, ErrMappingFails):
			t.fails = append(t.fails, Failure{system, err.Error()})
		case err != nil:
			return err
		}
	}
	if !slices.Equal(t.fails, h.Failures) {
		into.Failures, into.Refailed = t.fails, true
	}
	return nil
}

// mapped are the mappings, and the systems in which somebody may have something after a
// step.
func (d *Desired) mapped(h Holding, s Step) (map[access.SystemID]*mapped, map[access.SystemID]bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	used, ended := map[access.SystemID]bool{}, map[access.JustificationID]bool{}
	for _, j := range s.End {
		ended[j.ID] = true
	}
	for _, j := range h.Justified {
		if system := h.In[j.Entitlement]; system != 0 && !ended[j.ID] {
			used[system] = true
		}
	}
	for _, j := range s.Begin {
		if system := d.systems[j.Entitlement]; system != 0 {
			used[system] = true
		}
	}
	return d.mappings, used
}

// systems are those in which something is, or should be.
func (t *targeting) systems() []access.SystemID {
	list := slices.Collect(maps.Keys(t.mappings))
	for _, y := range t.h.Targets {
		list = append(list, y.System)
	}
	for _, a := range t.h.Accounts {
		list = append(list, a.System)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (t *targeting) decide(system access.SystemID, m *mapped, targets []access.Target) error {
	switch t.h.State {
	case access.Terminated:
		t.left(system, m, targets)
	case access.Suspended, access.LeaveOfAbsence:
		t.away(system, targets)
	case access.PreHire, access.Staged:
		for _, y := range targets {
			t.stop(y, becauseNotYet, 0)
		}
	case access.Active, access.Terminating:
		return t.here(system, m, targets)
	}
	return nil
}

// left disables every account of whoever has left, and deletes those whose time has come.
func (t *targeting) left(system access.SystemID, m *mapped, targets []access.Target) {
	for _, a := range t.unknown(system, targets) {
		targets = append(targets, access.Target{Identity: t.h.Identity, System: system, Account: a.ID, Login: a.Login, State: enabledAs(a)})
	}
	for _, y := range targets {
		t.stop(y, becauseLeft, retention(m))
	}
}

// away disables the accounts that work, of whoever is away.
func (t *targeting) away(system access.SystemID, targets []access.Target) {
	for _, a := range t.unknown(system, targets) {
		if a.Status == access.Enabled {
			targets = append(targets, access.Target{Identity: t.h.Identity, System: system, Account: a.ID, Login: a.Login, State: access.TargetEnabled})
		}
	}
	because := becauseSuspended
	if t.h.State == access.LeaveOfAbsence {
		because = becauseOnLeave
	}
	for _, y := range targets {
		if y.State == access.TargetEnabled || slices.Contains(away, y.Reason) {
			t.stop(y, because, 0)
		}
	}
}

// here gives whoever is here the account that they need, lets accounts work again that
// stood still while they were away, and ends the one that nothing needs any more.
func (t *targeting) here(system access.SystemID, m *mapped, targets []access.Target) error {
	needs, err := t.needs(system, m)
	if err != nil {
		return err // in doubt nothing changes
	}
	mine := -1
	if needs {
		mine = slices.IndexFunc(targets, t.usable)
		y := access.Target{Identity: t.h.Identity, System: system}
		if mine >= 0 {
			y = targets[mine]
		}
		if err := t.give(m, y, targets); err != nil {
			return err
		}
	}
	for i, y := range targets {
		switch {
		case i == mine:
		case y.State == access.TargetDisabled && slices.Contains(away, y.Reason):
			y.State, y.Reason, y.DeleteAt, y.Urgent = access.TargetEnabled, becauseReturned, 0, false
			t.put(y)
		case m != nil && y.State == access.TargetEnabled && y.Reason == becauseMapped, y.State == access.TargetDisabled:
			because := becauseNotNeeded
			if y.State == access.TargetDisabled {
				because = y.Reason
			}
			t.stop(y, because, retention(m))
		}
	}
	return nil
}

// needs reports whether somebody who is here needs an account: by the mapping, or for what
// they may have there.
func (t *targeting) needs(system access.SystemID, m *mapped) (bool, error) {
	if m == nil {
		return false, nil
	}
	if t.used[system] {
		return true, nil
	}
	return m.meets(t.attributes())
}

func (t *targeting) attributes() map[string]any {
	if t.vars == nil {
		t.vars = t.d.varsOf(t.h.Identity)
	}
	return t.vars
}

// usable reports whether a target may be the account that somebody needs: one of their
// own, which is there or still to be made.
func (t *targeting) usable(y access.Target) bool {
	i := slices.IndexFunc(t.h.Accounts, func(a Account) bool { return a.ID == y.Account })
	if i < 0 {
		return y.State != access.TargetDeleted || y.Account == 0
	}
	return t.h.Accounts[i].Kind == access.PersonAccount
}

// unknown are the accounts in a system of which no target says anything.
func (t *targeting) unknown(system access.SystemID, targets []access.Target) (list []Account) {
	for _, a := range t.h.Accounts {
		if a.System == system && !slices.ContainsFunc(targets, func(y access.Target) bool { return y.Account == a.ID || y.Account == 0 && y.Login == a.Login }) {
			list = append(list, a)
		}
	}
	return list
}

// give makes a target what the mapping says.
func (t *targeting) give(m *mapped, y access.Target, targets []access.Target) error {
	if y.Account == 0 {
		t.adopt(&y, targets)
	}
	if y.Account == 0 {
		y.Recipient = t.recipient(m)
	}
	if t.free == nil && y.Login == "" {
		if _, err := m.candidates(t.attributes()); err != nil {
			return err
		}
		t.step.Targets = append(t.step.Targets, y) // which one, is told when it is kept
		return nil
	}
	if err := t.name(m, &y); err != nil {
		return err
	}
	values, err := m.values(t.attributes(), y.Login)
	if err != nil {
		return err
	}
	y.Attributes, y.State, y.DeleteAt, y.Urgent, y.Reason = values, access.TargetEnabled, 0, false, becauseMapped
	t.put(y)
	return nil
}

// adopt takes the account that somebody has already, if it is one.
func (t *targeting) adopt(y *access.Target, targets []access.Target) {
	var own []Account
	for _, a := range t.h.Accounts {
		taken := slices.ContainsFunc(targets, func(o access.Target) bool { return o.Account == a.ID })
		if a.System == y.System && a.Kind == access.PersonAccount && !taken {
			own = append(own, a)
		}
	}
	i := slices.IndexFunc(own, func(a Account) bool { return a.Login == y.Login })
	if i < 0 && len(own) > 0 {
		i = 0
	}
	if i >= 0 {
		y.Account, y.Login, y.Recipient = own[i].ID, own[i].Login, 0
	}
}

// name gives a target its login. A person's login stays when their name changes, unless
// the mapping says otherwise.
func (t *targeting) name(m *mapped, y *access.Target) error {
	if y.Login != "" && !m.Renames {
		return nil
	}
	candidates, err := m.candidates(t.attributes())
	if err != nil {
		return err
	}
	if y.Login != "" && follows(y.Login, candidates) {
		return nil
	}
	if t.free == nil {
		y.Login = candidates[0] // it is another one, whichever
		return nil
	}
	y.Login, err = pick(candidates, func(login string) (bool, error) { return t.free(y.System, login, t.h.Identity) })
	return err
}

func (t *targeting) recipient(m *mapped) access.IdentityID {
	switch m.Recipient {
	case ToManager:
		return t.h.Manager
	case ToSponsor:
		return t.h.Sponsor
	case ToOwner:
		return t.h.Owner
	case ToNobody:
	}
	return 0
}

// stop disables an account, or deletes one whose time has come.
func (t *targeting) stop(y access.Target, because string, retention access.Time) {
	if y.State == access.TargetDeleted {
		return
	}
	was := y.State
	y.State, y.Reason, y.Urgent = access.TargetDisabled, because, y.Urgent || t.h.Urgent
	switch {
	case retention == 0:
		y.DeleteAt = 0
	case y.DeleteAt == 0:
		y.DeleteAt = t.now + retention
	case y.DeleteAt <= t.now:
		y.State = access.TargetDeleted
	}
	if t.put(y) && was == access.TargetEnabled {
		t.step.Loses = true
	}
}

// put keeps a target that is another than is kept.
func (t *targeting) put(y access.Target) bool {
	i := slices.IndexFunc(t.h.Targets, func(o access.Target) bool { return o.ID == y.ID && y.ID != 0 })
	if i >= 0 && !t.all && sameTarget(t.h.Targets[i], y) {
		return false
	}
	t.step.Targets = append(t.step.Targets, y)
	return true
}

func sameTarget(a, b access.Target) bool {
	return a.Account == b.Account && a.Login == b.Login && a.State == b.State && a.Recipient == b.Recipient && a.Urgent == b.Urgent &&
		a.DeleteAt == b.DeleteAt && a.Reason == b.Reason && maps.Equal(a.Attributes, b.Attributes)
}

// retention is how long a disabled account stays; zero is for good.
func retention(m *mapped) access.Time {
	if m == nil {
		return 0
	}
	return access.Time(m.Retention) * day
}

// day in microseconds.
const day = access.Time(24 * 60 * 60 * 1_000_000)

// enabledAs is how an account is, in a target's words.
func enabledAs(a Account) access.TargetState {
	if a.Status == access.Enabled {
		return access.TargetEnabled
	}
	return access.TargetDisabled
}
