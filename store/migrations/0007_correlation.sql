-- +goose Up
-- Accounts are found by what an identity has or had when the identity changed:
-- by number and email, and by login (account_login), whatever its case.
create index account_number on account (number) where number <> '';
create index account_email on account (lower(email)) where email <> '';

-- What else an account was looked up by, where none of those decided: hashes of
-- its login in normal form, of what own rules made of it, of the blocking keys of
-- its name. It follows from facts, and is nobody's fact itself.
create table account_key (
  key        bigint not null,
  account_id bigint not null,
  primary key (key, account_id)
) {{clustered}};
create index account_key_account on account_key (account_id);

create index account_opening_opener on account_opening (opener_id);
create index account_link_manual on account_link (account_id) where state = 'manual' and until_set = 0;
create index account_link_disputed on account_link (account_id) where state = 'disputed' and until_set = 0;
