package ask

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// everyRef are the objects of the company of two scopes.
func everyRef() []access.Ref {
	refs := []access.Ref{ana.Ref(), pat.Ref(), rick.Ref(), access.IdentityID(5).Ref(), access.SystemID(1).Ref(), access.SystemID(2).Ref()}
	for key := int64(1); key <= 4; key++ {
		refs = append(refs, access.EntitlementID(key).Ref())
		if key <= 3 {
			refs = append(refs, access.AccountID(key).Ref())
		}
	}
	return refs
}

var firstPage = httpapi.Paging{Limit: 50}

// answers are all that can be asked about rick, account 1 and entitlement 1.
func answers(ctx context.Context, t *testing.T, s *Service) map[string]any {
	t.Helper()
	all := map[string]any{}
	keep := func(name string) func(any, error) {
		return func(ans any, err error) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all[name] = ans
		}
	}
	escalated := graph.Question{Escalation: true}
	one := access.EntitlementID(1)
	put := func(name string, ans any, err error) { keep(name)(ans, err) }
	card, err := s.Card(ctx, rick)
	put("card", card, err)
	held, err := s.Effective(ctx, rick, escalated, Narrow{}, firstPage)
	put("access", held, err)
	account, err := s.Account(ctx, 1)
	put("account", account, err)
	dossier, err := s.Dossier(ctx, one)
	put("entitlement", dossier, err)
	holders, err := s.Holders(ctx, one.Ref(), escalated, firstPage)
	put("holders", holders, err)
	v := s.Graph.View()
	defer v.Close()
	why, err := s.Why(ctx, rick.Ref(), access.EntitlementID(3).Ref(), escalated, s.sight(ctx, v, rick))
	put("why", why, err)
	mine, err := s.Picture(ctx, rick.Ref(), Drawing{Escalation: true, Depth: 12})
	put("picture of rick", mine, err)
	its, err := s.Picture(ctx, one.Ref(), Drawing{Escalation: true, Depth: 12})
	put("picture of the entitlement", its, err)
	return all
}

// Invariant 2: an answer names nothing that whoever asks may not see.
func TestLesson14_AnswersNameNothingOutOfReach(t *testing.T) {
	g := twoScopes().Graph(t)
	s := asked(t, g)
	ent := func(keys ...access.EntitlementID) (refs []access.Ref) {
		for _, k := range keys {
			refs = append(refs, k.Ref())
		}
		return refs
	}
	account1, account3, system1 := access.AccountID(1).Ref(), access.AccountID(3).Ref(), access.SystemID(1).Ref()
	tests := []struct {
		name string
		who  access.IdentityID
		may  []access.Ref // everywhere
		held []access.Ref // beside, in answers about rick
	}{
		// Whoever sees an object sees which system it is in.
		{"iam", ana, everyRef(), nil},
		{"a platform owner", pat, append(ent(1), account1, account3, system1), nil},
		{"rick", rick, []access.Ref{rick.Ref(), account1, system1}, append(ent(1, 2, 3), access.SystemID(2).Ref())},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, ans := range answers(as(t.Context(), tt.who), t, s) {
				may := tt.may
				if name == "card" || name == "access" || name == "why" || name == "picture of rick" {
					may = append(may, tt.held...)
				}
				text, err := json.Marshal(ans)
				if err != nil {
					t.Fatal(err)
				}
				namesNothingElse(t, name, string(text), may)
			}
		})
	}
}

func namesNothingElse(t *testing.T, answer, text string, may []access.Ref) {
	t.Helper()
	allowed := map[access.Ref]bool{}
	for _, r := range may {
		allowed[r] = true
	}
	for _, r := range everyRef() {
		if !allowed[r] && (strings.Contains(text, nameOf(r)) || strings.Contains(text, r.String())) {
			t.Errorf("%s tells of %s: %s", answer, r, text)
		}
	}
}

