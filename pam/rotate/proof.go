package rotate

import (
	"context"

	"github.com/writhq/writ/access"
)

// ProofState says whether a secret was signed in with since the database was restored.
type ProofState string

// The states. Only what is unproven is kept from everybody.
const (
	Unproven ProofState = "unproven"
	Opened   ProofState = "opened"  // the value that the backup has opens it
	Renewed  ProofState = "renewed" // that did not, and another one was set
	WasPut   ProofState = "put"     // a person has put what it is
)

// Proof is how far a secret has come since the database was restored.
type Proof struct {
	Secret   access.SecretID `json:"secret"`
	State    ProofState      `json:"state" enum:"unproven,opened,renewed,put"`
	Since    access.Time     `json:"since"`
	At       access.Time     `json:"at,omitzero"`
	Due      State           `json:"due,omitempty" enum:"due,failing,waiting"`
	Next     access.Time     `json:"next,omitzero" doc:"When it is tried, or tried again"`
	Attempts int             `json:"attempts,omitempty"`
	Code     string          `json:"code,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// Proofs is how far all of them have come.
type Proofs struct {
	Unproven int     `json:"unproven"`
	Opened   int     `json:"opened"`
	Renewed  int     `json:"renewed"`
	Put      int     `json:"put"`
	Left     []Proof `json:"-"` // those that are unproven
}

// Count adds to how many are in a state.
func (p *Proofs) Count(s ProofState, n int) {
	switch s {
	case Unproven:
		p.Unproven += n
	case Opened:
		p.Opened += n
	case Renewed:
		p.Renewed += n
	case WasPut:
		p.Put += n
	}
}

// maxProofs is how many of those that are left are told.
const maxProofs = 1000

// Verify has every secret that opens an account signed in with, and given another value
// where it opens nothing any more. Until then none of them is given to anybody.
func (d *Desk) Verify(ctx context.Context, reason string) error {
	reason, err := access.Said(reason)
	if err != nil {
		return err
	}
	if err := d.Service.Store.Verify(ctx, reason); err != nil {
		return err
	}
	d.Service.Wake()
	return nil
}

// Proofs tells how far that is. Those that are left are told as far as whoever calls may
// see them.
func (d *Desk) Proofs(ctx context.Context) (Proofs, error) {
	p, err := d.Service.Store.Proofs(ctx, maxProofs)
	if err != nil {
		return p, err
	}
	p.Left, err = visible(ctx, d, p.Left, func(x Proof) access.SecretID { return x.Secret }, nil)
	return p, err
}
