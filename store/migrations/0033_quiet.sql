-- +goose Up
-- A quiet set is a record and nothing else: whoever follows what changes has nothing to do
-- for it.
alter table change_set add column quiet boolean not null default false;
create index change_set_loud on change_set (rev) where not quiet and rev is not null;
