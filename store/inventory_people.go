package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

const knownRecords = `
select r.native_id, r.identity_id, r.digest, case when r.until_set = 0 then 1 else 0 end
  from source_record r
 where r.source_id = $1 and r.from_set not in (select id from open_set)
   and r.from_set = (select max(v.from_set) from source_record v where v.source_id = r.source_id and v.native_id = r.native_id and v.from_set not in (select id from open_set))`

// KnownPeople returns what the store has before a source is synced.
func (s Inventory) KnownPeople(ctx context.Context, id access.SourceID) (*inventory.KnownPeople, error) {
	k := &inventory.KnownPeople{Records: map[string]inventory.KnownRecord{}, Number: map[string]access.IdentityID{}, Email: map[string]access.IdentityID{}}
	err := s.db.read(ctx, func(q *query) error {
		var err error
		if k.Synced, err = lastSync(ctx, q, id.Ref()); err != nil {
			return err
		}
		err = q.each(ctx, knownRecords, []any{id}, func(scan func(...any) error) error {
			var native string
			var rec inventory.KnownRecord
			var digest []byte
			var live int
			if err := scan(&native, &rec.Identity, &digest, &live); err != nil {
				return err
			}
			copy(rec.Digest[:], digest)
			rec.Live = live == 1
			k.Records[native] = rec
			return nil
		})
		if err != nil {
			return err
		}
		if err := knownNames(ctx, q, k); err != nil {
			return err
		}
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		if k.Ordered, err = q.orders(ctx, at, ""); err != nil {
			return err
		}
		if k.Decided, err = q.decidedRows(ctx, id); err != nil {
			return err
		}
		var others int
		err = q.row(ctx, `select count(*) from source s where s.id <> $1 and `+now("s"), id).Scan(&others)
		k.Alone = others == 0
		return err
	})
	return k, err
}

// knownNames reads whom numbers and emails name. An email that several have names
// nobody.
func knownNames(ctx context.Context, q *query, k *inventory.KnownPeople) error {
	k.Left = map[access.IdentityID]string{}
	return q.each(ctx, `select i.id, i.kind, i.number, i.email, case when i.state = 'terminated' then i.name else '' end from identity i where `+now("i"), nil, func(scan func(...any) error) error {
		var person access.IdentityID
		var kind access.IdentityKind
		var number, email, left string
		if err := scan(&person, &kind, &number, &email, &left); err != nil {
			return err
		}
		if left != "" {
			k.Left[person] = left
		}
		// A number that somebody else was given since is theirs.
		if was, twice := k.Number[number]; number != "" && (!twice || left == "" || k.Left[was] != "" && person > was) {
			k.Number[number] = person
		}
		if email = strings.ToLower(email); email == "" || kind != access.Human {
			return nil
		}
		if _, twice := k.Email[email]; twice {
			person = 0
		}
		k.Email[email] = person
		return nil
	})
}

var otherRecords = `
select r.source_id, s.precedence, r.attributes
  from source_record r
  join source s on s.id = r.source_id and ` + now("s") + `
 where r.identity_id = $1 and r.source_id <> $2 and ` + now("r") + `
 order by s.precedence, s.id`

// OtherRecords returns an identity's rows in other sources.
func (s Inventory) OtherRecords(ctx context.Context, except access.SourceID, id access.IdentityID) (list []inventory.SourceRecord, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, otherRecords, []any{id, except}, func(scan func(...any) error) error {
			var r inventory.SourceRecord
			var text string
			if err := scan(&r.Source, &r.Precedence, &text); err != nil {
				return err
			}
			list = append(list, r)
			return json.Unmarshal([]byte(text), &list[len(list)-1].Attributes)
		})
	})
	return list, err
}

// people stages a batch's rows of a source and the identities that they make, and
// notes whom those who follow are to be told of once it is flipped.
func (g *staging) people(ctx context.Context, t *tx, b *inventory.Batch) error {
	var records, identities, affiliations, changes [][]any
	for _, p := range b.People {
		changes = append(changes, []any{t.Set, access.KindIdentity, p.Identity.ID, false})
		if !p.New {
			if err := g.endPerson(ctx, t, p); err != nil {
				return err
			}
		}
		if !p.Gone {
			text, err := json.Marshal(p.Attributes)
			if err != nil {
				return err
			}
			records = append(records, []any{p.Source, p.NativeID, t.Set, p.Identity.ID, p.Digest[:], string(text)})
		}
		i := p.Identity
		if i.Name == "" {
			continue // nothing is left of the person but who they were
		}
		attributes, err := json.Marshal(i.Attributes)
		if err != nil {
			return err
		}
		var third access.ThirdParty
		if i.ThirdParty != nil {
			third = *i.ThirdParty
		}
		identities = append(identities, []any{i.ID, t.Set, string(i.Kind), string(i.State), i.Name, i.Email, i.Number, p.Login, third.Organisation, third.Sponsor, third.ContractEnd, string(attributes)})
		for seq, a := range i.Affiliations {
			affiliations = append(affiliations, []any{i.ID, seq, t.Set, a.Employer, a.Unit, a.Title, a.Manager, a.Start, 0})
		}
		if err := t.due(ctx, i.ID.Ref(), p.Due...); err != nil {
			return err
		}
		if !p.New || p.Ownership.Owner != 0 {
			if err := g.own(ctx, t, p.Ownership, i.ID.Ref()); err != nil {
				return err
			}
		}
	}
	if err := t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, changes); err != nil {
		return err
	}
	if err := t.insertMany(ctx, "source_record", []string{"source_id", "native_id", "from_set", "identity_id", "digest", "attributes"}, records); err != nil {
		return err
	}
	if err := t.insertMany(ctx, "identity", []string{"id", "from_set", "kind", "state", "name", "email", "number", "login", "organisation", "sponsor_id", "contract_end", "attributes"}, identities); err != nil {
		return err
	}
	return t.insertMany(ctx, "affiliation", []string{"identity_id", "seq", "from_set", "employer", "unit", "title", "manager_id", "starts_at", "ends_at"}, affiliations)
}

