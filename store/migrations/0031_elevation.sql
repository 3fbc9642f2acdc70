-- +goose Up
-- That somebody, or whoever has a role or an entitlement, may activate an entitlement.
create table eligibility (
  id             bigint   not null,
  from_set       bigint   not null,
  until_set      bigint   not null default 0,
  holder_kind    smallint not null,
  holder_id      bigint   not null,
  entitlement_id bigint   not null,
  resource_id    bigint   not null default 0,
  terms          text     not null,
  reason         text     not null,
  giver_id       bigint   not null default 0,
  conversion_id  bigint   not null default 0,
  starts_at      bigint   not null default 0,
  ends_at        bigint   not null default 0,
  primary key (id, from_set)
) {{clustered}};
create index eligibility_entitlement on eligibility (entitlement_id, until_set);
create index eligibility_holder on eligibility (holder_kind, holder_id, until_set);
create unique index eligibility_once on eligibility (holder_kind, holder_id, entitlement_id, resource_id) where until_set = 0;

-- One activation, from when it was asked for to when it is off its target. What took place
-- at which time stays; terms are those that it was asked on.
create table elevation (
  id               bigint   not null primary key,
  chain_id         bigint   not null,
  eligibility_id   bigint   not null,
  identity_id      bigint   not null,
  entitlement_id   bigint   not null,
  resource_id      bigint   not null default 0,
  system_id        bigint   not null,
  tier             smallint not null,
  state            text     not null,
  reason           text     not null default '',
  ticket           text     not null default '',
  terms            text     not null,
  lasts            bigint   not null,
  asked_at         bigint   not null,
  starts_at        bigint   not null,
  ends_at          bigint   not null,
  approval_id      bigint   not null default 0,
  justification_id bigint   not null default 0,
  account_id       bigint   not null default 0,
  begun_at         bigint   not null default 0,
  on_at            bigint   not null default 0,
  over_at          bigint   not null default 0,
  off_at           bigint   not null default 0,
  late             boolean  not null default false,
  outcome          text     not null default '',
  code             text     not null default '',
  said             text     not null default '',
  ended_by         text     not null default ''
) {{clustered}};
create unique index elevation_open on elevation (identity_id, entitlement_id, resource_id) where off_at = 0;
create index elevation_identity on elevation (identity_id, id);
create index elevation_entitlement on elevation (entitlement_id, id);
create index elevation_chain on elevation (chain_id);

-- Standing grants that were made eligible together, so that all of it can be taken back.
create table eligibility_conversion (
  id          bigint not null primary key,
  actor       text   not null,
  reason      text   not null,
  at          bigint not null,
  restored_at bigint not null default 0,
  items       text   not null
) {{clustered}};
