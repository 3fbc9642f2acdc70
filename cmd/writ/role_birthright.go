package main

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/iga/role"
)

// givers tells the catalog of roles which birthright rules give them, and to whom.
type givers struct{ lifecycle *lifecycle.Service }

// Giving implements role.Birthright.
func (g givers) Giving(ctx context.Context) ([]role.Rule, error) {
	rules, err := g.lifecycle.Giving(ctx)
	list := make([]role.Rule, len(rules))
	for i, r := range rules {
		list[i] = role.Rule{
			Name: r.Name, Roles: r.Roles, Entitlements: r.Entitlements, Members: bitsOf(r.Members), Doubtful: bitsOf(r.Doubtful), Choices: r.Choices,
			Having: func(attribute string, values []string) *roaring.Bitmap { return bitsOf(r.Having(attribute, values)) },
		}
	}
	return list, err
}

func bitsOf(ids []access.IdentityID) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range ids {
		set.Add(uint32(id)) //nolint:gosec // identities have 32 bits
	}
	return set
}
