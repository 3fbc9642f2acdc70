package role

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

type rolesInput struct {
	httpapi.Paging
	Which
}

type rolesOutput struct {
	Body struct {
		Items []RoleLine `json:"items"`
		Next  string     `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
		Total int        `json:"total"`
	}
}

// rolesAfter is where a page of roles ended.
type rolesAfter struct {
	Name string        `json:"n"`
	ID   access.RoleID `json:"i"`
}

func (a *API) list(ctx context.Context, in *rolesInput) (*rolesOutput, error) {
	at, err := httpapi.ParseCursor[rolesAfter](in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := a.List(ctx, in.Which, a.sees(ctx))
	if err != nil {
		return nil, err
	}
	out := &rolesOutput{}
	out.Body.Items, out.Body.Total = []RoleLine{}, len(all)
	for _, line := range all {
		if line.Name < at.Name || line.Name == at.Name && line.ID <= at.ID {
			continue
		}
		if len(out.Body.Items) == in.Limit {
			last := out.Body.Items[in.Limit-1]
			out.Body.Next = httpapi.Cursor(rolesAfter{last.Name, last.ID})
			break
		}
		out.Body.Items = append(out.Body.Items, line)
	}
	return out, nil
}

type explosionOutput struct{ Body *ExplosionShown }

func (a *API) explosion(ctx context.Context, in *explosionInput) (*explosionOutput, error) {
	for _, t := range in.Trouble {
		if t.Advice() == "" {
			return nil, ErrTrouble.With("%q is no trouble that a role can have", t)
		}
	}
	x, err := a.TellExplosion(ctx, in.Trouble, a.sees(ctx))
	return &explosionOutput{x}, err
}

type givenInput struct {
	RoleInput
	httpapi.Paging
}

type givenOutput struct {
	Body struct {
		Items []GivenLine `json:"items" doc:"The worst tier first"`
		Next  string      `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
		Total int         `json:"total"`
	}
}

func (a *API) entitlements(ctx context.Context, in *givenInput) (*givenOutput, error) {
	from, err := httpapi.ParseCursor[int](in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &givenOutput{}
	if out.Body.Items, out.Body.Total, err = a.TellGiven(ctx, in.ID.V, max(from, 0), in.Limit, a.sees(ctx)); err != nil {
		return nil, err
	}
	if end := max(from, 0) + in.Limit; end < out.Body.Total {
		out.Body.Next = httpapi.Cursor(end)
	}
	return out, nil
}

type explosionInput struct {
	Trouble []Trouble `query:"trouble" doc:"Only these troubles"`
}
