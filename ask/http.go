package ask

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Register mounts the operations. They translate; they decide nothing.
func (s *Service) Register(api huma.API) {
	httpapi.Register(api, operation("show-identity", "/v1/identities/{id}", "What is known of an identity"),
		policy.On(s.Gate, "identity.read", of[IDInput](s)), s.getIdentity)
	httpapi.Register(api, operation("list-access", "/v1/identities/{id}/access", "What an identity effectively has, worst tier first"),
		policy.On(s.Gate, "identity.read", of[accessInput](s)), s.getAccess)
	httpapi.Register(api, operation("show-account", "/v1/accounts/{id}", "What is known of an account"),
		policy.On(s.Gate, "account.read", of[IDInput](s)), s.getAccount)
	httpapi.Register(api, operation("show-entitlement", "/v1/entitlements/{id}", "What an entitlement is, its tier and why, and what stands around it"),
		policy.On(s.Gate, "entitlement.read", of[IDInput](s)), s.getEntitlement)
	for _, h := range []struct{ id, action, path string }{
		{"list-entitlement-holders", "entitlement.read", "/v1/entitlements/{id}/holders"},
		{"list-resource-holders", "resource.read", "/v1/resources/{id}/holders"},
		{"list-system-holders", "system.read", "/v1/systems/{id}/holders"},
	} {
		httpapi.Register(api, operation(h.id, h.path, "Who can reach it, and how"), policy.On(s.Gate, h.action, of[holdersInput](s)), s.getHolders)
	}
	httpapi.Register(api, operation("tell-why", "/v1/why", "Why an identity can reach something, in sentences"),
		policy.On(s.Gate, "identity.read", s.whyObject), s.getWhy)
	httpapi.Register(api, operation("show-picture", "/v1/picture", "The access graph of an identity or an entitlement, as a picture with its text"),
		policy.Seeing(s.Gate, s.pictureObject), s.getPicture)
}

func operation(id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"ask"}}
}

// IDInput names the object of an operation in its path.
type IDInput struct {
	ID string `path:"id" maxLength:"40" doc:"An id, as lists and searches give it"`
}

func (in *IDInput) ref() (access.Ref, error) { return access.ParseRef(in.ID) }

// QuestionInput narrows a question.
type QuestionInput struct {
	Mode       []string `query:"mode" enum:"standing,eligible,active" doc:"Only these access modes"`
	Escalation bool     `query:"escalation" doc:"Also what a holder could become: impersonation, granting, control of the host"`
}

func (in *QuestionInput) question() (graph.Question, error) {
	q := graph.Question{Escalation: in.Escalation}
	for _, text := range in.Mode {
		var m access.Mode
		if err := m.UnmarshalText([]byte(text)); err != nil {
			return q, err
		}
		q.Modes |= 1 << m
	}
	return q, nil
}

type accessInput struct {
	IDInput
	QuestionInput
	Tier   []int  `query:"tier" minimum:"0" maximum:"3" doc:"Only these tiers"`
	System string `query:"system" maxLength:"40" doc:"Only what is in this system, by its id"`
	httpapi.Paging
}

type holdersInput struct {
	IDInput
	QuestionInput
	httpapi.Paging
}

// whatIs is an input that names one object.
type whatIs[I any] interface {
	*I
	ref() (access.Ref, error)
}

// of tells what an operation is about by the id in its path. What is no id is of nothing.
func of[I any, P whatIs[I]](s *Service) func(context.Context, *I) (policy.Object, error) {
	return func(_ context.Context, in *I) (policy.Object, error) {
		ref, err := P(in).ref()
		if err != nil {
			return policy.Object{}, policy.ErrNoObject
		}
		return s.object(ref)
	}
}

// object is what an operation is about, as the graph knows it.
func (s *Service) object(ref access.Ref) (policy.Object, error) {
	view := s.Graph.View()
	defer view.Close()
	r, there := policy.ObjectOf(view, ref)
	if !there {
		return policy.Object{}, policy.ErrNoObject
	}
	return policy.Object{Resource: r}, nil
}

type answerOf[T any] struct{ Body *T }

func answer[T any](ans *T, err error) (*answerOf[T], error) {
	if err != nil {
		return nil, err
	}
	return &answerOf[T]{ans}, nil
}

