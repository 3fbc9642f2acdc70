package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// lifecycleActor is who reconciles, whatever node it runs on.
const lifecycleActor = "lifecycle"

// Lifecycle is the store of package lifecycle.
type Lifecycle struct{ db *DB }

// Lifecycle returns the store of package lifecycle.
func (db *DB) Lifecycle() Lifecycle { return Lifecycle{db} }

var _ lifecycle.Store = Lifecycle{}

// People implements lifecycle.Store.
func (s Lifecycle) People(ctx context.Context, some []access.IdentityID, take func(lifecycle.Person) error) (rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
			return err
		}
		f, err := s.db.facts(ctx, q, nil)
		if err != nil {
			return err
		}
		if f.whole = some == nil; f.whole {
			return f.people(ctx, "", "", take)
		}
		for chunk := range slices.Chunk(some, keysPerQuery) {
			list := keyList(chunk)
			if err := f.people(ctx, ` and i.id in (`+list+`)`, ` and x.identity_id in (`+list+`)`, take); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reading what rules look at: %w", err)
	}
	return rev, nil
}

func (f *facts) people(ctx context.Context, which, whose string, take func(lifecycle.Person) error) error {
	roles := map[access.IdentityID][]access.RoleID{}
	err := f.eachCells(ctx, `select x.identity_id, x.role_id from assignment x where `+f.rows("x")+` and `+f.during("x")+whose, func(c cells) error {
		id := access.IdentityID(c.number(0))
		roles[id] = append(roles[id], access.RoleID(c.number(1)))
		return nil
	})
	if err != nil {
		return err
	}
	var last access.IdentityID
	return f.eachCells(ctx, `
select i.id, i.kind, i.state, i.name, i.email, i.number, i.login, i.organisation, i.attributes, a.employer, a.unit, a.title, m.number
  from identity i
  left join affiliation a on a.identity_id = i.id and `+f.now("a")+` and `+f.during("a")+`
  left join identity m on m.id = a.manager_id and `+f.now("m")+`
 where `+f.rows("i")+which+` order by i.id, a.seq`, func(c cells) error {
		id := access.IdentityID(c.number(0))
		if id == last {
			return nil // another position
		}
		last = id
		p := lifecycle.Person{ID: id, State: access.IdentityState(c.text(2)), Values: map[string]string{}, Roles: roles[id]}
		for i, name := range lifecycleColumns {
			if text := c.text(i); name != "" && text != "" {
				p.Values[name] = text
			}
		}
		if c.text(7) != "" {
			p.Values["identity.third_party"] = "true"
		}
		if err := sourced(c.text(8), p.Values); err != nil {
			return fmt.Errorf("attributes of %s: %w", id, err)
		}
		return take(p)
	})
}

// lifecycleColumns are the variables that columns of the query are.
var lifecycleColumns = []string{
	"", "identity.kind", "identity.state", "identity.name", "identity.email", "identity.number", "identity.login", "identity.organisation",
	"", "identity.employer", "identity.unit", "identity.title", "identity.manager",
}

// sourced adds what sources say beside the model's own words.
func sourced(text string, into map[string]string) error {
	if len(text) <= 2 {
		return nil
	}
	var list map[string]access.Attribute
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return err
	}
	lifecycle.Sourced(list, into)
	return nil
}
