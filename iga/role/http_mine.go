package role

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// The actions on mining runs, and what else it takes to read what they read.
const (
	readMining      = "mining.read"
	runMining       = "mining.run"
	readEntitlement = "entitlement.read"
	readIdentity    = "identity.read"
)

func (a *API) registerMining(api huma.API, op func(id, method, path, summary string) huma.Operation) {
	start := op("start-role-mining", http.MethodPost, "/v1/role-mining", "Find roles in who holds what")
	start.DefaultStatus = http.StatusAccepted
	httpapi.Register(api, start, policy.Within[startMiningInput](a.Gate, runMining), a.startMining)
	httpapi.Register(api, op("list-role-mining", http.MethodGet, "/v1/role-mining", "The last mining runs, the newest first"), policy.Within[struct{}](a.Gate, readMining), a.listMining)
	httpapi.Register(api, op("show-role-mining", http.MethodGet, "/v1/role-mining/{id}", "Where a mining run stands, and what all that it found comes to"), policy.Within[MiningInput](a.Gate, readMining), a.showMining)
	httpapi.Register(api, op("stop-role-mining", http.MethodPost, "/v1/role-mining/{id}/stop", "Stop a mining run"), policy.Within[MiningInput](a.Gate, runMining), a.stopMining)
	httpapi.Register(api, op("list-role-candidates", http.MethodGet, "/v1/role-mining/{id}/candidates", "What a mining run found"), policy.Within[candidatesInput](a.Gate, readMining), a.candidates)
	httpapi.Register(api, op("show-role-candidate", http.MethodGet, "/v1/role-mining/{id}/candidates/{place}", "One candidate: who is in it, what explains it, and who stands out"), policy.Within[CandidateInput](a.Gate, readMining), a.candidate)
	httpapi.Register(api, op("draw-role-candidate", http.MethodPost, "/v1/role-mining/{id}/candidates/{place}/picture", "What members of a candidate hold now, and what they would with other entitlements in it"), policy.Within[pictureInput](a.Gate, readMining), a.picture)
	adopt := op("adopt-role-candidate", http.MethodPost, "/v1/role-mining/{id}/candidates/{place}/adopt", "Write the draft of a new role from a candidate")
	adopt.DefaultStatus = http.StatusCreated
	httpapi.Register(api, adopt, policy.On(a.Gate, changeRole, nothing[adoptInput]), a.adopt)
	httpapi.Register(api, op("reject-role-candidate", http.MethodPost, "/v1/role-mining/{id}/candidates/{place}/reject", "Keep that a candidate is no role, so that it is not proposed again"),
		policy.On(a.Gate, changeRole, func(_ context.Context, in *rejectInput) (policy.Object, error) {
			return policy.Object{Reason: in.Body.Reason}, nil
		}), a.reject)
	httpapi.Register(api, op("reconsider-role-candidate", http.MethodPost, "/v1/role-mining/{id}/candidates/{place}/reconsider", "End that a candidate is not wanted"),
		policy.On(a.Gate, changeRole, func(_ context.Context, in *rejectInput) (policy.Object, error) {
			return policy.Object{Reason: in.Body.Reason}, nil
		}), a.reconsider)
}

// MiningInput names a mining run.
type MiningInput struct {
	ID httpapi.Text[access.RunID] `path:"id" doc:"The mining run"`
}

// CandidateInput names a candidate of a run.
type CandidateInput struct {
	MiningInput
	Place int `path:"place" minimum:"0" maximum:"1000000" doc:"Its place in the run"`
}

type startMiningInput struct{ Body MiningQuestion }

type candidatesInput struct {
	MiningInput
	httpapi.Paging
	WhichCandidates
}

type pictureInput struct {
	CandidateInput
	Body Edits
}

type adoptInput struct {
	CandidateInput
	Body struct {
		Edits
		Name        string            `json:"name" minLength:"1" maxLength:"100"`
		Kind        Kind              `json:"kind,omitempty" enum:"business,technical" default:"technical"`
		Description string            `json:"description,omitempty" maxLength:"2000"`
		Owner       access.IdentityID `json:"owner,omitzero" doc:"A person who works here; needed before it is submitted"`
	}
}

