-- +goose Up
-- The last mining runs for roles, with what each found: whoever looks through candidates
-- does so over days, on whichever node. One that is under way says so until alive_until.
create table role_mining (
  id          bigint  not null primary key,
  actor       text    not null,
  state       text    not null,
  question    text    not null,
  systems     text    not null,
  people      boolean not null,
  phase       text    not null default '',
  cancelled   boolean not null default false,
  asked_at    bigint  not null,
  began_at    bigint  not null default 0,
  alive_until bigint  not null,
  ended_at    bigint  not null default 0,
  totals      text    not null default 'null',
  code        text    not null default '',
  error       text    not null default ''
) {{clustered}};

-- What a run found, by ids alone: names are those of whenever it is looked at. Members,
-- entitlements and the rest of what lists do not tell are read one at a time.
create table role_candidate (
  run_id       bigint not null,
  place        bigint not null,
  digest       text   not null,
  line         text   not null,
  role_id      bigint not null default 0,
  members      text   not null,
  entitlements text   not null,
  rest         text   not null,
  primary key (run_id, place)
) {{clustered}};
