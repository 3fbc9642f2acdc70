package signin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

func TestAtTheDoor(t *testing.T) {
	for path, want := range map[string]bool{
		"/v1/signin": true, "/v1/signin/link": true, "/v1/signin/passkey/begin": true,
		"/v1/signins": false, "/v1/signout": false, "/v1/me": false, "/v1/signin-x": false, "/V1/signin": false, "": false,
	} {
		if atTheDoor(path) != want {
			t.Errorf("%q", path)
		}
	}
}

func TestOwnerDetails(t *testing.T) {
	good := Owner{"Olga Orlova", "olga@example.com"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Owner{
		"no name":        {"", good.Email},
		"blank":          {" ", good.Email},
		"spaces around":  {" Olga", good.Email},
		"control":        {"Olga\x1b[2J", good.Email},
		"not text":       {"\xff", good.Email},
		"long name":      {strings.Repeat("o", maxName+1), good.Email},
		"no email":       {good.Name, ""},
		"no at":          {good.Name, "olga"},
		"no user":        {good.Name, "@example.com"},
		"no domain":      {good.Name, "olga@"},
		"two at":         {good.Name, "olga@a@b"},
		"a list":         {good.Name, "olga@a,ben@b"},
		"with a name":    {good.Name, "<olga@example.com>"},
		"a line too far": {good.Name, "olga@example.com\n"},
		"long email":     {good.Name, strings.Repeat("o", maxEmail) + "@b"},
	} {
		if o.Validate() == nil {
			t.Errorf("%s: %q is taken", name, o)
		}
	}
}

func TestShort(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0": "Mozilla/5.0", "a\x1b[2Jb\r\n": "a[2Jb", "\xffx": "x",
		strings.Repeat("é", 300): strings.Repeat("é", 200),
	} {
		if got := short(agent); got != want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}

// What was read before something ended is not kept after.
func TestACountThatDoesNotRise(t *testing.T) {
	tests := []struct {
		name    string
		counted uint32
		used    access.Time
		count   uint32
		after   access.Time
		want    error
	}{
		{"rises", 4, 10, 5, 3, nil},
		{"does not count", 0, 10, 0, 12, nil},
		{"the first", 0, 0, 1, 3, nil},
		{"below, asked for before", 6, 10, 5, 9, ErrChallenge},
		{"below, asked for since", 6, 10, 5, 10, ErrCounter},
		{"the same, asked for before", 6, 10, 6, 3, ErrCounter},
		{"none any more, asked for since", 6, 10, 0, 11, ErrCounter},
	}
	for _, tt := range tests {
		if err := (PasskeyUse{Count: tt.count, After: tt.after}).Follows(tt.counted, tt.used); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestCacheForgets(t *testing.T) {
	now := time.Unix(1796000000, 0)
	h := HashOf(secret.New([]byte("x")))
	g := Signin{ID: 1, Seen: access.TimeOf(now), Ends: access.TimeOf(now.Add(time.Hour))}
	s := &Service{}
	_, age, ok := s.cache.look(h, now)
	if ok {
		t.Fatal("something is there")
	}
	s.Refresh(context.Background())
	s.cache.put(h, g, now, age) // read before, kept after
	if _, _, ok := s.cache.look(h, now); ok {
		t.Fatal("what may have ended is believed")
	}
	_, age, _ = s.cache.look(h, now)
	s.cache.put(h, g, now, age)
	if _, _, ok := s.cache.look(h, now.Add(believed-time.Millisecond)); !ok {
		t.Fatal("nothing is kept")
	}
	if _, _, ok := s.cache.look(h, now.Add(believed)); ok {
		t.Fatal("it is believed for ever")
	}
	g.Ends = access.TimeOf(now.Add(time.Second))
	s.cache.put(h, g, now, age)
	if _, _, ok := s.cache.look(h, now.Add(time.Second)); ok {
		t.Fatal("it has ended")
	}
}
