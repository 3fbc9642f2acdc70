package connectortest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// Kept is an account of the server that secrets of a kind are set of, and tried. What opens
// it afterwards is not what opened it before.
type Kept struct {
	Kind    connector.SecretKind
	Account string // native id, of one that nobody else signs in to
	Absent  string // of one that is not there
	// SignsIn reports whether the system's own client is let in with a secret.
	SignsIn func(t *testing.T, value secret.Secret) bool
	// Without are configurations that sign in, and may not set the account's secrets.
	Without []connector.Config
	// Nasty are values that the kind takes, and Bad some that it does not, beside those that
	// the kit makes itself of what its Spec takes.
	Nasty, Bad []secret.Secret
	// Idle says that an account that is disabled lets in whoever has the secret all the same.
	Idle bool
}

// keeping is the connector and the account that it keeps.
type keeping struct {
	connector.Keeper
	Suite
	Kept
	seen *canaries // every secret of this test
}

// canaries are collected from several at once.
type canaries struct {
	mu   sync.Mutex
	list []secret.Secret
}

// Keep tests what keeps secrets, and nothing else of a connector: Run does, too.
func Keep(t *testing.T, s Suite) {
	t.Helper()
	if len(s.Spec.Keeps) == 0 {
		t.Fatal("the kind keeps no secrets")
	}
	s.keeps(t)
}

// keeps are the tests of what keeps secrets.
func (s Suite) keeps(t *testing.T) {
	var kinds []connector.SecretKind
	for _, k := range s.Keeps {
		kinds = append(kinds, k.Kind)
		if k.Account == "" || k.Absent == "" || k.SignsIn == nil {
			t.Fatal("the suite does not say what is kept, or how its holder signs in")
		}
	}
	for _, kind := range s.Spec.Keeps {
		if !slices.Contains(kinds, kind) {
			t.Errorf("the kind says that it keeps %s, and the suite has no such account", kind)
		}
	}
	for _, kept := range s.Keeps {
		for _, test := range []struct {
			name string
			run  func(*testing.T, *keeping)
		}{
			{"Set", setAgain},
			{"Others", besideOthers},
			{"Nasty", nasty},
			{"Refused", refusedSecrets},
			{"Absent", absent},
			{"Disabled", disabled},
			{"Privilege", privilege},
			{"AtOnce", atOnce},
			{"Wrong", wrongOnes},
			{"Unreachable", unreachable},
			{"Lesson29_LostAnswers", lostSecrets},
			{"BrokenOpens", brokenOpens},
			{"Silence", silence},
		} {
			t.Run(string(kept.Kind)+"/"+test.name, func(t *testing.T) {
				left := nothingLeft(t)
				t.Run("Run", func(t *testing.T) { test.run(t, s.keeping(t, s.Config, kept, nil)) })
				left()
			})
		}
	}
}

// keeping opens the connector with a configuration.
func (s Suite) keeping(t *testing.T, cfg connector.Config, kept Kept, seen *canaries) *keeping {
	t.Helper()
	c, ok := s.open(t, cfg).(connector.Keeper)
	if !ok {
		t.Fatal("the connector keeps no secrets")
	}
	if seen == nil {
		seen = &canaries{}
		seen.add(cfg.Credential)
	}
	return &keeping{c, s, kept, seen}
}

// with is the same account by another configuration.
func (k *keeping) with(t *testing.T, cfg connector.Config) *keeping {
	t.Helper()
	k.seen.add(cfg.Credential)
	return k.keeping(t, cfg, k.Kept, k.seen)
}

func (c *canaries) add(s secret.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, s)
}

func (k *keeping) new(value, old secret.Secret) connector.NewSecret {
	k.seen.add(value)
	return connector.NewSecret{Account: k.Account, Kind: k.Kind, Value: value, Old: old}
}

