package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// How long things of a program's sign-in last, and how often it may ask for the answer.
const (
	CodeLasts   = 10 * time.Minute
	AccessLasts = 15 * time.Minute
	PollPause   = 5 * time.Second
	MaxWaiting  = 200 // programs that wait at one address
)

// ByDevice is signing in a program, by a person who has signed in.
const ByDevice Method = "device"

// The reasons why a program's tokens are refused.
const (
	Reused   Reason = "renewal_used_again"
	OtherKey Reason = "other_key"
)

// What a program that asks to be signed in is told.
var (
	ErrWaiting    = fault.New(fault.Unavailable, "authorization-pending", "nobody has answered yet")
	ErrTooSoon    = fault.New(fault.Unavailable, "slow-down", "ask less often")
	ErrDenied     = fault.New(fault.Denied, "sign-in-refused", "the person who was asked said no")
	ErrCodeEnded  = fault.New(fault.Denied, "code-ended", "the code is none, has ended or was used: begin again")
	ErrCode       = fault.New(fault.NotFound, "code-not-found", "no program waits with that code: look at the code, or let the program begin again")
	ErrOtherKey   = fault.New(fault.Denied, "other-key", "this belongs to the key that it was given to, and the proof is by another")
	ErrManyWait   = fault.New(fault.Unavailable, "too-many-requests", "too many sign-ins wait at this address: wait a few minutes")
	ErrClientName = fault.New(fault.Invalid, "client-name", "say in client_id what the program is called, in at most 100 printable characters")
)

// Waiting is a program that waits to be signed in, as whoever decides it sees it.
type Waiting struct {
	Client  string      `json:"client" doc:"What the program calls itself: anybody can call themself anything"`
	Agent   string      `json:"agent"`
	Address string      `json:"address" doc:"Where it asks from"`
	Key     string      `json:"key" doc:"Thumbprint of its key, which it shows too"`
	Asked   access.Time `json:"asked"`
	Ends    access.Time `json:"ends"`
}

// Asking is a program that asks to be signed in.
type Asking struct {
	Waiting
	Device Hash // of what the program has
	Code   Hash // of what a person types
	Pause  time.Duration
}

// Answer is what somebody answers to a program that waits.
type Answer struct {
	Identity access.IdentityID
	MFAAt    access.Time
	Approve  bool
}

// Pair is the hashes of a short token and of the one that renews it.
type Pair struct{ Access, Renew Hash }

// DeviceToken is the short token of a program that was signed in.
type DeviceToken struct {
	Signin Signin
	Ends   access.Time
}

// DeviceStore keeps programs that ask to be signed in, and the tokens of those that were.
type DeviceStore interface {
	// AskDevice keeps a program that asks, or returns ErrManyWait.
	AskDevice(ctx context.Context, a Asking) error
	// WaitingDevice returns what waits with a code, or ErrCode.
	WaitingDevice(ctx context.Context, code Hash) (Waiting, error)
	// AnswerDevice keeps the one answer to what waits with a code, or returns ErrCode.
	AnswerDevice(ctx context.Context, code Hash, a Answer) error
	// RedeemDevice begins the sign-in that was approved, once, with its first tokens. It
	// returns ErrWaiting, ErrTooSoon, ErrDenied, ErrCodeEnded, ErrOtherKey or ErrPerson.
	RedeemDevice(ctx context.Context, device Hash, key string, p Pair) (Signin, error)
	// RenewDevice takes a token that renews, once, and keeps the next ones. One that was
	// used before ends the sign-in. It returns ErrEnded, ErrOtherKey or ErrPerson.
	RenewDevice(ctx context.Context, renew Hash, key string, p Pair) (Signin, error)
	// ByDeviceToken returns a short token that has not ended, or ErrEnded.
	ByDeviceToken(ctx context.Context, h Hash) (DeviceToken, error)
}

// codeLetters are consonants, which make no words, without those that look or sound like
// another (RFC 8628 section 6.1).
const (
	codeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	codeLength  = 8
)

