package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

func hashOf(text string) signin.Hash { return signin.HashOf(secret.New([]byte(text))) }

var olga = signin.Owner{Name: "Olga Orlova", Email: "olga@example.com"}

// ownedStore is a store with its first owner signed in; clock is what it goes by.
func ownedStore(t *testing.T, cfg Config, clock *stopwatch) (*DB, context.Context, signin.Signin) {
	t.Helper()
	if clock != nil {
		cfg.Now = clock.now
	}
	db := openStore(t, cfg)
	ctx := asTester(t.Context())
	s := db.Signin()
	if err := s.KeepFirstLink(ctx, hashOf("first")); err != nil {
		t.Fatal(err)
	}
	g, err := s.Redeem(ctx, hashOf("first"), olga, signin.Beginning{
		Method: signin.ByLink, Key: "k", Secret: hashOf("cookie"), Agent: "a browser", Address: "192.0.2.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, ctx, g
}

// A sign-in ends after half a day, and after an hour without use; a link after an hour.
func TestSigninsEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		clock := &stopwatch{at: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
		db, ctx, g := ownedStore(t, fresh(t), clock)
		s := db.Signin()
		is := func(want error) {
			t.Helper()
			if _, err := s.BySecret(ctx, hashOf("cookie")); !errors.Is(err, want) {
				t.Fatalf("at %s: %v", clock.at, err)
			}
		}
		is(nil)
		for range 12 {
			clock.at = clock.at.Add(signin.IdleLasts - time.Second)
			is(nil)
			if err := s.Touch(ctx, g.ID); err != nil {
				t.Fatal(err)
			}
		}
		clock.at = g.Ends.Time().Add(-time.Microsecond)
		is(nil)
		clock.at = g.Ends.Time()
		is(signin.ErrEnded)
		if list, err := s.Signins(ctx, g.Identity); err != nil || len(list) != 0 {
			t.Fatal(list, err)
		}
		again, err := s.Begin(ctx, signin.Beginning{Identity: g.Identity, Method: signin.ByLink, Key: "k", Secret: hashOf("cookie two")})
		if err != nil || again.ID == g.ID {
			t.Fatal(again, err)
		}
		clock.at = clock.at.Add(signin.IdleLasts)
		if _, err := s.BySecret(ctx, hashOf("cookie two")); !errors.Is(err, signin.ErrEnded) {
			t.Fatal(err)
		}
		if err := s.KeepLink(ctx, g.Identity, hashOf("link")); err != nil {
			t.Fatal(err)
		}
		clock.at = clock.at.Add(signin.LinkLasts)
		if _, err := s.Redeem(ctx, hashOf("link"), signin.Owner{}, signin.Beginning{Key: "k", Secret: hashOf("c")}); !errors.Is(err, signin.ErrLink) {
			t.Fatal(err)
		}
		if got := lastRecord(t, db); got.Action != "signin.refuse" || got.Fact("reason") != string(signin.LinkExpired) {
			t.Errorf("%+v", got)
		}
		asked := signin.Challenge{Hash: hashOf("challenge"), Purpose: signin.ToConfirm, Signin: again.ID, Key: "k"}
		if err := s.KeepChallenge(ctx, asked); err != nil {
			t.Fatal(err)
		}
		clock.at = clock.at.Add(signin.ChallengeLasts)
		if _, err := s.TakeChallenge(ctx, hashOf("challenge"), signin.ToConfirm); !errors.Is(err, signin.ErrChallenge) {
			t.Fatal(err)
		}
	})
}

func lastRecord(t *testing.T, db *DB) audit.Record {
	t.Helper()
	ctx := asTester(t.Context())
	if _, err := db.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	page, err := db.Audit().List(ctx, audit.Filter{First: 1})
	if err != nil || len(page.Entries) != 1 {
		t.Fatal(page, err)
	}
	return page.Entries[0].Record
}

// atOnce runs fn a few times at once and counts those that meet no error; the others
// must meet want.
func atOnce(t *testing.T, want error, fn func(i int) error) (n int64) {
	t.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if err := fn(i); err == nil {
				done.Add(1)
			} else if !errors.Is(err, want) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	return done.Load()
}

