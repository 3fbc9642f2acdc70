package ldap

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// names are the ids of all that is there, by what groups name their members by.
// There may be millions, so each is a few bytes in one slice. AD needs no names: it
// tells a member's id itself.
type names struct {
	ad     bool
	all    bool // they are known
	asked  int  // how many were looked up one by one
	groups map[[16]byte]bool
	list   []named
}

type named struct {
	name  key
	id    [16]byte
	group bool
}

func newNames(ad bool) *names { return &names{ad: ad, groups: map[[16]byte]bool{}} }

func (n *names) add(kind connector.TargetKind, id string, e *goldap.Entry) {
	x := named{id: uuidBytes(id), group: kind == connector.OnEntitlement}
	if n.ad {
		if x.group {
			n.groups[x.id] = true
		}
		return
	}
	put := func(k key) { x.name = k; n.list = append(n.list, x) }
	put(dnKey(e.DN))
	if x.group {
		return
	}
	for _, uid := range e.GetEqualFoldAttributeValues("uid") {
		put(uidKey(uid))
	}
	if gid := first(e, "gidNumber"); gid != "" {
		put(gidKey(gid))
	}
}

// gidKey stands for all accounts of one primary group.
func gidKey(gid string) key { return keyOf("gid", gid) }

func (n *names) sort() {
	slices.SortFunc(n.list, func(a, b named) int { return bytes.Compare(a.name[:], b.name[:]) })
}

// of calls f with everything that goes by a name.
func (n *names) of(k key, f func(connector.Target) error) error {
	i, _ := slices.BinarySearchFunc(n.list, k, func(x named, k key) int { return bytes.Compare(x.name[:], k[:]) })
	for ; i < len(n.list) && n.list[i].name == k; i++ {
		if err := f(n.target(n.list[i].id, n.list[i].group)); err != nil {
			return err
		}
	}
	return nil
}

func (n *names) target(id [16]byte, group bool) connector.Target {
	t := connector.Target{Kind: connector.OnAccount, ID: uuidText(id)}
	if group {
		t.Kind = connector.OnEntitlement
	}
	return t
}

func uuidBytes(text string) (id [16]byte) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err == nil {
		copy(id[:], b)
	}
	return id
}

