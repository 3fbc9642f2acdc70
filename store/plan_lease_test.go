package store

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	leases "github.com/writhq/writ/pam/lease"
)

// fillLeases is what was leased in the company that plans are looked at with.
var fillLeases = []string{
	`n 200 insert into lease_template (id, from_set, name, system_id, entitlements, usual, terms) select i, i, 'template' || i, i % 20 + 1, '[]', 1, '{}' from n`,
	`n 2000 insert into lease_right (template_id, holder_kind, holder_id, from_set, until_set, reason) select i % 200 + 1, 1, i, i, case i % 3 when 0 then i + 1 else 0 end, '' from n`,
	`n 40000 insert into lease_made (id, chain_id, template_id, system_id, identity_id, name, mark, state, lasts, most, asked_at, starts_at, ends_at, next_at)
	   select i, i, i % 200 + 1, i % 20 + 1, i % 40000 + 1, 'lease_' || i, 'lease.a.' || i, case i % 1000 when 0 then 'active' when 1 then 'making' when 2 then 'ending' when 3 then 'waiting' else 'ended' end, 1, 1, i, i, i, i from n`,
}

// hotLeases are the uses of leases that somebody waits for, or that every node is at all the
// time.
func hotLeases(ctx context.Context, db *DB) error {
	s := db.Leases()
	_, offer := s.Offer(ctx, 7)
	_, _, known := s.Known(ctx, 7, 39_990)
	_, one := s.Lease(ctx, 6500)
	_, held := s.Held(ctx, leases.Held{Identity: 100, Template: 7}, 500)
	_, _, news := s.News(ctx, 39_990)
	_, due := s.Due(ctx, 8)
	err := errors.Join(offer, known, one, held, news, due)
	_, outside := db.Findings().Outside(ctx)
	err = errors.Join(err, outside)
	for _, q := range []leases.Query{{First: 51}, {First: 51, Identity: 6500}, {First: 51, Template: 7}, {First: 51, Systems: []access.SystemID{3}}, {First: 51, Open: true}} {
		_, failed := s.Leases(ctx, q)
		err = errors.Join(err, failed)
	}
	nothing := func(func(...any) error) error { return nil }
	return errors.Join(err, db.read(ctx, func(q *query) error {
		for _, w := range []asked{
			{overLeases, []any{1, leasesPerSweep}},
			{leftLeases, []any{1 - int64(time.Minute), leasesPerSweep, 1}},
			{nextLease, nil},
			{dueFirst, []any{7, 1, 64}},
			{dueAgain, []any{7, 1, 64}},
			{heldBy, []any{6500, 7}},
			{leaseRightThere, []any{7, access.KindIdentity, 6}},
			{templateTaken, []any{"template7", 1}},
			{templateCalled, []any{"template7"}},
		} {
			if err := q.each(ctx, w.text, w.args, nothing); err != nil {
				return err
			}
		}
		return nil
	}))
}
