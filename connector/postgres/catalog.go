package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

const (
	publicID     = "role:" + publicRole
	bootstrapOID = 10
	ownerRole    = "pg_database_owner" // its only member is the owner of the database that one is in
)

// role is a row of pg_roles and whether anybody is in it.
type role struct {
	roleRow
	members bool
}

// entitlementID says whether, and as what, the role is an entitlement.
func (r *role) entitlementID() string {
	if r.isAccount() && !r.members {
		return ""
	}
	return "role:" + roleName(r.Name)
}

// holding names one grant: who has what.
type holding struct {
	holder      connector.Target
	entitlement string
}

// catalog is what one cluster says, as records.
type catalog struct {
	*Cluster
	roles        map[uint32]*role
	order        []*role
	resources    []*connector.Resource
	entitlements []*connector.Entitlement
	seen         map[string]bool
	grants       map[connector.Target][]*connector.Grant
	given        map[holding]*connector.Grant
	unnamed      map[string]bool     // data classes of what has not been met
	in           map[uint32][]uint32 // roles that a role is in
	openings     *openings
	misses       []*connector.Reject

	// Of the database that is being read.
	database databaseRow
	all      map[string][]string // privileges that owners begin with, by kind of object
}

// read reads the whole cluster. Catalogs are small beside data: it is all in
// memory before the first record goes out, so half a cluster is never seen.
func (c *Cluster) read(ctx context.Context) (*catalog, error) {
	k := newCatalog(c)
	databases, err := k.readCluster(ctx)
	if err != nil {
		return nil, err
	}
	for _, db := range databases {
		if c.exclude[db.Name] || !db.Connectable {
			continue
		}
		k.database = db
		if err := k.readDatabase(ctx); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func newCatalog(c *Cluster) *catalog {
	k := &catalog{
		Cluster: c, in: map[uint32][]uint32{}, roles: map[uint32]*role{}, seen: map[string]bool{}, grants: map[connector.Target][]*connector.Grant{},
		given: map[holding]*connector.Grant{}, unnamed: map[string]bool{}, all: map[string][]string{},
	}
	for name := range c.classes {
		k.unnamed[name] = true
	}
	return k
}

func (k *catalog) readCluster(ctx context.Context) (databases []databaseRow, err error) {
	s, err := k.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer s.end()
	v, err := s.version(ctx)
	if err != nil {
		return nil, err
	}
	err = s.readOnly(ctx, func() error {
		if err := k.readRoles(ctx, s, v.Number); err != nil {
			return err
		}
		if databases, err = k.readDatabases(ctx, s); err != nil {
			return err
		}
		return k.readSubscriptions(ctx, s)
	})
	return databases, err
}

// readRoles reads roles, who is in them, and who signs in as them.
func (k *catalog) readRoles(ctx context.Context, s *session, version int) error {
	roles, err := list[roleRow](ctx, s, "reading roles", queryRoles)
	if err != nil {
		return err
	}
	for _, row := range roles {
		r := &role{roleRow: row}
		k.roles[r.OID] = r
		k.order = append(k.order, r)
	}
	query := queryMembers15
	if version >= 160000 { // since then each membership says for itself
		query = queryMembers
	}
	members, err := list[memberRow](ctx, s, "reading memberships", query)
	if err != nil {
		return err
	}
	for _, m := range members {
		if r := k.roles[m.Role]; r != nil {
			r.members = true
			k.in[m.Member] = append(k.in[m.Member], m.Role)
		}
	}
	for _, m := range members {
		if r := k.roles[m.Role]; r != nil {
			k.grant(m.Member, r.entitlementID(), flag(m.Admin, access.AdminOption)|flag(!m.Inherit, access.NoInherit))
		}
	}
	k.describeRoles()
	k.groupGrants()
	return k.readOpenings(ctx, s, version)
}

func flag(is bool, f access.GrantFlags) access.GrantFlags {
	if is {
		return f
	}
	return 0
}

// describeRoles makes entitlements of roles and of what they can do by themselves.
func (k *catalog) describeRoles() {
	k.entitlement(publicID, "public", "")
	for _, r := range k.order {
		if id := r.entitlementID(); id != "" {
			can := onSystem(predefined[r.Name]...)
			if r.Login {
				can = append(can, on(account(r.Name), access.Impersonate)...)
			}
			k.entitlement(id, "role", "", can...)
		}
		if r.isAccount() {
			k.give(account(r.Name), publicID, access.Implicit)
		}
	}
	for _, a := range attributes {
		for _, r := range k.order {
			if a.has(r) {
				k.grant(r.OID, k.entitlement(a.id, "attribute", "", onSystem(a.can...)...), 0)
			}
		}
	}
}

func account(name string) connector.Target {
	return connector.Target{Kind: connector.OnAccount, ID: roleName(name)}
}

// entitlement records an entitlement once and returns its id.
func (k *catalog) entitlement(id, kind, resource string, can ...connector.Capability) string {
	if !k.seen[id] {
		k.seen[id] = true
		_, name, _ := strings.Cut(id, ":")
		k.entitlements = append(k.entitlements, &connector.Entitlement{ID: id, Kind: kind, Name: name, Resource: resource, Capabilities: can})
	}
	return id
}

// grant records that a role has an entitlement: its account, its entitlement, or
// both. Role 0 is PUBLIC.
func (k *catalog) grant(holder uint32, entitlement string, flags access.GrantFlags) {
	if holder == 0 {
		k.give(connector.Target{Kind: connector.OnEntitlement, ID: publicID}, entitlement, flags)
		return
	}
	r := k.roles[holder]
	if r == nil {
		return // dropped between two reads, or made since: the next sync has it
	}
	if r.Name == ownerRole && k.database.Owner != 0 {
		k.grant(k.database.Owner, entitlement, flags)
		return
	}
	if r.isAccount() {
		k.give(account(r.Name), entitlement, flags)
	}
	if id := r.entitlementID(); id != "" {
		if strings.HasPrefix(entitlement, "attr:") {
			flags |= access.NoInherit
		}
		k.give(connector.Target{Kind: connector.OnEntitlement, ID: id}, entitlement, flags)
	}
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

// record is a role that logs in, or did before it was disabled.
func (k *catalog) record(r *role) *connector.Account {
	a := &connector.Account{ID: roleName(r.Name), Login: clean(r.Name), Status: access.Enabled, Interactive: true}
	if r.OID == bootstrapOID {
		a.Kind, a.KindReason = access.BuiltInAccount, "it is the bootstrap superuser"
	}
	a.Expires = access.Time(r.ValidUntil)
	if k.openings.keyless[r] {
		a.Expires = 0 // only its password ends then
	}
	switch {
	case a.Expires != 0 && a.Expires <= access.TimeOf(k.now()):
		a.Status = access.Expired
	case r.barred():
		a.Status = access.Disabled
	}
	a.OpenedBy = k.openings.byRole[r]
	if r.Comment != "" {
		a.Attributes = map[string]string{"comment": clean(r.Comment)}
	}
	return a
}

func (k *catalog) readDatabases(ctx context.Context, s *session) ([]databaseRow, error) {
	databases, err := list[databaseRow](ctx, s, "listing databases", queryDatabases)
	if err != nil {
		return nil, err
	}
	starts, err := list[allPrivilegesRow](ctx, s, "reading what owners begin with", queryAllPrivileges)
	if err != nil {
		return nil, err
	}
	for _, p := range starts {
		k.all[p.Kind] = append(k.all[p.Kind], p.Privilege)
	}
	objects := map[uint32]*object{}
	for _, db := range databases {
		id := k.resource("database", part(db.Name), "")
		objects[db.OID] = &object{kind: "database", name: part(db.Name), resource: id, owner: db.Owner, custom: true}
		k.owns(objects[db.OID])
	}
	privileges, err := list[privilegeRow](ctx, s, "reading privileges on databases", queryDatabasePrivileges)
	if err != nil {
		return nil, err
	}
	k.privileges(objects, privileges, "d")
	return databases, nil
}

// resource records a resource by its kind and its name, which is that of an id.
func (k *catalog) resource(kind, name, parent string) string {
	return k.resourceAs(kind, kind, name, parent)
}

func (k *catalog) resourceAs(prefix, kind, name, parent string) string {
	id := connector.CapID(prefix + ":" + name)
	delete(k.unnamed, name)
	k.resources = append(k.resources, &connector.Resource{ID: id, Kind: kind, Name: connector.CapID(name), Parent: parent, DataClass: k.classes[name]})
	return id
}

// rejects are settings about what the cluster does not have: a typing error must
// not leave data without its class in silence.
func (k *catalog) rejects() (list []*connector.Reject) {
	for name := range k.unnamed {
		list = append(list, &connector.Reject{Where: "option " + optDataClass + clean(name), Reason: "the cluster has no such database, schema or table", Raw: string(k.classes[name])})
	}
	slices.SortFunc(list, func(a, b *connector.Reject) int { return strings.Compare(a.Where, b.Where) })
	return append(list, k.misses...)
}
