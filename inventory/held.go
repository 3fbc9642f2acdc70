package inventory

import (
	"cmp"
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// Held are the digests of what starts at each live holder of a system. There is
// one for each account, so it is a list and no map: holders are compared in order.
type Held struct{ list []heldDigest }

type heldDigest struct {
	holder uint64
	digest Digest
}

// Add keeps the digest of a holder, once each, in any order.
func (h *Held) Add(of access.Ref, d Digest) {
	h.list = append(h.list, heldDigest{holderOf(of), d})
}

// only leaves out every holder that keep does not want.
func (h *Held) only(keep func(access.Ref) bool) {
	h.list = slices.DeleteFunc(h.list, func(x heldDigest) bool { return !keep(refOf(x.holder)) })
}

// holders yields those of whom there is a digest.
func (h *Held) holders() iter.Seq[access.Ref] {
	return func(yield func(access.Ref) bool) {
		for _, x := range h.list {
			if !yield(refOf(x.holder)) {
				return
			}
		}
	}
}

// heldReader goes through a list in the order of holders, once.
type heldReader struct {
	rest   []heldDigest
	passed []access.Ref // holders that nobody asked for
}

func (h *Held) inOrder() *heldReader {
	slices.SortFunc(h.list, func(a, b heldDigest) int { return cmp.Compare(a.holder, b.holder) })
	return &heldReader{rest: h.list}
}

// upTo returns what is kept of a holder; those that are asked for come in order.
func (r *heldReader) upTo(of access.Ref) (Digest, bool) {
	holder := holderOf(of)
	for len(r.rest) > 0 && r.rest[0].holder < holder {
		r.passed = append(r.passed, refOf(r.rest[0].holder))
		r.rest = r.rest[1:]
	}
	if len(r.rest) == 0 || r.rest[0].holder != holder {
		return Digest{}, false
	}
	d := r.rest[0].digest
	r.rest = r.rest[1:]
	return d, true
}

// others returns every holder that nobody asked for.
func (r *heldReader) others() []access.Ref {
	for ; len(r.rest) > 0; r.rest = r.rest[1:] {
		r.passed = append(r.passed, refOf(r.rest[0].holder))
	}
	return r.passed
}

// Usage is when an account was last used.
type Usage struct {
	Account access.AccountID
	At      access.Time
}

// latest keeps the last use of each account, in their order.
func latest(list []Usage) []Usage {
	slices.SortFunc(list, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(b.At, a.At))
	})
	return slices.CompactFunc(list, func(a, b Usage) bool { return a.Account == b.Account })
}