// newCode makes a code for a person to type.
func newCode() string {
	code := make([]byte, 0, codeLength)
	var b [1]byte
	for len(code) < codeLength {
		_, _ = rand.Read(b[:]) // it never fails
		if int(b[0]) < 256-256%len(codeLetters) {
			code = append(code, codeLetters[int(b[0])%len(codeLetters)])
		}
	}
	return string(code)
}

// parseCode reads a code as people write it.
func parseCode(text string) (string, error) {
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(text))
	if len(code) != codeLength || strings.Trim(code, codeLetters) != "" {
		return "", ErrCode
	}
	return code, nil
}

// showCode writes a code as people read it.
func showCode(code string) string { return code[:codeLength/2] + "-" + code[codeLength/2:] }

// askDevice keeps a program that asks to be signed in, and returns what it is to keep and
// the code that it is to show.
func (s *Service) askDevice(ctx context.Context, client, agent, key string) (device secret.Secret, code string, err error) {
	client = strings.TrimSpace(client)
	if client == "" || len(client) > 100 || short(client) != client {
		return device, "", ErrClientName
	}
	at, _ := policy.CallerOf(ctx)
	device, code = newSecret(), newCode()
	err = s.Store.AskDevice(ctx, Asking{
		Waiting: Waiting{Client: client, Agent: short(agent), Address: at.Context.Address.String(), Key: key},
		Device:  HashOf(device), Code: HashOf(secret.New([]byte(code))), Pause: s.Pause,
	})
	return device, code, err
}

// waitingDevice returns what waits with a code that somebody who has signed in typed.
// Codes that are none are counted, by who typed them and by where that was.
func (s *Service) waitingDevice(ctx context.Context, text string) (w Waiting, code Hash, err error) {
	c, _ := policy.CallerOf(ctx)
	who, from := c.Identity.String(), c.Context.Address.String()
	if !s.tries.Left(who, s.Now()) || !s.tries.Left(from, s.Now()) {
		return w, code, ErrBusy
	}
	typed, err := parseCode(text)
	if err == nil {
		code = HashOf(secret.New([]byte(typed)))
		w, err = s.Store.WaitingDevice(ctx, code)
	}
	if errors.Is(err, ErrCode) {
		s.tries.Allow(who, s.Now())
		s.tries.Allow(from, s.Now())
	}
	return w, code, err
}

// answerDevice keeps somebody's answer to the program that waits with a code. To approve
// is to let it act as oneself: whoever does has to have shown just now who they are, and
// the program is not trusted for longer than they are.
func (s *Service) answerDevice(ctx context.Context, text string, approve bool) error {
	g, err := s.own(ctx)
	if err == nil && approve {
		g, err = s.fresh(ctx)
	}
	if err != nil {
		return err
	}
	_, code, err := s.waitingDevice(ctx, text)
	if err != nil {
		return err
	}
	return s.Store.AnswerDevice(ctx, code, Answer{Identity: g.Identity, MFAAt: g.MFAAt, Approve: approve})
}

// redeemDevice begins the sign-in of a program that was approved.
func (s *Service) redeemDevice(ctx context.Context, device secret.Secret, key string) (tokens, error) {
	k, pair := newTokens()
	_, err := s.Store.RedeemDevice(atDoor(ctx), HashOf(device), key, pair)
	return k, err
}

// renewDevice gives a program the next tokens for the one that renews. Where that was
// used before, somebody has a copy, and everything that was given for it ends.
func (s *Service) renewDevice(ctx context.Context, renew secret.Secret, key string) (tokens, error) {
	k, pair := newTokens()
	_, err := s.Store.RenewDevice(atDoor(ctx), HashOf(renew), key, pair)
	if err != nil {
		s.shown.drop()
	}
	return k, err
}

// tokens is a short token and the one that renews it.
type tokens struct{ access, renew secret.Secret }

func newTokens() (tokens, Pair) {
	k := tokens{newSecret(), newSecret()}
	return k, Pair{HashOf(k.access), HashOf(k.renew)}
}
