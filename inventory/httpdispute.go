package inventory

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const decideLink = "link.decide"

// DisputeItem is a disputed account with all whose it may be.
type DisputeItem struct {
	Account    Labelled             `json:"account"`
	System     string               `json:"system"`
	Since      access.Time          `json:"since"`
	Rule       string               `json:"rule"`
	Evidence   string               `json:"evidence"`
	Name       string               `json:"name,omitempty"`
	Number     string               `json:"number,omitempty"`
	Email      string               `json:"email,omitempty"`
	Login      string               `json:"login"`
	Kind       access.AccountKind   `json:"kind"`
	Status     access.AccountStatus `json:"status"`
	UsageKnown bool                 `json:"usage_known"`
	LastUsed   access.Time          `json:"last_used,omitzero"`
	WorstTier  *access.Tier         `json:"worst_tier" doc:"None: it can reach nothing"`
	Contenders []DisputeContender   `json:"contenders"`
	More       int                  `json:"more" doc:"Contenders that are not listed"`

	May map[string]policy.Verdict `json:"may" doc:"What whoever asks may do"`
}

// DisputeContender is somebody whose account it may be.
type DisputeContender struct {
	Identity Labelled             `json:"identity"`
	Kind     access.IdentityKind  `json:"kind"`
	State    access.IdentityState `json:"state"`
	Employer string               `json:"employer,omitempty"`
	Unit     string               `json:"unit,omitempty"`
	Title    string               `json:"title,omitempty"`
	Compared []DisputeComparison  `json:"compared"`
}

// DisputeComparison is one attribute of both.
type DisputeComparison struct {
	Attribute string  `json:"attribute"`
	Account   string  `json:"account"`
	Identity  string  `json:"identity"`
	Verdict   Verdict `json:"verdict" enum:"same,similar,differs,unknown"`
	Likeness  float64 `json:"likeness"`
}

type listDisputesInput struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where the page begins, as the page before said in next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
	System string `query:"system" maxLength:"64" doc:"Only this system's"`
}

type listDisputesOutput struct{ Body pageOf[DisputeItem] }

type linkAccountInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The account's id"`
	Body struct {
		Identity string `json:"identity,omitempty" maxLength:"64" doc:"Whose it is, by id"`
		Nobody   bool   `json:"nobody,omitempty" doc:"It is nobody's"`
		Reason   string `json:"reason" minLength:"1" maxLength:"2000" doc:"How this is known"`
		Replace  bool   `json:"replace,omitempty" doc:"Decide otherwise than what stands"`
	}
}

type linkOutput struct{ Body LinkDecision }

// LinkDecision is whose an account is from now on.
type LinkDecision struct {
	Account  *Labelled `json:"account"`
	Identity *Labelled `json:"identity" doc:"None: it is nobody's"`
	Reason   string    `json:"reason"`
}

func (a *API) registerDisputes(api huma.API) {
	httpapi.Register(api, operation("list-disputes", get, "/v1/disputes", "The accounts that a person has to decide about, with the evidence side by side", http.StatusOK),
		policy.Within[listDisputesInput](a.Gate, "account.read"), a.listDisputes)
	httpapi.Register(api, operation("link-account", post, "/v1/accounts/{id}/link", "Decide whose account it is; rules never override it", http.StatusOK),
		policy.On(a.Gate, decideLink, a.objectOfLink), a.link)
}

// behind is where the next page of the queue begins: what of it was decided meanwhile
// has left it, and what came asks again from its beginning.
type behind struct {
	Danger access.Tier      `json:"d"`
	Since  access.Time      `json:"s"`
	ID     access.AccountID `json:"i"`
}

// listDisputes tells whose each account may be, which is for those who may see people:
// their names are in the evidence.
func (a *API) listDisputes(ctx context.Context, in *listDisputesInput) (*listDisputesOutput, error) {
	if err := a.Gate.Permit(ctx, "identity.read", policy.Object{}); err != nil {
		return nil, err
	}
	after, err := httpapi.ParseCursor[behind](in.Cursor)
	if err != nil {
		return nil, err
	}
	reach := policy.ReachOf(ctx)
	v := a.Gate.Graph.View()
	defer v.Close()
	queue, err := a.Service.Queue(ctx, v, func(w Waiting) bool {
		return reach.Has(w.System) && (in.System == "" || w.System.String() == in.System)
	})
	if err != nil {
		return nil, err
	}
	page := pageOf[DisputeItem]{Items: []DisputeItem{}, Total: len(queue)}
	if in.Cursor != "" {
		for len(queue) > 0 && !queue[0].comesAfter(after) {
			queue = queue[1:]
		}
	}
	if len(queue) > in.Limit {
		queue = queue[:in.Limit]
		last := queue[in.Limit-1]
		page.Next = httpapi.Cursor(behind{last.danger(), last.Since, last.Account})
	}
	if page.Items, err = a.disputes(ctx, queue); err != nil {
		return nil, err
	}
	for i := range page.Items {
		x := &page.Items[i]
		r, _ := policy.ObjectOf(v, x.Account.ID)
		x.May = a.Gate.Verdicts(ctx, policy.Object{Resource: r}, decideLink)
	}
	return &listDisputesOutput{page}, nil
}

