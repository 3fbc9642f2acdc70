package sample

// The ledger of the finance department: a cluster, the host that it runs on, and the
// corporate directory that both take people from. Access crosses all three.
const (
	ledgerDB   = "ledger-db"
	ledgerHost = "ledger1"
)

// The groups of the corporate directory that other systems know by their names: a
// sudo rule of the host, the file of keys of a service there, and a role of the
// cluster are for them.
const (
	ledgerAdmins  = "ledger-admins"
	ledgerKeys    = "ledger-keys"
	ledgerReaders = "ledger-readers"
)

// ledgerGroups are who is in those groups.
func (s *system) ledgerGroups() map[string][]int {
	host := s.plants[ledgerHost]
	return map[string][]int{ledgerAdmins: host[standing], ledgerKeys: host[escalation], ledgerReaders: s.plants[ledgerDB][byNesting]}
}

// ledgerDirectory writes those groups into the directory, and what who is in them
// has by it.
func (s *system) ledgerDirectory() {
	groups := s.ledgerGroups()
	for _, g := range []string{ledgerAdmins, ledgerKeys, ledgerReaders} {
		s.entitlement(entitlement{id: "group:" + g, kind: "group"}) // groups that hosts know have no owner's attribute
		for _, i := range groups[g] {
			s.has(s.loginOf(i), "group:"+g)
		}
	}
	for _, i := range groups[ledgerAdmins] {
		login := s.loginOf(i)
		s.found(standing, onAccount, s.name, login, "is root on "+ledgerHost+" by a group of the directory, all the time")
		s.found(byNesting, onAccount, s.name, login, ledgerAdmins+" → the same group on "+ledgerHost+" → sudo")
		s.found(escalation, onAccount, s.name, login, "is root on "+ledgerHost+" by a group of the directory, and so whoever they like in "+ledgerDB)
	}
	for _, i := range groups[ledgerKeys] {
		s.found(escalation, onAccount, s.name, s.loginOf(i), "may write the keys of the service that "+ledgerDB+" lets in by its account on "+ledgerHost)
	}
	for _, i := range groups[ledgerReaders] {
		login := s.loginOf(i)
		s.found(standing, onAccount, s.name, login, "may read the ledger by a group of the directory, all the time")
		s.found(byNesting, onAccount, s.name, login, ledgerReaders+" → ledger_read → the right to read")
	}
}

// fillLedgerHost writes the host. Its people and their groups are the directory's.
func fillLedgerHost(s *system) {
	h := newHost(s, "postgres")
	s.account(account{id: "postgres", name: "PostgreSQL administrator", kind: "built_in", used: unknownUse})
	s.has("postgres", "group:postgres")
	service := s.service("erp-interface").login
	h.robotLogin(service)
	groups := s.ledgerGroups()
	for _, g := range []string{ledgerAdmins, ledgerKeys} {
		id := h.group(g)
		s.heldElsewhere(directory, g, id)
		for _, i := range groups[g] {
			login := s.loginOf(i)
			s.account(account{id: login, name: PlainName(s.nameOf(i)), used: 3, openedBy: directory + ":" + login})
			s.has(login, id)
		}
	}
	s.gives("group:"+ledgerAdmins, "sudo:ALL:ALL")
	keys := "/home/" + service + "/.ssh/authorized_keys"
	s.gives("group:"+ledgerKeys, h.once("file:"+keys+":write", "file", "write "+keys, "impersonate@account:"+service))
	for _, i := range groups[ledgerAdmins] {
		login := s.loginOf(i)
		s.found(standing, onAccount, s.name, login, "is root all the time")
		s.found(escalation, onAccount, s.name, login, "is root on "+ledgerHost+", and so whoever they like in "+ledgerDB)
	}
	for _, i := range groups[ledgerKeys] {
		s.found(escalation, onAccount, s.name, s.loginOf(i), "may write the keys of the service, and so be it in "+ledgerDB)
	}
}

// fillLedgerDB writes the cluster. The service is let in as its account on the host,
// people as theirs in the directory, whose group stands for a role.
func fillLedgerDB(s *system) {
	c := newClusterOn(s, ledgerHost)
	tables := []string{"journal", "account", "balance"}
	c.database("ledger", "book", "ledger_owner", tables...)
	c.may("ledger_read", "ledger", "book", tables, "SELECT")
	s.heldElsewhere(directory, ledgerReaders, c.role("ledger_read"))
	service := c.system.service("erp-interface").login
	c.loginOpened(service, ledgerHost)
	c.holds(service, "database:ledger:CONNECT", "schema:ledger.book:USAGE")
	for _, t := range tables {
		for _, right := range []string{"SELECT", "INSERT", "UPDATE"} {
			c.holds(service, c.privilege("ledger.book."+t, right))
		}
	}
	for _, i := range s.ledgerGroups()[ledgerReaders] {
		login := c.loginOf(i)
		c.loginOpened(login, directory, "ledger_read")
		c.found(standing, onAccount, c.name, login, "may read the ledger all the time")
	}
}

// loginOpened writes a role that one signs in to with the account of the same name
// of another system.
func (c *cluster) loginOpened(login, by string, roles ...string) {
	c.account(account{id: login, used: unknownUse, openedBy: by + ":" + login})
	c.everybody(login)
	for _, r := range roles {
		c.holds(login, c.role(r))
	}
}

// heldElsewhere says that whoever has an entitlement of another system, by the name
// that it has there, has one of this.
func (s *system) heldElsewhere(system, name, entitlement string) {
	s.grants.row("entitlement", name, entitlement, "", "standing", "", "", "", "false", "", system)
}
