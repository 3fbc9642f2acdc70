package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
)

const (
	versionMaps     = 150000 // pg_ident_file_mappings
	versionPatterns = 160000 // patterns in names of pg_hba.conf
)

const (
	maxOpeners = 5000 // accounts with which one role is signed in to
	maxTrusted = 500  // roles that a rule without proof is written out for
)

// openings is who is let in as whom, from outside.
type openings struct {
	gate     *gate
	maps     []identRow
	mapsRead bool
	byRole   map[*role][]connector.Target
	trusted  map[string][]*role // roles that one may be without proof, by the entitlement to
	keyless  map[*role]bool     // some rule lets the role in without its own password
	notes    map[string]bool    // warnings
}

// readOpenings reads what the server makes of pg_hba.conf and pg_ident.conf, and
// works out with which accounts of the host and the directory one signs in as each
// role. Where Writ may not read it, nothing is claimed and a warning says so.
func (k *catalog) readOpenings(ctx context.Context, s *session, version int) error {
	o := &openings{byRole: map[*role][]connector.Target{}, keyless: map[*role]bool{}, trusted: map[string][]*role{}, notes: map[string]bool{}}
	k.openings = o
	rows, err := k.tryHBA(ctx, s, version)
	if err != nil || rows == nil {
		return err
	}
	databases, err := list[databaseName](ctx, s, "listing databases that take connections", queryOpenDatabases)
	if err != nil {
		return err
	}
	o.gate = newGate(rows, databases, version >= versionPatterns, k.memberOf)
	for _, r := range k.order {
		if r.Login {
			k.openRole(r)
		}
	}
	k.withoutProof()
	return nil
}

type databaseName struct{ Name string }

// tryHBA reads the rules; where the server itself cannot read its files, the rest
// of the cluster still counts.
func (k *catalog) tryHBA(ctx context.Context, s *session, version int) ([]hbaRow, error) {
	if err := s.exec(ctx, "savepoint openings"); err != nil {
		return nil, s.failed("reading pg_hba.conf", err)
	}
	rows, err := k.readHBA(ctx, s, version)
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code == codeCanceled {
		return rows, err
	}
	if err := s.exec(ctx, "rollback to savepoint openings"); err != nil {
		return nil, s.failed("reading pg_hba.conf", err)
	}
	k.openings.maps, k.openings.mapsRead = nil, false
	k.openings.note("the server cannot read pg_hba.conf or pg_ident.conf itself, so who is let in as whom is unknown: %s", said.Message)
	return nil, nil
}

type mayRow struct{ May bool }

// readHBA returns nil where Writ may not read it.
func (k *catalog) readHBA(ctx context.Context, s *session, version int) ([]hbaRow, error) {
	o := k.openings
	may := func(query string) (bool, error) {
		rows, err := list[mayRow](ctx, s, "asking what may be read", query)
		return err == nil && len(rows) == 1 && rows[0].May, err
	}
	readable, err := may(queryMayReadHBA)
	if err != nil {
		return nil, err
	}
	if !readable {
		o.note("role %q may not read pg_hba.conf, so who is let in as whom is unknown: %s", k.line.config.User, k.remedyHBA(s.database, "pg_hba_file_rules"))
		return nil, nil
	}
	query := queryHBA15
	if version >= versionPatterns {
		query = queryHBA
	}
	rows, err := list[hbaRow](ctx, s, "reading pg_hba.conf", query)
	if err != nil || version < versionMaps {
		return rows, err
	}
	if o.mapsRead, err = may(queryMayReadMap); err != nil || !o.mapsRead {
		return rows, err
	}
	o.maps, err = list[identRow](ctx, s, "reading pg_ident.conf", queryMaps)
	return rows, err
}

// remedyHBA lets Writ read what the server makes of a file. It counts for the
// database that it is run in.
func (c *Cluster) remedyHBA(database, view string) string {
	return clean(fmt.Sprintf("run `grant execute on function %[1]s() to %[2]s; grant select on %[1]s to %[2]s` in database %[3]q", view, pgx.Identifier{c.line.config.User}.Sanitize(), database))
}

func (o *openings) note(format string, args ...any) {
	o.notes[clean(fmt.Sprintf(format, args...))] = true
}

func (o *openings) warnings() []string {
	if o == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(o.notes))
}

func newGate(rows []hbaRow, databases []databaseName, patterns bool, member func(*role, string) bool) *gate {
	g := &gate{patterns: patterns, member: member, compiled: map[string]*regexp.Regexp{}}
	for _, d := range databases {
		g.databases = append(g.databases, d.Name)
	}
	var places []place
	for _, row := range rows {
		if row.Error != "" || transports[row.Type] == "" {
			g.broken = true
			continue
		}
		x := &rule{row, row.addresses()}
		g.rules = append(g.rules, x)
		if x.Method == "ldap" {
			places = append(places, x.place())
		}
		g.every = g.every || slices.ContainsFunc(row.Databases, func(d string) bool {
			return d == "samerole" || d == "samegroup" || patterns && strings.HasPrefix(d, "/")
		})
	}
	g.onePlace = onePlace(places)
	return g
}

