package sample

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"time"
)

// mailDomain is of the top-level domain that RFC 2606 keeps for examples.
const mailDomain = "lindquell.example"

// divisions of the company, each with its kinds of unit and its titles.
var divisions = []struct {
	code, name string
	units      []string
	titles     []string
}{
	{"exe", "Executive Office", []string{"Board Support", "Strategy"}, []string{"Board Assistant", "Strategy Analyst", "Chief of Staff"}},
	{"fin", "Finance", []string{"Accounts Payable", "Treasury", "Controlling", "Tax"}, []string{"Accountant", "Controller", "Treasury Analyst", "Tax Specialist"}},
	{"hum", "People", []string{"Payroll", "Recruiting", "People Operations"}, []string{"Payroll Specialist", "Recruiter", "People Partner"}},
	{"tec", "Technology", []string{"Platform", "Applications", "Data", "Service Desk", "Security"}, []string{"Software Engineer", "Site Reliability Engineer", "Data Engineer", "Service Desk Analyst", "Security Analyst"}},
	{"sal", "Sales and Service", []string{"Field Sales", "Inside Sales", "Customer Care", "Partners"}, []string{"Account Manager", "Sales Representative", "Care Specialist"}},
	{"man", "Manufacturing", []string{"Pump Assembly", "Foundry", "Quality", "Maintenance"}, []string{"Machinist", "Quality Inspector", "Maintenance Technician", "Shift Planner"}},
	{"sup", "Supply Chain", []string{"Purchasing", "Logistics", "Warehouse"}, []string{"Buyer", "Logistics Planner", "Warehouse Clerk"}},
	{"res", "Research", []string{"Hydraulics Lab", "Materials Lab", "Sensors"}, []string{"Research Engineer", "Lab Technician", "Scientist"}},
	{"leg", "Legal and Compliance", []string{"Contracts", "Compliance", "Privacy"}, []string{"Counsel", "Compliance Officer", "Privacy Analyst"}},
}

// Positions in divisions that systems ask for.
const (
	finance = 1 + iota
	peopleDivision
	technology
	sales
	_
	supply
	research
)

var sites = []string{"Aarau", "Bergen", "Cork", "Dakar", "Eindhoven", "Faro", "Gdynia", "Halifax", "Izmir", "Jena", "Kobe", "Lyon"}

var vendors = []string{"Northbeam Consulting", "Castell & Rowe LLP", "Okoro Staffing", "Pixelwerk GmbH", "Sable Facilities", "Tindra Data Services", "Umbra Security Partners", "Vester Logistics"}

// unit is a team of people who stand next to each other in the list of people.
type unit struct {
	division, site int
	code, name     string
	start, end     int
}

// state is what HR says of a person.
type state uint8

const (
	active state = iota
	leaver
	onLeave
	preHire
)

var stateNames = [...]string{"active", "terminated", "leave_of_absence", "pre_hire"}

// person is all that is kept of one; the rest follows from where it stands.
type person struct {
	first, last     uint16
	loginNo, nameNo uint16
	state           state
	expired         bool // a third party whose contract is over
}

// workload is a service or an agent in the HR file.
type workload struct {
	number, name, login, kind string
	owner                     int    // index of a person, or nobody
	plant                     string // what is wrong with it, if anything
}

const nobody = -1

// company is the state of one generation.
type company struct {
	Options
	shape shape
	dir   string
	names *names
	rng   *rand.Rand
	pcg   *rand.PCG // of one person, set again for each: see dice
	die   *rand.Rand
	days  []string // dates by their age in days
	sum   Summary
	key   answers

	units     []unit
	people    []person // employees first, then third parties
	employees int
	workloads []workload
	order     []uint32       // employees in the order in which plants take them
	reserved  map[int]string // in which system a plant uses a person
	vendorAt  int            // the next third party that a plant takes
}

func newCompany(o Options, sh shape, dir string) *company {
	c := &company{Options: o, shape: sh, dir: dir, names: newNames()}
	c.rng = rand.New(rand.NewPCG(o.Seed, 1)) //nolint:gosec // a seeded company is the purpose; nothing here is secret
	c.pcg = rand.NewPCG(o.Seed, 2)
	c.die = rand.New(c.pcg) //nolint:gosec // as above
	c.sum = Summary{Company: Company, Size: o.Size, Seed: o.Seed, Now: o.Now}
	c.key = answers{Company: Company, Size: o.Size, Seed: o.Seed, Now: o.Now}
	for age := range 6000 {
		c.days = append(c.days, o.Now.AddDate(0, 0, -age).Format(time.DateOnly))
	}
	return c
}

