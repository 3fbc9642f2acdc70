package ask

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// cast are the things that the paths below pass.
type cast struct {
	names                                                   map[access.Ref]Shown
	ana, clerk, chief                                       access.Ref
	inCorp, onDB1, withKey, svc, role, asSvc, inERP         access.Ref // accounts
	admins, dba, hostDBA, sudo, keys, dbaRole, super, table access.Ref // entitlements
	corp, db1, payroll, folder                              access.Ref
	groups                                                  []access.Ref
}

func (c *cast) add(kind access.ObjectKind, n Shown) access.Ref {
	ref := access.Ref{Kind: kind, Key: int64(len(c.names) + 1)}
	c.names[ref] = n
	return ref
}

func newCast() *cast {
	c := &cast{names: map[access.Ref]Shown{}}
	account := func(system, kind, login string) access.Ref {
		return c.add(access.KindAccount, Shown{Name: login, System: system, native: login, systemKind: kind})
	}
	entitlement := func(system, kind, native, name string) access.Ref {
		return c.add(access.KindEntitlement, Shown{Name: name, System: system, native: native, systemKind: kind})
	}
	system := func(name, kind string) access.Ref {
		return c.add(access.KindSystem, Shown{Name: name, systemKind: kind})
	}
	c.ana = c.add(access.KindIdentity, Shown{Name: "Ana Sol"})
	c.clerk, c.chief = c.add(access.KindRole, Shown{Name: "clerk"}), c.add(access.KindRole, Shown{Name: "chief"})
	c.inCorp, c.onDB1, c.svc = account("corp", "ldap", "ana.sol"), account("db1", "linux", "ana.sol"), account("db1", "linux", "svc-pay")
	c.role, c.asSvc, c.inERP = account("payroll", "postgres", "ana"), account("payroll", "postgres", "svc-pay"), account("erp", "csv", "ana")
	c.withKey = account("db1", "linux", "asol") // which Ana's account in the directory opens
	c.admins = entitlement("erp", "csv", "admin", "Administrator")
	c.dba, c.hostDBA = entitlement("corp", "ldap", "uuid", "dba"), entitlement("db1", "linux", "group:dba", "dba")
	c.sudo = entitlement("db1", "linux", "sudo:ALL:ALL", "run ALL as ALL")
	c.keys = entitlement("db1", "linux", "file:/home/svc-pay/.ssh/authorized_keys:write", "write /home/svc-pay/.ssh/authorized_keys")
	c.dbaRole, c.super = entitlement("payroll", "postgres", "role:dba", "dba"), entitlement("payroll", "postgres", "attr:superuser", "superuser")
	c.table = entitlement("payroll", "postgres", "table:pay.public.salary:SELECT", "pay.public.salary:SELECT")
	c.corp, c.db1, c.payroll = system("corp", "ldap"), system("db1", "linux"), system("payroll", "postgres")
	c.folder = c.add(access.KindResource, Shown{Name: "Budget"})
	for _, name := range []string{"g1", "g2", "g3", "g4", "g5"} {
		c.groups = append(c.groups, entitlement("corp", "ldap", "uuid-"+name, name))
	}
	return c
}

// leg is one step of a path, from where the one before it ended.
type leg struct {
	kind graph.StepKind
	to   access.Ref
}

func steps(from access.Ref, legs ...leg) (path []graph.Step) {
	for _, l := range legs {
		path = append(path, graph.Step{Kind: l.kind, From: from, To: l.to})
		from = l.to
	}
	return path
}

// with is a path whose step i is of a mode, or on a resource.
func with(path []graph.Step, i int, mode access.Mode, on access.Ref) []graph.Step {
	path[i].Mode, path[i].Resource = mode, access.ResourceID(on.Key)
	return path
}

type toldPath struct {
	name string
	path []graph.Step
	want string
}

// nested is a path through groups in groups to a role.
func (c *cast) nested() []graph.Step {
	legs := []leg{{graph.ByAccount, c.inCorp}, {graph.ByGrant, c.groups[0]}}
	for _, g := range c.groups[1:] {
		legs = append(legs, leg{graph.ByNesting, g})
	}
	return steps(c.ana, append(legs, leg{graph.ByNesting, c.dbaRole})...)
}

