package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/policy"
)

// policySet is the set of policies that is in force: what comes with Writ, and what the
// organisation has published.
func (a *app) policySet(ctx context.Context) (*policy.Set, error) {
	list, rev, err := a.db.Policy().InForce(ctx)
	if err != nil {
		return nil, err
	}
	return policy.SetOf(max(rev, 1), list)
}

// facts are what decisions are made on, for whoever works on the data directory.
func (a *app) facts(ctx context.Context) (*policy.Live, error) {
	live := policy.NewLive(a.graph)
	d, err := a.db.Policy().Directory(ctx)
	if err != nil {
		return nil, err
	}
	live.Put(d)
	return live, nil
}

// simulator tries policies beside those in force, for whoever works on the data directory.
func (a *app) simulator(ctx context.Context) (*policy.Simulator, error) {
	set, err := a.policySet(ctx)
	if err != nil {
		return nil, err
	}
	live, err := a.facts(ctx)
	if err != nil {
		return nil, err
	}
	e, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	if err != nil {
		return nil, err
	}
	return &policy.Simulator{Engine: e, Live: live, History: a.db.Policy()}, nil
}

// documents are the use cases of the organisation's own policies, over the open store.
func (a *app) documents(ctx context.Context) (*policy.DocumentTeller, error) {
	live, err := a.facts(ctx)
	return &policy.DocumentTeller{Documents: &policy.Documents{Store: a.db.Policy(), Live: live}, Names: a.db.Inventory()}, err
}

// onDocuments is how a command on documents of policies runs: it opens the graph, and
// prints what fn answers.
func (a *app) onDocuments(fn func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		t, err := a.documents(ctx)
		if err != nil {
			return err
		}
		ans, err := fn(ctx, t, args)
		if err != nil {
			return err
		}
		return a.print(ans)
	}
}

// policiesAnswer is the answer of 'writ policy list'.
type policiesAnswer struct {
	Policies []policy.DocumentLine `json:"policies"`
}

func (s *policiesAnswer) tables() []table {
	if len(s.Policies) == 0 {
		return []table{{title: "there are no policies of your own: 'writ policy set' writes some"}}
	}
	t := table{header: []string{"document", "version", "in force", "policies", "enforced", "waits to be published", "since", "description"}, right: []int{1, 3, 4}}
	for _, d := range s.Policies {
		inForce := "no"
		if d.InForce {
			inForce = "yes"
		}
		waits := map[policy.DraftState]string{policy.ToBe: "a draft", policy.ToRetire: "that it is retired"}[d.Draft]
		t.rows = append(t.rows, []string{d.Name, number(d.Number), inForce, strconv.Itoa(d.Policies), strconv.Itoa(d.Enforced), waits, moment(d.Since), d.Description})
	}
	return []table{t}
}

func (a *app) policyListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the documents of your own policies", Args: cobra.NoArgs,
		RunE: a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, _ []string) (answer, error) {
			lines, err := t.Lines(ctx)
			if lines == nil {
				lines = []policy.DocumentLine{}
			}
			return &policiesAnswer{lines}, err
		}),
	}
}

// policyShown is the answer of 'writ policy show', and of what changes a draft.
type policyShown struct {
	*policy.DocumentShown
	did, next string
}

func (s *policyShown) tables() (list []table) {
	if s.did != "" {
		list = append(list, table{title: s.did})
	}
	if v := s.Published; v != nil {
		title := fmt.Sprintf("%s, version %d: in force", s.Name, v.Number)
		if v.Retired {
			title = fmt.Sprintf("%s, version %d: retired", s.Name, v.Number)
		}
		list = append(list, versionTable(title, *v))
	}
	if v := s.Draft; v != nil {
		title := fmt.Sprintf("%s, a draft made from version %d", s.Name, v.Number)
		switch {
		case v.Retired:
			title = fmt.Sprintf("%s is to be retired, once somebody else publishes that", s.Name)
		case v.Number == 0:
			title = fmt.Sprintf("%s, the draft of a new document", s.Name)
		}
		list = append(list, versionTable(title, *v))
	}
	if s.next != "" {
		list[len(list)-1].note += "\n  next: " + s.next
	}
	return list
}

