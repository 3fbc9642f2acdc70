package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Graph returns the truth as the graph reads it.
func (db *DB) Graph() graph.Source { return &graphSource{db: db} }

type graphSource struct{ db *DB }

const newestRev = `select coalesce(max(rev), 0) from change_set`

// Load implements graph.Source. What there is most of is read side by side, and the
// sink takes the one while the next is read.
func (g *graphSource) Load(ctx context.Context, sink graph.Sink) (rev access.Rev, err error) {
	err = relayed(ctx, sink, func(ctx context.Context, to chan<- part) error {
		var readers []func(context.Context, *query) error
		for n, read := range loads {
			readers = append(readers, func(ctx context.Context, q *query) error {
				if n == 0 {
					if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
						return err
					}
				}
				return g.relay(ctx, q, to, func(f *facts) error { return f.all(ctx, read(f)) })
			})
		}
		return g.db.readTogether(ctx, readers...)
	})
	if err != nil {
		return 0, fmt.Errorf("loading the graph: %w", err)
	}
	return rev, nil
}

// relay reads facts and hands them on.
func (g *graphSource) relay(ctx context.Context, q *query, to chan<- part, read func(f *facts) error) error {
	r := &relay{ctx: ctx, to: to}
	f, err := g.db.facts(ctx, q, r)
	if err != nil {
		return err
	}
	if err := read(f); err != nil {
		return err
	}
	return r.flush()
}

// loads are what is read side by side, of about equal weight; each in its order.
var loads = []func(f *facts) []func(ctx context.Context, condition string) error{
	func(f *facts) []func(context.Context, string) error {
		return []func(context.Context, string) error{f.systems, f.resources, f.entitlements, f.roles, f.accounts, f.assignments}
	},
	func(f *facts) []func(context.Context, string) error {
		return []func(context.Context, string) error{f.identities, f.credentials, f.openings}
	},
	func(f *facts) []func(context.Context, string) error {
		return []func(context.Context, string) error{f.grants}
	},
}

// Follow implements graph.Source. What it delivers is at least as new as the
// revision that it returns: a change that is committed but not yet sequenced may
// show already, and is delivered again with its own revision.
func (g *graphSource) Follow(ctx context.Context, rev access.Rev, sink graph.Sink) (reached access.Rev, err error) {
	reached = rev
	err = g.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&reached); err != nil {
			return err
		}
		if reached == rev {
			return nil
		}
		t := touched{q: q}
		if err := t.since(ctx, rev); err != nil {
			return err
		}
		f, err := g.db.facts(ctx, q, sink)
		if err != nil {
			return err
		}
		t.forget(sink)
		return f.deliver(ctx, f.selected(&t))
	})
	if err != nil {
		return rev, fmt.Errorf("following changes after revision %d: %w", rev, err)
	}
	return reached, nil
}

// touched gathers the graph's objects that changes concern.
type touched struct {
	q       *query
	bulk    map[int64]bool // systems that changed as a whole
	objects byKind
	granted byKind // objects of which only the grants did
}

// byKind are keys of objects.
type byKind [access.KindJustification + 1]map[int64]bool

func (b *byKind) add(kind access.ObjectKind, key int64) {
	if int(kind) >= len(b) || key == 0 {
		return
	}
	if b[kind] == nil {
		b[kind] = map[int64]bool{}
	}
	b[kind][key] = true
}

// keys returns those of a kind in order.
func (b *byKind) keys(kind access.ObjectKind) []int64 { return sortedKeys(b[kind]) }

func (t *touched) add(kind access.ObjectKind, key int64) { t.objects.add(kind, key) }

// keys returns the touched objects of a kind in order.
func (t *touched) keys(kind access.ObjectKind) []int64 { return t.objects.keys(kind) }

func sortedKeys(m map[int64]bool) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare)
	return keys
}

// What changed is found by its sets: a cross join keeps SQLite from reading all that ever did.
const changesSince = `
select distinct c.kind, c.object, c.bulk, c.only_grants
  from change_set s cross join change c
 where c.set_id = s.id and s.rev > $1`

