package sample

import (
	"fmt"
	"strings"
)

// erpRole is a role of the finance system with what it gives.
type erpRole struct {
	id, name  string
	gives     []string
	divisions []int // whose people have it, every third of them
}

var erpRoles = []erpRole{
	{"role:GL_VIEW", "General ledger, view", []string{"perm:ledger.view", "perm:report.view"}, []int{finance, 8}},
	{"role:AP_CLERK", "Accounts payable clerk", []string{"perm:vendor.maintain", "perm:invoice.enter"}, []int{finance}},
	{"role:TREASURY", "Treasury", []string{"perm:payment.release", "perm:cash.view"}, []int{finance}},
	{"role:GL_POST", "General ledger, post", []string{"perm:journal.post"}, []int{finance}},
	{"role:GL_APPROVE", "General ledger, approve", []string{"perm:journal.approve"}, []int{finance}},
	{"role:BUYER", "Buyer", []string{"perm:order.create"}, []int{supply}},
	{"role:RECEIVER", "Goods receipt", []string{"perm:goods.receive"}, []int{supply}},
	{"role:REQUISITION", "Requisition", []string{"perm:requisition.create", "perm:catalogue.view"}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
}

// toxic are pairs that nobody should hold together, as the application declares
// them; toxicRoles are the roles that give their two sides.
var (
	toxic = map[string]string{
		"perm:vendor.maintain": "perm:payment.release",
		"perm:journal.post":    "perm:journal.approve",
		"perm:order.create":    "perm:goods.receive",
	}
	toxicRoles = [][2]string{{"role:AP_CLERK", "role:TREASURY"}, {"role:GL_POST", "role:GL_APPROVE"}, {"role:BUYER", "role:RECEIVER"}}
)

// erpLogin is how the finance system writes logins.
func erpLogin(login string) string { return strings.ToUpper(strings.ReplaceAll(login, "-", "_")) }

// fillERP writes the finance system.
func fillERP(s *system) {
	s.resource("company:1000", "company_code", Company, "", "")
	given := map[string]bool{}
	for _, r := range erpRoles {
		s.entitlement(entitlement{id: r.id, kind: "role", name: r.name, resource: "company:1000"})
		for _, e := range r.gives {
			if !given[e] {
				given[e] = true
				row := entitlement{id: e, kind: "permission", resource: "company:1000"}
				if other := toxic[e]; other != "" {
					row.conflicts = []string{other}
				}
				s.entitlement(row)
			}
			s.gives(r.id, e)
		}
	}
	s.entitlement(entitlement{id: "role:SYS_ADMIN", kind: "role", name: "System administration", can: []string{"bypass_controls@system:"}})
	s.entitlement(entitlement{id: "role:BATCH", kind: "role", name: "Batch interface"})
	for i := range s.employees {
		if s.ordinary(i) && s.dice("erp", i).IntN(10) < 3 {
			s.erpUser(i, erpLogin(s.loginOf(i)))
		}
	}
	boss := s.leadOf(technology, 1)
	admin := "ADM_" + erpLogin(s.loginOf(boss))
	s.account(account{id: admin, name: s.nameOf(boss), number: s.number(boss), kind: "admin", created: 500, used: 9})
	s.mayActivate(admin, "role:SYS_ADMIN")
	for _, w := range []*workload{s.service("erp-interface"), s.service("reporting")} {
		s.robot(w)
		s.credential(w.login, "password", "", "", s.ago(30), "")
		s.has(w.login, "role:BATCH")
	}
	s.erpPlants()
}

// erpRolesOf are the roles that a person has: one of the division's, never two
// sides of a toxic pair, and what everybody has.
func (s *system) erpRolesOf(i int) []string {
	division := s.unitOf(i).division
	var fit []string
	for _, r := range erpRoles[:len(erpRoles)-1] {
		for _, d := range r.divisions {
			if d == division {
				fit = append(fit, r.id)
			}
		}
	}
	roles := []string{"role:REQUISITION"}
	if len(fit) > 0 {
		roles = append(roles, fit[i%len(fit)])
	}
	return roles
}

func (s *system) erpUser(i int, login string) {
	s.employee(i, login, login)
	s.credential(login, "password", "", "", s.fresh(i), "")
	s.has(login, s.erpRolesOf(i)...)
}

func (s *system) erpPlants() {
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		login := erpLogin(s.loginOf(i))
		s.erpUser(i, login)
		s.found(leaverActive, onAccount, s.name, login, "left the company, the account is still enabled")
	}
	for _, i := range p[dormantAccount] {
		login := erpLogin(s.loginOf(i))
		s.account(account{id: login, name: s.nameOf(i), number: s.number(i), kind: "person", created: 1200, used: neverUsed})
		s.has(login, "role:REQUISITION")
		s.found(dormantAccount, onAccount, s.name, login, "made 1200 days ago and never used")
	}
	for n, i := range p[toxicCombination] {
		login, pair := erpLogin(s.loginOf(i)), toxicRoles[n%len(toxicRoles)]
		s.employee(i, login, login)
		s.has(login, pair[0], pair[1])
		s.found(toxicCombination, onIdentity, "", s.number(i), pair[0]+" and "+pair[1])
	}
	for n, i := range p[directGrant] {
		login := erpLogin(s.loginOf(i))
		s.erpUser(i, login)
		s.has(login, []string{"perm:report.view", "perm:invoice.enter"}[n%2])
		s.found(directGrant, onAccount, s.name, login, "holds a permission that a role gives")
	}
	for _, i := range p[staleCredential] {
		login := erpLogin(s.loginOf(i))
		s.employee(i, login, login)
		s.credential(login, "password", "", "", s.ago(1500), "")
		s.has(login, s.erpRolesOf(i)...)
		s.found(staleCredential, onAccount, s.name, login, "the password is 1500 days old")
	}
	for _, i := range p[standing] {
		login := "ADM_" + erpLogin(s.loginOf(i))
		s.account(account{id: login, name: s.nameOf(i), number: s.number(i), kind: "admin", created: 300, used: 5})
		s.has(login, "role:SYS_ADMIN")
		s.found(standing, onAccount, s.name, login, "administers the finance system all the time")
	}
	for n, i := range p[disputed] {
		if n%2 == 0 {
			s.disputedAccount(n+500, i, "role:REQUISITION")
		}
	}
	for n, i := range p[unownedThing] {
		id := fmt.Sprintf("role:PROJECT_%03d", n+1)
		name := fmt.Sprintf("Project ledger %d", n+1)
		s.entitlement(entitlement{id: id, kind: "role", name: name, owner: s.number(i)})
		s.found(unownedThing, onEntitlement, s.name, name, "its owner has left")
	}
	for n := range s.shape.scale {
		for k, login := range []string{again("AP_SHARED", n, "_"), again("MONTHEND", n, "_")} {
			s.account(account{id: login, name: "Shared account", kind: "shared", created: 2000, used: 1})
			s.has(login, []string{"role:AP_CLERK", "role:GL_VIEW"}[k])
			s.found(sharedAccount, onAccount, s.name, login, "several people sign in with it")
		}
	}
}
