-- +goose Up
-- What one step may take, and who said so when; the newest counts, and without one the
-- numbers that Writ comes with.
create table lifecycle_guard (
  id         bigint not null primary key,
  at         bigint not null,
  share      double precision not null,
  count      bigint not null,
  changed_by text   not null,
  reason     text   not null
) {{clustered}};

-- From whom a step last took something that no person had let through: what was taken within
-- an hour counts together.
create table lifecycle_taken (
  identity_id bigint not null primary key,
  at          bigint not null
) {{clustered}};
create index lifecycle_taken_at on lifecycle_taken (at);

-- Rows of a source of which nobody can say whose they are, as its last sync found them.
create table identity_doubt (
  source_id   bigint not null,
  native_id   text   not null,
  kind        text   not null,
  name        text   not null,
  number      text   not null,
  email       text   not null,
  identity_id bigint not null default 0, -- whose number it was, or is
  place       text   not null,
  since       bigint not null,
  primary key (source_id, native_id)
) {{clustered}};

-- A person's word on whether a row is somebody who has left. It holds for the name that the
-- row had.
create table identity_decision (
  source_id   bigint  not null,
  native_id   text    not null,
  identity_id bigint  not null,
  name        text    not null,
  same        boolean not null,
  at          bigint  not null,
  decided_by  text    not null,
  reason      text    not null,
  primary key (source_id, native_id, identity_id, name)
) {{clustered}};
