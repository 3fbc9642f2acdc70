package sample

import (
	"fmt"
	"slices"
	"strings"
)

// The systems that are flat files only, but for the directory.
const (
	directory = "corp-directory"
	erp       = "erp-finance"
	crm       = "crm"
	forge     = "code-forge"
	toolbox   = "agent-tools"
	backup    = "backup"
	wiki      = "legacy-wiki"
	workplace = "workplace"
)

// directoryAdmins is the group that controls the corporate directory.
const directoryAdmins = "group:directory-admins"

// everyday are the groups that most people of a company are in.
var everyday = []string{"group:mail", "group:chat", "group:printing", "group:intranet", "group:expenses"}

// fillDirectory writes the corporate directory: a group for each unit, site and
// job, nested into divisions, and a few groups that control the company.
func fillDirectory(s *system) {
	s.nameless = true
	s.entitlement(entitlement{id: "group:all-staff", kind: "group", about: "everybody who works here"})
	s.entitlement(entitlement{id: "group:externals", kind: "group", about: "third parties"})
	for _, g := range everyday {
		s.entitlement(entitlement{id: g, kind: "group"})
	}
	s.entitlement(entitlement{id: "group:vpn", kind: "group", about: "remote access"})
	for _, d := range divisions {
		s.entitlement(entitlement{id: "group:div-" + d.code, kind: "group", about: d.name})
		s.gives("group:div-"+d.code, "group:all-staff")
		for n, title := range d.titles {
			s.entitlement(entitlement{id: jobGroup(d.code, n), kind: "group", about: title})
		}
	}
	for _, site := range sites {
		s.entitlement(entitlement{id: "group:site-" + strings.ToLower(site), kind: "group", about: "Site " + site})
	}
	for n := range s.units {
		u := &s.units[n]
		s.entitlement(entitlement{id: "group:unit-" + u.code, kind: "group", about: u.name, owner: s.number(u.start)})
		s.gives("group:unit-"+u.code, "group:div-"+divisions[u.division].code)
	}
	s.directoryControl()
	for i := range s.people {
		switch {
		case s.people[i].state == leaver && (s.reserved[i] == "" || slices.Contains(s.plants[s.name][unownedThing], i)):
			s.leftProperly(i)
		case s.people[i].state == onLeave:
			s.leftProperly(i)
		case s.ordinary(i):
			s.directoryMember(i)
		}
	}
	for i := range s.workloads {
		w := &s.workloads[i]
		// It knows no number of what is no person.
		s.account(account{id: w.login, name: w.name, kind: "service", created: 300, used: 1})
		s.credential(w.login, "password", "", "", s.fresh(i), "")
		s.has(w.login, "group:mail")
	}
	s.directoryPlants()
	s.ledgerDirectory()
}

func jobGroup(division string, n int) string { return fmt.Sprintf("group:job-%s-%d", division, n+1) }

// leftProperly is what is left of somebody whose access was taken away.
func (s *system) leftProperly(i int) {
	s.account(account{
		id: s.loginOf(i), name: s.nameOf(i), email: s.emailOf(i), number: s.number(i),
		status: "disabled", created: 900, used: unknownUse,
	})
}

func (s *system) directoryMember(i int) {
	login := s.loginOf(i)
	s.employee(i, login, login)
	s.credential(login, "password", "", "", s.fresh(i), "")
	s.directoryGroups(i)
}

func (s *system) directoryGroups(i int) {
	login, u := s.loginOf(i), s.unitOf(i)
	site := "group:site-" + strings.ToLower(sites[u.site])
	if i >= s.employees {
		s.has(login, "group:externals", "group:mail", site)
		return
	}
	code := divisions[u.division].code
	s.has(login, "group:unit-"+u.code, jobGroup(code, i%len(divisions[u.division].titles)), site)
	s.has(login, everyday...)
	if s.dice("vpn", i).IntN(8) > 0 {
		s.has(login, "group:vpn")
	}
}

// everything is what somebody can do who administers a directory.
var everything = []string{"grant_access@system:", "impersonate@system:", "change_config@system:", "read_sensitive@system:", "bypass_controls@system:"}

// directoryControl writes the group that controls the directory, and what is nested
// into it. A directory itself knows no access that may be activated.
func (s *system) directoryControl() {
	it := s.number(s.leadOf(technology, 0))
	for _, e := range []entitlement{
		{id: directoryAdmins, about: "everything in the directory", can: everything},
		{id: "group:console-users", about: "may sign in at the servers' consoles"},
		{id: "group:platform-operators", about: "runs the platform"},
		{id: "group:ops-level-2", about: "second level of operations"},
		{id: "group:night-shift", about: "operations at night"},
		{id: "group:service-desk", about: "answers the telephone"},
	} {
		e.kind, e.owner = "group", it
		s.entitlement(e)
	}
	s.gives("group:night-shift", "group:ops-level-2")
	s.gives("group:ops-level-2", "group:platform-operators")
	s.gives("group:platform-operators", directoryAdmins)
	s.gives(directoryAdmins, "group:console-users")
	for n := range min(2+s.shape.scale, s.unitsOf(technology)) {
		s.has(s.adminAccount(s.leadOf(technology, n)), "group:service-desk")
	}
	for n := range 2 * s.shape.scale {
		id := fmt.Sprintf("breakglass-%02d", n+1)
		s.account(account{id: id, name: "Break glass " + fmt.Sprint(n+1), created: 700, used: 40})
		s.credential(id, "password", "", "", s.ago(39), "") // sealed again the day after
		s.has(id, directoryAdmins)
		s.becomesAnybody(id)
	}
}

