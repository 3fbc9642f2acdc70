package inventory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
	"github.com/writhq/writ/store/storetest"
)

// small is a directory of which a sync sees ou=people and ou=groups: ana and ben are
// in ops, ana is in the group of another one, too.
func small(t *testing.T, config testkit.SlapdConfig) *testkit.SlapdServer {
	t.Helper()
	b := &strings.Builder{}
	for _, ou := range []string{"people", "groups", "away"} {
		fmt.Fprintf(b, "dn: ou=%s,dc=example,dc=test\nobjectClass: organizationalUnit\nou: %s\n\n", ou, ou)
	}
	for _, uid := range []string{"ana", "ben", "cy", "dee"} {
		fmt.Fprintf(b, "dn: uid=%s,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: x\nuserPassword: secret-%s\n\n", uid, uid, uid, uid)
	}
	for _, cn := range []string{"ops", "dev"} {
		fmt.Fprintf(b, "dn: cn=%s,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: %s\nmember: uid=ana,ou=people,dc=example,dc=test\nmember: uid=ben,ou=people,dc=example,dc=test\n\n", cn, cn)
	}
	config.NoMemberOf, config.LDIF = true, strings.NewReader(b.String())
	return testkit.NewSlapd(t, config)
}

func inSight(s *testkit.SlapdServer) inventory.Config {
	return slapdConfig(s, "users", "ou=people,"+s.BaseDN(), "groups", "ou=groups,"+s.BaseDN())
}

func move(dn, rdn, to string) string {
	return "dn: " + dn + ",dc=example,dc=test\nchangetype: modrdn\nnewrdn: " + rdn + "\ndeleteoldrdn: 1\nnewsuperior: " + to + ",dc=example,dc=test\n"
}

