-- +goose Up
-- When a system or source is read: its stage, how often, in which hours of the day, and
-- until when and why it is left alone.
alter table system add column stage text not null default 'active';
alter table system add column paused_until bigint not null default 0;
alter table system add column paused_reason text not null default '';
alter table system add column every bigint not null default 0;
alter table system add column hours text not null default '';
alter table source add column stage text not null default 'active';
alter table source add column paused_until bigint not null default 0;
alter table source add column paused_reason text not null default '';
alter table source add column every bigint not null default 0;
alter table source add column hours text not null default '';

-- How often reading failed since it last did not, for the next try comes the later.
alter table sync_state add column failures bigint not null default 0;

-- The last runs of each system and source. One that is under way says so until
-- alive_until, and nobody starts another: what its node left behind is over then.
create table run (
  id          bigint   not null primary key,
  kind        text     not null,
  object_kind smallint not null,
  object      bigint   not null,
  actor       text     not null,
  state       text     not null,
  stage       text     not null default '',
  done        bigint   not null default 0,
  total       bigint   not null default 0,
  cancelled   boolean  not null default false,
  started_at  bigint   not null,
  alive_until bigint   not null,
  ended_at    bigint   not null default 0,
  outcome     text     not null default '{}',
  code        text     not null default '',
  error       text     not null default ''
) {{clustered}};
create unique index run_under_way on run (object_kind, object) where ended_at = 0;
create index run_object on run (object_kind, object, id);

create index access_grant_late_system on access_grant (system_id) where late;
