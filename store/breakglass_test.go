package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// kitKept is a safe with two emergency passwords, sealed into a kit that Ana, Ben and Cleo
// hold.
type kitKept struct {
	*safeKept
	s      *breakglass.Service
	ctx    context.Context
	first  vault.Secret
	second vault.Secret
	kit    *breakglass.Kit
	shares []secret.Secret
}

func newKitKept(t *testing.T, cfg Config) *kitKept {
	t.Helper()
	k := &kitKept{safeKept: newSafeKept(t, cfg), ctx: policy.WithCaller(t.Context(), policy.Caller{Node: "tester"})}
	k.must(k.db.change(k.ctx, audit.Event{Action: "test.systems"}, func(t *tx) error {
		for _, text := range []string{
			`insert into system (id, from_set, name, kind, config, business_owner) values (1, $1, 'cluster', 'postgres', '{"address":"postgres://db.example.com"}', 1)`,
			`insert into account (id, from_set, system_id, native_id, login, kind, status, digest) values (1, $1, 1, 'breakglass', 'breakglass', 'break_glass', 'enabled', $2), (2, $1, 1, 'postgres', 'postgres', 'built_in', 'enabled', $2), (3, $1, 1, 'ana', 'ana', 'person', 'enabled', $2)`,
		} {
			args := []any{t.Set}
			if bytes.Contains([]byte(text), []byte("$2")) {
				args = append(args, []byte{1})
			}
			if _, err := t.exec(k.ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	}))
	k.s = &breakglass.Service{Store: k.db.BreakGlass(k.ring), Signer: k.db.Signer(), Gate: &policy.Gate{}}
	k.first, k.second = k.bound("first", 1, "the first password"), k.bound("second", 2, "the second password")
	return k
}

func (k *kitKept) bound(name string, account access.AccountID, plain string) vault.Secret {
	k.t.Helper()
	id, err := k.safeKept.s.AddSecret(k.ctx, vault.Secret{Safe: k.safe.ID, Name: name, Kind: vault.Password, System: 1, Account: account}, vault.Value{}, k.seals(plain))
	k.must(err)
	return k.secret(id)
}

func (k *kitKept) plan(secrets ...access.SecretID) breakglass.Plan {
	p := breakglass.Plan{Name: "production", Secrets: secrets, Holders: []access.IdentityID{safeOwner, safeUser, safeViewer}, Threshold: 2, Reason: "a test"}
	k.must(p.Validate())
	return p
}

func (k *kitKept) build(h breakglass.Head, values []breakglass.Value) (*breakglass.Kit, []secret.Secret, error) {
	told, err := h.ShareOut(2, k.db.Signer())
	if err != nil {
		return nil, nil, err
	}
	kit, err := breakglass.Seal(h, values, k.db.Signer())
	return kit, told, err
}

func (k *kitKept) make() access.GlassID {
	k.t.Helper()
	id, kit, err := k.s.Store.Make(k.ctx, k.plan(k.first.ID, k.second.ID), 0, k.build)
	k.must(err)
	k.kit, err = breakglass.Parse([]byte(kit.Text()))
	k.must(err)
	return id
}

func (k *kitKept) pickUp(id access.GlassID) {
	k.t.Helper()
	for _, who := range []access.IdentityID{safeOwner, safeUser, safeViewer} {
		_, plain, err := k.s.Store.Share(asWho(k.ctx, who), id, who)
		k.must(err)
		k.shares = append(k.shares, plain)
	}
}

// record opens the kit with the shares of Ana and Cleo, does something, and returns what is
// left of it.
func (k *kitKept) record(do func(*breakglass.Journal)) []byte {
	k.t.Helper()
	s := k.kit.Begin()
	for _, x := range []secret.Secret{k.shares[0], k.shares[2]} {
		_, err := s.Give(x)
		k.must(err)
	}
	opened, err := s.Open()
	k.must(err)
	path := filepath.Join(k.t.TempDir(), "record")
	file, err := breakglass.NewFile(path)
	k.must(err)
	j, err := opened.Journal(breakglass.Occasion{People: []string{"Ana", "Cleo"}, Reason: "INC-7"}, file, nil)
	k.must(err)
	do(j)
	text, err := os.ReadFile(path)
	k.must(err)
	return text
}

func (k *kitKept) due() map[access.SecretID]rotate.Cause {
	k.t.Helper()
	list, err := k.db.Rotate(k.ring).Queue(k.ctx, rotate.Query{})
	k.must(err)
	all := map[access.SecretID]rotate.Cause{}
	for _, q := range list {
		all[q.Secret] = q.Cause
	}
	return all
}

// recorded counts the records of what was done by break glass.
func (k *kitKept) recorded() map[string]int {
	k.t.Helper()
	_, err := k.db.Sequence(k.ctx)
	k.must(err)
	page, err := k.db.Audit().List(k.ctx, audit.Filter{Actions: []string{"breakglass."}, First: 1000})
	k.must(err)
	n := map[string]int{}
	for _, e := range page.Entries {
		n[e.Action]++
	}
	return n
}

func shown(k *kitKept, id access.SecretID) func(*breakglass.Journal) {
	return func(j *breakglass.Journal) {
		_, err := j.Show(id)
		k.must(err)
		k.must(j.Close())
	}
}

// Each share waits for its holder, whatever becomes of the keys of the vault meanwhile, and
// is then nowhere.
func TestBreakGlassShares(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newKitKept(t, fresh(t))
		person := k.bound("person", 3, "their own")
		_, _, err := k.s.Store.Make(k.ctx, k.plan(k.first.ID, person.ID), 0, k.build)
		k.refused(err, breakglass.ErrTarget)
		p := k.plan(k.first.ID)
		p.Holders = []access.IdentityID{safeOwner, safeGone}
		_, _, err = k.s.Store.Make(k.ctx, p, 0, k.build)
		k.refused(err, breakglass.ErrPlan)

		id := k.make()
		_, _, err = k.s.Store.Make(k.ctx, k.plan(k.first.ID), 0, k.build)
		k.refused(err, breakglass.ErrName)
		if x, err := k.s.Store.Kit(k.ctx, id); err != nil || x.State(x.Made) != breakglass.Forming || len(x.Secrets) != 2 || len(x.Holders) != 3 {
			t.Fatalf("%+v %v", x, err)
		}
		_, err = k.ring.RekeySafe(k.ctx, k.safe.ID, "a test")
		k.must(err)
		_, _, err = k.s.Store.Share(k.ctx, id, 5)
		k.refused(err, policy.ErrDenied) // a robot
		k.pickUp(id)
		_, _, err = k.s.Store.Share(k.ctx, id, safeUser)
		k.refused(err, breakglass.ErrPicked)
		var left int
		k.must(k.db.read(k.ctx, func(q *query) error {
			return q.row(k.ctx, `select count(*) from vault_sealed where version < 0`).Scan(&left)
		}))
		x, err := k.s.Store.Kit(k.ctx, id)
		k.must(err)
		if left != 0 || x.State(x.Made) != breakglass.Ready {
			t.Errorf("%d shares are left, and the kit is %s", left, x.State(x.Made))
		}
		k.record(func(j *breakglass.Journal) {
			v, err := j.Show(k.second.ID)
			if err != nil || string(v.Value.Reveal()) != "the second password" || v.Address != "postgres://db.example.com" {
				t.Errorf("the kit holds %q at %q: %v", v.Value.Reveal(), v.Address, err)
			}
		})
	})
}

