package search

import (
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// set are keys of one kind, or all of it.
type set struct {
	all  bool
	keys *roaring.Bitmap
}

var nothing = set{keys: roaring.New()}

func these(b *roaring.Bitmap) set { return set{keys: b} }

// narrow leaves of keys what a set has, or has not.
func (s set) narrow(keys *roaring.Bitmap, not bool) {
	switch {
	case s.all && not:
		keys.Clear()
	case s.all:
	case not:
		keys.AndNot(s.keys)
	default:
		keys.And(s.keys)
	}
}

// asking answers operators, for one who may see so much.
type asking struct {
	*content
	sight Sight
	now   time.Time
	found map[foundKey]found
}

// answer are the objects of a kind that an operator is true of.
func (a *asking) answer(kind access.ObjectKind, k Ask) set {
	s := a.shelves[kind]
	switch k.Operator {
	case "kind":
		if k.Value == kind.String() {
			return set{all: true}
		}
		return these(s.with(aboutKind, k.Value))
	case "state":
		return these(s.with(aboutState, k.Value))
	case "tier":
		return a.tier(kind, k.Value)
	case "mode":
		return a.mode(kind, k.Value)
	case "owner":
		return a.owner(kind, k.Value)
	case "system":
		return a.system(kind, k.Value)
	case "third-party":
		return a.yesOrNo(kind, access.KindIdentity, k.Value, s.with(aboutThirdParty, yes))
	case orphan, disputed:
		return a.yesOrNo(kind, access.KindAccount, k.Value, s.with(aboutLink, k.Operator))
	case "dormant":
		return a.yesOrNo(kind, access.KindAccount, k.Value, a.dormant())
	case "severity":
		return these(s.with(aboutSeverity, k.Value))
	case "function":
		return these(s.with(aboutFunction, k.Value))
	case "rule":
		return these(s.with(aboutRule, k.Value))
	}
	return nothing
}

// yesOrNo answers what only one kind can be.
func (a *asking) yesOrNo(kind, only access.ObjectKind, value string, is *roaring.Bitmap) set {
	switch {
	case kind != only:
		return nothing
	case value == no:
		return these(roaring.AndNot(a.shelves[kind].here, is))
	}
	return these(is)
}

// tier are entitlements of a tier, and who can reach one. What is not classified counts
// as the worst.
func (a *asking) tier(kind access.ObjectKind, value string) set {
	of := a.ofTier(value)
	if kind == access.KindEntitlement {
		return these(of)
	}
	return a.reaching(kind, "tier:"+value, of, 0)
}

func (a *asking) ofTier(value string) *roaring.Bitmap {
	s := a.shelves[access.KindEntitlement]
	if value == "0" {
		return roaring.Or(s.with(aboutTier, "0"), s.with(aboutTier, none))
	}
	return s.with(aboutTier, value)
}

// mode are those who have something in an access mode.
func (a *asking) mode(kind access.ObjectKind, value string) set {
	var m access.Mode
	if m.UnmarshalText([]byte(value)) != nil {
		return nothing
	}
	return a.reaching(kind, "mode:"+value, a.shelves[access.KindEntitlement].here, 1<<m)
}

// reaching are the identities or accounts that can reach one of some entitlements.
func (a *asking) reaching(kind access.ObjectKind, name string, entitlements *roaring.Bitmap, modes uint8) set {
	if kind != access.KindIdentity && kind != access.KindAccount {
		return nothing
	}
	return these(a.made.once(name+" "+kind.String(), func() *roaring.Bitmap {
		var targets []access.Ref
		each(entitlements, func(key uint32) { targets = append(targets, access.EntitlementID(key).Ref()) })
		if len(targets) == 0 {
			return roaring.New()
		}
		m := a.view.Members(targets, graph.Question{Modes: modes})
		if kind == access.KindIdentity {
			return m.Identities
		}
		return m.Accounts
	}))
}

// dormantAfter is for how long an account is not used until it is dormant.
const dormantAfter = 90 * 24 * time.Hour

// dormant are the accounts that are known not to have been used for so long. What was
// never used counts from when it was made.
func (a *asking) dormant() *roaring.Bitmap {
	day := a.now.Truncate(24 * time.Hour)
	return a.made.once("dormant "+strconv.FormatInt(day.Unix(), 10), func() *roaring.Bitmap {
		s := a.shelves[access.KindAccount]
		since := access.TimeOf(day.Add(-dormantAfter))
		before := useOf(true, since)
		b := roaring.New()
		var list []uint32
		each(s.with(aboutUse, known), func(key uint32) {
			if s.used[key] < before {
				list = append(list, key)
			}
		})
		each(s.with(aboutUse, never), func(key uint32) {
			if n, ok := a.view.Account(access.AccountID(key)); ok && n.Created != 0 && n.Created < since {
				list = append(list, key)
			}
		})
		b.AddMany(list)
		for _, kind := range []access.AccountKind{access.BuiltInAccount, access.BreakGlassAccount} {
			b.AndNot(s.with(aboutKind, string(kind))) // they are there for the day when they are needed
		}
		return b
	})
}

// system are the things of systems that are called so, and those systems.
func (a *asking) system(kind access.ObjectKind, name string) set {
	if kind == access.KindIdentity {
		return nothing
	}
	s, b := a.shelves[kind], roaring.New()
	if id, err := access.ParseRef(name); err == nil && id.Kind == access.KindSystem {
		return these(s.with(aboutSystem, systemWord(access.SystemID(id.Key))))
	}
	each(a.systemsCalled(name), func(key uint32) {
		b.Or(s.with(aboutSystem, systemWord(access.SystemID(key))))
	})
	return these(b)
}

// owner are the things that one who is called so answers for, or nobody.
func (a *asking) owner(kind access.ObjectKind, value string) set {
	if kind == access.KindAccount || kind == access.KindResource {
		return nothing
	}
	if value == none {
		return these(a.made.once("owner:none "+kind.String(), func() *roaring.Bitmap {
			return a.ownedBy(kind, func(id access.IdentityID) bool {
				_, there := a.view.Identity(id)
				return !there
			})
		}))
	}
	people := a.called(access.KindIdentity, value)
	if people.IsEmpty() {
		return nothing
	}
	return these(a.ownedBy(kind, func(id access.IdentityID) bool {
		return id > 0 && id <= 1<<32-1 && people.Contains(uint32(id)) //nolint:gosec // it was compared
	}))
}

// called are the objects of a kind that have all words of a name.
func (a *asking) called(kind access.ObjectKind, name string) *roaring.Bitmap {
	s := a.shelves[kind]
	b := s.here.Clone()
	for _, word := range wordsOf(Text{Name: name}) {
		b.And(s.words.find(word, asBeginning)[asBeginning])
	}
	return b
}

// systemsCalled are the systems of a name that the caller sees something of. One that
// is called exactly so is meant alone.
func (a *asking) systemsCalled(name string) *roaring.Bitmap {
	b, s := roaring.New(), a.shelves[access.KindSystem]
	for _, seen := range a.sight {
		if seen.All {
			b.Or(s.here)
		}
		for id := range seen.Systems {
			b.Or(s.with(aboutSystem, systemWord(id)))
		}
	}
	b.And(a.called(access.KindSystem, name))
	plain := sortKey(name)
	var exact []uint32
	each(b, func(key uint32) {
		if sortKey(s.names.of(key)) == plain {
			exact = append(exact, key)
		}
	})
	if len(exact) > 0 {
		return roaring.BitmapOf(exact...)
	}
	return b
}

// ownedBy are the things of a kind whose owner is one who fits. A human answers for
// themself, and what an entitlement does not say its system does.
func (a *asking) ownedBy(kind access.ObjectKind, fits func(access.IdentityID) bool) *roaring.Bitmap {
	var list []uint32
	s := a.shelves[kind]
	switch kind {
	case access.KindIdentity:
		each(roaring.Or(s.with(aboutKind, string(access.Service)), s.with(aboutKind, string(access.Agent))), func(key uint32) {
			if n, ok := a.view.Identity(access.IdentityID(key)); ok && fits(n.Owner) {
				list = append(list, key)
			}
		})
	case access.KindEntitlement:
		each(s.here, func(key uint32) {
			if fits(a.entitlementOwner(access.EntitlementID(key))) {
				list = append(list, key)
			}
		})
	case access.KindSystem:
		each(s.here, func(key uint32) {
			if fits(a.systemOwner(access.SystemID(key))) {
				list = append(list, key)
			}
		})
	case access.KindFinding:
		each(s.here, func(key uint32) {
			if f := a.findings[access.FindingID(key)]; f != nil && fits(f.Owner) {
				list = append(list, key)
			}
		})
	default:
	}
	return roaring.BitmapOf(list...)
}

func (c *content) entitlementOwner(id access.EntitlementID) access.IdentityID {
	n, _ := c.view.Entitlement(id)
	if n.Owner != 0 {
		return n.Owner
	}
	return c.systemOwner(n.System)
}

func (c *content) systemOwner(id access.SystemID) access.IdentityID {
	n, _ := c.view.System(id)
	if n.TechnicalOwner != 0 {
		return n.TechnicalOwner
	}
	return n.BusinessOwner
}
