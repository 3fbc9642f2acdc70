package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/inventory"
)

// roleEdit is what 'writ role new' and 'writ role edit' were told.
type roleEdit struct {
	name, kind, description, owner string
	add, roles, when, remove       []string
	parameters, from               []string
}

func (e *roleEdit) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.kind, "kind", e.kind, "its `kind`: business or technical")
	f.StringVar(&e.description, "description", "", "what it is for, as a `text`")
	f.StringVar(&e.owner, "owner", "", "the `person` who answers for it")
	f.StringArrayVar(&e.add, "entitlement", nil, "an `entitlement` that it contains, as SYSTEM/NAME or an id (repeatable)")
	f.StringArrayVar(&e.roles, "role", nil, "a published `role` that it contains (repeatable)")
	f.StringArrayVar(&e.from, "from", nil, "the attribute that birthright rules take a parameter from, as `name=identity.attributes.NAME` (repeatable)")
	f.StringArrayVar(&e.parameters, "parameter", nil, "a parameter and what it may be, as `name=value,value` (repeatable)")
	f.StringArrayVar(&e.when, "when", nil, "an entitlement or role for some values only, as `'name=value: PART'` (repeatable)")
}

func (a *app) roleNewCommand() *cobra.Command {
	e := roleEdit{kind: string(role.Business)}
	cmd := &cobra.Command{
		Use: "new NAME --owner PERSON [--entitlement E]... [--role R]...", Short: "Write the draft of a new role",
		Long: `Write the draft of a new role. It counts for nobody until somebody else has reviewed it
('writ role submit', 'writ role review') and it is published ('writ role publish').

A business role is what somebody does here; it contains technical roles, other business
roles and entitlements. A technical role is a bundle of entitlements for one purpose.

A role with --parameter is assigned with a value for each: what stands behind --when is
given for some values only.`,
		Example: `  writ role new 'Ledger reader' --kind technical --owner ana.sol@example.com --entitlement erp/Ledger-Read
  writ role new 'Sales office' --owner ana.sol@example.com --parameter region=emea,apac --entitlement crm/Users --when 'region=emea: crm/EMEA'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			e.name = args[0]
			d, err := a.editedRole(ctx, role.Definition{}, e)
			if err != nil {
				return err
			}
			id, err := a.roles().Edit(ctx, 0, 0, d)
			ans, err := a.showRole(ctx, id, "wrote the draft "+id.String(), err)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	e.register(cmd)
	return cmd
}

func (a *app) roleEditCommand() *cobra.Command {
	var e roleEdit
	cmd := &cobra.Command{
		Use: "edit ROLE [--entitlement E]... [--remove PART]...", Short: "Change the draft of a role, or begin one from what is published",
		Long: `Change the draft of a role, or begin one from what is published. What was approved has to
be reviewed anew. --parameter name= takes a parameter away, and --from name= the attribute
that it is taken from.`,
		Example: "  writ role edit 'Ledger reader' --entitlement erp/Ledger-Export --remove erp/Ledger-Read",
		Args:    cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			d, err := a.definitionOf(ctx, id)
			if err != nil {
				return nil, err
			}
			if d, err = a.editedRole(ctx, d, e); err != nil {
				return nil, err
			}
			_, err = a.roles().Edit(ctx, id, 0, d)
			return a.showRole(ctx, id, "wrote the draft", err)
		}),
	}
	e.register(cmd)
	cmd.Flags().StringVar(&e.name, "name", "", "another `name`")
	cmd.Flags().StringArrayVar(&e.remove, "remove", nil, "a `part` that it is to contain no longer (repeatable)")
	return cmd
}

// definitionOf is what a role is to become, or what it is.
func (a *app) definitionOf(ctx context.Context, id access.RoleID) (role.Definition, error) {
	drafts, err := a.db.Roles().Drafts(ctx, id)
	if err != nil {
		return role.Definition{}, err
	}
	if len(drafts) > 0 {
		return drafts[0].Definition, nil
	}
	r, err := a.roles().Find(ctx, id.String())
	if err != nil {
		return role.Definition{}, err
	}
	return r.Definition, nil
}

// editedRole is a definition with what a command was told.
func (a *app) editedRole(ctx context.Context, d role.Definition, e roleEdit) (role.Definition, error) {
	for _, change := range []struct {
		text string
		into *string
	}{{e.name, &d.Name}, {e.kind, (*string)(&d.Kind)}, {e.description, &d.Description}} {
		if change.text != "" {
			*change.into = change.text
		}
	}
	if e.owner != "" {
		owner, err := a.inventory().ResolveIdentity(ctx, e.owner)
		if err != nil {
			return d, err
		}
		d.Owner = owner
	}
	if err := errors.Join(editParameters(&d, e.parameters), editSources(&d, e.from)); err != nil {
		return d, err
	}
	return d, a.editParts(ctx, &d, e)
}

func editParameters(d *role.Definition, parameters []string) error {
	d.Parameters = slices.Clone(d.Parameters)
	for _, text := range parameters {
		name, values, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%w: --parameter %q is not name=value,value", errUsage, text)
		}
		next := role.Parameter{Name: name, Values: strings.Split(values, ",")}
		if i := slices.IndexFunc(d.Parameters, func(p role.Parameter) bool { return p.Name == name }); i >= 0 {
			next.From = d.Parameters[i].From
			d.Parameters = slices.Delete(d.Parameters, i, i+1)
		}
		if values != "" {
			d.Parameters = append(d.Parameters, next)
		}
	}
	return nil
}

// editSources says from which attributes parameters are taken.
func editSources(d *role.Definition, from []string) error {
	for _, text := range from {
		name, attribute, ok := strings.Cut(text, "=")
		i := slices.IndexFunc(d.Parameters, func(p role.Parameter) bool { return p.Name == name })
		switch {
		case !ok:
			return fmt.Errorf("%w: --from %q is not name=identity.attributes.NAME", errUsage, text)
		case i < 0:
			return role.ErrParameter.With("the role has no parameter %s: add it with --parameter", name)
		}
		d.Parameters[i].From = attribute
	}
	return nil
}

func (a *app) editParts(ctx context.Context, d *role.Definition, e roleEdit) error {
	d.Parts = slices.Clone(d.Parts)
	for _, text := range e.remove {
		part, err := a.resolvePart(ctx, text)
		if err != nil {
			return err
		}
		before := len(d.Parts)
		d.Parts = slices.DeleteFunc(d.Parts, func(p role.Part) bool { return p.Entitlement == part.Entitlement && p.Role == part.Role })
		if len(d.Parts) == before {
			return role.ErrPart.With("the role does not contain %q", text)
		}
	}
	for _, text := range e.add {
		id, err := a.resolveEntitlement(ctx, text)
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, role.Part{Entitlement: id})
	}
	for _, text := range e.roles {
		r, err := a.roles().Find(ctx, text)
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, role.Part{Role: r.ID})
	}
	for _, text := range e.when {
		values, name, ok := strings.Cut(text, ": ")
		when, err := valuesOf([]string{values})
		if err != nil || !ok {
			return fmt.Errorf("%w: --when %q is not 'name=value: PART'", errUsage, text)
		}
		part, err := a.resolvePart(ctx, name)
		if err != nil {
			return err
		}
		part.When = when
		d.Parts = append(d.Parts, part)
	}
	return nil
}

// resolvePart is the entitlement that a text names, or else the role.
func (a *app) resolvePart(ctx context.Context, text string) (role.Part, error) {
	if r, err := a.roles().Find(ctx, text); err == nil {
		return role.Part{Role: r.ID}, nil
	}
	id, err := a.resolveEntitlement(ctx, text)
	if errors.Is(err, inventory.ErrNotFound) {
		err = role.ErrPart.With("no entitlement and no published role is called %q; write an entitlement as SYSTEM/NAME", text)
	}
	return role.Part{Entitlement: id}, err
}

// valuesOf reads name=value, with commas between several.
func valuesOf(texts []string) (role.Values, error) {
	v := role.Values{}
	for _, text := range texts {
		for pair := range strings.SplitSeq(text, ",") {
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if !ok || name == "" || value == "" {
				return nil, fmt.Errorf("%w: %q is not name=value", errUsage, pair)
			}
			v[name] = value
		}
	}
	return v, nil
}
