-- +goose Up
-- A grant that appeared after its system's baseline; the first reading of a system
-- is one adoption backlog, what comes later is looked at one by one.
alter table access_grant add column late boolean not null default false;
create index access_grant_late on access_grant (id) where late;
