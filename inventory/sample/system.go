package sample

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// meta is a system's own facts, as system.json has them.
type meta struct {
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Environment    string `json:"environment,omitempty"`
	Criticality    string `json:"criticality,omitempty"`
	DataClass      string `json:"data_class,omitempty"`
	BusinessOwner  string `json:"business_owner,omitempty"`
	TechnicalOwner string `json:"technical_owner,omitempty"`
	RunsOn         string `json:"runs_on,omitempty"`
}

// systemPlan is one system before it is written.
type systemPlan struct {
	name   string
	meta   meta
	fill   func(*system)
	region int
}

// system is one folder of flat files while it is being written.
type system struct {
	*company
	name   string
	region int
	plants plants
	// nameless says that the system knows no kinds of people's accounts, as no
	// directory does: their names tell.
	nameless bool

	resources, entitlements, accounts, credentials, grants *table
}

// The header lines of a system's files. public_key is not read by the connector:
// whoever builds the sample for real installs it.
const (
	resourceHeader    = "id,kind,name,parent,data_class"
	entitlementHeader = "id,kind,name,description,resource,owner,capabilities,conflicts"
	accountHeader     = "id,login,display_name,email,number,kind,status,interactive,created,expires,usage_known,last_used,opened_by"
	credentialHeader  = "account,kind,fingerprint,algorithm,options,changed,last_used,public_key"
	grantHeader       = "holder_kind,holder,entitlement,resource,mode,flags,start,end,usage_known,last_used,holder_system"
)

// writeSystem makes the folder of one system.
func (c *company) writeSystem(ctx context.Context, p systemPlan, all plants) (err error) {
	dir := filepath.Join(c.dir, systemsFolder, p.name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // invented data, meant to be looked at
		return err
	}
	about, err := json.MarshalIndent(p.meta, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "system.json"), append(about, '\n'), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	s := &system{company: c, name: p.name, region: p.region, plants: all}
	var open []*table
	defer func() {
		for _, t := range open {
			err = errors.Join(err, t.close())
		}
	}()
	for _, f := range []struct {
		at           **table
		name, header string
	}{
		{&s.resources, "resources.csv", resourceHeader},
		{&s.entitlements, "entitlements.csv", entitlementHeader},
		{&s.accounts, "accounts.csv", accountHeader},
		{&s.credentials, "credentials.csv", credentialHeader},
		{&s.grants, "grants.csv", grantHeader},
	} {
		if *f.at, err = newTable(filepath.Join(dir, f.name), f.header); err != nil {
			return err
		}
		open = append(open, *f.at)
	}
	p.fill(s)
	c.sum.Systems++
	c.sum.Accounts += s.accounts.rows
	c.sum.Grants += s.grants.rows
	c.found(adoptionBacklog, onSystem, p.name, p.name, "what was there before anybody asked, and nobody has approved")
	return ctx.Err()
}

func (s *system) resource(id, kind, name, parent, class string) {
	s.resources.row(id, kind, name, parent, class)
}

// entitlement is one row; most fields are empty in most rows.
type entitlement struct {
	id, kind, name, about, resource, owner string
	can                                    []string
	conflicts                              []string
}

func (s *system) entitlement(e entitlement) {
	if e.name == "" {
		_, e.name, _ = strings.Cut(e.id, ":")
	}
	s.entitlements.row(e.id, e.kind, e.name, e.about, e.resource, e.owner, strings.Join(e.can, ";"), strings.Join(e.conflicts, ";"))
}

// account is one row. used is how many days ago it was last used: neverUsed and
// unknownUse are the two other answers.
type account struct {
	id, login, name, email, number, kind, status string
	robot                                        bool // nothing signs in with it interactively
	created, used                                int
	expires                                      string
	openedBy                                     string // an account of another system, see connector/csv
}

const (
	unknownUse = -1
	neverUsed  = -2
)

func (s *system) account(a account) {
	if a.login == "" {
		a.login = a.id
	}
	if a.status == "" {
		a.status = "enabled"
	}
	if s.nameless && (a.kind == "person" || a.kind == "admin") {
		a.kind = ""
	}
	interactive, known, last, created := "true", "true", "", ""
	if a.robot {
		interactive = "false"
	}
	switch a.used {
	case unknownUse:
		known = "false"
	case neverUsed:
	default:
		last = s.ago(a.used)
	}
	if a.created > 0 {
		created = s.ago(a.created)
	}
	s.accounts.row(a.id, a.login, a.name, a.email, a.number, a.kind, a.status, interactive, created, a.expires, known, last, a.openedBy)
}

func (s *system) credential(account, kind, fingerprint, algorithm, changed, public string) {
	s.credentials.row(account, kind, fingerprint, algorithm, "", changed, "", public)
}

// has gives an account an entitlement.
func (s *system) has(account string, entitlements ...string) {
	for _, e := range entitlements {
		s.grants.row("account", account, e, "", "standing", "", "", "", "false", "", "")
	}
}

// gives nests: whoever holds the first entitlement has the others.
func (s *system) gives(holder string, entitlements ...string) {
	for _, e := range entitlements {
		s.grants.row("entitlement", holder, e, "", "standing", "", "", "", "false", "", "")
	}
}

// mayActivate gives an account eligible access.
func (s *system) mayActivate(account string, entitlements ...string) {
	for _, e := range entitlements {
		s.grants.row("account", account, e, "", "eligible", "", "", "", "false", "", "")
	}
}

// employee writes the ordinary account of a person under an id.
func (s *system) employee(i int, id, login string) {
	d := s.dice("account "+s.name, i)
	s.account(account{
		id: id, login: login, name: s.nameOf(i), email: s.emailOf(i), number: s.number(i), kind: "person",
		created: 120 + d.IntN(1500), used: 1 + d.IntN(24),
	})
}

// robot writes the account of a service or an agent.
func (s *system) robot(w *workload) {
	s.account(account{
		id: w.login, name: w.name, number: w.number, kind: "service", robot: true, created: 300, used: 1,
	})
}

// fresh is a date on which a well-kept credential was last changed.
func (s *system) fresh(i int) string { return s.ago(5 + i%50) }
