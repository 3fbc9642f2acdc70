package rotate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// world is a vault, the accounts of one secret (one, or two that take turns), who uses it, and
// the nodes, step by step: at each step what can go wrong may. The stores and targets of
// cmd/writ are real; this one can be stopped at every instruction, in every order, thousands
// of times.
type world struct {
	*rapid.T
	ConsumerStore
	PairStore
	DeskStore
	values  []value // all that the vault ever held, the oldest first
	targets map[access.AccountID]secret.Secret
	lost    secret.Secret // what the target took after the backup that the vault is from
	late    []landing     // accepted, and not set yet
	pair    *Pair         // nil is one account
	users   []user
	sets    int
	asleep  int // nodes that sleep while they set
	queue   *Queued
	fence   int
	calm    bool // nothing goes wrong any more
	prompt  bool // what is set is set at once or never: nothing is late, and nobody sleeps
	clock   access.Time
}

// value is one that the vault has, and the account that it is of.
type value struct {
	Held
	account access.AccountID
	standby bool
}

type landing struct {
	account access.AccountID
	secret  secret.Secret
}

// user is a consumer: which value it uses, and whether it has confirmed the current one. One
// that was cut off had its time.
type user struct {
	uses           access.VersionID
	confirmed, cut bool
}

const grace = 20 // ticks of the clock

var errKilled = errors.New("killed")

// may draws whether something goes wrong.
func (w *world) may(what string) bool { return !w.calm && rapid.IntRange(0, 4).Draw(w.T, what) == 0 }

// killed is a node that ends here.
func (w *world) killed(at string) {
	if w.may("killed at " + at) {
		panic(errKilled)
	}
}

func (w *world) held(v secret.Secret) bool {
	if !w.lost.Empty() && w.lost.Equal(v) {
		return true // nobody has it, until another one is set
	}
	for _, h := range w.values {
		if h.Value.Equal(v) {
			return true
		}
	}
	return false
}

// lands has a write take effect.
func (w *world) lands(l landing) {
	w.targets[l.account] = l.secret
	w.holds()
}

// land has writes take effect that were on their way.
func (w *world) land() {
	for len(w.late) > 0 && rapid.Bool().Draw(w.T, "a late write lands") {
		w.lands(w.late[0])
		w.late = w.late[1:]
	}
	w.holds()
}

// settled is a while later: nothing is on its way any more.
func (w *world) settled() {
	for _, l := range w.late {
		w.lands(l)
	}
	w.late = nil
	w.holds()
}

// holds is what must always hold: whatever opens a target, the vault has; and nobody stands
// still who uses one of two accounts, unless they had their time.
func (w *world) holds() {
	for _, v := range w.targets {
		if !w.held(v) {
			w.Fatal("a target opens with what the vault does not hold")
		}
	}
	for _, l := range w.late {
		if !w.held(l.secret) {
			w.Fatal("a target will open with what the vault does not hold")
		}
	}
	for _, u := range w.users {
		v := w.values[u.uses-1]
		if w.pair != nil && w.prompt && !u.cut && !w.targets[v.account].Equal(v.Value) {
			w.Fatalf("somebody uses a value of account %d that does not open it any more", v.account)
		}
	}
}

// use has those who use the secret go on to its current value, each when it likes.
func (w *world) use() {
	for i := range w.users {
		if u := &w.users[i]; !u.confirmed && (w.calm || rapid.Bool().Draw(w.T, "a user goes on")) {
			*u = user{uses: w.current().Version, confirmed: true}
		}
	}
	for _, u := range w.users {
		if !u.confirmed {
			return
		}
	}
	if w.pair != nil && len(w.users) > 0 && w.pair.Former > w.clock {
		w.pair.Former = w.clock
		if w.queue != nil && w.queue.Cause != InDoubt {
			w.queue.Next = min(w.queue.Next, w.clock)
		}
	}
}

func (w *world) current() value {
	for _, v := range w.values {
		if v.Current {
			return v
		}
	}
	w.Fatal("there is no current value")
	return value{}
}

func (w *world) Describe(context.Context) (connector.Description, error) {
	return connector.Description{}, nil
}

func (w *world) Discover(context.Context, string) iter.Seq2[connector.Record, error] {
	return func(func(connector.Record, error) bool) {}
}

func (w *world) Close() error { return nil }

func accountOf(native string) access.AccountID { return access.AccountID(native[0] - '0') }