type rejectInput struct {
	CandidateInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

// readable is where whoever calls may read who holds what, as mining does: a reach of both.
func (a *API) readable(ctx context.Context) (func(access.SystemID) bool, error) {
	found, err := a.Gate.Reach(ctx, readMining)
	if err != nil {
		return nil, err
	}
	held, err := a.Gate.Reach(ctx, readEntitlement)
	return func(id access.SystemID) bool { return found.Has(id) && held.Has(id) }, err
}

// seesPeople reports whether the caller may see anybody, and so what members are alike in.
func (a *API) seesPeople(ctx context.Context) bool {
	return a.Gate.Permit(ctx, readIdentity, policy.Object{}) == nil
}

// run is a mining run that the caller may see: whoever may read all that it has read.
func (a *API) run(ctx context.Context, id access.RunID) (MiningRun, error) {
	r, err := a.Miner.Look(ctx, id)
	if err != nil {
		return r, err
	}
	has, err := a.readable(ctx)
	if err != nil {
		return r, err
	}
	if !a.all(ctx, r, has) {
		return r, ErrMining
	}
	return r, nil
}

func (a *API) all(ctx context.Context, r MiningRun, has func(access.SystemID) bool) bool {
	return !slices.ContainsFunc(r.Systems, func(id access.SystemID) bool { return !has(id) }) && (!r.People || a.seesPeople(ctx))
}

// found is a candidate of a run that the caller may see.
func (a *API) found(ctx context.Context, in CandidateInput) (MiningRun, Found, error) {
	r, err := a.run(ctx, in.ID.V)
	if err != nil {
		return r, Found{}, err
	}
	f, err := a.Store.Found(ctx, r.ID, in.Place)
	return r, f, err
}

type miningOutput struct {
	Location string `header:"Location"`
	Body     MiningShown
}

func (a *API) mining(ctx context.Context, r MiningRun, err error) (*miningOutput, error) {
	if err != nil {
		return nil, err
	}
	list, err := a.TellMining(ctx, []MiningRun{r}, a.sees(ctx))
	if err != nil {
		return nil, err
	}
	list[0].May = a.Gate.Verdicts(ctx, policy.Object{}, changeRole)
	list[0].May[runMining] = policy.Verdict{Allowed: true}
	if err := a.mayStop(ctx, r); err != nil {
		list[0].May[runMining] = policy.Verdict{Why: err.Error()}
	}
	return &miningOutput{"/v1/role-mining/" + r.ID.String(), list[0]}, nil
}

func (a *API) startMining(ctx context.Context, in *startMiningInput) (*miningOutput, error) {
	q, w := in.Body, Where{People: a.seesPeople(ctx), Sees: a.sees(context.WithoutCancel(ctx))} // it is asked when the run begins
	if q.Unit != "" && !w.People {
		return nil, policy.ErrDenied.With("to mine the people of a unit takes seeing people")
	}
	has, err := a.readable(ctx)
	if err != nil {
		return nil, err
	}
	within, err := a.Scopes(ctx, q.Scope)
	if err != nil {
		return nil, err
	}
	v := a.Graph.View()
	defer v.Close()
	for _, id := range q.Systems {
		if _, there := v.System(id); !there || !has(id) {
			return nil, ErrMiningQuestion.With("there is no system %s, or who has what there is not yours to read", id)
		}
	}
	reach := policy.ReachOf(ctx)
	w.Systems = SystemsIn(v, q.Systems, within, func(id access.SystemID) bool { return has(id) && reach.Has(id) })
	if len(w.Systems) == 0 {
		return nil, ErrMiningQuestion.With("there is no system in that scope of which you may read who has what")
	}
	r, err := a.Miner.Start(ctx, q, w)
	return a.mining(ctx, r, err)
}

// SystemsIn are the systems that are named, or else all; of these those within some scopes,
// where within is given, and those that may be mined.
func SystemsIn(v *graph.View, named []access.SystemID, within map[access.ScopeID]bool, may func(access.SystemID) bool) (list []access.SystemID) {
	for n := range v.Systems() {
		if (len(named) == 0 || slices.Contains(named, n.ID)) && (within == nil || within[n.Scope]) && may(n.ID) {
			list = append(list, n.ID)
		}
	}
	return list
}

type miningsOutput struct {
	Body struct {
		Items []MiningShown             `json:"items"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do, and if not, why not"`
		Limit MiningLimits              `json:"limits"`
	}
}

// MiningLimits are what a mining run may take on a server.
type MiningLimits struct {
	Pairs   int `json:"pairs"`
	Seconds int `json:"seconds"`
	Waiting int `json:"waiting" doc:"Runs that wait on a node at a time"`
}

func (a *API) listMining(ctx context.Context, _ *struct{}) (*miningsOutput, error) {
	has, err := a.readable(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.Store.Minings(ctx)
	if err != nil {
		return nil, err
	}
	var seen []MiningRun
	for _, r := range list {
		if !a.all(ctx, r, has) {
			continue
		}
		if !r.State.Over() {
			if r, err = a.Miner.Look(ctx, r.ID); err != nil {
				return nil, err
			}
		}
		seen = append(seen, r)
	}
	out := &miningsOutput{}
	if out.Body.Items, err = a.TellMining(ctx, seen, a.sees(ctx)); err != nil {
		return nil, err
	}
	out.Body.May = map[string]policy.Verdict{runMining: {Allowed: true}}
	if _, err := a.Gate.Reach(ctx, runMining); err != nil {
		out.Body.May[runMining] = policy.Verdict{Why: err.Error()}
	}
	out.Body.Limit = MiningLimits{MaxMined, int(MaxMining.Seconds()), MaxWaiting}
	return out, nil
}

func (a *API) showMining(ctx context.Context, in *MiningInput) (*miningOutput, error) {
	r, err := a.run(ctx, in.ID.V)
	return a.mining(ctx, r, err)
}

func (a *API) stopMining(ctx context.Context, in *MiningInput) (*miningOutput, error) {
	r, err := a.run(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	if err := a.mayStop(ctx, r); err != nil {
		return nil, err
	}
	if err := a.Miner.Cancel(ctx, r.ID); err != nil {
		return nil, err
	}
	return a.showMining(ctx, in)
}

// mayStop reports why somebody may not stop a run: who may, may mine all that it mines.
func (a *API) mayStop(ctx context.Context, r MiningRun) error {
	reach, err := a.Gate.Reach(ctx, runMining)
	if err == nil && slices.ContainsFunc(r.Systems, func(id access.SystemID) bool { return !reach.Has(id) }) {
		err = policy.ErrDenied.With("it mines systems beyond those that you may mine")
	}
	return err
}

type candidatesOutput struct{ Body *CandidatePage }

func (a *API) candidates(ctx context.Context, in *candidatesInput) (*candidatesOutput, error) {
	r, err := a.run(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	from, err := httpapi.ParseCursor[int](in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.TellCandidates(ctx, r.ID, in.WhichCandidates, max(from, 0), in.Limit, a.sees(ctx))
	return &candidatesOutput{page}, err
}

type candidateOutput struct{ Body *CandidateShown }

func (a *API) candidate(ctx context.Context, in *CandidateInput) (*candidateOutput, error) {
	_, f, err := a.found(ctx, *in)
	if err != nil {
		return nil, err
	}
	s, err := a.TellCandidate(ctx, f, a.sees(ctx))
	return &candidateOutput{s}, err
}

type pictureOutput struct{ Body *Picture }

func (a *API) picture(ctx context.Context, in *pictureInput) (*pictureOutput, error) {
	r, f, err := a.found(ctx, in.CandidateInput)
	if err != nil {
		return nil, err
	}
	sees := a.sees(ctx)
	if slices.ContainsFunc(in.Body.Add, func(id access.EntitlementID) bool { return !sees(id.Ref()) }) {
		return nil, ErrPart.With("an entitlement that is to be added is not there, or not yours to see")
	}
	p, err := a.TellPicture(ctx, f, in.Body, r.Systems, sees)
	return &pictureOutput{p}, err
}

func (a *API) adopt(ctx context.Context, in *adoptInput) (*roleOutput, error) {
	r, f, err := a.found(ctx, in.CandidateInput)
	if err != nil {
		return nil, err
	}
	d := Definition{Name: in.Body.Name, Kind: in.Body.Kind, Description: in.Body.Description, Owner: in.Body.Owner}
	for _, e := range in.Body.of(f.Entitlements) {
		d.Parts = append(d.Parts, Part{Entitlement: e})
	}
	id, err := a.Adopt(ctx, r.ID, f, d)
	return a.shown(ctx, id, err)
}

func (a *API) reject(ctx context.Context, in *rejectInput) (*candidateOutput, error) {
	_, f, err := a.found(ctx, in.CandidateInput)
	if err != nil {
		return nil, err
	}
	if f.Role != 0 {
		return nil, ErrAdopted
	}
	if _, err := a.Reject(ctx, f.Entitlements, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.candidate(ctx, &in.CandidateInput)
}

func (a *API) reconsider(ctx context.Context, in *rejectInput) (*candidateOutput, error) {
	_, f, err := a.found(ctx, in.CandidateInput)
	if err != nil {
		return nil, err
	}
	if err := a.Reconsider(ctx, f.ID, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.candidate(ctx, &in.CandidateInput)
}
