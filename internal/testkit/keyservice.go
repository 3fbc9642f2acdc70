package testkit

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// KeyService is a key service for one test, which encrypts for real. It speaks what the
// transit engine of OpenBao speaks, or AWS KMS.
type KeyService struct {
	URL      string
	Token    string // of the transit engine's caller, or the id of the AWS access key
	Key      string // the one that it has
	away     atomic.Bool
	opened   atomic.Int64
	mu       sync.Mutex
	problems []string
	aead     cipher.AEAD
}

func newKeyService(t *testing.T, key string, answer func(*KeyService, http.ResponseWriter, *http.Request)) *KeyService {
	t.Helper()
	bare := make([]byte, 32)
	_, _ = rand.Read(bare)
	block, err := aes.NewCipher(bare)
	if err != nil {
		t.Fatal(err)
	}
	s := &KeyService{Key: key, Token: rand.Text()}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.away.Load() {
			http.Error(w, `{"errors":["away"]}`, http.StatusServiceUnavailable)
			return
		}
		answer(s, w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		for _, p := range s.problems {
			t.Error("the key service was asked wrongly: " + p)
		}
	})
	s.URL = server.URL
	return s
}

// Away makes it answer nothing but that it cannot, or ends that.
func (s *KeyService) Away(away bool) { s.away.Store(away) }

// Opened is how often it has decrypted something.
func (s *KeyService) Opened() int64 { return s.opened.Load() }

func (s *KeyService) wrong(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, what)
}

func (s *KeyService) seal(plain, place []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, place)
}

func (s *KeyService) open(sealed, place []byte) ([]byte, bool) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, false
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], place)
	if err == nil {
		s.opened.Add(1)
	}
	return plain, err == nil
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Transit starts what speaks the transit engine's API.
func Transit(t *testing.T, key string) *KeyService {
	t.Helper()
	return newKeyService(t, key, (*KeyService).transit)
}

const transitPrefix = "vault:v1:"

func (s *KeyService) transit(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, why ...string) { answerJSON(w, status, map[string][]string{"errors": why}) }
	what, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/transit/"), "/")
	var in struct {
		Plaintext  []byte `json:"plaintext"`
		Ciphertext string `json:"ciphertext"`
	}
	switch {
	case r.Header.Get("X-Vault-Token") != s.Token:
		refuse(http.StatusForbidden, "permission denied")
		return
	case r.Method != http.MethodPost && r.Method != http.MethodPut || key != s.Key:
		refuse(http.StatusNotFound)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(http.StatusBadRequest, "error parsing JSON")
		return
	}
	switch what {
	case "encrypt":
		text := transitPrefix + base64.StdEncoding.EncodeToString(s.seal(in.Plaintext, nil))
		answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"ciphertext": text, "key_version": 1}})
	case "decrypt":
		sealed, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(in.Ciphertext, transitPrefix))
		plain, ok := s.open(sealed, nil)
		if err != nil || !ok {
			refuse(http.StatusBadRequest, "cipher: message authentication failed")
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"plaintext": plain}})
	default:
		refuse(http.StatusNotFound)
	}
}

// AWSKMS starts what speaks AWS KMS, for the access key that Token is the id of.
func AWSKMS(t *testing.T, key string) *KeyService {
	t.Helper()
	return newKeyService(t, key, (*KeyService).aws)
}

const awsTarget = "TrentService."

// aws answers Encrypt and Decrypt as version 2014-11-01 of the API says. Like the real one,
// it learns from what is encrypted which key did so.
func (s *KeyService) aws(w http.ResponseWriter, r *http.Request) {
	refuse := func(kind string) {
		w.Header().Set("X-Amzn-Errortype", kind)
		answerJSON(w, http.StatusBadRequest, map[string]string{"__type": kind, "message": kind})
	}
	signed := r.Header.Get("Authorization")
	if !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential="+s.Token+"/") || !strings.Contains(signed, "/kms/aws4_request") {
		refuse("UnrecognizedClientException")
		return
	}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-1.1") {
		s.wrong(r.Method + " of " + r.Header.Get("Content-Type"))
	}
	var in struct {
		KeyID          string `json:"KeyId"`
		Plaintext      []byte
		CiphertextBlob []byte
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse("SerializationException")
		return
	}
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), awsTarget) {
	case "Encrypt":
		if in.KeyID != s.Key {
			refuse("NotFoundException")
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"KeyId": s.Key, "CiphertextBlob": s.seal(in.Plaintext, []byte(s.Key)), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
	case "Decrypt":
		plain, ok := s.open(in.CiphertextBlob, []byte(s.Key))
		if !ok {
			refuse("InvalidCiphertextException")
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"KeyId": s.Key, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
	default:
		s.wrong("operation " + r.Header.Get("X-Amz-Target"))
		refuse("UnknownOperationException")
	}
}
