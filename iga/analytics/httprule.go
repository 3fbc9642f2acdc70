package analytics

import (
	"context"

	"github.com/writhq/writ/access"
)

type ruleInput struct {
	Body struct {
		Condition    string                 `json:"condition" minLength:"1" maxLength:"4000" example:"identity.unit == \"Treasury\"" doc:"Whom the rule would be for, in CEL"`
		Entitlements []access.EntitlementID `json:"entitlements" minItems:"1" maxItems:"100" doc:"What it would be the only reason to have"`
		Days         int                    `json:"days,omitempty" minimum:"1" maximum:"3660" default:"90" doc:"The period in which something was used or not"`
	}
}

type ruleOutput struct {
	Body struct {
		Revision access.Rev  `json:"revision"`
		Items    []RuleShown `json:"items"`
	}
}

// RuleShown is what a rule would have taken of one entitlement.
type RuleShown struct {
	Entitlement *access.Named `json:"entitlement"`
	Tier        access.Tier   `json:"tier"`
	Holders     int           `json:"holders" doc:"Who have it now, in any way"`
	Keep        int           `json:"keep" doc:"Of those, who meet the condition"`
	Doubtful    int           `json:"doubtful" doc:"Of those, of whom it cannot be told: nothing would be taken"`
	Lose        int           `json:"lose"`
	Used        int64         `json:"used" doc:"Of who would lose it, who used it in the period: that would have been blocked"`
	Unused      int64         `json:"unused" doc:"Of who would lose it, who is known not to have used it"`
	Recent      int64         `json:"recent" doc:"Who never used it, and has not had it for the whole period"`
	Unknown     int64         `json:"unknown" doc:"Of whom nothing is known"`
	InUse       []InUseShown  `json:"in_use" doc:"Who used it, 100 at most"`
}

// InUseShown is somebody who would lose what they used.
type InUseShown struct {
	Identity *access.Named `json:"identity"`
	LastUsed access.Time   `json:"last_used"`
}

func (a *API) rule(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
	answers, rev, err := a.Service.RuleWhatIf(ctx, RuleQuestion{in.Body.Condition, in.Body.Entitlements, in.Body.Days})
	if err != nil {
		return nil, err
	}
	out := &ruleOutput{}
	out.Body.Revision = rev
	out.Body.Items, err = ShowRule(ctx, a.Names, answers)
	return out, err
}

// inUseShown bounds whom an answer names of those who used it.
const inUseShown = 100

// ShowRule puts names to what a rule would have taken.
func ShowRule(ctx context.Context, names Names, answers []RuleAnswer) ([]RuleShown, error) {
	var refs []access.Ref
	for _, x := range answers {
		refs = append(refs, x.Entitlement.Ref())
		for _, u := range x.InUse[:min(inUseShown, len(x.InUse))] {
			refs = append(refs, u.Identity.Ref())
		}
	}
	named, err := labelled(ctx, names, refs)
	if err != nil {
		return nil, err
	}
	list := make([]RuleShown, len(answers))
	for i, x := range answers {
		list[i] = RuleShown{
			Entitlement: named(x.Entitlement.Ref()), Tier: x.Tier, Holders: x.Holders, Keep: x.Keep, Doubtful: x.Doubtful, Lose: x.Lose,
			Used: x.Used, Unused: x.Unused, Recent: x.Recent, Unknown: x.Unknown, InUse: []InUseShown{},
		}
		for _, u := range x.InUse[:min(inUseShown, len(x.InUse))] {
			list[i].InUse = append(list[i].InUse, InUseShown{named(u.Identity.Ref()), u.LastUsed})
		}
	}
	return list, nil
}
