package search

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// ExportIdentitiesInput says which identities, and in which order.
type ExportIdentitiesInput struct{ IdentityFilter }

// ExportAccountsInput says which accounts, and in which order.
type ExportAccountsInput struct{ AccountFilter }

// ExportEntitlementsInput says which entitlements, and in which order.
type ExportEntitlementsInput struct{ EntitlementFilter }

func exported(id, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{tag}, Summary: summary,
		Description: "All rows, in the order of the list. What changes meanwhile may be in it or not; no other row comes twice or is missing.",
		Responses: map[string]*huma.Response{"200": {
			Description: "Rows as they come; where something fails, the connection ends before the last of them.",
			Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}
}

// rowsPerStep is how many rows an export reads at once, and stepTimeout how long whoever
// reads it may take for them.
const (
	rowsPerStep = 2000
	stepTimeout = 60 * time.Second
)

// export streams a list to its end. The first page is read before anything is sent, so
// that what is wrong with the question is said as a problem.
func export[R any](name string, header []string, first Page[R], next func(after string) (Page[R], error), cells func(*R) []string) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "text/csv; charset=utf-8")
		ctx.SetHeader("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		r, w := humago.Unwrap(ctx)
		if err := writeAll(r.Context(), w, header, first, next, cells); err != nil {
			slog.InfoContext(r.Context(), "an export ended early", "list", name, "error", err)
			panic(http.ErrAbortHandler) // half a file must not look like a whole one
		}
	}}
}

func writeAll[R any](ctx context.Context, w http.ResponseWriter, header []string, p Page[R], next func(string) (Page[R], error), cells func(*R) []string) error {
	out, control := csv.NewWriter(w), http.NewResponseController(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for {
		_ = control.SetWriteDeadline(time.Now().Add(stepTimeout)) // a writer that has none needs none
		for i := range p.Rows {
			row := cells(&p.Rows[i])
			for j := range row {
				row[j] = httpapi.Cell(row[j])
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		if out.Flush(); out.Error() != nil {
			return out.Error()
		}
		if p.Next == "" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if p, err = next(p.Next); err != nil {
			return err
		}
	}
}

func (o *Operations) exportIdentities(ctx context.Context, in *ExportIdentitiesInput) (*huma.StreamResponse, error) {
	f, err := o.identityFilter(ctx, &in.IdentityFilter)
	if err != nil {
		return nil, err
	}
	sight := o.sightOf(ctx, access.KindIdentity)
	return exportPages(f, "identities", identityHeader, func(f Filter) (Page[IdentityRow], error) { return o.Index.Identities(ctx, f, sight) }, identityCells)
}

func (o *Operations) exportAccounts(ctx context.Context, in *ExportAccountsInput) (*huma.StreamResponse, error) {
	sight := o.sightOf(ctx, access.KindAccount)
	return exportPages(in.filter(), "accounts", accountHeader, func(f Filter) (Page[AccountRow], error) { return o.Index.Accounts(ctx, f, sight) }, accountCells)
}

func (o *Operations) exportEntitlements(ctx context.Context, in *ExportEntitlementsInput) (*huma.StreamResponse, error) {
	sight := o.sightOf(ctx, access.KindEntitlement)
	return exportPages(in.filter(), "entitlements", entitlementHeader, func(f Filter) (Page[EntitlementRow], error) { return o.Index.Entitlements(ctx, f, sight) }, entitlementCells)
}

func exportPages[R any](f Filter, name string, header []string, read func(Filter) (Page[R], error), cells func(*R) []string) (*huma.StreamResponse, error) {
	f.Limit = rowsPerStep
	first, err := read(f)
	if err != nil {
		return nil, err
	}
	next := func(after string) (Page[R], error) {
		f.After = after
		return read(f)
	}
	return export(name, header, first, next, cells), nil
}

var identityHeader = []string{"id", "name", "kind", "state", "third_party", "organisation", "contract_end", "number", "email", "login", "owner", "manager", "accounts"}

func identityCells(r *IdentityRow) []string {
	return []string{
		r.ID.String(), r.Name, string(r.Kind), string(r.State), yesNo(r.ThirdParty), r.Organisation, day(r.ContractEnd),
		r.Number, r.Email, r.Login, nameIn(r.Owner), nameIn(r.Manager), strconv.Itoa(r.Accounts),
	}
}

var accountHeader = []string{"id", "login", "display_name", "email", "native_id", "system", "kind", "status", "interactive", "identities", "orphan", "disputed", "dormant", "last_used", "created", "expires"}

func accountCells(r *AccountRow) []string {
	var people []string
	for _, p := range r.Identities {
		people = append(people, p.Name)
	}
	used := day(r.LastUsed)
	if r.UsageKnown && used == "" {
		used = never
	}
	return []string{
		r.ID.String(), r.Login, r.DisplayName, r.Email, r.NativeID, r.System.Name, string(r.Kind), string(r.Status), yesNo(r.Interactive),
		strings.Join(people, "; "), yesNo(r.Orphan), yesNo(r.Disputed), yesNo(r.Dormant), used, day(r.Created), day(r.Expires),
	}
}

var entitlementHeader = []string{"id", "name", "native_id", "description", "kind", "system", "tier", "rights", "owner", "identities", "orphans"}

func entitlementCells(r *EntitlementRow) []string {
	var rights []string
	for _, right := range r.Rights {
		rights = append(rights, string(right))
	}
	return []string{
		r.ID.String(), r.Name, r.NativeID, r.Description, r.Kind, r.System.Name, tierWord(r.Tier), strings.Join(rights, "; "),
		nameIn(r.Owner), strconv.Itoa(r.Identities), strconv.Itoa(r.Orphans),
	}
}

func yesNo(b bool) string {
	if b {
		return yes
	}
	return no
}

func nameIn[ID any](n *Named[ID]) string {
	if n == nil {
		return ""
	}
	return n.Name
}

func day(t access.Time) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format(time.RFC3339)
}
