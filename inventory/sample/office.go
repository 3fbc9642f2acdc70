package sample

import (
	"fmt"
	"strings"
)

// office is the Windows domain of the offices.
const office = "office-ad"

// The groups that every domain has, as far as somebody here is in them. Groups have
// the names that they have there, and those in lower case as ids.
const (
	domainUsers      = "group:domain-users"
	domainAdmins     = "group:domain-admins"
	accountOperators = "group:account-operators"
	backupOperators  = "group:backup-operators"
)

// domainGroup writes a group by its name in the domain.
func (s *system) domainGroup(name, owner string, can ...string) string {
	id := "group:" + strings.ReplaceAll(strings.ToLower(name), " ", "-")
	s.entitlement(entitlement{id: id, kind: "group", name: name, owner: owner, can: can})
	return id
}

func shareOf(division int) string { return "Share " + divisions[division].name }

// fillOffice writes the Windows domain: a group for what each division shares, and
// the domain's own groups that control it.
func fillOffice(s *system) {
	s.nameless = true
	boss := s.leadOf(technology, 0)
	it := s.number(boss)
	s.domainGroup("Domain Users", "")
	s.domainGroup("Domain Admins", "", everything...)
	s.domainGroup("Administrators", "", everything...)
	s.domainGroup("Account Operators", "", "grant_access@system:", "impersonate@system:")
	s.domainGroup("Backup Operators", "", "read_sensitive@system:", "change_config@system:", "impersonate@system:")
	s.gives(domainAdmins, "group:administrators")
	staff := s.domainGroup("Office Staff", it)
	shares := make([]string, len(divisions))
	for n := range divisions {
		shares[n] = s.domainGroup(shareOf(n), it)
		s.gives(shares[n], staff)
	}
	s.gives(s.domainGroup("Night Helpdesk", it), s.domainGroup("Server Team", it))
	s.gives("group:server-team", domainAdmins)
	s.account(account{id: "Administrator", kind: "built_in", used: unknownUse})
	s.has("Administrator", domainUsers, domainAdmins, "group:administrators")
	for i := range s.employees {
		switch {
		case s.people[i].state == leaver && s.reserved[i] == "" && i%3 == 0:
			s.leftProperly(i)
			s.inDomain(s.loginOf(i), 200)
		case s.ordinary(i) && (i == boss || s.dice("office", i).IntN(10) < 3):
			s.officeMember(i, shares)
		}
	}
	s.officeServices()
	s.officePlants(shares)
}

// inDomain gives an account what every one has there: a password, and its primary
// group.
func (s *system) inDomain(login string, changed int) {
	s.credential(login, "password", "", "", s.ago(changed), "")
	s.has(login, domainUsers)
}

func (s *system) officeMember(i int, shares []string) string {
	login := s.loginOf(i)
	s.employee(i, login, login)
	s.inDomain(login, 5+i%50)
	s.has(login, shares[s.unitOf(i).division])
	return login
}

// officeServices writes accounts of services, one that nobody registered, those to
// break the glass with, one that the reception shares, and one that has run out.
func (s *system) officeServices() {
	for _, job := range []string{"mailer", "erp-interface", "monitoring"} {
		w := s.service(job)
		s.account(account{id: w.login, name: w.name, number: w.number, kind: "service", created: 500, used: 1})
		s.inDomain(w.login, 30)
	}
	for n := range s.shape.scale {
		login := again("svc_sql_legacy", n, "_")
		s.account(account{id: login, name: login, kind: "service", created: 1500, used: 2})
		s.inDomain(login, 50)
		s.has(login, domainAdmins)
		s.found(unownedNonhuman, onAccount, s.name, login, "a service account that belongs to no registered service")
		login = again("breakglass-domain", n, "-")
		s.account(account{id: login, name: "Break glass domain", created: 700, used: 40})
		s.inDomain(login, 39)
		s.has(login, domainAdmins)
		login = again("ops-reception", n, "-")
		s.account(account{id: login, name: "Reception", created: 700, used: 1})
		s.inDomain(login, 20)
		s.found(sharedAccount, onAccount, s.name, login, "several people sign in with it")
		s.inDomain(s.strangerAccount(n, "group:office-staff"), 20)
	}
	for i := s.employees; i < len(s.people); i++ {
		if s.people[i].state == leaver {
			login := s.loginOf(i)
			s.account(account{id: login, name: s.nameOf(i), email: s.emailOf(i), number: s.number(i), status: "expired", created: 600, used: 150, expires: s.ago(20)})
			s.inDomain(login, 300)
		}
	}
}

func (s *system) officePlants(shares []string) {
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		s.found(leaverActive, onAccount, s.name, s.officeMember(i, shares), "left the company, the account is still enabled")
	}
	for _, i := range p[dormantAccount] {
		login := s.loginOf(i)
		s.account(account{id: login, name: s.nameOf(i), email: s.emailOf(i), number: s.number(i), created: 900, used: 300 + i%200})
		s.inDomain(login, 30)
		s.found(dormantAccount, onAccount, s.name, login, "known to be unused for 300 days and more")
	}
	for _, i := range p[staleCredential] {
		login := s.loginOf(i)
		s.employee(i, login, login)
		s.inDomain(login, 1300+i%300)
		s.found(staleCredential, onAccount, s.name, login, "the password is more than three years old")
	}
	for n, i := range p[standing] {
		login := s.adminAccount(i)
		switch n % 3 {
		case 0:
			s.has(login, domainUsers, domainAdmins)
			s.found(standing, onAccount, s.name, login, "is a domain admin all the time")
		case 1:
			s.has(login, domainAdmins)
			s.found(standing, onAccount, s.name, login, "has Domain Admins as its primary group, which no list of its members shows")
		default:
			s.has(login, domainUsers, accountOperators)
			s.found(standing, onAccount, s.name, login, "is an account operator all the time")
		}
	}
	for _, i := range p[byNesting] {
		login := s.officeMember(i, shares)
		s.has(login, "group:night-helpdesk")
		s.found(byNesting, onAccount, s.name, login, "Night Helpdesk → Server Team → Domain Admins")
		s.found(standing, onAccount, s.name, login, "the nested group is held all the time")
	}
	for _, i := range p[escalation] {
		login := s.officeMember(i, shares)
		s.has(login, backupOperators)
		s.found(escalation, onAccount, s.name, login, "who may restore the domain's database may be anybody in it")
		s.found(standing, onAccount, s.name, login, "is a backup operator all the time")
	}
	for n, i := range p[unownedThing] {
		s.leftProperly(i)
		s.inDomain(s.loginOf(i), 200)
		name := fmt.Sprintf("Project Share %d", n+1)
		s.has(s.loginOf(s.leadOf(technology, 0)), s.domainGroup(name, s.number(i)))
		s.found(unownedThing, onEntitlement, s.name, name, "its owner has left")
	}
}
