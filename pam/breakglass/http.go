package breakglass

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on kits. All of its fields are needed.
type API struct {
	Service *Service
	Names   interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
}

// Register mounts the operations. They translate; they decide nothing. Opening a kit is none
// of them: that takes no server.
func (a *API) Register(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/break-glass", "/v1/break-glass/{id}"
	httpapi.Register(api, operation("list-break-glass-kits", http.MethodGet, path, "Break-glass kits that you may see, and whether they can be relied on", http.StatusOK), policy.Known[kitsInput](), a.list)
	httpapi.Register(api, operation("make-break-glass-kit", http.MethodPost, path, "Seal secrets into a break-glass kit for its holders", http.StatusCreated), policy.SignedIn[makeInput](), a.make)
	httpapi.Register(api, operation("merge-break-glass-record", http.MethodPost, path+"/merge", "Merge the record of a kit that was opened", http.StatusOK), policy.Known[mergeInput](), a.merge)
	httpapi.Register(api, operation("show-break-glass-kit", http.MethodGet, one, "One kit, and every time that it was opened", http.StatusOK), policy.On(gate, readAction, onKit[KitInput](a)), a.show)
	httpapi.Register(api, operation("get-break-glass-edition", http.MethodGet, one+"/file", "The newest edition of a kit, sealed", http.StatusOK), policy.On(gate, readAction, onKit[KitInput](a)), a.file)
	httpapi.Register(api, operation("renew-break-glass-kit", http.MethodPost, one+"/renew", "Make the next edition of a kit, of what its secrets are now", http.StatusOK), policy.On(gate, renewAction, onKit[kitReasonInput](a)), a.renew)
	httpapi.Register(api, operation("retire-break-glass-kit", http.MethodPost, one+"/retire", "Say that a kit is no longer in use", http.StatusOK), policy.On(gate, retireAction, onKit[kitReasonInput](a)), a.retire)
	share := operation("pick-up-break-glass-share", http.MethodPost, one+"/share", "See your share of a kit, once", http.StatusOK)
	share.Extensions = map[string]any{httpapi.SecretExtension: true}
	httpapi.Register(api, share, policy.On(gate, shareAction, onKit[KitInput](a)), a.share)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"break glass"}, DefaultStatus: status}
}

// KitInput names a kit.
type KitInput struct {
	ID httpapi.Text[access.GlassID] `path:"id" doc:"The kit"`
}

func (in *KitInput) about() (access.GlassID, string) { return in.ID.V, "" }

type kitReasonInput struct {
	KitInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *kitReasonInput) about() (access.GlassID, string) { return in.ID.V, in.Body.Reason }

// onKit tells which kit an operation is about.
func onKit[I any, P interface {
	*I
	about() (access.GlassID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		return a.Service.Object(ctx, id, reason)
	}
}

// KitShown is a kit as it is answered.
type KitShown struct {
	Status
	State State                     `json:"state" enum:"forming,ready,stale,used,retired"`
	Why   []Why                     `json:"why,omitempty" doc:"Why it is stale"`
	Days  int                       `json:"lasts_days" doc:"How long an edition is good for"`
	Drill access.Time               `json:"drill_due" doc:"By when it is to be tried in a drill"`
	Opens []Break                   `json:"opened,omitempty" doc:"Every time that it was opened, where one kit is asked for"`
	Names map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May   map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, where one kit is asked for"`
	Kit   string                    `json:"kit,omitempty" doc:"The edition that was made, as a file has it"`
}

func (a *API) shown(ctx context.Context, x Status, breaks []Break) (out KitShown, err error) {
	now, err := a.Service.Store.Now(ctx)
	if err != nil {
		return out, err
	}
	out = KitShown{Status: x, State: x.State(now), Why: x.Why(now), Days: int(x.Lasts / (24 * time.Hour)), Drill: x.DrillDue(), Opens: breaks, Names: map[string]string{}}
	labels, err := a.Names.Names(ctx, named(&x, breaks))
	for r, l := range labels {
		if l.Name != "" {
			out.Names[r.String()] = l.Name
		}
	}
	return out, err
}

// named are the things that a kit and its openings tell of.
func named(x *Status, breaks []Break) []access.Ref {
	refs := []access.Ref{x.Scope.Ref()}
	by := []string{x.By}
	for _, h := range x.Holders {
		refs = append(refs, h.Identity.Ref())
	}
	for _, s := range x.Secrets {
		refs = append(refs, s.Secret.Ref(), s.System.Ref())
	}
	for _, b := range breaks {
		by = append(by, b.By)
		for _, who := range b.Openers {
			refs = append(refs, who.Ref())
		}
		for _, id := range b.Exposed {
			refs = append(refs, id.Ref())
		}
		for _, t := range b.Tried {
			refs = append(refs, t.Secret.Ref())
		}
	}
	for _, text := range by {
		if r, err := access.ParseRef(text); err == nil {
			refs = append(refs, r)
		}
	}
	slices.SortFunc(refs, access.Ref.Compare)
	return slices.Compact(refs)
}

type kitsInput struct {
	Name string `query:"name" maxLength:"64" doc:"Only the one of this name"`
}

type kitsOutput struct {
	Body struct {
		Items []KitShown `json:"items"`
	}
}

func (a *API) list(ctx context.Context, in *kitsInput) (*kitsOutput, error) {
	all, err := a.Service.Kits(ctx)
	if err != nil {
		return nil, err
	}
	out := &kitsOutput{}
	out.Body.Items = []KitShown{}
	for _, x := range all {
		if in.Name != "" && in.Name != x.Name {
			continue
		}
		k, err := a.shown(ctx, x, nil)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, k)
	}
	return out, nil
}

