package store

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/internal/once"
)

func TestIdempotency(t *testing.T) { eachDatabase(t, testIdempotency) }

func testIdempotency(t *testing.T, fresh func(*testing.T) Config) {
	watch := &stopwatch{at: time.Now()}
	cfg := fresh(t)
	cfg.Now = watch.now
	s := openStore(t, cfg).Idempotency()
	ctx := t.Context()
	begin := func(key, request string, want error) (once.Answer, bool) {
		t.Helper()
		a, ran, err := s.Begin(ctx, 1, key, request)
		if !errors.Is(err, want) {
			t.Fatalf("%s %s: %v, not %v", key, request, err, want)
		}
		return a, ran
	}
	if _, ran := begin("a", "one", nil); ran {
		t.Fatal("it ran before it came")
	}
	begin("a", "one", once.ErrRunning)
	begin("a", "two", once.ErrOther)
	answer := once.Answer{Status: 201, Header: map[string]string{"Etag": `"3"`}, Body: []byte(`{"id":1}`)}
	if err := s.Done(ctx, "a", answer); err != nil {
		t.Fatal(err)
	}
	got, ran := begin("a", "one", nil)
	if !ran || got.Status != 201 || got.Header["Etag"] != `"3"` || string(got.Body) != `{"id":1}` || got.Withheld {
		t.Fatalf("%v %+v", ran, got)
	}
	begin("a", "two", once.ErrOther)

	begin("secret", "one", nil)
	if err := s.Done(ctx, "secret", once.Answer{Status: 201, Body: []byte("hunter2"), Withheld: true}); err != nil {
		t.Fatal(err)
	}
	if got, ran := begin("secret", "one", nil); !ran || !got.Withheld || len(got.Body) > 0 {
		t.Fatalf("a secret was kept: %+v", got)
	}

	begin("dropped", "one", nil)
	if err := s.Drop(ctx, "dropped"); err != nil {
		t.Fatal(err)
	}
	if _, ran := begin("dropped", "two", nil); ran {
		t.Fatal("what was not done counts as done")
	}

	watch.at = watch.at.Add(once.Runs + time.Second)
	begin("dropped", "two", once.ErrUnknown)
	watch.at = watch.at.Add(once.Lasts)
	if _, ran := begin("a", "two", nil); ran {
		t.Fatal("a key counts for longer than a day")
	}
	if n, err := s.Sweep(ctx); err != nil || n != 2 {
		t.Fatalf("%d were forgotten, %v", n, err)
	}
}
