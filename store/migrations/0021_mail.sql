-- +goose Up
-- Mail that Writ sends. A key is used once, so that a row stays; what is personal in it
-- goes a while after it has ended, or with the person. tries_left is counted down by
-- each attempt, and set anew by whoever has it tried again.
create table mail (
  id         bigint not null primary key,
  key        text   not null,
  name       text   not null,
  address    text   not null,
  subject    text   not null,
  body       text   not null,
  state      text   not null,
  attempts   bigint not null default 0,
  tries_left bigint not null,
  at         bigint not null,
  next_at    bigint not null,
  ended_at   bigint not null default 0,
  code       text   not null default '',
  error      text   not null default ''
) {{clustered}};
create unique index mail_key on mail (key);
create index mail_due on mail (next_at) where state in ('waiting', 'failed');
create index mail_state on mail (state, id);
create index mail_ended on mail (ended_at) where ended_at <> 0 and body <> '';

-- Whom a mail goes to or tells about: what it says goes when they are erased.
create table mail_person (
  identity_id bigint not null,
  mail_id     bigint not null,
  primary key (identity_id, mail_id)
) {{clustered}};
create index mail_person_mail on mail_person (mail_id);
