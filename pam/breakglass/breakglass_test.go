package breakglass

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
)

const rootPassword = "a password of the ledger, 1"

func newSigner(t testing.TB) *audit.LogKey {
	t.Helper()
	key, _, err := audit.NewLogKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// head is a kit of two secrets for three holders, two of whom open it.
func head() Head {
	now := access.TimeOf(time.Now())
	return Head{
		Kit: 7, Edition: 1, Name: "production", Made: now, Until: now + 1e9, Persons: 2,
		Holders: []Holder{{1, 11, "Ana Sol"}, {2, 12, "Ben Ito"}, {3, 13, "Cleo Moe"}},
		Secrets: []Item{
			{Secret: 1, Version: 1, Name: "ledger/root", Kind: "password", System: 1, SystemName: "db", Account: "breakglass"},
			{Secret: 2, Version: 2, Name: "hosts/web1", Kind: "password", System: 2, SystemName: "web1", Account: "emergency"},
		},
	}
}

func values() []Value {
	return []Value{{1, "postgres://db.example.com", secret.New([]byte(rootPassword))}, {2, "web1.example.com", secret.New([]byte("another one"))}}
}

func made(t testing.TB, by Signer) (*Kit, []secret.Secret) {
	t.Helper()
	h := head()
	told, err := h.ShareOut(2, by)
	if err != nil {
		t.Fatal(err)
	}
	k, err := Seal(h, values(), by)
	if err != nil {
		t.Fatal(err)
	}
	return again(t, k.Text()), told
}

// again is a kit as whoever opens it reads it.
func again(t testing.TB, text string) *Kit {
	t.Helper()
	k, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func opened(t testing.TB, k *Kit, shares ...secret.Secret) *Opened {
	t.Helper()
	s := k.Begin()
	for _, x := range shares {
		if _, err := s.Give(x); err != nil {
			t.Fatal(err)
		}
	}
	o, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func occasion() Occasion {
	return Occasion{People: []string{"Ana Sol", " Ben  Ito"}, Reason: "INC-7: all of Writ is down"}
}

// recorded does something with an opened kit, and returns the text of its record.
func recorded(t testing.TB, k *Kit, shares []secret.Secret, why Occasion, do func(*Journal)) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record")
	file, err := NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := opened(t, k, shares...).Journal(why, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	do(j)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func show(t testing.TB, j *Journal, id access.SecretID) string {
	t.Helper()
	v, err := j.Show(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(v.Value.Reveal())
}

// Invariant 1 and 8: any holders who are enough open a kit, and each of its editions.
func TestKitOpensForItsHolders(t *testing.T) {
	by := newSigner(t)
	k, told := made(t, by)
	next := k.Head
	next.Edition++
	renewed, err := Seal(next, values(), by)
	if err != nil {
		t.Fatal(err)
	}
	for _, edition := range []*Kit{k, again(t, renewed.Text())} {
		for _, some := range [][]secret.Secret{{told[0], told[1]}, {told[2], told[0]}, told} {
			recorded(t, edition, some, occasion(), func(j *Journal) {
				if got := show(t, j, 1); got != rootPassword {
					t.Errorf("edition %d holds %q", edition.Edition, got)
				}
			})
		}
	}
	if bytes.Equal(k.Record, renewed.Record) {
		t.Error("two editions sign with one key")
	}
	for _, text := range []string{k.Text(), renewed.Text()} {
		if strings.Contains(text, rootPassword) || strings.Contains(text, "postgres://") {
			t.Error("the kit says what is in it")
		}
	}
}

// Invariant 1: too few, one twice, and what is no share of it leave the kit sealed, and
// spoil nothing.
func TestKitStaysSealed(t *testing.T) {
	by := newSigner(t)
	k, told := made(t, by)
	_, others := made(t, by)
	s := k.Begin()
	if _, err := s.Open(); !errors.Is(err, ErrQuorum) {
		t.Errorf("nobody: %v", err)
	}
	h, err := s.Give(told[1])
	if err != nil || h.Name != "Ben Ito" {
		t.Fatalf("%+v %v", h, err)
	}
	for what, x := range map[string]struct {
		share secret.Secret
		want  error
	}{
		"once more":       {told[1], ErrShareThere},
		"of another kit":  {others[0], ErrShareForeign},
		"mistyped":        {secret.New(append(bytes.Clone(told[0].Reveal()[:20]), told[0].Reveal()[21:]...)), ErrShare},
		"of nothing":      {secret.New([]byte("open sesame")), ErrShare},
		"of a vault":      {secret.New(bytes.Replace(told[0].Reveal(), []byte("writ-glass-"), []byte("writ-share-"), 1)), ErrShare},
		"nothing at all":  {secret.Secret{}, ErrShare},
		"much of nothing": {secret.New(bytes.Repeat([]byte("a"), 1<<16)), ErrShare},
	} {
		if _, err := s.Give(x.share); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, not %v", what, err, x.want)
		}
	}
	if _, err := s.Open(); !errors.Is(err, ErrQuorum) {
		t.Errorf("one of two: %v", err)
	}
	if _, err := s.Give(told[2]); err != nil || s.Missing() != 0 {
		t.Fatalf("the second one: %v", err)
	}
	if _, err := s.Open(); err != nil {
		t.Errorf("two of two: %v", err)
	}
}

// Invariant 2: whatever is changed in a kit is told before any share is of use; and who
// signs another kit of the same name gets nothing out of the shares.
func TestForgedKitIsTold(t *testing.T) {
	by, forger := newSigner(t), newSigner(t)
	k, told := made(t, by)
	text := k.Text()
	for what, forged := range map[string]string{
		"nothing":              "",
		"another form":         strings.Replace(text, "kit/1", "kit/2", 1),
		"another name":         strings.Replace(text, "production", "productive", 1),
		"fewer persons":        strings.Replace(text, `"persons":2`, `"persons":1`, 1),
		"another installation": strings.Replace(text, by.Verifier(), forger.Verifier(), 1),
		"the end is cut off":   text[:len(text)-200],
		"nothing is sealed":    k.Note,
		"something else is":    text[:len(text)-9] + "AAAAAAA=\n",
		"more than it is":      strings.Replace(text, `{"kit"`, `{"surprise":1,"kit"`, 1),
		"far too much":         text + strings.Repeat("a", mostKit),
	} {
		if _, err := Parse([]byte(forged)); !errors.Is(err, ErrKit) {
			t.Errorf("%s: %v", what, err)
		}
	}
	again(t, strings.ReplaceAll(text, "\n", "\r\n")) // as a mail may leave it

	resigned := *k
	resigned.Verifier = forger.Verifier()
	resigned.head = bytes.Replace(k.head, []byte(by.Verifier()), []byte(forger.Verifier()), 1)
	if err := resigned.sign(forger); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse([]byte(resigned.Text())); !errors.Is(err, ErrKit) {
		t.Errorf("signed by somebody else: %v", err)
	}
	h := k.Head
	if _, err := h.ShareOut(2, forger); err != nil {
		t.Fatal(err)
	}
	other, err := Seal(h, values(), forger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again(t, other.Text()).Begin().Give(told[0]); !errors.Is(err, ErrShareForeign) {
		t.Errorf("a share of the genuine kit in a forged one: %v", err)
	}
}

// full is a file on a disk that is full after so many bytes.
type full struct {
	File
	left int
}

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return f.File.Write(b)
}

// Invariant 4: what cannot be recorded is not shown, then or later.
func TestNothingIsShownUnrecorded(t *testing.T) {
	k, told := made(t, newSigner(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "record")
	file, err := NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(path); !errors.Is(err, ErrUnwritten) {
		t.Errorf("a record is written over: %v", err)
	}
	if _, err := NewFile(filepath.Join(dir, "nowhere", "record")); !errors.Is(err, ErrUnwritten) {
		t.Errorf("a record that is nowhere: %v", err)
	}
	if _, err := opened(t, k, told[:2]...).Journal(occasion(), &full{file, 10}, nil); !errors.Is(err, ErrUnwritten) {
		t.Errorf("a full disk at once: %v", err)
	}
	j, err := opened(t, k, told[:2]...).Journal(occasion(), &full{file, 1 << 13}, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for range 100 {
		v, err := j.Show(1)
		if err == nil {
			shown++
			continue
		}
		if !errors.Is(err, ErrUnwritten) || !v.Value.Empty() {
			t.Fatalf("a full disk: %v", err)
		}
	}
	if shown == 0 || shown == 100 {
		t.Errorf("%d were shown", shown)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadRecord(text)
	if err != nil || len(r.Entries) != shown+1 || r.Closed() || len(r.Exposed()) != 2 {
		t.Errorf("the record of it: %v", err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		device, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, k, told[:2]...).Journal(occasion(), device, nil); !errors.Is(err, ErrUnwritten) {
			t.Errorf("a real full disk: %v", err)
		}
	}
}

func TestWhoOpensItSaysSo(t *testing.T) {
	for what, o := range map[string]Occasion{
		"nobody":            {Reason: "r"},
		"one of two":        {People: []string{"Ana"}, Reason: "r"},
		"one twice":         {People: []string{"Ana", "ana "}, Reason: "r"},
		"somebody nameless": {People: []string{"Ana", " "}, Reason: "r"},
		"without a reason":  {People: []string{"Ana", "Ben"}, Reason: " \n"},
		"a long name":       {People: []string{"Ana", strings.Repeat("x", 101)}, Reason: "r"},
	} {
		if err := o.Check(2); !errors.Is(err, ErrPeople) {
			t.Errorf("%s: %v", what, err)
		}
	}
	fine := occasion()
	if err := fine.Check(2); err != nil || fine.People[1] != "Ben Ito" {
		t.Errorf("%+v: %v", fine, err)
	}
}

// A record says what was done, and nothing of what was shown.
func TestRecordSaysWhatWasDone(t *testing.T) {
	k, told := made(t, newSigner(t))
	text := recorded(t, k, told[1:], occasion(), func(j *Journal) {
		show(t, j, 2)
		show(t, j, 2)
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if _, err := j.Show(1); err == nil {
			t.Error("something is shown after the end")
		}
	})
	r, err := ReadRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Entries) != 4 || !r.Closed() || r.Drill() || !slices.Equal(r.Exposed(), []access.SecretID{2}) || r.Kit.Digest() != k.Digest() {
		t.Errorf("%+v", r.Entries)
	}
	if who := r.Openers(); len(who) != 2 || who[0].Name != "Ben Ito" || who[1].Identity != 13 {
		t.Errorf("opened by %+v", who)
	}
	if strings.Contains(string(text), "another one") || strings.Contains(string(text), "web1.example.com") {
		t.Error("the record says what was shown")
	}
}

// A drill shows nothing; what says that it is one and shows something is none.
func TestDrillShowsNothing(t *testing.T) {
	k, told := made(t, newSigner(t))
	why := occasion()
	why.Drill = true
	text := recorded(t, k, told, why, func(j *Journal) {
		if _, err := j.Show(1); !errors.Is(err, ErrNotInKit) {
			t.Errorf("a drill shows something: %v", err)
		}
		for _, x := range k.Secrets {
			opens, err := j.Try(x.Secret, func(i Item, v Value) (bool, error) {
				return i.Secret == 1 && string(v.Value.Reveal()) == rootPassword, nil
			})
			if err != nil || opens != (x.Secret == 1) {
				t.Errorf("%s: %t, %v", x.Name, opens, err)
			}
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := ReadRecord(text)
	if err != nil || !r.Drill() || len(r.Exposed()) != 0 || len(r.Entries) != 4 {
		t.Fatalf("%v", err)
	}
	lying := recorded(t, k, told, why, func(j *Journal) {
		j.drill = false
		show(t, j, 1)
	})
	if r, err := ReadRecord(lying); err != nil || r.Drill() || len(r.Exposed()) != 2 {
		t.Errorf("what shows something passes for a drill: %v", err)
	}
}

// Invariant 5: whatever is changed, taken out, put in or moved in a record is told, with the
// entry.
func TestAlteredRecordIsTold(t *testing.T) {
	by := newSigner(t)
	k, told := made(t, by)
	kit2, told2 := made(t, by)
	do := func(j *Journal) {
		show(t, j, 1)
		show(t, j, 2)
		_ = j.Close()
	}
	text := recorded(t, k, told, occasion(), do)
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	other := strings.SplitAfter(strings.TrimSuffix(string(recorded(t, k, told, occasion(), do)), "\n"), "\n")
	foreign := strings.SplitAfter(strings.TrimSuffix(string(recorded(t, kit2, told2, occasion(), do)), "\n"), "\n")
	for what, altered := range map[string][]string{
		"nothing":                   {},
		"no record":                 {"hello\n"},
		"its beginning is gone":     lines[1:],
		"an entry is gone":          {lines[0], lines[2], lines[3]},
		"two are exchanged":         {lines[0], lines[2], lines[1], lines[3]},
		"one is there twice":        {lines[0], lines[1], lines[1], lines[2], lines[3]},
		"one of another opening":    {lines[0], other[1], lines[2], lines[3]},
		"one of another kit":        {lines[0], foreign[1], lines[2], lines[3]},
		"after the end":             {lines[0], lines[1], lines[2], lines[3] + "\n", lines[1]},
		"another reason":            {strings.Replace(lines[0], "INC-7", "INC-8", 1), lines[1], lines[2], lines[3]},
		"another secret":            {lines[0], strings.Replace(lines[1], access.SecretID(1).String(), access.SecretID(2).String(), 1), lines[2], lines[3]},
		"another word beside it":    {lines[0], strings.Replace(lines[1], `{"entry"`, `{"x":1,"entry"`, 1), lines[2], lines[3]},
		"of a kit that nobody made": {strings.Replace(lines[0], "production", "productive", 1), lines[1]},
	} {
		_, err := ReadRecord([]byte(strings.Join(altered, "")))
		if !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", what, err)
		} else if !strings.Contains(err.Error(), "entry") {
			t.Errorf("%s: it is not said which: %v", what, err)
		}
	}
	cut, err := ReadRecord([]byte(strings.Join(lines[:2], "")))
	if err != nil || cut.Closed() || len(cut.Exposed()) != 2 {
		t.Errorf("a record whose end is cut off counts as whole: %v", err)
	}
}

// A plan that lets one person open a kit, or says too little, is none.
func TestPlans(t *testing.T) {
	good := Plan{Name: "production", Secrets: []access.SecretID{1}, Holders: []access.IdentityID{1, 2, 3}, Threshold: 2}
	for what, edit := range map[string]func(*Plan){
		"no name":              func(p *Plan) { p.Name = " " },
		"a path":               func(p *Plan) { p.Name = "a/b" },
		"nothing":              func(p *Plan) { p.Secrets = nil },
		"one twice":            func(p *Plan) { p.Secrets = []access.SecretID{1, 1} },
		"one is enough":        func(p *Plan) { p.Threshold = 1 },
		"more than there are":  func(p *Plan) { p.Threshold = 4 },
		"somebody with two":    func(p *Plan) { p.Holders = []access.IdentityID{1, 2, 1} },
		"nobody need be there": func(p *Plan) { p.Persons = -1 },
		"for ever":             func(p *Plan) { p.Lasts = mostLasts + time.Hour },
	} {
		p := good
		edit(&p)
		if err := p.Validate(); !errors.Is(err, ErrPlan) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := good.Validate(); err != nil || good.Persons != 2 || good.Lasts != usualLasts {
		t.Errorf("%+v: %v", good, err)
	}
}

// When a kit can be relied on, and why it cannot.
func TestStates(t *testing.T) {
	good := Status{
		Threshold: 2, Until: 100, Secrets: []Holds{{Secret: 1}},
		Holders: []Holding{{Place: 1, Identity: 1, Picked: 1}, {Place: 2, Identity: 2, Picked: 1}, {Place: 3, Identity: 3}},
	}
	for what, tt := range map[string]struct {
		edit func(*Status)
		want State
		why  []Why
	}{
		"good":                  {func(*Status) {}, Ready, nil},
		"nobody has theirs yet": {func(s *Status) { s.Holders[1].Picked = 0 }, Forming, nil},
		"too old":               {func(s *Status) { s.Until = 50 }, Stale, []Why{Aged}},
		"changed":               {func(s *Status) { s.Secrets[0].Rotated = true }, Stale, []Why{Rotated}},
		"deleted":               {func(s *Status) { s.Secrets[0].Rotated, s.Secrets[0].Gone = true, true }, Stale, []Why{Gone}},
		"one has left":          {func(s *Status) { s.Holders[2].Left = true }, Ready, nil},
		"two have left":         {func(s *Status) { s.Holders[2].Left, s.Holders[1].Left = true, true }, Stale, []Why{Lost}},
		"a drill failed":        {func(s *Status) { s.Failed = true }, Stale, []Why{Failed}},
		"opened":                {func(s *Status) { s.Used, s.Until = 1, 50 }, Used, []Why{Aged}},
		"retired":               {func(s *Status) { s.Used, s.Retired = 1, 2 }, Retired, nil},
	} {
		s := good
		s.Secrets, s.Holders = slices.Clone(good.Secrets), slices.Clone(good.Holders)
		tt.edit(&s)
		if got := s.State(50); got != tt.want || !slices.Equal(s.Why(50), tt.why) {
			t.Errorf("%s: %s %v, not %s %v", what, got, s.Why(50), tt.want, tt.why)
		}
	}
}

func FuzzRecord(f *testing.F) {
	k, told := made(f, newSigner(f))
	f.Add(recorded(f, k, told, occasion(), func(j *Journal) { _, _ = j.Show(1); _ = j.Close() }))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ReadRecord(text)
		if err == nil && (len(r.Entries) == 0 || len(r.Openers()) < r.Kit.Threshold) {
			t.Error("a record without an opening")
		}
	})
}

func FuzzKit(f *testing.F) {
	k, _ := made(f, newSigner(f))
	f.Add([]byte(k.Text()))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := Parse(text)
		if err == nil && k.check() != nil {
			t.Error("a kit that cannot be right")
		}
	})
}

// What is signed by an opened kit and makes no sense is refused, too: the key that signs is
// in whoever's hands opened it.
func TestSignedNonsenseIsTold(t *testing.T) {
	k, told := made(t, newSigner(t))
	for what, entries := range map[string][]Entry{
		"after the end":                   {{Does: DidClose}, {Does: DidShow, Secret: 1}},
		"a secret that is not in the kit": {{Does: DidShow, Secret: 99}},
		"no secret":                       {{Does: DidShow}},
		"a deed that there is not":        {{Does: "erase", Secret: 1}},
		"a second opening":                {{Does: DidOpen, Kit: k.Note}},
		"another kit in the middle":       {{Does: DidShow, Secret: 1, Kit: k.Note}},
	} {
		text := recorded(t, k, told, occasion(), func(j *Journal) {
			for _, e := range entries {
				if err := j.put(e); err != nil {
					t.Fatal(err)
				}
			}
		})
		if _, err := ReadRecord(text); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, edit := range map[string]func(*Opened){
		"too few shares":            func(o *Opened) { o.places = o.places[:1] },
		"one share twice":           func(o *Opened) { o.places[1] = o.places[0] },
		"a share that there is not": func(o *Opened) { o.places[1] = 9 },
		"nobody's":                  func(o *Opened) { o.places = nil },
	} {
		path := filepath.Join(t.TempDir(), "record")
		file, err := NewFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o := opened(t, k, told[:2]...)
		edit(o)
		if _, err := o.Journal(occasion(), file, nil); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRecord(text); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A drill is due in each half of the time that an edition is good for, counted from the last
// one of that edition.
func TestDrillIsDueInEachHalf(t *testing.T) {
	day := access.Time((24 * time.Hour).Microseconds())
	s := Status{Made: 100 * day, Lasts: 90 * 24 * time.Hour}
	if due := s.DrillDue(); due != 145*day {
		t.Errorf("of a new edition on day %d", due/day)
	}
	s.Drilled = 120 * day
	if due := s.DrillDue(); due != 165*day {
		t.Errorf("after a drill on day %d", due/day)
	}
}
