-- +goose Up
-- Break-glass kits. kit is the newest edition as a file has it: sealed for its holders, so
-- that nobody opens it here.
create table glass (
  id           bigint   not null primary key,
  name         text     not null,
  scope_id     bigint   not null default 0,
  threshold    smallint not null,
  persons      smallint not null,
  lasts        bigint   not null,
  edition      bigint   not null,
  digest       text     not null,
  kit          text     not null,
  made_by      text     not null,
  made_at      bigint   not null,
  until_at     bigint   not null,
  drilled_at   bigint   not null default 0,
  drill_failed boolean  not null default false,
  used_at      bigint   not null default 0,
  retired_at   bigint   not null default 0,
  reason       text     not null
);
create unique index glass_name on glass (name) where retired_at = 0;

-- What its newest edition holds, and of which version.
create table glass_secret (
  glass_id   bigint not null,
  secret_id  bigint not null,
  version_id bigint not null,
  system_id  bigint not null,
  primary key (glass_id, secret_id)
) {{clustered}};

-- Who has which share, or a hardware token that opens the kit alone. Until it is picked up it lies in vault_sealed, as a version of no
-- secret: its numbers there are below zero.
create table glass_share (
  glass_id    bigint   not null,
  place       smallint not null,
  identity_id bigint   not null,
  safe_id     bigint   not null,
  picked_at   bigint   not null default 0,
  token       boolean  not null default false,
  primary key (glass_id, place)
) {{clustered}};

-- Every opening that a record told of, by what its first entry is known by. last is what
-- the newest entry that was merged is known by.
create table glass_break (
  id          bigint  not null primary key,
  glass_id    bigint  not null,
  edition     bigint  not null,
  opening     text    not null,
  last        text    not null,
  entries     bigint  not null,
  drill       boolean not null,
  closed      boolean not null,
  opened_at   bigint  not null,
  merged_at   bigint  not null,
  merged_by   text    not null,
  openers     text    not null,
  people      text    not null,
  reason      text    not null,
  exposed     text    not null,
  approval_id bigint  not null default 0,
  verdict     text    not null default '',
  reviewed_at bigint  not null default 0
);
create unique index glass_break_opening on glass_break (opening);
create index glass_break_glass on glass_break (glass_id, id);