func (t *touched) since(ctx context.Context, rev access.Rev) error {
	t.bulk = map[int64]bool{}
	err := t.q.each(ctx, changesSince, []any{rev}, func(scan func(...any) error) error {
		var kind access.ObjectKind
		var key int64
		var bulk, onlyGrants bool
		if err := scan(&kind, &key, &bulk, &onlyGrants); err != nil {
			return err
		}
		switch {
		case bulk && kind == access.KindSystem:
			t.bulk[key] = true
		case onlyGrants:
			t.granted.add(kind, key)
		default:
			t.add(kind, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.spread(ctx); err != nil {
		return err
	}
	for kind, whole := range t.objects {
		for key := range whole {
			delete(t.granted[kind], key)
		}
	}
	return nil
}

// spreads says, for what is no node of the graph, at which objects its edges
// start; any version of a row tells, for what ended has to be forgotten too.
// Whoever changes a grant notes its holder: grants have no index by id.
var spreads = []struct {
	kind access.ObjectKind
	text string // selects kind and key; %s is a list of keys
}{
	{access.KindOwnership, `select distinct object_kind, object_key from ownership where id in (%s)`},
	{access.KindLink, `select distinct 2, account_id from account_link where id in (%s)`},
	{access.KindCredential, `select distinct 2, account_id from account_credential where credential_id in (%s)`},
	{access.KindAssignment, `select distinct 1, identity_id from assignment where id in (%s)`},
	{access.KindGrant, `select distinct holder_kind, holder_id from access_grant where id in (%s)`},
	// What justifies somebody's access justifies the grants of their accounts.
	{access.KindJustification, `select distinct holder_kind, holder_id from justification where id in (%s)`},
	{access.KindJustification, `select distinct 2, l.account_id from justification j join account_link l on l.identity_id = j.holder_id where j.holder_kind = 1 and j.id in (%s)`},
	// An entitlement names its owner by number: whoever has or had it.
	{access.KindIdentity, `select distinct 3, e.id from entitlement e join identity i on i.number = e.owner_number where e.owner_number <> '' and i.id in (%s)`},
}

// bulkHolders are identities and things of other systems that hold something in a
// system that changed as a whole: they are no objects of it, so forgetting it does
// not forget their edges.
const bulkHolders = `select distinct holder_kind, holder_id from holding where elsewhere and system_id in (%s)`

func (t *touched) spread(ctx context.Context) error {
	for _, s := range spreads {
		if err := t.addFrom(ctx, s.text, t.keys(s.kind)); err != nil {
			return err
		}
	}
	return t.addFrom(ctx, bulkHolders, sortedKeys(t.bulk))
}

func (t *touched) addFrom(ctx context.Context, text string, keys []int64) error {
	for chunk := range slices.Chunk(keys, keysPerQuery) {
		err := (&facts{q: t.q}).each(ctx, fmt.Sprintf(text, keyList(chunk)), func(rows *sql.Rows) error {
			var kind access.ObjectKind
			var key int64
			err := rows.Scan(&kind, &key)
			t.add(kind, key)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keysPerQuery bounds the length of a list of keys in a query's text.
const keysPerQuery = 1000

// keyList writes keys as SQL; they are integers, so nothing needs quoting.
func keyList[K ~int64](keys []K) string {
	b := make([]byte, 0, len(keys)*8)
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(k), 10)
	}
	return string(b)
}

// nodeKinds are the kinds that the graph has nodes of, in the order of Sink.
var nodeKinds = []access.ObjectKind{
	access.KindSystem, access.KindResource, access.KindEntitlement,
	access.KindIdentity, access.KindAccount, access.KindRole,
}

// forget tells a sink what changed.
func (t *touched) forget(sink graph.Sink) {
	for _, id := range sortedKeys(t.bulk) {
		sink.ForgetSystem(access.SystemID(id))
	}
	for _, kind := range nodeKinds {
		for _, key := range t.keys(kind) {
			if kind != access.KindSystem || !t.bulk[key] {
				sink.Forget(access.Ref{Kind: kind, Key: key})
			}
		}
		for _, key := range t.granted.keys(kind) {
			sink.ForgetGrants(access.Ref{Kind: kind, Key: key})
		}
	}
}

// selection is what one query reads: which of the steps, and the condition.
type selection struct {
	step  int
	where string
}

// selected lists what has to be read of what changed.
func (f *facts) selected(t *touched) (list []selection) {
	bulk := sortedKeys(t.bulk)
	whole, granted := f.selections(&t.objects, bulk), f.selections(&t.granted, bulk)
	for kind, conditions := range f.bulkSelections(bulk) {
		whole[kind] = append(conditions, whole[kind]...)
	}
	for i, step := range f.steps() {
		conditions := whole[step.kind]
		if step.grants {
			conditions = slices.Concat(conditions, granted[step.kind])
		}
		for _, where := range conditions {
			list = append(list, selection{i, where})
		}
	}
	return list
}

func (f *facts) deliver(ctx context.Context, list []selection) error {
	steps := f.steps()
	for _, s := range list {
		if err := steps[s.step].deliver(ctx, s.where); err != nil {
			return fmt.Errorf("reading %s: %w", steps[s.step].kind, err)
		}
	}
	return nil
}

// bulkSelections writes, for each kind of node, the conditions on its key (as {id})
// that select what belongs to systems.
func (f *facts) bulkSelections(bulk []int64) map[access.ObjectKind][]string {
	out := map[access.ObjectKind][]string{}
	for _, kind := range nodeKinds {
		for chunk := range slices.Chunk(bulk, keysPerQuery) {
			switch kind {
			case access.KindSystem:
				out[kind] = append(out[kind], "{id} in ("+keyList(chunk)+")")
			case access.KindResource, access.KindEntitlement, access.KindAccount:
				out[kind] = append(out[kind], "{id} in (select id from "+kind.String()+" where system_id in ("+keyList(chunk)+"))")
			default:
			}
		}
	}
	return out
}

// selections writes the conditions that select some objects, but for those that
// belong to systems which are selected as a whole.
func (f *facts) selections(of *byKind, bulk []int64) map[access.ObjectKind][]string {
	out := map[access.ObjectKind][]string{}
	for _, kind := range nodeKinds {
		for chunk := range slices.Chunk(of.keys(kind), keysPerQuery) {
			where := "{id} in (" + keyList(chunk) + ")"
			if len(bulk) > 0 {
				where += f.notIn(kind, bulk)
			}
			out[kind] = append(out[kind], where)
		}
	}
	return out
}

// notIn leaves out what its system's bulk delivers anyway.
func (f *facts) notIn(kind access.ObjectKind, bulk []int64) string {
	switch kind {
	case access.KindSystem:
		return " and {id} not in (" + keyList(bulk) + ")"
	case access.KindResource, access.KindEntitlement, access.KindAccount:
		return " and {id} not in (select id from " + kind.String() + " where system_id in (" + keyList(bulk) + "))"
	default:
		return ""
	}
}

func where(condition, id string) string {
	if condition == "" {
		return ""
	}
	return " and " + strings.ReplaceAll(condition, "{id}", id)
}