// What is good once is good once, whoever else tries at the same moment.
func TestLesson11_GoodOnceAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		if err := s.KeepLink(ctx, g.Identity, hashOf("link")); err != nil {
			t.Fatal(err)
		}
		n := atOnce(t, signin.ErrLink, func(i int) error {
			_, err := s.Redeem(ctx, hashOf("link"), signin.Owner{}, signin.Beginning{Method: signin.ByLink, Key: "k", Secret: hashOf("c" + strconv.Itoa(i))})
			return err
		})
		if n != 1 {
			t.Errorf("%d redeemed one link", n)
		}
		if err := s.KeepChallenge(ctx, signin.Challenge{Hash: hashOf("challenge"), Purpose: signin.ToSignIn, Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakeChallenge(ctx, hashOf("challenge"), signin.ToConfirm); !errors.Is(err, signin.ErrChallenge) {
			t.Errorf("a challenge of another purpose: %v", err)
		}
		n = atOnce(t, signin.ErrChallenge, func(int) error {
			_, err := s.TakeChallenge(ctx, hashOf("challenge"), signin.ToSignIn)
			return err
		})
		if n != 1 {
			t.Errorf("%d took one challenge", n)
		}
		key := addPasskey(ctx, t, db, g, "one", 4)
		n = atOnce(t, signin.ErrCounter, func(i int) error {
			use := signin.PasskeyUse{ID: key.ID, Credential: key.Credential, Count: 5}
			_, err := s.Begin(ctx, signin.Beginning{Identity: g.Identity, Method: signin.ByPasskey, Key: "k", Secret: hashOf("p" + strconv.Itoa(i)), Passkey: &use})
			return err
		})
		if n != 1 {
			t.Errorf("%d signed in by one count of a passkey", n)
		}
	})
}

func addPasskey(ctx context.Context, t *testing.T, db *DB, g signin.Signin, name string, count uint32) signin.Passkey {
	t.Helper()
	p := signin.Passkey{Identity: g.Identity, Name: name, Credential: webauthn.Credential{ID: []byte(name), PublicKey: []byte{1}}}
	p.Credential.Authenticator.SignCount = count
	p, err := db.Signin().AddPasskey(ctx, p, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// One passkey stays, however many removals are made at once, unless there is another
// way in; one that does not count may be used again and again.
func TestPasskeysKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		keys := make([]signin.Passkey, 6)
		for i := range keys {
			keys[i] = addPasskey(ctx, t, db, g, "key "+strconv.Itoa(i), 0)
		}
		if _, err := s.AddPasskey(ctx, signin.Passkey{Identity: g.Identity, Name: "x", Credential: keys[0].Credential}, g.ID); !errors.Is(err, signin.ErrPasskeyKnown) {
			t.Error(err)
		}
		for range 2 {
			if err := s.Confirm(ctx, g, signin.PasskeyUse{ID: keys[0].ID, Credential: keys[0].Credential}); err != nil {
				t.Fatal(err)
			}
		}
		if n := atOnce(t, signin.ErrLastPasskey, func(i int) error { return s.RemovePasskey(ctx, g.Identity, keys[i].ID, false) }); n != 5 {
			t.Errorf("%d of 6 passkeys were removed", n)
		}
		left, err := s.Passkeys(ctx, g.Identity)
		if err != nil || len(left) != 1 {
			t.Fatal(left, err)
		}
		if err := s.RemovePasskey(ctx, g.Identity+1, left[0].ID, true); !errors.Is(err, signin.ErrNoPasskey) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := s.RemovePasskey(ctx, g.Identity, left[0].ID, true); err != nil {
			t.Error(err)
		}
	})
}

