package inventory_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// across is a directory and a host that takes accounts and groups from it.
type across struct {
	t           *testing.T
	db          *store.DB
	s           *inventory.Service
	corp, host  scripted
	corpID, own access.SystemID
}

func newAcross(t *testing.T, w *world) *across {
	a := &across{t: t, db: w.db, s: service(w.db)}
	a.s.Connectors = map[string]connector.Spec{"corp": a.corp.spec(), "host": a.host.spec()}
	for name, into := range map[string]*access.SystemID{"corp": &a.corpID, "host": &a.own} {
		y := inventory.System{System: access.System{Name: name, Kind: name}}
		id, err := a.s.AddSystem(asTest(), y, nil)
		if err != nil {
			t.Fatal(err)
		}
		*into = id
	}
	return a
}

func (a *across) sync(id access.SystemID) inventory.Report {
	a.t.Helper()
	r, err := a.s.SyncSystem(asTest(), id, inventory.SyncOptions{AcceptRemovals: true})
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.db.Sequence(asTest()); err != nil {
		a.t.Fatal(err)
	}
	return r
}

func account(login string, openedBy ...connector.Target) connector.Record {
	return connector.Record{Account: &connector.Account{ID: "id-" + login, Login: login, Status: access.Enabled, OpenedBy: openedBy}}
}

func group(name string) connector.Record {
	return connector.Record{Entitlement: &connector.Entitlement{ID: "group:" + name, Kind: "group", Name: name}}
}

func held(by connector.Target, name string) connector.Record {
	return connector.Record{Grant: &connector.Grant{Holder: by, Entitlement: "group:" + name}}
}

func ofCorp(kind connector.TargetKind, id string) connector.Target {
	return connector.Target{Kind: kind, ID: id, System: "corp"}
}

// A directory's account opens a host's, and its group holds one of the host's: who
// is in the one has the other, whichever of the two systems was read last, and as a
// whole or bit by bit.
func TestAccessCrossesSystems(t *testing.T) {
	onEach(t, 5, func(t *testing.T, w *world) {
		a := newAcross(t, w)
		g, err := graph.Open(asTest(), a.db.Graph())
		if err != nil {
			t.Fatal(err)
		}
		reaches := func(when string, want ...string) {
			t.Helper()
			fresh, err := graph.Open(asTest(), a.db.Graph())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Follow(asTest()); err != nil {
				t.Fatal(err)
			}
			for name, v := range map[string]*graph.View{"followed": g.View(), "loaded": fresh.View()} {
				if got := a.holders(v, "host", "root"); !slices.Equal(got, want) {
					t.Errorf("%s, %s: root is reached by %v, want %v", when, name, got, want)
				}
			}
		}
		directory := []connector.Record{group("admins"), account("Ana"), held(connector.Target{Kind: connector.OnAccount, ID: "id-Ana"}, "admins"), account("ben")}
		host := []connector.Record{
			group("root"), held(ofCorp(connector.OnEntitlement, "admins"), "root"),
			account("ben", ofCorp(connector.OnAccount, "ben")), held(connector.Target{Kind: connector.OnAccount, ID: "id-ben"}, "root"),
		}
		a.host.records = host
		r := a.sync(a.own)
		if !strings.Contains(strings.Join(r.Warnings, "\n"), `2 things name something of system "corp"`) || !slices.Equal(r.Waits, []string{"corp"}) {
			t.Errorf("nothing says that the directory is to be read first: %q", r.Warnings)
		}
		reaches("before the directory is known", "host/ben")
		a.corp.records = directory
		a.sync(a.corpID)
		if _, err := a.s.SyncSystem(asTest(), a.own, inventory.SyncOptions{Again: true}); err != nil {
			t.Fatal(err)
		}
		if late := a.late(); late != 0 {
			t.Errorf("%d grants of the first reading, done again, are late", late)
		}
		a.sync(a.own)
		reaches("with the directory", "corp/Ana", "corp/ben", "host/ben")
		if r := a.sync(a.own); r.Changed != 0 || len(r.Waits) > 0 {
			t.Errorf("the same content changed %d objects", r.Changed)
		}

		a.corp.records = directory[:2] // nobody is in the group, and ben is gone
		a.sync(a.corpID)
		reaches("after a change of the directory alone", "host/ben")
		a.corp.records = directory
		a.sync(a.corpID)
		reaches("back in the directory", "corp/Ana", "corp/ben", "host/ben")

		a.host.records = []connector.Record{group("root"), account("ben", ofCorp(connector.OnAccount, "ana")), held(connector.Target{Kind: connector.OnAccount, ID: "id-ben"}, "root")}
		a.sync(a.own)
		reaches("opened by another account, whose login is written in another case", "corp/Ana", "host/ben")

		// What several things are called is nothing's.
		a.corp.records = append(slices.Clone(directory), connector.Record{Account: &connector.Account{ID: "second", Login: "ana", Status: access.Enabled}})
		a.sync(a.corpID)
		a.sync(a.own)
		reaches("two accounts of one login", "host/ben")
	})
}

// late counts the grants of the host that appeared after its baseline.
func (a *across) late() (n int) {
	a.t.Helper()
	if _, err := a.db.Sequence(asTest()); err != nil {
		a.t.Fatal(err)
	}
	g, err := graph.Open(asTest(), a.db.Graph())
	if err != nil {
		a.t.Fatal(err)
	}
	v := g.View()
	for e := range v.EntitlementsOf(a.own) {
		for held := range v.DirectHolders(e) {
			if held.Late {
				n++
			}
		}
	}
	return n
}

// holders lists the accounts that reach a group, as system/login.
func (a *across) holders(v *graph.View, system, name string) (list []string) {
	a.t.Helper()
	target, err := a.s.ResolveTarget(asTest(), system+"/"+name)
	if err != nil {
		a.t.Fatal(err)
	}
	var refs []access.Ref
	for it := v.Members([]access.Ref{target}, graph.Question{}).Accounts.Iterator(); it.HasNext(); {
		refs = append(refs, access.AccountID(it.Next()).Ref())
	}
	names, err := a.s.Names(context.Background(), refs)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, ref := range refs {
		list = append(list, names[ref].System+"/"+names[ref].Name)
	}
	slices.Sort(list)
	return list
}
