package authority

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerCertificates(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/certificates", "/v1/certificates/{id}"
	token := operation("sign-jwt", http.MethodPost, path+"/jwt", "Have a token signed", http.StatusCreated)
	token.Extensions = map[string]any{httpapi.SecretExtension: true}
	// Who may have what signed is by the profile: the service decides, once.
	httpapi.Register(api, operation("sign-ssh", http.MethodPost, path+"/ssh", "Have an SSH key signed", http.StatusCreated), policy.Known[signSSHInput](), a.signSSH)
	httpapi.Register(api, operation("sign-x509", http.MethodPost, path+"/x509", "Have a client's X.509 certificate signed", http.StatusCreated), policy.Known[signX509Input](), a.signX509)
	httpapi.Register(api, token, policy.Known[signJWTInput](), a.signJWT)
	httpapi.Register(api, operation("list-certificates", http.MethodGet, path, "What was signed, as far as you may know", http.StatusOK), policy.Known[certificatesInput](), a.certificates)
	httpapi.Register(api, operation("check-certificate", http.MethodPost, path+"/check", "Whether an SSH certificate is good, and whose it is", http.StatusOK), policy.Known[checkInput](), a.check)
	httpapi.Register(api, operation("show-certificate", http.MethodGet, one, "One certificate", http.StatusOK), policy.On(gate, readCertificate, func(ctx context.Context, in *certificateInput) (policy.Object, error) {
		return a.Service.CertificateObject(ctx, in.ID.V, "")
	}), a.certificate)
	httpapi.Register(api, operation("revoke-certificate", http.MethodPost, one+"/revoke", "Say that a certificate is good no more", http.StatusOK), policy.On(gate, revokeCertificate, func(ctx context.Context, in *revokeCertificateInput) (policy.Object, error) {
		return a.Service.CertificateObject(ctx, in.ID.V, in.Body.Reason)
	}), a.revoke)
}

// SignBody is what every request for a signature says.
type SignBody struct {
	Profile    string               `json:"profile" minLength:"1" maxLength:"63" example:"admins" doc:"The certificate profile's name"`
	Principals []string             `json:"principals,omitempty" maxItems:"100" doc:"Of those that the profile gives; without any, all of them"`
	Lasts      int                  `json:"lasts_seconds,omitempty" minimum:"1" maximum:"2592000" doc:"Without it, what the profile says is usual"`
	Reason     string               `json:"reason,omitempty" maxLength:"1000"`
	Ticket     string               `json:"ticket,omitempty" maxLength:"200"`
	Of         access.CertificateID `json:"of,omitzero" doc:"One that others have agreed to, or that this renews: it is for the same key"`
}

func (b SignBody) asked() Asked {
	return Asked{Profile: b.Profile, Principals: b.Principals, Lasts: time.Duration(b.Lasts) * time.Second, Reason: b.Reason, Ticket: b.Ticket, Of: b.Of}
}

type signSSHInput struct {
	Body struct {
		SignBody
		Key string `json:"public_key" minLength:"1" maxLength:"16384" example:"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJKx2o3iVSNXOTyrZTFWZmrL2pZ9aTnKKzJZB8cAlVJq" doc:"As a line of authorized_keys"`
	}
}

type signX509Input struct {
	Body struct {
		SignBody
		Key string `json:"public_key" minLength:"1" maxLength:"16384" doc:"The public key, or a request that its key signed, as PEM"`
	}
}

type signJWTInput struct {
	Body struct {
		SignBody
		Audience []string `json:"audience,omitempty" maxItems:"100" doc:"Of those that the profile gives; without any, all of them"`
	}
}

// CertificateShown is a certificate as it is answered.
type CertificateShown struct {
	ID          access.CertificateID `json:"id"`
	Authority   access.AuthorityID   `json:"authority"`
	Profile     access.ProfileID     `json:"profile"`
	Identity    access.IdentityID    `json:"identity" doc:"Who asked"`
	State       State                `json:"state" enum:"waiting,agreed,refused,issued,revoked" doc:"What was issued is over at its end"`
	Serial      string               `json:"serial,omitempty" doc:"Its serial number, in decimal"`
	Fingerprint string               `json:"fingerprint,omitempty" doc:"Of the key that it is for"`
	Principals  []string             `json:"principals"`
	Audience    []string             `json:"audience,omitempty"`
	Asked       access.Time          `json:"asked_at"`
	Starts      access.Time          `json:"starts_at,omitzero"`
	Ends        access.Time          `json:"ends_at,omitzero"`
	Revoked     access.Time          `json:"revoked_at,omitzero"`
	RevokedBy   string               `json:"revoked_by,omitempty"`
	Why         string               `json:"why,omitempty" doc:"It was revoked"`
	Reason      string               `json:"reason,omitempty"`
	Ticket      string               `json:"ticket,omitempty"`
	Approval    access.ApprovalID    `json:"approval,omitzero"`
	Chain       access.ChainID       `json:"chain"`
	Renews      access.CertificateID `json:"renews,omitzero"`

	May map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, where certificates are asked for"`
}

