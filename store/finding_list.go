package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
)

// asking puts a query of findings together. A page is the first rows of a few streams,
// each of which an index has in the order that is asked for: one for each severity, and
// for each value of the column that narrows most.
type asking struct {
	args    []any
	streams []string // conditions that no finding fulfils two of
	rest    []string // conditions of all streams
}

func (a *asking) arg(v any) string {
	a.args = append(a.args, v)
	return "$" + strconv.Itoa(len(a.args))
}

func (a *asking) keys(column string, keys []int64) string {
	return column + " in (" + keyList(keys) + ")"
}

// streamsPerQuery is how many systems or rules have a stream each: of more, all are
// read in order and those that are others' passed over, which are few then.
const streamsPerQuery = 40

func askingOf(q finding.Query) *asking {
	a := &asking{rest: []string{findingNow}}
	if q.Function != "" {
		a.rest = append(a.rest, "f.function = "+a.arg(string(q.Function)))
	}
	if q.Status != "" {
		a.rest = append(a.rest, "f.status = "+a.arg(string(q.Status)))
	}
	if q.Order == finding.Ending {
		a.rest = append(a.rest, "f.status = 'accepted'")
	}
	if q.DueBefore != 0 {
		a.rest = append(a.rest, "f.due_at < "+a.arg(q.DueBefore))
	}
	if q.EndsBefore != 0 {
		a.rest = append(a.rest, "f.status = 'accepted' and f.accepted_until < "+a.arg(q.EndsBefore))
	}
	a.one(q)
	if q.Match != nil {
		a.matching(*q.Match)
	}
	a.reach(q)
	if a.streams == nil {
		a.streams = []string{"true"}
	}
	return a
}

// one narrows to what there is one of: the rarest leads.
func (a *asking) one(q finding.Query) {
	lead := func(condition string) {
		if a.streams == nil {
			a.streams = []string{condition}
		} else {
			a.rest = append(a.rest, condition)
		}
	}
	if !q.Subject.IsZero() {
		lead("f.subject_kind = " + a.arg(q.Subject.Kind) + " and f.subject_key = " + a.arg(q.Subject.Key))
	}
	if q.Owner != 0 {
		lead("f.owner_id = " + a.arg(q.Owner))
	}
	if q.System != 0 {
		lead("f.system_id = " + a.arg(q.System))
	}
	if q.Rule != "" {
		lead("f.rule = " + a.arg(q.Rule))
	}
}

func (a *asking) matching(m finding.Match) {
	byKind := map[access.ObjectKind][]int64{}
	for _, r := range m.Subjects {
		byKind[r.Kind] = append(byKind[r.Kind], r.Key)
	}
	var any []string
	var named []string
	for _, rule := range m.Rules {
		name := a.arg(rule)
		any, named = append(any, "f.rule = "+name), append(named, name)
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		condition := "f.subject_kind = " + a.arg(kind) + " and " + a.keys("f.subject_key", byKind[kind])
		if len(named) > 0 {
			condition += " and f.rule not in (" + strings.Join(named, ", ") + ")"
		}
		any = append(any, condition)
	}
	if len(any) == 0 {
		any = []string{"false"}
	}
	if a.streams == nil {
		a.streams = any
		return
	}
	a.rest = append(a.rest, "("+strings.Join(any, " or ")+")")
}

// reach narrows to the systems that the caller reaches, and to what is theirs.
func (a *asking) reach(q finding.Query) {
	if q.Reach.All {
		return
	}
	var systems []int64
	for id, has := range q.Reach.Systems {
		if has {
			systems = append(systems, int64(id))
		}
	}
	slices.Sort(systems)
	var any []string
	if len(systems) > 0 {
		any = append(any, a.keys("f.system_id", systems))
	}
	own := ""
	if q.Reach.Own != 0 {
		own = "f.owner_id = " + a.arg(q.Reach.Own)
		any = append(any, own)
	}
	if len(any) == 0 {
		any = []string{"false"}
	}
	if a.streams != nil || len(systems) > streamsPerQuery {
		a.rest = append(a.rest, "("+strings.Join(any, " or ")+")")
		return
	}
	for _, id := range systems {
		a.streams = append(a.streams, "f.system_id = "+strconv.FormatInt(id, 10))
	}
	if own != "" {
		if len(systems) > 0 {
			own += " and not " + a.keys("f.system_id", systems)
		}
		a.streams = append(a.streams, own)
	}
	if len(a.streams) == 0 {
		a.streams = any
	}
}

const listedColumns = `f.id, f.from_set, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.function, f.owner_id, f.status,
       f.opened_at, f.due_at, f.accepted_until, f.reason, f.evidence`

