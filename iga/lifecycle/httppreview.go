package lifecycle

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

func (a *API) registerPreviews(api huma.API) {
	op := operation("preview-reorganisation", http.MethodPost, "/v1/lifecycle/preview", "What loading a file of a source would do; nothing is loaded", http.StatusOK)
	op.Description = "The file is sent as it is, up to 64 MiB, and removed after. A node looks at one file at a time."
	op.RequestBody = httpapi.UploadOf("text/csv", "The file, with the columns that the source's file has")
	httpapi.Register(api, op, whole[previewInput](a, readLife, nil), a.preview)
	httpapi.Register(api, operation("list-previewable", http.MethodGet, "/v1/lifecycle/sources", "The sources of which a file can be looked at", http.StatusOK),
		whole[struct{}](a, readLife, nil), a.previewable)
}

type previewInput struct {
	httpapi.Upload
	Source string `query:"source" required:"true" minLength:"1" maxLength:"200" doc:"The source's id or name"`
	First  int    `query:"first" minimum:"1" maximum:"1000" default:"100" doc:"How many people are shown"`
}

type previewOutput struct{ Body Reorganisation }

// longestPreview is how long looking at a file may take.
const longestPreview = 10 * time.Minute

func (a *API) preview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	in.Lasts(longestPreview)
	ctx, cancel := context.WithTimeout(ctx, longestPreview)
	defer cancel()
	r, err := a.Previewer.Upload(ctx, in.Source, &in.Upload, in.First)
	return &previewOutput{r}, err
}

// PreviewSource is a source of which a file can be looked at.
type PreviewSource struct {
	ID   access.SourceID `json:"id"`
	Name string          `json:"name"`
}

type previewableOutput struct {
	Body struct {
		Items []PreviewSource `json:"items"`
	}
}

func (a *API) previewable(ctx context.Context, _ *struct{}) (*previewableOutput, error) {
	list, err := a.Previewer.Inventory.Sources(ctx)
	out := &previewableOutput{}
	out.Body.Items = []PreviewSource{}
	for _, s := range list {
		out.Body.Items = append(out.Body.Items, PreviewSource{s.ID, s.Name})
	}
	return out, err
}
