package authority

import (
	"context"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// CertificateObject is what a decision about a certificate is made on. Its creator is whom
// it was signed for; who else may see it is by its authority.
func (s *Service) CertificateObject(ctx context.Context, id access.CertificateID, reason string) (policy.Object, error) {
	c, err := s.Certificate(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	k, err := s.look(ctx, false)
	if err != nil {
		return policy.Object{}, err
	}
	return s.certificateIn(k, c, reason), nil
}

func (s *Service) certificateIn(k *kept, c Certificate, reason string) policy.Object {
	o := policy.Object{}
	if a, ok := k.authorities[c.Authority]; ok {
		o = object(s.view(), a, reason)
	}
	o.Ref, o.Creator, o.Reason = c.ID.Ref(), c.Identity, reason
	return o
}

// May is what whoever calls may do about a certificate.
func (s *Service) May(ctx context.Context, c Certificate) (map[string]policy.Verdict, error) {
	k, err := s.look(ctx, false)
	if err != nil {
		return nil, err
	}
	return s.Gate.Verdicts(ctx, s.certificateIn(k, c, ""), revokeCertificate), nil
}

// Certificate is one of them.
func (s *Service) Certificate(ctx context.Context, id access.CertificateID) (Certificate, error) {
	list, err := s.Store.Certificates(ctx, Query{ID: id, First: 1})
	if err == nil && (id == 0 || len(list) == 0) {
		err = ErrNoCertificate
	}
	if err != nil {
		return Certificate{}, err
	}
	return list[0], nil
}

// Certificates are those of a page that whoever calls may see, and where the next begins.
func (s *Service) Certificates(ctx context.Context, q Query) (list []Certificate, next access.CertificateID, err error) {
	first := q.First
	q.First++
	all, err := s.Store.Certificates(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > first {
		all, next = all[:first], all[first-1].ID
	}
	k, err := s.look(ctx, false)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range all {
		if s.Gate.Permit(ctx, readCertificate, s.certificateIn(k, c, "")) == nil {
			list = append(list, c)
		}
	}
	return list, next, nil
}

// Revoke says that a certificate is good no more. Whoever verifies hears of it by the
// authority's lists; a token is listed nowhere, and is over by its own end.
func (s *Service) Revoke(ctx context.Context, id access.CertificateID, reason string) (Certificate, error) {
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return Certificate{}, err
	case reason == "":
		return Certificate{}, policy.ErrReason
	}
	return s.Store.Revoke(ctx, id, reason)
}

// Check says what an SSH certificate is, by its own text: whose, and what is wrong with it
// for a principal now, or nil.
func (s *Service) Check(ctx context.Context, text, as string) (c Certificate, wrong, err error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text)) //nolint:dogsled // comments and options say nothing here
	cert, is := key.(*ssh.Certificate)
	if err != nil || !is {
		return c, nil, ErrKey.With("this is no SSH certificate: give the line of a -cert.pub file")
	}
	var id access.CertificateID
	if id.UnmarshalText([]byte(cert.KeyId)) != nil || id == 0 {
		return c, nil, ErrNoCertificate
	}
	if c, err = s.Certificate(ctx, id); err != nil {
		return c, nil, err
	}
	k, err := s.look(ctx, true)
	if err != nil {
		return c, nil, err
	}
	a, ok := k.authorities[c.Authority]
	if !ok {
		return c, nil, ErrNoAuthority
	}
	if as = strings.TrimSpace(as); as == "" && len(cert.ValidPrincipals) > 0 {
		as = cert.ValidPrincipals[0]
	}
	switch wrong = a.Good(cert, as, max(s.now(), k.at)); {
	case wrong != nil:
	case c.State != Issued:
		wrong = ErrOver.With("the certificate has been revoked")
	case ssh.FingerprintSHA256(cert.Key) != c.Fingerprint:
		wrong = ErrOver.With("the certificate is not the one that was signed as %s", c.ID)
	}
	return c, wrong, nil
}

// Follow revokes what people were signed who have left, of those that a revision after
// since touched, and destroys keys that are trusted no more. It returns up to which
// revision it has followed.
func (s *Service) Follow(ctx context.Context, since access.Rev) (access.Rev, error) {
	if err := s.Store.Retire(ctx); err != nil {
		return since, err
	}
	return s.Store.Leave(ctx, since)
}
