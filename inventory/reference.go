package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

const candidates = 6 // named when a name is ambiguous, less one

// ResolveIdentity finds an identity by id, number, email, login, or a name that
// only one has.
func (s *Service) ResolveIdentity(ctx context.Context, text string) (access.IdentityID, error) {
	if ref, err := access.ParseRef(text); err == nil && ref.Kind == access.KindIdentity {
		return access.IdentityID(ref.Key), nil
	}
	found, err := s.Store.FindIdentities(ctx, text, candidates)
	if err != nil {
		return 0, fmt.Errorf("looking for %q: %w", text, err)
	}
	switch len(found) {
	case 0:
		return 0, ErrNotFound.With("no identity has the number, email, login or name %q", text)
	case 1:
		return found[0], nil
	}
	refs := make([]access.Ref, len(found))
	for i, id := range found {
		refs[i] = id.Ref()
	}
	return 0, s.ambiguous(ctx, text, refs)
}

// ReferTo is how a text names an identity: what ResolveIdentity finds it by, its number
// before its name. One that is gone is named by nothing.
func (s *Service) ReferTo(ctx context.Context, id access.IdentityID) (string, error) {
	labels, err := s.Store.Names(ctx, []access.Ref{id.Ref()})
	if err != nil {
		return "", err
	}
	l, seen := labels[id.Ref()], false
	for _, text := range []string{l.Number, l.Name} {
		if text == "" {
			continue
		}
		found, err := s.Store.FindIdentities(ctx, text, candidates)
		if err != nil {
			return "", fmt.Errorf("looking for %q: %w", text, err)
		}
		if len(found) == 1 && found[0] == id {
			return text, nil
		}
		seen = seen || len(found) == candidates || slices.Contains(found, id)
	}
	if !seen {
		return "", nil
	}
	return "", ErrAmbiguous.With("%q names several identities, and no number tells them apart: give each a number of its own in its source", l.Name)
}

// ReferToEntitlements is how texts name entitlements: what ResolveTarget finds each by, its
// name before what its system calls it. One that is gone is left out.
func (s *Service) ReferToEntitlements(ctx context.Context, ids []access.EntitlementID) (map[access.EntitlementID]string, error) {
	refs := make([]access.Ref, len(ids))
	for i, id := range ids {
		refs[i] = id.Ref()
	}
	labels, err := s.Store.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	texts := make(map[access.EntitlementID]string, len(ids))
	for _, id := range ids {
		text, err := s.referTo(ctx, id.Ref(), labels[id.Ref()])
		if err != nil {
			return nil, err
		}
		if text != "" {
			texts[id] = text
		}
	}
	return texts, nil
}

func (s *Service) referTo(ctx context.Context, ref access.Ref, l access.Label) (string, error) {
	seen := false
	for _, text := range []string{l.Name, l.Native} {
		found, err := s.Store.FindTargets(ctx, l.System, text, candidates)
		if err != nil {
			return "", fmt.Errorf("looking for %q: %w", text, err)
		}
		if len(found) == 1 && found[0] == ref {
			return l.System + "/" + text, nil
		}
		seen = seen || len(found) == candidates || slices.Contains(found, ref)
	}
	if !seen {
		return "", nil
	}
	return "", ErrAmbiguous.With("%q in %s names several things, and so does what the system calls it", l.Name, l.System)
}

// ResolveTarget finds a system by name, or an entitlement or resource by id,
// SYSTEM/NAME, or a name that only one has.
func (s *Service) ResolveTarget(ctx context.Context, text string) (access.Ref, error) {
	if ref, err := access.ParseRef(text); err == nil {
		switch ref.Kind {
		case access.KindEntitlement, access.KindResource, access.KindSystem:
			return ref, nil
		default:
			return access.Ref{}, access.ErrID.With("%q is not an entitlement, a resource or a system", text)
		}
	}
	systems, err := s.Store.Systems(ctx)
	if err != nil {
		return access.Ref{}, err
	}
	for _, y := range systems {
		if y.Name == text {
			return y.ID.Ref(), nil
		}
	}
	system, name := splitSystem(systems, text)
	found, err := s.Store.FindTargets(ctx, system, name, candidates)
	if err != nil {
		return access.Ref{}, fmt.Errorf("looking for %q: %w", text, err)
	}
	switch len(found) {
	case 0:
		return access.Ref{}, ErrNotFound.With("no system, entitlement or resource is called %q; write SYSTEM/NAME, or the id", text)
	case 1:
		return found[0], nil
	}
	return access.Ref{}, s.ambiguous(ctx, text, found)
}

// ResolveAccount finds an account by id, SYSTEM/LOGIN, or a login that only one has.
func (s *Service) ResolveAccount(ctx context.Context, text string) (access.AccountID, error) {
	if ref, err := access.ParseRef(text); err == nil && ref.Kind == access.KindAccount {
		return access.AccountID(ref.Key), nil
	}
	systems, err := s.Store.Systems(ctx)
	if err != nil {
		return 0, err
	}
	system, login := splitSystem(systems, text)
	found, err := s.Store.FindAccounts(ctx, system, login, candidates)
	if err != nil {
		return 0, fmt.Errorf("looking for %q: %w", text, err)
	}
	switch len(found) {
	case 0:
		return 0, ErrNotFound.With("no account is called %q; write SYSTEM/LOGIN, or the id", text)
	case 1:
		return access.AccountID(found[0].Key), nil
	}
	return 0, s.ambiguous(ctx, text, found)
}

// splitSystem takes the longest system name that text begins with off its front.
func splitSystem(systems []System, text string) (system, name string) {
	name = text
	for _, y := range systems {
		if rest, ok := strings.CutPrefix(text, y.Name+"/"); ok && len(y.Name) > len(system) {
			system, name = y.Name, rest
		}
	}
	return system, name
}

func (s *Service) ambiguous(ctx context.Context, text string, refs []access.Ref) error {
	labels, err := s.Store.Names(ctx, refs)
	if err != nil {
		return err
	}
	var list []string
	for _, r := range refs[:min(len(refs), candidates-1)] {
		name := labels[r].Name
		if labels[r].System != "" {
			name = labels[r].System + "/" + name
		}
		list = append(list, fmt.Sprintf("%s (%s %s)", r, r.Kind, name))
	}
	if len(refs) >= candidates {
		list = append(list, "…")
	}
	return ErrAmbiguous.With("%q is ambiguous; use one of these ids: %s", text, strings.Join(list, ", "))
}
