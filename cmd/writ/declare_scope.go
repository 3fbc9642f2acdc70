package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/policy"
)

const scopeKind = "scope"

// scopeSpec is what a document says of a scope.
type scopeSpec struct {
	In string `json:"in,omitempty" maxLength:"100" doc:"The scope that it lies in; without one, the organisation as a whole"`
}

// References implements declare.References.
func (s scopeSpec) References() []declare.Name { return scopeNamed(s.In) }

func scopeNamed(name string) []declare.Name {
	if name == "" {
		return nil
	}
	return []declare.Name{{Kind: scopeKind, Name: name}}
}

// scopeDocuments declares the organisation's tree. What is there stays where it is, and
// for ever: renaming and moving are not a matter of names.
type scopeDocuments struct{ scopes policy.Scopes }

// List implements declare.Kind.
func (k scopeDocuments) List(ctx context.Context) ([]declare.Thing[scopeSpec], error) {
	list, err := k.scopes.Store.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	names := map[access.ScopeID]string{}
	for _, x := range list {
		names[x.ID] = x.Name
	}
	things := make([]declare.Thing[scopeSpec], len(list))
	for i, x := range list {
		things[i] = declare.Thing[scopeSpec]{Name: x.Name, Spec: scopeSpec{names[x.Parent]}, Version: x.Version, Stays: "a scope is for ever"}
	}
	return things, nil
}

// Check implements declare.Kind.
func (k scopeDocuments) Check(_ context.Context, c declare.Change[scopeSpec]) (scopeSpec, error) {
	x := policy.Scope{Name: c.Name}
	switch err := x.Validate(); {
	case err != nil:
		return scopeSpec{}, err
	case x.Name != c.Name:
		return scopeSpec{}, policy.ErrScopeName.With("write the name as %q, with single spaces", x.Name)
	case c.Was != nil && c.Was.Spec != *c.Is:
		return scopeSpec{}, policy.ErrScopeTaken.With("it lies in %s, and a scope stays where it lies: add one of another name", inScope(c.Was.Spec.In))
	}
	return *c.Is, nil
}

func inScope(name string) string {
	if name == "" {
		return "the organisation as a whole"
	}
	return name
}

// Demands implements declare.Kind. What lies in a scope that is yet to be made takes
// whoever may change the whole tree.
func (k scopeDocuments) Demands(ctx context.Context, c declare.Change[scopeSpec]) ([]declare.Demand, error) {
	parent, err := k.id(ctx, c.Is.In)
	if err != nil {
		parent = 0
	}
	return []declare.Demand{{Action: "scope.change", Object: policy.Object{Resource: policy.Resource{Ref: parent.Ref(), Scope: parent}}}}, nil
}

// id is the scope of a name; none is the organisation as a whole.
func (k scopeDocuments) id(ctx context.Context, name string) (access.ScopeID, error) {
	if name == "" {
		return 0, nil
	}
	x, err := k.scopes.Find(ctx, name)
	return x.ID, err
}

// Put implements declare.Kind.
func (k scopeDocuments) Put(ctx context.Context, c declare.Change[scopeSpec], _ string) error {
	parent, err := k.id(ctx, c.Is.In)
	if err != nil {
		return err
	}
	_, err = k.scopes.Add(ctx, policy.Scope{Name: c.Name, Parent: parent})
	return err
}

// Remove implements declare.Kind.
func (k scopeDocuments) Remove(_ context.Context, c declare.Change[scopeSpec], _ string) error {
	return policy.ErrScopeTaken.With("scope %s stays: %s", c.Name, c.Was.Stays)
}
