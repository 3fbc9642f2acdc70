package bell

import (
	"sync"
	"testing"
)

// A ring after somebody began to wait wakes them, whoever else rings and waits.
func TestRing(t *testing.T) {
	var b Bell
	b.Ring() // for nobody
	first := b.Rung()
	select {
	case <-first:
		t.Fatal("a ring before wakes")
	default:
	}
	if b.Rung() != first {
		t.Fatal("two who wait for one ring wait for two")
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { rung := b.Rung(); b.Ring(); <-rung })
	}
	all.Wait()
	b.Ring()
	<-first
}
