package connectortest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const (
	answers  = 30 * time.Second       // that a system may take for one call
	deadline = 300 * time.Millisecond // of a call to a system that is silent
	late     = 3 * time.Second        // how much later than that it may end
	settling = 10 * time.Second       // until what was closed is gone
)

// opens asks within the time that an answer may take.
func (k *keeping) opens(t *testing.T, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answers)
	defer cancel()
	k.seen.add(value)
	is, err := k.Opens(ctx, account, kind, value)
	if is && err != nil {
		t.Errorf("it opens, and there is an error: %v", err)
	}
	return is, err
}

// tries is opens where the system answers.
func (k *keeping) tries(t *testing.T, value secret.Secret) bool {
	t.Helper()
	is, err := k.opens(t, k.Account, k.Kind, value)
	if err != nil {
		t.Fatalf("trying a secret: %v", err)
	}
	return is
}

// only fails unless one secret opens the account, another does not, and the system's own
// client says the same.
func (k *keeping) only(t *testing.T, what string, value, not secret.Secret) {
	t.Helper()
	if !k.tries(t, value) || !k.SignsIn(t, value) {
		t.Errorf("%s: what was set does not open it", what)
	}
	if k.tries(t, not) || k.SignsIn(t, not) {
		t.Errorf("%s: what was not set last opens it", what)
	}
}

// refuses fails unless an error is one of the rules, names the system and holds no secret.
func (k *keeping) refuses(t *testing.T, what string, err error, rules ...error) {
	t.Helper()
	k.names(t, what, err, rules...)
	k.quiet(t, what, err)
}

// quiet fails if any form in which an error may be printed holds a secret.
func (k *keeping) quiet(t *testing.T, what string, err error) {
	t.Helper()
	said := printed(err)
	k.seen.mu.Lock()
	defer k.seen.mu.Unlock()
	for _, s := range k.seen.list {
		for _, form := range written(s.Reveal()) {
			if strings.Contains(said, form) {
				t.Errorf("%s: the error holds a secret: %v", what, err)
				return
			}
		}
	}
}

// printed is an error, and each that it was wrapped around, in every form.
func printed(err error) string {
	if err == nil {
		return ""
	}
	said := fmt.Sprintf("%v %+v %#v %s %q\n", err, err, err, err, err)
	if text, failed := json.Marshal(err); failed == nil {
		said += string(text) + "\n"
	}
	if many, is := err.(interface{ Unwrap() []error }); is { //nolint:errorlint // each is looked at
		for _, one := range many.Unwrap() {
			said += printed(one)
		}
	}
	return said + printed(errors.Unwrap(err))
}

// shortest is how long a value is that cannot stand in an error by chance.
const shortest = 8

// written are the forms that a value may have been given on its way into a text.
func written(value []byte) []string {
	if len(value) < shortest {
		return nil
	}
	s := string(value)
	quoted := strconv.Quote(s)
	sql := strings.ReplaceAll(s, "'", "''")
	return []string{s, quoted[1 : len(quoted)-1], sql, url.QueryEscape(s), hex.EncodeToString(value), base64.StdEncoding.EncodeToString(value)}
}

