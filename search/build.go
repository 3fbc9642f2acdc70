package search

import (
	"context"
	"fmt"
	"iter"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// build makes everything from what there is, and puts it in place of what was.
func (x *Index) build(ctx context.Context) error {
	c := content{shelves: map[access.ObjectKind]*shelf{}, findings: map[access.FindingID]*Finding{}, view: x.Graph.View(), made: newAnswers()}
	x.done.Store(0)
	x.all.Store(0)
	for _, kind := range Kinds {
		s := newShelf()
		c.shelves[kind] = s
		c.takeFacts(s, kind)
		x.all.Add(int64(s.here.GetCardinality())) //nolint:gosec // keys are 32 bits
	}
	for _, kind := range Kinds {
		if kind == access.KindFinding {
			continue
		}
		if err := x.buildTexts(ctx, c.shelves[kind], kind); err != nil {
			return fmt.Errorf("reading what each %s is called: %w", kind, err)
		}
	}
	if err := c.buildFindings(ctx, x.Source); err != nil {
		return fmt.Errorf("reading the findings: %w", err)
	}
	x.mu.Lock()
	x.content = c
	x.mu.Unlock()
	x.ready.Store(true)
	return nil
}

// takeFacts takes in what is there of a kind and its facts.
func (c *content) takeFacts(s *shelf, kind access.ObjectKind) {
	var list []fact
	for ref := range nodes(c.view, kind) {
		list, _ = factsOf(c.view, ref, list[:0])
		key := uint32(ref.Key) //nolint:gosec // the graph's keys are
		s.here.Add(key)
		s.addFacts(key, list)
		if kind == access.KindAccount {
			n, _ := c.view.Account(access.AccountID(ref.Key))
			s.setUse(key, useOf(n.UsageKnown, n.LastUsed))
		}
	}
	for _, b := range s.facts {
		b.RunOptimize()
	}
}

func nodes(v *graph.View, kind access.ObjectKind) iter.Seq[access.Ref] {
	return func(yield func(access.Ref) bool) {
		switch kind {
		case access.KindIdentity:
			for n := range v.Identities() {
				if !yield(n.ID.Ref()) {
					return
				}
			}
		case access.KindAccount:
			for n := range v.Accounts() {
				if !yield(n.ID.Ref()) {
					return
				}
			}
		case access.KindEntitlement:
			for n := range v.Entitlements() {
				if !yield(n.ID.Ref()) {
					return
				}
			}
		case access.KindSystem:
			for n := range v.Systems() {
				if !yield(n.ID.Ref()) {
					return
				}
			}
		case access.KindResource:
			for n := range v.Resources() {
				if !yield(n.ID.Ref()) {
					return
				}
			}
		default:
		}
	}
}

func (x *Index) buildTexts(ctx context.Context, s *shelf, kind access.ObjectKind) error {
	g := newGathering()
	last := int64(0)
	err := x.Source.Texts(ctx, kind, nil, func(t Text) error {
		if t.Key <= last {
			return fmt.Errorf("key %d comes behind %d", t.Key, last)
		}
		last = t.Key
		if t.Key > 1<<32-1 || !s.here.Contains(uint32(t.Key)) { //nolint:gosec // it was compared
			return nil // what is newer than the view follows
		}
		key := uint32(t.Key) //nolint:gosec // it was compared
		s.names.add(key, t.Name)
		g.put(key, wordsOf(t))
		s.keepText(key, t)
		if x.done.Add(1)%(1<<16) == 0 {
			return ctx.Err()
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.words = g.words()
	s.names.ready()
	return nil
}

func (c *content) buildFindings(ctx context.Context, source Source) (err error) {
	s := c.shelves[access.KindFinding]
	c.rev, err = source.Findings(ctx, func(f Finding) error {
		c.putFinding(s, &f)
		return nil
	})
	s.words, s.names = s.words.merged(), s.names.merged()
	return err
}

func (c *content) putFinding(s *shelf, f *Finding) {
	if f.ID <= 0 || f.ID > 1<<32-1 {
		return
	}
	c.findings[f.ID] = f
	subject := c.nameOf(f.Subject)
	t := Text{Key: int64(f.ID), Name: f.Title, More: [4]string{f.Rule, string(f.Severity)}}
	if subject != "" {
		t.Name = subject + ": " + f.Title
	}
	s.put(uint32(f.ID), t, findingFacts(f, nil)) //nolint:gosec // it was compared
}

func (c *content) nameOf(ref access.Ref) string {
	s := c.shelves[ref.Kind]
	if s == nil || ref.Key <= 0 || ref.Key > 1<<32-1 {
		return ""
	}
	return s.names.of(uint32(ref.Key)) //nolint:gosec // it was compared
}
