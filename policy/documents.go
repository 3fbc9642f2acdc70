package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// DocumentStore is what keeping the organisation's own policies needs from a database.
type DocumentStore interface {
	// Published returns the newest version of each document, by name, the retired ones too.
	Published(ctx context.Context) ([]Published, error)
	// Versions returns a document as it is and was, the newest first.
	Versions(ctx context.Context, id access.PolicyID) ([]Published, error)
	// Drafts returns every open draft, by name.
	Drafts(ctx context.Context) ([]Draft, error)
	// Draft keeps what rule makes of the open draft of a document, which is nil where there
	// is none; nil of it discards it. A document that is not there yet gets its id. Version
	// is the row that the caller has seen, of the draft or else of the document; zero is
	// whichever there is, and Anew that there is none, or a retired one.
	Draft(ctx context.Context, e audit.Event, name string, version int64, rule func(*Published, *Draft) (*Draft, error)) (access.PolicyID, error)
	// Publish keeps what rule makes of the open draft of a document, or of none, as its next
	// version, and ends the draft.
	Publish(ctx context.Context, e audit.Event, name string, version int64, rule func([]Published, *Draft) (Published, error)) error
}

// Documents are the use cases of the organisation's own policies.
type Documents struct {
	Store DocumentStore
	Live  *Live
}

func author(ctx context.Context) (string, error) {
	actor, err := audit.ActorOf(ctx)
	return actor.String(), err
}

// Kept is what is kept of one document: what is published of it, its draft, or both.
type Kept struct {
	Published *Published
	Draft     *Draft
}

// ID is the document's.
func (k Kept) ID() access.PolicyID {
	if k.Published != nil {
		return k.Published.ID
	}
	return k.Draft.ID
}

// Name is what it is called.
func (k Kept) Name() string {
	if k.Published != nil {
		return k.Published.Name
	}
	return k.Draft.Name
}

// InForce reports whether it is in the set of policies.
func (k Kept) InForce() bool { return k.Published != nil && !k.Published.Retired }

// Version is that of the draft, or else of the document, as If-Match wants it.
func (k Kept) Version() int64 {
	if k.Draft != nil {
		return k.Draft.Version
	}
	return k.Published.Version
}

// List returns every document that there is, by name.
func (s *Documents) List(ctx context.Context) ([]Kept, error) {
	all, err := s.Store.Published(ctx)
	if err != nil {
		return nil, err
	}
	drafts, err := s.Store.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	var list []Kept
	for len(all)+len(drafts) > 0 { // both by name
		k := Kept{}
		if len(all) > 0 && (len(drafts) == 0 || all[0].Name <= drafts[0].Name) {
			k.Published, all = &all[0], all[1:]
		}
		if len(drafts) > 0 && (k.Published == nil || k.Published.Name == drafts[0].Name) {
			k.Draft, drafts = &drafts[0], drafts[1:]
		}
		list = append(list, k)
	}
	return list, nil
}

// Find returns the document that a text names, by its name or its id.
func (s *Documents) Find(ctx context.Context, text string) (Kept, error) {
	list, err := s.List(ctx)
	if err != nil {
		return Kept{}, err
	}
	for _, k := range list {
		if k.Name() == text || k.ID().String() == text {
			return k, nil
		}
	}
	return Kept{}, ErrNotFound.With("there is no document of policies called %q", text)
}

// Check reports what would keep a draft from being written, and returns what would be kept.
func (s *Documents) Check(ctx context.Context, name string, to Written) (Written, error) {
	if err := checkName(name); err != nil {
		return to, err
	}
	to.tidy()
	if err := to.check(); err != nil {
		return to, err
	}
	all, err := s.Store.Published(ctx)
	if err != nil {
		return to, err
	}
	id := access.PolicyID(0) // that no document has
	for _, p := range all {
		if p.Name == name {
			id = p.ID
		}
	}
	_, err = SetOf(1, with(all, Published{ID: id, Name: name, Written: to}))
	return to, err
}

// Write keeps the draft of a document, which is a new one where there is none of that name.
func (s *Documents) Write(ctx context.Context, name string, version int64, to Written) (access.PolicyID, error) {
	to, err := s.Check(ctx, name, to)
	if err != nil {
		return 0, err
	}
	by, err := author(ctx)
	if err != nil {
		return 0, err
	}
	digest := sha256.Sum256([]byte(to.Text))
	e := audit.Event{
		Action: "policy.draft", Facts: map[string]string{"sha256": hex.EncodeToString(digest[:])},
		Personal: map[string]string{"name": name, "reason": to.Reason},
	}
	return s.Store.Draft(ctx, e, name, version, func(p *Published, open *Draft) (*Draft, error) {
		d := began(p, open, name).edited(by, to, false)
		return &d, nil
	})
}

// began is the open draft of a document, or a new one.
func began(p *Published, open *Draft, name string) Draft {
	switch {
	case open != nil:
		return *open
	case p != nil:
		return Draft{ID: p.ID, Name: name, Base: p.Number}
	}
	return Draft{Name: name}
}

