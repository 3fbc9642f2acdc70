-- +goose Up
-- A step that would take too much from too many is held until a person decides. Whoever is
-- held stays as they are; a hold that was discarded lets them be compared again at its end.
create table lifecycle_hold (
  id         bigint primary key,
  at         bigint not null,
  rev        bigint not null,
  caused_by  text   not null,
  people     bigint not null,
  of_people  bigint not null,
  state      text   not null,
  decided_by text   not null default '',
  reason     text   not null default '',
  ends_at    bigint not null default 0
) {{clustered}};

create table lifecycle_held (
  identity_id bigint not null,
  hold_id     bigint not null,
  state       text   not null, -- that they were in: who leaves since is not held
  primary key (identity_id, hold_id)
) {{clustered}};
create index lifecycle_held_hold on lifecycle_held (hold_id);

-- Who changed what a set of lifecycle's own follows from.
create table lifecycle_cause (
  set_id bigint not null,
  actor  text   not null,
  primary key (set_id, actor)
) {{clustered}};

-- Of whom a mapping says nothing that could be an account, and why.
create table lifecycle_failure (
  identity_id bigint not null,
  system_id   bigint not null,
  problem     text   not null,
  since       bigint not null,
  primary key (identity_id, system_id)
) {{clustered}};
create index lifecycle_failure_system on lifecycle_failure (system_id, identity_id);

-- Whose a login is, or was.
create index account_login_folded on account (system_id, lower(login));
create index account_target_login_folded on account_target (system_id, lower(login));

-- What a person ordered to happen in somebody's life. It counts from its time on, above what
-- sources say, until they agree or it is cancelled.
create table lifecycle_event (
  id          bigint  not null,
  from_set    bigint  not null,
  until_set   bigint  not null default 0,
  identity_id bigint  not null,
  kind        text    not null,
  at          bigint  not null,
  local_time  text    not null,
  zone        text    not null,
  urgent      boolean not null default false,
  reason      text    not null,
  ordered_by  text    not null,
  primary key (id, from_set)
) {{clustered}};
create index lifecycle_event_identity on lifecycle_event (identity_id, until_set);

-- Of which contract's end somebody was told, and how long before.
create table lifecycle_warning (
  identity_id  bigint not null,
  contract_end bigint not null,
  days         bigint not null,
  at           bigint not null,
  told_id      bigint not null,
  primary key (identity_id, contract_end, days)
) {{clustered}};
