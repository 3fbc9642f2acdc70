package vaultapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Seal tells how the vault of this node is.
type Seal interface {
	// State reports whether there is a vault, and whether it is open.
	State(ctx context.Context) (there, open bool, err error)
}

var sysRoutes = []route{
	{read, "sys/health", true, (*API).health},
	{read, "sys/seal-status", true, (*API).sealStatus},
	{read, "sys/leader", true, (*API).leader},
	{read, "sys/init", true, (*API).isThere},
	{read, "sys/mounts", false, (*API).mounts},
	{read, "sys/internal/ui/mounts", false, (*API).mountsForUI},
	{read, "sys/internal/ui/mounts/", false, (*API).mountOf},
	{update, "sys/capabilities-self", false, (*API).capabilities},
}

type healthTold struct {
	There         bool   `json:"initialized"` //nolint:misspell // the API's word
	Sealed        bool   `json:"sealed"`
	Standby       bool   `json:"standby"`
	PerfStandby   bool   `json:"performance_standby"`
	Replication   string `json:"replication_performance_mode"`
	DRReplication string `json:"replication_dr_mode"`
	ServerTime    int64  `json:"server_time_utc"`
	Version       string `json:"version"`
}

// health answers with a status that load balancers read. Every node of Writ is active.
func (a *API) health(ctx context.Context, q *request) (*reply, error) {
	there, open, err := a.Seal.State(ctx)
	if err != nil {
		return nil, err
	}
	status, name := http.StatusOK, "activecode"
	switch {
	case !there:
		status, name = http.StatusNotImplemented, "uninitcode"
	case !open:
		status, name = http.StatusServiceUnavailable, "sealedcode"
	}
	if text := q.URL.Query().Get(name); text != "" {
		if status, err = strconv.Atoi(text); err != nil || status < 200 || status > 599 {
			return nil, ErrBody.With("%s is a status from 200 to 599", name)
		}
	}
	return &reply{status: status, whole: healthTold{
		There: there, Sealed: !open, Replication: "disabled", DRReplication: "disabled", ServerTime: time.Now().Unix(), Version: a.Version,
	}}, nil
}

// sealTold says whether the vault is open, and not how it is sealed: anybody may ask.
type sealTold struct {
	Type        string `json:"type"`
	There       bool   `json:"initialized"` //nolint:misspell // the API's word
	Sealed      bool   `json:"sealed"`
	T           int    `json:"t"`
	N           int    `json:"n"`
	Progress    int    `json:"progress"`
	Nonce       string `json:"nonce"`
	Version     string `json:"version"`
	BuildDate   string `json:"build_date"`
	Migration   bool   `json:"migration"`
	Recovery    bool   `json:"recovery_seal"`
	Storage     string `json:"storage_type"`
	ClusterName string `json:"cluster_name,omitempty"`
}

func (a *API) sealStatus(ctx context.Context, _ *request) (*reply, error) {
	there, open, err := a.Seal.State(ctx)
	if err != nil {
		return nil, err
	}
	return &reply{whole: sealTold{Type: "writ", There: there, Sealed: !open, Version: a.Version, Storage: "writ"}}, nil
}

func (a *API) isThere(ctx context.Context, _ *request) (*reply, error) {
	there, _, err := a.Seal.State(ctx)
	return &reply{whole: map[string]bool{"initialized": there}}, err //nolint:misspell // the API's word
}

// leader says that there is none: every node does everything.
func (a *API) leader(context.Context, *request) (*reply, error) {
	return &reply{whole: map[string]any{"ha_enabled": false, "is_self": false, "leader_address": "", "leader_cluster_address": ""}}, nil
}

type mount struct {
	Accessor    string            `json:"accessor"`
	Config      map[string]any    `json:"config"`
	Description string            `json:"description"`
	Local       bool              `json:"local"`
	Options     map[string]string `json:"options"`
	SealWrap    bool              `json:"seal_wrap"`
	Type        string            `json:"type"`
	UUID        string            `json:"uuid"`
	Path        string            `json:"path,omitempty"`
}

func mountOf(kind, accessor, description string, options map[string]string) mount {
	return mount{
		Accessor: accessor, UUID: accessor, Type: kind, Description: description, Options: options,
		Config: map[string]any{"default_lease_ttl": 0, "max_lease_ttl": 0, "force_no_cache": false},
	}
}