const terminate = `
insert into identity (id, from_set, kind, state, name, email, number, login, organisation, sponsor_id, contract_end, attributes)
select id, $2, kind, 'terminated', name, email, number, login, organisation, sponsor_id, contract_end, attributes
  from identity where id = $1 and until_set = $2 and from_set <> $2`

func (g *staging) endPerson(ctx context.Context, t *tx, p inventory.PersonRow) error {
	if _, err := t.exec(ctx, `update source_record set until_set = $1 where source_id = $2 and native_id = $3 and until_set = 0`, t.Set, p.Source, p.NativeID); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `update identity set until_set = $1 where id = $2 and until_set = 0`, t.Set, p.Identity.ID); err != nil {
		return err
	}
	if p.Identity.Name == "" {
		_, err := t.exec(ctx, terminate, p.Identity.ID, t.Set)
		return err
	}
	_, err := t.exec(ctx, `update affiliation set until_set = $1 where identity_id = $2 and until_set = 0`, t.Set, p.Identity.ID)
	return err
}

// own keeps who answers for a service or agent; no owner ends what was.
func (g *staging) own(ctx context.Context, t *tx, o access.Ownership, object access.Ref) error {
	if _, err := t.exec(ctx, `update ownership set until_set = $1 where object_kind = $2 and object_key = $3 and until_set = 0`, t.Set, object.Kind, object.Key); err != nil {
		return err
	}
	if o.Owner == 0 {
		return nil
	}
	key, err := t.newKeys(ctx, access.KindOwnership, 1)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `insert into ownership (id, from_set, object_kind, object_key, owner_id, deputy_id) values ($1, $2, $3, $4, $5, $6)`,
		key, t.Set, object.Kind, object.Key, o.Owner, o.Deputy)
	return err
}

// Somebody whom no source has any more was terminated for that, and stays so.
var staleState = `
select i.state, i.attributes from identity i
 where i.id = $1 and i.until_set = 0 and i.from_set not in (select id from open_set)
   and exists (select 1 from source_record r where r.identity_id = i.id and ` + now("r") + `)`

const restate = `
insert into identity (id, from_set, kind, state, name, email, number, login, organisation, sponsor_id, contract_end, attributes)
select id, $2, kind, $3, name, email, number, login, organisation, sponsor_id, contract_end, $4
  from identity where id = $1 and until_set = $2 and from_set <> $2`

// restate derives an identity's state anew when the clock has reached its start or end, or
// something was ordered. What a sync under way has ended already is that sync's to write.
func (t *tx) restate(ctx context.Context, id access.IdentityID) error {
	_, err := t.restated(ctx, id)
	return err
}

// restated is restate, and whether anything changed.
func (t *tx) restated(ctx context.Context, id access.IdentityID) (changed bool, err error) {
	var was access.IdentityState
	var text []byte
	err = t.row(ctx, staleState, id).Scan(&was, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	attributes := map[string]access.Attribute{}
	if err := json.Unmarshal(text, &attributes); err != nil {
		return false, err
	}
	if len(attributes) == 0 {
		return false, nil // no source has it
	}
	said, err := t.saidState(ctx, id)
	if err != nil {
		return false, err
	}
	before := attributes[stateAttribute]
	withState(attributes, said, "")
	ordered, over, err := t.ordered(ctx, id, stateOf(attributes, t.At))
	if err != nil {
		return false, err
	}
	withState(attributes, said, ordered)
	is := stateOf(attributes, t.At)
	if is == was && attributes[stateAttribute] == before {
		return over, nil
	}
	merged, err := json.Marshal(attributes)
	if err != nil {
		return false, err
	}
	// One that this change has begun itself is written over: two reasons may come at once.
	n, err := t.exec(ctx, `update identity set state = $3, attributes = $4 where id = $1 and from_set = $2 and until_set = 0`, id, t.Set, string(is), string(merged))
	if err != nil || n > 0 {
		return true, err
	}
	if _, err := t.exec(ctx, `update identity set until_set = $1 where id = $2 and until_set = 0`, t.Set, id); err != nil {
		return false, err
	}
	_, err = t.exec(ctx, restate, id, t.Set, string(is), string(merged))
	return true, err
}
