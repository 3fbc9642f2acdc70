-- +goose Up
-- Services that use a secret, and have to be told of another value: how far each has come.
-- hook is what the node's configuration declares to tell it by; reader is who it reads as.
create table secret_consumer (
  id         bigint   not null primary key,
  secret_id  bigint   not null,
  name       text     not null,
  hook       text     not null default '',
  reader_id  bigint   not null default 0,
  owner_id   bigint   not null,
  place      smallint not null default 0,
  state      text     not null,
  wants_id   bigint   not null default 0,
  uses_id    bigint   not null default 0,
  uses_since bigint   not null default 0,
  due_since  bigint   not null default 0,
  told_at    bigint   not null default 0,
  next_at    bigint   not null default 0,
  attempts   bigint   not null default 0,
  code       text     not null default '',
  error      text     not null default ''
) {{clustered}};
create unique index secret_consumer_name on secret_consumer (secret_id, name);
create index secret_consumer_next on secret_consumer (next_at, id) where state <> 'current';

-- Two accounts that take turns under one secret. live is the one that its current value
-- opens; former_until is until when the other one is left as it is after a switch.
create table secret_pair (
  secret_id    bigint not null primary key,
  account_id   bigint not null,
  other_id     bigint not null,
  live_id      bigint not null,
  grace        bigint not null,
  former_until bigint not null default 0
) {{clustered}};
create unique index secret_pair_account on secret_pair (account_id);
create unique index secret_pair_other on secret_pair (other_id);

-- Of which of two accounts a value is; zero is the only one of its secret.
alter table secret_version add column account_id bigint not null default 0;

-- The secrets of a system, for when all of them are changed.
create index secret_system on secret (system_id, id) where until_set = 0;