func (s *system) directoryPlants() {
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		s.directoryMember(i)
		s.found(leaverActive, onAccount, s.name, s.loginOf(i), "left the company, the account is still enabled")
	}
	for _, i := range p[dormantAccount] {
		login := s.loginOf(i)
		s.account(account{id: login, name: s.nameOf(i), email: s.emailOf(i), number: s.number(i), created: 900, used: 240 + i%200})
		s.credential(login, "password", "", "", s.fresh(i), "")
		s.directoryGroups(i)
		s.found(dormantAccount, onAccount, s.name, login, "known to be unused for more than 240 days")
	}
	for _, i := range p[staleCredential] {
		login := s.loginOf(i)
		s.employee(i, login, login)
		s.credential(login, "password", "", "", s.ago(1300+i%300), "")
		s.directoryGroups(i)
		s.found(staleCredential, onAccount, s.name, login, "the password is more than three years old")
	}
	s.directoryPrivilege(p)
	for n, i := range p[disputed] {
		if n%2 == 0 {
			s.disputedAccount(n, i, "group:chat")
		}
	}
	for n, i := range p[unownedThing] {
		id := fmt.Sprintf("group:project-%03d", n+1)
		s.entitlement(entitlement{id: id, kind: "group", about: fmt.Sprintf("Project %s %d", sites[n%len(sites)], n+1), owner: s.number(i)})
		s.has(s.loginOf(s.lead(n)), id)
		s.found(unownedThing, onEntitlement, s.name, strings.TrimPrefix(id, "group:"), "its owner has left")
	}
	for n := range 2 * s.shape.scale {
		s.strangerAccount(n, "group:mail", "group:printing")
	}
	for n := range s.shape.scale {
		s.credential(s.nobodysService(n, "svc_ldap_bind", "group:intranet"), "password", "", "", s.fresh(n), "")
		id := fmt.Sprintf("breakglass-site-%02d", n+1)
		s.account(account{id: id, name: "Break glass site", created: 700, used: 6})
		s.credential(id, "password", "", "", s.ago(45), "")
		s.has(id, directoryAdmins)
		s.becomesAnybody(id)
		s.found(unsealed, onAccount, s.name, id, "used six days ago, its password not changed since")
	}
}

func (s *system) directoryPrivilege(p map[string][]int) {
	for _, i := range p[standing] {
		login := s.adminAccount(i)
		s.has(login, directoryAdmins)
		s.found(standing, onAccount, s.name, login, "administers the directory all the time")
		s.becomesAnybody(login)
	}
	for _, i := range p[byNesting] {
		s.directoryMember(i)
		s.has(s.loginOf(i), "group:night-shift")
		s.found(byNesting, onAccount, s.name, s.loginOf(i), "night-shift → ops-level-2 → platform-operators → directory-admins")
		s.found(standing, onAccount, s.name, s.loginOf(i), "the nested group is held all the time")
		s.becomesAnybody(s.loginOf(i))
	}
}

// becomesAnybody is what whoever administers the directory can do where it is
// believed: put themselves into its groups.
func (s *system) becomesAnybody(login string) {
	s.found(escalation, onAccount, s.name, login, "may be anybody in the directory, and so whoever controls "+ledgerHost+" and "+ledgerDB)
}

// adminAccount writes a person's ordinary and privileged account; the privileged
// one is returned.
func (s *system) adminAccount(i int) string {
	login := "adm_" + s.loginOf(i)
	s.account(account{id: login, name: s.nameOf(i) + " (admin)", number: s.number(i), kind: "admin", created: 300, used: 2 + i%9})
	s.credential(login, "password", "", "", s.fresh(i), "")
	return login
}

// disputedAccount could belong to either of two people with the same name.
func (s *system) disputedAccount(n, i int, entitlements ...string) {
	login := fmt.Sprintf("u%05d", 40000+n*17)
	s.account(account{id: login, name: s.nameOf(i), kind: "person", created: 200, used: 4})
	s.has(login, entitlements...)
	s.found(disputed, onAccount, s.name, login, "two people are called "+s.nameOf(i))
}

// strangerFirst are first names that nobody in the HR file has.
var strangerFirst = []string{"Ottokar", "Melusine", "Thorfinn", "Zbigniew", "Iphigenie", "Wolodymyr", "Xanthippe", "Yngvarr", "Ptolemy", "Kreszentia", "Quirinus"}

// strangerAccount belongs to nobody in the HR file.
func (s *system) strangerAccount(n int, entitlements ...string) (login string) {
	first, last := strangerFirst[n%len(strangerFirst)], s.names.strangers[(n*3+len(s.name))%len(s.names.strangers)]
	login = strangerLogin(first, last)
	if round := n / len(strangerFirst); round > 0 {
		login += fmt.Sprint(round + 1)
	}
	s.account(account{id: login, name: first + " " + last, kind: "person", created: 900, used: 12})
	s.has(login, entitlements...)
	s.found(orphanAccount, onAccount, s.name, login, "nobody of that name is or was in the HR file")
	return login
}

func strangerLogin(first, last string) string { return plain(first)[:1] + plain(last) }

// nobodysService is the account of a service that is not registered.
func (s *system) nobodysService(n int, base string, entitlements ...string) (login string) {
	login = again(base, n, "_")
	s.account(account{id: login, name: login, kind: "service", robot: !s.nameless, created: 1500, used: 2})
	s.has(login, entitlements...)
	s.found(unownedNonhuman, onAccount, s.name, login, "a service account that belongs to no registered service")
	return login
}
