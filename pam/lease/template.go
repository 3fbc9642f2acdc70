package lease

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What keeping templates can meet.
var (
	ErrTemplate      = fault.New(fault.Invalid, "bad-lease-template", "this is no template of leases")
	ErrNoTemplate    = fault.New(fault.NotFound, "lease-template-not-found", "there is no such template, or it is not yours to see")
	ErrTemplateName  = fault.New(fault.Conflict, "lease-template-name-taken", "there is a template of that name")
	ErrTemplateStale = fault.New(fault.Conflict, "lease-template-changed", "the template has changed: look at it again, then decide")
	ErrRight         = fault.New(fault.Invalid, "bad-lease-right", "a right to use a template is somebody's, an entitlement's or a role's, and ends in the future")
	ErrRightHeld     = fault.New(fault.Conflict, "lease-right-held", "they have that right already")
	ErrNoRight       = fault.New(fault.NotFound, "lease-right-not-found", "they have no such right")
)

// Template says what an account that is made is given.
type Template struct {
	ID           access.TemplateID      `json:"id,omitzero"`
	Version      int64                  `json:"version,omitzero" doc:"Which a change names"` // the row
	Name         string                 `json:"name" minLength:"1" maxLength:"64" example:"reporting"`
	Description  string                 `json:"description,omitempty" maxLength:"500"`
	System       access.SystemID        `json:"system"`
	Entitlements []access.EntitlementID `json:"entitlements" maxItems:"20" doc:"Of that system, which an account that is made is given"`
	Usual        time.Duration          `json:"usual" doc:"How long a lease lasts where nothing is said, in nanoseconds"`
	Terms        access.Terms           `json:"terms" doc:"What using it takes; most is from start to end, renewals included"`
	Inherit      bool                   `json:"inherit,omitempty" doc:"The account has what its entitlements permit without asking for each"`
	Successor    string                 `json:"successor,omitempty" maxLength:"256" doc:"The native id of who gets what the account owned; without it, Writ's own login there"`
}

const (
	maxEntitlements = 20
	maxSuccessor    = 256
	shortest        = time.Second
)

// Validate reports the first rule that t breaks, and makes its texts canonical.
func (t *Template) Validate() (err error) {
	if t.Name, err = oneLine(t.Name, 64); err != nil || t.Name == "" || strings.ContainsAny(t.Name, "/ ") {
		return ErrTemplate.With("a template needs a name of up to 64 characters, without a / or a space")
	}
	if _, err := access.ParseRef(t.Name); err == nil {
		return ErrTemplate.With("a template's name is not an id")
	}
	if t.Description, err = oneLine(t.Description, 500); err != nil {
		return ErrTemplate.With("a description is one line of up to 500 characters")
	}
	slices.Sort(t.Entitlements)
	t.Entitlements = slices.Compact(t.Entitlements)
	switch {
	case t.System == 0:
		return ErrTemplate.With("a template is for accounts in one system: name it")
	case len(t.Entitlements) > maxEntitlements || slices.Contains(t.Entitlements, 0):
		return ErrTemplate.With("an account that is made is given up to %d entitlements", maxEntitlements)
	case len(t.Successor) > maxSuccessor || !utf8.ValidString(t.Successor) || strings.ContainsRune(t.Successor, 0):
		return ErrTemplate.With("who gets what the account owned is an account or a role of that system")
	case t.Usual < shortest || t.Usual > t.Terms.Most:
		return ErrTemplate.With("a lease usually lasts between a second and what it lasts at most, not %s", t.Usual)
	}
	return t.Terms.Validate()
}

// oneLine is text without what cannot be shown.
func oneLine(text string, most int) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", ErrTemplate
	}
	return text, nil
}

// Right is that somebody, or whoever holds an entitlement or a role, may use a template.
type Right struct {
	Template access.TemplateID `json:"template"`
	Holder   access.Ref        `json:"holder"`
	Ends     access.Time       `json:"ends,omitzero"`
	Reason   string            `json:"reason,omitempty"`
	Since    access.Time       `json:"since,omitzero"`
}

// holderKinds are what may have a right.
var holderKinds = []access.ObjectKind{access.KindIdentity, access.KindEntitlement, access.KindRole}

// Validate reports the first rule that r breaks.
func (r Right) Validate(now access.Time) error {
	if r.Holder.IsZero() || !slices.Contains(holderKinds, r.Holder.Kind) || r.Ends != 0 && r.Ends <= now {
		return ErrRight
	}
	return nil
}
