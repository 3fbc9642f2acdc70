package main

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

// Who writes the demo's roles, and who reviews them, by number.
const (
	demoAuthor   = "E0000006"
	demoReviewer = "E0000041"
)

// demoRole is a role of the sample company: by system and name what it contains, by number
// who answers for it and who has it.
type demoRole struct {
	name, kind, description, owner string
	contains, roles                []string
	parameter                      string
	conditional                    []string
	members                        []string
	values                         role.Values
	unpublished                    bool
}

// demoRoles are roles as a company has them that began with good intentions: some that
// serve, one with a parameter, two that are nearly the same, one that nobody has, and one
// that somebody is still writing.
var demoRoles = []demoRole{
	{
		name: "Workplace basics", kind: "technical", owner: "E0000042", description: "What everybody in an office needs on the first day.",
		contains: []string{"corp-directory/mail", "corp-directory/chat", "corp-directory/printing", "corp-directory/intranet"},
	},
	{
		name: "Remote work", kind: "technical", owner: "E0000042", description: "The way in from outside, and what is filed from there.",
		contains: []string{"corp-directory/vpn", "corp-directory/expenses"},
	},
	{
		name: "Buyer", kind: "business", owner: "E0000105", description: "Asks suppliers for offers and orders from them. Does not receive what was ordered.",
		contains: []string{"erp-finance/Requisition", "erp-finance/Buyer"}, roles: []string{"Workplace basics", "Remote work"},
		members: []string{"E0000109", "E0000112", "E0000115", "E0000118", "E0000121", "E0000124"},
	},
	{
		name: "Recruiter", kind: "business", owner: "E0000185", description: "Finds people and speaks with them until they have signed.",
		contains: []string{"workplace/Standard plan", "workplace/Space People", "office-ad/Share People", "corp-directory/expenses", "erp-finance/Requisition"}, roles: []string{"Workplace basics"},
		members: []string{"E0000191", "E0000194", "E0000197", "E0000200"},
	},
	{
		name: "People partner", kind: "business", owner: "E0000185", description: "Stands by a unit's managers in all that concerns their people.",
		contains: []string{"workplace/Standard plan", "workplace/Space People", "office-ad/Share People", "corp-directory/expenses", "crm/Viewer"}, roles: []string{"Workplace basics"},
		members: []string{"E0000189", "E0000192", "E0000195"},
	},
	{
		name: "Member of a site", kind: "technical", owner: "E0000042", description: "The doors, printers and lists of one site.",
		contains: []string{"corp-directory/intranet"}, parameter: "site=gdynia,izmir,lyon",
		conditional: []string{"site=gdynia: corp-directory/site-gdynia", "site=izmir: corp-directory/site-izmir", "site=lyon: corp-directory/site-lyon"},
		members:     []string{"E0000109", "E0000191"}, values: role.Values{"site": "lyon"},
	},
	{
		name: "Operators of build hosts", kind: "technical", owner: "E0000042", description: "For the team that was to run the build hosts.",
		contains: []string{"build1/builders", "web1/web-operators"},
	},
	{
		name: "Reader of the ledger", kind: "technical", description: "Looks at the ledger and at its reports, and changes nothing.",
		contains: []string{"erp-finance/General ledger, view", "ledger-db/ledger_read"}, unpublished: true,
	},
}

// makeDemoRoles writes, reviews and publishes the company's roles as two of its people
// would, and leaves a change of one in review. Those that are there stay as they are.
func (a *app) makeDemoRoles(ctx context.Context) error {
	author, err := a.actingAs(ctx, demoAuthor)
	if err != nil {
		return err
	}
	reviewer, err := a.actingAs(ctx, demoReviewer)
	if err != nil {
		return err
	}
	for _, r := range demoRoles {
		if _, err := a.roles().FindAny(ctx, r.name); err == nil {
			continue
		}
		if err := a.makeDemoRole(author, reviewer, r); err != nil {
			return fmt.Errorf("making the role %s: %w", r.name, err)
		}
	}
	return a.changeDemoRole(author)
}

// actingAs is the context in which what is done is done by one of the company's people.
func (a *app) actingAs(ctx context.Context, number string) (context.Context, error) {
	id, err := a.inventory().ResolveIdentity(ctx, number)
	return audit.WithActor(ctx, audit.Actor{Identity: id}), err
}

func (a *app) makeDemoRole(author, reviewer context.Context, r demoRole) error {
	e := roleEdit{name: r.name, kind: r.kind, description: r.description, owner: r.owner, add: r.contains, roles: r.roles, when: r.conditional}
	if r.parameter != "" {
		e.parameters = []string{r.parameter}
	}
	d, err := a.editedRole(author, role.Definition{}, e)
	if err != nil {
		return err
	}
	id, err := a.roles().Edit(author, 0, 0, d)
	if err != nil || r.unpublished {
		return err
	}
	if err := a.roles().Submit(author, id, 0); err != nil {
		return err
	}
	if err := a.roles().Review(reviewer, id, 0, true, ""); err != nil {
		return err
	}
	if _, err := a.roles().Publish(author, id, 0); err != nil {
		return err
	}
	for _, number := range r.members {
		who, err := a.inventory().ResolveIdentity(author, number)
		if err != nil {
			return err
		}
		x := access.Assignment{Role: id, Identity: who, Parameters: r.values, Reason: "Came with the job"}
		if _, err := a.roles().Assign(author, x); err != nil {
			return err
		}
	}
	return a.follow(author)
}

// changeDemoRole lets buyers receive goods, too, which somebody is to look at: whoever
// orders should not receive.
func (a *app) changeDemoRole(author context.Context) error {
	id, err := a.roles().FindAny(author, "Buyer")
	if err != nil {
		return err
	}
	if drafts, err := a.db.Roles().Drafts(author, id); err != nil || len(drafts) > 0 {
		return err
	}
	d, err := a.definitionOf(author, id)
	if err != nil {
		return err
	}
	d, err = a.editedRole(author, d, roleEdit{add: []string{"erp-finance/Goods receipt", "ledger-db/ledger_read"}, remove: []string{"Remote work"}})
	if err != nil {
		return err
	}
	if _, err := a.roles().Edit(author, id, 0, d); err != nil {
		return err
	}
	return a.roles().Submit(author, id, 0)
}
