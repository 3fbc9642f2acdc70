package mariadb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

const (
	publicID = "role:" + publicRole
	// openID is what everybody has where an account asks for no password.
	openID = "sign_in:without_password"
)

// holding names one grant: who has what.
type holding struct {
	holder      connector.Target
	entitlement string
}

// catalog is what one server says, as records.
type catalog struct {
	*Server
	version      string
	settings     settingsRow
	blind        bool // some databases may not be shown
	accounts     []*accountRow
	known        map[accountName]*accountRow
	roles        map[accountName]bool
	schemas      []string
	resources    []*connector.Resource
	things       map[string]bool // ids of resources
	entitlements []*connector.Entitlement
	seen         map[string]bool
	grants       map[connector.Target][]*connector.Grant
	given        map[holding]*connector.Grant
}

// read reads the tables of grants. They are small beside data: all is in memory before the
// first record goes out.
func (s *Server) read(ctx context.Context) (*catalog, error) {
	k := &catalog{
		Server: s, known: map[accountName]*accountRow{}, roles: map[accountName]bool{}, things: map[string]bool{}, seen: map[string]bool{},
		grants: map[connector.Target][]*connector.Grant{}, given: map[holding]*connector.Grant{},
	}
	on, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer on.end()
	v, err := on.greet(ctx)
	if err != nil {
		return nil, err
	}
	k.version = v.Text
	for _, read := range []func(context.Context, *session) error{
		k.readServer, k.readAccounts, k.readMembers, k.readGlobals, k.readDatabases, k.readObjects, k.readProxies,
	} {
		if err := read(ctx, on); err != nil {
			return nil, err
		}
	}
	k.withoutPassword()
	return k, nil
}

func (k *catalog) readServer(ctx context.Context, s *session) error {
	settings, err := list(ctx, s, "reading the settings of passwords", scanSettings, querySettings)
	if err != nil {
		return err
	}
	if len(settings) == 1 {
		k.settings = settings[0]
	}
	may, err := s.may(ctx, "SHOW DATABASES")
	if err != nil {
		return err
	}
	k.blind = !may
	k.schemas, err = list(ctx, s, "listing databases", value[string], querySchemas)
	for _, name := range k.schemas {
		k.resource("database", part(name), "")
	}
	return err
}

// readAccounts reads who there is, and makes entitlements of roles.
func (k *catalog) readAccounts(ctx context.Context, s *session) error {
	rows, err := s.accounts(ctx, s, "reading accounts and roles", "")
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b accountRow) int { return strings.Compare(a.id(), b.id()) })
	k.entitlement(publicID, "public", "")
	for _, row := range rows {
		if row.Role {
			k.role(row.accountName)
		} else {
			k.accounts = append(k.accounts, &row)
		}
		k.known[row.accountName] = &row
	}
	for _, a := range k.accounts {
		k.give(a.target(), publicID, access.Implicit)
	}
	return nil
}

// role makes an entitlement of a role.
func (k *catalog) role(a accountName) {
	k.roles[a] = true
	if a.User != publicRole || a.Host != "" {
		k.entitlement(roleID(a), "role", "")
	}
}

// roleID is the id of a role. One of MySQL has a host, too, and is never what everybody is in.
func roleID(a accountName) string {
	if a.Host == "" || a.Host == everywhere && a.User != publicRole {
		return connector.CapID("role:" + connector.EscapeID(a.User, ""))
	}
	return connector.CapID("role:" + a.id())
}

func (a accountName) target() connector.Target {
	return connector.Target{Kind: connector.OnAccount, ID: a.id()}
}

// holders are who a table of grants means; nobody where what it names is gone. What it says
// of nobody counts for everybody. One whom MySQL takes for an account and for a role is both.
func (k *catalog) holders(a accountName) (list []connector.Target) {
	row := k.known[a]
	if row != nil && !row.Role {
		list = append(list, a.target())
	} else if a.User == "" || a.User == publicRole && a.Host == "" {
		return []connector.Target{{Kind: connector.OnEntitlement, ID: publicID}}
	}
	if k.roles[a] {
		list = append(list, connector.Target{Kind: connector.OnEntitlement, ID: roleID(a)})
	}
	return list
}

