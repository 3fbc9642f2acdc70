package declare

import (
	"context"
	"fmt"
	"strings"
)

// Apply does the steps of a plan, and tells each that is done. Where it ends with an
// error, what was told is done and stays: planned and applied again, the rest is.
func (e *Engine) Apply(ctx context.Context, p *Plan, reason string, done func(Step)) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason
	}
	for _, s := range p.Steps {
		if err := e.permitted(ctx, s, reason); err != nil {
			return err
		}
	}
	if err := e.stands(ctx, p); err != nil {
		return err
	}
	for i, s := range p.Steps {
		err := ctx.Err()
		if err == nil {
			err = s.kind.do(ctx, s.change, reason)
		}
		if err != nil {
			return fmt.Errorf("%s %s (%d of %d steps are done and stay; plan again to do the rest): %w", s.Action, s.Name, i, len(p.Steps), err)
		}
		done(s)
	}
	return nil
}

// permitted asks for everything that a step takes.
func (e *Engine) permitted(ctx context.Context, s Step, reason string) error {
	list, err := s.kind.demands(ctx, s.change)
	if err != nil {
		return err
	}
	for _, d := range list {
		d.Object.Reason = reason
		if err := e.Gate.Permit(ctx, d.Action, d.Object); err != nil {
			return fmt.Errorf("%s %s: %w", s.Action, s.Name, err)
		}
	}
	return nil
}

// stands reports whether what a plan was made for is as it was.
func (e *Engine) stands(ctx context.Context, p *Plan) error {
	there := map[string]map[string]thing{}
	for _, s := range p.Steps {
		all, known := there[s.Kind]
		if !known {
			var err error
			if all, err = s.kind.load(ctx); err != nil {
				return err
			}
			there[s.Kind] = all
		}
		t, is := all[s.Name.Name]
		switch {
		case is && s.Action == Add:
			return ErrMoved.With("%s was added meanwhile: look at the plan again", s.Name)
		case !is && s.Action != Add:
			return ErrMoved.With("%s was removed meanwhile: look at the plan again", s.Name)
		case is && t.version != s.Base:
			return ErrMoved.With("%s was changed meanwhile: look at the plan again", s.Name)
		}
	}
	return nil
}