func (c *company) progress(step string) { c.Progress(step) }

// ago is the date some days before now.
func (c *company) ago(days int) string { return c.days[min(days, len(c.days)-1)] }

// ahead is the date some days after now.
func (c *company) ahead(days int) string { return c.Now.AddDate(0, 0, days).Format(time.DateOnly) }

// dice gives the chances of one person in one system, whatever was drawn before.
func (c *company) dice(salt string, i int) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(salt) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	c.pcg.Seed(c.Seed^h, uint64(i)) //nolint:gosec // an index is not negative
	return c.die
}

// populate makes units, people and workloads.
func (c *company) populate() {
	c.employees = c.shape.humans * 10 / 11
	c.makeUnits()
	c.people = make([]person, c.shape.humans)
	for i := range c.people {
		d := c.dice("person", i)
		p := &c.people[i]
		p.first, p.last = uint16(d.IntN(len(c.names.first))), uint16(d.IntN(len(c.names.last))) //nolint:gosec // tables are short
		if i < c.employees && !c.manages(i) {
			switch roll := d.IntN(200); {
			case roll < 8:
				p.state = leaver
			case roll < 10:
				p.state = onLeave
			case roll < 11:
				p.state = preHire
			}
		} else if i >= c.employees && d.IntN(12) == 0 {
			p.state = leaver
		}
	}
	c.order = make([]uint32, 0, c.employees)
	for _, i := range c.rng.Perm(c.employees) {
		if c.people[i].state == active && !c.manages(i) {
			c.order = append(c.order, uint32(i)) //nolint:gosec // at most a million
		}
	}
	c.vendorAt = c.employees
	c.makeWorkloads()
}

// makeUnits cuts the employees into units of different sizes; each division's
// first unit comes before any second one, so that a small company has them all.
func (c *company) makeUnits() {
	for at, n := 0, 0; at < c.employees; n++ {
		d := divisions[n%len(divisions)]
		round := n / len(divisions)
		u := unit{division: n % len(divisions), site: (n*7 + round) % len(sites), start: at}
		u.name = d.units[round%len(d.units)]
		u.code = fmt.Sprintf("%s-%02d", d.code, round+1)
		if round >= len(d.units) {
			u.name += " " + strconv.Itoa(round/len(d.units)+1)
		}
		size := c.shape.unitSize/2 + c.rng.IntN(c.shape.unitSize)
		if n == 0 {
			size = 6
		}
		u.end = min(c.employees, at+max(size, 3))
		if c.employees-u.end < 4 {
			u.end = c.employees
		}
		c.units = append(c.units, u)
		at = u.end
	}
}

// unitOf is the unit that a person belongs to or, for a third party, works for.
func (c *company) unitOf(i int) *unit {
	if i >= c.employees {
		return &c.units[(i*13)%len(c.units)]
	}
	return &c.units[sort.Search(len(c.units), func(n int) bool { return c.units[n].end > i })]
}

// span is how many people report to one manager.
const span = 8

// manages reports whether anybody reports to employee i.
func (c *company) manages(i int) bool {
	u := c.unitOf(i)
	return i == u.start || (i-u.start)*span+1 < u.end-u.start
}

// managerOf is whom employee i reports to; nobody for the head of the company.
func (c *company) managerOf(i int) int {
	u := c.unitOf(i)
	if i != u.start {
		return u.start + (i-u.start-1)/span
	}
	head := c.units[u.division].start
	switch i {
	case 0:
		return nobody
	case head:
		return 0
	}
	return head
}

// lead is the head of the n-th unit, counted around: somebody who stays, and so
// may own, sponsor and answer for things.
func (c *company) lead(n int) int { return c.units[n%len(c.units)].start }

// leadOf is the lead of some unit of a division.
func (c *company) leadOf(division, n int) int {
	return c.units[division+n%c.unitsOf(division)*len(divisions)].start
}

// unitsOf is how many units a division has.
func (c *company) unitsOf(division int) int {
	return (len(c.units) - division + len(divisions) - 1) / len(divisions)
}
