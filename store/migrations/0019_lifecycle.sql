-- +goose Up
-- What of an identity should be in a system: an account, and in which state. account_id is
-- the account once it is known; zero is one that is still to be made, or to be seen.
create table account_target (
  id           bigint  not null,
  from_set     bigint  not null,
  until_set    bigint  not null default 0,
  identity_id  bigint  not null,
  system_id    bigint  not null,
  account_id   bigint  not null default 0,
  login        text    not null default '',
  attributes   text    not null default '{}',
  state        text    not null,
  recipient_id bigint  not null default 0,
  urgent       boolean not null default false,
  delete_at    bigint  not null default 0,
  reason       text    not null default '',
  primary key (id, from_set)
) {{clustered}};
create unique index account_target_one on account_target (identity_id, system_id, account_id) where until_set = 0;
create index account_target_system on account_target (system_id, until_set, id);
create index account_target_account on account_target (account_id) where account_id <> 0;
create unique index account_target_login on account_target (system_id, login) where until_set = 0 and account_id = 0;

-- Somebody keeps an entitlement that no rule gives them, or goes without one that a rule
-- does, until a day.
create table exception (
  id             bigint not null,
  from_set       bigint not null,
  until_set      bigint not null default 0,
  identity_id    bigint not null,
  entitlement_id bigint not null,
  effect         text   not null,
  reason         text   not null,
  approver_id    bigint not null,
  ends_at        bigint not null,
  primary key (id, from_set)
) {{clustered}};
create unique index exception_one on exception (identity_id, entitlement_id) where until_set = 0;
create index exception_ends on exception (ends_at) where until_set = 0;

-- Two who plan at once justify nothing twice; a baseline or a request may well be beside it.
create unique index justification_one on justification (holder_kind, holder_id, entitlement_id, resource_id, origin) where until_set = 0;
create index justification_ended on justification (until_set, from_set);
