package keys

import (
	"encoding/json"

	"github.com/writhq/writ/internal/secret"
)

// Token is a hardware token, as a node's own configuration names it: nothing of it can be
// said from elsewhere.
type Token struct {
	Module string // the path of the PKCS #11 library
	Label  string // of the token
	Key    string // label of the key in it
	PIN    secret.Secret
}

// tokenParams name what a seal is of. A node whose configuration names another key is told.
type tokenParams struct {
	Token string `json:"token"`
	Key   string `json:"key"`
}

// errNoToken is what a token is where the node's configuration names none.
var errNoToken = ErrSeal.With("the vault is sealed with a hardware token, and this node's configuration names none: vault.pkcs11 does")

// newToken locks with the token, whose key is made where it is not there yet.
func (r *Ring) newToken() (lock, string, error) {
	if r.token == nil {
		return nil, "", errNoToken
	}
	l, err := r.token.open(true)
	if err != nil {
		return nil, "", err
	}
	params, err := json.Marshal(tokenParams{r.token.Label, r.token.Key})
	return l, string(params), err
}

func (r *Ring) openToken(s SealRow) (lock, error) {
	if r.token == nil {
		return nil, errNoToken
	}
	var p tokenParams
	if err := json.Unmarshal([]byte(s.Params), &p); err != nil {
		return nil, ErrTampered.With("the seal's parameters cannot be read")
	}
	if p.Token != r.token.Label || p.Key != r.token.Key {
		return nil, ErrSeal.With("the vault is sealed with the key %q of the token %q, and this node's configuration names another", p.Key, p.Token)
	}
	return r.token.open(false)
}
