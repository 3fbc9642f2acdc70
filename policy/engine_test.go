package policy

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

const permitAll = `@id("all") @reason("everything") permit (principal, action, resource);`

// house is a document that is enforced.
func house(text ...string) Document {
	return Document{Name: "house", Default: Enforce, Text: strings.Join(text, "\n")}
}

// Invariant 1: doubt is denial, and says what was in doubt.
func TestDoubtIsDenial(t *testing.T) {
	c := smallCompany()
	e := engine(t, c, house(permitAll))
	blind, err := New(Config{Set: e.Set(), Facts: func() Facts { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ask := Request{Principal: rick.Ref(), Action: "system.read", Resource: Resource{Scope: 4}}
	tests := []struct {
		name string
		e    *Engine
		ctx  context.Context
		edit func(*Request)
		want Cause
	}{
		{"no engine", nil, t.Context(), func(*Request) {}, NoEngine},
		{"no facts", blind, t.Context(), func(*Request) {}, NoFacts},
		{"ended", e, ended, func(*Request) {}, Ended},
		{"unknown action", e, t.Context(), func(r *Request) { r.Action = "system.own" }, UnknownAction},
		{"no action", e, t.Context(), func(r *Request) { r.Action = "" }, UnknownAction},
		{"another type of thing", e, t.Context(), func(r *Request) { r.Resource.Ref = rick.Ref() }, WrongType},
		{"nobody", e, t.Context(), func(r *Request) { r.Principal = access.Ref{} }, UnknownIdentity},
		{"an account", e, t.Context(), func(r *Request) { r.Principal = ricksAccount.Ref() }, UnknownIdentity},
		{"a negative key", e, t.Context(), func(r *Request) { r.Principal.Key = -1 }, UnknownIdentity},
		{"unknown identity", e, t.Context(), func(r *Request) { r.Principal = stranger.Ref() }, UnknownIdentity},
		{"unknown scope", e, t.Context(), func(r *Request) { r.Resource.Scope = 77 }, UnknownScope},
		{"unknown subject", e, t.Context(), func(r *Request) { r.Action, r.Resource = "identity.read", Resource{Ref: stranger.Ref()} }, UnknownSubject},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := ask
			tt.edit(&r)
			d := tt.e.Decide(tt.ctx, r)
			if d.Permitted() || d.Cause != tt.want {
				t.Fatalf("%q: %s", d.Cause, d.Explain())
			}
			if !errors.Is(d.Err(), ErrDenied) || fault.KindOf(d.Err()) != fault.Denied {
				t.Fatal(d.Err())
			}
			if !strings.Contains(d.Explain(), causeWords[tt.want]) {
				t.Fatal(d.Explain())
			}
		})
	}
	if d := e.Decide(t.Context(), ask); !d.Permitted() || d.Err() != nil {
		t.Fatal(d.Explain())
	}
	if (Decision{}).Permitted() {
		t.Fatal("the zero decision permits")
	}
	if d := engine(t, c).Decide(t.Context(), ask); d.Permitted() || d.Cause != NoPolicy {
		t.Fatalf("without policies: %s", d.Explain())
	}
}

func TestEngineNeedsWhatItNeeds(t *testing.T) {
	set, err := NewSet(1)
	if err != nil {
		t.Fatal(err)
	}
	facts := func() Facts { return smallCompany() }
	for _, cfg := range []Config{{}, {Set: set}, {Facts: facts}, {Set: set, Facts: facts, Constraints: []Constraint{nil}}} {
		if e, err := New(cfg); e != nil || err == nil {
			t.Errorf("%+v gave an engine", cfg)
		}
	}
}

// Invariant 2. Strict validation leaves one way to err: an overflow.
const overflow = `when { context.mfa_age * 9223372036854775807 > 0 }`

func TestErrorsCountAgainstAccess(t *testing.T) {
	tests := []struct {
		name, text string
		want       bool
	}{
		{"a forbid that errs", permitAll + `@id("f") @reason("r") forbid (principal, action, resource) ` + overflow + ";", false},
		{"a permit that errs", `@id("p") @reason("r") permit (principal, action, resource) ` + overflow + ";", false},
		{"a permit that errs beside one that does not", permitAll + `@id("p") @reason("r") permit (principal, action, resource) ` + overflow + ";", true},
		{"a forbid in observe that errs", permitAll + `@id("f") @reason("r") @mode("observe") forbid (principal, action, resource) ` + overflow + ";", true},
		{"a forbid for another action that would err", permitAll + `@id("f") @reason("r") forbid (principal, action == Action::"system.add", resource) ` + overflow + ";", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := engine(t, smallCompany(), house(tt.text))
			ask := Request{Principal: rick.Ref(), Action: "system.read", Context: Context{MFAAge: time.Hour}}
			d := e.Decide(t.Context(), ask)
			if d.Permitted() != tt.want {
				t.Fatal(d.Explain())
			}
			if !tt.want && !strings.Contains(d.Explain(), "could not be evaluated") {
				t.Fatal(d.Explain())
			}
			ask.Context.MFAAge = time.Second // does not overflow
			if d := e.Decide(t.Context(), ask); strings.Contains(d.Explain(), "could not be evaluated") {
				t.Fatal(d.Explain())
			}
		})
	}
}

