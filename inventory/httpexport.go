package inventory

import (
	"context"
	"encoding/csv"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

var systemsHeader = []string{
	"id", "name", "kind", "stage", "health", "synced", "next", "failures", "error", "paused_until", "paused_reason", "business_owner", "technical_owner",
	"scope", "environment", "criticality", "data_class", "worst_tier", "accounts", "entitlements", "grants", "late_grants",
}

// exportSystems writes all that a list has. There are as many as people have connected,
// so that they are found as the list finds them.
func (a *API) exportSystems(ctx context.Context, in *exportSystemsInput) (*huma.StreamResponse, error) {
	found, err := a.find(ctx, &in.SystemFilter)
	if err != nil {
		return nil, err
	}
	order(found, in.backwards())
	return httpapi.Stream("text/csv; charset=utf-8", "systems.csv", func(w *httpapi.Streamer) error {
		out := csv.NewWriter(w)
		if err := out.Write(systemsHeader); err != nil {
			return err
		}
		for i := range found {
			if err := out.Write(found[i].item.cells()); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}), nil
}

func (x *SystemItem) cells() []string {
	tier := ""
	if x.WorstTier != nil {
		tier = strconv.Itoa(int(*x.WorstTier))
	}
	at := func(t access.Time) string {
		if t == 0 {
			return ""
		}
		return t.Time().UTC().Format(time.RFC3339)
	}
	n := func(n int64) string { return strconv.FormatInt(n, 10) }
	cells := []string{
		x.ID.String(), x.Name, x.Kind, string(x.Stage), x.Health.State, at(x.Health.Synced), at(x.Health.Next), strconv.Itoa(x.Health.Failures), x.Health.Error,
		at(x.PausedUntil), x.PausedReason, called(x.Owner), called(x.Technical), called(x.Scope), string(x.Environment), string(x.Criticality), string(x.DataClass), tier,
		n(x.Counts.Accounts), n(x.Counts.Entitlements), n(x.Counts.Grants), n(x.Drift.Late),
	}
	for i := range cells {
		cells[i] = httpapi.Cell(cells[i])
	}
	return cells
}
