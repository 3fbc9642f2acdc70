package role

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// What assigning can meet.
var (
	ErrAssigned   = fault.New(fault.Conflict, "role-assigned", "that identity has the role already")
	ErrSelf       = fault.New(fault.Denied, "role-own-assignment", "nobody gives themself a role, nor a service that they answer for: somebody else does")
	ErrHolder     = fault.New(fault.Invalid, "role-holder", "a role is given to somebody who works here, or is about to")
	ErrPeriod     = fault.New(fault.Invalid, "role-period", "an assignment ends after it starts, and later than now")
	ErrAssignment = fault.New(fault.NotFound, "role-assignment-not-found", "there is no such assignment, or it has ended")
)

// Assigning is what the store does about assignments.
type Assigning interface {
	// Assignments returns who was assigned any of some roles and has them now or later, by
	// id, those behind one, so many at most.
	Assignments(ctx context.Context, of []access.RoleID, after access.AssignmentID, limit int) ([]access.Assignment, error)
	// AssignmentsOf returns those of some roles that one identity has now or later.
	AssignmentsOf(ctx context.Context, who access.IdentityID, of []access.RoleID) ([]access.Assignment, error)
	// Assignment returns one that has not ended.
	Assignment(ctx context.Context, id access.AssignmentID) (access.Assignment, error)
	// Assign keeps an assignment of the role that rule chooses: one that is there, or a
	// variant that is to be made, which has no id.
	Assign(ctx context.Context, a access.Assignment, rule func(*Catalog) (*Role, error)) (access.Assignment, error)
	// Unassign ends one.
	Unassign(ctx context.Context, id access.AssignmentID, reason string) error
}

// Assign gives somebody a role, with values for its parameters. The variant is made where
// nobody had it before.
func (s *Service) Assign(ctx context.Context, a access.Assignment) (access.Assignment, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return a, err
	}
	if a.Reason = strings.TrimSpace(a.Reason); a.Reason == "" {
		return a, ErrReason.With("say why somebody is given the role")
	}
	if a.End != 0 && a.End <= a.Start {
		return a, ErrPeriod
	}
	v := s.Graph.View()
	n, there := v.Identity(a.Identity)
	v.Close()
	switch {
	case !there || n.State == access.Terminated:
		return a, ErrHolder
	case actor.Identity != 0 && (a.Identity == actor.Identity || n.Kind != access.Human && n.Owner == actor.Identity):
		return a, ErrSelf
	}
	return s.Store.Assign(ctx, a, func(c *Catalog) (*Role, error) { return c.assignable(a.Role, a.Parameters) })
}

// assignable is the role, or the variant of it, that an assignment is of.
func (c *Catalog) assignable(id access.RoleID, v Values) (*Role, error) {
	r, ok := c.Role(id)
	if !ok {
		return nil, ErrNotFound
	}
	if !r.Parametric() {
		if len(v) > 0 && v.Key() != r.Bound.Key() {
			return nil, ErrValues.With("%s has no parameters: leave the values out", r.Name)
		}
		return r, nil
	}
	if err := r.bind(v); err != nil {
		return nil, err
	}
	if known := c.variant(id, v); known != nil {
		return known, nil
	}
	if len(c.Variants(id)) >= MaxVariants {
		return nil, errNoVariants
	}
	return r.variant(0, v, nil), nil
}

// AssignmentOf is the assignment by which somebody has a role, or the only variant of it
// that they have.
func (s *Service) AssignmentOf(ctx context.Context, id access.RoleID, who access.IdentityID) (access.Assignment, error) {
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return access.Assignment{}, err
	}
	found, err := s.Store.AssignmentsOf(ctx, who, c.withVariants(id))
	switch {
	case err != nil:
		return access.Assignment{}, err
	case len(found) == 0:
		return access.Assignment{}, ErrAssignment
	case len(found) > 1:
		return access.Assignment{}, ErrValues.With("that identity has several variants of the role: name one, such as %q", c.roles[found[0].Role].Name)
	}
	return found[0], nil
}

// withVariants are a role and its variants.
func (c *Catalog) withVariants(id access.RoleID) []access.RoleID {
	of := []access.RoleID{id}
	for _, v := range c.Variants(id) {
		of = append(of, v.ID)
	}
	return of
}

// Unassign ends that somebody has a role by an assignment.
func (s *Service) Unassign(ctx context.Context, id access.AssignmentID, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return ErrReason.With("say why somebody no longer has the role")
	}
	return s.Store.Unassign(ctx, id, reason)
}

// Assigned pages through who was assigned a role, or a variant of it.
func (s *Service) Assigned(ctx context.Context, id access.RoleID, after access.AssignmentID, limit int) ([]access.Assignment, error) {
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	return s.Store.Assignments(ctx, c.withVariants(id), after, limit)
}
