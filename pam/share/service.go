package share

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/tries"
	"github.com/writhq/writ/policy"
)

// The actions.
const (
	giveSecret = "secret.share"
	readShare  = "share.read"
	endShare   = "share.end"
	forceShare = "share.force"
)

// Config is what a Service is made of. All of it is needed but Mailer, without which no link
// is mailed, and Now.
type Config struct {
	Store  Store
	Vault  Vault
	Gate   *policy.Gate
	Names  Names
	Mailer Mailer
	Origin string // of this installation, as a browser reaches it
	Now    func() time.Time
}

// Service is the use cases.
type Service struct {
	Config
	tries tries.Tries // that fail, by address
}

// New makes the service of a process.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Vault == nil || c.Gate == nil || c.Names == nil {
		return nil, errors.New("shares need a store, a vault, a gate and names")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c, tries: tries.Tries{Most: 10}}, nil
}

// Asking is that somebody wants to give a secret outside; Lasts is zero for the usual.
type Asking struct {
	Secret    access.SecretID
	Field     string
	Recipient Recipient
	Lasts     time.Duration
	Bare      bool // no code goes with the link
	Mail      bool // the link is mailed to the recipient
	Reason    string
	Ticket    string
}

// Made is a share with what opens it, which is told this once. Whoever calls wipes that.
type Made struct {
	Share
	Link, Code secret.Secret
	Mailed     bool
	Unmailed   error // why it was not, where it was to be
}

// Create gives a secret to somebody outside, or asks those who have to agree. The link opens
// nothing before they have.
func (s *Service) Create(ctx context.Context, a Asking) (m Made, err error) {
	if err := a.check(); err != nil {
		return m, err
	}
	c, _ := policy.CallerOf(ctx)
	g, err := s.Vault.Giving(ctx, c.Identity, a.Secret, a.Reason)
	if err != nil {
		return m, err
	}
	if err := s.may(ctx, g, a); err != nil {
		return m, err
	}
	x := Share{
		Secret: a.Secret, Safe: g.Safe, Sponsor: c.Identity, Recipient: a.Recipient, Field: a.Field,
		State: Open, Code: !a.Bare, Reason: a.Reason, Ticket: a.Ticket,
	}
	if x.Lasts, err = lasting(a.Lasts, g.Most); err != nil {
		return m, err
	}
	var ask *approval.Case
	if len(g.Terms.Stages) > 0 {
		x.State, ask = Waiting, g.ask(x)
	}
	token := newToken()
	defer token.Wipe()
	k := Kept{Link: linkMark(token)}
	if !a.Bare {
		m.Code = newCode()
		k.Code = codeMark(token, string(m.Code.Reveal()))
	}
	if m.Share, err = s.Store.Add(ctx, x, k, g.Basis, ask); err != nil {
		return Made{}, err
	}
	m.Link = secret.New(append([]byte(s.Origin+page), token.Reveal()...))
	if a.Mail {
		m.Unmailed = s.mail(ctx, m.Share, token)
		m.Mailed = m.Unmailed == nil
	}
	return m, nil
}

// check refuses what no policy has to be asked about.
func (a *Asking) check() (err error) {
	if a.Reason, err = access.Said(a.Reason); err != nil {
		return err
	}
	if a.Ticket, err = access.Said(a.Ticket); err != nil {
		return err
	}
	return a.Recipient.Validate()
}

// may refuses what whoever calls may not give, or not so.
func (s *Service) may(ctx context.Context, g Giving, a Asking) error {
	need, err := s.Gate.Ask(ctx, giveSecret, g.Object, policy.ObligationsOf(g.Terms))
	switch {
	case err != nil:
		return err
	case g.Inside != nil:
		return g.Inside
	case g.Terms.Ticket && a.Ticket == "":
		return ErrTicket
	case need.Approve > len(g.Terms.Stages):
		return policy.ErrApprove.With("a policy wants somebody to agree, and the terms of the safe say nobody who does: its owner gives it a stage")
	case a.Mail && s.Mailer == nil:
		return ErrMail.With("this Writ sends no mail: leave that out, and send the link yourself")
	case a.Mail && len(g.Terms.Stages) > 0:
		return ErrMail.With("others have to agree first: leave the mail out, and send the link once they have")
	}
	return nil
}

// ask is what those who have to agree are shown.
func (g Giving) ask(x Share) *approval.Case {
	o := g.Object
	shown := map[string]string{
		"safe": g.SafeName, "secret": g.Name, "kind": g.Kind, "for": access.Lasting(x.Lasts),
		"outside": x.Recipient.Name + " <" + x.Recipient.Email + ">",
	}
	if x.Field != "" {
		shown["field"] = x.Field
	}
	return &approval.Case{
		Action: giveSecret, By: x.Sponsor, For: []access.Ref{x.Sponsor.Ref()}, Thing: x.Secret.Ref(),
		Scope: o.Scope, System: o.System, Owner: o.Owner, Stages: g.Terms.Stages, Reason: x.Reason, Ticket: x.Ticket, Shown: shown,
	}
}

// Share returns one.
func (s *Service) Share(ctx context.Context, id access.ShareID) (Share, error) {
	list, err := s.Store.Shares(ctx, Query{ID: id, First: 1})
	if err == nil && (len(list) == 0 || id == 0) {
		err = ErrNoShare
	}
	if err != nil {
		return Share{}, err
	}
	return list[0], nil
}

// Object is what a decision about a share is made on.
func (s *Service) Object(ctx context.Context, id access.ShareID, reason string) (policy.Object, error) {
	x, err := s.Share(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	about, err := s.Vault.About(ctx, x, reason)
	return about.Object, err
}

// Page is a page of the shares that whoever calls may see, and where to go on; zero is
// nowhere.
func (s *Service) Page(ctx context.Context, q Query) (list []Share, next access.ShareID, err error) {
	first := q.First
	q.First++
	all, err := s.Store.Shares(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > first {
		all, next = all[:first], all[first-1].ID
	}
	for _, x := range all {
		about, err := s.Vault.About(ctx, x, "")
		if err != nil {
			return nil, 0, err
		}
		if s.Gate.Permit(ctx, readShare, about.Object) == nil {
			list = append(list, x)
		}
	}
	return list, next, nil
}

// Withdraw ends a share: one's own, or another's, with a reason.
func (s *Service) Withdraw(ctx context.Context, id access.ShareID, reason string) (Share, error) {
	reason, err := access.Said(reason)
	if err != nil {
		return Share{}, err
	}
	return s.Store.Withdraw(ctx, id, reason)
}
