package inventory

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
)

// Foretold is whose the accounts would be that a dry run found to be new or changed.
type Foretold struct {
	Accounts int64            `json:"accounts"`
	Linked   int64            `json:"linked"`
	Disputed int64            `json:"disputed"`
	Nobodys  int64            `json:"nobodys"`
	ByRule   map[string]int64 `json:"by_rule"` // of those that are linked
	First    []ForetoldLink   `json:"first"`   // the first of each sort
}

// ForetoldLink is one account and whose it would be.
type ForetoldLink struct {
	Login    string             `json:"login"`
	Name     string             `json:"name,omitempty"`
	Kind     access.AccountKind `json:"kind"`
	State    LinkState          `json:"state,omitempty"` // none is nobody's
	Identity access.IdentityID  `json:"identity,omitzero"`
	Rule     string             `json:"rule,omitempty"`
	Score    int                `json:"score,omitempty"`
	Evidence string             `json:"evidence,omitempty"`
}

// firstMatches are kept of each sort.
const firstMatches = 50

func newForetold() Foretold { return Foretold{ByRule: map[string]int64{}, First: []ForetoldLink{}} }

func (f *Foretold) add(a *Candidate, l Link) {
	f.Accounts++
	n := &f.Nobodys
	switch {
	case l.State == Disputed:
		n = &f.Disputed
	case l.Identity != 0:
		n = &f.Linked
		f.ByRule[l.Rule]++
	}
	if *n++; *n <= firstMatches {
		f.First = append(f.First, ForetoldLink{Login: a.Login, Name: a.Name, Kind: a.Kind, State: l.State, Identity: l.Identity, Rule: l.Rule, Score: l.Score, Evidence: l.Evidence})
	}
}

// correlate foretells whose accounts are, by the rules that are in force. What opens
// them is followed one step, to accounts that are known.
func (d *dryStore) correlate(ctx context.Context, accounts []AccountRow) error {
	if len(accounts) == 0 {
		return nil
	}
	if d.match == nil {
		rules, err := d.s.liveRules(ctx)
		if err != nil {
			return err
		}
		r := &run{s: d.s}
		if err := r.prepare(ctx, rules); err != nil {
			return err
		}
		d.match = r
	}
	var known, opening []access.AccountID
	for _, a := range accounts {
		if int64(a.ID) < firstDryKey {
			known = append(known, a.ID)
		}
		opening = append(opening, a.OpenedBy...)
	}
	links, err := d.linksOf(ctx, known)
	if err != nil {
		return err
	}
	openers, err := d.linksOf(ctx, opening)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		c := Candidate{
			ID: a.ID, System: d.system.Name, Kind: a.Kind, KindReason: a.KindReason,
			Login: a.Login, Email: a.Email, Number: a.Number, Name: a.DisplayName, Link: links[a.ID].Link,
		}
		l := c.Link
		if !l.Settled() {
			var by []Opener
			for _, id := range a.OpenedBy {
				if o, ok := openers[id]; ok {
					by = append(by, Opener{Account: id, System: o.System, Login: o.Login, Identity: o.Link.Identity})
				}
			}
			l = d.match.m.match(&c, by).link
		}
		d.p.Correlation.add(&c, l)
	}
	return nil
}

// linksOf are accounts that are known, with whose they are.
func (d *dryStore) linksOf(ctx context.Context, ids []access.AccountID) (map[access.AccountID]Candidate, error) {
	found := map[access.AccountID]Candidate{}
	ids = slices.DeleteFunc(ids, func(id access.AccountID) bool { return int64(id) >= firstDryKey })
	if len(ids) == 0 {
		return found, nil
	}
	slices.Sort(ids)
	list, err := d.Candidates(ctx, slices.Compact(ids))
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	for _, c := range list {
		found[c.ID] = c
	}
	return found, nil
}

