package store

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
)

// fillVault is what lies in the vault of the company that plans are looked at with.
var fillVault = []string{
	`n 200 insert into safe (id, from_set, name, owner_id, terms, sharing) select i, i, 'safe' || i, i, '{}', 'shared' from n`,
	`n 2000 insert into safe_right (safe_id, holder_kind, holder_id, level, from_set, until_set, reason) select i % 200 + 1, 1, i, 'use', i, case i % 3 when 0 then i + 1 else 0 end, '' from n`,
	`n 20000 insert into secret (id, from_set, safe_id, name, kind, state) select i, i % 10000 + 1, i % 200 + 1, 'secret' || i, 'password', 'live' from n`,
	`n 60000 insert into secret_version (id, secret_id, number, state, made_by, made_at) select i, (i - 1) / 3 + 1, (i - 1) % 3 + 1, case (i - 1) % 3 when 2 then 'current' else 'previous' end, 'idn', 1 from n`,
	`n 60000 insert into secret_seen (secret_id, version_id, identity_id, how, at) select i % 20000 + 1, i, i % 40000 + 1, 'revealed', i from n`,
	`n 50 insert into authority (id, safe_id, name, kind, algorithm, made_at) select i, i, 'authority' || i, 'ssh_user', 'ed25519', 1 from n`,
	`n 200 insert into authority_key (id, authority_id, number, public, certificate, signs_at, ends_at) select i, (i - 1) / 4 + 1, (i - 1) % 4 + 1, '', '', 1, case i % 4 when 0 then 0 else i end from n`,
	`n 500 insert into certificate_profile (id, from_set, authority_id, name, spec) select i, i, i % 50 + 1, 'profile' || i, '{}' from n`,
	`n 5000 insert into certificate_right (profile_id, holder_kind, holder_id, from_set, until_set, reason) select i % 500 + 1, 1, i, i, case i % 3 when 0 then i + 1 else 0 end, '' from n`,
	`n 60000 insert into certificate (id, authority_id, profile_id, key_id, identity_id, state, principals, lasts, asked_at, ends_at, chain_id)
	   select i, i % 50 + 1, i % 500 + 1, 1, i % 40000 + 1, case i % 500 when 0 then 'revoked' else 'issued' end, '[]', 1, i, i, i from n`,
	`n 2000 insert into secret_due (secret_id, since, cause) select i * 10, i, 'checkin' from n`,
	`n 2000 insert into rotation_schedule (secret_id, every, from_hour, until_hour, next_at) select i * 10, 1, 0, 0, i from n`,
	`n 200 insert into onboarding (id, safe_id, actor, reason, at) select i, i, 'node', '', i from n`,
	`n 20000 insert into onboarding_item (onboarding_id, account_id, kind, system_id, name, state, secret_id) select i % 200 + 1, i, 'password', 1, 'x', case i % 1000 when 0 then 'waiting' else 'taken' end, i from n`,
	`n 2000 insert into rotation_beside (secret_id) select i * 10 from n`,
	`n 20000 insert into secret_proof (secret_id, since, state, at) select i, 1, case i % 1000 when 0 then 'unproven' else 'opened' end, 1 from n`,
	`n 8000 insert into secret_consumer (id, secret_id, name, reader_id, owner_id, place, state, wants_id, next_at) select i, i % 4000 + 1, 'consumer' || i, i % 40000 + 1, 1, i % 3, case i % 100 when 0 then 'due' else 'current' end, i * 3, i from n`,
	`n 2000 insert into secret_pair (secret_id, account_id, other_id, live_id, grace) select i, i * 2, i * 2 + 1, i * 2, 1 from n`,
	`n 40000 insert into checkout (id, secret_id, safe_id, identity_id, exclusive, rotates, state, reason, lasts, most, asked_at, started_at, ends_at)
	   select i, i % 20000 + 1, 1, i % 40000 + 1, false, false, case i % 1000 when 0 then 'out' else 'returned' end, '', 1, 1, i, i, i from n`,
	`n 40000 insert into share (id, secret_id, safe_id, identity_id, recipient, email, link, state, reason, lasts, asked_at, started_at, ends_at)
	   select i, i % 20000 + 1, 1, i % 40000 + 1, '', '', 'link' || i, case i % 1000 when 0 then 'open' else 'opened' end, '', 1, i, i, i from n`,
	`n 2000 insert into glass (id, name, threshold, persons, lasts, edition, digest, kit, made_by, made_at, until_at, retired_at, reason)
	   select i, 'kit' || i, 2, 2, 1, 1, '', '', '', 1, 1, case i % 10 when 0 then 0 else 1 end, '' from n`,
	`n 20000 insert into glass_secret (glass_id, secret_id, version_id, system_id) select (i - 1) % 2000 + 1, i, i, 1 from n`,
	`n 6000 insert into glass_share (glass_id, place, identity_id, safe_id) select (i - 1) % 2000 + 1, (i - 1) / 2000 + 1, i, 1 from n`,
	`n 20000 insert into glass_break (id, glass_id, edition, opening, last, entries, drill, closed, opened_at, merged_at, merged_by, openers, people, reason, exposed)
	   select i, i % 2000 + 1, 1, 'opening' || i, '', 1, true, true, 1, 1, '', '[]', '[]', '', '[]' from n`,
}

