package notify

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/httpapi"
)

// Outbox is where mails lie.
type Outbox interface {
	// Mails lists mails, the newest first. Next is where the next page begins, or 0.
	Mails(ctx context.Context, f Filter) (list []Kept, next int64, err error)
}

// API is the operation that lists the outbox. All of its fields are needed.
type API struct {
	Outbox Outbox
	// Read decides whether whoever calls may: it has no default.
	Read httpapi.Guard[ListInput]
	// On reports whether a mail server is configured.
	On bool
}

// Register mounts the operation.
func (a *API) Register(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "list-mail", Method: http.MethodGet, Path: "/v1/mail", Tags: []string{"mail"},
		Summary: "Mail that waits, was sent, or could not be, the newest first",
	}, a.Read, a.list)
}

// ListInput is what the list is asked with.
type ListInput struct {
	httpapi.Paging
	State State `query:"state" enum:"waiting,failed,sent,dead,cancelled" doc:"Only mails in this state"`
}

// place is where a page of the list begins.
type place struct {
	Before int64 `json:"b"`
}

type mailOutput struct {
	Body struct {
		Items  []Kept `json:"items"`
		Next   string `json:"next,omitempty"`
		Server bool   `json:"server" doc:"Whether a mail server is configured: without one mail waits"`
	}
}

func (a *API) list(ctx context.Context, in *ListInput) (*mailOutput, error) {
	from, err := httpapi.ParseCursor[place](in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &mailOutput{}
	out.Body.Server = a.On
	list, next, err := a.Outbox.Mails(ctx, Filter{State: in.State, Before: from.Before, First: in.Limit})
	if next != 0 {
		out.Body.Next = httpapi.Cursor(place{next})
	}
	out.Body.Items = append([]Kept{}, list...)
	return out, err
}
