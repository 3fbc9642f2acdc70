package role

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerMigration(api huma.API, op func(id, method, path, summary string) huma.Operation) {
	httpapi.Register(api, op("plan-role-migration", http.MethodGet, "/v1/roles/{id}/migration", "Who holds all of a role directly, and what having it by the role would change"), policy.On(a.Gate, readRole, on[RoleInput](a)), a.planMigration)
	httpapi.Register(api, op("migrate-role", http.MethodPost, "/v1/roles/{id}/migration", "Give a role to whoever holds all of it, in place of direct grants"), policy.On(a.Gate, assignRole, a.migrating), a.migrate)
}

type migrateInput struct {
	RoleInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
		Before string `json:"before,omitempty" maxLength:"64" doc:"The digest of the plan that you have seen: where what people have is another now, nothing is done"`
	}
}

// migrating is the role, about everybody who would be migrated to it.
func (a *API) migrating(ctx context.Context, in *migrateInput) (policy.Object, error) {
	return a.migrant(ctx, in.ID.V, in.Body.Reason)
}

func (a *API) migrant(ctx context.Context, id access.RoleID, reason string) (policy.Object, error) {
	o, err := a.object(ctx, id)
	if err != nil {
		return o, err
	}
	o.Reason, o.Creator = reason, 0 // whoever wrote the role may give it
	list, _, err := a.migrants(ctx, id)
	if err != nil || len(list) == 0 {
		return o, nil //nolint:nilerr // it is about nobody; who may, is told what is wrong
	}
	o.Subjects = nil
	for _, who := range list[:min(len(list), MaxMigrated)] {
		o.Subjects = append(o.Subjects, who.Ref())
	}
	return o, nil
}

// SwapLine is what a migration changes of one entitlement.
type SwapLine struct {
	Entitlement    ask.Shown `json:"entitlement"`
	People         int       `json:"people" doc:"Of those migrated, who hold it themself or by accounts of theirs"`
	Justifications int       `json:"justifications" doc:"Direct ones that end: the role is why they have it then"`
}

// MigrationShown is what a migration would do, and its proof.
type MigrationShown struct {
	Role           ask.Shown                 `json:"role"`
	People         int                       `json:"people"`
	First          []ask.Shown               `json:"first" doc:"The first 100 of them"`
	Left           int                       `json:"left" doc:"People for whom another migration is needed"`
	Own            int                       `json:"own" doc:"You, or services that you or whom you report to answer for: somebody else migrates these"`
	Swaps          []SwapLine                `json:"swaps" doc:"What the role gives"`
	Justifications int                       `json:"justifications"`
	Pairs          int                       `json:"pairs" doc:"All that they have, not only by this role"`
	Before         string                    `json:"before,omitempty" doc:"SHA-256 of the pairs now"`
	After          string                    `json:"after,omitempty" doc:"SHA-256 of the pairs as they would be"`
	Equal          bool                      `json:"equal" doc:"Nobody would gain or lose anything"`
	May            map[string]policy.Verdict `json:"may"`
}

type migrationOutput struct{ Body *MigrationShown }

func (a *API) planMigration(ctx context.Context, in *RoleInput) (*migrationOutput, error) {
	p, err := a.PlanMigration(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	refs := []access.Ref{in.ID.V.Ref()}
	for _, id := range p.First {
		refs = append(refs, id.Ref())
	}
	for _, x := range p.Swaps {
		refs = append(refs, x.Entitlement.Ref())
	}
	name, err := ask.NamesOf(ctx, a.Names, a.sees(ctx), refs)
	if err != nil {
		return nil, err
	}
	o, err := a.migrant(ctx, in.ID.V, "")
	if err != nil {
		return nil, err
	}
	s := &MigrationShown{
		Role: name(in.ID.V.Ref()), People: p.People, First: shownAll(name, p.First), Left: p.Left, Own: p.Own, Swaps: []SwapLine{},
		Justifications: p.Justifications, Pairs: p.Pairs, Before: p.Digest, After: p.After, Equal: p.Digest == p.After,
		May: a.Gate.Verdicts(ctx, o, assignRole),
	}
	for _, x := range p.Swaps {
		s.Swaps = append(s.Swaps, SwapLine{name(x.Entitlement.Ref()), x.People, x.Justifications})
	}
	return &migrationOutput{s}, nil
}

type migratedOutput struct{ Body Proof }

func (a *API) migrate(ctx context.Context, in *migrateInput) (*migratedOutput, error) {
	p, err := a.Migrate(ctx, in.ID.V, in.Body.Reason, in.Body.Before)
	return &migratedOutput{p}, err
}
