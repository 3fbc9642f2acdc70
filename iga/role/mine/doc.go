// Package mine finds roles in who has what: sets of permissions and their members that
// together give everybody exactly what they have, as few as can be, and stated as shortly
// as can be. It is a pure engine: it reads a matrix and returns candidates.
//
// Vocabulary. A pair is an assignment of a permission to a user. The grid is the matrix in
// which users who have the same are one row, and permissions that the same users have are
// one column. A role on it is a biclique: a set of rows and a set of columns that cross in
// set cells only. An edge is such a cell. It is removed where every role that covers some
// other edge can be made to cover it, too; what is left is the kernel, which is often so
// small that nothing is left to search. Two of its edges fit where one role may cover
// both: roles are cliques of that graph, the fewest that cover it are the fewest roles,
// and edges of which no two fit bound the number from below. Costing then makes the roles
// cheaper: the complexity is the weighted structural complexity with all weights one, the
// roles, the edges between users and roles, and those between roles and permissions. A
// piece of the grid is what no role connects with the rest: it is costed by itself, by
// branching, which sees every cover that could be cheaper, or else by polishing. A pattern is a role as it shows through noise. A role is explained where a rule on the
// attributes of users says who its members are.
//
// How it goes: reducing (grid, kernel), numbering (both sides of the number, part by part),
// polishing (pieces by branching while that is short; what is left by cooling two covers
// side by side, from hot to cold, and again from other covers by as many roles; then by
// branching below what that has found), preferring what attributes explain, verifying,
// describing. With an error allowed, patterns are looked for first, and the exact way is
// gone beside it where those do not suffice.
//
// Invariants:
//  1. Without an error allowed, roles give everybody exactly what the matrix says, which
//     Verify, that shares nothing with the search, holds against it before they are
//     returned; otherwise no more than the allowed share is wrong.
//  2. No exact set of roles has fewer than Result.Lower.
//  3. Result.Proven says that the number is that bound.
//  4. The same pairs, in whatever order, with the same options give the same, unless the
//     time was over; what is equally good is decided by the order of names.
//  5. When ctx ends, what has been found is returned, and Result.Converged is false.
//  6. Attributes change who is in which role and what is in it, never what anybody has, add
//     no role, and cost no more than Options.Prefer allows.
//  7. Memory is bounded by MaxPairs and MaxCells: what is beyond is refused.
//  8. Where Result.CostProven says so, no exact roles have a lower complexity; with
//     FewestRoles, none of as few as possible.
//
// What it does not do: it keeps nothing, assigns nothing, and knows no system. Whether a
// candidate becomes a role, people decide.
//
// Sources: A. Ene, W. Horne, N. Milosavljevic, P. Rao, R. Schreiber, R. E. Tarjan, Fast
// exact and heuristic methods for role minimization problems, SACMAT 2008 (dominators, the
// greedy cover). J. Vaidya, V. Atluri, Q. Guo, The role mining problem, SACMAT 2007. I.
// Molloy et al., Mining roles with semantic meanings, SACMAT 2008 (the complexity), and
// Evaluating role mining algorithms, SACMAT 2009. D. V. Andrade, M. G. C. Resende, R. F.
// Werneck, Fast local search for the maximum independent set problem, 2012. D. Chalupa, on
// clique covers by iterated greedy, after J. Culberson and F. Luo. I. Blöchliger, N.
// Zufferey, A graph colouring heuristic using partial solutions, 2008. D. Brélaz, New
// methods to colour the vertices of a graph, 1979. S. Kirkpatrick et al., Optimization by
// simulated annealing, 1983. J. Rissanen on minimum description length, which chooses among
// patterns, as in C. Lucchese et al., PaNDa+, 2014. Z. Xu, S. D. Stoller, Algorithms for
// mining meaningful roles, SACMAT 2012 (attributes among the aims). A. Pothen, C.-J. Fan,
// Computing the block triangular form of a sparse matrix, 1990 (the matching's look ahead).
// O. Bilde, J. Krarup, Sharp lower bounds and efficient algorithms for the simple plant
// location problem, 1977, and D. Erlenkotter, A dual-based procedure for uncapacitated
// facility location, 1978 (prices by dual ascent, which branching is bounded by).
package mine