func (q Queued) comesAfter(b behind) bool {
	switch {
	case q.danger() != b.Danger:
		return q.danger() > b.Danger
	case q.Since != b.Since:
		return q.Since > b.Since
	}
	return q.Account > b.ID
}

func (a *API) disputes(ctx context.Context, queue []Queued) ([]DisputeItem, error) {
	ids := make([]access.AccountID, 0, len(queue))
	queued := make(map[access.AccountID]Queued, len(queue))
	for _, q := range queue {
		ids = append(ids, q.Account)
		queued[q.Account] = q
	}
	list, err := a.Service.Disputes(ctx, ids)
	items := make([]DisputeItem, 0, len(list))
	for i := range list {
		d := &list[i]
		acc, q := &d.Account, queued[d.Account.ID]
		x := DisputeItem{
			Account: Labelled{acc.ID.Ref(), acc.Login}, System: acc.System, Since: q.Since, Rule: acc.Link.Rule, Evidence: acc.Link.Evidence,
			Name: acc.Name, Number: acc.Number, Email: acc.Email, Login: acc.Login, Kind: acc.Kind, Status: d.Facts.Status,
			UsageKnown: d.Facts.UsageKnown, LastUsed: d.Facts.LastUsed, Contenders: []DisputeContender{}, More: d.More,
		}
		if q.Known {
			x.WorstTier = &q.Tier
		}
		for _, c := range d.Contenders {
			x.Contenders = append(x.Contenders, c.item())
		}
		items = append(items, x)
	}
	return items, err
}

func (c *Contender) item() DisputeContender {
	x := DisputeContender{
		Identity: Labelled{c.Person.ID.Ref(), c.Person.Name}, Kind: c.Person.Kind, State: c.Facts.State,
		Employer: c.Facts.Employer, Unit: c.Facts.Unit, Title: c.Facts.Title, Compared: []DisputeComparison{},
	}
	for _, m := range c.Compared {
		x.Compared = append(x.Compared, DisputeComparison{m.Attribute, m.Account, m.Person, m.Verdict, math.Round(100*m.Likeness) / 100})
	}
	return x
}

// objectOfLink is the account, and besides whose it is now whose it is to be: nobody
// gives an account to themself, nor gives theirs away. What else is wrong with the input
// is told to those who may decide.
func (a *API) objectOfLink(_ context.Context, in *linkAccountInput) (policy.Object, error) {
	d, _ := in.decision()
	v := a.Gate.Graph.View()
	defer v.Close()
	r, ok := policy.ObjectOf(v, d.Account.Ref())
	if !ok {
		return policy.Object{}, policy.ErrNoObject
	}
	if d.Identity != 0 {
		r.Subjects = append(r.Subjects, d.Identity.Ref())
	}
	return policy.Object{Resource: r, Reason: d.Reason}, nil
}

func (in *linkAccountInput) decision() (Decision, error) {
	d := Decision{Reason: in.Body.Reason, Replace: in.Body.Replace}
	if d.Account.UnmarshalText([]byte(in.ID)) != nil || d.Account == 0 {
		return d, policy.ErrNoObject
	}
	if err := d.Identity.UnmarshalText([]byte(in.Body.Identity)); err != nil {
		return d, err
	}
	if (d.Identity == 0) != in.Body.Nobody {
		return d, ErrRule.With("say whose it is: an identity, or nobody")
	}
	return d, nil
}

func (a *API) link(ctx context.Context, in *linkAccountInput) (*linkOutput, error) {
	d, err := in.decision()
	if err != nil {
		return nil, err
	}
	if err := a.Service.Decide(ctx, d); errors.Is(err, ErrNotFound) {
		return nil, policy.ErrNoObject
	} else if err != nil {
		return nil, err
	}
	label, err := a.labels(ctx, []access.Ref{d.Account.Ref(), d.Identity.Ref()})
	if err != nil {
		return nil, err
	}
	return &linkOutput{LinkDecision{label(d.Account.Ref()), label(d.Identity.Ref()), d.Reason}}, nil
}
