package keys

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// KeyService is a service and a key in it, as a node's own configuration names them: nothing of
// it can be said from elsewhere. What it signs in with comes from the node's environment.
type KeyService struct{ url *url.URL }

// keeper is a key service with one key.
type keeper interface {
	Encrypt(ctx context.Context, plain []byte) ([]byte, error)
	Decrypt(ctx context.Context, sealed []byte) ([]byte, error)
	Close() error
}

// service is how one kind of key service is named.
type service struct {
	key      *regexp.Regexp // what names a key in it
	example  string
	settings []string // that its URL may have
}

const transitScheme = "hashivault"

var services = map[string]service{
	transitScheme: {regexp.MustCompile(`^[\w-][\w.-]*$`), "hashivault://KEY", []string{"engine"}},
	"awskms": {
		regexp.MustCompile(`^[\w:/.-]+$`), "awskms:///alias/KEY?region=REGION",
		[]string{"region", "profile", "role", "endpoint", "fips", "dualstack"},
	},
	"gcpkms": {
		regexp.MustCompile(`^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$`),
		"gcpkms://projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY", nil,
	},
	"azurekeyvault": {
		regexp.MustCompile(`^[\w-]+\.vault\.[a-z\d.-]+/keys/[\w-]+(/\w+)?$`),
		"azurekeyvault://VAULT.vault.azure.net/keys/KEY",
		[]string{"algorithm"},
	},
}

// NewKeyService reads the URL of a key. It asks the service nothing.
func NewKeyService(text string) (*KeyService, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, ErrSeal.With("the key service's URL cannot be read") // its text may hold what is secret
	}
	s, ok := services[u.Scheme]
	if !ok {
		return nil, ErrSeal.With("a key service's URL begins with awskms, gcpkms, azurekeyvault or hashivault")
	}
	k := &KeyService{u}
	if u.User != nil || u.Fragment != "" || !s.key.MatchString(k.name()) || path.Clean(k.name()) != k.name() {
		return nil, ErrSeal.With("the key service's URL has the form %s, and no name or password of anybody", s.example)
	}
	for setting, values := range u.Query() {
		if len(values) != 1 || !slices.Contains(s.settings, setting) {
			return nil, ErrSeal.With("a URL of %s has no setting %q, or has it once; it may have: %s", u.Scheme, setting, strings.Join(s.settings, ", "))
		}
	}
	if u.Scheme == transitScheme && ofTransit("ADDR") == "" {
		return nil, ErrSeal.With("the environment does not say where the key service is: VAULT_ADDR does, and VAULT_TOKEN what Writ signs in with")
	}
	return k, k.usable()
}

// name is the key's in its service.
func (k *KeyService) name() string { return strings.TrimPrefix(k.url.Host+k.url.Path, "/") }

// String names the service and the key.
func (k *KeyService) String() string { return k.url.Scheme + "://" + k.name() }

// kmsParams are a seal's own key, as the service encrypted it. It locks the root key, so
// that the service is asked once for each opening, and learns nothing of the vault's keys.
type kmsParams struct {
	Key    string `json:"key"`
	Sealed []byte `json:"sealed"`
}

// kmsTimeout is how long a service has for all that it is asked at once.
const kmsTimeout = 10 * time.Second

// errNoKMS is what a seal is where the node's configuration names no key service.
var errNoKMS = ErrSeal.With("the vault is sealed with a key service, and this node's configuration names none: vault.kms does")

// newKMS makes the seal's key and has the service encrypt it. That it decrypts it again is
// seen before anything depends on it.
func (r *Ring) newKMS(ctx context.Context, o *opened, id int64) (lock, string, error) {
	if r.kms == nil {
		return nil, "", errNoKMS
	}
	kek := o.memory.random()
	at := sealPlace(o.instance, id)
	bare := append(slices.Clone(at), kek...)
	defer clear(bare)
	p := kmsParams{Key: r.kms.String()}
	err := r.kms.ask(ctx, func(ctx context.Context, k keeper) (err error) {
		p.Sealed, err = k.Encrypt(ctx, bare)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	again, err := r.kms.decrypt(ctx, p.Sealed, at)
	defer clear(again)
	if err != nil {
		return nil, "", err
	}
	if subtle.ConstantTimeCompare(again, kek) != 1 {
		return nil, "", ErrSeal.With("what %s encrypts does not open again", r.kms)
	}
	params, err := json.Marshal(p)
	return keyLock{kek}, string(params), err
}

// openKMS has the service decrypt the seal's key.
func (r *Ring) openKMS(ctx context.Context, o *opened, s SealRow) (lock, error) {
	if r.kms == nil {
		return nil, errNoKMS
	}
	var p kmsParams
	if err := json.Unmarshal([]byte(s.Params), &p); err != nil {
		return nil, ErrTampered.With("the seal's parameters cannot be read")
	}
	if p.Key != r.kms.String() {
		return nil, ErrSeal.With("the vault is sealed with %q, and this node's configuration names %q", p.Key, r.kms)
	}
	bare, err := r.kms.decrypt(ctx, p.Sealed, sealPlace(o.instance, s.ID))
	if err != nil {
		return nil, err
	}
	kek, err := o.memory.keep(bare)
	return keyLock{kek}, err
}

// decrypt returns what the service decrypts, which says in front whose it is: services bind
// nothing to a place, and would open what lies at another as gladly.
func (k *KeyService) decrypt(ctx context.Context, sealed, at []byte) (kek []byte, err error) {
	err = k.ask(ctx, func(ctx context.Context, s keeper) error {
		bare, err := s.Decrypt(ctx, sealed)
		defer clear(bare)
		if err != nil {
			return err
		}
		if len(bare) != len(at)+keySize || subtle.ConstantTimeCompare(bare[:len(at)], at) != 1 {
			return ErrTampered.With("the key that seals the vault is of another vault or seal: it was exchanged in the database")
		}
		kek = slices.Clone(bare[len(at):])
		return nil
	})
	return kek, err
}

// ask calls the service. What it says no to, for whatever reason, may be put right there:
// it is away until then.
func (k *KeyService) ask(ctx context.Context, do func(context.Context, keeper) error) error {
	ctx, end := context.WithTimeout(ctx, kmsTimeout)
	defer end()
	s, err := k.keeper(ctx)
	if err == nil {
		defer s.Close() //nolint:errcheck // it holds connections alone
		err = do(ctx, s)
	}
	if err != nil && !errors.Is(err, ErrTampered) {
		return ErrSealAway.With("the key service does not do what %s is needed for: look there; a node tries again by itself", k).Because(err)
	}
	return err
}
