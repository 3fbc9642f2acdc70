package authority

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// wanted is what every kind of request comes down to.
type wanted struct {
	Asked
	kinds       []Kind
	keyType     KeyType // empty where it is for no key
	fingerprint string
	audience    []string
	sign        func(o *opened, m *making) (string, error)
}

// making is one signature that is being made.
type making struct {
	id          access.CertificateID
	rev         access.Rev // up to which everything was known when it began
	chain       access.ChainID
	authority   *Authority
	profile     *Profile
	key         Key
	right       Right
	who         access.IdentityID
	principals  []string
	now         access.Time
	starts      access.Time
	ends        access.Time
	first       access.Time
	serial      string
	certificate Certificate
}

// SignSSH signs an SSH key.
func (s *Service) SignSSH(ctx context.Context, r SSHRequest) (Certificate, error) {
	key, t, err := parseSSH(r.Key)
	if err != nil {
		return Certificate{}, err
	}
	return s.sign(ctx, wanted{
		Asked: r.Asked, kinds: []Kind{SSHUser, SSHHost}, keyType: t, fingerprint: ssh.FingerprintSHA256(key),
		sign: func(o *opened, m *making) (string, error) { return signSSH(o, m, key) },
	})
}

// SignX509 signs the certificate of a client.
func (s *Service) SignX509(ctx context.Context, r X509Request) (Certificate, error) {
	key, t, err := parsePublic(r.Key)
	if err != nil {
		return Certificate{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return Certificate{}, ErrKey.Because(err)
	}
	return s.sign(ctx, wanted{
		Asked: r.Asked, kinds: []Kind{X509Client}, keyType: t, fingerprint: fingerprintOf(der),
		sign: func(o *opened, m *making) (string, error) {
			return signX509(o, m, key, s.listAddress(m.authority, m.key))
		},
	})
}

// SignJWT signs a token. It is for no key, and so nothing renews it.
func (s *Service) SignJWT(ctx context.Context, r JWTRequest) (Certificate, error) {
	w := wanted{Asked: r.Asked, kinds: []Kind{JWT}, audience: r.Audience}
	w.sign = func(o *opened, m *making) (string, error) {
		return signJWT(o, m, s.issuer(m.authority), m.certificate.Audience)
	}
	return s.sign(ctx, w)
}

// sign decides by what was read of authorities a moment ago, and where that refuses by what
// is so now.
func (s *Service) sign(ctx context.Context, w wanted) (c Certificate, err error) {
	who, err := person(ctx)
	if err != nil {
		return c, err
	}
	if w.Reason, err = access.Said(w.Reason); err != nil {
		return c, err
	}
	if w.Ticket, err = access.Said(w.Ticket); err != nil {
		return c, err
	}
	for _, fresh := range []bool{false, true} {
		var k *kept
		if k, err = s.look(ctx, fresh); err != nil {
			return c, err
		}
		if c, err = s.signBy(ctx, k, who, w); err == nil || !stale(err) {
			break
		}
	}
	return c, err
}

// stale reports whether a refusal may be of what is not so any more.
func stale(err error) bool {
	for _, e := range []error{ErrChanged, ErrNoProfile, ErrNoKey, ErrPrincipal, ErrNobody, policy.ErrDenied, policy.ErrNoObject} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// person is who calls, where that is somebody: the node has nothing signed.
func person(ctx context.Context) (access.IdentityID, error) {
	c, ok := policy.CallerOf(ctx)
	switch {
	case !ok:
		return 0, policy.ErrSignIn
	case c.Identity == 0:
		return 0, policy.ErrSomebody
	}
	return c.Identity, nil
}

func (s *Service) signBy(ctx context.Context, k *kept, who access.IdentityID, w wanted) (c Certificate, err error) {
	m := &making{who: who, rev: min(s.settled(), k.rev), now: max(s.now(), k.at)}
	var ok bool
	if m.profile, ok = k.profiles[w.Profile]; !ok {
		return c, ErrNoProfile
	}
	if m.authority = k.authorities[m.profile.Authority]; m.authority == nil || !slices.Contains(w.kinds, m.authority.Kind) {
		return c, ErrNoProfile
	}
	if m.key, ok = m.authority.Signing(m.now); !ok {
		return c, ErrNoKey
	}
	v := s.view()
	need, err := s.may(ctx, v, m, w)
	if err != nil {
		return c, err
	}
	if w.keyType != "" {
		if err := m.profile.takes(w.keyType); err != nil {
			return c, err
		}
	}
	prior, err := s.prior(ctx, m, &w)
	if err != nil {
		return c, err
	}
	if c, err = s.plan(ctx, v, m, w, need, prior); err != nil {
		return c, err
	}
	if prior == nil && len(m.profile.Terms.Stages) > 0 {
		return s.ask(ctx, v, m, c)
	}
	return s.issue(ctx, m, w, c)
}

// may decides, by the right that whoever asks has by the live graph.
func (s *Service) may(ctx context.Context, v *graph.View, m *making, w wanted) (policy.Obligations, error) {
	o := object(v, m.authority, w.Reason)
	if r, has := by(v, m.profile.Rights, m.who, m.now); has {
		m.right, o.Eligible = r, m.who
	}
	need, err := s.Gate.Ask(ctx, signCertificate, o, policy.ObligationsOf(m.profile.Terms))
	switch {
	case err != nil && o.Eligible == 0 && errors.Is(err, policy.ErrNoObject):
		return need, ErrNoProfile
	case err != nil:
		return need, err
	case m.profile.Terms.Ticket && w.Ticket == "":
		return need, ErrNeedsTicket
	case need.Approve > len(m.profile.Terms.Stages):
		return need, policy.ErrApprove.With("a policy wants somebody to agree, and the terms of the profile say nobody who does: have a stage added")
	}
	return need, nil
}

// prior is one that others have agreed to, or that is to be renewed: it is of whoever asks,
// by the same profile and for the same key.
func (s *Service) prior(ctx context.Context, m *making, w *wanted) (*Certificate, error) {
	if w.Of == 0 {
		return nil, nil //nolint:nilnil // it stands on its own
	}
	list, err := s.Store.Certificates(ctx, Query{ID: w.Of, First: 1})
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0 || list[0].Identity != m.who:
		return nil, ErrNoCertificate
	}
	c := &list[0]
	switch {
	case c.Profile != m.profile.ID || c.Fingerprint != w.fingerprint:
		return nil, ErrRenewal
	case c.State == Waiting:
		return nil, ErrWaiting
	case c.State == Refused || c.State == Agreed && m.now > c.Agreed+agreedFor:
		return nil, ErrRefused
	case c.State == Agreed:
		w.Principals, w.Lasts, w.audience = c.Principals, c.Lasts, c.Audience
		return c, nil
	case c.State == Revoked || c.Ends <= m.now:
		return nil, ErrOver
	case w.fingerprint == "":
		return nil, ErrRenewal.With("a token is renewed by nothing: ask for another")
	}
	if len(w.Principals) == 0 {
		w.Principals = c.Principals
	}
	for _, x := range w.Principals {
		if !slices.Contains(c.Principals, x) {
			return nil, ErrRenewal
		}
	}
	return c, nil
}

// agreedFor is how long what others have agreed to waits for whoever asked.
const agreedFor = access.Time(24 * 3600 * 1_000_000)

// plan is the certificate that is to be.
func (s *Service) plan(ctx context.Context, v *graph.View, m *making, w wanted, need policy.Obligations, prior *Certificate) (c Certificate, err error) {
	lasts, err := m.profile.lasting(w.Lasts, need.MaxDuration)
	if err != nil {
		return c, err
	}
	own, err := s.own(ctx, v, m)
	if err != nil {
		return c, err
	}
	if m.principals, err = m.profile.principals(own, w.Principals); err != nil {
		return c, err
	}
	audience := w.audience
	if len(audience) == 0 {
		audience = m.profile.Audience
	}
	for _, x := range audience {
		if !slices.Contains(m.profile.Audience, x) {
			return c, ErrAudience.With("the profile does not sign for the audience %q", x)
		}
	}
	m.starts, m.ends = m.now-skew, m.now+access.Time(lasts.Microseconds())
	m.first = m.now
	c = Certificate{
		Authority: m.authority.ID, Profile: m.profile.ID, Identity: m.who, Fingerprint: w.fingerprint, Principals: m.principals, Audience: audience,
		Reason: w.Reason, Ticket: w.Ticket, Lasts: lasts, Asked: m.now,
	}
	switch {
	case prior == nil:
	case prior.State == Agreed:
		c.ID, c.Chain, c.Asked, c.Agreed, c.Approval = prior.ID, prior.Chain, prior.Asked, prior.Agreed, prior.Approval
	default:
		c.Renews, c.Chain, m.first = prior.ID, prior.Chain, prior.First
		last := m.first + access.Time(m.profile.Terms.Most.Microseconds())
		if last <= m.now {
			return c, ErrLasts.With("with those that it renews it lasts %s at most: ask anew", access.Lasting(m.profile.Terms.Most))
		}
		m.ends = min(m.ends, last)
	}
	return c, s.contract(v, m)
}

// contract refuses what would last longer than the contract of whoever asks.
func (s *Service) contract(v *graph.View, m *making) error {
	if v == nil {
		return nil
	}
	if n, _ := v.Identity(m.who); n.ThirdParty && n.ContractEnd != 0 && m.ends > n.ContractEnd {
		return ErrLasts.With("your contract ends on %s, before it would", n.ContractEnd.Time().Format("2006-01-02"))
	}
	return nil
}

// own are the principals that whoever asks has by facts: the logins of their own accounts on
// the profile's system, and their id.
func (s *Service) own(ctx context.Context, v *graph.View, m *making) (list []string, err error) {
	if m.profile.LoginsOf != 0 && v != nil {
		var accounts []access.AccountID
		for _, id := range v.AccountsOf(m.who) {
			n, ok := v.Account(id)
			personal := n.Kind == access.PersonAccount || n.Kind == access.AdminAccount || n.Kind == access.ServiceAccount
			if ok && n.System == m.profile.LoginsOf && n.Status == access.Enabled && personal && !n.Disputed && len(n.Identities) == 1 {
				accounts = append(accounts, id)
			}
		}
		if len(accounts) > 0 {
			if list, err = s.Store.Logins(ctx, accounts); err != nil {
				return nil, err
			}
		}
		list = slices.DeleteFunc(list, func(x string) bool { return !principal.MatchString(x) })
	}
	if m.profile.Self {
		list = append(list, m.who.String())
	}
	return list, nil
}

// ask has those asked who have to agree.
func (s *Service) ask(ctx context.Context, v *graph.View, m *making, c Certificate) (_ Certificate, err error) {
	if c.ID, c.Chain, err = s.ids.Take(ctx, s.Store.Reserve); err != nil {
		return c, err
	}
	c.State = Waiting
	c.Approval, err = s.Store.Ask(ctx, c, Basis{*m.profile, m.right, m.rev}, approval.Case{
		About: c.ID.Ref(), Action: signCertificate, By: m.who, For: []access.Ref{m.who.Ref()}, Thing: m.authority.ID.Ref(), Chain: c.Chain,
		Scope: m.authority.Scope, Owner: policy.Answering(v, m.authority.Owner, m.authority.Deputy), Stages: m.profile.Terms.Stages, Reason: c.Reason, Ticket: c.Ticket,
		Shown: map[string]string{
			"authority": m.authority.Name, "profile": m.profile.Name, "kind": string(m.authority.Kind), "for": access.Lasting(c.Lasts),
			"principals": strings.Join(c.Principals, ", "), "key": c.Fingerprint,
		},
	})
	return c, err
}

// issue signs, and lets nothing out before it is kept.
func (s *Service) issue(ctx context.Context, m *making, w wanted, c Certificate) (Certificate, error) {
	if c.ID == 0 {
		id, chain, err := s.ids.Take(ctx, s.Store.Reserve)
		if err != nil {
			return c, err
		}
		if c.ID = id; c.Chain == 0 {
			c.Chain = chain
		}
	}
	m.id, m.chain, m.serial, m.certificate = c.ID, c.Chain, "", c
	var text string
	err := s.keys.with(ctx, m.authority, m.key, func(o *opened) (err error) {
		text, err = w.sign(o, m)
		return err
	})
	if err != nil {
		return c, err
	}
	c.State, c.Key, c.Starts, c.Ends, c.First, c.Serial = Issued, m.key.ID, m.starts, m.ends, m.first, m.serial
	if c.Serial == "" {
		c.Serial = decimal(int64(c.ID))
	}
	if err := s.Store.Issue(ctx, c, Basis{*m.profile, m.right, m.rev}); err != nil {
		return Certificate{}, err
	}
	c.Text = text
	return c, nil
}
