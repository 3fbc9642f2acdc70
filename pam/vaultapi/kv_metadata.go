package vaultapi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
)

// settings are what Vault keeps of a key, or of a mount, and Writ of neither.
type settings struct {
	CASRequired        bool   `json:"cas_required"`
	DeleteVersionAfter string `json:"delete_version_after"`
	MaxVersions        int    `json:"max_versions"`
}

var unset = settings{DeleteVersionAfter: "0s"}

func (a *API) readConfig(ctx context.Context, q *request) (*reply, error) {
	if _, err := a.Safes.Safe(ctx, q.safe); err != nil {
		return nil, err
	}
	return &reply{data: unset}, nil
}

type names struct {
	Keys []string `json:"keys"`
}

// listNames lists what is in a folder, by name.
func (a *API) listNames(ctx context.Context, q *request) (*reply, error) {
	list, err := a.Safes.Secrets(ctx, q.safe)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, x := range list {
		if name, ok := q.below(x.Name); ok && named(q.safe, x.Name) {
			found[name] = true
		}
	}
	if len(found) == 0 {
		return nil, ErrNone
	}
	return &reply{data: names{slices.Sorted(maps.Keys(found))}}, nil
}

type versionTold struct {
	CreatedTime  string `json:"created_time"`
	DeletionTime string `json:"deletion_time"`
	Destroyed    bool   `json:"destroyed"`
}

type metadata struct {
	settings
	CreatedTime    string                 `json:"created_time"`
	UpdatedTime    string                 `json:"updated_time"`
	CurrentVersion int                    `json:"current_version"`
	OldestVersion  int                    `json:"oldest_version"`
	CustomMetadata map[string]string      `json:"custom_metadata"`
	Versions       map[string]versionTold `json:"versions"`
}

func (a *API) readMetadata(ctx context.Context, q *request) (*reply, error) {
	x, err := a.named(ctx, q, toRead)
	if err != nil {
		return nil, err
	}
	list, err := a.Safes.Versions(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	m := metadata{settings: unset, CurrentVersion: x.Current, Versions: map[string]versionTold{}}
	if len(x.Labels) > 0 {
		m.CustomMetadata = x.Labels
	}
	last := newest(list)
	if m.CurrentVersion == 0 {
		m.CurrentVersion = last.Number
	}
	m.UpdatedTime = moment(last.At)
	for _, v := range list {
		if v.State == Pending {
			continue
		}
		m.Versions[strconv.Itoa(v.Number)] = versionTold{moment(v.At), moment(v.Ended), v.State == Destroyed}
		m.CreatedTime, m.OldestVersion = moment(v.At), v.Number
	}
	return &reply{data: m}, nil
}

// describing is what a client sends of a key's metadata. A null in a patch takes a label
// away.
type describing struct {
	Custom             map[string]*string `json:"custom_metadata"`
	CASRequired        *bool              `json:"cas_required"`
	DeleteVersionAfter *string            `json:"delete_version_after"`
	MaxVersions        *int               `json:"max_versions"`
}

// kept refuses what Writ has no place for.
func (d describing) kept() error {
	after := d.DeleteVersionAfter
	if d.CASRequired != nil && *d.CASRequired || d.MaxVersions != nil && *d.MaxVersions != 0 || after != nil && *after != "" && *after != "0" && *after != "0s" {
		return ErrUnsupported.With("Writ keeps custom_metadata, and neither cas_required, max_versions nor delete_version_after: a version stays until it is deleted")
	}
	return nil
}

func (a *API) writeMetadata(ctx context.Context, q *request) (*reply, error) {
	return a.describe(ctx, q, func(Secret) map[string]string { return map[string]string{} })
}

func (a *API) patchMetadata(ctx context.Context, q *request) (*reply, error) {
	return a.describe(ctx, q, func(x Secret) map[string]string { return maps.Clone(x.Labels) })
}

// describe keeps the labels of a secret, beginning with some.
func (a *API) describe(ctx context.Context, q *request, from func(x Secret) map[string]string) (*reply, error) {
	var d describing
	if err := q.body(&d); err != nil {
		return nil, err
	}
	if err := d.kept(); err != nil {
		return nil, err
	}
	x, err := a.named(ctx, q, toChange)
	if errors.Is(err, ErrNone) {
		return nil, ErrBody.With("a secret begins with its first value: put that, then describe it")
	}
	if err != nil || d.Custom == nil {
		return &reply{}, err
	}
	labels := from(x)
	if labels == nil {
		labels = map[string]string{}
	}
	for k, v := range d.Custom {
		if v == nil {
			delete(labels, k)
		} else {
			labels[k] = *v
		}
	}
	return &reply{}, a.Safes.Label(ctx, x.ID, labels)
}

// deleteMetadata deletes a secret with all of its versions. Vault destroys them; in Writ that
// takes a person.
func (a *API) deleteMetadata(ctx context.Context, q *request) (*reply, error) {
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	x, err := a.named(ctx, q, toChange)
	if errors.Is(err, ErrNone) {
		return &reply{}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := a.Safes.Delete(ctx, x.ID, 0, why); err != nil {
		return nil, err
	}
	return &reply{warnings: []string{"the secret is deleted with all of its versions, and keeps its name until somebody destroys it or brings it back in Writ"}}, nil
}