func (s Safe) mount() mount {
	return mountOf("kv", s.ID.String(), s.Description, map[string]string{"version": "2"})
}

// mounted are the safes that whoever calls may see, and what else secrets come from.
func (a *API) mounted(ctx context.Context) (map[string]mount, error) {
	list, err := a.Safes.Safes(ctx)
	if err != nil {
		return nil, err
	}
	m := map[string]mount{}
	for _, s := range list {
		if named(s.Name, "x") && !own[s.Name] {
			m[s.Name+"/"] = s.mount()
		}
	}
	if a.Lender != nil {
		m["database/"] = mountOf("database", "database", "accounts that are made for one use", nil)
	}
	if a.Signer != nil {
		m["ssh/"] = mountOf("ssh", "ssh", "certificates for SSH", nil)
	}
	return m, nil
}

func (a *API) mounts(ctx context.Context, _ *request) (*reply, error) {
	m, err := a.mounted(ctx)
	return &reply{data: m}, err
}

func (a *API) mountsForUI(ctx context.Context, _ *request) (*reply, error) {
	m, err := a.mounted(ctx)
	auth := map[string]mount{"token/": mountOf("token", "token", "tokens of Writ's API", nil)}
	return &reply{data: map[string]any{"secret": m, "auth": auth}}, err
}

// mountOf tells a client which mount a path is in, and that it is of the second version.
func (a *API) mountOf(ctx context.Context, q *request) (*reply, error) {
	if len(q.rest) == 0 {
		return a.mountsForUI(ctx, q)
	}
	name := q.rest[0]
	if own[name] {
		all, err := a.mounted(ctx)
		m, ok := all[name+"/"]
		if err == nil && !ok {
			err = ErrUnsupported
		}
		m.Path = name + "/"
		return &reply{data: m}, err
	}
	s, err := a.Safes.Safe(ctx, name)
	if errors.Is(err, ErrNone) {
		return nil, ErrMount // where it is 404, clients take it for an engine of the first version
	}
	if err != nil {
		return nil, err
	}
	m := s.mount()
	m.Path = name + "/"
	return &reply{data: m}, nil
}

// capable are the actions of policies that stand for what Vault calls capabilities, by the
// verb of the path.
var capable = map[string][]struct{ action, says string }{
	"data":     {{toFetch, "read"}, {toAdd, "create"}, {toChange, "update"}, {toChange, "patch"}, {toChange, "delete"}},
	"metadata": {{toRead, "read"}, {toRead, "list"}, {toChange, "update"}, {toChange, "patch"}, {toChange, "delete"}},
	"delete":   {{toChange, "update"}},
	"undelete": {{toChange, "update"}},
}

const maxPaths = 100

func (a *API) capabilities(ctx context.Context, q *request) (*reply, error) {
	var b struct {
		Path  string   `json:"path"`
		Paths []string `json:"paths"`
	}
	if err := q.body(&b); err != nil {
		return nil, err
	}
	if b.Path != "" {
		b.Paths = append(b.Paths, b.Path)
	}
	if len(b.Paths) == 0 || len(b.Paths) > maxPaths {
		return nil, ErrBody.With("it takes from 1 to %d paths", maxPaths)
	}
	said := map[string]any{}
	for _, path := range b.Paths {
		can, err := a.capabilitiesOn(ctx, path)
		if err != nil {
			return nil, err
		}
		said[path] = can
	}
	if len(b.Paths) == 1 {
		said["capabilities"] = said[b.Paths[0]]
	}
	return &reply{data: said}, nil
}

func (a *API) capabilitiesOn(ctx context.Context, path string) ([]string, error) {
	denied := []string{"deny"}
	parts, folder, ok := split(root + strings.TrimPrefix(path, "/"))
	p, inSafe := placeOf(parts, folder)
	if !ok || !inSafe {
		return denied, nil
	}
	var actions []string
	for _, c := range capable[p.verb] {
		actions = append(actions, c.action)
	}
	may, err := a.Safes.May(ctx, p.safe, p.name, actions...)
	if err != nil {
		return nil, err
	}
	var can []string
	for _, c := range capable[p.verb] {
		if may[c.action] {
			can = append(can, c.says)
		}
	}
	if len(can) == 0 {
		return denied, nil
	}
	return can, nil
}
