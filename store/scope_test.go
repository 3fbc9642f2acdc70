package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// Invariant 10 of package policy. A scope lies in one that is there, its name is its own, and what was renamed meanwhile
// is not renamed by whoever has not seen it.
func TestScopes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		s := policy.Scopes{Store: db.Scopes()}
		add := func(name string, parent access.ScopeID) access.ScopeID {
			t.Helper()
			id, err := s.Add(ctx, policy.Scope{Name: name, Parent: parent})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		europe := add(" Europe ", 0)
		sales := add("Sales", europe)
		for name, want := range map[*policy.Scope]error{
			{Name: "Europe"}:                     policy.ErrScopeTaken,
			{Name: "  "}:                         policy.ErrScopeName,
			{Name: "a\x1b[2J"}:                   policy.ErrScopeName,
			{Name: "turned\u202eround"}:          policy.ErrScopeName,
			{Name: strings.Repeat("x", 101)}:     policy.ErrScopeName,
			{Name: "Nowhere", Parent: sales + 1}: policy.ErrUnknownScope,
		} {
			if id, err := s.Add(ctx, *name); !errors.Is(err, want) {
				t.Errorf("%q in %s: %s, %v", name.Name, name.Parent, id, err)
			}
		}
		list, err := db.Scopes().Scopes(ctx)
		if err != nil || len(list) != 2 || list[0].Name != "Europe" || list[1].Parent != europe {
			t.Fatalf("%+v, %v", list, err)
		}
		seen := list[1]
		seen.Name = "Selling"
		if err := s.Rename(ctx, seen); err != nil {
			t.Fatal(err)
		}
		seen.Name = "Late"
		if err := s.Rename(ctx, seen); !errors.Is(err, policy.ErrScopeChanged) {
			t.Errorf("renamed by whoever saw another version: %v", err)
		}
		for rename, want := range map[policy.Scope]error{
			{ID: sales, Name: "Europe"}:    policy.ErrScopeTaken,
			{ID: sales, Name: ""}:          policy.ErrScopeName,
			{ID: sales + 1, Name: "Other"}: policy.ErrUnknownScope,
		} {
			if err := s.Rename(ctx, rename); !errors.Is(err, want) {
				t.Errorf("%+v: %v", rename, err)
			}
		}
		found, err := s.Find(ctx, "Selling")
		if err != nil || found.ID != sales || found.Parent != europe {
			t.Errorf("%+v, %v", found, err)
		}
		d, err := db.Policy().Directory(ctx)
		if err != nil || len(d.Parents) != 2 || d.Parents[sales] != europe {
			t.Errorf("what decisions know of the tree: %+v, %v", d.Parents, err)
		}
		page, err := db.Audit().List(ctx, audit.Filter{Actions: []string{"scope."}})
		if err != nil || len(page.Entries) != 3 || page.Entries[0].Personal["was"] != "Sales" || page.Entries[0].Object != sales.Ref() {
			t.Errorf("%+v, %v", page.Entries, err)
		}
	})
}

// What lies deeper than decisions look would be nowhere.
func TestTheTreeOfScopesEnds(t *testing.T) {
	ctx := asTester(t.Context())
	s := policy.Scopes{Store: openStore(t, emptySQLite(t)).Scopes()}
	var last access.ScopeID
	for i := range policy.MaxScopeDepth {
		id, err := s.Add(ctx, policy.Scope{Name: fmt.Sprint("level ", i), Parent: last})
		if err != nil {
			t.Fatalf("level %d: %v", i, err)
		}
		last = id
	}
	if _, err := s.Add(ctx, policy.Scope{Name: "too deep", Parent: last}); !errors.Is(err, policy.ErrScopeDepth) {
		t.Errorf("too deep: %v", err)
	}
}

// Of those who take one name at once, one has it.
func TestOneNameOneScope(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		s := policy.Scopes{Store: db.Scopes()}
		ids := make([]access.ScopeID, 6)
		for i := range ids {
			var err error
			if ids[i], err = s.Add(ctx, policy.Scope{Name: fmt.Sprint("unit ", i)}); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				if err := s.Rename(ctx, policy.Scope{ID: id, Name: "Sales"}); err != nil && !errors.Is(err, policy.ErrScopeTaken) {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := s.Add(ctx, policy.Scope{Name: "Sales"}); err != nil && !errors.Is(err, policy.ErrScopeTaken) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := db.Scopes().Scopes(ctx)
		n := 0
		for _, x := range list {
			if x.Name == "Sales" {
				n++
			}
		}
		if err != nil || n != 1 {
			t.Errorf("%d scopes are called so, %v", n, err)
		}
	})
}
