package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// Authorities is the store of package authority. Ring seals and opens its keys.
type Authorities struct {
	db   *DB
	ring vault.Ring
}

// Authorities returns the store of package authority.
func (db *DB) Authorities(ring vault.Ring) Authorities { return Authorities{db, ring} }

var _ authority.Store = Authorities{}

const (
	allAuthorities = `
select a.id, a.safe_id, a.name, a.kind, a.algorithm, a.description, a.made_at, f.scope_id, f.owner_id, f.deputy_id
  from authority a join safe f on f.id = a.safe_id and f.until_set = 0 order by a.id`
	allAuthorityKeys = `select k.authority_id, k.id, k.number, k.public, k.certificate, k.signs_at, k.ends_at from authority_key k order by k.authority_id, k.number`
	allProfiles      = `select p.id, p.from_set, p.authority_id, p.name, p.spec from certificate_profile p where p.until_set = 0 order by p.name`
	allCertRights    = `
select r.profile_id, r.holder_kind, r.holder_id, r.ends_at, r.reason from certificate_right r
 where r.until_set = 0 and (r.ends_at = 0 or r.ends_at > $1) order by r.profile_id, r.holder_kind, r.holder_id`

	authorityCalled = `select count(*) from authority a where a.name = $1`
	insertAuthority = `insert into authority (id, safe_id, name, kind, algorithm, description, made_at) values ($1, $2, $3, $4, $5, $6, $7)`
	insertAuthKey   = `insert into authority_key (id, authority_id, number, public, certificate, signs_at) values ($1, $2, $3, $4, $5, $6)`
	lockAuthority   = `select a.safe_id from authority a where a.id = $1`
	keysOfAuthority = `select k.id, k.number, k.signs_at, k.ends_at from authority_key k where k.authority_id = $1 order by k.number`
	turnKey         = `update authority_key set signs_at = $2 where id = $1`
	endKey          = `update authority_key set ends_at = $2 where id = $1`

	profileCalled = `select count(*) from certificate_profile p where p.name = $1 and p.until_set = 0 and p.id <> $2`
	insertProfile = `insert into certificate_profile (id, from_set, authority_id, name, spec) values ($1, $2, $3, $4, $5)`
	endProfile    = `update certificate_profile set until_set = $1 where id = $2 and until_set = 0 and ($3 = 0 or from_set = $3)`
	profileThere  = `select p.authority_id from certificate_profile p where p.id = $1 and p.until_set = 0`

	certRightThere  = `select r.ends_at from certificate_right r where r.profile_id = $1 and r.holder_kind = $2 and r.holder_id = $3 and r.until_set = 0`
	insertCertRight = `insert into certificate_right (profile_id, holder_kind, holder_id, from_set, ends_at, reason) values ($1, $2, $3, $4, $5, $6)`
	endCertRight    = `update certificate_right set until_set = $1 where profile_id = $2 and holder_kind = $3 and holder_id = $4 and until_set = 0`
	endCertRights   = `update certificate_right set until_set = $1 where profile_id = $2 and until_set = 0`
)

// Now implements authority.Store.
func (s Authorities) Now(ctx context.Context) (access.Time, error) { return s.db.Now(ctx) }

// SafeOf implements authority.Store.
func (s Authorities) SafeOf(ctx context.Context, id access.SafeID) (access.ScopeID, access.IdentityID, error) {
	x, err := s.db.Vault().Safe(ctx, id)
	return x.Scope, x.Owner, err
}

// Kept implements authority.Store.
func (s Authorities) Kept(ctx context.Context) (k authority.Kept, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		k.At = at
		if k.Authorities, err = q.authorities(ctx); err != nil {
			return err
		}
		k.Profiles, err = q.profiles(ctx, at)
		return err
	})
	if err != nil {
		return k, fmt.Errorf("reading authorities: %w", err)
	}
	return k, nil
}

