package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
)

// TestFollowingEqualsRebuilding is invariant 1: after random sequences of changes,
// followed in random portions, every answer is that of a fresh load. Each batch is
// rapid's default of 100 sequences: 10,000 in a soak.
func TestFollowingEqualsRebuilding(t *testing.T) {
	for i := range testkit.Rounds(2, 20, 100) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, followOneSequence)
		})
	}
}

func followOneSequence(t *rapid.T) {
	d := dice{t}
	w := newWorld()
	for range d.upTo(30) {
		w.mutate(d)
	}
	g := open(t, w)
	for range 1 + d.upTo(3) {
		before := g.View()
		old := answers(before, Question{})
		for range 1 + d.upTo(12) {
			w.mutate(d)
		}
		if d.upTo(9) == 0 {
			failOnce(t, w, g)
		}
		if _, err := g.Follow(context.Background()); err != nil {
			t.Fatalf("following: %v", err)
		}
		onlyWhatIsListed(t, g, before)
		fresh := open(t, w)
		q := Question{Modes: uint8(d.upTo(7)), Escalation: d.yes(), First: d.upTo(2)}
		same(t, answers(fresh.View(), q), answers(g.View(), q))
		same(t, old, answers(before, Question{})) // invariant 2: the old view has not moved
	}
}

// onlyWhatIsListed: an object that Between does not list has the node and the own
// edges that it had, but for edges that end at one that it lists.
func onlyWhatIsListed(t *rapid.T, g *Graph, was *View) {
	is := g.View()
	changed, known := g.Between(was, is)
	if !known {
		t.Fatalf("what changed from revision %d to %d is not known", was.Rev(), is.Rev())
	}
	listed := map[access.Ref]bool{}
	for _, ref := range changed {
		listed[ref] = true
	}
	for _, ref := range allRefs() {
		if !listed[ref] && !reflect.DeepEqual(own(was, ref, listed), own(is, ref, listed)) {
			t.Fatalf("%s is not listed from revision %d to %d and was\n %v\n is %v", ref, was.Rev(), is.Rev(), own(was, ref, listed), own(is, ref, listed))
		}
	}
}

// own is an object's node and the edges that start at it.
func own(v *View, ref access.Ref, without map[access.Ref]bool) []any {
	var all []any
	put := func(node any, there bool) { all = append(all, node, there) }
	switch ref.Kind {
	case access.KindIdentity:
		put(v.Identity(access.IdentityID(ref.Key)))
	case access.KindAccount:
		put(v.Account(access.AccountID(ref.Key)))
		all = append(all, v.Credentials(access.AccountID(ref.Key)))
		for _, by := range v.OpenedBy(access.AccountID(ref.Key)) {
			if !without[by.Ref()] {
				all = append(all, by)
			}
		}
	case access.KindEntitlement:
		put(v.Entitlement(access.EntitlementID(ref.Key)))
	case access.KindResource:
		put(v.Resource(access.ResourceID(ref.Key)))
	case access.KindSystem:
		put(v.System(access.SystemID(ref.Key)))
	case access.KindRole:
		put(v.Role(access.RoleID(ref.Key)))
	default: // edges are no objects
	}
	for g := range v.DirectGrants(ref) {
		if !without[g.Entitlement.Ref()] {
			all = append(all, g)
		}
	}
	return all
}

func failOnce(t *rapid.T, w *world, g *Graph) {
	w.err = errors.New("the database went away")
	if _, err := g.Follow(context.Background()); !errors.Is(err, w.err) {
		t.Fatalf("following a failing source: %v", err)
	}
	w.err = nil
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func open(t fataler, src Source) *Graph {
	t.Helper()
	g, err := Open(context.Background(), src)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return g
}

func same(t fataler, want, got map[string]any) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(want[name], got[name]) {
			t.Fatalf("%s:\n want %v\n got  %v", name, want[name], got[name])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("%d answers, want %d", len(got), len(want))
	}
}

// allRefs lists every object that a random world may have, there or not.
func allRefs() []access.Ref {
	var refs []access.Ref
	put := func(kind access.ObjectKind, n int) {
		for key := range n {
			refs = append(refs, access.Ref{Kind: kind, Key: int64(key + 1)})
		}
	}
	put(access.KindIdentity, maxIdentities)
	put(access.KindAccount, maxAccounts)
	put(access.KindEntitlement, maxEntitlements)
	put(access.KindResource, maxResources)
	put(access.KindSystem, maxSystems)
	put(access.KindRole, maxRoles)
	return refs
}

