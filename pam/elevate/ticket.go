package elevate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// What asking about a ticket can meet. ErrTicketBad is an answer; the others are none, and
// let nobody in either.
var (
	ErrTickets    = fault.New(fault.Unavailable, "tickets-unavailable", "the ticket system does not answer, and without it nothing is activated that takes a ticket: try again")
	ErrNoTickets  = fault.New(fault.Refused, "tickets-not-configured", "its terms ask for a ticket, and this server's configuration names no ticket system: have 'tickets' configured")
	ErrTicketBad  = fault.New(fault.Invalid, "ticket-refused", "the ticket does not allow this")
	ErrTicketsURL = fault.New(fault.Invalid, "tickets-url", "the address of the ticket system must be https://HOST/…, or http:// for this machine alone, with {ticket} in its path")
)

// Tickets asks the company's own tracker.
type Tickets interface {
	// Check is nil where the ticket is there, open, names the system, and is inside its
	// change window at a time. ErrTicketBad says that it is not; any other error, that
	// nobody knows.
	Check(ctx context.Context, ticket, system string, at access.Time) error
}

// ticket checks what an elevation's terms ask for.
func (s *Service) ticket(ctx context.Context, e *Elevation, at access.Time) error {
	switch {
	case !e.Terms.Ticket:
		return nil
	case e.Ticket == "":
		return ErrTicket
	case s.Tickets == nil:
		return ErrNoTickets
	}
	names, err := s.Names.Names(ctx, []access.Ref{e.System.Ref()})
	if err != nil {
		return err
	}
	return s.Tickets.Check(ctx, e.Ticket, names[e.System.Ref()].Name, at)
}

// HTTPTickets asks a tracker over HTTP: GET of URL with the ticket in place of {ticket}. It
// answers 404 for a ticket that it does not know, else TicketAnswer as JSON.
type HTTPTickets struct {
	url    string
	token  secret.Secret
	client *outbound.Client
}

// TicketAnswer is what a tracker says of a ticket.
type TicketAnswer struct {
	ID      string      `json:"id"` // as it was asked for
	Open    bool        `json:"open"`
	Systems []string    `json:"systems"` // that it is about, as Writ calls them
	From    access.Time `json:"from"`    // of its change window; none is no limit
	Until   access.Time `json:"until"`
}

const ticketPlace = "{ticket}"

// NewHTTPTickets returns one that calls to, with a bearer's token, if any.
func NewHTTPTickets(to string, token secret.Secret) (*HTTPTickets, error) {
	u, err := url.Parse(to)
	if err != nil || !strings.Contains(u.Path, ticketPlace) || strings.Contains(u.Host, ticketPlace) {
		return nil, ErrTicketsURL
	}
	client, err := outbound.New(outbound.Config{URL: to, MaxBody: 64 << 10})
	if err != nil {
		return nil, ErrTicketsURL.Because(err)
	}
	return &HTTPTickets{to, token, client}, nil
}

// Check implements Tickets.
func (t *HTTPTickets) Check(ctx context.Context, ticket, system string, at access.Time) error {
	// What somebody typed is one segment of the path, and never another place.
	if strings.Trim(ticket, ".") == "" {
		return ErrTicketBad.With("%q is not the name of a ticket", ticket)
	}
	header := http.Header{"Accept": {"application/json"}}
	if !t.token.Empty() {
		header.Set("Authorization", "Bearer "+string(t.token.Reveal()))
	}
	res, err := t.client.Do(ctx, http.MethodGet, strings.Replace(t.url, ticketPlace, url.PathEscape(ticket), 1), header, nil)
	if err != nil {
		return ErrTickets.Because(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return ErrTicketBad.With("there is no ticket %q", ticket)
	default:
		return ErrTickets.With("the ticket system answers %s, and without it nothing is activated that takes a ticket", res.Status)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return ErrTickets.Because(err)
	}
	var a TicketAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return ErrTickets.With("the ticket system answers what is no answer about a ticket, and without it nothing is activated that takes one").Because(err)
	}
	return a.allows(ticket, system, at)
}

func (a *TicketAnswer) allows(ticket, system string, at access.Time) error {
	named := slices.ContainsFunc(a.Systems, func(name string) bool { return strings.EqualFold(name, system) })
	switch {
	case a.ID != ticket:
		return ErrTickets.With("the ticket system answers about another ticket than %q", ticket)
	case !a.Open:
		return ErrTicketBad.With("the ticket %s is not open", ticket)
	case !named:
		return ErrTicketBad.With("the ticket %s does not name %s", ticket, system)
	case a.From != 0 && at < a.From:
		return ErrTicketBad.With("the change window of %s begins later than that", ticket)
	case a.Until != 0 && at >= a.Until:
		return ErrTicketBad.With("the change window of %s is over by then", ticket)
	}
	return nil
}

// refusal reports whether an error is the tracker's no, and not a lack of an answer.
func refusal(err error) bool { return errors.Is(err, ErrTicketBad) || errors.Is(err, ErrTicket) }

// String says nothing of the token.
func (t *HTTPTickets) String() string { return fmt.Sprintf("tickets at %s", t.url) }
