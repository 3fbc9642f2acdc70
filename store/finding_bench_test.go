package store

import (
	"context"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
)

const fill100k = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into finding (id, from_set, until_set, rule, subject_kind, subject_key, system_id, severity, function, owner_id, status, opened_at, due_at, evidence, digest)
select i, 1, 0, case i % 3 when 0 then 'orphan-account' when 1 then 'dormant-account' else 'stale-credential' end, 2, i, i * 7919 % 100 + 1,
       case i * 31 % 10 when 0 then 'critical' when 1 then 'high' when 2 then 'low' else 'medium' end, case i % 2 when 0 then 'iam' else 'platform_owner' end, i % 500,
       'open', 1700000000000000 + i, 1700000000000000 + i * 7919 % 1000000, '[{"text":"{} has not been used for 200 days"}]', x'00' from n`

// BenchmarkFindings is the list that people work from, at 100,000 that are open.
func BenchmarkFindings(b *testing.B) {
	ctx := asTester(b.Context())
	db, err := Open(ctx, Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the folder goes too
	if _, err := db.w.ExecContext(ctx, fill100k); err != nil {
		b.Fatal(err)
	}
	s := db.Findings()
	all := policy.Reach{All: true}
	some := policy.Reach{Systems: map[access.SystemID]bool{3: true, 7: true, 11: true}, Own: 42}
	page := func(q finding.Query) func(context.Context) error {
		q.Limit = 51
		return func(ctx context.Context) error { _, err := s.Page(ctx, q); return err }
	}
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"worst", page(finding.Query{Reach: all, Order: finding.Worst})},
		{"deep", page(finding.Query{Reach: all, Order: finding.Worst, After: &finding.Place{Rank: 2, At: 1700000000500000}})},
		{"due", page(finding.Query{Reach: all, Order: finding.Due})},
		{"opened", page(finding.Query{Reach: all, Order: finding.Latest})},
		{"of a rule", page(finding.Query{Reach: all, Order: finding.Worst, Rule: "orphan-account"})},
		{"of a system", page(finding.Query{Reach: all, Order: finding.Worst, System: 7})},
		{"within reach", page(finding.Query{Reach: some, Order: finding.Worst})},
		{"due within reach", page(finding.Query{Reach: some, Order: finding.Due})},
		{"totals", func(ctx context.Context) error { _, err := s.Totals(ctx, finding.Query{Reach: all}); return err }},
		{"totals within reach", func(ctx context.Context) error { _, err := s.Totals(ctx, finding.Query{Reach: some}); return err }},
		{"ageing", func(ctx context.Context) error {
			_, err := s.Ageing(ctx, finding.Query{Reach: all}, 1700000000500000)
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.run(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
