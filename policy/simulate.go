package policy

import "context"

// Difference is one request that another set would answer otherwise.
type Difference struct {
	Request       Request
	Before, After Decision
}

// Simulation is what another set would change.
type Simulation struct {
	Requests    int
	Permits     int // forbidden now, permitted then
	Forbids     int // permitted now, forbidden then
	Differences []Difference
}

// Simulate answers requests by the set in force and by another, on one view of
// the facts, and returns what differs: the effect or the obligations. It counts
// for nothing and changes nothing.
func (e *Engine) Simulate(ctx context.Context, set *Set, requests []Request) (Simulation, error) {
	now, facts := e.set.Load(), e.facts()
	s := Simulation{Requests: len(requests)}
	for _, r := range requests {
		if err := ctx.Err(); err != nil {
			return Simulation{}, err
		}
		before, after := e.decide(ctx, now, facts, r), e.decide(ctx, set, facts, r)
		switch {
		case !before.Permitted() && after.Permitted():
			s.Permits++
		case before.Permitted() && !after.Permitted():
			s.Forbids++
		case before.Obligations.equal(after.Obligations):
			continue
		}
		s.Differences = append(s.Differences, Difference{r, before, after})
	}
	return s, nil
}
