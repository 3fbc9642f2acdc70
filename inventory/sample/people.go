package sample

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// number is the employee number of a person; a third party's starts with X.
func (c *company) number(i int) string {
	if i == nobody {
		return ""
	}
	digits := strconv.Itoa(i + 1)
	prefix := "E000000"
	if i >= c.employees {
		prefix = "X000000"
	}
	return prefix[:max(1, len(prefix)+1-len(digits))] + digits
}

func (c *company) nameOf(i int) string {
	p := &c.people[i]
	return c.names.first[p.first] + " " + c.names.last[p.last]
}

func counted(base string, n uint16) string {
	if n < 2 {
		return base
	}
	return base + strconv.Itoa(int(n))
}

// loginOf is a person's login in most systems: first letter and family name.
func (c *company) loginOf(i int) string {
	p := &c.people[i]
	base := c.names.plainFirst[p.first][:1] + c.names.plainLast[p.last]
	if i >= c.employees {
		base = "ext-" + base
	}
	return counted(base, p.loginNo)
}

func (c *company) emailOf(i int) string {
	p := &c.people[i]
	at := "@" + mailDomain
	if i >= c.employees {
		at = "@" + plain(c.vendorOf(i)) + ".example"
	}
	return counted(c.names.plainFirst[p.first]+"."+c.names.plainLast[p.last], p.nameNo) + at
}

func (c *company) vendorOf(i int) string { return vendors[(i*5)%len(vendors)] }

// countNames gives people of one name their numbers, after plants have named
// whom they need.
func (c *company) countNames() {
	logins, mails := map[string]uint16{}, map[string]uint16{}
	for i := range c.people {
		p := &c.people[i]
		p.loginNo, p.nameNo = 0, 0
		l, m := c.loginOf(i), c.emailOf(i)
		logins[l]++
		mails[m]++
		p.loginNo, p.nameNo = logins[l], mails[m]
	}
}

func (c *company) titleOf(i int) string {
	u := c.unitOf(i)
	titles := divisions[u.division].titles
	switch {
	case i == 0:
		return "Chief Executive Officer"
	case i == u.start:
		return "Head of " + u.name
	case i < c.employees && c.manages(i):
		return "Team Lead, " + titles[i%len(titles)]
	}
	return titles[i%len(titles)]
}

const peopleHeader = "number,kind,name,email,state,login,employer,unit,title,manager,start,end,organisation,sponsor,contract_end,owner,deputy"

// writePeople writes the HR file: people, then services and agents.
func (c *company) writePeople(ctx context.Context) error {
	t, err := newTable(filepath.Join(c.dir, peopleFile), peopleHeader)
	if err != nil {
		return err
	}
	for i := range c.people {
		if i%4096 == 0 && ctx.Err() != nil {
			break
		}
		c.writePerson(t, i)
	}
	for _, w := range c.workloads {
		c.writeWorkload(t, w)
	}
	c.sum.Identities = t.rows
	if err := t.close(); err != nil {
		return err
	}
	return ctx.Err()
}

func (c *company) writePerson(t *table, i int) {
	p := &c.people[i]
	d := c.dice("dates", i)
	u := c.unitOf(i)
	start, end := c.ago(200+d.IntN(5000)), ""
	switch p.state {
	case leaver:
		end = c.ago(20 + d.IntN(120))
	case preHire:
		start = c.ahead(10 + d.IntN(40))
	case active, onLeave:
	}
	if i < c.employees {
		t.row(c.number(i), "human", c.nameOf(i), c.emailOf(i), stateNames[p.state], c.loginOf(i), Company, u.name,
			c.titleOf(i), c.number(c.managerOf(i)), start, end, "", "", "", "", "")
		return
	}
	contract := c.ahead(60 + d.IntN(300))
	switch {
	case p.state == leaver:
		contract = end
	case p.expired:
		contract = c.ago(30 + d.IntN(100))
	}
	sponsor := c.number(u.start)
	t.row(c.number(i), "human", c.nameOf(i), c.emailOf(i), stateNames[p.state], c.loginOf(i), c.vendorOf(i), u.name,
		"Contractor", sponsor, start, end, c.vendorOf(i), sponsor, contract, "", "")
}

func (c *company) writeWorkload(t *table, w workload) {
	deputy := nobody
	if w.owner != nobody && w.plant != "left" {
		deputy = c.lead(w.owner + 1)
		if deputy == w.owner {
			deputy = nobody
		}
	}
	t.row(w.number, w.kind, w.name, "", "active", w.login, "", "", "", "", c.ago(400), "", "", "", "", c.number(w.owner), c.number(deputy))
}

