package authority

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerProfiles(api huma.API) {
	gate := a.Service.Gate
	const one = "/v1/authorities/{id}/profiles/{name}"
	httpapi.Register(api, operation("put-certificate-profile", http.MethodPut, one, "Say what an authority signs, for whom, and on which terms", http.StatusOK), policy.On(gate, changeAuthority, func(ctx context.Context, in *putProfileInput) (policy.Object, error) {
		return a.Service.ProfileObject(ctx, in.ID.V, in.Name, in.Body.Reason)
	}), a.putProfile)
	httpapi.Register(api, operation("remove-certificate-profile", http.MethodPost, one+"/remove", "End a certificate profile; what was signed by it stays good until its end", http.StatusOK), policy.On(gate, changeAuthority, func(ctx context.Context, in *removeProfileInput) (policy.Object, error) {
		return a.Service.ProfileObject(ctx, in.ID.V, in.Name, in.Body.Reason)
	}), a.removeProfile)
	httpapi.Register(api, operation("grant-certificate-right", http.MethodPost, one+"/rights", "Give somebody, or whoever holds something, the right to have things signed", http.StatusOK), policy.On(gate, grantAuthority, a.onRight), a.grant)
	httpapi.Register(api, operation("withdraw-certificate-right", http.MethodPost, one+"/rights/withdraw", "Take a right to have things signed", http.StatusOK), policy.On(gate, grantAuthority, a.onRight), a.withdraw)
}

// onRight is decided on as being about the access of the right's holder.
func (a *API) onRight(ctx context.Context, in *certificateRightInput) (policy.Object, error) {
	return a.Service.ProfileObject(ctx, in.ID.V, in.Name, in.Body.Reason, in.Body.Holder)
}

// ProfileInput names a profile of an authority.
type ProfileInput struct {
	ID   httpapi.Text[access.AuthorityID] `path:"id" doc:"The authority"`
	Name string                           `path:"name" maxLength:"63" doc:"The profile's name"`
}

// CertificateStage is a step of an approval.
type CertificateStage struct {
	Approvers []access.Approver `json:"approvers" minItems:"1" maxItems:"10" doc:"Each is whoever holds a function, the owner, or somebody by name"`
	Quorum    int               `json:"quorum" minimum:"1" maximum:"10"`
	Within    int               `json:"within_minutes" minimum:"1" maximum:"43200" doc:"Else it has timed out"`
	Distinct  bool              `json:"distinct,omitempty" doc:"By different ones of the approvers"`
}

// ProfileBody is what a profile says.
type ProfileBody struct {
	Principals    []string           `json:"principals,omitempty" maxItems:"100" doc:"Whom it is for, whoever asks; a host may begin with *."`
	LoginsOf      access.SystemID    `json:"logins_of,omitzero" doc:"A system: it is for the accounts there of whoever asks"`
	Self          bool               `json:"self,omitempty" doc:"It is for the id of whoever asks"`
	Usual         int                `json:"usual_seconds,omitempty" minimum:"60" doc:"How long one lasts where nobody says"`
	Longest       int                `json:"longest_seconds,omitempty" minimum:"60" doc:"How long one lasts at most"`
	Most          int                `json:"most_seconds,omitempty" minimum:"60" doc:"How long it lasts at most with those that renew it"`
	NeedsReason   bool               `json:"needs_reason,omitempty"`
	NeedsTicket   bool               `json:"needs_ticket,omitempty"`
	NeedsMFA      bool               `json:"needs_mfa,omitempty"`
	Stages        []CertificateStage `json:"stages,omitempty" maxItems:"5" doc:"Who has to agree"`
	KeyTypes      []KeyType          `json:"key_types,omitempty" doc:"Which keys it is for: ed25519, ecdsa_p256, ecdsa_p384, rsa, sk_ed25519, sk_ecdsa_p256"`
	Extensions    []string           `json:"extensions,omitempty" doc:"Of SSH user certificates: permit-pty, permit-agent-forwarding, permit-port-forwarding, permit-user-rc, permit-X11-forwarding"`
	SourceAddress []string           `json:"source_address,omitempty" maxItems:"100" doc:"Networks that an SSH user certificate is good from"`
	ForceCommand  string             `json:"force_command,omitempty" maxLength:"1000" doc:"What an SSH user certificate runs, whatever is asked for"`
	Audience      []string           `json:"audience,omitempty" maxItems:"100" doc:"Whom a token is for"`
	Claims        map[string]string  `json:"claims,omitempty" doc:"What a token says beside"`
}

