package sample

import (
	"fmt"
	"strings"
)

// fillCRM writes the customer relations service: profiles that give permissions;
// people sign in with their addresses, and it knows no employee numbers.
func fillCRM(s *system) {
	s.resource("object:account", "object", "Accounts", "", "")
	s.resource("object:opportunity", "object", "Opportunities", "", "")
	for _, e := range []entitlement{
		{id: "profile:sales", kind: "profile", name: "Sales"},
		{id: "profile:care", kind: "profile", name: "Customer care"},
		{id: "profile:viewer", kind: "profile", name: "Viewer"},
		{id: "profile:partner", kind: "profile", name: "Partner"},
		{id: "profile:integration", kind: "profile", name: "Integration"},
		{id: "perm:account.edit", kind: "permission", resource: "object:account"},
		{id: "perm:account.view", kind: "permission", resource: "object:account"},
		{id: "perm:opportunity.edit", kind: "permission", resource: "object:opportunity"},
		{id: "perm:case.edit", kind: "permission"},
		{id: "license:standard", kind: "license", name: "Standard licence"},
	} {
		s.entitlement(e)
	}
	s.gives("profile:sales", "perm:account.edit", "perm:opportunity.edit")
	s.gives("profile:care", "perm:account.view", "perm:case.edit")
	s.gives("profile:viewer", "perm:account.view")
	for i := range s.employees {
		division := s.unitOf(i).division
		share := 2
		if division == sales {
			share = 9
		}
		if s.ordinary(i) && s.dice("crm", i).IntN(10) < share {
			s.crmUser(i, []string{"profile:viewer", "profile:sales", "profile:care"}[1+i%2], division == sales)
		}
	}
	for i := s.employees; i < len(s.people); i++ {
		if s.ordinary(i) && i%4 == 0 {
			s.crmAccount(i)
			s.has(crmID(i), "profile:partner")
		}
	}
	w := s.service("crm-sync")
	s.robot(w)
	s.credential(w.login, "token", "crm-000001", "", s.ago(20), "")
	s.has(w.login, "profile:integration")
	s.crmPlants()
}

func crmID(i int) string { return fmt.Sprintf("005%09d", i) }

func (s *system) crmAccount(i int) {
	d := s.dice("crm account", i)
	s.account(account{id: crmID(i), login: s.emailOf(i), name: s.nameOf(i), email: s.emailOf(i), kind: "person", created: 120 + d.IntN(900), used: 1 + d.IntN(24)})
}

func (s *system) crmUser(i int, profile string, seller bool) {
	if !seller {
		profile = "profile:viewer"
	}
	s.crmAccount(i)
	s.has(crmID(i), profile, "license:standard")
}

func (s *system) crmPlants() {
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		s.crmUser(i, "profile:sales", true)
		s.found(leaverActive, onAccount, s.name, s.emailOf(i), "left the company, the account is still enabled")
	}
	for _, i := range p[dormantAccount] {
		s.account(account{id: crmID(i), login: s.emailOf(i), name: s.nameOf(i), email: s.emailOf(i), kind: "person", created: 800, used: 310})
		s.has(crmID(i), "profile:viewer", "license:standard")
		s.found(dormantAccount, onAccount, s.name, s.emailOf(i), "unused for 310 days")
	}
	for _, i := range p[partyExpired] {
		s.crmAccount(i)
		s.has(crmID(i), "profile:partner")
		s.found(partyExpired, onIdentity, "", s.number(i), "the contract is over, the account in "+s.name+" is enabled")
	}
	for _, i := range p[directGrant] {
		s.crmUser(i, "profile:sales", true)
		s.has(crmID(i), "perm:case.edit")
		s.found(directGrant, onAccount, s.name, s.emailOf(i), "holds a permission that a profile gives")
	}
	for n := range s.shape.scale {
		s.strangerAccount(n, "profile:viewer")
	}
}

