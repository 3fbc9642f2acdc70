package signin

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// What a token can be refused for.
var (
	ErrTokenName     = fault.New(fault.Invalid, "token-name", "say what the token is for, in at most 100 characters")
	ErrTokenLimits   = fault.New(fault.Invalid, "token-limits", "say what the token may do: actions such as finding.read, or groups of them such as read")
	ErrTokenDays     = fault.New(fault.Invalid, "token-days", "a token lasts from 1 to 90 days")
	ErrTokenNetworks = fault.New(fault.Invalid, "token-networks", "say from which networks the token may be used, such as 10.1.0.0/16; most of the internet is no network")
	ErrNoToken       = fault.New(fault.NotFound, "token-not-found", "you have no such token, or it has ended")
	ErrTokenAddress  = fault.New(fault.Denied, "token-network", "the token is not for the network that this comes from")
)

// ByToken is a program that shows a token of the API.
const ByToken Method = "token"

// WrongNetwork is why a token is refused that comes from elsewhere than it is for.
const WrongNetwork Reason = "wrong_network"

const (
	maxTokenDays     = 90
	maxTokenName     = 100
	maxTokenNetworks = 32
	widestIPv4       = 8
	widestIPv6       = 16
)

// Token is a token of the API, as its owner sees it.
type Token struct {
	ID       access.TokenID    `json:"id"`
	Owner    access.IdentityID `json:"owner" doc:"Who made it: their functions and their state count"`
	Name     string            `json:"name"`
	Limits   []string          `json:"limits" doc:"Actions, and groups of actions"`
	Networks []netip.Prefix    `json:"networks" doc:"Where it may be used"`
	Key      string            `json:"key,omitempty" doc:"Thumbprint of the key whose proof goes with it"`
	Made     access.Time       `json:"made"`
	Ends     access.Time       `json:"ends"`
	Ended    access.Time       `json:"ended,omitzero" doc:"When it was revoked"`
	Used     access.Time       `json:"used,omitzero" doc:"Last use, to a minute"`

	State access.IdentityState `json:"-"` // of its owner, as it is read; empty where they are gone
}

// TokenStore keeps tokens of the API.
type TokenStore interface {
	// AddToken keeps a token that lasts so long, and sets its id and times. It returns
	// ErrPerson where its owner is no person who works here.
	AddToken(ctx context.Context, t Token, h Hash, lasts time.Duration) (Token, error)
	// TokenByHash returns a token that has not ended, with the state of its owner, or
	// ErrEnded.
	TokenByHash(ctx context.Context, h Hash) (Token, error)
	// Tokens lists somebody's tokens, newest first.
	Tokens(ctx context.Context, of access.IdentityID) ([]Token, error)
	// EndToken ends one of somebody's tokens, or returns ErrNoToken.
	EndToken(ctx context.Context, of access.IdentityID, id access.TokenID) error
	// UseToken notes that a token is in use.
	UseToken(ctx context.Context, id access.TokenID) error
}

// Validate reports the first rule that a token breaks which is to last so many days, and
// writes its networks in one way.
func (t *Token) Validate(days int) error {
	t.Name = strings.TrimSpace(t.Name)
	switch {
	case t.Name == "" || utf8.RuneCountInString(t.Name) > maxTokenName:
		return ErrTokenName
	case days < 1 || days > maxTokenDays:
		return ErrTokenDays
	case len(t.Limits) == 0:
		return ErrTokenLimits
	case len(t.Networks) == 0 || len(t.Networks) > maxTokenNetworks:
		return ErrTokenNetworks
	}
	for _, name := range t.Limits {
		if !isLimit(name) {
			return ErrTokenLimits.With("there is no action and no group of actions called %q", name)
		}
	}
	for i, n := range t.Networks {
		widest := widestIPv6
		if n.Addr().Is4() {
			widest = widestIPv4
		}
		if !n.IsValid() || n.Addr().Is4In6() || n.Bits() < widest {
			return ErrTokenNetworks
		}
		t.Networks[i] = n.Masked()
	}
	return nil
}

func isLimit(name string) bool {
	return slices.ContainsFunc(policy.Actions, func(a policy.Action) bool { return a.Name == name || string(a.Group) == name })
}

// from reports whether the token may be used at an address.
func (t Token) from(a netip.Addr) bool {
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// A token is written as tokenPrefix, 160 random bits and a checksum of those, so that
// those who search texts for secrets find it and know that it is one.
const (
	tokenPrefix = "writ_"
	tokenBytes  = 20
	tokenChars  = 32 + 7 // in base32
)

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newToken makes the text of a token.
func newToken() secret.Secret {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // it never fails
	random := tokenText.AppendEncode([]byte(tokenPrefix), b)
	clear(b)
	return secret.New(appendCheck(random))
}

// appendCheck appends the checksum of a token's text.
func appendCheck(text []byte) []byte {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(text))
	return tokenText.AppendEncode(text, sum[:])
}

// isToken reports whether text is a token's, which says nothing of whether there is one.
func isToken(text string) bool {
	random, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(random) != tokenChars {
		return false
	}
	cut := len(text) - 7
	return string(appendCheck([]byte(text[:cut]))) == text
}

// MakeToken keeps a new token of somebody, and returns its text, which is nowhere kept.
func (s *Service) MakeToken(ctx context.Context, t Token, days int) (Token, secret.Secret, error) {
	if err := t.Validate(days); err != nil {
		return Token{}, secret.Secret{}, err
	}
	text := newToken()
	t, err := s.Store.AddToken(ctx, t, HashOf(text), time.Duration(days)*24*time.Hour)
	return t, text, err
}

// EndToken revokes one of somebody's tokens, for whoever shows it from now on.
func (s *Service) EndToken(ctx context.Context, of access.IdentityID, id access.TokenID) error {
	defer s.shown.drop()
	return s.Store.EndToken(ctx, of, id)
}
