-- +goose Up
-- Who holds which of Writ's functions, and within which scope; scope 0 is the
-- organisation as a whole.
create table function_assignment (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  identity_id bigint not null,
  function    text   not null,
  scope_id    bigint not null default 0,
  reason      text   not null,
  primary key (id, from_set)
) {{clustered}};
create unique index function_assignment_held on function_assignment (identity_id, function, scope_id) where until_set = 0;
