-- +goose Up
-- For how long at most what is in a safe may be given to somebody outside; zero is not at
-- all.
alter table safe add column outside bigint not null default 0;

-- Somebody outside who saw a value has no identity, but a share.
alter table secret_seen add column share_id bigint not null default 0;

-- Secrets that are given to somebody outside by a link that opens once. link is what is
-- left of the link's token when it is hashed. code is the same of the code that goes with
-- it, made with the token, so that nobody who has this row alone can guess it.
create table share (
  id          bigint   not null primary key,
  secret_id   bigint   not null,
  safe_id     bigint   not null,
  identity_id bigint   not null,
  recipient   text     not null,
  email       text     not null,
  field       text     not null default '',
  link        text     not null,
  code        text     not null default '',
  tries       smallint not null default 0,
  state       text     not null,
  reason      text     not null,
  ticket      text     not null default '',
  lasts       bigint   not null,
  asked_at    bigint   not null,
  started_at  bigint   not null default 0,
  ends_at     bigint   not null default 0,
  ended_at    bigint   not null default 0,
  ended_by    text     not null default '',
  end_reason  text     not null default '',
  version_id  bigint   not null default 0,
  approval_id bigint   not null default 0,
  chain_id    bigint   not null default 0
) {{clustered}};
create unique index share_link on share (link);
create index share_secret on share (secret_id, id);
create index share_identity on share (identity_id, id);
create index share_due on share (ends_at) where state = 'open';
create index share_waits on share (id) where state in ('waiting', 'open');
