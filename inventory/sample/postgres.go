package sample

import (
	"slices"
	"strings"
)

// The systems that can be built for real, by the name that the first region's has.
const (
	payrollDB = "payroll-db"
	appDB     = "app-db"
	stagingDB = "staging-db"
	dbHost    = "db1"
	webHost   = "web1"
	buildHost = "build1"
)

// cluster writes a PostgreSQL cluster under the ids that its connector gives.
type cluster struct {
	*system
	seen map[string]bool
}

func newCluster(s *system) *cluster { return newClusterOn(s, "") }

// newClusterOn writes a cluster into which the administrator of a host signs in as
// its own.
func newClusterOn(s *system, host string) *cluster {
	c := &cluster{system: s, seen: map[string]bool{}}
	c.once("role:PUBLIC", "public")
	c.once("attr:superuser", "attribute", "bypass_controls@system:", "grant_access@system:", "read_sensitive@system:")
	admin := account{id: "postgres", kind: "built_in", used: unknownUse}
	if host != "" {
		admin.openedBy = host + ":postgres"
	}
	s.account(admin)
	c.holds("postgres", "attr:superuser")
	c.everybody("postgres")
	return c
}

// once writes an entitlement unless it is there.
func (c *cluster) once(id, kind string, can ...string) string {
	if !c.seen[id] {
		c.seen[id] = true
		c.entitlement(entitlement{id: id, kind: kind, can: can, resource: resourceOf(id)})
	}
	return id
}

// resourceOf is the database, schema or table that a privilege or ownership is on.
func resourceOf(id string) string {
	kind, rest, _ := strings.Cut(id, ":")
	thing := rest
	if at := strings.LastIndexByte(rest, ':'); at >= 0 {
		thing = rest[:at]
	}
	switch kind {
	case "database", "schema", "table":
		return kind + ":" + thing
	case "owner":
		return []string{"database:", "schema:", "table:"}[strings.Count(thing, ".")] + thing
	}
	return ""
}

// database writes a database with one schema and its tables, all owned by a role.
func (c *cluster) database(db, schema, owner string, tables ...string) {
	c.resource("database:"+db, "database", db, "", "")
	c.resource("schema:"+db+"."+schema, "schema", db+"."+schema, "database:"+db, "")
	c.role(owner)
	own := func(thing string) {
		on := "@resource:" + resourceOf("owner:"+thing)
		can := []string{"change_config" + on, "destroy_data" + on, "grant_access" + on}
		if strings.HasPrefix(on, "@resource:table:") {
			can = append([]string{"read_sensitive" + on}, can...)
		}
		c.gives("role:"+owner, c.once("owner:"+thing, "ownership", can...))
	}
	own(db)
	own(db + "." + schema)
	for _, t := range tables {
		c.resource("table:"+db+"."+schema+"."+t, "table", db+"."+schema+"."+t, "schema:"+db+"."+schema, "")
		own(db + "." + schema + "." + t)
	}
}

func (c *cluster) role(name string) string { return c.once("role:"+name, "role") }

// member puts a role into another one.
func (c *cluster) member(role, of string) { c.gives(c.role(role), c.role(of)) }

// may gives a role the privileges to use a database, a schema, and some of its
// tables.
func (c *cluster) may(role, db, schema string, tables []string, privileges ...string) {
	c.role(role)
	c.gives("role:"+role, c.once("database:"+db+":CONNECT", "privilege"), c.once("schema:"+db+"."+schema+":USAGE", "privilege"))
	for _, t := range tables {
		for _, p := range privileges {
			c.gives("role:"+role, c.privilege(db+"."+schema+"."+t, p))
		}
	}
}

// privilege is one right on a table.
func (c *cluster) privilege(table, right string) string {
	return c.once("table:"+table+":"+right, "privilege", tableRights[right]+"@resource:table:"+table)
}

// tableRights are what rights on a table let their holder do.
var tableRights = map[string]string{"SELECT": "read_sensitive", "INSERT": "change_config", "UPDATE": "change_config", "DELETE": "destroy_data"}

// public gives everybody a right on a table.
func (c *cluster) public(table, right string) {
	id := c.privilege(table, right)
	c.gives("role:PUBLIC", id)
	c.found(publicGrant, onEntitlement, c.name, strings.TrimPrefix(id, "table:"), "every account of the cluster has it")
}

func (c *cluster) everybody(login string) {
	c.grants.row("account", login, "role:PUBLIC", "", "standing", "implicit", "", "", "false", "", "")
}

func (c *cluster) holds(login string, entitlements ...string) { c.has(login, entitlements...) }

// login writes a role that can log in. The server knows no names, no use, and no
// kinds but of its own.
func (c *cluster) login(login string, roles ...string) {
	c.account(account{id: login, used: unknownUse})
	c.everybody(login)
	for _, r := range roles {
		c.holds(login, c.role(r))
	}
}

func (c *cluster) service(job string, roles ...string) {
	c.login(c.system.service(job).login, roles...)
}

