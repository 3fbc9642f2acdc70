package inventory_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/store"
)

const sshKeys = `attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
`

func sshKey(n byte) string {
	public, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(slices.Repeat([]byte{n}, 32)).Public())
	if err != nil {
		panic(err)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(public.Marshal())
}

// openLDAP makes random changes to a directory: its sync looks below ou=people and
// ou=groups, and ou=away is out of its sight.
type openLDAP struct {
	t      *testing.T
	s      *testkit.SlapdServer
	r      *rand.Rand
	n      int
	users  map[string]string // by uid: the DN
	groups map[string]*ldapGroup
	rooms  []string // entries that users lie in
}

type ldapGroup struct {
	dn      string
	posix   bool
	members []string // as they were written
}

func newOpenLDAP(t *testing.T, seed uint64) *openLDAP {
	log := "" // with a log of deletions the server answers otherwise
	if seed%2 == 1 {
		log = "syncprov-sessionlog 100\n"
	}
	s := testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true, Lines: sshKeys + log})
	d := &openLDAP{t: t, s: s, r: rand.New(rand.NewPCG(seed, 7)), users: map[string]string{}, groups: map[string]*ldapGroup{}}
	for _, ou := range []string{"ou=people", "ou=groups", "ou=away", "ou=a,ou=people", "ou=b,ou=people"} {
		name, _, _ := strings.Cut(strings.TrimPrefix(ou, "ou="), ",")
		s.Add(t, "dn: "+ou+","+s.BaseDN()+"\nobjectClass: organizationalUnit\nou: "+name+"\n")
	}
	d.rooms = []string{"ou=people," + s.BaseDN(), "ou=a,ou=people," + s.BaseDN(), "ou=b,ou=people," + s.BaseDN(), "ou=away," + s.BaseDN()}
	for range 12 {
		d.addUser()
	}
	for range 6 {
		d.addGroup()
	}
	for range 20 {
		d.addMember()
	}
	return d
}

func (d *openLDAP) change() string {
	ops := []func() string{
		d.addUser, d.addUser, d.deleteUser, d.renameUser, d.moveUser, d.moveUser, d.touchUser, d.touchUser, d.primary,
		d.addGroup, d.deleteGroup, d.renameGroup, d.moveGroup, d.addMember, d.addMember, d.addMember, d.removeMember, d.removeMember, d.renameRoom, d.number,
	}
	var did []string
	for range 1 + d.r.IntN(4) {
		did = append(did, ops[d.r.IntN(len(ops))]())
	}
	return strings.Join(did, "; ")
}

func pick[V any](r *rand.Rand, m map[string]V) (string, bool) {
	if len(m) == 0 {
		return "", false
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys[r.IntN(len(keys))], true
}

func (d *openLDAP) addUser() string {
	d.n++
	uid := fmt.Sprintf("u%03d", d.n)
	dn := "uid=" + uid + "," + d.rooms[d.r.IntN(3)]
	d.s.Add(d.t, fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: shadowAccount\nobjectClass: ldapPublicKey\nuid: %s\ncn: %s\nsn: x\nuidNumber: %d\ngidNumber: %d\nhomeDirectory: /h\nsshPublicKey: %s\n",
		dn, uid, uid, d.n, 100+d.r.IntN(3), sshKey(byte(d.r.IntN(4)))))
	d.users[uid] = dn
	return "add " + dn
}

func (d *openLDAP) deleteUser() string {
	uid, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	dn := d.users[uid]
	d.s.Delete(d.t, dn)
	delete(d.users, uid)
	return "delete " + dn
}

func (d *openLDAP) modrdn(dn, rdn, parent string) {
	text := "dn: " + dn + "\nchangetype: modrdn\nnewrdn: " + rdn + "\ndeleteoldrdn: 1\n"
	if parent != "" {
		text += "newsuperior: " + parent + "\n"
	}
	d.s.Modify(d.t, text)
}

func (d *openLDAP) renameUser() string {
	uid, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	d.n++
	dn, to := d.users[uid], fmt.Sprintf("u%03d", d.n)
	_, parent, _ := strings.Cut(dn, ",")
	d.modrdn(dn, "uid="+to, "")
	delete(d.users, uid)
	d.users[to] = "uid=" + to + "," + parent
	return "rename " + dn + " to " + to
}

func (d *openLDAP) moveUser() string {
	uid, ok := pick(d.r, d.users)
	room := d.rooms[d.r.IntN(len(d.rooms))]
	if !ok || d.users[uid] == "uid="+uid+","+room {
		return ""
	}
	dn := d.users[uid]
	d.modrdn(dn, "uid="+uid, room)
	d.users[uid] = "uid=" + uid + "," + room
	return "move " + dn + " to " + room
}

func (d *openLDAP) touchUser() string {
	uid, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	what := []string{
		fmt.Sprintf("mail\nmail: m%d@example.test", d.r.IntN(100)), "shadowExpire\nshadowExpire: 1", "shadowExpire", "employeeType\nemployeeType: away", "employeeType",
		"sshPublicKey\nsshPublicKey: " + sshKey(byte(d.r.IntN(4))), "sshPublicKey",
	}[d.r.IntN(7)]
	d.s.Modify(d.t, "dn: "+d.users[uid]+"\nchangetype: modify\nreplace: "+what+"\n")
	return "touch " + d.users[uid] + " " + what
}