// Only enforce has effect; what the others would have done is counted, and warn
// says it.
func TestModes(t *testing.T) {
	const permit, forbid = `permit (principal, action, resource);`, `forbid (principal, action, resource);`
	tests := []struct {
		name, base, mode, policy string
		want, warns              bool
		count                    int64
	}{
		{"permit in observe", "", "observe", permit, false, false, 1},
		{"permit in warn", "", "warn", permit, false, true, 1},
		{"permit in enforce", "", "enforce", permit, true, false, 0},
		{"forbid in observe", permitAll, "observe", forbid, true, false, 1},
		{"forbid in warn", permitAll, "warn", forbid, true, true, 1},
		{"forbid in enforce", permitAll, "enforce", forbid, false, false, 0},
		{"permit in observe that changes nothing", permitAll, "observe", permit, true, false, 0},
		{"forbid in warn that changes nothing", "", "warn", forbid, false, false, 0},
		{"permit in warn against a forbid", `@id("no") @reason("no") forbid (principal, action, resource);`, "warn", permit, false, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := engine(t, smallCompany(), house(tt.base, `@id("new") @reason("try") @mode("`+tt.mode+`")`, tt.policy))
			d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "system.read"})
			if d.Permitted() != tt.want || (len(d.Warnings) > 0) != tt.warns {
				t.Fatalf("%+v: %s", d.Warnings, d.Explain())
			}
			if tt.warns && !strings.Contains(d.Explain(), "Warning: new would ") {
				t.Fatal(d.Explain())
			}
			var count int64
			for _, o := range e.Set().Observations() {
				count += o.Count
			}
			if count != tt.count {
				t.Fatalf("counted %d, want %d", count, tt.count)
			}
		})
	}
}

// Invariant 7.
func TestObligationsAddUp(t *testing.T) {
	e := engine(t, smallCompany(), house(
		`@id("a") @reason("r") @obligation("record, max_duration=8h, mask=iban, approve") permit (principal, action, resource);`,
		`@id("b") @reason("r") @obligation("mfa, max_duration=1h, mask=email, mask=iban, approve=2") permit (principal, action, resource);`,
		`@id("c") @reason("r") permit (principal, action, resource);`,
		`@id("d") @reason("r") @obligation("reason") permit (principal, action, resource) when { context.break_glass };`,
	))
	ask := Request{Principal: rick.Ref(), Action: "system.read"}
	want := Obligations{Record: true, MFA: true, Approve: 2, Mask: []string{"email", "iban"}, MaxDuration: time.Hour}
	for range 3 { // and adding never changes the policy's own
		if d := e.Decide(t.Context(), ask); !d.Obligations.equal(want) || len(d.Policies) != 3 {
			t.Fatalf("%+v", d.Obligations)
		}
	}
	d := e.Decide(t.Context(), ask)
	if words := " Provided that it is recorded, a second factor is asked for, 2 others approve it, masked: email iban, it ends after 1h0m0s."; !strings.Contains(d.Explain(), words) {
		t.Fatal(d.Explain())
	}
}

type rule func(Request) ([]Violation, error)

func (f rule) Check(_ context.Context, _ Facts, r Request) ([]Violation, error) { return f(r) }

