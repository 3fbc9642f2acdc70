package inventory_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// domain makes random changes to Active Directory: its sync looks below OU=people and
// OU=groups, and OU=away is out of its sight.
type domain struct {
	t      *testing.T
	s      *testkit.SambaServer
	r      *rand.Rand
	n      int
	users  map[string]*adUser // by common name
	groups map[string]*adGroup
	rooms  []string // OUs that users lie in
}

type adUser struct{ room, primary string }

type adGroup struct {
	parent  string
	members []string // common names
}

func newDomain(t *testing.T, s *testkit.SambaServer, seed uint64) *domain {
	d := &domain{t: t, s: s, r: rand.New(rand.NewPCG(seed, 9)), users: map[string]*adUser{}, groups: map[string]*adGroup{}}
	for _, ou := range []string{"OU=people", "OU=groups", "OU=away", "OU=a,OU=people", "OU=b,OU=people"} {
		s.Add(t, "dn: "+ou+","+s.BaseDN()+"\nobjectClass: organizationalUnit\n")
	}
	d.rooms = []string{"OU=people," + s.BaseDN(), "OU=a,OU=people," + s.BaseDN(), "OU=b,OU=people," + s.BaseDN(), "OU=away," + s.BaseDN()}
	for range 10 {
		d.addUser()
	}
	for range 5 {
		d.addGroup()
	}
	for range 15 {
		d.addMember()
	}
	return d
}

func (d *domain) change() string {
	ops := []func() string{
		d.addUser, d.addUser, d.deleteUser, d.renameUser, d.moveUser, d.moveUser, d.touchUser, d.touchUser, d.primary, d.primary,
		d.addGroup, d.deleteGroup, d.renameGroup, d.moveGroup, d.addMember, d.addMember, d.addMember, d.removeMember, d.removeMember, d.renameRoom,
	}
	var did []string
	for range 1 + d.r.IntN(4) {
		did = append(did, ops[d.r.IntN(len(ops))]())
	}
	return strings.Join(did, "; ")
}

func (d *domain) dn(cn string) string {
	if u := d.users[cn]; u != nil {
		return "CN=" + cn + "," + u.room
	}
	if g := d.groups[cn]; g != nil {
		return "CN=" + cn + "," + g.parent
	}
	return ""
}

func (d *domain) next(kind string) string {
	d.n++
	return fmt.Sprintf("%s%03d", kind, d.n)
}

func (d *domain) addUser() string {
	cn := d.next("u")
	d.users[cn] = &adUser{room: d.rooms[d.r.IntN(3)]}
	d.s.Add(d.t, "dn: "+d.dn(cn)+"\nobjectClass: user\nsAMAccountName: "+cn+"\nuserAccountControl: 544\n")
	return "add " + d.dn(cn)
}

func (d *domain) deleteUser() string {
	cn, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	dn := d.dn(cn)
	d.s.Modify(d.t, "dn: "+dn+"\nchangetype: delete\n")
	delete(d.users, cn)
	d.forget(cn)
	return "delete " + dn
}

func (d *domain) forget(cn string) {
	for _, g := range d.groups {
		g.members = slices.DeleteFunc(g.members, func(m string) bool { return m == cn })
	}
}

func (d *domain) modrdn(dn, cn, parent string) {
	d.s.Modify(d.t, "dn: "+dn+"\nchangetype: modrdn\nnewrdn: "+cn+"\ndeleteoldrdn: 1\nnewsuperior: "+parent+"\n")
}

func (d *domain) renameUser() string {
	cn, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	was, to := d.dn(cn), d.next("u")
	d.modrdn(was, "CN="+to, d.users[cn].room)
	d.users[to] = d.users[cn]
	delete(d.users, cn)
	d.renamed(cn, to)
	return "rename " + was + " to " + to
}

func (d *domain) renamed(cn, to string) {
	for _, g := range d.groups {
		for i := range g.members {
			if g.members[i] == cn {
				g.members[i] = to
			}
		}
	}
	for _, u := range d.users {
		if u.primary == cn {
			u.primary = to
		}
	}
}

func (d *domain) moveUser() string {
	cn, ok := pick(d.r, d.users)
	room := d.rooms[d.r.IntN(len(d.rooms))]
	if !ok || d.users[cn].room == room {
		return ""
	}
	was := d.dn(cn)
	d.modrdn(was, "CN="+cn, room)
	d.users[cn].room = room
	return "move " + was + " to " + room
}

func (d *domain) modify(dn, what string) {
	d.s.Modify(d.t, "dn: "+dn+"\nchangetype: modify\n"+what+"\n")
}

func (d *domain) touchUser() string {
	cn, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	what := []string{
		fmt.Sprintf("replace: mail\nmail: m%d@example.test", d.r.IntN(100)), "replace: userAccountControl\nuserAccountControl: 546",
		"replace: userAccountControl\nuserAccountControl: 544", "replace: servicePrincipalName\nservicePrincipalName: HTTP/" + cn + ".example.test", "replace: servicePrincipalName",
		"replace: adminCount\nadminCount: 1",
	}[d.r.IntN(6)]
	d.modify(d.dn(cn), what)
	return "touch " + d.dn(cn) + " " + what
}

