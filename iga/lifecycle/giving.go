package lifecycle

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
)

// Giving is a rule that gives, and to whom; of the doubtful it cannot be told, and they
// keep what they have.
type Giving struct {
	Rule
	Members, Doubtful []access.IdentityID
	desired           *Desired
}

// Having are the members who have one of some values of an attribute.
func (g Giving) Having(attribute string, values []string) []access.IdentityID {
	return g.desired.Having(g.Name, attribute, values)
}

// Giving returns every rule that gives something now.
func (s *Service) Giving(ctx context.Context) (list []Giving, err error) {
	rules, err := s.Store.Rules(ctx)
	if err != nil || !slices.ContainsFunc(rules, Rule.gives) {
		return nil, err // nobody need be read
	}
	d, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range d.giving() {
		members, doubtful := d.Members(r.Name)
		list = append(list, Giving{r, members, doubtful, d})
	}
	return list, nil
}

func (d *Desired) giving() (list []Rule) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, r := range d.rules {
		if r.gives() {
			list = append(list, r.Rule)
		}
	}
	return list
}
