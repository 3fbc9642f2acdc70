package authority

import (
	"context"

	"github.com/writhq/writ/access"
)

// Holding is that somebody has something that was signed by a profile, and is not over.
type Holding struct {
	Profile  access.ProfileID
	Identity access.IdentityID
}

// Recheck revokes what was signed by rights that are no more. What is held is read before
// current brings the graph up to date: no right is taken for lost that it does not know yet.
func (s *Service) Recheck(ctx context.Context, current func(context.Context) error) error {
	held, err := s.Store.Holdings(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	if err := current(ctx); err != nil {
		return err
	}
	k, err := s.look(ctx, true)
	if err != nil {
		return err
	}
	profiles := map[access.ProfileID]*Profile{}
	for _, p := range k.profiles {
		profiles[p.ID] = p
	}
	var lost []Holding
	for _, h := range held {
		if !s.stands(ctx, k, profiles[h.Profile], h.Identity) {
			lost = append(lost, h)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return s.Store.Lose(ctx, lost)
}

// stands reports whether somebody could have something signed by a profile now, had they a
// reason. A profile that is there no more is nil.
func (s *Service) stands(ctx context.Context, k *kept, p *Profile, who access.IdentityID) bool {
	if p == nil || k.authorities[p.Authority] == nil {
		return false
	}
	v := s.view()
	if _, has := by(v, p.Rights, who, max(s.now(), k.at)); !has {
		return false
	}
	o := object(v, k.authorities[p.Authority], "as before")
	o.Eligible = who
	return s.Gate.Still(ctx, who, signCertificate, o) == nil
}