type kitOutput struct{ Body KitShown }

// told is a kit after something was done.
func (a *API) told(ctx context.Context, id access.GlassID, kit *Kit) (*kitOutput, error) {
	x, err := a.Service.Store.Kit(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &kitOutput{}
	if out.Body, err = a.shown(ctx, x, nil); err == nil && kit != nil {
		out.Body.Kit = kit.Text()
	}
	return out, err
}

func (a *API) show(ctx context.Context, in *KitInput) (*kitOutput, error) {
	x, err := a.Service.Store.Kit(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	breaks, err := a.Service.Store.Breaks(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	out := &kitOutput{}
	if out.Body, err = a.shown(ctx, x, breaks); err != nil {
		return nil, err
	}
	out.Body.May = a.Service.Gate.Verdicts(ctx, object(ctx, &x, ""), renewAction, retireAction, mergeAction, shareAction)
	if o, waits := reviewed(ctx, &x, breaks); waits {
		maps.Copy(out.Body.May, a.Service.Gate.Verdicts(ctx, o, ReviewAction))
	}
	return out, nil
}

// reviewed is what a decision about the reviews of a kit is made on that wait: they are about
// everybody who opened it.
func reviewed(ctx context.Context, x *Status, breaks []Break) (o policy.Object, waits bool) {
	o = object(ctx, x, "")
	for _, b := range breaks {
		if b.Approval == 0 || b.Verdict != "" {
			continue
		}
		waits = true
		for _, who := range b.Openers {
			o.Subjects = append(o.Subjects, who.Ref())
		}
	}
	return o, waits
}

type makeInput struct {
	Body struct {
		Name      string              `json:"name" minLength:"1" maxLength:"64" example:"production"`
		Secrets   []access.SecretID   `json:"secrets" minItems:"1" maxItems:"100"`
		Holders   []access.IdentityID `json:"holders" minItems:"1" maxItems:"50" doc:"Who has a share; not you"`
		Tokens    []PlannedToken      `json:"tokens,omitempty" maxItems:"10" doc:"Hardware tokens that open it alone, and who has each"`
		Threshold int                 `json:"threshold" minimum:"1" maximum:"50" doc:"How many of them open it"`
		Persons   int                 `json:"persons,omitempty" minimum:"0" maximum:"20" doc:"How many have to be there; without it, as many as open it"`
		Days      int                 `json:"lasts_days,omitempty" minimum:"0" maximum:"400" doc:"How long an edition is good for; without it, 90"`
		Reason    string              `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) make(ctx context.Context, in *makeInput) (*kitOutput, error) {
	b := in.Body
	id, kit, err := a.Service.Make(ctx, Plan{
		Name: b.Name, Secrets: b.Secrets, Holders: b.Holders, Tokens: b.Tokens, Threshold: b.Threshold, Persons: b.Persons,
		Lasts: time.Duration(b.Days) * 24 * time.Hour, Reason: b.Reason,
	})
	if err != nil {
		return nil, err
	}
	return a.told(ctx, id, kit)
}

type kitFileOutput struct {
	Body struct {
		Kit string `json:"kit" doc:"As a file has it"`
	}
}

func (a *API) file(ctx context.Context, in *KitInput) (*kitFileOutput, error) {
	text, err := a.Service.Store.Edition(ctx, in.ID.V)
	out := &kitFileOutput{}
	out.Body.Kit = text
	return out, err
}

func (a *API) renew(ctx context.Context, in *kitReasonInput) (*kitOutput, error) {
	kit, err := a.Service.Renew(ctx, in.ID.V, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return a.told(ctx, in.ID.V, kit)
}

func (a *API) retire(ctx context.Context, in *kitReasonInput) (*kitOutput, error) {
	if err := a.Service.Store.Retire(ctx, in.ID.V, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.told(ctx, in.ID.V, nil)
}

type shareOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Kit    string `json:"kit" doc:"What the kit is called"`
		Number string `json:"number" doc:"What is on the kit that it opens"`
		Place  int    `json:"share" doc:"Which one it is"`
		Share  string `json:"text" doc:"Print it; it is shown once"`
	}
}

func (a *API) share(ctx context.Context, in *KitInput) (*shareOutput, error) {
	x, err := a.Service.Store.Kit(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	text, err := a.Service.Store.Edition(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	kit, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	h, plain, err := a.Service.Share(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	out := &shareOutput{CacheControl: "no-store"}
	out.Body.Kit, out.Body.Number, out.Body.Place, out.Body.Share = x.Name, kit.Number(), h.Place, string(plain.Reveal())
	return out, nil
}

type mergeInput struct {
	Body struct {
		Record string `json:"record" minLength:"1" maxLength:"4000000" doc:"The file that opening the kit left"`
	}
}

type breakOutput struct{ Body Break }

func (a *API) merge(ctx context.Context, in *mergeInput) (*breakOutput, error) {
	b, err := a.Service.Merge(ctx, []byte(in.Body.Record))
	if err != nil {
		return nil, err
	}
	return &breakOutput{b}, nil
}