// logins are the accounts that a store has, each with how many groups it is in.
func (k *tracked) logins(t *testing.T) (list []string) {
	t.Helper()
	for _, login := range []string{"ana", "ben", "cy", "dee"} {
		id, err := k.s.ResolveAccount(asTest(), "directory/"+login)
		if errors.Is(err, inventory.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		grants, _, err := k.db.Inventory().HolderGrants(asTest(), k.id, id.Ref())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %d", login, len(grants)))
	}
	return list
}

func (k *tracked) has(t *testing.T, what string, want ...string) {
	t.Helper()
	if got := k.logins(t); !slices.Equal(got, want) {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
}

// An account that moves to where nobody looks stays with all that it had, named at
// each sync, until it is deleted or let go of; one that is deleted ends. Following
// and reading all say the same.
func TestDeletedIsNotOutOfSight(t *testing.T) {
	databases(t, func(t *testing.T, cfg func() store.Config) {
		for _, full := range []bool{true, false} {
			s := small(t, testkit.SlapdConfig{})
			k := track(t, cfg(), inSight(s), s.Password())
			o := inventory.SyncOptions{Full: full}
			k.sync(t, o)
			s.Modify(t, move("uid=ana,ou=people", "uid=ana", "ou=away"))
			s.Delete(t, "uid=ben,ou=people,dc=example,dc=test")
			r := k.sync(t, o)
			if r.OutOfSight != 1 || r.Deleted != 1 || r.Removed != 1 || len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "uid=ana,ou=away") {
				t.Fatalf("moved: %+v", r)
			}
			k.has(t, "moved", "ana 2", "cy 0", "dee 0")
			if r = k.sync(t, o); r.OutOfSight != 1 || r.Changed+r.Removed != 0 || !strings.Contains(r.Warnings[0], "uid=ana,ou=away") {
				t.Fatalf("again: %+v", r)
			}
			s.Modify(t, move("cn=dev,ou=groups", "cn=dev", "ou=away"))
			if r = k.sync(t, o); r.OutOfSight != 2 || r.Removed != 0 {
				t.Fatalf("a group moved: %+v", r)
			}
			k.has(t, "a group moved", "ana 2", "cy 0", "dee 0")
			s.Delete(t, "cn=ops,ou=groups,dc=example,dc=test")
			if r = k.sync(t, o); r.OutOfSight != 2 || r.Deleted != 1 {
				t.Fatalf("a group was deleted: %+v", r)
			}
			k.has(t, "a group was deleted", "ana 1", "cy 0", "dee 0")
			s.Delete(t, "uid=ana,ou=away,dc=example,dc=test")
			if r = k.sync(t, o); r.OutOfSight != 1 || r.Deleted != 1 {
				t.Fatalf("deleted out of sight: %+v", r)
			}
			k.has(t, "deleted out of sight", "cy 0", "dee 0")
			s.Modify(t, move("uid=cy,ou=people", "uid=cy", "ou=away"))
			if r = k.sync(t, inventory.SyncOptions{AcceptRemovals: true}); r.OutOfSight != 0 || r.Deleted != 0 || r.Removed != 2 {
				t.Fatalf("let go of: %+v", r)
			}
			k.has(t, "let go of", "dee 0")
			s.Modify(t, move("uid=cy,ou=away", "uid=cy", "ou=people"))
			k.sync(t, o)
			k.has(t, "back", "cy 0", "dee 0")
		}
	})
}

// Active Directory tells by its tombstones; who may not see them goes by what is
// found nowhere.
func TestDeletedIsNotOutOfSightInAD(t *testing.T) {
	s := testkit.NewSamba(t)
	for _, ou := range []string{"people", "away"} {
		s.Add(t, "dn: OU="+ou+","+s.BaseDN()+"\nobjectClass: organizationalUnit\n")
	}
	for _, cn := range []string{"ana", "ben", "cy", "dee", "eve"} {
		s.Add(t, "dn: CN="+cn+",OU=people,"+s.BaseDN()+"\nobjectClass: user\nsAMAccountName: "+cn+"\nuserAccountControl: 544\n")
	}
	// Not the administrator's: Samba chose that, and it may begin with a dash.
	const password = "Of-the-reader-1"
	s.Tool(t, "user", "create", "reader", password)
	for as, with := range map[string]secret.Secret{s.BindDN(): s.Password(), "reader@example.test": secret.New([]byte(password))} {
		k := track(t, storetest.SQLite(t), sambaConfig(s, "users", "OU=people,"+s.BaseDN(), "groups", "OU=people,"+s.BaseDN(), "bind_dn", as), with)
		k.sync(t, inventory.SyncOptions{})
		gone, moved := "ben", "cy"
		if as != s.BindDN() {
			gone, moved = "dee", "eve"
		}
		s.Modify(t, "dn: CN="+gone+",OU=people,"+s.BaseDN()+"\nchangetype: delete\n\ndn: CN="+moved+",OU=people,"+s.BaseDN()+"\nchangetype: modrdn\nnewrdn: CN="+moved+"\ndeleteoldrdn: 1\nnewsuperior: OU=away,"+s.BaseDN()+"\n")
		r := k.sync(t, inventory.SyncOptions{})
		if r.Reading != inventory.Changes || r.Deleted != 1 || r.OutOfSight != 1 || r.Removed != 1 || !strings.Contains(r.Warnings[0], "OU=away") {
			t.Errorf("%s: %+v", as, r)
		}
	}
}

// What cannot be followed is read completely, and it is said why.
func TestWhatCannotBeFollowedIsRead(t *testing.T) {
	s := small(t, testkit.SlapdConfig{})
	k := track(t, storetest.SQLite(t), inSight(s), s.Password())
	read := func(what, because string, o inventory.SyncOptions) {
		t.Helper()
		if r := k.sync(t, o); r.Reading != inventory.Complete || !strings.Contains(r.Because, because) {
			t.Errorf("%s: %s because %q", what, r.Reading, r.Because)
		}
	}
	follows := func(what string) {
		t.Helper()
		if r := k.sync(t, inventory.SyncOptions{}); r.Reading != inventory.Changes {
			t.Errorf("%s: %s because %q", what, r.Reading, r.Because)
		}
	}
	read("the first", "first time", inventory.SyncOptions{})
	follows("the second")
	read("asked for", "asked for", inventory.SyncOptions{Full: true})
	read("removals", "let go", inventory.SyncOptions{AcceptRemovals: true})
	follows("after these")
	k.s.Now = func() time.Time { return time.Now().Add(8 * 24 * time.Hour) }
	read("a week later", "a week old", inventory.SyncOptions{})
	k.s.Now = nil
	members := k.s.Members
	k.s.Members = nil
	read("without an index", "no index", inventory.SyncOptions{})
	k.s.Members = members
	follows("with it again")

	y, err := k.s.System(asTest(), "directory")
	if err != nil {
		t.Fatal(err)
	}
	y.Config = withOptions(y.Config, "user_filter", "(uid=*)")
	if err := k.s.UpdateSystem(asTest(), y, nil); err != nil {
		t.Fatal(err)
	}
	read("another filter", "set otherwise", inventory.SyncOptions{})
	follows("with the same filter")

	without := small(t, testkit.SlapdConfig{NoSyncProvider: true})
	k = track(t, storetest.SQLite(t), inSight(without), without.Password())
	read("no count of changes", "first time", inventory.SyncOptions{})
	read("no count of changes, again", "no mark", inventory.SyncOptions{})
}

// An account whose last day passes, and nothing else, is read again.
func TestTimeAloneChangesAnAccount(t *testing.T) {
	databases(t, func(t *testing.T, cfg func() store.Config) {
		s := small(t, testkit.SlapdConfig{})
		now := time.Now()
		c := cfg()
		c.Now = func() time.Time { return now }
		k := track(t, c, inSight(s), s.Password())
		k.s.Now = c.Now
		s.Modify(t, fmt.Sprintf("dn: uid=ana,ou=people,dc=example,dc=test\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\nadd: shadowExpire\nshadowExpire: %d\n", now.Unix()/86400+1))
		k.sync(t, inventory.SyncOptions{})
		if r := k.sync(t, inventory.SyncOptions{}); r.Reading != inventory.Changes || r.Changed != 0 {
			t.Fatalf("before: %+v", r)
		}
		now = now.Add(48 * time.Hour)
		if r := k.sync(t, inventory.SyncOptions{}); r.Reading != inventory.Changes || r.Changed != 1 {
			t.Fatalf("after: %+v", r)
		}
		if r := k.sync(t, inventory.SyncOptions{Full: true}); r.Changed != 0 {
			t.Fatalf("a complete reading: %+v", r)
		}
	})
}