func (d *openLDAP) primary() string {
	uid, ok := pick(d.r, d.users)
	if !ok {
		return ""
	}
	gid := 100 + d.r.IntN(3)
	d.s.Modify(d.t, fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: gidNumber\ngidNumber: %d\n", d.users[uid], gid))
	return fmt.Sprintf("primary group of %s is %d", d.users[uid], gid)
}

func (d *openLDAP) addGroup() string {
	d.n++
	cn := fmt.Sprintf("g%03d", d.n)
	g := &ldapGroup{dn: "cn=" + cn + ",ou=groups," + d.s.BaseDN(), posix: d.r.IntN(3) == 0}
	text := "dn: " + g.dn + "\nobjectClass: groupOfNames\nobjectClass: simpleSecurityObject\nuserPassword: x\ncn: " + cn + "\nmember: cn=nobody," + d.s.BaseDN() + "\n"
	if g.posix {
		text = fmt.Sprintf("dn: %s\nobjectClass: posixGroup\ncn: %s\ngidNumber: %d\n", g.dn, cn, 100+d.r.IntN(3))
	}
	d.s.Add(d.t, text)
	d.groups[cn] = g
	return "add " + g.dn
}

func (d *openLDAP) deleteGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	dn := d.groups[cn].dn
	d.s.Delete(d.t, dn)
	delete(d.groups, cn)
	return "delete " + dn
}

func (d *openLDAP) renameGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	d.n++
	g, to := d.groups[cn], fmt.Sprintf("g%03d", d.n)
	_, parent, _ := strings.Cut(g.dn, ",")
	was := g.dn
	d.modrdn(g.dn, "cn="+to, "")
	delete(d.groups, cn)
	g.dn = "cn=" + to + "," + parent
	d.groups[to] = g
	return "rename " + was + " to " + to
}

func (d *openLDAP) moveGroup() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	g, to := d.groups[cn], "ou=away,"+d.s.BaseDN()
	if strings.HasSuffix(g.dn, to) {
		to = "ou=groups," + d.s.BaseDN()
	}
	was := g.dn
	d.modrdn(g.dn, "cn="+cn, to)
	g.dn = "cn=" + cn + "," + to
	return "move " + was + " to " + to
}

func (d *openLDAP) addMember() string {
	cn, ok := pick(d.r, d.groups)
	if !ok {
		return ""
	}
	g, attribute, value := d.groups[cn], "member", ""
	if uid, ok := pick(d.r, d.users); ok {
		value = d.users[uid]
		if g.posix {
			attribute, value = "memberUid", uid
		}
	}
	if other, ok := pick(d.r, d.groups); ok && !g.posix && d.r.IntN(4) == 0 {
		value = d.groups[other].dn
	}
	if value == "" || slices.Contains(g.members, value) {
		return ""
	}
	d.s.Modify(d.t, "dn: "+g.dn+"\nchangetype: modify\nadd: "+attribute+"\n"+attribute+": "+value+"\n")
	g.members = append(g.members, value)
	return g.dn + " takes in " + value
}

func (d *openLDAP) removeMember() string {
	cn, ok := pick(d.r, d.groups)
	if !ok || len(d.groups[cn].members) == 0 {
		return ""
	}
	g, attribute := d.groups[cn], "member"
	if g.posix {
		attribute = "memberUid"
	}
	i := d.r.IntN(len(g.members))
	value := g.members[i]
	d.s.Modify(d.t, "dn: "+g.dn+"\nchangetype: modify\ndelete: "+attribute+"\n"+attribute+": "+value+"\n")
	g.members = slices.Delete(g.members, i, i+1)
	return g.dn + " lets go of " + value
}

// renameRoom takes all who are in it along, into sight, out of it, or elsewhere.
func (d *openLDAP) renameRoom() string {
	i := 1 + d.r.IntN(2)
	d.n++
	was, parent := d.rooms[i], []string{"ou=people,", "ou=people,", "ou=away,"}[d.r.IntN(3)]+d.s.BaseDN()
	d.modrdn(was, fmt.Sprintf("ou=r%03d", d.n), parent)
	d.rooms[i] = fmt.Sprintf("ou=r%03d,%s", d.n, parent)
	for uid, dn := range d.users {
		if strings.HasSuffix(dn, ","+was) {
			d.users[uid] = "uid=" + uid + "," + d.rooms[i]
		}
	}
	return "rename " + was + " to " + d.rooms[i]
}

// number gives a group of accounts another number.
func (d *openLDAP) number() string {
	for _, g := range d.groups {
		if g.posix {
			d.s.Modify(d.t, fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: gidNumber\ngidNumber: %d\n", g.dn, 100+d.r.IntN(3)))
			return "another number for " + g.dn
		}
	}
	return ""
}

// Invariant 7: whatever happens in a directory, following it ends in the state of
// reading it.
func TestFollowingOpenLDAPIsReadingIt(t *testing.T) {
	databases(t, func(t *testing.T, cfg func() store.Config) {
		for seed := range uint64(testkit.Rounds(1, 1, 6)) {
			d := newOpenLDAP(t, seed)
			system := slapdConfig(d.s, "users", "ou=people,"+d.s.BaseDN(), "groups", "ou=groups,"+d.s.BaseDN())
			if seed == 2 { // its groups are accounts, too, and all but other classes is in sight
				system = slapdConfig(d.s, "user_filter", "(!(employeeType=away))")
			}
			followed(t, track(t, cfg(), system, d.s.Password()), track(t, cfg(), system, d.s.Password()), d, 40)
		}
	})
}