// Facts are what a system that was never read has, by keys of their own from 1 on.
type Facts struct {
	System       System
	Resources    []access.Resource
	Entitlements []access.Entitlement
	Accounts     []access.Account
	Grants       []access.Grant // of entitlements and accounts of the system
	More         bool           // than are kept: what they would tell is not told
}

// maxFacts is how many there are to foretell tiers from.
const maxFacts = 500_000

func (f *Facts) add(y System, b *Batch) {
	if y.State.Synced != 0 || f.More {
		return
	}
	f.System = y
	for _, r := range b.Resources {
		x := r.Resource
		x.ID, x.Parent = ownKey(x.ID), ownKey(x.Parent)
		f.Resources = append(f.Resources, x)
	}
	for _, e := range b.Entitlements {
		x := e.Entitlement
		x.ID, x.Resource, x.Capabilities = ownKey(x.ID), ownKey(x.Resource), nil
		for _, can := range e.Capabilities {
			if can.On.Kind != access.KindSystem {
				can.On.Key = ownKey(can.On.Key)
			}
			if can.On.Key != 0 {
				x.Capabilities = append(x.Capabilities, can)
			}
		}
		f.Entitlements = append(f.Entitlements, x)
	}
	for _, a := range b.Accounts {
		x := a.Account
		x.ID = ownKey(x.ID)
		f.Accounts = append(f.Accounts, x)
	}
	for _, g := range b.Grants {
		x := g.Grant
		x.Holder.Key, x.Entitlement, x.Resource = ownKey(x.Holder.Key), ownKey(x.Entitlement), ownKey(x.Resource)
		if x.Holder.Key != 0 {
			f.Grants = append(f.Grants, x)
		}
	}
	if len(f.Resources)+len(f.Entitlements)+len(f.Accounts)+len(f.Grants) > maxFacts {
		*f = Facts{System: y, More: true}
	}
}

// ownKey makes a small key of one that a dry run gave; of another it is zero.
func ownKey[T ~int64](key T) T { return max(0, key-firstDryKey+1) }

// Tiering tells which tiers entitlements would have by the facts of their system alone;
// whoever wires it knows the rules.
type Tiering func(ctx context.Context, f Facts) ([]FutureTier, error)

// FutureTier is the tier that one entitlement would have, and why.
type FutureTier struct {
	Entitlement access.EntitlementID
	Tier        access.Tier
	Reason      string
}

// Tiered is how many entitlements would have which tier. What other systems lead to is
// known only once the system is read.
type Tiered struct {
	Counts map[access.Tier]int64 `json:"counts"`
	First  []TierExample         `json:"first"` // the first of each tier, the worst first
	Said   string                `json:"said,omitempty"`
}

// TierExample is one entitlement, the tier that it would have, and why.
type TierExample struct {
	Name   string      `json:"name"`
	Kind   string      `json:"kind"`
	Tier   access.Tier `json:"tier"`
	Reason string      `json:"reason"`
}

// firstTiers are kept of each tier.
const firstTiers = 25

func (d *dryStore) tiers(ctx context.Context) (*Tiered, error) {
	t := &Tiered{Counts: map[access.Tier]int64{}, First: []TierExample{}}
	if d.facts.More {
		t.Said = "the system is too large for its tiers to be told before it is read: they are there after the first sync"
		return t, nil
	}
	list, err := d.s.Tiering(ctx, d.facts)
	if err != nil {
		return nil, err
	}
	byID := make(map[access.EntitlementID]access.Entitlement, len(d.facts.Entitlements))
	for _, e := range d.facts.Entitlements {
		byID[e.ID] = e
	}
	slices.SortStableFunc(list, func(a, b FutureTier) int { return int(a.Tier) - int(b.Tier) })
	for _, x := range list {
		if t.Counts[x.Tier]++; t.Counts[x.Tier] <= firstTiers {
			e := byID[x.Entitlement]
			t.First = append(t.First, TierExample{Name: e.Name, Kind: e.Kind, Tier: x.Tier, Reason: x.Reason})
		}
	}
	return t, nil
}
