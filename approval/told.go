package approval

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Teller tells of requests, with what the things in them are called.
type Teller struct {
	*Service
	// Names labels objects.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
}

// Line is a request as lists show it.
type Line struct {
	ID      access.ApprovalID `json:"id"`
	State   State             `json:"state" enum:"waiting,approved,refused,withdrawn,expired"`
	About   access.Ref        `json:"about" doc:"What waits for it"`
	Action  string            `json:"action" doc:"What it lets happen"`
	By      access.IdentityID `json:"by" doc:"Who asks"`
	For     []access.Ref      `json:"for" doc:"Whose access it is about"`
	Scope   access.ScopeID    `json:"scope,omitzero"`
	System  access.SystemID   `json:"system,omitzero"`
	Thing   access.Ref        `json:"thing,omitzero" doc:"What it is access to"`
	Reason  string            `json:"reason,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Stage   int               `json:"stage" doc:"That it is at, from 0"`
	Of      int               `json:"of" doc:"How many stages it has"`
	AskedAt access.Time       `json:"asked_at"`
	EndsAt  access.Time       `json:"ends_at" doc:"When the stage is over, which is a refusal"`
	EndedAt access.Time       `json:"ended_at,omitzero"`
	Chain   access.ChainID    `json:"chain"`
}

func lineOf(r Request) Line {
	return Line{
		r.ID, r.State, r.About, r.Action, r.By, r.For, r.Scope, r.System, r.Thing, r.Reason, r.Ticket,
		r.Stage, len(r.Stages), r.AskedAt, r.EndsAt, r.EndedAt, r.Chain,
	}
}

// Told is all of a request, with what whoever asks may do about it.
type Told struct {
	Line
	Owner     access.IdentityID         `json:"owner,omitzero"`
	Stages    []access.Stage            `json:"stages"`
	Shown     map[string]string         `json:"shown" doc:"What else those who decide are to know"`
	Version   int                       `json:"version" doc:"Of what is shown; a decision names it"`
	Digest    string                    `json:"digest" doc:"SHA-256 of payload; a decision names it"`
	Payload   string                    `json:"payload" doc:"What is shown, to the letter, as it is kept"`
	Decisions []Decision                `json:"decisions"`
	Deciders  []Candidate               `json:"deciders" doc:"Who may decide now"`
	Places    []access.IdentityID       `json:"places" doc:"In whose places you may decide, where that was delegated to you"`
	Names     map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May       map[string]policy.Verdict `json:"may"`
}

// Show tells all of a request to whoever calls. That they may see it was asked before.
func (t *Teller) Show(ctx context.Context, id access.ApprovalID) (Told, error) {
	v, err := t.seen(ctx, id)
	if err != nil {
		return Told{}, err
	}
	r := v.r
	told := Told{
		Line: lineOf(r), Owner: v.place.Owner, Stages: r.Stages, Shown: r.Shown, Version: r.Now.Version, Digest: r.Now.Digest, Payload: r.Now.Payload,
		Decisions: append([]Decision{}, r.Decisions...), Deciders: []Candidate{}, Places: []access.IdentityID{}, May: v.verdicts(),
	}
	if told.Shown == nil {
		told.Shown = map[string]string{}
	}
	for _, s := range v.standings {
		if s.InsteadOf != 0 {
			told.Places = append(told.Places, s.InsteadOf)
		}
	}
	if r.State == Waiting {
		list, err := t.Store.Candidates(ctx, id)
		if err != nil {
			return Told{}, err
		}
		told.Deciders = v.deciders(list)
	}
	refs := refsOf(told.Line)
	for _, d := range told.Decisions {
		refs = append(refs, d.By.Ref(), d.InsteadOf.Ref())
	}
	for _, c := range told.Deciders {
		refs = append(refs, c.Who.Ref(), c.InsteadOf.Ref())
	}
	for _, who := range told.Places {
		refs = append(refs, who.Ref())
	}
	for _, s := range r.Stages {
		for _, a := range s.Approvers {
			refs = append(refs, a.Identity.Ref())
		}
	}
	told.Names, err = t.named(ctx, append(refs, told.Owner.Ref()))
	return told, err
}

func refsOf(l Line) []access.Ref {
	return append([]access.Ref{l.About, l.By.Ref(), l.Scope.Ref(), l.System.Ref(), l.Thing}, l.For...)
}

// named says what things are called. Whoever may see a request sees who asks and whom it is
// about: that is what it is decided by.
func (t *Teller) named(ctx context.Context, refs []access.Ref) (map[string]string, error) {
	refs = slices.DeleteFunc(refs, access.Ref.IsZero)
	labels, err := t.Names.Names(ctx, refs)
	names := map[string]string{}
	for r, l := range labels {
		if l.Name != "" {
			names[r.String()] = l.Name
		}
	}
	return names, err
}

// Page is a part of a list of requests.
type Page struct {
	Items []Line            `json:"items"`
	Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
	Next  access.ApprovalID `json:"-"` // Query.Before of the next page; zero at the end
}

// List tells of those that a query asks for.
func (t *Teller) List(ctx context.Context, q Query) (Page, error) {
	most := q.First
	q.First++
	list, err := t.Store.Approvals(ctx, q)
	if err != nil {
		return Page{}, err
	}
	return t.page(ctx, list, most)
}

func (t *Teller) page(ctx context.Context, list []Request, most int) (p Page, err error) {
	if len(list) > most {
		list = list[:most]
		p.Next = list[most-1].ID
	}
	p.Items = []Line{}
	var refs []access.Ref
	for _, r := range list {
		p.Items = append(p.Items, lineOf(r))
		refs = append(refs, refsOf(lineOf(r))...)
	}
	p.Names, err = t.named(ctx, refs)
	return p, err
}

const (
	waitingPerLook = 200
	waitingLooks   = 50 // and so 10,000 that wait
)

// WaitingForMe tells of those that whoever calls may decide now, and has not.
func (t *Teller) WaitingForMe(ctx context.Context, before access.ApprovalID, most int) (Page, error) {
	c, _ := policy.CallerOf(ctx)
	if c.Identity == 0 {
		return Page{}, policy.ErrSomebody
	}
	delegated, at, err := t.Store.DelegatedTo(ctx, c.Identity)
	if err != nil {
		return Page{}, err
	}
	var found []Request
	for range waitingLooks {
		list, err := t.Store.Approvals(ctx, Query{State: Waiting, Before: before, First: waitingPerLook})
		if err != nil {
			return Page{}, err
		}
		for _, r := range list {
			before = r.ID
			if v := t.view(ctx, r, delegated, at); r.Open(at) == nil && !r.Counted(c.Identity) && v.decides() {
				found = append(found, r)
			}
		}
		if len(found) > most || len(list) < waitingPerLook {
			break
		}
	}
	return t.page(ctx, found, most)
}

// ChainTold is a chain with what the things in it are called.
type ChainTold struct {
	ID    access.ChainID    `json:"id"`
	Links []Link            `json:"links" doc:"What it led to, the first first"`
	Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
}

// Follow tells of all that is in the chain of an object.
func (t *Teller) Follow(ctx context.Context, of access.Ref) (told ChainTold, err error) {
	c, err := t.Store.Chain(ctx, of, MostLinks)
	if err != nil {
		return told, err
	}
	if c.ID == 0 {
		return told, policy.ErrNoObject
	}
	refs := make([]access.Ref, len(c.Links))
	for i, l := range c.Links {
		refs[i] = l.Object
	}
	told.ID, told.Links = c.ID, c.Links
	told.Names, err = t.named(ctx, refs)
	return told, err
}
