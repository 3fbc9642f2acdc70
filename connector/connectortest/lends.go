package connectortest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// Lending is a server that accounts for one use are made in.
type Lending struct {
	// Entitlements are native ids, with what only who has them can do in May.
	Entitlements []string
	May          func(t *testing.T, login string, value secret.Secret) bool
	// SignsIn reports whether the system's own client is let in.
	SignsIn func(t *testing.T, login string, value secret.Secret) bool
	// Works signs in, makes something that the account owns then, and stays; there reports
	// whether the session is there still, and owner who owns what was made.
	Works func(t *testing.T, login string, value secret.Secret) (there func() bool, owner func() string)
	// Successor is the native id, and Heir the login, of who gets that.
	Successor, Heir string
	// Exists reports whether the server has the account.
	Exists func(t *testing.T, login string) bool
	// Stranger makes an account of a login, as somebody else would, without a mark.
	Stranger func(t *testing.T, login string)
	// Nasty are logins that a careless quote would let out.
	Nasty []string
	// Ends says that the server ends a sign-in by itself at its end.
	Ends bool
}

// lending is the connector and the server that it lends in.
type lending struct {
	connector.Lender
	Suite
	*Lending
}

// Lend tests what makes accounts for one use, and nothing else of a connector: Run does, too.
func Lend(t *testing.T, s Suite) {
	t.Helper()
	if !s.Spec.Lends {
		t.Fatal("the kind lends nothing")
	}
	s.lends(t)
}

func (s Suite) lends(t *testing.T) {
	if s.Lends == nil {
		t.Fatal("the suite does not say what is lent")
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *lending)
	}{
		{"Whole", lendWhole},
		{"Again", lendAgain},
		{"Foreign", lendForeign},
		{"Lesson15_Nasty", lendNasty},
		{"Ends", lendEnds},
		{"Orphans", lendOrphans},
		{"AtOnce", lendAtOnce},
		{"Refused", lendRefused},
		{"Unreachable", lendUnreachable},
		{"LostAnswers", lendLost},
	} {
		t.Run(test.name, func(t *testing.T) {
			left := nothingLeft(t)
			t.Run("Run", func(t *testing.T) { test.run(t, s.lending(t, s.Config)) })
			left()
		})
	}
}

func (s Suite) lending(t *testing.T, cfg connector.Config) *lending {
	t.Helper()
	c, ok := s.open(t, cfg).(connector.Lender)
	if !ok {
		t.Fatal("the connector lends nothing")
	}
	return &lending{c, s, s.Lends}
}

// markOf begins the marks of this kit.
const markOf = "kit.a1."

// loan is an account that nobody has made yet.
func (l *lending) loan(t *testing.T) connector.Loan {
	t.Helper()
	word := rand.Text()[:10]
	value := "aA1-" + rand.Text()
	if most := l.Spec.Takes.Most; most != 0 && most < len(value) {
		value = value[:most]
	}
	return connector.Loan{
		Lent:  connector.Lent{Name: "kit_" + word, Mark: markOf + word},
		Value: secret.New([]byte(value)), Until: time.Now().Add(time.Hour), Entitlements: l.Entitlements, Inherit: true,
	}
}

func (l *lending) lend(t *testing.T, x connector.Loan) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answers)
	defer cancel()
	if err := l.Lend(ctx, x); err != nil {
		t.Fatalf("lending: %v", err)
	}
}

func (l *lending) recall(t *testing.T, of connector.Lent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answers)
	defer cancel()
	if err := l.Recall(ctx, of, l.Successor); err != nil {
		t.Fatalf("recalling: %v", err)
	}
}

