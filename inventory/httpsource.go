package inventory

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// The actions on a source.
const (
	readSource = "source.read"
	syncSource = "source.sync"
)

// SourceItem is a source of identities.
type SourceItem struct {
	ID         access.SourceID           `json:"id"`
	Name       string                    `json:"name"`
	Kind       string                    `json:"kind"`
	Address    string                    `json:"address"`
	Precedence int                       `json:"precedence" doc:"The lowest wins, attribute by attribute"`
	Stage      Stage                     `json:"stage" enum:"draft,active,maintenance"`
	Every      string                    `json:"every" doc:"How often it is read"`
	Hours      string                    `json:"hours,omitempty"`
	Counts     Counts                    `json:"counts"`
	Health     SystemHealth              `json:"health"`
	Warnings   []string                  `json:"warnings"`
	May        map[string]policy.Verdict `json:"may"`
}

// OfSource is the part of an input that names a source.
type OfSource struct {
	ID string `path:"id" maxLength:"64" doc:"The source's id"`
}

type syncSourceInput struct {
	OfSource
	Body struct {
		ConfirmRemoval bool `json:"confirm_removal,omitempty" doc:"Let the sync end as many people as it finds gone"`
	}
}

type listSourcesInput struct{ httpapi.Paging }

type listSourcesOutput struct{ Body pageOf[SourceItem] }

func (a *API) registerSources(api huma.API) {
	httpapi.Register(api, operation("list-sources", get, "/v1/sources", "The sources of identities, and how current they are", http.StatusOK),
		policy.Within[listSourcesInput](a.Gate, readSource), a.listSources)
	httpapi.Register(api, operation("sync-source", post, "/v1/sources/{id}/sync", "Read a source now", http.StatusAccepted),
		policy.On(a.Gate, syncSource, func(ctx context.Context, in *syncSourceInput) (policy.Object, error) {
			s, err := a.sourceOf(ctx, in.ID)
			return policy.Object{Resource: policy.Resource{Ref: s.ID.Ref()}}, err
		}), a.syncSource)
}

func (a *API) sourceOf(ctx context.Context, text string) (Source, error) {
	var id access.SourceID
	if id.UnmarshalText([]byte(text)) != nil {
		return Source{}, policy.ErrNoObject
	}
	list, err := a.Service.Store.Sources(ctx)
	if err != nil {
		return Source{}, err
	}
	i := slices.IndexFunc(list, func(s Source) bool { return s.ID == id })
	if i < 0 {
		return Source{}, policy.ErrNoObject
	}
	return list[i], nil
}

// listSources lists what belongs to no system, so that it takes the whole organisation.
func (a *API) listSources(ctx context.Context, in *listSourcesInput) (*listSourcesOutput, error) {
	list, err := a.Service.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var found []placed[SourceItem]
	for _, s := range list {
		if !policy.ReachOf(ctx).Has(0) {
			break
		}
		found = append(found, placed[SourceItem]{position{strings.ToLower(s.Name), int64(s.ID)}, SourceItem{
			ID: s.ID, Name: s.Name, Kind: s.Kind, Address: s.Config.Address, Precedence: s.Precedence, Stage: s.StageAt(a.now()),
			Every: Period(s.Period(access.OrdinaryCycle)).String(), Hours: s.Hours.String(), Counts: s.State.Counts,
			Health: healthOf(s.ID.Ref(), s.Plan, s.State, access.OrdinaryCycle, a.now()), Warnings: orNone(s.State.Warnings),
			May: a.Gate.Verdicts(ctx, policy.Object{Resource: policy.Resource{Ref: s.ID.Ref()}}, syncSource, "source.change"),
		}})
	}
	page, err := cut(found, in.Paging, false)
	return &listSourcesOutput{page}, err
}

func (a *API) syncSource(ctx context.Context, in *syncSourceInput) (*startedOutput, error) {
	s, err := a.sourceOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.readable("source "+s.Name, a.now()); err != nil {
		return nil, err
	}
	return started(a.Runs.Sync(ctx, s.ID.Ref(), SyncOptions{AcceptRemovals: in.Body.ConfirmRemoval}))
}
