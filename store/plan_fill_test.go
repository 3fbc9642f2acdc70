package store

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// fillCompany makes a company of 40 systems with a thousand accounts each, and
// the history that a year leaves: ended versions, resolved findings, audit records.
// Its texts run on both databases; n(i) counts from 1.
var fillCompany = []string{
	`n 20000 insert into change_set (at, actor, rev) select 1700000000000000 + i * 1000000, 'node:test', i from n`,
	`n 60000 insert into change (set_id, kind, object, bulk) select (i - 1) / 3 + 1, case i % 3 when 0 then 1 when 1 then 2 else 3 end, i % 40000 + 1, false from n`,
	`n 40000 insert into audit_record (set_id, at, actor, action, object_kind, object_key, leaf_index)
	   select i / 2 + 1, 1700000000000000 + i * 500000, 'node:test', case i % 4 when 0 then 'inventory.sync' else 'finding.refresh' end, 2, i, i - 1 from n`,
	`n 20000 insert into clock_edge (at, kind, object) select 1700000000000000 + i * 100000000, 2, i from n`,
	`n 40 insert into system (id, from_set, name, kind) select i, 1, 'system' || i, 'csv' from n`,
	`n 2 insert into source (id, from_set, name, kind) select i, 1, 'source' || i, 'csv' from n`,
	`n 4000 insert into resource (id, from_set, system_id, native_id, kind, name, digest) select i, 1, (i - 1) / 100 + 1, 'resource-' || i, 'schema', 'Resource ' || i, ` + someDigest + ` from n`,
	`n 8000 insert into entitlement (id, from_set, system_id, native_id, kind, name, owner_number, digest) select i, 1, (i - 1) / 200 + 1, 'group-' || i, 'group', 'Group ' || i, case i % 4 when 0 then 'n' || i else '' end, ` + someDigest + ` from n`,
	`n 8000 insert into classification (entitlement_id, from_set, tier, own_tier, reasons, rules_version) select i, 1, i % 4, i % 4, '[]', '1' from n`,
	`n 40000 insert into account (id, from_set, until_set, system_id, native_id, login, kind, status, digest) select i, i % 10000 + 1, case i % 5 when 0 then i % 10000 + 10001 else 0 end, (i - 1) / 1000 + 1, 'native-' || i, 'login' || i, 'person', 'enabled', ` + someDigest + ` from n`,
	`n 8000 insert into account (id, from_set, system_id, native_id, login, kind, status, digest) select i * 5, i * 5 % 10000 + 10001, (i * 5 - 1) / 1000 + 1, 'native-' || (i * 5), 'login' || (i * 5), 'person', 'enabled', ` + someDigest + ` from n`,
	`n 40000 insert into account_usage (account_id, last_used) select i, 1700000000000000 from n`,
	`n 40000 insert into account_link (id, from_set, until_set, account_id, identity_id, state, rule) select i, i % 10000 + 1, case i % 5 when 0 then i % 10000 + 10001 else 0 end, i, i, 'confirmed', 'number' from n`,
	`n 40000 insert into holding (holder_kind, holder_id, system_id, from_set, digest) select 2, i, (i - 1) / 1000 + 1, 1, ` + someDigest + ` from n`,
	`n 40000 insert into credential (id, from_set, kind, fingerprint) select i, 1, 'ssh_key', 'SHA256:' || i from n`,
	`n 40000 insert into account_credential (account_id, credential_id, from_set, system_id) select i, i, 1, (i - 1) / 1000 + 1 from n`,
	`n 200000 insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, until_set, id, system_id, late)
	   select (i - 1) / 5 + 1, 2, (i * 7919) % 8000 + 1, i % 10000 + 1, case i % 10 when 0 then i % 10000 + 10001 else 0 end, i, (i - 1) / 5000 + 1, i % 50 = 0 from n`,
	`n 40000 insert into identity (id, from_set, kind, state, name, email, number, login) select i, i % 10000 + 1, 'human', 'active', 'Person ' || i, 'p' || i || '@example.com', 'n' || i, 'login' || i from n`,
	`n 40000 insert into affiliation (identity_id, seq, from_set, manager_id) select i, 1, 1, i / 10 + 1 from n`,
	`n 80000 insert into source_record (source_id, native_id, from_set, identity_id, digest, attributes) select i % 2 + 1, 'row' || i, 1, i / 2 + 1, ` + someDigest + `, '{}' from n`,
	`n 8000 insert into ownership (id, from_set, object_kind, object_key, owner_id) select i, 1, 3, i, i from n`,
	`n 30000 insert into finding (id, from_set, until_set, rule, subject_kind, subject_key, system_id, severity, function, status, opened_at, due_at, evidence, digest)
	   select i, 1, case when i % 20 = 0 then 0 else 5 end, case i % 3 when 0 then 'orphan-account' else 'dormant-account' end, 2, i, i % 40 + 1, case i % 4 when 0 then 'high' else 'low' end, 'iam', 'open', 1700000000000000, 1700000000000000 + i, '[]', ` + someDigest + ` from n`,
	`n 20000 insert into mail (id, key, name, address, subject, body, state, tries_left, at, next_at, ended_at)
	   select i, 'key/' || i, '', 'p' || i || '@example.com', 'About', case i % 2 when 0 then '' else 'Text' end, case i % 1000 when 0 then 'waiting' when 1 then 'dead' else 'sent' end, 36, i, i, case i % 1000 when 0 then 0 else i end from n`,
	`n 20000 insert into mail_person (identity_id, mail_id) select i, i from n`,
	`n 2000 insert into justification (id, from_set, holder_kind, holder_id, entitlement_id, origin) select i, 1, 2, i, 1, 'request' from n`,
	`n 40000 insert into justification (id, from_set, until_set, holder_kind, holder_id, entitlement_id, origin) select i + 2000, i % 10000 + 1, case i % 4 when 0 then i % 10000 + 10001 else 0 end, 1, i, i % 8000 + 1, 'birthright' from n`,
	`n 20000 insert into account_target (id, from_set, identity_id, system_id, account_id, login, state) select i, 1, i, i % 40 + 1, case i % 50 when 0 then 0 else i end, 'login' || i, 'enabled' from n`,
	`n 10000 insert into account_made (target_id, system_id, mark, native_id, account_id) select i * 2, i * 2 % 40 + 1, 'm' || i, 'native-' || (i * 2), case i % 100 when 0 then 0 else i * 2 end from n`,
	`n 20000 insert into provisioning_run (id, system_id, set_id, planned_at, state, ended_at) select i, i % 40 + 1, i, 1700000000000000 + i, 'done', 1 from n`,
	`n 60000 insert into operation (id, run_id, kind, system_id, identity_id, target_id, entitlement_id, since_set, rank, state, planned_at)
	   select i, i / 3 + 1, case i % 3 when 0 then 'revoke' else 'grant' end, i % 40 + 1, i % 40000 + 1, i % 20000 + 1, i % 8000 + 1, i, 3, case i % 500 when 0 then 'failed' when 1 then 'waiting' when 2 then 'dead' else 'verified' end, 1700000000000000 + i from n`,
	`n 5000 insert into function_assignment (id, from_set, until_set, identity_id, function, reason) select i, 1, case i % 100 when 0 then 0 else 5 end, i, 'iam', '' from n`,
	`n 20000 insert into approval (id, about_kind, about, by_id, system_id, chain_id, version, state, stage, asked_at, began_at, ends_at, ended_at)
	   select i, 36, i, i, i % 40 + 1, i, 1, case i % 1000 when 0 then 'waiting' else 'approved' end, 0, 1700000000000000 + i, 1700000000000000 + i, 1700000000000000 + i, i from n`,
	`n 20000 insert into approval_shown (approval_id, version, payload, digest, at) select i, 1, '{}', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', i from n`,
	`n 40000 insert into approval_decision (approval_id, version, by_id, voice_id, place, stage, seats, verdict, comment, digest, at) select (i + 1) / 2, 1, i, i, i % 2, 0, '[0]', 'approve', '', '', i from n`,
	`n 20000 insert into delegation (id, from_id, to_id, starts_at, ends_at, reason, made_at) select i, i, i + 1, 1700000000000000 + i, 1700000000000000 + i, '', 1 from n`,
	`n 60000 insert into chain_link (chain_id, kind, object, at) select (i + 2) / 3, 34 + i % 3, i, 1 from n`,
	`n 1 insert into vault (id, instance, root, seal, epoch) select 1, ` + someDigest + `, 2, 1, 1 from n`,
	`n 20000 insert into vault_safe (safe, generation) select i, 2 from n`,
	`n 20000 insert into vault_safe_key (safe, generation, root, wrapped) select i, 2, 2, ` + someDigest + ` from n`,
	`n 40000 insert into vault_sealed (version, safe, secret, generation, data_key, ciphertext) select i, i / 2 + 1, i, 2, ` + someDigest + `, ` + someDigest + ` from n`,
	`n 40000 insert into vault_mark (set_id, mark) select i, ` + someDigest + ` from n`,
	`n 20000 insert into eligibility (id, from_set, until_set, holder_kind, holder_id, entitlement_id, terms, reason) select i, i % 10000 + 1, case i % 4 when 1 then i % 10000 + 10001 else 0 end, 1, i, i % 8000 + 1, '{"most":60000000000}', 'x' from n`,
	`n 40000 insert into elevation (id, chain_id, eligibility_id, identity_id, entitlement_id, system_id, tier, state, terms, lasts, asked_at, starts_at, ends_at, justification_id, off_at)
	   select i, i, i % 20000 + 1, i, i % 8000 + 1, i % 40 + 1, 1, case i % 1000 when 0 then 'active' else 'ended' end, '{"most":60000000000}', 60000000000, i, i, i, i + 2000, case i % 1000 when 0 then 0 else i end from n`,
	`n 10000 insert into first_credential (target_id, recipient_id, ends_at, kept_at) select i * 2, i, 1800000000000000, 1 from n`,
}

const someDigest = "{{digest}}"

func fill(t *testing.T, db *DB) {
	t.Helper()
	digest := "x'00'"
	if db.d.name == postgresDialect.name {
		digest = `'\x00'::bytea`
	}
	for _, text := range slices.Concat(fillCompany, fillVault, fillLeases) {
		_, text, _ = strings.Cut(text, "n ")
		n, text, _ := strings.Cut(text, " ")
		text = "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < " + n + ") " + strings.ReplaceAll(text, someDigest, digest)
		if _, err := db.w.ExecContext(context.Background(), text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
}
