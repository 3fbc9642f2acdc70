package role

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// mostPairs is how many others one set is paired with at most: who looks at five of them
// knows about the rest.
const mostPairs = 5

// similar yields pairs of sets of which the share of what either has that both have is at
// least some share, each once, the lower number first. Sets are sorted, and wanted leaves
// pairs out.
//
// Two sets so alike share one of the few elements of each that the fewest others have: no
// more than that prefix of each set is looked up, and only pairs that meet there are
// compared (Bayardo, Ma and Srikant). What everybody has is hardly in any prefix, which is
// what keeps this from being quadratic.
func similar(sets [][]uint32, share float64, wanted func(i, j int) bool) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) {
		rare := byRarity(sets)
		postings := map[uint32][]int{}
		for _, i := range bySize(sets) {
			n := float64(len(sets[i]))
			if n == 0 {
				continue
			}
			prefix := rare(i)[:len(sets[i])-int(math.Ceil(share*n-rounding))+1]
			for pair := range meeting(postings, prefix, i, func(j int) bool {
				return float64(len(sets[j])) >= share*n-rounding && wanted(i, j) && jaccard(sets[i], sets[j]) >= share-rounding
			}) {
				if !yield(pair) {
					return
				}
			}
			for _, e := range prefix {
				postings[e] = append(postings[e], i)
			}
		}
	}
}

// rounding is what a share of a number may be off by.
const rounding = 1e-9

// meeting yields the pairs of a set with those that have an element of its prefix in
// theirs and pass.
func meeting(postings map[uint32][]int, prefix []uint32, i int, passes func(j int) bool) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) {
		found, seen := 0, map[int]bool{}
		for _, e := range prefix {
			for _, j := range postings[e] {
				if found == mostPairs {
					return
				}
				if seen[j] {
					continue
				}
				seen[j] = true
				if passes(j) {
					found++
					if !yield([2]int{min(i, j), max(i, j)}) {
						return
					}
				}
			}
		}
	}
}

// subsets yields pairs of which the first is a subset of the second, the smallest of those
// first: they can only be of the sets that have the first one's rarest element. Of two that
// are equal, the one with the lower number is first.
func subsets(sets [][]uint32, wanted func(i, j int) bool) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) {
		rare, order := byRarity(sets), bySize(sets)
		rarest := make([]uint32, len(sets))
		having := map[uint32][]int{} // sets by their size, of the elements that are rarest in one
		for i := range sets {
			if len(sets[i]) > 0 {
				rarest[i] = rare(i)[0]
				having[rarest[i]] = nil
			}
		}
		for _, i := range order {
			for _, e := range sets[i] {
				if list, asked := having[e]; asked {
					having[e] = append(list, i)
				}
			}
		}
		for i, set := range sets {
			if len(set) == 0 {
				continue
			}
			found := 0
			for _, j := range having[rarest[i]] {
				if found == mostPairs {
					break
				}
				if i == j || len(set) > len(sets[j]) || len(set) == len(sets[j]) && i > j || common(set, sets[j]) < len(set) || !wanted(i, j) {
					continue
				}
				found++
				if !yield([2]int{i, j}) {
					return
				}
			}
		}
	}
}

// byRarity gives a set's elements, those first that the fewest sets have.
func byRarity(sets [][]uint32) func(i int) []uint32 {
	count := map[uint32]int{}
	for _, set := range sets {
		for _, e := range set {
			count[e]++
		}
	}
	return func(i int) []uint32 {
		list := slices.Clone(sets[i])
		slices.SortFunc(list, func(a, b uint32) int { return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(a, b)) })
		return list
	}
}

// bySize are the numbers of the sets, the smallest first.
func bySize(sets [][]uint32) []int {
	order := make([]int, len(sets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(sets[a]), len(sets[b])) })
	return order
}

// common counts what two sorted sets share.
func common(a, b []uint32) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

func jaccard(a, b []uint32) float64 {
	both := common(a, b)
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}
