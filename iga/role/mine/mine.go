package mine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// ErrOptions says which option cannot be.
var ErrOptions = fault.New(fault.Invalid, "role-mining-options", "an option of role mining cannot be")

// Mine finds roles for a matrix. When ctx ends it returns the best that it has, which is
// exact all the same; Result.Converged says that it could have gone on.
func Mine(ctx context.Context, m Matrix, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	w := &work{m: m, o: o}
	part := 1.0
	if o.Stability > 0 { // the runs that are compared share the rest
		part = 0.5
	}
	first, done := share(ctx, part)
	defer done()
	r, err := w.mine(first)
	if err != nil {
		return Result{}, err
	}
	if o.Stability > 0 {
		w.phase("stability")
		if r.Stability, err = w.stability(ctx, r); err != nil {
			return Result{}, err
		}
	}
	w.phase("")
	r.Phases = w.phases
	return r, nil
}

func (o *Options) check() error {
	switch o.Objective {
	case "":
		o.Objective = FewestRoles
	case FewestRoles, FewestEdges:
	default:
		return ErrOptions.With("the objective is %q: take roles or edges", o.Objective)
	}
	if !(o.Error >= 0 && o.Error < 1) {
		return ErrOptions.With("the error is %v: take a share from 0 to below 1", o.Error)
	}
	if !(o.Prefer >= 0 && o.Prefer <= 1) {
		return ErrOptions.With("the share that attributes may cost is %v: take one from 0 to 1", o.Prefer)
	}
	if o.Stability < 0 || o.Stability > 100 {
		return ErrOptions.With("the number of runs for stability is %d: take 0 to 100", o.Stability)
	}
	o.Effort = cmp.Or(max(o.Effort, 0), 3)
	return nil
}

// work is one run.
type work struct {
	m      Matrix
	o      Options
	phases []Phase
	began  time.Time
}

// phase ends the one before and begins another.
func (w *work) phase(name string) {
	if n := len(w.phases); n > 0 {
		w.phases[n-1].Took = time.Since(w.began)
	}
	w.began = time.Now()
	if name == "" {
		return
	}
	w.phases = append(w.phases, Phase{Name: name})
	if w.o.Progress != nil {
		w.o.Progress(name)
	}
}

func (w *work) mine(ctx context.Context) (Result, error) {
	var r Result
	var err error
	if w.o.Error > 0 {
		r, err = w.approximate(ctx)
	} else {
		r, err = w.exact(ctx)
	}
	if err != nil {
		return r, err
	}
	w.phase("describing")
	w.describe(&r)
	return r, nil
}

// exact finds roles that give everybody exactly what they have, and has that checked.
func (w *work) exact(ctx context.Context) (Result, error) {
	w.phase("reducing")
	g, err := newGrid(w.m)
	if err != nil {
		return Result{}, err
	}
	reducing, done := share(ctx, 0.4)
	k := newKernel(reducing, g)
	late := reducing.Err() != nil
	done()
	w.phase("numbering")
	part := 0.4
	if w.o.Objective == FewestEdges { // the number is only told then
		part = 0.15
	}
	counting, done := share(ctx, part)
	fewest := k.fewest(counting, w.o.Seed)
	late = late || counting.Err() != nil
	done()
	w.phase("polishing")
	part = 1
	if !w.o.Attributes.empty() {
		part = 0.95
	}
	polishing, done := share(ctx, part)
	roles, converged, cheapest := k.costing(w.o, fewest).make(polishing)
	done()
	r := Result{Lower: fewest.lower, Converged: converged && !late}
	for _, b := range roles {
		r.Roles = append(r.Roles, g.role(b))
	}
	r.sort()
	least := r.Complexity()
	if !w.o.Attributes.empty() {
		w.phase("preferring")
		w.prefer(ctx, &r, int(w.o.Prefer*float64(r.Complexity())))
	}
	r.Proven = len(r.Roles) == r.Lower
	r.sort()
	r.CostProven = cheapest && r.Complexity() == least
	w.phase("verifying")
	if err := Verify(w.m, r.Roles); err != nil {
		return Result{}, fmt.Errorf("checking the result: %w", err)
	}
	return r, nil
}

// share is a part of the time that is left.
func share(ctx context.Context, part float64) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(part*float64(time.Until(end))))
}

// role says a role of the grid in the matrix's numbers.
func (g *grid) role(b biclique) Role {
	var r Role
	for i := range b.rows.each {
		r.Members = append(r.Members, g.users[i]...)
	}
	for i := range b.cols.each {
		r.Permissions = append(r.Permissions, g.perms[i]...)
	}
	slices.Sort(r.Members)
	slices.Sort(r.Permissions)
	return r
}

// sort puts roles with most members first, and counts the edges.
func (r *Result) sort() {
	slices.SortFunc(r.Roles, func(a, b Role) int {
		return cmp.Or(cmp.Compare(len(b.Members), len(a.Members)), cmp.Compare(len(b.Permissions), len(a.Permissions)), slices.Compare(a.Permissions, b.Permissions), slices.Compare(a.Members, b.Members))
	})
	r.Assigned, r.Contained = 0, 0
	for _, x := range r.Roles {
		r.Assigned += len(x.Members)
		r.Contained += len(x.Permissions)
	}
}