// An answer that another has overtaken is late, and no copy's; one that was asked for
// after the last count and is below it is.
func TestPasskeyAnswersOvertakeEachOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		p := addPasskey(ctx, t, db, g, "one", 4)
		ask := func(name string) signin.Challenge {
			t.Helper()
			if err := s.KeepChallenge(ctx, signin.Challenge{Hash: hashOf(name), Purpose: signin.ToSignIn, Key: "k"}); err != nil {
				t.Fatal(err)
			}
			c, err := s.TakeChallenge(ctx, hashOf(name), signin.ToSignIn)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		uses := make([]signin.PasskeyUse, 6)
		for i := range uses {
			uses[i] = signin.PasskeyUse{ID: p.ID, Credential: p.Credential, Count: 5 + uint32(i), After: ask(strconv.Itoa(i)).After} //nolint:gosec // six
		}
		if n := atOnce(t, signin.ErrChallenge, func(i int) error { return s.Confirm(ctx, g, uses[i]) }); n == 0 {
			t.Error("none was taken")
		}
		twin := signin.PasskeyUse{ID: p.ID, Credential: p.Credential, Count: 10, After: uses[0].After}
		if err := s.Confirm(ctx, g, twin); !errors.Is(err, signin.ErrCounter) {
			t.Errorf("the same count twice: %v", err)
		}
		twin.Count, twin.After = 9, ask("later").After
		if err := s.Confirm(ctx, g, twin); !errors.Is(err, signin.ErrCounter) {
			t.Errorf("an older count, asked for later: %v", err)
		}
	})
}

// Whoever asks without end fills no disk: the oldest question goes, and only of those who
// have not signed in either.
func TestLesson08_QuestionsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		fill := func(text string) {
			t.Helper()
			if err := db.bookkeep(ctx, func(t *tx) error { _, err := t.exec(ctx, text); return err }); err != nil {
				t.Fatal(err)
			}
		}
		ends := strconv.FormatInt(time.Now().Add(time.Minute).UnixMicro(), 10)
		many := `with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) insert into `
		name := `cast('x' || cast(i as text) as bytea)`
		if db.d.name == sqliteDialect.name {
			name = `cast('x' || i as blob)`
		}
		fill(many + `passkey_challenge (hash, purpose, signin_id, client_key, asked, ends_at) select ` + name + `, 'sign_in', 0, 'k', '{}', ` + ends + ` + i from n`)
		fill(many + `oidc_state (state, browser, provider, client_key, back, address, ends_at) select ` + name + `, ` + name + `, 'p', 'k', '/', 'a' || cast(i as text), ` + ends + ` + i from n`)
		fill(many + `device_code (device, code, client_key, client, agent, address, made_at, ends_at, pause) select ` + name + `, ` + name + `, 'k', 'c', 'a', 'a' || cast(i as text), 0, ` + ends + ` + i, 0 from n`)
		for i := range 3 {
			h := hashOf(strconv.Itoa(i))
			err := errors.Join(
				s.KeepChallenge(ctx, signin.Challenge{Hash: h, Purpose: signin.ToSignIn, Key: "k"}),
				s.KeepState(ctx, signin.State{State: h, Browser: h, Address: "192.0.2.7"}),
				s.AskDevice(ctx, signin.Asking{Device: h, Code: h, Waiting: signin.Waiting{Address: "192.0.2.7"}}),
			)
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 12 {
			if err := s.KeepChallenge(ctx, signin.Challenge{Hash: hashOf("own " + strconv.Itoa(i)), Purpose: signin.ToConfirm, Signin: g.ID, Key: "k"}); err != nil {
				t.Fatal(err)
			}
		}
		for text, want := range map[string]int{
			`select count(*) from passkey_challenge where signin_id = 0`:  signin.MaxChallenges,
			`select count(*) from passkey_challenge where signin_id <> 0`: signin.MaxOwnChallenges,
			`select count(*) from oidc_state`:                             signin.MaxBegun,
			`select count(*) from device_code`:                            signin.MaxBegun,
		} {
			var n int
			if err := db.read(ctx, func(q *query) error { return q.row(ctx, text).Scan(&n) }); err != nil || n != want {
				t.Errorf("%s: %d, %v", text, n, err)
			}
		}
		if _, err := s.TakeChallenge(ctx, hashOf("2"), signin.ToSignIn); err != nil {
			t.Errorf("the newest is gone: %v", err)
		}
	})
}

// A proof is good once for all nodes, and is forgotten when it is good no more.
func TestLesson11_AProofIsGoodOnceForAllNodes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		clock := &stopwatch{at: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
		cfg := fresh(t)
		cfg.Now = clock.now
		s, ctx := openStore(t, cfg).Signin(), asTester(t.Context())
		if n := atOnce(t, signin.ErrProof, func(int) error { return s.FirstProof(ctx, hashOf("p"), time.Minute) }); n != 1 {
			t.Errorf("%d of six were first", n)
		}
		for after, want := range []int64{0, 1} {
			clock.at = clock.at.Add(time.Duration(after) * time.Minute)
			if n, err := s.Sweep(ctx); err != nil || n != want {
				t.Errorf("%d minutes later %d were forgotten: %v", after, n, err)
			}
		}
	})
}

