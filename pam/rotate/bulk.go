package rotate

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrBulk is returned for a bulk that is none.
var ErrBulk = fault.New(fault.Invalid, "bad-rotation-bulk", "in bulk are changed the secrets of one safe, of one system, those that one person knows, or those that a finding is about, an hour apart at most")

// Group says which secrets are changed together: one of its fields is set.
type Group struct {
	Safe   access.SafeID
	System access.SystemID
	SeenBy access.IdentityID // whoever knows what is in use still
	// Finding is an open one, about an account that they open.
	Finding access.FindingID
}

// Validate reports the first rule that g breaks.
func (g Group) Validate() error {
	n := 0
	for _, r := range []access.Ref{g.Safe.Ref(), g.System.Ref(), g.SeenBy.Ref(), g.Finding.Ref()} {
		if !r.IsZero() {
			n++
		}
	}
	if n != 1 {
		return ErrBulk
	}
	return nil
}

// Follows is what follows for one secret of a group.
type Follows struct {
	Secret    access.SecretID `json:"secret"`
	Opens     bool            `json:"opens" doc:"Writ knows what it opens; else a person has to change it there"`
	Paired    bool            `json:"paired,omitempty" doc:"Two accounts take turns: nobody who uses it stands still"`
	Consumers int             `json:"consumers,omitempty" doc:"How many are told"`
	Due       Cause           `json:"due,omitempty" doc:"Why it is due already"`
	At        access.Time     `json:"at,omitzero" doc:"When it is its turn"`
}

// Bulk is a group that is to be changed, by whoever calls.
type Bulk struct {
	Group
	Incident bool
	Reason   string
	Apart    time.Duration // from one to the next
	Preview  bool          // nothing is changed
}

// mostApart is the slowest pace.
const mostApart = time.Hour

// Bulk has all secrets of a group changed that whoever calls may have changed, one after the
// other, and tells what follows for each. left is how many are not theirs to change.
func (d *Desk) Bulk(ctx context.Context, b Bulk) (list []Follows, left int, err error) {
	if err := b.Validate(); err != nil {
		return nil, 0, err
	}
	if b.Apart < 0 || b.Apart > mostApart {
		return nil, 0, ErrBulk
	}
	if b.Reason, err = access.Said(b.Reason); err != nil {
		return nil, 0, err
	}
	all, at, err := d.Service.Store.Group(ctx, b.Group)
	if err != nil {
		return nil, 0, err
	}
	var ids []access.SecretID
	for _, f := range all {
		err := d.may(ctx, "secret.rotate", f.Secret, b.Reason)
		switch {
		case err == nil:
			f.At = at + access.Time(time.Duration(len(ids))*b.Apart/time.Microsecond)
			list, ids = append(list, f), append(ids, f.Secret)
		case hidden(err):
			left++
		default:
			return nil, 0, err
		}
	}
	if b.Preview || len(ids) == 0 {
		return list, left, nil
	}
	cause := OnDemand
	switch {
	case b.Incident:
		cause = Incident
	case b.Finding != 0:
		cause = OnFinding
	}
	if err := d.Service.Store.DemandOver(ctx, ids, cause, b.Reason, b.Apart); err != nil {
		return nil, 0, err
	}
	d.Service.Wake()
	return list, left, nil
}
