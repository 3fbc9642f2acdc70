-- +goose Up
-- What others are asked to agree to, and how far it has come. What it is about is in what
-- is shown of it; the columns here are what it is found by.
create table approval (
  id         bigint not null primary key,
  about_kind bigint not null,
  about      bigint not null,
  by_id      bigint not null,
  system_id  bigint not null,
  chain_id   bigint not null,
  version    bigint not null,
  state      text   not null,
  stage      bigint not null,
  asked_at   bigint not null,
  began_at   bigint not null,
  ends_at    bigint not null,
  ended_at   bigint not null default 0
) {{clustered}};
create unique index approval_about on approval (about_kind, about) where state = 'waiting';
create index approval_of on approval (about_kind, about, id);
create index approval_waiting on approval (id) where state = 'waiting';
create index approval_ends on approval (ends_at) where state = 'waiting';
create index approval_by on approval (by_id, id);
create index approval_system on approval (system_id, id);

-- The very text that those who decide are shown. A row never changes.
create table approval_shown (
  approval_id bigint not null,
  version     bigint not null,
  payload     text   not null,
  digest      text   not null,
  at          bigint not null,
  primary key (approval_id, version)
) {{clustered}};

-- Who said what, in whose place, as which of the stage's approvers, of which text. A row
-- never changes. One person counts once, and so does one voice: by_id and voice_id are the
-- same where somebody decides for themself.
create table approval_decision (
  approval_id bigint not null,
  version     bigint not null,
  by_id       bigint not null,
  voice_id    bigint not null,
  place       bigint not null,
  stage       bigint not null,
  seats       text   not null,
  verdict     text   not null,
  comment     text   not null,
  digest      text   not null,
  at          bigint not null,
  primary key (approval_id, version, by_id)
) {{clustered}};
create unique index approval_decision_voice on approval_decision (approval_id, version, voice_id);
create index approval_decision_by on approval_decision (by_id, approval_id);

-- Who decides in whose place, from when until when.
create table delegation (
  id         bigint not null primary key,
  from_id    bigint not null,
  to_id      bigint not null,
  starts_at  bigint not null,
  ends_at    bigint not null,
  reason     text   not null,
  made_at    bigint not null,
  revoked_at bigint not null default 0,
  revoked_by text   not null default ''
) {{clustered}};
create index delegation_from on delegation (from_id, ends_at);
create index delegation_to on delegation (to_id, ends_at);

-- What one request led to: each object is in one chain.
create table chain_link (
  chain_id bigint not null,
  kind     bigint not null,
  object   bigint not null,
  at       bigint not null,
  primary key (chain_id, kind, object)
) {{clustered}};
create unique index chain_link_object on chain_link (kind, object);

-- Who is asked holds a function, by which they are looked up.
create index function_assignment_function on function_assignment (function, identity_id) where until_set = 0;