// Retire keeps as the draft of a document that it is to be in force no longer.
func (s *Documents) Retire(ctx context.Context, name string, version int64, reason string) error {
	by, err := author(ctx)
	if err != nil {
		return err
	}
	to := Written{Reason: strings.TrimSpace(reason)}
	if err := to.check(); err != nil {
		return err
	}
	e := audit.Event{Action: "policy.draft", Facts: map[string]string{"retires": "true"}, Personal: map[string]string{"name": name, "reason": to.Reason}}
	_, err = s.Store.Draft(ctx, e, name, version, func(p *Published, open *Draft) (*Draft, error) {
		if p == nil || p.Retired {
			return nil, ErrRetired
		}
		to.Description, to.Text = p.Description, p.Text
		d := began(p, open, name).edited(by, to, true)
		return &d, nil
	})
	return err
}

// Discard ends the open draft of a document.
func (s *Documents) Discard(ctx context.Context, name string, version int64, reason string) error {
	why := Written{Reason: strings.TrimSpace(reason)}
	if err := why.check(); err != nil {
		return err
	}
	e := audit.Event{Action: "policy.discard", Personal: map[string]string{"name": name, "reason": why.Reason}}
	_, err := s.Store.Draft(ctx, e, name, version, func(_ *Published, open *Draft) (*Draft, error) {
		if open == nil {
			return nil, ErrNoDraft
		}
		return nil, nil
	})
	return err
}

// proposal is what publishing a draft would make of all that is published.
type proposal struct {
	all   []Published
	draft Draft
	now   *Set // nil where what is published cannot be compiled
	then  *Set
}

// propose reads what publishing the open draft of a document means.
func (s *Documents) propose(ctx context.Context, name string) (p proposal, err error) {
	k, err := s.Find(ctx, name)
	if err != nil {
		return p, err
	}
	if k.Draft == nil {
		return p, ErrNoDraft
	}
	if p.all, err = s.Store.Published(ctx); err != nil {
		return p, err
	}
	p.draft = *k.Draft
	p.now, _ = SetOf(1, p.all)
	p.then, err = SetOf(2, with(p.all, Published{ID: p.draft.ID, Name: p.draft.Name, Written: p.draft.Written, Retired: p.draft.Retires}))
	return p, err
}

// Impact is what publishing the open draft of a document would change now.
func (s *Documents) Impact(ctx context.Context, name string) (WhatIf, error) {
	p, err := s.propose(ctx, name)
	if err != nil {
		return WhatIf{}, err
	}
	return s.impact(ctx, p)
}

func (s *Documents) impact(ctx context.Context, p proposal) (WhatIf, error) {
	if p.now == nil {
		return WhatIf{}, nil // everything is refused
	}
	e, d, err := s.asking(p.now)
	if err != nil {
		return WhatIf{}, err
	}
	v := s.Live.graph.View()
	defer v.Close()
	return e.WhatIf(ctx, p.then, v, d)
}

// asking is an engine that decides by a set, for trying only, and who holds what.
func (s *Documents) asking(set *Set) (*Engine, *Directory, error) {
	d := s.Live.directory.Load()
	if d == nil {
		return nil, nil, ErrDenied.With("%s", causeWords[NoFacts])
	}
	e, err := New(Config{Set: set, Facts: s.Live.Facts})
	return e, d, err
}

// Publish makes the open draft of a document its next version, by somebody who wrote none
// of it, and says what that changes. It is in force on each node from the revision on that
// brings it there.
func (s *Documents) Publish(ctx context.Context, name string, version int64, note string) (WhatIf, error) {
	by, err := author(ctx)
	if err != nil {
		return WhatIf{}, err
	}
	why := Written{Reason: strings.TrimSpace(note)}
	if err := why.check(); err != nil {
		return WhatIf{}, err
	}
	p, err := s.propose(ctx, name)
	if err != nil {
		return WhatIf{}, err
	}
	if _, err := p.draft.published(by, why.Reason, of(p.all, p.draft.ID)); err != nil { // before anything is worked out
		return WhatIf{}, err
	}
	if err := s.locksOut(ctx, p); err != nil {
		return WhatIf{}, err
	}
	w, err := s.impact(ctx, p)
	if err != nil && !errors.Is(err, ErrTooManyClasses) {
		return WhatIf{}, err
	}
	if version == 0 {
		version = p.draft.Version // what was looked at
	}
	e := audit.Event{Action: "policy.publish", Facts: w.facts(p.draft, err == nil), Personal: map[string]string{"name": p.draft.Name, "reason": why.Reason}}
	return w, s.Store.Publish(ctx, e, p.draft.Name, version, func(all []Published, d *Draft) (Published, error) {
		switch {
		case d == nil:
			return Published{}, ErrNoDraft
		case !same(p.all, all):
			return Published{}, ErrChanged
		}
		return d.published(by, why.Reason, of(all, d.ID))
	})
}

// facts are what the record of publishing keeps of what that changes.
func (w WhatIf) facts(d Draft, known bool) map[string]string {
	f := map[string]string{"number": strconv.Itoa(d.Base + 1), "retires": strconv.FormatBool(d.Retires)}
	if known {
		f["revision"] = strconv.FormatInt(int64(w.Rev), 10)
		f["permits"], f["forbids"], f["other"] = strconv.Itoa(w.Permits), strconv.Itoa(w.Forbids), strconv.Itoa(w.Other)
	}
	return f
}
