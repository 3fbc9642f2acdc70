package policy

import (
	"errors"
	"testing"

	"github.com/writhq/writ/access"
)

// In whose place somebody decides is decided on too: what is theirs is nobody's to decide
// for them.
func TestDecidingInSomebodysPlace(t *testing.T) {
	g := gateOfTwoScopes(t)
	ctx := WithCaller(t.Context(), Caller{Identity: sol, Context: Context{MFA: true}})
	o := Object{Resource: Resource{Ref: access.ApprovalID(1).Ref(), Scope: 2, Assignee: sol, Creator: rick, Subjects: []access.Ref{access.IdentityID(rick).Ref()}}}
	for who, want := range map[access.IdentityID]error{0: nil, pat: nil, rick: ErrDenied} {
		o.InsteadOf = who
		if _, err := g.Ask(ctx, "approval.decide", o, Obligations{}); !errors.Is(err, want) {
			t.Errorf("in the place of %s: %v", who, err)
		}
	}
	if !HoldsOver(g.Engine.facts(), sol, access.SecurityOperations, 2) || HoldsOver(g.Engine.facts(), sol, access.SecurityOperations, 3) ||
		HoldsOver(g.Engine.facts(), sol, access.IAM, 2) || HoldsOver(g.Engine.facts(), sol, "x", 2) || HoldsOver(g.Engine.facts(), sol, access.SecurityOperations, 77) {
		t.Error("which function is held over which scope")
	}
}