// give sets a secret within the time that an answer may take.
func (k *keeping) give(t *testing.T, n connector.NewSecret) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answers)
	defer cancel()
	k.seen.add(n.Value)
	return k.SetSecret(ctx, n)
}

// set gives the account another secret and hands it back.
func (k *keeping) set(t *testing.T, old secret.Secret) secret.Secret {
	t.Helper()
	value := k.fresh(t)
	if err := k.give(t, k.new(value, old)); err != nil {
		t.Fatalf("setting a secret: %v", err)
	}
	return value
}

// fresh is a secret that nobody has seen.
func (k *keeping) fresh(t *testing.T) secret.Secret {
	t.Helper()
	if k.Kind == connector.SSHKey {
		return freshKey(t)
	}
	value := "aA1-" + rand.Text()
	if most := k.Spec.Takes.Most; most != 0 && most < len(value) {
		value = value[:most]
	}
	return secret.New([]byte(value))
}

func freshKey(t *testing.T) secret.Secret {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return secret.New(pem.EncodeToMemory(block))
}

// setAgain: what was set opens and what was there does not, however often it is set, and
// whatever it is said to have been before.
func setAgain(t *testing.T, k *keeping) {
	first := k.set(t, secret.Secret{})
	k.only(t, "the first", first, k.fresh(t))
	second := k.set(t, first)
	k.only(t, "the second", second, first)
	for _, old := range []secret.Secret{first, second, {}, k.fresh(t)} {
		if err := k.give(t, k.new(second, old)); err != nil {
			t.Fatalf("the same again: %v", err)
		}
	}
	k.only(t, "the same again", second, first)
	if k.set(t, k.fresh(t)); k.tries(t, second) {
		t.Error("what came before opens it, since the caller did not know it")
	}
}

// besideOthers: other keys of the same list stay where that is asked for, and there alone.
func besideOthers(t *testing.T, k *keeping) {
	if k.Kind != connector.SSHKey {
		t.Skip("there is one")
	}
	first, second := k.set(t, secret.Secret{}), k.fresh(t)
	n := k.new(second, secret.Secret{})
	n.Keep = true
	for range 2 {
		if err := k.give(t, n); err != nil {
			t.Fatal(err)
		}
	}
	if !k.tries(t, first) || !k.tries(t, second) {
		t.Error("of two that are kept side by side one does not open it")
	}
	third := k.set(t, secret.Secret{})
	k.only(t, "without the others", third, first)
	k.only(t, "without the others", third, second)
}

// nasty: what a password may be is not touched by quoting, shells and formats.
func nasty(t *testing.T, k *keeping) {
	list := k.Nasty
	if k.Kind == connector.Password {
		list = append(slices.Clip(list), k.nastyPasswords()...)
	}
	old := k.set(t, secret.Secret{})
	for _, value := range list {
		if err := k.give(t, k.new(value, old)); err != nil {
			t.Errorf("%q: %v", value.Reveal(), err)
			continue
		}
		if !k.tries(t, value) || !k.SignsIn(t, value) {
			t.Errorf("%q was set and opens nothing", value.Reveal())
		}
		if k.tries(t, old) {
			t.Errorf("%q was set and what came before opens it", value.Reveal())
		}
		old = value
	}
}

// refusedSecrets: what cannot be a secret is refused before anything is changed.
func refusedSecrets(t *testing.T, k *keeping) {
	now := k.set(t, secret.Secret{})
	bad := append([]secret.Secret{{}}, k.Bad...)
	if k.Kind == connector.Password {
		bad = append(bad, k.badPasswords()...)
	}
	for _, value := range bad {
		k.refuses(t, "a value that cannot be one", k.give(t, k.new(value, now)), connector.ErrUnsupported)
	}
	for _, kind := range []connector.SecretKind{connector.Password, connector.SSHKey, "", "tea"} {
		if slices.Contains(k.Spec.Keeps, kind) {
			continue
		}
		n := k.new(k.fresh(t), now)
		n.Kind = kind
		k.refuses(t, "a kind that is not kept", k.give(t, n), connector.ErrUnsupported)
		_, err := k.opens(t, k.Account, kind, n.Value)
		k.refuses(t, "a kind that is not kept", err, connector.ErrUnsupported)
	}
	k.only(t, "after what was refused", now, k.fresh(t))
}