func (q *query) authorities(ctx context.Context) (list []authority.Authority, err error) {
	place := map[access.AuthorityID]int{}
	err = q.each(ctx, allAuthorities, nil, func(scan func(...any) error) error {
		var a authority.Authority
		err := scan(&a.ID, &a.Safe, &a.Name, &a.Kind, &a.Algorithm, &a.Description, &a.Made, &a.Scope, &a.Owner, &a.Deputy)
		place[a.ID] = len(list)
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, q.each(ctx, allAuthorityKeys, nil, func(scan func(...any) error) error {
		var of access.AuthorityID
		var k authority.Key
		if err := scan(&of, &k.ID, &k.Number, &k.Public, &k.Certificate, &k.Signs, &k.Ends); err != nil {
			return err
		}
		if i, ok := place[of]; ok {
			list[i].Keys = append(list[i].Keys, k)
		}
		return nil
	})
}

func (q *query) profiles(ctx context.Context, at access.Time) (list []authority.Profile, err error) {
	place := map[access.ProfileID]int{}
	err = q.each(ctx, allProfiles, nil, func(scan func(...any) error) error {
		var p authority.Profile
		err := scan(&p.ID, &p.Version, &p.Authority, &p.Name, asJSON{&p.Spec})
		place[p.ID] = len(list)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, q.each(ctx, allCertRights, []any{at}, func(scan func(...any) error) error {
		var r authority.Right
		if err := scan(&r.Profile, &r.Holder.Kind, &r.Holder.Key, &r.Ends, &r.Reason); err != nil {
			return err
		}
		if i, ok := place[r.Profile]; ok {
			list[i].Rights = append(list[i].Rights, r)
		}
		return nil
	})
}

// signsFact is what an authority signs as a word: the log takes no digits in one.
func signsFact(k authority.Kind) string {
	if k == authority.X509Client {
		return "tls_client"
	}
	return string(k)
}

// AddAuthority implements authority.Store.
func (s Authorities) AddAuthority(ctx context.Context, a authority.Authority, make authority.Maker, reason string) (id access.AuthorityID, err error) {
	e := audit.Event{
		Action: "authority.add", Personal: map[string]string{"name": a.Name, "reason": reason},
		Facts: map[string]string{"kind": signsFact(a.Kind), "safe": a.Safe.String()},
	}
	err = s.ring.Again(a.Safe, func() error {
		return s.db.change(ctx, e, func(t *tx) error {
			var taken int
			if err := t.row(ctx, authorityCalled, a.Name).Scan(&taken); err != nil {
				return err
			}
			if taken > 0 {
				return authority.ErrAuthorityName
			}
			if _, err := t.safe(ctx, a.Safe, t.d.forUpdate); err != nil {
				return err
			}
			key, err := t.newKeys(ctx, access.KindAuthority, 1)
			if err != nil {
				return err
			}
			id = access.AuthorityID(key)
			t.Event.Object = id.Ref()
			if _, err := t.exec(ctx, insertAuthority, id, a.Safe, a.Name, string(a.Kind), string(a.Algorithm), a.Description, t.At); err != nil {
				return err
			}
			if err := s.putKey(ctx, t, id, a.Safe, 1, t.At, make); err != nil {
				return err
			}
			return t.changed(ctx, id.Ref())
		})
	})
	return id, err
}

// putKey makes a key of an authority, seals it for its place and keeps it.
func (s Authorities) putKey(ctx context.Context, t *tx, id access.AuthorityID, safe access.SafeID, number int, signs access.Time, make authority.Maker) error {
	version, err := t.newKeys(ctx, access.KindVersion, 1)
	if err != nil {
		return err
	}
	k, private, err := make(id, number, t.At)
	if err != nil {
		return err
	}
	defer private.Wipe()
	k.ID = access.VersionID(version)
	at := keys.Place{Safe: safe, Authority: id, Version: k.ID}
	sealed, err := s.ring.Seal(ctx, at, private)
	if err != nil {
		return err
	}
	if err := t.putSealed(ctx, at, sealed); err != nil {
		return err
	}
	if k.Certificate == nil {
		k.Certificate = []byte{}
	}
	t.fact("key", k.ID.String())
	t.fact("number", strconv.Itoa(number))
	t.fact("signs", strconv.FormatInt(int64(signs), 10))
	_, err = t.exec(ctx, insertAuthKey, k.ID, id, number, k.Public, k.Certificate, signs)
	return err
}

// AddKey implements authority.Store.
func (s Authorities) AddKey(ctx context.Context, id access.AuthorityID, make authority.Maker, turn authority.Turn, reason string) error {
	e := audit.Event{Action: "authority.rotate", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	var safe access.SafeID
	err := s.db.read(ctx, func(q *query) error { return q.row(ctx, lockAuthority, id).Scan(&safe) })
	if errors.Is(err, sql.ErrNoRows) {
		return authority.ErrNoAuthority
	}
	if err != nil {
		return err
	}
	return s.ring.Again(safe, func() error {
		return s.db.change(ctx, e, func(t *tx) error {
			if err := t.row(ctx, lockAuthority+t.d.forUpdate, id).Scan(&safe); err != nil {
				return err
			}
			signs := t.At + access.Time(turn.Publish.Microseconds())
			ends := signs + access.Time(turn.Overlap.Microseconds())
			if err := s.turn(ctx, t, id, safe, signs, make); err != nil {
				return err
			}
			t.fact("trusted_until", strconv.FormatInt(int64(ends), 10))
			return t.endKeyBefore(ctx, id, ends)
		})
	})
}

// turn has an authority's next key sign at a time: one that waits, or another one.
func (s Authorities) turn(ctx context.Context, t *tx, id access.AuthorityID, safe access.SafeID, signs access.Time, make authority.Maker) error {
	list, err := t.keysOf(ctx, id)
	if err != nil {
		return err
	}
	last := list[len(list)-1]
	if last.Signs <= t.At {
		return s.putKey(ctx, t, id, safe, last.Number+1, signs, make)
	}
	t.fact("key", last.ID.String())
	t.fact("number", strconv.Itoa(last.Number))
	t.fact("signs", strconv.FormatInt(int64(signs), 10))
	_, err = t.exec(ctx, turnKey, last.ID, signs)
	return err
}

func (q *query) keysOf(ctx context.Context, id access.AuthorityID) (list []authority.Key, err error) {
	err = q.each(ctx, keysOfAuthority, []any{id}, func(scan func(...any) error) error {
		var k authority.Key
		defer func() { list = append(list, k) }()
		return scan(&k.ID, &k.Number, &k.Signs, &k.Ends)
	})
	if err == nil && len(list) == 0 {
		err = authority.ErrNoKey
	}
	return list, err
}

// endKeyBefore has the key before the last one trusted until a time. Those before it have
// an end already.
func (t *tx) endKeyBefore(ctx context.Context, id access.AuthorityID, ends access.Time) error {
	list, err := t.keysOf(ctx, id)
	if err != nil {
		return err
	}
	if n := len(list) - 2; n >= 0 && (list[n].Ends == 0 || list[n].Ends > t.At) {
		if _, err := t.exec(ctx, endKey, list[n].ID, ends); err != nil {
			return err
		}
	}
	return t.changed(ctx, id.Ref())
}

// OpenKey implements authority.Store.
func (s Authorities) OpenKey(ctx context.Context, a *authority.Authority, k authority.Key) (private secret.Secret, err error) {
	var sealed keys.Sealed
	err = s.db.read(ctx, func(q *query) error {
		sealed, err = q.sealed(ctx, k.ID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return private, authority.ErrNoKey.With("the key was destroyed: it is trusted no more")
	}
	if err != nil {
		return private, err
	}
	return s.ring.Open(ctx, keys.Place{Safe: a.Safe, Authority: a.ID, Version: k.ID}, sealed)
}

// profileFacts are what the log keeps of a profile for ever.
func profileFacts(p authority.Profile) map[string]string {
	return map[string]string{
		"authority": p.Authority.String(), "principals": strconv.Itoa(len(p.Principals)), "logins_of": p.LoginsOf.String(), "self": strconv.FormatBool(p.Self),
		"longest": strconv.FormatInt(p.Longest.Microseconds(), 10), "most": strconv.FormatInt(p.Terms.Most.Microseconds(), 10),
		"stages": strconv.Itoa(len(p.Terms.Stages)), "mfa": strconv.FormatBool(p.Terms.MFA), "command": strconv.FormatBool(p.ForceCommand != ""),
	}
}

// PutProfile implements authority.Store.
func (s Authorities) PutProfile(ctx context.Context, p authority.Profile, reason string) (access.ProfileID, error) {
	e := audit.Event{Action: "authority.change", Object: p.Authority.Ref(), Facts: profileFacts(p), Personal: map[string]string{"name": p.Name, "reason": reason}}
	err := s.db.change(ctx, e, func(t *tx) error {
		var safe access.SafeID
		err := t.row(ctx, lockAuthority+t.d.forUpdate, p.Authority).Scan(&safe)
		if errors.Is(err, sql.ErrNoRows) {
			return authority.ErrNoAuthority
		}
		if err != nil {
			return err
		}
		var taken int
		if err := t.row(ctx, profileCalled, p.Name, p.ID).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return authority.ErrProfileName
		}
		if p.ID == 0 {
			key, err := t.newKeys(ctx, access.KindProfile, 1)
			if err != nil {
				return err
			}
			p.ID = access.ProfileID(key)
		} else if n, err := t.exec(ctx, endProfile, t.Set, p.ID, p.Version); err != nil || n == 0 {
			return errors.Join(err, authority.ErrChanged)
		}
		text, err := json.Marshal(p.Spec)
		if err != nil {
			return err
		}
		t.fact("profile", p.ID.String())
		if _, err := t.exec(ctx, insertProfile, p.ID, t.Set, p.Authority, p.Name, string(text)); err != nil {
			return err
		}
		return t.changed(ctx, p.Authority.Ref())
	})
	return p.ID, err
}

// RemoveProfile implements authority.Store.
func (s Authorities) RemoveProfile(ctx context.Context, id access.ProfileID, reason string) error {
	e := audit.Event{Action: "authority.change", Facts: map[string]string{"profile": id.String(), "removed": "true"}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		of, err := t.profileOf(ctx, id)
		if err != nil {
			return err
		}
		t.Event.Object = of.Ref()
		if _, err := t.exec(ctx, endProfile, t.Set, id, 0); err != nil {
			return err
		}
		if _, err := t.exec(ctx, endCertRights, t.Set, id); err != nil {
			return err
		}
		return t.changed(ctx, of.Ref())
	})
}

// profileOf locks a profile that is there, and says of which authority it is.
func (t *tx) profileOf(ctx context.Context, id access.ProfileID) (of access.AuthorityID, err error) {
	err = t.row(ctx, profileThere+t.d.forUpdate, id).Scan(&of)
	if errors.Is(err, sql.ErrNoRows) {
		err = authority.ErrNoProfile
	}
	return of, err
}

// certRightEvent is what the log keeps of a right that is given or taken.
func certRightEvent(action string, r authority.Right) audit.Event {
	e := audit.Event{Action: action, Facts: map[string]string{"holder": r.Holder.String(), "profile": r.Profile.String()}, Personal: map[string]string{"reason": r.Reason}}
	if r.Holder.Kind == access.KindIdentity {
		e.Subjects = []access.IdentityID{access.IdentityID(r.Holder.Key)}
	}
	return e
}

// Grant implements authority.Store.
func (s Authorities) Grant(ctx context.Context, r authority.Right) error {
	return s.db.change(ctx, certRightEvent("authority.grant", r), func(t *tx) error {
		if err := r.Validate(t.At); err != nil {
			return err
		}
		of, err := t.profileOf(ctx, r.Profile)
		if err != nil {
			return err
		}
		t.Event.Object = of.Ref()
		t.fact("until", strconv.FormatInt(int64(r.Ends), 10))
		var ends access.Time
		err = t.row(ctx, certRightThere, r.Profile, r.Holder.Kind, r.Holder.Key).Scan(&ends)
		switch {
		case err == nil && (ends == 0 || ends > t.At):
			return authority.ErrRightHeld
		case err == nil:
			if _, err := t.exec(ctx, endCertRight, t.Set, r.Profile, r.Holder.Kind, r.Holder.Key); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := t.exec(ctx, insertCertRight, r.Profile, r.Holder.Kind, r.Holder.Key, t.Set, r.Ends, r.Reason); err != nil {
			return err
		}
		return t.changed(ctx, of.Ref())
	})
}

// Withdraw implements authority.Store.
func (s Authorities) Withdraw(ctx context.Context, r authority.Right, reason string) error {
	r.Reason = reason
	return s.db.change(ctx, certRightEvent("authority.withdraw", r), func(t *tx) error {
		of, err := t.profileOf(ctx, r.Profile)
		if err != nil {
			return err
		}
		t.Event.Object = of.Ref()
		n, err := t.exec(ctx, endCertRight, t.Set, r.Profile, r.Holder.Kind, r.Holder.Key)
		if err != nil {
			return err
		}
		if n == 0 {
			return authority.ErrNoRight
		}
		return t.changed(ctx, of.Ref())
	})
}
