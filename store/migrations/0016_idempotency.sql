-- +goose Up
-- What was answered to requests that may come again, for a day. The key is a digest of
-- the caller and what they chose; status 0 is one that still runs, or broke off.
create table idempotency (
  key     text   not null,
  who     bigint not null,
  request text   not null,
  at      bigint not null,
  status  bigint not null default 0,
  header  text   not null default '',
  body    bytea,
  primary key (key)
) {{clustered}};
create index idempotency_at on idempotency (at);
create index idempotency_who on idempotency (who);
