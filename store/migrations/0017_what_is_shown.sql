-- +goose Up
-- The list that people work from is read page by page in its order, whatever it is
-- narrowed by; what was resolved stays for ever and is in none of these.
drop index finding_open;
create index finding_worst on finding (severity, due_at, id, function, system_id, owner_id, rule, status, opened_at)
  where until_set = 0 and status in ('open', 'accepted');
create index finding_of_system on finding (system_id, severity, due_at, id, function, owner_id, rule, status, opened_at)
  where until_set = 0 and status in ('open', 'accepted');
create index finding_of_rule on finding (rule, severity, due_at, id, function, system_id, owner_id, status, opened_at)
  where until_set = 0 and status in ('open', 'accepted');
create index finding_of_owner on finding (owner_id, severity, due_at, id, function, system_id, rule, status, opened_at)
  where until_set = 0 and status in ('open', 'accepted');
create index finding_of_subject on finding (subject_kind, subject_key) where until_set = 0 and status in ('open', 'accepted');
create index finding_latest on finding (opened_at, id) where until_set = 0 and status in ('open', 'accepted');
create index finding_counted on finding (severity, function, rule, opened_at, due_at, status) where until_set = 0 and status in ('open', 'accepted');
create index finding_accepted on finding (accepted_until) where until_set = 0 and status = 'accepted';

-- Whom a person has made the owner stays the owner, whatever a rule finds later.
alter table finding add column assigned boolean not null default false;

-- How much access there is, and how it is held, as the matrix of the same run.
create table coverage_held (
  rev          bigint   not null,
  system_id    bigint   not null,
  tier         smallint not null,
  entitlements bigint   not null,
  grants       bigint   not null,
  standing     bigint   not null,
  eligible     bigint   not null,
  primary key (rev, system_id, tier)
) {{clustered}};

-- What somebody did, and what was done in a time.
create index audit_record_actor on audit_record (actor, id);
create index audit_record_at on audit_record (at, id);
