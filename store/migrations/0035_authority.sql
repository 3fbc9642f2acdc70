-- +goose Up
-- What lies in the vault is a version of a secret, or a key of an authority.
alter table vault_sealed add column authority bigint not null default 0;

-- What signs. Its keys lie in a safe, which says who answers for it. An authority never
-- changes: another one takes its place.
create table authority (
  id          bigint not null primary key,
  safe_id     bigint not null,
  name        text   not null,
  kind        text   not null,
  algorithm   text   not null,
  description text   not null default '',
  made_at     bigint not null
) {{clustered}};
create unique index authority_name on authority (name);

-- The keys of an authority by the version that vault_sealed has the private half as: from
-- when on one signs, and until when it is trusted. A key that is trusted no more is
-- destroyed, and its row stays.
create table authority_key (
  id           bigint  not null primary key,
  authority_id bigint  not null,
  number       bigint  not null,
  public       bytea   not null,
  certificate  bytea   not null,
  signs_at     bigint  not null,
  ends_at      bigint  not null default 0,
  destroyed    boolean not null default false
);
create unique index authority_key_number on authority_key (authority_id, number);
create index authority_key_over on authority_key (ends_at) where not destroyed and ends_at <> 0;

-- What an authority signs, for whom, and on which terms.
create table certificate_profile (
  id           bigint not null,
  from_set     bigint not null,
  until_set    bigint not null default 0,
  authority_id bigint not null,
  name         text   not null,
  spec         text   not null,
  primary key (id, from_set)
) {{clustered}};
create unique index certificate_profile_now on certificate_profile (id) where until_set = 0;
create unique index certificate_profile_name on certificate_profile (name) where until_set = 0;

create table certificate_right (
  profile_id  bigint not null,
  holder_kind bigint not null,
  holder_id   bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  ends_at     bigint not null default 0,
  reason      text   not null,
  primary key (profile_id, holder_kind, holder_id, from_set)
) {{clustered}};
create unique index certificate_right_now on certificate_right (profile_id, holder_kind, holder_id) where until_set = 0;

-- Everything that was signed, and what waits for others to agree. first_at is when the
-- first of those that each renewed the one before began.
create table certificate (
  id            bigint not null primary key,
  authority_id  bigint not null,
  profile_id    bigint not null,
  key_id        bigint not null default 0,
  identity_id   bigint not null,
  state         text   not null,
  serial        text   not null default '',
  fingerprint   text   not null default '',
  principals    text   not null,
  audience      text   not null default '[]',
  reason        text   not null default '',
  ticket        text   not null default '',
  lasts         bigint not null,
  asked_at      bigint not null,
  agreed_at     bigint not null default 0,
  starts_at     bigint not null default 0,
  ends_at       bigint not null default 0,
  first_at      bigint not null default 0,
  revoked_at    bigint not null default 0,
  revoked_by    text   not null default '',
  revoke_reason text   not null default '',
  approval_id   bigint not null default 0,
  chain_id      bigint not null,
  renews        bigint not null default 0
) {{clustered}};
create index certificate_identity on certificate (identity_id, id);
create index certificate_authority on certificate (authority_id, id);
create index certificate_live on certificate (identity_id, ends_at) where state = 'issued';
create index certificate_revoked on certificate (authority_id, ends_at) where state = 'revoked';