func (s *Service) getIdentity(ctx context.Context, in *IDInput) (*answerOf[Card], error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	return answer(s.Card(ctx, access.IdentityID(ref.Key)))
}

func (s *Service) getAccess(ctx context.Context, in *accessInput) (*answerOf[Page[EffectiveLine]], error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	var n Narrow
	for _, t := range in.Tier {
		n.Tiers = append(n.Tiers, access.Tier(t)) //nolint:gosec // 0 to 3
	}
	if slices.Contains(n.Tiers, access.Tier0) {
		n.Tiers = append(n.Tiers, access.Unclassified) // is treated as the worst
	}
	if err := n.System.UnmarshalText([]byte(in.System)); err != nil {
		return nil, err
	}
	return answer(s.Effective(ctx, access.IdentityID(ref.Key), q, n, in.Paging))
}

func (s *Service) getAccount(ctx context.Context, in *IDInput) (*answerOf[Account], error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	return answer(s.Account(ctx, access.AccountID(ref.Key)))
}

// entitlementOutput carries the version of the tier's override, which deciding otherwise
// must name.
type entitlementOutput struct {
	ETag string `header:"ETag"`
	Body *Dossier
}

func (s *Service) getEntitlement(ctx context.Context, in *IDInput) (*entitlementOutput, error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	d, err := s.Dossier(ctx, access.EntitlementID(ref.Key))
	if err != nil {
		return nil, err
	}
	return &entitlementOutput{httpapi.Tag(d.Version), d}, nil
}

func (s *Service) getHolders(ctx context.Context, in *holdersInput) (*answerOf[Holders], error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	return answer(s.Holders(ctx, ref, q, in.Paging))
}

type whyInput struct {
	Who string `query:"who" required:"true" maxLength:"40" doc:"The id of an identity"`
	QuestionInput
	What string `query:"what" required:"true" maxLength:"40" doc:"The id of an entitlement, a resource, a role or a system"`
}

// whyObject is whoever is asked about. What is asked for beside has to be seen too:
// as what they hold, or by itself.
func (s *Service) whyObject(ctx context.Context, in *whyInput) (policy.Object, error) {
	var who access.IdentityID
	if err := who.UnmarshalText([]byte(in.Who)); err != nil {
		return policy.Object{}, err
	}
	what, err := access.ParseRef(in.What)
	if err != nil {
		return policy.Object{}, err
	}
	view := s.Graph.View()
	defer view.Close()
	if !s.sight(ctx, view, who)(what) {
		return policy.Object{}, policy.ErrNoObject
	}
	return s.object(who.Ref())
}

func (s *Service) getWhy(ctx context.Context, in *whyInput) (*answerOf[Why], error) {
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	who, err := access.ParseRef(in.Who)
	if err != nil {
		return nil, err
	}
	what, err := access.ParseRef(in.What)
	if err != nil {
		return nil, err
	}
	view := s.Graph.View()
	defer view.Close()
	return answer(s.Why(ctx, who, what, q, s.sight(ctx, view, access.IdentityID(who.Key))))
}

type pictureInput struct {
	Of         string   `query:"of" required:"true" maxLength:"40" doc:"The id of an identity or of an entitlement"`
	Escalation bool     `query:"escalation" doc:"Also what a holder could become"`
	Depth      int      `query:"depth" minimum:"1" maximum:"64" default:"12" doc:"How many steps are drawn; what is further away is one group"`
	Open       []string `query:"open,explode" maxItems:"20" doc:"Groups to open, by the key that a picture gave them; behind a key and '@', how many of it to leave out before"`
}

func (s *Service) pictureObject(_ context.Context, in *pictureInput) (policy.Object, error) {
	ref, err := access.ParseRef(in.Of)
	if err == nil && ref.Kind != access.KindIdentity && ref.Kind != access.KindEntitlement {
		err = access.ErrID.With("a picture is of an identity or of an entitlement, not of a %s", ref.Kind)
	}
	if err != nil {
		return policy.Object{}, err
	}
	return s.object(ref)
}

func (s *Service) getPicture(ctx context.Context, in *pictureInput) (*answerOf[Picture], error) {
	ref, err := access.ParseRef(in.Of)
	if err != nil {
		return nil, err
	}
	return answer(s.Picture(ctx, ref, Drawing{Escalation: in.Escalation, Depth: in.Depth, Open: in.Open}))
}
