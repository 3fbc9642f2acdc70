package vaultapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// names refuses a request that names no secret.
func (q *request) names() error {
	if q.name == "" || q.folder {
		return ErrRoute.With("this names no secret: a path is SAFE/%s/NAME", q.verb)
	}
	return nil
}

// named is the secret that a request names, for an action.
func (a *API) named(ctx context.Context, q *request, action string) (Secret, error) {
	if err := q.names(); err != nil {
		return Secret{}, err
	}
	return a.Safes.Secret(ctx, q.safe, q.name, action)
}

// fetch is the secret that a request names, with the value of a version.
func (a *API) fetch(ctx context.Context, q *request, number int, why Why) (x Secret, v Version, plain secret.Secret, err error) {
	if err := q.names(); err != nil {
		return x, v, plain, err
	}
	return a.Safes.Fetch(ctx, q.safe, q.name, number, why)
}

type dataOf struct {
	Data     json.RawMessage `json:"data"`
	Metadata told            `json:"metadata"`
}

func (a *API) readData(ctx context.Context, q *request) (*reply, error) {
	number := 0
	if text := q.URL.Query().Get("version"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil || number < 0 {
			return nil, ErrBody.With("the version is a number")
		}
	}
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	x, v, plain, err := a.fetch(ctx, q, number, why)
	if errors.Is(err, ErrGone) {
		return a.gone(ctx, x, number)
	}
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	fields, err := x.fields(plain)
	if err != nil {
		return nil, err
	}
	return &reply{data: dataOf{fields, tell(x, v)}, value: fields}, nil
}

