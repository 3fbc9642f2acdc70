package policy

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
)

// Simulator tries policies on what is and on what was. It writes nothing.
type Simulator struct {
	Engine  *Engine
	Live    *Live
	History History
}

// directory is who holds what now.
func (s *Simulator) directory() (*graph.View, *Directory, error) {
	d := s.Live.directory.Load()
	if d == nil {
		return nil, nil, ErrDenied.With("%s", causeWords[NoFacts])
	}
	return s.Live.graph.View(), d, nil
}

// WhatIf says what a document would change for everybody, were its policies enforced.
func (s *Simulator) WhatIf(ctx context.Context, d Document) (WhatIf, error) {
	set, err := s.trial(d)
	if err != nil {
		return WhatIf{}, err
	}
	v, now, err := s.directory()
	if err != nil {
		return WhatIf{}, err
	}
	return s.Engine.WhatIf(ctx, set, v, now)
}

// Replay says what it would have made of what was done in a period.
func (s *Simulator) Replay(ctx context.Context, d Document, q ReplayQuestion) (Replay, error) {
	set, err := s.trial(d)
	if err != nil {
		return Replay{}, err
	}
	v, now, err := s.directory()
	if err != nil {
		return Replay{}, err
	}
	return s.Engine.Replay(ctx, s.History, set, v, now, q)
}

func (s *Simulator) trial(d Document) (*Set, error) {
	d.Enforced = true
	return s.Engine.Set().With(d)
}

// SimulateAPI is the operations that try policies. All of its fields are needed.
type SimulateAPI struct {
	Simulator *Simulator
	Gate      *Gate
	Names     interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
	Now func() time.Time
}

// The actions on policies.
const (
	readPolicy     = "policy.read"
	simulatePolicy = "policy.simulate"
	changePolicy   = "policy.change"
	publishPolicy  = "policy.publish"
)

// Register mounts the operations. They translate; they decide nothing.
func (a *SimulateAPI) Register(api huma.API) {
	op := func(id, path, summary, more string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Description: more, Tags: []string{"policy"}}
	}
	httpapi.Register(api, op("simulate-policy", "/v1/policies/simulate", "What a policy would change for everybody, were it enforced",
		"Everybody, every action on which it makes a difference, and everything there is, in classes that policies cannot tell apart. Nothing is kept or changed."),
		On(a.Gate, simulatePolicy, wholly[simulateInput]), a.simulate)
	httpapi.Register(api, op("simulate-policy-history", "/v1/policies/simulate/history", "What a policy would have refused of what was done",
		"Only changes are recorded, not what was read. Who did it counts as who they were then; what it was done to, as it is now. Records are listed to who may read the audit log; others are told how many. Nothing is kept or changed."),
		On(a.Gate, simulatePolicy, wholly[replayInput]), a.replay)
}

func wholly[I any](context.Context, *I) (Object, error) { return Object{}, nil }

// DocumentInput is the policies to try.
type DocumentInput struct {
	Name string `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-z0-9]+([._-][a-z0-9]+)*$" example:"house" doc:"Of the document; one that is in force and called so is replaced"`
	Text string `json:"text" maxLength:"262144" example:"@id(\"house.no-changes\")\n@reason(\"nobody changes systems\")\nforbid (principal, action == Action::\"system.change\", resource);" doc:"Policies in Cedar; each is tried as if it were enforced"`
}

func (in DocumentInput) document() Document { return Document{Name: in.Name, Text: in.Text} }

type simulateInput struct {
	Body struct {
		DocumentInput
		Limit int `json:"limit,omitempty" minimum:"1" maximum:"1000" default:"100" doc:"How many changes to list"`
	}
}

type simulateOutput struct {
	Body SimulateShown
}

// SimulateShown is what a policy would change.
type SimulateShown struct {
	Revision access.Rev    `json:"revision" doc:"Of the facts"`
	Actions  []string      `json:"actions" doc:"On which it makes a difference to the policies that are asked; on all others nothing changes"`
	Tried    int           `json:"tried" doc:"How many decisions were made by both sets"`
	Permits  int           `json:"permits" doc:"Of the changes: forbidden now, permitted then"`
	Forbids  int           `json:"forbids" doc:"Permitted now, forbidden then"`
	Other    int           `json:"other" doc:"Permitted both times, with other obligations"`
	Changes  []ChangeShown `json:"changes" doc:"What would be permitted first, and of each what concerns most"`
}

// ChangeShown is one change, for all people and things that policies cannot tell apart.
type ChangeShown struct {
	Who     string      `json:"who"`
	People  int         `json:"people" doc:"How many of them there are"`
	Action  string      `json:"action"`
	What    string      `json:"what"`
	Objects int         `json:"objects" doc:"How many of them there are; 0 is any number"`
	How     string      `json:"how,omitempty" doc:"What the one has to be to the other"`
	With    string      `json:"with,omitempty" doc:"How it has to be asked; without it, in any way"`
	Before  EffectShown `json:"before"`
	After   EffectShown `json:"after"`
}

// EffectShown is what was decided, and by which policies.
type EffectShown struct {
	Effect      string   `json:"effect" enum:"permit,forbid"`
	Policies    []string `json:"policies"`
	Explanation string   `json:"explanation"`
}

