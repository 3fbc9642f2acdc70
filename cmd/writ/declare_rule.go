package main

import (
	"context"
	"slices"

	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// ruleSpec is what a document says of a rule of whose account it is.
type ruleSpec struct {
	By         inventory.By `json:"by" enum:"number,email,login" doc:"What of an identity the expression gives"`
	Expression string       `json:"expression" minLength:"1" maxLength:"4000" doc:"CEL over account.login, account.email, account.number, account.name, account.kind and account.system; an empty text says nothing"`
	Score      int          `json:"score" required:"false" minimum:"1" maximum:"100" default:"90" doc:"How sure it is"`
	Mode       string       `json:"mode" required:"false" enum:"observe,enforce" default:"observe" doc:"It links accounts when it is enforced only"`
}

// Default implements declare.Defaults.
func (s *ruleSpec) Default() { s.Score, s.Mode = 90, policy.Observe.String() }

func (s ruleSpec) rule(name string) inventory.OwnRule {
	o := inventory.OwnRule{Name: name, By: s.By, Expression: s.Expression, Score: s.Score, Mode: policy.Observe}
	if s.Mode == policy.Enforce.String() {
		o.Mode = policy.Enforce
	}
	return o
}

func specOfRule(o inventory.OwnRule) ruleSpec {
	return ruleSpec{o.By, o.Expression, o.Score, o.Mode.String()}
}

// ruleDocuments declares the organisation's own rules of correlation.
type ruleDocuments struct{ inventory *inventory.Service }

// List implements declare.Kind.
func (k ruleDocuments) List(ctx context.Context) ([]declare.Thing[ruleSpec], error) {
	list, err := k.inventory.Rules(ctx)
	things := make([]declare.Thing[ruleSpec], len(list))
	for i, o := range list {
		things[i] = declare.Thing[ruleSpec]{Name: o.Name, Spec: specOfRule(o), Version: o.Version}
	}
	return things, err
}

// Check implements declare.Kind.
func (k ruleDocuments) Check(_ context.Context, c declare.Change[ruleSpec]) (ruleSpec, error) {
	return *c.Is, k.inventory.CheckRule(c.Is.rule(c.Name))
}

// Demands implements declare.Kind.
func (k ruleDocuments) Demands(context.Context, declare.Change[ruleSpec]) ([]declare.Demand, error) {
	return []declare.Demand{{Action: "correlation.change"}}, nil
}

// Put implements declare.Kind. A new rule observes before it is enforced, as any does.
func (k ruleDocuments) Put(ctx context.Context, c declare.Change[ruleSpec], reason string) error {
	o := c.Is.rule(c.Name)
	if c.Was != nil {
		o.Version = c.Was.Version
		return k.inventory.ChangeRule(ctx, o, reason)
	}
	if err := k.inventory.AddRule(ctx, o); err != nil || o.Mode == policy.Observe {
		return err
	}
	list, err := k.inventory.Rules(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(x inventory.OwnRule) bool { return x.Name == o.Name })
	if i < 0 || list[i].By != o.By || list[i].Expression != o.Expression || list[i].Score != o.Score {
		return inventory.ErrRuleChanged
	}
	o.Version = list[i].Version
	return k.inventory.ChangeRule(ctx, o, reason)
}

// Remove implements declare.Kind.
func (k ruleDocuments) Remove(ctx context.Context, c declare.Change[ruleSpec], reason string) error {
	return k.inventory.RemoveRule(ctx, c.Name, c.Was.Version, reason)
}

// Foretell implements declare.Foreteller.
func (k ruleDocuments) Foretell(ctx context.Context, list []declare.Thing[ruleSpec]) ([]declare.Count, error) {
	rules := make(inventory.Rules, len(list))
	for i, t := range list {
		rules[i] = t.Spec.rule(t.Name)
	}
	sum, err := k.inventory.TryRules(ctx, rules)
	return []declare.Count{
		{What: "accounts newly linked", N: sum.Effect.Linked},
		{What: "accounts unlinked", N: sum.Effect.Unlinked},
		{What: "accounts moved to another person", N: sum.Effect.Moved},
		{What: "accounts newly disputed", N: sum.Effect.Disputed},
		{What: "accounts disputed no longer", N: sum.Effect.Settled},
	}, err
}