// fillForge writes the code forge: teams, which give access to repositories.
func fillForge(s *system) {
	repos := []string{"shop", "payroll-forms", "pump-firmware", "infra", "website", "data-models"}
	teams := min(s.unitsOf(technology)+s.unitsOf(research), 400)
	for _, r := range repos {
		s.resource("repo:"+r, "repository", r, "", "")
		for _, right := range []string{"read", "write"} {
			s.entitlement(entitlement{id: "repo:" + r + ":" + right, kind: "permission", name: r + " " + right, resource: "repo:" + r})
		}
	}
	s.entitlement(entitlement{id: "org:member", kind: "role", name: "Member"})
	s.entitlement(entitlement{id: "org:owner", kind: "role", name: "Owner", can: []string{"bypass_controls@system:"}})
	for n := range teams {
		team := fmt.Sprintf("team:%03d", n+1)
		s.entitlement(entitlement{id: team, kind: "team", name: fmt.Sprintf("Team %d", n+1)})
		s.gives(team, "repo:"+repos[n%len(repos)]+":write", "repo:"+repos[(n+1)%len(repos)]+":read")
	}
	user := func(i int) string {
		login := forgeLogin(s.emailOf(i))
		s.employee(i, login, login)
		s.has(login, "org:member", fmt.Sprintf("team:%03d", 1+i%teams))
		return login
	}
	for i := range s.employees {
		if d := s.unitOf(i).division; s.ordinary(i) && (d == technology || d == research) && s.dice("forge", i).IntN(10) < 8 {
			user(i)
		}
	}
	owner := s.leadOf(technology, 0)
	s.account(account{id: "adm-" + forgeLogin(s.emailOf(owner)), name: s.nameOf(owner), number: s.number(owner), kind: "admin", created: 700, used: 8})
	s.mayActivate("adm-"+forgeLogin(s.emailOf(owner)), "org:owner")
	for n, job := range []string{"forge-bot", "deploy", "ci-runner"} {
		w := s.service(job)
		s.robot(w)
		s.credential(w.login, "token", fmt.Sprintf("forge-%06d", n), "", s.ago(25), "")
		s.has(w.login, "org:member", "repo:"+repos[n]+":read")
	}
	s.forgePlants(user)
}

// forgeLogin is the part of an address before the at sign.
func forgeLogin(email string) string { return email[:strings.IndexByte(email, '@')] }

func (s *system) forgePlants(user func(int) string) {
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		s.found(leaverActive, onAccount, s.name, user(i), "left the company, the account is still enabled")
	}
	for _, i := range p[partyExpired] {
		login := "ext-" + forgeLogin(s.emailOf(i))
		s.employee(i, login, login)
		s.has(login, "org:member")
		s.found(partyExpired, onIdentity, "", s.number(i), "the contract is over, the account in "+s.name+" is enabled")
	}
	for _, i := range p[directGrant] {
		login := user(i)
		s.has(login, "repo:infra:read")
		s.found(directGrant, onAccount, s.name, login, "holds a permission that a team gives")
	}
	for n := range s.shape.scale {
		s.nobodysService(n, "legacy-release-bot", "org:member")
	}
}

// fillWorkplace writes the suite that everybody writes and meets with.
func fillWorkplace(s *system) {
	s.entitlement(entitlement{id: "plan:standard", kind: "license", name: "Standard plan"})
	s.entitlement(entitlement{id: "plan:guest", kind: "license", name: "Guest"})
	for _, d := range divisions {
		s.entitlement(entitlement{id: "space:" + d.code, kind: "group", name: "Space " + d.name})
	}
	for i := range s.people {
		if !s.ordinary(i) || s.dice("workplace", i).IntN(10) == 0 {
			continue
		}
		login := s.emailOf(i)
		s.employee(i, login, login)
		if i >= s.employees {
			s.has(login, "plan:guest")
			continue
		}
		s.has(login, "plan:standard", "space:"+divisions[s.unitOf(i).division].code)
	}
}

// fillWiki writes a system that nobody answers for, and that is otherwise in order.
func fillWiki(s *system) {
	s.entitlement(entitlement{id: "space:archive", kind: "group", name: "Archive"})
	for n := range 5 {
		i := s.leadOf(research, n)
		if n >= s.unitsOf(research) {
			break
		}
		s.employee(i, s.loginOf(i), s.loginOf(i))
		s.has(s.loginOf(i), "space:archive")
	}
	s.found(unownedThing, onSystem, s.name, s.name, "neither the system nor what it gives has an owner")
}
