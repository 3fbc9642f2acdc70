package search

import (
	"slices"

	"github.com/writhq/writ/access"
)

// ownAtMost bounds what one is found to answer for: it is asked about one by one.
const ownAtMost = 200

// Own lists what is somebody's own, which they may mostly see though they see nothing
// else of its kind: themself, their accounts, and what they answer for.
func (x *Index) Own(id access.IdentityID) ([]access.Ref, error) {
	end, err := x.reading()
	if err != nil {
		return nil, err
	}
	defer end()
	if id <= 0 || id > 1<<32-1 {
		return nil, nil
	}
	a := &asking{content: &x.content}
	list := []access.Ref{id.Ref()}
	for _, account := range a.view.AccountsOf(id) {
		list = append(list, account.Ref())
	}
	for _, kind := range []access.ObjectKind{access.KindIdentity, access.KindSystem} {
		each(a.ownedBy(kind, func(owner access.IdentityID) bool { return owner == id }), func(key uint32) {
			list = append(list, access.Ref{Kind: kind, Key: int64(key)})
		})
	}
	return slices.Clip(list[:min(len(list), ownAtMost)]), nil
}
