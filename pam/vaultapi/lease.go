package vaultapi

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Lease is an account that was made for one use.
type Lease struct {
	ID       string // as Writ writes it
	Template string // by its name
	User     string
	Value    secret.Secret // once, where it was made
	Start    access.Time
	End      access.Time
	Left     time.Duration
	Latest   access.Time // until when it may be renewed
}

// Lender makes accounts for one use, as whoever calls may have.
type Lender interface {
	// Templates are the names of those that whoever calls may see.
	Templates(ctx context.Context) ([]string, error)
	Lend(ctx context.Context, template string, why Why) (Lease, error)
	Lease(ctx context.Context, id string) (Lease, error)
	// Renew has it last for a time from now on; zero is as long as at first.
	Renew(ctx context.Context, id string, by time.Duration) (Lease, error)
	Return(ctx context.Context, id string) error
}

var leaseRoutes = []route{
	{list, "database/roles", false, (*API).templates},
	{read, "database/creds/", false, (*API).lend},
	{update, "sys/leases/lookup", false, (*API).lookupLease},
	{update, "sys/leases/renew", false, (*API).renewLease},
	{update, "sys/leases/renew/", false, (*API).renewLease},
	{update, "sys/leases/revoke", false, (*API).revokeLease},
	{update, "sys/leases/revoke/", false, (*API).revokeLease},
	{update, "sys/renew", false, (*API).renewLease},
	{update, "sys/renew/", false, (*API).renewLease},
	{update, "sys/revoke", false, (*API).revokeLease},
	{update, "sys/revoke/", false, (*API).revokeLease},
}

// lender refuses where there is none.
func (a *API) lender() (Lender, error) {
	if a.Lender == nil {
		return nil, ErrUnsupported.With("this Writ lends no accounts")
	}
	return a.Lender, nil
}

func (a *API) templates(ctx context.Context, _ *request) (*reply, error) {
	l, err := a.lender()
	if err != nil {
		return nil, err
	}
	list, err := l.Templates(ctx)
	if err == nil && len(list) == 0 {
		err = ErrNone
	}
	return &reply{data: names{list}}, err
}

const creds = "database/creds/"

// envelope is a lease as answers carry it.
func (x Lease) envelope() leased {
	return leased{creds + x.Template + "/" + x.ID, x.Latest > x.End, int64(x.Left.Seconds())}
}

func (a *API) lend(ctx context.Context, q *request) (*reply, error) {
	l, err := a.lender()
	if err != nil {
		return nil, err
	}
	if len(q.rest) != 1 {
		return nil, ErrRoute
	}
	why, err := q.why()
	if err != nil {
		return nil, err
	}
	x, err := l.Lend(ctx, q.rest[0], why)
	if err != nil {
		return nil, err
	}
	defer x.Value.Wipe()
	return &reply{lease: x.envelope(), data: map[string]string{"username": x.User, "password": string(x.Value.Reveal())}}, nil
}

type leaseBody struct {
	LeaseID   string          `json:"lease_id"`
	Increment json.RawMessage `json:"increment"`
}

// lease reads which lease a request is about: its id is all but its last part for clients
// that look at what a lease is of.
func (a *API) lease(q *request) (l Lender, id string, by time.Duration, err error) {
	if l, err = a.lender(); err != nil {
		return nil, "", 0, err
	}
	var b leaseBody
	if err := q.body(&b); err != nil {
		return nil, "", 0, err
	}
	if len(q.rest) > 0 {
		b.LeaseID = strings.Join(q.rest, "/")
	}
	rest, ok := strings.CutPrefix(b.LeaseID, creds)
	_, id, whole := strings.Cut(rest, "/")
	if !ok || !whole || id == "" {
		return nil, "", 0, ErrBody.With("invalid lease")
	}
	by, err = lasting(b.Increment)
	return l, id, by, err
}

type leaseTold struct {
	ID          string `json:"id"`
	IssueTime   string `json:"issue_time"`
	ExpireTime  string `json:"expire_time"`
	LastRenewal any    `json:"last_renewal"`
	Renewable   bool   `json:"renewable"`
	TTL         int64  `json:"ttl"`
}

func (a *API) lookupLease(ctx context.Context, q *request) (*reply, error) {
	l, id, _, err := a.lease(q)
	if err != nil {
		return nil, err
	}
	x, err := l.Lease(ctx, id)
	if err != nil {
		return nil, err
	}
	e := x.envelope()
	return &reply{data: leaseTold{ID: e.id, IssueTime: moment(x.Start), ExpireTime: moment(x.End), Renewable: e.renewable, TTL: e.seconds}}, nil
}

func (a *API) renewLease(ctx context.Context, q *request) (*reply, error) {
	l, id, by, err := a.lease(q)
	if err != nil {
		return nil, err
	}
	x, err := l.Renew(ctx, id, by)
	if err != nil {
		return nil, err
	}
	return &reply{lease: x.envelope()}, nil
}

func (a *API) revokeLease(ctx context.Context, q *request) (*reply, error) {
	l, id, _, err := a.lease(q)
	if err != nil {
		return nil, err
	}
	return &reply{}, l.Return(ctx, id)
}

// longest is beyond what anything lasts.
const longest = 10 * 365 * 24 * time.Hour

// lasting reads a time as clients write it: seconds, as a number or text, or with units.
func lasting(raw json.RawMessage) (time.Duration, error) {
	bad := ErrBody.With("a time is a number of seconds, or text such as 1h")
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return 0, nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			return 0, bad
		}
	}
	d, err := time.ParseDuration(text)
	if seconds, numeric := strconv.ParseInt(text, 10, 64); numeric == nil {
		if seconds < 0 || seconds > int64(longest.Seconds()) {
			return 0, bad
		}
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d < 0 || d > longest {
		return 0, bad
	}
	return d, nil
}
