package lifecycle

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerLife(api huma.API) {
	httpapi.Register(api, operation("list-lifecycle-events", http.MethodGet, "/v1/lifecycle/events", "What is coming, what happened and what was cancelled in people's lives", http.StatusOK),
		whole[lifeInput](a, readLife, nil), a.listEvents)
	httpapi.Register(api, operation("show-lifecycle-event", http.MethodGet, "/v1/lifecycle/events/{id}", "One event: what changed, and what somebody gains and loses by it", http.StatusOK),
		whole[ofEvent](a, readLife, nil), a.showEvent)
	httpapi.Register(api, operation("try-lifecycle-event", http.MethodPost, "/v1/lifecycle/events/effect", "What somebody would gain and lose by an order, before it is one", http.StatusOK),
		whole[tryEventInput](a, readLife, nil), a.tryEvent)
	httpapi.Register(api, operation("list-contracts", http.MethodGet, "/v1/lifecycle/contracts", "Whose contract ends soon, who answers for them, and who was warned", http.StatusOK),
		whole[contractsInput](a, readLife, nil), a.listContracts)
}

type lifeInput struct {
	httpapi.Paging
	Identity httpapi.Text[access.IdentityID] `query:"identity" doc:"Only of this person"`
	Kind     EventKind                       `query:"kind" enum:"hire,move,leave,suspend,return,terminate,rehire,convert,contract_end"`
	State    EventState                      `query:"state" enum:"coming,happened,cancelled" doc:"Of those that are coming the next comes first; else the newest"`
	Ordered  string                          `query:"ordered" enum:"yes,no" doc:"Whether a person ordered it; else a source says so"`
}

// LifeEvent is an event with whose life it is in.
type LifeEvent struct {
	Event
	Person access.Named `json:"person"`
}

type lifeOutput struct {
	Body struct {
		Items []LifeEvent               `json:"items"`
		Names map[string]string         `json:"names" doc:"What whoever ordered or cancelled something is called, by id"`
		Next  string                    `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

type ofEvent struct {
	ID string `path:"id" maxLength:"64" doc:"The event's key"`
}

// EventShown is one event with what changed by it, and what follows.
type EventShown struct {
	LifeEvent
	Altered      []Alteration              `json:"altered" doc:"What is known of them and became otherwise; of one that is coming, what would"`
	Outcome      Outcome                   `json:"outcome" doc:"What followed until the next event of the same life; of one that is coming, what would follow by what is known now"`
	Next         access.Time               `json:"next_at,omitzero" doc:"When the next event of the same life happened"`
	CancelledFor string                    `json:"cancelled_for,omitempty" doc:"Why it was cancelled"`
	Names        map[string]string         `json:"names" doc:"What whoever ordered or cancelled it is called, by id"`
	May          map[string]policy.Verdict `json:"may" doc:"What you may do"`
}

type eventOutput struct{ Body EventShown }

type tryEventInput struct {
	Body struct {
		Identity access.IdentityID `json:"identity" doc:"Whom it would happen to" example:"idn_0000000000001"`
		Kind     EventKind         `json:"kind" enum:"hire,leave,suspend,return,terminate,rehire"`
		Urgent   bool              `json:"urgent,omitempty" doc:"As an emergency, which nothing holds"`
	}
}

type outcomeOutput struct{ Body Outcome }

type contractsInput struct {
	httpapi.Paging
	Days int `query:"days" minimum:"1" maximum:"400" default:"90" doc:"Within how many days it ends"`
}

// ContractItem is a third party's contract that ends.
type ContractItem struct {
	Person       access.Named         `json:"person"`
	State        access.IdentityState `json:"state"`
	Organisation string               `json:"organisation"`
	Sponsor      access.Named         `json:"sponsor,omitzero" doc:"None is that nobody is named"`
	End          access.Time          `json:"contract_end" doc:"Its last day"`
	Over         bool                 `json:"over,omitempty"`
	Warnings     []WarningItem        `json:"warnings" doc:"The first to come is the first to be sent"`
}

// WarningItem is one warning before a contract's end.
type WarningItem struct {
	Days int          `json:"days" doc:"How many days before the end"`
	Due  access.Time  `json:"due_at" doc:"From when on it is sent"`
	Sent access.Time  `json:"sent_at,omitzero"`
	Told access.Named `json:"told,omitzero" doc:"To whom it was sent; none is that nobody answers for them"`
}

type contractsOutput struct {
	Body struct {
		Items []ContractItem `json:"items"`
		Next  string         `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
	}
}