// touched is that an account is given something: not one that somebody may use still.
func (w *world) touched(account access.AccountID) {
	if w.pair == nil || account == w.pair.Live || w.pair.Former == 0 {
		return
	}
	if w.pair.Former > w.clock && w.queue != nil && w.queue.Cause != Incident && w.prompt {
		w.Fatal("an account is changed that somebody uses still")
	}
	for i := range w.users {
		w.users[i].cut = w.users[i].cut || !w.users[i].confirmed
	}
}

// SetSecret may perform what it refuses, refuse what it performs, and do it later.
func (w *world) SetSecret(_ context.Context, s connector.NewSecret) error {
	w.killed("before it is set")
	w.sets++
	l := landing{accountOf(s.Account), secret.New(s.Value.Reveal())}
	if !w.held(s.Value) {
		w.Fatal("a target was given what the vault does not hold")
	}
	w.touched(l.account)
	if w.sleep() {
		w.lands(l)
		return nil
	}
	switch {
	case w.may("it lies"):
		return nil
	case !w.prompt && w.may("it hangs"):
		w.late = append(w.late, l)
		return connector.ErrUnreachable
	case w.may("it refuses"):
		return connector.ErrPrivilege
	}
	w.lands(l)
	w.killed("after it is set")
	if w.may("its answer is lost") {
		return connector.ErrUnreachable
	}
	return nil
}

// sleep is a node that stops for so long that others have the secret, settle what they are in
// doubt of, and think that they are done. Then it wakes, and sets what it has. (One that is
// killed after that long leaves what only alignment finds.)
func (w *world) sleep() bool {
	if w.prompt || w.asleep > 1 || !w.may("it sleeps") {
		return false
	}
	w.asleep++
	for range rapid.IntRange(1, 4).Draw(w.T, "attempts meanwhile") {
		w.attempt()
	}
	w.asleep--
	return true
}

func (w *world) Opens(_ context.Context, account string, _ connector.SecretKind, v secret.Secret) (bool, error) {
	w.killed("before it is tried")
	if w.may("it cannot be tried") {
		return false, connector.ErrUnreachable
	}
	w.land()
	return w.targets[accountOf(account)].Equal(v), nil
}

// Ready and Open make the world a Systems.
func (w *world) Ready(context.Context, access.SystemID) error { return nil }

func (w *world) Open(context.Context, access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	if w.may("it does not answer") {
		return nil, connector.Spec{}, nil, connector.ErrUnreachable
	}
	return w, connector.Spec{Keeps: []connector.SecretKind{connector.Password}}, func() error { return nil }, nil
}

// turn is one node's turn.
type turn struct {
	*world
	fence   int
	account access.AccountID
}

var errFenced = fault.New(fault.Conflict, "lease-lost", "lost")

func (w *world) Own(context.Context, access.SecretID, time.Duration) (Owner, error) {
	if w.queue == nil {
		return nil, ErrNotDue
	}
	w.fence++
	return &turn{w, w.fence, 1}, nil
}

func (t *turn) Keep(context.Context) error {
	if t.may("it slept through its turn") {
		t.world.fence++
	}
	if t.fence != t.world.fence {
		return errFenced
	}
	return nil
}

func (t *turn) End(context.Context) error { return nil }

func (t *turn) Job(context.Context) (Job, error) {
	if t.queue == nil {
		return Job{}, ErrNotDue
	}
	if t.queue.Cause == InDoubt {
		t.settled()
	}
	j := Job{Queued: *t.queue, System: 1, Kind: connector.Password}
	if p := t.pair; p != nil {
		t.account = p.Turn(j.Cause, t.unknown(p.Live), t.unknown(p.Idle()))
		if ripe := p.Ripe(t.account, j.Cause); ripe > t.clock {
			j.Rests = ripe
		}
	}
	j.Account = fmt.Sprint(int64(t.account))
	seen := false
	for i := len(t.values) - 1; i >= 0; i-- {
		v := t.values[i]
		if v.account != t.account || t.pair == nil && !v.Current && !v.Pending {
			continue
		}
		h := v.Held
		h.Value = secret.New(h.Value.Reveal()) // the job wipes its own
		if h.Current = false; !h.Pending {
			if seen && !v.standby {
				continue
			}
			h.Current, seen = !seen, true
		}
		j.Held = append(j.Held, h)
	}
	return j, nil
}

