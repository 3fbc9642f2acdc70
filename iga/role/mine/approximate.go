package mine

import (
	"cmp"
	"context"
	"slices"
)

// approximate finds roles that get no more than the allowed share of the assignments
// wrong. It goes two ways, roles that show through noise with what they leave out, and
// exact roles without those that give least, and takes the one that needs fewer.
func (w *work) approximate(ctx context.Context) (Result, error) {
	if len(w.m.Users)*len(w.m.Permissions) > 8*MaxCells {
		return Result{}, ErrTooLarge.With("%d users by %d permissions are too many to look for roles under noise: mine one system or one unit at a time", len(w.m.Users), len(w.m.Permissions))
	}
	allowed := int(w.o.Error * float64(w.m.pairs))
	w.phase("patterns")
	s := newPatterns(w.m)
	seeding, done := share(ctx, 0.6)
	s.seed(seeding)
	late := seeding.Err() != nil
	done()
	w.phase("choosing")
	s.choose()
	s.settleAll()
	noisy := Result{Roles: s.roles(), Converged: !late}
	shown := len(noisy.Roles)
	w.within(&noisy, allowed)
	noisy.sort()
	// Where nearly all that is allowed to be wrong is noise, exact roles would model it.
	if len(noisy.Roles) <= shown+shown/10 || len(w.m.Users)*len(w.m.Permissions) > MaxCells {
		return noisy, nil
	}
	shorter, done := share(ctx, 0.7)
	defer done()
	exact, err := w.exact(shorter)
	if err != nil {
		return Result{}, err
	}
	w.fewer(&exact, allowed)
	if exact.sort(); len(noisy.Roles) < len(exact.Roles) {
		return noisy, nil
	}
	return exact, nil
}

func (s *patterns) roles() []Role {
	var list []Role
	for _, x := range s.found {
		if !x.users.empty() {
			list = append(list, Role{Members: x.users.list(), Permissions: x.perms.list()})
		}
	}
	return list
}

// within adds roles of one permission, those first that are missing most, until no more is
// wrong than allowed. Where the roles give too much, whoever lacks any of one leaves it.
func (w *work) within(r *Result, allowed int) {
	missing, extra := w.m.wrong(r.Roles)
	if extra > allowed {
		for i := range r.Roles {
			x := &r.Roles[i]
			x.Members = slices.DeleteFunc(x.Members, func(u int32) bool {
				return slices.ContainsFunc(x.Permissions, func(p int32) bool { return !w.m.Has(u, p) })
			})
		}
		r.Roles = slices.DeleteFunc(r.Roles, func(x Role) bool { return len(x.Members) == 0 })
		missing, extra = w.m.wrong(r.Roles)
	}
	total := extra
	order := make([]int32, 0, len(missing))
	for p, users := range missing {
		if len(users) > 0 {
			order = append(order, int32(p))
			total += len(users)
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(len(missing[b]), len(missing[a])) })
	for _, p := range order {
		if total <= allowed {
			break
		}
		total -= len(missing[p])
		r.Roles = append(r.Roles, Role{Members: missing[p], Permissions: []int32{p}})
	}
}

// wrong lists who misses each permission, and counts what the roles give beyond the input.
func (m Matrix) wrong(roles []Role) (missing [][]int32, extra int) {
	of := make([][]int32, len(m.Users))
	for i, x := range roles {
		for _, u := range x.Members {
			of[u] = append(of[u], int32(i))
		}
	}
	missing = make([][]int32, len(m.Permissions))
	given := make([]bool, len(m.Permissions))
	for u, list := range of {
		for _, i := range list {
			for _, p := range roles[i].Permissions {
				if !given[p] {
					given[p] = true
					extra++
				}
			}
		}
		for _, p := range m.rows[u] {
			if given[p] {
				extra--
			} else {
				missing[p] = append(missing[p], int32(u))
			}
		}
		for _, i := range list {
			for _, p := range roles[i].Permissions {
				given[p] = false
			}
		}
	}
	return missing, extra
}