// absent: of an account that is not there nothing can be said, and nothing is made.
func absent(t *testing.T, k *keeping) {
	before := len(accounts(k.all(t)))
	for _, account := range []string{k.Absent, ""} {
		n := k.new(k.fresh(t), secret.Secret{})
		n.Account = account
		k.refuses(t, "an account that is not there", k.give(t, n), connector.ErrUnsupported)
		is, err := k.opens(t, account, k.Kind, n.Value)
		if is {
			t.Error("an account that is not there opens")
		}
		k.refuses(t, "an account that is not there", err, connector.ErrUnsupported)
	}
	if after := len(accounts(k.all(t))); after != before {
		t.Errorf("%d accounts became %d", before, after)
	}
}

// disabled: another secret lets nobody in whose account is disabled, and a disabled account
// is no proof against a secret.
func disabled(t *testing.T, k *keeping) {
	w, ok := k.Keeper.(connector.Writer)
	if !ok || !slices.Contains(k.Spec.Changes, connector.DisableAccount) {
		t.Skip("the kind disables no accounts")
	}
	now := k.set(t, secret.Secret{})
	apply(t, w, connector.Change{Kind: connector.DisableAccount, Account: k.Account})
	defer apply(t, w, connector.Change{Kind: connector.EnableAccount, Account: k.Account})
	shut := func() {
		t.Helper()
		if is, err := k.opens(t, k.Account, k.Kind, now); is || err == nil {
			t.Errorf("disabled it opens as %v, %v: want an error, the secret is right", is, err)
		} else {
			k.refuses(t, "a disabled account", err, connector.ErrUnsupported, connector.ErrPrivilege)
		}
		if k.SignsIn(t, now) != k.Idle {
			t.Error("a disabled account lets its holder in, or is Idle and does not")
		}
	}
	shut()
	next := k.fresh(t)
	err := k.give(t, k.new(next, now))
	if err == nil {
		now = next
	} else {
		k.refuses(t, "setting the secret of a disabled account", err, connector.ErrUnsupported)
	}
	if still, err := w.ReadBack(t.Context(), connector.Change{Kind: connector.DisableAccount, Account: k.Account}); err != nil || !still {
		t.Errorf("the secret of a disabled account was set, and that it is disabled reads back %v, %v", still, err)
	}
	shut()
	apply(t, w, connector.Change{Kind: connector.EnableAccount, Account: k.Account})
	k.only(t, "enabled again", now, k.fresh(t))
}

// privilege: whom the system does not let set a secret changes nothing.
func privilege(t *testing.T, k *keeping) {
	if len(k.Without) == 0 {
		t.Skip("the suite has nobody without the privilege")
	}
	now := k.set(t, secret.Secret{})
	for _, cfg := range k.Without {
		next := k.fresh(t)
		k.refuses(t, "without the privilege", k.with(t, cfg).give(t, k.new(next, now)), connector.ErrPrivilege)
		k.only(t, "without the privilege", now, next)
	}
}

// atOnce: of two that are set at once one opens, and Opens says which.
func atOnce(t *testing.T, k *keeping) {
	const rounds = 3
	for range rounds {
		values := []secret.Secret{k.fresh(t), k.fresh(t)}
		errs := make([]error, len(values))
		var all sync.WaitGroup
		for i := range values {
			other := k.with(t, k.Config)
			all.Go(func() { errs[i] = other.give(t, k.new(values[i], secret.Secret{})) })
		}
		all.Wait()
		if errs[0] != nil && errs[1] != nil {
			t.Fatalf("two at once, and none was set: %v", errs)
		}
		open := 0
		for i, value := range values {
			k.quiet(t, "two at once", errs[i])
			is := k.tries(t, value)
			if is {
				open++
			}
			if is != k.SignsIn(t, value) {
				t.Error("of two that were set at once, the system's own client says otherwise than Opens")
			}
		}
		if open != 1 {
			t.Errorf("of two that were set at once %d open it: %v", open, errs)
		}
	}
}

