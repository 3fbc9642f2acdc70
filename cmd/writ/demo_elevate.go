package main

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/elevate"
)

// demoEligible are the people of the demo who may activate something for a while, by number,
// and whether others have to agree.
var demoEligible = []struct {
	number, entitlement, reason string
	most                        time.Duration
	agreed                      bool
}{
	{"E0000041", "workplace/Space Research", "reads what the labs found", time.Hour, false},
	{"E0000041", "workplace/Space Manufacturing", "looks after an outage of the plant", 4 * time.Hour, true},
	{"E0000100", "workplace/Space Research", "stands in for the desk", 30 * time.Minute, true},
}

// makeDemoEligible says who may activate what.
func (a *app) makeDemoEligible(ctx context.Context) error {
	ctx, err := a.actingAs(ctx, demoAuthor)
	if err != nil {
		return err
	}
	for _, d := range demoEligible {
		who, err := a.inventory().ResolveIdentity(ctx, d.number)
		if err != nil {
			return err
		}
		what, err := a.inventory().ResolveTarget(ctx, d.entitlement)
		if err != nil {
			return err
		}
		e := elevate.Eligibility{
			Holder: who.Ref(), Entitlement: access.EntitlementID(what.Key), Reason: d.reason,
			Terms: access.Terms{Reason: true, MFA: true, Most: d.most},
		}
		if d.agreed {
			e.Terms.Stages = []access.Stage{{Approvers: []access.Approver{{Function: access.PlatformOwner}}, Quorum: 1, Within: 4 * time.Hour}}
		}
		if _, err := a.elevates().Give(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
