package scim

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/writhq/writ/connector"
)

// only is the one user of a login; nil where there is none.
func (c *session) only(login string) (*person, error) {
	list, err := c.byLogin(login)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if len(list) > 1 {
		return nil, connector.ErrTaken.With("scim %q: %d users have the login %s; look whose they are", c.name, len(list), strconv.Quote(clean(login)))
	}
	return list[0], nil
}

// fits refuses values that the service has no place for.
func (c *session) fits(values map[string]string) error {
	if err := c.readTypes(); err != nil {
		return err
	}
	for _, p := range plainSettings {
		if _, is := values[p.name]; is && p.path[0] == entURN && !c.types.enterprise {
			return c.unsupported("the service does not have the enterprise extension of users, so no " + p.name)
		}
	}
	return nil
}

// create makes a user, or goes on with one that an earlier attempt made. It is made whole
// in one request: none is ever half made.
func (c *session) create(x connector.Change, p *person) error {
	set := withoutEmpty(x.New.Values)
	if err := c.fits(set); err != nil {
		return err
	}
	if p == nil {
		return c.post(x, set)
	}
	list := p.differences(set)
	if p.Active != nil && !bool(*p.Active) {
		list = append(list, edit{path: []string{"active"}, value: true})
	}
	return c.edit("making an account", p, list)
}

// post makes a new user, and looks at what has become of it.
func (c *session) post(x connector.Change, set map[string]string) error {
	whole := map[string]any{"schemas": []any{userURN}, "userName": x.New.Login, "externalId": connector.Sign(x.New.Mark), "active": true}
	for _, e := range (&user{}).differences(set) {
		e.in(&person{}, whole)
	}
	got, err := c.ask(request{doing: "making an account", method: http.MethodPost, path: usersAt, body: whole})
	if err != nil {
		return err
	}
	var made struct{ ID text }
	_ = json.NewDecoder(&metered{Reader: got, left: maxElement}).Decode(&made) // whoever does not say is asked below
	_ = got.Close()
	list, err := c.byLogin(x.New.Login)
	if err != nil {
		return err
	}
	mine := -1
	for i, p := range list {
		if p.found().Mark == x.New.Mark {
			mine = i
		}
	}
	switch {
	case mine < 0 && len(list) == 1 && list[0].ExternalID == "" && list[0].ID == made.ID:
		// What was just made has lost its mark, so nobody would know it again.
		return c.unmake(list[0], c.unsupported("the service keeps no externalId, by which an account that Writ made is known again; it makes none there"))
	case mine >= 0 && len(list) > 1:
		return c.unmake(list[mine], connector.ErrTaken.With("scim %q: the service let two have the login %s at once; it was taken back, choose another login", c.name, strconv.Quote(clean(x.New.Login))))
	}
	return nil
}

// unmake takes back what was made in vain.
func (c *session) unmake(p *person, why error) error {
	err := c.change(request{doing: "taking an account back", method: http.MethodDelete, path: usersAt + "/" + url.PathEscape(string(p.ID)), match: p.version})
	return errors.Join(why, err)
}

// unwilling turns what the service said to a change into what a user can do.
func (c *session) unwilling(x connector.Change, err error) error {
	no := func(why string) error {
		return connector.ErrUnsupported.With("scim %q: %s", c.name, why).Because(err)
	}
	switch status := statusOf(err); {
	case status == http.StatusConflict && (isGrant(x) || x.Kind == connector.DeleteAccount):
		return connector.ErrIncomplete.With("scim %q: the service says that it is in the middle of another change; try again", c.name).Because(err)
	case status == http.StatusConflict:
		login := cmp.Or(x.Set[connector.SetLogin], x.Account)
		if x.New != nil {
			login = x.New.Login
		}
		return connector.ErrTaken.With("scim %q: the service says that something of it is somebody else's already, the login %s or an address; look whose, and choose another", c.name, strconv.Quote(clean(login))).Because(err)
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		if x.Kind == connector.DeleteAccount {
			return no("the service deletes no users; disable the account instead")
		}
		return no("the service does not make this change; check option dialect")
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return no("the service refused the change as it was sent: a value that it does not take, or another dialect (option dialect)")
	}
	return c.refused("changing it", err)
}