// places are where the line breaks while a secret is set. Near the end of what the system
// says, where it has taken it and the answer is lost, they are looked for in such steps,
// which grow after so many.
const (
	places = 6
	step   = 20
	steps  = 12
)

// lostSecrets: wherever the line breaks, either the old or the new secret opens it, Opens
// says which, and setting it again ends with the new one.
func lostSecrets(t *testing.T, k *keeping) {
	p := testkit.NewProxy(t, k.Addr)
	far := k.with(t, k.Through(k.Config, p.Addr))
	p.Break(testkit.Pass, 0)
	now := far.set(t, k.set(t, secret.Secret{}))
	total, _ := p.Total()
	felt, took := 0, 0
	try := func(after int64) {
		t.Helper()
		p.Break(testkit.Cut, after)
		far := k.with(t, k.Through(k.Config, p.Addr)) // a line that is kept has said less
		next := k.fresh(t)
		err := far.give(t, k.new(next, now))
		is, was := k.tries(t, next), k.tries(t, now)
		switch {
		case is == was:
			t.Fatalf("cut after %d of %d bytes (%v) the new one opens it: %v, the old one: %v", after, total, err, is, was)
		case err == nil && !is:
			t.Fatalf("cut after %d of %d bytes it was said to be set, and is not", after, total)
		case err != nil:
			k.refuses(t, "a broken line", err, connector.ErrUnreachable, connector.ErrIncomplete)
			if felt++; is {
				took++
			}
		}
		if err := k.give(t, k.new(next, now)); err != nil {
			t.Fatalf("again after %d of %d bytes: %v", after, total, err)
		}
		k.only(t, "set again after a broken line", next, now)
		now = next
	}
	for n := range int64(places) {
		try(total * n / places)
	}
	for n, back := 0, int64(1); back < total && took == 0; n++ {
		try(total - back)
		if back += step; n > steps {
			back *= 2
		}
	}
	if felt < places/2 || took == 0 {
		t.Errorf("%d cuts were felt, and in %d of these the secret had been taken", felt, took)
	}
}

// silence: a system that stops answering holds nobody up beyond the caller's deadline.
func silence(t *testing.T, k *keeping) {
	p := testkit.NewProxy(t, k.Addr)
	cfg := k.Through(k.Config, p.Addr)
	cfg.Options = k.Config.Options // the time-outs of who set none
	far := k.with(t, cfg)
	now := k.set(t, secret.Secret{})
	for _, call := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"SetSecret", func(ctx context.Context) error { return far.SetSecret(ctx, k.new(k.fresh(t), now)) }},
		{"Opens", func(ctx context.Context) error {
			is, err := far.Opens(ctx, k.Account, k.Kind, now)
			if !is && err == nil {
				t.Error("what opens it was said not to")
			}
			return err
		}},
	} {
		p.Break(testkit.Pass, 0)
		if err := call.do(t.Context()); err != nil {
			t.Fatalf("%s through the proxy: %v", call.name, err)
		}
		total, _ := p.Total()
		for _, after := range []int64{0, total / 2, total - 1} {
			p.Break(testkit.Hang, after)
			if err := k.punctual(t, call.name, call.do); err != nil || after != total-1 { // behind the answer, some say goodbye
				k.refuses(t, call.name+" of a silent system", err, connector.ErrUnreachable, connector.ErrIncomplete)
			}
		}
		now = k.set(t, now)
	}
}
