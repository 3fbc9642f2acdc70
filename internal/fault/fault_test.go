package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestDetailsKeepTheRule(t *testing.T) {
	rule := New(Invalid, "bad-thing", "a thing is bad")
	err := fmt.Errorf("doing x: %w", rule.With("thing %q is bad", "y").Because(io.ErrUnexpectedEOF))
	if !errors.Is(err, rule) || !errors.Is(err, io.ErrUnexpectedEOF) || KindOf(err) != Invalid {
		t.Fatalf("lost the rule or its cause: %v", err)
	}
	if want := `doing x: thing "y" is bad: unexpected EOF`; err.Error() != want {
		t.Fatalf("got %q, want %q", err, want)
	}
	if errors.Is(err, New(Invalid, "other-thing", "a thing is bad")) {
		t.Fatal("two rules with one message are not one rule")
	}
	if KindOf(io.EOF) != Internal {
		t.Fatal("an unknown error is internal")
	}
}
