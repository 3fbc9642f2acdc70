package policy

import "testing"

func TestShippedCompiles(t *testing.T) {
	s, err := NewSet(1, Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(s.Policies()))
}
