package policy

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

// ready is what bare cedar needs for one request: the policies that can apply and
// the entities that they look at, made before the clock starts.
type ready struct {
	policies list
	entities cedar.EntityMap
	request  cedar.Request
}

type list []*Policy

func (l list) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range l {
			if !yield(cedar.PolicyID(p.ID), p.cedar) {
				return
			}
		}
	}
}

// bare makes one ready, or nil where the engine would not ask cedar.
func bare(set *Set, f Facts, r Request) *ready {
	w := world{facts: f, request: r}
	if w.prepare(context.Background(), set) != "" {
		return nil
	}
	if w.c.action.Group == Decides {
		var cause Cause
		if w.own, cause = ownAccess(f, &r, w.c.action.On); cause != "" {
			return nil
		}
	}
	b := &ready{entities: cedar.EntityMap{}}
	s := selection{&w, w.c.enforced}
	for _, p := range s.from {
		if s.takes(p) {
			b.policies = append(b.policies, p)
		}
	}
	for _, uid := range []cedar.EntityUID{w.c.uid, w.identity, w.resource, identityUID(w.subject()), identityUID(r.Resource.Owner)} {
		if e, ok := w.Get(uid); ok {
			b.entities[uid] = e
		}
	}
	b.request = cedar.Request{Principal: w.identity, Action: w.c.uid, Resource: w.resource, Context: w.record(contextAttributes)}
	return b
}

// BenchmarkDecide sets full decisions beside bare cedar-go on the applicable
// policies with entities ready, in turns, with the collector on. A full decision
// reads the facts, finds the functions held over the resource's scope, selects
// among 200 policies, builds the entities, evaluates, and gathers obligations.
// It fails where a full decision takes more than three times as long.
func BenchmarkDecide(b *testing.B) {
	f := largeCompany()
	e := engine(b, f, policies200()...)
	set := e.Set()
	var requests []Request
	var made []*ready
	applicable, permitted := 0, 0
	for _, r := range usualRequests(f, 4_000) {
		x := bare(set, f, r)
		if x == nil {
			continue
		}
		requests, made = append(requests, r), append(made, x)
		applicable += len(x.policies)
		if e.Decide(b.Context(), r).Permitted() {
			permitted++
		}
	}
	if len(set.policies) != 200 {
		b.Fatalf("%d policies", len(set.policies))
	}
	ours, theirs := make([]time.Duration, 0, 1<<20), make([]time.Duration, 0, 1<<20)
	ctx := b.Context()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := i % len(requests)
		start := time.Now()
		d := e.Decide(ctx, requests[n])
		middle := time.Now()
		allowed, _ := cedar.Authorize(made[n].policies, made[n].entities, made[n].request)
		end := time.Now()
		ours, theirs = append(ours, middle.Sub(start)), append(theirs, end.Sub(middle))
		if d.Permitted() != bool(allowed) {
			b.Fatalf("%+v: %s, but bare cedar says %v", requests[n], d.Explain(), allowed)
		}
	}
	our, their := sum(ours), sum(theirs)
	slices.Sort(ours)
	slices.Sort(theirs)
	ratio := our / their
	b.ReportMetric(float64(applicable)/float64(len(requests)), "policies/decision")
	b.ReportMetric(100*float64(permitted)/float64(len(requests)), "%permitted")
	b.ReportMetric(at(ours, 50), "ours-p50-ns")
	b.ReportMetric(at(ours, 99), "ours-p99-ns")
	b.ReportMetric(at(theirs, 50), "bare-p50-ns")
	b.ReportMetric(at(theirs, 99), "bare-p99-ns")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(at(ours, 50)/at(theirs, 50), "ratio-p50")
	b.ReportMetric(at(ours, 99)/at(theirs, 99), "ratio-p99")
	if ratio > 3 && b.N > 1_000 {
		b.Fatalf("a full decision takes %.2f times as long as bare cedar, more than 3", ratio)
	}
}

func sum(list []time.Duration) float64 {
	var total time.Duration
	for _, d := range list {
		total += d
	}
	return float64(total)
}

func at(sorted []time.Duration, percent int) float64 {
	return float64(sorted[len(sorted)*percent/100])
}
