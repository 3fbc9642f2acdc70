package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
)

// systemConfig is the system's column config.
type systemConfig struct {
	Connector string `json:"connector,omitempty"`
	inventory.Config
}

const insertSystem = `
insert into system (id, from_set, name, kind, scope_id, environment, criticality, data_class,
                    business_owner, technical_owner, runs_on, config, cycle, stage, paused_until, paused_reason, every, hours)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

func (t *tx) insertSystem(ctx context.Context, y inventory.System) error {
	config, err := json.Marshal(systemConfig{y.Connector, y.Config})
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertSystem, y.ID, t.Set, y.Name, y.Kind, y.Scope, y.Environment, y.Criticality, y.DataClass,
		y.BusinessOwner, y.TechnicalOwner, y.RunsOn, string(config), y.Cycle.Microseconds(),
		cmp.Or(y.Stage, inventory.Active), y.PausedUntil, y.PausedReason, time.Duration(y.Every).Microseconds(), y.Hours.String())
	if err != nil {
		return err
	}
	return t.due(ctx, y.ID.Ref(), y.PausedUntil)
}

// What a record says about the credential that lies sealed in the store.
const (
	factSecret      = "secret"
	secretNone      = "none"
	secretUnchanged = "unchanged"
	secretSealed    = "sealed"
)

// AddSystem keeps a new system.
func (s Inventory) AddSystem(ctx context.Context, y inventory.System, sealed *secret.Secret) (id access.SystemID, err error) {
	e := audit.Event{Action: "inventory.add_system", Personal: map[string]string{"name": y.Name}, Facts: map[string]string{factSecret: secretNone}}
	if sealed != nil {
		e.Facts[factSecret] = secretSealed
	}
	e.Facts["stage"] = string(cmp.Or(y.Stage, inventory.Active))
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.nameFree(ctx, "system", y.Name); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindSystem, 1)
		if err != nil {
			return err
		}
		y.ID = access.SystemID(key)
		t.Event.Object = y.ID.Ref()
		if err := t.insertSystem(ctx, y); err != nil {
			return err
		}
		if err := t.replaceSecret(ctx, y.ID, sealed); err != nil {
			return err
		}
		return t.changed(ctx, y.ID.Ref())
	})
	return y.ID, err
}

const endSystem = `update system set until_set = $1 where id = $2 and from_set = $3 and until_set = 0`

// UpdateSystem keeps another version of a system. Whoever changes the same one at
// once waits for the row, and then finds its version ended.
//
// A sealed credential that was replaced is overwritten in SQLite's file and in its
// log. Where that cannot be: PostgreSQL keeps the old row until it is vacuumed, and
// its own log as long as it is set to; backups, snapshots and the blocks of a disk
// that were given back keep what they hold. Each holds it sealed, so that it takes
// the node's key too.
func (s Inventory) UpdateSystem(ctx context.Context, y inventory.System, sealed *secret.Secret) error {
	replace := true
	facts := map[string]string{factSecret: secretNone}
	switch {
	case sealed != nil:
		facts[factSecret] = secretSealed
	case y.Config.Credential == inventory.Sealed:
		facts[factSecret], replace = secretUnchanged, false
	}
	facts["stage"] = string(cmp.Or(y.Stage, inventory.Active))
	e := audit.Event{Action: "inventory.update_system", Object: y.ID.Ref(), Personal: map[string]string{"name": y.Name}, Facts: facts}
	if y.PausedReason != "" {
		e.Personal["reason"] = y.PausedReason
	}
	err := s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, endSystem, t.Set, y.ID, y.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrChanged
		}
		if err := t.insertSystem(ctx, y); err != nil {
			return err
		}
		if replace {
			if err := t.replaceSecret(ctx, y.ID, sealed); err != nil {
				return err
			}
		}
		return t.changed(ctx, y.ID.Ref())
	})
	if err != nil || !replace {
		return err
	}
	return s.db.flushWAL(ctx)
}

// RemoveDraft ends a draft, and what was sealed for it.
func (s Inventory) RemoveDraft(ctx context.Context, y inventory.System) error {
	e := audit.Event{Action: "inventory.remove_draft", Object: y.ID.Ref(), Personal: map[string]string{"name": y.Name}}
	err := s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, endSystem+` and stage = 'draft'`, t.Set, y.ID, y.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrChanged
		}
		if err := t.replaceSecret(ctx, y.ID, nil); err != nil {
			return err
		}
		return t.changed(ctx, y.ID.Ref())
	})
	if err != nil {
		return err
	}
	return s.db.flushWAL(ctx)
}

func systemSecretPlace(row int64) seal.Place {
	return seal.Place{Table: "system_secret", Column: "sealed", Row: row}
}

// replaceSecret keeps a system's credential in a new row, in place of any other.
// A system that has none any more keeps an empty row: the highest number must not
// go, or a restore would give it again.
func (t *tx) replaceSecret(ctx context.Context, id access.SystemID, plain *secret.Secret) error {
	n, err := t.exec(ctx, `delete from system_secret where system_id = $1`, id)
	if err != nil || (n == 0 && plain == nil) {
		return err
	}
	var row int64
	if err := t.row(ctx, `insert into system_secret (system_id) values ($1) returning id`, id).Scan(&row); err != nil {
		return err
	}
	if plain == nil {
		return nil
	}
	sealed, err := t.db.sealer.Seal(*plain, systemSecretPlace(row))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `update system_secret set sealed = $2 where id = $1`, row, sealed)
	return err
}

var selectSecret = `
select k.id, k.sealed from system_secret k join system s on s.id = k.system_id
 where s.name = $1 and k.sealed is not null and ` + now("s")

// SystemSecret opens the credential that is kept for the system of a name.
func (s Inventory) SystemSecret(ctx context.Context, name string) (plain secret.Secret, err error) {
	var row int64
	var sealed []byte
	err = s.db.read(ctx, func(q *query) error {
		return q.row(ctx, selectSecret, name).Scan(&row, &sealed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return plain, inventory.ErrSecret.With("system %s has no sealed credential: give one with 'writ system set'", name)
	}
	if err != nil {
		return plain, err
	}
	if plain, err = s.db.sealer.Open(sealed, systemSecretPlace(row)); err != nil {
		return plain, fmt.Errorf("the credential of system %s: %w", name, err)
	}
	return plain, nil
}

var readSystems = `
select s.id, s.from_set, s.name, s.kind, s.scope_id, s.environment, s.criticality, s.data_class, s.business_owner,
       s.technical_owner, s.runs_on, s.config, s.cycle, s.stage, s.paused_until, s.paused_reason, s.every, s.hours, coalesce(y.failures, 0),
       coalesce(y.synced_at, 0), coalesce(y.failed_at, 0), coalesce(y.error, ''), coalesce(y.baseline, 0),
       coalesce(y.warnings, '[]'), coalesce(y.counts, '{}')
  from system s
  left join sync_state y on y.kind = 5 and y.object = s.id
 where ` + now("s")

var (
	selectSystems = readSystems + ` order by s.name`
	systemCalled  = readSystems + ` and s.name = $1`
	oneSystem     = readSystems + ` and s.id = $1`
)

// Systems lists the systems by name.
func (s Inventory) Systems(ctx context.Context) ([]inventory.System, error) {
	return s.systems(ctx, selectSystems)
}

// System implements inventory.Store.
func (s Inventory) System(ctx context.Context, text string) (inventory.System, bool, error) {
	var list []inventory.System
	var id access.SystemID
	err := id.UnmarshalText([]byte(text))
	if err == nil {
		list, err = s.systems(ctx, oneSystem, id)
	} else {
		list, err = s.systems(ctx, systemCalled, text)
	}
	if err != nil || len(list) == 0 {
		return inventory.System{}, false, err
	}
	return list[0], true, nil
}

func (s Inventory) systems(ctx context.Context, text string, args ...any) (list []inventory.System, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			var y inventory.System
			var config, hours, warnings, counts string
			var cycle, every int64
			err := scan(&y.ID, &y.Version, &y.Name, &y.Kind, &y.Scope, &y.Environment, &y.Criticality, &y.DataClass, &y.BusinessOwner,
				&y.TechnicalOwner, &y.RunsOn, &config, &cycle, &y.Stage, &y.PausedUntil, &y.PausedReason, &every, &hours, &y.State.Failures, &y.State.Synced, &y.State.Failed, &y.State.Error, &y.State.Baseline, &warnings, &counts)
			if err != nil {
				return err
			}
			var c systemConfig
			if err := json.Unmarshal([]byte(config), &c); err != nil {
				return fmt.Errorf("configuration of %s: %w", y.Name, err)
			}
			y.Connector, y.Config, y.Cycle = c.Connector, c.Config, time.Duration(cycle)*time.Microsecond
			y.Every = inventory.Period(time.Duration(every) * time.Microsecond)
			if y.Hours, err = inventory.ParseHours(hours); err != nil {
				return fmt.Errorf("schedule of %s: %w", y.Name, err)
			}
			list = append(list, y)
			return unmarshalState(&list[len(list)-1].State, warnings, counts)
		})
	})
	return list, err
}
