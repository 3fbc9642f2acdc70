package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

// EventState is where an event stands.
type EventState string

// The states of an event. What happened and was taken back is cancelled.
const (
	Coming    EventState = "coming"
	Happened  EventState = "happened"
	Cancelled EventState = "cancelled"
)

// LifeQuery says which events of people's lives are asked for.
type LifeQuery struct {
	Identity access.IdentityID // of all where it is zero
	ID       access.EventID    // the order of that id
	Kind     EventKind
	State    EventState
	Ordered  *bool
	Since    access.Time // leaves out what was seen earlier
	After    *LifePlace  // what comes behind it
	First    int
}

// LifePlace is the place of an event among all. Of those of one time, the newest is
// taken to be what was seen of positions, then of states, then what was ordered.
type LifePlace struct {
	At       access.Time       `json:"a"`
	Rank     int               `json:"r"`
	Of       int64             `json:"o"` // the order, or the change set that it was seen in
	Identity access.IdentityID `json:"i"`
	Position int64             `json:"p"`
}

// The ranks of events of one time.
const (
	RankPosition = iota
	RankState
	RankOrdered
)

// Alteration is a value that became another one.
type Alteration struct {
	Name     string       `json:"name" doc:"The attribute"`
	Was      string       `json:"was"`
	Is       string       `json:"is"`
	From, To access.Ref   `json:"-"` // of a value that is somebody
	WasOne   access.Named `json:"was_named,omitzero" doc:"Who it was, where the value is somebody"`
	IsOne    access.Named `json:"is_named,omitzero"`
}

// LifeStore reads what happened in people's lives, and what followed.
type LifeStore interface {
	// Life are events that fit: the newest first, or of those that are coming alone the
	// next first. More reports whether there are others behind them.
	Life(ctx context.Context, q LifeQuery) (list []Event, more bool, err error)
	// Altered is what an event that happened changed of what is known of somebody.
	Altered(ctx context.Context, e Event) ([]Alteration, error)
	// Followed is what changed of somebody's access from a time on, until another.
	Followed(ctx context.Context, who access.IdentityID, from, until access.Time) (Turned, error)
	// CancelledFor is why an order was cancelled, as far as that may still be read.
	CancelledFor(ctx context.Context, id access.EventID) (string, error)
	// Contracts are those of third parties that end within a period, the first to end
	// first.
	Contracts(ctx context.Context, q ContractQuery) (list []ContractShown, more bool, err error)
}

// Life are events of people's lives, page by page.
func (s *Service) Life(ctx context.Context, q LifeQuery) (list []Event, more bool, err error) {
	return s.Store.Life(ctx, q)
}

const seenPrefix = "seen-"

// SeenKey is the key of what sources told.
func SeenKey(rev access.Rev, p LifePlace) string {
	what := "state"
	if p.Rank == RankPosition {
		what = fmt.Sprint(p.Position)
	}
	return fmt.Sprintf("%s%d-%s-%s", seenPrefix, rev, p.Identity, what)
}

// longestLife is more than ever happens to somebody.
const longestLife = 2000

// Event is one event by its key, and when the next happened in the same life; zero where
// none has.
func (s *Service) Event(ctx context.Context, key string) (e Event, next access.Time, err error) {
	who, err := s.whose(ctx, key)
	if err != nil {
		return e, 0, err
	}
	list, _, err := s.Store.Life(ctx, LifeQuery{Identity: who, First: longestLife})
	if err != nil {
		return e, 0, err
	}
	i := slices.IndexFunc(list, func(e Event) bool { return e.Key == key })
	if i < 0 {
		return e, 0, ErrUnknownEvent
	}
	e = list[i]
	for _, o := range list {
		if o.State == Happened && o.At > e.At && (next == 0 || o.At < next) {
			next = o.At
		}
	}
	return e, next, nil
}

// whose finds whose life a key is of.
func (s *Service) whose(ctx context.Context, key string) (who access.IdentityID, err error) {
	if parts := strings.Split(key, "-"); strings.HasPrefix(key, seenPrefix) && len(parts) == 4 {
		if who.UnmarshalText([]byte(parts[2])) != nil || who == 0 {
			return 0, ErrUnknownEvent
		}
		return who, nil
	}
	var id access.EventID
	if id.UnmarshalText([]byte(key)) != nil || id == 0 {
		return 0, ErrUnknownEvent
	}
	list, _, err := s.Store.Life(ctx, LifeQuery{ID: id, First: 1})
	if err == nil && len(list) == 0 {
		err = ErrUnknownEvent
	}
	if err != nil {
		return 0, err
	}
	return list[0].Identity, nil
}