func TestSentences(t *testing.T) {
	c := newCast()
	c.tell(t, []toldPath{
		{"an account of one system", steps(c.ana, leg{graph.ByAccount, c.inERP}, leg{graph.ByGrant, c.admins}), "Ana Sol has the account ana in erp and holds Administrator in erp."},
		{"on one resource", with(steps(c.ana, leg{graph.ByAccount, c.inERP}, leg{graph.ByGrant, c.admins}), 1, access.Standing, c.folder), "Ana Sol has the account ana in erp and holds Administrator in erp, on Budget."},
		{"eligible", with(steps(c.ana, leg{graph.ByGrant, c.admins}), 0, access.Eligible, access.Ref{}), "Ana Sol could activate Administrator in erp."},
		{"an account of one's own that another opens", steps(c.ana, leg{graph.ByAccount, c.withKey}, leg{graph.ByGrant, c.hostDBA}), "Ana Sol signs in to the host db1 as asol with the account ana.sol of the directory corp and is in the group dba of db1."},
		{
			"two sign-ins in a row", steps(c.ana, leg{graph.ByAccount, c.inCorp}, leg{graph.ByOpening, c.onDB1}, leg{graph.ByOpening, c.role}, leg{graph.ByGrant, c.dbaRole}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, signs in from there to the database server payroll as ana and has the role dba of payroll.",
		},
		{
			"groups in groups", c.nested(),
			"Ana Sol has the account ana.sol in the directory corp and through 5 groups, first the group g1 of corp and last the group g5 of corp, has the role dba of the database server payroll.",
		},
		{"roles", steps(c.ana, leg{graph.ByRole, c.clerk}, leg{graph.ByInclusion, c.chief}, leg{graph.ByRoleGives, c.admins}), "Ana Sol has the role clerk, through it has the role chief and through it holds Administrator in erp."},
		{"from an entitlement", steps(c.hostDBA, leg{graph.ByNesting, c.sudo}), "Whoever is in the group dba of the host db1 also may run anything as anybody on db1."},
		{"nothing", nil, ""},
	})
}

func TestSentencesOfEscalation(t *testing.T) {
	c := newCast()
	c.tell(t, []toldPath{
		{"activated", with(steps(c.ana, leg{graph.ByGrant, c.dbaRole}), 0, access.Activated, access.Ref{}), "Ana Sol has the role dba of the database server payroll for now."},
		{
			"from the directory to the database", steps(c.ana, leg{graph.ByAccount, c.inCorp}, leg{graph.ByOpening, c.onDB1}, leg{graph.ByGrant, c.hostDBA}, leg{graph.ByNesting, c.sudo}, leg{graph.ByHost, c.db1}, leg{graph.ByHost, c.payroll}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, is in the group dba of db1, through it may run anything as anybody on db1, and so controls db1, on which the database server payroll runs: so Ana Sol controls payroll.",
		},
		{
			"a directory's group gives a role", steps(c.ana, leg{graph.ByAccount, c.inCorp}, leg{graph.ByGrant, c.dba}, leg{graph.ByNesting, c.dbaRole}, leg{graph.ByNesting, c.super}),
			"Ana Sol has the account ana.sol in the directory corp, is in the group dba of corp, through it has the role dba of the database server payroll and through it has the attribute superuser of payroll.",
		},
		{
			"keys of a service", steps(c.ana, leg{graph.ByAccount, c.inCorp}, leg{graph.ByOpening, c.onDB1}, leg{graph.ByGrant, c.keys}, leg{graph.ByImpersonate, c.svc}, leg{graph.ByOpening, c.asSvc}, leg{graph.ByGrant, c.table}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, may write /home/svc-pay/.ssh/authorized_keys on db1, and so can become svc-pay on db1, who signs in from there to the database server payroll as svc-pay and has SELECT on pay.public.salary of payroll.",
		},
		{"from an entitlement to the host", steps(c.sudo, leg{graph.ByHost, c.db1}), "Whoever may run anything as anybody on the host db1 controls db1."},
		{"from an account", steps(c.svc, leg{graph.ByOpening, c.asSvc}), "Whoever signs in as svc-pay to the host db1 signs in from there to the database server payroll as svc-pay."},
		{
			"everything of a system", steps(c.ana, leg{graph.ByGrant, c.admins}, leg{graph.ByGrantAccess, c.corp}, leg{graph.ByGrantAccess, c.dba}),
			"Ana Sol holds Administrator in erp, and so can give everything in the directory corp, also the group dba of corp.",
		},
		{
			"everybody of a system", steps(c.ana, leg{graph.ByGrant, c.super}, leg{graph.ByImpersonate, c.db1}, leg{graph.ByImpersonate, c.svc}, leg{graph.ByOpening, c.asSvc}),
			"Ana Sol has the attribute superuser of the database server payroll, and so can become every account of the host db1, and so can become svc-pay there, who signs in from there to payroll as svc-pay.",
		},
		{"one other", steps(c.ana, leg{graph.ByGrant, c.admins}, leg{graph.ByGrantAccess, c.dba}, leg{graph.ByImpersonate, c.dbaRole}), "Ana Sol holds Administrator in erp, and so can give the group dba of the directory corp, and so can become whoever has the role dba of the database server payroll."},
		{"control gives all that is there", steps(c.ana, leg{graph.ByGrant, c.sudo}, leg{graph.ByHost, c.db1}, leg{graph.ByHost, c.hostDBA}), "Ana Sol may run anything as anybody on the host db1, and so controls db1, and with it is in the group dba of db1."},
	})
}

// tell compares what is told of paths, and their steps.
func (c *cast) tell(t *testing.T, tests []toldPath) {
	t.Helper()
	for _, tt := range tests {
		line := describe(tt.path, func(r access.Ref) Shown { return c.names[r] }, map[access.Ref]access.Ref{c.withKey: c.inCorp})
		if line.Sentence != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, line.Sentence, tt.want)
		}
		if len(line.Steps) != len(tt.path) {
			t.Errorf("%s: %d steps of %d", tt.name, len(line.Steps), len(tt.path))
		}
		for i, s := range line.Steps {
			if strings.TrimSpace(s.How) == "" || s.From.Name != c.names[tt.path[i].From].Name || s.To.Name != c.names[tt.path[i].To].Name {
				t.Errorf("%s: step %d is %+v", tt.name, i, s)
			}
		}
	}
}
