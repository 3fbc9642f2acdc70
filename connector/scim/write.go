package scim

import (
	"context"
	"net/http"
	"net/url"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Apply makes one change. What is so already stays untouched, and what the service took
// is read back before it counts.
func (s *Service) Apply(ctx context.Context, x connector.Change) error {
	c, err := s.about(ctx, x)
	if err != nil {
		return err
	}
	doing := "changing an account"
	if isGrant(x) {
		doing = "changing who has what"
	}
	return c.again(doing, func() error {
		now, err := c.state(x)
		if err != nil || now.done(x) {
			return err
		}
		failed := c.make(doing, x, now)
		if statusOf(failed) == http.StatusPreconditionFailed {
			return failed
		}
		if failed != nil && statusOf(failed) == 0 {
			return failed
		}
		// A refusal may contradict what somebody else did meanwhile, or an attempt before
		// this one whose answer was lost.
		if now, err = c.state(x); err != nil || now.done(x) {
			return err
		}
		if failed != nil {
			return c.unwilling(x, failed)
		}
		return connector.ErrPrivilege.With("scim %q: the service took the change and does not show it; check that the token may write what it may read, and option dialect", c.name)
	})
}

// ReadBack reports whether the service now shows the change.
func (s *Service) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	c, err := s.about(ctx, x)
	if err != nil {
		return false, err
	}
	now, err := c.state(x)
	return err == nil && now.done(x), err
}

// Find is the account of a login.
func (s *Service) Find(ctx context.Context, login string) (*connector.Found, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.only(login)
	if p == nil || err != nil {
		return nil, err
	}
	return p.found(), nil
}

func isGrant(x connector.Change) bool {
	return x.Kind == connector.AddGrant || x.Kind == connector.RemoveGrant
}

// about connects for a change that can be.
func (s *Service) about(ctx context.Context, x connector.Change) (*session, error) {
	if err := Spec().Check(s.name, x); err != nil {
		return nil, err
	}
	if x.New != nil && x.New.Expires != 0 {
		return nil, s.unsupported("a user of SCIM has no end of its own; leave it away, and Writ ends the account itself")
	}
	g := x.Grant
	kind, _ := splitID(g.Entitlement)
	if isGrant(x) && (g.Resource != "" || g.Mode != access.Standing || g.Flags != 0 || g.Start != 0 || g.End != 0 ||
		g.Holder.Kind != connector.OnAccount && (g.Holder.Kind != connector.OnEntitlement || kind != kindGroup)) {
		return nil, s.unsupported("a user has a group, a role or an entitlement, a group is in a group, or they are not; there are no options, resources or times")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if holder, _ := splitID(g.Holder.ID); x.Kind == connector.AddGrant && g.Holder.Kind == connector.OnEntitlement {
		if !c.speaks.nested {
			return nil, s.unsupported("services of dialect " + c.speaks.name + " have no groups in groups")
		}
		if holder != kindGroup {
			return nil, s.unsupported("only a group can be in a group")
		}
	}
	return c, nil
}

func (s *settings) unsupported(why string) error {
	return connector.ErrUnsupported.With("scim %q: %s", s.name, why)
}

// state is what the service has of what a change is about.
type state struct {
	user  *person // nil where there is none
	group *group  // nil where there is none
	held  bool
}

func (n state) done(x connector.Change) bool {
	switch x.Kind {
	case connector.AddGrant:
		return n.held
	case connector.RemoveGrant:
		return !n.held
	case connector.DisableAccount:
		return n.user == nil || n.user.status() == access.Disabled
	case connector.EnableAccount:
		return n.user != nil && n.user.status() == access.Enabled
	case connector.DeleteAccount:
		return n.user == nil
	case connector.UpdateAccount:
		return n.user != nil && n.user.found().Shows(x.Set)
	case connector.CreateAccount:
		return n.user != nil && n.user.status() == access.Enabled && n.user.found().Shows(withoutEmpty(x.New.Values))
	case connector.EndSessions:
	}
	return false
}

// state asks the service.
func (c *session) state(x connector.Change) (n state, err error) {
	switch {
	case isGrant(x):
		return c.grantState(x.Grant)
	case x.Kind == connector.CreateAccount:
		n.user, err = c.only(x.New.Login)
	default:
		n.user, err = c.person(x.Account)
	}
	if n.user != nil && err == nil {
		err = x.Owned(Kind, c.name, n.user.found().Mark)
	}
	return n, err
}

// make makes a change from the state as it is.
func (c *session) make(doing string, x connector.Change, now state) error {
	switch x.Kind {
	case connector.AddGrant, connector.RemoveGrant:
		return c.regrant(doing, x, now)
	case connector.CreateAccount:
		return c.create(x, now.user)
	case connector.DisableAccount, connector.EnableAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions:
	}
	if now.user == nil {
		return c.unsupported("the service has no such user")
	}
	switch x.Kind { //nolint:exhaustive // the others were made
	case connector.DeleteAccount:
		return c.change(request{doing: doing, method: http.MethodDelete, path: usersAt + "/" + url.PathEscape(string(now.user.ID)), match: now.user.version})
	case connector.UpdateAccount:
		if err := c.fits(x.Set); err != nil {
			return err
		}
		return c.edit(doing, now.user, now.user.differences(x.Set))
	}
	return c.edit(doing, now.user, []edit{{path: []string{"active"}, value: x.Kind == connector.EnableAccount}})
}
