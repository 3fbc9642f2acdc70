package vault

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerCheckouts(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/checkouts", "/v1/checkouts/{id}"
	httpapi.Register(api, operation("list-checkouts", http.MethodGet, path, "Who has which secret out, as far as you may know", http.StatusOK), policy.Known[checkoutsInput](), a.listCheckouts)
	httpapi.Register(api, operation("check-out-secret", http.MethodPost, "/v1/secrets/{id}/checkouts", "Have a secret for a time, or ask those who have to agree", http.StatusCreated), policy.On(gate, "secret.use", onSecret[checkOutInput](a, Use)), a.checkOut)
	httpapi.Register(api, operation("show-checkout", http.MethodGet, one, "One check-out", http.StatusOK), policy.On(gate, "checkout.read", onCheckout[CheckoutInput](a)), a.showCheckout)
	httpapi.Register(api, operation("extend-checkout", http.MethodPost, one+"/extend", "Have a secret longer, within its terms", http.StatusOK), policy.On(gate, "checkout.end", onCheckout[extendCheckoutInput](a)), a.extend)
	httpapi.Register(api, operation("check-in-secret", http.MethodPost, one+"/checkin", "Give back what you have out, or withdraw what you asked for", http.StatusOK), policy.On(gate, "checkout.end", onCheckout[CheckoutInput](a)), a.checkIn)
	httpapi.Register(api, operation("force-checkin", http.MethodPost, one+"/force", "Take back what somebody has out", http.StatusOK), policy.On(gate, "checkout.force", onCheckout[forceInput](a)), a.force)
}

// CheckoutInput names a check-out.
type CheckoutInput struct {
	ID httpapi.Text[access.CheckoutID] `path:"id" doc:"The check-out"`
}

func (in *CheckoutInput) about() (access.CheckoutID, string) { return in.ID.V, "" }