func (b ProfileBody) spec() Spec {
	s := Spec{
		Principals: b.Principals, LoginsOf: b.LoginsOf, Self: b.Self, Usual: time.Duration(b.Usual) * time.Second, Longest: time.Duration(b.Longest) * time.Second,
		KeyTypes: b.KeyTypes, Extensions: b.Extensions, SourceAddress: b.SourceAddress, ForceCommand: b.ForceCommand, Audience: b.Audience, Claims: b.Claims,
		Terms: access.Terms{Reason: b.NeedsReason, Ticket: b.NeedsTicket, MFA: b.NeedsMFA, Most: time.Duration(b.Most) * time.Second},
	}
	for _, x := range b.Stages {
		s.Terms.Stages = append(s.Terms.Stages, access.Stage{Approvers: x.Approvers, Quorum: x.Quorum, Within: time.Duration(x.Within) * time.Minute, Distinct: x.Distinct})
	}
	return s
}

// ProfileShown is a profile as it is answered.
type ProfileShown struct {
	ID      access.ProfileID `json:"id"`
	Name    string           `json:"name"`
	Version int64            `json:"version"`
	ProfileBody
	Rights []Right `json:"rights"`
	Mine   bool    `json:"mine" doc:"You have a right by it"`
}

func shownProfile(p *Profile) ProfileShown {
	t := p.Terms
	s := ProfileShown{ID: p.ID, Name: p.Name, Version: p.Version, Rights: append([]Right{}, p.Rights...), ProfileBody: ProfileBody{
		Principals: p.Principals, LoginsOf: p.LoginsOf, Self: p.Self, Usual: int(p.Usual / time.Second), Longest: int(p.Longest / time.Second), Most: int(t.Most / time.Second),
		NeedsReason: t.Reason, NeedsTicket: t.Ticket, NeedsMFA: t.MFA, KeyTypes: p.KeyTypes, Extensions: p.Extensions, SourceAddress: p.SourceAddress, ForceCommand: p.ForceCommand,
		Audience: p.Audience, Claims: p.Claims,
	}}
	for _, x := range t.Stages {
		s.Stages = append(s.Stages, CertificateStage{x.Approvers, x.Quorum, int(x.Within / time.Minute), x.Distinct})
	}
	return s
}

func sortByName(list []AuthorityShown) {
	slices.SortFunc(list, func(a, b AuthorityShown) int { return cmp.Compare(a.Name, b.Name) })
}

type putProfileInput struct {
	ProfileInput
	Body struct {
		ProfileBody
		Version int64  `json:"version,omitempty" doc:"That you have seen; without it, whichever stands"`
		Reason  string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) putProfile(ctx context.Context, in *putProfileInput) (*authorityOutput, error) {
	p := Profile{Authority: in.ID.V, Name: in.Name, Version: in.Body.Version, Spec: in.Body.spec()}
	return a.then(ctx, in.ID.V, a.Service.PutProfile(ctx, p, in.Body.Reason))
}

type removeProfileInput struct {
	ProfileInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) removeProfile(ctx context.Context, in *removeProfileInput) (*authorityOutput, error) {
	return a.then(ctx, in.ID.V, a.Service.RemoveProfile(ctx, in.ID.V, in.Name, in.Body.Reason))
}

type certificateRightInput struct {
	ProfileInput
	Body struct {
		Holder access.Ref  `json:"holder" example:"idn_0000000000001" doc:"Somebody, an entitlement or a role"`
		Ends   access.Time `json:"ends,omitzero" doc:"When it ends; without it, once somebody takes it"`
		Reason string      `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *certificateRightInput) right() Right {
	return Right{Holder: in.Body.Holder, Ends: in.Body.Ends, Reason: in.Body.Reason}
}

func (a *API) grant(ctx context.Context, in *certificateRightInput) (*authorityOutput, error) {
	return a.then(ctx, in.ID.V, a.Service.Grant(ctx, in.ID.V, in.Name, in.right()))
}

func (a *API) withdraw(ctx context.Context, in *certificateRightInput) (*authorityOutput, error) {
	return a.then(ctx, in.ID.V, a.Service.Withdraw(ctx, in.ID.V, in.Name, in.right()))
}
