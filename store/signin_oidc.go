package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/signin"
)

const (
	sweepStates = `delete from oidc_state where ends_at <= $1`
	statesAt    = `select count(*) from oidc_state where address = $1`
	insertState = `
insert into oidc_state (state, browser, provider, client_key, back, address, ends_at) values ($1, $2, $3, $4, $5, $6, $7)`
	boundStates = `delete from oidc_state where state in (select state from oidc_state order by ends_at desc, state limit $2 offset $1)`
	// takeState is what makes a state good once: of those who show it, one gets the row.
	takeState = `
delete from oidc_state where state = $1
returning browser, provider, client_key, back, address, ends_at`
	subjectOf     = `select identity_id from oidc_subject where issuer = $1 and subject = $2`
	insertSubject = `
insert into oidc_subject (issuer, subject, identity_id, linked_at) values ($1, $2, $3, $4) on conflict do nothing`
)

// humansByEmail are those who may have access and have an email, which is kept in lower
// case.
var humansByEmail = `
select i.id, i.state from identity i where i.email = $1 and i.kind = 'human' and ` + now("i")

// KeepState implements signin.OIDCStore. Nobody is signed in by going to a provider.
func (s Signin) KeepState(ctx context.Context, k signin.State) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, sweepStates, at); err != nil {
			return err
		}
		var n int
		if err := t.row(ctx, statesAt, k.Address).Scan(&n); err != nil {
			return err
		}
		if n >= signin.MaxStates {
			return signin.ErrManyWait
		}
		_, err = t.exec(ctx, insertState, k.State[:], k.Browser[:], k.Provider, k.Key, k.Back, k.Address, at+micros(signin.StateLasts))
		if err == nil {
			_, err = t.exec(ctx, boundStates, signin.MaxBegun, boundAtOnce)
		}
		return err
	})
}

// TakeState implements signin.OIDCStore. What another browser shows is gone, too: whoever
// has it should not.
func (s Signin) TakeState(ctx context.Context, state, browser signin.Hash) (k signin.State, err error) {
	var kept []byte
	var at, ends access.Time
	err = s.db.bookkeep(ctx, func(t *tx) error {
		if at, err = s.db.storeTime(ctx, &t.query); err != nil {
			return err
		}
		err := t.row(ctx, takeState, state[:]).Scan(&kept, &k.Provider, &k.Key, &k.Back, &k.Address, &ends)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrState
		}
		return err
	})
	if err == nil && (ends <= at || string(kept) != string(browser[:])) {
		err = signin.ErrState
	}
	return k, err
}

// BeginBySubject implements signin.OIDCStore.
func (s Signin) BeginBySubject(ctx context.Context, u signin.Subject, b signin.Beginning) (g signin.Signin, err error) {
	err = s.db.change(ctx, audit.Event{Action: "signin.begin"}, func(t *tx) error {
		if b.Identity, err = t.whoIs(ctx, u); err != nil {
			return err
		}
		g, err = t.beginSignin(ctx, b)
		return err
	})
	return g, err
}

// whoIs returns whom a subject is, and keeps it the first time: an email may come to
// belong to somebody else, a subject may not.
func (t *tx) whoIs(ctx context.Context, u signin.Subject) (id access.IdentityID, err error) {
	err = t.row(ctx, subjectOf, u.Issuer, u.Subject).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if u.Email == "" {
		return 0, signin.ErrEmail
	}
	var found []access.IdentityID
	err = t.each(ctx, humansByEmail, []any{u.Email}, func(scan func(...any) error) error {
		var one access.IdentityID
		var state access.IdentityState
		err := scan(&one, &state)
		if state.MayHoldAccess() {
			found = append(found, one)
		}
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, signin.ErrPerson
	case len(found) > 1:
		return 0, signin.ErrTwoPeople
	}
	t.fact("linked", "by_email")
	if _, err := t.exec(ctx, insertSubject, u.Issuer, u.Subject, found[0], t.At); err != nil {
		return 0, err
	}
	// Somebody else may have been first, and then it is whom they found.
	err = t.row(ctx, subjectOf, u.Issuer, u.Subject).Scan(&id)
	return id, err
}
