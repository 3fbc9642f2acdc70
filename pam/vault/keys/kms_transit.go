package keys

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// transit is the transit engine of an OpenBao or a HashiCorp Vault. Where it is, and what
// Writ signs in with, is said as their own programs are told: VAULT_ADDR, VAULT_TOKEN or
// VAULT_TOKEN_FILE, VAULT_NAMESPACE and VAULT_CACERT, or the same with BAO_.
type transit struct {
	client    *outbound.Client
	at        string // the engine's address
	key       string
	token     secret.Secret
	namespace string
}

// ofTransit is a variable of the environment, by either name.
func ofTransit(name string) string {
	if v := os.Getenv("BAO_" + name); v != "" {
		return v
	}
	return os.Getenv("VAULT_" + name)
}

func newTransit(k *KeyService) (*transit, error) {
	address := strings.TrimRight(ofTransit("ADDR"), "/")
	engine := strings.Trim(k.url.Query().Get("engine"), "/")
	if engine == "" {
		engine = "transit"
	}
	t := &transit{at: address + "/v1/" + engine, key: k.name(), namespace: ofTransit("NAMESPACE")}
	token := []byte(ofTransit("TOKEN"))
	if file := ofTransit("TOKEN_FILE"); len(token) == 0 && file != "" {
		var err error
		if token, err = os.ReadFile(file); err != nil { //nolint:gosec // the node's own environment names it
			return nil, err
		}
	}
	defer clear(token)
	if t.token = secret.New(bytes.TrimSpace(token)); t.token.Empty() {
		return nil, errors.New("neither VAULT_TOKEN nor VAULT_TOKEN_FILE is set")
	}
	var trust *x509.CertPool
	if file := ofTransit("CACERT"); file != "" {
		pem, err := os.ReadFile(file) //nolint:gosec // the node's own environment names it
		if err != nil {
			return nil, err
		}
		if trust = x509.NewCertPool(); !trust.AppendCertsFromPEM(pem) {
			return nil, errors.New("VAULT_CACERT holds no certificate")
		}
	}
	var err error
	t.client, err = outbound.New(outbound.Config{URL: address, System: true, Timeout: kmsTimeout, Trust: trust})
	return t, err
}

// Close implements keeper.
func (t *transit) Close() error {
	t.client.Close()
	t.token.Wipe()
	return nil
}

// Encrypt implements keeper.
func (t *transit) Encrypt(ctx context.Context, plain []byte) ([]byte, error) {
	var in struct {
		Plaintext []byte `json:"plaintext"`
	}
	in.Plaintext = plain
	var out struct {
		Data struct {
			Ciphertext string `json:"ciphertext"`
		} `json:"data"`
	}
	err := t.call(ctx, "encrypt", in, &out)
	return []byte(out.Data.Ciphertext), err
}

// Decrypt implements keeper.
func (t *transit) Decrypt(ctx context.Context, sealed []byte) ([]byte, error) {
	in := map[string]string{"ciphertext": string(sealed)}
	var out struct {
		Data struct {
			Plaintext []byte `json:"plaintext"`
		} `json:"data"`
	}
	err := t.call(ctx, "decrypt", in, &out)
	return out.Data.Plaintext, err
}

func (t *transit) call(ctx context.Context, what string, in, out any) error {
	body, err := json.Marshal(in)
	defer clear(body)
	if err != nil {
		return err
	}
	header := http.Header{
		"Content-Type": {"application/json"}, "X-Vault-Request": {"true"},
		"X-Vault-Token": {string(t.token.Reveal())},
	}
	if t.namespace != "" {
		header.Set("X-Vault-Namespace", t.namespace)
	}
	answer, err := t.client.Do(ctx, http.MethodPost, t.at+"/"+what+"/"+t.key, header, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read as far as is wanted
	if answer.StatusCode == http.StatusOK {
		return json.NewDecoder(answer.Body).Decode(out)
	}
	var no struct {
		Errors []string `json:"errors"`
	}
	_ = json.NewDecoder(answer.Body).Decode(&no) // the status says enough
	return fmt.Errorf("%s of %s: status %d: %s", what, t.key, answer.StatusCode, strings.Join(no.Errors, "; "))
}
