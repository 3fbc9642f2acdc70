-- +goose Up
-- The organisation's own policies: each document has a name for ever, and a version for
-- each time that it was published. A retired one is in no set of policies.
create table policy_document (
  id          bigint  not null,
  from_set    bigint  not null,
  until_set   bigint  not null default 0,
  name        text    not null,
  number      bigint  not null,
  description text    not null default '',
  body        text    not null,
  retired     boolean not null default false,
  authors     text    not null,
  reason      text    not null,
  publisher   text    not null,
  note        text    not null,
  primary key (id, from_set)
) {{clustered}};
create unique index policy_document_name on policy_document (name) where until_set = 0;

-- What a document is to become. One is open at a time; the ones before it stay as they were.
create table policy_draft (
  id          bigint  not null,
  from_set    bigint  not null,
  until_set   bigint  not null default 0,
  name        text    not null,
  base        bigint  not null default 0,
  description text    not null default '',
  body        text    not null,
  retires     boolean not null default false,
  authors     text    not null,
  reason      text    not null,
  primary key (id, from_set)
) {{clustered}};
create unique index policy_draft_open on policy_draft (id) where until_set = 0;
create unique index policy_draft_name on policy_draft (name) where until_set = 0;
