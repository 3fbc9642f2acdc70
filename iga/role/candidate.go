package role

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// ErrNoRejection is returned for a candidate that nobody has rejected.
var ErrNoRejection = fault.New(fault.NotFound, "role-rejection-not-found", "no candidate is rejected that is known by that: 'writ role mine --from-graph' lists those that are")

// Rejection is that somebody did not want a candidate as a role. It is known by what the
// candidate gives: mining may find the same for other people later.
type Rejection struct {
	ID           string
	Entitlements []access.EntitlementID
	Reason       string
	Since        access.Time
}

// Candidates is what the store does about candidates that were rejected.
type Candidates interface {
	// Rejections returns every one that holds.
	Rejections(ctx context.Context) ([]Rejection, error)
	// Reject keeps one; one that holds already stays as it is.
	Reject(ctx context.Context, r Rejection) error
	// Reconsider ends one, or returns ErrNoRejection.
	Reconsider(ctx context.Context, id, reason string) error
}

// CandidateID is what a candidate is known by: a digest of what it gives.
func CandidateID(entitlements []access.EntitlementID) string {
	list := slices.Clone(entitlements)
	slices.Sort(list)
	var text strings.Builder
	for _, id := range slices.Compact(list) {
		text.WriteString(id.String())
		text.WriteByte('\n')
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

// Adopt writes the draft of a new role from a candidate. It goes the way of every draft.
func (s *Service) Adopt(ctx context.Context, run access.RunID, f Found, to Definition) (access.RoleID, error) {
	by, err := author(ctx)
	if err != nil {
		return 0, err
	}
	if len(to.Parts) == 0 {
		return 0, ErrEmpty
	}
	if err := s.check(to); err != nil {
		return 0, err
	}
	e := audit.Event{
		Action: "role.draft", Personal: map[string]string{"name": to.Name},
		Facts: map[string]string{"parts": strconv.Itoa(len(to.Parts)), "candidate": f.ID, "mining": run.String()},
	}
	return s.Store.Adopt(ctx, e, run, f.Place, func(c *Catalog) (Draft, error) {
		ch, err := c.Become(0, to)
		if err != nil {
			return Draft{}, err
		}
		return Draft{}.edited(by, ch.Role.Definition), nil
	})
}

// Reject keeps that a candidate is not wanted, so that it is not proposed again.
func (s *Service) Reject(ctx context.Context, entitlements []access.EntitlementID, reason string) (string, error) {
	r := Rejection{ID: CandidateID(entitlements), Entitlements: entitlements, Reason: strings.TrimSpace(reason)}
	switch {
	case r.Reason == "":
		return "", ErrReason.With("say why the candidate is no role")
	case len(entitlements) == 0:
		return "", ErrEmpty
	}
	return r.ID, s.Store.Reject(ctx, r)
}

// Reconsider ends that a candidate is not wanted.
func (s *Service) Reconsider(ctx context.Context, id, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return ErrReason.With("say why the candidate may be a role after all")
	}
	return s.Store.Reconsider(ctx, id, reason)
}
