package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// Onboard keeps what is taken over into safes.
type Onboard struct{ db *DB }

// Onboard is the part of the store that onboarding needs.
func (db *DB) Onboard() Onboard { return Onboard{db} }

var _ onboard.Store = Onboard{}

const keptAccounts = `select x.account_id, x.kind from secret x where x.until_set = 0 and x.state <> 'destroyed' and x.account_id <> 0`

var embeddedPlaces = `select r.id, r.system_id from resource r where r.kind = '` + connector.EmbeddedSecret + `' and r.until_set = 0 and r.system_id > 0 and r.from_set not in (select id from open_set) order by r.system_id, r.id`

// Kept implements onboard.Store.
func (s Onboard) Kept(ctx context.Context) (map[access.AccountID][]onboard.Kind, error) {
	kept := map[access.AccountID][]onboard.Kind{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, keptAccounts, nil, func(scan func(...any) error) error {
			var id access.AccountID
			var kind onboard.Kind
			err := scan(&id, &kind)
			kept[id] = append(kept[id], kind)
			return err
		})
	})
	return kept, err
}

// Places implements onboard.Store.
func (s Onboard) Places(ctx context.Context) (list []onboard.Place, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, embeddedPlaces, nil, func(scan func(...any) error) error {
			var p onboard.Place
			defer func() { list = append(list, p) }()
			return scan(&p.ID, &p.System)
		})
	})
	return list, err
}

