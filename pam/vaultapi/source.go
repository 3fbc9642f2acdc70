package vaultapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// ErrSource is returned where another Vault is not read.
var ErrSource = fault.New(fault.Unavailable, "vault-source", "the other Vault could not be read")

// Source is the key-value engine of another Vault, or of another Writ, as somebody with a
// token of it may read it. What it says is not trusted: its names become paths only where
// they are names.
type Source struct {
	client  *outbound.Client
	address string
	token   secret.Secret
	mount   string
	second  bool // the second version of the engine
}

// The caps on what is read.
const (
	maxKeys    = 100_000
	maxFolders = 10_000
	maxNested  = 32 // one in the other
	maxAnswer  = 8 << 20
)

var errTooMany = ErrSource.With("there are more than %d keys or %d folders, or more than %d folders in each other: read a part of them", maxKeys, maxFolders, maxNested)

// NewSource asks which version the engine at a mount is of.
func NewSource(ctx context.Context, address, mount string, token secret.Secret) (*Source, error) {
	client, err := outbound.New(outbound.Config{URL: address, Own: true, MaxBody: maxAnswer})
	if err != nil {
		return nil, err
	}
	s := &Source{client: client, address: strings.TrimRight(address, "/"), token: token, mount: strings.Trim(mount, "/")}
	if _, _, ok := split(root + s.mount); !ok {
		return nil, ErrSource.With("%q is no mount", mount)
	}
	var m struct {
		Data struct {
			Type    string            `json:"type"`
			Options map[string]string `json:"options"`
		} `json:"data"`
	}
	there, err := s.get(ctx, "sys/internal/ui/mounts/"+s.mount, nil, &m)
	switch kind := m.Data.Type; {
	case err != nil:
		return nil, err
	case !there, kind != "kv" && kind != "generic":
		return nil, ErrSource.With("there is no key-value engine at the mount %s", s.mount)
	}
	s.second = m.Data.Options["version"] == "2"
	return s, nil
}

// Close hangs up.
func (s *Source) Close() { s.client.Close() }

// get reads one answer; false is 404.
func (s *Source) get(ctx context.Context, path string, query url.Values, into any) (bool, error) {
	u, err := url.Parse(s.address)
	if err != nil {
		return false, outbound.ErrURL
	}
	u = u.JoinPath("v1")
	u.Path, u.RawPath, u.RawQuery = u.Path+"/"+path, "", query.Encode()
	r, err := s.client.Do(ctx, http.MethodGet, u.String(), http.Header{
		tokenHeader: {string(s.token.Reveal())}, "X-Vault-Request": {"true"}, reasonHeader: {"import"},
	}, nil)
	if err != nil {
		return false, ErrSource.Because(err)
	}
	defer r.Body.Close() //nolint:errcheck // read only
	switch {
	case r.StatusCode == http.StatusNotFound:
		return false, nil
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return false, ErrSource.With("the token may not read %s there", path)
	case r.StatusCode != http.StatusOK:
		return false, ErrSource.With("the other Vault answers %d for %s", r.StatusCode, path)
	}
	b, err := io.ReadAll(r.Body)
	defer clear(b)
	if err != nil {
		return false, ErrSource.Because(err)
	}
	if httpapi.Unmarshal(b, into) != nil {
		return false, ErrSource.With("what the other Vault answers for %s is not what a Vault does", path)
	}
	return true, nil
}

// List returns the paths of all keys below a folder, in order.
func (s *Source) List(ctx context.Context, folder string) ([]string, error) {
	folder = strings.Trim(folder, "/")
	var w walked
	err := s.walk(ctx, folder, 0, &w)
	return w.keys, err
}

// walked is what was found so far: a server may say without end that there are more folders.
type walked struct {
	keys    []string
	folders int
}

func (s *Source) walk(ctx context.Context, folder string, depth int, into *walked) error {
	if into.folders++; into.folders > maxFolders {
		return errTooMany
	}
	path := s.mount
	if s.second {
		path += "/metadata"
	}
	if folder != "" {
		path += "/" + folder
	}
	var l struct {
		Data names `json:"data"`
	}
	if _, err := s.get(ctx, path, url.Values{"list": {"true"}}, &l); err != nil {
		return err
	}
	slices.Sort(l.Data.Keys)
	for _, key := range slices.Compact(l.Data.Keys) {
		name, deeper := strings.CutSuffix(key, "/")
		if _, _, ok := split(root + name); !ok || strings.Contains(name, "/") {
			return ErrSource.With("the other Vault has a key below %q whose name cannot be kept: rename it there", path)
		}
		at := strings.TrimPrefix(folder+"/"+name, "/")
		switch {
		case deeper && depth == maxNested, len(into.keys) == maxKeys:
			return errTooMany
		case deeper:
			if err := s.walk(ctx, at, depth+1, into); err != nil {
				return err
			}
		default:
			into.keys = append(into.keys, at)
		}
	}
	return nil
}

// Found is a value that is there to be read, by its number.
type Found struct {
	Number int // zero in an engine of the first version
	Labels map[string]string
}

// Versions are those of a key that can be read, the oldest first.
func (s *Source) Versions(ctx context.Context, path string) (list []Found, err error) {
	if !s.second {
		return []Found{{}}, nil
	}
	var m struct {
		Data struct {
			CustomMetadata map[string]string      `json:"custom_metadata"`
			Versions       map[string]versionTold `json:"versions"`
		} `json:"data"`
	}
	if _, err := s.get(ctx, s.mount+"/metadata/"+path, nil, &m); err != nil {
		return nil, err
	}
	for text, v := range m.Data.Versions {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return nil, ErrSource.With("the other Vault has a version that is no number, of %s", path)
		}
		if v.DeletionTime == "" && !v.Destroyed {
			list = append(list, Found{number, m.Data.CustomMetadata})
		}
	}
	slices.SortFunc(list, func(a, b Found) int { return a.Number - b.Number })
	return list, nil
}

// Read returns the value of a version as a JSON object. Whoever calls wipes it.
func (s *Source) Read(ctx context.Context, path string, number int) (secret.Secret, error) {
	at, query := s.mount+"/"+path, url.Values(nil)
	if s.second {
		at, query = s.mount+"/data/"+path, url.Values{"version": {strconv.Itoa(number)}}
	}
	var first struct {
		Data json.RawMessage `json:"data"`
	}
	there, err := s.get(ctx, at, query, &first)
	defer clear(first.Data)
	data := first.Data
	if err == nil && there && s.second {
		var second struct {
			Data json.RawMessage `json:"data"`
		}
		err = json.Unmarshal(first.Data, &second)
		data = second.Data
		defer clear(data)
	}
	switch {
	case err != nil:
		return secret.Secret{}, err
	case !there:
		return secret.Secret{}, ErrSource.With("the value of %s is not there any more: begin again", path)
	case !isObject(data):
		return secret.Secret{}, ErrSource.With("the value of %s is no object", path)
	}
	return secret.New(data), nil
}
