package elevate

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type planConversionInput struct {
	System      httpapi.Text[access.SystemID]      `query:"system" doc:"Only in this system"`
	Entitlement httpapi.Text[access.EntitlementID] `query:"entitlement" doc:"Only this"`
	Tier        int                                `query:"tier" minimum:"0" maximum:"3" default:"1" doc:"This tier and the more dangerous ones"`
}

type convertInput struct {
	Body struct {
		System      access.SystemID      `json:"system,omitempty" doc:"Only in this system"`
		Entitlement access.EntitlementID `json:"entitlement,omitempty" doc:"Only this"`
		Tier        int                  `json:"tier,omitempty" minimum:"0" maximum:"3" doc:"This tier and the more dangerous ones"`
		Identities  []access.IdentityID  `json:"identities,omitempty" maxItems:"50" doc:"Only of these people"`
		Terms       access.Terms         `json:"terms"`
		Reason      string               `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *convertInput) query() ConvertQuery {
	return ConvertQuery{System: in.Body.System, Entitlement: in.Body.Entitlement, Tier: access.Tier(in.Body.Tier)} //nolint:gosec // it is from 0 to 3
}

type restoreInput struct {
	ID   httpapi.Text[access.ChainID] `path:"id" doc:"The conversion"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type (
	planOutput    struct{ Body listed[Convertible] }
	convertOutput struct {
		Body struct {
			ID    access.ChainID `json:"id"`
			Items []Convertible  `json:"items"`
		}
	}
	restoreOutput struct {
		Body struct {
			Grants int `json:"grants" doc:"How many are standing again"`
		}
	}
)

// converting is where a conversion is, about everybody whose access it changes: nobody
// decides on their own.
func (a *API) converting(ctx context.Context, in *convertInput) (policy.Object, error) {
	list, err := a.Convertibles(ctx, in.query())
	if err != nil {
		return policy.Object{}, err
	}
	list = slices.DeleteFunc(list, func(x Convertible) bool {
		return x.Not != "" || len(in.Body.Identities) > 0 && !slices.Contains(in.Body.Identities, x.Identity)
	})
	o := a.about(list, in.Body.Reason)
	if in.Body.System == 0 && in.Body.Entitlement == 0 {
		o.System, o.Scope = 0, 0 // everywhere
	}
	return o, nil
}

func (a *API) restoring(ctx context.Context, in *restoreInput) (policy.Object, error) {
	list, err := a.Store.Converted(ctx, in.ID.V)
	if err == ErrNoConversion { //nolint:errorlint // it is returned as it is
		return policy.Object{}, policy.ErrNoObject
	}
	return a.about(list, in.Body.Reason), err
}

func (a *API) about(list []Convertible, reason string) policy.Object {
	v := a.Gate.Graph.View()
	defer v.Close()
	o := policy.Object{Reason: reason}
	for i, x := range list {
		if i == 0 {
			o.Resource, _ = policy.ObjectOf(v, x.Entitlement.Ref())
			o.Ref, o.Subjects = access.Ref{}, nil
		}
		if e, ok := v.Entitlement(x.Entitlement); !ok || e.System != o.System {
			o.System, o.Scope = 0, 0
		}
		o.Subjects = append(o.Subjects, x.Identity.Ref())
	}
	if len(list) == 0 { // it changes nothing, and is refused behind the gate
		o.Subjects = []access.Ref{access.SystemID(1).Ref()}
	}
	return o
}

func (a *API) planConversion(ctx context.Context, in *planConversionInput) (*planOutput, error) {
	list, err := a.Convertibles(ctx, ConvertQuery{System: in.System.V, Entitlement: in.Entitlement.V, Tier: access.Tier(in.Tier)}) //nolint:gosec // it is from 0 to 3
	if err != nil {
		return nil, err
	}
	v := a.Gate.Graph.View()
	r := policy.ReachOf(ctx)
	list = slices.DeleteFunc(list, func(x Convertible) bool {
		e, ok := v.Entitlement(x.Entitlement)
		return !ok || !r.Has(e.System)
	})
	v.Close()
	out := &planOutput{}
	out.Body.Items = append([]Convertible{}, list...)
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.Identity.Ref(), x.Account.Ref(), x.Entitlement.Ref(), x.Resource.Ref())
	}
	out.Body.Names, err = a.named(ctx, refs)
	return out, err
}

func (a *API) convert(ctx context.Context, in *convertInput) (*convertOutput, error) {
	out := &convertOutput{}
	var err error
	out.Body.ID, out.Body.Items, err = a.Convert(ctx, in.query(), in.Body.Identities, in.Body.Terms, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *API) restore(ctx context.Context, in *restoreInput) (*restoreOutput, error) {
	out := &restoreOutput{}
	var err error
	out.Body.Grants, err = a.Restore(ctx, in.ID.V, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return out, nil
}