func (a *API) listEvents(ctx context.Context, in *lifeInput) (*lifeOutput, error) {
	q := LifeQuery{Identity: in.Identity.V, Kind: in.Kind, State: in.State, First: in.Limit}
	if in.Ordered != "" {
		ordered := in.Ordered == "yes"
		q.Ordered = &ordered
	}
	if in.Cursor != "" {
		after, err := httpapi.ParseCursor[LifePlace](in.Cursor)
		if err != nil {
			return nil, err
		}
		q.After = &after
	}
	list, more, err := a.Service.Life(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &lifeOutput{}
	if more {
		out.Body.Next = httpapi.Cursor(list[len(list)-1].Place)
	}
	out.Body.Items, out.Body.Names, err = a.lived(ctx, list)
	out.Body.May = a.Gate.Verdicts(ctx, policy.Object{}, orderEvent, emergency)
	return out, err
}

// lived names whose lives events are in, and who ordered and cancelled them.
func (a *API) lived(ctx context.Context, list []Event) ([]LifeEvent, map[string]string, error) {
	var refs []access.Ref
	var actors []string
	for _, e := range list {
		refs, actors = append(refs, e.Identity.Ref()), append(actors, e.By, e.EndedBy)
	}
	name, err := a.Service.namer(ctx, refs)
	if err != nil {
		return nil, nil, err
	}
	items := make([]LifeEvent, len(list))
	for i, e := range list {
		items[i] = LifeEvent{e, name(e.Identity.Ref())}
	}
	names, err := a.actorNames(ctx, actors)
	return items, names, err
}

func (a *API) showEvent(ctx context.Context, in *ofEvent) (*eventOutput, error) {
	e, next, err := a.Service.Event(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	items, names, err := a.lived(ctx, []Event{e})
	if err != nil {
		return nil, err
	}
	shown := EventShown{LifeEvent: items[0], Next: next, Names: names, May: a.Gate.Verdicts(ctx, policy.Object{}, orderEvent)}
	if shown.Altered, shown.Outcome, err = a.Service.Brings(ctx, e, next); err != nil {
		return nil, err
	}
	if e.State == Cancelled {
		shown.CancelledFor, err = a.Service.Store.CancelledFor(ctx, e.ID)
	}
	return &eventOutput{shown}, err
}

func (a *API) tryEvent(ctx context.Context, in *tryEventInput) (*outcomeOutput, error) {
	o, err := a.Service.Foretell(ctx, in.Body.Identity, in.Body.Kind, in.Body.Urgent)
	return &outcomeOutput{o}, err
}

func (a *API) listContracts(ctx context.Context, in *contractsInput) (*contractsOutput, error) {
	now := a.Service.now()
	// What has been over for long is a finding, and no news.
	q := ContractQuery{From: now - access.Time(Warnings[0])*day, To: now + access.Time(in.Days)*day, First: in.Limit}
	if in.Cursor != "" {
		after, err := httpapi.ParseCursor[ContractPlace](in.Cursor)
		if err != nil {
			return nil, err
		}
		q.After = &after
	}
	list, more, err := a.Service.Store.Contracts(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &contractsOutput{}
	if more {
		last := list[len(list)-1]
		out.Body.Next = httpapi.Cursor(ContractPlace{last.End, last.Identity})
	}
	out.Body.Items, err = a.Service.contracts(ctx, list, now)
	return out, err
}
