package lease

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// TemplateObject is what a decision about a template is made on.
func (s *Service) TemplateObject(ctx context.Context, id access.TemplateID, reason string) (policy.Object, error) {
	of, err := s.Store.Offer(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	return s.objectFor(ctx, of, reason), nil
}

func (s *Service) objectFor(ctx context.Context, of Offer, reason string) policy.Object {
	c, _ := policy.CallerOf(ctx)
	v := s.Gate.Graph.View()
	defer v.Close()
	return object(v, of, c.Identity, reason)
}

// Templates are those that whoever calls may see, by name.
func (s *Service) Templates(ctx context.Context) ([]Offer, error) {
	all, err := s.Store.Offers(ctx)
	return slices.DeleteFunc(all, func(of Offer) bool {
		return s.Gate.Permit(ctx, readTemplate, s.objectFor(ctx, of, "")) != nil
	}), err
}

// TemplateNamed is the template that a name or an id names, as whoever calls may see it.
func (s *Service) TemplateNamed(ctx context.Context, text string) (Template, error) {
	k, ok := s.memory.Of(s.settled(), text)
	if !ok {
		var err error
		if k.Offer, err = s.offerCalled(ctx, text); err != nil {
			return Template{}, err
		}
	}
	if s.Gate.Permit(ctx, readTemplate, s.objectFor(ctx, k.Offer, "")) != nil {
		return Template{}, ErrNoTemplate
	}
	return k.Template, nil
}

func (s *Service) offerCalled(ctx context.Context, text string) (of Offer, err error) {
	var id access.TemplateID
	if id.UnmarshalText([]byte(text)) != nil {
		if id, err = s.Store.TemplateCalled(ctx, text); err != nil {
			return of, err
		}
	}
	return s.Store.Offer(ctx, id)
}

// AddTemplate keeps a new template, in a system that lends.
func (s *Service) AddTemplate(ctx context.Context, t Template, reason string) (access.TemplateID, error) {
	if err := t.Validate(); err != nil {
		return 0, err
	}
	if err := s.Lenders.Lends(ctx, t.System); err != nil {
		return 0, err
	}
	return s.Store.AddTemplate(ctx, t, reason)
}

// ChangeTemplate keeps the next version of a template. What is leased by it stays as it was.
func (s *Service) ChangeTemplate(ctx context.Context, t Template, reason string) error {
	if err := t.Validate(); err != nil {
		return err
	}
	return s.Store.ChangeTemplate(ctx, t, reason)
}

// Grant says that somebody, or whoever holds something, may use a template.
func (s *Service) Grant(ctx context.Context, r Right) error {
	v := s.Gate.Graph.View()
	defer v.Close()
	if _, ok := policy.ObjectOf(v, r.Holder); !ok {
		return ErrRight.With("there is nobody and nothing with the id %s that could have a right", r.Holder)
	}
	return s.Store.Grant(ctx, r)
}
