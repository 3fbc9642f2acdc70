package role

import (
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// What a migration can meet.
var (
	ErrNobody  = fault.New(fault.Conflict, "role-migrates-nobody", "nobody who has not the role already holds all that it gives, directly, everywhere and without an end: there is nobody to migrate")
	ErrPlan    = fault.New(fault.Conflict, "role-migration-changed", "what these people have is not what the plan was made from: look at it again")
	ErrUnequal = fault.New(fault.Conflict, "role-migration-unequal", "somebody would gain or lose access by the migration, so nothing was changed: what people hold has changed meanwhile, so look again")
)

// MaxMigrated is how many people one migration is for; the next one takes the rest.
const MaxMigrated = 10_000

// Proof is that nobody gained or lost anything: the pairs of an identity and an entitlement
// that its people held or were given by roles, before and after, are the same.
type Proof struct {
	People         int    `json:"people"`
	Pairs          int    `json:"pairs" doc:"All that they have, not only by this role"`
	Digest         string `json:"digest" doc:"SHA-256 of the pairs, before and after"`
	Justifications int    `json:"justifications" doc:"Direct ones that ended: the role is why they have it now"`
	Left           int    `json:"left" doc:"People for whom another migration is needed"`
}

// Swap is what a migration changes of one entitlement.
type Swap struct {
	Entitlement    access.EntitlementID
	People         int // who hold it themself, or by accounts of theirs
	Justifications int // direct ones that end
}

// MigrationPlan is what a migration would do, and its proof.
type MigrationPlan struct {
	Proof
	After string // the digest of what they would have
	Swaps []Swap
	First []access.IdentityID // of the people
	Own   int                 // who hold all of it, and whom somebody else migrates
}

// Migrating is what the store does about migrations.
type Migrating interface {
	// Migrate assigns a role to people who hold all that it gives, and ends their direct
	// justifications of that; or returns ErrUnequal, or ErrPlan where a digest is given that
	// is not the one of what they have, and does neither.
	Migrate(ctx context.Context, id access.RoleID, people []access.IdentityID, reason, digest string) (Proof, error)
	// PlanMigration returns what Migrate would do, and does nothing.
	PlanMigration(ctx context.Context, id access.RoleID, people []access.IdentityID) (MigrationPlan, error)
}

// migrants are the people whom a role may be given in place of what they hold, those of
// one migration first, and how many of them are whose access whoever decides does not
// decide on.
func (s *Service) migrants(ctx context.Context, id access.RoleID) (list []access.IdentityID, own int, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return nil, 0, err
	}
	c, err := s.Store.Catalog(ctx)
	if err != nil {
		return nil, 0, err
	}
	r, ok := c.Role(id)
	switch {
	case !ok:
		return nil, 0, ErrNotFound
	case r.Parametric():
		return nil, 0, ErrValues.With("%s is parametric: migrate to one of its variants", r.Name)
	}
	v := s.Graph.View()
	defer v.Close()
	people := holdingAll(v, c.Given(id))
	people.AndNot(v.Assigned(id))
	list, own = withoutOwn(v, people, actor.Identity)
	return list, own, nil
}

// Migrate swaps direct grants for a role: everybody who holds all that it gives is assigned
// it, and the role is why they have that from then on. What systems show stays as it is.
// Whoever decides is not among them, nor is a service of theirs. A digest is of the plan
// that was looked at: where it is another now, nothing is done.
func (s *Service) Migrate(ctx context.Context, id access.RoleID, reason, digest string) (Proof, error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return Proof{}, ErrReason.With("say why people are migrated to the role")
	}
	list, _, err := s.migrants(ctx, id)
	if err != nil {
		return Proof{}, err
	}
	if len(list) == 0 {
		return Proof{}, ErrNobody
	}
	now := list[:min(len(list), MaxMigrated)]
	p, err := s.Store.Migrate(ctx, id, now, reason, digest)
	p.Left = len(list) - len(now)
	return p, err
}

// PlanMigration is what Migrate would do now. Where nobody is to be migrated, it is empty.
func (s *Service) PlanMigration(ctx context.Context, id access.RoleID) (MigrationPlan, error) {
	list, own, err := s.migrants(ctx, id)
	if err != nil || len(list) == 0 {
		return MigrationPlan{Own: own}, err
	}
	now := list[:min(len(list), MaxMigrated)]
	p, err := s.Store.PlanMigration(ctx, id, now)
	p.Left, p.Own, p.First = len(list)-len(now), own, now[:min(len(now), maxMembers)]
	return p, err
}

// withoutOwn are people who keep what they are given, but for whoever decides and the
// services that they, or whom they report to, answer for; of these it counts how many.
func withoutOwn(v *graph.View, people *roaring.Bitmap, decides access.IdentityID) (list []access.IdentityID, own int) {
	above := managers(v, decides)
	for it := people.Iterator(); it.HasNext(); {
		id := access.IdentityID(it.Next())
		n, there := v.Identity(id)
		switch {
		case !there || !keeps(n.State):
		case id == decides, n.Kind != access.Human && above[n.Owner]:
			own++
		default:
			list = append(list, id)
		}
	}
	return list, own
}

// managers are somebody, and whom they report to, however far up.
func managers(v *graph.View, id access.IdentityID) map[access.IdentityID]bool {
	above := map[access.IdentityID]bool{}
	for id != 0 && !above[id] {
		above[id] = true
		n, _ := v.Identity(id)
		id = n.Manager
	}
	return above
}

// holdingAll are the identities that hold each of some entitlements.
func holdingAll(v *graph.View, entitlements []access.EntitlementID) *roaring.Bitmap {
	var all *roaring.Bitmap
	for _, e := range entitlements {
		holders := roaring.New()
		for who := range Holders(v, e) {
			holders.Add(uint32(who)) //nolint:gosec // keys have 31 bits
		}
		if all == nil {
			all = holders
		}
		all.And(holders)
	}
	if all == nil {
		return roaring.New()
	}
	return all
}

// Holders yields who holds an entitlement as a role would give it: directly, or by an
// account of theirs alone that works; standing, everywhere, and without an end. Others have
// less than the role gives.
func Holders(v *graph.View, e access.EntitlementID) func(yield func(access.IdentityID) bool) {
	return func(yield func(access.IdentityID) bool) {
		for g := range v.DirectHolders(e) {
			if g.Mode != access.Standing || g.Resource != 0 || g.End != 0 || g.Flags&access.Implicit != 0 {
				continue
			}
			switch g.Holder.Kind {
			case access.KindIdentity:
				if !yield(access.IdentityID(g.Holder.Key)) {
					return
				}
			case access.KindAccount:
				n, _ := v.Account(access.AccountID(g.Holder.Key))
				if n.Status == access.Enabled && len(n.Identities) == 1 && !yield(n.Identities[0]) {
					return
				}
			default: // groups in groups are no people
			}
		}
	}
}

// GivenBy is what somebody has by some roles, each once and in order.
func (c *Catalog) GivenBy(roles []access.RoleID) []access.EntitlementID {
	var all []access.EntitlementID
	for _, id := range roles {
		all = append(all, c.Given(id)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
