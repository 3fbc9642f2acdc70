package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// consumer keeps that a service uses a secret, told by a hook or reading it.
func (k *safeKept) consumer(of access.SecretID, name, hook string, reader access.IdentityID, place int) access.ConsumerID {
	k.t.Helper()
	id, err := k.db.Rotate(k.ring).AddConsumer(asTester(k.t.Context()), rotate.Consumer{Secret: of, Name: name, Hook: hook, Reader: reader, Owner: safeOwner, Place: place})
	k.must(err)
	return id
}

// tell is one node's turn at a consumer, with what came of it.
func (k *safeKept) tell(ctx context.Context, id access.ConsumerID, o rotate.Outcome) rotate.Notice {
	k.t.Helper()
	t, err := k.db.Rotate(k.ring).Tell(ctx, id, time.Minute)
	k.must(err)
	n, err := t.Notice(ctx, true)
	k.must(err)
	k.must(t.Told(ctx, n, o))
	k.must(t.End(ctx))
	return n
}

func (k *safeKept) stage(id access.ConsumerID) rotate.Consumer {
	k.t.Helper()
	c, err := k.db.Rotate(k.ring).Consumer(k.t.Context(), id)
	k.must(err)
	return c
}

func (k *safeKept) toTell() []access.ConsumerID {
	k.t.Helper()
	list, err := k.db.Rotate(k.ring).NextTold(k.t.Context(), 10)
	k.must(err)
	return list
}

// Consumers are told in their order, of the value that there is, and confirm by an answer, by
// a read, or because somebody says so; one that does not is shown to its owner.
func TestConsumersAreTold(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		at := time.Now().UTC()
		cfg := fresh(t)
		cfg.Now = func() time.Time { return at }
		k := newSafeKept(t, cfg)
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "rotation"})
		s := k.db.Rotate(k.ring)
		x := k.add("app", "first")
		first, then := k.consumer(x.ID, "api", "api", 0, 0), k.consumer(x.ID, "report", "", safeViewer, 1)
		_, err := s.AddConsumer(ctx, rotate.Consumer{Secret: x.ID, Name: "api", Hook: "x", Owner: safeOwner})
		k.refused(err, rotate.ErrConsumerName)

		if list := k.toTell(); len(list) != 1 || list[0] != first {
			t.Fatalf("the first in order is told first: %v", list)
		}
		turn, err := s.Tell(ctx, first, time.Minute)
		k.must(err)
		if _, err := s.Tell(ctx, first, time.Minute); !errors.Is(err, ErrLeased) {
			t.Errorf("two nodes tell one consumer: %v", err)
		}
		k.must(turn.End(ctx))
		n := k.tell(ctx, first, rotate.Outcome{Stage: rotate.NotTold, Code: "x", Error: "no answer", After: time.Minute})
		if string(n.Value.Reveal()) != "first" || n.Number != 1 || n.SecretName != "ledger/app" {
			t.Fatalf("it is told %+v", n)
		}
		if c := k.stage(first); c.Stage != rotate.NotTold || c.Attempts != 1 || c.Error != "no answer" || len(k.toTell()) != 0 {
			t.Fatalf("%+v", c)
		}
		at = at.Add(rotate.ConfirmsWithin + time.Minute)
		k.tell(ctx, first, rotate.Outcome{Stage: rotate.NotTold, Code: "x", Error: "no answer", After: time.Minute})
		var mails int
		k.must(k.db.r.QueryRowContext(ctx, `select count(*) from mail where key like 'consumer/late/%'`).Scan(&mails))
		if c := k.stage(first); c.Stage != rotate.Late {
			t.Fatalf("one that is not told for so long is %+v, with %d mails", c, mails)
		}
		at = at.Add(time.Hour)
		k.tell(ctx, first, rotate.Outcome{Stage: rotate.InUse})
		if c := k.stage(first); c.Stage != rotate.InUse || c.Uses != 1 || c.Error != "" {
			t.Fatalf("%+v", c)
		}

		if list := k.toTell(); len(list) != 1 || list[0] != then {
			t.Fatalf("the next in order is told then: %v", list)
		}
		k.tell(ctx, then, rotate.Outcome{Stage: rotate.Told, After: time.Minute})
		k.must(s.Sweep(ctx))
		if c := k.stage(then); c.Stage != rotate.Told {
			t.Fatalf("it has not read: %+v", c)
		}
		_, err = k.open(k.opening(x, safeViewer, vault.Reveal))
		k.must(err)
		k.must(s.Sweep(ctx))
		if c := k.stage(then); c.Stage != rotate.InUse || c.Uses != 1 {
			t.Fatalf("it has read: %+v", c)
		}

		_, err = k.s.Put(asWho(ctx, safeOwner), k.secret(x.ID), vault.Value{Written: true}, k.seals("second"))
		k.must(err)
		if c := k.stage(first); c.Stage != rotate.ToTell || c.Wants != 2 || c.Uses != 1 {
			t.Fatalf("of another value it is told: %+v", c)
		}
		k.refused(s.Confirm(ctx, first, 1), rotate.ErrNotCurrent)
		k.must(s.Confirm(ctx, first, 2))
		k.must(s.Confirm(ctx, first, 2)) // again
		if c := k.stage(first); c.Stage != rotate.InUse || c.Uses != 2 {
			t.Fatalf("%+v", c)
		}
		k.must(s.RemoveConsumer(ctx, k.stage(then)))
		k.refused(s.RemoveConsumer(ctx, rotate.Consumer{ID: then, Secret: x.ID}), rotate.ErrNoConsumer)
	})
}

