package lifecycle

import (
	"context"

	"github.com/writhq/writ/access"
)

// Store is what this package needs from a database.
type Store interface {
	// People tells what rules may look at of everybody, or of some, and the revision that
	// it is of. Of several positions that somebody has at once, the first counts.
	People(ctx context.Context, some []access.IdentityID, take func(Person) error) (access.Rev, error)
}

// Read builds a crowd from the store.
func Read(ctx context.Context, s Store) (*Crowd, access.Rev, error) {
	c := NewCrowd()
	rev, err := s.People(ctx, nil, func(p Person) error {
		c.Put(p)
		return nil
	})
	return c, rev, err
}