func effectOf(d Decision) EffectShown {
	x := EffectShown{Effect: d.Effect.String(), Policies: []string{}}
	for _, p := range d.Policies {
		x.Policies = append(x.Policies, p.ID)
	}
	d.GraphRevision, d.PolicyRevision = 0, 0 // said once, for all
	x.Explanation = d.Explain()
	return x
}

// Show is a what-if as it is told, with no more than most changes.
func (w WhatIf) Show(most int) SimulateShown {
	s := SimulateShown{w.Rev, append([]string{}, w.Actions...), w.Tried, w.Permits, w.Forbids, w.Other, []ChangeShown{}}
	for _, c := range w.Changes[:min(most, len(w.Changes))] {
		s.Changes = append(s.Changes, ChangeShown{c.Who, c.People, c.Action, c.What, c.Objects, c.How, c.With, effectOf(c.Before), effectOf(c.After)})
	}
	return s
}

func (a *SimulateAPI) simulate(ctx context.Context, in *simulateInput) (*simulateOutput, error) {
	w, err := a.Simulator.WhatIf(ctx, in.Body.document())
	if err != nil {
		return nil, err
	}
	return &simulateOutput{w.Show(in.Body.Limit)}, nil
}

type replayInput struct {
	Body struct {
		DocumentInput
		From  access.Time `json:"from,omitzero" doc:"When the period begins; 90 days ago, where it is not said"`
		To    access.Time `json:"to,omitzero" doc:"When it ends; now, where it is not said"`
		Limit int         `json:"limit,omitempty" minimum:"1" maximum:"1000" default:"100" doc:"How many records to list"`
	}
}

type replayOutput struct {
	Body ReplayShown
}

// ReplayShown is what a policy would have made of what was done.
type ReplayShown struct {
	From    access.Time    `json:"from"`
	To      access.Time    `json:"to"`
	Decided int            `json:"decided" doc:"Records that were looked at: changes that people made and policies decide"`
	Refused int            `json:"refused" doc:"Of those, what would have been refused"`
	Obliged int            `json:"obliged" doc:"What would have been permitted, with more to bear: a reason, a second factor, an approval"`
	Unclear int            `json:"unclear" doc:"What today's policies would not permit either, by what is known"`
	Actions []ReplayAction `json:"actions" doc:"The same by action"`
	Records []ReplayRecord `json:"records" doc:"The refused, the newest first"`
	Hidden  int            `json:"hidden" doc:"How many of the refused you may not see"`
}

// ReplayAction is what it would have made of one action.
type ReplayAction struct {
	Action  string `json:"action"`
	Refused int    `json:"refused"`
	Obliged int    `json:"obliged"`
	Unclear int    `json:"unclear"`
}

// ReplayRecord is something that was done and would have been refused.
type ReplayRecord struct {
	Record   int64         `json:"record" doc:"Its number in the audit log"`
	At       access.Time   `json:"at"`
	Actor    *access.Named `json:"actor"`
	Action   string        `json:"action" doc:"As policies call it"`
	Object   *access.Named `json:"object,omitempty"`
	Decision EffectShown   `json:"decision"`
}

// Show is a replay as it is told. Records are named where they are listed at all.
func (r Replay) Show(ctx context.Context, names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}, list bool,
) (ReplayShown, error) {
	s := ReplayShown{From: r.From, To: r.To, Decided: r.Decided, Actions: []ReplayAction{}, Records: []ReplayRecord{}}
	actions := map[string]bool{}
	for _, of := range []map[string]int{r.Refused, r.Obliged, r.Unclear} {
		for action := range of {
			actions[action] = true
		}
	}
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		x := ReplayAction{action, r.Refused[action], r.Obliged[action], r.Unclear[action]}
		s.Actions = append(s.Actions, x)
		s.Refused += x.Refused
		s.Obliged += x.Obliged
		s.Unclear += x.Unclear
	}
	if !list {
		s.Hidden = s.Refused
		return s, nil
	}
	var refs []access.Ref
	for _, x := range r.List {
		refs = append(refs, x.Who.Ref(), x.Record.Object)
	}
	labels, err := names.Names(ctx, refs)
	if err != nil {
		return s, err
	}
	for _, x := range r.List {
		who := labels[x.Who.Ref()].Named(x.Who.Ref())
		line := ReplayRecord{Record: x.Record.ID, At: x.Record.At, Actor: &who, Action: x.Action, Decision: effectOf(x.After)}
		if o := x.Record.Object; !o.IsZero() {
			what := labels[o].Named(o)
			line.Object = &what
		}
		s.Records = append(s.Records, line)
	}
	return s, nil
}

func (a *SimulateAPI) replay(ctx context.Context, in *replayInput) (*replayOutput, error) {
	q := ReplayQuestion{From: in.Body.From, To: in.Body.To, Most: in.Body.Limit}
	if q.To == 0 {
		q.To = access.TimeOf(a.Now())
	}
	if q.From == 0 {
		q.From = access.TimeOf(q.To.Time().AddDate(0, 0, -90))
	}
	r, err := a.Simulator.Replay(ctx, in.Body.document(), q)
	if err != nil {
		return nil, err
	}
	shown, err := r.Show(ctx, a.Names, a.Gate.Permit(ctx, "audit.read", Object{}) == nil)
	return &replayOutput{shown}, err
}