// rid is the number by which accounts name a primary group.
func (d *domain) rid(dn string) uint32 {
	for line := range strings.Lines(d.s.Search(d.t, "-b", dn, "-s", "base", "objectSid")) {
		if text, ok := strings.CutPrefix(line, "objectSid:: "); ok {
			b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			if err != nil || len(b) < 4 {
				d.t.Fatal(line, err)
			}
			return binary.LittleEndian.Uint32(b[len(b)-4:])
		}
	}
	d.t.Fatal("no SID of " + dn)
	return 0
}

// primary makes a group that a user is in the primary one; the server takes the user
// out of it, and into the one that was.
func (d *domain) primary() string {
	cn, ok := pick(d.r, d.groups)
	if !ok || len(d.groups[cn].members) == 0 {
		return ""
	}
	g := d.groups[cn]
	i := d.r.IntN(len(g.members))
	u := d.users[g.members[i]]
	if u == nil || u.primary == cn {
		return ""
	}
	name := g.members[i]
	d.modify(d.dn(name), fmt.Sprintf("replace: primaryGroupID\nprimaryGroupID: %d", d.rid(d.dn(cn))))
	g.members = slices.Delete(g.members, i, i+1)
	if was := d.groups[u.primary]; was != nil {
		was.members = append(was.members, name)
	}
	u.primary = cn
	return "primary group of " + d.dn(name) + " is " + cn
}

func (d *domain) addGroup() string {
	cn := d.next("g")
	d.groups[cn] = &adGroup{parent: "OU=groups," + d.s.BaseDN()}
	// Universal, so that any of them can be in any other.
	d.s.Add(d.t, "dn: "+d.dn(cn)+"\nobjectClass: group\nsAMAccountName: "+cn+"\ngroupType: -2147483640\n")
	return "add " + d.dn(cn)
}

func (d *domain) deleteGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	for _, u := range d.users {
		if u.primary == cn {
			return "" // the server refuses
		}
	}
	dn := d.dn(cn)
	d.s.Modify(d.t, "dn: "+dn+"\nchangetype: delete\n")
	delete(d.groups, cn)
	d.forget(cn)
	return "delete " + dn
}

func (d *domain) renameGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	was, to := d.dn(cn), d.next("g")
	d.modrdn(was, "CN="+to, d.groups[cn].parent)
	d.groups[to] = d.groups[cn]
	delete(d.groups, cn)
	d.renamed(cn, to)
	return "rename " + was + " to " + to
}

func (d *domain) moveGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	was, to := d.dn(cn), "OU=away,"+d.s.BaseDN()
	if d.groups[cn].parent == to {
		to = "OU=groups," + d.s.BaseDN()
	}
	d.modrdn(was, "CN="+cn, to)
	d.groups[cn].parent = to
	return "move " + was + " to " + to
}

func (d *domain) addMember() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	g := d.groups[cn]
	member, ok := pick(d.r, d.users)
	if d.r.IntN(4) == 0 {
		member, ok = pick(d.r, d.groups)
	}
	if !ok || member == cn || slices.Contains(g.members, member) || d.users[member] != nil && d.users[member].primary == cn {
		return ""
	}
	d.modify(d.dn(cn), "add: member\nmember: "+d.dn(member))
	g.members = append(g.members, member)
	return d.dn(cn) + " takes in " + d.dn(member)
}

func (d *domain) removeMember() string {
	cn, ok := pick(d.r, d.groups)
	if !ok || len(d.groups[cn].members) == 0 {
		return ""
	}
	g := d.groups[cn]
	i := d.r.IntN(len(g.members))
	member := g.members[i]
	d.modify(d.dn(cn), "delete: member\nmember: "+d.dn(member))
	g.members = slices.Delete(g.members, i, i+1)
	return d.dn(cn) + " lets go of " + d.dn(member)
}

func (d *domain) renameRoom() string {
	i := 1 + d.r.IntN(2)
	was, parent := d.rooms[i], []string{"OU=people,", "OU=people,", "OU=away,"}[d.r.IntN(3)]+d.s.BaseDN()
	to := d.next("r")
	d.modrdn(was, "OU="+to, parent)
	d.rooms[i] = "OU=" + to + "," + parent
	for _, u := range d.users {
		if u.room == was {
			u.room = d.rooms[i]
		}
	}
	return "rename " + was + " to " + d.rooms[i]
}

func sambaConfig(s *testkit.SambaServer, options ...string) inventory.Config {
	c := inventory.Config{Address: s.URL() + "/" + s.BaseDN(), Options: map[string]string{"bind_dn": s.BindDN(), "ca": s.CA(), "page": "50", "server_name": "dc1.example.test"}}
	return withOptions(c, options...)
}

// Invariant 7, on Active Directory.
func TestFollowingADIsReadingIt(t *testing.T) {
	databases(t, func(t *testing.T, cfg func() store.Config) {
		s := testkit.NewSamba(t)
		d := newDomain(t, s, 1)
		system := sambaConfig(s, "users", "OU=people,"+s.BaseDN(), "groups", "OU=groups,"+s.BaseDN())
		followed(t, track(t, cfg(), system, s.Password()), track(t, cfg(), system, s.Password()), d, 40)
	})
}
