-- +goose Up
-- The catalog of roles. The table role stays what is published: entitlements and parents
-- are what whoever has a role is given by it. A parametric role's are what its variants
-- have in common; a variant is a row of its own, of_role says of which.
alter table role add column kind text not null default 'business';
alter table role add column number bigint not null default 1;
alter table role add column parameters text not null default '[]';
alter table role add column conditional text not null default '[]';
alter table role add column of_role bigint not null default 0;
alter table role add column bound text not null default '';
alter table role add column authors text not null default '[]';
alter table role add column reviewer text not null default '';
create unique index role_variant on role (of_role, bound) where until_set = 0 and of_role <> 0;

-- What a role is to become. One is open at a time; the ones before it stay as they were.
create table role_draft (
  role_id    bigint not null,
  from_set   bigint not null,
  until_set  bigint not null default 0,
  state      text   not null,
  base       bigint not null default 0,
  definition text   not null,
  authors    text   not null,
  reviewer   text   not null default '',
  note       text   not null default '',
  primary key (role_id, from_set)
) {{clustered}};
create unique index role_draft_open on role_draft (role_id) where until_set = 0;

create index assignment_role on assignment (role_id, until_set);

-- Candidates that somebody did not want as roles, by what they give.
create table role_rejection (
  id           text   not null,
  from_set     bigint not null,
  until_set    bigint not null default 0,
  entitlements text   not null,
  reason       text   not null,
  primary key (id, from_set)
) {{clustered}};
create unique index role_rejection_open on role_rejection (id) where until_set = 0;