// pairs keeps a secret of one account of a system of two, and the other one as its second.
func (k *safeKept) pairs(first, other access.AccountID) vault.Secret {
	k.t.Helper()
	ctx := asTester(k.t.Context())
	k.must(k.db.change(ctx, audit.Event{Action: "test.accounts"}, func(t *tx) error {
		for _, id := range []access.AccountID{first, other} {
			if _, err := t.exec(ctx, `insert into account (id, from_set, system_id, native_id, login, display_name, email, kind, status, digest) values ($1, $2, 7, $3, $3, '', '', 'service', 'enabled', '')`, id, t.Set, id.String()); err != nil {
				return err
			}
		}
		return nil
	}))
	id, err := k.s.AddSecret(asWho(ctx, safeOwner), vault.Secret{Safe: k.safe.ID, Name: "app", Kind: vault.Password, System: 7, Account: first}, vault.Value{Written: true}, k.seals("first"))
	k.must(err)
	p := rotate.Pair{Secret: id, First: first, Other: other, Grace: time.Hour}
	k.must(k.db.Rotate(k.ring).SetPair(ctx, p))
	return k.secret(id)
}

// attempt is one attempt of a node at a secret, on a target that takes everything. It returns
// the account that it was on, and until when that is left as it is, if it is.
func (k *safeKept) attempt(ctx context.Context, id access.SecretID, value string) (account string, rests access.Time) {
	k.t.Helper()
	o, err := k.db.Rotate(k.ring).Own(ctx, id, time.Minute)
	k.must(err)
	defer func() { k.must(o.End(ctx)) }()
	j, err := o.Job(ctx)
	k.must(err)
	if j.Rests != 0 {
		k.must(o.Rest(ctx, j.Rests))
		return j.Account, j.Rests
	}
	h, err := o.Pend(ctx, secret.New([]byte(value)), "")
	k.must(err)
	_, err = o.Promote(ctx, h.Version, false)
	k.must(err)
	return j.Account, 0
}

