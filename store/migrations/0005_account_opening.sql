-- +goose Up
-- Whoever signs in with the opener is let in as the account: a directory's account
-- opens a host's, a host's account a role of a database on it.
create table account_opening (
  account_id bigint not null,
  opener_id  bigint not null,
  from_set   bigint not null,
  until_set  bigint not null default 0,
  primary key (account_id, opener_id, from_set)
) {{clustered}};

-- Holders that are no objects of the system: identities, and what another system
-- has. Forgetting a system does not forget what starts at them.
alter table holding add column elsewhere boolean not null default false;
update holding set elsewhere = true where holder_kind = 1;
create index holding_elsewhere on holding (system_id) where elsewhere;

-- Systems know each other's accounts by login, in whatever case each writes it.
drop index account_login;
create index account_login on account (lower(login));

-- Whose an account is stands in the index: loading the graph asks for each.
drop index account_link_account;
create index account_link_account on account_link (account_id, until_set, state, identity_id);