// Locking a passkey ends what its owner has open, and it opens nothing more.
func TestLockedPasskey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		p := addPasskey(ctx, t, db, g, "one", 7)
		if err := s.LockPasskey(ctx, p, signin.CounterBack); err != nil {
			t.Fatal(err)
		}
		if _, err := s.BySecret(ctx, hashOf("cookie")); !errors.Is(err, signin.ErrEnded) {
			t.Error(err)
		}
		use := signin.PasskeyUse{ID: p.ID, Credential: p.Credential, Count: 8}
		if _, err := s.Begin(ctx, signin.Beginning{Identity: g.Identity, Method: signin.ByPasskey, Key: "k", Secret: hashOf("c"), Passkey: &use}); !errors.Is(err, signin.ErrLocked) {
			t.Error(err)
		}
		if err := s.LockPasskey(ctx, p, signin.CounterBack); !errors.Is(err, signin.ErrLocked) {
			t.Error(err)
		}
		if got := lastRecord(t, db); got.Action != "passkey.lock" || got.Fact("ended") != "1" {
			t.Errorf("%+v", got)
		}
	})
}

// The owner is made with the three functions that are not audit, or not at all.
func TestFirstOwnerIsWhole(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		list, err := db.Policy().Functions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var held []access.Function
		for _, a := range list {
			if a.Identity != g.Identity || a.Scope != 0 {
				t.Errorf("%+v", a)
			}
			held = append(held, a.Function)
		}
		slices.Sort(held)
		if !slices.Equal(held, []access.Function{access.IAM, access.PlatformOwner, access.SecurityOperations}) {
			t.Error(held)
		}
		if err := s.KeepFirstLink(ctx, hashOf("second")); !errors.Is(err, signin.ErrOwned) {
			t.Error(err)
		}
		for _, a := range list {
			if err := db.Policy().Unassign(ctx, g.Identity, a.Held, "an end"); err != nil {
				t.Fatal(err)
			}
		}
		// Nobody holds any: there is a link again, for who is there already.
		if err := s.KeepFirstLink(ctx, hashOf("second")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Redeem(ctx, hashOf("second"), signin.Owner{}, signin.Beginning{Key: "k", Secret: hashOf("x")}); !errors.Is(err, signin.ErrOwner) {
			t.Error(err)
		}
		again, err := s.Redeem(ctx, hashOf("second"), signin.Owner{Name: "Olga", Email: "OLGA@example.com"}, signin.Beginning{Method: signin.ByLink, Key: "k", Secret: hashOf("x")})
		if err != nil || again.Identity != g.Identity {
			t.Error(again, err)
		}
	})
}

// Where somebody was is forgotten with what the log tells about them.
func TestErasedSignin(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		if _, err := db.Audit().Erase(ctx, g.Identity); err != nil {
			t.Fatal(err)
		}
		g, err := db.Signin().BySecret(ctx, hashOf("cookie"))
		if err != nil || g.Agent != "" || g.Address != "" {
			t.Errorf("%+v, %v", g, err)
		}
	})
}

// Only people who work here sign in.
func TestWhoMayNotSignIn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db, ctx, g := ownedStore(t, fresh(t), nil)
		s := db.Signin()
		if err := s.KeepLink(ctx, g.Identity+100, hashOf("l")); !errors.Is(err, signin.ErrPerson) {
			t.Error(err)
		}
		for i, set := range []string{`state = 'terminated'`, `state = 'suspended'`, `state = 'active', kind = 'service'`} {
			if _, err := db.w.ExecContext(ctx, `update identity set `+set); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Begin(ctx, signin.Beginning{Identity: g.Identity, Key: "k", Secret: hashOf(strconv.Itoa(i))}); !errors.Is(err, signin.ErrPerson) {
				t.Errorf("%s: %v", set, err)
			}
		}
	})
}