func (k *catalog) readMembers(ctx context.Context, s *session) error {
	rows, err := s.members(ctx, s, k.known)
	for _, m := range rows {
		if k.known[m.Role] != nil {
			k.role(m.Role)
		}
	}
	for _, m := range rows {
		if !k.roles[m.Role] {
			continue
		}
		for _, t := range k.holders(m.accountName) {
			asks := t.Kind == connector.OnAccount && !m.Active
			k.give(t, roleID(m.Role), flag(m.Admin, access.AdminOption)|flag(asks, access.NoInherit))
		}
	}
	return err
}

func flag(is bool, f access.GrantFlags) access.GrantFlags {
	if is {
		return f
	}
	return 0
}

func (k *catalog) readGlobals(_ context.Context, s *session) error {
	for _, row := range k.known {
		for _, t := range k.holders(row.accountName) {
			for _, given := range row.Words {
				word, admin := strings.CutSuffix(given, withGrant)
				k.give(t, k.entitlement(onEverything+":"+word, onEverything, "", onSystem(s.everything(word)...)...), flag(admin, access.AdminOption))
			}
		}
	}
	return nil
}

// databasePrivileges are what somebody has on the databases that a pattern names.
type databasePrivileges struct {
	accountName
	pattern string
	words   []string
}

// databasePrivileges reads them: each is a column, Y where it is given.
func (s *session) databasePrivileges(ctx context.Context, where string, args ...any) (all []databasePrivileges, err error) {
	err = s.within(ctx, func(ctx context.Context) error {
		rows, err := s.QueryContext(ctx, queryDatabases+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // Err has it
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return err
			}
			var p databasePrivileges
			for i, name := range names {
				p.take(name, values[i].String)
			}
			all = append(all, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, s.failed("reading privileges on databases", err)
	}
	return all, nil
}

func (p *databasePrivileges) take(column, text string) {
	switch {
	case column == "User":
		p.User = text
	case column == "Host":
		p.Host = text
	case column == "Db":
		p.pattern = text
	case strings.HasSuffix(column, "_priv") && text == "Y":
		p.words = append(p.words, word(column))
	}
}

func (k *catalog) readDatabases(ctx context.Context, s *session) error {
	all, err := s.databasePrivileges(ctx, "")
	for _, p := range all {
		for _, t := range k.holders(p.accountName) {
			for _, word := range p.words {
				k.give(t, k.onDatabase(p.pattern, word), 0)
			}
		}
	}
	return err
}

// onDatabase is a privilege on the databases that a grant names.
func (k *catalog) onDatabase(named, word string) string {
	if name, one := database(named); one && named == pattern(name) {
		resource := k.resource("database", part(name), "")
		return k.entitlement(onDatabase+":"+part(name)+":"+word, onDatabase, resource, k.can(resource, name, word)...)
	}
	var can []connector.Capability
	for _, schema := range k.schemas {
		if like(named, schema) {
			can = append(can, k.can(k.resource("database", part(schema), ""), schema, word)...)
		}
	}
	return k.entitlement(onDatabases+":"+part(named)+":"+word, onDatabases, "", can...)
}

// can is what a privilege lets one do with a thing of a database.
func (k *catalog) can(resource, schema, word string) []connector.Capability {
	list := on(connector.Target{Kind: connector.OnResource, ID: resource}, rights[word]...)
	if schema == ownDatabase {
		list = append(list, onSystem(ownRights[word]...)...)
	}
	return list
}

// readObjects reads the privileges on tables, columns and routines.
func (k *catalog) readObjects(ctx context.Context, s *session) error {
	for _, query := range []string{queryTables, queryColumns, queryRoutines} {
		rows, err := list(ctx, s, "reading privileges on tables and routines", scanGrant, query)
		if err != nil {
			return err
		}
		for _, r := range rows {
			for _, t := range k.holders(r.accountName) {
				for w := range strings.SplitSeq(r.Words, ",") {
					if w != "" {
						k.give(t, k.onObject(r, word(w)), 0)
					}
				}
			}
		}
	}
	return nil
}

// onObject is a privilege on a table, a column or a routine.
func (k *catalog) onObject(r grantRow, word string) string {
	kind := onTable
	if r.Kind != "" {
		if kind = routineKinds[r.Kind]; kind == "" {
			kind = "routine"
		}
	}
	name := part(r.Database) + "." + part(r.Name)
	resource := k.resource(kind, name, k.resource("database", part(r.Database), ""))
	can := k.can(resource, r.Database, word)
	if r.Column == "" {
		return k.entitlement(kind+":"+name+":"+word, kind, resource, can...)
	}
	return k.entitlement(onColumn+":"+name+"."+part(r.Column)+":"+word, onColumn, resource, can...)
}

// readProxies reads who may be whom.
func (k *catalog) readProxies(ctx context.Context, s *session) error {
	rows, err := list(ctx, s, "reading who may be whom", scanProxy, queryProxies)
	for _, p := range rows {
		if p.User == "" {
			continue
		}
		var can []connector.Capability
		if as := k.known[p.As]; as != nil && !as.Role {
			can = on(p.As.target(), access.Impersonate)
		}
		for _, t := range k.holders(p.accountName) {
			k.give(t, k.entitlement(connector.CapID("proxy:"+p.As.id()), "proxy", "", can...), flag(p.Grant, access.AdminOption))
		}
	}
	return err
}

// withoutPassword says who lets everybody in.
func (k *catalog) withoutPassword() {
	var can []connector.Capability
	for _, a := range k.accounts {
		if !a.Locked && slices.ContainsFunc(a.ways(), way.open) {
			can = append(can, on(a.target(), access.Impersonate)...)
		}
	}
	if can != nil {
		everybody := connector.Target{Kind: connector.OnEntitlement, ID: publicID}
		k.give(everybody, k.entitlement(openID, "sign_in", "", can...), 0)
	}
}

// entitlement records an entitlement once and returns its id.
func (k *catalog) entitlement(id, kind, resource string, can ...connector.Capability) string {
	id = connector.CapID(id)
	if !k.seen[id] {
		k.seen[id] = true
		_, name, _ := strings.Cut(id, ":")
		k.entitlements = append(k.entitlements, &connector.Entitlement{ID: id, Kind: kind, Name: name, Resource: resource, Capabilities: can})
	}
	return id
}

// give records one grant; where two ways give the same, the stronger counts.
func (k *catalog) give(holder connector.Target, entitlement string, flags access.GrantFlags) {
	key := holding{holder, entitlement}
	if g := k.given[key]; g != nil {
		g.Flags = (g.Flags|flags)&access.AdminOption | g.Flags&flags&^access.AdminOption
		return
	}
	g := &connector.Grant{Holder: holder, Entitlement: entitlement, Mode: access.Standing, Flags: flags}
	k.given[key] = g
	k.grants[holder] = append(k.grants[holder], g)
}

// resource records a thing of the server once.
func (k *catalog) resource(kind, name, parent string) string {
	id := connector.CapID(kind + ":" + name)
	if !k.things[id] {
		k.things[id] = true
		k.resources = append(k.resources, &connector.Resource{ID: id, Kind: kind, Name: connector.CapID(name), Parent: parent, DataClass: k.classes[name]})
	}
	return id
}

// warnings are what an administrator should know of the server.
func (k *catalog) warnings() (list []string) {
	if k.blind {
		list = append(list, fmt.Sprintf("account %q may not see every database: run `grant show databases on *.* to` it", clean(k.line.config.User)))
	}
	var by []string
	for _, a := range k.accounts {
		if k.host == "" && !a.Locked && slices.ContainsFunc(a.ways(), func(w way) bool { return hostWays[w.plugin] }) {
			by = append(by, a.id())
		}
	}
	if len(by) > 0 {
		list = append(list, clean(fmt.Sprintf("%d accounts let in accounts of the host (unix_socket, pam); option host, with the host's name in Writ, shows whose they are: %s", len(by), strings.Join(by[:min(len(by), maxNamed)], ", "))))
	}
	if k.line.inClear() {
		list = append(list, "the connection is in the clear (option tls=off): whoever listens on the way reads all that Writ reads, and whoever answers can ask for the password")
	}
	return list
}