// unknown reports whether an account has values that nobody knows the end of; of any, zero.
func (w *world) unknown(of access.AccountID) bool {
	for _, v := range w.values {
		if v.Pending && (v.account == of || of == 0) {
			return true
		}
	}
	return false
}

func (t *turn) Pend(_ context.Context, v secret.Secret, _ string) (Held, error) {
	t.killed("before it is kept")
	if t.fence != t.world.fence {
		return Held{}, errFenced
	}
	if t.queue == nil {
		return Held{}, ErrNotDue
	}
	t.clock++
	h := Held{Version: access.VersionID(len(t.values) + 1), At: t.clock, Pending: true, Value: secret.New(v.Reveal())}
	t.values = append(t.values, value{Held: h, account: t.account})
	t.queue.Attempts++
	t.killed("after it is kept")
	return h, nil
}

func (t *turn) Rest(_ context.Context, until access.Time) error {
	if t.fence != t.world.fence {
		return errFenced
	}
	t.queue.Next = until
	return nil
}

// become gives a value its part.
func (t *turn) become(v *value, part Part) {
	for i := range t.values {
		o := &t.values[i]
		o.Current = o.Current && part == AsStandby
		o.standby = o.standby && (part == AsCurrent || o.account != v.account)
	}
	v.Pending, v.Current, v.standby = false, part != AsStandby, part == AsStandby
	switch part {
	case AsSwitch:
		t.pair.Live, t.pair.Former = v.account, t.clock+grace
	case AsStandby:
		t.pair.Former = 0
		return
	case AsCurrent:
	}
	for i := range t.users {
		t.users[i].confirmed = false
	}
}

func (t *turn) Promote(_ context.Context, id access.VersionID, doubt bool) (bool, error) {
	t.killed("before it is promoted")
	if t.fence != t.world.fence {
		return false, errFenced
	}
	v, part := &t.values[id-1], AsCurrent
	cause := t.queue.Cause
	fresh := v.At > t.queue.Since || cause == Restored
	if t.pair != nil {
		part = t.pair.Becomes(v.account, cause, fresh)
	}
	t.become(v, part)
	if !doubt {
		t.retire(v.account)
	}
	done := true
	switch {
	case !fresh:
		if done = t.pair != nil; cause == InDoubt {
			t.queue.Cause = OnDemand
		}
	case part == AsStandby && cause != OnSwitch && cause != InDoubt:
	default:
		t.remains()
	}
	t.killed("after it is promoted")
	return done, nil
}

func (w *world) retire(account access.AccountID) {
	for i := range w.values {
		w.values[i].Pending = w.values[i].Pending && w.values[i].account != account
	}
}

// remains is what is left to be done once what was due is.
func (w *world) remains() {
	switch {
	case w.unknown(0):
		w.queue = &Queued{Cause: InDoubt, Since: w.clock}
	case w.pair != nil && w.pair.Former != 0:
		w.queue = &Queued{Cause: OnSwitch, Since: w.clock, Next: w.pair.Former}
	default:
		w.queue = nil
	}
}

func (t *turn) Settle(context.Context) error {
	if t.fence != t.world.fence {
		return errFenced
	}
	t.retire(t.account)
	t.remains()
	return nil
}

func (t *turn) Failed(_ context.Context, f Failure) error {
	if t.fence != t.world.fence {
		return errFenced
	}
	if t.queue != nil {
		t.queue.State, t.queue.Code = f.State, f.Code
	}
	return nil
}

func (w *world) Doubt(_ context.Context, _ access.SecretID, set access.VersionID) error {
	if set != 0 && !w.values[set-1].Current && !w.values[set-1].standby {
		w.values[set-1].Pending = true
	}
	if w.queue == nil || w.queue.Cause == OnSwitch {
		w.queue = &Queued{Cause: InDoubt, Since: w.clock}
	}
	return nil
}

func (w *world) Sweep(context.Context) error                          { return nil }
func (w *world) Next(context.Context, int) ([]access.SecretID, error) { return nil, nil }

// attempt is one attempt by a node that may be killed in it, when it is time for one.
func (w *world) attempt() {
	defer func() {
		if r := recover(); r != nil && r != any(errKilled) {
			panic(r)
		}
	}()
	if w.queue != nil && w.queue.Next > w.clock {
		if !w.calm && rapid.Bool().Draw(w.T, "it is not time yet") {
			w.clock++
			return
		}
		w.clock = w.queue.Next
	}
	_ = (&Service{Store: w, Systems: w}).Rotate(context.Background(), 1) //nolint:errcheck // it may fail in any way
}