// page is the text of a query for one page; empty where nothing can come any more.
func (a *asking) page(q finding.Query) string {
	limit := a.arg(q.Limit)
	column, direction, beyond := "f.due_at", "", ">"
	severities := slices.Clone(access.Severities)
	switch q.Order {
	case finding.Latest:
		column, direction, beyond = "f.opened_at", " desc", "<"
		severities = []access.Severity{""}
	case finding.Ending:
		column, severities = "f.accepted_until", []access.Severity{""}
	case finding.Worst, finding.Due:
	}
	if q.Severity != "" {
		severities = []access.Severity{q.Severity}
	}
	var streams []string
	for _, severity := range severities {
		rank := 0
		if q.Order == finding.Worst {
			rank = slices.Index(access.Severities, severity)
		}
		if q.After != nil && q.Order == finding.Worst && rank < q.After.Rank {
			continue
		}
		conditions := slices.Clone(a.rest)
		if severity != "" {
			conditions = append(conditions, "f.severity = "+a.arg(string(severity)))
		}
		if q.After != nil && (q.Order != finding.Worst || rank == q.After.Rank) {
			conditions = append(conditions, fmt.Sprintf("(%s, f.id) %s (%s, %s)", column, beyond, a.arg(q.After.At), a.arg(q.After.ID)))
		}
		for _, s := range a.streams {
			streams = append(streams, fmt.Sprintf(
				"select * from (select %[1]d as rank, f.id, f.from_set, %[2]s as at from finding f where %[3]s and %[4]s order by %[2]s%[5]s, f.id%[5]s limit %[6]s) s%[7]d",
				rank, column, s, strings.Join(conditions, " and "), direction, limit, len(streams)))
		}
	}
	if len(streams) == 0 {
		return ""
	}
	order := fmt.Sprintf("p.rank, p.at%[1]s, p.id%[1]s", direction)
	return "select p.rank, p.at, " + listedColumns + "\n  from (select * from (" + strings.Join(streams, "\nunion all ") + ") p order by " + order + " limit " + limit +
		") p\n  cross join finding f where f.id = p.id and f.from_set = p.from_set order by " + order
}

// Page returns findings in an order, from a place on.
func (s Findings) Page(ctx context.Context, q finding.Query) (list []finding.Listed, err error) {
	a := askingOf(q)
	text := a.page(q)
	if text == "" {
		return nil, nil
	}
	err = s.db.read(ctx, func(query *query) error {
		return query.eachMade(ctx, text, a.args, func(scan func(...any) error) error {
			var x finding.Listed
			var evidence string
			err := scan(&x.Place.Rank, &x.Place.At, &x.ID, &x.Version, &x.Rule, &x.Subject.Kind, &x.Subject.Key, &x.System, &x.Severity, &x.Function, &x.Owner,
				&x.Status, &x.Opened, &x.Due, &x.AcceptedUntil, &x.Reason, &evidence)
			if err != nil {
				return err
			}
			x.Place.ID = x.ID
			list = append(list, x)
			return json.Unmarshal([]byte(evidence), &list[len(list)-1].Evidence)
		})
	})
	return list, err
}

// counting is the text of a query that counts all that is asked for by some columns.
func (a *asking) counting(q finding.Query, columns string, groups int) string {
	conditions := slices.Clone(a.rest)
	if q.Severity != "" {
		conditions = append(conditions, "f.severity = "+a.arg(string(q.Severity)))
	}
	by := make([]string, groups)
	for i := range by {
		by[i] = strconv.Itoa(i + 1)
	}
	streams := make([]string, len(a.streams))
	for i, s := range a.streams {
		streams[i] = "select " + columns + ", count(*) from finding f where " + s + " and " + strings.Join(conditions, " and ") + " group by " + strings.Join(by, ", ")
	}
	return strings.Join(streams, "\nunion all ")
}

// Totals counts all that a query asks for.
func (s Findings) Totals(ctx context.Context, q finding.Query) ([]finding.Total, error) {
	a := askingOf(q)
	text := a.counting(q, "f.severity, f.function", 2)
	sum := map[finding.Total]int64{}
	err := s.db.read(ctx, func(query *query) error {
		return query.eachMade(ctx, text, a.args, func(scan func(...any) error) error {
			var t finding.Total
			var n int64
			defer func() { sum[t] += n }()
			return scan(&t.Severity, &t.Function, &n)
		})
	})
	var list []finding.Total
	for _, severity := range access.Severities {
		for _, function := range access.Functions {
			if n := sum[finding.Total{Severity: severity, Function: function}]; n > 0 {
				list = append(list, finding.Total{Severity: severity, Function: function, Count: n})
			}
		}
	}
	return list, err
}

const oneDay = access.Time(24 * 3600 * 1_000_000)

// Ageing counts what is open and asked for by age. What is neither of the first ages
// is of the last.
func (s Findings) Ageing(ctx context.Context, q finding.Query, now access.Time) (list []finding.Aged, err error) {
	q.Status = finding.Open
	a := askingOf(q)
	columns := "f.severity, f.function, f.rule"
	for _, condition := range []string{
		fmt.Sprintf("f.opened_at > %d", now-7*oneDay), fmt.Sprintf("f.opened_at > %d", now-30*oneDay), fmt.Sprintf("f.opened_at > %d", now-90*oneDay),
		fmt.Sprintf("f.due_at <= %d", now), fmt.Sprintf("f.due_at <= %d", now+7*oneDay),
	} {
		columns += ", sum(case when " + condition + " then 1 else 0 end)"
	}
	text := a.counting(q, columns, 3)
	err = s.db.read(ctx, func(query *query) error {
		return query.eachMade(ctx, text, a.args, func(scan func(...any) error) error {
			var x finding.Aged
			var n int64
			err := scan(&x.Severity, &x.Function, &x.Rule, &x.Open[0], &x.Open[1], &x.Open[2], &x.Due[0], &x.Due[1], &n)
			x.Open = [4]int64{x.Open[0], x.Open[1] - x.Open[0], x.Open[2] - x.Open[1], n - x.Open[2]}
			x.Due = [3]int64{x.Due[0], x.Due[1] - x.Due[0], n - x.Due[1]}
			list = append(list, x)
			return err
		})
	})
	return list, err
}
