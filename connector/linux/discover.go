package linux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// checkpointEvery is how many accounts lie between two checkpoints.
const checkpointEvery = 1000

// snapshot is the whole host as read at one time. It is complete before the first
// record of it goes out.
type snapshot struct {
	facts        *facts
	embedded     []*connector.Resource
	rules        *rules
	entitlements []*connector.Entitlement
	nested       []*connector.Grant // held by groups
	held         map[*account][]*connector.Grant
}

// Discover reads the host and yields it. What cannot be read in full is an error.
func (h *Host) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		s, err := h.read(ctx)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		s.emit(h, cursor, yield)
	}
}

func (h *Host) read(ctx context.Context) (*snapshot, error) {
	p, err := h.look(ctx)
	if err != nil {
		return nil, err
	}
	if !p.elevates {
		return nil, connector.ErrPrivilege.With("linux %q: account %q may not run commands as root there: %s", h.name, p.user, p.remedy())
	}
	sudo, err := h.readSudoers(ctx, p)
	if err != nil {
		return nil, err
	}
	f, err := h.readAccounts(ctx, sudo)
	if err != nil {
		return nil, err
	}
	files, err := h.readKeys(ctx, f)
	if err != nil {
		return nil, err
	}
	embedded, err := h.readEmbedded(ctx, f)
	if err != nil {
		return nil, err
	}
	w := newWorld(f, p)
	s := &snapshot{facts: f, embedded: embedded, rules: resolve(w, sudo, h.now()), held: map[*account][]*connector.Grant{}}
	commands, err := h.writableCommands(ctx, s.rules)
	if err != nil {
		return nil, err
	}
	setuid, err := h.readSetuid(ctx, w)
	if err != nil {
		return nil, err
	}
	s.addGroups()
	s.nested = append(s.nested, h.fromDirectory(f)...)
	s.addSudo()
	s.addSurprises(append(append(w.writableKeys(files), commands...), setuid...))
	return s, nil
}

func (s *snapshot) addGroups() {
	s.entitlements = append(s.entitlements, uidZeroRecord())
	for _, g := range s.facts.groups {
		s.entitlements = append(s.entitlements, g.record())
	}
	for _, a := range s.facts.accounts {
		if a.uid == 0 {
			s.give(sudoHolder{account: a}, uidZero, terms{})
		}
		for _, g := range a.groups {
			s.give(sudoHolder{account: a}, groupID(g.name), terms{})
		}
	}
}

func (s *snapshot) addSudo() {
	seen := map[string]bool{}
	for _, g := range s.rules.grants {
		if id := g.key.id(); !seen[id] {
			seen[id] = true
			s.entitlements = append(s.entitlements, s.rules.record(g.key))
		}
	}
	for _, g := range s.rules.grants {
		s.give(g.holder, g.key.id(), g.terms)
	}
}

// addSurprises merges what several reasons say of one file.
func (s *snapshot) addSurprises(list []surprise) {
	at := map[string]*connector.Entitlement{}
	given := map[string]bool{}
	for _, x := range list {
		e := at[x.entitlement.ID]
		if e == nil {
			e = &x.entitlement
			at[e.ID] = e
			s.entitlements = append(s.entitlements, e)
		}
		for _, c := range x.entitlement.Capabilities {
			e.Capabilities = addCapability(e.Capabilities, c)
		}
		give := func(holder sudoHolder, t terms) {
			if key := e.ID + "\x00" + holder.id(); !given[key] {
				given[key] = true
				s.give(holder, e.ID, t)
			}
		}
		for _, holder := range x.holders {
			give(holder, terms{})
		}
		for _, a := range s.facts.accounts {
			if x.everybody && a.interactive() {
				give(sudoHolder{account: a}, terms{flags: access.Implicit})
			}
		}
	}
}

func (s *snapshot) give(h sudoHolder, entitlement string, t terms) {
	g := &connector.Grant{Entitlement: entitlement, Mode: access.Standing, Flags: t.flags, End: t.end}
	if h.group != nil {
		g.Holder = connector.Target{Kind: connector.OnEntitlement, ID: groupID(h.group.name)}
		s.nested = append(s.nested, g)
		return
	}
	g.Holder = connector.Target{Kind: connector.OnAccount, ID: native(h.account.name)}
	s.held[h.account] = append(s.held[h.account], g)
}

// emit yields the snapshot, from behind cursor on if it still fits.
func (s *snapshot) emit(h *Host, cursor string, yield func(connector.Record, error) bool) {
	digest := s.digest()
	from := 0
	if place, ok := strings.CutPrefix(cursor, digest+":"); ok {
		if n, err := strconv.Atoi(place); err == nil && n >= 0 && n <= len(s.facts.accounts) {
			from = n
		}
	}
	if from == 0 && !s.emitEntitlements(yield) {
		return
	}
	now := h.now()
	for i, a := range s.facts.accounts[from:] {
		if !s.emitAccount(a, h.record(a, s.facts, now), yield) {
			return
		}
		done := from + i + 1
		if (done%checkpointEvery == 0 || done == len(s.facts.accounts)) &&
			!yield(connector.Record{Checkpoint: fmt.Sprintf("%s:%d", digest, done)}, nil) {
			return
		}
	}
}

func (s *snapshot) emitEntitlements(yield func(connector.Record, error) bool) bool {
	for _, r := range s.embedded {
		if !yield(connector.Record{Resource: r}, nil) {
			return false
		}
	}
	for _, e := range s.entitlements {
		if !yield(connector.Record{Entitlement: e}, nil) {
			return false
		}
	}
	for _, g := range s.nested {
		if !yield(connector.Record{Grant: g}, nil) {
			return false
		}
	}
	return true
}

func (s *snapshot) emitAccount(a *account, r *connector.Account, yield func(connector.Record, error) bool) bool {
	if !yield(connector.Record{Account: r}, nil) {
		return false
	}
	for _, c := range a.credentials() {
		if !yield(connector.Record{Credential: c}, nil) {
			return false
		}
	}
	for _, g := range s.held[a] {
		if !yield(connector.Record{Grant: g}, nil) {
			return false
		}
	}
	return true
}

// digest tells whether a cursor is of the same host in the same state: any other
// entitlement or account makes resuming start over.
func (s *snapshot) digest() string {
	sum := sha256.New()
	for _, r := range s.embedded {
		_, _ = fmt.Fprintf(sum, "%q\n", r.Name)
	}
	for _, e := range s.entitlements {
		_, _ = fmt.Fprintf(sum, "%q %v\n", e.ID, e.Capabilities)
	}
	for _, g := range s.nested {
		_, _ = fmt.Fprintf(sum, "%q %q %q\n", g.Holder.System, g.Holder.ID, g.Entitlement)
	}
	for _, a := range s.facts.accounts {
		_, _ = fmt.Fprintf(sum, "%q\n", a.name)
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}
