package inventory

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const (
	readLife   = "lifecycle.read"
	decideRows = "identity.match"
)

func (a *API) registerDoubts(api huma.API) {
	httpapi.Register(api, operation("list-doubts", http.MethodGet, "/v1/doubts", "Rows of sources of which nobody can say whose they are", http.StatusOK),
		policy.On(a.Gate, readLife, func(context.Context, *struct{}) (policy.Object, error) { return policy.Object{}, nil }), a.listDoubts)
	httpapi.Register(api, operation("decide-doubt", http.MethodPost, "/v1/doubts/decide", "Say whether a row is who has left, or somebody else; the source's next sync goes by it", http.StatusNoContent),
		policy.On(a.Gate, decideRows, a.objectOfDoubt), a.decideDoubt)
}

// objectOfDoubt is whom a decision is about: whoever has left. Which rows are in doubt is
// told only to those who may see it.
func (a *API) objectOfDoubt(ctx context.Context, in *decideDoubtInput) (policy.Object, error) {
	if err := a.Gate.Permit(ctx, readLife, policy.Object{}); err != nil {
		return policy.Object{}, err
	}
	list, err := a.Service.Doubts(ctx)
	if err != nil {
		return policy.Object{}, err
	}
	i := slices.IndexFunc(list, func(d Doubt) bool { return d.Source == in.Body.Source && d.Row == in.Body.Row })
	switch {
	case i < 0:
		return policy.Object{}, ErrNoDoubt
	case list[i].Kind != DoubtRehire:
		return policy.Object{}, ErrDoubtTwice
	}
	return aboutWhoLeft(list[i], in.Body.Reason), nil
}

func aboutWhoLeft(d Doubt, reason string) policy.Object {
	return policy.Object{Resource: policy.Resource{Subjects: []access.Ref{d.Identity.Ref()}}, Reason: reason}
}

type decideDoubtInput struct {
	Body struct {
		Source access.SourceID `json:"source"`
		Row    string          `json:"row" minLength:"1" maxLength:"1000" doc:"What the source calls it"`
		Name   string          `json:"name" minLength:"1" maxLength:"1000" doc:"What the row was called when you looked"`
		Person string          `json:"person" enum:"same,another" doc:"Who has left, or somebody else"`
		Reason string          `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// DoubtItem is a doubt with the names of what it is about.
type DoubtItem struct {
	Doubt
	SourceName string        `json:"source_name"`
	Left       *access.Named `json:"left,omitempty" doc:"Whose number it was, or is"`
}

// DoubtShown is that with what whoever asks may do.
type DoubtShown struct {
	DoubtItem
	May map[string]policy.Verdict `json:"may" doc:"What you may do: nobody decides where two people have one number"`
}

type doubtsOutput struct {
	Body struct {
		Items []DoubtShown `json:"items"`
		Total int          `json:"total"`
	}
}

// DoubtItems are the doubts with names.
func (s *Service) DoubtItems(ctx context.Context) ([]DoubtItem, error) {
	list, err := s.Store.Doubts(ctx)
	if err != nil {
		return nil, err
	}
	var refs []access.Ref
	for _, d := range list {
		refs = append(refs, d.Source.Ref(), d.Identity.Ref())
	}
	labels, err := s.Store.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	items := []DoubtItem{}
	for _, d := range list {
		i := DoubtItem{Doubt: d, SourceName: labels[d.Source.Ref()].Name}
		if d.Identity != 0 {
			n := labels[d.Identity.Ref()].Named(d.Identity.Ref())
			i.Left = &n
		}
		items = append(items, i)
	}
	return items, nil
}

func (a *API) listDoubts(ctx context.Context, _ *struct{}) (*doubtsOutput, error) {
	list, err := a.Service.DoubtItems(ctx)
	out := &doubtsOutput{}
	out.Body.Items, out.Body.Total = make([]DoubtShown, len(list)), len(list)
	for i, d := range list {
		out.Body.Items[i] = DoubtShown{DoubtItem: d, May: map[string]policy.Verdict{}}
		if d.Kind == DoubtRehire {
			out.Body.Items[i].May = a.Gate.Verdicts(ctx, aboutWhoLeft(d.Doubt, ""), decideRows)
		}
	}
	return out, err
}

func (a *API) decideDoubt(ctx context.Context, in *decideDoubtInput) (*struct{}, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return nil, err
	}
	return nil, a.Service.DecideDoubt(ctx, in.Body.Source, in.Body.Row, in.Body.Name, in.Body.Person == SamePerson, in.Body.Reason, actor.Identity)
}