func isHolder(ref access.Ref) bool {
	return ref.Kind == access.KindIdentity || ref.Kind == access.KindAccount || ref.Kind == access.KindEntitlement
}

func isTarget(ref access.Ref) bool {
	return ref.Kind != access.KindIdentity && ref.Kind != access.KindAccount
}

// answers asks a view everything that there is to ask.
func answers(v *View, q Question) map[string]any {
	a := map[string]any{
		"rev":          v.Rev(),
		"systems":      slices.Collect(v.Systems()),
		"resources":    slices.Collect(v.Resources()),
		"entitlements": slices.Collect(v.Entitlements()),
		"identities":   slices.Collect(v.Identities()),
		"accounts":     slices.Collect(v.Accounts()),
		"roles":        slices.Collect(v.Roles()),
		"credentials":  slices.Collect(v.AllCredentials()),
		"cycles":       v.Cycles(),
	}
	for id := access.CredentialID(1); id <= maxCredentials; id++ {
		a[fmt.Sprint("accepting ", id)] = v.AccountsAccepting(id)
	}
	var pairs [][2]access.EntitlementID
	for _, ref := range allRefs() {
		name := fmt.Sprint(ref.Kind, ref.Key)
		nodeAnswers(v, ref, name, a)
		if isHolder(ref) {
			a["effective "+name] = v.Effective(ref, q)
			a["direct grants "+name] = slices.Collect(v.DirectGrants(ref))
		}
		if isTarget(ref) {
			a["who can "+name] = v.WhoCan(ref, q)
			holder := access.Ref{Kind: access.KindIdentity, Key: 1 + ref.Key%maxIdentities}
			p := v.Why(holder, ref, q)
			a["why "+name] = fmt.Sprint(p.Rev, p.Length, p.Count, p.First)
			a["way "+name] = fmt.Sprint(v.Way(holder, ref, q))
		}
		if ref.Kind == access.KindEntitlement {
			pairs = append(pairs, [2]access.EntitlementID{access.EntitlementID(ref.Key), access.EntitlementID(1 + ref.Key%maxEntitlements)})
		}
	}
	a["both"] = v.Both(pairs, q)
	for _, p := range pairs {
		a[fmt.Sprint("pair ", p)] = v.PairHolders(p[0], p[1], q)
	}
	ranking := v.Rank([][]access.EntitlementID{{1}, {2}}, q.Escalation)
	for id, rank := range ranking.All() {
		a[fmt.Sprint("rank ", id)] = fmt.Sprint(rank, ranking.Path(id))
	}
	return a
}

func nodeAnswers(v *View, ref access.Ref, name string, a map[string]any) {
	var n any
	var there bool
	switch ref.Kind {
	case access.KindIdentity:
		id := access.IdentityID(ref.Key)
		n, there = v.Identity(id)
		a["accounts of "+name], a["assignments "+name] = v.AccountsOf(id), v.Assignments(id)
	case access.KindAccount:
		n, there = v.Account(access.AccountID(ref.Key))
		a["credentials of "+name] = v.Credentials(access.AccountID(ref.Key))
		a["openings of "+name] = [][]access.AccountID{v.OpenedBy(access.AccountID(ref.Key)), v.Opens(access.AccountID(ref.Key))}
	case access.KindEntitlement:
		id := access.EntitlementID(ref.Key)
		n, there = v.Entitlement(id)
		a["direct holders "+name], a["controls "+name] = slices.Collect(v.DirectHolders(id)), v.Controls(id)
	case access.KindResource:
		n, there = v.Resource(access.ResourceID(ref.Key))
	case access.KindSystem:
		id := access.SystemID(ref.Key)
		n, there = v.System(id)
		a["accounts in "+name], a["entitlements of "+name] = slices.Collect(v.AccountsIn(id)), slices.Collect(v.EntitlementsOf(id))
	case access.KindRole:
		n, there = v.Role(access.RoleID(ref.Key))
	default: // nothing of other kinds
	}
	a[name] = []any{n, there}
}

// TestAnswersEqualReference compares the index with plain walks over plain maps.
func TestAnswersEqualReference(t *testing.T) {
	for i := range testkit.Rounds(1, 4, 10) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, compareWithReference)
		})
	}
}

