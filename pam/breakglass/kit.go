package breakglass

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/share"
)

// What can be wrong with a kit or a share of one.
var (
	ErrKit          = fault.New(fault.Invalid, "break-glass-kit", "this is no break-glass kit, or it was changed or forged: use another copy of it")
	ErrShare        = fault.New(fault.Invalid, "break-glass-share", "this is no share of a break-glass kit, or it was mistyped: look at it again")
	ErrShareForeign = fault.New(fault.Invalid, "break-glass-share-foreign", "this share is of another kit, or the kit is forged: the number that a share begins with is on the genuine kit")
	ErrShareThere   = fault.New(fault.Conflict, "break-glass-share-there", "this share was given already: another holder's is needed")
	ErrShareWrong   = fault.New(fault.Denied, "break-glass-share-wrong", "this share is not one of those that were made")
	ErrQuorum       = fault.New(fault.Denied, "break-glass-quorum", "not enough holders have given their shares: the kit stays sealed")
)

// Holder is who has a share, and which.
type Holder struct {
	Place    int               `json:"share" doc:"The number of their share"`
	Identity access.IdentityID `json:"identity"`
	Name     string            `json:"name"`
}

// Item is a secret that a kit holds, but for what it is.
type Item struct {
	Secret     access.SecretID  `json:"secret"`
	Version    access.VersionID `json:"version" doc:"That the kit holds"`
	Name       string           `json:"name" doc:"SAFE/NAME"`
	Kind       string           `json:"kind"`
	System     access.SystemID  `json:"system"`
	SystemName string           `json:"system_name"`
	Account    string           `json:"account" doc:"As the system calls it"`
}

// Head is what everybody may read of a kit.
type Head struct {
	Kit      access.GlassID `json:"kit"`
	Edition  int            `json:"edition"`
	Name     string         `json:"name"`
	Made     access.Time    `json:"made"`
	Until    access.Time    `json:"until"` // after which it is stale
	Persons  int            `json:"persons"`
	Holders  []Holder       `json:"holders"`
	Secrets  []Item         `json:"secrets"`
	Tokens   []Token        `json:"tokens,omitempty"`
	Verifier string         `json:"installation"` // the key that signs kits, as a signed note has it
	Public   []byte         `json:"public"`       // what the contents are encrypted to
	Record   []byte         `json:"record"`       // the key that signs records
	share.Sharing
}

// The first line of a kit, and the caps on one.
const (
	kitForm    = "writ-break-glass-kit/1"
	mostKit    = 4 << 20
	mostItems  = 100
	mostPeople = 20
	mostTokens = 10
)

// shareForm is how shares of kits are written.
var shareForm = share.Form{Prefix: "writ-glass-", Check: "writ.break-glass.share.1\x00", ID: 16}

// sharingID binds each share to the kit, to the key that its contents are encrypted to, and
// to the installation: a kit that says otherwise of one of them has another number.
func sharingID(h *Head, p share.Sharing) []byte {
	sum := sha256.New()
	add := func(b []byte) {
		_, _ = sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) //nolint:gosec // they are short
		_, _ = sum.Write(b)
	}
	add([]byte("writ.break-glass.sharing.1"))
	add([]byte(h.Kit.String()))
	add([]byte(h.Verifier))
	add(h.Public)
	add([]byte{byte(p.Shares), byte(p.Threshold)})
	for _, c := range p.Commitments {
		add(c)
	}
	return sum.Sum(nil)[:shareForm.ID]
}

// Number is what each share of the kit begins with, as people read it.
func (h *Head) Number() string { return shareForm.Label(h.Sharing) }

// item is a secret of the kit, and whether it holds that.
func (h *Head) item(id access.SecretID) (Item, bool) {
	for _, x := range h.Secrets {
		if x.Secret == id {
			return x, true
		}
	}
	return Item{}, false
}

// token reports whether a place is a token's.
func (h *Head) token(place int) bool {
	return slices.ContainsFunc(h.Tokens, func(t Token) bool { return t.Place == place })
}

// holder is who has a share, or a token.
func (h *Head) holder(place int) (Holder, bool) {
	for _, x := range h.Tokens {
		if x.Place == place {
			return x.Holder, true
		}
	}
	for _, x := range h.Holders {
		if x.Place == place {
			return x, true
		}
	}
	return Holder{}, false
}

