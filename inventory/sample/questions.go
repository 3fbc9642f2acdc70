package sample

import "slices"

// ask writes the questions of the demo with their answers.
func (c *company) ask(p plants) {
	night := p[directory][byNesting]
	agent := c.workloads[slices.IndexFunc(c.workloads, func(w workload) bool { return w.plant == "power" })]
	c.key.Questions = []question{c.askPayroll(p), {
		Question:   "Who may change what the corporate directory is made of, and why may " + c.nameOf(night[0]) + "?",
		Command:    []string{"why", c.number(night[0]), directory + "/group:directory-admins"},
		Identities: c.numbers(slices.Concat(night, p[directory][standing])),
		Because:    []string{"night-shift → ops-level-2 → platform-operators → directory-admins"},
	}, {
		Question:   "Which agent may do more than it needs, and who answers for it?",
		Command:    []string{"access", agent.number},
		Identities: []string{agent.number},
		Because:    []string{"its account in " + toolbox + " may use change_settings", "its owner is " + c.nameOf(agent.owner)},
	}}
}

// askPayroll is who can reach the payroll database: everybody with an account in
// its cluster, because one table in it is open to PUBLIC, and whoever is root on
// its host.
func (c *company) askPayroll(p plants) question {
	q := question{
		Question:   "Who can reach payroll, and why?",
		Command:    []string{"who-can", payrollDB + "/database:payroll"},
		Identities: c.numbers(p[payrollDB][standing]),
		Escalating: c.numbers(p[dbHost][escalation]),
		Because: []string{
			"services that the payroll application needs, through payroll_read and payroll_write",
			"everybody with an account in the cluster, because PUBLIC may read pay.bonus",
			"whoever is root on " + dbHost + ", where the cluster runs",
		},
	}
	for _, job := range []string{"payroll-app", "hr-portal", "reporting", "migrate"} {
		q.Identities = append(q.Identities, c.service(job).number)
	}
	slices.Sort(q.Identities)
	return q
}

// numbers are the sorted numbers of people.
func (c *company) numbers(people []int) []string {
	list := []string{}
	for _, i := range people {
		list = append(list, c.number(i))
	}
	slices.Sort(list)
	return list
}
