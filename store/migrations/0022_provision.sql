-- +goose Up
-- What one planning step brought for one system.
create table provisioning_run (
  id          bigint primary key,
  system_id   bigint  not null,
  set_id      bigint  not null,
  planned_at  bigint  not null,
  state       text    not null,
  urgent      boolean not null default false,
  destructive bigint  not null default 0,
  held_because text   not null default '',
  approved_by text    not null default '',
  approved_at bigint  not null default 0,
  ended_at    bigint  not null default 0
) {{clustered}};
create index provisioning_run_open on provisioning_run (system_id, id) where ended_at = 0;
create index provisioning_run_system on provisioning_run (system_id, id);

-- One write in one system: its own durable queue. set_values is what an account is made or
-- updated with; fence is that of whoever has the system while it runs.
create table operation (
  id             bigint   primary key,
  run_id         bigint   not null,
  kind           text     not null,
  system_id      bigint   not null,
  identity_id    bigint   not null default 0,
  target_id      bigint   not null default 0,
  account_id     bigint   not null default 0,
  entitlement_id bigint   not null default 0,
  resource_id    bigint   not null default 0,
  set_values     text     not null default '{}',
  since_set      bigint   not null,
  by_hand        boolean  not null default false,
  undo           boolean  not null default false,
  urgent         smallint not null default 0,
  rank           smallint not null,
  state          text     not null,
  attempts       bigint   not null default 0,
  due_at         bigint   not null default 0,
  failing_since  bigint   not null default 0,
  code           text     not null default '',
  error          text     not null default '',
  planned_at     bigint   not null,
  tried_at       bigint   not null default 0,
  ended_at       bigint   not null default 0,
  fence          bigint   not null default 0
) {{clustered}};
create unique index operation_once on operation (identity_id, kind, target_id, account_id, entitlement_id, resource_id, since_set, undo);
create index operation_target on operation (target_id, id);
create index operation_run on operation (run_id, state);
create index operation_due on operation (system_id, urgent desc, rank, id) where state in ('planned', 'failed', 'running');
create index operation_waiting on operation (system_id, due_at, id, identity_id, target_id, code) where state = 'waiting';
create index operation_busy on operation (system_id, state, due_at) where state in ('planned', 'failed', 'running');
create index operation_open on operation (state, id) where state <> 'verified' and state <> 'cancelled';
create index operation_system on operation (system_id, id);
create index operation_takes on operation (system_id, planned_at) where kind in ('revoke', 'disable_account', 'delete_account') and code <> 'seen';

-- What Writ made, or is about to make: the mark is kept before the system is touched, and
-- what the system calls the account afterwards.
create table account_made (
  target_id bigint primary key,
  system_id bigint not null,
  mark      text   not null,
  native_id text   not null default '',
  made_at   bigint not null default 0,
  account_id bigint not null default 0
) {{clustered}};
create index account_made_unseen on account_made (target_id) where native_id <> '' and account_id = 0;
create index account_made_native on account_made (system_id, native_id) where native_id <> '';

-- The first password of an account, until its recipient has picked it up, or its end.
create table first_credential (
  id           {{key}},
  target_id    bigint not null unique,
  recipient_id bigint not null,
  sealed       bytea,
  ends_at      bigint not null,
  kept_at      bigint not null default 0,
  picked_at    bigint not null default 0
);
create index first_credential_recipient on first_credential (recipient_id);
create index first_credential_ends on first_credential (ends_at) where sealed is not null;

-- What was verified and is no longer so, until a person decides, or it is so again.
create table provision_drift (
  operation_id   bigint primary key,
  identity_id    bigint not null,
  system_id      bigint not null,
  found_at       bigint not null,
  excepted_until bigint not null default 0
) {{clustered}};
create index provision_drift_identity on provision_drift (identity_id);

-- What a system takes at a time, and what is held for somebody to look at.
create table provision_limits (
  system_id  bigint primary key,
  share      double precision not null,
  count      bigint not null,
  at_once    bigint not null,
  per_minute bigint not null
) {{clustered}};

-- When the last sync that counts began: what was written before that, it has seen.
alter table sync_state add column began_at bigint not null default 0;