// Merging takes each entry once, wherever it was interrupted and however many do it; of a
// record without an end all is exposed, and what comes later is added.
func TestBreakGlassMergesOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newKitKept(t, fresh(t))
		id := k.make()
		k.pickUp(id)
		text := k.record(shown(k, k.first.ID))
		r, err := breakglass.ReadRecord(text)
		k.must(err)
		_, err = k.s.Store.Take(k.ctx, r, 0) // and the node stopped
		k.must(err)
		if due := k.due(); len(due) != 0 {
			t.Errorf("what nobody saw is due: %v", due)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := k.s.Merge(k.ctx, text); err != nil && !errors.Is(err, breakglass.ErrMerged) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := k.recorded(); n["breakglass.open"] != 1 || n["breakglass.show"] != 1 || n["breakglass.close"] != 1 {
			t.Errorf("recorded %v", n)
		}
		if due := k.due(); len(due) != 1 || due[k.first.ID] != rotate.Incident {
			t.Errorf("due are %v", due)
		}
		if _, err := k.s.Merge(k.ctx, text); !errors.Is(err, breakglass.ErrMerged) {
			t.Errorf("once more: %v", err)
		}

		// The tail of another one was cut off, and is found later.
		text = k.record(shown(k, k.first.ID))
		cut := text[:bytes.IndexByte(text, '\n')+1]
		b, err := k.s.Merge(k.ctx, cut)
		k.must(err)
		if b.Closed || len(b.Exposed) != 2 || k.due()[k.second.ID] != rotate.Incident {
			t.Errorf("of a record without an end %+v is exposed, %v is due", b.Exposed, k.due())
		}
		b, err = k.s.Merge(k.ctx, text)
		k.must(err)
		if !b.Closed || len(b.Exposed) != 1 || b.Entries != 3 {
			t.Errorf("with its end: %+v", b)
		}
		if _, err := k.s.Merge(k.ctx, cut); !errors.Is(err, breakglass.ErrMerged) {
			t.Errorf("the cut one again: %v", err)
		}
	})
}

