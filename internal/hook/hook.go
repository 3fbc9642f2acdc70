package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// Config is what a node's configuration declares: Run, or URL with Key.
type Config struct {
	Run   Program
	Value bool // the program is given the secret, over standard input
	URL   string
	Key   secret.Secret
}

// Hook runs a program or calls a server.
type Hook struct {
	Config
	client *outbound.Client
	now    func() time.Time
}

// leastKey is how short a key to sign with may be.
const leastKey = 16

// New returns a hook that can be used, or what is wrong with it.
func New(c Config) (*Hook, error) {
	h := &Hook{Config: c, now: time.Now}
	switch {
	case len(c.Run) > 0 && c.URL != "":
		return nil, ErrHook.With("a hook is a program or a URL, not both")
	case len(c.Run) > 0:
		return h, c.Run.Check()
	case c.Value:
		return nil, ErrHook.With("a secret is given to a program alone, over its standard input")
	case len(c.Key.Reveal()) < leastKey:
		return nil, ErrHook.With("a call is signed: its key has %d bytes or more", leastKey)
	}
	var err error
	h.client, err = outbound.New(outbound.Config{URL: c.URL, MaxBody: mostOutput, Timeout: runsFor})
	return h, err
}

// Answer is what a hook said.
type Answer struct {
	Done bool   // not: it was told, and is at it
	Body []byte // what it wrote or answered
}

// Send gives a message to the hook: to the program's standard input, or to the server as a
// signed body. The id names what it is about, and stays when it is sent again.
func (h *Hook) Send(ctx context.Context, id string, message any) (Answer, error) {
	body, err := json.Marshal(message)
	if err != nil {
		return Answer{}, fmt.Errorf("writing a message: %w", err)
	}
	defer clear(body)
	if len(h.Run) > 0 {
		return h.run(ctx, body)
	}
	return h.call(ctx, id, body)
}

func (h *Hook) run(ctx context.Context, body []byte) (Answer, error) {
	out, status, err := h.Run.Run(ctx, body)
	switch {
	case err != nil:
		return Answer{}, err
	case status == Later:
		return Answer{}, nil
	case status != 0:
		return Answer{}, ErrProgram.With("%s ended with status %d", filepath.Base(h.Run[0]), status)
	}
	return Answer{Done: true, Body: out}, nil
}

func (h *Hook) call(ctx context.Context, id string, body []byte) (Answer, error) {
	at := strconv.FormatInt(h.now().Unix(), 10)
	header := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"writ"},
		"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {"v1," + Sign(h.Key, id, at, body)},
	}
	got, err := h.client.Do(ctx, http.MethodPost, h.URL, header, bytes.NewReader(body))
	if err != nil {
		return Answer{}, ErrCall.Because(err)
	}
	defer got.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(got.Body)
	switch {
	case err != nil:
		return Answer{}, ErrCall.Because(err)
	case got.StatusCode == http.StatusAccepted:
		return Answer{}, nil
	case got.StatusCode/100 != 2:
		return Answer{}, ErrCall.With("the server answered with status %d", got.StatusCode)
	}
	return Answer{Done: true, Body: answer}, nil
}

// Sign is the signature of a body under an id and a time, in seconds.
func Sign(key secret.Secret, id, at string, body []byte) string {
	m := hmac.New(sha256.New, key.Reveal())
	m.Write([]byte(id + "." + at + "."))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
