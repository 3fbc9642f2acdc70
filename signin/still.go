package signin

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Still returns ErrEnded where what the caller was let in by has ended since. Whoever is
// answered for long, such as a stream, asks it before each answer: Authenticate is asked
// only once.
func (s *Service) Still(ctx context.Context) error {
	c, ok := policy.CallerOf(ctx)
	if !ok {
		return policy.ErrSignIn
	}
	there := c.Via.IsZero() // the node's operator, whom no door let in
	switch c.Via.Kind {
	case access.KindSignin:
		list, err := s.Store.Signins(ctx, c.Identity)
		if err != nil {
			return err
		}
		there = slices.ContainsFunc(list, func(g Signin) bool { return g.ID.Ref() == c.Via })
	case access.KindToken:
		list, err := s.Store.Tokens(ctx, c.Identity)
		if err != nil {
			return err
		}
		now := access.TimeOf(s.Now())
		there = slices.ContainsFunc(list, func(k Token) bool { return k.ID.Ref() == c.Via && k.Ended == 0 && now < k.Ends })
	default:
	}
	if !there {
		return ErrEnded
	}
	return nil
}