// What is hidden is told by its kind, and counted.
func TestHiddenIsCounted(t *testing.T) {
	s := asked(t, twoScopes().Graph(t))
	h, err := s.Holders(as(t.Context(), pat), access.EntitlementID(1).Ref(), graph.Question{}, firstPage)
	if err != nil || h.Identities != 2 || h.Total != 2 || len(h.Items) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	for i, account := range []access.AccountID{3, 1} { // of 5, and of rick
		line := h.Items[i]
		want := "Somebody has the account " + nameOf(account.Ref()) + " in " + nameOf(access.SystemID(1).Ref()) +
			" and holds " + nameOf(access.EntitlementID(1).Ref()) + " in " + nameOf(access.SystemID(1).Ref()) + "."
		if !line.Holder.Hidden || line.Holder.Type != "identity" || line.Holder.Name != "" || line.Through != want {
			t.Errorf("%+v, want %s", line, want)
		}
	}
	d, err := s.Dossier(as(t.Context(), pat), 1)
	if err != nil || d.Contains.Total != 1 || !d.Contains.Items[0].Entitlement.Hidden || d.Findings.Hidden != 1 || len(d.Findings.Items) != 1 || d.Override.By != "somebody" {
		t.Errorf("%+v, %v", d, err)
	}
	card, err := s.Card(as(t.Context(), rick), rick)
	if err != nil || card.Affiliations[0].Manager == nil || !card.Affiliations[0].Manager.Hidden || len(card.Accounts) != 1 || card.Findings.Hidden != 4 {
		t.Errorf("%+v, %v", card, err)
	}
	p, err := s.Picture(as(t.Context(), rick), rick.Ref(), Drawing{Depth: 12})
	if err != nil || len(p.Groups) != 1 || p.Groups[0].Label != "1 account that you may not see" || p.Reached != 6 {
		t.Errorf("%+v, %v", p, err)
	}
}

// Whoever asks for a part that they may not see gets nothing of it.
func TestLesson14_NarrowingTellsNothing(t *testing.T) {
	f := twoScopes()
	f.Grants = append(f.Grants, graph.GrantEdge{ID: 9, Holder: access.AccountID(1).Ref(), Entitlement: 4})
	s := asked(t, f.Graph(t))
	for who, want := range map[access.IdentityID]int{ana: 3, rick: 3, pat: 0} {
		page, err := s.Effective(as(t.Context(), who), rick, graph.Question{}, Narrow{System: 2}, firstPage)
		if err != nil || page.Total != want {
			t.Errorf("%s sees %+v, %v", who, page, err)
		}
	}
	nobody, err := s.Effective(t.Context(), rick, graph.Question{}, Narrow{}, firstPage)
	if err != nil || !nobody.Items[0].Entitlement.Hidden {
		t.Errorf("nobody sees %+v, %v", nobody, err)
	}
	if _, err := s.Effective(as(t.Context(), ana), rick, graph.Question{}, Narrow{}, httpapi.Paging{Cursor: "x", Limit: 1}); !errors.Is(err, httpapi.ErrCursor) {
		t.Errorf("a cursor of nobody's: %v", err)
	}
	if _, err := s.Card(as(t.Context(), ana), 77); !errors.Is(err, policy.ErrNoObject) {
		t.Errorf("nobody's card: %v", err)
	}
}

// Pages of access and of holders are those of the whole list, in its order.
func TestPages(t *testing.T) {
	s := asked(t, manyThings(3, 7).Graph(t))
	ctx := node(t.Context())
	whole, err := s.Effective(ctx, 1, graph.Question{}, Narrow{}, firstPage)
	if err != nil || len(whole.Items) != 21 || whole.Total != 21 || whole.Next != "" {
		t.Fatalf("%d of %d, %v", len(whole.Items), whole.Total, err)
	}
	var got []EffectiveLine
	for p := (httpapi.Paging{Limit: 4}); ; {
		page, err := s.Effective(ctx, 1, graph.Question{}, Narrow{}, p)
		if err != nil || page.Total != 21 || len(page.Items) > 4 {
			t.Fatalf("%+v, %v", page, err)
		}
		if got = append(got, page.Items...); page.Next == "" {
			break
		}
		p.Cursor = page.Next
	}
	for i := range whole.Items {
		if len(got) != 21 || got[i].Entitlement != whole.Items[i].Entitlement || i > 0 && got[i].Tier < got[i-1].Tier {
			t.Fatalf("line %d of %d is %+v", i, len(got), got[i])
		}
	}
}
