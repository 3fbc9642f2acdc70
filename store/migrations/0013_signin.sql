-- +goose Up
-- Who is signed in to Writ. Of secrets there are hashes. A sign-in that ends goes; the
-- log keeps that it was.
create table signin (
  id          bigint primary key,
  secret      bytea  not null unique,
  identity_id bigint not null,
  method      text   not null,
  begun_at    bigint not null,
  seen_at     bigint not null,
  ends_at     bigint not null,
  mfa_at      bigint not null default 0,
  client_key  text   not null,
  agent       text   not null default '',
  address     text   not null default ''
);
create index signin_identity on signin (identity_id);
create index signin_ends on signin (ends_at);
create index signin_seen on signin (seen_at);

-- Links that sign in once. Identity 0 stands for the first owner, who is yet to come.
-- A link that was used stays for a day, so that whoever tries it again is noticed.
create table signin_link (
  secret      bytea  primary key,
  identity_id bigint not null,
  ends_at     bigint not null,
  used_at     bigint not null default 0
);
create unique index signin_link_first on signin_link (identity_id) where identity_id = 0;
create index signin_link_ends on signin_link (ends_at);

create table passkey (
  id            bigint primary key,
  identity_id   bigint not null,
  credential_id bytea  not null unique,
  credential    text   not null,
  counter       bigint not null,
  name          text   not null,
  added_at      bigint not null,
  used_at       bigint not null default 0,
  locked_at     bigint not null default 0
);
create index passkey_identity on passkey (identity_id);

-- What a passkey is asked to sign. Whoever takes a row is the only one.
create table passkey_challenge (
  hash       bytea  primary key,
  purpose    text   not null,
  signin_id  bigint not null,
  client_key text   not null,
  asked      text   not null,
  ends_at    bigint not null
);
create index passkey_challenge_ends on passkey_challenge (ends_at);
