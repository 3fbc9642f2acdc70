package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// The figures that working out what everybody should have is held to.
const (
	lifecycleAll = 20 * time.Second
	lifecycleOne = 5 * time.Millisecond
)

// BenchmarkLifecycleLarge works out what everybody of the large company should have, by
// some hundred rules and a thousand roles, one of them in variants: anew, after a rule changed, and for one person.
func BenchmarkLifecycleLarge(b *testing.B) {
	ctx := asBench(b)
	db, err := store.Open(ctx, store.Config{Dir: largeCopy(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	for b.Loop() {
		begun := time.Now()
		crowd, _, err := lifecycle.Read(ctx, db.Lifecycle())
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("reading %d people: %.1f s", crowd.Len(), time.Since(begun).Seconds())
		var everybody []lifecycle.Person
		if _, err := db.Lifecycle().People(ctx, nil, func(p lifecycle.Person) error {
			everybody = append(everybody, p)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		rules, roles := birthrights(everybody)
		begun = time.Now()
		d, err := lifecycle.NewDesired(crowd, rules, roles)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("anew, %d rules and %d roles: %.2f s", len(rules), len(roles), time.Since(begun).Seconds())
		changedRules(b, d, rules, roles)
		onePerson(b, d, everybody)
		b.ReportMetric(float64(peak()), "MB-most")
	}
}

// birthrights are rules and roles as an organisation has them: one for everybody, one for
// each unit, and one for each title that many have.
func birthrights(people []lifecycle.Person) (rules []lifecycle.Rule, roles []access.Role) {
	next := access.EntitlementID(0)
	role := func(n int) access.RoleID {
		r := access.Role{ID: access.RoleID(len(roles) + 1)}
		for range n {
			next++
			r.Entitlements = append(r.Entitlements, next)
		}
		if len(roles) > 10 {
			r.Parents = []access.RoleID{access.RoleID(len(roles)%10 + 1)}
		}
		roles = append(roles, r)
		return r.ID
	}
	add := func(when string) {
		rules = append(rules, lifecycle.Rule{Name: fmt.Sprintf("r%d", len(rules)), When: when, Roles: []access.RoleID{role(4), role(3)}, Mode: policy.Enforce})
	}
	add(`identity.kind == "human"`)
	add(`identity.third_party`)
	add(`identity.kind == "human" && identity.email.endsWith(".example") && !identity.third_party`)
	for _, name := range []string{"identity.unit", "identity.title"} {
		counts := map[string]int{}
		for _, p := range people {
			counts[p.Values[name]]++
		}
		values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		})
		for _, v := range values[:min(250, len(values))] {
			add(fmt.Sprintf("%s == %q && identity.kind != \"agent\"", name, v))
		}
		if name == "identity.unit" { // and one whose variant everybody has that fits them
			r := access.Role{ID: role(2), Parameters: []access.RoleParameter{{Name: "unit", Values: values[:min(200, len(values))], From: name}}}
			for _, v := range r.Parameters[0].Values {
				next++
				r.Conditional = append(r.Conditional, access.RolePart{Entitlement: next, When: map[string]string{"unit": v}})
			}
			r.Entitlements = roles[len(roles)-1].Entitlements
			roles[len(roles)-1] = r
			rules = append(rules, lifecycle.Rule{Name: "by-unit", When: `identity.kind == "human"`, Choices: []access.Choice{{Role: r.ID}}, Mode: policy.Enforce})
		}
	}
	return rules, roles
}

func changedRules(b *testing.B, d *lifecycle.Desired, rules []lifecycle.Rule, roles []access.Role) {
	for _, c := range []struct{ name, when string }{
		{"one that many are alike in", `identity.unit != "" && !identity.third_party`},
		{"one that nobody is alike in", `identity.login.startsWith("a") || identity.email.contains("son@")`},
		{"everybody, and nobody", `true`},
	} {
		changed := slices.Clone(rules)
		changed[1].When = c.when
		begun := time.Now()
		diff, err := d.Change(changed, roles)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		n := len(diff.People())
		b.Logf("after a rule changed, %s: %.2f s, and %d people gain or lose something", c.name, took.Seconds(), n)
		if took > lifecycleAll || n == 0 {
			b.Errorf("it took %s (at most %s) for %d people", took, lifecycleAll, n)
		}
	}
}

func onePerson(b *testing.B, d *lifecycle.Desired, people []lifecycle.Person) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	var times []time.Duration
	moved := 0
	for range 2000 {
		p, other := people[random.IntN(len(people))], people[random.IntN(len(people))]
		p.Values = maps.Clone(p.Values)
		p.Values["identity.unit"], p.Values["identity.title"] = other.Values["identity.unit"], other.Values["identity.title"]
		begun := time.Now()
		changes := d.Follow([]lifecycle.Person{p}, nil)
		times = append(times, time.Since(begun))
		moved += len(changes)
	}
	slices.Sort(times)
	p99 := times[len(times)*99/100]
	b.Logf("one person moves: p50 %.3f ms, p99 %.3f ms; something changed for %d of %d", times[len(times)/2].Seconds()*1e3, p99.Seconds()*1e3, moved, len(times))
	if p99 > lifecycleOne || moved == 0 {
		b.Errorf("p99 is %s (at most %s)", p99, lifecycleOne)
	}
}