// versionTable lists the policies of a version, and below them their text.
func versionTable(title string, v policy.DocumentVersion) table {
	t := table{title: title, header: []string{"policy", "effect", "mode", "line", "reason"}, right: []int{3}}
	for _, p := range v.Policies {
		t.rows = append(t.rows, []string{p.ID, p.Effect, p.Mode, strconv.Itoa(p.Line), p.Reason})
	}
	if len(t.rows) == 0 {
		t.header = nil
	}
	var notes []string
	if v.Description != "" {
		notes = append(notes, "  "+v.Description)
	}
	notes = append(notes, "  written by "+writers(v.Authors...)+": "+v.Reason)
	if v.Publisher != nil {
		notes = append(notes, "  published by "+v.Publisher.String()+", "+moment(v.Since)+": "+v.Note)
	}
	if v.Problem != "" {
		notes = append(notes, "  it could not be used now: "+v.Problem)
	}
	if !v.Retired {
		for line := range strings.Lines(v.Text) {
			notes = append(notes, "    "+strings.TrimSuffix(line, "\n"))
		}
	}
	t.note = strings.Join(notes, "\n")
	return t
}

func writers(list ...policy.Writer) string {
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = w.String()
	}
	return strings.Join(names, ", ")
}

func (a *app) policyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "The policies of a document, what is to become of it, and who wrote and published them",
		Args: cobra.ExactArgs(1),
		RunE: a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			return shownPolicy(ctx, t, args[0], "", "")
		}),
	}
}

func shownPolicy(ctx context.Context, t *policy.DocumentTeller, name, did, next string) (answer, error) {
	k, err := t.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	s, err := t.Show(ctx, k, nil)
	return &policyShown{s, did, next}, err
}

// policyHistory is the answer of 'writ policy history'.
type policyHistory struct {
	Name     string                   `json:"name"`
	Versions []policy.DocumentVersion `json:"versions"`
	texts    bool
}

func (s *policyHistory) tables() []table {
	t := table{title: s.Name, header: []string{"version", "since", "policies", "written by", "why", "published by", "why"}, right: []int{0}, whole: true}
	list := []table{}
	for _, v := range s.Versions {
		state := strconv.Itoa(len(v.Policies))
		if v.Retired {
			state = "retired"
		}
		t.rows = append(t.rows, []string{strconv.Itoa(v.Number), moment(v.Since), state, writers(v.Authors...), v.Reason, v.Publisher.String(), v.Note})
		if s.texts {
			list = append(list, versionTable(fmt.Sprintf("version %d", v.Number), v))
		}
	}
	if len(t.rows) == 0 {
		return []table{{title: s.Name + " was never published"}}
	}
	return append([]table{t}, list...)
}

func (a *app) policyHistoryCommand() *cobra.Command {
	var texts bool
	cmd := &cobra.Command{
		Use: "history NAME", Short: "Every version of a document: who wrote and who published it, when, and why",
		Args: cobra.ExactArgs(1),
		RunE: a.onDocuments(func(ctx context.Context, t *policy.DocumentTeller, args []string) (answer, error) {
			k, err := t.Find(ctx, args[0])
			if err != nil {
				return nil, err
			}
			list, err := t.History(ctx, k.ID())
			return &policyHistory{k.Name(), list, texts}, err
		}),
	}
	cmd.Flags().BoolVar(&texts, "text", false, "with the text of each")
	return cmd
}

// longestPolicies is more than a document may have.
const longestPolicies = 1 << 20

// policyText reads policies.
func (a *app) policyText(file string) (string, error) {
	text, err := readFrom(a.in, file, func(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, longestPolicies)) })
	if err != nil {
		return "", policy.ErrPolicy.With("%s cannot be read", file).Because(err)
	}
	return string(text), nil
}