// Begin implements onboard.Store.
func (s Onboard) Begin(ctx context.Context, o onboard.Onboarding, items []onboard.Item) (access.OnboardingID, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return 0, err
	}
	e := audit.Event{Action: "onboarding.begin", Personal: map[string]string{"reason": o.Reason}, Facts: map[string]string{"safe": o.Safe.String(), "accounts": strconv.Itoa(len(items))}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.safe(ctx, o.Safe, t.d.forUpdate); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindOnboarding, 1)
		if err != nil {
			return err
		}
		o.ID = access.OnboardingID(key)
		t.Event.Object = o.ID.Ref()
		_, err = t.exec(ctx, `insert into onboarding (id, safe_id, actor, reason, every, beside, at) values ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, o.Safe, actor.String(), o.Reason, o.Every.Microseconds(), o.Beside, t.At)
		if err != nil {
			return err
		}
		rows := make([][]any, len(items))
		for i, x := range items {
			rows[i] = []any{int64(o.ID), int64(x.Account), string(x.Kind), int64(x.System), x.Name}
		}
		return t.insertMany(ctx, "onboarding_item", []string{"onboarding_id", "account_id", "kind", "system_id", "name"}, rows)
	})
	return o.ID, err
}

// takenAtOnce is how many items one transaction takes.
const takenAtOnce = 50

const (
	oneOnboarding = `select o.id, o.safe_id, o.actor, o.reason, o.every, o.beside, o.at from onboarding o where o.id = $1`
	allOnboarding = `select o.id, o.safe_id, o.actor, o.reason, o.every, o.beside, o.at from onboarding o order by o.id desc limit $1`
	waitingItems  = `select i.account_id, i.kind, i.system_id, i.name from onboarding_item i where i.onboarding_id = $1 and i.state = 'waiting' order by i.account_id, i.kind limit $2`
	anyWaiting    = `select distinct i.onboarding_id from onboarding_item i where i.state = 'waiting' and i.onboarding_id > 0 order by i.onboarding_id`
	takenItem     = `update onboarding_item set state = 'taken', secret_id = $4 where onboarding_id = $1 and account_id = $2 and kind = $3 and state = 'waiting'`
	refusedItem   = `update onboarding_item set state = 'refused', code = $4, error = $5 where onboarding_id = $1 and account_id = $2 and kind = $3 and state = 'waiting'`
	releasedItem  = `update onboarding_item set state = 'released' where onboarding_id = $1 and account_id = $2 and kind = $3`
)

var accountToKeep = `select a.kind from account a where a.id = $1 and a.system_id = $2 and a.status = 'enabled' and ` + now("a")

func scanOnboarding(scan func(...any) error) (o onboard.Onboarding, err error) {
	var every int64
	err = scan(&o.ID, &o.Safe, &o.By, &o.Reason, &every, &o.Beside, &o.At)
	o.Every = time.Duration(every) * time.Microsecond
	return o, err
}

func (q *query) onboarding(ctx context.Context, id access.OnboardingID, lock string) (onboard.Onboarding, error) {
	o, err := scanOnboarding(q.row(ctx, oneOnboarding+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = onboard.ErrNoOnboarding
	}
	return o, err
}

// Take implements onboard.Store.
func (s Onboard) Take(ctx context.Context, id access.OnboardingID) (left int, err error) {
	e := audit.Event{Action: "onboarding.take", Object: id.Ref()}
	err = s.db.change(ctx, e, func(t *tx) error {
		o, err := t.onboarding(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		items, err := t.waitingItems(ctx, id, takenAtOnce+1)
		if err != nil {
			return err
		}
		left = max(0, len(items)-takenAtOnce)
		taken := 0
		for _, x := range items[:len(items)-left] {
			switch err := t.takeOver(ctx, o, x); {
			case err == nil:
				taken++
			case fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Invalid:
				if _, err := t.exec(ctx, refusedItem, id, x.Account, string(x.Kind), codeOf(err), fault.Line(err)); err != nil {
					return err
				}
			default:
				return err
			}
		}
		t.Event.Facts = map[string]string{"safe": o.Safe.String(), "taken": strconv.Itoa(taken), "refused": strconv.Itoa(len(items) - left - taken)}
		if len(items) == 0 {
			return errNothingDue
		}
		return nil
	})
	if errors.Is(err, errNothingDue) {
		return 0, nil
	}
	return left, err
}

// codeOf is the code of an error that is told.
func codeOf(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Code
	}
	return fault.Internal.String()
}

func (q *query) waitingItems(ctx context.Context, id access.OnboardingID, most int) (list []onboard.Item, err error) {
	err = q.each(ctx, waitingItems, []any{id, most}, func(scan func(...any) error) error {
		var x onboard.Item
		defer func() { list = append(list, x) }()
		return scan(&x.Account, &x.Kind, &x.System, &x.Name)
	})
	return list, err
}

// takeOver makes the secret of an item, which has no value before rotation keeps one. What
// it refuses with a conflict it has not begun to write.
func (t *tx) takeOver(ctx context.Context, o onboard.Onboarding, x onboard.Item) error {
	var is access.AccountKind
	err := t.row(ctx, accountToKeep, x.Account, x.System).Scan(&is)
	if errors.Is(err, sql.ErrNoRows) || err == nil && is == access.PersonAccount {
		return onboard.ErrGone
	}
	if err != nil {
		return err
	}
	kept := vault.Secret{Safe: o.Safe, Name: x.Name, Kind: vault.Kind(x.Kind), System: x.System, Account: x.Account, State: vault.Live}
	var taken int
	if err := t.row(ctx, accountKept, x.Account, string(x.Kind), 0).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return vault.ErrAccountKept
	}
	if err := t.row(ctx, nameThere, o.Safe, kept.Name, 0).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		kept.Name += " " + x.Account.String()
	}
	if err := kept.Validate(); err != nil {
		return err
	}
	key, err := t.newKeys(ctx, access.KindSecret, 1)
	if err != nil {
		return err
	}
	kept.ID = access.SecretID(key)
	if err := t.putSecret(ctx, kept); err != nil {
		return err
	}
	if o.Beside && x.Kind == onboard.SSHKey {
		if err := t.keptBeside(ctx, kept.ID, x.Account); err != nil {
			return err
		}
	}
	if o.Every != 0 {
		if _, err := t.exec(ctx, insertSchedule, kept.ID, o.Every.Microseconds(), 0, 0, t.At+access.Time(o.Every.Microseconds())); err != nil {
			return err
		}
	}
	if err := t.dueFor(ctx, kept.ID, rotate.OnDemand, t.At); err != nil {
		return err
	}
	_, err = t.exec(ctx, takenItem, o.ID, x.Account, string(x.Kind), kept.ID)
	return err
}

// keysOpening are the keys that were seen to open an account.
const keysOpening = `
select c.fingerprint from account_credential a join credential c on c.id = a.credential_id and c.until_set = 0 and c.kind = 'ssh_key'
 where a.account_id = $1 and a.until_set = 0 order by c.id limit 2`

// keptBeside leaves other keys of an account where they are. Where one alone is known, that is
// the one whose place is taken.
func (t *tx) keptBeside(ctx context.Context, id access.SecretID, account access.AccountID) error {
	var known []string
	err := t.each(ctx, keysOpening, []any{account}, func(scan func(...any) error) error {
		var fingerprint string
		defer func() { known = append(known, fingerprint) }()
		return scan(&fingerprint)
	})
	if err != nil {
		return err
	}
	instead := ""
	if len(known) == 1 {
		instead = known[0]
	}
	_, err = t.exec(ctx, `insert into rotation_beside (secret_id, instead) values ($1, $2)`, id, instead)
	return err
}

// Waiting implements onboard.Store.
func (s Onboard) Waiting(ctx context.Context) (list []access.OnboardingID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, anyWaiting, nil, func(scan func(...any) error) error {
			var id access.OnboardingID
			defer func() { list = append(list, id) }()
			return scan(&id)
		})
	})
	return list, err
}

// Onboardings implements onboard.Store.
func (s Onboard) Onboardings(ctx context.Context, id access.OnboardingID, first int) (list []onboard.Onboarding, err error) {
	text, args := allOnboarding, []any{first}
	if id != 0 {
		text, args = oneOnboarding, []any{id}
	}
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			o, err := scanOnboarding(scan)
			list = append(list, o)
			return err
		})
	})
	return list, err
}

// How far an item is that has a secret, that secret says: whether it has a value that was
// signed in with, and else what became of trying.
const onboardingItems = `
select i.account_id, i.kind, i.system_id, coalesce(x.name, i.name), i.secret_id, coalesce(v.made_at, 0),
       case when i.state <> 'taken' then i.state
            when x.id is null or x.state = 'destroyed' then 'released'
            when v.id is not null then 'proven'
            when d.state = 'waiting' then 'person'
            else coalesce(d.state, 'due') end,
       case when i.state <> 'taken' then i.code when v.id is null then coalesce(d.code, '') else '' end,
       case when i.state <> 'taken' then i.error when v.id is null then coalesce(d.error, '') else '' end
  from onboarding_item i
  left join secret x on x.id = i.secret_id and x.until_set = 0
  left join secret_version v on v.secret_id = i.secret_id and v.state = 'current'
  left join secret_due d on d.secret_id = i.secret_id
 where i.onboarding_id = $1 order by i.system_id, i.account_id, i.kind`

// Items implements onboard.Store.
func (s Onboard) Items(ctx context.Context, id access.OnboardingID) (list []onboard.Item, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, onboardingItems, []any{id}, func(scan func(...any) error) error {
			var x onboard.Item
			defer func() { list = append(list, x) }()
			return scan(&x.Account, &x.Kind, &x.System, &x.Name, &x.Secret, &x.Proven, &x.State, &x.Code, &x.Error)
		})
	})
	return list, err
}
