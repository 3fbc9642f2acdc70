package sample

import "slices"

// systems lists the company's systems in the order in which they are written.
func (c *company) systems() []systemPlan {
	list := []systemPlan{
		c.system(directory, "directory", "control", "confidential", technology, 0, fillDirectory),
		c.system(office, "directory", "control", "confidential", technology, 0, fillOffice),
		c.system(erp, "erp", "high", "confidential", finance, 1, fillERP),
		c.system(crm, "saas", "medium", "internal", sales, 1, fillCRM),
		c.system(forge, "saas", "medium", "internal", technology, 0, fillForge),
		c.system(workplace, "saas", "medium", "internal", technology, 0, fillWorkplace),
		c.system(toolbox, "mcp", "medium", "internal", technology, 1, fillToolbox),
		c.system(backup, "backup", "control", "confidential", technology, 0, fillBackup),
		// It holds the HR master as well, which decides who is who.
		c.system(payrollDB, "postgres", "control", "restricted", peopleDivision, 0, fillPayrollDB),
		c.system(dbHost, "linux", "high", "", technology, 0, fillDBHost),
		c.system(ledgerDB, "postgres", "high", "restricted", finance, 0, fillLedgerDB),
		c.system(ledgerHost, "linux", "high", "", technology, 1, fillLedgerHost),
		{name: wiki, meta: meta{Name: wiki, Kind: "saas", Environment: "production", Criticality: "low", DataClass: "internal"}, fill: fillWiki},
	}
	for i, host := range map[string]string{payrollDB: dbHost, ledgerDB: ledgerHost} {
		list[slices.IndexFunc(list, func(p systemPlan) bool { return p.name == i })].meta.RunsOn = host
	}
	for r := range c.shape.regions {
		for _, s := range []systemPlan{
			c.system(appDB, "postgres", "medium", "internal", sales, r, fillAppDB),
			c.system(webHost, "linux", "medium", "internal", sales, r, fillWebHost),
			c.system(buildHost, "linux", "medium", "internal", technology, r, fillBuildHost),
		} {
			s.name, s.region = regional(s.name, r), r
			s.meta.Name = s.name
			list = append(list, s)
		}
		if c.Size != Small {
			s := c.system(regional(stagingDB, r), "postgres", "low", "internal", technology, r, fillStagingDB)
			s.meta.Environment, s.region = "staging", r
			list = append(list, s)
		}
	}
	return list
}

// system is a production system that a lead of a division answers for.
func (c *company) system(name, kind, criticality, class string, division, n int, fill func(*system)) systemPlan {
	return systemPlan{name: name, fill: fill, meta: meta{
		Name: name, Kind: kind, Environment: "production", Criticality: criticality, DataClass: class,
		BusinessOwner: c.number(c.leadOf(division, n)), TechnicalOwner: c.number(c.leadOf(technology, n)),
	}}
}