// awkward are what quoting, shells, formats and trimming trip over.
var awkward = []string{
	`'; drop role x; --`, `"`, `\`, `\\x41\n`, "$HOME`id`$(id)", "%s%n%20", "a:b:c", "#!&|<>;*?[]{}~", " in front and behind ", "--help", "-", "pässwörd-ключ-鍵", "two\u0301", "A@b=c,d+e",
}

// nastyPasswords are those that the kind says it takes.
func (k *keeping) nastyPasswords() (list []secret.Secret) {
	p := k.Spec.Takes
	for _, a := range awkward {
		if value := a + "aA1-bB2" + a; takes(p, value) {
			list = append(list, secret.New([]byte(value)))
		}
	}
	if p.Most > 0 {
		long := "aA1-" + strings.Repeat("x", p.Most-4)
		list = append(list, secret.New([]byte(long)))
	}
	return list
}

// badPasswords are those that it says it does not take.
func (k *keeping) badPasswords() (list []secret.Secret) {
	p := k.Spec.Takes
	for _, c := range []byte(p.Without) {
		if c == 0 || c == '\n' || c == '\r' || c == '\t' || c == 0x7f || c == 0xff || c > ' ' && c < 0x7f {
			list = append(list, secret.New([]byte("aA1-bB2-"+string(rune(c))+"cC3")), secret.New(append([]byte("aA1-bB2-cC3"), c)))
		}
	}
	if p.Most > 0 {
		list = append(list, secret.New([]byte("aA1-"+strings.Repeat("x", p.Most-3))))
	}
	if p.Length > 1 {
		list = append(list, secret.New([]byte(strings.Repeat("x", p.Length-1))))
	}
	return list
}

func takes(p connector.SecretPolicy, value string) bool {
	return p.Refuses(secret.New([]byte(value))) == ""
}

// wrongOnes: what is nearly the secret, or none, does not open it, and is no error.
func wrongOnes(t *testing.T, k *keeping) {
	now := k.set(t, secret.Secret{})
	if is, _ := k.opens(t, k.Account, k.Kind, secret.Secret{}); is {
		t.Error("no secret at all opens it")
	}
	if k.Kind != connector.Password {
		k.only(t, "another", now, k.fresh(t))
		return
	}
	text := string(now.Reveal())
	for _, wrong := range []string{text[:len(text)-1], text[1:], text + "x", strings.ToLower(text), " " + text, text + " "} {
		if takes(k.Spec.Takes, wrong) && k.tries(t, secret.New([]byte(wrong))) {
			t.Errorf("it opens with %q and was given %q", wrong, text)
		}
	}
	k.only(t, "after many wrong ones", now, k.fresh(t))
}

// unreachable: who does not answer is an error, and neither yes nor no.
func unreachable(t *testing.T, k *keeping) {
	p := testkit.NewProxy(t, k.Addr)
	p.Break(testkit.Refuse, 0)
	now := k.set(t, secret.Secret{})
	for what, addr := range map[string]string{"hung up at once": p.Addr, "nobody listens": "127.0.0.1:1"} {
		far := k.with(t, k.Through(k.Config, addr))
		k.refuses(t, what, far.give(t, k.new(k.fresh(t), now)), connector.ErrUnreachable)
		for _, value := range []secret.Secret{now, k.fresh(t)} {
			is, err := far.opens(t, k.Account, k.Kind, value)
			if is {
				t.Errorf("%s: it opens", what)
			}
			k.refuses(t, what, err, connector.ErrUnreachable)
		}
	}
	k.only(t, "after all", now, k.fresh(t))
}

// brokenOpens: wherever the line breaks while a secret is tried, there is a true answer or
// an error.
func brokenOpens(t *testing.T, k *keeping) {
	p := testkit.NewProxy(t, k.Addr)
	far := k.with(t, k.Through(k.Config, p.Addr))
	now := k.set(t, secret.Secret{})
	felt := 0
	for value, want := range map[*secret.Secret]bool{&now: true, new(k.fresh(t)): false} {
		p.Break(testkit.Pass, 0)
		if is, err := far.opens(t, k.Account, k.Kind, *value); is != want || err != nil {
			t.Fatalf("through the proxy it opens as %v, %v", is, err)
		}
		total, _ := p.Total()
		for n := range int64(places) {
			p.Break(testkit.Cut, total*n/places)
			is, err := far.opens(t, k.Account, k.Kind, *value)
			switch {
			case err != nil:
				felt++
				k.refuses(t, "a broken line", err, connector.ErrUnreachable, connector.ErrIncomplete)
			case is != want:
				t.Errorf("cut after %d of %d bytes it opens as %v, which is not so", total*n/places, total, is)
			}
		}
	}
	if felt < places/2 {
		t.Errorf("only %d of %d cuts were felt", felt, 2*places)
	}
}

// punctual fails unless a call ends soon after its deadline.
func (k *keeping) punctual(t *testing.T, what string, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- call(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(deadline + late):
		t.Fatalf("%s still waits %s after its deadline", what, late)
		return nil
	}
}

// nothingLeft returns what fails unless as many goroutines are there as were now.
func nothingLeft(t *testing.T) (left func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	return func() {
		t.Helper()
		tick, end := time.NewTicker(5*time.Millisecond), time.After(settling)
		defer tick.Stop()
		for runtime.NumGoroutine() > before {
			select {
			case <-tick.C:
			case <-end:
				stacks := make([]byte, 64<<10)
				t.Errorf("%d goroutines became %d:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
				return
			}
		}
	}
}
