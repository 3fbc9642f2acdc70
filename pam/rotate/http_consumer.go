package rotate

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// confirmConsumer is what answers say of confirming for a consumer.
const confirmConsumer = "consumer.confirm"

// registerConsumers mounts the operations on who uses a secret, and on pairs.
func (a *API) registerConsumers(api huma.API) {
	const one, pair = "/v1/consumers/{id}", "/v1/secrets/{id}/pair"
	httpapi.Register(api, operation("list-consumers", http.MethodGet, "/v1/consumers", "Who uses secrets, and whether they use the value that there is", http.StatusOK),
		policy.SignedIn[consumersInput](), a.consumers)
	httpapi.Register(api, operation("add-consumer", http.MethodPost, "/v1/secrets/{id}/consumers", "Keep that a service uses a secret, and have it told of other values", http.StatusCreated),
		policy.On(a.Gate, changeSecret, func(ctx context.Context, in *addConsumerInput) (policy.Object, error) { return a.of(ctx, in.OfSecret) }), a.addConsumer)
	httpapi.Register(api, operation("change-consumer", http.MethodPut, one, "Have a service told otherwise: by what, in which place, and who answers for it", http.StatusOK),
		policy.Known[changeConsumerInput](), a.changeConsumer)
	httpapi.Register(api, operation("remove-consumer", http.MethodDelete, one, "Tell a service no more", http.StatusNoContent),
		policy.Known[ConsumerInput](), a.removeConsumer)
	httpapi.Register(api, operation("confirm-consumer", http.MethodPost, one+"/confirm", "Say that a service uses a version of its secret", http.StatusOK),
		policy.Known[confirmInput](), a.confirm)
	httpapi.Register(api, operation("show-account-pair", http.MethodGet, pair, "The two accounts that take turns under a secret", http.StatusOK),
		policy.On(a.Gate, "secret.read", func(ctx context.Context, in *OfSecret) (policy.Object, error) { return a.of(ctx, *in) }), a.pair)
	httpapi.Register(api, operation("set-account-pair", http.MethodPut, pair, "Have another account take turns with the one that a secret opens", http.StatusOK),
		policy.On(a.Gate, changeSecret, func(ctx context.Context, in *pairInput) (policy.Object, error) { return a.of(ctx, in.OfSecret) }), a.setPair)
	httpapi.Register(api, operation("remove-account-pair", http.MethodDelete, pair, "Leave a secret with the account that is live", http.StatusNoContent),
		policy.On(a.Gate, changeSecret, func(ctx context.Context, in *OfSecret) (policy.Object, error) { return a.of(ctx, *in) }), a.endPair)
}

// ConsumerInput names a consumer.
type ConsumerInput struct {
	ID string `path:"id" maxLength:"64" doc:"The consumer"`
}

func (in *ConsumerInput) consumer() (id access.ConsumerID, err error) {
	if id.UnmarshalText([]byte(in.ID)) != nil || id == 0 {
		return 0, ErrNoConsumer
	}
	return id, nil
}

type consumersInput struct {
	Secret httpapi.Text[access.SecretID] `query:"secret" doc:"Only those of this one"`
	Open   bool                          `query:"open" doc:"Only those that do not use the value that there is, as far as they have said"`
}

// ConsumerBody is what is said of a consumer.
type ConsumerBody struct {
	Name   string            `json:"name" minLength:"1" maxLength:"64" example:"ledger-api"`
	Hook   string            `json:"hook,omitempty" maxLength:"64" doc:"What it is told by, as the configuration of the nodes declares it"`
	Reader access.IdentityID `json:"reader,omitzero" doc:"Who it reads the secret as: its next read confirms"`
	Owner  access.IdentityID `json:"owner" example:"idn_0000000000001" doc:"Who is told where it does not confirm"`
	Place  int               `json:"place,omitempty" minimum:"0" maximum:"99" doc:"It is told once all of a lower place have confirmed"`
}

func (b ConsumerBody) consumer() Consumer {
	return Consumer{Name: b.Name, Hook: b.Hook, Reader: b.Reader, Owner: b.Owner, Place: b.Place}
}

type addConsumerInput struct {
	OfSecret
	Body ConsumerBody
}

type changeConsumerInput struct {
	ConsumerInput
	Body ConsumerBody
}

type confirmInput struct {
	ConsumerInput
	Body struct {
		Version int `json:"version" minimum:"1" doc:"The number of the version that it uses"`
	}
}

type pairInput struct {
	OfSecret
	Body struct {
		Account access.AccountID `json:"account" example:"acc_0000000000001" doc:"The account that the secret has"`
		Other   access.AccountID `json:"other" example:"acc_0000000000002" doc:"The one that takes turns with it"`
		Grace   int              `json:"grace_minutes,omitempty" minimum:"0" maximum:"43200" doc:"For how long the account that was live before a switch is left as it is at most; without it, a day"`
	}
}

// ConsumerShown is a consumer as an answer shows it.
type ConsumerShown struct {
	Consumer
	Named access.Named `json:"named"`
	Owned access.Named `json:"owned"`
	Reads access.Named `json:"reads,omitzero" doc:"Who it reads the secret as"`

	May map[string]policy.Verdict `json:"may" doc:"What you may do: confirm for it, and change it"`
}

