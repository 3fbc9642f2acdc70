package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

// candidateBody is what a candidate that was found in live data is known by.
type candidateBody struct {
	ID           string                 `json:"id"`
	Entitlements []access.EntitlementID `json:"entitlements"`
	Same         string                 `json:"same_as,omitempty"`  // a role that gives the same
	Rejected     string                 `json:"rejected,omitempty"` // why it is not wanted
}

// shortest is how much of a candidate's id names it.
const shortest = 8

// adoption is what 'writ role adopt' was told.
type adoption struct {
	from, reason       string
	reject, reconsider bool
	edit               roleEdit
}

func (a *app) roleAdoptCommand() *cobra.Command {
	w := adoption{edit: roleEdit{kind: string(role.Technical)}}
	cmd := &cobra.Command{
		Use:   "adopt CANDIDATE --from FILE --name NAME --owner PERSON | --reject --reason TEXT",
		Short: "Make a candidate the draft of a role, or reject it so that it is not proposed again",
		Long: `Make a candidate the draft of a role, or reject it. FILE is what 'writ role mine
--from-graph -o json' has answered; - is the standard input. CANDIDATE is the beginning of
its id, eight characters at least.

The draft goes the way of every draft. Once it is published, 'writ role migrate' assigns it
to whoever holds all of it. A candidate that was rejected is not proposed again, whoever
holds it, until --reconsider.`,
		Example: `  writ role mine --from-graph --system erp -o json > mined.json
  writ role adopt 3f2a9c01 --from mined.json --name 'Ledger reader' --owner ana.sol@example.com
  writ role adopt 77ab0c3d --from mined.json --reject --reason 'a coincidence'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.adopt(cmd, args[0], w) },
	}
	f := cmd.Flags()
	f.StringVar(&w.from, "from", "", "what mining has answered, as a `file`")
	f.StringVar(&w.edit.name, "name", "", "the `name` of the role")
	f.StringVar(&w.edit.kind, "kind", w.edit.kind, "its `kind`: business or technical")
	f.StringVar(&w.edit.owner, "owner", "", "the `person` who answers for it")
	f.StringVar(&w.edit.description, "description", "", "what it is for, as a `text`")
	f.BoolVar(&w.reject, "reject", false, "it is no role, and is not proposed again")
	f.BoolVar(&w.reconsider, "reconsider", false, "it may be proposed again")
	f.StringVar(&w.reason, "reason", "", "why it is rejected or reconsidered")
	return cmd
}

func (a *app) adopt(cmd *cobra.Command, id string, w adoption) error {
	switch {
	case len(id) < shortest:
		return fmt.Errorf("%w: a candidate is named by %d characters of its id at least", errUsage, shortest)
	case w.reject && w.reconsider, !w.reconsider && w.from == "", !w.reject && !w.reconsider && w.edit.name == "":
		return fmt.Errorf("%w: say --from FILE with --name NAME or --reject, or else --reconsider", errUsage)
	}
	ctx, err := a.openGraph(cmd.Context())
	if err != nil {
		return err
	}
	if w.reconsider {
		return a.reconsider(ctx, id, w.reason)
	}
	entitlements, err := a.candidate(w.from, id)
	if err != nil {
		return err
	}
	if w.reject {
		whole, err := a.roles().Reject(ctx, entitlements, w.reason)
		if err != nil {
			return err
		}
		return a.print(&candidateDone{whole, "rejected"})
	}
	var d role.Definition
	for _, e := range entitlements {
		d.Parts = append(d.Parts, role.Part{Entitlement: e})
	}
	if d, err = a.editedRole(ctx, d, w.edit); err != nil {
		return err
	}
	draft, err := a.roles().Edit(ctx, 0, 0, d)
	ans, err := a.showRole(ctx, draft, "wrote the draft "+draft.String(), err)
	if err != nil {
		return err
	}
	return a.print(ans)
}

// candidate reads what a candidate gives from what mining has answered.
func (a *app) candidate(from, id string) ([]access.EntitlementID, error) {
	mined, err := readFrom(a.in, from, func(r io.Reader) (roleAnswer, error) {
		var ans roleAnswer
		err := json.NewDecoder(r).Decode(&ans)
		return ans, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what 'writ role mine --from-graph -o json' has answered: %w", err)
	}
	var found []*candidateBody
	for _, r := range mined.Roles {
		if r.Candidate != nil && strings.HasPrefix(role.CandidateID(r.Candidate.Entitlements), id) {
			found = append(found, r.Candidate)
		}
	}
	if len(found) != 1 {
		return nil, role.ErrNotFound.With("%s in %s are known by %q: name exactly one", plural(len(found), "candidate"), from, id)
	}
	return found[0].Entitlements, nil
}

func (a *app) reconsider(ctx context.Context, id, reason string) error {
	list, err := a.db.Roles().Rejections(ctx)
	if err != nil {
		return err
	}
	whole := id
	for _, r := range list {
		if strings.HasPrefix(r.ID, id) {
			whole = r.ID
		}
	}
	if err := a.roles().Reconsider(ctx, whole, reason); err != nil {
		return err
	}
	return a.print(&candidateDone{whole, "reconsidered"})
}

// candidateDone is the answer of 'writ role adopt' where it writes no draft.
type candidateDone struct {
	Candidate string `json:"candidate"`
	Did       string `json:"did"`
}

func (s *candidateDone) tables() []table {
	return []table{{title: s.Did + " the candidate " + s.Candidate}}
}

// migrated is the answer of 'writ role migrate'.
type migrated struct {
	Role  ask.Shown  `json:"role"`
	Proof role.Proof `json:"proof"`
}

func (s *migrated) tables() []table {
	p := s.Proof
	t := table{title: fmt.Sprintf("%s who held all of %s have it by the role now; nobody gained or lost anything", people(p.People), s.Role)}
	t.note = fmt.Sprintf("  the same %s before and after, by digest %s; %s ended", plural(p.Pairs, "pair"), p.Digest, plural(p.Justifications, "direct justification"))
	if p.Left > 0 {
		t.note += fmt.Sprintf("\n  %s are left: run it again", people(p.Left))
	}
	return []table{t}
}

func (a *app) roleMigrateCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "migrate ROLE --reason TEXT", Short: "Assign a role to whoever holds all of it, in place of direct grants",
		Long: `Assign a published role to whoever holds all that it gives: directly or by an account of
theirs alone that works, standing, everywhere and without an end. Their direct
justifications of that end: the role is why they have it. What systems show stays as it is.

In the same transaction it is worked out what each of them has, before and after. Where
anybody would gain or lose anything, nothing is done; otherwise the number of pairs and
their digest are kept with the record. One run is for 10,000 people.`,
		Example: "  writ role migrate 'Ledger reader' --reason 'they have it already'",
		Args:    cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			p, err := a.roles().Migrate(ctx, id, reason, "")
			if err != nil {
				return nil, err
			}
			name, err := a.named(ctx, []access.Ref{id.Ref()})
			if err != nil {
				return nil, err
			}
			return &migrated{name(id.Ref()), p}, nil
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
