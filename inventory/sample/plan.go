package sample

import "fmt"

// plants are the people that each system's problems use, by system and rule.
type plants map[string]map[string][]int

// The rules, by the names that findings have.
const (
	leaverActive     = "leaver-active"
	orphanAccount    = "orphan-account"
	dormantAccount   = "dormant-account"
	sharedAccount    = "shared-account"
	unownedNonhuman  = "unowned-nonhuman"
	partyExpired     = "third-party-expired"
	standing         = "standing-privilege"
	byNesting        = "privilege-by-nesting"
	escalation       = "escalation-path"
	publicGrant      = "public-grant"
	nopasswdSudo     = "nopasswd-sudo"
	staleCredential  = "stale-credential" //nolint:gosec // the name of a rule
	duplicateKey     = "duplicate-credential"
	directGrant      = "direct-grant-outside-role"
	tooMuchAgent     = "overprivileged-agent"
	unsealed         = "break-glass-unsealed"
	unownedThing     = "unowned-entitlement"
	disputed         = "disputed-match"
	toxicCombination = "toxic-combination"
	adoptionBacklog  = "adoption-backlog"
)

// quota is how many people a rule uses in a system: per scale in flat-file
// systems, per region in systems that stand in each region.
type quota struct {
	system, rule string
	n            int
}

var flatQuotas = []quota{
	{directory, leaverActive, 2},
	{directory, dormantAccount, 1},
	{directory, standing, 2},
	{directory, byNesting, 2},
	{directory, staleCredential, 1},
	{directory, disputed, 2},
	{directory, unownedThing, 2},
	{erp, leaverActive, 1},
	{erp, dormantAccount, 1},
	{erp, toxicCombination, 3},
	{erp, directGrant, 2},
	{erp, staleCredential, 1},
	{erp, standing, 1},
	{erp, disputed, 1},
	{erp, unownedThing, 1},
	{crm, leaverActive, 1},
	{crm, dormantAccount, 1},
	{crm, partyExpired, 2},
	{crm, directGrant, 1},
	{backup, standing, 1},
	{backup, escalation, 2},
	{forge, partyExpired, 1},
	{forge, leaverActive, 1},
	{forge, directGrant, 1},
	{office, leaverActive, 1},
	{office, dormantAccount, 1},
	{office, staleCredential, 1},
	{office, standing, 3},
	{office, byNesting, 1},
	{office, escalation, 1},
	{office, unownedThing, 1},
}

var regionalQuotas = []quota{
	{appDB, leaverActive, 1},
	{appDB, standing, 1},
	{appDB, byNesting, 1},
	{appDB, directGrant, 1},
	{webHost, leaverActive, 1},
	{webHost, dormantAccount, 1},
	{webHost, staleCredential, 1},
	{webHost, duplicateKey, 2},
	{buildHost, dormantAccount, 1},
	{buildHost, standing, 1},
	{buildHost, nopasswdSudo, 1},
	{buildHost, staleCredential, 1},
	{buildHost, duplicateKey, 1},
}

var singleQuotas = []quota{
	{payrollDB, standing, 2},
	{dbHost, escalation, 2},
	{dbHost, duplicateKey, 2},
	{ledgerHost, standing, 2},
	{ledgerHost, escalation, 2},
	{ledgerDB, byNesting, 2},
}

// regional is the name of a system in a region; the first has none.
func regional(system string, region int) string {
	if region == 0 {
		return system
	}
	return fmt.Sprintf("%s-%d", system, region+1)
}

// plan reserves everybody whom a plant uses, makes HR say of them what it must,
// and then numbers logins, which depend on it.
func (c *company) plan() plants {
	p := plants{}
	c.reserved = map[int]string{}
	for _, q := range flatQuotas {
		c.reserve(p, q.system, q.rule, q.n*c.shape.scale)
	}
	for _, q := range singleQuotas {
		c.reserve(p, q.system, q.rule, q.n)
	}
	for r := range c.shape.regions {
		for _, q := range regionalQuotas {
			c.reserve(p, regional(q.system, r), q.rule, q.n)
		}
	}
	c.countNames()
	return p
}

func (c *company) reserve(p plants, system, rule string, n int) {
	if p[system] == nil {
		p[system] = map[string][]int{}
	}
	for range n {
		var i int
		switch rule {
		case partyExpired:
			i = c.takeVendor()
			c.people[i].expired = true
		case disputed:
			// Two people of one name: nothing that the account says tells which.
			i = c.take()
			c.reserved[i] = system
			p[system][rule] = append(p[system][rule], i)
			other := c.take()
			c.people[other].first, c.people[other].last = c.people[i].first, c.people[i].last
			i = other
		default:
			i = c.take()
		}
		if rule == leaverActive || rule == unownedThing {
			c.people[i].state = leaver
		}
		c.reserved[i] = system
		p[system][rule] = append(p[system][rule], i)
	}
}

// take reserves the next employee in the order of plants.
func (c *company) take() int {
	if len(c.order) == 0 {
		panic("sample: more plants than people")
	}
	i := int(c.order[0])
	c.order = c.order[1:]
	return i
}

// takeVendor reserves the next third party who is still there.
func (c *company) takeVendor() int {
	for c.people[c.vendorAt].state != active {
		c.vendorAt++
	}
	c.vendorAt++
	return c.vendorAt - 1
}

// elsewhere reports whether person i takes part in the ordinary life of a system:
// still there, and not used by one of that system's plants.
func (s *system) ordinary(i int) bool {
	return s.people[i].state == active && s.reserved[i] != s.name
}