// lendWhole: what is lent opens and may what it was given; recalled, its session has ended,
// what it owned is its successor's, and nothing of it is there.
func lendWhole(t *testing.T, l *lending) {
	x := l.loan(t)
	l.lend(t, x)
	if !l.SignsIn(t, x.Name, x.Value) || l.SignsIn(t, x.Name, secret.New([]byte("another-1A"))) {
		t.Fatal("it does not open with its password alone")
	}
	if !l.May(t, x.Name, x.Value) {
		t.Error("it may not do what it was given")
	}
	bare := l.loan(t)
	bare.Entitlements = nil
	l.lend(t, bare)
	if l.May(t, bare.Name, bare.Value) {
		t.Error("without being given anything it may do that: this test could not fail")
	}
	l.recall(t, bare.Lent)
	there, owner := l.Works(t, x.Name, x.Value)
	if !there() || owner() != x.Name {
		t.Fatalf("its session is there: %v; what it made is %s's", there(), owner())
	}
	l.recall(t, x.Lent)
	if there() {
		t.Error("its session goes on")
	}
	if got := owner(); got != l.Heir {
		t.Errorf("what it owned is %q's, not %q's", got, l.Heir)
	}
	if l.Exists(t, x.Name) || l.SignsIn(t, x.Name, x.Value) {
		t.Error("it is there after it was recalled")
	}
	l.recall(t, x.Lent) // what is not there is recalled
}

// lendAgain: whoever lost the answer asks again, and has one account.
func lendAgain(t *testing.T, l *lending) {
	x := l.loan(t)
	for range 3 {
		l.lend(t, x)
	}
	if !l.SignsIn(t, x.Name, x.Value) || !l.May(t, x.Name, x.Value) {
		t.Error("lent again, it does not open, or may less")
	}
	if err := l.Prolong(t.Context(), x.Lent, time.Now().Add(2*time.Hour)); err != nil {
		t.Errorf("prolonging: %v", err)
	}
	l.recall(t, x.Lent)
	if err := l.Prolong(t.Context(), x.Lent, time.Now().Add(time.Hour)); err == nil {
		t.Error("what is not there is prolonged")
	}
}

// lendForeign: what has another mark, or none, is somebody else's.
func lendForeign(t *testing.T, l *lending) {
	mine := l.loan(t)
	l.lend(t, mine)
	stranger := l.loan(t)
	l.Stranger(t, stranger.Name)
	for _, x := range []connector.Loan{
		{Lent: connector.Lent{Name: mine.Name, Mark: markOf + "another"}, Value: stranger.Value, Until: stranger.Until},
		stranger,
	} {
		for what, err := range map[string]error{
			"lending": l.Lend(t.Context(), x), "recalling": l.Recall(t.Context(), x.Lent, ""), "prolonging": l.Prolong(t.Context(), x.Lent, x.Until),
		} {
			if !errors.Is(err, connector.ErrTaken) {
				t.Errorf("%s what is somebody else's: %v", what, err)
			}
		}
		if !l.Exists(t, x.Name) {
			t.Fatal("what is somebody else's is gone")
		}
	}
	if !l.SignsIn(t, mine.Name, mine.Value) {
		t.Error("what is somebody else's has another password")
	}
	l.recall(t, mine.Lent)
}