// The services that systems below know by name; the rest of a company's services
// are made from these jobs.
var services = []struct{ job, name string }{
	{"payroll-app", "Payroll application"},
	{"hr-portal", "HR self-service portal"},
	{"reporting", "Reporting warehouse loader"},
	{"shop-app", "Shop application"},
	{"analytics", "Analytics pipeline"},
	{"backup", "Backup runner"},
	{"deploy", "Deployment service"},
	{"ci-runner", "Build runner"},
	{"erp-interface", "ERP interface"},
	{"crm-sync", "CRM synchronisation"},
	{"directory-sync", "Directory synchronisation"},
	{"monitoring", "Monitoring"},
	{"migrate", "Schema migration"},
	{"mailer", "Mail relay"},
	{"forge-bot", "Forge automation"},
	{"telemetry", "Pump telemetry"},
}

var agentJobs = []string{"invoice-triage", "ticket-summary", "contract-review", "code-review", "travel-desk", "knowledge-search", "shift-planner", "onboarding-guide"}

// serviceOwners are divisions whose leads own services, by the place in services.
var serviceOwners = []int{peopleDivision, peopleDivision, finance, sales, technology, technology, technology, technology, finance, sales, technology, technology, technology, technology, technology, research}

func (c *company) makeWorkloads() {
	for n := range c.shape.services {
		s, round := services[n%len(services)], n/len(services)
		w := workload{kind: "service", number: "svc-" + s.job, name: s.name, owner: c.leadOf(serviceOwners[n%len(services)], n)}
		w.number, w.name = again(w.number, round, "-"), again(w.name, round, " ")
		w.login = strings.ReplaceAll(w.number, "-", "_")
		c.workloads = append(c.workloads, w)
	}
	for n := range c.shape.agents {
		job, round := agentJobs[n%len(agentJobs)], n/len(agentJobs)
		w := workload{kind: "agent", number: again("agent-"+job, round, "-"), owner: c.lead(n + 3)}
		w.login = w.number
		w.name = again(strings.ToUpper(job[:1])+strings.ReplaceAll(job[1:], "-", " ")+" agent", round, " ")
		c.workloads = append(c.workloads, w)
	}
	c.plantWorkloads()
}

// plantWorkloads adds services and agents with something wrong.
func (c *company) plantWorkloads() {
	for n := range c.shape.scale {
		for _, w := range []workload{
			{kind: "service", number: "svc-fax-gateway", name: "Fax gateway", plant: "unowned"},
			{kind: "service", number: "svc-label-printer", name: "Label printer", plant: "left"},
			{kind: "agent", number: "agent-hackday", name: "Hack day agent", plant: "unowned"},
			{kind: "agent", number: "agent-site-manager", name: "Site manager agent", plant: "power"},
			{kind: "agent", number: "agent-archivist", name: "Archivist agent", plant: "power"},
			{kind: "agent", number: "agent-first-draft", name: "First draft agent", plant: "unused"},
			{kind: "agent", number: "agent-minutes", name: "Minutes agent", plant: "unused"},
		} {
			w.owner = c.leadOf(technology, n)
			w.number, w.name = again(w.number, n, "-"), again(w.name, n, " ")
			w.login = w.number
			if w.kind == "service" {
				w.login = strings.ReplaceAll(w.number, "-", "_")
			}
			switch w.plant {
			case "unowned":
				w.owner = nobody
				c.found(unownedNonhuman, onIdentity, "", w.number, "registered without an owner")
			case "left":
				w.owner = c.someLeaver(n)
				c.found(unownedNonhuman, onIdentity, "", w.number, "its owner has left and there is no deputy")
			}
			c.workloads = append(c.workloads, w)
		}
	}
}

// someLeaver is the n-th employee who has left; there are more than plants need.
func (c *company) someLeaver(n int) int {
	for i := range c.employees {
		if c.people[i].state != leaver {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	panic("sample: nobody has left")
}

func again(name string, round int, between string) string {
	if round == 0 {
		return name
	}
	return fmt.Sprintf("%s%s%d", name, between, round+1)
}

// service is the first service of a job, with its login.
func (c *company) service(job string) *workload {
	for i := range services {
		if services[i].job == job {
			return &c.workloads[i]
		}
	}
	panic("sample: no service " + job)
}