// hotVault are the uses of the vault that somebody waits for.
func hotVault(ctx context.Context, db *DB) error {
	s := db.Vault()
	if _, err := s.Safe(ctx, 7); err != nil {
		return err
	}
	if _, err := s.Rights(ctx, 7); err != nil {
		return err
	}
	for _, q := range []vault.Query{{ID: 6500}, {Safe: 7}, {Safe: 7, Name: "secret6"}} {
		if _, err := s.Secrets(ctx, q); err != nil {
			return err
		}
	}
	if _, err := s.Versions(ctx, 6500); err != nil {
		return err
	}
	for _, q := range []vault.SeenQuery{{Secret: 6500, First: 50}, {By: 6500, First: 50, Before: 9000}} {
		if _, _, err := s.Seen(ctx, q); err != nil {
			return err
		}
	}
	kits := db.BreakGlass(nil)
	if _, err := kits.Kit(ctx, 650); err != nil {
		return err
	}
	if _, err := kits.Breaks(ctx, 650); err != nil {
		return err
	}
	if _, _, err := kits.Merged(ctx, "opening6500"); err != nil {
		return err
	}
	for _, q := range []vault.CheckoutQuery{{ID: 6500, First: 1}, {Secret: 6500, First: 50}, {Of: 6500, First: 50}, {Open: true, First: 50}, {First: 50}} {
		if _, err := s.Checkouts(ctx, q); err != nil {
			return err
		}
	}
	for _, q := range []authority.Query{{ID: 6500, First: 1}, {Of: 6500, First: 50}, {Authority: 7, First: 50, Before: 9000}, {First: 50}} {
		if _, err := db.Authorities(nil).Certificates(ctx, q); err != nil {
			return err
		}
	}
	for _, q := range []share.Query{{ID: 6500, First: 1}, {Secret: 6500, First: 50}, {By: 6500, First: 50}, {Live: true, First: 50}, {First: 50}} {
		if _, err := db.Share(nil).Shares(ctx, q); err != nil {
			return err
		}
	}
	_, err := db.Authorities(nil).Revoked(ctx, 7)
	return err
}

// textsOfVault are the statements of those who open, check out and sweep.
func textsOfVault(ctx context.Context, db *DB) error {
	nothing := func(func(...any) error) error { return nil }
	return db.read(ctx, func(q *query) error {
		for _, w := range []asked{
			{lockKept, []any{6500}},
			{nameThere, []any{7, "secret6", 1}},
			{lastVersion, []any{6500}},
			{currentNumber, []any{6500}},
			{versionKeys, []any{6500}},
			{openCurrent, []any{6500}},
			{openNumbered, []any{6500, 2}},
			{safeRow, []any{7}},
			{safeCalled, []any{"safe7", 1}},
			{safeByName, []any{"safe7"}},
			{seenBefore, []any{6500, 6500, 6501, "fetched"}},
			{worksHere, []any{6500}},
			{rightThere, []any{7, access.KindIdentity, 6, "use"}},
			{outNow, []any{6500, 1}},
			{openOn, []any{6500, 1}},
			{overdueOn, []any{6500, 1}},
			{overdue, []any{1}},
			{shareLinked, []any{"link6500"}},
			{shareCode, []any{6500}},
			{shareLate, []any{1}},
			{accountKept, []any{6500, "password", 1}},
			{dueNow, []any{1, 1, 16}},
			{scheduledNow, []any{1, 16}},
			{dueSecret, []any{6500}},
			{heldValues, []any{6500}},
			{peopleChanged, []any{1, 2}},
			{dueSince, []any{6500}},
			{signedBy, []any{65, 65, access.KindIdentity, 64, 7, 64}},
			{certRightThere, []any{65, access.KindIdentity, 64}},
			{keysOfAuthority, []any{7}},
			{keysOver, []any{1}},
			{profileCalled, []any{"profile65", 1}},
			{isUnproven, []any{6500}},
			{unproven, []any{100}},
			{oneOnboarding, []any{7}},
			{waitingItems, []any{7, 51}},
			{anyWaiting, nil},
			{takenItems, []any{7}},
			{onboardingItems, []any{7}},
			{accountToKeep, []any{6500, 7}},
			{anyVersion, []any{6500}},
			{besideOf, []any{6500}},
			{keysOpening, []any{6500}},
			{embeddedPlaces, nil},
			{keptOf, []any{6500}},
			{keptChanged, []any{19_990}},
			{nativeOf, []any{6500, 1}},
			{heldOf, []any{650, 1300}},
			{pairOf, []any{650}},
			{pendingOf, []any{650, 1300}},
			{versionMade, []any{6500}},
			{consumersOf, []any{650}},
			{oneConsumer, []any{650}},
			{toTell, []any{1, 16}},
			{haveRead, []any{16}},
			{unconfirmed, []any{650}},
			{noticed, []any{650}},
			{groupOfSafe, []any{7}},
			{groupOfSystem, []any{7}},
			{groupSeen, []any{6500}},
			{systemHeld, []any{6500, "system7"}},
		} {
			if err := q.each(ctx, w.text, w.args, nothing); err != nil {
				return err
			}
		}
		return nil
	})
}
