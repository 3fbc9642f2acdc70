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
	const waiting = 16 // parts, so that memory is bounded
	parts := make(chan part, waiting)
	taken := make(chan error, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		var err error
		for p := range parts {
			if err != nil {
				continue
			}
			if err = p(sink); err != nil {
				cancel(err)
			}
		}
		taken <- err
	}()
	var readers []func(context.Context, *query) error
	for n, read := range loads {
		readers = append(readers, func(ctx context.Context, q *query) error {
			if n == 0 {
				if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
					return err
				}
			}
			r := &relay{ctx: ctx, to: parts}
			f, err := g.db.facts(ctx, q, r)
			if err != nil {
				return err
			}
			if err := f.all(ctx, read(f)); err != nil {
				return err
			}
			return r.flush()
		})
	}
	err = g.db.readTogether(ctx, readers...)
	close(parts)
	if refused := <-taken; refused != nil {
		err = refused
	}
	if err != nil {
		return 0, fmt.Errorf("loading the graph: %w", err)
	}
	return rev, nil
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
		return f.touched(ctx, &t)
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
	objects [access.KindLink + 1]map[int64]bool
}

func (t *touched) add(kind access.ObjectKind, key int64) {
	if int(kind) >= len(t.objects) || key == 0 {
		return
	}
	if t.objects[kind] == nil {
		t.objects[kind] = map[int64]bool{}
	}
	t.objects[kind][key] = true
}

// keys returns the touched objects of a kind in order.
func (t *touched) keys(kind access.ObjectKind) []int64 { return sortedKeys(t.objects[kind]) }

func sortedKeys(m map[int64]bool) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare)
	return keys
}

const changesSince = `
select distinct c.kind, c.object, c.bulk
  from change c
  join change_set s on s.id = c.set_id
 where s.rev > $1`

func (t *touched) since(ctx context.Context, rev access.Rev) error {
	t.bulk = map[int64]bool{}
	err := t.q.each(ctx, changesSince, []any{rev}, func(scan func(...any) error) error {
		var kind access.ObjectKind
		var key int64
		var bulk bool
		if err := scan(&kind, &key, &bulk); err != nil {
			return err
		}
		if bulk && kind == access.KindSystem {
			t.bulk[key] = true
			return nil
		}
		t.add(kind, key)
		return nil
	})
	if err != nil {
		return err
	}
	return t.spread(ctx)
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
func keyList(keys []int64) string {
	b := make([]byte, 0, len(keys)*8)
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, k, 10)
	}
	return string(b)
}

// nodeKinds are the kinds that the graph has nodes of, in the order of Sink.
var nodeKinds = []access.ObjectKind{
	access.KindSystem, access.KindResource, access.KindEntitlement,
	access.KindIdentity, access.KindAccount, access.KindRole,
}

// touched forgets what changed and delivers it as it is now.
func (f *facts) touched(ctx context.Context, t *touched) error {
	for _, id := range sortedKeys(t.bulk) {
		f.sink.ForgetSystem(access.SystemID(id))
	}
	for _, kind := range nodeKinds {
		for _, key := range t.keys(kind) {
			if kind != access.KindSystem || !t.bulk[key] {
				f.sink.Forget(access.Ref{Kind: kind, Key: key})
			}
		}
	}
	w := f.selections(t)
	for _, step := range f.steps() {
		for _, where := range w[step.kind] {
			if err := step.deliver(ctx, where); err != nil {
				return fmt.Errorf("reading %s: %w", step.kind, err)
			}
		}
	}
	return nil
}

// selections writes, for each kind of node, the conditions on its key (as {id})
// and, where it belongs to a system, on that ({system}), that select it.
func (f *facts) selections(t *touched) map[access.ObjectKind][]string {
	out := map[access.ObjectKind][]string{}
	bulk := sortedKeys(t.bulk)
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
		for chunk := range slices.Chunk(t.keys(kind), keysPerQuery) {
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