// Two accounts take turns: the one that is idle becomes the one in use, and the other is left
// alone until all who use it have gone on, or their grace is over.
func TestAccountsTakeTurns(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		at := time.Now().UTC()
		cfg := fresh(t)
		cfg.Now = func() time.Time { return at }
		k := newSafeKept(t, cfg)
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "rotation"})
		s := k.db.Rotate(k.ring)
		const a, b access.AccountID = 11, 12
		x := k.pairs(a, b)
		user := k.consumer(x.ID, "api", "api", 0, 0)
		k.must(s.Confirm(ctx, user, 1))
		_, err := k.s.AddSecret(asWho(ctx, safeOwner), vault.Secret{Safe: k.safe.ID, Name: "taken", Kind: vault.Password, System: 7, Account: b}, vault.Value{}, k.seals("other"))
		k.refused(err, vault.ErrAccountKept)
		y := k.secret(x.ID)
		y.Account = b
		k.refused(k.s.ChangeSecret(ctx, y), rotate.ErrPaired)

		due := func() (q rotate.Queued) {
			t.Helper()
			list, err := s.Queue(ctx, rotate.Query{Secret: x.ID})
			k.must(err)
			if len(list) == 1 {
				q = list[0]
			}
			return q
		}
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.OnDemand, "a test"))
		if on, rests := k.attempt(ctx, x.ID, "second"); on != b.String() || rests != 0 {
			t.Fatalf("the idle one is changed first, not %s", on)
		}
		p, err := s.Pair(ctx, x.ID)
		k.must(err)
		if q := due(); p.Live != b || p.Former == 0 || q.Cause != rotate.OnSwitch || q.Next != p.Former {
			t.Fatalf("%+v, due %+v", p, q)
		}
		if list, _ := s.Next(ctx, 10); len(list) != 0 {
			t.Fatalf("the former one is due at once: %v", list)
		}
		k.refused(s.EndPair(ctx, x.ID), rotate.ErrSwitch)
		v, err := k.s.Versions(ctx, x.ID)
		k.must(err)
		if v[0].State != vault.Current || v[0].Login != b.String() || v[1].Login != a.String() {
			t.Fatalf("%+v", v)
		}

		// Another cause does not hurry those who use the former one.
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.OnLeaver, "a test"))
		if on, rests := k.attempt(ctx, x.ID, "none"); on != a.String() || rests != p.Former {
			t.Fatalf("%s rests until %d", on, rests)
		}
		k.must(s.Confirm(ctx, user, 2))
		if list, _ := s.Next(ctx, 10); len(list) != 1 {
			t.Fatal("once nobody uses it, it is not due")
		}
		at = at.Add(time.Second)
		k.attempt(ctx, x.ID, "third")
		if p, _ = s.Pair(ctx, x.ID); p.Former != 0 || p.Live != b || due().Cause != rotate.OnLeaver {
			t.Fatalf("%+v, due %+v", p, due())
		}
		if on, _ := k.attempt(ctx, x.ID, "fourth"); on != a.String() {
			t.Fatalf("then the idle one takes its turn, not %s", on)
		}
		at = at.Add(2 * time.Hour) // nobody has confirmed: their grace is over
		if on, rests := k.attempt(ctx, x.ID, "fifth"); on != b.String() || rests != 0 {
			t.Fatalf("%s rests until %d", on, rests)
		}
		if c := k.stage(user); c.Stage != rotate.Late || c.Code == "" || due().Secret != 0 {
			t.Fatalf("who had not gone on is not shown: %+v, due %+v", c, due())
		}
		k.must(s.EndPair(ctx, x.ID))
		if y := k.secret(x.ID); y.Account != a {
			t.Errorf("the secret is left with account %s", y.Account)
		}
	})
}

// What a leaver knows is changed at once where nobody stands still; else on a day that those
// are told of who look after what uses it.
func TestWhatALeaverKnowsIsPlanned(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		ctx := asTester(t.Context())
		s := k.db.Rotate(k.ring)
		paired, used, unused := k.pairs(11, 12), k.add("used", "x"), k.add("unused", "y")
		k.consumer(paired.ID, "api", "api", 0, 0)
		k.consumer(used.ID, "api", "api", 0, 0)
		for _, x := range []vault.Secret{paired, used, unused} {
			_, err := k.open(k.opening(x, safeViewer, vault.Reveal))
			k.must(err)
		}
		_, err := k.db.Sequence(ctx)
		k.must(err)
		k.must(s.Sweep(ctx))
		k.must(k.db.change(ctx, audit.Event{Action: "test.leave"}, func(t *tx) error {
			if _, err := t.exec(ctx, `update identity set state = 'terminated' where id = $1`, safeViewer); err != nil {
				return err
			}
			return t.changed(ctx, safeViewer.Ref())
		}))
		_, err = k.db.Sequence(ctx)
		k.must(err)
		k.must(s.Sweep(ctx))
		next, err := s.Next(ctx, 10)
		k.must(err)
		q, err := s.Queue(ctx, rotate.Query{State: rotate.Planned})
		k.must(err)
		if len(next) != 2 || len(q) != 1 || q[0].Secret != used.ID || q[0].Cause != rotate.OnLeaver || q[0].Next < q[0].Since+access.Time(rotate.LeaverNotice.Microseconds()) {
			t.Fatalf("at once %v, planned %+v", next, q)
		}
		o, err := k.db.Findings().Outside(ctx)
		k.must(err)
		if len(o.Known) != 1 || o.Known[0].Secret != used.ID || o.Known[0].Identity != safeViewer || o.Known[0].Next != q[0].Next || o.Known[0].Waits {
			t.Errorf("findings hear of %+v", o.Known)
		}
		k.must(s.Demand(ctx, []access.SecretID{used.ID}, rotate.OnDemand, "now is fine"))
		if next, _ = s.Next(ctx, 10); len(next) != 3 {
			t.Errorf("a planned one is not brought forward: %v", next)
		}
	})
}
