package search

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

var today = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// world is a source whose things are called by their facts: a change of a fact is
// mostly one of the name, too.
type world struct {
	texts    map[access.Ref]Text
	findings map[access.FindingID]Finding
	rev      access.Rev
	news     map[access.FindingID]access.Rev
}

func newWorld() *world {
	return &world{texts: map[access.Ref]Text{}, findings: map[access.FindingID]Finding{}, news: map[access.FindingID]access.Rev{}}
}

func (w *world) Texts(_ context.Context, kind access.ObjectKind, keys []int64, take func(Text) error) error {
	for key := range int64(20) {
		t, ok := w.texts[access.Ref{Kind: kind, Key: key}]
		if ok && (keys == nil || slices.Contains(keys, key)) {
			if err := take(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) Findings(_ context.Context, take func(Finding) error) (access.Rev, error) {
	for id := range access.FindingID(20) {
		if f, ok := w.findings[id]; ok {
			if err := take(f); err != nil {
				return 0, err
			}
		}
	}
	return w.rev, nil
}

func (w *world) FindingNews(_ context.Context, after access.Rev, take func(Finding) error, gone func(access.FindingID)) (access.Rev, error) {
	for id, rev := range w.news {
		if rev <= after {
			continue
		}
		if f, ok := w.findings[id]; !ok {
			gone(id)
		} else if err := take(f); err != nil {
			return 0, err
		}
	}
	return w.rev, nil
}

func (w *world) IdentityTexts(context.Context, []access.IdentityID) (map[access.IdentityID]IdentityText, error) {
	return nil, nil
}

func (w *world) AccountTexts(context.Context, []access.AccountID) (map[access.AccountID]AccountText, error) {
	return nil, nil
}

func (w *world) EntitlementTexts(context.Context, []access.EntitlementID) (map[access.EntitlementID]EntitlementText, error) {
	return nil, nil
}

// rename calls everything in a changed part of the graph something.
func (w *world) rename(t *rapid.T, refs []access.Ref) {
	for _, ref := range refs {
		w.texts[ref] = Text{Key: ref.Key, Name: someName.Draw(t, "name"), More: [4]string{someWord.Draw(t, "more")}}
	}
}

func (w *world) changeFindings(t *rapid.T) {
	w.rev++
	for range rapid.IntRange(0, 3).Draw(t, "findings") {
		id := access.FindingID(rapid.IntRange(1, 6).Draw(t, "finding"))
		w.news[id] = w.rev
		if rapid.Bool().Draw(t, "resolved") {
			delete(w.findings, id)
			continue
		}
		w.findings[id] = Finding{
			ID: id, Rule: "orphan-account", Title: "Nobody's", Subject: access.AccountID(rapid.IntRange(1, 8).Draw(t, "subject")).Ref(),
			System: access.SystemID(rapid.IntRange(1, 3).Draw(t, "system")), Severity: "high", Function: access.IAM, Owner: access.IdentityID(rapid.IntRange(0, 5).Draw(t, "owner")), Status: "open",
		}
	}
}

// Whatever changes, an index that follows answers as one that is built anew.
func TestFollowingFindsWhatBuildingAnewFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, src := graphtest.NewChanging(t, today, 30), newWorld()
		g := w.Graph()
		src.changeFindings(t)
		for _, kind := range Kinds {
			var all []access.Ref
			for ref := range nodes(g.View(), kind) {
				all = append(all, ref)
			}
			src.rename(t, all)
		}
		x := newIndex(t, g, src)
		for range 4 {
			w.Change(rapid.IntRange(0, 6).Draw(t, "changes"))
			src.changeFindings(t)
			changed, err := g.Follow(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			src.rename(t, changed)
			if err := x.Follow(context.Background()); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "merge") {
				for _, s := range x.shelves {
					s.words, s.names = s.words.merged(), s.names.merged()
				}
			}
			compareAnswers(t, x, newIndex(t, g, src))
		}
	})
}

var questions = []string{
	"a", "ab", "abab", "aaaaaaaa", "-a", `"a b"`, "kind:human", "kind:service owner:none", "kind:account orphan", "-orphan kind:account", "dormant", "dormant:no",
	"tier:0", "tier:none", "mode:eligible", "system:a", "owner:a", "third-party:yes", "state:active", "severity:high", "kind:finding nobody", "disputed", "kind:account a -b",
	"owner:none", "owner:none kind:finding",
}

func compareAnswers(t *rapid.T, followed, anew *Index) {
	ctx := context.Background()
	some := Sight{
		access.KindIdentity: {Also: []int64{1, 3}}, access.KindAccount: {Systems: map[access.SystemID]bool{1: true}},
		access.KindFinding: {Systems: map[access.SystemID]bool{2: true}}, access.KindSystem: {Systems: map[access.SystemID]bool{1: true}},
	}
	for _, q := range questions {
		for i, sight := range []Sight{Everything(), some, {}} {
			got, err := followed.Find(ctx, q, sight, 8)
			want, wantErr := anew.Find(ctx, q, sight, 8)
			if err != nil || wantErr != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q, sight %d: %+v, %v\nnot %+v, %v", q, i, got, err, want, wantErr)
			}
			if i == 2 && got.Total+len(got.Hits) > 0 {
				t.Fatalf("%q is found by one who sees nothing: %+v", q, got)
			}
		}
	}
	for _, order := range []string{"", "-name", "system", "-system", "kind", "-status", "last_used", "-last_used"} {
		if got, want := pages(t, followed, order), pages(t, anew, order); got != want {
			t.Fatalf("by %q: %s\nnot %s", order, got, want)
		}
	}
}

// pages reads a list to its end and says what there is twice or missing.
func pages(t *rapid.T, x *Index, order string) (text string) {
	f := Filter{Sort: order, Limit: 3}
	seen := map[access.AccountID]bool{}
	for {
		p, err := x.Accounts(context.Background(), f, Everything())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			if seen[r.ID] {
				t.Fatalf("by %q %s comes twice: %s", order, r.ID, text)
			}
			seen[r.ID] = true
			text += fmt.Sprintf(" %d", int64(r.ID))
		}
		if f.After = p.Next; f.After == "" {
			if len(seen) != p.Total {
				t.Fatalf("by %q there are %d of %d: %s", order, len(seen), p.Total, text)
			}
			return text
		}
	}
}

func newIndex(t interface{ Fatal(...any) }, g *graph.Graph, src Source) *Index {
	x := New(g, src)
	x.Now = func() time.Time { return today }
	if err := x.Follow(context.Background()); err != nil {
		t.Fatal(err)
	}
	return x
}

// Any number may ask while one follows and merges.
func TestAskingWhileFollowing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, src := graphtest.NewChanging(t, today, 20), newWorld()
		g := w.Graph()
		x := newIndex(t, g, src)
		stop, stopped := make(chan struct{}), make(chan error)
		go func() {
			var err error
			for err == nil {
				select {
				case <-stop:
					stopped <- nil
					return
				default:
				}
				if _, err = x.Find(context.Background(), "abab orphan", Everything(), 5); err == nil {
					_, err = x.Accounts(context.Background(), Filter{Limit: 3, Sort: "-system"}, Everything())
				}
			}
			<-stop
			stopped <- err
		}()
		for range 3 {
			w.Change(3)
			changed, err := g.Follow(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			src.rename(t, changed)
			if err := x.Follow(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
	})
}
