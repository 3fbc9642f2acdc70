package analytics

import (
	"context"
	"fmt"
	"strings"

	"github.com/writhq/writ/access"
)

// labelled looks up the labels of objects.
func labelled(ctx context.Context, names Names, refs []access.Ref) (func(access.Ref) *access.Named, error) {
	labels, err := names.Names(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("looking up names: %w", err)
	}
	return func(r access.Ref) *access.Named {
		n := labels[r].Named(r)
		return &n
	}, nil
}

// ShowOutliers puts names to outliers. A manager whom a group has is called by their name.
func ShowOutliers(ctx context.Context, names Names, list []Outlier) ([]OutlierShown, error) {
	var refs []access.Ref
	for _, o := range list {
		refs = append(refs, o.Identity.Ref(), o.Entitlement.Ref(), o.System.Ref())
		refs = managersIn(refs, o.Group)
	}
	named, err := labelled(ctx, names, refs)
	if err != nil {
		return nil, err
	}
	shown := make([]OutlierShown, len(list))
	for i, o := range list {
		group := groupShown(named, o.Group)
		shown[i] = OutlierShown{
			Identity: named(o.Identity.Ref()), Entitlement: named(o.Entitlement.Ref()), System: named(o.System.Ref()),
			Tier: o.Tier, Grant: o.Grant, Peers: o.Peers, Having: o.Having, Group: group, Use: o.Use, LastUsed: o.LastUsed,
			Justified: o.Justified, Score: o.Score, Why: o.Why(group),
		}
	}
	return shown, nil
}

// manager is the manager that a group has, where it is alike in that.
func manager(t Trait) (access.Ref, bool) {
	ref, err := access.ParseRef(t.Value)
	return ref, err == nil && t.Attribute == "manager"
}

// managersIn adds the managers that a group has to what is to be named.
func managersIn(refs []access.Ref, group []Trait) []access.Ref {
	for _, t := range group {
		if ref, is := manager(t); is {
			refs = append(refs, ref)
		}
	}
	return refs
}

// groupShown is what a group is alike in, with its manager by name.
func groupShown(named func(access.Ref) *access.Named, group []Trait) []Trait {
	shown := make([]Trait, len(group))
	for i, t := range group {
		if ref, is := manager(t); is {
			t.Value = named(ref).Name
		}
		shown[i] = t
	}
	return shown
}

// Why says in one sentence what stands out, and what to ask.
func (o Outlier) Why(group []Trait) string {
	var b strings.Builder
	switch o.Having {
	case 0:
		_, _ = fmt.Fprintf(&b, "none of %d peers has it", o.Peers)
	case 1:
		_, _ = fmt.Fprintf(&b, "1 of %d peers has it", o.Peers)
	default:
		_, _ = fmt.Fprintf(&b, "%d of %d peers have it", o.Having, o.Peers)
	}
	if len(group) > 0 {
		var alike []string
		for _, t := range group {
			alike = append(alike, t.Attribute+" "+t.Value)
		}
		b.WriteString(" (" + strings.Join(alike, ", ") + ")")
	}
	switch {
	case o.Use == Unused && o.LastUsed == 0:
		b.WriteString("; it was never used")
	case o.Use == Unused:
		b.WriteString("; it was last used on " + o.LastUsed.Time().Format("2006-01-02"))
	case o.Use == Used:
		b.WriteString("; it is used")
	case o.Use == Recent:
		b.WriteString("; it is new, and not used yet")
	case o.Use == Unknown:
		b.WriteString("; whether it is used is not known")
	}
	if o.Justified {
		b.WriteString("; something justifies it")
	}
	return b.String() + ": ask whether it is still needed"
}