// Invariants 1 to 5 and 8: whatever is killed, lost, refused, late or a lie, at every step and
// in every order, the vault holds what each target opens with, and nobody who uses one of two
// accounts stands still before their time; and once nothing goes wrong any more, the current
// value opens, and is newer than what was asked for, as is what opens the other account.
func TestLesson29_TheVaultHoldsWhateverATargetTook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.prompt = rapid.Bool().Draw(t, "nothing is late")
		if rapid.Bool().Draw(t, "two accounts take turns") {
			w.makePair()
		}
		asked := w.queue.Since
		for range rapid.IntRange(0, 12).Draw(t, "attempts") {
			w.attempt()
			w.use()
			w.holds()
			if rapid.IntRange(0, 3).Draw(t, "due again") == 0 {
				w.clock++
				asked = w.clock
				w.demand(rapid.SampledFrom([]Cause{OnDemand, OnLeaver, Incident}).Draw(t, "cause"))
			}
		}
		w.calm = true
		goesOn := rapid.Bool().Draw(t, "users go on in the end")
		for n := 0; w.queue != nil; n++ {
			if n > 30 {
				t.Fatalf("it never ends: %s", fmt.Sprint(*w.queue))
			}
			w.attempt()
			if goesOn {
				w.use()
			}
		}
		w.settled()
		w.ends(asked)
	})
}

// demand is what the store does with another cause.
func (w *world) demand(c Cause) {
	if w.queue == nil || w.queue.Cause == InDoubt || w.queue.Cause == OnSwitch || urgent(c) >= urgent(w.queue.Cause) {
		w.queue = &Queued{Cause: c}
	}
	w.queue.Since, w.queue.Next = w.clock, w.clock
}

func urgent(c Cause) int { return slices.Index(Causes, c) }

// ends is what holds once nothing is due any more.
func (w *world) ends(asked access.Time) {
	for _, v := range w.values {
		switch {
		case (v.Current || v.standby) && !v.Value.Equal(w.targets[v.account]):
			w.Fatalf("a value that the vault takes for what opens account %d does not", v.account)
		case (v.Current || v.standby) && v.At <= asked:
			w.Fatalf("what opens account %d is older than what was asked for", v.account)
		case v.Pending:
			w.Fatal("something is in doubt for ever")
		}
	}
	if w.pair != nil && w.pair.Former != 0 {
		w.Fatal("the account that was live before is never changed")
	}
}

func newWorld(t *rapid.T) *world {
	first := secret.New([]byte("first"))
	return &world{
		T: t, values: []value{{Held: Held{Version: 1, Current: true, Value: first, At: 1}, account: 1}}, clock: 1,
		targets: map[access.AccountID]secret.Secret{1: first}, queue: &Queued{Cause: OnDemand, Since: 1},
	}
}

// makePair has another account take turns, which opens with what nobody knows, and two who
// use the secret.
func (w *world) makePair() {
	unknown := secret.New([]byte("unknown"))
	w.pair = &Pair{Secret: 1, First: 1, Other: 2, Live: 1, Grace: grace}
	w.targets[2] = unknown
	// Nobody knows what it opens with; the model's rule is about what a target took from Writ.
	w.values[0].At = 1
	w.values = append(w.values, value{Held: Held{Version: 2, At: 0, Value: unknown}, account: 3})
	w.users = []user{{uses: 1, confirmed: true}, {uses: 1, confirmed: true}}
}

// What an attempt set that ended there is found, and not set again.
func TestWhatWasSetIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.calm = true
		left := secret.New([]byte("left"))
		w.values = append(w.values, value{Held: Held{Version: 2, Pending: true, Value: left, At: 2}, account: 1})
		w.targets[1], w.clock = left, 2
		w.attempt()
		if w.sets != 0 || w.queue != nil || !w.values[1].Current {
			t.Fatalf("it was set %d times; %+v", w.sets, w.queue)
		}
	})
}

// A doubt alone is no reason for another value.
func TestADoubtEndsWithASignIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.calm, w.queue = true, &Queued{Cause: InDoubt, Since: 1}
		w.attempt()
		if w.sets != 0 || w.queue != nil {
			t.Fatalf("it was set %d times; %+v", w.sets, w.queue)
		}
	})
}