// PairShown is a pair as an answer shows it.
type PairShown struct {
	Pair
	Grace int                     `json:"grace_minutes"`
	Names map[string]access.Named `json:"names" doc:"What the accounts are called, by id"`
}

type consumersOutput struct {
	Body struct {
		Items []ConsumerShown `json:"items"`
	}
}

type consumerOutput struct{ Body ConsumerShown }

type pairOutput struct{ Body PairShown }

func (a *API) consumers(ctx context.Context, in *consumersInput) (*consumersOutput, error) {
	list, err := a.Consumers(ctx, in.Secret.V)
	if err != nil {
		return nil, err
	}
	out := &consumersOutput{}
	out.Body.Items = []ConsumerShown{}
	for _, c := range list {
		if in.Open && c.Stage == InUse {
			continue
		}
		x, err := a.shownConsumer(ctx, c)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

func (a *API) shownConsumer(ctx context.Context, c Consumer) (ConsumerShown, error) {
	refs := []access.Ref{c.Secret.Ref(), c.Owner.Ref()}
	if c.Reader != 0 {
		refs = append(refs, c.Reader.Ref())
	}
	labels, err := a.Names.Names(ctx, refs)
	x := ConsumerShown{Consumer: c, Named: labels[refs[0]].Named(refs[0]), Owned: labels[refs[1]].Named(refs[1])}
	if c.Reader != 0 {
		x.Reads = labels[refs[2]].Named(refs[2])
	}
	if err == nil {
		x.May, err = a.mayConsumer(ctx, c)
	}
	return x, err
}

// mayConsumer is what whoever calls may do about a consumer. Itself confirms, and whoever
// answers for it, whether or not they may change its secret.
func (a *API) mayConsumer(ctx context.Context, c Consumer) (map[string]policy.Verdict, error) {
	o, err := a.Secrets.SecretObject(ctx, c.Secret, "")
	if err != nil {
		return nil, err
	}
	may := a.Gate.Verdicts(ctx, o, changeSecret)
	may[confirmConsumer] = may[changeSecret]
	if c.own(ctx) {
		may[confirmConsumer] = policy.Verdict{Allowed: true}
	}
	return may, nil
}

func (a *API) addConsumer(ctx context.Context, in *addConsumerInput) (*consumerOutput, error) {
	of, err := in.secret()
	if err != nil {
		return nil, err
	}
	c := in.Body.consumer()
	c.Secret = of
	id, err := a.AddConsumer(ctx, c)
	if err != nil {
		return nil, err
	}
	return a.oneConsumer(ctx, id)
}

func (a *API) oneConsumer(ctx context.Context, id access.ConsumerID) (*consumerOutput, error) {
	c, err := a.Service.Store.Consumer(ctx, id)
	if err != nil {
		return nil, err
	}
	x, err := a.shownConsumer(ctx, c)
	return &consumerOutput{x}, err
}

func (a *API) changeConsumer(ctx context.Context, in *changeConsumerInput) (*consumerOutput, error) {
	id, err := in.consumer()
	if err != nil {
		return nil, err
	}
	c := in.Body.consumer()
	c.ID = id
	if err := a.ChangeConsumer(ctx, c); err != nil {
		return nil, err
	}
	return a.oneConsumer(ctx, id)
}

func (a *API) removeConsumer(ctx context.Context, in *ConsumerInput) (*struct{}, error) {
	id, err := in.consumer()
	if err != nil {
		return nil, err
	}
	return nil, a.RemoveConsumer(ctx, id)
}

func (a *API) confirm(ctx context.Context, in *confirmInput) (*consumerOutput, error) {
	id, err := in.consumer()
	if err != nil {
		return nil, err
	}
	if err := a.Confirm(ctx, id, in.Body.Version); err != nil {
		return nil, err
	}
	return a.oneConsumer(ctx, id)
}

func (a *API) pair(ctx context.Context, in *OfSecret) (*pairOutput, error) {
	id, err := in.secret()
	if err != nil {
		return nil, err
	}
	p, err := a.Pair(ctx, id)
	if err != nil {
		return nil, err
	}
	labels, err := a.Names.Names(ctx, []access.Ref{p.First.Ref(), p.Other.Ref()})
	x := PairShown{p, int(p.Grace.Minutes()), map[string]access.Named{}}
	for r, l := range labels {
		x.Names[r.String()] = l.Named(r)
	}
	return &pairOutput{x}, err
}

func (a *API) setPair(ctx context.Context, in *pairInput) (*pairOutput, error) {
	id, err := in.secret()
	if err != nil {
		return nil, err
	}
	p := Pair{Secret: id, First: in.Body.Account, Other: in.Body.Other, Grace: time.Duration(in.Body.Grace) * time.Minute}
	if p.Grace == 0 {
		p.Grace = UsualGrace
	}
	if err := a.SetPair(ctx, p); err != nil {
		return nil, err
	}
	return a.pair(ctx, &in.OfSecret)
}

func (a *API) endPair(ctx context.Context, in *OfSecret) (*struct{}, error) {
	id, err := in.secret()
	if err != nil {
		return nil, err
	}
	return nil, a.EndPair(ctx, id)
}