func TestConstraintsForbid(t *testing.T) {
	set, err := NewSet(3, house(permitAll))
	if err != nil {
		t.Fatal(err)
	}
	conflict := Violation{Rule: "sod.payments", Reason: "whoever enters payments does not release them", Mode: Enforce}
	tests := []struct {
		name  string
		check rule
		want  bool
		says  string
	}{
		{"broken", func(Request) ([]Violation, error) { return []Violation{conflict}, nil }, false, conflict.Reason},
		{"cannot be checked", func(Request) ([]Violation, error) { return nil, errors.New("no graph") }, false, "could not be checked"},
		{"kept", func(Request) ([]Violation, error) { return nil, nil }, true, "everything"},
		{"in observe", func(Request) ([]Violation, error) { return []Violation{{"r", "x", Observe}}, nil }, true, "everything"},
		{"in warn", func(Request) ([]Violation, error) { return []Violation{{"r", "x", Warn}}, nil }, true, "Warning: r would forbid it: x."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := New(Config{Set: set, Facts: func() Facts { return smallCompany() }, Constraints: []Constraint{tt.check}})
			if err != nil {
				t.Fatal(err)
			}
			d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "system.read"})
			if d.Permitted() != tt.want || !strings.Contains(d.Explain(), tt.says) {
				t.Fatal(d.Explain())
			}
		})
	}
}

func TestExplain(t *testing.T) {
	e := engine(t, smallCompany(), Shipped()...)
	tests := []struct {
		r    Request
		want string
	}{
		{
			Request{Principal: ana.Ref(), Action: "policy.change"},
			"Permitted: identity and access management writes policies, and publishes what somebody else has written (iam.policy). Provided that it is recorded, " +
				"a second factor is asked for, a reason is asked for. Decided on the graph at revision 7 and policies at revision 1.",
		},
		{
			Request{Principal: rick.Ref(), Action: "system.add", Resource: Resource{Scope: 4}},
			"Denied: no policy permits system.add here. Decided on the graph at revision 7 and policies at revision 1.",
		},
		{
			Request{Principal: pat.Ref(), Action: "review.decide", Resource: about(pat)},
			"Denied: nobody approves, reviews or certifies their own access (guard.own-access). It is one's own because it is about the access of " +
				"whoever decides. Decided on the graph at revision 7 and policies at revision 1.",
		},
	}
	for _, tt := range tests {
		if got := e.Decide(t.Context(), tt.r).Explain(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// Invariant 8: readers see one set or the other, whole, and never an older one again.
func TestSwap(t *testing.T) {
	e := engine(t, smallCompany(), house(permitAll))
	forbidding, err := NewSet(2, house(permitAll, `@id("no") @reason("no") forbid (principal, action, resource);`))
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				d := e.Decide(context.Background(), Request{Principal: rick.Ref(), Action: "system.read"})
				if d.Permitted() != (d.PolicyRevision == 1) {
					t.Error(d.Explain())
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	if d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "system.read"}); !d.Permitted() {
		t.Fatal(d.Explain())
	}
	if err := e.Swap(forbidding); err != nil {
		t.Fatal(err)
	}
	if d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "system.read"}); d.Permitted() {
		t.Fatal(d.Explain())
	}
	close(stop)
	readers.Wait()
	older, err := NewSet(2, house(permitAll))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Swap(older); !errors.Is(err, ErrOlder) {
		t.Fatal(err)
	}
	if err := e.Swap(nil); err == nil {
		t.Fatal("no set is in force")
	}
	if permits, forbids := e.Counts(); permits == 0 || forbids == 0 {
		t.Fatalf("counted %d and %d", permits, forbids)
	}
}

// A simulation says what would change and leaves no trace.
func TestSimulate(t *testing.T) {
	e := engine(t, smallCompany(), append(Shipped(), Document{Name: "try", Text: permitAll})...)
	next, err := NewSet(2, house(
		`@id("read") @reason("reading") permit (principal, action in Action::"read", resource);`,
		`@id("read-masked") @reason("reading") @obligation("mask=email") permit (principal, action == Action::"audit.read", resource);`,
	))
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Simulate(t.Context(), next, []Request{
		{Principal: rick.Ref(), Action: "system.read"},                             // permitted then
		{Principal: ana.Ref(), Action: "system.read"},                              // as before
		{Principal: ana.Ref(), Action: "policy.change"},                            // forbidden then
		{Principal: ada.Ref(), Action: "audit.read", Resource: Resource{Scope: 4}}, // masked then
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 4 || got.Permits != 1 || got.Forbids != 1 || len(got.Differences) != 3 {
		t.Fatalf("%+v", got)
	}
	if p, f := e.Counts(); p+f != 0 || e.Set().Observations()[0].Count != 0 || next.Revision == e.Set().Revision {
		t.Fatal("a simulation has left a trace")
	}
}
