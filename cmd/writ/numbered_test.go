package main

import (
	"testing"

	"github.com/writhq/writ/audit"
)

// Whoever was known by email only is named by the number that a file gives them, in the same
// file: their services have an owner at once, and not after the next sync.
func TestANewNumberCountsInTheSameFile(t *testing.T) {
	s := newServed(t)
	w := &world{t: t, app: s.app, node: s.node, ctx: t.Context()}
	olga := w.someone("olga@example.com")
	w.ctx = audit.WithActor(t.Context(), audit.Actor{Node: "test"})
	w.people("number,name,email,kind,owner,start\n7,Olga Orlova,olga@example.com,human,,2020-01-01\nsvc-billing,Billing,,service,7,\n")
	v := w.app.graph.View()
	defer v.Close()
	if n, ok := v.Identity(w.someone("svc-billing")); !ok || n.Owner != olga {
		t.Errorf("the service is %s's, not %s's", n.Owner, olga)
	}
}
