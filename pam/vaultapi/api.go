package vaultapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the Vault-compatible API. Lender and Signer may be nil: then nothing is lent, or
// signed.
type API struct {
	Safes   Safes
	Tokens  Tokens
	Seal    Seal
	Lender  Lender
	Signer  Signer
	Version string // of Writ
}

// Why is what a client may say of a use, where terms ask for it.
type Why struct{ Reason, Ticket string }

// Headers that say why, for clients that can send more than Vault asks for.
const (
	reasonHeader = "X-Writ-Reason"
	ticketHeader = "X-Writ-Ticket"
	tokenHeader  = "X-Vault-Token" //nolint:gosec // the name of a header
)

// verb is what a request does to its path.
type verb string

// The verbs, which methods stand for.
const (
	read   verb = "read"
	list   verb = "list"
	update verb = "update"
	patch  verb = "patch"
	remove verb = "delete"
)

func verbOf(r *http.Request) verb {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if r.URL.Query().Get("list") == "true" {
			return list
		}
		return read
	case "LIST":
		return list
	case http.MethodPost, http.MethodPut:
		return update
	case http.MethodPatch:
		return patch
	case http.MethodDelete:
		return remove
	}
	return ""
}

// request is one that was understood so far.
type request struct {
	*http.Request
	w    http.ResponseWriter
	rest []string // what of the path its route leaves
	place
}

// route is an operation on a path. One that ends with a slash leaves the rest of the path to
// its operation.
type route struct {
	verb verb
	path string
	open bool // for whoever calls
	do   func(a *API, ctx context.Context, q *request) (*reply, error)
}

// routes are what is not in a safe; inSafe is by the word that follows its name.
var (
	routes = append(append(sysRoutes, tokenRoutes...), append(leaseRoutes, sshRoutes...)...)
	inSafe = []route{
		{read, "data/", false, (*API).readData},
		{update, "data/", false, (*API).writeData},
		{patch, "data/", false, (*API).patchData},
		{remove, "data/", false, (*API).deleteLatest},
		{update, "delete/", false, (*API).deleteVersions},
		{update, "undelete/", false, (*API).undeleteVersions},
		{update, "destroy/", false, (*API).destroyVersions},
		{list, "metadata/", false, (*API).listNames},
		{read, "metadata/", false, (*API).readMetadata},
		{update, "metadata/", false, (*API).writeMetadata},
		{patch, "metadata/", false, (*API).patchMetadata},
		{remove, "metadata/", false, (*API).deleteMetadata},
		{read, "config", false, (*API).readConfig},
	}
)

// find returns the route of a path; other is that there is one for another verb.
func find(table []route, v verb, parts []string) (found *route, rest []string, other bool) {
	path := strings.Join(parts, "/")
	for i := range table {
		t := &table[i]
		switch {
		case t.path == path:
			rest = nil
		case strings.HasSuffix(t.path, "/") && (strings.HasPrefix(path, t.path) || path+"/" == t.path):
			rest = parts[strings.Count(t.path, "/"):]
		default:
			continue
		}
		if t.verb == v {
			return t, rest, true
		}
		other = true
	}
	return nil, nil, other
}

// understood is a request with the route that it takes.
func (a *API) understood(w http.ResponseWriter, r *http.Request) (*route, *request, error) {
	parts, folder, ok := split(r.URL.Path)
	if !ok {
		return nil, nil, ErrRoute
	}
	q := &request{Request: r, w: w}
	table, path := routes, parts
	if q.place, ok = placeOf(parts, folder); ok {
		table, path = inSafe, parts[1:]
	}
	t, rest, other := find(table, verbOf(r), path)
	switch {
	case t == nil && (other || own[parts[0]] || ok):
		return nil, nil, ErrUnsupported
	case t == nil:
		return nil, nil, ErrRoute
	case r.Method == http.MethodHead && !t.open: // it would open a value and show it to nobody
		return nil, nil, ErrUnsupported
	}
	q.rest = rest
	return t, q, nil
}

// Shown implements server.Foreign. What is open to everybody is answered to everybody alike,
// whatever they show.
func (a *API) Shown(r *http.Request) {
	r.Header.Del("Cookie")
	given := r.Header.Values(tokenHeader)
	if len(given) > 0 {
		r.Header.Del("Authorization")
	}
	for _, text := range given {
		r.Header.Add("Authorization", "Bearer "+text)
	}
	r.Header.Del(tokenHeader)
	if t, _, err := a.understood(nil, r); err == nil && t.open {
		r.Header.Del("Authorization")
	}
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, q, err := a.understood(w, r)
	if err != nil {
		r.Pattern = root
		a.Refuse(w, r, err)
		return
	}
	r.Pattern = root + t.path
	if q.safe != "" {
		r.Pattern = root + "{safe}/" + t.path
	}
	y, err := a.answer(r.Context(), t, q)
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	y.send(w, r)
}

func (a *API) answer(ctx context.Context, t *route, q *request) (*reply, error) {
	if _, known := policy.CallerOf(ctx); !known && !t.open {
		return nil, ErrToken
	}
	switch {
	case q.Header.Get("X-Vault-Wrap-TTL") != "":
		return nil, ErrUnsupported.With("Writ wraps no answers: ask without -wrap-ttl")
	case strings.Trim(q.Header.Get("X-Vault-Namespace"), "/") != "" && q.Header.Get("X-Vault-Namespace") != "root":
		return nil, ErrUnsupported.With("Writ has no namespaces: ask without one")
	}
	return t.do(a, ctx, q)
}

// maxBody is more than any value that is kept.
const maxBody = 1 << 20

// body reads what was sent.
func (q *request) body(into any) error {
	b, err := io.ReadAll(http.MaxBytesReader(q.w, q.Body, maxBody))
	defer clear(b)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return httpapi.ErrTooLarge
	}
	if err != nil {
		return httpapi.ErrEnded
	}
	if len(b) == 0 {
		return nil
	}
	if err := httpapi.Unmarshal(b, into); err != nil {
		return ErrBody.With("what was sent is not the JSON that this takes: %v", err)
	}
	return nil
}

// why reads what the client says of a use.
func (q *request) why() (w Why, err error) {
	if w.Reason, err = access.Said(q.Header.Get(reasonHeader)); err != nil {
		return w, err
	}
	w.Ticket, err = access.Said(q.Header.Get(ticketHeader))
	return w, err
}