// gone says of a version that cannot be opened any more that it was there.
func (a *API) gone(ctx context.Context, x Secret, number int) (*reply, error) {
	list, err := a.Safes.Versions(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range list { // the newest first
		if number != 0 && v.Number != number || v.State == Pending {
			continue
		}
		if v.State != Deleted && v.State != Destroyed {
			break
		}
		return &reply{status: http.StatusNotFound, data: dataOf{json.RawMessage("null"), tell(x, v)}}, nil
	}
	return nil, ErrNone
}

// putting is what a client sends to keep data.
type putting struct {
	Data    json.RawMessage `json:"data"`
	Options struct {
		CAS *int `json:"cas"`
	} `json:"options"`
}

func (a *API) writeData(ctx context.Context, q *request) (*reply, error) {
	var p putting
	if err := q.body(&p); err != nil {
		return nil, err
	}
	defer clear(p.Data)
	r, err := a.put(ctx, q, p)
	if errors.Is(err, ErrNone) && (p.Options.CAS == nil || *p.Options.CAS == 0) {
		return a.add(ctx, q, p)
	}
	if errors.Is(err, ErrNone) {
		return nil, ErrMatch
	}
	return r, err
}

// add keeps a secret that is not there yet. Where somebody else did so meanwhile, a client
// that does not care keeps another version.
func (a *API) add(ctx context.Context, q *request, p putting) (*reply, error) {
	x := Secret{Name: q.name, Kind: kindJSON}
	plain, err := x.plain(p.Data)
	if err != nil {
		return nil, err
	}
	v, err := a.Safes.Add(ctx, q.safe, q.name, plain)
	if errors.Is(err, ErrMatch) && p.Options.CAS == nil {
		return a.put(ctx, q, p)
	}
	if err != nil {
		return nil, err
	}
	return &reply{data: tell(x, v)}, nil
}

func (a *API) put(ctx context.Context, q *request, p putting) (*reply, error) {
	if err := q.names(); err != nil {
		return nil, err
	}
	x, v, err := a.Safes.Put(ctx, q.safe, q.name, func(x Secret) (base int, plain secret.Secret, err error) {
		if base, err = a.base(ctx, x, p.Options.CAS); err == nil {
			plain, err = x.plain(p.Data)
		}
		return base, plain, err
	})
	if err != nil {
		return nil, err
	}
	return &reply{data: tell(x, v)}, nil
}

// base is which version has to be the current one. To Vault the newest is, deleted or not; to
// Writ there is none where that one is deleted.
func (a *API) base(ctx context.Context, x Secret, cas *int) (int, error) {
	switch {
	case cas == nil:
		return 0, nil
	case *cas > 0 && *cas == x.Current:
		return *cas, nil
	case *cas > 0 && x.Current == 0:
		list, err := a.Safes.Versions(ctx, x.ID)
		if err != nil {
			return 0, err
		}
		if newest(list).Number == *cas {
			return -1, nil
		}
	}
	return 0, ErrMatch
}

// newest is the newest version that was ever the current one.
func newest(list []Version) Version {
	for _, v := range list {
		if v.State != Pending {
			return v
		}
	}
	return Version{}
}

// patchData merges what is sent into the current value, which takes seeing it.
func (a *API) patchData(ctx context.Context, q *request) (*reply, error) {
	var p putting
	if err := q.body(&p); err != nil {
		return nil, err
	}
	defer clear(p.Data)
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	if _, err := a.named(ctx, q, toChange); err != nil {
		return nil, err
	}
	x, v, plain, err := a.fetch(ctx, q, 0, why)
	if errors.Is(err, ErrGone) {
		return a.gone(ctx, x, 0)
	}
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	if p.Options.CAS != nil && *p.Options.CAS != v.Number {
		return nil, ErrMatch
	}
	was, err := x.fields(plain)
	if err != nil {
		return nil, err
	}
	defer clear(was)
	whole, err := merged(was, p.Data)
	if err != nil {
		return nil, err
	}
	defer clear(whole)
	_, made, err := a.Safes.Put(ctx, q.safe, q.name, func(by Secret) (int, secret.Secret, error) {
		if by.ID != x.ID { // another one has the name by now
			return 0, secret.Secret{}, ErrMatch
		}
		next, err := x.plain(whole)
		return v.Number, next, err
	})
	if err != nil {
		return nil, err
	}
	return &reply{data: tell(x, made)}, nil
}

func (a *API) deleteLatest(ctx context.Context, q *request) (*reply, error) {
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	x, err := a.named(ctx, q, toChange)
	if errors.Is(err, ErrNone) {
		return &reply{}, nil // as Vault answers: it is not there
	}
	if err != nil {
		return nil, err
	}
	if x.Current == 0 {
		return &reply{}, nil
	}
	return &reply{}, a.Safes.Delete(ctx, x.ID, x.Current, why)
}

func (a *API) deleteVersions(ctx context.Context, q *request) (*reply, error) {
	return a.eachVersion(ctx, q, a.Safes.Delete)
}

func (a *API) undeleteVersions(ctx context.Context, q *request) (*reply, error) {
	return a.eachVersion(ctx, q, a.Safes.Undelete)
}

func (a *API) destroyVersions(ctx context.Context, q *request) (*reply, error) {
	return a.eachVersion(ctx, q, a.Safes.Destroy)
}

// maxVersions bounds what one request does.
const maxVersions = 100

func (a *API) eachVersion(ctx context.Context, q *request, do func(context.Context, access.SecretID, int, Why) error) (*reply, error) {
	var b struct {
		Versions []json.Number `json:"versions"` // clients send numbers, or those as text
	}
	if err := q.body(&b); err != nil {
		return nil, err
	}
	if len(b.Versions) == 0 || len(b.Versions) > maxVersions {
		return nil, ErrBody.With("no version number provided: it takes from 1 to %d in versions", maxVersions)
	}
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	x, err := a.named(ctx, q, toChange)
	if err != nil {
		return nil, err
	}
	for _, text := range b.Versions {
		number, err := strconv.Atoi(text.String())
		if err != nil || number < 1 {
			return nil, ErrBody.With("a version is a number from 1")
		}
		if err := do(ctx, x.ID, number, why); err != nil {
			return nil, err
		}
	}
	return &reply{}, nil
}
