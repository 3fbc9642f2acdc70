package vault

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
)

func TestWhatIsNoSafe(t *testing.T) {
	good := Safe{Name: "ledger", Owner: 1, Sharing: Shared, Terms: access.Terms{Most: time.Hour}}
	for name, edit := range map[string]func(*Safe){
		"no name":        func(s *Safe) { s.Name = " \t" },
		"a path":         func(s *Safe) { s.Name = "a/b" },
		"a long name":    func(s *Safe) { s.Name = strings.Repeat("x", 65) },
		"a control":      func(s *Safe) { s.Name = "a\x1bb" },
		"no owner":       func(s *Safe) { s.Owner = 0 },
		"its own deputy": func(s *Safe) { s.Deputy = 1 },
		"no sharing":     func(s *Safe) { s.Sharing = "" },
	} {
		s := good
		if edit(&s); !errors.Is(s.Validate(), ErrSafe) {
			t.Errorf("%s: %v", name, s.Validate())
		}
	}
	s := good
	s.Terms.Most = 0
	if err := s.Validate(); !errors.Is(err, access.ErrTerms) {
		t.Errorf("terms that last for no time: %v", err)
	}
	s = good
	if s.Name = "  the \n ledger "; s.Validate() != nil || s.Name != "the ledger" {
		t.Errorf("it is called %q", s.Name)
	}
}

func TestWhatIsNoSecret(t *testing.T) {
	good := Secret{Safe: 1, Name: "root", Kind: Password}
	for name, edit := range map[string]func(*Secret){
		"no name":       func(x *Secret) { x.Name = "" },
		"no safe":       func(x *Secret) { x.Safe = 0 },
		"no kind":       func(x *Secret) { x.Kind = "pin" },
		"no sharing":    func(x *Secret) { x.Sharing = "some" },
		"a label":       func(x *Secret) { x.Labels = map[string]string{"": "x"} },
		"a long label":  func(x *Secret) { x.Labels = map[string]string{"x": strings.Repeat("x", 257)} },
		"a wide labels": func(x *Secret) { x.Labels = map[string]string{" x": "x"} },
	} {
		x := good
		if edit(&x); !errors.Is(x.Validate(), ErrSecret) {
			t.Errorf("%s: %v", name, x.Validate())
		}
	}
	x := good
	x.Rules.Length = 3
	if err := x.Validate(); !errors.Is(err, generate.ErrRules) {
		t.Errorf("rules: %v", err)
	}
}

func TestValuesAreOfTheirKind(t *testing.T) {
	private, _, err := generate.SSHKey("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind  Kind
		value string
		good  bool
	}{
		{Password, "x", true},
		{Password, "", false},
		{Password, "\xff", false},
		{Password, strings.Repeat("x", maxValue+1), false},
		{File, "\xff\x00", true},
		{File, strings.Repeat("x", maxFile), true},
		{File, strings.Repeat("x", maxFile+1), false},
		{JSON, `{"a": 1}`, true},
		{JSON, `{"a": `, false},
		{Database, "postgres://x", false},
		{SSHKey, string(private.Reveal()), true},
		{SSHKey, "ssh-ed25519 AAAA", false},
	} {
		err := tt.kind.Check(secret.New([]byte(tt.value)))
		if (err == nil) != tt.good {
			t.Errorf("%s of %d bytes: %v", tt.kind, len(tt.value), err)
		}
		if err != nil && len(tt.value) > 1 && strings.Contains(err.Error(), tt.value) {
			t.Errorf("the error says the value: %v", err)
		}
	}
}

// To use is not to reveal; whoever may see what it is may use it.
func TestRightsCover(t *testing.T) {
	for _, tt := range []struct {
		has, asked Level
		want       bool
	}{{Use, Use, true}, {Use, Reveal, false}, {Reveal, Use, true}, {Reveal, Reveal, true}, {"", Use, false}, {"own", Use, false}} {
		if got := tt.has.covers(tt.asked); got != tt.want {
			t.Errorf("%q covers %q: %v", tt.has, tt.asked, got)
		}
	}
	if _, has := best(nil, []Right{{Holder: access.IdentityID(1).Ref(), Level: Reveal}}, 1); has {
		t.Error("without a graph somebody has a right")
	}
}

func TestCheckoutsLast(t *testing.T) {
	terms := access.Terms{Most: time.Hour}
	for asked, want := range map[time.Duration]time.Duration{0: time.Hour, time.Minute: time.Minute, time.Hour: time.Hour, time.Second: -1, time.Hour + 1: -1, -time.Minute: -1} {
		got, err := lasting(asked, terms)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("asked for %s it lasts %s: %v", asked, got, err)
		}
	}
	const minute = access.Time(60_000_000)
	c := Checkout{State: Out, Started: minute, Ends: 31 * minute, Most: time.Hour}
	for _, tt := range []struct {
		by   time.Duration
		now  access.Time
		want access.Time
		err  *fault.Error
	}{
		{30 * time.Minute, 5 * minute, 61 * minute, nil},
		{31 * time.Minute, 5 * minute, 0, ErrLasts},
		{time.Second, 5 * minute, 0, ErrLasts},
		{time.Minute, 31 * minute, 0, ErrCheckoutEnded},
	} {
		got, err := c.Extended(tt.by, tt.now)
		if got != tt.want || tt.err != nil && !errors.Is(err, tt.err) || tt.err == nil && err != nil {
			t.Errorf("by %s at %d: %d, %v", tt.by, tt.now, got, err)
		}
	}
	c.State = Returned
	if _, err := c.Extended(time.Minute, 5*minute); !errors.Is(err, ErrCheckoutEnded) {
		t.Errorf("it was given back: %v", err)
	}
}