// memberOf reports whether a role is another one or is in it, by however many
// steps. Superusers count as members of nothing that they are not in.
func (k *catalog) memberOf(r *role, group string) bool {
	if r.Name == group {
		return true
	}
	seen, next := map[uint32]bool{r.OID: true}, []uint32{r.OID}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		for _, in := range k.in[at] {
			if x := k.roles[in]; x != nil && !seen[in] {
				if x.Name == group {
					return true
				}
				seen[in] = true
				next = append(next, in)
			}
		}
	}
	return false
}

// openRole finds with which accounts of other systems one signs in as a role.
func (k *catalog) openRole(r *role) {
	o := k.openings
	var list []connector.Target
	known := map[connector.Target]bool{}
	for _, x := range o.gate.ways(r) {
		for _, t := range k.openers(x, r) {
			switch {
			case known[t]:
			case len(list) < maxOpeners:
				known[t] = true
				list = append(list, t)
			default:
				o.note("pg_hba.conf, line %d (%s): more than %d accounts sign in as role %q; the others are not shown", x.Line, x.Method, maxOpeners, r.Name)
			}
		}
		if x.Method == "trust" {
			o.trust(x, r)
		}
		if !ownPassword[x.Method] {
			o.keyless[r] = true
		}
	}
	o.byRole[r] = list
}

// ownPassword are the methods by which a role's own password lets in, and those that
// let nobody in. Only they end with VALID UNTIL.
var ownPassword = map[string]bool{"password": true, "md5": true, "scram-sha-256": true, "reject": true}

// openers are the accounts that one rule lets in as a role.
func (k *catalog) openers(x *rule, r *role) []connector.Target {
	o := k.openings
	switch x.Method {
	case "peer", "pam", "bsd":
		if k.host == "" {
			o.note("pg_hba.conf, line %d (%s): the host's own accounts sign in as roles; option host, with the host's name in Writ, shows whose they are", x.Line, x.Method)
			return nil
		}
		names := []string{r.Name}
		if x.Method == "peer" {
			names = k.mapped(x, r)
		}
		return targets(k.host, names)
	case "ldap", "gss", "sspi":
		if k.directory == "" {
			o.note("pg_hba.conf, line %d (%s): a directory's accounts sign in as roles; option directory, with the directory's name in Writ, shows whose they are", x.Line, x.Method)
			return nil
		}
		if x.Method == "ldap" {
			return k.ldapOpeners(x, r)
		}
		return targets(k.directory, k.principals(x, r))
	case "ident":
		o.note("pg_hba.conf, line %d: ident believes whatever the client's machine says of its user; who that is, is unknown", x.Line)
	}
	return nil
}

func targets(system string, names []string) (list []connector.Target) {
	for _, name := range names {
		list = append(list, connector.Target{Kind: connector.OnAccount, System: system, ID: clean(name)})
	}
	return list
}

// mapped are the outside names that a rule lets in as a role: its own, or what the
// rule's map says.
func (k *catalog) mapped(x *rule, r *role) []string {
	o, name := k.openings, x.option("map")
	switch {
	case name == "":
		return []string{r.Name}
	case !o.mapsRead:
		o.note("pg_hba.conf, line %d uses the map %q of pg_ident.conf, which role %q cannot read, so whom it lets in is unknown: from PostgreSQL 15 on, %s",
			x.Line, name, k.line.config.User, k.remedyHBA(k.line.config.Database, "pg_ident_file_mappings"))
		return nil
	}
	names, unclear := o.gate.outsiders(o.maps, name, r)
	for _, who := range unclear {
		if strings.HasPrefix(who, "/") {
			o.note("pg_ident.conf, map %q: every name that matches %q is let in as a role; which those are is unknown", name, who)
		} else {
			o.note("pg_ident.conf, map %q: %q is let in as the roles that match a pattern which Writ cannot read; which those are is unknown", name, who)
		}
	}
	return names
}

// principals are the accounts of a directory whose tickets let in as a role: those of
// its own realm, and of any where the server does not ask for one.
func (k *catalog) principals(x *rule, r *role) (names []string) {
	// The server shows the option where it is on, as it is by default, and not where it is off.
	realm := x.option("include_realm") == "true"
	for _, name := range k.mapped(x, r) {
		_, domain, has := strings.Cut(name, "@")
		if has != realm {
			continue // the server compares principals with their realm, or all without: this is nobody's
		}
		want := x.option("krb_realm")
		switch {
		case want == "":
		case !has:
			name += "@" + want // cut off by the server, which has asked for it
		case !strings.EqualFold(want, domain):
			continue
		}
		own, other := k.domains.Own(name)
		if other != "" {
			k.openings.note("pg_hba.conf, line %d (%s): principals of the realm %s are not taken for accounts of %s: option domain says which realm is the directory's own", x.Line, x.Method, other, k.directory)
		}
		if own != "" {
			names = append(names, own)
		}
	}
	return names
}

func (k *catalog) openingWarnings() []string {
	o := k.openings
	if o.gate != nil && o.gate.broken {
		o.note("pg_hba.conf has lines that the server cannot read; until they are right it goes on with what it loaded before, which may be something else")
	}
	return o.warnings()
}