// check refuses what no node would have made.
func (h *Head) check() error {
	bad := func(what string) error { return ErrKit.With("the kit's first lines cannot be right: %s", what) }
	switch {
	case h.Kit == 0 || h.Edition < 1 || h.Name == "" || h.Made <= 0 || h.Until <= h.Made:
		return bad("it has no id, edition, name or time")
	case h.Persons < 1 || h.Persons > mostPeople:
		return bad("the number of persons")
	case len(h.Secrets) == 0 || len(h.Secrets) > mostItems:
		return bad("the number of secrets")
	case len(h.Holders) != h.Shares:
		return bad("the number of holders")
	case len(h.Tokens) > mostTokens || !h.numbered():
		return bad("the numbers of shares and tokens")
	case len(h.Record) != keySize:
		return bad("the key of its records")
	case shareForm.Valid(h.Sharing) != nil, !bytes.Equal(h.ID, sharingID(h, h.Sharing)):
		return bad("how it was shared")
	}
	return nil
}

// numbered reports whether shares, and then tokens, have the numbers from one on.
func (h *Head) numbered() bool {
	n := 0
	next := func(place int) bool { n++; return place == n }
	for _, x := range h.Holders {
		if !next(x.Place) {
			return false
		}
	}
	for _, x := range h.Tokens {
		if !next(x.Place) || len(x.Wrapped) == 0 {
			return false
		}
	}
	return true
}

// Kit is one edition of a kit, sealed.
type Kit struct {
	Head
	Note   string // the head, and the digest of what is sealed, as the installation signed it
	head   []byte // the very bytes
	sealed []byte
}

// Digest is what records and the audit log know a kit by.
func (k *Kit) Digest() string { return digest([]byte(k.Note)) }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Text is the kit as a file has it.
func (k *Kit) Text() string {
	return k.Note + "\n" + base64.StdEncoding.EncodeToString(k.sealed) + "\n"
}

// Signer signs for the installation; see audit.LogKey.
type Signer interface {
	SignNote(text string) (string, error)
	Verifier() string
}

// sign makes the note of a kit.
func (k *Kit) sign(by Signer) (err error) {
	k.Note, err = by.SignNote(kitForm + "\n" + string(k.head) + "\n" + digest(k.sealed) + "\n")
	return err
}

// Parse reads a kit, and makes sure that whoever its first lines name has signed all of it.
// That this is the installation that a holder means, their share says.
func Parse(text []byte) (*Kit, error) {
	if len(text) > mostKit {
		return nil, ErrKit.With("the file is larger than a break-glass kit is")
	}
	whole := strings.ReplaceAll(string(text), "\r\n", "\n")
	at := strings.LastIndex(strings.TrimRight(whole, "\n"), "\n\n")
	if !strings.HasPrefix(whole, kitForm+"\n") || at < 0 {
		return nil, ErrKit
	}
	k, want, err := parseNote(whole[:at+1])
	if err != nil {
		return nil, err
	}
	k.sealed, err = base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(whole[at:]))
	if err != nil || digest(k.sealed) != want {
		return nil, ErrKit.With("what is sealed in the kit was changed, or was cut off: use another copy of it")
	}
	return k, nil
}

// parseNote reads the part of a kit that is signed, and the digest of what is sealed.
func parseNote(signed string) (k *Kit, sealed string, err error) {
	lines := strings.SplitN(signed, "\n", 4)
	if len(lines) != 4 || lines[0] != kitForm {
		return nil, "", ErrKit
	}
	k = &Kit{Note: signed, head: []byte(lines[1])}
	d := json.NewDecoder(bytes.NewReader(k.head))
	d.DisallowUnknownFields()
	if err := d.Decode(&k.Head); err != nil {
		return nil, "", ErrKit.Because(err)
	}
	text, err := audit.OpenNote(signed, k.Verifier)
	if err != nil || text != strings.Join(lines[:3], "\n")+"\n" {
		return nil, "", ErrKit.Because(err)
	}
	return k, lines[2], k.check()
}

// wrong says what is wrong with a share in the words of kits.
func (k *Kit) wrong(err error) error {
	switch {
	case errors.Is(err, share.ErrText):
		return ErrShare
	case errors.Is(err, share.ErrForeign):
		return ErrShareForeign.With("this share is of another kit, or the kit is forged: a share of this one begins with %s", k.Number())
	case errors.Is(err, share.ErrWrong):
		return ErrShareWrong
	}
	return fmt.Errorf("reading a share: %w", err)
}