// onCheckout tells which check-out an operation is about.
func onCheckout[I any, P interface {
	*I
	about() (access.CheckoutID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		return a.Service.CheckoutObject(ctx, id, reason)
	}
}

type checkoutsInput struct {
	Secret httpapi.Text[access.SecretID] `query:"secret" doc:"Only of this one"`
	Mine   bool                          `query:"mine" doc:"Only yours"`
	All    bool                          `query:"all" doc:"Those that have ended with the rest"`
	httpapi.Paging
}

// CheckoutListed is a check-out in a list.
type CheckoutListed struct {
	Checkout
	May map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, until it has ended"`
}

type checkoutsOutput struct {
	Body struct {
		Items []CheckoutListed  `json:"items"`
		Next  string            `json:"next,omitempty" doc:"Where the next page begins"`
		Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
	}
}

func (a *API) listCheckouts(ctx context.Context, in *checkoutsInput) (*checkoutsOutput, error) {
	before, err := httpapi.ParseCursor[access.CheckoutID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q := CheckoutQuery{Secret: in.Secret.V, Open: !in.All, Before: before, First: in.Limit}
	if in.Mine {
		c, _ := policy.CallerOf(ctx)
		q.Of = c.Identity
	}
	list, last, err := a.Service.CheckoutPage(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &checkoutsOutput{}
	if last != 0 {
		out.Body.Next = httpapi.Cursor(last)
	}
	if out.Body.Items, err = a.listed(ctx, list); err != nil {
		return nil, err
	}
	out.Body.Names, err = a.checkoutNames(ctx, list...)
	return out, err
}

// listed says of each check-out what whoever calls may do to it.
func (a *API) listed(ctx context.Context, list []Checkout) ([]CheckoutListed, error) {
	items := make([]CheckoutListed, len(list))
	for i, c := range list {
		items[i].Checkout = c
		if !c.State.Open() {
			continue
		}
		o, err := a.Service.objectOf(ctx, c, "")
		if err != nil {
			return nil, err
		}
		items[i].May = a.Service.Gate.Verdicts(ctx, o, "checkout.end", "checkout.force")
		onlyPeople(ctx, items[i].May, "checkout.end")
	}
	return items, nil
}

// checkoutNames is what the things in check-outs are called.
func (a *API) checkoutNames(ctx context.Context, list ...Checkout) (map[string]string, error) {
	var refs []access.Ref
	for _, c := range list {
		refs = append(refs, c.Identity.Ref())
		if by, err := access.ParseRef(c.EndedBy); err == nil {
			refs = append(refs, by)
		}
	}
	names, err := a.called(ctx, refs...)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if names[c.Secret.String()] != "" {
			continue
		}
		h, err := a.Service.secret(ctx, c.Secret)
		if err != nil {
			return nil, err
		}
		names[c.Secret.String()], names[c.Safe.String()] = h.secret.Name, h.Name
	}
	return names, nil
}

// CheckoutShown is a check-out as it is answered.
type CheckoutShown struct {
	Checkout
	Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
}

type checkoutOutput struct{ Body CheckoutShown }

func (a *API) shownCheckout(ctx context.Context, c Checkout, err error) (*checkoutOutput, error) {
	if err != nil {
		return nil, err
	}
	names, err := a.checkoutNames(ctx, c)
	return &checkoutOutput{CheckoutShown{c, names}}, err
}

func (a *API) showCheckout(ctx context.Context, in *CheckoutInput) (*checkoutOutput, error) {
	c, err := a.Service.Checkout(ctx, in.ID.V)
	return a.shownCheckout(ctx, c, err)
}

type checkOutInput struct {
	SecretInput
	Body struct {
		Minutes int    `json:"minutes,omitempty" minimum:"0" maximum:"43200" doc:"For how long; without it, for as long as the terms let you"`
		Reason  string `json:"reason,omitempty" maxLength:"1000"`
		Ticket  string `json:"ticket,omitempty" maxLength:"1000"`
	}
}

func (in *checkOutInput) about() (access.SecretID, string) { return in.ID.V, in.Body.Reason }

func (a *API) checkOut(ctx context.Context, in *checkOutInput) (*checkoutOutput, error) {
	b := in.Body
	c, err := a.Service.CheckOut(ctx, Asking{Secret: in.ID.V, Lasts: time.Duration(b.Minutes) * time.Minute, Reason: b.Reason, Ticket: b.Ticket})
	if errors.Is(err, ErrOut) {
		err = a.outBy(ctx, c)
	}
	return a.shownCheckout(ctx, c, err)
}

// outBy says who has a secret out, and until when.
func (a *API) outBy(ctx context.Context, c Checkout) error {
	names, err := a.called(ctx, c.Identity.Ref())
	if err != nil {
		return err
	}
	who := names[c.Identity.String()]
	if who == "" {
		who = c.Identity.String()
	}
	return ErrOut.With("%s has the secret out, until %s at the latest", who, c.Ends.Time().UTC().Format("2006-01-02 15:04 MST"))
}

type extendCheckoutInput struct {
	CheckoutInput
	Body struct {
		Minutes int    `json:"minutes" minimum:"1" maximum:"43200" doc:"By how much longer"`
		Reason  string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (in *extendCheckoutInput) about() (access.CheckoutID, string) { return in.ID.V, in.Body.Reason }

func (a *API) extend(ctx context.Context, in *extendCheckoutInput) (*checkoutOutput, error) {
	c, err := a.Service.Extend(ctx, in.ID.V, time.Duration(in.Body.Minutes)*time.Minute, in.Body.Reason)
	return a.shownCheckout(ctx, c, err)
}

func (a *API) checkIn(ctx context.Context, in *CheckoutInput) (*checkoutOutput, error) {
	c, err := a.Service.CheckIn(ctx, in.ID.V)
	return a.shownCheckout(ctx, c, err)
}

type forceInput struct {
	CheckoutInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *forceInput) about() (access.CheckoutID, string) { return in.ID.V, in.Body.Reason }

func (a *API) force(ctx context.Context, in *forceInput) (*checkoutOutput, error) {
	c, err := a.Service.Force(ctx, in.ID.V, in.Body.Reason)
	return a.shownCheckout(ctx, c, err)
}