func compareWithReference(t *rapid.T) {
	d := dice{t}
	w := newWorld()
	for range 20 + d.upTo(60) {
		w.mutate(d)
	}
	v := open(t, w).View()
	q := Question{Modes: uint8(d.upTo(7)), Escalation: d.yes()}
	equal := func(what string, want, got any) {
		t.Helper()
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%s with %+v:\n want %v\n got  %v", what, q, want, got)
		}
	}
	sets := map[access.EntitlementID][]access.IdentityID{}
	for _, ref := range allRefs() {
		name := fmt.Sprint(ref.Kind, " ", ref.Key)
		if isHolder(ref) {
			equal("effective "+name, w.effective(ref, q), append([]Held{}, v.Effective(ref, q)...))
		}
		if !isTarget(ref) {
			continue
		}
		identities, orphans := w.whoCan(ref, q)
		got := v.WhoCan(ref, q)
		equal("who can "+name, identities, got.Identities)
		equal("orphans who can "+name, orphans, got.Accounts)
		equal("count of who can "+name, []int{len(identities), len(orphans)}, []int{got.Count, got.Orphans})
		if ref.Kind == access.KindEntitlement {
			sets[access.EntitlementID(ref.Key)] = identities
		}
		comparePaths(t, w, v, ref, q)
	}
	for a, hold := range sets {
		for b, too := range sets {
			both := slices.DeleteFunc(slices.Clone(hold), func(id access.IdentityID) bool { return !slices.Contains(too, id) })
			equal("both", []int{len(both)}, v.Both([][2]access.EntitlementID{{a, b}}, q))
			equal("pair holders", append([]access.IdentityID{}, both...), append([]access.IdentityID{}, v.PairHolders(a, b, q)...))
		}
	}
	seeds := []access.EntitlementID{access.EntitlementID(d.key(maxEntitlements)), access.EntitlementID(d.key(maxEntitlements))}
	ranking, distances := v.Rank([][]access.EntitlementID{seeds}, q.Escalation), map[access.EntitlementID]int{}
	for id := range ranking.All() {
		distances[id] = len(ranking.Path(id))
		comparePath(t, w, ranking.Path(id), q)
	}
	equal("distances", w.distances(seeds, q.Escalation), distances)
	equal("cycles", append([][]access.Ref{}, w.cycles()...), append([][]access.Ref{}, v.Cycles()...))
}

func comparePaths(t *rapid.T, w *world, v *View, target access.Ref, q Question) {
	for _, holder := range allRefs() {
		if !isHolder(holder) {
			continue
		}
		length, count := w.why(holder, target, q)
		p := v.Why(holder, target, q)
		if p.Length != length || p.Count.Cmp(count) != 0 {
			t.Fatalf("why %v %v with %+v: %d paths of length %d, want %d of %d", holder, target, q, p.Count, p.Length, count, length)
		}
		want := firstPaths
		if count.Cmp(big.NewInt(firstPaths)) < 0 {
			want = int(count.Int64())
		}
		if len(p.First) != want {
			t.Fatalf("why %v %v: %d paths listed, want %d", holder, target, len(p.First), want)
		}
		if way := v.Way(holder, target, q); len(way) != length || length > 0 && !slices.Equal(way, p.First[0]) {
			t.Fatalf("the way of %v to %v is %v, of %v", holder, target, way, p.First)
		}
		seen := map[string]bool{}
		for _, path := range p.First {
			if len(path) != length || path[0].From != holder || seen[fmt.Sprint(path)] {
				t.Fatalf("why %v %v: path %v", holder, target, path)
			}
			seen[fmt.Sprint(path)] = true
			comparePath(t, w, path, q)
		}
	}
}

// comparePath checks that every step of a path is an edge and follows the one before.
func comparePath(t *rapid.T, w *world, path []Step, q Question) {
	links := w.links(q.Escalation)
	for i, s := range path {
		known := slices.ContainsFunc(links, func(l link) bool {
			return l.from.ref == s.From && l.to.ref == s.To && l.kind == s.Kind && l.mode == s.Mode && l.resource == s.Resource
		})
		if !known || i > 0 && path[i-1].To != s.From {
			t.Fatalf("step %d is not an edge or does not follow: %v", i, path)
		}
	}
}