// lendNasty: names are quoted in all that lends and recalls.
func lendNasty(t *testing.T, l *lending) {
	for _, name := range l.Nasty {
		x := l.loan(t)
		x.Name = name
		l.lend(t, x)
		l.lend(t, x)
		if !l.SignsIn(t, name, x.Value) || !l.May(t, name, x.Value) {
			t.Errorf("%q does not open, or may not do what it was given", name)
		}
		if err := l.Prolong(t.Context(), x.Lent, time.Now().Add(2*time.Hour)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		there, owner := l.Works(t, name, x.Value)
		l.recall(t, x.Lent)
		if l.Exists(t, name) || there() || owner() != l.Heir {
			t.Errorf("%q is there after it was recalled, or has something left", name)
		}
	}
}

// lendEnds: where the server can, it ends a sign-in itself, and a longer end counts.
func lendEnds(t *testing.T, l *lending) {
	if !l.Ends {
		t.Skip("the server knows no end of an account")
	}
	x := l.loan(t)
	x.Until = time.Now().Add(-time.Minute)
	l.lend(t, x)
	if l.SignsIn(t, x.Name, x.Value) {
		t.Error("what is over opens")
	}
	if err := l.Prolong(t.Context(), x.Lent, time.Now().Add(time.Hour)); err != nil || !l.SignsIn(t, x.Name, x.Value) {
		t.Errorf("prolonged, it does not open: %v", err)
	}
	l.recall(t, x.Lent)
}

// lendOrphans: all that was lent under a prefix is found, and nothing else.
func lendOrphans(t *testing.T, l *lending) {
	a, b := l.loan(t), l.loan(t)
	b.Mark = "kit.b2." + b.Name
	l.lend(t, a)
	l.lend(t, b)
	got, err := l.AllLent(t.Context(), markOf)
	if err != nil || !slices.Contains(got, a.Lent) || slices.Contains(got, b.Lent) {
		t.Errorf("of two that were lent, one under this prefix: %v, %v", got, err)
	}
	for _, of := range []connector.Lent{a.Lent, b.Lent} {
		l.recall(t, of)
	}
	if got, err := l.AllLent(t.Context(), "kit."); err != nil || len(got) != 0 {
		t.Errorf("left over: %v, %v", got, err)
	}
}

// lendAtOnce: several use one connector.
func lendAtOnce(t *testing.T, l *lending) {
	var all sync.WaitGroup
	for range 8 {
		x := l.loan(t)
		all.Go(func() {
			err := l.Lend(t.Context(), x)
			if err == nil {
				err = l.Prolong(t.Context(), x.Lent, time.Now().Add(2*time.Hour))
			}
			if err := errors.Join(err, l.Recall(t.Context(), x.Lent, l.Successor)); err != nil {
				t.Errorf("at once with others: %v", err)
			}
		})
	}
	all.Wait()
}

// lendRefused: what the kind does not make, or the server has not, is said, and nothing of
// it stays.
func lendRefused(t *testing.T, l *lending) {
	for what, edit := range map[string]func(*connector.Loan){
		"no name":     func(x *connector.Loan) { x.Name = "" },
		"a long name": func(x *connector.Loan) { x.Name = string(make([]byte, l.Spec.Loans+1)) },
		"no mark":     func(x *connector.Loan) { x.Mark = "" },
		"a bad mark":  func(x *connector.Loan) { x.Mark = "kit' or ''='" },
		"no password": func(x *connector.Loan) { x.Value = secret.Secret{} },
		"no end":      func(x *connector.Loan) { x.Until = time.Time{} },
		"nonsense":    func(x *connector.Loan) { x.Entitlements = []string{"nonsense'; drop"} },
	} {
		x := l.loan(t)
		edit(&x)
		l.names(t, what, l.Lend(t.Context(), x), connector.ErrUnsupported)
	}
	x := l.loan(t)
	l.lend(t, x)
	_, owner := l.Works(t, x.Name, x.Value)
	l.names(t, "no such successor", l.Recall(t.Context(), x.Lent, "nobody at all"), connector.ErrUnsupported)
	if owner() != x.Name || l.SignsIn(t, x.Name, x.Value) {
		t.Error("without a successor it opens still, or what it owns is not its own any more")
	}
	l.recall(t, x.Lent)
	if owner() != l.Heir {
		t.Error("recalled at last, what it owned is not its successor's")
	}
}

// lendUnreachable: a server that is away is not one that has nothing.
func lendUnreachable(t *testing.T, l *lending) {
	away := l.lending(t, l.Through(l.Config, "127.0.0.1:1"))
	x := l.loan(t)
	_, err := away.AllLent(t.Context(), markOf)
	for what, err := range map[string]error{"lending": away.Lend(t.Context(), x), "recalling": away.Recall(t.Context(), x.Lent, ""), "listing": err} {
		l.names(t, what, err, connector.ErrUnreachable)
	}
}

// lendLost: an answer that was lost leaves what can be lent again, and recalled.
func lendLost(t *testing.T, l *lending) {
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 6 * time.Millisecond} {
		x := l.loan(t)
		ctx, cancel := context.WithTimeout(t.Context(), after)
		_ = l.Lend(ctx, x)
		cancel()
		l.lend(t, x)
		if !l.SignsIn(t, x.Name, x.Value) {
			t.Error("lent again, it does not open")
		}
		ctx, cancel = context.WithTimeout(t.Context(), after)
		_ = l.Recall(ctx, x.Lent, l.Successor)
		cancel()
		l.recall(t, x.Lent)
		if l.Exists(t, x.Name) {
			t.Error("recalled again, it is there")
		}
	}
}