func uuidText(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// controlExtendedDN has AD put <GUID=…>;<SID=…>; before a distinguished name; its
// value is a sequence of the number 1, which asks for the id as text ([MS-ADTS]
// 3.1.1.3.4.1.5).
const (
	controlExtendedDN = goldap.ControlTypeMicrosoftExtendedDN
	extendedAsText    = "\x30\x03\x02\x01\x01"
)

// members yields all who hold a group: whom it names, and whose primary group it is.
func (f *following) members(id string, e *goldap.Entry) error {
	if err := f.give(connector.Record{All: &connector.All{Entitlement: id}}); err != nil {
		return err
	}
	give := func(t connector.Target) error {
		return f.give(connector.Record{Grant: &connector.Grant{Holder: t, Entitlement: id}})
	}
	var controls []goldap.Control
	if f.root.ad {
		controls = []goldap.Control{goldap.NewControlString(controlExtendedDN, true, extendedAsText)}
	}
	const doing = "reading the members of a group that changed"
	part, err := f.entryWith(controls, doing, e.DN, append(f.memberAttributes(), "objectClass")...)
	if err != nil {
		return err
	}
	if part == nil {
		return f.cannot("a group went, or was renamed, while its members were read")
	}
	part.DN = e.DN // which the control writes otherwise
	if f.root.ad {
		err = f.membersByID(part, controls, give)
	} else {
		err = f.membersByName(part, give)
	}
	if err != nil {
		return err
	}
	for _, number := range f.k.primary(e) {
		if err := f.primaryMembers(number, give); err != nil {
			return err
		}
	}
	return nil
}

func (f *following) membersByID(part *goldap.Entry, controls []goldap.Control, give func(connector.Target) error) error {
	var failed error
	err := f.readMembers(part, controls, func(_ key, name string) {
		if failed == nil {
			failed = f.memberByID(name, give)
		}
	})
	return cmp.Or(err, failed)
}

// lookupLimit is how many members are looked up one by one: more than so many are
// found in a list of all names.
const lookupLimit = 500

// membersByName finds members by the names that a group has for them.
func (f *following) membersByName(part *goldap.Entry, give func(connector.Target) error) error {
	n := 0
	for _, a := range f.memberAttributes() {
		n += len(part.GetEqualFoldAttributeValues(a))
	}
	f.names.asked += n
	if !f.names.all && f.names.asked > lookupLimit {
		if err := f.list(false); err != nil {
			return err
		}
	}
	var failed error
	err := f.readMembers(part, nil, func(member key, name string) {
		switch {
		case failed != nil:
		case f.names.all:
			failed = f.names.of(member, give)
		default:
			failed = f.lookUp(member, name, give)
		}
	})
	return cmp.Or(err, failed)
}

// lookUp asks the server who goes by a name: an account or a group by its
// distinguished name, accounts by their uid.
func (f *following) lookUp(member key, name string, give func(connector.Target) error) error {
	accounts, groups := f.accountQuery(), f.groupQuery()
	accounts.doing, groups.doing = "looking a member up", "looking a member up"
	accounts.attributes, groups.attributes = []string{f.k.idAttribute}, []string{f.k.idAttribute}
	if member == uidKey(name) {
		accounts = f.byUID(accounts, name)
		return f.eachID(accounts, func(e *goldap.Entry) bool { return hasUID(e, name) }, give)
	}
	for kind, q := range map[connector.TargetKind]query{connector.OnAccount: accounts, connector.OnEntitlement: groups} {
		if !below(name, q.base) {
			continue
		}
		q.base, q.scope = name, goldap.ScopeBaseObject
		e, err := f.one(q)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		id := f.k.id(e)
		if id == "" {
			return f.noID(e)
		}
		if err := give(connector.Target{Kind: kind, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// byUID is a query for the accounts of a uid. The server compares without case, so
// that others come too.
func (s *session) byUID(accounts query, uid string) query {
	accounts.filter = "(&" + accounts.filter + "(uid=" + goldap.EscapeFilter(uid) + "))"
	if !slices.Contains(accounts.attributes, "uid") {
		accounts.attributes = append(slices.Clone(accounts.attributes), "uid")
	}
	return accounts
}

// hasUID compares exactly, as hosts do with memberUid.
func hasUID(e *goldap.Entry, uid string) bool {
	return slices.Contains(e.GetEqualFoldAttributeValues("uid"), uid)
}

// eachID yields the accounts that a query finds, of those that are meant.
func (f *following) eachID(q query, meant func(*goldap.Entry) bool, give func(connector.Target) error) error {
	return f.pages(q, nil, func(e *goldap.Entry) error {
		if !meant(e) {
			return nil
		}
		id := f.k.id(e)
		if id == "" {
			return f.noID(e)
		}
		return give(connector.Target{Kind: connector.OnAccount, ID: id})
	})
}

// memberByID yields the member that an extended name has the id of.
func (f *following) memberByID(name string, give func(connector.Target) error) error {
	_, rest, ok := strings.Cut(name, "<GUID=")
	text, _, closed := strings.Cut(rest, ">")
	if text = strings.ToLower(text); !ok || !closed || !isUUID(text) {
		return f.cannot("the server does not tell the ids of a group's members")
	}
	id := uuidBytes(text)
	return give(f.names.target(id, f.names.groups[id]))
}

// primaryMembers are the accounts that have a group's number.
func (f *following) primaryMembers(number string, give func(connector.Target) error) error {
	if f.names.all && !f.root.ad {
		return f.names.of(gidKey(number), give)
	}
	q := f.accountQuery()
	q.doing, q.attributes = "reading whose primary group a group is", append([]string{f.k.idAttribute}, f.k.primaryAttributes...)
	q.filter = "(&" + q.filter + "(" + f.k.primaryFilter(number) + "))"
	return f.eachID(q, func(e *goldap.Entry) bool { return f.k.primaryOf(e) == number }, give)
}
