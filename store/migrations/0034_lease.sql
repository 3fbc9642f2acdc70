-- +goose Up
-- What an account that is made for one use is given, in which system, and on which terms.
create table lease_template (
  id           bigint  not null,
  from_set     bigint  not null,
  until_set    bigint  not null default 0,
  name         text    not null,
  description  text    not null default '',
  system_id    bigint  not null,
  entitlements text    not null,
  usual        bigint  not null,
  terms        text    not null,
  inherit      boolean not null default false,
  successor    text    not null default '',
  primary key (id, from_set)
) {{clustered}};
create unique index lease_template_now on lease_template (id) where until_set = 0;
create unique index lease_template_name on lease_template (name) where until_set = 0;
create index lease_template_system on lease_template (system_id);

-- That somebody, or whoever has a role or an entitlement, may use a template.
create table lease_right (
  template_id bigint not null,
  holder_kind bigint not null,
  holder_id   bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  ends_at     bigint not null default 0,
  reason      text   not null,
  primary key (template_id, holder_kind, holder_id, from_set)
) {{clustered}};
create unique index lease_right_now on lease_right (template_id, holder_kind, holder_id) where until_set = 0;

-- One account that was made, or is to be. Its row is there, with name and mark, before its
-- system is asked for anything. What opens it is nowhere.
create table lease_made (
  id          bigint not null primary key,
  chain_id    bigint not null,
  template_id bigint not null,
  system_id   bigint not null,
  identity_id bigint not null,
  name        text   not null,
  mark        text   not null,
  successor   text   not null default '',
  state       text   not null,
  reason      text   not null default '',
  ticket      text   not null default '',
  lasts       bigint not null,
  most        bigint not null,
  asked_at    bigint not null,
  approval_id bigint not null default 0,
  agreed_at   bigint not null default 0,
  starts_at   bigint not null default 0,
  ends_at     bigint not null default 0,
  over_at     bigint not null default 0,
  gone_at     bigint not null default 0,
  next_at     bigint not null default 0,
  attempts    bigint not null default 0,
  code        text   not null default '',
  said        text   not null default '',
  ended_by    text   not null default ''
) {{clustered}};
create index lease_made_end on lease_made (ends_at) where state in ('waiting', 'making', 'active') and ends_at > 0;
create index lease_made_making on lease_made (starts_at) where state = 'making';
create index lease_made_due on lease_made (system_id, next_at) where state = 'ending';
create index lease_made_held on lease_made (identity_id, template_id) where state in ('waiting', 'making', 'active');
create index lease_made_open on lease_made (id) where state in ('waiting', 'making', 'active', 'ending');
create index lease_made_identity on lease_made (identity_id, id);
create index lease_made_template on lease_made (template_id, id);
create index lease_made_system on lease_made (system_id, id);

-- What tells this installation's accounts from another one's in the same system.
create table lease_installation (
  id   bigint not null primary key,
  word text   not null
) {{clustered}};
