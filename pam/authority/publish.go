package authority

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// Where what is public of an authority is read, without signing in.
const (
	wellKnown = "/.well-known/writ/"
	Pattern   = "GET " + wellKnown + "{authority}/{file...}"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// issuer is what an authority calls itself in its tokens.
func (s *Service) issuer(a *Authority) string { return s.Origin + wellKnown + a.ID.String() }

// listAddress is where the list is of what is revoked of what a key signed; none where it
// is not known how others reach this installation.
func (s *Service) listAddress(a *Authority, k Key) string {
	if s.Origin == "" {
		return ""
	}
	return s.issuer(a) + "/revoked-" + strconv.Itoa(k.Number) + ".crl"
}

// Public is what is public of an authority: everything that verifies what it signed.
type Public struct {
	Name  string // of the file
	Type  string
	Bytes []byte
}

// The files of each kind.
const (
	fileCA        = "ca.pub"
	fileHosts     = "known_hosts"
	fileKRL       = "revoked.krl"
	fileRoots     = "ca.pem"
	fileCRL       = "revoked.crl"
	fileKeySet    = "jwks.json"
	fileDiscovery = ".well-known/openid-configuration"
)

const (
	textType  = "text/plain; charset=utf-8"
	bytesType = "application/octet-stream"
)

// Files are the names of what is public of a kind.
func (k Kind) Files() []string {
	switch k {
	case SSHUser:
		return []string{fileCA, fileKRL}
	case SSHHost:
		return []string{fileCA, fileHosts, fileKRL}
	case X509Client:
		return []string{fileRoots, fileCRL}
	case JWT:
		return []string{fileKeySet, fileDiscovery}
	}
	return nil
}

// Publish makes one of the files that are public of an authority.
func (s *Service) Publish(ctx context.Context, id access.AuthorityID, file string) (p Public, err error) {
	k, err := s.look(ctx, false)
	if err != nil {
		return p, err
	}
	a, ok := k.authorities[id]
	if !ok {
		if k, err = s.look(ctx, true); err != nil {
			return p, err
		}
		if a, ok = k.authorities[id]; !ok {
			return p, ErrNoAuthority
		}
	}
	p, at := Public{Name: file, Type: textType}, max(s.now(), k.at)
	var text string
	switch {
	case a.Kind.ssh() && file == fileCA:
		text, err = a.sshLines("", at)
	case a.Kind == SSHHost && file == fileHosts:
		text, err = a.sshLines("@cert-authority "+hostPatterns(k.of[id])+" ", at)
	case a.Kind.ssh() && file == fileKRL:
		p.Type = bytesType
		p.Bytes, err = s.krl(ctx, a, at)
	case a.Kind == X509Client && file == fileRoots:
		p.Type, p.Bytes = "application/x-pem-file", a.roots(at)
	case a.Kind == X509Client && strings.HasPrefix(file, "revoked") && strings.HasSuffix(file, ".crl"):
		p, err = s.crl(ctx, a, file, at)
	case a.Kind == JWT && file == fileKeySet:
		p.Type = "application/json"
		p.Bytes, err = encoded(a.keySet(at))
	case a.Kind == JWT && file == fileDiscovery:
		p.Type = "application/json"
		p.Bytes, err = json.Marshal(map[string]any{
			"issuer": s.issuer(a), "jwks_uri": s.issuer(a) + "/" + fileKeySet, "id_token_signing_alg_values_supported": []string{string(signatures[a.Algorithm])},
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		})
	default:
		return p, ErrNoAuthority.With("nothing is public of it by this name: there are %s", strings.Join(a.Kind.Files(), ", "))
	}
	if text != "" {
		p.Bytes = []byte(text)
	}
	return p, err
}

func encoded(v any, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// krl is the list of revoked SSH certificates that are not over.
func (s *Service) krl(ctx context.Context, a *Authority, at access.Time) ([]byte, error) {
	list, err := s.Store.Revoked(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	signedBy := map[string][]uint64{}
	for _, k := range a.Trusted(at) {
		key, err := k.sshKey()
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if r.Key == k.ID {
				signedBy[string(key.Marshal())] = append(signedBy[string(key.Marshal())], uint64(r.ID)) //nolint:gosec // ids are positive
			}
		}
	}
	return krl(signedBy, at), nil
}

// lists are those that were signed last, by key: whoever reads one does not make one.
type lists struct {
	mu   sync.Mutex
	last map[access.VersionID]listed
}

type listed struct {
	of  [sha256.Size]byte // what is revoked
	at  access.Time
	der []byte
}

// listEvery is how old a list may be that is handed out.
const listEvery = access.Time(listLasts/time.Microsecond) / 8

// crl is the list of what is revoked: of what one key signed, as DER; or of all, as PEM.
func (s *Service) crl(ctx context.Context, a *Authority, file string, at access.Time) (p Public, err error) {
	p = Public{Name: file, Type: "application/x-pem-file"}
	list, err := s.Store.Revoked(ctx, a.ID)
	if err != nil {
		return p, err
	}
	found := false
	for _, k := range a.Trusted(at) {
		alone := file == "revoked-"+strconv.Itoa(k.Number)+".crl"
		if file != fileCRL && !alone {
			continue
		}
		der, err := s.listOf(ctx, a, k, list, at)
		if err != nil {
			return p, err
		}
		if found = true; alone {
			return Public{file, "application/pkix-crl", der}, nil
		}
		p.Bytes = append(p.Bytes, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	if !found {
		err = ErrNoAuthority.With("there is no list of what is revoked by this name")
	}
	return p, err
}

func (s *Service) listOf(ctx context.Context, a *Authority, k Key, all []RevokedCertificate, at access.Time) ([]byte, error) {
	var list []RevokedCertificate
	var text strings.Builder
	for _, r := range all {
		if r.Key == k.ID {
			list = append(list, r)
			_, _ = text.WriteString(r.Serial + "\n")
		}
	}
	of := sha256.Sum256([]byte(text.String()))
	s.crls.mu.Lock()
	defer s.crls.mu.Unlock()
	if l, ok := s.crls.last[k.ID]; ok && l.of == of && at < l.at+listEvery {
		return l.der, nil
	}
	var der []byte
	err := s.keys.with(ctx, a, k, func(o *opened) (err error) {
		der, err = crl(o, k, list, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.crls.last == nil {
		s.crls.last = map[access.VersionID]listed{}
	}
	s.crls.last[k.ID] = listed{of, at, der}
	return der, nil
}

// ServeHTTP gives out what is public, to anybody.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var id access.AuthorityID
	err := id.UnmarshalText([]byte(r.PathValue("authority")))
	if err != nil || id == 0 {
		httpapi.WriteProblem(w, r, ErrNoAuthority)
		return
	}
	p, err := s.Publish(r.Context(), id, r.PathValue("file"))
	if err != nil {
		httpapi.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", p.Type)
	w.Header().Set("Cache-Control", "max-age=60")
	_, _ = w.Write(p.Bytes) // whoever hung up needs no answer
}
