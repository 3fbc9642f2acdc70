package coverage

import (
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// What lies in a safe counts while Writ has signed in with it, and while its schedule is
// kept; what was never signed in with, is too old, or is only a part of it, does not.
func TestWhatLiesInSafesCounts(t *testing.T) {
	password := InSafe{Account: anas, Kind: access.Password, Proven: ago(time.Hour), Changed: ago(10 * days), Every: 30 * days}
	as := func(change func(k *InSafe)) []InSafe {
		k := password
		change(&k)
		return []InSafe{k}
	}
	key := func(f *graphtest.Facts) {
		f.Credentials = append(f.Credentials, graph.CredentialEdge{ID: 8, Account: anas, Kind: access.SSHKey})
	}
	unknown := func(f *graphtest.Facts) { f.Credentials = nil }
	aged := changed(ago(400 * days))
	withKey := append(as(func(*InSafe) {}), InSafe{Account: anas, Kind: access.SSHKey, Proven: ago(time.Hour), Changed: ago(time.Hour), Every: 30 * days})
	for _, c := range []struct {
		name    string
		change  func(f *graphtest.Facts)
		kept    []InSafe
		control access.Control
		want    access.ControlState
	}{
		{"nothing is kept", none, nil, access.ControlVault, access.Missing},
		{"it was never signed in with", none, as(func(k *InSafe) { k.Proven = 0 }), access.ControlVault, access.Missing},
		{"it was signed in with too long ago", none, as(func(k *InSafe) { k.Proven = ago(91 * days) }), access.ControlVault, access.Missing},
		{"a key opens it besides", key, as(func(*InSafe) {}), access.ControlVault, access.Missing},
		{"two keys open it, and one is kept", both(key, key), withKey, access.ControlVault, access.Missing},
		{"another account's is kept", none, as(func(k *InSafe) { k.Account = anas + 1 }), access.ControlVault, access.Missing},
		{"it is kept", none, as(func(*InSafe) {}), access.ControlVault, access.InPlace},
		{"it is kept, where nobody tells what opens accounts", unknown, as(func(*InSafe) {}), access.ControlVault, access.InPlace},
		{"both that open it are kept", key, withKey, access.ControlVault, access.InPlace},

		{"no schedule, and nobody tells", unknown, as(func(k *InSafe) { k.Every = 0 }), access.ControlRotate, access.Unknown},
		{"a schedule that is not kept", unknown, as(func(k *InSafe) { k.Changed = ago(32 * days) }), access.ControlRotate, access.Unknown},
		{"a schedule that is too long", unknown, as(func(k *InSafe) { k.Every = 200 * days }), access.ControlRotate, access.Unknown},
		{"a schedule that was never begun", unknown, as(func(k *InSafe) { k.Proven = 0 }), access.ControlRotate, access.Unknown},
		{"no schedule, and the system says that it is old", aged, as(func(k *InSafe) { k.Every = 0 }), access.ControlRotate, access.Missing},
		{"a schedule that is kept", unknown, as(func(*InSafe) {}), access.ControlRotate, access.InPlace},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			if got := stateOf(t, Compute(f.View(t), today, nil, c.kept...), c.control); got != c.want {
				t.Errorf("%s is %s, want %s", c.control, got, c.want)
			}
		})
	}
}