// A record is merged into a database that is older than the kit; that of another
// installation is not.
func TestBreakGlassAfterARestore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newKitKept(t, fresh(t))
		id := k.make()
		k.pickUp(id)
		text := k.record(shown(k, k.first.ID))
		for _, table := range []string{"glass", "glass_share", "glass_secret"} {
			_, err := k.db.w.ExecContext(k.ctx, `delete from `+table) //nolint:gosec // three words of above
			k.must(err)
		}
		b, err := k.s.Merge(k.ctx, text)
		k.must(err)
		if x, err := k.s.Store.Kit(k.ctx, id); err != nil || x.State(x.Made) != breakglass.Used || len(x.Holders) != 3 || b.Approval == 0 || k.due()[k.first.ID] != rotate.Incident {
			t.Errorf("%+v, %+v, %v", x, b, err)
		}
		other := newKitKept(t, fresh(t))
		_, err = other.s.Merge(other.ctx, text)
		other.refused(err, breakglass.ErrRecordForeign)
	})
}

// The review goes away by nobody's doing but somebody's word.
func TestBreakGlassReviewStays(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		at := time.Now()
		cfg := fresh(t)
		cfg.Now = func() time.Time { return at }
		k := newKitKept(t, cfg)
		k.pickUp(k.make())
		b, err := k.s.Merge(k.ctx, k.record(shown(k, k.first.ID)))
		k.must(err)
		asked := func() (r approval.Request) {
			t.Helper()
			list, err := k.s.Store.Breaks(k.ctx, b.Kit)
			k.must(err)
			r, err = k.db.Approvals().Approval(k.ctx, list[0].Approval)
			k.must(err)
			return r
		}
		first := asked()
		k.must(k.db.Approvals().Withdraw(asWho(k.ctx, safeOwner), first.ID, func(approval.Request) error { return nil }))
		second := asked()
		at = at.Add(breakglass.Reviews + time.Second)
		_, err = k.db.sweepApprovals(k.ctx)
		k.must(err)
		third := asked()
		if first.ID == second.ID || second.ID == third.ID || third.State != approval.Waiting {
			t.Errorf("%s, %s and %s, which is %s", first.ID, second.ID, third.ID, third.State)
		}
		if who := third.Subjects(); len(who) != 2 || who[0] != safeOwner.Ref() || who[1] != safeViewer.Ref() {
			t.Errorf("it is about %v", who)
		}
	})
}

// Another value makes a kit stale; the next edition is of that, and opens with the same
// shares. A kit that was opened has no next one.
func TestBreakGlassRenewal(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newKitKept(t, fresh(t))
		id := k.make()
		k.pickUp(id)
		_, err := k.safeKept.s.Put(k.ctx, k.secret(k.first.ID), vault.Value{}, k.seals("another password"))
		k.must(err)
		x, err := k.s.Store.Kit(k.ctx, id)
		k.must(err)
		if why := x.Why(x.Made); x.State(x.Made) != breakglass.Stale || len(why) != 1 || why[0] != breakglass.Rotated {
			t.Errorf("it is %s: %v", x.State(x.Made), why)
		}
		o, err := k.db.Findings().Outside(k.ctx)
		k.must(err)
		list := o.Kits
		if len(list) != 1 || !list[0].Rotated || list[0].Lost || len(list[0].Holders) != 3 {
			t.Errorf("findings are told %+v", list)
		}
		_, err = k.s.Renew(k.ctx, id, "a test")
		k.must(err)
		text, err := k.s.Store.Edition(k.ctx, id)
		k.must(err)
		k.kit, err = breakglass.Parse([]byte(text))
		k.must(err)
		record := k.record(func(j *breakglass.Journal) {
			if v, err := j.Show(k.first.ID); err != nil || string(v.Value.Reveal()) != "another password" {
				t.Errorf("the next edition holds %q: %v", v.Value.Reveal(), err)
			}
		})
		if x, err = k.s.Store.Kit(k.ctx, id); err != nil || x.State(x.Made) != breakglass.Ready || x.Edition != 2 {
			t.Errorf("%+v %v", x, err)
		}
		_, err = k.s.Merge(k.ctx, record)
		k.must(err)
		_, err = k.s.Renew(k.ctx, id, "a test")
		k.refused(err, breakglass.ErrOver)
		k.must(k.s.Store.Retire(k.ctx, id, "a test"))
		k.refused(k.s.Store.Retire(k.ctx, id, "a test"), breakglass.ErrOver)
		if all, err := k.s.Store.Kits(k.ctx); err != nil || len(all) != 0 {
			t.Errorf("%+v %v", all, err)
		}
	})
}
