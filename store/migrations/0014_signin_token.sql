-- +goose Up
-- Tokens of the API. Of each there is a hash; one that was revoked stays until it would
-- have ended, so that its owner sees when it was used last.
create table api_token (
  id          bigint primary key,
  hash        bytea  not null unique,
  identity_id bigint not null,
  name        text   not null,
  limits      text   not null,
  networks    text   not null,
  client_key  text   not null default '',
  made_at     bigint not null,
  ends_at     bigint not null,
  ended_at    bigint not null default 0,
  used_at     bigint not null default 0
);
create index api_token_identity on api_token (identity_id, id);

-- Programs that ask to be signed in (RFC 8628). Whoever takes the answer of one is the
-- only one.
create table device_code (
  device      bytea  primary key,
  code        bytea  not null unique,
  client_key  text   not null,
  client      text   not null,
  agent       text   not null,
  address     text   not null,
  made_at     bigint not null,
  ends_at     bigint not null,
  polled_at   bigint not null default 0,
  pause       bigint not null,
  state       text   not null default 'waiting',
  identity_id bigint not null default 0,
  mfa_at      bigint not null default 0
);
create index device_code_ends on device_code (ends_at);
create index device_code_address on device_code (address);

-- What a program that was signed in shows: a short token, and one that renews it once.
-- They are good for as long as its sign-in is there.
create table device_token (
  hash      bytea  primary key,
  signin_id bigint not null,
  renews    boolean not null,
  ends_at   bigint not null,
  used_at   bigint not null default 0
);
create index device_token_ends on device_token (ends_at);

-- Sign-ins that are at a provider. Of what only the browser has, there are hashes.
create table oidc_state (
  state      bytea  primary key,
  browser    bytea  not null,
  provider   text   not null,
  client_key text   not null,
  back       text   not null,
  address    text   not null,
  ends_at    bigint not null
);
create index oidc_state_ends on oidc_state (ends_at);
create index oidc_state_address on oidc_state (address);

-- Whom a provider's subject is, once a sign-in has said so.
create table oidc_subject (
  issuer      text   not null,
  subject     text   not null,
  identity_id bigint not null,
  linked_at   bigint not null,
  primary key (issuer, subject)
) {{clustered}};
