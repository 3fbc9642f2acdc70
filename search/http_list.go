package search

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// IdentitiesInput narrows and sorts the list of identities.
type IdentitiesInput struct {
	httpapi.Paging
	IdentityFilter
}

// IdentityFilter says which identities.
type IdentityFilter struct {
	Query      string `query:"q" maxLength:"1000" doc:"Words and operators, as in the search box"`
	Kind       string `query:"kind" enum:"human,service,agent"`
	State      string `query:"state" enum:"staged,pre_hire,active,suspended,leave_of_absence,terminating,terminated"`
	ThirdParty string `query:"third_party" enum:"yes,no"`
	Owner      string `query:"owner" maxLength:"200" doc:"Of services and agents: none, or a name"`
	Function   string `query:"function" enum:"iam,security_operations,platform_owner,audit" doc:"Who holds it"`
	Sort       string `query:"sort" enum:"name,-name,kind,-kind,state,-state" default:"name"`
}

// AccountsInput narrows and sorts the list of accounts.
type AccountsInput struct {
	httpapi.Paging
	AccountFilter
}

// AccountFilter says which accounts.
type AccountFilter struct {
	Query    string `query:"q" maxLength:"1000" doc:"Words and operators, as in the search box"`
	System   string `query:"system" maxLength:"200" doc:"A system's name or id"`
	Kind     string `query:"kind" enum:"person,admin,service,shared,break_glass,built_in"`
	Status   string `query:"status" enum:"enabled,disabled,locked,expired"`
	Orphan   string `query:"orphan" enum:"yes,no"`
	Disputed string `query:"disputed" enum:"yes,no"`
	Dormant  string `query:"dormant" enum:"yes,no"`
	Sort     string `query:"sort" enum:"name,-name,system,-system,kind,-kind,status,-status,last_used,-last_used" default:"name"`
}

// EntitlementsInput narrows and sorts the list of entitlements.
type EntitlementsInput struct {
	httpapi.Paging
	EntitlementFilter
}

// EntitlementFilter says which entitlements.
type EntitlementFilter struct {
	Query  string `query:"q" maxLength:"1000" doc:"Words and operators, as in the search box"`
	System string `query:"system" maxLength:"200" doc:"A system's name or id"`
	Tier   string `query:"tier" enum:"0,1,2,3,none" doc:"What is not classified (none) counts as 0, too"`
	Kind   string `query:"kind" maxLength:"100" doc:"A kind, in the words of its system: group, role, sudo, …"`
	Owner  string `query:"owner" maxLength:"200" doc:"Its own, else its system's: none, or a name"`
	Sort   string `query:"sort" enum:"name,-name,system,-system,kind,-kind,tier,-tier" default:"name"`
}

type listOutput[R any] struct {
	Body struct {
		Revision access.Rev `json:"revision"`
		Items    []R        `json:"items"`
		Next     string     `json:"next,omitempty" doc:"The cursor of the next page; none at the end"`
		Total    int        `json:"total"`
	}
}

func listed[R any](p Page[R], err error) (*listOutput[R], error) {
	if err != nil {
		return nil, err
	}
	out := &listOutput[R]{}
	out.Body.Revision, out.Body.Items, out.Body.Next, out.Body.Total = p.Rev, p.Rows, p.Next, p.Total
	return out, nil
}

func (o *Operations) listIdentities(ctx context.Context, in *IdentitiesInput) (*listOutput[IdentityRow], error) {
	f, err := o.identityFilter(ctx, &in.IdentityFilter)
	if err != nil {
		return nil, err
	}
	f.After, f.Limit = in.Cursor, in.Limit
	return listed(o.Index.Identities(ctx, f, o.sightOf(ctx, access.KindIdentity)))
}

func (o *Operations) listAccounts(ctx context.Context, in *AccountsInput) (*listOutput[AccountRow], error) {
	f := in.filter()
	f.After, f.Limit = in.Cursor, in.Limit
	return listed(o.Index.Accounts(ctx, f, o.sightOf(ctx, access.KindAccount)))
}

func (o *Operations) listEntitlements(ctx context.Context, in *EntitlementsInput) (*listOutput[EntitlementRow], error) {
	f := in.filter()
	f.After, f.Limit = in.Cursor, in.Limit
	return listed(o.Index.Entitlements(ctx, f, o.sightOf(ctx, access.KindEntitlement)))
}

// sightOf is what a list shows: its own kind, as far as its guard let the caller in.
func (o *Operations) sightOf(ctx context.Context, kind access.ObjectKind) Sight {
	return Sight{kind: o.Within(ctx)}
}

func (o *Operations) identityFilter(ctx context.Context, in *IdentityFilter) (Filter, error) {
	f := Filter{Query: in.Query, Sort: in.Sort, Asks: asks("kind", in.Kind, "state", in.State, "third-party", in.ThirdParty, "owner", in.Owner)}
	if in.Function == "" {
		return f, nil
	}
	holders, err := o.Holders(ctx, access.Function(in.Function))
	if err != nil {
		return f, err
	}
	only := make([]int64, len(holders))
	for i, id := range holders {
		only[i] = int64(id)
	}
	f.Only = &only
	return f, nil
}

func (in *AccountFilter) filter() Filter {
	return Filter{Query: in.Query, Sort: in.Sort, Asks: asks("system", in.System, "kind", in.Kind, "state", in.Status, orphan, in.Orphan, disputed, in.Disputed, "dormant", in.Dormant)}
}

func (in *EntitlementFilter) filter() Filter {
	return Filter{Query: in.Query, Sort: in.Sort, Asks: asks("system", in.System, "tier", in.Tier, "kind", in.Kind, "owner", in.Owner)}
}

// asks are the operators that have a value; they come as pairs.
func asks(pairs ...string) (list []Ask) {
	for pair := range slices.Chunk(pairs, 2) {
		if operator, value := pair[0], pair[len(pair)-1]; value != "" {
			list = append(list, Ask{Operator: operator, Value: value})
		}
	}
	return list
}
