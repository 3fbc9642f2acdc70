-- +goose Up
-- Safes, and who may use or see what is in them. The sharing of a safe is exclusive or
-- shared; rotates says that what is checked in is due for another value.
create table safe (
  id          bigint  not null,
  from_set    bigint  not null,
  until_set   bigint  not null default 0,
  name        text    not null,
  description text    not null default '',
  scope_id    bigint  not null default 0,
  owner_id    bigint  not null,
  deputy_id   bigint  not null default 0,
  terms       text    not null,
  sharing     text    not null,
  rotates     boolean not null default false,
  primary key (id, from_set)
) {{clustered}};
create unique index safe_now on safe (id) where until_set = 0;
create unique index safe_name on safe (name) where until_set = 0;

create table safe_right (
  safe_id     bigint not null,
  holder_kind bigint not null,
  holder_id   bigint not null,
  level       text   not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  ends_at     bigint not null default 0,
  reason      text   not null,
  primary key (safe_id, holder_kind, holder_id, level, from_set)
) {{clustered}};
create unique index safe_right_now on safe_right (safe_id, holder_kind, holder_id, level) where until_set = 0;

-- What is known of a secret but for what it is. An empty sharing is the safe's. The name of
-- one that was destroyed may be given again.
create table secret (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  safe_id     bigint not null,
  name        text   not null,
  kind        text   not null,
  description text   not null default '',
  labels      text   not null default '{}',
  system_id   bigint not null default 0,
  account_id  bigint not null default 0,
  sharing     text   not null default '',
  rules       text   not null default '{}',
  state       text   not null,
  primary key (id, from_set)
) {{clustered}};
create unique index secret_now on secret (id) where until_set = 0;
create index secret_safe on secret (safe_id, name) where until_set = 0;
create unique index secret_account on secret (account_id, kind) where until_set = 0 and state <> 'destroyed' and account_id <> 0;
create unique index secret_name on secret (safe_id, name) where until_set = 0 and state <> 'destroyed';

-- The values that a secret had, which vault_sealed has as they are sealed. What is destroyed
-- is gone there; its row stays here. was is the state before it was deleted.
create table secret_version (
  id         bigint not null primary key,
  secret_id  bigint not null,
  number     bigint not null,
  state      text   not null,
  was        text   not null default '',
  made_by    text   not null,
  made_at    bigint not null,
  ended_at   bigint not null default 0,
  public     text   not null default ''
) {{clustered}};
create unique index secret_version_number on secret_version (secret_id, number);
create unique index secret_version_current on secret_version (secret_id) where state = 'current';

-- Everybody who ever knew a value: who saw it, and who thought of it.
create table secret_seen (
  id          {{key}},
  secret_id   bigint not null,
  version_id  bigint not null,
  identity_id bigint not null,
  how         text   not null,
  at          bigint not null,
  checkout_id bigint not null default 0
);
create index secret_seen_by on secret_seen (identity_id, id);
create index secret_seen_secret on secret_seen (secret_id, id);

-- Secrets that are due for another value, and why: the queue of rotation. urgency is the
-- cause's; next_at is when it is tried.
create table secret_due (
  secret_id     bigint   not null primary key,
  since         bigint   not null,
  cause         text     not null,
  urgency       smallint not null default 0,
  state         text     not null default 'due',
  next_at       bigint   not null default 0,
  attempts      bigint   not null default 0,
  failing_since bigint   not null default 0,
  code          text     not null default '',
  error         text     not null default ''
) {{clustered}};
create index secret_due_next on secret_due (urgency, next_at, secret_id);

-- Who has which secret out. One that is exclusive is out once.
create table checkout (
  id          bigint  not null primary key,
  secret_id   bigint  not null,
  safe_id     bigint  not null,
  identity_id bigint  not null,
  exclusive   boolean not null,
  rotates     boolean not null,
  state       text    not null,
  reason      text    not null,
  ticket      text    not null default '',
  lasts       bigint  not null,
  most        bigint  not null,
  asked_at    bigint  not null,
  agreed_at   bigint  not null default 0,
  started_at  bigint  not null default 0,
  ends_at     bigint  not null default 0,
  ended_at    bigint  not null default 0,
  ended_by    text    not null default '',
  end_reason  text    not null default '',
  approval_id bigint  not null default 0,
  chain_id    bigint  not null default 0
) {{clustered}};
create unique index checkout_exclusive on checkout (secret_id) where state = 'out' and exclusive;
create index checkout_secret on checkout (secret_id, id);
create index checkout_identity on checkout (identity_id, id);
create index checkout_due on checkout (ends_at) where state = 'out';
create index checkout_open on checkout (id) where state in ('waiting', 'out');
create index checkout_open_secret on checkout (secret_id) where state in ('waiting', 'out');
