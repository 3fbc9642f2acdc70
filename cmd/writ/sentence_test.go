package main

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// cast are the things that the paths below pass.
type cast struct {
	names map[access.Ref]named
	next  int64
}

func (c *cast) add(kind access.ObjectKind, n named) access.Ref {
	c.next++
	ref := access.Ref{Kind: kind, Key: c.next}
	c.names[ref] = n
	return ref
}

func TestSentences(t *testing.T) {
	c := &cast{names: map[access.Ref]named{}}
	account := func(system, kind, login string) access.Ref {
		return c.add(access.KindAccount, named{Name: login, System: system, native: login, systemKind: kind})
	}
	entitlement := func(system, kind, native, name string) access.Ref {
		return c.add(access.KindEntitlement, named{Name: name, System: system, native: native, systemKind: kind})
	}
	system := func(name, kind string) access.Ref {
		return c.add(access.KindSystem, named{Name: name, systemKind: kind})
	}
	ana := c.add(access.KindIdentity, named{Name: "Ana Sol"})
	clerk, chief := c.add(access.KindRole, named{Name: "clerk"}), c.add(access.KindRole, named{Name: "chief"})
	inCorp, onDB1, svc := account("corp", "ldap", "ana.sol"), account("db1", "linux", "ana.sol"), account("db1", "linux", "svc-pay")
	role, asSvc := account("payroll", "postgres", "ana"), account("payroll", "postgres", "svc-pay")
	withKey := account("db1", "linux", "asol") // which Ana's account in the directory opens
	inERP := account("erp", "csv", "ana")
	admins := entitlement("erp", "csv", "admin", "Administrator")
	dba, hostDBA := entitlement("corp", "ldap", "uuid", "dba"), entitlement("db1", "linux", "group:dba", "dba")
	sudo := entitlement("db1", "linux", "sudo:ALL:ALL", "run ALL as ALL")
	keys := entitlement("db1", "linux", "file:/home/svc-pay/.ssh/authorized_keys:write", "write /home/svc-pay/.ssh/authorized_keys")
	dbaRole, super := entitlement("payroll", "postgres", "role:dba", "dba"), entitlement("payroll", "postgres", "attr:superuser", "superuser")
	table := entitlement("payroll", "postgres", "table:pay.public.salary:SELECT", "pay.public.salary:SELECT")
	corp, db1, payroll := system("corp", "ldap"), system("db1", "linux"), system("payroll", "postgres")
	folder := c.add(access.KindResource, named{Name: "Budget"})
	var groups []access.Ref
	for _, name := range []string{"g1", "g2", "g3", "g4", "g5"} {
		groups = append(groups, entitlement("corp", "ldap", "uuid-"+name, name))
	}

	// leg is one step of a path, from where the one before it ended.
	type leg struct {
		kind graph.StepKind
		to   access.Ref
	}
	steps := func(from access.Ref, legs ...leg) (path []graph.Step) {
		for _, l := range legs {
			path = append(path, graph.Step{Kind: l.kind, From: from, To: l.to})
			from = l.to
		}
		return path
	}
	with := func(path []graph.Step, i int, mode access.Mode, on access.Ref) []graph.Step {
		path[i].Mode, path[i].Resource = mode, access.ResourceID(on.Key)
		return path
	}
	nested := steps(ana, leg{graph.ByAccount, inCorp}, leg{graph.ByGrant, groups[0]})
	for i := range groups[1:] {
		nested = append(nested, graph.Step{Kind: graph.ByNesting, From: groups[i], To: groups[i+1]})
	}
	nested = append(nested, graph.Step{Kind: graph.ByNesting, From: groups[4], To: dbaRole})
	tests := []struct {
		name string
		path []graph.Step
		want string
	}{
		{"an account of one system", steps(ana, leg{graph.ByAccount, inERP}, leg{graph.ByGrant, admins}), "Ana Sol has the account ana in erp and holds Administrator in erp."},
		{"on one resource", with(steps(ana, leg{graph.ByAccount, inERP}, leg{graph.ByGrant, admins}), 1, access.Standing, folder), "Ana Sol has the account ana in erp and holds Administrator in erp, on Budget."},
		{"eligible", with(steps(ana, leg{graph.ByGrant, admins}), 0, access.Eligible, access.Ref{}), "Ana Sol could activate Administrator in erp."},
		{"activated", with(steps(ana, leg{graph.ByGrant, dbaRole}), 0, access.Activated, access.Ref{}), "Ana Sol has the role dba of the database server payroll for now."},
		{
			"from the directory to the database", steps(ana, leg{graph.ByAccount, inCorp}, leg{graph.ByOpening, onDB1}, leg{graph.ByGrant, hostDBA}, leg{graph.ByNesting, sudo}, leg{graph.ByHost, db1}, leg{graph.ByHost, payroll}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, is in the group dba of db1, through it may run anything as anybody on db1, and so controls db1, on which the database server payroll runs: so Ana Sol controls payroll.",
		},
		{
			"a directory's group gives a role", steps(ana, leg{graph.ByAccount, inCorp}, leg{graph.ByGrant, dba}, leg{graph.ByNesting, dbaRole}, leg{graph.ByNesting, super}),
			"Ana Sol has the account ana.sol in the directory corp, is in the group dba of corp, through it has the role dba of the database server payroll and through it has the attribute superuser of payroll.",
		},
		{
			"keys of a service", steps(ana, leg{graph.ByAccount, inCorp}, leg{graph.ByOpening, onDB1}, leg{graph.ByGrant, keys}, leg{graph.ByImpersonate, svc}, leg{graph.ByOpening, asSvc}, leg{graph.ByGrant, table}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, may write /home/svc-pay/.ssh/authorized_keys on db1, and so can become svc-pay on db1, who signs in from there to the database server payroll as svc-pay and has SELECT on pay.public.salary of payroll.",
		},
		{"an account of one's own that another opens", steps(ana, leg{graph.ByAccount, withKey}, leg{graph.ByGrant, hostDBA}), "Ana Sol signs in to the host db1 as asol with the account ana.sol of the directory corp and is in the group dba of db1."},
		{
			"two sign-ins in a row", steps(ana, leg{graph.ByAccount, inCorp}, leg{graph.ByOpening, onDB1}, leg{graph.ByOpening, role}, leg{graph.ByGrant, dbaRole}),
			"Ana Sol signs in to the host db1 as ana.sol with the account ana.sol of the directory corp, signs in from there to the database server payroll as ana and has the role dba of payroll.",
		},
		{
			"groups in groups", nested,
			"Ana Sol has the account ana.sol in the directory corp and through 5 groups, first the group g1 of corp and last the group g5 of corp, has the role dba of the database server payroll.",
		},
		{"roles", steps(ana, leg{graph.ByRole, clerk}, leg{graph.ByInclusion, chief}, leg{graph.ByRoleGives, admins}), "Ana Sol has the role clerk, through it has the role chief and through it holds Administrator in erp."},
		{"from an entitlement", steps(hostDBA, leg{graph.ByNesting, sudo}), "Whoever is in the group dba of the host db1 also may run anything as anybody on db1."},
		{"from an entitlement to the host", steps(sudo, leg{graph.ByHost, db1}), "Whoever may run anything as anybody on the host db1 controls db1."},
		{"from an account", steps(svc, leg{graph.ByOpening, asSvc}), "Whoever signs in as svc-pay to the host db1 signs in from there to the database server payroll as svc-pay."},
		{
			"everything of a system", steps(ana, leg{graph.ByGrant, admins}, leg{graph.ByGrantAccess, corp}, leg{graph.ByGrantAccess, dba}),
			"Ana Sol holds Administrator in erp, and so can give everything in the directory corp, also the group dba of corp.",
		},
		{
			"everybody of a system", steps(ana, leg{graph.ByGrant, super}, leg{graph.ByImpersonate, db1}, leg{graph.ByImpersonate, svc}, leg{graph.ByOpening, asSvc}),
			"Ana Sol has the attribute superuser of the database server payroll, and so can become every account of the host db1, and so can become svc-pay there, who signs in from there to payroll as svc-pay.",
		},
		{"one other", steps(ana, leg{graph.ByGrant, admins}, leg{graph.ByGrantAccess, dba}, leg{graph.ByImpersonate, dbaRole}), "Ana Sol holds Administrator in erp, and so can give the group dba of the directory corp, and so can become whoever has the role dba of the database server payroll."},
		{"control gives all that is there", steps(ana, leg{graph.ByGrant, sudo}, leg{graph.ByHost, db1}, leg{graph.ByHost, hostDBA}), "Ana Sol may run anything as anybody on the host db1, and so controls db1, and with it is in the group dba of db1."},
		{"nothing", nil, ""},
	}
	for _, tt := range tests {
		line := describePath(tt.path, func(r access.Ref) named { return c.names[r] }, map[access.Ref]access.Ref{withKey: inCorp})
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
