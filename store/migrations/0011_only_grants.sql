-- +goose Up
-- Most of what changes are grants: who follows reads those again and leaves the rest
-- of their holder, and what else starts at it, as it is.
alter table change add column only_grants boolean not null default false;