func shownCertificate(c Certificate) CertificateShown {
	return CertificateShown{
		c.ID, c.Authority, c.Profile, c.Identity, c.State, c.Serial, c.Fingerprint, append([]string{}, c.Principals...), c.Audience,
		c.Asked, c.Starts, c.Ends, c.Revoked, c.RevokedBy, c.Why, c.Reason, c.Ticket, c.Approval, c.Chain, c.Renews, nil,
	}
}

// SignedBody is what was signed, or waits for others to agree.
type SignedBody struct {
	CertificateShown
	Text string `json:"certificate,omitempty" doc:"As its readers take it; none while others have to agree"`
}

type signedOutput struct{ Body SignedBody }

func signed(c Certificate, err error) (*signedOutput, error) {
	if err != nil {
		return nil, err
	}
	return &signedOutput{SignedBody{shownCertificate(c), c.Text}}, nil
}

func (a *API) signSSH(ctx context.Context, in *signSSHInput) (*signedOutput, error) {
	return signed(a.Service.SignSSH(ctx, SSHRequest{in.Body.asked(), in.Body.Key}))
}

func (a *API) signX509(ctx context.Context, in *signX509Input) (*signedOutput, error) {
	return signed(a.Service.SignX509(ctx, X509Request{in.Body.asked(), in.Body.Key}))
}

func (a *API) signJWT(ctx context.Context, in *signJWTInput) (*signedOutput, error) {
	return signed(a.Service.SignJWT(ctx, JWTRequest{in.Body.asked(), in.Body.Audience}))
}

type certificatesInput struct {
	Authority httpapi.Text[access.AuthorityID] `query:"authority" doc:"Only of this one"`
	Mine      bool                             `query:"mine" doc:"Only yours"`
	httpapi.Paging
}

type certificatesOutput struct {
	Body struct {
		Items []CertificateShown `json:"items"`
		Next  string             `json:"next,omitempty" doc:"Where the next page begins"`
		Names map[string]string  `json:"names" doc:"What the things in it are called, by id"`
	}
}

func (a *API) certificates(ctx context.Context, in *certificatesInput) (*certificatesOutput, error) {
	before, err := httpapi.ParseCursor[access.CertificateID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q := Query{Authority: in.Authority.V, Before: before, First: in.Limit}
	if in.Mine {
		c, _ := policy.CallerOf(ctx)
		q.Of = c.Identity
	}
	list, next, err := a.Service.Certificates(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &certificatesOutput{}
	out.Body.Items = []CertificateShown{}
	var refs []access.Ref
	for _, c := range list {
		x := shownCertificate(c)
		if x.May, err = a.Service.May(ctx, c); err != nil {
			return nil, err
		}
		out.Body.Items, refs = append(out.Body.Items, x), append(refs, c.Identity.Ref())
	}
	if next != 0 {
		out.Body.Next = httpapi.Cursor(next)
	}
	out.Body.Names, err = a.called(ctx, refs...)
	return out, err
}

type certificateInput struct {
	ID httpapi.Text[access.CertificateID] `path:"id" doc:"The certificate: its key id says it"`
}

type certificateOutput struct{ Body CertificateShown }

func (a *API) certificate(ctx context.Context, in *certificateInput) (*certificateOutput, error) {
	c, err := a.Service.Certificate(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	out := &certificateOutput{shownCertificate(c)}
	out.Body.May, err = a.Service.May(ctx, c)
	return out, err
}

type revokeCertificateInput struct {
	ID   httpapi.Text[access.CertificateID] `path:"id" doc:"The certificate"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) revoke(ctx context.Context, in *revokeCertificateInput) (*certificateOutput, error) {
	c, err := a.Service.Revoke(ctx, in.ID.V, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &certificateOutput{shownCertificate(c)}, nil
}

type checkInput struct {
	Body struct {
		Certificate string `json:"certificate" minLength:"1" maxLength:"65536" doc:"The line of a -cert.pub file"`
		As          string `json:"as,omitempty" maxLength:"255" doc:"For which principal; without it, the first that it names"`
	}
}

type checkOutput struct {
	Body struct {
		Good  bool             `json:"good"`
		Wrong string           `json:"wrong,omitempty" doc:"What is wrong with it"`
		Of    CertificateShown `json:"certificate"`
	}
}

func (a *API) check(ctx context.Context, in *checkInput) (*checkOutput, error) {
	c, wrong, err := a.Service.Check(ctx, in.Body.Certificate, in.Body.As)
	if err != nil {
		return nil, err
	}
	o, err := a.Service.CertificateObject(ctx, c.ID, "")
	if err != nil {
		return nil, err
	}
	if err := a.Service.Gate.Permit(ctx, readCertificate, o); err != nil {
		return nil, err
	}
	out := &checkOutput{}
	out.Body.Of, out.Body.Good = shownCertificate(c), wrong == nil
	if wrong != nil {
		out.Body.Wrong = wrong.Error()
	}
	return out, nil
}