// fillPayrollDB writes the cluster with salaries and reviews: services only, but
// for what plants do.
func fillPayrollDB(s *system) {
	c := newCluster(s)
	pay, core := []string{"salary", "bonus", "bank_account"}, []string{"employee", "review", "absence"}
	c.database("payroll", "pay", "payroll_owner", pay...)
	c.database("hr", "core", "hr_owner", core...)
	c.may("payroll_read", "payroll", "pay", pay, "SELECT")
	c.may("payroll_write", "payroll", "pay", pay, "SELECT", "INSERT", "UPDATE")
	c.may("hr_read", "hr", "core", core, "SELECT")
	c.may("hr_write", "hr", "core", core, "SELECT", "INSERT", "UPDATE", "DELETE")
	c.service("payroll-app", "payroll_write")
	c.service("hr-portal", "hr_write")
	c.service("reporting", "payroll_read", "hr_read")
	c.service("migrate", "payroll_owner", "hr_owner")
	c.public("payroll.pay.bonus", "SELECT")
	c.public("hr.core.review", "SELECT")
	people := c.plants[c.name][standing]
	admin, reader := "adm_"+c.loginOf(people[0]), c.loginOf(people[1])
	c.login(admin)
	c.holds(admin, "attr:superuser")
	c.found(standing, onAccount, c.name, admin, "a superuser all the time")
	c.login(reader, "payroll_read")
	c.found(standing, onAccount, c.name, reader, "may read every salary all the time")
}

// fillAppDB writes the cluster of the shop: developers read, the application
// writes.
func fillAppDB(s *system) {
	c := newCluster(s)
	tables := []string{"customer", "invoice", "item", "product"}
	c.database("shop", "sales", "shop_owner", tables...)
	c.may("shop_read", "shop", "sales", tables, "SELECT")
	c.may("shop_write", "shop", "sales", tables, "SELECT", "INSERT", "UPDATE", "DELETE")
	c.member("developers", "shop_read")
	c.member("analysts", "shop_read")
	c.member("oncall", "ops_l2")
	c.member("ops_l2", "db_operators")
	c.once("role:pg_execute_server_program", "role", "bypass_controls@system:")
	c.gives("role:db_operators", "role:pg_execute_server_program")
	c.service("shop-app", "shop_write")
	c.service("analytics", "shop_read")
	c.service("migrate", "shop_owner")
	for n, i := range c.regionalPeople(technology, 12) {
		c.login(c.loginOf(i), []string{"developers", "analysts"}[n%2])
	}
	c.appPlants()
}

func (c *cluster) appPlants() {
	c.public("shop.sales.customer", "SELECT")
	p := c.plants[c.name]
	for _, i := range p[leaverActive] {
		c.login(c.loginOf(i), "developers")
		c.found(leaverActive, onAccount, c.name, c.loginOf(i), "left the company, the role can still log in")
	}
	for _, i := range p[standing] {
		login := "adm_" + c.loginOf(i)
		c.login(login)
		c.holds(login, "attr:superuser")
		c.found(standing, onAccount, c.name, login, "a superuser all the time")
	}
	for _, i := range p[byNesting] {
		login := c.loginOf(i)
		c.login(login, "oncall")
		c.found(byNesting, onAccount, c.name, login, "oncall → ops_l2 → db_operators → pg_execute_server_program")
		c.found(standing, onAccount, c.name, login, "the nested role is held all the time")
	}
	for _, i := range p[directGrant] {
		login := c.loginOf(i)
		c.login(login, "developers")
		c.holds(login, c.privilege("shop.sales.product", "SELECT"))
		c.found(directGrant, onAccount, c.name, login, "holds a privilege that shop_read gives")
	}
	stranger := strangerLogin(strangerFirst[(c.region+2)%len(strangerFirst)], c.names.strangers[(c.region+11)%len(c.names.strangers)])
	c.login(stranger, "analysts")
	c.found(orphanAccount, onAccount, c.name, stranger, "nobody in the HR file has or had that login")
	c.login("svc_legacy_export", "shop_read")
	c.found(unownedNonhuman, onAccount, c.name, "svc_legacy_export", "a service account that belongs to no registered service")
}

// fillStagingDB writes a cluster without real data, where developers may write.
func fillStagingDB(s *system) {
	c := newCluster(s)
	tables := []string{"customer", "invoice", "item", "product"}
	c.database("shop", "sales", "shop_owner", tables...)
	c.may("shop_write", "shop", "sales", tables, "SELECT", "INSERT", "UPDATE", "DELETE")
	c.member("developers", "shop_write")
	c.service("shop-app", "shop_write")
	for _, i := range c.regionalPeople(technology, 20) {
		c.login(c.loginOf(i), "developers")
	}
}

// regionalPeople are some ordinary people of a division who work in a region's
// systems.
func (s *system) regionalPeople(division, n int) []int {
	var list []int
	for round := range s.unitsOf(division) {
		u := s.units[division+(round+s.region)%s.unitsOf(division)*len(divisions)]
		for i := u.start; i < u.end; i++ {
			if len(list) == n {
				return list
			}
			if s.ordinary(i) && !slices.Contains(list, i) {
				list = append(list, i)
			}
		}
	}
	return list
}
